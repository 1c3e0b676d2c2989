//! `rolecall demo` as somebody types it who has just cloned the repository: no broker, no configuration.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_mins(1);

struct Demo {
    process: Child,
    address: String,
    token: String,
}

impl Demo {
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_rolecall"))
            .args(["demo", "--no-open", "--rate", "20", "--seed", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let wallboard = line.trim().strip_prefix("wallboard: http://").expect("the address of the wallboard");
        let (address, token) = wallboard.split_once("/#token=").expect("a token");
        Self { process, address: address.to_owned(), token: token.to_owned() }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (address, token) = (&self.address, &self.token);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn wait_until(&self, path: &str, what: &str, holds: impl Fn(&str) -> bool) {
        let started_at = Instant::now();
        loop {
            let answer = self.get(path);
            if holds(&answer) {
                return;
            }
            assert!(started_at.elapsed() < PATIENCE, "{what}: {answer}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn metric(text: &str, beginning: &str) -> f64 {
    let values = text.lines().filter(|line| line.starts_with(beginning));
    values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[test]
fn a_demo_assigns_and_completes_tickets_and_ends_in_good_order() {
    let mut demo = Demo::start();
    demo.wait_until("/readyz", "ready", |answer| answer.starts_with("HTTP/1.1 200"));
    demo.wait_until("/metrics", "assignments", |text| metric(text, "rolecall_assignments_total{") > 20.0);
    let interrupted = Command::new("kill").args(["-INT", &demo.process.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    assert_eq!(demo.process.wait().unwrap().code(), Some(0));
}

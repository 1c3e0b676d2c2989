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
    /// On whichever port is free, which it has to say.
    fn start() -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_rolecall"))
            .args(["demo", "--no-open", "--rate", "20", "--seed", "1", "--http-listen", "127.0.0.1:0"])
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

/// The ids of the tickets in the latest assignments.
fn assigned(overview: &str) -> Vec<String> {
    let ids = overview.split("\"ticket_id\":\"").skip(1);
    ids.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn whoever_asks_a_demo_why_is_answered_in_sentences() {
    let demo = Demo::start();
    demo.wait_until("/api/v1/overview", "tickets", |overview| !assigned(overview).is_empty());
    let explain = |ticket: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
        command.args(["explain", ticket, "--http-listen", &demo.address]).args(more);
        command.env("ROLECALL_OWNER_TOKEN", &demo.token).output().unwrap()
    };
    // One of them may have ended since.
    let started_at = Instant::now();
    let said = loop {
        let tickets = assigned(&demo.get("/api/v1/overview"));
        let answers = tickets.iter().map(|ticket| explain(ticket, &["--agents"]));
        if let Some(answer) = answers.into_iter().find(|answer| answer.status.success()) {
            break String::from_utf8(answer.stdout).unwrap();
        }
        assert!(started_at.elapsed() < PATIENCE, "no ticket of {tickets:?} is explained");
    };
    assert!(said.starts_with("It is for "), "{said}");

    let mut unnamed = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    unnamed.args(["explain", "T-1", "--http-listen", &demo.address]).env_remove("ROLECALL_OWNER_TOKEN");
    let unnamed = unnamed.output().unwrap();
    let told = String::from_utf8(unnamed.stderr).unwrap();
    assert!(told.contains("set ROLECALL_OWNER_TOKEN to one") && !told.contains("Bearer"), "{told}");

    let unknown = explain("no-such-ticket", &[]);
    assert_eq!(unknown.status.code(), Some(1));
    let told = String::from_utf8(unknown.stderr).unwrap();
    assert!(told.contains("no-such-ticket: there is no such ticket"), "{told}");
}

//! The commands that try a daemon out, against a daemon and a real RabbitMQ.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// A daemon, and commands that speak to it, all under a prefix of their own.
struct Bench {
    prefix: String,
    directory: tempfile::TempDir,
    daemon: Option<Child>,
}

impl Bench {
    fn new(name: &str) -> Self {
        Self { prefix: support::unique_prefix(name), directory: tempfile::tempdir().unwrap(), daemon: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
        command
            .args(arguments)
            .env("ROLECALL_AMQP_URI", support::amqp_uri())
            .env("ROLECALL_AMQP_PREFIX", &self.prefix)
            .env("ROLECALL_JOURNAL_PATH", self.directory.path().join("journal"))
            .env("ROLECALL_HTTP_LISTEN", "127.0.0.1:0")
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        command
    }

    /// Starts a daemon, and waits until its objects are there.
    fn serve(&mut self, config: &str) {
        let mut serve = self.command(&["serve", "--config", config]);
        self.daemon = Some(serve.stderr(Stdio::null()).spawn().unwrap());
        let started_at = Instant::now();
        while !self.publish(&["publish", "agent.registered", r#"{"agent_id":"ana","roles":["billing"]}"#]) {
            assert!(started_at.elapsed() < PATIENCE, "the daemon does not come up");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn publish(&self, arguments: &[&str]) -> bool {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
    }

    /// Starts to watch, and waits until the queue is bound.
    fn watch(&self, arguments: &[&str]) -> (Child, BufReader<ChildStdout>) {
        let mut watch = self.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut told = String::new();
        BufReader::new(watch.stderr.take().unwrap()).read_line(&mut told).unwrap();
        assert!(told.starts_with("watching "), "{told}");
        let lines = BufReader::new(watch.stdout.take().unwrap());
        (watch, lines)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            drop(daemon.kill());
            drop(daemon.wait());
        }
    }
}

fn line(lines: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    line
}

#[test]
fn what_is_published_is_watched_and_a_file_is_published_line_by_line() {
    let mut bench = Bench::new("clients");
    bench.serve("deploy/rolecall.toml");
    let (mut watch, mut lines) = bench.watch(&["watch", "--json", "--count", "2", "--key", "assignment.assigned.*"]);
    let mut pipe = bench.command(&["publish", "--file", "-", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut events = pipe.stdin.take().unwrap();
    writeln!(events, r#"{{"type":"agent.presence","data":{{"agent_id":"ana","status":"online"}}}}"#).unwrap();
    for ticket in ["t1", "t2"] {
        writeln!(events, r#"{{"type":"ticket.created","id":"{ticket}","data":{{"ticket_id":"{ticket}","channel":"chat","role":"billing"}}}}"#).unwrap();
    }
    drop(events);
    assert!(pipe.wait().unwrap().success());
    for ticket in ["t1", "t2"] {
        let event: Value = serde_json::from_str(&line(&mut lines)).unwrap();
        assert_eq!(event["type"], "assignment.assigned");
        assert_eq!(
            (event["data"]["ticket_id"].as_str(), event["data"]["agent_id"].as_str()),
            (Some(ticket), Some("ana"))
        );
    }
    assert!(watch.wait().unwrap().success(), "it ends once it has seen so many");
}

#[test]
fn what_the_daemon_can_not_read_is_seen_among_the_dead_letters() {
    let mut bench = Bench::new("clients-dead");
    bench.serve("deploy/rolecall.toml");
    let (mut watch, mut lines) = bench.watch(&["watch", "--dead", "--count", "1"]);
    assert!(bench.publish(&["publish", "--no-check", "ticket.created", "{oops"]));
    let letter = line(&mut lines);
    assert!(letter.starts_with("bad_json  ticket.created "), "{letter}");
    assert_eq!(line(&mut lines).trim(), "{oops");
    assert!(watch.wait().unwrap().success());
}

#[test]
fn a_log_is_replayed_to_its_end_and_nothing_is_lost() {
    let mut bench = Bench::new("clients-replay");
    let catalogue = bench.directory.path().join("catalogue.toml");
    let catalogue = catalogue.to_str().unwrap();
    let replay =
        ["replay-csv", "tests/replay/calls.csv", "-m", "deploy/replay/bank.toml", "--to", "2026-03-03", "-s", "300"];
    assert!(bench.publish(&[&replay[..], &["--catalogue-out", catalogue]].concat()));
    bench.serve(catalogue);
    let replayed = bench.command(&replay).output().unwrap();
    let summary = String::from_utf8(replayed.stdout).unwrap();
    assert!(replayed.status.success(), "{summary}");
    assert!(
        summary.contains("tickets in             5\n") && summary.contains("owned twice            0\n"),
        "{summary}"
    );
    assert!(summary.contains("lost                   0\n"), "{summary}");
}

#[test]
fn a_broker_that_is_not_there_is_told_by_the_exit_code() {
    let status = Command::new(env!("CARGO_BIN_EXE_rolecall"))
        .args(["publish", "agent.heartbeat", r#"{"agent_id":"ana"}"#, "--amqp-uri", "amqp://127.0.0.1:1/%2f"])
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(69));
}

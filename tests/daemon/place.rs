//! Where a daemon lives: its corner of the broker, its configuration, its journal; and the process itself.

use std::fs::File;
use std::net::SocketAddr;
#[cfg(any(debug_assertions, feature = "kill-points"))]
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::SOON;
use crate::support::{self, eventually};

#[cfg(any(debug_assertions, feature = "kill-points"))]
const SIGKILL: i32 = 9;

/// What `ROLECALL_OWNER_TOKEN` holds in every place.
pub(crate) const OWNER_TOKEN: &str = "the-token-of-the-owner-of-a-test";

pub(crate) struct Place {
    pub(crate) uri: String,
    pub(crate) prefix: String,
    directory: TempDir,
    starts: AtomicU32,
}

impl Place {
    /// A corner of the node that all tests share.
    pub(crate) fn new(name: &str, config: &str) -> Self {
        Self::on(&support::amqp_uri(), name, config)
    }

    pub(crate) fn on(uri: &str, name: &str, config: &str) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let prefix = support::unique_prefix(name);
        let place = Self { uri: uri.to_owned(), prefix, directory, starts: AtomicU32::new(0) };
        place.configure(config);
        place
    }

    /// Writes the configuration anew.
    pub(crate) fn configure(&self, config: &str) {
        std::fs::write(self.config(), config).expect("written");
    }

    /// The configuration as it is written now.
    pub(crate) fn configuration(&self) -> String {
        std::fs::read_to_string(self.config()).expect("it is there")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.directory.path().join("rolecall.toml")
    }

    /// Something of the test's own.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Puts another journal in the place of what was there; a process that has that one keeps it.
    pub(crate) fn move_journal_in(&self, other: &Path) {
        std::fs::rename(self.journal(), self.file("journal-before")).expect("renamed");
        std::fs::rename(other, self.journal()).expect("renamed");
    }

    /// The same corner and configuration, with nothing in the journal.
    pub(crate) fn with_empty_journal(self) -> Self {
        std::fs::remove_dir_all(self.journal()).expect("it was made");
        self
    }

    pub(crate) fn journal(&self) -> PathBuf {
        self.directory.path().join("journal")
    }

    /// What is in that file of the journal, where it is there.
    #[cfg(any(debug_assertions, feature = "kill-points"))]
    pub(crate) fn journal_file(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.journal().join(name)).ok()
    }

    pub(crate) fn object(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    /// `rolecall serve`, with nothing of the caller's environment that could change it.
    pub(crate) fn launch(&self) -> Daemon {
        self.launch_with(&[])
    }

    /// As [`Place::launch`], with more in its environment.
    pub(crate) fn launch_with(&self, environment: &[(&str, &str)]) -> Daemon {
        self.launch_program(Path::new(env!("CARGO_BIN_EXE_rolecall")), environment)
    }

    /// The same with another program than the one that is tested: an older one.
    pub(crate) fn launch_program(&self, program: &Path, environment: &[(&str, &str)]) -> Daemon {
        let number = self.starts.fetch_add(1, Ordering::Relaxed);
        let log = self.directory.path().join(format!("log-{number}"));
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROLECALL_")) {
            command.env_remove(name);
        }
        let child = command
            .args(["serve", "--config"])
            .arg(self.config())
            .env("ROLECALL_AMQP_URI", &self.uri)
            .env("ROLECALL_AMQP_PREFIX", &self.prefix)
            .env("ROLECALL_JOURNAL_PATH", self.journal())
            .env("ROLECALL_HTTP_LISTEN", "127.0.0.1:0")
            .env("ROLECALL_LOG_FORMAT", "json")
            .env("ROLECALL_OWNER_TOKEN", OWNER_TOKEN)
            .env("NOTIFY_SOCKET", "")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the binary runs");
        Daemon { child, log, launched_at: Instant::now() }
    }

    /// Launches, and waits until it is ready.
    pub(crate) async fn start(&self) -> Daemon {
        let mut daemon = self.launch();
        daemon.ready().await;
        daemon
    }
}

/// The process. Killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
    pub(crate) launched_at: Instant,
}

impl Daemon {
    /// Waits until it is ready.
    pub(crate) async fn ready(&mut self) {
        eventually("ready", SOON, async || {
            let ended = self.child.try_wait().expect("ours");
            assert!(ended.is_none(), "it ended with {ended:?}: {}", self.log());
            self.status("/readyz").await == Some(200)
        })
        .await;
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `TERM`, `INT`, `HUP` …
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([&format!("-{signal}"), &self.pid().to_string()]).status();
        assert!(sent.expect("kill is there").success());
    }

    /// `kill -9`, and waits until it is dead.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("ours");
        self.child.wait().expect("ours");
    }

    /// The code with which it has ended, where it has.
    #[cfg(feature = "campaigns")]
    pub(crate) fn has_ended(&mut self) -> Option<i32> {
        self.child.try_wait().expect("ours").map(|status| status.code().unwrap_or(-1))
    }

    /// Whether it was killed; it may still run.
    #[cfg(any(debug_assertions, feature = "kill-points"))]
    pub(crate) fn is_dead(&mut self) -> bool {
        let ended = self.child.try_wait().expect("ours");
        assert!(ended.is_none_or(|status| status.signal() == Some(SIGKILL)), "{ended:?}: {}", self.log());
        ended.is_some()
    }

    /// Whether it dies by `SIGKILL`, within a bound, rather than ends in any other way.
    #[cfg(any(debug_assertions, feature = "kill-points"))]
    pub(crate) async fn is_killed(&mut self, what: &str, bound: Duration) -> bool {
        let mut ended = None;
        eventually(what, bound, async || {
            ended = self.child.try_wait().expect("ours");
            ended.is_some()
        })
        .await;
        ended.and_then(|status| status.signal()) == Some(SIGKILL)
    }

    /// How it ends by itself, within a bound.
    pub(crate) async fn exit_code(&mut self, bound: Duration) -> i32 {
        let mut code = None;
        eventually("the end of the process", bound, async || {
            code = self.child.try_wait().expect("ours").map(|status| status.code().unwrap_or(-1));
            code.is_some()
        })
        .await;
        code.expect("it has ended")
    }

    /// All that it has said so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).expect("a log")
    }

    /// The lines with that message.
    pub(crate) fn said(&self, message: &str) -> Vec<Value> {
        let log = self.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["message"].as_str().is_some_and(|text| text.contains(message))).collect()
    }

    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.said("HTTP listens").first()?["address"].as_str()?.parse().ok()
    }

    /// The status and the body of an answer; nothing while it does not listen.
    pub(crate) async fn get(&self, path: &str) -> Option<(u16, String)> {
        get(self.address()?, path).await
    }

    /// An answer to a request with the owner's token, whatever it was; nothing while it does not listen or dies over it.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        self.ask_as(OWNER_TOKEN, method, path, body).await
    }

    /// The same with another token.
    pub(crate) async fn ask_as(&self, token: &str, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
        let answered = self.request(token, &format!("{method} {path}"), "", body).await;
        answered.map(|(status, _, body)| (status, body))
    }

    /// The same with more lines in its head, each with its end; the answer with its head.
    pub(crate) async fn request(
        &self,
        token: &str,
        what: &str,
        lines: &str,
        body: &Value,
    ) -> Option<(u16, String, Value)> {
        let address = self.address()?;
        let (method, path) = what.split_once(' ').expect("a method and a path");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.ok()?;
            let request = format!(
                "{method} /api/v1{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{lines}\
                 Authorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(request.as_bytes()).await.ok()?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.ok()?;
            let (head, body) = answer.split_once("\r\n\r\n")?;
            let status = head.split(' ').nth(1)?.parse().ok()?;
            Some((status, head.to_owned(), serde_json::from_str(body).unwrap_or(Value::Null)))
        };
        tokio::time::timeout(SOON, exchange).await.expect("HTTP answers in time")
    }

    pub(crate) async fn status(&self, path: &str) -> Option<u16> {
        self.get(path).await.map(|(status, _)| status)
    }

    pub(crate) async fn metrics(&self) -> String {
        let (status, text) = self.get("/metrics").await.expect("it listens");
        assert_eq!(status, 200);
        text
    }

    /// The sum of all samples that begin so: of counts, or of what is rounded to them.
    pub(crate) async fn metric(&self, beginning: &str) -> u64 {
        let text = self.metrics().await;
        let lines = text.lines().filter(|line| line.starts_with(beginning));
        let sum: f64 = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
        format!("{sum:.0}").parse().expect("a whole number")
    }
}

/// The status and the body of an answer; nothing while nobody listens.
pub(crate) async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await.ok()?;
        // HTTP 1.0 has no chunks.
        let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    };
    tokio::time::timeout(SOON, exchange).await.expect("HTTP answers in time")
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            println!("the daemon's last words:");
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<_> = log.lines().collect();
            lines.iter().skip(lines.len().saturating_sub(15)).for_each(|line| println!("  {line}"));
        }
    }
}

//! The broker: one that is given, or one that is started for the time of the measurement.

use std::io::{BufRead, BufReader};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use lapin::{Connection, ConnectionProperties};

use super::BenchError;
use super::machine::listener;
use crate::broker::BrokerUri;

/// Starts a node on free ports, in its own directory, and ends it with the standard input.
const SCRIPT: &str = include_str!("../../scripts/rabbitmq-node");
/// A broker that is there answers within this.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// A broker, and its process where it is on this machine.
pub struct Node {
    /// Where it is.
    pub uri: BrokerUri,
    /// The same as text, for the processes under measurement.
    pub uri_text: String,
    /// Its process, where it can be seen.
    pub pid: Option<u32>,
    started: Option<Started>,
}

struct Started {
    child: Child,
    /// Held for its drop, which ends the node.
    stdin: Option<ChildStdin>,
}

impl Node {
    /// The broker at that place.
    ///
    /// # Errors
    /// Where the place makes no sense.
    pub fn given(uri_text: &str) -> Result<Self, BenchError> {
        let uri: BrokerUri = uri_text.parse()?;
        let (host, port) = uri.address();
        let is_here = matches!(host, "127.0.0.1" | "localhost" | "::1" | "[::1]");
        Ok(Self { pid: listener(port).filter(|_| is_here), uri, uri_text: uri_text.to_owned(), started: None })
    }

    /// Whether anything answers there.
    #[must_use]
    pub fn answers(&self) -> bool {
        let (host, port) = self.uri.address();
        let Ok(addresses) = (host, port).to_socket_addrs() else { return false };
        addresses.into_iter().any(|address| TcpStream::connect_timeout(&address, ANSWER_WITHIN).is_ok())
    }

    /// Starts a broker of its own, with all that is its in that directory.
    ///
    /// # Errors
    /// Where it does not start; the script has said why on the standard error.
    pub fn start(directory: &Path) -> Result<Self, BenchError> {
        let script: PathBuf = directory.join("rabbitmq-node");
        std::fs::write(&script, SCRIPT).map_err(BenchError::system(format!("write {}", script.display())))?;
        let mut child = Command::new("bash")
            .arg(&script)
            .arg("hold")
            .arg(directory.join("rabbitmq"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(BenchError::system("run bash, to start a RabbitMQ"))?;
        let stdin = child.stdin.take();
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line).map_err(BenchError::system("start a RabbitMQ"))?;
        }
        let started = Started { child, stdin };
        let uri_text = line.trim_end();
        if !uri_text.starts_with("amqp") {
            return Err(BenchError::Contestant(
                "no RabbitMQ could be started; install Debian's rabbitmq-server, or name one with --uri".to_owned(),
            ));
        }
        Ok(Self { started: Some(started), ..Self::given(uri_text)? })
    }

    /// Whether it was started for us.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.started.is_some()
    }

    pub(super) async fn connect(&self, purpose: &str) -> Result<Connection, BenchError> {
        let uri = self.uri.to_amqp(crate::broker::BrokerOptions::default().heartbeat);
        let name = format!("rolecall bench ({purpose})");
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        Ok(Connection::connect_uri(uri, properties).await?)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.stdin = None;
        // The script bounds how long that takes.
        drop(self.child.wait());
    }
}

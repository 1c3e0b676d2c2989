//! A process under measurement, and its corner of the broker and of the disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lapin::Connection;
use lapin::options::{ExchangeDeleteOptions, QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{FieldTable, ShortString};

use super::BenchError;
use super::ear::{Ear, Expected};
use super::node::Node;
use super::plan::{Kind, Plan};
use super::script::{PARKED, ROLE, Script, scene};
use super::sender::Sender;
use crate::broker::{BrokerOptions, QueueType, declare};

/// A process that consumes nothing by then will not.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// A process that was told to end and has not by then is ended.
const END_WITHIN: Duration = Duration::from_secs(40);
/// With nothing heard for so long, nothing more comes.
const PATIENCE: Duration = Duration::from_secs(15);

/// One of those who take turns.
pub(super) struct Contestant {
    pub(super) kind: Kind,
    pub(super) script: Script,
    pub(super) sender: Sender,
    pub(super) ear: Ear,
    connection: Connection,
    options: BrokerOptions,
    plan: Plan,
    uri: String,
    directory: PathBuf,
    http: Option<SocketAddr>,
    process: Option<Process>,
    starts: u32,
}

impl Contestant {
    /// Makes its objects on the broker and starts its process; all that a daemon is told before the first event, it knows.
    pub(super) async fn set_up(kind: Kind, run: &str, node: &Node, plan: &Plan) -> Result<Self, BenchError> {
        let options = BrokerOptions {
            uri: node.uri.clone(),
            prefix: format!("rolecall-bench-{run}-{}", kind.slug()),
            queue_type: plan.queue_type,
            ..BrokerOptions::default()
        };
        declare(&options).await?;
        let connection = node.connect(kind.title()).await?;
        let directory = plan.directory.join(kind.slug());
        std::fs::create_dir_all(&directory).map_err(BenchError::system(format!("create {}", directory.display())))?;
        let mut contestant = Self {
            kind,
            script: Script::new(plan.scene(kind).0),
            sender: Sender::open(&connection, format!("{}.events", options.prefix)).await?,
            ear: Ear::open(&connection, &format!("{}.outbox", options.prefix)).await?,
            connection,
            options,
            plan: plan.clone(),
            uri: node.uri_text.clone(),
            directory,
            http: None,
            process: None,
            starts: 0,
        };
        contestant.start()?;
        contestant.wait_until_ready().await?;
        contestant.prime().await?;
        Ok(contestant)
    }

    /// The process, once it was started.
    pub(super) fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, |process| process.0.id())
    }

    pub(super) fn start(&mut self) -> Result<(), BenchError> {
        self.starts += 1;
        let log = self.directory.join(format!("log-{}", self.starts));
        let log = File::create(&log).map_err(BenchError::system(format!("create {}", log.display())))?;
        let other = self.plan.other.clone().filter(|_| self.kind == Kind::RolecallOther);
        let program = other.as_ref().map_or_else(|| self.plan.program.clone(), |other| other.program.clone());
        let mut command = Command::new(&program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"ROLECALL_")) {
            command.env_remove(name);
        }
        match self.kind {
            Kind::Passthrough | Kind::PassthroughTwice => {
                command.args(["bench", "passthrough", "--window", &self.plan.window.to_string()]);
                command.args(["--queue-type", self.options.queue_type.as_str()]);
                if self.kind == Kind::PassthroughTwice {
                    command.arg("--twice");
                }
            }
            Kind::Rolecall | Kind::RolecallEmpty | Kind::RolecallOther => {
                command.arg("serve").arg("--config").arg(self.configure()?);
            }
        }
        if let Some(other) = other {
            command.envs(other.environment);
        }
        let child = command
            .env("ROLECALL_AMQP_URI", &self.uri)
            .env("ROLECALL_AMQP_PREFIX", &self.options.prefix)
            .env("NOTIFY_SOCKET", "")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(BenchError::system(format!("start {}", program.display())))?;
        self.process = Some(Process(child));
        Ok(())
    }

    /// Writes the daemon's configuration: defaults, but for what the load needs.
    fn configure(&mut self) -> Result<PathBuf, BenchError> {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let http = free.map_err(BenchError::system("find a free port"))?;
        self.http = Some(http);
        let queue_type = match self.options.queue_type {
            QueueType::Quorum => "quorum",
            QueueType::Classic => "classic",
        };
        let text = format!(
            "[node]\nname = \"bench\"\n\n[log]\nlevel = \"warn\"\n\n[amqp]\nqueue_type = \"{queue_type}\"\n\n\
             [journal]\npath = \"{}\"\n\n[http]\nlisten = \"{http}\"\n\n\
             [channel.task]\nlimit = 1\nacceptance = \"auto\"\nwrap_up = \"0s\"\n\n\
             [[role]]\nname = \"{ROLE}\"\n\n[[role]]\nname = \"{PARKED}\"\n",
            self.directory.join("journal").display(),
        );
        let path = self.directory.join("rolecall.toml");
        std::fs::write(&path, text).map_err(BenchError::system(format!("write {}", path.display())))?;
        Ok(path)
    }

    async fn wait_until_ready(&mut self) -> Result<(), BenchError> {
        let give_up_at = Instant::now() + READY_WITHIN;
        while !self.consumes().await? {
            let ended = self.process.as_mut().is_none_or(Process::has_ended);
            if ended || Instant::now() > give_up_at {
                return Err(self.complaint("did not begin to consume"));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    async fn consumes(&self) -> Result<bool, BenchError> {
        let channel = self.connection.create_channel().await?;
        let looked = channel.queue_declare(
            self.object("inbox"),
            QueueDeclareOptions { passive: true, durable: true, exclusive: false, auto_delete: false, nowait: false },
            FieldTable::default(),
        );
        let consumers = looked.await?.consumer_count();
        channel.close(200, "bye".into()).await?;
        Ok(consumers > 0)
    }

    /// Brings everybody in, and has the first tickets assigned.
    async fn prime(&mut self) -> Result<(), BenchError> {
        let (agents, waiting) = self.plan.scene(self.kind);
        if self.kind.is_rolecall() {
            self.sender.publish_all(scene(agents, waiting)).await?;
        }
        let count = self.script.primer();
        self.ear.expect(Expected { first: 0, count, pace: None, measured_from: 0 });
        let Self { sender, script, .. } = self;
        sender.publish_all((0..count).map(|_| script.next_event())).await?;
        // What came before is taken first.
        let patience = PATIENCE + Duration::from_micros(500) * (2 * agents + waiting);
        let heard = self.ear.hear(patience).await;
        if heard.count < count {
            return Err(self.complaint(&format!("answered {} of the first {count} events", heard.count)));
        }
        Ok(())
    }

    /// What the process said last, for whoever has to find out.
    pub(super) fn complaint(&self, what: &str) -> BenchError {
        let log = self.directory.join(format!("log-{}", self.starts));
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        let last = text.lines().rev().take(3).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n  ");
        let said = if last.is_empty() { String::new() } else { format!("; its last words:\n  {last}") };
        BenchError::Contestant(format!("{} {what}{said}", self.kind.title()))
    }

    /// Ends the process in good order.
    pub(super) async fn stop(&mut self) -> Result<(), BenchError> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.tell_to_end();
        let give_up_at = Instant::now() + END_WITHIN;
        while !process.has_ended() {
            if Instant::now() > give_up_at {
                return Err(self.complaint("did not end when told to"));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// What a daemon counts of itself; empty for others, and where it does not answer.
    pub(super) fn metrics(&self) -> BTreeMap<String, f64> {
        let read = |address: SocketAddr| {
            let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
            let mut text = String::new();
            stream.read_to_string(&mut text).map(|_| text)
        };
        let text = self.http.and_then(|address| read(address).ok()).unwrap_or_default();
        let mut sums = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("rolecall_") && !line.contains("_bucket")) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let name = series.split('{').next().unwrap_or(series);
            *sums.entry(name.to_owned()).or_default() += value.parse().unwrap_or(0.0);
        }
        sums
    }

    fn object(&self, name: &str) -> ShortString {
        ShortString::try_new(format!("{}.{name}", self.options.prefix)).unwrap_or_default()
    }

    /// Ends the process, and removes its objects from the broker.
    pub(super) async fn clear_away(mut self) {
        // Nothing is measured any more; what is left behind is named after us.
        drop(self.stop().await);
        self.process = None;
        for queue in ["inbox", "outbox", "dead"] {
            let Ok(channel) = self.connection.create_channel().await else { return };
            let options = QueueDeleteOptions { if_unused: false, if_empty: false, nowait: false };
            drop(channel.queue_delete(self.object(queue), options).await);
        }
        for exchange in ["events", "assignments", "dead"] {
            let Ok(channel) = self.connection.create_channel().await else { return };
            let options = ExchangeDeleteOptions { if_unused: false, nowait: false };
            drop(channel.exchange_delete(self.object(exchange), options).await);
        }
        drop(self.connection.close(200, "bye".into()).await);
    }
}

/// A child that does not outlive us.
struct Process(Child);

impl Process {
    fn tell_to_end(&self) {
        let Some(pid) = i32::try_from(self.0.id()).ok().and_then(rustix::process::Pid::from_raw) else { return };
        // It fails only where the process has ended.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.has_ended() {
            drop(self.0.kill());
            drop(self.0.wait());
        }
    }
}

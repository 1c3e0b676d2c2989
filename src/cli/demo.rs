//! `rolecall demo`: the daemon on an embedded transport, with a made-up contact centre, and no broker.

use std::io::{self, IsTerminal};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::broker::embedded;
use crate::client::{Line, LineError, converse};
use crate::config::{self, CatalogueFile, Config, HttpConfig, JournalConfig, LogLevel, Overrides, Secret};
use crate::daemon::Connect;
use crate::routing::Catalogue;
use crate::traffic::{Predecessors, Traffic, hastened};

use super::output::print_line;
use super::serve;
use super::traffic::{ScaleArgs, report};
use super::{Exit, Failure};

/// Where HTTP is looked for first, and at how many ports after it.
const PORT_FIRST: u16 = 8_080;
const PORTS_TRIED: u16 = 100;
/// Room for deliveries on their way to the daemon.
const INBOX_LENGTH_MAX: usize = 1_024;
/// How often it is told how things go.
const REPORT_EVERY: Duration = Duration::from_secs(10);

/// Arguments of `rolecall demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall demo\n  \
    rolecall demo --rate 10 --day 5 --no-open")]
pub(super) struct DemoArgs {
    #[command(flatten)]
    scale: ScaleArgs,
    /// Divide the times of the catalogue by this, so that something happens while you watch
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    speed: u32,
    /// Keep the journal in this directory (default: a temporary one, which is removed at the end)
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// Where HTTP is served (default: 127.0.0.1:8080, or the next port that is free)
    #[arg(long, value_name = "ADDRESS")]
    http_listen: Option<SocketAddr>,
    /// Do not open the wallboard in a browser
    #[arg(long)]
    no_open: bool,
    /// Log what the daemon does
    #[arg(long, short)]
    verbose: bool,
}

/// Runs it until somebody interrupts.
pub(super) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let home = Home::of(args.journal.clone()).map_err(|error| Failure::new(Exit::JournalIo, error))?;
    let token = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
    let listen = match args.http_listen {
        Some(address) => with_port(address),
        None => free_address().map_err(|error| Failure::new(Exit::Failed, error))?,
    };
    let mut config = example();
    config.catalogue = hastened(&config.catalogue, args.speed);
    config.journal = JournalConfig { path: home.path.clone(), ..config.journal };
    config.http = HttpConfig { listen, owner_token: Some(Secret::new(token.as_str())), ..HttpConfig::default() };
    config.log.level = if args.verbose { LogLevel::Info } else { LogLevel::Warn };
    serve::set_up_logging(&config)?;

    let predecessors = if home.is_temporary { Predecessors::None } else { Predecessors::Removed };
    let wallboard = format!("http://{listen}/#token={token}");
    let stage = Stage { centre: args.scale.open(predecessors), wallboard, opens_browser: !args.no_open };
    let file = home.keep_catalogue(&config.catalogue).map_err(|error| Failure::new(Exit::Failed, error))?;
    serve::run_daemon(config, stage.connect(), Box::new(|| None), Some(file))
}

/// The configuration that comes with rolecall.
fn example() -> Config {
    let loaded = config::parse("the catalogue that comes with rolecall", config::EXAMPLE, &Overrides::none());
    loaded.expect("a test checks the configuration that comes with rolecall").config
}

/// What is played, once the house is open.
struct Stage {
    centre: Traffic,
    wallboard: String,
    opens_browser: bool,
}

impl Stage {
    /// The embedded transport. By the time that the daemon asks for it, journal and HTTP are ready: people may come in.
    fn connect(self) -> Connect {
        Box::new(move |_observer, _prefetch| {
            Box::pin(async move {
                let (link, broker) = embedded::open(INBOX_LENGTH_MAX);
                // It is at work, whoever reads this.
                let _ = print_line(format_args!("wallboard: {}", self.wallboard));
                eprintln!("a made-up contact centre is at work; Ctrl-C ends it");
                if self.opens_browser {
                    open_browser(&self.wallboard);
                }
                tokio::spawn(play(self.centre, Line::embedded(broker)));
                Ok(link)
            })
        })
    }
}

/// Lets people in until the daemon takes no more.
async fn play(mut centre: Traffic, mut line: Line) {
    loop {
        tokio::select! {
            ended = converse(&mut centre, &mut line) => {
                match ended {
                    Ok(()) | Err(LineError::Closed) => {}
                    Err(error) => tracing::error!(%error, "the made-up contact centre has closed"),
                }
                return;
            }
            () = tokio::time::sleep(REPORT_EVERY) => {
                if io::stderr().is_terminal() {
                    eprint!("\r{}\x1b[K", report(&centre.tally(), centre.waiting_count()));
                }
            }
        }
    }
}

/// The first port from the usual one on that nobody has. Somebody may take it before the daemon does; then it says so.
fn free_address() -> io::Result<SocketAddr> {
    let mut addresses =
        (PORT_FIRST..PORT_FIRST + PORTS_TRIED).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    addresses
        .find(|address| TcpListener::bind(address).is_ok())
        .ok_or_else(|| io::Error::other(format!("no port is free from {PORT_FIRST} on; choose one with --http-listen")))
}

/// Port 0 is whichever is free: it has to be known before the daemon has it, because the address is told. An address that
/// can't be had is left to the daemon, which says so.
fn with_port(address: SocketAddr) -> SocketAddr {
    if address.port() != 0 {
        return address;
    }
    TcpListener::bind(address).and_then(|listener| listener.local_addr()).unwrap_or(address)
}

/// Where there is a display; and where that fails, the address has been printed.
fn open_browser(address: &str) {
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if has_display {
        let mut opener = Command::new("xdg-open");
        opener.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // It may not be installed. The process is not waited for: a browser lives as long as it likes.
        drop(opener.spawn());
    }
}

/// The directory of the journal; a temporary one is removed in the end.
struct Home {
    path: PathBuf,
    is_temporary: bool,
}

impl Home {
    fn of(given: Option<PathBuf>) -> io::Result<Self> {
        if let Some(path) = given {
            return Ok(Self { path, is_temporary: false });
        }
        let path = std::env::temp_dir().join(format!("rolecall-demo-{:016x}", rand::random::<u64>()));
        // It must be new, and is nobody else's to read.
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path, is_temporary: true })
    }
}

impl Home {
    /// The catalogue as a file, so that whoever watches can change it.
    fn keep_catalogue(&self, catalogue: &Catalogue) -> io::Result<CatalogueFile> {
        std::fs::create_dir_all(&self.path)?;
        let path = self.path.join("rolecall.toml");
        std::fs::write(&path, config::export_toml(catalogue))?;
        Ok(CatalogueFile::new(path, Overrides::none()))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.is_temporary {
            // What can't be removed lies in the directory for temporary files.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_that_comes_with_rolecall_can_be_used() {
        assert!(!example().catalogue.roles.is_empty());
    }

    #[test]
    fn a_temporary_home_is_removed_and_a_given_one_is_kept() {
        let temporary = Home::of(None).unwrap();
        let path = temporary.path.clone();
        assert!(path.is_dir());
        drop(temporary);
        assert!(!path.exists());
        let given = tempfile::tempdir().unwrap();
        drop(Home::of(Some(given.path().to_owned())).unwrap());
        assert!(given.path().is_dir());
    }
}

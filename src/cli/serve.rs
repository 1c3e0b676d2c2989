//! `rolecall serve`: run the daemon until it is told to end.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal as UnixSignal, SignalKind, signal};

use crate::config::{CatalogueFile, Config, ConfigError, Loaded, LogFormat};
use crate::daemon::{self, Again, Connect, Daemon, DaemonError, Machine, Reread, Signal, Signals};
use crate::telemetry::occurrence::{ConfigLoaded, Started};
use crate::telemetry::traces::{Settings, Tracer};
use crate::telemetry::{self, logging, recorder::Build};

use super::config_args::ConfigArgs;
use super::{COMMIT, Exit, Failure, VERSION};

/// Threads of the runtime in which the broker's sockets are watched, and of all else that nobody waits for in a hurry.
const BROKER_THREADS: usize = 1;

/// Threads of the line, along which an event goes from its delivery to its publication. Where two share the work, each wakes the
/// other for nearly everything that comes.
const LINE_THREADS: usize = 1;

/// Threads of the runtime of HTTP: one page that takes long does not hold up the next.
const HTTP_THREADS: usize = 2;

/// How long each runtime waits at the end for what goes on beside: a snapshot, a copy, a checkpoint. A next start does without
/// what was not finished.
const LEFTOVERS_MAX: Duration = Duration::from_secs(1);

/// Arguments of `rolecall serve`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "SIGHUP has it read the configuration again, SIGTERM and SIGINT have it end in good order.\n\nEXAMPLES:\n  \
    rolecall serve --config /etc/rolecall/rolecall.toml\n  \
    rolecall serve --config rolecall.toml --log-format json --http-listen 0.0.0.0:8080"
)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Runs the daemon on the broker that the configuration names.
pub(super) fn run(args: ServeArgs) -> Result<(), Failure> {
    let loaded = args.config.load_or_fail()?;
    set_up_logging(&loaded.config)?;
    tell(&args.config, &loaded);
    let connect = daemon::amqp(&loaded.config.node, &loaded.config.amqp).map_err(|error| failure(error.into()))?;
    let running = loaded.config.clone();
    let file = args.config.catalogue_file();
    let reload = move || Some(reload(&args.config, &running));
    run_daemon(loaded.config, connect, Box::new(reload), file)
}

/// Logs to standard error, as the configuration says.
pub(super) fn set_up_logging(config: &Config) -> Result<(), Failure> {
    let format = match config.log.format {
        LogFormat::Human => logging::LogFormat::Human,
        LogFormat::Json => logging::LogFormat::Json,
    };
    logging::set_up(format, Some(config.log.level.as_str())).map_err(|error| Failure::new(Exit::Configuration, error))
}

/// Runs a daemon on that transport until the operating system says otherwise.
pub(super) fn run_daemon(
    config: Config,
    connect: Connect,
    reload: Reread,
    catalogue_file: Option<CatalogueFile>,
) -> Result<(), Failure> {
    let build = Build { version: VERSION, commit: COMMIT };
    Started { build, node: &config.node.name }.emit();
    let tracer = tracer(&config.node.name)?;
    let metrics = telemetry::install_recorder(build).map_err(|error| Failure::new(Exit::Failed, error))?;
    let (main, line) = (runtime("tokio-rt-worker", BROKER_THREADS)?, runtime("line", LINE_THREADS)?);
    let http = runtime("http", HTTP_THREADS)?;
    let ended = main.block_on(async {
        let mut signals = UnixSignals::new()?;
        let host = Arc::new(Machine { http: http.handle().clone(), line: line.handle().clone() });
        Daemon { host, config, connect, metrics: Some(metrics), reload, catalogue_file, tracer }.run(&mut signals).await
    });
    // What a disk that stands still holds up is not waited for: nothing depends on it any more.
    for leftovers in [http, line, main] {
        leftovers.shutdown_timeout(LEFTOVERS_MAX);
    }
    ended.map_err(failure)
}

fn runtime(name: &str, threads: usize) -> Result<tokio::runtime::Runtime, Failure> {
    let built =
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).thread_name(name).enable_all().build();
    built.map_err(|source| failure(DaemonError::System { what: "start the runtime", source }))
}

/// Tells a collector, where the environment names one.
fn tracer(node: &str) -> Result<Tracer, Failure> {
    let settings = Settings::from_environment(|name| std::env::var(name).ok(), node);
    match settings.map_err(|error| Failure::new(Exit::Configuration, error))? {
        None => Ok(Tracer::off()),
        #[cfg(feature = "traces")]
        Some(settings) => telemetry::traces::Exporter::start(settings)
            .map_err(|source| failure(DaemonError::System { what: "start a thread for traces", source })),
        #[cfg(not(feature = "traces"))]
        Some(settings) => {
            tracing::warn!(endpoint = settings.shown(), "this build has no traces: nothing is sent there");
            Ok(Tracer::off())
        }
    }
}

/// What is valid in the file and hardly meant: whoever changes it is told at a reload as at a start.
fn tell_warnings(loaded: &Loaded) {
    for warning in loaded.warnings.lines() {
        tracing::warn!("{warning}");
    }
}

fn tell(args: &ConfigArgs, loaded: &Loaded) {
    tell_warnings(loaded);
    let catalogue = &loaded.config.catalogue;
    ConfigLoaded {
        path: args.file().as_deref(),
        roles_count: catalogue.roles.len(),
        rules_count: catalogue.rules.len(),
        channels_count: catalogue.channels.len(),
    }
    .emit();
}

/// Reads the configuration again. A bad one is refused whole, with all that is wrong with it; of a good one the catalogue and
/// the hooks are taken.
fn reload(args: &ConfigArgs, running: &Config) -> Result<Again, String> {
    match args.load() {
        Ok(loaded) => {
            for section in loaded.config.sections_changed(running) {
                tracing::warn!(section, "changed, and takes effect at the next start only");
            }
            tell_warnings(&loaded);
            let Loaded { config, has_catalogue, .. } = loaded;
            Ok(Again { catalogue: config.catalogue, has_catalogue, hooks: config.hooks })
        }
        Err(ConfigError::Invalid(report)) => Err(report.lines().collect::<Vec<_>>().join("; ")),
        Err(error @ ConfigError::Unreadable { .. }) => Err(Failure::new(Exit::Configuration, error).to_string()),
    }
}

/// The code that tells the shell why.
fn failure(error: DaemonError) -> Failure {
    let exit = match &error {
        DaemonError::Journal(_) | DaemonError::Records(_) | DaemonError::Audit(_) => Exit::JournalIo,
        DaemonError::Broker(cause) if cause.is_configuration() => Exit::Configuration,
        DaemonError::Broker(_) => Exit::Unavailable,
        // The other one may be gone a moment later: a service manager is to try again, as it does where the journal is locked.
        DaemonError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => Exit::Failed,
        DaemonError::Listen { .. } | DaemonError::Certificate(_) | DaemonError::Hook(_) | DaemonError::Catalogue(_) => {
            Exit::Configuration
        }
        DaemonError::System { .. } | DaemonError::Panicked(_) => Exit::Failed,
    };
    Failure::new(exit, error)
}

/// `SIGTERM` and `SIGINT` drain, `SIGHUP` reloads.
struct UnixSignals {
    terminate: UnixSignal,
    interrupt: UnixSignal,
    hangup: UnixSignal,
}

impl UnixSignals {
    fn new() -> Result<Self, DaemonError> {
        let listen = |kind| signal(kind).map_err(|source| DaemonError::System { what: "listen for signals", source });
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }
}

impl Signals for UnixSignals {
    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Drain("SIGTERM"),
            _ = self.interrupt.recv() => Signal::Drain("SIGINT"),
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_another_has_is_tried_again_and_one_that_can_never_be_had_is_not() {
        let exit = |kind: io::ErrorKind| {
            let address = "127.0.0.1:8080".parse().expect("an address");
            failure(DaemonError::Listen { address, source: kind.into() }).exit
        };
        assert_eq!(exit(io::ErrorKind::AddrInUse), Exit::Failed);
        assert_eq!(exit(io::ErrorKind::AddrNotAvailable), Exit::Configuration);
        assert_eq!(exit(io::ErrorKind::PermissionDenied), Exit::Configuration);
    }
}

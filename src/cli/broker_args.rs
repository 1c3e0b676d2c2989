//! Where the broker is: the arguments that every command shares which is a client of the daemon.

use std::path::PathBuf;
use std::time::Duration;

use crate::broker::{BrokerOptions, TransportError};
use crate::client::{LineError, PostError};
use crate::config::{self, Config, Overrides, Setting};
use crate::daemon;

use super::place::path_or;
use super::{Exit, Failure};

/// How long a client looks for the broker. Somebody sits before it; the daemon's own patience is longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// `--config`, `--amqp-uri`, `--amqp-prefix`.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]
pub(super) struct BrokerArgs {
    /// The daemon's configuration file, for its [amqp] section [env: ROLECALL_CONFIG]
    #[arg(long, value_name = "FILE", env = "ROLECALL_CONFIG", hide_env = true, value_parser = path_or("ROLECALL_CONFIG", ""))]
    config: Option<PathBuf>,
    /// The broker; prefer the environment, arguments are seen by everybody [env: ROLECALL_AMQP_URI]
    #[arg(long, visible_alias = "uri", value_name = "URI")]
    amqp_uri: Option<String>,
    /// What the names of exchanges and queues begin with [env: ROLECALL_AMQP_PREFIX]
    #[arg(long, visible_alias = "prefix", value_name = "NAME")]
    amqp_prefix: Option<String>,
}

impl BrokerArgs {
    /// What a client has to know to use the broker.
    pub(super) fn options(&self, client_name: &str) -> Result<BrokerOptions, Failure> {
        let mut overrides = Overrides::from_environment(|name| std::env::var(name).ok());
        overrides.flag(Setting::AMQP_URI, self.amqp_uri.clone());
        overrides.flag(Setting::AMQP_PREFIX, self.amqp_prefix.clone());
        let config_path = self.config.as_deref().filter(|path| !path.as_os_str().is_empty());
        let loaded = config::load(config_path, &overrides).map_err(|error| Failure::new(Exit::Configuration, error))?;
        options_of(&loaded.config, client_name).map_err(|error| Failure::new(Exit::Configuration, error))
    }
}

fn options_of(config: &Config, client_name: &str) -> Result<BrokerOptions, TransportError> {
    Ok(BrokerOptions {
        uri: config.amqp.uri.reveal().parse()?,
        tls: daemon::tls(&config.amqp)?,
        node_name: format!("rolecall {client_name}"),
        prefix: config.amqp.prefix.clone(),
        connect_timeout: CONNECT_TIMEOUT.min(config.amqp.connect_timeout),
        confirm_timeout: config.amqp.confirm_timeout,
        ..BrokerOptions::default()
    })
}

/// How a client ends that can't go on. Whatever the broker said, it is not there as it has to be.
impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        let exit = match error {
            TransportError::Uri { .. } | TransportError::Tls { .. } => Exit::Configuration,
            TransportError::Unreachable { .. }
            | TransportError::Lost { .. }
            | TransportError::Refused { .. }
            | TransportError::Topology { .. } => Exit::Unavailable,
        };
        Self::new(exit, error)
    }
}

impl From<PostError> for Failure {
    fn from(error: PostError) -> Self {
        Self::new(Exit::Unavailable, error)
    }
}

impl From<LineError> for Failure {
    fn from(error: LineError) -> Self {
        Self::new(Exit::Unavailable, error)
    }
}

/// Runs a client's conversation on a runtime of its own.
pub(super) fn block_on<T>(conversation: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Failed, error))?;
    runtime.block_on(conversation)
}

//! Where the configuration comes from: the arguments that every subcommand with a configuration shares.

use std::path::PathBuf;

use crate::config::{self, CatalogueFile, ConfigError, Loaded, Overrides, Setting};

use super::{Exit, Failure};

/// `--config` and the flags that win over the file and the environment.
#[derive(Debug, Clone, Default, clap::Args)]
#[expect(clippy::doc_markdown, reason = "these comments are the help that a terminal shows")]
pub struct ConfigArgs {
    /// The configuration file; without one the defaults hold [env: ROLECALL_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The broker; prefer the environment, arguments are seen by everybody [env: ROLECALL_AMQP_URI]
    #[arg(long, value_name = "URI")]
    amqp_uri: Option<String>,
    /// What the names of exchanges and queues begin with [env: ROLECALL_AMQP_PREFIX]
    #[arg(long, value_name = "NAME")]
    amqp_prefix: Option<String>,
    /// The journal's directory [env: ROLECALL_JOURNAL_PATH]
    #[arg(long, value_name = "DIR")]
    journal_path: Option<String>,
    /// Where HTTP is served [env: ROLECALL_HTTP_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    http_listen: Option<String>,
    /// The name of this daemon [env: ROLECALL_NODE_NAME]
    #[arg(long, value_name = "NAME")]
    node_name: Option<String>,
    /// error, warn, info, debug or trace [env: ROLECALL_LOG_LEVEL]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// human or json [env: ROLECALL_LOG_FORMAT]
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
}

/// The environment variable that names the configuration file.
const CONFIG_VARIABLE: &str = "ROLECALL_CONFIG";

impl ConfigArgs {
    /// The configuration as file, environment and flags give it now; again on each call, for a reload.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        config::load(self.file().as_deref(), &self.overrides())
    }

    /// As [`Self::load`], for a subcommand: what is wrong ends the process with the code for it.
    ///
    /// # Errors
    /// A failure with [`Exit::Configuration`].
    pub fn load_or_fail(&self) -> Result<Loaded, Failure> {
        self.load().map_err(|error| Failure::new(Exit::Configuration, error))
    }

    /// The file, where one is named.
    #[must_use]
    pub fn file(&self) -> Option<PathBuf> {
        let by_environment = || std::env::var_os(CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        self.config.clone().or_else(by_environment)
    }

    /// The file as one whose catalogue can be changed, where one is named.
    #[must_use]
    pub fn catalogue_file(&self) -> Option<CatalogueFile> {
        self.file().map(|path| CatalogueFile::new(path, self.overrides()))
    }

    fn overrides(&self) -> Overrides {
        let mut overrides = Overrides::from_environment(|name| std::env::var(name).ok());
        overrides.flag(Setting::AMQP_URI, self.amqp_uri.clone());
        overrides.flag(Setting::AMQP_PREFIX, self.amqp_prefix.clone());
        overrides.flag(Setting::JOURNAL_PATH, self.journal_path.clone());
        overrides.flag(Setting::HTTP_LISTEN, self.http_listen.clone());
        overrides.flag(Setting::NODE_NAME, self.node_name.clone());
        overrides.flag(Setting::LOG_LEVEL, self.log_level.clone());
        overrides.flag(Setting::LOG_FORMAT, self.log_format.clone());
        overrides
    }
}

//! Where log lines go: to standard error, for people or as one JSON object a line.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::echoes::WithoutEchoes;

/// The variable that wins over the configured filter.
pub const FILTER_VARIABLE: &str = "ROLECALL_LOG";

/// What is logged where nothing else is said. The libraries say at `info` what we say better.
pub const FILTER_DEFAULT: &str = "warn,lapin=error,rolecall=info";

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// For people, in colours where standard error is a terminal.
    #[default]
    Human,
    /// One JSON object a line, for collectors.
    Json,
}

/// Why there is no log.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter can't be read.
    #[error("log filter {filter:?}: expected directives like \"info,rolecall=debug\"")]
    Filter {
        /// As it was given.
        filter: String,
        /// What the parser says.
        source: ParseError,
    },
    /// This process logs already.
    #[error("logging is set up already")]
    Again(#[from] TryInitError),
}

/// Reads a filter; a bare level (`debug`) is meant for this program and leaves the libraries quiet.
///
/// # Errors
/// Where the filter is none.
pub fn parse_filter(filter: &str) -> Result<EnvFilter, LoggingError> {
    let own_level = filter.parse::<tracing::Level>().is_ok();
    let directives = if own_level { format!("warn,lapin=error,rolecall={filter}") } else { filter.to_owned() };
    EnvFilter::try_new(directives).map_err(|source| LoggingError::Filter { filter: filter.to_owned(), source })
}

/// Starts logging to standard error. `filter` is the configured one; [`FILTER_VARIABLE`] wins over it.
///
/// # Errors
/// Where the filter can't be read, or this process logs already.
pub fn set_up(format: LogFormat, filter: Option<&str>) -> Result<(), LoggingError> {
    let from_environment = std::env::var(FILTER_VARIABLE).ok().filter(|text| !text.is_empty());
    let asked = from_environment.as_deref().or(filter);
    // Whoever asks for lapin's own lines gets all of them.
    let without_echoes = asked.is_none_or(|filter| !filter.contains("lapin")).then_some(WithoutEchoes);
    let filter = parse_filter(asked.unwrap_or(FILTER_DEFAULT))?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(filter).with(without_echoes);
    match format {
        LogFormat::Human => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            registry.with(lines.with_ansi(colours).with_target(false)).try_init()?;
        }
        LogFormat::Json => registry.with(lines.json().flatten_event(true).with_current_span(false)).try_init()?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_is_meant_for_this_program() {
        let filter = parse_filter("debug").expect("a level is a filter").to_string();
        assert!(filter.contains("rolecall=debug") && filter.contains("warn"), "{filter}");
    }

    #[test]
    fn a_filter_that_is_none_is_refused_and_quoted() {
        let error = parse_filter("rolecall=loud").expect_err("no such level");
        assert!(error.to_string().contains("rolecall=loud"));
    }
}

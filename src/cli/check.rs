//! `rolecall check`: parse, validate, lint.

use crate::config::{ConfigError, Report};
use crate::http::OpenDoors;
use crate::routing::{Catalogue, ChannelName, RoleName};

use super::config_args::ConfigArgs;
use super::output::print_line;
use super::{Exit, Failure};

/// Arguments of `rolecall check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every finding has file, line and column. Ends with 78 where something is wrong.\n\nEXAMPLES:\n  \
    rolecall check --config rolecall.toml\n  \
    rolecall check --config rolecall.toml --deny-warnings"
)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Fail on warnings too
    #[arg(long)]
    deny_warnings: bool,
}

/// Prints what is wrong, or a summary of what is right.
pub(super) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let loaded = match args.config.load() {
        Ok(loaded) => loaded,
        Err(ConfigError::Invalid(report)) => {
            eprintln!("{report}\n{}", count(&report, "error"));
            return Err(Failure::silent(Exit::Configuration));
        }
        Err(error @ ConfigError::Unreadable { .. }) => return Err(Failure::new(Exit::Configuration, error)),
    };
    if !loaded.warnings.is_empty() {
        eprintln!("{}", loaded.warnings);
    }
    let secrets = OpenDoors::open(&loaded.config.hooks).inspect_err(|error| eprintln!("warning: {error}"));
    let name = args.config.file().map_or_else(|| "the defaults".to_owned(), |path| path.display().to_string());
    let warnings = if loaded.warnings.is_empty() { "ok".to_owned() } else { count(&loaded.warnings, "warning") };
    print_line(format_args!("{name}: {warnings}\n{}", summary(&loaded.config.catalogue)))?;
    if args.deny_warnings && (!loaded.warnings.is_empty() || secrets.is_err()) {
        return Err(Failure::silent(Exit::Configuration));
    }
    Ok(())
}

fn count(report: &Report, what: &str) -> String {
    match report.diagnostics().len() {
        1 => format!("1 {what}"),
        many => format!("{many} {what}s"),
    }
}

/// What the catalogue has, in a few lines.
fn summary(catalogue: &Catalogue) -> String {
    let lines: [(&str, Vec<&str>); 4] = [
        ("roles", catalogue.roles.keys().map(RoleName::as_str).collect()),
        ("default", catalogue.default_role.iter().map(RoleName::as_str).collect()),
        ("channels", catalogue.channels.keys().map(ChannelName::as_str).collect()),
        ("rules", catalogue.rules.iter().map(|rule| rule.name.as_str()).collect()),
    ];
    let line = |(what, names): (&str, Vec<&str>)| {
        let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        format!("  {what:8} {names}")
    };
    lines.map(line).join("\n")
}

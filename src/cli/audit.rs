//! `rolecall audit`: whether the audit log is whole, and what is in it.

use crate::records::audit::AuditLog;

use super::config_args::ConfigArgs;
use super::token::journal_path;
use super::{Exit, Failure};

/// Arguments of `rolecall audit`.
#[derive(Debug, clap::Args)]
pub(super) struct AuditArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Check every hash of the log; exit with 1 where one does not fit
    Verify(VerifyArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall audit verify --config /etc/rolecall/rolecall.toml\n  \
    rolecall audit verify --head 3b1f…")]
struct VerifyArgs {
    /// A last hash that was printed earlier: that nothing behind it was cut off
    #[arg(long, value_name = "HASH")]
    head: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, thiserror::Error)]
#[error("the entry with that hash is not in the log: its end was cut off, or it is another log")]
struct HeadMissing;

/// Does what was asked for.
pub(super) fn run(args: &AuditArgs) -> Result<(), Failure> {
    let Action::Verify(args) = &args.action;
    let log = AuditLog::open(&journal_path(&args.config)?);
    let verified = log.verify(args.head.as_deref()).map_err(|error| Failure::new(Exit::Failed, error))?;
    if verified.found == Some(false) {
        return Err(Failure::new(Exit::Failed, HeadMissing));
    }
    println!("{} entries, none changed; the last hash is {}", verified.entries_count, verified.head);
    Ok(())
}

//! `rolecall audit`: whether the audit log is whole, and what is in it.

use std::path::PathBuf;

use crate::records::RecordsError;
use crate::records::audit::AuditLog;

use super::config_args::ConfigArgs;
use super::output::print_line;
use super::token::{Elsewhere, journal_path};
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

/// A daemon writes into its log whenever it starts.
#[derive(Debug, thiserror::Error)]
#[error("there is no audit log in {}: it was taken away, or no daemon has ever started there", .0.display())]
struct LogMissing(PathBuf);

/// Does what was asked for.
pub(super) fn run(args: &AuditArgs) -> Result<(), Failure> {
    let Action::Verify(args) = &args.action;
    let path = journal_path(&args.config)?;
    if !path.is_dir() {
        return Err(Failure::new(Exit::JournalIo, Elsewhere(path)));
    }
    let log = AuditLog::open(&path);
    let verified = log.verify(args.head.as_deref()).map_err(|error| {
        let exit = match error {
            RecordsError::Io { .. } => Exit::JournalIo,
            RecordsError::Damaged { .. } => Exit::Failed,
        };
        Failure::new(exit, error)
    })?;
    if verified.found == Some(false) {
        return Err(Failure::new(Exit::Failed, HeadMissing));
    }
    if verified.entries_count == 0 {
        return Err(Failure::new(Exit::Failed, LogMissing(path)));
    }
    print_line(format_args!("{} entries, none changed; the last hash is {}", verified.entries_count, verified.head))
}

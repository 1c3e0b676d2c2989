//! `rolecall journal`: look into a journal while no daemon has it, and copy one whether or not a daemon has it.

mod at;
mod copy;

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::journal::{ExportError, Inspection, JournalError, Verification, export, inspect, verify};
use crate::routing::Timestamp;

use super::place::path_or;
use super::{Exit, Failure};

/// Arguments of `rolecall journal`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "To look into it, a daemon that has it has to be stopped first; nothing is changed by looking. It is copied while \
                        the daemon works."
)]
pub(super) struct JournalArgs {
    #[command(subcommand)]
    subcommand: JournalSubcommand,
}

#[derive(Debug, clap::Subcommand)]
enum JournalSubcommand {
    /// Show what the journal holds
    #[command(after_help = "EXAMPLES:\n  rolecall journal inspect --path /var/lib/rolecall")]
    Inspect(LookArgs),
    /// Read everything and report what is damaged; exits 74 where something is
    #[command(after_help = "EXAMPLES:\n  rolecall journal verify --path /var/lib/rolecall --json")]
    Verify(LookArgs),
    /// Write entries as lines of JSON to the standard output
    Export(ExportArgs),
    /// Show how things stood at a moment of the past, and why a ticket was where it was
    At(at::AtArgs),
    /// Copy all that a daemon keeps into a file, while it works or while it does not
    Backup(copy::BackupArgs),
    /// Make the directory of a journal of such a copy
    Restore(copy::RestoreArgs),
}

#[derive(Debug, clap::Args)]
struct PathArg {
    /// The journal's directory
    #[arg(long, env = "ROLECALL_JOURNAL_PATH", default_value = "data", value_parser = path_or("ROLECALL_JOURNAL_PATH", "data"))]
    path: PathBuf,
}

#[derive(Debug, clap::Args)]
struct LookArgs {
    #[command(flatten)]
    journal: PathArg,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall journal export --path /var/lib/rolecall --from 1000 --to 2000")]
struct ExportArgs {
    #[command(flatten)]
    journal: PathArg,
    /// The first event whose entry is written
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    from: u64,
    /// The last event whose entry is written; by default the last that there is
    #[arg(long, value_name = "SEQ", default_value_t = u64::MAX, hide_default_value = true)]
    to: u64,
}

/// Runs `rolecall journal`.
///
/// # Errors
/// With exit code 74 where the journal can't be read, is damaged, or is held by a daemon.
pub(super) fn run(args: &JournalArgs) -> Result<(), Failure> {
    match &args.subcommand {
        JournalSubcommand::Inspect(look) => {
            let found = inspect(&look.journal.path).map_err(failure)?;
            tell(look, &found, |to| write_inspection(to, &found))
        }
        JournalSubcommand::Verify(look) => {
            let found = verify(&look.journal.path).map_err(failure)?;
            tell(look, &found, |to| write_verification(to, &found, &look.journal.path))?;
            if found.is_whole() { Ok(()) } else { Err(Failure::silent(Exit::JournalIo)) }
        }
        JournalSubcommand::At(args) => at::run(args),
        JournalSubcommand::Backup(args) => copy::back_up(args),
        JournalSubcommand::Restore(args) => copy::put_back(args),
        JournalSubcommand::Export(args) => {
            let mut to = BufWriter::new(io::stdout().lock());
            match export(&args.journal.path, args.from..=args.to, &mut to) {
                Ok(_) => Ok(()),
                Err(ExportError::Write(error)) => written(Err(error)),
                Err(ExportError::Journal(error)) => Err(failure(error)),
            }
        }
    }
}

fn failure(error: JournalError) -> Failure {
    Failure::new(Exit::JournalIo, error)
}

/// A reader who hung up has seen enough.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(Exit::Failed, error)),
        _ => Ok(()),
    }
}

fn tell(
    args: &LookArgs,
    found: &impl Serialize,
    for_people: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let mut to = BufWriter::new(io::stdout().lock());
    let write = |to: &mut BufWriter<_>| {
        if args.json {
            serde_json::to_writer_pretty(&mut *to, found)?;
            writeln!(to)?;
        } else {
            for_people(to)?;
        }
        to.flush()
    };
    written(write(&mut to))
}

fn write_inspection(to: &mut dyn Write, found: &Inspection) -> io::Result<()> {
    let range = |seq: Option<u64>, at: Option<Timestamp>| match (seq, at) {
        (Some(seq), Some(at)) => format!("{seq} at {}", time(at)),
        _ => "none".to_owned(),
    };
    writeln!(to, "journal      {}", found.path.display())?;
    let version = found.version.map_or_else(|| "not known".to_owned(), |version| version.to_string());
    writeln!(to, "version      {version}")?;
    writeln!(to, "instance     {}", found.instance)?;
    writeln!(to, "on disk      {} bytes", found.bytes)?;
    writeln!(to, "batches      {}", found.batches)?;
    writeln!(to, "entries      {}", found.entries)?;
    writeln!(to, "first event  {}", range(found.first_seq, found.first_at))?;
    writeln!(to, "last event   {}", range(found.last_seq, found.last_at))?;
    let (depth, last) = (found.outbox_depth, found.outbox_last);
    writeln!(to, "outbox       {depth} to send, {last} in all, confirmed through {}", found.published_through)?;
    writeln!(to, "duplicates   {} ids", found.duplicates)?;
    if found.snapshots.is_empty() {
        writeln!(to, "snapshots    none")?;
    }
    for snapshot in &found.snapshots {
        writeln!(to, "snapshot     before event {}, {} bytes", snapshot.seq, snapshot.bytes)?;
    }
    Ok(())
}

fn write_verification(to: &mut dyn Write, found: &Verification, path: &Path) -> io::Result<()> {
    if let Some(inspection) = &found.inspection {
        write_inspection(to, inspection)?;
    }
    let Verification { entries, events, outbox_records, duplicates, snapshots, .. } = found;
    writeln!(
        to,
        "read         {entries} entries, {events} events, {outbox_records} outbox records, {duplicates} ids, \
         {snapshots} snapshots"
    )?;
    if let Some(hash) = found.state_hash {
        writeln!(to, "state        {hash:016x}")?;
    }
    for problem in &found.problems {
        writeln!(to, "problem      {problem}")?;
    }
    match found.problems.len() {
        0 => writeln!(to, "{} is whole", path.display()),
        1 => writeln!(to, "{} has 1 problem", path.display()),
        count => writeln!(to, "{} has {count} problems", path.display()),
    }
}

fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| format!("{} ms", at.0), |at| at.to_string())
}

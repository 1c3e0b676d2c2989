//! `rolecall catalogue apply`: check, show, write down, write, reload; in this order, and nothing where the one before failed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::config::{self, CannotSplice, Overrides};
use crate::daemon::system_clock;
use crate::files::{Replacement, beside, keep_as};
use crate::journal::{self, Holder};
use crate::records::audit::AuditLog;

use super::super::config_args::ConfigArgs;
use super::super::output::print;
use super::super::{Exit, Failure, ledger};
use super::lines;

#[derive(Debug, clap::Args)]
#[command(after_help = "EXAMPLES:\n  \
    rolecall catalogue apply next.toml --config /etc/rolecall/rolecall.toml --dry-run\n  \
    rolecall catalogue apply next.toml --config /etc/rolecall/rolecall.toml")]
pub(super) struct ApplyArgs {
    /// The file whose catalogue is to come into force; its other sections do not count
    new: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
    /// Only say what would be different
    #[arg(long)]
    dry_run: bool,
}

/// Why a file could not be put in the place of another.
#[derive(Debug, thiserror::Error)]
enum ApplyError {
    #[error("name the configuration with --config or ROLECALL_CONFIG: there is no file to put the catalogue into")]
    NoFile,
    #[error("{} {}", path.display(), config::NO_CATALOGUE)]
    NoCatalogue { path: PathBuf },
    #[error("cannot {what} {}", path.display())]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("{} and {} can't be put together", current.display(), next.display())]
    Splice { current: PathBuf, next: PathBuf, source: CannotSplice },
}

impl ApplyError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

/// Puts the catalogue of one file in place of another's.
pub(super) fn run(args: &ApplyArgs) -> Result<(), Failure> {
    let refused = |error: ApplyError| Failure::new(Exit::Configuration, error);
    let path = args.config.file().ok_or_else(|| refused(ApplyError::NoFile))?;
    let path = fs::canonicalize(&path).map_err(ApplyError::io("find", &path)).map_err(refused)?;
    let next =
        config::load(Some(&args.new), &Overrides::none()).map_err(|error| Failure::new(Exit::Configuration, error))?;
    // Read as it is, it would be the catalogue of a centre without roles.
    if !next.has_catalogue {
        return Err(refused(ApplyError::NoCatalogue { path: args.new.clone() }));
    }
    if !next.warnings.is_empty() {
        eprintln!("{}", next.warnings);
    }
    let current = args.config.load_or_fail()?.config;
    let found = config::differences(&current.catalogue, &next.config.catalogue);
    if found.is_empty() {
        return print(&format!("{} has this catalogue already\n", path.display()));
    }
    print(&lines(&found))?;
    if args.dry_run {
        return Ok(());
    }
    let put = || {
        write(&path, &args.new).map_err(|error| match &error {
            ApplyError::NoFile | ApplyError::NoCatalogue { .. } | ApplyError::Splice { .. } => {
                Failure::new(Exit::Configuration, error)
            }
            ApplyError::Io { .. } => Failure::new(Exit::Failed, error),
        })
    };
    let journal = &current.journal.path;
    // Where no daemon ever had its journal there is no log to write into.
    let backup = if journal.is_dir() {
        let asked = json!({ "file": path, "differences": found });
        ledger::write_down(&AuditLog::open(journal), "rolecall catalogue apply", Some(asked), system_clock(), |_| {
            let backup = put()?;
            let after = json!({ "as_it_was": backup });
            Ok((backup, after))
        })?
    } else {
        put()?
    };
    print(&format!("{} is written; as it was: {}\n", path.display(), backup.display()))?;
    print(&reload(journal))
}

/// Writes the file so that it is there wholly or not at all, and leaves a copy of what it was beside it.
fn write(path: &Path, next: &Path) -> Result<PathBuf, ApplyError> {
    let read = |path: &Path| fs::read_to_string(path).map_err(ApplyError::io("read", path));
    let text = config::splice(&read(path)?, &read(next)?).map_err(|source| ApplyError::Splice {
        current: path.to_owned(),
        next: next.to_owned(),
        source,
    })?;
    let moment = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    // What was kept a moment ago is not written over.
    let names = std::iter::once(format!(".{moment}.bak")).chain((2..).map(|number| format!(".{moment}.{number}.bak")));
    let is_free = |backup: &PathBuf| fs::symlink_metadata(backup).is_err();
    let backup = names.map(|ending| beside(path, ending)).find(is_free).expect("numbers do not end");
    keep_as(path, &backup).map_err(ApplyError::io("write", &backup))?;
    Replacement::of(path, &text).and_then(Replacement::take_place).map_err(ApplyError::io("replace", path))?;
    Ok(backup)
}

/// Asks the daemon of that journal to read its configuration again, or says how somebody else can.
fn reload(journal_path: &Path) -> String {
    let by_hand = "to have a daemon read it: `kill -HUP PID`, or `systemctl reload rolecall`\n";
    match journal::holder(journal_path) {
        Ok(Holder::Process(pid)) => match hang_up(pid) {
            Ok(()) => format!("the daemon (process {pid}) was asked to read it; its log says whether it is in force\n"),
            Err(error) => format!("the daemon (process {pid}) could not be asked to read it: {error}; {by_hand}"),
        },
        Ok(Holder::Unnamed) => {
            format!("the daemon could not be asked to read it, for its process is not known; {by_hand}")
        }
        Ok(Holder::Nobody) => format!("no daemon holds the journal {}; {by_hand}", journal_path.display()),
        Err(error) => format!("it is not known whether a daemon runs: {error}; {by_hand}"),
    }
}

fn hang_up(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("that is no process"))?;
    Ok(rustix::process::kill_process(pid, rustix::process::Signal::HUP)?)
}

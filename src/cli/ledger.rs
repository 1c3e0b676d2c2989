//! What the command line does, in the audit log beside the journal: that it is about to, and how that ended. What can't be
//! written down is not done.

use serde_json::Value;

use crate::records::audit::{AuditLog, Deed};
use crate::routing::Timestamp;

use super::{Exit, Failure};

/// Writes down what is about to be done, does it, and writes down how it ended; it is told who does it, and says what is so
/// afterwards.
pub(super) fn write_down<T>(
    log: &AuditLog,
    what: &str,
    asked: Option<Value>,
    now: Timestamp,
    act: impl FnOnce(&str) -> Result<(T, Value), Failure>,
) -> Result<T, Failure> {
    let unwritten = |error| Failure::new(Exit::JournalIo, error);
    let by = whoever();
    let deed = Deed { who: by.clone(), what: what.to_owned(), asked, ..Deed::default() };
    let begun = log.append(vec![deed.clone()], now).map_err(unwritten)?;
    let done = act(&by);
    let after = done.as_ref().ok().map(|(_, after)| after.clone());
    let end = Deed { asked: None, after, ends: begun.first().copied(), ..deed };
    log.append(vec![end], now).map_err(unwritten)?;
    done.map(|(value, _)| value)
}

/// Whoever uses the command line, as the environment has it: whoever can write the files could also write another name.
fn whoever() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    format!("{} (command line)", name.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned()))
}

//! What happened, from a journal: for `what-if`, for `staff`, and for scenarios whose tickets are a journal's.

use std::path::{Path, PathBuf};

use crate::journal::{JournalOptions, JournalReader, Span, open_to_look};
use crate::routing::Timestamp;
use crate::simulation::Past;

use super::place::path_or;
use super::{Exit, Failure};

/// Which journal, and which part of it.
#[derive(Debug, clap::Args)]
pub(super) struct PastArgs {
    /// The journal's directory
    #[arg(long, env = "ROLECALL_JOURNAL_PATH", default_value = "data", value_name = "DIR", value_parser = path_or("ROLECALL_JOURNAL_PATH", "data"))]
    journal: PathBuf,
    /// Only tickets that came at this date and time or later (UTC unless it says otherwise)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    from: Option<Timestamp>,
    /// Only tickets that came before this date and time
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    to: Option<Timestamp>,
}

pub(super) fn parse_moment(text: &str) -> Result<Timestamp, String> {
    crate::replay::parse_moment(text)
        .ok_or_else(|| "expected a date, or a date and time, such as 2026-11-22".to_owned())
}

impl PastArgs {
    /// What happened then.
    pub(super) fn read(&self) -> Result<Past, Failure> {
        read(&self.journal, self.from, self.to)
    }
}

/// Reads what happened in a part of a journal, or in all of it.
pub(super) fn read(journal: &Path, from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Past, Failure> {
    let failure = |error| Failure::new(Exit::JournalIo, error);
    let reader = open_to_look(journal, &JournalOptions::default()).map_err(failure)?;
    let Some(span) = reader.span().map_err(failure)? else {
        return Err(Failure::new(Exit::Failed, format!("{}: nothing is in the journal", journal.display())));
    };
    // Of what lies outside nobody knows whether anybody came: it must not count as time in which nobody did.
    let ends = Timestamp(span.last.0 + 1);
    let begins = from.unwrap_or(span.first).max(span.first);
    let until = to.unwrap_or(ends).min(ends);
    if from.is_some_and(|from| from < begins) || to.is_some_and(|to| to > until) {
        eprintln!("{}: {}; what lies outside does not count", journal.display(), told(span));
    }
    let mut past = Past::new(begins, until);
    recall(&mut past, &reader, span, begins);
    for entry in reader.entries_since(begins).map_err(failure)? {
        let entry = entry.map_err(failure)?;
        entry.events.iter().for_each(|event| past.hear(entry.at, event));
        if past.is_over(entry.at) {
            break;
        }
    }
    if past.tickets() == 0 {
        let place = journal.display();
        let message = format!("no ticket of that time is in {place}: {}; look at --from and --to", told(span));
        return Err(Failure::new(Exit::Failed, message));
    }
    Ok(past)
}

/// What part of the past a journal knows.
fn told(span: Span) -> String {
    let moment =
        |at: Timestamp| jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| "?".into(), |it| it.to_string());
    format!("the journal tells of {} to {}", moment(span.first), moment(span.last))
}

/// Who was there when that time began. Where the entries from before it are dropped nobody knows any more: then whoever
/// is known at the end is known, and who leaves before having come was there.
fn recall(past: &mut Past, reader: &JournalReader, span: Span, begins: Timestamp) {
    if span.is_whole && begins <= span.first {
        return;
    }
    if let Ok(state) = reader.state_at(Timestamp(begins.0.saturating_sub(1))) {
        past.begin_with(&state);
    } else if let Ok(state) = reader.state_at(span.last) {
        past.begin_without(&state);
    }
}

//! Everything in a journal, looked at: pages, entries, outbox, duplicates' ids, snapshots, and whether they agree.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use redb::{Builder, ReadTransaction, ReadableDatabase, ReadableTable};
use serde::Serialize;

use crate::routing::{BareState, Timestamp};

use super::home::{DATABASE, Home};
use super::open::{look_at_all, looked_at, position};
use super::record::{decode_entry, decode_outbox};
use super::recover::RecoveryReport;
use super::row::Row;
use super::snapshot::{self, SnapshotFile};
use super::tables::{DUPLICATE_TIMES, DUPLICATES, ENTRIES, OUTBOX};
use super::{Inspection, JournalError, JournalOptions, JournalReader};

/// More problems than this are not listed: the first say what there is to say.
const PROBLEMS_MAX: usize = 100;

/// What there is in a journal, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Default)]
pub struct Verification {
    /// What it holds; `None` where it can't even be opened.
    pub inspection: Option<Inspection>,
    /// Entries read.
    pub entries: u64,
    /// Events in them.
    pub events: u64,
    /// Outbox records read.
    pub outbox_records: u64,
    /// Ids read.
    pub duplicates: u64,
    /// Snapshots read.
    pub snapshots: u64,
    /// The digest of the state that the journal holds, where it can be recovered.
    pub state_hash: Option<u64>,
    /// What is wrong; empty for a journal that is whole.
    pub problems: Vec<String>,
}

impl Verification {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    fn problem(&mut self, what: impl Into<String>) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(what.into());
        }
    }

    fn note<T>(&mut self, result: Result<T, JournalError>) -> Option<T> {
        result.map_err(|error| self.problem(error.to_string())).ok()
    }
}

/// Reads all of the journal in that directory. Changes nothing.
///
/// # Errors
/// Where there is no journal, it is of a later version, or a daemon has it. Damage is no error, but in the report.
pub fn verify(path: &Path) -> Result<Verification, JournalError> {
    let (home, damage) = Home::existing_of_any_format(path)?;
    let mut found = Verification::default();
    if let Some(damage) = damage {
        found.problem(damage.to_string());
    }
    let reader = match look_at_all(home, &JournalOptions::default()) {
        Ok((reader, missed)) => {
            if let Some(missed) = missed {
                found.problem(missed.to_string());
            }
            reader
        }
        Err(error @ (JournalError::Damaged { .. } | JournalError::Lost { .. })) => {
            found.problem(error.to_string());
            for record in damaged_records(&path.join(DATABASE)) {
                found.problem(record);
            }
            return Ok(found);
        }
        Err(error) => return Err(error),
    };
    found.inspection = found_or_noted(&mut found, &reader);
    let action = "read the database";
    let transaction = reader.shared.database.begin_read().map_err(JournalError::storage(action))?;
    let (next_seq, outbox_next) = (reader.shared.gauges.next_seq.get(), reader.shared.gauges.outbox_next.get());
    let published_through = reader.shared.gauges.published_through.get();
    let problems_before = found.problems.len();
    let checked = check_entries(&transaction, next_seq, &mut found)
        .and_then(|()| check_outbox(&transaction, published_through, outbox_next, &mut found))
        .and_then(|()| check_duplicates(&transaction, &mut found));
    checked.map_err(JournalError::storage(action))?;
    drop(transaction);
    let kept = reader.shared.gauges.entries.get();
    if problems_before == found.problems.len() && found.entries != kept {
        found.problem(format!("it says that it has {kept} entries, and has {}", found.entries));
    }
    check_snapshots(&reader, &mut found)?;
    found.state_hash = found.note(reader.recover()).map(|recovered| recovered.state.hash());
    Ok(found)
}

fn found_or_noted(found: &mut Verification, reader: &JournalReader) -> Option<Inspection> {
    let inspection = reader.inspection();
    found.note(inspection)
}

fn check_entries(transaction: &ReadTransaction, end: u64, found: &mut Verification) -> Result<(), redb::Error> {
    let mut next_seq = None;
    let mut at = Timestamp(i64::MIN);
    for row in transaction.open_table(ENTRIES)?.iter()? {
        let (key, row) = row?;
        let Some(row) = found.note(Row::read(key.value(), row.value())) else {
            next_seq = None;
            continue;
        };
        for (first_seq, value) in row.records {
            if next_seq.is_some_and(|next_seq| next_seq != first_seq) {
                found.problem(format!("before the entry of event {first_seq} there is a gap"));
            }
            next_seq = None;
            found.entries += 1;
            if let Some(entry) = found.note(decode_entry(first_seq, value)) {
                if entry.at < at {
                    found.problem(format!("the entry of event {first_seq} happened before the one before it"));
                }
                at = entry.at;
                next_seq = Some(entry.next_seq());
                found.events += entry.events.len() as u64;
            }
        }
        if row.end.zip(next_seq).is_some_and(|(end, next_seq)| end != next_seq) {
            found.problem(format!("the row of event {} does not end where it says", key.value()));
        }
    }
    if next_seq.is_some_and(|next_seq| next_seq != end) {
        found.problem(format!("the entries do not end before event {end}"));
    }
    Ok(())
}

fn check_outbox(
    transaction: &ReadTransaction,
    published_through: u64,
    end: u64,
    found: &mut Verification,
) -> Result<(), redb::Error> {
    let mut expected = None;
    for row in transaction.open_table(OUTBOX)?.iter()? {
        let (key, row) = row?;
        let Some(row) = found.note(Row::read(key.value(), row.value())) else { continue };
        for (number, value) in row.records {
            let first_max = published_through + 1;
            if expected.map_or(number > first_max, |expected| number != expected) {
                found.problem(format!("before outbox record {number} there is a gap"));
            }
            expected = Some(number + 1);
            found.outbox_records += 1;
            found.note(decode_outbox(number, value));
        }
    }
    if expected.unwrap_or(published_through + 1) < end {
        found.problem(format!("the outbox does not end before record {end}"));
    }
    Ok(())
}

fn check_duplicates(transaction: &ReadTransaction, found: &mut Verification) -> Result<(), redb::Error> {
    let ids = transaction.open_table(DUPLICATES)?;
    let times = transaction.open_table(DUPLICATE_TIMES)?;
    let mut current = 0;
    for batch in times.iter()? {
        let (key, digests) = batch?;
        let (at, number) = key.value();
        for id in digests.value().as_chunks::<16>().0 {
            match ids.get(id)?.map(|later| later.value()) {
                Some(later) if later == at => current += 1,
                Some(later) if later > at => {}
                _ => found.problem(format!("an id of batch {number} is gone")),
            }
        }
    }
    for id in ids.iter()? {
        id?;
        found.duplicates += 1;
    }
    if current < found.duplicates {
        found.problem(format!("{} ids are of no batch", found.duplicates - current));
    }
    Ok(())
}

/// Each snapshot has to be whole, and has to be what the one before and the entries since add up to.
fn check_snapshots(reader: &JournalReader, found: &mut Verification) -> Result<(), JournalError> {
    let mut files = reader.shared.home.as_ref().map(snapshot::list).transpose()?.unwrap_or_default();
    files.reverse();
    // Where not even the first entry can be read, that is among the problems already.
    let holds_all_events = reader.holds_all_events().unwrap_or(false);
    let mut before: Option<BareState> = holds_all_events.then(|| BareState::new(reader.identity()));
    for SnapshotFile { seq, path } in files {
        match snapshot::read(&path, reader.identity()) {
            Err(why) => found.problem(format!("{}: {why}", path.display())),
            Ok(state) => {
                found.snapshots += 1;
                if let Some(mut earlier) = before.take() {
                    let replayed = reader.replay(&mut earlier, Some(seq), &mut RecoveryReport::default());
                    if found.note(replayed).is_some() && earlier.hash() != state.hash() {
                        found.problem(format!("{} is not what the entries add up to", path.display()));
                    }
                }
                before = Some(state);
            }
        }
    }
    Ok(())
}

impl JournalReader {
    fn holds_all_events(&self) -> Result<bool, JournalError> {
        Ok(self.replay_from(1).next().transpose()?.is_none_or(|entry| entry.first_seq == 1))
    }
}

/// The records whose own checksums do not fit, in a database whose pages are not in order: as far as it can be walked
/// at all.
///
/// Closed in the ordinary way, the database would commit once more, and over damaged pages that can end in a panic within
/// a panic, which ends the process. While a stack unwinds it commits nothing: so what was found is carried out that way.
pub(super) fn damaged_records(database: &Path) -> Vec<String> {
    let walk = || -> Result<Infallible, JournalError> {
        let action = "read the database";
        let database =
            Builder::new().create_with_backend(looked_at(database)?).map_err(JournalError::storage(action))?;
        let transaction = database.begin_read().map_err(JournalError::storage(action))?;
        let mut found = Verification::default();
        let walked = position(&database, Path::new("")).and_then(|position| {
            check_entries(&transaction, position.next_seq, &mut found)
                .and_then(|()| check_outbox(&transaction, position.published_through, position.outbox_next, &mut found))
                .map_err(JournalError::storage(action))
        });
        // Where the walk ends is as good as can be told.
        drop(walked);
        resume_unwind(Box::new(Problems(found.problems)))
    };
    // The database may panic of its own accord, too, over pages that it trusts and that are damaged.
    match catch_unwind(AssertUnwindSafe(walk)) {
        Ok(Err(_)) => Vec::new(),
        Err(carried) => carried.downcast::<Problems>().map(|found| found.0).unwrap_or_default(),
    }
}

/// What a walk carries out.
struct Problems(Vec<String>);

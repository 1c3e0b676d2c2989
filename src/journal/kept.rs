//! What is kept of the past: the snapshots and entries from which every moment within the retention can be told.
//!
//! The newest snapshot that is no younger than the retention is the *anchor*: entries from there on are kept, and none
//! from before. Of the snapshots since, one in each quarter of the retention is kept, so that there is a next anchor when
//! its time has come; and the last two, for recovery.
//!
//! # Invariants
//! - What is older than the anchor is let go of only when the anchor was read and is good.
//! - Files go first, then entries: whenever the process dies, the entries since the oldest snapshot are there.

use std::sync::PoisonError;

use redb::ReadableDatabase;

use crate::kill_point::kill_point;
use crate::routing::{Millis, Timestamp};

use super::home::Home;
use super::read::JournalReader;
use super::record::decode_for_replay;
use super::row::Row;
use super::snapshot::{self, SnapshotFile};
use super::tables::{ENTRIES, rows_from};
use super::{JournalError, SnapshotReport};

/// Into so many parts snapshots divide the retention. More of them keep more files; fewer keep entries for longer than
/// the retention, up to one part of it. With four these are a quarter of the entries, and at most seven files.
const PARTS_OF_RETENTION: u64 = 4;

impl JournalReader {
    /// After a snapshot: lets go of what neither recovery nor the past within the retention needs. Files go at once,
    /// entries with the checkpoints that follow.
    pub(super) fn let_go(&self, home: &Home, now: Timestamp, newest: &SnapshotReport) -> Result<(), JournalError> {
        let mut files = snapshot::list(home)?;
        {
            let refused = self.shared.refused.lock().unwrap_or_else(PoisonError::into_inner);
            files.retain(|file| refused.iter().all(|refused| refused.path != file.path));
        }
        let older = older(&mut files, newest.seq);
        let anchor = self.anchor(&mut files, now)?;
        let needed: Vec<u64> = older.into_iter().chain([newest.seq]).collect();
        let kept = self.spaced(&files, anchor, &needed)?;
        snapshot::remove_others(home, &kept)?;
        kill_point!(SnapshotDone);
        // Without a second snapshot the first entries are what recovery falls back to.
        if let (Some(anchor), Some(older)) = (anchor, older) {
            self.shared.gauges.drop_entries_before.set(anchor.min(older));
        }
        Ok(())
    }

    /// The newest snapshot that is no younger than the retention. Where it keeps what is older from being needed, it is
    /// read: one that can't be used is taken from the list, and the one before looked at.
    fn anchor(&self, files: &mut Vec<SnapshotFile>, now: Timestamp) -> Result<Option<u64>, JournalError> {
        let end = self.first_seq_since(now - self.shared.options.retention)?;
        let first = self.first_entry_since(0)?.map_or(end, |(seq, _)| seq);
        while let Some(place) = files.iter().position(|file| file.seq <= end) {
            let SnapshotFile { seq, path } = &files[place];
            let replaces = place + 1 < files.len() || first < *seq;
            if !replaces || snapshot::is_whole(path) {
                return Ok(Some(*seq));
            }
            files.remove(place);
        }
        Ok(None)
    }

    /// The events of the snapshots that are kept: the anchor, those that are needed, and of the others, from the oldest
    /// on, each that is a part of the retention younger than the one kept before it.
    fn spaced(&self, files: &[SnapshotFile], anchor: Option<u64>, needed: &[u64]) -> Result<Vec<u64>, JournalError> {
        let part = Millis(self.shared.options.retention.0 / PARTS_OF_RETENTION);
        let mut kept = needed.to_vec();
        let mut last_at: Option<Timestamp> = None;
        for file in files.iter().rev().filter(|file| anchor.is_none_or(|anchor| file.seq >= anchor)) {
            // Nothing has happened since one without entries: it is the newest.
            let Some((_, at)) = self.first_entry_since(file.seq)? else { continue };
            if last_at.is_none_or(|last_at| at >= last_at + part) {
                kept.push(file.seq);
                last_at = Some(at);
            }
        }
        Ok(kept)
    }

    /// The first entry that holds that event or a later one: its first event, and when it was.
    fn first_entry_since(&self, seq: u64) -> Result<Option<(u64, Timestamp)>, JournalError> {
        let action = "read entries";
        let transaction = self.shared.database.begin_read().map_err(JournalError::storage(action))?;
        let table = transaction.open_table(ENTRIES).map_err(JournalError::storage(action))?;
        for found in rows_from(&table, seq).map_err(JournalError::storage(action))? {
            let (key, row) = found.map_err(JournalError::storage(action))?;
            if let Some((first_seq, value)) = Row::read(key.value(), row.value())?.first_from(seq) {
                return Ok(Some((first_seq, decode_for_replay(first_seq, value)?.at)));
            }
        }
        Ok(None)
    }
}

/// The snapshot to fall back to: the newest before that one that is still as it was written. Those that are not are taken
/// from the list.
fn older(files: &mut Vec<SnapshotFile>, newest: u64) -> Option<u64> {
    while let Some(place) = files.iter().position(|file| file.seq < newest) {
        if snapshot::is_whole(&files[place].path) {
            return Some(files[place].seq);
        }
        files.remove(place);
    }
    None
}

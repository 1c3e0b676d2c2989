//! The audit log: who did what, when, from where, and what was before and after.
//!
//! Each line holds an entry and a hash over the entry's bytes and the hash of the line before, so that nothing in the middle
//! can be changed, left out or put in between without every hash behind it being another. That the end was cut off shows
//! only to whoever has noted the last hash: `rolecall audit verify` prints it, and takes one to look for.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::RecordsError;
use super::lines::Lines;
use super::tokens::hex;
use crate::routing::Timestamp;

/// The file, beside the journal.
pub(super) const FILE: &str = "audit.jsonl";

/// The largest value that an entry holds, in bytes of JSON; of a larger one the sizes of its largest members are kept, or its own.
const VALUE_MAX_BYTES: usize = 64 * 1024;

/// How much of the log one look goes through.
const LOOK_MAX_BYTES: u64 = 8 << 20;

/// What the first line is chained to.
const NOTHING: [u8; 32] = [0; 32];

/// What somebody did, or is about to do.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Deed {
    /// Who: the name of the token, of whoever used the command line, or what it was, `signal:SIGHUP`.
    pub who: String,
    /// By which token; none for the owner's of the environment and for the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What: `PUT /api/v1/roles/billing`, `rolecall token create`, `reload /etc/rolecall/rolecall.toml`.
    pub what: String,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Value>,
    /// How it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// How it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Of which entry this is the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<u64>,
    /// How it ended: the status of HTTP, or the one with which HTTP would have answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// A deed in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its number; they begin at 1 and have no gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What was done.
    #[serde(flatten)]
    pub deed: Deed,
}

/// A line as it is written.
#[derive(Deserialize)]
struct Line<'a> {
    hash: String,
    #[serde(borrow)]
    entry: &'a RawValue,
}

/// Where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    length: u64,
    seq: u64,
    hash: [u8; 32],
}

/// The log. Clones are the same.
#[derive(Debug, Clone)]
pub struct AuditLog {
    lines: Lines,
    head: Arc<Mutex<Head>>,
}

/// Some of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The newest first.
    pub entries: Vec<Entry>,
    /// Where an older look goes on; `None` where the log begins.
    pub before: Option<u64>,
}

/// What a whole log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many entries.
    pub entries_count: u64,
    /// The last hash; note it down, and the end can't be cut off unseen.
    pub head: String,
    /// Whether the hash that was looked for is there; `None` where none was.
    pub found: Option<bool>,
}

impl AuditLog {
    /// The one beside the journal in that directory.
    #[must_use]
    pub fn open(directory: &Path) -> Self {
        let head = Head { length: 0, seq: 0, hash: NOTHING };
        Self { lines: Lines::new(directory.join(FILE)), head: Arc::new(Mutex::new(head)) }
    }

    /// Bytes that may still be written on its disk; `None` where that can't be asked.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        self.lines.free_bytes()
    }

    /// Adds entries, makes them durable together, and says their numbers.
    ///
    /// # Errors
    /// Where they can't be made durable: then what they are about must not be done.
    pub fn append(&self, deeds: Vec<Deed>, now: Timestamp) -> Result<Vec<u64>, RecordsError> {
        let mut head = self.head.lock().unwrap_or_else(PoisonError::into_inner);
        let mut locked = self.lines.lock()?;
        let length = locked.len()?;
        if length != head.length {
            *head = self.find_head(length)?;
        }
        let mut next = *head;
        let mut lines = Vec::new();
        let mut numbers = Vec::new();
        for deed in deeds {
            next.seq += 1;
            let entry = Entry { seq: next.seq, at: now, deed: bounded(deed) };
            let text = serde_json::to_string(&entry).expect("an entry has string keys");
            next.hash = chained(&next.hash, &text);
            let line = format!("{{\"hash\":\"{}\",\"entry\":{text}}}", hex(&next.hash));
            next.length += line.len() as u64 + 1;
            lines.push(line);
            numbers.push(next.seq);
        }
        locked.append(&lines)?;
        *head = next;
        Ok(numbers)
    }

    /// Where the log ends, where somebody else has written to it.
    fn find_head(&self, length: u64) -> Result<Head, RecordsError> {
        if length == 0 {
            return Ok(Head { length, seq: 0, hash: NOTHING });
        }
        let last = self.lines.read_back(None, 1)?.into_iter().next();
        let (place, line) = last.ok_or_else(|| self.lines.damaged(1, "is no entry"))?;
        let (entry, hash) = self.parse(&line, || self.lines.number_of(place))?;
        Ok(Head { length, seq: entry.seq, hash })
    }

    fn parse(&self, line: &str, number: impl Fn() -> u64) -> Result<(Entry, [u8; 32]), RecordsError> {
        let damaged = |why: &dyn std::fmt::Display| self.lines.damaged(number(), format!("is no entry: {why}"));
        let line: Line<'_> = serde_json::from_str(line).map_err(|error| damaged(&error))?;
        let entry: Entry = serde_json::from_str(line.entry.get()).map_err(|error| damaged(&error))?;
        let hash = super::tokens::unhex(&line.hash).ok_or_else(|| damaged(&"its hash is none"))?;
        Ok((entry, hash))
    }

    /// Up to `count_max` entries that fit, the newest first, from before that place.
    ///
    /// # Errors
    /// Where it can't be read.
    pub fn look(
        &self,
        before: Option<u64>,
        count_max: usize,
        fits: impl Fn(&Entry) -> bool,
    ) -> Result<Look, RecordsError> {
        let lines = self.lines.read_back(before, LOOK_MAX_BYTES)?;
        let mut entries = Vec::new();
        let mut reached = None;
        for (place, line) in lines {
            if entries.len() == count_max {
                break;
            }
            reached = Some(place);
            let (entry, _) = self.parse(&line, || self.lines.number_of(place))?;
            if fits(&entry) {
                entries.push(entry);
            }
        }
        Ok(Look { entries, before: reached.filter(|place| *place > 0) })
    }

    /// Checks every hash, line by line; looks for `head` among them. A last line without an end was never answered for, and
    /// is not looked at.
    ///
    /// # Errors
    /// Names the first line that is not what it was.
    pub fn verify(&self, head: Option<&str>) -> Result<Verified, RecordsError> {
        let (mut hash, mut seq, mut found) = (NOTHING, 0, head.map(|_| false));
        for line in self.lines.each()? {
            let (number, line) = line?;
            seq = number;
            let (entry, written) = self.parse(&line, || seq)?;
            let raw: Line<'_> = serde_json::from_str(&line).expect("it was parsed");
            hash = chained(&hash, raw.entry.get());
            if hash != written {
                let why = "was changed, or one before it was changed, taken out or put in: its hash does not fit";
                return Err(self.lines.damaged(seq, why));
            }
            if entry.seq != seq {
                return Err(self.lines.damaged(seq, format!("has the number {}", entry.seq)));
            }
            if head.is_some_and(|head| head == hex(&hash)) {
                found = Some(true);
            }
        }
        Ok(Verified { entries_count: seq, head: hex(&hash), found })
    }
}

fn chained(before: &[u8; 32], text: &str) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(before);
    digest.update(text.as_bytes());
    digest.finalize().into()
}

fn bounded(deed: Deed) -> Deed {
    let bound = |value: Option<Value>| value.map(shortened);
    Deed { asked: bound(deed.asked), before: bound(deed.before), after: bound(deed.after), ..deed }
}

/// Of what is too large only its size. Of an object the largest members go first: nobody hides what was asked for behind a
/// long text beside it.
fn shortened(value: Value) -> Value {
    let size = length(&value);
    if size <= VALUE_MAX_BYTES {
        return value;
    }
    let Value::Object(mut members) = value else { return left_out(size) };
    let mut largest_last: Vec<_> = members.iter().map(|(name, value)| (length(value), name.clone())).collect();
    largest_last.sort();
    let mut left = size;
    while left > VALUE_MAX_BYTES
        && let Some((length_before, name)) = largest_last.pop()
    {
        let instead = left_out(length_before);
        left = (left - length_before).saturating_add(length(&instead));
        members.insert(name, instead);
    }
    if left > VALUE_MAX_BYTES { left_out(size) } else { Value::Object(members) }
}

fn left_out(size: usize) -> Value {
    serde_json::json!({ "left_out_bytes": size })
}

fn length(value: &Value) -> usize {
    value.to_string().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn deed(what: &str) -> Deed {
        Deed { who: "ana".to_owned(), what: what.to_owned(), ..Deed::default() }
    }

    fn log_of(count: usize) -> (tempfile::TempDir, AuditLog) {
        let directory = tempfile::tempdir().expect("a directory");
        let log = AuditLog::open(directory.path());
        for number in 0..count {
            log.append(vec![deed(&format!("deed {number}"))], NOW).expect("written");
        }
        (directory, log)
    }

    #[test]
    fn two_processes_write_one_chain() {
        let (directory, log) = log_of(2);
        let other = AuditLog::open(directory.path());
        assert_eq!(other.append(vec![deed("theirs"), deed("theirs too")], NOW).expect("written"), [3, 4]);
        assert_eq!(log.append(vec![deed("ours")], NOW).expect("written"), [5]);
        let verified = log.verify(None).expect("whole");
        assert_eq!(verified.entries_count, 5);
        assert_eq!(log.verify(Some(&verified.head)).expect("whole").found, Some(true));
        assert_eq!(log.verify(Some("00")).expect("whole").found, Some(false), "the end was cut off");
    }

    #[test]
    fn whoever_writes_behind_a_long_line_goes_on_with_its_chain() {
        let (directory, log) = log_of(1);
        let large = || Some(Value::from("x".repeat(VALUE_MAX_BYTES - 2)));
        let bulky = Deed { asked: large(), before: large(), after: large(), ..deed("long") };
        assert_eq!(log.append(vec![bulky], NOW).expect("written"), [2]);
        let after_a_start = AuditLog::open(directory.path());
        assert_eq!(after_a_start.append(vec![deed("theirs")], NOW).expect("written"), [3]);
        assert_eq!(after_a_start.verify(None).expect("whole").entries_count, 3);
    }

    #[test]
    fn a_line_that_is_no_entry_is_named_by_its_number_wherever_it_is_met() {
        let (directory, log) = log_of(3);
        let mut file = std::fs::OpenOptions::new().append(true).open(directory.path().join(FILE)).expect("there");
        std::io::Write::write_all(&mut file, b"no entry\n").expect("written");
        let errors = [
            log.verify(None).expect_err("damaged"),
            log.look(None, 10, |_| true).expect_err("damaged"),
            log.append(vec![deed("ours")], NOW).expect_err("damaged"),
        ];
        for error in errors {
            assert!(error.to_string().contains("line 4 is no entry"), "{error}");
        }
    }

    #[test]
    fn a_log_of_any_length_is_verified_line_by_line() {
        // More than any machine has memory for; the file has holes, and takes no room.
        const HUGE: u64 = 8 << 40;
        let (directory, log) = log_of(2);
        let path = directory.path().join(FILE);
        let whole = std::fs::read(&path).expect("written");
        let file = std::fs::OpenOptions::new().write(true).open(&path).expect("there");
        file.set_len(HUGE).expect("it has holes");
        let error = log.verify(None).expect_err("nothing ends there").to_string();
        assert!(error.contains("line 3 is longer than any that is written"), "{error}");
        std::fs::write(&path, [b"no entry\n", &whole[..]].concat()).expect("spoiled");
        file.set_len(HUGE).expect("it has holes");
        let error = log.verify(None).expect_err("damaged").to_string();
        assert!(error.contains("line 1 is no entry"), "{error}");
        std::fs::write(&path, [&whole[..], b"{\"hash\":"].concat()).expect("torn");
        assert_eq!(log.verify(None).expect("what was answered for is whole").entries_count, 2);
    }

    #[test]
    fn nothing_is_chained_to_a_file_without_a_line() {
        let (directory, log) = log_of(0);
        std::fs::write(directory.path().join(FILE), "\n").expect("written");
        let error = log.append(vec![deed("ours")], NOW).expect_err("it is damaged");
        assert!(matches!(error, RecordsError::Damaged { .. }), "{error}");
    }

    #[test]
    fn whatever_is_changed_taken_out_or_put_in_is_found() {
        let (directory, log) = log_of(4);
        let path = directory.path().join(FILE);
        let whole = std::fs::read_to_string(&path).expect("written");
        let lines: Vec<_> = whole.lines().collect();
        let changed = whole.replacen("deed 1", "deed 7", 1);
        let taken_out = [lines[0], lines[2], lines[3]].join("\n") + "\n";
        let swapped = [lines[0], lines[2], lines[1], lines[3]].join("\n") + "\n";
        let put_in = [lines[0], lines[0], lines[1]].join("\n") + "\n";
        for spoiled in [changed, taken_out, swapped, put_in] {
            std::fs::write(&path, spoiled).expect("spoiled");
            let error = log.verify(None).expect_err("it was spoiled").to_string();
            assert!(error.contains("line 2"), "{error}");
        }
        std::fs::write(&path, &whole).expect("mended");
        assert_eq!(log.verify(None).expect("whole").entries_count, 4);
    }

    #[test]
    fn a_line_that_is_changed_together_with_its_hash_is_found_by_the_next() {
        let (directory, log) = log_of(4);
        let path = directory.path().join(FILE);
        let whole = std::fs::read_to_string(&path).expect("written");
        let mut lines: Vec<_> = whole.lines().map(str::to_owned).collect();
        let (_, first) = log.parse(&lines[0], || 1).expect("whole");
        let second: Line<'_> = serde_json::from_str(&lines[1]).expect("whole");
        let forged = second.entry.get().replace("deed 1", "deed 7");
        lines[1] = format!("{{\"hash\":\"{}\",\"entry\":{forged}}}", hex(&chained(&first, &forged)));
        std::fs::write(&path, lines.join("\n") + "\n").expect("forged");
        let error = log.verify(None).expect_err("it was forged").to_string();
        assert!(error.contains("line 3"), "{error}");
    }

    #[test]
    fn the_newest_come_first_a_page_at_a_time() {
        let (_directory, log) = log_of(5);
        let numbers = |look: &Look| look.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>();
        let first = log.look(None, 2, |_| true).expect("read");
        assert_eq!(numbers(&first), [5, 4]);
        let rest = log.look(first.before, 10, |_| true).expect("read");
        assert_eq!((numbers(&rest), rest.before), (vec![3, 2, 1], None));
        assert_eq!(numbers(&log.look(None, 10, |entry| entry.deed.what == "deed 2").expect("read")), [3]);
    }

    #[test]
    fn nobody_hides_what_was_asked_for_behind_something_long_beside_it() {
        let (_directory, log) = log_of(0);
        let pad = "x".repeat(VALUE_MAX_BYTES);
        let asked = Some(serde_json::json!({ "roles": ["lead"], "pad": pad }));
        log.append(vec![Deed { asked, ..deed("long") }], NOW).expect("written");
        let look = log.look(None, 1, |_| true).expect("read");
        let expected = serde_json::json!({ "roles": ["lead"], "pad": { "left_out_bytes": VALUE_MAX_BYTES + 2 } });
        assert_eq!(look.entries[0].deed.asked, Some(expected));
        let many: serde_json::Map<_, _> =
            (0..VALUE_MAX_BYTES).map(|number| (number.to_string(), Value::Null)).collect();
        let size = Value::from(many.clone()).to_string().len();
        assert_eq!(shortened(many.into()), serde_json::json!({ "left_out_bytes": size }));
    }

    #[test]
    fn what_is_too_large_is_left_out_with_its_size() {
        let (_directory, log) = log_of(0);
        let asked = Some(Value::from("x".repeat(VALUE_MAX_BYTES)));
        log.append(vec![Deed { asked, ..deed("large") }], NOW).expect("written");
        let look = log.look(None, 1, |_| true).expect("read");
        assert_eq!(look.entries[0].deed.asked, Some(serde_json::json!({ "left_out_bytes": VALUE_MAX_BYTES + 2 })));
    }
}

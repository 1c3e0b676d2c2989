//! Snapshot files: the engine's whole state before one event, so that start-up does not read everything.
//!
//! A file is magic, version, the event's number, the state as `MessagePack`, and at the end the length of that and a
//! checksum of everything before it. It is written under another name, synced, read back and compared, and then
//! renamed: what has a snapshot's name is whole.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::kill_point::kill_point;
use crate::routing::{BareState, Identity};

use super::JournalError;
use super::home::Home;

const MAGIC: &[u8; 8] = b"rolecall";
const VERSION: u32 = 1;
const HEADER_LENGTH: usize = 8 + 4 + 8;
const NAME_NEW: &str = "snapshot.new";

/// A snapshot file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SnapshotFile {
    /// It holds the state before this event.
    pub(super) seq: u64,
    pub(super) path: PathBuf,
}

/// A snapshot that can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedSnapshot {
    /// The file.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

/// A snapshot that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotReport {
    /// The file.
    pub path: PathBuf,
    /// It holds the state before this event.
    pub seq: u64,
    /// Its length in bytes.
    pub bytes: u64,
}

fn name(seq: u64) -> String {
    format!("snapshot-{seq:020}.snap")
}

pub(super) fn seq_of(file_name: &str) -> Option<u64> {
    file_name.strip_prefix("snapshot-")?.strip_suffix(".snap")?.parse().ok()
}

/// The snapshots that there are, newest first.
pub(super) fn list(home: &Home) -> Result<Vec<SnapshotFile>, JournalError> {
    let read = || -> io::Result<Vec<SnapshotFile>> {
        let mut found = Vec::new();
        for file in fs::read_dir(home.path())? {
            let file = file?;
            if let Some(seq) = file.file_name().to_str().and_then(seq_of) {
                found.push(SnapshotFile { seq, path: file.path() });
            }
        }
        Ok(found)
    };
    let mut found = read().map_err(JournalError::file("list", home.path()))?;
    found.sort_unstable_by_key(|file| std::cmp::Reverse(file.seq));
    Ok(found)
}

/// Counts and sums up what is written through it.
struct Summed<W> {
    inner: W,
    hasher: crc32fast::Hasher,
    length: u64,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        kill_point!(SnapshotHalfWritten);
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Writes the state as the newest snapshot.
pub(super) fn write(home: &Home, state: BareState) -> Result<SnapshotReport, JournalError> {
    let new = home.file(NAME_NEW);
    let (seq, hash, identity) = (state.next_seq(), state.hash(), state.identity());
    let result = write_file(&new, &state).and_then(|bytes| {
        drop(state);
        let restored = read(&new, identity).map_err(|why| JournalError::Encode { what: "a snapshot", detail: why })?;
        if (restored.next_seq(), restored.hash()) != (seq, hash) {
            let detail = "the state that was read back differs".to_owned();
            return Err(JournalError::Encode { what: "a snapshot", detail });
        }
        kill_point!(SnapshotWritten);
        home.rename(NAME_NEW, &name(seq))?;
        Ok(SnapshotReport { path: home.file(&name(seq)), seq, bytes })
    });
    if result.is_err() {
        // The error that matters is the first; what is left over is overwritten by the next snapshot.
        let _ = fs::remove_file(&new);
    }
    result
}

fn write_file(path: &Path, state: &BareState) -> Result<u64, JournalError> {
    let open = File::create(path).map_err(JournalError::file("create", path))?;
    let mut file = Summed { inner: BufWriter::new(open), hasher: crc32fast::Hasher::new(), length: 0 };
    let header = |file: &mut Summed<BufWriter<File>>| {
        file.write_all(MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        file.write_all(&state.next_seq().to_le_bytes())
    };
    header(&mut file).map_err(JournalError::file("write", path))?;
    rmp_serde::encode::write_named(&mut file, state).map_err(|error| match error {
        rmp_serde::encode::Error::InvalidValueWrite(error) => JournalError::file("write", path)(error.into()),
        error => JournalError::Encode { what: "a snapshot", detail: error.to_string() },
    })?;
    let trailer = |mut file: Summed<BufWriter<File>>| {
        let payload = file.length - HEADER_LENGTH as u64;
        file.write_all(&payload.to_le_bytes())?;
        let sum = file.hasher.clone().finalize();
        file.write_all(&sum.to_le_bytes())?;
        let length = file.length;
        file.inner.into_inner()?.sync_all()?;
        Ok(length)
    };
    trailer(file).map_err(JournalError::file("write", path))
}

/// Reads a snapshot; says why where it can't be used. It is read as a whole, so that names are taken from where they
/// stand and nothing of it is believed before all of it is checked.
pub(super) fn read(path: &Path, identity: Identity) -> Result<BareState, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let (seq, payload) = check(&bytes)?;
    let state: BareState =
        rmp_serde::from_slice(payload).map_err(|error| format!("its state can't be read: {error}"))?;
    if state.next_seq() != seq {
        return Err(format!("its state is that before event {}, not {seq}", state.next_seq()));
    }
    if state.identity() != identity {
        return Err("it is of another journal".to_owned());
    }
    Ok(state)
}

/// Checks a file as a whole; gives the event's number and the state's bytes.
fn check(bytes: &[u8]) -> Result<(u64, &[u8]), String> {
    let too_short = "it is cut short";
    let (summed, stored) = bytes.split_last_chunk::<4>().ok_or(too_short)?;
    let (magic, rest) = summed.split_first_chunk::<8>().ok_or(too_short)?;
    let (version, rest) = rest.split_first_chunk::<4>().ok_or(too_short)?;
    let (seq, rest) = rest.split_first_chunk::<8>().ok_or(too_short)?;
    let (payload, length) = rest.split_last_chunk::<8>().ok_or(too_short)?;
    if magic != MAGIC {
        return Err("it is no snapshot".to_owned());
    }
    if crc32fast::hash(summed) != u32::from_le_bytes(*stored) {
        return Err("its checksum does not fit".to_owned());
    }
    if u64::from_le_bytes(*length) != payload.len() as u64 {
        return Err("its length does not fit".to_owned());
    }
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        return Err(format!("its version is {version}, not {VERSION}"));
    }
    Ok((u64::from_le_bytes(*seq), payload))
}

/// Removes all snapshots but those of these events.
pub(super) fn remove_others(home: &Home, kept: &[u64]) -> Result<(), JournalError> {
    for file in list(home)?.iter().filter(|file| !kept.contains(&file.seq)) {
        fs::remove_file(&file.path).map_err(JournalError::file("remove", &file.path))?;
    }
    home.sync()
}

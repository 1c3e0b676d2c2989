//! Snapshot files: the engine's whole state before one event, so that start-up does not read everything.
//!
//! A file is magic, version, the event's number, the state as `MessagePack`, and at the end the length of that and a
//! checksum of everything before it. It is written under another name, synced, read back and compared, and then
//! renamed: what has a snapshot's name is whole. What is written is a frozen state, which shares with the engine's what has
//! not changed since; and what is read back is summed up entry by entry. So no second state is made.
//!
//! Version 1 had what has ended in no order, and the order beside it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::files::create_private;
use crate::kill_point::kill_point;
use crate::routing::{BareState, Frozen, Identity, StateDigest};

use super::JournalError;
use super::home::Home;

const MAGIC: &[u8; 8] = b"rolecall";
const VERSION: u32 = 2;
const HEADER_LENGTH: usize = 8 + 4 + 8;
const TRAILER_LENGTH: usize = 8 + 4;
/// How much is summed up at a time.
const BLOCK: usize = 64 << 10;
/// How much is written before it is synced. What a sync of the whole would write at once, of a centre with a million tickets
/// some hundred megabytes, every sync of a batch meanwhile would wait for.
const SYNC_EVERY: usize = 4 << 20;
/// A snapshot while it is being written.
pub(super) const NAME_NEW: &str = "snapshot.new";

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

/// A file that is synced as it grows.
struct Steady {
    file: File,
    /// How much was written since.
    unsynced: usize,
}

impl Steady {
    fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: create_private(path)?, unsynced: 0 })
    }
}

impl Write for Steady {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.unsynced += written;
        if self.unsynced >= SYNC_EVERY {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
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

/// Writes a state as the newest snapshot.
pub(super) fn write(home: &Home, state: Frozen) -> Result<SnapshotReport, JournalError> {
    let new = home.file(NAME_NEW);
    let (seq, digest) = (state.next_seq(), state.digest());
    let result = write_file(&new, &state).and_then(|bytes| {
        drop(state);
        let failed = |detail| JournalError::Encode { what: "a snapshot", detail };
        if read_back(&new).map_err(failed)? != digest {
            return Err(failed("the state that was read back differs".to_owned()));
        }
        kill_point!(SnapshotWritten);
        home.rename(NAME_NEW, &name(seq))?;
        Ok(SnapshotReport { path: home.file(&name(seq)), seq, bytes })
    });
    if result.is_err() {
        // The error that matters is the first; what is left over is removed when the journal is opened.
        let _ = fs::remove_file(&new);
    }
    result
}

/// Removes what is left of a snapshot in the middle of which the process ended: it can be as long as a whole one.
pub(super) fn remove_unfinished(home: &Home) -> Result<(), JournalError> {
    let new = home.file(NAME_NEW);
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::file("remove", &new)(error)),
        _ => Ok(()),
    }
}

fn write_file(path: &Path, state: &Frozen) -> Result<u64, JournalError> {
    let open = Steady::create(path).map_err(JournalError::file("create", path))?;
    let mut file = Summed { inner: BufWriter::with_capacity(BLOCK, open), hasher: crc32fast::Hasher::new(), length: 0 };
    let header = |file: &mut Summed<BufWriter<Steady>>| {
        file.write_all(MAGIC)?;
        file.write_all(&VERSION.to_le_bytes())?;
        file.write_all(&state.next_seq().to_le_bytes())
    };
    header(&mut file).map_err(JournalError::file("write", path))?;
    rmp_serde::encode::write_named(&mut file, state).map_err(|error| match error {
        rmp_serde::encode::Error::InvalidValueWrite(error) => JournalError::file("write", path)(error.into()),
        error => JournalError::Encode { what: "a snapshot", detail: error.to_string() },
    })?;
    let trailer = |mut file: Summed<BufWriter<Steady>>| {
        let payload = file.length - HEADER_LENGTH as u64;
        file.write_all(&payload.to_le_bytes())?;
        let sum = file.hasher.clone().finalize();
        file.write_all(&sum.to_le_bytes())?;
        let length = file.length;
        file.inner.into_inner()?.file.sync_all()?;
        Ok(length)
    };
    trailer(file).map_err(JournalError::file("write", path))
}

/// What the state comes to that a file holds.
fn read_back(path: &Path) -> Result<StateDigest, String> {
    let whole = check_file(path)?;
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    file.seek(SeekFrom::Start(HEADER_LENGTH as u64)).map_err(|error| error.to_string())?;
    let payload = BufReader::with_capacity(BLOCK, file.take(whole.payload_length));
    rmp_serde::from_read(payload).map_err(|error| format!("its state can't be read: {error}"))
}

/// Reads a snapshot; says why where it can't be used. It is read as a whole, so that names are taken from where they
/// stand and nothing of it is believed before all of it is checked.
pub(super) fn read(path: &Path, identity: Identity) -> Result<BareState, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let whole = check(&bytes[..], bytes.len() as u64)?;
    let payload = &bytes[HEADER_LENGTH..bytes.len() - TRAILER_LENGTH];
    let state: BareState =
        rmp_serde::from_slice(payload).map_err(|error| format!("its state can't be read: {error}"))?;
    if state.next_seq() != whole.seq {
        return Err(format!("its state is that before event {}, not {}", state.next_seq(), whole.seq));
    }
    if state.identity() != identity {
        return Err("it is of another journal".to_owned());
    }
    Ok(state)
}

/// What a file says of itself whose checksum fits.
struct Whole {
    /// The event's number.
    seq: u64,
    payload_length: u64,
}

/// Whether a file is as it was written.
pub(super) fn is_whole(path: &Path) -> bool {
    check_file(path).is_ok()
}

/// Whether an open file that is read from its beginning is as it was written.
pub(super) fn is_whole_file(file: &File) -> bool {
    check_open(file).is_ok()
}

fn check_file(path: &Path) -> Result<Whole, String> {
    check_open(&File::open(path).map_err(|error| error.to_string())?)
}

fn check_open(file: &File) -> Result<Whole, String> {
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    check(file, length)
}

/// Checks a file of that length as a whole.
fn check(mut file: impl Read, length: u64) -> Result<Whole, String> {
    let failed = |error: io::Error| error.to_string();
    let payload_length = length.checked_sub((HEADER_LENGTH + TRAILER_LENGTH) as u64).ok_or("it is cut short")?;
    let mut header = [0; HEADER_LENGTH];
    file.read_exact(&mut header).map_err(failed)?;
    let mut sum = crc32fast::Hasher::new();
    sum.update(&header);
    let mut block = vec![0; BLOCK];
    let mut left = payload_length;
    while left > 0 {
        let part = &mut block[..usize::try_from(left).unwrap_or(BLOCK).min(BLOCK)];
        file.read_exact(part).map_err(failed)?;
        sum.update(part);
        left -= part.len() as u64;
    }
    let (mut length_told, mut sum_told) = ([0; 8], [0; 4]);
    file.read_exact(&mut length_told).and_then(|()| file.read_exact(&mut sum_told)).map_err(failed)?;
    sum.update(&length_told);
    let (magic, rest) = header.split_first_chunk::<8>().expect("a header is longer than that");
    let (version, seq) = rest.split_first_chunk::<4>().expect("a header is longer than that");
    let seq = seq.first_chunk::<8>().expect("a header ends with it");
    if magic != MAGIC {
        return Err("it is no snapshot".to_owned());
    }
    if sum.finalize() != u32::from_le_bytes(sum_told) {
        return Err("its checksum does not fit".to_owned());
    }
    if u64::from_le_bytes(length_told) != payload_length {
        return Err("its length does not fit".to_owned());
    }
    let version = u32::from_le_bytes(*version);
    if !(1..=VERSION).contains(&version) {
        return Err(format!("its version is {version}, not {VERSION} or less"));
    }
    Ok(Whole { seq: u64::from_le_bytes(*seq), payload_length })
}

/// Removes all snapshots but those of these events.
pub(super) fn remove_others(home: &Home, kept: &[u64]) -> Result<(), JournalError> {
    for file in list(home)?.iter().filter(|file| !kept.contains(&file.seq)) {
        fs::remove_file(&file.path).map_err(JournalError::file("remove", &file.path))?;
    }
    home.sync()
}

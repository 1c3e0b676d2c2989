//! The log: where a batch becomes durable, with one write and one sync, before the database has it.
//!
//! The database writes some fifty pages for a batch of seven events. So it gets many batches at once, a little later (a
//! checkpoint), and the log has what it has not got yet. It is a file of two halves that are filled in turn, each again
//! from its beginning when the database has all of what it holds; so the file is written in place, and a sync has no
//! lengths and places to write down.
//!
//! What is read again after an unclean end is each half's frames from its beginning, as long as they are whole and follow
//! one another. What stood there before has lower numbers or no number that makes sense, and ends it.

use std::io;
use std::path::{Path, PathBuf};

use redb::StorageBackend;

use crate::routing::Identity;

use super::JournalError;
use super::frame::{Frame, HEADER_LENGTH, Header};

/// How much of a new log is written at a time.
const FILLED_AT_ONCE: usize = 1 << 20;

/// A log that batches are written to.
#[derive(Debug)]
pub(super) struct Log {
    storage: Box<dyn StorageBackend>,
    /// For whoever reads an error.
    path: PathBuf,
    half_bytes: u64,
    /// Which half is being filled: 0 or 1.
    half: u64,
    /// How far.
    offset: u64,
    /// The number of the last frame of the other half.
    other_through: u64,
    /// The number of the last frame of all.
    through: u64,
}

impl Log {
    /// A log whose frames the database has all got: it begins anew, behind the batch of that number.
    pub(super) fn start(
        storage: Box<dyn StorageBackend>,
        path: &Path,
        log_bytes: u64,
        through: u64,
    ) -> Result<Self, JournalError> {
        let failed = |action| JournalError::file(action, path);
        let mut bytes = storage.len().map_err(failed("look at"))?;
        if bytes == 0 {
            fill(&*storage, log_bytes).and_then(|()| storage.sync_data()).map_err(failed("create"))?;
            bytes = log_bytes;
        }
        Ok(Self {
            storage,
            path: path.to_owned(),
            half_bytes: bytes / 2,
            half: 0,
            offset: 0,
            other_through: through,
            through,
        })
    }

    /// Whether a frame fits at all.
    pub(super) fn can_hold(&self, frame: &Frame) -> bool {
        frame.bytes().len() as u64 <= self.half_bytes
    }

    /// Whether there is room for it in the half that is being filled.
    pub(super) fn has_room(&self, frame: &Frame) -> bool {
        self.offset + frame.bytes().len() as u64 <= self.half_bytes
    }

    /// The other half may be written over when the database has all batches up to this.
    pub(super) fn other_through(&self) -> u64 {
        self.other_through
    }

    /// Goes on in the other half. The database must have all of what it holds.
    pub(super) fn turn_over(&mut self) {
        self.half = 1 - self.half;
        self.offset = 0;
        self.other_through = self.through;
    }

    /// A batch went past the log, and the database has it, as it has all before it: what follows goes on behind it.
    pub(super) fn skip(&mut self, number: u64) {
        self.turn_over();
        self.through = number;
        self.other_through = number;
    }

    /// Writes a frame; it is durable after [`Self::sync`].
    pub(super) fn write(&mut self, frame: &Frame) -> Result<(), JournalError> {
        let at = self.half * self.half_bytes + self.offset;
        self.storage.write(at, frame.bytes()).map_err(JournalError::file("write", &self.path))?;
        self.offset += frame.bytes().len() as u64;
        self.through = frame.number;
        Ok(())
    }

    /// Makes durable what was written.
    pub(super) fn sync(&self) -> Result<(), JournalError> {
        self.storage.sync_data().map_err(JournalError::file("sync", &self.path))
    }
}

/// Writes all of a new log once. What is written in place later then needs no room to be found for it, and a sync has
/// nothing else to write down.
fn fill(storage: &dyn StorageBackend, length: u64) -> io::Result<()> {
    storage.set_len(length)?;
    let zeros = vec![0; FILLED_AT_ONCE];
    for at in (0..length).step_by(FILLED_AT_ONCE) {
        let left = usize::try_from(length - at).unwrap_or(FILLED_AT_ONCE);
        storage.write(at, &zeros[..left.min(FILLED_AT_ONCE)])?;
    }
    Ok(())
}

/// What an unclean end left in a log.
#[derive(Debug, Default)]
pub(super) struct Remains {
    /// The batches that the database has not got, oldest first.
    pub(super) frames: Vec<Frame>,
    /// Where behind them the next batch begins and is not whole.
    pub(super) cut_at: Option<u64>,
}

/// The frames of one half, and where they end.
struct Run {
    frames: Vec<Frame>,
    /// What looks like a frame there and is not whole: where, and the number that it gives.
    broken: Option<(u64, u64)>,
}

/// Reads what the database, which has all batches up to that number, has not got.
///
/// # Errors
/// Where it can't be read, or batches in its middle are missing or not what was written.
pub(super) fn remains(
    storage: &dyn StorageBackend,
    path: &Path,
    identity: Identity,
    applied: u64,
) -> Result<Remains, JournalError> {
    let scan = Scan { storage, identity };
    let failed = JournalError::file("read", path);
    let runs = (|| {
        let half_bytes = storage.len()? / 2;
        Ok([scan.run(0, half_bytes)?, scan.run(half_bytes, half_bytes)?])
    })();
    let [one, other] = runs.map_err(failed)?;
    let begins = |run: &Run| run.frames.first().map_or(u64::MAX, |frame| frame.number);
    let (first, second) = if begins(&one) <= begins(&other) { (one, other) } else { (other, one) };
    let broken = [first.broken, second.broken];
    let frames: Vec<Frame> =
        first.frames.into_iter().chain(second.frames).filter(|frame| frame.number > applied).collect();
    let mut last = applied;
    for frame in &frames {
        if frame.number != last + 1 {
            let place = broken.iter().flatten().find(|(_, number)| *number == last + 1);
            let place = place.map_or_else(String::new, |(at, _)| format!(", at byte {at}"));
            return Err(damaged(path, &format!("after batch {last} comes {}{place}", frame.number)));
        }
        last = frame.number;
    }
    let cut = broken.iter().flatten().find(|(_, number)| *number == last + 1);
    if let Some((at, number)) = cut
        && scan.is_followed(*at, number + 1).map_err(JournalError::file("read", path))?
    {
        return Err(damaged(path, &format!("batch {number}, at byte {at}, is not what was written")));
    }
    Ok(Remains { frames, cut_at: cut.map(|(at, _)| *at) })
}

pub(super) fn damaged(path: &Path, how: &str) -> JournalError {
    JournalError::Damaged { what: format!("{}: {how}", path.display()) }
}

struct Scan<'a> {
    storage: &'a dyn StorageBackend,
    identity: Identity,
}

impl Scan<'_> {
    /// All frames from the beginning of a half that are whole and follow one another.
    fn run(&self, start: u64, length: u64) -> io::Result<Run> {
        let (mut at, end) = (start, start + length);
        let mut frames: Vec<Frame> = Vec::new();
        let mut broken = None;
        while let Some(header) = self.header(at, end)? {
            if frames.last().is_some_and(|frame| frame.number + 1 != header.number) {
                break;
            }
            let Ok(frame) = Frame::read(header, self.bytes(at, header)?, self.identity) else {
                broken = Some((at, header.number));
                break;
            };
            at += frame.bytes().len() as u64;
            frames.push(frame);
        }
        Ok(Run { frames, broken })
    }

    /// Whether behind the frame there, which is not whole, a whole one of that number follows.
    fn is_followed(&self, at: u64, number: u64) -> io::Result<bool> {
        let half_bytes = self.storage.len()? / 2;
        let end = if at < half_bytes { half_bytes } else { 2 * half_bytes };
        let Some(broken) = self.header(at, end)? else { return Ok(false) };
        let next = at + (HEADER_LENGTH + broken.length) as u64;
        let Some(header) = self.header(next, end)? else { return Ok(false) };
        Ok(header.number == number && Frame::read(header, self.bytes(next, header)?, self.identity).is_ok())
    }

    /// The header there, where one is and its frame ends before that.
    fn header(&self, at: u64, end: u64) -> io::Result<Option<Header>> {
        if at + HEADER_LENGTH as u64 > end {
            return Ok(None);
        }
        let mut bytes = [0; HEADER_LENGTH];
        self.storage.read(at, &mut bytes)?;
        let fits = |header: &Header| at + (HEADER_LENGTH + header.length) as u64 <= end;
        Ok(Header::read(&bytes).filter(fits))
    }

    fn bytes(&self, at: u64, header: Header) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; HEADER_LENGTH + header.length];
        self.storage.read(at, &mut bytes)?;
        Ok(bytes)
    }
}

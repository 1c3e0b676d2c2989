//! A file that is read, and whose changes stay in memory: so that looking into a database leaves it as it is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// Changes are kept in pieces of this length; the database's own page size.
const PIECE: usize = 4_096;

/// See the module.
#[derive(Debug)]
pub(crate) struct Overlay {
    file: File,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    length: u64,
    pieces: BTreeMap<u64, Box<[u8; PIECE]>>,
}

impl Overlay {
    /// Over that file.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let changes = Changes { length: file.metadata()?.len(), pieces: BTreeMap::new() };
        Ok(Self { file, changes: Mutex::new(changes) })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        // Nothing that holds it leaves it half changed.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A piece as the file has it; zeros beyond its end.
    fn piece_of_file(&self, number: u64) -> io::Result<Box<[u8; PIECE]>> {
        let mut piece = Box::new([0; PIECE]);
        let mut filled = 0;
        while filled < PIECE {
            match self.file.read_at(&mut piece[filled..], number * PIECE as u64 + filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(piece)
    }
}

/// The pieces that a range of bytes touches: number of the piece, where in it, how many bytes.
fn pieces(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        if done == length {
            return None;
        }
        let at = offset + done as u64;
        let within = usize::try_from(at % PIECE as u64).expect("a remainder is smaller than a piece");
        let count = (PIECE - within).min(length - done);
        done += count;
        Some((at / PIECE as u64, within, count))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        if offset + out.len() as u64 > changes.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut done = 0;
        for (number, within, count) in pieces(offset, out.len()) {
            let into = &mut out[done..done + count];
            match changes.pieces.get(&number) {
                Some(piece) => into.copy_from_slice(&piece[within..within + count]),
                None => into.copy_from_slice(&self.piece_of_file(number)?[within..within + count]),
            }
            done += count;
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut changes = self.changes();
        if length < changes.length {
            // What is cut off and grown again is zeros, not what the file has there.
            let last = length / PIECE as u64;
            let mut piece = match changes.pieces.remove(&last) {
                Some(piece) => piece,
                None => self.piece_of_file(last)?,
            };
            let within = usize::try_from(length % PIECE as u64).expect("a remainder is smaller than a piece");
            piece[within..].fill(0);
            changes.pieces.insert(last, piece);
            for number in last + 1..changes.length.div_ceil(PIECE as u64) {
                changes.pieces.insert(number, Box::new([0; PIECE]));
            }
        }
        changes.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        let mut done = 0;
        for (number, within, count) in pieces(offset, data.len()) {
            let piece = match changes.pieces.entry(number) {
                Entry::Occupied(piece) => piece.into_mut(),
                Entry::Vacant(place) => place.insert(self.piece_of_file(number)?),
            };
            piece[within..within + count].copy_from_slice(&data[done..done + count]);
            done += count;
        }
        Ok(())
    }
}

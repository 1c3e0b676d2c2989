//! Storage that forgets and fails: what a disk may do to the database when the power goes or it breaks.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// What was asked of the storage since it was last synced.
#[derive(Debug, Clone)]
pub(crate) enum Unsynced {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

impl Unsynced {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => to[*offset..offset + bytes.len()].copy_from_slice(bytes),
            Self::SetLength(length) => to.resize(*length, 0),
        }
    }
}

#[derive(Debug, Default)]
struct Disk {
    /// What reads see.
    live: Vec<u8>,
    /// What a power cut leaves for certain.
    synced: Vec<u8>,
    unsynced: Vec<Unsynced>,
    /// Whether it is what a power cut left: what a further one would leave is not kept.
    is_left: bool,
    /// What the last sync made durable, and what there was before.
    last_sync: (Vec<u8>, Vec<Unsynced>),
    /// Operations that change something until the disk breaks, and how it breaks.
    breaks_after: Option<(u64, io::ErrorKind)>,
    /// Whether it breaks for good, or fails once and then does as if nothing had been.
    recovers: bool,
    /// Operations that were asked for after it broke.
    asked_after: u64,
}

impl Disk {
    fn operate(&mut self) -> io::Result<()> {
        match &mut self.breaks_after {
            Some((0, kind)) => {
                let error = io::Error::from(*kind);
                if self.asked_after > 0 && self.recovers {
                    return Ok(());
                }
                self.asked_after += 1;
                Err(error)
            }
            Some((left, _)) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn change(&mut self, change: Unsynced) -> io::Result<()> {
        self.operate()?;
        change.apply(&mut self.live);
        if !self.is_left {
            self.unsynced.push(change);
        }
        Ok(())
    }
}

/// A disk in memory; clones are the same disk.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultyStorage(Arc<Mutex<Disk>>);

impl FaultyStorage {
    /// A disk as a power cut left it. What a further one would leave of it is not remembered.
    pub(crate) fn holding(bytes: Vec<u8>) -> Self {
        let disk = Disk { live: bytes, is_left: true, ..Disk::default() };
        Self(Arc::new(Mutex::new(disk)))
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.0.lock().expect("no test panics while it holds the disk")
    }

    /// After so many more operations everything fails like this.
    pub(crate) fn break_after(&self, operations: u64, kind: io::ErrorKind) {
        self.disk().breaks_after = Some((operations, kind));
    }

    /// After so many more operations one fails, and all after it work.
    pub(crate) fn fail_once_after(&self, operations: u64, kind: io::ErrorKind) {
        let mut disk = self.disk();
        (disk.breaks_after, disk.recovers) = (Some((operations, kind)), true);
    }

    /// What reads see.
    pub(crate) fn live(&self) -> Vec<u8> {
        self.disk().live.clone()
    }

    /// What a power cut leaves for certain.
    pub(crate) fn synced(&self) -> Vec<u8> {
        self.disk().synced.clone()
    }

    /// What was written between the last two syncs, and what there was before.
    pub(crate) fn last_sync(&self) -> (Vec<u8>, Vec<Unsynced>) {
        self.disk().last_sync.clone()
    }
}

/// The bytes with some of the changes made, and one of them in part.
pub(crate) fn torn(before: &[u8], whole: &[Unsynced], cut: Option<(&Unsynced, usize)>) -> Vec<u8> {
    let mut bytes = before.to_vec();
    let grow = |bytes: &mut Vec<u8>, change: &Unsynced| {
        if let Unsynced::Write { offset, bytes: written } = change
            && bytes.len() < offset + written.len()
        {
            bytes.resize(offset + written.len(), 0);
        }
    };
    for change in whole {
        grow(&mut bytes, change);
        change.apply(&mut bytes);
    }
    if let Some((Unsynced::Write { offset, bytes: written }, length)) = cut {
        let part = Unsynced::Write { offset: *offset, bytes: written[..length].to_vec() };
        grow(&mut bytes, &part);
        part.apply(&mut bytes);
    }
    bytes
}

impl StorageBackend for FaultyStorage {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let disk = self.disk();
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let found = disk.live.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.disk().change(Unsynced::SetLength(usize::try_from(length).map_err(io::Error::other)?))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk();
        disk.operate()?;
        if disk.is_left {
            return Ok(());
        }
        let changes = std::mem::take(&mut disk.unsynced);
        let live = disk.live.clone();
        let before = std::mem::replace(&mut disk.synced, live);
        disk.last_sync = (before, changes);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.disk().change(Unsynced::Write { offset, bytes: data.to_vec() })
    }
}

//! A disk that forgets what was not synced, and fails.

use std::io;

use crate::dice::Dice;

/// What was asked of the disk since it was last synced.
#[derive(Debug, Clone)]
enum Unsynced {
    Write { offset: usize, bytes: Vec<u8> },
    SetLength(usize),
}

impl Unsynced {
    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                if to.len() < end {
                    to.resize(end, 0);
                }
                to[*offset..end].copy_from_slice(bytes);
            }
            Self::SetLength(length) => to.resize(*length, 0),
        }
    }
}

/// How a disk breaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Breaks {
    /// After so many more operations.
    pub(crate) after: u64,
    pub(crate) kind: io::ErrorKind,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    /// What reads see.
    live: Vec<u8>,
    /// What a power cut leaves for certain.
    synced: Vec<u8>,
    unsynced: Vec<Unsynced>,
    breaks: Option<Breaks>,
    /// Whether it has failed in this life.
    pub(crate) has_failed: bool,
}

impl Disk {
    pub(crate) fn break_down(&mut self, breaks: Breaks) {
        self.breaks = Some(breaks);
    }

    /// Nothing fails any more. That it has is still known: a process may hear of it later.
    pub(crate) fn mend(&mut self) {
        self.breaks = None;
    }

    /// A database that was not created wholly never gets its name.
    pub(crate) fn wipe(&mut self) {
        *self = Self { breaks: self.breaks.take(), ..Self::default() };
    }

    /// The power goes: of what was not synced some is there, some is not, and some in part.
    pub(crate) fn cut_power(&mut self, dice: &mut Dice) {
        let mut unsynced = std::mem::take(&mut self.unsynced);
        match dice.below(4) {
            0 => unsynced.clear(),
            1 => unsynced.truncate(dice.below(unsynced.len() + 1)),
            2 => {
                unsynced.truncate(dice.below(unsynced.len() + 1));
                if let Some(Unsynced::Write { bytes, .. }) = unsynced.last_mut() {
                    bytes.truncate(dice.below(bytes.len() + 1));
                }
            }
            _ => unsynced.retain(|_| dice.per_mille(500)),
        }
        let mut left = std::mem::take(&mut self.synced);
        for change in &unsynced {
            change.apply(&mut left);
        }
        self.synced.clone_from(&left);
        self.live = left;
    }

    fn operate(&mut self) -> io::Result<()> {
        match &mut self.breaks {
            Some(Breaks { after: 0, kind }) => {
                self.has_failed = true;
                Err(io::Error::from(*kind))
            }
            Some(Breaks { after, .. }) => {
                *after -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn change(&mut self, change: Unsynced) -> io::Result<()> {
        self.operate()?;
        change.apply(&mut self.live);
        self.unsynced.push(change);
        Ok(())
    }

    pub(crate) fn len(&self) -> u64 {
        self.live.len() as u64
    }

    pub(crate) fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let found = self.live.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    pub(crate) fn set_len(&mut self, length: u64) -> io::Result<()> {
        self.change(Unsynced::SetLength(usize::try_from(length).map_err(io::Error::other)?))
    }

    pub(crate) fn write(&mut self, offset: u64, data: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.change(Unsynced::Write { offset, bytes: data.to_vec() })
    }

    /// What a disk does that says it has synced and has not.
    pub(crate) fn pretend_to_sync(&mut self) -> io::Result<()> {
        self.operate()
    }

    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.operate()?;
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.synced);
        }
        Ok(())
    }
}

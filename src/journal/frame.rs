//! A batch as the log holds it: one piece of bytes, with a checksum over all of it, and where in it everything is.
//!
//! | bytes | hold |
//! | --- | --- |
//! | 4 | `RLOG` |
//! | 4 | the checksum (CRC-32) of all that follows |
//! | 4 | the length of all behind the number |
//! | 8 | the number of the batch |
//! | 1 | the version, which is 1 |
//! | 3 × 8 | where the journal stands after it: the next event, the next outbox record, and the newest that is published |
//! | 2 × 8 | its time; from when on ids are kept (`i64::MIN` where it does not say) |
//! | 3 × 4 | how many ids, entries and outbox records follow |
//! | 16 each | ids |
//! | 8 + 4 + length each | entries and then outbox records: number, length, bytes |
//!
//! Numbers are little-endian.

use std::ops::Range;

use super::open::Position;
use super::record::{seal_entry, seal_outbox};
use super::{Batch, DuplicateId, JournalError};
use crate::routing::{Identity, Timestamp};

const MAGIC: &[u8; 4] = b"RLOG";
const VERSION: u8 = 1;
/// Up to the batch's number, which is part of it.
pub(super) const HEADER_LENGTH: usize = 4 + 4 + 4 + 8;
/// Before each entry and outbox record: its number and its length.
pub(super) const RECORD_HEADER_LENGTH: usize = 8 + 4;
/// What the checksum covers begins here.
const SUMMED_FROM: usize = 8;

/// See the module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) number: u64,
    /// Where the journal stands after it.
    pub(super) reached: Position,
    pub(super) at: Timestamp,
    pub(super) forget_duplicates_before: Option<Timestamp>,
    pub(super) duplicates: Vec<DuplicateId>,
    entries: Vec<Record>,
    outbox: Vec<Record>,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Record {
    number: u64,
    place: Range<usize>,
}

/// What stands at the beginning of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    sum: u32,
    /// Of all behind the header.
    pub(super) length: usize,
    /// Of the batch.
    pub(super) number: u64,
}

impl Header {
    /// `None` where no frame begins there.
    pub(super) fn read(bytes: &[u8; HEADER_LENGTH]) -> Option<Self> {
        let mut reading = Reading { bytes, at: 0 };
        (reading.array()? == *MAGIC).then_some(())?;
        let sum = u32::from_le_bytes(reading.array()?);
        let length = usize::try_from(u32::from_le_bytes(reading.array()?)).ok()?;
        Some(Self { sum, length, number: reading.u64()? })
    }
}

impl Frame {
    /// The frame of a batch after which the journal stands there.
    pub(super) fn of(batch: &Batch, reached: &Position) -> Result<Self, JournalError> {
        let mut bytes = vec![0; HEADER_LENGTH];
        bytes[..4].copy_from_slice(MAGIC);
        bytes[12..].copy_from_slice(&reached.batches.to_le_bytes());
        bytes.push(VERSION);
        for number in [reached.next_seq, reached.outbox_next, reached.published_through] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        let forget_before = batch.forget_duplicates_before.map_or(i64::MIN, |before| before.0);
        bytes.extend_from_slice(&batch.at.0.to_le_bytes());
        bytes.extend_from_slice(&forget_before.to_le_bytes());
        let with_events = || batch.entries.iter().filter(|entry| !entry.events.is_empty());
        for count in [batch.duplicates.len(), with_events().count(), batch.outbox.len()] {
            bytes.extend_from_slice(&length_of(count)?.to_le_bytes());
        }
        batch.duplicates.iter().for_each(|DuplicateId(id)| bytes.extend_from_slice(id));
        let entries = with_events()
            .map(|entry| Record::written(&mut bytes, entry.first_seq, |bytes| seal_entry(entry, bytes)))
            .collect::<Result<_, _>>()?;
        let outbox = batch.outbox.iter().map(|record| {
            Record::written(&mut bytes, record.number, |bytes| {
                seal_outbox(record, bytes);
                Ok(())
            })
        });
        let outbox = outbox.collect::<Result<_, _>>()?;
        let length = length_of(bytes.len() - HEADER_LENGTH)?;
        bytes[8..12].copy_from_slice(&length.to_le_bytes());
        let sum = crc32fast::hash(&bytes[SUMMED_FROM..]);
        bytes[4..8].copy_from_slice(&sum.to_le_bytes());
        Ok(Self {
            number: reached.batches,
            reached: *reached,
            at: batch.at,
            forget_duplicates_before: batch.forget_duplicates_before,
            duplicates: batch.duplicates.clone(),
            entries,
            outbox,
            bytes,
        })
    }

    /// The frame that these bytes, header and all, are; says what is wrong where they are none.
    pub(super) fn read(header: Header, bytes: Vec<u8>, identity: Identity) -> Result<Self, &'static str> {
        if crc32fast::hash(&bytes[SUMMED_FROM..]) != header.sum {
            return Err("its checksum does not fit");
        }
        let mut reading = Reading { bytes: &bytes, at: HEADER_LENGTH };
        let frame = (|| {
            if reading.array()? != [VERSION] {
                return None;
            }
            let (next_seq, outbox_next, published_through) = (reading.u64()?, reading.u64()?, reading.u64()?);
            let (at, forget_before) = (reading.i64()?, reading.i64()?);
            let [ids, entries, outbox] = [reading.u32()?, reading.u32()?, reading.u32()?];
            let duplicates = (0..ids).map(|_| reading.array().map(DuplicateId)).collect::<Option<_>>()?;
            let entries = (0..entries).map(|_| Record::read(&mut reading)).collect::<Option<_>>()?;
            let outbox = (0..outbox).map(|_| Record::read(&mut reading)).collect::<Option<_>>()?;
            let number = header.number;
            Some(Self {
                number,
                reached: Position { identity, batches: number, next_seq, outbox_next, published_through },
                at: Timestamp(at),
                forget_duplicates_before: (forget_before != i64::MIN).then_some(Timestamp(forget_before)),
                duplicates,
                entries,
                outbox,
                bytes: Vec::new(),
            })
        })();
        let frame = frame.ok_or("it was written by a later version, or by something else")?;
        Ok(Self { bytes, ..frame })
    }

    /// As the log holds it.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its entries: the number of the first event, and the bytes.
    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = (u64, &[u8])> + ExactSizeIterator {
        self.entries.iter().map(|record| (record.number, &self.bytes[record.place.clone()]))
    }

    /// Its outbox records: number and bytes.
    pub(super) fn outbox(&self) -> impl DoubleEndedIterator<Item = (u64, &[u8])> + ExactSizeIterator {
        self.outbox.iter().map(|record| (record.number, &self.bytes[record.place.clone()]))
    }

    /// Its entries with what stands before each of them, to be copied as they are.
    pub(super) fn entries_written(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.entries.iter().map(|record| (record.number, &self.bytes[record.whole()]))
    }

    /// Its outbox records with what stands before each of them, to be copied as they are.
    pub(super) fn outbox_written(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.outbox.iter().map(|record| (record.number, &self.bytes[record.whole()]))
    }
}

impl AsRef<Self> for Frame {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Record {
    fn written(
        bytes: &mut Vec<u8>,
        number: u64,
        seal: impl FnOnce(&mut Vec<u8>) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        let start = bytes.len();
        seal(bytes)?;
        let place = start..bytes.len();
        bytes[start - 4..start].copy_from_slice(&length_of(place.len())?.to_le_bytes());
        Ok(Self { number, place })
    }

    /// Where it stands with its number and its length.
    fn whole(&self) -> Range<usize> {
        self.place.start - RECORD_HEADER_LENGTH..self.place.end
    }

    fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let number = reading.u64()?;
        let length = usize::try_from(reading.u32()?).ok()?;
        let place = reading.at..reading.at.checked_add(length)?;
        reading.bytes.get(place.clone())?;
        reading.at = place.end;
        Some(Self { number, place })
    }
}

fn length_of(count: usize) -> Result<u32, JournalError> {
    u32::try_from(count)
        .map_err(|_| JournalError::Encode { what: "a batch", detail: format!("{count} are too many for one batch") })
}

struct Reading<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reading<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let found = self.bytes.get(self.at..)?.first_chunk().copied()?;
        self.at += N;
        Some(found)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }
}

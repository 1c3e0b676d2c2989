//! A row of the database: many entries, or many outbox records, one behind the other as the log has them.
//!
//! An entry of two kilobytes that is a row of its own takes a page of four, and a look into the tree. So a checkpoint packs
//! what it brings into rows of up to [`ROW_BYTES_MAX`], which are copied from the log and not encoded anew.
//!
//! | bytes | hold |
//! | --- | --- |
//! | 1 | 2 |
//! | 4 | how many records follow |
//! | 8 | the number behind the last of them: of the next event, or of the next outbox record |
//! | 8 + 4 + length each | number, length, and the record with its own version and checksum |
//!
//! Numbers are little-endian. The key of a row is the number of its first record. In a journal of version 1 a row is a
//! single record, whose first byte is its version, 1: both are read, side by side.

use super::JournalError;
use super::frame::RECORD_HEADER_LENGTH;

/// The first byte of a row that holds many.
const PACKED: u8 = 2;
const HEADER_LENGTH: usize = 1 + 4 + 8;

/// The longest row of more than one record. The database gives a value of that length a page of 64 KiB for itself, which is
/// then full but for what the next record did not fit into; its own header of a page has 16 bytes.
const ROW_BYTES_MAX: usize = (64 << 10) - 64;

/// What a row holds; see the module.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Number and bytes of each record, in order; never empty.
    pub(super) records: Vec<(u64, &'a [u8])>,
    /// The number behind the last; a single record does not say it.
    pub(super) end: Option<u64>,
}

impl<'a> Row<'a> {
    /// Takes a row apart. Its records are not looked into.
    pub(super) fn read(key: u64, value: &'a [u8]) -> Result<Self, JournalError> {
        match value.split_first() {
            Some((&PACKED, _)) => Self::unpacked(key, value).ok_or_else(|| JournalError::Damaged {
                what: format!("the row of record {key} is not what was written"),
            }),
            _ => Ok(Self { records: vec![(key, value)], end: None }),
        }
    }

    fn unpacked(key: u64, value: &'a [u8]) -> Option<Self> {
        let (header, mut rest) = value.split_first_chunk::<HEADER_LENGTH>()?;
        let (count, end) = header[1..].split_first_chunk::<4>()?;
        let count = usize::try_from(u32::from_le_bytes(*count)).ok()?;
        let end = u64::from_le_bytes(end.try_into().ok()?);
        let mut records = Vec::with_capacity(count.min(rest.len() / RECORD_HEADER_LENGTH));
        let mut next = key;
        while let Some((number, behind)) = rest.split_first_chunk::<8>() {
            let (length, behind) = behind.split_first_chunk::<4>()?;
            let number = u64::from_le_bytes(*number);
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let follows = if records.is_empty() { number == key } else { number >= next };
            if !follows || number >= end {
                return None;
            }
            let (record, behind) = behind.split_at_checked(length)?;
            records.push((number, record));
            next = number + 1;
            rest = behind;
        }
        (rest.is_empty() && records.len() == count && count > 0).then_some(Self { records, end: Some(end) })
    }

    /// The first record of that number or a later one.
    pub(super) fn first_from(&self, number: u64) -> Option<(u64, &'a [u8])> {
        self.records.iter().find(|(found, _)| *found >= number).copied()
    }

    /// The last record of that number or an earlier one.
    pub(super) fn last_through(&self, number: u64) -> Option<(u64, &'a [u8])> {
        self.records.iter().rev().find(|(found, _)| *found <= number).copied()
    }

    /// The first record.
    pub(super) fn first(&self) -> (u64, &'a [u8]) {
        *self.records.first().expect("a row is never empty")
    }

    /// The last record.
    pub(super) fn last(&self) -> (u64, &'a [u8]) {
        *self.records.last().expect("a row is never empty")
    }
}

/// The number behind the last record of a row, and how many it holds, without taking it apart. A single record may hold the
/// events of any number from its own on; it says no more than that.
pub(super) fn reach(key: u64, value: &[u8]) -> (u64, u64) {
    let packed = value.split_first_chunk::<HEADER_LENGTH>().filter(|(header, _)| header[0] == PACKED);
    let told = packed.and_then(|(header, _)| {
        let (count, end) = header[1..].split_first_chunk::<4>()?;
        Some((u64::from_le_bytes(end.try_into().ok()?), u64::from(u32::from_le_bytes(*count))))
    });
    told.unwrap_or((key + 1, 1))
}

/// Packs records into rows and puts each of them somewhere. A record comes as the log has it, with its number and its length
/// before it; the number behind the last is given. Says how many there were.
pub(super) fn pack<'a, E>(
    records: impl IntoIterator<Item = (u64, &'a [u8])>,
    end: u64,
    mut put: impl FnMut(u64, &[u8]) -> Result<(), E>,
) -> Result<u64, E> {
    let mut row = Packing::default();
    let mut brought = 0;
    for (number, written) in records {
        if row.count > 0 && row.bytes.len() + written.len() > ROW_BYTES_MAX {
            row.close(number, &mut put)?;
        }
        row.add(number, written);
        brought += 1;
    }
    if row.count > 0 {
        row.close(end, &mut put)?;
    }
    Ok(brought)
}

/// A row that is being filled.
#[derive(Default)]
struct Packing {
    key: u64,
    count: u32,
    bytes: Vec<u8>,
}

impl Packing {
    fn add(&mut self, number: u64, written: &[u8]) {
        if self.count == 0 {
            self.key = number;
            self.bytes.clear();
            self.bytes.resize(HEADER_LENGTH, 0);
        }
        self.count += 1;
        self.bytes.extend_from_slice(written);
    }

    fn close<E>(&mut self, end: u64, put: &mut impl FnMut(u64, &[u8]) -> Result<(), E>) -> Result<(), E> {
        self.bytes[0] = PACKED;
        self.bytes[1..5].copy_from_slice(&self.count.to_le_bytes());
        self.bytes[5..HEADER_LENGTH].copy_from_slice(&end.to_le_bytes());
        self.count = 0;
        put(self.key, &self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(number: u64, record: &[u8]) -> Vec<u8> {
        let length = u32::try_from(record.len()).expect("it is short");
        [&number.to_le_bytes()[..], &length.to_le_bytes(), record].concat()
    }

    fn packed(records: &[(u64, Vec<u8>)], end: u64) -> Vec<(u64, Vec<u8>)> {
        let written: Vec<_> = records.iter().map(|(number, record)| (*number, written(*number, record))).collect();
        let mut rows = Vec::new();
        let records = written.iter().map(|(number, bytes)| (*number, bytes.as_slice()));
        let put = |key, value: &[u8]| {
            rows.push((key, value.to_vec()));
            Ok::<_, std::convert::Infallible>(())
        };
        let Ok(_) = pack(records, end, put);
        rows
    }

    #[test]
    fn what_is_packed_is_taken_apart_again_and_no_row_of_many_is_too_long() {
        let records: Vec<(u64, Vec<u8>)> = (0..50)
            .map(|index| (7 + 3 * index, vec![1; if index == 20 { 3 * ROW_BYTES_MAX } else { 5_000 }]))
            .collect();
        let rows = packed(&records, 1_000);
        assert!(rows.len() > 4);
        let mut found = Vec::new();
        let mut ends = Vec::new();
        for (key, value) in &rows {
            let row = Row::read(*key, value).expect("it is whole");
            assert!(value.len() <= ROW_BYTES_MAX || row.records.len() == 1);
            assert_eq!(row.first().0, *key);
            assert_eq!(reach(*key, value), (row.end.expect("it says"), row.records.len() as u64));
            ends.push(row.end.expect("it says"));
            found.extend(row.records.iter().map(|(number, record)| (*number, record.to_vec())));
        }
        assert_eq!(found, records);
        let keys: Vec<u64> = rows.iter().skip(1).map(|(key, _)| *key).chain([1_000]).collect();
        assert_eq!(ends, keys, "each ends where the next begins");
    }

    #[test]
    fn a_record_is_found_in_its_row() {
        let rows = packed(&[(4, vec![1]), (6, vec![1, 2]), (9, vec![1])], 12);
        let row = Row::read(rows[0].0, &rows[0].1).expect("it is whole");
        assert_eq!(row.first_from(5), Some((6, &[1, 2][..])));
        assert_eq!(row.last_through(8), Some((6, &[1, 2][..])));
        assert_eq!((row.first_from(10), row.last_through(3)), (None, None));
        assert_eq!((row.first().0, row.last().0, row.end), (4, 9, Some(12)));
    }

    #[test]
    fn a_row_of_version_1_is_a_single_record() {
        let row = Row::read(4, &[1, 9, 9]).expect("it is whole");
        assert_eq!(row, Row { records: vec![(4, &[1, 9, 9])], end: None });
        assert_eq!(reach(4, &[1, 9, 9]), (5, 1));
    }

    #[test]
    fn a_row_that_is_cut_short_or_does_not_agree_with_itself_is_refused() {
        let rows = packed(&[(4, vec![1]), (6, vec![1, 2])], 12);
        let (key, whole) = &rows[0];
        for length in 1..whole.len() {
            assert!(Row::read(*key, &whole[..length]).is_err(), "cut at {length}");
        }
        // Of its own bytes, and of the records' those that say where they end.
        for place in (1..HEADER_LENGTH).chain(HEADER_LENGTH..HEADER_LENGTH + RECORD_HEADER_LENGTH) {
            let mut changed = whole.clone();
            changed[place] ^= 0x80;
            let told = Row::read(*key, &changed).map(|row| row.end);
            // A later end is that of nobody: the row behind it says otherwise.
            assert!(told.as_ref().is_err() || told.is_ok_and(|end| end > Some(12)), "changed at {place}");
        }
        assert!(Row::read(5, whole).is_err(), "another's key");
    }
}

//! One stream that holds records of several tables and pieces of files: how a copy of what is kept goes from a running daemon
//! into a file, and back.
//!
//! | part | |
//! | --- | --- |
//! | `rolecall-archive 1` and a line feed | what it is |
//! | records | lengths of table (1 byte), key (2) and value (4, little endian), CRC-32 of all that follows, table, key, value |
//! | the last record | table `end`, no key, the number of records before it as 8 bytes |
//!
//! What has no end was cut off, and is refused; so is what comes after it. Knows `redb`'s tables, and none of ours.

use std::io::{self, Read, Write};

use redb::{Key, ReadableTable, Table, Value};

const MAGIC: &[u8] = b"rolecall-archive 1\n";
const END: &str = "end";
const HEADER_LENGTH: usize = 1 + 2 + 4 + 4;

/// A file is cut into pieces of so many bytes.
pub const PIECE_BYTES: usize = 256 << 10;

/// One record of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which table.
    pub table: String,
    /// As the table has it.
    pub key: Vec<u8>,
    /// As the table has it.
    pub value: Vec<u8>,
}

/// Why a stream is no archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It can't be read.
    #[error("it can't be read")]
    Io(#[from] io::Error),
    /// It begins with something else.
    #[error("it is no archive of rolecall, or one of a later version")]
    Magic,
    /// It has no end.
    #[error("it is cut off after {0} records")]
    CutOff(u64),
    /// A record is not what was written.
    #[error("record {0} is damaged")]
    Damaged(u64),
    /// There is more than was written.
    #[error("it goes on after its end")]
    GoesOn,
}

/// Writes an archive.
#[derive(Debug)]
pub struct Archive<W> {
    to: W,
    count: u64,
}

impl<W: Write> Archive<W> {
    /// Begins one.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn begin(mut to: W) -> io::Result<Self> {
        to.write_all(MAGIC)?;
        Ok(Self { to, count: 0 })
    }

    /// Writes a record.
    ///
    /// # Errors
    /// Where it can't be written.
    ///
    /// # Panics
    /// On names and keys that are longer than ours are.
    pub fn record(&mut self, table: &str, key: &[u8], value: &[u8]) -> io::Result<()> {
        let table_length = u8::try_from(table.len()).expect("our tables have short names");
        let key_length = u16::try_from(key.len()).expect("our keys are names and numbers");
        let value_length = u32::try_from(value.len()).expect("our values are far shorter");
        let mut sum = crc32fast::Hasher::new();
        for part in [table.as_bytes(), key, value] {
            sum.update(part);
        }
        let mut header = [0; HEADER_LENGTH];
        header[0] = table_length;
        header[1..3].copy_from_slice(&key_length.to_le_bytes());
        header[3..7].copy_from_slice(&value_length.to_le_bytes());
        header[7..].copy_from_slice(&sum.finalize().to_le_bytes());
        for part in [&header[..], table.as_bytes(), key, value] {
            self.to.write_all(part)?;
        }
        self.count += 1;
        Ok(())
    }

    /// Writes a table as it is.
    ///
    /// # Errors
    /// Where the table can't be read or the archive can't be written.
    pub fn table<K: Key + 'static, V: Value + 'static>(
        &mut self,
        name: &str,
        table: &impl ReadableTable<K, V>,
    ) -> io::Result<()> {
        for found in table.iter().map_err(io::Error::other)? {
            let (key, value) = found.map_err(io::Error::other)?;
            self.record(name, K::as_bytes(&key.value()).as_ref(), V::as_bytes(&value.value()).as_ref())?;
        }
        Ok(())
    }

    /// Writes a file in pieces.
    ///
    /// # Errors
    /// Where it can't be read or the archive can't be written.
    pub fn file(&mut self, table: &str, name: &str, mut file: impl Read) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let length = file.read(&mut piece)?;
            if length == 0 {
                return Ok(());
            }
            self.record(table, name.as_bytes(), &piece[..length])?;
        }
    }

    /// Ends it: without an end it is none. How many records it has.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn end(mut self) -> io::Result<u64> {
        let count = self.count;
        self.record(END, &[], &count.to_le_bytes())?;
        self.to.flush()?;
        Ok(count)
    }
}

/// Puts a record back into the table that it is of.
///
/// # Errors
/// Where the table can't be written.
pub fn put<K: Key + 'static, V: Value + 'static>(
    table: &mut Table<'_, K, V>,
    record: &Record,
) -> Result<(), redb::StorageError> {
    table.insert(K::from_bytes(&record.key), V::from_bytes(&record.value)).map(drop)
}

/// Reads an archive.
#[derive(Debug)]
pub struct ArchiveReader<R> {
    from: R,
    count: u64,
    is_over: bool,
}

impl<R: Read> ArchiveReader<R> {
    /// Looks at its beginning.
    ///
    /// # Errors
    /// [`ArchiveError::Magic`] where it is none.
    pub fn open(mut from: R) -> Result<Self, ArchiveError> {
        let mut magic = [0; MAGIC.len()];
        match from.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => Ok(Self { from, count: 0, is_over: false }),
            Ok(()) => Err(ArchiveError::Magic),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ArchiveError::Magic),
            Err(error) => Err(error.into()),
        }
    }

    /// The next record; `None` at the end, which was looked at.
    ///
    /// # Errors
    /// Where it is not what was written.
    pub fn next_record(&mut self) -> Result<Option<Record>, ArchiveError> {
        if self.is_over {
            return Ok(None);
        }
        let record = self.read()?;
        if record.table != END {
            self.count += 1;
            return Ok(Some(record));
        }
        if record.value != self.count.to_le_bytes() {
            return Err(ArchiveError::Damaged(self.count + 1));
        }
        self.is_over = true;
        match self.from.read(&mut [0])? {
            0 => Ok(None),
            _ => Err(ArchiveError::GoesOn),
        }
    }

    /// From what it is read.
    pub fn into_inner(self) -> R {
        self.from
    }

    fn read(&mut self) -> Result<Record, ArchiveError> {
        let mut header = [0; HEADER_LENGTH];
        self.fill(&mut header)?;
        let (lengths, sum) = header.split_last_chunk::<4>().expect("a header is longer");
        let value_length = u32::from_le_bytes([lengths[3], lengths[4], lengths[5], lengths[6]]);
        let (table, key) = (usize::from(lengths[0]), usize::from(u16::from_le_bytes([lengths[1], lengths[2]])));
        let body_length = u64::from(value_length) + (table + key) as u64;
        // It grows with what comes: a length that is not true costs no memory.
        let mut body = Vec::new();
        if (&mut self.from).take(body_length).read_to_end(&mut body)? as u64 != body_length {
            return Err(ArchiveError::CutOff(self.count));
        }
        if crc32fast::hash(&body) != u32::from_le_bytes(*sum) {
            return Err(ArchiveError::Damaged(self.count + 1));
        }
        let value = body.split_off(table + key);
        let key = body.split_off(table);
        let table = String::from_utf8(body).map_err(|_| ArchiveError::Damaged(self.count + 1))?;
        Ok(Record { table, key, value })
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ArchiveError::CutOff(self.count),
            _ => error.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut archive = Archive::begin(&mut bytes).expect("it is memory");
        archive.record("letters", b"a", b"alpha").expect("it is memory");
        archive.file("file", "long", vec![7; PIECE_BYTES + 3].as_slice()).expect("it is memory");
        assert_eq!(archive.end().expect("it is memory"), 3);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<Record>, ArchiveError> {
        let mut reader = ArchiveReader::open(bytes)?;
        let mut records = Vec::new();
        while let Some(record) = reader.next_record()? {
            records.push(record);
        }
        Ok(records)
    }

    #[test]
    fn what_was_written_is_read() {
        let records = read(&written()).expect("it is whole");
        assert_eq!(records[0], Record { table: "letters".to_owned(), key: b"a".to_vec(), value: b"alpha".to_vec() });
        let pieces: Vec<_> = records[1..].iter().map(|record| (record.key.clone(), record.value.len())).collect();
        assert_eq!(pieces, [(b"long".to_vec(), PIECE_BYTES), (b"long".to_vec(), 3)]);
    }

    #[test]
    fn a_value_of_any_length_is_read_and_a_length_that_is_not_true_takes_no_memory() {
        let long = vec![7; (64 << 20) + 1];
        let mut bytes = Vec::new();
        let mut archive = Archive::begin(&mut bytes).expect("it is memory");
        archive.record("letters", b"a", &long).expect("it is memory");
        archive.end().expect("it is memory");
        assert!(read(&bytes).expect("it is whole")[0].value == long);

        let mut forged = written();
        forged[MAGIC.len() + 3..MAGIC.len() + 7].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut reader = ArchiveReader::open(forged.as_slice()).expect("it begins as one");
        assert!(matches!(reader.next_record(), Err(ArchiveError::CutOff(0))));
    }

    #[test]
    fn what_is_cut_off_anywhere_or_changed_anywhere_is_refused() {
        let bytes = written();
        // Each byte of the small records, and some of the long one.
        let places = || (0..100).chain((100..bytes.len() - 60).step_by(9_973)).chain(bytes.len() - 60..bytes.len());
        for place in places() {
            assert!(read(&bytes[..place]).is_err(), "cut off at {place}");
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            assert!(read(&changed).is_err(), "changed at {place}");
        }
        assert!(matches!(read(&[&bytes[..], b"x"].concat()), Err(ArchiveError::GoesOn)));
    }
}

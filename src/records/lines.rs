//! A file of lines that only grows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::RecordsError;
use crate::files::{hand_over, make_private_directory, private, sync_directory_of};

/// A file of lines. Opened anew for each use, so that whoever else writes it is seen.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    path: PathBuf,
}

/// The file, for as long as nobody else may write it.
pub(super) struct Locked {
    file: File,
    path: PathBuf,
}

impl Lines {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Everything from that byte on, up to the last whole line; nothing where there is no file. So many lines are before it.
    pub(super) fn read_from(&self, offset: u64, lines_before: u64) -> Result<String, RecordsError> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            opened => opened.map_err(self.failed("open"))?,
        };
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(offset)).map_err(self.failed("read"))?;
        file.read_to_end(&mut bytes).map_err(self.failed("read"))?;
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1));
        String::from_utf8(bytes).map_err(|error| {
            let whole = error.utf8_error().valid_up_to();
            self.damaged(lines_before + ends_in(&error.as_bytes()[..whole]) + 1, "is not UTF-8")
        })
    }

    /// All whole lines from the first on, one by one, each with its number; none where there is no file. What was damaged
    /// may have no ends of lines: so much of it is taken for a line, and no more.
    pub(super) fn each(&self) -> Result<impl Iterator<Item = Result<(u64, String), RecordsError>>, RecordsError> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            opened => Some(BufReader::new(opened.map_err(self.failed("open"))?)),
        };
        let mut number = 0;
        Ok(std::iter::from_fn(move || {
            number += 1;
            let line = self.next_line(file.as_mut()?, number).transpose()?;
            if line.is_err() {
                file = None;
            }
            Some(line.map(|line| (number, line)))
        }))
    }

    /// The next line, which has that number; `None` where none is whole any more.
    fn next_line(&self, file: &mut BufReader<File>, number: u64) -> Result<Option<String>, RecordsError> {
        let mut bytes = Vec::new();
        file.take(LINE_MAX_BYTES).read_until(b'\n', &mut bytes).map_err(self.failed("read"))?;
        if bytes.pop_if(|last| *last == b'\n').is_none() {
            let is_cut = (bytes.len() as u64) < LINE_MAX_BYTES;
            return if is_cut { Ok(None) } else { Err(self.damaged(number, "is longer than any that is written")) };
        }
        String::from_utf8(bytes).map(Some).map_err(|_| self.damaged(number, "is not UTF-8"))
    }

    /// The number of the line that begins at that byte, for whoever is told what is wrong with it.
    pub(super) fn number_of(&self, place: u64) -> u64 {
        let count = || -> io::Result<u64> {
            let mut before = BufReader::new(File::open(&self.path)?.take(place));
            let mut count = 0;
            loop {
                let some = before.fill_buf()?;
                if some.is_empty() {
                    return Ok(count);
                }
                count += ends_in(some);
                let length = some.len();
                before.consume(length);
            }
        };
        count().map_or(0, |count| count + 1)
    }

    /// How long it is; 0 where there is none.
    pub(super) fn len(&self) -> Result<u64, RecordsError> {
        match std::fs::metadata(&self.path) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(self.failed("look at")(error)),
        }
    }

    /// Bytes that this user may still write on its file system; `None` where that can't be asked.
    pub(super) fn free_bytes(&self) -> Option<u64> {
        let about = rustix::fs::statvfs(self.path.parent()?).ok()?;
        Some(about.f_bavail.saturating_mul(about.f_frsize))
    }

    /// Keeps everybody else from writing. A line without an end, which nobody was answered for, is cut.
    pub(super) fn lock(&self) -> Result<Locked, RecordsError> {
        if let Some(directory) = self.path.parent()
            && !directory.as_os_str().is_empty()
        {
            make_private_directory(directory).map_err(self.failed("make the directory of"))?;
        }
        let is_new = !self.path.exists();
        let file = private().read(true).append(true).create(true).open(&self.path).map_err(self.failed("open"))?;
        if let Some(directory) = self.path.parent().filter(|_| is_new) {
            let owner = std::fs::metadata(if directory.as_os_str().is_empty() { Path::new(".") } else { directory });
            owner.and_then(|owner| hand_over(&file, &owner)).map_err(self.failed("give to the daemon"))?;
        }
        file.lock().map_err(self.failed("lock"))?;
        let locked = Locked { file, path: self.path.clone() };
        locked.cut_torn_line()?;
        Ok(locked)
    }

    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> RecordsError {
        let path = self.path.clone();
        move |source| RecordsError::Io { what, path: path.clone(), source }
    }

    pub(super) fn damaged(&self, line: u64, why: impl Into<String>) -> RecordsError {
        RecordsError::Damaged { path: self.path.clone(), line, why: why.into() }
    }
}

/// No line is so long by far: an entry of the audit log has three values of 64 KiB at most, and a token's is shorter.
const LINE_MAX_BYTES: u64 = 16 << 20;

/// How much is read at a time where a file is read from its end.
const STEP: u64 = 64 * 1024;

impl Lines {
    /// The lines before that byte (`None`: all), the last first, each with where it begins. At most so many bytes are looked
    /// at, so that a long file holds nobody up, and as many more as it takes to find one line.
    pub(super) fn read_back(&self, before: Option<u64>, bytes_max: u64) -> Result<Vec<(u64, String)>, RecordsError> {
        let length = self.len()?;
        let end = before.unwrap_or(length).min(length);
        if end == 0 {
            return Ok(Vec::new());
        }
        let mut file = File::open(&self.path).map_err(self.failed("open"))?;
        let mut start = end;
        let mut bytes: Vec<u8> = Vec::new();
        while start > 0 && (end - start < bytes_max || !has_whole_line(&bytes)) {
            let step = STEP.min(start);
            start -= step;
            let mut chunk = vec![0; usize::try_from(step).expect("it is small")];
            file.seek(SeekFrom::Start(start)).map_err(self.failed("read"))?;
            file.read_exact(&mut chunk).map_err(self.failed("read"))?;
            chunk.extend_from_slice(&bytes);
            bytes = chunk;
        }
        Ok(whole_lines(&bytes, start))
    }
}

fn ends_in(bytes: &[u8]) -> u64 {
    bytes.split(|byte| *byte == b'\n').count() as u64 - 1
}

/// Whether one of these lines is whole for certain: it stands between the ends of two.
fn has_whole_line(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    end.is_some_and(|end| bytes[..end].contains(&b'\n'))
}

/// Of bytes that begin there, the whole lines, the last first. What stands before the first end of a line may be the rest
/// of a longer one, unless the file begins there.
fn whole_lines(bytes: &[u8], start: u64) -> Vec<(u64, String)> {
    let mut lines = Vec::new();
    let mut end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    while end > 0 {
        let begin = bytes[..end].iter().rposition(|byte| *byte == b'\n').map(|previous| previous + 1);
        let Some(begin) = begin.or((start == 0).then_some(0)) else { break };
        lines.push((start + begin as u64, String::from_utf8_lossy(&bytes[begin..end]).into_owned()));
        end = begin.saturating_sub(1);
    }
    lines
}

impl Locked {
    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> RecordsError {
        let path = self.path.clone();
        move |source| RecordsError::Io { what, path: path.clone(), source }
    }

    pub(super) fn len(&self) -> Result<u64, RecordsError> {
        Ok(self.file.metadata().map_err(self.failed("look at"))?.len())
    }

    fn cut_torn_line(&self) -> Result<(), RecordsError> {
        let length = self.len()?;
        let mut file = &self.file;
        let mut end = length;
        // Nearly always the first byte that is looked at is the end of a line.
        while end > 0 {
            let mut byte = [0];
            file.seek(SeekFrom::Start(end - 1)).map_err(self.failed("read"))?;
            file.read_exact(&mut byte).map_err(self.failed("read"))?;
            if byte == *b"\n" {
                break;
            }
            end -= 1;
        }
        if end < length { self.file.set_len(end).map_err(self.failed("cut a torn line of")) } else { Ok(()) }
    }

    /// Adds lines, each without its end, and makes them durable.
    pub(super) fn append(&mut self, lines: &[String]) -> Result<(), RecordsError> {
        let mut text = lines.join("\n");
        text.push('\n');
        self.file.write_all(text.as_bytes()).map_err(self.failed("write"))?;
        self.file.sync_all().map_err(self.failed("sync"))?;
        // The file itself may be new.
        sync_directory_of(&self.path).map_err(self.failed("sync the directory of"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;

    use super::*;

    #[test]
    fn a_line_without_an_end_is_not_read_and_is_cut_before_the_next() {
        let directory = tempfile::tempdir().expect("a directory");
        let lines = Lines::new(directory.path().join("below/lines"));
        assert_eq!(lines.read_from(0, 0).expect("nothing"), "");
        lines.lock().expect("made").append(&["one".to_owned(), "two".to_owned()]).expect("written");
        std::fs::write(&lines.path, "one\ntwo\nthr").expect("torn");
        assert_eq!(lines.read_from(0, 0).expect("read"), "one\ntwo\n");
        assert_eq!(lines.read_from(4, 1).expect("read"), "two\n");
        let mut locked = lines.lock().expect("ours");
        assert_eq!(locked.len().expect("looked at"), 8);
        locked.append(&["three".to_owned()]).expect("written");
        assert_eq!(lines.read_from(0, 0).expect("read"), "one\ntwo\nthree\n");
    }

    #[test]
    fn a_line_that_is_not_utf_8_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let lines = Lines::new(directory.path().join("lines"));
        std::fs::write(&lines.path, b"one\ntwo\nthr\xffee\n").expect("written");
        for (offset, lines_before) in [(0, 0), (4, 1), (8, 2)] {
            let error = lines.read_from(offset, lines_before).expect_err("it is not UTF-8").to_string();
            assert!(error.contains("line 3 is not UTF-8"), "{error}");
        }
        assert_eq!(lines.number_of(8), 3);
    }

    #[test]
    fn a_line_that_is_longer_than_what_is_looked_at_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let lines = Lines::new(directory.path().join("lines"));
        let all = ["short".to_owned(), "x".repeat(3 * usize::try_from(STEP).expect("it is small"))];
        lines.lock().expect("made").append(&all).expect("written");
        for torn in ["", "what nobody was answered for"] {
            let mut file = OpenOptions::new().append(true).open(&lines.path).expect("opened");
            file.write_all(torn.as_bytes()).expect("written");
            let found = lines.read_back(None, 1).expect("read");
            assert_eq!(found[0], (6, all[1].clone()));
            assert_eq!(lines.read_back(Some(6), 1).expect("read"), [(0, all[0].clone())]);
        }
    }

    #[test]
    fn a_file_is_read_from_its_end_a_piece_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let lines = Lines::new(directory.path().join("lines"));
        let long = "x".repeat(50_000);
        let all: Vec<_> = (0..10).map(|number| format!("{number}{long}")).collect();
        lines.lock().expect("made").append(&all).expect("written");
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let piece = lines.read_back(before, 100_000).expect("read");
            let Some((first, _)) = piece.last() else { break };
            before = Some(*first);
            assert!(piece.len() < 5, "a piece is not all of it");
            seen.extend(piece.into_iter().map(|(_, line)| line));
        }
        seen.reverse();
        assert_eq!(seen, all);
    }
}

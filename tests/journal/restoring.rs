//! A journal made of a copy: whole, or not there; and nobody's files are touched.

use std::fs;
use std::path::Path;

use rolecall::backup::{RestoreError, Sources, restore};
use rolecall::chronicle::Chronicle;
use rolecall::journal::{JournalError, inspect, open};
use rolecall::routing::Timestamp;

use crate::support::{Writer, opened, options, take_snapshot};

const NOTE: &str = "RESTORING";

/// A copy of a journal with a snapshot, with a chronicle and the files beside it.
fn copy() -> Vec<u8> {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(20);
    take_snapshot(&writer.reader, Timestamp(0)).expect("there is something to take");
    writer.append(5);
    for name in rolecall::records::FILES {
        fs::write(home.path().join(name), "{}\n").expect("written");
    }
    let chronicle = Chronicle::open(home.path(), 1).expect("it opens");
    let sources =
        Sources { journal: writer.reader.clone(), chronicle: Some(chronicle), directory: home.path().to_owned() };
    let mut bytes = Vec::new();
    sources.copy_to(&mut bytes).expect("it is copied");
    bytes
}

fn names(directory: &Path) -> Vec<String> {
    let files = fs::read_dir(directory).expect("it is there").flatten();
    let mut names: Vec<String> = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn is_refused_as_not_empty(copy: &[u8], directory: &Path) -> bool {
    let refused = restore(copy, directory, 7);
    matches!(refused, Err(RestoreError::Journal(JournalError::NotEmpty { .. })))
}

#[test]
fn a_restore_that_fails_anywhere_leaves_a_note_and_the_next_try_goes() {
    let copy = copy();
    let place = tempfile::tempdir().expect("a directory");
    let directory = place.path().join("restored");
    let places = (20..copy.len()).step_by(copy.len() / 12).chain([copy.len() - 40, copy.len() - 1]);
    for end in places {
        let cut = restore(&copy[..end], &directory, 7);
        assert!(matches!(cut, Err(RestoreError::Archive(_))), "cut off at {end}: {cut:?}");
        assert_eq!(names(&directory), [NOTE], "cut off at {end}");
        let started = open(&directory, &options());
        assert!(matches!(started, Err(JournalError::Unrestored { .. })), "{started:?}");
        assert!(matches!(inspect(&directory), Err(JournalError::Unrestored { .. })));
        assert_eq!(names(&directory), [NOTE], "whoever was refused has made nothing");
    }
    restore(&copy[..], &directory, 7).expect("it is whole");
    assert!(!names(&directory).contains(&NOTE.to_owned()), "{:?}", names(&directory));
    assert_eq!(inspect(&directory).expect("it is one").entries, 25);
    drop(opened(&directory));
    assert!(is_refused_as_not_empty(&copy, &directory), "there is a journal now");
    assert_eq!(inspect(&directory).expect("it is one").entries, 25);
}

#[test]
fn what_a_restore_that_was_killed_has_left_is_removed_by_the_next() {
    let copy = copy();
    let place = tempfile::tempdir().expect("a directory");
    let left =
        [NOTE, "LOCK", "FORMAT", "MARK", "journal.redb.new", "snapshot-21.snap", "snapshot.new", Chronicle::FILE];
    for name in left.into_iter().chain(rolecall::records::FILES) {
        fs::write(place.path().join(name), if name == "FORMAT" { "rolecall-journal 2\n" } else { "half" })
            .expect("written");
    }
    restore(&copy[..], place.path(), 7).expect("it is whole");
    assert_eq!(inspect(place.path()).expect("it is one").entries, 25);
    assert!(!place.path().join("snapshot.new").exists());
}

#[test]
fn a_directory_in_which_anything_else_is_stays_as_it_is() {
    let copy = copy();
    for (what, others) in [
        ("somebody's file", vec!["letters.txt"]),
        ("a journal without its note", vec!["LOCK", "FORMAT", "journal.redb"]),
        ("what a restore left, and somebody's file", vec![NOTE, "LOCK", "journal.redb.new", "letters.txt"]),
    ] {
        let place = tempfile::tempdir().expect("a directory");
        for name in &others {
            fs::write(place.path().join(name), "theirs").expect("written");
        }
        let before = names(place.path());
        assert!(is_refused_as_not_empty(&copy, place.path()), "{what}");
        assert_eq!(names(place.path()), before, "{what}");
        for name in others {
            assert_eq!(fs::read(place.path().join(name)).expect("it is there"), b"theirs", "{what}: {name}");
        }
    }
}

#[test]
fn what_comes_into_the_directory_meanwhile_stays_when_the_restore_fails() {
    /// A copy that is cut off, and somebody who puts a file beside what is made of it.
    struct Meddled<'a>(&'a [u8], &'a Path);
    impl std::io::Read for Meddled<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                fs::write(self.1.join("letters.txt"), "theirs")?;
            }
            self.0.read(into)
        }
    }
    let copy = copy();
    let place = tempfile::tempdir().expect("a directory");
    restore(Meddled(&copy[..copy.len() - 1], place.path()), place.path(), 7).expect_err("it is cut off");
    assert_eq!(names(place.path()), [NOTE, "letters.txt"]);
}

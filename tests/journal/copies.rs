//! Copies: what can be restored of them, whatever is wrong with the original.

use std::fs;
use std::path::Path;

use rolecall::backup::{Sources, restore};
use rolecall::journal::verify;
use rolecall::routing::Timestamp;

use crate::support::{Writer, opened, take_snapshot};

/// Long after all that is written.
const LATER: Timestamp = Timestamp(1_000_000_000_000);

fn copy_of(writer: &Writer, home: &Path) -> Vec<u8> {
    let sources = Sources { journal: writer.reader.clone(), chronicle: None, directory: home.to_owned() };
    let mut copy = Vec::new();
    sources.copy_to(&mut copy).expect("the copy is made");
    copy
}

#[test]
fn a_copy_has_the_newest_snapshot_that_is_as_it_was_written() {
    let home = tempfile::tempdir().expect("a directory");
    let mut writer = Writer::new(opened(home.path()));
    writer.append(50);
    take_snapshot(&writer.reader, LATER).expect("there is something to take");
    writer.append(50);
    let newest = take_snapshot(&writer.reader, LATER).expect("there is something to take").path;
    // What is before the first snapshot is dropped with this.
    writer.append(1);
    writer.checkpoint();
    let first = writer.reader.entries_from(1).expect("they are found").next().expect("there are some");
    assert!(first.expect("it is read").first_seq > 1, "the first entries are still there");
    let mut bytes = fs::read(&newest).expect("the snapshot is read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&newest, bytes).expect("the snapshot is written");
    // The original still recovers: from the snapshot before.
    let tickets = writer.reader.recover().expect("the journal recovers").state.tickets().len();

    let copy = copy_of(&writer, home.path());
    let elsewhere = tempfile::tempdir().expect("a directory");
    let restored = restore(copy.as_slice(), elsewhere.path(), 7).expect("the copy is restored");
    assert_eq!(restored.next_seq, writer.next_seq);
    assert_eq!(verify(elsewhere.path()).expect("the journal is read").problems, Vec::<String>::new());
    let state = opened(elsewhere.path()).reader.recover().expect("the journal recovers").state;
    assert_eq!(state.tickets().len(), tickets);
}

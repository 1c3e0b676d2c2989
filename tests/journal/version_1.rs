//! A journal that a program of version 1 wrote and was killed over, byte by byte: every later program goes on from it.
//!
//! `tests/golden/journal-of-version-1.runs` has its database without the zeros: the length as a `u64`, then for each run
//! of bytes its place and its length as `u32`, and the bytes; numbers are little-endian.

use std::fs;
use std::path::{Path, PathBuf};

use rolecall::journal::{Batch, Journal, SCHEMA_VERSION, inspect, open, verify};
use rolecall::routing::State;
use rolecall::routing::ticket::{Phase, Ticket};

use crate::support::{agent_entry, entries, opened, options};

/// As the kill left them beside the database: seven batches were durable.
const MARK: [u8; 12] = [7, 0, 0, 0, 0, 0, 0, 0, 0x70, 0xd6, 0xe7, 0x6f];
const ENTRIES: usize = 17;
const EVENTS: u64 = 35;

/// Where everything was when it was killed.
const STANDING: [&str; 8] = [
    "C-1 offered to ben",
    "C-2 waiting",
    "T-2 paused by anna",
    "T-3 waiting",
    "T-4 waiting",
    "T-5 assigned to anna",
    "T-6 assigned to anna",
    "T-7 unroutable",
];

fn database() -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "journal-of-version-1.runs"].iter().collect();
    let file = fs::read(path).expect("it is in the repository");
    let (length, mut runs) = file.split_first_chunk::<8>().expect("a length");
    let mut bytes = vec![0; usize::try_from(u64::from_le_bytes(*length)).expect("a small file")];
    while let Some((head, rest)) = runs.split_first_chunk::<8>() {
        let number = |at: usize| u32::from_le_bytes(head[at..at + 4].try_into().expect("four bytes"));
        let (place, length) = (number(0) as usize, number(4) as usize);
        bytes[place..place + length].copy_from_slice(&rest[..length]);
        runs = &rest[length..];
    }
    bytes
}

fn put_down(home: &Path) {
    fs::write(home.join("journal.redb"), database()).expect("written");
    fs::write(home.join("FORMAT"), "rolecall-journal 1\n").expect("written");
    fs::write(home.join("MARK"), MARK).expect("written");
}

fn standing(ticket: &Ticket) -> String {
    let where_it_is = match &ticket.phase {
        Phase::Waiting => "waiting".to_owned(),
        Phase::Unroutable(_) => "unroutable".to_owned(),
        Phase::Offered(offers) => {
            format!("offered to {}", offers.iter().map(|offer| offer.agent.as_str()).collect::<Vec<_>>().join(", "))
        }
        Phase::Assigned(ownership) => format!("assigned to {}", ownership.agent),
        Phase::Paused(ownership) => format!("paused by {}", ownership.agent),
        other => format!("{other:?}"),
    };
    format!("{} {where_it_is}", ticket.id)
}

fn standings(state: &State) -> Vec<String> {
    let mut all: Vec<_> = state.tickets().map(standing).collect();
    all.sort();
    all
}

#[test]
fn a_journal_that_version_1_was_killed_over_goes_on_where_it_was() {
    let home = tempfile::tempdir().expect("a directory");
    put_down(home.path());
    let before = verify(home.path()).expect("it is read");
    assert!(before.is_whole(), "{before:?}");
    assert_eq!(inspect(home.path()).expect("it is looked into").version, Some(1));
    assert_eq!(fs::read(home.path().join("journal.redb")).expect("read"), database(), "looking changes nothing");

    let mut first = opened(home.path());
    assert_eq!(entries(&first.reader).len(), ENTRIES);
    let recovered = first.reader.recover().expect("it recovers");
    assert_eq!(standings(&recovered.state), STANDING);
    assert_eq!(recovered.state.next_seq(), EVENTS + 1);
    assert_eq!((recovered.outbox_next, recovered.published_through), (23, 22), "all had been said");
    // It is of this version from then on: what is appended is in the log, which version 1 would not read.
    let format = fs::read_to_string(home.path().join("FORMAT")).expect("read");
    assert_eq!(format, format!("rolecall-journal {SCHEMA_VERSION}\n"));
    let batch = Batch { entries: vec![agent_entry(EVENTS + 1)], ..Batch::default() };
    first.journal.append(&batch).expect("it is appended");
    drop(first);
    let second = open(home.path(), &options()).expect("it opens again");
    assert_eq!(entries(&second.reader).len(), ENTRIES + 1);
    let again = second.reader.recover().expect("it recovers");
    assert_eq!(standings(&again.state), STANDING);
}

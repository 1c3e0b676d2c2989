//! A real `kill -9` at every named point of the pipeline, under load, with books kept from outside.
//!
//! Every round visits all points once, in another order each time, on one journal and one broker.
//! `ROLECALL_KILL_ROUNDS=50 make kill-campaign` makes it as long as it is meant to be.

use std::path::Path;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rolecall::journal::{JournalOptions, open_to_look, verify};
use rolecall::kill_point::{KillPoint, VARIABLE};
use rolecall::routing::Millis;

use crate::SOON;
use crate::crowd::{CONFIG, Crowd};
use crate::kills::{is_empty, setting};
use crate::place::{Daemon, Place};

/// Snapshots are to be met as well, and old entries dropped.
const OFTEN: &str = "[journal]\nsnapshot_every = 1000\nretention = \"5s\"\n";
const RETENTION: Millis = Millis::from_secs(5);
/// How long the last daemon works, whom nobody kills: entries are older than the retention then, however short the rounds
/// were, and dropped.
const LAST_LIFE: Duration = Duration::from_secs(2 * 5);
/// What a daemon has for coming to a point at which it is to die.
const REACHED_MAX: Duration = Duration::from_mins(3);
/// Few enough that a state is recovered at once.
const UNDONE_MAX: usize = 500;

/// At which passing of a point to die: somewhere in the flow of what passes often, and at the first of what passes once.
fn passing(point: KillPoint, random: &mut StdRng) -> u32 {
    match point {
        KillPoint::Opened
        | KillPoint::Recovered
        | KillPoint::Declared
        | KillPoint::Connected
        | KillPoint::CatalogueInForce
        | KillPoint::SnapshotBegun
        | KillPoint::SnapshotWritten
        | KillPoint::SnapshotNamed
        | KillPoint::SnapshotDone
        | KillPoint::DrainBegun
        | KillPoint::DrainStopped
        | KillPoint::DrainDurable
        | KillPoint::DrainPublished => 1,
        // Once a second.
        KillPoint::InTransaction | KillPoint::AfterCheckpoint => random.random_range(1..4),
        KillPoint::SnapshotHalfWritten => random.random_range(1..5_000),
        KillPoint::Received | KillPoint::Decoded | KillPoint::Decided => random.random_range(1..200),
        KillPoint::Sealed
        | KillPoint::BeforeAppend
        | KillPoint::BeforeSync
        | KillPoint::AfterSync
        | KillPoint::BeforeAcknowledge
        | KillPoint::AfterAcknowledge
        | KillPoint::BeforePublish
        | KillPoint::AfterPublish
        | KillPoint::AfterConfirm
        | KillPoint::AfterCursor => random.random_range(1..20),
    }
}

fn is_of_drain(point: KillPoint) -> bool {
    point.as_str().starts_with("drain_")
}

/// Starts a daemon that dies at that point, and waits until it has.
async fn die_at(point: KillPoint, place: &Place, crowd: &mut Crowd, random: &mut StdRng) {
    let count = passing(point, random);
    let mut daemon = place.launch_with(&[(VARIABLE, &format!("{}:{count}", point.as_str()))]);
    if is_of_drain(point) {
        crowd.work_during(daemon.ready()).await;
        crowd.work_for(Duration::from_millis(random.random_range(10..200))).await;
        daemon.signal("TERM");
    }
    let reached = format!("killed at {}, passing {count}", point.as_str());
    let killed = crowd.work_during(daemon.is_killed(&reached, REACHED_MAX)).await;
    assert!(killed, "not {reached}, but ended otherwise: {}", daemon.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_at_any_named_point_loses_nothing_and_doubles_nothing() {
    let rounds = setting("ROLECALL_KILL_ROUNDS", 1);
    let rate = setting("ROLECALL_RATE", 500);
    let seed = u64::from(setting("ROLECALL_SEED", std::process::id()));
    println!("{rounds} rounds over {} points, ROLECALL_SEED={seed}", KillPoint::ALL.len());
    let mut random = StdRng::seed_from_u64(seed);
    let place = Place::new("kill-points", &format!("{OFTEN}{CONFIG}"));
    let mut crowd = Crowd::open(&place, f64::from(rate), seed).await.with_undone_max(UNDONE_MAX);
    let daemon: Daemon = place.start().await;
    crowd.begin();
    crowd.work_for(Duration::from_millis(500)).await;
    daemon.kill();
    let mut points = KillPoint::ALL.to_vec();
    for round in 1..=rounds {
        points.shuffle(&mut random);
        for point in &points {
            die_at(*point, &place, &mut crowd, &mut random).await;
        }
        println!("round {round}: {} tickets, {} faults", crowd.books.created(), crowd.books.faults.len());
        assert!(crowd.books.faults.is_empty(), "{:#?}", crowd.books.faults);
    }
    let mut daemon = place.launch();
    crowd.work_during(daemon.ready()).await;
    crowd.work_for(LAST_LIFE).await;
    let books = crowd.finish(SOON * 4).await;
    assert!(books.repeats > 0, "kills under load leave something to repeat");
    is_empty(&place, &daemon).await;
    println!("{} kills at {} points", u64::from(rounds) * points.len() as u64, points.len());
    daemon.signal("TERM");
    assert_eq!(daemon.exit_code(SOON).await, 0);
    the_past_is_there(&place.journal());
}

/// The snapshots that are left are what the entries between them add up to, and the past within the retention can be told.
fn the_past_is_there(journal: &Path) {
    let problems = verify(journal).expect("the journal is read").problems;
    assert_eq!(problems, Vec::<String>::new());
    let reader = open_to_look(journal, &JournalOptions::default()).expect("the journal is read");
    let span = reader.span().expect("its entries are read").expect("there are some");
    assert!(!span.is_whole, "the first entries were dropped");
    // The last snapshot may be some time younger than the last entry.
    reader.state_at(span.last - Millis(RETENTION.0 / 2)).expect("the past within the retention is told");
}

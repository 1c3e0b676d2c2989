//! An older program gives way to this one under load, and takes over again from what it left: `make upgrade`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::SOON;
use crate::crowd::{CONFIG, Crowd};
use crate::kills::{is_empty, setting};
use crate::place::{Daemon, Place};

/// The program that is upgraded, which `ROLECALL_BEFORE` names.
fn before() -> PathBuf {
    PathBuf::from(std::env::var("ROLECALL_BEFORE").expect("ROLECALL_BEFORE names the older program: make upgrade"))
}

/// The version of a journal.
fn version(journal: &Path) -> u32 {
    let format = std::fs::read_to_string(journal.join("FORMAT")).expect("it has a version");
    format.trim_end().rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().expect("cp is there").success());
}

/// How the older program ends.
async fn end(crowd: &mut Crowd, mut daemon: Daemon, is_killed: bool) {
    if is_killed {
        daemon.kill();
    } else {
        daemon.signal("TERM");
        let code = crowd.work_during(daemon.exit_code(SOON)).await;
        assert_eq!(code, 0, "{}", daemon.log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn this_program_goes_on_where_an_older_one_was_drained_or_killed_under_load() {
    let (older, rate) = (before(), f64::from(setting("ROLECALL_RATE", 500)));
    for is_killed in [false, true] {
        let place = Place::new("upgrade", CONFIG);
        let mut crowd = Crowd::open(&place, rate, 1).await;
        let mut daemon = place.launch_program(&older, &[]);
        daemon.ready().await;
        crowd.begin();
        crowd.work_for(Duration::from_secs(5)).await;
        let had = version(&place.journal());
        end(&mut crowd, daemon, is_killed).await;
        let mut daemon = place.launch();
        crowd.work_during(daemon.ready()).await;
        println!(
            "version {had}, {}: ready after {:?}",
            if is_killed { "killed" } else { "drained" },
            daemon.launched_at.elapsed()
        );
        crowd.work_for(Duration::from_secs(5)).await;
        let books = crowd.finish(SOON * 4).await;
        assert!(is_killed || books.repeats == 0, "what was confirmed is not sent again after a drain");
        is_empty(&place, &daemon).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_program_refuses_a_journal_of_a_later_version_and_goes_on_from_the_copy_before_it() {
    let older = before();
    let place = Place::new("downgrade", CONFIG);
    let mut crowd = Crowd::open(&place, 200.0, 1).await;
    let mut daemon = place.launch_program(&older, &[]);
    daemon.ready().await;
    crowd.begin();
    crowd.work_for(Duration::from_secs(3)).await;
    end(&mut crowd, daemon, false).await;
    let had = version(&place.journal());
    let kept = place.file("kept");
    copy(&place.journal(), &kept);
    // This program takes in what waited; what it took is what a way back loses.
    let mut daemon = place.start().await;
    daemon.signal("TERM");
    assert_eq!(daemon.exit_code(SOON).await, 0, "{}", daemon.log());
    if version(&place.journal()) > had {
        let mut refused = place.launch_program(&older, &[]);
        assert_eq!(refused.exit_code(SOON).await, 74, "{}", refused.log());
        let (found, supported) = (version(&place.journal()), had);
        let said = format!("has version {found}, and this program reads versions up to {supported}");
        assert!(refused.log().contains(&said), "{}", refused.log());
    }
    place.move_journal_in(&kept);
    let mut daemon = place.launch_program(&older, &[]);
    crowd.work_during(daemon.ready()).await;
}

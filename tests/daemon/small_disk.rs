//! A disk that fills up: a file system of a few hundred megabytes, which `make small-disk` mounts as root and names in
//! `ROLECALL_SMALL_DISK`. What a full disk does to the journal is shown by its own tests, which need no root.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::SOON;
use crate::crowd::{CONFIG, Crowd};
use crate::place::Place;
use crate::support::eventually;

const PIECE: usize = 1 << 20;

/// Writes until so many bytes are free, or nothing is.
fn fill(disk: &Path, name: &str, pieces_max: usize) -> PathBuf {
    let path = disk.join(name);
    let mut file = File::create(&path).expect("a file");
    let piece = vec![0; PIECE];
    for _ in 0..pieces_max {
        if file.write_all(&piece).is_err() {
            break;
        }
    }
    path
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_stops_the_intake_and_then_the_process_and_loses_nothing() {
    let disk = std::env::var_os("ROLECALL_SMALL_DISK").expect("make small-disk names it");
    let disk = PathBuf::from(disk);
    let journal = disk.join("journal");
    let journal = [("ROLECALL_JOURNAL_PATH", journal.to_str().expect("text"))];
    let place = Place::new("small-disk", CONFIG);
    let mut crowd = Crowd::open(&place, 300.0, 1).await.with_undone_max(2_000);
    let mut daemon = place.launch_with(&journal);
    daemon.ready().await;
    crowd.begin();
    crowd.work_for(std::time::Duration::from_secs(1)).await;

    // Below the reserve: no more is taken, and it goes on by itself.
    let reserve = fill(&disk, "some", 100);
    let full = eventually("disk_full", SOON, async || {
        daemon.get("/readyz").await.is_some_and(|(status, text)| status == 503 && text.contains("disk_full"))
    });
    crowd.work_during(full).await;
    crowd.work_for(std::time::Duration::from_secs(1)).await;
    std::fs::remove_file(reserve).expect("removed");
    crowd.work_during(daemon.ready()).await;
    crowd.work_for(std::time::Duration::from_secs(1)).await;

    // All of it at once, faster than anybody looks: the process ends, or the gate closes first.
    let all = fill(&disk, "all", 1_000);
    crowd.work_for(std::time::Duration::from_secs(3)).await;
    let ended = daemon.has_ended();
    println!("with no byte left it {}", if ended == Some(74) { "ended with 74" } else { "stopped taking" });
    assert!(matches!(ended, None | Some(74)), "{ended:?}: {}", daemon.log());
    std::fs::remove_file(all).expect("removed");
    if ended.is_some() {
        daemon = place.launch_with(&journal);
    }
    crowd.work_during(daemon.ready()).await;
    crowd.work_for(std::time::Duration::from_secs(1)).await;
    crowd.finish(SOON * 2).await;
}

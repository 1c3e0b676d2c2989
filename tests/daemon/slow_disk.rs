//! A disk that stands still: a file system of its own, which `make slow-disk` mounts as root and names in
//! `ROLECALL_SLOW_DISK`. It is frozen in the middle of the work, so that every write and every sync of the journal waits
//! until it is thawed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::SOON;
use crate::crowd::{CONFIG, Crowd};
use crate::kills::setting;
use crate::measures::resident_kb;
use crate::place::Place;

/// Thaws when dropped.
struct Frozen(PathBuf);

impl Frozen {
    fn freeze(disk: &Path) -> Self {
        let frozen = Self(disk.to_owned());
        frozen.order("--freeze");
        frozen
    }

    fn order(&self, order: &str) {
        let status = Command::new("fsfreeze").arg(order).arg(&self.0).status().expect("fsfreeze is there");
        assert!(status.success(), "fsfreeze {order}");
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.order("--unfreeze");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stands_still_for_a_while_costs_that_while_and_nothing_else() {
    let disk = std::env::var_os("ROLECALL_SLOW_DISK").expect("make slow-disk names it");
    let disk = PathBuf::from(disk);
    let longest = setting("ROLECALL_FREEZE_S", 30);
    let journal = disk.join("journal");
    let journal = [("ROLECALL_JOURNAL_PATH", journal.to_str().expect("text"))];
    let place = Place::new("slow-disk", CONFIG);
    let mut crowd = Crowd::open(&place, 300.0, 1).await.with_undone_max(5_000);
    let mut daemon = place.launch_with(&journal);
    daemon.ready().await;
    crowd.begin();
    crowd.work_for(Duration::from_secs(2)).await;
    for length_s in [5, 5, 5, longest] {
        let frozen = Frozen::freeze(&disk);
        let thaw_at = Instant::now() + Duration::from_secs(length_s.into());
        while Instant::now() < thaw_at {
            crowd.work_for(Duration::from_millis(500)).await;
            assert_eq!(crowd.work_during(daemon.status("/healthz")).await, Some(200), "it turns");
            assert_eq!(crowd.work_during(daemon.status("/readyz")).await, Some(200), "it consumes");
        }
        let heard = crowd.books.heard();
        drop(frozen);
        let thawed_at = Instant::now();
        crowd.work_for(Duration::from_secs(1)).await;
        println!(
            "frozen for {length_s} s: {} events out within {:.1?} of the thaw, {} MB resident",
            crowd.books.heard() - heard,
            thawed_at.elapsed(),
            resident_kb(daemon.pid()) / 1_024
        );
        assert!(crowd.books.heard() > heard, "it goes on");
    }
    assert_eq!(daemon.metric("rolecall_amqp_reconnects_total").await, 0, "both connections were kept");
    let sum_s = daemon.metric("rolecall_journal_sync_seconds_sum").await;
    assert!(sum_s >= u64::from(15 + longest), "the freezes were felt: {sum_s} s in syncs");
    crowd.finish(SOON * 2).await;
}

//! Hours of load in miniature: what is over is forgotten, and the memory stays where it was.

use std::time::Duration;

use crate::SOON;
use crate::crowd::{self, Crowd};
use crate::kills::setting;
use crate::measures::resident_kb;
use crate::place::Place;

/// What would be kept for a day is kept for some seconds, so that keeping and forgetting are in balance soon.
const FORGETTING: &str = r#"
[routing]
closed_retention = "10s"
[dedupe]
window = "10s"
[journal]
retention = "10s"
snapshot_every = 10000
"#;
const LOOKS: u32 = 20;
/// On a machine that is too slow for the rate, tickets do not pile up beyond this: it is not the queue that is measured.
const UNDONE_MAX: usize = 2_000;
/// The allocator and the database's cache (64 MiB) fill up in their own time.
const GROWTH_MAX_KB: u64 = 70_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_flat_under_load_that_lasts() {
    let length_s = setting("ROLECALL_SOAK_S", 60);
    let rate = setting("ROLECALL_RATE", 300);
    let place = Place::new("soak", &format!("{FORGETTING}{}", crowd::CONFIG));
    let mut crowd = Crowd::open(&place, f64::from(rate), 1).await.with_undone_max(UNDONE_MAX);
    let daemon = place.start().await;
    crowd.begin();
    let mut resident = Vec::new();
    for look in 1..=LOOKS {
        crowd.work_for(Duration::from_millis(u64::from(length_s) * 1_000 / u64::from(LOOKS))).await;
        let (memory_kb, journal) = (resident_kb(daemon.pid()), daemon.metric("rolecall_journal_bytes").await);
        println!(
            "after {} s: {} MB resident, {} MB of journal, {} events out",
            length_s * look / LOOKS,
            memory_kb / 1_024,
            journal >> 20,
            crowd.books.heard()
        );
        resident.push(memory_kb);
    }
    let half = resident.len() / 2;
    let highest = |of: &[u64]| of.iter().copied().max().unwrap_or_default();
    let (early, late) = (highest(&resident[..half]), highest(&resident[half..]));
    println!("resident: at most {} MB in the first half, {} MB in the second", early / 1_024, late / 1_024);
    assert!(late <= early + GROWTH_MAX_KB, "{resident:?} kB");
    crowd.finish(SOON * 2).await;
}

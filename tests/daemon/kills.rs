//! `kill -9` at random moments under load.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::SOON;
use crate::crowd::{CONFIG, Crowd};
use crate::place::Place;
use crate::support::eventually;
use crate::upstream::{Form, Upstream};

pub(crate) fn setting(name: &str, default: u32) -> u32 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_random_moments_under_load_lose_nothing_and_double_nothing() {
    let kills = setting("ROLECALL_KILLS", 4);
    let rate = setting("ROLECALL_RATE", 500);
    let seed = u64::from(setting("ROLECALL_SEED", std::process::id()));
    println!("{kills} kills, ROLECALL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let place = Place::new("kills", CONFIG);
    let mut crowd = Crowd::open(&place, f64::from(rate), seed).await;
    let mut daemon = place.start().await;
    crowd.begin();
    let mut kills_while_ready = 0;
    for _ in 0..kills {
        crowd.work_for(Duration::from_millis(random.random_range(300..2_000))).await;
        if crowd.work_during(daemon.status("/readyz")).await == Some(200) {
            kills_while_ready += 1;
        }
        daemon.kill();
        daemon = place.launch();
    }
    crowd.work_for(Duration::from_secs(1)).await;
    crowd.work_during(daemon.ready()).await;
    println!("{kills_while_ready} of {kills} kills met a daemon that was ready");
    let books = crowd.finish(SOON * 4).await;
    assert!(books.repeats > 0 || kills < 10, "kills under load leave something to repeat");
    is_empty(&place, &daemon).await;
}

/// Nothing is left under way.
pub(crate) async fn is_empty(place: &Place, daemon: &crate::place::Daemon) {
    eventually("an empty outbox", SOON, async || daemon.metric("rolecall_outbox_depth").await == 0).await;
    assert_eq!(daemon.metric("rolecall_queue_depth{").await, 0);
    assert_eq!(daemon.metric(r#"rolecall_slots{channel="task",state="used"}"#).await, 0);
    assert_eq!(daemon.metric(r#"rolecall_slots{channel="call",state="used"}"#).await, 0);
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    assert_eq!(upstream.ready_count(&place.object("inbox")).await, 0);
    assert_eq!(upstream.ready_count(&place.object("dead")).await, 0);
}

//! How the daemon starts, and how it says that it can't.

use std::time::{Duration, Instant};

use crate::place::Place;
use crate::stage::Stage;
use crate::support::eventually;
use crate::upstream::{Form, Upstream};

const CONFIG: &str = r#"
[[role]]
name = "billing"
"#;
/// How long a process may take to end that can't start.
const END: Duration = Duration::from_secs(15);
/// A port that nobody listens on.
const NOWHERE: &str = "amqp://guest:secret@127.0.0.1:1/%2f";

#[tokio::test]
async fn a_second_process_on_a_journal_says_so_and_leaves_the_first_alone() {
    let stage = Stage::open("second", CONFIG).await;
    let mut second = stage.place.launch();
    assert_eq!(second.exit_code(END).await, 74);
    let log = second.log();
    assert!(log.contains("journal") && log.contains("only one process may have it"), "{log}");
    assert_eq!(stage.daemon.status("/readyz").await, Some(200));
}

#[tokio::test]
async fn a_broker_that_is_not_there_ends_the_start_within_its_timeout() {
    // Time enough for a first try to fail on a machine that is busy with other tests: only then is it said that there are more.
    let config = format!("[amqp]\nconnect_timeout = \"4s\"\n{CONFIG}");
    let place = Place::on(NOWHERE, "nowhere", &config);
    let mut daemon = place.launch();
    let code = daemon.exit_code(END).await;
    let took = daemon.launched_at.elapsed();
    assert_eq!(code, 69, "{}", daemon.log());
    assert!(took > Duration::from_millis(3_500), "it tried to the last: {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    let log = daemon.log();
    assert!(log.contains("127.0.0.1:1") && !log.contains("secret"), "{log}");
    assert!(!daemon.said("no broker yet").is_empty(), "{log}");
}

#[tokio::test]
async fn a_start_that_waits_for_the_broker_is_alive_and_not_ready_and_ends_when_told_to() {
    for signal in ["TERM", "INT"] {
        let place = Place::on(NOWHERE, "waits", CONFIG);
        let mut daemon = place.launch();
        eventually("alive", END, async || daemon.status("/healthz").await == Some(200)).await;
        let (status, reason) = daemon.get("/readyz").await.expect("it listens");
        assert_eq!(status, 503);
        assert!(reason.contains("broker") || reason.contains("journal"), "{reason}");
        daemon.signal(signal);
        let told_at = Instant::now();
        assert_eq!(daemon.exit_code(END).await, 0, "{}", daemon.log());
        assert!(told_at.elapsed() < Duration::from_secs(5), "{:?}", told_at.elapsed());
    }
}

#[tokio::test]
async fn a_broken_configuration_ends_the_start_and_names_the_line() {
    let place = Place::new("broken", "[[role]]\nname = \"billing\"\nstrategy = \"fastest\"\n");
    let mut daemon = place.launch();
    assert_eq!(daemon.exit_code(END).await, 78);
    let log = daemon.log();
    assert!(log.contains("rolecall.toml:3:12") && log.contains("longest_idle"), "{log}");
}

#[tokio::test]
async fn an_inbox_of_another_kind_ends_the_start_with_a_clear_line() {
    let place = Place::new("mismatch", CONFIG);
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    upstream.declare_queue(&place.object("inbox")).await;
    let mut daemon = place.launch();
    assert_eq!(daemon.exit_code(END).await, 78, "{}", daemon.log());
    let log = daemon.log();
    assert!(log.contains(&format!("queue {}", place.object("inbox"))), "{log}");
    assert!(log.contains("x-queue-type") && log.contains("amqp.queue_type"), "{log}");
}

#[tokio::test]
async fn without_leave_to_declare_what_is_missing_ends_the_start_with_its_name() {
    let place = Place::new("check", &format!("[amqp]\ndeclare = false\n{CONFIG}"));
    let mut daemon = place.launch();
    assert_eq!(daemon.exit_code(END).await, 78, "{}", daemon.log());
    let log = daemon.log();
    assert!(log.contains(&place.prefix) && log.contains("amqp.declare"), "{log}");

    // Once another has made them, it works.
    place.configure(CONFIG);
    drop(place.start().await);
    place.configure(&format!("[amqp]\ndeclare = false\n{CONFIG}"));
    place.start().await;
}

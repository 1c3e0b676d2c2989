//! A message over which every process dies: it is found, given up and told of, and its neighbours get through.

use std::time::{Duration, Instant};

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use rolecall::kill_point::VARIABLE_OVER;
use serde_json::json;

use crate::SOON;
use crate::place::Daemon;
use crate::stage::Stage;
use crate::support::eventually;

const CONFIG: &str = r#"
[channel.task]
limit = 1000
[[role]]
name = "billing"
"#;
const MARK: &str = "poisoned";
/// Three in a row until care is taken, and five over the message alone.
const DEATHS_MIN: usize = 8;
/// Before those, some may get neighbours through before they come to the message: they do not count.
const DEATHS_MAX: usize = DEATHS_MIN + 20;
const NEIGHBOURS: u32 = 40;
/// What a process has for coming to its death: the longest wait before it, and its start.
const DEATH_MAX: Duration = Duration::from_mins(1);

async fn say_good_ones(stage: &Stage, numbers: std::ops::Range<u32>) {
    for number in numbers {
        stage.say("ticket.created", json!({ "ticket_id": format!("T-{number}"), "role": "billing" })).await;
    }
}

/// The daemon is killed, or says that it is at full speed again.
async fn dies(daemon: &mut Daemon, waited: &mut u32) -> bool {
    let started_at = Instant::now();
    loop {
        if daemon.is_dead() {
            return true;
        }
        if !daemon.said("full speed").is_empty() {
            return false;
        }
        if let Some((503, reason)) = daemon.get("/readyz").await
            && reason.contains("crash_loop")
        {
            *waited += 1;
        }
        assert!(started_at.elapsed() < DEATH_MAX, "neither dead nor well: {}", daemon.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_over_which_every_process_dies_is_given_up_and_its_neighbours_get_through() {
    let mut stage = Stage::open("crash-loop", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    stage.daemon.signal("TERM");
    assert_eq!(stage.daemon.exit_code(SOON).await, 0);
    say_good_ones(&stage, 0..NEIGHBOURS).await;
    let body = json!({ "ticket_id": MARK, "role": "billing" }).to_string().into_bytes();
    let mut headers = FieldTable::default();
    headers.insert("tenant".into(), AMQPValue::LongString("nörth".into()));
    let properties = BasicProperties::default().with_message_id("the-one".into()).with_headers(headers);
    stage.upstream.publish(&stage.place.object("events"), "ticket.created", properties, &body).await;
    say_good_ones(&stage, NEIGHBOURS..2 * NEIGHBOURS).await;

    let (mut deaths, mut waited) = (0, 0);
    let daemon = loop {
        let mut daemon = stage.place.launch_with(&[(VARIABLE_OVER, MARK)]);
        if !dies(&mut daemon, &mut waited).await {
            break daemon;
        }
        deaths += 1;
        assert!(deaths <= DEATHS_MAX, "{}", daemon.log());
    };
    assert!(deaths >= DEATHS_MIN, "{deaths}: {}", daemon.log());
    assert!(waited > 0, "it says why it is not ready");
    println!("{deaths} deaths");
    for number in 0..2 * NEIGHBOURS {
        stage.hear("assignment.assigned", &format!("T-{number}")).await;
    }

    let dead = stage.place.object("dead");
    let letter = stage.upstream.get(&dead).await.expect("it is told of before the daemon is at full speed again");
    assert_eq!(letter.data, body);
    assert_eq!(letter.properties.message_id().as_ref().map(ShortString::as_str), Some("the-one"));
    let headers = letter.properties.headers().clone().expect("headers").inner().clone();
    let text = |name: &str| match headers.get(name) {
        Some(AMQPValue::LongString(text)) => text.to_string(),
        other => panic!("{name} is {other:?}"),
    };
    assert_eq!((text("tenant").as_str(), text("x-rolecall-error").as_str()), ("nörth", "given_up"));
    assert!(text("x-rolecall-detail").starts_with("5 processes died"), "{}", text("x-rolecall-detail"));
    assert_eq!(stage.upstream.ready_count(&dead).await, 0, "nothing else is there");

    eventually("at full speed", SOON, async || {
        !daemon.said("consuming with another prefetch").is_empty() && daemon.status("/readyz").await == Some(200)
    })
    .await;
    assert_eq!(daemon.metric("rolecall_careful").await, 0);
    stage.say("ticket.created", json!({ "ticket_id": "after", "role": "billing" })).await;
    stage.hear("assignment.assigned", "after").await;
    // What is known of deaths is forgotten: a kill now is one like any other.
    assert_eq!(stage.place.journal_file("DEATHS"), None);
}

//! More than anybody asked for: a backlog at the start, everybody at once, one who never stops, and what is too large.
//!
//! `make overload` makes it as large as it is meant to be; without its variables it is small.

use std::time::{Duration, Instant};

use lapin::BasicProperties;
use serde_json::json;

use crate::SOON;
use crate::books::Deed;
use crate::kills::setting;
use crate::measures::resident_kb;
use crate::place::{Daemon, Place};
use crate::post::Post;
use crate::stage::Stage;
use crate::support::eventually;
use crate::upstream::{Form, Upstream};

const CONFIG: &str = r#"
[channel.task]
limit = 1000
[[role]]
name = "billing"
[[role]]
name = "technical"
"#;
/// Beyond what a broker takes in one window, the one who publishes waits.
const OPEN_MAX: usize = 5_000;
/// What a large form may take.
const LONG: Duration = Duration::from_mins(20);
/// A neighbour's ticket may take so long to be assigned, on a machine that many share.
const DELAY_MAX: Duration = Duration::from_secs(5);

/// Publishes and does not fall behind the broker.
async fn publish(post: &Post, deed: Deed) {
    while post.open_count() >= OPEN_MAX {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    post.send(deed);
}

async fn published(post: &Post) {
    eventually("all is published", LONG, async || post.open_count() == 0).await;
}

fn created(number: u32) -> Deed {
    let ticket = format!("b{number}");
    let data = json!({ "ticket_id": ticket, "role": "billing", "subject": "My invoice names the wrong company" });
    Deed { id: format!("created/{ticket}"), kind: "ticket.created", data }
}

fn tell(what: &str, count: u32, took: Duration, daemon: &Daemon) {
    let rate = f64::from(count) / took.as_secs_f64();
    println!("{what}: {count} in {took:.1?} ({rate:.0}/s), {} MB resident", resident_kb(daemon.pid()) / 1_024);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backlog_that_waits_at_the_start_is_taken_in_with_bounded_memory() {
    let tickets = setting("ROLECALL_BACKLOG", 3_000);
    let place = Place::new("backlog", CONFIG);
    let mut first = place.start().await;
    first.signal("TERM");
    assert_eq!(first.exit_code(SOON).await, 0);
    let post = Post::start(&place.uri, &place.prefix);
    // Who could take them is not there: they wait.
    let registered = json!({ "agent_id": "away", "roles": ["billing"] });
    publish(&post, Deed { id: "registered/away".to_owned(), kind: "agent.registered", data: registered }).await;
    for number in 0..tickets {
        publish(&post, created(number)).await;
    }
    published(&post).await;
    let daemon = place.start().await;
    let started_at = Instant::now();
    let waiting = r#"rolecall_queue_depth{role="billing"}"#;
    eventually("all wait", LONG, async || daemon.metric(waiting).await == u64::from(tickets)).await;
    tell("backlog", tickets, started_at.elapsed(), &daemon);
    eventually("all are told", LONG, async || daemon.metric("rolecall_outbox_depth").await == 0).await;
    // Per ticket what docs/reliability.md says, and what an empty daemon and its windows take.
    assert!(resident_kb(daemon.pid()) < 400_000 + 4 * u64::from(tickets), "{} kB", resident_kb(daemon.pid()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inbox_full_of_huge_messages_is_taken_in_with_bounded_memory() {
    let huge = setting("ROLECALL_HUGE", 24);
    let place = Place::new("huge", CONFIG);
    let mut first = place.start().await;
    first.signal("TERM");
    assert_eq!(first.exit_code(SOON).await, 0);
    let upstream = Upstream::new(&place.uri, &place.prefix, Form::Plain).await;
    let body = vec![b' '; 16 << 20];
    for _ in 0..huge {
        let properties = BasicProperties::default().with_type("ticket.created".into()).with_delivery_mode(2);
        upstream.publish(&place.object("events"), "ticket.created", properties, &body).await;
    }
    let daemon = place.start().await;
    let started_at = Instant::now();
    let (dead, mut most) = (place.object("dead"), 0);
    eventually("dead letters", LONG, async || {
        most = most.max(resident_kb(daemon.pid()));
        upstream.ready_count(&dead).await == huge
    })
    .await;
    let took = started_at.elapsed();
    println!("huge: {huge} of 16 MiB in {took:.1?}, {} MB resident at most", most / 1_024);
    assert_eq!(upstream.ready_count(&place.object("inbox")).await, 0);
    // What may be held, the body that is coming, the one that is sent with its copies, and the daemon itself.
    assert!(most < 700_000, "{most} kB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_who_all_come_at_once_are_all_there() {
    let agents = setting("ROLECALL_AGENTS", 1_000);
    let place = Place::new("all-at-once", CONFIG);
    let mut first = place.start().await;
    first.signal("TERM");
    assert_eq!(first.exit_code(SOON).await, 0);
    // Said while nobody listens, and heard at once: no publisher keeps it waiting.
    let post = Post::start(&place.uri, &place.prefix);
    for number in 0..agents {
        let agent = format!("a{number}");
        let role = if number % 2 == 0 { "billing" } else { "technical" };
        let registered = json!({ "agent_id": agent, "roles": [role] });
        publish(&post, Deed { id: format!("registered/{agent}"), kind: "agent.registered", data: registered }).await;
        let online = json!({ "agent_id": agent, "status": "online" });
        publish(&post, Deed { id: format!("online/{agent}"), kind: "agent.presence", data: online }).await;
    }
    published(&post).await;
    let daemon = place.start().await;
    let started_at = Instant::now();
    let online =
        async |role: &str| daemon.metric(&format!("rolecall_agents{{role=\"{role}\",status=\"online\"}}")).await;
    eventually("all are online", LONG, async || {
        online("billing").await + online("technical").await == u64::from(agents)
    })
    .await;
    tell("all at once", 2 * agents, started_at.elapsed(), &daemon);
    eventually("all are told", LONG, async || daemon.metric("rolecall_outbox_depth").await == 0).await;
    tell("all at once and told", 2 * agents, started_at.elapsed(), &daemon);
}

/// Says so many tickets one after the other, and how long the slowest took from being said to being heard of.
async fn slowest(stage: &mut Stage, from: u32, count: u32) -> Duration {
    let mut slowest = Duration::ZERO;
    for number in from..from + count {
        let ticket = format!("n{number}");
        let said_at = Instant::now();
        stage.say("ticket.created", json!({ "ticket_id": ticket, "role": "billing" })).await;
        stage.hear("assignment.assigned", &ticket).await;
        slowest = slowest.max(said_at.elapsed());
    }
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_flaps_and_messages_that_are_too_large_do_not_delay_good_neighbours() {
    const NEIGHBOURS: u32 = 20;
    let flaps = setting("ROLECALL_FLAPS", 2_000);
    let large = setting("ROLECALL_LARGE", 3);
    let mut stage = Stage::open("flaps", CONFIG).await;
    stage.agent("neighbour", &["billing"]).await;
    stage.agent("flapper", &["technical"]).await;
    let before = slowest(&mut stage, 0, NEIGHBOURS).await;

    let post = Post::start(&stage.place.uri, &stage.place.prefix);
    let flapping = tokio::spawn(async move {
        let started_at = Instant::now();
        for number in 0..flaps {
            let status = if number % 2 == 0 { "away" } else { "online" };
            let data = json!({ "agent_id": "flapper", "status": status });
            publish(&post, Deed { id: format!("flap/{number}"), kind: "agent.presence", data }).await;
            // A thousand a second, as far as the clock is fine enough.
            if number % 10 == 9 {
                tokio::time::sleep_until((started_at + Duration::from_millis(u64::from(number + 1))).into()).await;
            }
        }
        while post.open_count() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        started_at.elapsed()
    });
    let body = vec![b' '; 16 << 20];
    let mut beside = Duration::ZERO;
    for number in 0..large {
        let properties = BasicProperties::default().with_type("ticket.created".into()).with_delivery_mode(2);
        stage.upstream.publish(&stage.place.object("events"), "ticket.created", properties, &body).await;
        beside = beside.max(slowest(&mut stage, (number + 1) * NEIGHBOURS, NEIGHBOURS).await);
    }
    let took = flapping.await.expect("it flaps to the end");
    tell("flapping", flaps, took, &stage.daemon);
    println!("neighbours: at worst {before:.1?} alone, {beside:.1?} beside one who flaps and {large} of 16 MiB");
    assert!(beside < DELAY_MAX, "{beside:?}");
    let dead = stage.place.object("dead");
    eventually("dead letters", SOON, async || stage.upstream.ready_count(&dead).await == large).await;
}

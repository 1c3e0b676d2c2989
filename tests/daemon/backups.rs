//! A copy of all that is kept, made under load, and a daemon that goes on from it.

use std::path::Path;
use std::process::{Command, Output};

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::SOON;
use crate::place::OWNER_TOKEN;
use crate::stage::Stage;
use crate::support::eventually;

const CONFIG: &str = r#"
[journal]
snapshot_every = 1000
[channel.task]
limit = 1
[[role]]
name = "billing"
[[role]]
name = "backlog"
"#;

/// Tickets before the copy, whose events are more than one snapshot's worth, and while it is made. One page lists them all.
const BEFORE: u64 = 600;
const DURING: u64 = 390;
/// So many are under way to the broker at a time.
const AT_ONCE: usize = 30;

/// `rolecall` with these arguments, and nothing of the caller's environment that could change it.
fn rolecall(stage: &Stage, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rolecall"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ROLECALL_")) {
        command.env_remove(name);
    }
    let address = stage.daemon.address().expect("it listens").to_string();
    command.args(arguments).env("ROLECALL_OWNER_TOKEN", OWNER_TOKEN).env("ROLECALL_HTTP_LISTEN", address);
    command.env("ROLECALL_JOURNAL_PATH", stage.place.journal()).output().expect("it runs")
}

fn succeeded(output: &Output) -> String {
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", said(&output.stdout), said(&output.stderr));
    said(&output.stdout)
}

/// The tickets whose id begins so, by their numbers.
async fn numbers(stage: &Stage, name: &str) -> Vec<u64> {
    let (_, page) = stage.daemon.ask("GET", "/tickets?limit=1000", &Value::Null).await.expect("an answer");
    assert_eq!(page["next"], Value::Null, "all of them");
    let tickets = page["tickets"].as_array().expect("a list").iter();
    let ids = tickets.filter_map(|ticket| ticket["ticket_id"].as_str()?.strip_prefix(name)?.strip_prefix('-'));
    let mut numbers: Vec<u64> = ids.map(|number| number.parse().expect("a number")).collect();
    numbers.sort_unstable();
    numbers
}

/// Tickets for whom nobody is there.
async fn load(stage: &Stage, name: &str, count: u64) {
    let numbers: Vec<_> = (0..count).collect();
    for some in numbers.chunks(AT_ONCE) {
        let ticket = |number| json!({ "ticket_id": format!("{name}-{number}"), "role": "backlog" });
        join_all(some.iter().map(|number| stage.say("ticket.created", ticket(*number)))).await;
    }
}

/// Whether the journal has a snapshot.
fn has_snapshot(journal: &Path) -> bool {
    let files = std::fs::read_dir(journal).expect("it is there");
    files.flatten().any(|file| file.file_name().to_string_lossy().ends_with(".snap"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_made_under_load_is_a_journal_that_goes_on_where_it_was() {
    let mut stage = Stage::open("backup", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    let invoice = |ticket: &str| json!({ "ticket_id": ticket, "role": "billing" });
    stage.say("ticket.created", invoice("owned")).await;
    let owned = stage.hear("assignment.assigned", "owned").await;
    stage.say("ticket.created", invoice("waiting")).await;
    stage.hear("ticket.queued", "waiting").await;
    let (_, made) =
        stage.daemon.ask("POST", "/tokens", &json!({ "name": "ben", "level": "admin" })).await.expect("made");
    let token = made["token"].as_str().expect("shown").to_owned();
    load(&stage, "before", BEFORE).await;
    stage.settled().await;
    eventually("a snapshot", SOON, async || has_snapshot(&stage.place.journal())).await;

    let copy = stage.place.file("rolecall.backup");
    let to = copy.to_str().expect("UTF-8").to_owned();
    let output = std::thread::scope(|scope| {
        let backing_up = scope.spawn(|| rolecall(&stage, &["journal", "backup", "--to", &to]));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(load(&stage, "during", DURING));
        });
        backing_up.join().expect("it ends")
    });
    assert!(succeeded(&output).contains("has a copy of"), "{output:?}");

    // What happens later is not in it.
    stage.say("ticket.completed", json!({ "ticket_id": "owned", "agent_id": "anna" })).await;
    stage.hear("assignment.assigned", "waiting").await;
    stage.say("ticket.created", invoice("later")).await;
    stage.hear("ticket.queued", "later").await;
    let restored = stage.place.file("restored");
    let path = restored.to_str().expect("UTF-8").to_owned();
    succeeded(&rolecall(&stage, &["journal", "restore", "--from", &to, "--path", &path]));
    let whole = succeeded(&rolecall(&stage, &["journal", "verify", "--path", &path]));
    assert!(whole.contains("is whole"), "{whole}");
    let again = rolecall(&stage, &["journal", "restore", "--from", &to, "--path", &path]);
    assert_eq!(again.status.code(), Some(74), "not where something is");

    stage.place.move_journal_in(&restored);
    let mut stage = stage.kill_and_start().await;
    let (_, ticket) = stage.daemon.ask("GET", "/tickets/owned", &Value::Null).await.expect("an answer");
    assert_eq!((&ticket["stage"], &ticket["agent_id"]), (&json!("assigned"), &json!("anna")), "{ticket}");
    let (_, history) = stage.daemon.ask("GET", "/tickets/owned/history", &Value::Null).await.expect("an answer");
    assert_eq!(history["owners"].as_array().map(Vec::len), Some(1), "the chronicle knows it: {history}");
    assert_eq!(stage.daemon.ask("GET", "/tickets/later", &Value::Null).await.expect("an answer").0, 404);
    // All that came before, and of what came meanwhile all up to one moment.
    assert_eq!(numbers(&stage, "before").await, (0..BEFORE).collect::<Vec<_>>());
    let held = numbers(&stage, "during").await;
    assert_eq!(held, (0..held.len() as u64).collect::<Vec<_>>());
    assert!(held.len() as u64 <= DURING, "{held:?}");
    let (status, _) = stage.daemon.ask_as(&token, "GET", "/me", &Value::Null).await.expect("an answer");
    assert_eq!(status, 200, "tokens are in it");
    let audit = rolecall(&stage, &["audit", "verify"]);
    assert!(audit.status.success(), "{audit:?}");

    // It goes on with ids of its own: the ear takes no two messages of one id but for repeats, byte by byte.
    let done = json!({ "ticket_id": "owned", "agent_id": "anna", "assignment_id": owned.text("assignment_id") });
    stage.say("ticket.completed", done).await;
    stage.hear("assignment.completed", "owned").await;
    let next = stage
        .ear
        .hear_where("assignment.assigned", |heard| heard.at > owned.at && heard.text("ticket_id") == "waiting");
    let next = next.await;
    assert_ne!(
        next.id().split_once('-').map(|(instance, _)| instance.to_owned()),
        owned.id().split_once('-').map(|(instance, _)| instance.to_owned())
    );
}

#[tokio::test]
async fn a_copy_is_for_those_who_may_and_one_that_is_cut_off_makes_no_journal() {
    let stage = Stage::open("backup-rights", CONFIG).await;
    let (_, made) =
        stage.daemon.ask("POST", "/tokens", &json!({ "name": "adam", "level": "admin" })).await.expect("made");
    let adam = made["token"].as_str().expect("shown").to_owned();
    assert_eq!(stage.daemon.ask_as(&adam, "GET", "/backup", &Value::Null).await.expect("an answer").0, 403);
    let spec = json!({ "name": "night", "level": "agent", "permissions": ["journal.backup"] });
    let (_, made) = stage.daemon.ask("POST", "/tokens", &spec).await.expect("made");
    let night = made["token"].as_str().expect("shown").to_owned();

    let copy = stage.place.file("rolecall.backup");
    let to = copy.to_str().expect("UTF-8").to_owned();
    let backup = |token: &str| {
        let address = stage.daemon.address().expect("it listens").to_string();
        Command::new(env!("CARGO_BIN_EXE_rolecall"))
            .args(["journal", "backup", "--to", &to, "--http-listen", &address])
            .arg("--journal-path")
            .arg(stage.place.journal())
            .env("ROLECALL_OWNER_TOKEN", token)
            .output()
            .expect("it runs")
    };
    let refused = backup(&adam);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("journal.backup"), "{refused:?}");
    assert!(!copy.exists(), "nothing is left of what was refused");
    succeeded(&backup(&night));
    let bytes = std::fs::read(&copy).expect("it is there");
    std::fs::write(&copy, &bytes[..bytes.len() - 1]).expect("written");
    let restored = stage.place.file("restored");
    let path = restored.to_str().expect("UTF-8");
    let cut = rolecall(&stage, &["journal", "restore", "--from", &to, "--path", path]);
    assert_eq!(cut.status.code(), Some(74));
    assert!(String::from_utf8_lossy(&cut.stderr).contains("cut off"), "{cut:?}");
    // A daemon does not begin anew where something was to be restored.
    let inspected = rolecall(&stage, &["journal", "inspect", "--path", path]);
    assert_eq!(inspected.status.code(), Some(74));
    let started = Command::new(env!("CARGO_BIN_EXE_rolecall"))
        .args(["serve", "--journal-path", path, "--http-listen", "127.0.0.1:0"])
        .env("ROLECALL_AMQP_URI", &stage.place.uri)
        .env("ROLECALL_AMQP_PREFIX", "nobody")
        .output()
        .expect("it runs");
    assert_eq!(started.status.code(), Some(74), "{started:?}");
    let (_, log) = stage.daemon.ask("GET", "/audit", &Value::Null).await.expect("an answer");
    assert!(log.to_string().contains("/api/v1/backup"), "who took a copy is in the audit log: {log}");
}

#[tokio::test]
async fn a_journal_that_nobody_has_is_copied_as_it_lies_there() {
    let mut stage = Stage::open("backup-cold", CONFIG).await;
    stage.agent("anna", &["billing"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "owned", "role": "billing" })).await;
    stage.hear("assignment.assigned", "owned").await;
    let Stage { daemon, place, upstream, ear } = stage;
    daemon.kill();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_rolecall"))
            .args(arguments)
            .env("ROLECALL_JOURNAL_PATH", place.journal())
            .env("ROLECALL_HTTP_LISTEN", "127.0.0.1:1")
            .output();
        succeeded(&output.expect("it runs"))
    };
    let (copy, restored) = (place.file("rolecall.backup"), place.file("restored"));
    run(&["journal", "backup", "--to", copy.to_str().expect("UTF-8")]);
    let (from, to) = (copy.to_str().expect("UTF-8"), restored.to_str().expect("UTF-8"));
    run(&["journal", "restore", "--from", from, "--path", to]);
    place.move_journal_in(&restored);
    let daemon = place.start().await;
    let stage = Stage { daemon, place, upstream, ear };
    let (_, ticket) = stage.daemon.ask("GET", "/tickets/owned", &Value::Null).await.expect("an answer");
    assert_eq!(ticket["agent_id"], "anna");
}

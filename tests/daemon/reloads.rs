//! A catalogue is read again while the daemon works.

use rolecall::records::audit::AuditLog;
use serde_json::{Value, json};

use crate::SOON;
use crate::stage::Stage;
use crate::support::eventually;

const BILLING: &str = "[[role]]\nname = \"billing\"\n";
const APPLIED: &str = r#"rolecall_catalogue_reloads_total{outcome="applied"}"#;
const REFUSED: &str = r#"rolecall_catalogue_reloads_total{outcome="refused"}"#;

#[tokio::test]
async fn a_good_catalogue_is_applied_at_once_and_told() {
    let mut stage = Stage::open("good", BILLING).await;
    let first = stage.ear.hear_where("catalogue.changed", |_| true).await;
    assert_eq!(first.data()["version"], 1);
    stage.agent("anna", &["billing"]).await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "sales" })).await;
    assert_eq!(stage.hear("ticket.unroutable", "T-1").await.text("cause"), "no_role");

    stage.place.configure(&format!("{BILLING}[[role]]\nname = \"sales\"\n"));
    stage.daemon.signal("HUP");
    let changed = stage.ear.hear_where("catalogue.changed", |_| true).await;
    assert_eq!(changed.data()["version"], 2);
    assert!(changed.data()["changes"].to_string().contains("sales"), "{}", changed.envelope);
    eventually("said", SOON, async || !stage.daemon.said("catalogue reloaded").is_empty()).await;
    let lint = stage.daemon.said("nothing leads to the role \"sales\"");
    assert_eq!(lint.len(), 1, "what the lint finds is told at a reload as at a start");
    assert_eq!(stage.daemon.metric(APPLIED).await, 1);
    stage.agent("ben", &["sales"]).await;
    assert_eq!(stage.hear("assignment.assigned", "T-1").await.text("agent_id"), "ben");

    // The one that is running, read again, is no news.
    stage.daemon.signal("HUP");
    eventually("said again", SOON, async || stage.daemon.said("catalogue reloaded").len() == 2).await;
    stage.settled().await;
    let told = stage.ear.all().iter().filter(|heard| heard.kind() == "catalogue.changed").count();
    assert_eq!(told, 2);

    // What it says holds after a restart, from the same file.
    let mut stage = stage.kill_and_start().await;
    stage.say("ticket.created", json!({ "ticket_id": "T-2", "role": "sales" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-2").await.text("agent_id"), "ben");
}

#[tokio::test]
async fn a_bad_catalogue_is_refused_whole_and_the_old_one_stays() {
    let mut stage = Stage::open("bad", BILLING).await;
    stage.agent("anna", &["billing"]).await;
    let bad = [
        "[[role]]\nname = \"sales\"\n[[role]]\nname = \"technical\"\nstrategy = \"fastest\"\n",
        "[[role]]\nname = \"sales\"\noverflow = [{ after = \"1m\", add_roles = [\"nobody\"] }]\n",
        "[[role]]\nname = \"sales\"\n[[rule]]\nname = \"x\"\nwhen = 'customer.tier =='\nset = { role = \"sales\" }\n",
        "this is no TOML",
    ];
    for (number, text) in bad.into_iter().enumerate() {
        stage.place.configure(text);
        stage.daemon.signal("HUP");
        eventually("refused", SOON, async || stage.daemon.said("new catalogue refused").len() == number + 1).await;
        let said = stage.daemon.said("new catalogue refused")[number]["error"].to_string();
        assert!(said.contains("rolecall.toml:"), "it points at the line: {said}");
        let ticket = format!("T-{number}");
        stage.say("ticket.created", json!({ "ticket_id": ticket, "role": "billing" })).await;
        assert_eq!(stage.hear("assignment.assigned", &ticket).await.text("role"), "billing");
        let ticket = format!("S-{number}");
        stage.say("ticket.created", json!({ "ticket_id": ticket, "role": "sales" })).await;
        assert_eq!(stage.hear("ticket.unroutable", &ticket).await.text("cause"), "no_role", "nothing of it was taken");
    }
    assert_eq!(stage.daemon.metric(REFUSED).await, 4);
    assert_eq!(stage.daemon.metric(APPLIED).await, 0);
    assert_eq!(stage.daemon.status("/readyz").await, Some(200));
    stage.place.configure(&format!("{BILLING}[[role]]\nname = \"sales\"\n"));
    stage.daemon.signal("HUP");
    eventually("applied", SOON, async || stage.daemon.metric(APPLIED).await > 0).await;
}

#[tokio::test]
async fn a_catalogue_without_a_role_in_use_is_refused_until_another_replaces_it() {
    let mut stage = Stage::open("in-use", BILLING).await;
    stage.agent("anna", &["billing"]).await;
    stage.place.configure("[[role]]\nname = \"finance\"\n");
    stage.daemon.signal("HUP");
    eventually("refused", SOON, async || !stage.daemon.said("new catalogue refused").is_empty()).await;
    let said = stage.daemon.said("new catalogue refused")[0]["error"].to_string();
    assert!(said.contains("role billing: 1 agent, 0 tickets"), "{said}");
    assert_eq!(stage.daemon.metric(REFUSED).await, 1);
    let rejected = stage.ear.hear_where("command.rejected", |_| true).await;
    assert_eq!(rejected.text("code"), "role_in_use");
    stage.daemon.kill();
    let mut refused = stage.place.launch();
    assert_eq!(refused.exit_code(SOON).await, 78, "{}", refused.log());
    assert!(refused.log().contains("role billing: 1 agent, 0 tickets"), "{}", refused.log());

    stage.place.configure("[[role]]\nname = \"finance\"\nreplaces = [\"billing\"]\n");
    stage.daemon = stage.place.start().await;
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "role": "billing" })).await;
    let assigned = stage.hear("assignment.assigned", "T-1").await;
    assert_eq!((assigned.text("role"), assigned.text("agent_id")), ("finance", "anna"));
}

#[tokio::test]
async fn a_file_that_says_nothing_of_roles_takes_none_out_unless_it_says_that_this_is_meant() {
    // Nobody has the role, so that nothing hangs on it.
    let stage = Stage::open("emptied", BILLING).await;
    let status = async || stage.daemon.ask("GET", "/roles/billing", &Value::Null).await.expect("an answer").0;
    stage.place.configure("");
    stage.daemon.signal("HUP");
    let read = async || stage.daemon.metric(APPLIED).await + stage.daemon.metric(REFUSED).await;
    eventually("read", SOON, async || read().await == 1).await;
    assert_eq!((stage.daemon.metric(REFUSED).await, status().await), (1, 200));
    let said = stage.daemon.said("new catalogue refused")[0]["error"].to_string();
    assert!(said.contains("rolecall.toml has no section of a catalogue") && said.contains("empty [routing]"), "{said}");
    let written = written_of(&stage, "signal:SIGHUP", 2).await;
    assert_eq!((&written[0]["status"], &written[1]["asked"]), (&json!(422), &Value::Null));

    stage.place.configure("[routing]\n");
    stage.daemon.signal("HUP");
    eventually("applied", SOON, async || stage.daemon.metric(APPLIED).await == 1).await;
    assert_eq!(status().await, 404);
    // Where there are no roles none can be lost.
    stage.place.configure("");
    stage.daemon.signal("HUP");
    eventually("applied again", SOON, async || stage.daemon.metric(APPLIED).await == 2).await;
}

/// What the audit log has of that one, the newest first, once there is so much.
async fn written_of(stage: &Stage, who: &str, count: usize) -> Vec<Value> {
    let mut entries = Vec::new();
    eventually("written", SOON, async || {
        let (status, page) =
            stage.daemon.ask("GET", &format!("/audit?who={who}"), &Value::Null).await.expect("an answer");
        assert_eq!(status, 200, "{page}");
        entries.clone_from(page["entries"].as_array().expect("a list"));
        entries.len() >= count
    })
    .await;
    assert_eq!(entries.len(), count, "{entries:#?}");
    entries
}

#[tokio::test]
async fn what_changed_the_catalogue_without_http_is_in_the_audit_log() {
    let mut stage = Stage::open("audited", BILLING).await;
    let file = stage.place.config().display().to_string();
    let started = written_of(&stage, "daemon:start", 2).await;
    assert_eq!(started[1]["what"], format!("start {file}"));
    assert_eq!((&started[0]["status"], &started[0]["ends"]), (&json!(200), &started[1]["seq"]));
    assert_eq!(started[0]["after"]["role"], json!([{ "name": "billing" }]));
    stage.agent("anna", &["billing"]).await;

    stage.place.configure(&format!("{BILLING}weight = 2\n[[role]]\nname = \"sales\"\n"));
    stage.daemon.signal("HUP");
    let reloaded = written_of(&stage, "signal:SIGHUP", 2).await;
    let (end, begin) = (&reloaded[0], &reloaded[1]);
    assert_eq!((&begin["what"], &begin["status"]), (&json!(format!("reload {file}")), &Value::Null));
    let differences = json!([
        { "section": "role", "name": "billing", "change": "changed",
          "members": [{ "member": "weight", "old": 1, "new": 2 }] },
        { "section": "role", "name": "sales", "change": "added" },
    ]);
    assert_eq!(begin["asked"]["differences"], differences);
    assert_eq!((&end["status"], &end["ends"], &end["what"]), (&json!(200), &begin["seq"], &begin["what"]));
    assert_eq!(end["before"], json!({ "role": [{ "name": "billing" }] }));
    assert_eq!(end["after"], json!({ "role": [{ "name": "billing", "weight": 2 }, { "name": "sales" }] }));

    stage.place.configure(&format!("{BILLING}strategy = \"fastest\"\n"));
    stage.daemon.signal("HUP");
    let unusable = written_of(&stage, "signal:SIGHUP", 4).await;
    assert_eq!((&unusable[0]["status"], &unusable[0]["ends"]), (&json!(422), &unusable[1]["seq"]));
    let why = unusable[0]["after"]["refused"].as_str().expect("a reason");
    assert!(why.contains("rolecall.toml:3:") && unusable[1]["asked"].is_null(), "{unusable:#?}");

    stage.place.configure("[[role]]\nname = \"finance\"\n");
    stage.daemon.signal("HUP");
    let in_use = written_of(&stage, "signal:SIGHUP", 6).await;
    assert_eq!((&in_use[0]["status"], &in_use[0]["before"]), (&json!(409), &Value::Null));
    let why = in_use[0]["after"]["refused"].as_str().expect("a reason");
    assert!(why.contains("role billing: 1 agent, 0 tickets"), "{why}");

    // What is as it was is no change; what was written meanwhile is one.
    stage.place.configure(&format!("{BILLING}weight = 2\n[[role]]\nname = \"sales\"\n"));
    let stage = stage.kill_and_start().await;
    written_of(&stage, "daemon:start", 2).await;
    stage.place.configure(&format!("{BILLING}weight = 3\n[[role]]\nname = \"sales\"\n"));
    let stage = stage.kill_and_start().await;
    let started = written_of(&stage, "daemon:start", 4).await;
    assert_eq!(started[0]["before"], json!({ "role": [{ "name": "billing", "weight": 2 }] }));
    assert_eq!(started[0]["after"], json!({ "role": [{ "name": "billing", "weight": 3 }] }));
    AuditLog::open(&stage.place.journal()).verify(None).expect("one chain");
}

#[tokio::test]
async fn a_catalogue_that_can_not_be_written_down_does_not_come_into_force() {
    let stage = Stage::open("unaudited", BILLING).await;
    let log = stage.place.journal().join("audit.jsonl");
    std::fs::remove_file(&log).expect("it was there");
    std::fs::create_dir(&log).expect("something else in its place");
    stage.place.configure(&format!("{BILLING}[[role]]\nname = \"sales\"\n"));
    stage.daemon.signal("HUP");
    eventually("refused", SOON, async || !stage.daemon.said("new catalogue refused").is_empty()).await;
    let said = stage.daemon.said("new catalogue refused")[0]["error"].to_string();
    assert!(said.contains("the audit log can't be written") && said.contains("audit.jsonl"), "{said}");
    let asked = stage.daemon.ask("GET", "/roles/sales", &Value::Null).await.expect("an answer");
    assert_eq!(asked.0, 404, "it is not in force");
    stage.daemon.kill();
    let mut refused = stage.place.launch();
    assert_eq!(refused.exit_code(SOON).await, 74, "{}", refused.log());
    assert!(refused.log().contains("the audit log can't be written"), "{}", refused.log());
}

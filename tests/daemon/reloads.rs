//! A catalogue is read again while the daemon works.

use serde_json::json;

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

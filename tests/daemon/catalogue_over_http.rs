//! The role structure is changed over HTTP while the daemon works: in force at once, in the file, and refused whole.

use serde_json::{Value, json};

use crate::place::OWNER_TOKEN;
use crate::stage::Stage;

const CATALOGUE: &str = "# Who we are.\n[[role]]\nname = \"billing\" # money\nticket_types = [\"invoice\"]\n\n[[rule]]\nname = \
                         \"gold\"\nwhen = 'customer.tier == \"gold\"'\nset = { raise_priority = 3 }\n";

async fn ask(stage: &Stage, method: &str, path: &str, body: Value) -> (u16, Value) {
    stage.daemon.ask(method, path, &body).await.expect("an answer")
}

#[tokio::test]
async fn a_role_that_is_made_over_http_is_routed_to_at_once_and_after_a_restart() {
    let mut stage = Stage::open("roles-http", CATALOGUE).await;
    stage.agent("anna", &["billing"]).await;
    let fraud = json!({ "name": "fraud", "ticket_types": ["fraud"], "description": "Stolen cards" });
    let (status, looked) = ask(&stage, "POST", "/roles?dry_run=true", fraud.clone()).await;
    assert_eq!((status, &looked["version"]), (200, &json!(null)), "{looked}");
    assert_eq!(ask(&stage, "GET", "/roles/fraud", Value::Null).await.0, 404, "a dry run changes nothing");
    let (status, made) = ask(&stage, "POST", "/roles", fraud.clone()).await;
    assert_eq!((status, &made["version"]), (201, &json!(2)), "{made}");
    assert_eq!(made["differences"][0]["change"], "added");
    assert_eq!(ask(&stage, "POST", "/roles", fraud).await.0, 409, "it is there already");
    let changed = stage.ear.hear_where("catalogue.changed", |heard| heard.data()["version"] == 2).await;
    assert!(changed.data()["changes"].to_string().contains("fraud"));
    let text = stage.place.configuration();
    assert!(text.starts_with("# Who we are.\n[[role]]\nname = \"billing\" # money\n"), "{text}");

    let (_, why) =
        ask(&stage, "POST", "/rules/dry-run", json!({ "type": "fraud", "customer": { "tier": "gold" } })).await;
    assert_eq!(
        (&why["role"], &why["by"], &why["rule"], &why["priority"]),
        (&json!("fraud"), &json!("type"), &json!("gold"), &json!(6))
    );
    // Who is given the role gets what waits for it.
    stage.say("ticket.created", json!({ "ticket_id": "T-1", "type": "fraud" })).await;
    stage.hear("ticket.unroutable", "T-1").await;
    assert_eq!(ask(&stage, "PUT", "/agents/anna", json!({ "roles": ["billing", "fraud"] })).await.0, 200);
    assert_eq!(stage.hear("assignment.assigned", "T-1").await.text("role"), "fraud");
    let mut stage = stage.kill_and_start().await;
    stage.say("ticket.created", json!({ "ticket_id": "T-2", "type": "fraud" })).await;
    assert_eq!(stage.hear("assignment.assigned", "T-2").await.text("role"), "fraud");
}

#[tokio::test]
async fn what_can_not_be_used_is_refused_with_its_place_and_nothing_is_changed() {
    let stage = Stage::open("bad-http", CATALOGUE).await;
    let cases = [
        ("PUT", "/roles/vip", json!({ "strategy": "fastest" }), "$.strategy"),
        (
            "PUT",
            "/roles/vip",
            json!({ "overflow": [{ "after": "1m", "add_roles": ["nobody"] }] }),
            "$.overflow[0].add_roles[0]",
        ),
        ("PUT", "/roles/vip", json!({ "wieght": 3 }), "$.wieght"),
        ("POST", "/roles", json!({ "weight": 3 }), "$.name"),
        ("PUT", "/rules/x", json!({ "when": "customer.tier ==", "set": { "role": "billing" } }), "$.when"),
        ("PUT", "/channels/fax", json!({ "limit": "many" }), "$.limit"),
    ];
    for (method, path, body, place) in cases {
        let (status, problem) = ask(&stage, method, path, body.clone()).await;
        assert_eq!((status, &problem["path"]), (422, &json!(place)), "{path} {body}: {problem}");
        assert!(path.ends_with("/roles") || problem["findings"][0]["severity"] == "error", "{problem}");
    }
    assert_eq!(stage.place.configuration(), CATALOGUE);
    // What somebody has written by hand and nobody has read is not written over.
    stage.place.configure(&format!("{CATALOGUE}[[role]]\nname = \"by-hand\"\n"));
    let (status, problem) = ask(&stage, "PUT", "/roles/vip", json!({})).await;
    assert_eq!((status, &problem["code"]), (409, &json!("file_differs")));
    assert!(stage.place.configuration().contains("by-hand"));
}

/// The value of `ETag` among the lines of an answer.
fn tag(head: &str) -> String {
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("etag:")).expect("an ETag");
    line.split_once(' ').expect("a value").1.to_owned()
}

#[tokio::test]
async fn the_tag_of_a_rule_tells_that_another_is_tried_before_it_now() {
    let stage = Stage::open("rule-tags-http", CATALOGUE).await;
    let request = async |what: &str, lines: &str, body: Value| {
        stage.daemon.request(OWNER_TOKEN, what, lines, &body).await.expect("an answer")
    };
    let (_, head, gold) = request("GET /rules/gold", "", Value::Null).await;
    let first = format!("If-Match: {}\r\n", tag(&head));
    let silver = json!({ "when": "customer.tier == \"silver\"", "set": { "role": "billing" } });
    assert_eq!(ask(&stage, "PUT", "/rules/silver", silver.clone()).await.0, 201);
    assert_eq!(request("PUT /rules/gold?dry_run=true", &first, gold.clone()).await.0, 200, "one after it is no matter");
    assert_eq!(ask(&stage, "PUT", "/rules/silver?before=gold", silver).await.0, 200);
    let (status, _, late) = request("PUT /rules/gold", &first, gold).await;
    assert_eq!((status, &late["code"]), (412, &json!("changed_meanwhile")));
}

#[tokio::test]
async fn two_who_change_one_role_do_not_overwrite_each_other() {
    let stage = Stage::open("etag-http", CATALOGUE).await;
    let request = async |what: &str, lines: &str, body: Value| {
        stage.daemon.request(OWNER_TOKEN, what, lines, &body).await.expect("an answer")
    };
    let (_, head, role) = request("GET /roles/billing", "", Value::Null).await;
    assert_eq!(role["ticket_types"], json!(["invoice"]));
    let first = format!("If-Match: {}\r\n", tag(&head));
    let (status, _, _) =
        request("GET /roles/billing", &format!("If-None-Match: {}\r\n", tag(&head)), Value::Null).await;
    assert_eq!(status, 304);
    let (status, _, done) = request("PUT /roles/billing", &first, json!({ "weight": 2 })).await;
    assert_eq!((status, &done["entry"]["weight"]), (200, &json!(2)), "{done}");
    let (status, _, late) = request("PUT /roles/billing", &first, json!({ "weight": 3 })).await;
    assert_eq!((status, &late["code"]), (412, &json!("changed_meanwhile")));
    let (status, _, late) = request("DELETE /roles/billing", &first, Value::Null).await;
    assert_eq!((status, &late["code"]), (412, &json!("changed_meanwhile")));
}

#[tokio::test]
async fn a_role_in_use_goes_only_with_an_heir_and_rules_change_places() {
    let mut stage = Stage::open("heirs-http", CATALOGUE).await;
    stage.agent("anna", &["billing"]).await;
    assert_eq!(
        ask(&stage, "POST", "/roles/billing/clone", json!({ "name": "finance", "ticket_types": null })).await.0,
        201
    );
    let (status, refused) = ask(&stage, "DELETE", "/roles/billing", Value::Null).await;
    assert_eq!((status, &refused["code"]), (409, &json!("role_in_use")), "{refused}");
    assert!(refused["detail"].as_str().is_some_and(|detail| detail.contains("1 agent")), "{refused}");
    let (status, done) = ask(&stage, "DELETE", "/roles/billing?replaced_by=finance", Value::Null).await;
    assert_eq!(status, 200, "{done}");
    let (_, anna) = ask(&stage, "GET", "/agents/anna", Value::Null).await;
    assert_eq!(anna["roles"], json!(["finance"]));

    let silver = json!({ "when": "customer.tier == \"silver\"", "set": { "role": "finance" } });
    assert_eq!(ask(&stage, "PUT", "/rules/silver?before=gold", silver).await.0, 201);
    let (_, rules) = ask(&stage, "GET", "/rules", Value::Null).await;
    let names: Vec<_> = rules["entries"].as_array().expect("a list").iter().map(|rule| rule["name"].clone()).collect();
    assert_eq!(names, ["silver", "gold"]);
    assert_eq!(ask(&stage, "DELETE", "/rules/gold", Value::Null).await.0, 200);
    assert_eq!(ask(&stage, "DELETE", "/rules/gold", Value::Null).await.0, 404);
    assert_eq!(ask(&stage, "PUT", "/channels/fax", json!({ "limit": 4 })).await.0, 201);
    assert_eq!(ask(&stage, "GET", "/channels/fax", Value::Null).await.1["limit"], 4);

    // An admin may change roles, and gives none more than an admin has.
    let (_, made) = ask(&stage, "POST", "/tokens", json!({ "name": "adam", "level": "admin" })).await;
    let adam = made["token"].as_str().expect("shown").to_owned();
    let as_adam =
        async |body: Value| stage.daemon.ask_as(&adam, "PUT", "/roles/vip", &body).await.expect("an answer").0;
    assert_eq!(as_adam(json!({ "permissions": ["refund.issue", "reports.view"] })).await, 201);
    assert_eq!(as_adam(json!({ "permissions": ["tokens.manage"] })).await, 403);
}

#[tokio::test]
async fn nobody_has_agents_come_into_a_role_of_more_rights_by_another_name() {
    let roles = "[[role]]\nname = \"keymaster\"\npermissions = [\"tokens.manage\"]\n[[role]]\nname = \"tmp\"\n";
    let stage = Stage::open("heirs-of-rights", &format!("{CATALOGUE}{roles}")).await;
    let (_, made) = ask(&stage, "POST", "/tokens", json!({ "name": "adam", "level": "admin" })).await;
    let adam = made["token"].as_str().expect("shown").to_owned();
    let as_adam = async |method: &str, path: &str, body: &Value| {
        stage.daemon.ask_as(&adam, method, path, body).await.expect("an answer")
    };
    assert_eq!(as_adam("PUT", "/agents/adam", &json!({ "roles": ["tmp"] })).await.0, 201);
    let heir = json!({ "permissions": ["tokens.manage"], "replaces": ["old"] });
    for (method, path, body) in [
        ("PUT", "/roles/keymaster", &heir),
        ("PUT", "/roles/keymaster?dry_run=true", &heir),
        ("DELETE", "/roles/tmp?replaced_by=keymaster", &Value::Null),
    ] {
        let (status, refused) = as_adam(method, path, body).await;
        assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{method} {path}: {refused}");
    }
    // An owner may, and then the old name is as good as the new one.
    assert_eq!(ask(&stage, "DELETE", "/roles/tmp?replaced_by=keymaster", Value::Null).await.0, 200);
    for role in ["keymaster", "tmp"] {
        let (status, refused) = as_adam("PUT", "/agents/eve", &json!({ "roles": [role] })).await;
        assert_eq!(status, 403, "{role}: {refused}");
    }
}

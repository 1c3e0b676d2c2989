//! What comes with the daemon for those who watch it: Debian's Prometheus scrapes a daemon with traffic, and is asked every
//! expression of the rules and of the dashboard.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::place::{Place, get};
use crate::stage::Stage;
use crate::support::eventually;
use crate::upstream::Form;

/// Prometheus starts, scrapes twice, and evaluates: on a machine that many share.
const LONG: Duration = Duration::from_mins(2);

const CONFIG: &str = r#"
[agents]
missed_offers_max = 3
[channel.chat]
limit = 1
[[role]]
name = "billing"
target = { answer_within = "2s", for_share = 0.9, at_risk = "1s" }
"#;

struct Prometheus {
    child: Child,
    address: SocketAddr,
    _home: tempfile::TempDir,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    fn start(target: SocketAddr) -> Self {
        let home = tempfile::tempdir().expect("a directory");
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus/rolecall.rules.yml");
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{rules:?}]\nscrape_configs:\n  \
             - job_name: rolecall\n    static_configs: [{{ targets: [\"{target}\"] }}]\n"
        );
        let path = home.path().join("prometheus.yml");
        fs::write(&path, config).expect("written");
        // Free at this moment, which is all that can be known.
        let address = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", path.display()))
            .arg(format!("--storage.tsdb.path={}", home.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("prometheus is installed (make dashboards sees to it)");
        Self { child, address, _home: home }
    }

    async fn ask(&self, path: &str) -> Option<Value> {
        let (_, body) = get(self.address, path).await?;
        serde_json::from_str(&body).ok()
    }

    /// The samples of an expression, or why there are none.
    async fn query(&self, expression: &str) -> Result<usize, String> {
        let encoded: String = expression.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let answer = self.ask(&format!("/api/v1/query?query={encoded}")).await.ok_or("no answer")?;
        match answer["data"]["result"].as_array() {
            Some(samples) if !samples.is_empty() => Ok(samples.len()),
            Some(_) => Err("nothing".to_owned()),
            None => Err(answer["error"].to_string()),
        }
    }
}

/// Traffic in which everything happens that is counted.
async fn traffic(stage: &mut Stage) {
    for number in 0..6 {
        let ticket = json!({ "ticket_id": format!("t{number}"), "channel": "chat", "role": "billing" });
        stage.say("ticket.created", ticket).await;
    }
    stage.hear("ticket.breached", "t5").await;
    for number in 0..5 {
        let ticket = format!("t{number}");
        stage.hear("assignment.assigned", &ticket).await;
        stage.say("ticket.completed", json!({ "ticket_id": ticket })).await;
    }
    stage.settled().await;
}

/// Every expression of the dashboard, with its variables filled in.
fn dashboard() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/grafana/rolecall.json");
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(path).expect("it is there")).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels").iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    let expressions = targets.map(|target| target["expr"].as_str().expect("an expression").to_owned());
    let filled = |it: String| it.replace("$job", ".*").replace("$role", ".*").replace("$__rate_interval", "1m");
    expressions.map(filled).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prometheus_finds_data_for_every_expression_that_comes_with_the_daemon() {
    let mut stage = Stage::open_with(Place::new("dashboards", CONFIG), Form::Plain).await;
    let prometheus = Prometheus::start(stage.daemon.address().expect("it listens"));
    eventually("a first scrape", LONG, async || prometheus.query("up == 1").await.is_ok()).await;
    stage.agent("ana", &["billing"]).await;
    traffic(&mut stage).await;
    stage.daemon.signal("HUP");

    let mut missing = Vec::new();
    let expressions = dashboard();
    assert!(expressions.len() > 30, "{} expressions", expressions.len());
    let found = eventually("data for every expression of the dashboard", LONG, async || {
        missing.clear();
        for expression in &expressions {
            if let Err(reason) = prometheus.query(expression).await {
                missing.push(format!("{reason}: {expression}"));
            }
        }
        missing.is_empty()
    });
    let in_time = tokio::time::timeout(LONG / 2, found).await.is_ok();
    assert!(in_time, "{missing:#?}");

    let answer = prometheus.ask("/api/v1/rules").await.expect("rules");
    let rules: Vec<&Value> = answer["data"]["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .filter_map(|it| it["rules"].as_array())
        .flatten()
        .collect();
    assert!(rules.len() > 25, "{} rules", rules.len());
    for rule in rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        if rule["type"] == "recording" {
            let name = rule["name"].as_str().expect("a name");
            eventually(name, LONG, async || prometheus.query(name).await.is_ok()).await;
        }
    }
}

//! The router as a client meets it, without a socket where none is needed.

mod access;
mod authority;
mod commands;
mod explanations;
mod hooks;
mod house;
mod identities;
mod offers;
mod senders;
mod sessions;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{
    App, Heartbeat, OwnerToken, ReadModel, Readiness, SessionOptions, Shared, edits, places, questions, router, serve,
    server, submissions,
};
use crate::records::audit::AuditLog;
use crate::records::tokens::Tokens;
use crate::routing::command::Command;
use crate::routing::role::{Role, ServiceTarget};
use crate::routing::{
    AgentId, AgentProfile, Asked, Catalogue, ChannelName, Engine, Identity, Millis, RoleName, TicketId, TicketSpec,
    Timestamp,
};
use crate::telemetry::occurrence::{CareTaken, HookKnown};
use crate::telemetry::recorder::{Build, build_recorder, describe};
use crate::telemetry::{Meters, metric};

const TOKEN: &str = "an owner's token";
const NOW: Timestamp = Timestamp(1_795_000_000_000);

fn app(owner_token: Option<&str>) -> App {
    let directory = tempfile::tempdir().expect("a directory");
    app_in(directory.path(), owner_token)
}

/// With its records in that directory, which is made where something is written.
fn app_in(directory: &std::path::Path, owner_token: Option<&str>) -> App {
    let recorder = build_recorder().expect("every histogram has buckets");
    App {
        readiness: Readiness::default(),
        heartbeat: Heartbeat::default(),
        read_model: Arc::new(ReadModel::new()),
        asker: questions().0,
        submitter: submissions().0,
        editor: edits().0,
        metrics: recorder.handle(),
        labels: Meters::new().labels().clone(),
        owner_token: owner_token.and_then(OwnerToken::new),
        tokens: Tokens::open(directory).expect("there are none"),
        audit: Arc::new(AuditLog::open(directory)),
        chronicle: None,
        backup: None,
        oidc: None,
        doors: super::Doors::default(),
        session: SessionOptions::default(),
        clock: || NOW,
    }
}

fn routes(app: App) -> Router {
    router::router(Shared::new(app, CancellationToken::new()))
}

async fn ask(router: &Router, method: Method, path: &str, authorization: Option<&str>) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    let request = request.body(Body::empty()).expect("a request");
    router.clone().oneshot(request).await.expect("a router answers everything")
}

async fn get(router: &Router, path: &str) -> Response<Body> {
    ask(router, Method::GET, path, Some(&format!("Bearer {TOKEN}"))).await
}

async fn json(response: Response<Body>) -> Value {
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    serde_json::from_slice(&body).expect("JSON")
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(body.to_vec()).expect("UTF-8")
}

/// An engine with one role, one agent who is online, one ticket assigned and one that waits.
fn busy_model() -> Arc<ReadModel> {
    busy_engine().1
}

/// The same engine, and the model of it.
fn busy_engine() -> (Engine, Arc<ReadModel>) {
    let model = Arc::new(ReadModel::new());
    let role = RoleName::parse("billing").expect("a name");
    let chat = ChannelName::parse("call").expect("a name");
    let agent = AgentId::parse("ana").expect("a name");
    let mut catalogue = Catalogue::default();
    catalogue.roles.insert(
        role.clone(),
        Role { acceptance: Some(crate::routing::channel::Acceptance::Auto), ..Role::named(role.clone()) },
    );
    let ticket = |id: &str| Command::CreateTicket {
        ticket: TicketId::parse(id).expect("a name"),
        spec: Box::new(TicketSpec::from(Asked { role: Some(role.clone()), ..Asked::on(chat.clone()) })),
    };
    let commands = [
        Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) },
        Command::RegisterAgent { agent: agent.clone(), profile: Box::new(AgentProfile::of_roles([role.clone()])) },
        Command::SetPresence {
            agent,
            status: crate::routing::Status::Online,
            name: None,
            reason: None,
            switches: [].into(),
        },
        ticket("T-1"),
        ticket("T-2"),
    ];
    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    for command in commands {
        let outcome = engine.handle(command, Timestamp(NOW.0 - 90_000));
        model.observe(outcome.at, &outcome.events, engine.state());
    }
    (engine, model)
}

#[tokio::test]
async fn the_api_answers_whoever_shows_the_owners_token_and_nobody_else() {
    let paths = ["overview", "queues", "agents", "tickets/T-1", "stream", "no-such-thing"];
    for path in paths.map(|path| format!("/api/v1/{path}")).into_iter().chain(["/api".into(), "/api/v2/x".into()]) {
        let closed = routes(App { read_model: busy_model(), ..app(None) });
        let open = routes(App { read_model: busy_model(), ..app(Some(TOKEN)) });
        for shown in [None, Some("Bearer wrong"), Some("Basic YTpi"), Some("Bearer "), Some("Bearer an owner's token!")]
        {
            assert_eq!(
                ask(&open, Method::GET, &path, shown).await.status(),
                StatusCode::UNAUTHORIZED,
                "{path} {shown:?}"
            );
        }
        let refused = get(&closed, &path).await;
        assert_eq!(refused.status(), StatusCode::UNAUTHORIZED, "{path}");
        let problem = json(refused).await;
        assert!(problem["detail"].as_str().expect("a detail").contains("ROLECALL_OWNER_TOKEN"), "{problem}");

        let exists = !path.contains("no-such") && path.starts_with("/api/v1/");
        let expected = if exists { StatusCode::OK } else { StatusCode::NOT_FOUND };
        assert_eq!(get(&open, &path).await.status(), expected, "{path}");
    }
}

#[tokio::test]
async fn what_needs_no_token_needs_none() {
    let router = routes(App { read_model: busy_model(), ..app(Some(TOKEN)) });
    for path in [
        "/",
        "/healthz",
        "/metrics",
        "/assets/js/app.js",
        "/assets/js/board/page.js",
        "/assets/style/board.css",
        "/assets/texts/en.json",
        "/assets/icon.svg",
    ] {
        let response = ask(&router, Method::GET, path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        let body = text(response).await;
        assert!(!body.contains("T-1") && !body.contains("ana\""), "{path} tells of a ticket or an agent");
    }
}

#[tokio::test]
async fn whoever_guesses_too_often_is_shut_out_even_with_the_right_token_where_that_can_be_guessed() {
    let router = routes(app(Some(TOKEN)));
    for _ in 0..10 {
        let answer = ask(&router, Method::GET, "/api/v1/overview", Some("Bearer guess")).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers().contains_key(header::WWW_AUTHENTICATE));
    }
    let answer = get(&router, "/api/v1/overview").await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(answer.headers().contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn an_address_takes_its_own_methods_and_says_which() {
    let router = routes(app(Some(TOKEN)));
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let bearer = format!("Bearer {TOKEN}");
        let answer = ask(&router, method.clone(), "/api/v1/overview", Some(&bearer)).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers()[header::ALLOW], "GET,HEAD", "{method}");
        let answer = ask(&router, method.clone(), "/api/v1/overview", None).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method}");
    }
}

#[tokio::test]
async fn only_the_assets_are_served_whatever_the_path_says() {
    let router = routes(app(None));
    let outside = [
        "/assets/../../../Cargo.toml",
        "/assets/..%2f..%2f..%2fCargo.toml",
        "/assets/%2e%2e%2fmod.rs",
        "/assets/%2Fetc%2Fpasswd",
        "/assets/mod.rs",
        "/assets/",
        "/etc/passwd",
    ];
    for path in outside {
        let answer = ask(&router, Method::GET, path, None).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json", "{path}");
    }
}

#[tokio::test]
async fn the_page_may_load_nothing_from_elsewhere_and_asks_only_once() {
    let router = routes(app(None));
    let page = ask(&router, Method::GET, "/", None).await;
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().expect("ASCII").to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let tag = page.headers()[header::ETAG].clone();
    let body = text(page).await;
    assert!(!body.contains("style=") && !body.contains("onclick") && !body.contains("//cdn"), "the policy forbids it");
    let again = Request::builder().uri("/").header(header::IF_NONE_MATCH, tag).body(Body::empty()).expect("a request");
    assert_eq!(router.oneshot(again).await.expect("an answer").status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn readiness_says_why_not_until_it_is_ready_and_again_while_draining() {
    let app = app(None);
    let readiness = app.readiness.clone();
    let router = routes(app);
    let code = async || {
        let answer = ask(&router, Method::GET, "/readyz", None).await;
        let status = answer.status();
        if status == StatusCode::OK { None } else { Some((status, json(answer).await["code"].clone())) }
    };
    let unavailable = |code: &str| Some((StatusCode::SERVICE_UNAVAILABLE, Value::from(code)));
    assert_eq!(code().await, unavailable("replaying_journal"));
    readiness.journal_replayed();
    assert_eq!(code().await, unavailable("connecting_to_broker"));
    readiness.consuming();
    assert_eq!(code().await, None);
    readiness.draining();
    assert_eq!(code().await, unavailable("draining"));
}

#[tokio::test]
async fn the_api_shows_what_the_engine_decided() {
    let router = routes(App { read_model: busy_model(), ..app(Some(TOKEN)) });
    let overview = json(get(&router, "/api/v1/overview").await).await;
    assert_eq!(overview["totals"]["waiting"], 1);
    assert_eq!(overview["totals"]["assigned"], 1);
    assert_eq!(overview["latest"][0]["ticket_id"], "T-1");
    assert_eq!(overview["latest"][0]["agent_id"], "ana");
    assert_eq!(overview["roles"][0]["waiting_by_channel"]["call"], 1);
    let ticket = json(get(&router, "/api/v1/tickets/T-2").await).await;
    assert_eq!((&ticket["stage"], &ticket["role"]), (&Value::from("waiting"), &Value::from("billing")));
    assert_eq!(ticket["created_at"], "2026-11-18T11:05:10.000Z");
    let agents = json(get(&router, "/api/v1/agents?limit=1").await).await;
    assert_eq!(agents["agents"][0]["held"][0]["ticket_id"], "T-1");
    // The call takes all of her capacity units; by default an e-mail costs none.
    assert_eq!(agents["agents"][0]["room"], "some");
    assert_eq!(get(&router, "/api/v1/tickets/T-3").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(get(&router, "/api/v1/agents?limit=0").await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(get(&router, "/api/v1/agents?colour=red").await.status(), StatusCode::BAD_REQUEST);
}

/// Runs a future where this recorder is the one that counts.
fn with_recorder<T>(test: impl FnOnce(metrics_exporter_prometheus::PrometheusHandle) -> T) -> T {
    let recorder = build_recorder().expect("every histogram has buckets");
    metrics::with_local_recorder(&recorder, || test(recorder.handle()))
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

#[test]
fn a_scrape_holds_every_metric_with_its_labels_and_no_id() {
    let scrape = with_recorder(|handle| {
        describe(Build { version: "1.2.3", commit: "abc" });
        let meters = Meters::new();
        let (model, mut engine) = (busy_model(), Engine::new(Identity { instance: 1, seed: 1 }));
        let role = RoleName::parse("billing").expect("a name");
        let target = ServiceTarget { answer_within: Millis::from_secs(60), for_share_permille: 900, at_risk: None };
        let promising = Role { target: Some(target), ..Role::named(role.clone()) };
        let catalogue = Catalogue { roles: [(role.clone(), promising)].into(), ..Catalogue::default() };
        let command = Command::ReplaceCatalogue { catalogue: Arc::new(catalogue) };
        meters.observe(&engine.handle(command, NOW).events);
        meters.routed(&role, Duration::from_millis(3));
        meters.routed(&RoleName::parse("made-up").expect("a name"), Duration::from_millis(3));
        meters.observe(&work_events(&role));
        meters.journal_bytes(1);
        meters.outbox_depth(0);
        CareTaken { deaths: 0, is_careful: false }.emit();
        HookKnown { hook: "zammad", is_short: false }.emit();
        let app = App { read_model: model, metrics: handle, labels: meters.labels().clone(), ..app(None) };
        block_on(async { text(ask(&routes(app), Method::GET, "/metrics", None).await).await })
    });
    for metric in metric::ALL {
        let line = scrape.lines().find(|line| line.starts_with(metric.name));
        let line = line.unwrap_or_else(|| panic!("{} is missing", metric.name));
        let labelled = metric.labels.iter().all(|label| line.contains(&format!("{label}=\"")));
        assert!(labelled, "{line}");
        assert!(scrape.contains(&format!("# HELP {} ", metric.name)), "{} has no help", metric.name);
    }
    assert!(scrape.contains("\nrolecall_ready 0\n"), "{scrape}");
    assert!(scrape.contains("rolecall_queue_depth{role=\"billing\"} 1"), "{scrape}");
    assert!(scrape.contains("rolecall_queue_oldest_seconds{role=\"billing\"} 90"), "{scrape}");
    assert!(scrape.contains("rolecall_agents{role=\"billing\",status=\"online\"} 1"), "{scrape}");
    assert!(scrape.contains("rolecall_slots{channel=\"call\",state=\"used\"} 1"), "{scrape}");
    assert!(scrape.contains("rolecall_build_info{version=\"1.2.3\",commit=\"abc\"} 1"), "{scrape}");
    assert!(scrape.contains("role=\"other\"") && !scrape.contains("made-up"), "an unknown role is clamped");
    assert!(!scrape.contains("T-1") && !scrape.contains("\"ana\""), "no ids in labels");
    assert!(!scrape.contains("quantile"), "histograms, not summaries");
}

/// One assignment and its completion, as events.
fn work_events(role: &RoleName) -> [crate::routing::Event; 3] {
    use crate::routing::event::{Event, Held, Taking};
    use crate::routing::offer::{FallOut, Reason, Trigger};
    let name = "x";
    let held = Held {
        ticket: TicketId::parse(name).expect("a name"),
        agent: AgentId::parse(name).expect("a name"),
        assignment: crate::routing::AssignmentId::parse(name).expect("a name"),
        role: role.clone(),
        channel: ChannelName::parse("carrier-pigeon").expect("a name"),
    };
    let (ticket, agent, assignment) = (held.ticket.clone(), held.agent.clone(), held.assignment.clone());
    let reason = Reason {
        rule: None,
        trigger: Trigger::TicketArrived,
        strategy: crate::routing::role::Strategy::LongestIdle,
        considered: 1,
        eligible: 1,
        fell_out: FallOut::default(),
        value: 0,
        runner_up: None,
    };
    let (role, channel) = (role.clone(), held.channel.clone());
    let taking = Taking { ticket, agent, assignment, role, channel, cost: 0, attempt: 1, reason: reason.into() };
    let length = crate::routing::Millis::from_secs(5);
    [
        Event::TicketBreached {
            ticket: held.ticket.clone(),
            role: held.role.clone(),
            channel: held.channel.clone(),
            due_at: NOW,
        },
        Event::TicketAssigned {
            taking,
            priority: crate::routing::Priority::NORMAL,
            waited: length,
            due_at: None,
            answer: None,
        },
        Event::AssignmentCompleted { held, waited: length, handled: length, outcome: None, wrap_up_until: None },
    ]
}

/// A server on a port of its own, until dropped.
struct Running {
    address: std::net::SocketAddr,
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

async fn start(app: App) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, None, app, stop.clone().cancelled_owned()));
    Running { address, stop, task }
}

async fn read_until(stream: &mut TcpStream, needle: &str) -> String {
    let mut seen = Vec::new();
    let reading = async {
        let mut chunk = [0; 4096];
        while !String::from_utf8_lossy(&seen).contains(needle) {
            let count = stream.read(&mut chunk).await.expect("a read");
            assert!(count > 0, "ended before {needle:?}: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&chunk[..count]);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.expect("an answer in time");
    String::from_utf8_lossy(&seen).into_owned()
}

async fn open_stream(address: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET /api/v1/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("a write");
    stream
}

#[tokio::test]
async fn a_stream_starts_with_a_snapshot_goes_on_with_changes_and_ends_with_the_server() {
    let model = busy_model();
    let running = start(App { read_model: Arc::clone(&model), ..app(Some(TOKEN)) }).await;
    let mut stream = open_stream(running.address).await;
    let snapshot = read_until(&mut stream, "\"T-1\"").await;
    assert!(snapshot.contains("event: snapshot"), "{snapshot}");

    let mut engine = Engine::new(Identity { instance: 1, seed: 1 });
    let agent = AgentId::parse("ben").expect("a name");
    let profile = Box::new(AgentProfile::of_roles([]));
    let outcome = engine.handle(Command::RegisterAgent { agent, profile }, NOW);
    model.observe(outcome.at, &outcome.events, engine.state());
    let change = read_until(&mut stream, "\"ben\"").await;
    assert!(change.contains("event: change"), "{change}");

    running.stop.cancel();
    let ended = tokio::time::timeout(Duration::from_secs(2), running.task).await;
    ended.expect("streams do not hold up the end").expect("no panic");
}

#[tokio::test]
async fn no_more_readers_than_there_are_places() {
    let running = start(app(Some(TOKEN))).await;
    let mut readers = Vec::new();
    for _ in 0..super::stream::READERS_MAX {
        let mut reader = open_stream(running.address).await;
        read_until(&mut reader, "event: snapshot").await;
        readers.push(reader);
    }
    let answer = read_until(&mut open_stream(running.address).await, "too_many_readers").await;
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    drop(readers);
    running.stop.cancel();
    running.task.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn a_header_that_never_ends_is_cut_off() {
    let running = start(app(None)).await;
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: ").await.expect("a write");
    let mut rest = Vec::new();
    // Time is the runtime's: it jumps ahead as soon as everybody waits.
    let cut = tokio::time::timeout(server::HEADER_TIMEOUT * 3, stream.read_to_end(&mut rest)).await;
    cut.expect("the server closed the connection").expect("a read");
    running.stop.cancel();
    running.task.await.expect("no panic");
}

#[tokio::test]
async fn a_client_that_only_opens_connections_keeps_nobody_else_out() {
    let running = start(app(None)).await;
    let mut silent = Vec::new();
    for _ in 0..places::OF_ONE_MAX * 2 {
        silent.push(TcpStream::connect(running.address).await.expect("a connection"));
    }
    let another = TcpSocket::new_v4().expect("a socket");
    another.bind("127.0.0.2:0".parse().expect("an address")).expect("an address of this machine");
    let mut another = another.connect(running.address).await.expect("a connection");
    another.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("a write");
    let answered = tokio::time::timeout(server::HEADER_TIMEOUT / 2, read_until(&mut another, "\r\n")).await;
    assert!(answered.expect("no wait for the silent ones' end").starts_with("HTTP/1.1 200"));
    drop(silent);
    running.stop.cancel();
    running.task.await.expect("no panic");
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let running = start(app(None)).await;
    let mut stream = TcpStream::connect(running.address).await.expect("a connection");
    let request = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-large: {}\r\n\r\n", "a".repeat(64 * 1024));
    // The server may close before all of it is written.
    let _ = stream.write_all(request.as_bytes()).await;
    let answer = read_until(&mut stream, "\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    running.stop.cancel();
    running.task.await.expect("no panic");
}

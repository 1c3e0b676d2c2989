//! A router with a real writer behind it, and a journal that has each batch as soon as it is sealed.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{NOW, TOKEN, app_in};
use crate::daemon::{Planted, Writer};
use crate::http::access::Pass;
use crate::http::{App, ReadModel, Shared, Submissions, router, submissions};
use crate::journal::{Journal, JournalOptions, Opened, RedbJournal, open};
use crate::records::audit::AuditLog;
use crate::records::tokens::{TokenSpec, Tokens, id_of};
use crate::routing::{Catalogue, Millis, Timestamp};
use crate::telemetry::Meters;

/// What an answer was.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

/// A house with people in it.
pub(super) struct House {
    pub(super) router: Router,
    pub(super) shared: Shared,
    pub(super) tokens: Tokens,
    pub(super) audit: Arc<AuditLog>,
    journal: TempDir,
}

impl House {
    /// With the catalogue of this text.
    pub(super) fn with(catalogue: &str) -> Self {
        Self::made(catalogue, |app| app)
    }

    /// The same, with an app that is otherwise.
    pub(super) fn made(catalogue: &str, otherwise: impl FnOnce(App) -> App) -> Self {
        let loaded = crate::config::parse("test", catalogue, &crate::config::Overrides::none());
        Self::of(loaded.unwrap_or_else(|report| panic!("{report}")).config.catalogue, otherwise)
    }

    fn of(catalogue: Catalogue, otherwise: impl FnOnce(App) -> App) -> Self {
        let journal = tempfile::tempdir().expect("a directory");
        let model = Arc::new(ReadModel::new());
        let (writer, kept) = writer(&journal, Arc::clone(&model), catalogue);
        let (submitter, submissions) = submissions();
        let app = App { read_model: model, submitter, ..app_in(journal.path(), Some(TOKEN)) };
        let app = otherwise(app);
        let (tokens, audit) = (app.tokens.clone(), Arc::clone(&app.audit));
        app.readiness.journal_replayed();
        app.heartbeat.beat();
        tokio::spawn(work(writer, kept, submissions));
        let shared = Shared::new(app, CancellationToken::new());
        Self { router: router::router(shared.clone()), shared, tokens, audit, journal }
    }

    /// The status of an answer, whose body is not read, to a client at an address of its own.
    pub(super) async fn status(&self, method: &str, path: &str, token: Option<&str>, client: u32) -> StatusCode {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        self.status_with(method, path, &headers, client).await
    }

    /// The same with these headers.
    pub(super) async fn status_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        client: u32,
    ) -> StatusCode {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from("{}")).expect("a request");
        let address = SocketAddr::from((Ipv4Addr::from(client), 1));
        request.extensions_mut().insert(ConnectInfo(address));
        self.router.clone().oneshot(request).await.expect("a router answers everything").status()
    }

    /// Where the audit log is.
    pub(super) fn audit_path(&self) -> std::path::PathBuf {
        self.journal.path().join("audit.jsonl")
    }

    /// A token for this, made by the owner.
    pub(super) fn token(&self, spec: TokenSpec) -> String {
        let (_, shown) = self.tokens.make(spec, "owner", NOW).expect("it can be made");
        shown.reveal().to_owned()
    }

    /// A session that began with this, as its cookie and its second secret.
    pub(super) fn session(&self, pass: Pass, until: Option<Timestamp>) -> (String, String) {
        let lifetime = self.shared.session.lifetime;
        let begun = self.shared.sessions.begin(pass, until, lifetime, NOW);
        let cookie = begun.cookie(self.shared.session, NOW);
        let (pair, _) = cookie.to_str().expect("ASCII").split_once(';').expect("attributes");
        (pair.to_owned(), begun.csrf())
    }

    /// A session of that token.
    pub(super) fn session_of(&self, token: &str) -> (String, String) {
        let id = id_of(token).expect("it has one").to_owned();
        self.session(Pass::Token(id), None)
    }

    /// One request with the owner's token.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answered {
        self.ask_with(method, path, &[], body).await
    }

    /// The same with these headers.
    pub(super) async fn ask_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answered {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        if !headers.iter().any(|(name, _)| matches!(*name, "authorization" | "cookie")) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {TOKEN}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let response = self.router.clone().oneshot(request.body(body).expect("a request")).await;
        let (parts, body) = response.expect("a router answers everything").into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answered { status: parts.status, headers: parts.headers, body }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.ask(Method::GET, path, None).await
    }

    /// As it is meant to go.
    pub(super) async fn done(&self, method: Method, path: &str, body: Value) -> Value {
        let answered = self.ask(method.clone(), path, Some(body)).await;
        assert!(answered.status.is_success(), "{method} {path}: {} {}", answered.status, answered.body);
        answered.body
    }
}

fn writer(journal: &TempDir, model: Arc<ReadModel>, catalogue: Catalogue) -> (Writer, RedbJournal) {
    let Opened { journal, reader } = open(journal.path(), &JournalOptions::default()).expect("the journal opens");
    let recovered = reader.recover().expect("it is empty");
    let meters = Meters::new();
    let mut writer =
        Writer::new(recovered, reader, "test", Millis::from_secs(3_600), meters, model, Planted::default());
    writer.replace_catalogue(Arc::new(catalogue), NOW).expect("nothing hangs on what was before");
    (writer, journal)
}

async fn work(mut writer: Writer, mut journal: RedbJournal, mut submissions: Submissions) {
    while let Some(submission) = submissions.recv().await {
        writer.submit(submission, NOW).expect("the journal can be read");
        let sealed = writer.seal(0, NOW);
        journal.append(&sealed.batch).expect("the batch is appended");
        sealed.answers.give();
    }
}

//! Health, metrics, what there is to read of the state, and the wallboard that shows it.
//!
//! Knows `routing` (to read), `records` and `telemetry`; knows neither the journal nor the broker. The daemon hands it an [`App`]
//! and gets a server, [`serve`]. It reads the writer's [`ReadModel`], and what it asks the writer by [`Asker`]; what is to
//! change something it hands to the writer as events by [`Submitter`], and answers when that is durable.
//!
//! **Invariant:** everything under `/api` but logging in and hooks is refused unless the request shows a valid token or is of a
//! session that one began, and everything there names the permission that it needs. A hook is refused
//! unless it shows its own secret. What needs none
//! (`/healthz`, `/readyz`, `/metrics`, the page itself) says nothing of any ticket, customer or agent.

mod access;
mod agents;
mod api;
mod ask;
mod assets;
mod audit;
mod authority;
mod backup;
mod catalogue;
mod change;
mod dry_run;
mod edits;
mod endpoint;
mod endpoints;
mod entity_tag;
mod entry;
mod events;
mod explanation;
mod fate;
mod gauges;
mod health;
mod heartbeat;
mod hooks;
mod oidc;
mod openapi;
mod places;
mod problem;
mod query;
pub mod read_model;
mod readiness;
mod recorder;
mod registration;
mod reports;
mod request_digest;
mod router;
mod schemas;
pub(crate) mod segment;
mod server;
mod session;
mod sessions;
mod stream;
mod submission;
mod tickets;
mod tls;
mod tokens;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use access::OwnerToken;
pub use ask::{Asker, Classified, Question, Questions, questions};
pub use authority::{Authority, Forbidden, Right};
pub use backup::Backup;
pub use edits::{EditRequest, EditRequests, Edited, Editor, Expected, ExpectedState, NotEdited, check_expected, edits};
pub use entry::KEY_REUSED;
pub use heartbeat::{Heartbeat, SILENCE_MAX};
pub use hooks::{Doors, HookError, OpenDoors};
pub use oidc::Oidc;
pub use read_model::ReadModel;
pub use readiness::{NotReady, Readiness};
pub use registration::Expectation;
pub use request_digest::RequestDigest;
pub use session::SessionOptions;
pub use submission::{
    Answer, HeldBack, Letter, Outcome, Receipt, Submission, Submissions, Submitter, Unsubmitted, submissions,
};
pub use tls::{Certificate, CertificateError};

use crate::chronicle::Chronicle;
use crate::records::audit::AuditLog;
use crate::records::tokens::Tokens;
use crate::routing::Timestamp;
use crate::telemetry::{Labels, PrometheusHandle};

/// What the daemon gives its HTTP server.
#[derive(Debug)]
pub struct App {
    /// Whether the daemon takes work.
    pub readiness: Readiness,
    /// Whether the writer turns.
    pub heartbeat: Heartbeat,
    /// What there is to read.
    pub read_model: Arc<ReadModel>,
    /// Asks the engine's owner what the read model does not have.
    pub asker: Asker,
    /// Takes what changes something to the engine's owner.
    pub submitter: Submitter,
    /// Takes changes of the catalogue to whoever keeps its file.
    pub editor: Editor,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Which roles and channels have series of their own: those of the daemon's [`crate::telemetry::Meters`].
    pub labels: Labels,
    /// Whoever may do everything, if there is such a one.
    pub owner_token: Option<OwnerToken>,
    /// Who else may come in.
    pub tokens: Tokens,
    /// By which other systems come in with what they say in words of their own.
    pub doors: Doors,
    /// The identity provider that vouches for others, if there is one.
    pub oidc: Option<Oidc>,
    /// How long one is logged in, and with what kind of cookie.
    pub session: SessionOptions,
    /// Where it is written who did what.
    pub audit: Arc<AuditLog>,
    /// What the events of the journal add up to; without it there are no reports.
    pub chronicle: Option<Chronicle>,
    /// Writes a copy of all that is kept, where there is something to copy.
    pub backup: Option<Backup>,
    /// What time it is.
    pub clock: fn() -> Timestamp,
}

/// What every request sees.
#[derive(Debug, Clone)]
struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    app: App,
    failures: access::Failures,
    familiar: access::Familiar,
    sessions: session::Sessions,
    recorder: recorder::Recorder,
    scrape: health::Scrape,
    broadcast: stream::Broadcast,
    backup_turn: Arc<tokio::sync::Semaphore>,
}

impl Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Deref for Inner {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl Shared {
    fn new(app: App, ended: CancellationToken) -> Self {
        let broadcast = stream::Broadcast::new(ended);
        let recorder = recorder::Recorder::start(Arc::clone(&app.audit), app.clock);
        Self(Arc::new(Inner {
            app,
            failures: access::Failures::default(),
            familiar: access::Familiar::default(),
            sessions: session::Sessions::default(),
            recorder,
            scrape: health::Scrape::default(),
            broadcast,
            backup_turn: Arc::new(tokio::sync::Semaphore::new(1)),
        }))
    }
}

/// Answers requests until `shutdown`; then the event streams are ended, what is under way is finished, and it returns.
/// Also keeps the recorder's memory bounded while it runs.
pub async fn serve(
    listener: TcpListener,
    certificate: Option<Certificate>,
    app: App,
    shutdown: impl Future<Output = ()>,
) {
    let ended = CancellationToken::new();
    let shared = Shared::new(app, ended.clone());
    let upkeep = tokio::spawn(crate::telemetry::run_upkeep(shared.metrics.clone(), ended.clone()));
    let feed = tokio::spawn({
        let shared = shared.clone();
        async move { shared.broadcast.run(&shared.read_model, shared.clock).await }
    });
    let router = router::router(shared);
    let ending = async {
        shutdown.await;
        ended.cancel();
    };
    server::run(listener, certificate, router, ending).await;
    // Both end with the token; a panic in one of them has been reported by the runtime.
    let _ = tokio::join!(upkeep, feed);
}

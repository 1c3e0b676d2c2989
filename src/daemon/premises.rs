//! What is open before anything is known of the past: the journal, what is kept beside it, and the door of HTTP, behind which
//! the daemon says that it is not ready yet.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backup::Sources;
use crate::chronicle::{Chronicle, Retention};
use crate::config::{CatalogueFile, Config, HttpConfig, JournalConfig};
use crate::http::{
    self, App, Asker, Backup, Certificate, EditRequests, Editor, Heartbeat, Oidc, OwnerToken, Questions, ReadModel,
    Readiness, SessionOptions, Submissions, Submitter,
};
use crate::journal::{Entry, JournalOptions, JournalReader, RedbJournal};
use crate::kill_point::kill_point;
use crate::records::audit::AuditLog;
use crate::records::tokens::Tokens;
use crate::routing::Millis;
use crate::telemetry::occurrence::HttpListening;
use crate::telemetry::traces::Tracer;
use crate::telemetry::{Meters, PrometheusHandle};

use super::chronicler;
use super::clock::system_clock;
use super::handover::Handover;
use super::hooks::Hooks;
use super::scribe::Scribe;
use super::{DaemonError, Host};

/// The most connections of HTTP that the system holds until they are taken.
const CONNECTIONS_WAITING_MAX: u32 = 1_024;

/// What is open, and what all rooms see.
pub(super) struct Premises {
    pub(super) host: Arc<dyn Host>,
    pub(super) config: Config,
    pub(super) catalogue_file: Option<CatalogueFile>,
    pub(super) meters: Meters,
    pub(super) tracer: Tracer,
    pub(super) readiness: Readiness,
    pub(super) heartbeat: Heartbeat,
    pub(super) read_model: Arc<ReadModel>,
    pub(super) hooks: Hooks,
    pub(super) journal: RedbJournal,
    pub(super) reader: JournalReader,
    /// What the chronicle is handed, where there is one.
    pub(super) entries: Option<Handover<Entry>>,
    pub(super) scribe: Scribe,
    pub(super) wishes: Wishes,
}

/// What is wished over HTTP, to be taken by whoever can do it.
pub(super) struct Wishes {
    /// For the writer, to be answered from what is decided.
    pub(super) questions: Questions,
    /// For the writer, to be done.
    pub(super) submissions: Submissions,
    /// For whoever keeps the catalogue's file.
    pub(super) edits: EditRequests,
}

/// The other ends.
struct Askers {
    asker: Asker,
    submitter: Submitter,
    editor: Editor,
}

fn ends_of_wishes() -> (Askers, Wishes) {
    let (asker, questions) = http::questions();
    let (submitter, submissions) = http::submissions();
    let (editor, edits) = http::edits();
    (Askers { asker, submitter, editor }, Wishes { questions, submissions, edits })
}

impl Premises {
    /// Opens them, and the door: where metrics can be rendered, they are served with all else from now on.
    pub(super) fn open(
        host: Arc<dyn Host>,
        config: Config,
        catalogue_file: Option<CatalogueFile>,
        metrics: Option<PrometheusHandle>,
        tracer: Tracer,
    ) -> Result<(Self, Door), DaemonError> {
        let hooks = Hooks::open(&config.hooks)?;
        let (journal, reader) = open_journal(&*host, &config)?;
        kill_point!(Opened);
        let (askers, wishes) = ends_of_wishes();
        host.may_submit(&askers.submitter);
        let end = CancellationToken::new();
        let records = metrics.as_ref().map(|_| Records::open(&config, &reader, &end)).transpose()?;
        let this = Self {
            entries: records.as_ref().and_then(|records| records.entries.clone()),
            scribe: Scribe { host: Arc::clone(&host), log: records.as_ref().map(|it| Arc::clone(&it.audit)) },
            host,
            config,
            catalogue_file,
            meters: Meters::new(),
            tracer,
            readiness: Readiness::default(),
            heartbeat: Heartbeat::default(),
            read_model: Arc::new(ReadModel::new()),
            hooks,
            journal,
            reader,
            wishes,
        };
        let app = metrics.zip(records).map(|(metrics, records)| this.app(metrics, records, askers));
        let served = app.map(|app| this.serve(app, end.clone())).transpose()?;
        Ok((this, Door { end, served }))
    }

    /// All that requests see.
    fn app(&self, metrics: PrometheusHandle, records: Records, askers: Askers) -> App {
        let Self { config, .. } = self;
        let Askers { asker, submitter, editor } = askers;
        App {
            readiness: self.readiness.clone(),
            heartbeat: self.heartbeat.clone(),
            read_model: Arc::clone(&self.read_model),
            asker,
            submitter,
            editor,
            metrics,
            labels: self.meters.labels().clone(),
            tokens: records.tokens,
            audit: records.audit,
            backup: Some(backup_of(config, &self.reader, records.chronicle.clone())),
            chronicle: records.chronicle,
            owner_token: config.http.owner_token.as_ref().and_then(|token| OwnerToken::new(token.reveal())),
            oidc: config.oidc.clone().map(Oidc::new),
            doors: self.hooks.doors.clone(),
            session: session_options(&config.http),
            clock: system_clock,
        }
    }

    /// Listens, and serves whoever comes until `end`.
    fn serve(&self, app: App, end: CancellationToken) -> Result<JoinHandle<()>, DaemonError> {
        let HttpConfig { identity, listen: configured, .. } = &self.config.http;
        let certificate =
            identity.as_ref().map(|files| Certificate::open(&files.certificate, &files.key)).transpose()?;
        let runtime = self.host.http();
        let refused = |source| DaemonError::Listen { address: *configured, source };
        let listener = listen(*configured, &runtime).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        HttpListening { address, token_configured: app.owner_token.is_some() }.emit();
        Ok(runtime.spawn(http::serve(listener, certificate, app, end.cancelled_owned())))
    }
}

/// Where HTTP comes in.
pub(super) struct Door {
    /// Set when nobody is served any more.
    end: CancellationToken,
    /// Whoever serves, where anything is served.
    served: Option<JoinHandle<()>>,
}

impl Door {
    /// Serves nobody any more, and waits until those who were are gone.
    pub(super) async fn close(self) {
        self.end.cancel();
        if let Some(served) = self.served {
            // The server ends its streams and connections within a bound of its own.
            let _ = served.await;
        }
    }
}

/// What is kept beside the journal for whoever asks over HTTP.
struct Records {
    tokens: Tokens,
    audit: Arc<AuditLog>,
    chronicle: Option<Chronicle>,
    /// What the chronicle is handed.
    entries: Option<Handover<Entry>>,
}

impl Records {
    /// Opens them; the chronicle follows the journal until `end`.
    fn open(config: &Config, reader: &JournalReader, end: &CancellationToken) -> Result<Self, DaemonError> {
        let path = &config.journal.path;
        let tokens = Tokens::open(path)?;
        // Nothing depends on it: a daemon without one lacks reports alone.
        let chronicle = Chronicle::open(path, reader.identity().instance);
        let chronicle = chronicle.inspect_err(|error| tracing::error!(%error, "there are no reports")).ok();
        let chronicle = chronicle.map(|chronicle| chronicle.keeping(retention_of(&config.journal)));
        let entries = chronicle.clone().map(|chronicle| {
            let entries = Handover::new(chronicler::FRESH_BYTES_MAX);
            chronicler::start(chronicle, reader.clone(), entries.clone(), end.clone());
            entries
        });
        Ok(Self { tokens, audit: Arc::new(AuditLog::open(path)), chronicle, entries })
    }
}

/// For how long the chronicle keeps what.
fn retention_of(config: &JournalConfig) -> Retention {
    Retention { histories: millis(config.histories_retention), sums: millis(config.reports_retention) }
}

fn millis(length: Duration) -> Millis {
    Millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX))
}

fn open_journal(host: &dyn Host, config: &Config) -> Result<(RedbJournal, JournalReader), DaemonError> {
    let options = JournalOptions {
        snapshot_every_events: config.journal.snapshot_every,
        retention: millis(config.journal.retention),
        outbox_records_max: config.journal.outbox_max,
        ..JournalOptions::default()
    };
    let opened = host.open_journal(&config.journal.path, &options)?;
    Ok((opened.journal, opened.reader))
}

/// How whoever may gets a copy of all that is kept.
fn backup_of(config: &Config, reader: &JournalReader, chronicle: Option<Chronicle>) -> Backup {
    let sources = Sources { journal: reader.clone(), chronicle, directory: config.journal.path.clone() };
    Backup::new(move |to| sources.copy_to(to).map(drop))
}

/// Cookies go over TLS only where that is all there is.
fn session_options(http: &HttpConfig) -> SessionOptions {
    SessionOptions { lifetime: http.session_lifetime, secure: http.secure_cookies || http.identity.is_some() }
}

fn listen(address: SocketAddr, runtime: &Handle) -> io::Result<TcpListener> {
    let _within = runtime.enter();
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(CONNECTIONS_WAITING_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chronicle_keeps_what_the_configuration_says() {
        let mut config = JournalConfig::default();
        assert_eq!(retention_of(&config), Retention::default(), "where nothing is said");
        (config.histories_retention, config.reports_retention) = (Duration::from_secs(7), Duration::from_secs(9));
        let expected = Retention { histories: Millis::from_secs(7), sums: Millis::from_secs(9) };
        assert_eq!(retention_of(&config), expected);
    }
}

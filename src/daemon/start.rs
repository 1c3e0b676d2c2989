//! The life of a daemon, told from its start to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::backup::Sources;
use crate::broker::Link;
use crate::chronicle::Chronicle;
use crate::config::{CatalogueFile, Config, HttpConfig};
use crate::http::{
    self, App, Backup, Certificate, EditRequests, Heartbeat, Oidc, OwnerToken, Questions, ReadModel, Readiness,
    SessionOptions, Submissions,
};
use crate::journal::{Entry, JournalOptions, JournalReader, Recovered, RedbJournal};
use crate::kill_point::kill_point;
use crate::records::audit::AuditLog;
use crate::records::tokens::Tokens;
use crate::routing::{Catalogue, Millis};
use crate::telemetry::occurrence::{ClockSteppedBack, DrainStarted, HttpListening, JournalRecovered, SnapshotRefused};
use crate::telemetry::traces::Tracer;
use crate::telemetry::{Meters, PrometheusHandle};

use super::breaker::Breaker;
use super::catalogue::Keeper;
use super::catch_up::CatchUp;
use super::chronicler;
use super::clock::{Clock, system_clock};
use super::flight::Flight;
use super::handover::Handover;
use super::hooks::Hooks;
use super::housekeeping::Housekeeping;
use super::journal_thread::{self, Checkpointer, Heralds};
use super::observer::BrokerObserver;
use super::publisher::{self, Cursor, Promises, Publisher};
use super::running::{Running, tell_end};
use super::scribe::{Begun, Ending, Occasion, Scribe};
use super::snapshots::Snapshots;
use super::work::Work;
use super::writer::Writer;
use super::writer_thread::{Desk, IntakeGate};
use super::{Connect, DaemonError, Host, Reread, Signal, Signals};

/// The most connections of HTTP that the system holds until they are taken.
const CONNECTIONS_WAITING_MAX: u32 = 1_024;

/// How far the journal's time may be ahead of the clock at a start without a word. Until the clock has caught up, time stands
/// still.
const AHEAD_MAX: Duration = Duration::from_hours(1);

/// What a daemon is made of before it runs.
pub struct Daemon {
    /// What it runs on.
    pub host: Arc<dyn Host>,
    /// As resolved.
    pub config: Config,
    /// Brings up the broker, or what stands in for it.
    pub connect: Connect,
    /// Renders the metrics. Without it nothing is served over HTTP.
    pub metrics: Option<PrometheusHandle>,
    /// Reads the catalogue and the hooks again, on request.
    pub reload: Reread,
    /// Where the catalogue is written when it is changed over HTTP; `None` where it can't be.
    pub catalogue_file: Option<CatalogueFile>,
    /// Tells of the way of events.
    pub tracer: Tracer,
}

impl Daemon {
    /// Starts, works until told to drain, and ends in good order.
    ///
    /// # Errors
    /// Why it could not start or had to end. What it had taken over is durable in any case.
    pub async fn run(self, signals: &mut impl Signals) -> Result<(), DaemonError> {
        let Self { host, config, connect, metrics, mut reload, catalogue_file, tracer } = self;
        let meters = Meters::new();
        let readiness = Readiness::default();
        let heartbeat = Heartbeat::default();
        let read_model = Arc::new(ReadModel::new());
        let hooks = Hooks::open(&config.hooks)?;
        let (journal, reader) = open_journal(&*host, &config)?;
        kill_point!(Opened);

        let (asker, questions) = http::questions();
        let (submitter, submissions) = http::submissions();
        host.may_submit(&submitter);
        let (editor, edits) = http::edits();
        let http_end = CancellationToken::new();
        let records = metrics.as_ref().map(|_| Records::open(&config, &reader, &http_end)).transpose()?;
        let entries = records.as_ref().and_then(|records| records.entries.clone());
        let scribe = Scribe { host: Arc::clone(&host), log: records.as_ref().map(|it| Arc::clone(&it.audit)) };
        let app = metrics.zip(records).map(|(metrics, records)| App {
            readiness: readiness.clone(),
            heartbeat: heartbeat.clone(),
            read_model: Arc::clone(&read_model),
            asker,
            submitter,
            editor,
            metrics,
            labels: meters.labels().clone(),
            tokens: records.tokens,
            audit: records.audit,
            backup: Some(backup_of(&config, &reader, records.chronicle.clone())),
            chronicle: records.chronicle,
            owner_token: config.http.owner_token.as_ref().and_then(|token| OwnerToken::new(token.reveal())),
            oidc: config.oidc.clone().map(Oidc::new),
            doors: hooks.doors.clone(),
            session: session_options(&config.http),
            clock: system_clock,
        });
        let http = app.map(|app| serve_http(&config, app, &host.http(), http_end.clone())).transpose()?;

        let recovered = recover(&*host, &config, &reader).await?;
        host.witness(&recovered.state);
        readiness.journal_replayed();
        kill_point!(Recovered);
        let mut reload_asked = false;
        let breaker = Breaker::open(Arc::clone(&host), reader.clone());
        let reached = async {
            breaker.wait(&readiness).await;
            connect(Arc::new(BrokerObserver { meters: meters.clone() }), breaker.prefetch()).await
        };
        let link = tokio::select! {
            biased;
            link = reached => link?,
            // Nothing is under way yet, but for what an earlier process left in the outbox.
            cause = asked_to_end(signals, &mut reload_asked) => {
                DrainStarted { cause, timeout: config.node.shutdown_timeout }.emit();
                let usage = reader.usage();
                tell_end(Duration::ZERO, false, usage.outbox_last.saturating_sub(usage.published_through));
                return Ok(());
            }
        };
        kill_point!(Connected);
        let begun = begin(&scribe, &recovered, catalogue_file.as_ref(), &config.catalogue).await?;
        let keeping = (catalogue_file, Arc::clone(&read_model), edits, hooks.clone(), scribe.clone());
        let mut writer = Writer::new(
            recovered,
            reader.clone(),
            &config.node.name,
            Millis(u64::try_from(config.dedupe.window.as_millis()).unwrap_or(u64::MAX)),
            meters.clone(),
            read_model,
            host.planted(),
        );
        writer.read_also(hooks.inlets.clone());
        writer.trace_by(tracer.clone());
        let running = start(
            host,
            link,
            writer,
            questions,
            submissions,
            keeping,
            journal,
            reader,
            entries,
            &config,
            readiness,
            heartbeat,
            &meters,
            breaker.clone(),
            tracer,
        );
        scribe.end(begun, ending(&running)).await;
        let result = live(running?, signals, &mut reload, reload_asked).await;
        if !result.as_ref().is_err_and(DaemonError::may_be_of_what_was_taken) {
            breaker.end();
        }
        http_end.cancel();
        if let Some(http) = http {
            // The server ends its streams and connections within a bound of its own.
            let _ = http.await;
        }
        result
    }
}

/// Writes down that the configuration has another catalogue than the journal knows, where it has.
async fn begin(
    scribe: &Scribe,
    recovered: &Recovered,
    file: Option<&CatalogueFile>,
    new: &Catalogue,
) -> Result<Begun, DaemonError> {
    let old: &Catalogue = recovered.state.catalogue();
    if old == new {
        return Ok(Begun::nothing());
    }
    let begun = scribe.begin(Occasion::Start, file.map(CatalogueFile::path), Some((old, new))).await;
    begun.map_err(DaemonError::Audit)
}

/// What became of the catalogue at a start.
fn ending(started: &Result<Running, DaemonError>) -> Ending {
    match started {
        Ok(_) => Ending::InForce,
        Err(DaemonError::Catalogue(refused)) => Ending::InUse(refused.to_string()),
        Err(_) => Ending::Unknown,
    }
}

/// Works until told to end, and drains.
async fn live(
    mut running: Running,
    signals: &mut impl Signals,
    reload: &mut Reread,
    reload_asked: bool,
) -> Result<(), DaemonError> {
    // Without a service manager there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let ended = running.work(signals, reload, reload_asked).await;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    running.drain(ended?).await
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
        let entries = chronicle.clone().map(|chronicle| {
            let entries = Handover::new(chronicler::FRESH_BYTES_MAX);
            chronicler::start(chronicle, reader.clone(), entries.clone(), end.clone());
            entries
        });
        Ok(Self { tokens, audit: Arc::new(AuditLog::open(path)), chronicle, entries })
    }
}

/// Waits for a signal to drain, whose cause it returns; notes one to reload.
async fn asked_to_end(signals: &mut impl Signals, reload_asked: &mut bool) -> &'static str {
    loop {
        match signals.next().await {
            Signal::Drain(cause) => return cause,
            Signal::Reload => *reload_asked = true,
        }
    }
}

fn open_journal(host: &dyn Host, config: &Config) -> Result<(RedbJournal, JournalReader), DaemonError> {
    let options = JournalOptions {
        snapshot_every_events: config.journal.snapshot_every,
        retention: Millis(u64::try_from(config.journal.retention.as_millis()).unwrap_or(u64::MAX)),
        outbox_records_max: config.journal.outbox_max,
        ..JournalOptions::default()
    };
    let opened = host.open_journal(&config.journal.path, &options)?;
    Ok((opened.journal, opened.reader))
}

/// Listens, and serves whoever comes.
fn serve_http(
    config: &Config,
    app: App,
    runtime: &Handle,
    end: CancellationToken,
) -> Result<JoinHandle<()>, DaemonError> {
    let identity = config.http.identity.as_ref();
    let certificate = identity.map(|files| Certificate::open(&files.certificate, &files.key)).transpose()?;
    let configured = config.http.listen;
    let refused = |source| DaemonError::Listen { address: configured, source };
    let listener = listen(configured, runtime).map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    HttpListening { address, token_configured: app.owner_token.is_some() }.emit();
    Ok(runtime.spawn(crate::http::serve(listener, certificate, app, end.cancelled_owned())))
}

fn listen(address: SocketAddr, runtime: &Handle) -> io::Result<TcpListener> {
    let _within = runtime.enter();
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(CONNECTIONS_WAITING_MAX)
}

async fn recover(host: &dyn Host, config: &Config, reader: &JournalReader) -> Result<Recovered, DaemonError> {
    let started_at = Instant::now();
    let recovering = reader.clone();
    let (tx, recovered) = oneshot::channel();
    host.on_pool(Box::new(move || {
        // Nobody listens any more where the process is ending for another reason.
        let _ = tx.send(recovering.recover());
    }));
    let recovered = recovered.await.map_err(|_| DaemonError::Panicked("recovery"))??;
    for refused in &recovered.report.snapshots_refused {
        SnapshotRefused { path: &refused.path, why: &refused.why }.emit();
    }
    JournalRecovered {
        path: &config.journal.path,
        snapshot_seq: recovered.report.snapshot_seq.unwrap_or(0),
        torn_batch_cut: recovered.report.torn_batch_cut,
        replayed_count: recovered.report.events_replayed,
        tickets_count: recovered.state.tickets().len(),
        agents_count: recovered.state.agents().len(),
        outbox_count: (recovered.outbox_next - 1).saturating_sub(recovered.published_through),
        took: started_at.elapsed(),
    }
    .emit();
    let ahead = Duration::from_millis(recovered.state.now().since(host.now()).0);
    if ahead >= AHEAD_MAX {
        ClockSteppedBack { by: ahead }.emit();
    }
    Ok(recovered)
}

#[expect(clippy::too_many_arguments, reason = "this is where all rooms meet, once")]
fn start(
    host: Arc<dyn Host>,
    link: Link,
    mut writer: Writer,
    questions: Questions,
    submissions: Submissions,
    (catalogue_file, read_model, edits, hooks, scribe): (
        Option<CatalogueFile>,
        Arc<ReadModel>,
        EditRequests,
        Hooks,
        Scribe,
    ),
    journal: RedbJournal,
    reader: JournalReader,
    entries: Option<Handover<Entry>>,
    config: &Config,
    readiness: Readiness,
    heartbeat: Heartbeat,
    meters: &Meters,
    breaker: Breaker,
    tracer: Tracer,
) -> Result<Running, DaemonError> {
    let Link { deliveries, intake, publisher: publisher_link, status } = link;
    let (batches, sealed) = mpsc::channel(1);
    let (control, control_rx) = mpsc::channel(16);
    let (outbox, durable) = watch::channel(0);
    let cursor = Cursor::at(reader.usage().published_through);
    let promises = Promises::default();
    let publications = Handover::new(publisher::FRESH_BYTES_MAX);
    let (checkpointer, failures) = Checkpointer::new(reader.clone());
    let snapshots = Snapshots::of(reader.clone());
    let intake_gate = IntakeGate::default();

    let draining = CancellationToken::new();
    let mut clock = Clock::new(Arc::clone(&host));
    writer.replace_catalogue(Arc::new(config.catalogue.clone()), clock.now()).map_err(DaemonError::Catalogue)?;
    kill_point!(CatalogueInForce);

    let heralds = Heralds {
        host: Arc::clone(&host),
        intake: Arc::clone(&intake),
        outbox,
        promises: promises.clone(),
        breaker: breaker.clone(),
        meters: meters.clone(),
        publications: publications.clone(),
        entries,
        checkpointer: checkpointer.clone(),
        snapshots: snapshots.clone(),
        failures,
        tracer: tracer.clone(),
    };
    let journal = Work::on_thread(&*host, "journal", journal_thread::run(journal, sealed, heralds))?;

    let desk = Desk {
        host: Arc::clone(&host),
        writer,
        clock,
        deliveries,
        status: status.clone(),
        catch_up: CatchUp::new(),
        control: control_rx,
        questions,
        submissions,
        batches,
        journal_free: Arc::new(Semaphore::new(1)),
        reader: reader.clone(),
        snapshots,
        cursor: cursor.clone(),
        intake_gate: intake_gate.clone(),
        draining: draining.clone(),
        heartbeat: heartbeat.clone(),
        breaker,
    };
    let writer = Work::on_thread(&*host, "writer", desk.run())?;

    let drained = CancellationToken::new();
    let publisher = Publisher {
        host: Arc::clone(&host),
        link: publisher_link,
        reader: reader.clone(),
        durable,
        flight: Flight::after(cursor.get()),
        fresh: publications,
        cursor: cursor.clone(),
        promises,
        meters: meters.clone(),
        tracer,
    };
    let (publisher, publishing) = Work::new("publisher", publisher.run(drained.clone()));
    host.on_runtime(publishing);
    let housekeeping = Housekeeping {
        host: Arc::clone(&host),
        reader: reader.clone(),
        checkpointer,
        cursor: cursor.clone(),
        intake: intake_gate,
        readiness: readiness.clone(),
        heartbeat,
        meters: meters.clone(),
    };
    host.on_runtime({
        let drained = drained.clone();
        Box::pin(async move {
            drained.run_until_cancelled(housekeeping.run()).await;
        })
    });
    Ok(Running {
        host,
        intake,
        status,
        keeper: Keeper { file: catalogue_file, read_model, control },
        scribe,
        edits,
        hooks,
        writer,
        journal,
        publisher,
        draining,
        drained,
        reader,
        cursor,
        readiness,
        shutdown_timeout: config.node.shutdown_timeout,
    })
}

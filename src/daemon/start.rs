//! The life of a daemon, told from its start to its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::broker::Link;
use crate::config::{CatalogueFile, Config};
use crate::journal::{JournalReader, Recovered};
use crate::kill_point::kill_point;
use crate::routing::Catalogue;
use crate::telemetry::PrometheusHandle;
use crate::telemetry::occurrence::{ClockSteppedBack, DrainStarted, JournalRecovered, SnapshotRefused};
use crate::telemetry::traces::Tracer;

use super::breaker::Breaker;
use super::observer::BrokerObserver;
use super::premises::Premises;
use super::running::{Running, tell_end};
use super::scribe::{Begun, Ending, Occasion, Scribe};
use super::threads;
use super::work::Work;
use super::{Connect, DaemonError, Host, Reread, Signal, Signals};

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
        let (premises, door) = Premises::open(host, config, catalogue_file, metrics, tracer)?;
        let recovered = recover(&*premises.host, &premises.config, &premises.reader).await?;
        premises.host.witness(&recovered.state);
        premises.readiness.journal_replayed();
        kill_point!(Recovered);
        let mut reload_asked = false;
        let breaker = Breaker::open(Arc::clone(&premises.host), premises.reader.clone());
        let link = tokio::select! {
            biased;
            link = reach(&premises, connect, &breaker) => link?,
            // Nothing is under way yet, but for what an earlier process left in the outbox.
            cause = asked_to_end(signals, &mut reload_asked) => {
                end_before_the_broker(&premises, cause);
                return Ok(());
            }
        };
        kill_point!(Connected);
        let Premises { scribe, catalogue_file, config, .. } = &premises;
        let begun = begin(scribe, &recovered, catalogue_file.as_ref(), &config.catalogue).await?;
        let scribe = scribe.clone();
        let running = threads::set_to_work(premises, link, recovered, breaker.clone());
        scribe.end(begun, ending(&running)).await;
        let result = live(running?, signals, &mut reload, reload_asked).await;
        if !result.as_ref().is_err_and(DaemonError::may_be_of_what_was_taken) {
            breaker.end();
        }
        door.close().await;
        result
    }
}

/// Connects, once whatever made earlier processes die is not to be feared.
async fn reach(premises: &Premises, connect: Connect, breaker: &Breaker) -> Result<Link, DaemonError> {
    breaker.wait(&premises.readiness).await;
    let observer = Arc::new(BrokerObserver { meters: premises.meters.clone() });
    let (mut link, connecting) = Work::new("broker", connect(observer, breaker.prefetch()));
    premises.host.on_line(connecting);
    link.ended().await
}

fn end_before_the_broker(premises: &Premises, cause: &'static str) {
    DrainStarted { cause, timeout: premises.config.node.shutdown_timeout }.emit();
    let usage = premises.reader.usage();
    tell_end(Duration::ZERO, false, usage.outbox_last.saturating_sub(usage.published_through));
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

/// Waits for a signal to drain, whose cause it returns; notes one to reload.
async fn asked_to_end(signals: &mut impl Signals, reload_asked: &mut bool) -> &'static str {
    loop {
        match signals.next().await {
            Signal::Drain(cause) => return cause,
            Signal::Reload => *reload_asked = true,
        }
    }
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

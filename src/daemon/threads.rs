//! Sets the daemon's tasks to work, and ties them to one another.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::broker::{Intake, Link, Publish};
use crate::http::{Heartbeat, Readiness};
use crate::journal::{Entry, JournalReader, Recovered};
use crate::kill_point::kill_point;
use crate::routing::Millis;
use crate::telemetry::Meters;
use crate::telemetry::traces::Tracer;

use super::appending::{self, Checkpointer, Heralds, Pen, UnderWay};
use super::breaker::Breaker;
use super::catalogue::Keeper;
use super::catch_up::CatchUp;
use super::clock::Clock;
use super::desk::{Desk, Ears, IntakeGate};
use super::flight::Flight;
use super::handover::Handover;
use super::housekeeping::Housekeeping;
use super::outbox::Outgoing;
use super::premises::{Premises, Wishes};
use super::publisher::{self, Cursor, Promises, Publisher};
use super::running::Running;
use super::snapshots::Snapshots;
use super::work::Work;
use super::writer::Writer;
use super::{DaemonError, Host};

/// How many requests to change the catalogue may wait for the writer.
const CONTROLS_MAX: usize = 16;

/// Sets them to work on what the journal knows, under the catalogue of the configuration.
///
/// # Errors
/// Where that catalogue can't come into force, or there is no thread to be had.
pub(super) fn set_to_work(
    premises: Premises,
    link: Link,
    recovered: Recovered,
    breaker: Breaker,
) -> Result<Running, DaemonError> {
    let mut clock = Clock::new(Arc::clone(&premises.host));
    let mut writer = writer_of(&premises, recovered);
    let catalogue = Arc::new(premises.config.catalogue.clone());
    writer.replace_catalogue(catalogue, clock.now()).map_err(DaemonError::Catalogue)?;
    kill_point!(CatalogueInForce);

    let (ties, failures) = Ties::of(&premises, breaker);
    let Premises { host, config, catalogue_file, read_model, hooks, journal, entries, scribe, wishes, .. } = premises;
    let Link { deliveries, intake, publisher, status } = link;
    let Wishes { questions, submissions, edits } = wishes;
    let (batches, sealed) = mpsc::channel(1);
    let (outbox, durable) = watch::channel(0);
    let (control, told) = mpsc::channel(CONTROLS_MAX);

    let heralds = ties.heralds(Arc::clone(&intake), outbox, entries, failures);
    let pen = Pen::new(Arc::clone(&host), ties.heartbeat.clone(), journal);
    let (journal, appending) = Work::new("journal", appending::run(pen, sealed, heralds));
    host.on_line(appending);
    let ears = Ears { deliveries, status: status.clone(), control: told, questions, submissions };
    let (writer, deciding) = Work::new("writer", ties.desk(writer, clock, ears, batches).run());
    host.on_line(deciding);
    let publisher = ties.publisher(publisher, durable).run(ties.drained.clone());
    let (publisher, publishing) = Work::new("publisher", publisher);
    host.on_line(publishing);
    let (drained, housekeeping) = (ties.drained.clone(), ties.housekeeping());
    host.on_runtime(Box::pin(async move {
        drained.run_until_cancelled(housekeeping.run()).await;
    }));

    let Ties { draining, drained, reader, cursor, readiness, .. } = ties;
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

/// Whoever decides, from where the journal ends.
fn writer_of(premises: &Premises, recovered: Recovered) -> Writer {
    let Premises { config, reader, meters, read_model, host, hooks, tracer, .. } = premises;
    let window = Millis(u64::try_from(config.dedupe.window.as_millis()).unwrap_or(u64::MAX));
    let (meters, read_model) = (meters.clone(), Arc::clone(read_model));
    let mut writer =
        Writer::new(recovered, reader.clone(), &config.node.name, window, meters, read_model, host.planted());
    writer.read_also(hooks.inlets.clone());
    writer.trace_by(tracer.clone());
    writer
}

/// What they have in common: each has its own hand on it.
struct Ties {
    host: Arc<dyn Host>,
    reader: JournalReader,
    meters: Meters,
    tracer: Tracer,
    readiness: Readiness,
    heartbeat: Heartbeat,
    breaker: Breaker,
    cursor: Cursor,
    promises: Promises,
    /// From the journal to the publisher.
    publications: Handover<Outgoing>,
    checkpointer: Checkpointer,
    snapshots: Snapshots,
    intake_gate: IntakeGate,
    draining: CancellationToken,
    drained: CancellationToken,
}

impl Ties {
    /// New ones, and why a checkpoint failed.
    fn of(premises: &Premises, breaker: Breaker) -> (Self, mpsc::Receiver<DaemonError>) {
        let reader = premises.reader.clone();
        let (checkpointer, failures) = Checkpointer::new(reader.clone());
        let ties = Self {
            host: Arc::clone(&premises.host),
            meters: premises.meters.clone(),
            tracer: premises.tracer.clone(),
            readiness: premises.readiness.clone(),
            heartbeat: premises.heartbeat.clone(),
            breaker,
            cursor: Cursor::at(reader.usage().published_through),
            promises: Promises::default(),
            publications: Handover::new(publisher::FRESH_BYTES_MAX),
            checkpointer,
            snapshots: Snapshots::of(reader.clone()),
            intake_gate: IntakeGate::default(),
            draining: CancellationToken::new(),
            drained: CancellationToken::new(),
            reader,
        };
        (ties, failures)
    }

    fn heralds(
        &self,
        intake: Arc<dyn Intake>,
        outbox: watch::Sender<u64>,
        entries: Option<Handover<Entry>>,
        failures: mpsc::Receiver<DaemonError>,
    ) -> Heralds {
        Heralds {
            host: Arc::clone(&self.host),
            intake,
            outbox,
            promises: self.promises.clone(),
            breaker: self.breaker.clone(),
            meters: self.meters.clone(),
            publications: self.publications.clone(),
            entries,
            checkpointer: self.checkpointer.clone(),
            snapshots: self.snapshots.clone(),
            failures,
            tracer: self.tracer.clone(),
        }
    }

    fn desk(&self, writer: Writer, clock: Clock, ears: Ears, batches: mpsc::Sender<UnderWay>) -> Desk {
        Desk {
            host: Arc::clone(&self.host),
            writer,
            clock,
            ears,
            catch_up: CatchUp::new(),
            batches,
            journal_free: Arc::new(Semaphore::new(1)),
            reader: self.reader.clone(),
            snapshots: self.snapshots.clone(),
            cursor: self.cursor.clone(),
            intake_gate: self.intake_gate.clone(),
            draining: self.draining.clone(),
            heartbeat: self.heartbeat.clone(),
            breaker: self.breaker.clone(),
        }
    }

    fn publisher(&self, link: Box<dyn Publish>, durable: watch::Receiver<u64>) -> Publisher {
        Publisher {
            host: Arc::clone(&self.host),
            link,
            reader: self.reader.clone(),
            durable,
            flight: Flight::after(self.cursor.get()),
            fresh: self.publications.clone(),
            cursor: self.cursor.clone(),
            promises: self.promises.clone(),
            meters: self.meters.clone(),
            tracer: self.tracer.clone(),
        }
    }

    fn housekeeping(&self) -> Housekeeping {
        Housekeeping {
            host: Arc::clone(&self.host),
            reader: self.reader.clone(),
            checkpointer: self.checkpointer.clone(),
            cursor: self.cursor.clone(),
            intake: self.intake_gate.clone(),
            readiness: self.readiness.clone(),
            heartbeat: self.heartbeat.clone(),
            meters: self.meters.clone(),
        }
    }
}

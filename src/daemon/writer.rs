//! The one writer: inputs in, batches out. It owns the engine, and knows neither threads nor time.
//!
//! Legal order: any number of [`Writer::deliver`], [`Writer::submit`], [`Writer::give_up`], [`Writer::elapse`], [`Writer::resume_listening`] and [`Writer::replace_catalogue`], then
//! [`Writer::seal`]; the next batch may fill while the sealed one becomes durable, and may be sealed when it is.

mod letters;
#[cfg(test)]
mod tests;
mod translated;

use std::sync::Arc;
use std::time::Instant;

use crate::broker::{Delivery, DeliveryToken, Publication};
use crate::http::ReadModel;
use crate::journal::{Batch, Entry, JournalError, JournalReader, OutboxRecord, Recovered};
use crate::kill_point::kill_point;
use crate::routing::{
    AgentId, Catalogue, Command, Engine, Event, Millis, Outcome, Rejection, RoleName, State, Status, Timestamp, Verdict,
};
use crate::telemetry::Meters;
use crate::telemetry::occurrence::{EventAccepted, EventDeadLettered, EventDuplicate, EventRejected};
use crate::telemetry::traces::{Traced, Tracer};
use crate::wire::{self, After, Context, Encoder, Inbound, RawEvent, Unreadable};

use super::answers::Answers;
use super::duplicates::{Duplicates, duplicate_id};
use super::hooks::Inlets;
use super::keys::Keys;
use super::outbox::{self, Outgoing, Subject};
use super::{Mistake, Planted};

/// The extension of CloudEvents for distributed tracing, and the header of W3C Trace Context.
const TRACEPARENT: &str = "traceparent";

/// The most inputs of a batch: beyond it a sync costs less than what it makes durable.
pub(super) const INPUTS_MAX: usize = 512;
/// The most bytes of a batch's outbox, dead letters among them, before it is sealed.
const BYTES_MAX: usize = 4 << 20;
/// Of a message that is dead-lettered without a type that we know.
pub(super) const UNKNOWN_KIND: &str = "unknown";

/// An assignment that an event led to at once: when it is confirmed, its latency is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// The outbox record that tells of it.
    pub number: u64,
    /// The role that it is for.
    pub role: RoleName,
    /// When the event was delivered.
    pub received_at: Instant,
}

/// A batch, and what may be done once it is durable.
#[derive(Debug, Default)]
pub struct Sealed {
    /// To be made durable.
    pub batch: Batch,
    /// Then: to be acknowledged, each with all before it in its epoch.
    pub settle: Vec<DeliveryToken>,
    /// Then: to be sent. What the batch's outbox says, number by number.
    pub publications: Vec<(u64, Outgoing)>,
    /// Then: to be watched for.
    pub promises: Vec<Promise>,
    /// Then: to be given.
    pub answers: Answers,
    /// Then: to be told of.
    pub traced: Vec<Traced>,
}

/// That a catalogue is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Its version.
    pub version: u64,
    /// What is different, one line a change; empty where it was in force before.
    pub changes: Vec<String>,
}

/// The engine and what is around it.
pub struct Writer {
    engine: Engine,
    encoder: Encoder,
    duplicates: Duplicates,
    keys: Keys,
    meters: Meters,
    read_model: Arc<ReadModel>,
    outbox_next: u64,
    sealed_through: u64,
    filling: Sealed,
    inputs: usize,
    bytes: usize,
    planted: Planted,
    inlets: Inlets,
    tracer: Tracer,
}

impl Writer {
    /// A writer that goes on from where the journal ends.
    #[must_use]
    pub fn new(
        recovered: Recovered,
        reader: JournalReader,
        node: &str,
        dedupe_window: Millis,
        meters: Meters,
        read_model: Arc<ReadModel>,
        planted: Planted,
    ) -> Self {
        meters.learn(recovered.state.catalogue());
        read_model.rebuild(&recovered.state);
        Self {
            encoder: Encoder::new(node, recovered.state.identity().instance),
            engine: Engine::resume(recovered.state),
            duplicates: Duplicates::new(reader, dedupe_window, planted),
            keys: Keys::default(),
            meters,
            read_model,
            outbox_next: recovered.outbox_next,
            sealed_through: recovered.published_through,
            filling: Sealed::default(),
            inputs: 0,
            bytes: 0,
            planted,
            inlets: Inlets::default(),
            tracer: Tracer::off(),
        }
    }

    /// Has messages that are no events of ours read by these.
    pub(super) fn read_also(&mut self, inlets: Inlets) {
        self.inlets = inlets;
    }

    /// Has the way of events told by this.
    pub(super) fn trace_by(&mut self, tracer: Tracer) {
        self.tracer = tracer;
    }

    /// What the engine knows.
    #[must_use]
    pub fn state(&self) -> &State {
        self.engine.state()
    }

    /// When [`Writer::elapse`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.engine.next_timeout().map(|(due, _)| due)
    }

    /// Takes a message from the broker.
    ///
    /// # Errors
    /// Where the journal can't be read: the process has to end.
    pub fn deliver(&mut self, delivery: Delivery, now: Timestamp) -> Result<(), JournalError> {
        kill_point!(Received);
        self.inputs += 1;
        self.settle(delivery.token);
        let read_from = self.tracer.now();
        let decoded = wire::decode(&raw(&delivery), self.engine.state().catalogue());
        kill_point!(Decoded);
        match decoded {
            Ok(inbound) => self.take(inbound, delivery.received_at, read_from, now).map(drop),
            Err(unreadable) => self.take_unknown(delivery, &unreadable, now),
        }
    }

    /// Takes a message from the broker over which so many processes have died, without looking into it.
    pub fn give_up(&mut self, delivery: Delivery, deaths: u32) {
        self.inputs += 1;
        self.settle(delivery.token);
        let unreadable = wire::give_up(&raw(&delivery), deaths);
        self.bury(delivery, &unreadable);
    }

    /// Deliveries come in again, and those that waited have been taken. Nobody was silent while nobody could be heard,
    /// so everybody who is there counts as heard of now.
    pub fn resume_listening(&mut self, now: Timestamp) {
        let state = self.engine.state();
        let rules = &state.catalogue().agents;
        if rules.heartbeat_timeout.is_zero() && rules.idle_timeout.is_zero() {
            return;
        }
        let present = state.agents().filter(|agent| agent.status != Status::Offline);
        let present: Vec<AgentId> = present.map(|agent| agent.id.clone()).collect();
        for agent in present {
            self.inputs += 1;
            self.decide(Command::ExcuseSilence { agent }, &Context::default(), None, now);
        }
    }

    /// Time has passed.
    pub fn elapse(&mut self, now: Timestamp) {
        self.inputs += 1;
        self.decide(Command::Elapse, &Context::default(), None, now);
    }

    /// The configuration was read. Says what is different from the one before.
    ///
    /// # Errors
    /// Where it takes out a role on which something hangs: then the one before stays.
    pub fn replace_catalogue(&mut self, catalogue: Arc<Catalogue>, now: Timestamp) -> Result<Replaced, Rejection> {
        self.inputs += 1;
        let changes = catalogue.changes_since(self.engine.state().catalogue());
        match self.decide(Command::ReplaceCatalogue { catalogue }, &Context::default(), None, now).verdict {
            Verdict::Rejected(rejection) => Err(rejection),
            Verdict::Accepted | Verdict::Duplicate => {
                Ok(Replaced { version: self.engine.state().catalogue_version(), changes })
            }
        }
    }

    /// Whether there is anything to seal: inputs, or a cursor that has moved.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.inputs > 0
    }

    /// Whether no more should be taken before the batch is sealed.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.inputs >= INPUTS_MAX || self.bytes >= BYTES_MAX
    }

    /// Whether the broker has confirmed more than the journal was told.
    #[must_use]
    pub fn cursor_moved(&self, published_through: u64) -> bool {
        published_through > self.sealed_through
    }

    /// Hands over what was decided since the last seal. The batch before must be durable.
    pub fn seal(&mut self, published_through: u64, now: Timestamp) -> Sealed {
        self.duplicates.seal();
        self.sealed_through = self.sealed_through.max(published_through);
        self.inputs = 0;
        self.bytes = 0;
        let mut sealed = std::mem::take(&mut self.filling);
        sealed.batch.at = now;
        sealed.batch.published_through = self.sealed_through;
        if self.planted.is(Mistake::CursorJournaledAhead) {
            sealed.batch.published_through = self.outbox_next - 1;
        }
        if !sealed.batch.entries.is_empty() {
            sealed.batch.forget_duplicates_before = Some(self.duplicates.forget_before(now));
        }
        sealed
    }

    fn settle(&mut self, token: DeliveryToken) {
        match self.filling.settle.last_mut() {
            Some(last) if last.epoch == token.epoch => *last = token,
            _ => self.filling.settle.push(token),
        }
    }

    /// Takes an event that was read, from when on where that is told.
    fn take(
        &mut self,
        mut inbound: Inbound,
        received_at: Instant,
        read_from: Option<Instant>,
        now: Timestamp,
    ) -> Result<Taken, JournalError> {
        let mut traced = read_from.and_then(|read_from| trace(&self.tracer, &mut inbound, received_at, read_from));
        if self.planted.is(Mistake::LimitsDoubled)
            && let Command::RegisterAgent { profile, .. } = &mut inbound.command
        {
            profile.limits.values_mut().for_each(|limit| *limit *= 2);
        }
        let kind = inbound.kind.as_str();
        if let Some(id) = &inbound.id {
            let digest = duplicate_id(&inbound.source, id);
            if self.duplicates.check_and_note(digest, now)? {
                EventDuplicate { kind, id: Some(id) }.emit(&self.meters);
                self.filling.traced.extend(traced.map(|traced| traced.ended("duplicate")));
                return Ok(Taken::Repeated);
            }
            if !self.planted.is(Mistake::DuplicatesForgotten) {
                self.filling.batch.duplicates.push(digest);
            }
        }
        inbound.context.entrust_to(&mut inbound.command);
        let asked_at = self.tracer.now();
        let outcome = self.decide(inbound.command, &inbound.context, Some(received_at), now);
        if let Some((traced, asked_at)) = traced.take().zip(asked_at) {
            self.filling.traced.push(traced.decided(asked_at).ended(match &outcome.verdict {
                Verdict::Accepted => "accepted",
                Verdict::Duplicate => "duplicate",
                Verdict::Rejected(_) => "rejected",
            }));
        }
        let id = inbound.id.as_deref();
        match &outcome.verdict {
            Verdict::Accepted => EventAccepted { kind, id, events_count: outcome.events_count }.emit(&self.meters),
            Verdict::Duplicate => EventDuplicate { kind, id }.emit(&self.meters),
            Verdict::Rejected(rejection) => EventRejected { kind, id, rejection }.emit(&self.meters),
        }
        Ok(Taken::Decided(outcome.verdict))
    }

    /// Whether an event has come before: it changes nothing, whatever has changed since.
    fn is_repeat(&self, inbound: &Inbound, now: Timestamp) -> Result<bool, JournalError> {
        match &inbound.id {
            Some(id) => self.duplicates.knows(&duplicate_id(&inbound.source, id), now),
            None => Ok(false),
        }
    }

    /// Lets the engine decide, and puts down what followed.
    fn decide(&mut self, command: Command, context: &Context, received_at: Option<Instant>, now: Timestamp) -> Decided {
        let started_at = Instant::now();
        let Outcome { verdict, first_seq, at, events, parted } = self.engine.handle(command.clone(), now);
        kill_point!(Decided);
        self.meters.decided(started_at.elapsed());
        self.meters.observe(&events);
        self.read_model.observe(at, &events, self.engine.state());
        for (seq, event) in (first_seq..).zip(&events) {
            if self.planted.is(Mistake::ExpiryNotTold) && matches!(event, Event::OfferExpired { .. }) {
                continue;
            }
            let after = After { state: self.engine.state(), parted: &parted };
            let Some(outbound) = self.encoder.encode(event, seq, at, after, context) else { continue };
            let subject = outbound.ticket.as_ref().map(|ticket| outbox::subject_of(ticket.as_str()));
            let number = self.post(outbox::publication(outbound), subject);
            if let (Event::TicketAssigned { taking, .. }, Some(received_at)) = (event, received_at) {
                self.filling.promises.push(Promise { number, role: taking.role.clone(), received_at });
            }
        }
        let events_count = events.len();
        if !events.is_empty() {
            self.filling.batch.entries.push(Entry { first_seq, at, command, events });
        }
        Decided { verdict, events_count }
    }

    /// An event that can't be read goes to the dead letters, by the outbox like everything else.
    fn bury(&mut self, delivery: Delivery, unreadable: &Unreadable) {
        let kind = unreadable.kind.map_or(UNKNOWN_KIND, wire::EventKind::as_str);
        EventDeadLettered { kind, code: unreadable.code.as_str(), detail: unreadable.detail_without_content() }
            .emit(&self.meters);
        if self.planted.is(Mistake::UnreadableForgotten) {
            return;
        }
        let Delivery { routing_key, properties, body, .. } = delivery;
        self.post(outbox::dead_letter(routing_key, properties, body, unreadable), None);
    }

    fn post(&mut self, publication: Publication, subject: Option<Subject>) -> u64 {
        debug_assert_eq!(subject, outbox::subject(&publication), "it is the same when it is read back");
        let number = self.outbox_next;
        let bytes = outbox::encode(&publication);
        self.bytes += bytes.len();
        self.filling.batch.outbox.push(OutboxRecord { number, bytes });
        self.filling.publications.push((number, (Arc::new(publication), subject)));
        self.outbox_next += 1;
        number
    }
}

/// Begins the span of an event, which what follows from it carries on: as its trace, where it came with one.
fn trace(tracer: &Tracer, inbound: &mut Inbound, received_at: Instant, read_from: Instant) -> Option<Traced> {
    let context = &mut inbound.context;
    let extension = context.extensions.get(TRACEPARENT).and_then(serde_json::Value::as_str);
    let begun = tracer.begin(&crate::telemetry::traces::Taken {
        traceparent: context.traceparent.as_deref().or(extension),
        kind: inbound.kind.as_str(),
        id: inbound.id.as_deref(),
        received_at,
        read_from,
    })?;
    if context.traceparent.is_none() && extension.is_none() {
        context.begun = Some(begun.traceparent());
        return Some(begun);
    }
    if let Some(extension) = context.extensions.get_mut(TRACEPARENT) {
        *extension = begun.traceparent().into();
    }
    context.traceparent = Some(begun.traceparent());
    Some(begun)
}

/// What became of an event that could be read.
enum Taken {
    /// It had come before.
    Repeated,
    /// The engine was asked.
    Decided(Verdict),
}

struct Decided {
    verdict: Verdict,
    events_count: usize,
}

/// A delivery as `wire` looks at it.
pub(super) fn raw(delivery: &Delivery) -> RawEvent<'_> {
    RawEvent {
        body: &delivery.body,
        form: None,
        content_type: delivery.properties.content_type(),
        kind: delivery.properties.kind(),
        routing_key: &delivery.routing_key,
        message_id: delivery.properties.message_id(),
        app_id: delivery.properties.app_id(),
        traceparent: delivery.properties.header("traceparent"),
    }
}

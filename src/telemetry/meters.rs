//! The numbers that change with every ticket: handles are looked up once and kept.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, SharedString, counter, gauge, histogram};

use super::labels::{Labels, inbound_type_index, inbound_types};
use super::metric;
use super::occurrence::PublishFailure;
use super::traces::{DROPPED, EXPORTED};
use crate::routing::estimate::{Foresight, WaitScore};
use crate::routing::service::{Served, ServiceScore};
use crate::routing::{Catalogue, ChannelName, Event, Millis, RoleName};

/// What became of an inbound event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InboundOutcome {
    /// It was done.
    Accepted,
    /// It was known already.
    Duplicate,
    /// It was well formed and could not be done.
    Rejected,
    /// It could not be read.
    DeadLettered,
}

impl InboundOutcome {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Duplicate, Self::Rejected, Self::DeadLettered];

    /// As the label spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::DeadLettered => "dead_lettered",
        }
    }
}

/// What became of an offer or an assignment: the label `outcome` of `assignments_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Offered,
    Assigned,
    Declined,
    Expired,
    Revoked,
    Completed,
}

impl Step {
    const ALL: [Self; 6] =
        [Self::Offered, Self::Assigned, Self::Declined, Self::Expired, Self::Revoked, Self::Completed];

    fn as_str(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Assigned => "assigned",
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Completed => "completed",
        }
    }
}

/// The handles of one role.
#[derive(Clone)]
struct RoleMeters {
    steps: [Counter; Step::ALL.len()],
    breaches: Counter,
    at_risk: Counter,
    foresights: [Counter; Foresight::ALL.len()],
    estimate_ratio: Histogram,
    routing_latency: Histogram,
}

impl RoleMeters {
    fn of(role: &SharedString) -> Self {
        let step = |step: Step| counter!(metric::ASSIGNMENTS_TOTAL, "role" => role.clone(), "outcome" => step.as_str());
        let foresight = |foresight: Foresight| counter!(metric::WAIT_ESTIMATES_TOTAL, "role" => role.clone(), "outcome" => foresight.as_str());
        Self {
            steps: Step::ALL.map(step),
            breaches: counter!(metric::TARGET_BREACHES_TOTAL, "role" => role.clone()),
            at_risk: counter!(metric::TARGETS_AT_RISK_TOTAL, "role" => role.clone()),
            foresights: Foresight::ALL.map(foresight),
            estimate_ratio: histogram!(metric::WAIT_ESTIMATE_RATIO, "role" => role.clone()),
            routing_latency: histogram!(metric::ROUTING_LATENCY_SECONDS, "role" => role.clone()),
        }
    }
}

/// The handles of one role on one channel.
#[derive(Clone)]
struct WorkMeters {
    wait: Histogram,
    handle: Histogram,
}

impl WorkMeters {
    fn of(role: &SharedString, channel: &SharedString) -> Self {
        Self {
            wait: histogram!(metric::TICKET_WAIT_SECONDS, "role" => role.clone(), "channel" => channel.clone()),
            handle: histogram!(metric::HANDLE_SECONDS, "role" => role.clone(), "channel" => channel.clone()),
        }
    }
}

/// Counts what happens for every ticket. Made after the recorder was installed; clones share their handles.
#[derive(Clone)]
pub struct Meters(Arc<Inner>);

struct Inner {
    labels: Labels,
    /// By type (the last for any other), then by outcome.
    inbound: Vec<[Counter; InboundOutcome::ALL.len()]>,
    decision: Histogram,
    journal_sync: Histogram,
    journal_bytes: Gauge,
    outbox_depth: Gauge,
    publish_confirm: Histogram,
    roles: RwLock<HashMap<SharedString, RoleMeters>>,
    works: RwLock<HashMap<(SharedString, SharedString), WorkMeters>>,
    /// Of roles that have or had a target, by outcome.
    services: RwLock<HashMap<SharedString, [Counter; Served::ALL.len()]>>,
}

impl Default for Meters {
    fn default() -> Self {
        Self::new()
    }
}

impl Meters {
    /// Handles of everything that is known without a catalogue.
    #[must_use]
    pub fn new() -> Self {
        let outcomes = |kind: &'static str| {
            InboundOutcome::ALL
                .map(|outcome| counter!(metric::EVENTS_TOTAL, "type" => kind, "outcome" => outcome.as_str()))
        };
        // Rates need a zero to start from: what has not happened yet is reported as such.
        for name in [metric::AMQP_RECONNECTS_TOTAL, metric::CLOCK_STEPS_TOTAL, metric::PUBLISH_UNWANTED_TOTAL] {
            counter!(name).absolute(0);
        }
        for cause in PublishFailure::ALL {
            counter!(metric::PUBLISH_FAILURES_TOTAL, "cause" => cause.as_str()).absolute(0);
        }
        for outcome in ["applied", "refused"] {
            counter!(metric::CATALOGUE_RELOADS_TOTAL, "outcome" => outcome).absolute(0);
        }
        for outcome in [EXPORTED, DROPPED] {
            counter!(metric::SPANS_TOTAL, "outcome" => outcome).absolute(0);
        }
        gauge!(metric::UNROUTABLE_TICKETS).set(0.0);
        // Nobody, until the broker has been asked; the embedded transport never is.
        gauge!(metric::INBOX_CONSUMERS).set(0.0);
        Self(Arc::new(Inner {
            labels: Labels::default(),
            inbound: inbound_types().map(outcomes).collect(),
            decision: histogram!(metric::DECISION_SECONDS),
            journal_sync: histogram!(metric::JOURNAL_SYNC_SECONDS),
            journal_bytes: gauge!(metric::JOURNAL_BYTES),
            outbox_depth: gauge!(metric::OUTBOX_DEPTH),
            publish_confirm: histogram!(metric::PUBLISH_CONFIRM_SECONDS),
            roles: RwLock::default(),
            works: RwLock::default(),
            services: RwLock::default(),
        }))
    }

    /// The names that are labels of their own.
    pub fn labels(&self) -> &Labels {
        &self.0.labels
    }

    /// Gives the roles and channels of a catalogue labels of their own. Call it at start and with every new catalogue,
    /// before its events are observed.
    pub fn learn(&self, catalogue: &Catalogue) {
        self.0.labels.learn(catalogue);
        for role in self.0.labels.roles() {
            self.role_meters(&role, |_| ());
        }
        for role in catalogue.roles.values().filter(|role| role.target.is_some()) {
            self.service_meters(&role.name, |_| ());
        }
    }

    /// An inbound event was dealt with. `kind` is its type as it came.
    pub fn inbound(&self, kind: &str, outcome: InboundOutcome) {
        self.0.inbound[inbound_type_index(kind)][outcome as usize].increment(1);
    }

    /// The engine dealt with one command.
    pub fn decided(&self, took: Duration) {
        self.0.decision.record(took);
    }

    /// The broker confirmed the assignment that an event led to at once, so long after that event was delivered.
    pub fn routed(&self, role: &RoleName, took: Duration) {
        let label = self.0.labels.role(Some(role));
        self.role_meters(&label, |meters| meters.routing_latency.record(took));
    }

    /// The journal made a batch durable.
    pub fn journal_synced(&self, took: Duration) {
        self.0.journal_sync.record(took);
    }

    /// The journal's size on disk.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and exact up to 2^53")]
    pub fn journal_bytes(&self, bytes: u64) {
        self.0.journal_bytes.set(bytes as f64);
    }

    /// How many outbound records are durable and not confirmed.
    #[expect(clippy::cast_precision_loss, reason = "a gauge is a float, and exact up to 2^53")]
    pub fn outbox_depth(&self, records: u64) {
        self.0.outbox_depth.set(records as f64);
    }

    /// The broker confirmed a publish.
    pub fn publish_confirmed(&self, took: Duration) {
        self.0.publish_confirm.record(took);
    }

    /// Counts what happened. Call it once for every event, live and not on replay.
    pub fn observe(&self, events: &[Event]) {
        for event in events {
            self.observe_one(event);
        }
    }

    fn observe_one(&self, event: &Event) {
        if let Some(ServiceScore { role, served }) = event.service() {
            self.service_meters(role, |meters| meters[*served as usize].increment(1));
        }
        match event {
            Event::OfferMade { taking, .. } => self.step(&taking.role, Step::Offered),
            Event::OfferDeclined { held, .. } => self.step(&held.role, Step::Declined),
            Event::OfferExpired { held } => self.step(&held.role, Step::Expired),
            Event::OfferRevoked { held, .. } | Event::AssignmentRevoked { held, .. } => {
                self.step(&held.role, Step::Revoked);
            }
            Event::TicketAssigned { taking, waited, answer, .. } => {
                answer.iter().filter_map(|answer| answer.wait.as_ref()).for_each(|wait| self.scored(wait));
                self.step(&taking.role, Step::Assigned);
                self.work(&taking.role, &taking.channel, |work| work.wait.record(seconds(*waited)));
            }
            Event::AssignmentCompleted { held, handled, .. } => {
                self.step(&held.role, Step::Completed);
                self.work(&held.role, &held.channel, |work| work.handle.record(seconds(*handled)));
            }
            Event::TicketBreached { role, .. } => {
                let label = self.0.labels.role(Some(role));
                self.role_meters(&label, |meters| meters.breaches.increment(1));
            }
            Event::TicketAtRisk { role, .. } => {
                let label = self.0.labels.role(Some(role));
                self.role_meters(&label, |meters| meters.at_risk.increment(1));
            }
            Event::CatalogueReplaced { catalogue, .. } => self.learn(catalogue),
            _ => {}
        }
    }

    /// What was said of a ticket's wait has turned out.
    fn scored(&self, score: &WaitScore) {
        let label = self.0.labels.role(Some(&score.role));
        self.role_meters(&label, |meters| {
            meters.estimate_ratio.record(f64::from(score.told_permille) / 1_000.0);
            if let Some(foresight) = score.foresight {
                meters.foresights[foresight as usize].increment(1);
            }
        });
    }

    fn step(&self, role: &RoleName, step: Step) {
        let label = self.0.labels.role(Some(role));
        self.role_meters(&label, |meters| meters.steps[step as usize].increment(1));
    }

    fn service_meters(&self, role: &RoleName, then: impl FnOnce(&[Counter; Served::ALL.len()])) {
        let label = self.0.labels.role(Some(role));
        let counter =
            |served: Served| counter!(metric::SERVICE_TOTAL, "role" => label.clone(), "outcome" => served.as_str());
        with_handle(&self.0.services, &label, || Served::ALL.map(counter), then);
    }

    fn role_meters(&self, role: &SharedString, then: impl FnOnce(&RoleMeters)) {
        with_handle(&self.0.roles, role, || RoleMeters::of(role), then);
    }

    fn work(&self, role: &RoleName, channel: &ChannelName, then: impl FnOnce(&WorkMeters)) {
        let (role, channel) = (self.0.labels.role(Some(role)), self.0.labels.channel(channel));
        let make = || WorkMeters::of(&role, &channel);
        with_handle(&self.0.works, &(role.clone(), channel.clone()), make, then);
    }
}

/// Looks a handle up, and makes it where it is missing. Keys are bounded, since they are labels.
fn with_handle<K: std::hash::Hash + Eq + Clone, V>(
    handles: &RwLock<HashMap<K, V>>,
    key: &K,
    make: impl FnOnce() -> V,
    then: impl FnOnce(&V),
) {
    if let Some(known) = handles.read().unwrap_or_else(PoisonError::into_inner).get(key) {
        return then(known);
    }
    let mut handles = handles.write().unwrap_or_else(PoisonError::into_inner);
    then(handles.entry(key.clone()).or_insert_with(make));
}

#[expect(clippy::cast_precision_loss, reason = "a histogram's samples are floats; ten years in milliseconds are exact")]
fn seconds(length: Millis) -> f64 {
    length.0 as f64 / 1_000.0
}

//! Traces: what became of an event, step by step, told to an `OpenTelemetry` collector (OTLP over HTTP, in protobuf).
//!
//! An event that comes in with a `traceparent` (W3C Trace Context) goes on in its trace, one without begins a trace of its own.
//! It is a span, *process*, with the spans *decode*, *decide* and *journal* below it; what follows from it carries that span
//! as its `traceparent`, and sending it is a span *publish* below.
//!
//! Invariants: without a collector nothing is measured, drawn or kept, and a `traceparent` is passed on as it came. Spans never
//! delay what they tell of: they go over a bounded channel, and what has no room there is counted and let go.
//!
//! The protobuf is written by hand, since it is four messages; the sender is the HTTP client that is there already. Without
//! the feature `traces` there is nobody to send.

mod context;
#[cfg(feature = "traces")]
mod exporter;
#[cfg(feature = "traces")]
mod otlp;
mod settings;

use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use metrics::counter;

pub use context::{SpanId, TraceContext, TraceId};
#[cfg(feature = "traces")]
pub use exporter::Exporter;
pub use settings::{Sampler, Settings, SettingsError};

use super::metric;

/// What became of spans: the label `outcome`.
pub(super) const EXPORTED: &str = "exported";
pub(super) const DROPPED: &str = "dropped";

/// What a span is to its neighbours, by its number in OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Within the process.
    Internal = 1,
    /// Something is sent that somebody takes later.
    Producer = 4,
    /// Something is taken that somebody sent before.
    Consumer = 5,
}

/// A step, with its beginning and its end.
#[derive(Debug, Clone)]
pub struct Span {
    /// Of which trace.
    pub trace: TraceId,
    /// Which one.
    pub id: SpanId,
    /// Below which.
    pub parent: Option<SpanId>,
    /// What it does.
    pub name: String,
    /// What it is to its neighbours.
    pub kind: SpanKind,
    /// When it began and ended, in nanoseconds since 1970.
    pub time_ns: (u64, u64),
    /// What else is known.
    pub attributes: Vec<(&'static str, String)>,
}

/// Between two instants.
pub type Step = (Instant, Instant);

/// An event that is traced, from its delivery on.
#[derive(Debug, Clone)]
pub struct Traced {
    context: TraceContext,
    parent: Option<SpanId>,
    received_at: Instant,
    kind: &'static str,
    event: Option<String>,
    decode: Step,
    decide: Option<Step>,
    outcome: &'static str,
}

impl Traced {
    /// What is passed on to what follows from it.
    #[must_use]
    pub fn traceparent(&self) -> String {
        self.context.to_string()
    }

    /// The engine was asked, from then until now.
    #[must_use]
    pub fn decided(self, asked_at: Instant) -> Self {
        Self { decide: Some((asked_at, Instant::now())), ..self }
    }

    /// What became of it.
    #[must_use]
    pub fn ended(self, outcome: &'static str) -> Self {
        Self { outcome, ..self }
    }
}

/// An event, as it is taken.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// What it came with.
    pub traceparent: Option<&'a str>,
    /// Its type.
    pub kind: &'static str,
    /// Its id.
    pub id: Option<&'a str>,
    /// When it came.
    pub received_at: Instant,
    /// From when on it was read.
    pub read_from: Instant,
}

/// Makes spans, where there is somebody to tell. Clones are the same.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Inner>>);

struct Inner {
    sampler: Sampler,
    spans: SyncSender<Span>,
}

impl Tracer {
    /// Nobody is told.
    #[must_use]
    pub fn off() -> Self {
        Self(None)
    }

    /// Whoever receives these is told.
    #[must_use]
    pub fn telling(sampler: Sampler, spans: SyncSender<Span>) -> Self {
        Self(Some(Arc::new(Inner { sampler, spans })))
    }

    /// Whether somebody is told.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// What time it is, where it matters.
    #[must_use]
    pub fn now(&self) -> Option<Instant> {
        self.0.as_ref().map(|_| Instant::now())
    }

    /// Begins the span of an event that has been read; nothing where it is not sampled.
    #[must_use]
    pub fn begin(&self, taken: &Taken<'_>) -> Option<Traced> {
        let inner = self.0.as_ref()?;
        let parent = taken.traceparent.and_then(TraceContext::parse);
        if !inner.sampler.takes(parent.as_ref(), rand::random()) {
            return None;
        }
        let trace = parent.as_ref().map_or_else(|| TraceId::of(rand::random()), |parent| parent.trace);
        Some(Traced {
            context: TraceContext { trace, span: SpanId::of(rand::random()), is_sampled: true },
            parent: parent.map(|parent| parent.span),
            received_at: taken.received_at,
            kind: taken.kind,
            event: taken.id.map(str::to_owned),
            decode: (taken.read_from, Instant::now()),
            decide: None,
            outcome: "accepted",
        })
    }

    /// Tells of events whose batch was made durable between these.
    pub fn durable(&self, all: Vec<Traced>, journal: Step) {
        let Some(inner) = &self.0 else { return };
        let clock = WallClock::now();
        for traced in all {
            inner.tell_process(traced, journal, clock);
        }
    }

    /// Tells that something was sent and is confirmed, for which somebody was told to go on from this.
    pub fn published(&self, traceparent: Option<&str>, routing_key: &str, id: Option<&str>, sent_at: Instant) {
        let Some(inner) = &self.0 else { return };
        let Some(context) = traceparent.and_then(TraceContext::parse).filter(|context| context.is_sampled) else {
            return;
        };
        let mut attributes =
            vec![("messaging.system", "rabbitmq".to_owned()), ("messaging.destination.name", routing_key.to_owned())];
        attributes.extend(id.map(|id| ("messaging.message.id", id.to_owned())));
        inner.tell(Span {
            trace: context.trace,
            id: SpanId::of(rand::random()),
            parent: Some(context.span),
            name: "publish".to_owned(),
            kind: SpanKind::Producer,
            time_ns: WallClock::now().step((sent_at, Instant::now())),
            attributes,
        });
    }
}

impl std::fmt::Debug for Tracer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "Tracer" } else { "Tracer(off)" })
    }
}

impl Inner {
    fn tell_process(&self, traced: Traced, journal: Step, clock: WallClock) {
        let Traced { context, parent, received_at, kind, event, decode, decide, outcome } = traced;
        let below = |name: &str, step: Step| Span {
            trace: context.trace,
            id: SpanId::of(rand::random()),
            parent: Some(context.span),
            name: name.to_owned(),
            kind: SpanKind::Internal,
            time_ns: clock.step(step),
            attributes: Vec::new(),
        };
        let steps = [Some(("decode", decode)), decide.map(|step| ("decide", step)), Some(("journal", journal))];
        for (name, step) in steps.into_iter().flatten() {
            self.tell(below(name, step));
        }
        let mut attributes = vec![
            ("messaging.system", "rabbitmq".to_owned()),
            ("messaging.operation.type", "process".to_owned()),
            ("rolecall.event.type", kind.to_owned()),
            ("rolecall.outcome", outcome.to_owned()),
        ];
        attributes.extend(event.map(|id| ("messaging.message.id", id)));
        self.tell(Span {
            trace: context.trace,
            id: context.span,
            parent,
            name: format!("process {kind}"),
            kind: SpanKind::Consumer,
            time_ns: clock.step((received_at, journal.1)),
            attributes,
        });
    }

    fn tell(&self, span: Span) {
        if self.spans.try_send(span).is_err() {
            counter!(metric::SPANS_TOTAL, "outcome" => DROPPED).increment(1);
        }
    }
}

/// The wall clock and the other one, at one moment: instants are told as times by it.
#[derive(Debug, Clone, Copy)]
struct WallClock {
    instant: Instant,
    since_1970_ns: u128,
}

impl WallClock {
    fn now() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { instant: Instant::now(), since_1970_ns: since_1970.as_nanos() }
    }

    fn step(self, (from, to): Step) -> (u64, u64) {
        let ns = |instant: Instant| {
            let before = self.instant.saturating_duration_since(instant).as_nanos();
            let after = instant.saturating_duration_since(self.instant).as_nanos();
            u64::try_from((self.since_1970_ns + after).saturating_sub(before)).unwrap_or(u64::MAX)
        };
        (ns(from), ns(to).max(ns(from)))
    }
}

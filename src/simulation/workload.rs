//! Who comes when, with what, and how patiently.

use std::sync::Arc;

use crate::config::{Arrivals, Distribution, Returns, When};
use crate::routing::zone::Zone;
use crate::routing::{Millis, TicketSpec, Timestamp};

use super::dice::Dice;

/// An hour in milliseconds.
const HOUR_MS: f64 = 3_600_000.0;
/// A row of hours in which nobody comes is as long as this at most; then nobody comes at all.
const IDLE_HOURS_MAX: usize = 24 * 400;

/// One customer with one piece of work.
#[derive(Debug, Clone, PartialEq)]
pub struct Ticket {
    /// When it comes.
    pub at: Timestamp,
    /// Of which kind: an index into the names of the workload's sources.
    pub source: usize,
    /// What it is.
    pub spec: Arc<TicketSpec>,
    /// How long an agent works on it.
    pub handle: Millis,
    /// How long its customer waits; `None` for until answered.
    pub patience: Option<Millis>,
    /// How often this customer has come back.
    pub returned: u32,
}

/// A ticket of the past.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// When it came.
    pub at: Timestamp,
    /// What it was.
    pub spec: Arc<TicketSpec>,
    /// How long somebody worked on it; `None` where nobody did.
    pub handle: Option<Millis>,
    /// How long its customer waited before hanging up; `None` where it was answered.
    pub gave_up_after: Option<Millis>,
    /// How long it waited where it was answered.
    pub waited: Option<Millis>,
}

/// Where tickets come from, each in the order of time.
pub trait Workload {
    /// When the next of a source comes; `None` for none any more.
    fn next_at(&mut self, source: usize) -> Option<Timestamp>;
    /// The ticket that comes then.
    fn take(&mut self, source: usize) -> Ticket;
    /// How a customer of a source who hung up comes back, if at all: after how long, how patient, with how much work.
    fn comes_back(&mut self, gone: &Ticket) -> Option<Ticket>;
    /// How many sources there are.
    fn sources(&self) -> usize;
}

/// What one source draws from.
#[derive(Debug)]
struct Source<'s> {
    arrivals: &'s Arrivals,
    spec: Arc<TicketSpec>,
    /// How many customers have ids of their own: those who may come back.
    customers: u64,
    /// When the next comes, in milliseconds after the start.
    next_ms: Option<f64>,
    coming: Dice,
    handling: Dice,
    waiting: Dice,
    returning: Dice,
}

/// Rows of numbers that a source has.
const STREAMS: u64 = 4;

/// A workload that is drawn from a scenario's arrivals.
#[derive(Debug)]
pub(super) struct Drawn<'s> {
    start: Timestamp,
    zone: &'s Zone,
    sources: Vec<Source<'s>>,
}

impl<'s> Drawn<'s> {
    pub(super) fn new(arrivals: &'s [Arrivals], start: Timestamp, zone: &'s Zone, seed: u64) -> Self {
        let source = |(number, arrivals): (usize, &'s Arrivals)| {
            let dice = |purpose: u64| Dice::of(seed, 1 + number as u64 * STREAMS + purpose);
            let (coming, handling, waiting, returning) = (dice(0), dice(1), dice(2), dice(3));
            let spec = Arc::new(arrivals.spec.clone());
            let mut source =
                Source { arrivals, spec, customers: 0, next_ms: Some(0.0), coming, handling, waiting, returning };
            source.advance(start, zone);
            source
        };
        Self { start, zone, sources: arrivals.iter().enumerate().map(source).collect() }
    }
}

impl Source<'_> {
    /// Who may come back has a name by which the engine knows who it was.
    fn spec_of_next(&mut self) -> Arc<TicketSpec> {
        if self.arrivals.returns.is_none() {
            return Arc::clone(&self.spec);
        }
        self.customers += 1;
        let mut spec = self.arrivals.spec.clone();
        spec.beside.customer.id = Some(format!("{} {}", self.arrivals.name, self.customers));
        Arc::new(spec)
    }

    /// Draws when the next one comes.
    fn advance(&mut self, start: Timestamp, zone: &Zone) {
        let Some(now_ms) = self.next_ms else { return };
        let drawn = self.coming.exponential();
        self.next_ms = match &self.arrivals.when {
            When::Every(mean_ms) => Some(now_ms + drawn * mean_ms),
            When::Renewing(every) => Some(now_ms + self.coming.length(every).0 as f64),
            When::Hourly(per_hour) => hourly(now_ms, drawn, per_hour, start, zone),
            When::Recorded(_) => None,
        };
    }
}

/// Where the intensity, summed up from `now_ms` on, is what was drawn: a Poisson process whose rate changes by the hour.
fn hourly(now_ms: f64, drawn: f64, per_hour: &[f64], start: Timestamp, zone: &Zone) -> Option<f64> {
    let (mut at, mut left) = (now_ms, drawn);
    for _ in 0..IDLE_HOURS_MAX {
        let shown = zone.local(start + Millis(at as u64));
        let weekday = usize::try_from(shown.weekday().to_monday_zero_offset()).unwrap_or_default();
        let hour = usize::try_from(shown.hour()).unwrap_or_default();
        let rate = per_hour[(weekday * 24 + hour) % per_hour.len()] / HOUR_MS;
        let within = f64::from(shown.minute()) * 60_000.0
            + f64::from(shown.second()) * 1_000.0
            + f64::from(shown.millisecond())
            + at.fract();
        let rest = (HOUR_MS - within).max(1e-3);
        if rate * rest >= left {
            return Some(at + left / rate);
        }
        left -= rate * rest;
        at += rest;
    }
    None
}

impl Workload for Drawn<'_> {
    fn next_at(&mut self, source: usize) -> Option<Timestamp> {
        self.sources[source].next_ms.map(|ms| self.start + Millis(ms.round() as u64))
    }

    fn take(&mut self, number: usize) -> Ticket {
        let at = self.next_at(number).expect("it was said to come");
        let source = &mut self.sources[number];
        source.advance(self.start, self.zone);
        let arrivals = source.arrivals;
        Ticket {
            at,
            source: number,
            spec: source.spec_of_next(),
            handle: source.handling.length(&arrivals.handle),
            patience: draw(&mut source.waiting, arrivals.patience.as_ref()),
            returned: 0,
        }
    }

    fn comes_back(&mut self, gone: &Ticket) -> Option<Ticket> {
        let source = &mut self.sources[gone.source];
        let arrivals = source.arrivals;
        let Returns { share, after, times_max } = arrivals.returns.as_ref()?;
        // Drawn whether or not it counts: so what one customer does changes nothing for the next.
        let comes = source.returning.happens(*share);
        let after = source.returning.length(after);
        let patience = draw(&mut source.returning, arrivals.patience.as_ref());
        let returned = gone.returned + 1;
        (comes && returned <= *times_max).then(|| Ticket { at: gone.at + after, patience, returned, ..gone.clone() })
    }

    fn sources(&self) -> usize {
        self.sources.len()
    }
}

fn draw(dice: &mut Dice, distribution: Option<&Distribution>) -> Option<Millis> {
    distribution.map(|distribution| dice.length(distribution))
}

/// The tickets of the past, in the order in which they came.
///
/// Whoever was answered would have waited longer than that; how much longer is drawn, memoryless, with the mean that those
/// who hung up and those who did not suggest together (all waiting divided by those who hung up: the estimate that
/// censoring leaves unbiased where patience is memoryless). Whoever was not served takes as long as one of those who were.
#[derive(Debug)]
pub(super) struct Replayed<'s> {
    tickets: &'s [(usize, Recorded)],
    sources: usize,
    next: usize,
    patience_mean: Vec<Option<Millis>>,
    handled: Vec<Arc<[Millis]>>,
    dice: Dice,
}

impl<'s> Replayed<'s> {
    pub(super) fn new(tickets: &'s [(usize, Recorded)], sources: usize, seed: u64) -> Self {
        let of = |source: usize| tickets.iter().filter(move |(it, _)| *it == source).map(|(_, ticket)| ticket);
        let patience_mean = |source: usize| patience_of(of(source));
        let handled = |source: usize| of(source).filter_map(|it| it.handle).collect();
        Self {
            tickets,
            sources,
            next: 0,
            patience_mean: (0..sources).map(patience_mean).collect(),
            handled: (0..sources).map(handled).collect(),
            dice: Dice::of(seed, 1),
        }
    }
}

/// How patient customers are who are patient without memory: all their waiting, divided by those who hung up. `None`
/// where nobody did.
pub(super) fn patience_of<'t>(tickets: impl Iterator<Item = &'t Recorded>) -> Option<Millis> {
    let (mut waited, mut gone) = (0, 0);
    for ticket in tickets {
        waited += ticket.gave_up_after.or(ticket.waited).unwrap_or_default().0;
        gone += u64::from(ticket.gave_up_after.is_some());
    }
    (gone > 0).then(|| Millis((waited / gone).max(1)))
}

impl Workload for Replayed<'_> {
    fn next_at(&mut self, source: usize) -> Option<Timestamp> {
        // All of them come from one row; they are named by their own sources.
        let next = self.tickets.get(self.next).filter(|_| source == 0)?;
        Some(next.1.at)
    }

    fn take(&mut self, _: usize) -> Ticket {
        let (source, recorded) = &self.tickets[self.next];
        self.next += 1;
        // Two numbers for each ticket, whether or not they count.
        let beyond = self.dice.exponential();
        let handled = &self.handled[*source];
        let other = if handled.is_empty() {
            Millis::ZERO
        } else {
            self.dice.length(&Distribution::Empirical(Arc::clone(handled)))
        };
        let longer = || {
            let mean = self.patience_mean[*source]?;
            Some(Millis(recorded.waited.unwrap_or_default().0 + (beyond * mean.0 as f64) as u64))
        };
        Ticket {
            at: recorded.at,
            source: *source,
            spec: Arc::clone(&recorded.spec),
            handle: recorded.handle.unwrap_or(other),
            patience: recorded.gave_up_after.or_else(longer),
            returned: 0,
        }
    }

    fn comes_back(&mut self, _: &Ticket) -> Option<Ticket> {
        None
    }

    fn sources(&self) -> usize {
        self.sources
    }
}

//! How long a ticket will wait: by the pace at which its role's tickets have been leaving the queue, and by how what was
//! said by the pace has turned out.
//!
//! The pace knows neither who comes later and goes first, nor who gives up, nor that agents were idle. What became of
//! earlier tickets of the same role and priority knows all of that: the middle of how many times as long they waited
//! corrects the pace, and the outer tenths of it make a range.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::name::RoleName;
use super::state::{Ground, State};
use super::ticket::{Priority, Ticket};
use super::time::{Millis, Timestamp};

/// How many of the latest departures make the pace: enough to smooth chance, few enough to follow the hour.
const DEPARTURES_MAX: usize = 32;
/// Fewer departures than this are no pace.
const DEPARTURES_MIN: usize = 3;

/// The latest departures from a role's queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pace {
    departures: VecDeque<Timestamp>,
}

impl Pace {
    /// A ticket was assigned.
    pub(super) fn record(&mut self, at: Timestamp) {
        if self.departures.len() == DEPARTURES_MAX {
            self.departures.pop_front();
        }
        self.departures.push_back(at);
    }

    /// How long the ticket at that position (1 is the next) will wait, where the pace is known.
    #[must_use]
    pub fn estimate(&self, position: u64, now: Timestamp) -> Option<Millis> {
        let first = *self.departures.front()?;
        let count = u64::try_from(self.departures.len()).expect("a bounded length fits");
        if self.departures.len() < DEPARTURES_MIN {
            return None;
        }
        Some(Millis((now.since(first).0 / count).saturating_mul(position)))
    }
}

/// How many of the latest outturns of a role and priority are remembered. With 64 the range holds 7 of 10 in a long queue,
/// whose outturns resemble one another; with 128 nearly the 8 of 10 that it should; 256 follow the hour less.
const OUTTURNS_MAX: usize = 128;
/// Fewer than this say nothing: an outer tenth has to be somebody.
const OUTTURNS_MIN: usize = 10;
/// A wait that is this many times as long as the pace said, in thousandths, is as good as any longer one.
const RATIO_MAX_PERMILLE: u64 = 1_000_000;
/// The range leaves out a tenth on either side.
const LOW_PERMILLE: usize = 100;
const HIGH_PERMILLE: usize = 900;
/// Half wait longer, half less.
const MIDDLE_PERMILLE: usize = 500;

/// How long the latest tickets of one role and priority waited, in thousandths of what the pace had said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(from = "VecDeque<u32>", into = "VecDeque<u32>")]
pub struct Outturns {
    /// In the order in which they became known.
    ratios_permille: VecDeque<u32>,
    /// The same, the smallest first.
    sorted: Vec<u32>,
}

impl From<VecDeque<u32>> for Outturns {
    fn from(ratios_permille: VecDeque<u32>) -> Self {
        let mut sorted: Vec<u32> = ratios_permille.iter().copied().collect();
        sorted.sort_unstable();
        Self { ratios_permille, sorted }
    }
}

impl From<Outturns> for VecDeque<u32> {
    fn from(outturns: Outturns) -> Self {
        outturns.ratios_permille
    }
}

impl Outturns {
    /// One more is known.
    pub(super) fn record(&mut self, ratio_permille: u32) {
        if self.ratios_permille.len() == OUTTURNS_MAX
            && let Some(oldest) = self.ratios_permille.pop_front()
        {
            let place = self.sorted.partition_point(|ratio| *ratio < oldest);
            self.sorted.remove(place);
        }
        self.ratios_permille.push_back(ratio_permille);
        self.sorted.insert(self.sorted.partition_point(|ratio| *ratio < ratio_permille), ratio_permille);
    }

    /// What the pace says, corrected; and with a range, as soon as enough is known.
    fn correct(&self, by_pace: Millis) -> Estimate {
        if self.ratios_permille.len() < OUTTURNS_MIN {
            return Estimate { by_pace, likely: by_pace, range: None };
        }
        let sorted = &self.sorted;
        let times = |permille: usize| {
            let place = (sorted.len() * permille).div_ceil(1_000).max(1) - 1;
            Millis(by_pace.0.saturating_mul(u64::from(sorted[place])) / 1_000)
        };
        let range = WaitRange { low: times(LOW_PERMILLE), high: times(HIGH_PERMILLE) };
        Estimate { by_pace, likely: times(MIDDLE_PERMILLE), range: Some(range) }
    }
}

/// What is known of the outturns of every role and priority.
pub(super) type OutturnsByRole = BTreeMap<RoleName, BTreeMap<Priority, Outturns>>;

/// Eight of ten tickets wait at least so long and at most so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WaitRange {
    pub low: Millis,
    pub high: Millis,
}

/// How long a ticket will wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// By the pace alone.
    pub by_pace: Millis,
    /// Corrected by how that has turned out.
    pub likely: Millis,
    /// `None` until enough has turned out.
    pub range: Option<WaitRange>,
}

/// What was said of a ticket's wait when it came into the queue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Foretold {
    /// When.
    pub at: Timestamp,
    /// Its priority then.
    pub priority: Priority,
    /// What the pace said, which the next estimates are corrected by.
    pub by_pace: Millis,
    /// What was said.
    pub likely: Millis,
    /// What was said, as far as a range was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<WaitRange>,
}

/// Whether a wait was in the range that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Foresight {
    /// It was.
    Within,
    /// It was shorter.
    Early,
    /// It was longer.
    Late,
}

impl Foresight {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Within, Self::Early, Self::Late];

    /// As metrics spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Within => "within",
            Self::Early => "early",
            Self::Late => "late",
        }
    }
}

/// How what was said of a ticket's wait turned out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitScore {
    /// In whose queue it waited.
    pub role: RoleName,
    /// Its priority when it came into the queue.
    pub priority: Priority,
    /// How long it waited from then on, in thousandths of what the pace had said.
    pub ratio_permille: u32,
    /// The same in thousandths of what was said.
    pub told_permille: u32,
    /// Whether that was in the range; `None` where no range was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foresight: Option<Foresight>,
}

impl Foretold {
    /// How it turned out for a ticket of that role that is owned now.
    pub(super) fn score(&self, role: &RoleName, now: Timestamp) -> WaitScore {
        let waited = now.since(self.at);
        let permille_of = |said: Millis| {
            let ratio = waited.0.saturating_mul(1_000) / said.0.max(1);
            u32::try_from(ratio.min(RATIO_MAX_PERMILLE)).expect("the bound fits")
        };
        let foresight = |range: WaitRange| match waited {
            waited if waited < range.low => Foresight::Early,
            waited if waited > range.high => Foresight::Late,
            _ => Foresight::Within,
        };
        WaitScore {
            role: role.clone(),
            priority: self.priority,
            ratio_permille: permille_of(self.by_pace),
            told_permille: permille_of(self.likely),
            foresight: self.range.map(foresight),
        }
    }
}

impl Ticket {
    /// Something is said of its wait now. Only what was said first is scored, and only of a ticket that nobody has owned.
    pub(super) fn is_foretold(&mut self, at: Timestamp, estimate: Option<Estimate>) {
        let priority = self.demand.priority;
        let said =
            estimate.map(|Estimate { by_pace, likely, range }| Foretold { at, priority, by_pace, likely, range });
        let service = &mut self.service;
        if !service.answered && service.foretold.is_none() {
            service.foretold = said.map(Box::new);
        }
    }
}

impl Estimate {
    /// What a ticket was told when it was queued; an earlier journal does not say what the pace
    /// said, and teaches nothing.
    pub(super) fn told_by(event: &Event) -> Option<Self> {
        let Event::TicketQueued { estimated_wait, wait_by_pace, wait_range, .. } = event else { return None };
        Some(Self { by_pace: (*wait_by_pace)?, likely: (*estimated_wait)?, range: *wait_range })
    }
}

impl Ground {
    /// Remembers how what was said of a wait turned out, where anything was.
    pub(super) fn learn(&mut self, score: Option<&WaitScore>) {
        let Some(WaitScore { role, priority, ratio_permille, .. }) = score else { return };
        let by_priority = self.outturns.entry(role.clone()).or_default();
        by_priority.entry(*priority).or_default().record(*ratio_permille);
    }
}

impl State {
    /// How long a ticket of that priority at that position of a role's queue (1 is the next) will wait, where that can
    /// be told.
    #[must_use]
    pub fn estimate(&self, role: &RoleName, priority: Priority, position: u64, now: Timestamp) -> Option<Estimate> {
        let by_pace = self.pace(role)?.estimate(position, now)?;
        let outturns = self.ground.outturns.get(role).and_then(|by_priority| by_priority.get(&priority));
        Some(outturns.map_or(Estimate { by_pace, likely: by_pace, range: None }, |known| known.correct(by_pace)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_departure_every_ten_seconds_makes_the_third_wait_half_a_minute() {
        let mut pace = Pace::default();
        (0..6).for_each(|n| pace.record(Timestamp(n * 10_000)));
        assert_eq!(pace.estimate(3, Timestamp(60_000)), Some(Millis(30_000)));
    }

    #[test]
    fn nothing_is_said_before_there_is_a_pace() {
        let mut pace = Pace::default();
        pace.record(Timestamp(0));
        assert_eq!(pace.estimate(1, Timestamp(1_000)), None);
    }

    fn known(ratios_permille: impl IntoIterator<Item = u32>) -> Outturns {
        let mut outturns = Outturns::default();
        ratios_permille.into_iter().for_each(|ratio| outturns.record(ratio));
        outturns
    }

    #[test]
    fn the_middle_of_what_became_of_others_corrects_the_pace_and_their_outer_tenths_make_the_range() {
        let estimate = known((1..=100).map(|n| n * 20)).correct(Millis(60_000));
        let range = WaitRange { low: Millis(12_000), high: Millis(108_000) };
        assert_eq!(estimate, Estimate { by_pace: Millis(60_000), likely: Millis(60_000), range: Some(range) });
        assert_eq!(known([500; 10]).correct(Millis(60_000)).likely, Millis(30_000));
    }

    #[test]
    fn a_few_outturns_correct_nothing() {
        let estimate = known([500; OUTTURNS_MIN - 1]).correct(Millis(60_000));
        assert_eq!((estimate.likely, estimate.range), (Millis(60_000), None));
    }

    #[test]
    fn the_oldest_outturn_gives_way() {
        let outturns = known((0..).take(OUTTURNS_MAX + 5));
        assert_eq!((outturns.ratios_permille.len(), outturns.ratios_permille[0]), (OUTTURNS_MAX, 5));
        assert_eq!(outturns, Outturns::from(outturns.ratios_permille.clone()), "both orders are of the same");
    }

    #[test]
    fn a_wait_is_scored_by_the_range_that_was_said_and_against_the_pace() {
        let role = RoleName::parse("billing").unwrap();
        let range = Some(WaitRange { low: Millis(30_000), high: Millis(90_000) });
        let foretold = Foretold {
            at: Timestamp(0),
            priority: Priority::NORMAL,
            by_pace: Millis(60_000),
            likely: Millis(30_000),
            range,
        };
        let score = |now| {
            let WaitScore { ratio_permille, foresight, .. } = foretold.score(&role, Timestamp(now));
            (ratio_permille, foresight)
        };
        assert_eq!(score(29_999), (499, Some(Foresight::Early)));
        assert_eq!(score(30_000), (500, Some(Foresight::Within)));
        assert_eq!(score(90_000), (1_500, Some(Foresight::Within)));
        assert_eq!(foretold.score(&role, Timestamp(30_000)).told_permille, 1_000);
        assert_eq!(score(90_001), (1_500, Some(Foresight::Late)));
        let unsaid = Foretold { by_pace: Millis::ZERO, range: None, ..foretold.clone() };
        assert_eq!(unsaid.score(&role, Timestamp(5_000)).foresight, None);
        assert_eq!(unsaid.score(&role, Timestamp(5_000)).ratio_permille, 1_000_000, "as much as is counted");
    }
}

//! What was measured, and what follows from it.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::machine::SyncTime;
use super::plan::Kind;

/// All that a run found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Of rolecall.
    pub version: String,
    /// When it began, RFC 3339.
    pub at: String,
    /// Where.
    pub machine: MachineFigures,
    /// What was asked for.
    pub setting: Setting,
    /// One by one, in the order in which they were made.
    pub measurements: Vec<Measurement>,
    /// The latencies of all rounds together.
    pub curves: Vec<Curve>,
    /// The medians over the rounds, and the ratios.
    pub summary: Vec<Summary>,
}

impl Report {
    /// Who was measured.
    pub(super) fn kinds(&self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(|kind| self.measurements.iter().any(|it| it.kind == *kind))
    }

    /// Beside whom rolecall is set.
    pub(super) fn beside(&self) -> impl Iterator<Item = Kind> {
        let pairs = RATIOS.into_iter().filter(|(of, _)| *of == Kind::Rolecall).map(|(_, to)| to);
        pairs.filter(|to| self.kinds().any(|kind| kind == *to))
    }
}

/// The machine, as far as it matters.
#[derive(Debug, Clone, Serialize)]
pub struct MachineFigures {
    /// Cores that may be used.
    pub cores: usize,
    /// Of the last minute, before and after.
    pub load: [Option<f64>; 2],
    /// Of the disk that holds the journal.
    pub sync: Option<SyncTime>,
    /// The journal lies in memory: its syncs cost nothing, which no user has.
    pub is_in_memory: bool,
    /// Where the broker is, without the password.
    pub broker: String,
    /// It was started for the measurement.
    pub broker_is_own: bool,
}

/// What was asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// How often each was measured.
    pub rounds: u32,
    /// For so long at each rate.
    pub duration_s: f64,
    /// Events that waited for the measurement of throughput.
    pub backlog: u64,
    /// Agents that were there.
    pub agents: u32,
    /// Tickets that waited beside the measured ones.
    pub waiting: u32,
    /// Of all queues.
    pub queue_type: String,
    /// Messages that the passthrough had under way at most.
    pub window: u16,
}

/// How hard the contestant was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// A backlog waited for it.
    Saturation,
    /// So many events came a second.
    Rate(u32),
}

/// One turn of one contestant.
#[derive(Debug, Clone, Serialize)]
pub struct Measurement {
    /// Counted from one.
    pub round: u32,
    /// Who.
    pub kind: Kind,
    /// Under what load.
    pub load: Load,
    /// Events that were answered.
    pub events: u64,
    /// Events that were not. Anything but zero makes the rest worthless.
    pub lost: u64,
    /// At saturation: answers a second, the first tenth left out.
    pub throughput: Option<f64>,
    /// At a fixed rate: from the moment at which an event was to be sent to its answer's arrival.
    pub latency: Option<Latency>,
    /// The sender's own lateness at worst; it is part of the latency.
    pub late_max_ms: Option<f64>,
    /// CPU time per event.
    pub cpu: Cpu,
    /// What the process held of the machine's memory at the end.
    pub memory_mb: Option<f64>,
    /// Messages that the contestant published per event.
    pub out_per_event: Option<f64>,
    /// Bytes of an answer's body.
    pub answer_bytes: f64,
    /// The daemon's own clocks: mean milliseconds, and how often per event.
    pub stages: BTreeMap<String, Stage>,
}

/// What a clock of the daemon says of one measurement.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Stage {
    /// In the mean.
    pub mean_ms: f64,
    /// How often per event.
    pub per_event: f64,
}

/// Percentiles, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
#[expect(clippy::struct_field_names, reason = "the unit is part of a figure's name")]
pub struct Latency {
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub p999_ms: f64,
    pub max_ms: f64,
}

impl Latency {
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Self {
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: histogram.max() as f64 / 1e3,
        }
    }
}

/// CPU time per event, in microseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Cpu {
    /// Absent where the broker's process can't be seen.
    pub broker_us: Option<f64>,
    /// The process under measurement.
    pub contestant_us: f64,
    /// This process.
    pub generator_us: f64,
    /// How many cores all other processes kept busy meanwhile.
    pub others_cores: f64,
    /// By the contestant's threads.
    pub threads_us: BTreeMap<String, f64>,
}

/// The latencies of one contestant at one rate, of all rounds together.
#[derive(Debug, Clone, Serialize)]
pub struct Curve {
    /// Who.
    pub kind: Kind,
    /// Events a second.
    pub rate: u32,
    /// Quantile and milliseconds.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    pub(super) fn of(kind: Kind, rate: u32, histogram: &Histogram<u64>) -> Self {
        /// Steps to each further nine.
        const STEPS: u32 = 8;
        let mut points = vec![(0.0, histogram.min() as f64 / 1e3)];
        for step in 1..=4 * STEPS {
            let quantile = 1.0 - 10f64.powf(-f64::from(step) / f64::from(STEPS));
            if (1.0 - quantile) * (histogram.len() as f64) < 1.0 {
                break;
            }
            points.push((quantile, histogram.value_at_quantile(quantile) as f64 / 1e3));
        }
        Self { kind, rate, points }
    }
}

/// The median over the rounds, and between what they lay.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    pub(super) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len().is_multiple_of(2) {
            f64::midpoint(values[middle - 1], values[middle])
        } else {
            values[middle]
        };
        Some(Self { median, min, max })
    }
}

/// A figure by name, for one load: of each contestant, and as ratio to the passthrough.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Under what load.
    pub load: Load,
    /// What it is.
    pub figure: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Of each who was measured.
    pub of: Vec<(Kind, Spread)>,
    /// Each round's figure over that of another in the same round.
    pub ratios: Vec<Ratio>,
    /// Where another rolecall takes part: each round's figure less the other's in the same round.
    pub beyond_other: Option<Shift>,
}

/// A figure of one contestant over that of another, round by round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Ratio {
    /// Whose it is.
    pub of: Kind,
    /// Whose it is divided by.
    pub to: Kind,
    /// Over the rounds.
    pub quotient: Spread,
}

/// By how much two differ, round by round, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Shift {
    /// Over the rounds.
    pub median: f64,
    /// Between what the median of endlessly many rounds lies, but for one case in twenty; absent where there are too few
    /// rounds to say.
    pub within: Option<(f64, f64)>,
}

impl Shift {
    /// Of the differences of the rounds. The bounds are order statistics, which ask for no distribution: as many of the
    /// least and of the most are left out as may lie beyond the median by a fair coin (David and Nagaraja, *Order
    /// Statistics*, 7.1).
    fn of(differences: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut differences: Vec<f64> = differences.into_iter().collect();
        differences.sort_by(f64::total_cmp);
        let median = Spread::of(differences.iter().copied())?.median;
        let count = differences.len();
        // That of `count` coins none, one, two … show heads.
        let mut chance = 0.5f64.powf(count as f64);
        let (mut beyond, mut left_out) = (chance, 0);
        while beyond <= ONE_SIDED {
            left_out += 1;
            chance *= (count + 1 - left_out) as f64 / left_out as f64;
            beyond += chance;
        }
        let within = (left_out > 0).then(|| (differences[left_out - 1], differences[count - left_out]));
        Some(Self { median, within })
    }

    /// Whether it can be told from nothing.
    pub(super) fn is_told(&self) -> bool {
        self.within.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

/// One case in twenty, half of it on either side.
const ONE_SIDED: f64 = 0.025;

impl Summary {
    /// A contestant's figure.
    pub(super) fn of(&self, kind: Kind) -> Option<&Spread> {
        self.of.iter().find(|(of, _)| *of == kind).map(|(_, spread)| spread)
    }

    /// rolecall's over that of another.
    pub(super) fn beside(&self, other: Kind) -> Option<&Spread> {
        let found = self.ratios.iter().find(|ratio| (ratio.of, ratio.to) == (Kind::Rolecall, other));
        found.map(|ratio| &ratio.quotient)
    }
}

/// Who is set beside whom.
pub(super) const RATIOS: [(Kind, Kind); 7] = [
    (Kind::Rolecall, Kind::Passthrough),
    (Kind::Rolecall, Kind::PassthroughTwice),
    (Kind::PassthroughTwice, Kind::Passthrough),
    (Kind::RolecallEmpty, Kind::Passthrough),
    (Kind::Rolecall, Kind::RolecallEmpty),
    (Kind::RolecallOther, Kind::Passthrough),
    (Kind::Rolecall, Kind::RolecallOther),
];

/// A figure's name, unit, and where a measurement has it.
type Figure = (&'static str, &'static str, fn(&Measurement) -> Option<f64>);

const FIGURES: [Figure; 10] = [
    ("events", "1/s", |it| it.throughput),
    ("messages in and out", "1/s", |it| Some(it.throughput? * (1.0 + it.out_per_event?))),
    ("p50", "ms", |it| it.latency.map(|latency| latency.p50_ms)),
    ("p90", "ms", |it| it.latency.map(|latency| latency.p90_ms)),
    ("p99", "ms", |it| it.latency.map(|latency| latency.p99_ms)),
    ("p99.9", "ms", |it| it.latency.map(|latency| latency.p999_ms)),
    ("CPU of the broker", "µs/event", |it| it.cpu.broker_us),
    ("CPU of the process", "µs/event", |it| Some(it.cpu.contestant_us)),
    ("memory of the process", "MB", |it| it.memory_mb),
    ("CPU of the load generator", "µs/event", |it| Some(it.cpu.generator_us)),
];

/// What follows from the measurements.
pub(super) fn summary(measurements: &[Measurement]) -> Vec<Summary> {
    let mut loads: Vec<Load> = measurements.iter().map(|it| it.load).collect();
    loads.sort_unstable();
    loads.dedup();
    let mut summary = Vec::new();
    for load in loads {
        for (figure, unit, value) in FIGURES {
            let of_kind = |kind| {
                let those = measurements.iter().filter(move |it| it.load == load && it.kind == kind);
                those.filter_map(move |it| Some((it.round, value(it)?))).collect::<BTreeMap<_, _>>()
            };
            let of: Vec<_> = Kind::ALL
                .into_iter()
                .filter_map(|kind| Some((kind, Spread::of(of_kind(kind).into_values())?)))
                .collect();
            let ratio = |(of, to): (Kind, Kind)| {
                let base = of_kind(to);
                let over = |(round, value): (u32, f64)| Some(value / base.get(&round)?);
                Some(Ratio { of, to, quotient: Spread::of(of_kind(of).into_iter().filter_map(over))? })
            };
            if !of.is_empty() {
                let ratios = RATIOS.into_iter().filter_map(ratio).collect();
                let other = of_kind(Kind::RolecallOther);
                let less = |(round, value): (u32, f64)| Some(value - other.get(&round)?);
                let beyond_other = Shift::of(of_kind(Kind::Rolecall).into_iter().filter_map(less));
                summary.push(Summary { load, figure, unit, of, ratios, beyond_other });
            }
        }
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).expect("there are values");
        assert_eq!((spread.median, spread.min, spread.max), (2.5, 1.0, 4.0));
        assert!(Spread::of([]).is_none());
    }

    #[test]
    fn the_bounds_of_a_median_leave_out_what_a_coin_would() {
        assert_eq!(Shift::of([]), None);
        // Five of a kind come one time in sixteen, which is too often; six one time in thirty-two.
        let of = |count: i32| Shift::of((1..=count).map(f64::from)).expect("there are some");
        assert_eq!(of(5), Shift { median: 3.0, within: None });
        assert_eq!(of(6), Shift { median: 3.5, within: Some((1.0, 6.0)) });
        // As tables of the sign test have it: the 3rd and 10th of 12, the 7th and the 18th of 24.
        assert_eq!(of(12).within, Some((3.0, 10.0)));
        assert_eq!(of(24).within, Some((7.0, 18.0)));
        assert!(of(24).is_told() && !Shift::of([-1.0, 1.0, -2.0, 2.0, -3.0, 3.0, 4.0]).expect("some").is_told());
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let measured = |round, kind, throughput| Measurement {
            round,
            kind,
            load: Load::Saturation,
            events: 1,
            lost: 0,
            throughput: Some(throughput),
            latency: None,
            late_max_ms: None,
            cpu: Cpu {
                broker_us: None,
                contestant_us: 1.0,
                generator_us: 1.0,
                others_cores: 0.0,
                threads_us: BTreeMap::new(),
            },
            memory_mb: None,
            out_per_event: Some(1.0),
            answer_bytes: 0.0,
            stages: BTreeMap::new(),
        };
        let measurements = [
            measured(1, Kind::Passthrough, 100.0),
            measured(1, Kind::Rolecall, 90.0),
            measured(2, Kind::Rolecall, 40.0),
            measured(2, Kind::Passthrough, 50.0),
        ];
        let summary = summary(&measurements);
        let events = summary.iter().find(|it| it.figure == "events").expect("it is summed up");
        let Ratio { of, to, quotient } = events.ratios[0];
        assert_eq!((of, to, quotient.min, quotient.max), (Kind::Rolecall, Kind::Passthrough, 0.8, 0.9));
    }
}

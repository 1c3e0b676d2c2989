//! A case: a scenario, and the figures that theory gives for it.

use std::fmt::Write;
use std::path::Path;

use rolecall::config;
use rolecall::simulation::{Estimate, GroupKind, Measure, Report, Scene, simulate};

/// With this variable set, cases are played at length, and told as rows of a table.
const LONG_VARIABLE: &str = "ROLECALL_THEORY_LONG";
/// With this variable set, cases are written into that directory instead: as scenarios, and what theory says of them.
const OUT_VARIABLE: &str = "ROLECALL_THEORY_OUT";
/// How often each is played.
const RUNS: u32 = 20;
/// So many standard errors are allowed in the long form; and in the short one, whose few short runs give no better than a
/// rough standard error: of twenty such runs one comparison in 130 is beyond three by chance alone.
const ERRORS_MAX: f64 = 3.0;
const ERRORS_MAX_SHORT: f64 = 4.0;

/// Of whom a figure is.
#[derive(Debug, Clone)]
pub(crate) enum Of {
    All,
    /// Tickets of that source.
    Source(&'static str),
    /// Agents whose names begin so: the mean of their occupancies.
    Agents(&'static str),
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) id: &'static str,
    /// As theory calls it.
    pub(crate) model: &'static str,
    /// All but `[simulation]`.
    pub(crate) scenario: String,
    /// Minutes until chance has forgotten that it began empty.
    pub(crate) warm_up_min: u32,
    /// Minutes that count in a run of the short form.
    pub(crate) counted_min: u32,
    /// In the long form so many times as long.
    pub(crate) long_times: u32,
    pub(crate) expected: Vec<Expected>,
}

/// What a figure has to be.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    of: Of,
    measure: Measure,
    value: f64,
    /// Its standard error, where it is not exact but simulated by others.
    error: f64,
}

impl From<(Of, Measure, f64)> for Expected {
    fn from((of, measure, value): (Of, Measure, f64)) -> Self {
        Self { of, measure, value, error: 0.0 }
    }
}

/// A mean with half of its 95 % interval.
impl From<(Of, Measure, [f64; 2])> for Expected {
    fn from((of, measure, [value, half_width]): (Of, Measure, [f64; 2])) -> Self {
        Self { of, measure, value, error: half_width / 1.96 }
    }
}

/// Minutes, as theory counts, in seconds.
pub(crate) fn minutes(minutes: f64) -> f64 {
    minutes * 60.0
}

impl Case {
    /// A case that is played for so many minutes: as warm-up, counted, and so many times as many in the long form.
    pub(crate) fn new(
        (id, model): (&'static str, &'static str),
        scenario: String,
        (warm_up_min, counted_min, long_times): (u32, u32, u32),
        expected: impl IntoIterator<Item = impl Into<Expected>>,
    ) -> Self {
        let expected = expected.into_iter().map(Into::into).collect();
        Self { id, model, scenario, warm_up_min, counted_min, long_times, expected }
    }

    fn is_long() -> bool {
        std::env::var_os(LONG_VARIABLE).is_some()
    }

    /// Its own, so that what chance does to one case it does not do to all of them.
    fn seed(&self) -> u32 {
        self.id.bytes().fold(17, |seed, byte| (seed * 31 + u32::from(byte)) % 1_000_003)
    }

    fn text(&self) -> String {
        let (times, warm_up_min) =
            if Self::is_long() { (self.long_times, self.warm_up_min * 5) } else { (1, self.warm_up_min) };
        format!(
            "[simulation]\nduration = \"{}m\"\nwarm_up = \"{}m\"\nreplications = {RUNS}\nseed = {}\n\n{}",
            warm_up_min + self.counted_min * times,
            warm_up_min,
            self.seed(),
            self.scenario
        )
    }

    fn write(&self, directory: &Path) {
        let name = self.id.replace([' ', '(', ')'], "");
        std::fs::write(directory.join(format!("{name}.toml")), self.text()).unwrap();
        let mut rows = format!("{}\t{}\n", self.id, self.model);
        for Expected { of, measure, value, error } in &self.expected {
            let of = match of {
                Of::All => "all".to_owned(),
                Of::Source(name) => format!("source {name}"),
                Of::Agents(name) => format!("agents {name}"),
            };
            writeln!(rows, "{of}\t{}\t{value}\t{error}", measure.described().0).unwrap();
        }
        std::fs::write(directory.join(format!("{name}.tsv")), rows).unwrap();
    }

    pub(crate) fn scene(&self) -> Scene {
        let text = self.text();
        let scenario = config::parse_scenario(self.id, &text, Path::new(""));
        Scene::of(&scenario.unwrap_or_else(|error| panic!("{error}")))
    }
}

fn found(report: &Report, of: &Of, measure: Measure) -> Estimate {
    let group = match of {
        Of::All => report.all(),
        Of::Source(name) => report.group(GroupKind::Source, name),
        Of::Agents(beginning) => return occupancy(report, beginning),
    };
    group.and_then(|group| group.get(measure)).unwrap_or_else(|| panic!("no {measure:?} of {of:?}"))
}

fn occupancy(report: &Report, beginning: &str) -> Estimate {
    let agents: Vec<_> = report.agents.iter().filter(|it| it.agent.starts_with(beginning)).collect();
    let of_run = |run: usize| agents.iter().filter_map(|it| it.runs[run]).sum::<f64>() / agents.len() as f64;
    let runs: Vec<f64> = (0..report.replications as usize).map(of_run).collect();
    Estimate::of(&runs).unwrap()
}

/// Plays a case, and fails where a figure is not what theory says.
#[track_caller]
pub(crate) fn judge(case: &Case) {
    if let Some(directory) = std::env::var_os(OUT_VARIABLE) {
        case.write(Path::new(&directory));
        return;
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = simulate(&case.scene(), threads, &mut |_| {});
    let (mut rows, mut wrong) = (String::new(), Vec::new());
    let errors_max = if Case::is_long() { ERRORS_MAX } else { ERRORS_MAX_SHORT };
    for Expected { of, measure, value: exact, error: known_to } in &case.expected {
        // The percentiles of a short run are too low, however many there are; and of E7 one in forty waits, so that a
        // short run's error says little of the truth; of R the share of a short run is too low, as one who tries often is rare.
        let is_rough = matches!(measure, Measure::WaitP90 | Measure::WaitP99);
        let is_rare = case.id == "E7" && *measure != Measure::Occupancy;
        let is_slow = case.id == "R" && *measure == Measure::AbandonShare;
        if !Case::is_long() && (is_rough || is_rare || is_slow) {
            continue;
        }
        let estimate = found(&report, of, *measure);
        // A figure that does not vary has no error but that of its last digit.
        let error = estimate.standard_error.unwrap().max(exact.abs() * 1e-6).hypot(*known_to);
        let off = (estimate.mean - exact) / error;
        let (name, ..) = measure.described();
        let whose = match of {
            Of::All => String::new(),
            Of::Source(name) | Of::Agents(name) => format!(" {}", name.trim_end_matches('-')),
        };
        let row = format!(
            "| {} | {} | {name}{whose} | {exact:.5} | {:.5} | {:.2} % | {off:+.1} |",
            case.id,
            case.model,
            estimate.mean,
            error / exact.abs().max(1e-9) * 100.0
        );
        writeln!(rows, "{row}").unwrap();
        if off.abs() > errors_max {
            wrong.push(row);
        }
    }
    if Case::is_long() {
        print!("{rows}");
        eprintln!("{}: {} tickets, {:.0} a second", case.id, report.tickets, report.tickets_per_second());
    }
    assert!(wrong.is_empty(), "theory says otherwise:\n{}\nof\n{rows}", wrong.join("\n"));
}

//! `rolecall simulate`: a scenario on a virtual clock.

mod journal;

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::config::{self, Scenario, When};
use crate::simulation::{self, Comparison, Progress, Report, Scene, comparison_page, comparison_text, simulate};

use super::output::print;
use super::{Exit, Failure};

/// How often a line is written where no bar can be drawn.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// How wide the bar is.
const BAR_WIDTH: u32 = 30;

/// Arguments of `rolecall simulate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The scenario's format is in docs/simulation.md; deploy/simulation has examples.\n\nEXAMPLES:\n  \
                  rolecall simulate deploy/simulation/day.toml\n  \
                  rolecall simulate day.toml --replications 50 --html day.html --json day.json\n  \
                  rolecall simulate day.toml --compare day-with-two-more.toml"
)]
pub(super) struct SimulateArgs {
    /// What is played
    #[arg(value_name = "SCENARIO")]
    scenario: PathBuf,
    /// A second scenario, to be set beside the first; both meet the same customers where their arrivals are the same
    #[arg(long, value_name = "SCENARIO")]
    compare: Option<PathBuf>,
    /// Write a new journal of the first run into this directory, as a daemon would have: for what-if, staff, journal at
    #[arg(long, value_name = "DIR", conflicts_with = "compare")]
    journal: Option<PathBuf>,
    #[command(flatten)]
    play: PlayArgs,
}

/// How a scene is played, and where its report goes.
#[derive(Debug, clap::Args)]
pub(super) struct PlayArgs {
    /// How often it is played, whatever the scenario says
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    replications: Option<u32>,
    /// The seed, whatever the scenario says
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// How many runs are played at a time; by default as many as there are cores
    #[arg(long, short, value_name = "THREADS", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    jobs: Option<u16>,
    /// Write all figures as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with plots
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Say nothing of progress
    #[arg(long, short)]
    quiet: bool,
}

/// Plays, and tells what came of it.
pub(super) fn run(args: &SimulateArgs) -> Result<(), Failure> {
    let (scene, scenario) = scene_of(&args.scenario)?;
    if let Some(directory) = &args.journal {
        let scene = args.play.with_options(scene.clone()).remembering(&scenario.catalogue);
        journal::write(&scene, directory, &|_| {})?;
    }
    let Some(other) = &args.compare else { return args.play.play(scene) };
    let (mut other, _) = scene_of(other)?;
    // Runs are compared with each other: as many, with the same chance.
    (other.replications, other.seed) = (scene.replications, scene.seed);
    args.play.compare(scene, other)
}

fn scene_of(path: &Path) -> Result<(Scene, Scenario), Failure> {
    let scenario: Scenario = config::load_scenario(path).map_err(|error| Failure::new(Exit::Configuration, error))?;
    let is_recorded = scenario.arrivals.iter().any(|it| matches!(it.when, When::Recorded(_)));
    let scene = if is_recorded { super::recorded::scene_of(&scenario)? } else { Scene::of(&scenario) };
    if scene.staff.is_empty() {
        let message = format!("{}: there is no [[agent]]: nobody would ever answer", scenario.name);
        return Err(Failure::new(Exit::Configuration, message));
    }
    Ok((scene, scenario))
}

impl PlayArgs {
    fn set(&self, scene: &mut Scene) {
        scene.replications = self.replications.unwrap_or(scene.replications);
        scene.seed = self.seed.unwrap_or(scene.seed);
    }

    /// A scene as often and with the seed that is asked for.
    pub(super) fn with_options(&self, mut scene: Scene) -> Scene {
        self.set(&mut scene);
        scene
    }

    /// Plays one scene.
    pub(super) fn play(&self, mut scene: Scene) -> Result<(), Failure> {
        self.set(&mut scene);
        let report = self.simulated(&scene);
        print(&simulation::text(&report))?;
        self.write(&report, || simulation::page(&report))
    }

    /// Plays two, and sets them side by side.
    pub(super) fn compare(&self, mut before: Scene, mut after: Scene) -> Result<(), Failure> {
        self.set(&mut before);
        self.set(&mut after);
        let comparison = Comparison::of(self.simulated(&before), self.simulated(&after));
        self.tell(&comparison)
    }

    /// Tells of two that have been played.
    pub(super) fn tell(&self, comparison: &Comparison) -> Result<(), Failure> {
        print(&comparison_text(comparison))?;
        self.write(comparison, || comparison_page(comparison))
    }

    /// Plays one scene, and shows how far it has come.
    pub(super) fn simulated(&self, scene: &Scene) -> Report {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut bar = ProgressBar::new(&scene.name, self.quiet);
        let report = simulate(scene, self.jobs.map_or(cores, usize::from), &mut |progress| bar.show(progress));
        bar.clear();
        report
    }

    /// Writes the files that were asked for.
    pub(super) fn write(&self, figures: &impl Serialize, page: impl FnOnce() -> String) -> Result<(), Failure> {
        if let Some(path) = &self.json {
            let json = serde_json::to_string_pretty(figures).expect("figures can be written as JSON");
            write_file(path, &json)?;
        }
        if let Some(path) = &self.html {
            write_file(path, &page())?;
        }
        Ok(())
    }
}

fn write_file(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text)
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot write {}: {error}", path.display())))
}

/// How far it has come, on the standard error.
struct ProgressBar {
    title: String,
    is_quiet: bool,
    is_terminal: bool,
    is_shown: bool,
    told_at: Instant,
}

impl ProgressBar {
    fn new(title: &str, is_quiet: bool) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        Self { title: title.to_owned(), is_quiet, is_terminal, is_shown: false, told_at: Instant::now() }
    }

    fn show(&mut self, progress: Progress) {
        if self.is_quiet || (!self.is_terminal && self.told_at.elapsed() < LINE_EVERY) {
            return;
        }
        self.told_at = Instant::now();
        let left = progress.left().map_or_else(String::new, |left| format!(", {} left", clock(left)));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 1")]
        let (filled, percent) = ((progress.done * f64::from(BAR_WIDTH)) as usize, (progress.done * 100.0) as u32);
        if self.is_terminal {
            let bar = format!("{}{}", "█".repeat(filled), "░".repeat(BAR_WIDTH as usize - filled));
            eprint!("\r{bar} {percent:3} %{left}  {}\x1b[K", self.title);
            // A terminal that is gone is no reason to stop.
            let _ = std::io::stderr().flush();
            self.is_shown = true;
        } else {
            eprintln!("{}: {percent} %{left}", self.title);
        }
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\x1b[K");
        }
    }
}

/// `2:05`
fn clock(length: Duration) -> String {
    let seconds = length.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

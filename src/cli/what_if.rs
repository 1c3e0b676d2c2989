//! `rolecall what-if`: the past under another catalogue, or with more people.

use std::path::PathBuf;

use crate::config::{self, Overrides};
use crate::simulation;

use super::output::print_line;
use super::past::PastArgs;
use super::simulate::PlayArgs;
use super::{Exit, Failure};

/// How often the past is played where nothing is said: only what nobody knows is drawn, so chance has little to say.
const RUNS: u32 = 5;

/// Arguments of `rolecall what-if`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The same tickets with the same work come to the same agents at the same times, under the catalogue that was \
                  in force and under the changed one. A journal that a daemon has is locked: stop the daemon first, or \
                  name the directory in a snapshot of its file system. A copy by `rolecall journal backup` has no \
                  past.\n\nEXAMPLES:\n  \
                  rolecall what-if --journal data --from 2026-11-01 --to 2026-12-01 --catalogue changed.toml\n  \
                  rolecall what-if --journal data --staff two-more-on-mondays.toml --html what-if.html"
)]
pub(super) struct WhatIfArgs {
    #[command(flatten)]
    past: PastArgs,
    /// The configuration whose catalogue is tried; without one that which was in force
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// People beside those who were there: a file with [[agent]] tables, as in a scenario
    #[arg(long, value_name = "FILE")]
    staff: Option<PathBuf>,
    #[command(flatten)]
    play: PlayArgs,
}

/// Tells what happened, and plays it as it was and as it would have been.
pub(super) fn run(args: &WhatIfArgs) -> Result<(), Failure> {
    let past = args.past.read()?;
    let before = past.scene("as it was", RUNS, 1);
    let mut after = before.clone();
    if let Some(path) = &args.catalogue {
        let loaded = config::load(Some(path), &Overrides::none());
        let changed = loaded.map_err(|error| Failure::new(Exit::Configuration, error))?.config.catalogue;
        after = after.under(&path.display().to_string(), &changed);
    }
    if let Some(path) = &args.staff {
        let more = config::load_staff(path, &after.catalogue);
        let more = more.map_err(|error| Failure::new(Exit::Configuration, error))?;
        after = after.with_more(&more).map_err(|twice| {
            let message = format!("{}: {twice:?} was there: whoever comes beside has another name", path.display());
            Failure::new(Exit::Configuration, message)
        })?;
        after.name = format!("{} with {}", after.name, path.display());
    }
    print_line(simulation::text(&past.happened()))?;
    args.play.compare(before, after)
}

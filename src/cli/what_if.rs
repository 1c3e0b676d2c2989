//! `rolecall what-if`: the past under another catalogue, or with more people.

use std::path::PathBuf;

use crate::config::{self, Overrides};
use crate::journal::{JournalOptions, open_to_look};
use crate::routing::Timestamp;
use crate::simulation::{self, Past};

use super::simulate::PlayArgs;
use super::{Exit, Failure};

/// How often the past is played where nothing is said: only what nobody knows is drawn, so chance has little to say.
const RUNS: u32 = 5;

/// Arguments of `rolecall what-if`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The same tickets with the same work come to the same agents at the same times, under the catalogue that was \
                  in force and under the changed one. A daemon that has the journal has to be stopped first, or its \
                  directory copied.\n\nEXAMPLES:\n  \
                  rolecall what-if --journal data --from 2026-11-01 --to 2026-12-01 --catalogue changed.toml\n  \
                  rolecall what-if --journal data --staff two-more-on-mondays.toml --html what-if.html"
)]
pub(super) struct WhatIfArgs {
    /// The journal's directory
    #[arg(long, env = "ROLECALL_JOURNAL_PATH", default_value = "data", value_name = "DIR")]
    journal: PathBuf,
    /// Only tickets that came at this date and time or later (UTC unless it says otherwise)
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    from: Option<Timestamp>,
    /// Only tickets that came before this date and time
    #[arg(long, value_name = "TIME", value_parser = parse_moment)]
    to: Option<Timestamp>,
    /// The configuration whose catalogue is tried; without one that which was in force
    #[arg(long, value_name = "FILE")]
    catalogue: Option<PathBuf>,
    /// People beside those who were there: a file with [[agent]] tables, as in a scenario
    #[arg(long, value_name = "FILE")]
    staff: Option<PathBuf>,
    #[command(flatten)]
    play: PlayArgs,
}

fn parse_moment(text: &str) -> Result<Timestamp, String> {
    crate::replay::parse_moment(text)
        .ok_or_else(|| "expected a date, or a date and time, such as 2026-11-22".to_owned())
}

/// Tells what happened, and plays it as it was and as it would have been.
pub(super) fn run(args: &WhatIfArgs) -> Result<(), Failure> {
    let past = past(args)?;
    let before = past.scene("as it was", RUNS, 1);
    let mut after = before.clone();
    if let Some(path) = &args.catalogue {
        let loaded = config::load(Some(path), &Overrides::none());
        let changed = loaded.map_err(|error| Failure::new(Exit::Configuration, error))?.config.catalogue;
        after = after.under(&path.display().to_string(), &changed);
    }
    if let Some(path) = &args.staff {
        let more = config::load_staff(path, &after.catalogue);
        after = after.with_more(&more.map_err(|error| Failure::new(Exit::Configuration, error))?);
        after.name = format!("{} with {}", after.name, path.display());
    }
    println!("{}", simulation::text(&past.happened()));
    args.play.compare(before, after)
}

fn past(args: &WhatIfArgs) -> Result<Past, Failure> {
    let failure = |error| Failure::new(Exit::JournalIo, error);
    let reader = open_to_look(&args.journal, &JournalOptions::default()).map_err(failure)?;
    let mut bounds: Option<(Timestamp, Timestamp)> = None;
    if args.from.is_none() || args.to.is_none() {
        for entry in reader.entries_from(1).map_err(failure)? {
            let at = entry.map_err(failure)?.at;
            bounds = Some(bounds.map_or((at, at), |(first, _)| (first, at)));
        }
    }
    let (first, last) = bounds.unwrap_or_default();
    let (from, to) = (args.from.unwrap_or(first), args.to.unwrap_or(Timestamp(last.0 + 1)));
    let mut past = Past::new(from, to);
    for entry in reader.entries_from(1).map_err(failure)? {
        let entry = entry.map_err(failure)?;
        entry.events.iter().for_each(|event| past.hear(entry.at, event));
    }
    if past.tickets() == 0 {
        return Err(Failure::new(Exit::Failed, "no ticket of that time is in the journal: look at --from and --to"));
    }
    Ok(past)
}

//! `rolecall staff`: how many agents which role needs in which hour.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use serde_json::json;

use crate::config::{self, Scenario, When};
use crate::routing::{Millis, Timestamp};
use crate::simulation::{
    Coming, Comparison, Need, Plan, Report, Scene, Target, Team, comparison_page, confirmed, typical,
};

use super::output::print;
use super::simulate::PlayArgs;
use super::{Exit, Failure, past, recorded};

/// How often a week of the past is played.
const RUNS: u32 = 5;
/// Hours in which fewer tickets come are not in the table.
const RARE: f64 = 0.01;

/// Arguments of `rolecall staff`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The agents of the scenario do not count, but for how many tickets most of them hold at once; its arrivals \
                  and its catalogue do. Hours are those from its start to its end. Of a journal, and of recorded tickets, it is a typical week: the mean of each of its hours, or \
                  a typical day where less than a week is known.\n\nEXAMPLES:\n  \
                  rolecall staff --target 80%/20s deploy/simulation/day.toml\n  \
                  rolecall staff --target 90%/1m --journal data --from 2026-11-01 --to 2026-12-01"
)]
pub(super) struct StaffArgs {
    /// The scenario whose arrivals are to be answered
    #[arg(value_name = "SCENARIO", required_unless_present = "journal")]
    scenario: Option<PathBuf>,
    /// In place of a scenario: the directory of a journal, whose arrivals are to be answered under its catalogue
    #[arg(long, value_name = "DIR", conflicts_with = "scenario")]
    journal: Option<PathBuf>,
    /// With --journal: only tickets that came at this date and time or later (UTC unless it says otherwise)
    #[arg(long, value_name = "TIME", value_parser = past::parse_moment, requires = "journal")]
    from: Option<Timestamp>,
    /// With --journal: only tickets that came before this date and time
    #[arg(long, value_name = "TIME", value_parser = past::parse_moment, requires = "journal")]
    to: Option<Timestamp>,
    /// Which share of tickets is to be answered how soon
    #[arg(long, value_name = "SHARE/TIME", default_value = "80%/20s", value_parser = parse_target)]
    target: Target,
    #[command(flatten)]
    play: PlayArgs,
}

fn parse_target(text: &str) -> Result<Target, String> {
    let expected = || "expected a share and a time, such as 80%/20s or 0.9/2m".to_owned();
    let (share, within) = text.split_once('/').ok_or_else(expected)?;
    let (share, whole) = match share.trim().strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        // As `for_share` of a target is written.
        None => (share.trim(), 1.0),
    };
    let share: f64 = share.parse().map_err(|_| expected())?;
    let parsed = config::duration(within.trim()).ok();
    match parsed.filter(|_| share > 0.0 && share < whole) {
        Some(within) => Ok(Target { share: share / whole, within }),
        None => Err(expected()),
    }
}

/// Works it out, and lets the engine confirm it.
pub(super) fn run(args: &StaffArgs) -> Result<(), Failure> {
    let scenario = arrivals(args)?;
    let scenario = Scenario { answer_within: args.target.within, ..scenario };
    let plan = Plan::of(&scenario, args.target)
        .ok_or_else(|| Failure::new(Exit::Failed, "no number of agents meets that target"))?;
    print(&table(&plan, &scenario, args.target))?;
    let dedicated = args.play.simulated(&args.play.with_options(plan.dedicated_scene(&scenario)));
    let pooled = args.play.simulated(&args.play.with_options(plan.pooled_scene(&scenario)));
    print(&confirmation(&plan, &dedicated, &pooled))?;
    let (own, all) = plan.agent_hours();
    let figures = json!({
        "target": { "share": args.target.share, "within_s": args.target.within.0 / 1_000 },
        "hours": plan.hours.iter().map(|hour| shown(&scenario, *hour)).collect::<Vec<_>>(),
        "dedicated": plan.dedicated,
        "pooled": plan.pooled,
        "teams": { "dedicated": plan.teams, "pooled": plan.pooled_teams },
        "agent_hours": { "dedicated": own, "pooled": all },
        "simulated": { "dedicated": dedicated, "pooled": pooled },
    });
    args.play.write(&figures, || comparison_page(&Comparison::of(dedicated, pooled)))
}

/// What is to be answered: as a scenario says it, or as it was.
fn arrivals(args: &StaffArgs) -> Result<Scenario, Failure> {
    let scene = match (&args.scenario, &args.journal) {
        (Some(path), _) => {
            let loaded = config::load_scenario(path).map_err(|error| Failure::new(Exit::Configuration, error))?;
            if !loaded.arrivals.iter().any(|it| matches!(it.when, When::Recorded(_))) {
                return plannable(loaded);
            }
            until_records_end(recorded::scene_of(&loaded)?)
        }
        (None, Some(journal)) => {
            past::read(journal, args.from, args.to)?.scene(&journal.display().to_string(), RUNS, 1)
        }
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    typical(&scene).ok_or_else(|| Failure::new(Exit::Failed, "no ticket came in that time"))
}

/// A scene that ends with the day of its last recorded ticket, where it would go on for longer: of the rest nobody knows who came.
fn until_records_end(mut scene: Scene) -> Scene {
    let Some(end) = end_of_records(&scene).filter(|end| *end < scene.counted_to) else { return scene };
    let day_ms = 24.0 * 3_600_000.0;
    #[expect(clippy::cast_precision_loss, reason = "days of some years")]
    let days = |to: Timestamp| to.since(scene.counted_from).0 as f64 / day_ms;
    eprintln!(
        "{}: the records are {:.1} days long, and {:.1} were asked for: what comes after them is not counted",
        scene.name,
        days(end),
        days(scene.counted_to)
    );
    scene.counted_to = end;
    scene
}

/// The midnight after the last recorded ticket.
fn end_of_records(scene: &Scene) -> Option<Timestamp> {
    let Coming::Replayed(tickets) = &scene.coming else { return None };
    let (_, last) = tickets.last()?;
    let zone = &scene.catalogue.time_zone;
    let next = zone.local(last.at).date().tomorrow().ok()?;
    Some(zone.first_moment(next.to_datetime(jiff::civil::Time::midnight())))
}

/// A scenario of which each hour can be planned.
fn plannable(scenario: Scenario) -> Result<Scenario, Failure> {
    if scenario.duration <= Plan::LENGTH_MAX {
        return Ok(scenario);
    }
    let (name, days) = (&scenario.name, Plan::LENGTH_MAX.0 / Millis::from_secs(24 * 3_600).0);
    let message =
        format!("{name}: agents are planned hour by hour, for at most {days} days: give it a shorter `duration`");
    Err(Failure::new(Exit::Configuration, message))
}

fn shown(scenario: &Scenario, hour: crate::routing::Timestamp) -> String {
    scenario.catalogue.time_zone.local(hour).strftime("%a %H:%M").to_string()
}

fn table(plan: &Plan, scenario: &Scenario, target: Target) -> String {
    let share = format!("{:.1}", target.share * 100.0);
    let share = share.trim_end_matches(".0");
    let mut text =
        format!("Agents by whom {share} % are answered within {}, by theory\n\n{:<10}", target.within, "hour");
    for role in plan.dedicated.keys() {
        let _ = write!(text, " {:>18}", role.as_str().chars().take(18).collect::<String>());
    }
    let _ = writeln!(text, " {:>9} {:>9}", "together", "pooled");
    // At night nobody comes.
    let is_awake = |(place, _): &(usize, &Timestamp)| plan.pooled[*place].arrivals >= RARE;
    for (place, hour) in plan.hours.iter().enumerate().filter(is_awake) {
        let _ = write!(text, "{:<10}", shown(scenario, *hour));
        let mut sum = 0;
        for needs in plan.dedicated.values() {
            let need = needs[place];
            sum += need.agents;
            let _ = write!(text, " {:>10.0} → {:>5}", need.arrivals, need.agents);
        }
        let _ = writeln!(text, " {sum:>9} {:>9}", plan.pooled[place].agents);
    }
    let (own, all) = plan.agent_hours();
    let _ = writeln!(text, "\nAgents' hours: {own} where each role has its own, {all} where all have all roles");
    for team in plan.teams.iter().filter(|team| team.at_once > 1) {
        let [roles, channels] = [names(&team.roles), names(&team.channels)];
        let _ = writeln!(text, "An agent of {roles} is taken to hold {} of {channels} at once", team.at_once);
    }
    text
}

fn names<N: ToString>(all: &BTreeSet<N>) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn confirmation(plan: &Plan, dedicated: &Report, pooled: &Report) -> String {
    let mut text = format!("\n{:<28} {:>12} {:>18} {:>18}\n", "answered in time", "by theory", "simulated", "pooled");
    let pooled = confirmed(pooled);
    for (name, own) in confirmed(dedicated) {
        let theory = team_of(plan, &name)
            .map(|team| team.needs.iter().fold(Need::default(), |sum, need| sum.and(*need)).in_time);
        let percent = |it: Option<&crate::simulation::Estimate>| {
            it.map_or_else(
                || "–".to_owned(),
                |it| {
                    let half = it.half_width.map_or_else(String::new, |half| format!(" ± {:.1}", half * 100.0));
                    format!("{:.1} %{half}", it.mean * 100.0)
                },
            )
        };
        let theory = theory.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0));
        let _ =
            writeln!(text, "{name:<28} {theory:>12} {:>18} {:>18}", percent(Some(&own)), percent(pooled.get(&name)));
    }
    text
}

/// The team of a role of its own that takes what a report calls by that name: role and channel.
fn team_of<'p>(plan: &'p Plan, name: &str) -> Option<&'p Team> {
    let takes = |team: &&Team| {
        let pairs = team.roles.iter().flat_map(|role| team.channels.iter().map(move |channel| (role, channel)));
        pairs.into_iter().any(|(role, channel)| format!("{role}, {channel}") == name)
    };
    plan.teams.iter().find(takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_share_and_a_time() {
        assert_eq!(parse_target("80%/20s"), Ok(Target { share: 0.8, within: Millis(20_000) }));
        assert_eq!(parse_target("95 % / 2m"), Ok(Target { share: 0.95, within: Millis(120_000) }));
        assert_eq!(parse_target("0.8/20s"), Ok(Target { share: 0.8, within: Millis(20_000) }));
        for text in ["80%", "80/", "80/20s", "0%/20s", "100%/20s", "1/20s", "nan/20s", "x/20s", "80%/20"] {
            assert!(parse_target(text).is_err(), "{text}");
        }
    }

    #[test]
    fn of_what_comes_after_the_records_nothing_is_computed() {
        let mapping = "[ticket]\nid = \"id\"\nchannel = { value = \"call\" }\nrole = \"role\"\ncreated = \"at\"\nservice_s = \"s\"\n[agent]\ncolumn = \"who\"\n";
        let log = "id,role,at,s,who\n1,billing,2026-01-05T09:10:00,60,ada\n2,billing,2026-01-06T09:10:00,60,ada\n";
        let scenario = "[simulation]\nduration = \"14d\"\n[[role]]\nname = \"billing\"\n[[arrivals]]\nname = \"calls\"\nrecords = \"log.csv\"\nmapping = \"log.toml\"\n";
        let place = tempfile::tempdir().expect("a directory");
        for (name, text) in [("log.toml", mapping), ("log.csv", log)] {
            std::fs::write(place.path().join(name), text).expect("written");
        }
        let scenario =
            config::parse_scenario("records", scenario, place.path()).unwrap_or_else(|error| panic!("{error}"));
        let scene = until_records_end(recorded::scene_of(&scenario).unwrap_or_else(|_| panic!("it is read")));
        assert_eq!(scene.counted_to.since(scene.counted_from), Millis::from_secs(2 * 24 * 3_600));
        let When::Hourly(hours) = &typical(&scene).expect("some came").arrivals[0].when else { panic!("by the hour") };
        assert_eq!((hours.len(), hours[9]), (24, 1.0), "one in that hour of each day that was recorded");
    }
}

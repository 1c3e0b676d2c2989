//! Recorded tickets as a scene: logs in CSV, read by a mapping as `rolecall replay-csv` reads them, and journals.

mod people;

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use crate::config::{Recorded as Log, Scenario, When};
use crate::replay::{Mapping, Record, Window, read_records};
use crate::routing::ticket::Beside;
use crate::routing::{ChannelName, Millis, Priority, RoleName, TicketSpec, TicketType, Timestamp};
use crate::simulation::{Coming, Presence, Recorded, Scene, StaffMember};

use super::{Exit, Failure, past};

/// A day, by which records are moved to the time of the scenario.
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// What a log tells.
struct Told {
    tickets: Vec<Recorded>,
    staff: Vec<StaffMember>,
}

/// The scene of a scenario whose tickets are recorded.
pub(super) fn scene_of(scenario: &Scenario) -> Result<Scene, Failure> {
    let mut scene = Scene::of(scenario);
    let mut tickets = Vec::new();
    for (source, arrivals) in scenario.arrivals.iter().enumerate() {
        let When::Recorded(log) = &arrivals.when else {
            let message = format!(
                "{}: recorded tickets and drawn ones do not mix; give {:?} `records` too",
                scenario.name, arrivals.name
            );
            return Err(Failure::new(Exit::Configuration, message));
        };
        let told = match &log.mapping {
            Some(mapping) => read_log(log, mapping, scenario)?,
            None => read_journal(&log.file, scenario)?,
        };
        tickets.extend(told.tickets.into_iter().map(|ticket| (source, ticket)));
        if scenario.agents.is_empty() {
            told.staff.into_iter().for_each(|member| join(&mut scene.staff, member));
        }
    }
    tickets.sort_by_key(|(_, ticket)| ticket.at);
    scene.coming = Coming::Replayed(tickets);
    Ok(scene)
}

/// Who worked on tickets of several logs is one.
fn join(staff: &mut Vec<StaffMember>, member: StaffMember) {
    let Some(known) = staff.iter_mut().find(|known| known.id == member.id) else {
        staff.push(member);
        return;
    };
    std::sync::Arc::make_mut(&mut known.profile.roles).extend(member.profile.roles.iter().cloned());
    if let (Presence::Stints(known), Presence::Stints(more)) = (&mut known.presence, member.presence) {
        known.extend(more);
    }
}

/// By how much later everything is, so that the first day is that of the scenario's start.
fn later_ms(scenario: &Scenario, first: Timestamp) -> i64 {
    (scenario.start.0.div_euclid(DAY_MS) - first.0.div_euclid(DAY_MS)) * DAY_MS
}

fn read_log(log: &Log, mapping: &Path, scenario: &Scenario) -> Result<Told, Failure> {
    let of_file =
        |path: &Path, error: String| Failure::new(Exit::Configuration, format!("{}: {error}", path.display()));
    let text = fs::read_to_string(mapping).map_err(|error| of_file(mapping, error.to_string()))?;
    let parsed = Mapping::parse(&text).map_err(|error| of_file(mapping, error.to_string()))?;
    let file = File::open(&log.file).map_err(|error| of_file(&log.file, error.to_string()))?;
    let records =
        read_records(file, &parsed, Window::default()).map_err(|error| of_file(&log.file, error.to_string()))?;
    let later_ms = records.first().map_or(0, |first| later_ms(scenario, first.created_at));
    let tickets = records.iter().map(|record| recorded_ticket(record, later_ms)).collect::<Result<_, _>>()?;
    Ok(Told { tickets, staff: people::people(&records, &scenario.catalogue, later_ms) })
}

fn read_journal(directory: &Path, scenario: &Scenario) -> Result<Told, Failure> {
    let scene = past::read(directory, None, None)?.scene("", 1, 0);
    let Coming::Replayed(tickets) = scene.coming else { unreachable!("the past is replayed") };
    let later_ms = tickets.first().map_or(0, |(_, first)| later_ms(scenario, first.at));
    let later = |at: Timestamp| Timestamp(at.0.saturating_add(later_ms));
    let mut staff = scene.staff;
    for member in &mut staff {
        if let Presence::Stints(stints) = &mut member.presence {
            for (from, to) in stints.iter_mut() {
                (*from, *to) = (later(*from), later(*to));
            }
        }
    }
    let tickets = tickets.into_iter().map(|(_, ticket)| Recorded {
        at: later(ticket.at),
        spec: Arc::new(moved(&ticket.spec, later)),
        ..ticket
    });
    Ok(Told { tickets: tickets.collect(), staff })
}

/// What a ticket said of times is said of times that are as much later as it is itself: else it would have expired, or would
/// never be due.
fn moved(spec: &TicketSpec, later: impl Fn(Timestamp) -> Timestamp) -> TicketSpec {
    let mut moved = TicketSpec { created_at: spec.created_at.map(&later), ..spec.clone() };
    let (due_at, not_before, expires_at) = (spec.beside.due_at, spec.beside.not_before, spec.beside.expires_at);
    if due_at.is_some() || not_before.is_some() || expires_at.is_some() {
        let beside = Beside {
            due_at: due_at.map(&later),
            not_before: not_before.map(&later),
            expires_at: expires_at.map(&later),
            ..Beside::clone(&spec.beside)
        };
        moved.beside = beside.into();
    }
    moved
}

/// A record as a ticket that comes so many milliseconds later.
fn recorded_ticket(record: &Record, later_ms: i64) -> Result<Recorded, Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::new(Exit::Configuration, format!("ticket {}: {error}", record.ticket));
    let channel = ChannelName::parse(&record.channel).map_err(|error| wrong(&error))?;
    let mut spec = TicketSpec::on(channel);
    spec.asked_mut().kind = record.kind.as_deref().map(TicketType::parse).transpose().map_err(|error| wrong(&error))?;
    spec.asked_mut().role = record.role.as_deref().map(RoleName::parse).transpose().map_err(|error| wrong(&error))?;
    spec.asked_mut().priority = match record.priority.as_deref() {
        None | Some("normal") => Priority::NORMAL,
        Some("low") => Priority::LOW,
        Some("high") => Priority::HIGH,
        Some("urgent") => Priority::URGENT,
        Some(number) => number.parse().ok().and_then(Priority::new).ok_or_else(|| wrong(&"no such priority"))?,
    };
    let served = !record.is_abandoned && record.agent.is_some();
    Ok(Recorded {
        at: Timestamp(record.created_at.0 + later_ms),
        spec: Arc::new(spec),
        handle: Some(record.service).filter(|service| served && *service > Millis::ZERO),
        gave_up_after: record.is_abandoned.then_some(record.wait),
        waited: (!record.is_abandoned).then_some(record.wait),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_ticket_said_of_times_moves_with_it() {
        let later = |at: Timestamp| Timestamp(at.0 + 1_000);
        let mut spec = TicketSpec::on(ChannelName::parse("chat").expect("a name"));
        assert_eq!(moved(&spec, later), spec, "of what nothing is said nothing moves");
        spec.created_at = Some(Timestamp(1));
        spec.beside.due_at = Some(Timestamp(2));
        spec.beside.not_before = Some(Timestamp(3));
        spec.beside.expires_at = Some(Timestamp(4));
        spec.beside.subject = Some("a refund".to_owned());
        let told = moved(&spec, later);
        assert_eq!(told.created_at, Some(Timestamp(1_001)));
        let times = [told.beside.due_at, told.beside.not_before, told.beside.expires_at];
        assert_eq!(times, [1_002, 1_003, 1_004].map(|at| Some(Timestamp(at))));
        assert_eq!(told.beside.subject.as_deref(), Some("a refund"));
    }
}

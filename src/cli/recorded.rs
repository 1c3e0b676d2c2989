//! Recorded tickets as a scene: logs in CSV, read by a mapping as `rolecall replay-csv` reads them.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use crate::config::{Scenario, When};
use crate::replay::{Mapping, Record, Window, read_records};
use crate::routing::ticket::Customer;
use crate::routing::{ChannelName, Millis, Priority, RoleName, TicketSpec, TicketType, Timestamp};
use crate::simulation::{Coming, Recorded, Scene};

use super::{Exit, Failure};

/// A day, by which records are moved to the time of the scenario.
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// The scene of a scenario whose tickets are recorded.
pub(super) fn scene_of(scenario: &Scenario) -> Result<Scene, Failure> {
    let mut tickets = Vec::new();
    for (source, arrivals) in scenario.arrivals.iter().enumerate() {
        let When::Recorded(recorded) = &arrivals.when else {
            let message = format!(
                "{}: recorded tickets and drawn ones do not mix; give {:?} `records` too",
                scenario.name, arrivals.name
            );
            return Err(Failure::new(Exit::Configuration, message));
        };
        let of_file =
            |path: &Path, error: String| Failure::new(Exit::Configuration, format!("{}: {error}", path.display()));
        let mapping =
            fs::read_to_string(&recorded.mapping).map_err(|error| of_file(&recorded.mapping, error.to_string()))?;
        let mapping = Mapping::parse(&mapping).map_err(|error| of_file(&recorded.mapping, error.to_string()))?;
        let log = File::open(&recorded.file).map_err(|error| of_file(&recorded.file, error.to_string()))?;
        let records = read_records(log, &mapping, Window::default())
            .map_err(|error| of_file(&recorded.file, error.to_string()))?;
        let Some(first) = records.first() else { continue };
        let days = (scenario.start.0.div_euclid(DAY_MS) - first.created_at.0.div_euclid(DAY_MS)) * DAY_MS;
        for record in &records {
            tickets.push((source, recorded_ticket(record, days)?));
        }
    }
    tickets.sort_by_key(|(_, ticket)| ticket.at);
    Ok(Scene { coming: Coming::Replayed(tickets), ..Scene::of(scenario) })
}

/// A record as a ticket that comes so many milliseconds later.
fn recorded_ticket(record: &Record, later_ms: i64) -> Result<Recorded, Failure> {
    let wrong =
        |error: &dyn std::fmt::Display| Failure::new(Exit::Configuration, format!("ticket {}: {error}", record.ticket));
    let channel = ChannelName::parse(&record.channel).map_err(|error| wrong(&error))?;
    let mut spec = TicketSpec { customer: Customer::default(), ..TicketSpec::on(channel) };
    spec.kind = record.kind.as_deref().map(TicketType::parse).transpose().map_err(|error| wrong(&error))?;
    spec.role = record.role.as_deref().map(RoleName::parse).transpose().map_err(|error| wrong(&error))?;
    spec.priority = match record.priority.as_deref() {
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

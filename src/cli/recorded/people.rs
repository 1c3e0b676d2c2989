//! Who worked, as far as a log tells: whoever served is there from one ticket to the next, where not too long lies between.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::Distribution;
use crate::replay::Record;
use crate::routing::{AgentId, AgentProfile, Catalogue, Millis, RoleName, Timestamp};
use crate::simulation::{Manner, Presence, StaffMember};

/// Whoever does nothing for longer than this is not there: nobody is seen at work between two tickets.
const IDLE_MAX: Millis = Millis::from_secs(15 * 60);

/// One agent's tickets.
#[derive(Debug, Default)]
struct Career {
    roles: BTreeSet<RoleName>,
    /// From being given one to being done with it.
    work: Vec<(Timestamp, Timestamp)>,
}

/// The agents of a log, so many milliseconds later than they were there. Their roles are those of their tickets.
pub(super) fn people(records: &[Record], catalogue: &Catalogue, later_ms: i64) -> Vec<StaffMember> {
    let mut careers: BTreeMap<AgentId, Career> = BTreeMap::new();
    for record in records.iter().filter(|record| !record.is_abandoned) {
        let Some(agent) = record.agent.as_deref().and_then(|agent| AgentId::parse(agent).ok()) else { continue };
        let career = careers.entry(agent).or_default();
        career.roles.extend(role_of(record, catalogue));
        let from = Timestamp(record.created_at.0 + later_ms) + record.wait;
        career.work.push((from, from + record.service));
    }
    let member = |(id, career): (AgentId, Career)| StaffMember {
        id,
        profile: AgentProfile::of_roles(career.roles),
        presence: Presence::Stints(stints(career.work)),
        // The log's waits have it in them.
        manner: Manner { answers_after: Distribution::Fixed(Millis::ZERO), ..Manner::default() },
    };
    careers.into_iter().filter(|(_, career)| !career.roles.is_empty()).map(member).collect()
}

/// Its own role, or the one whose ticket types have its type; none where the catalogue knows neither.
fn role_of(record: &Record, catalogue: &Catalogue) -> Option<RoleName> {
    let own = record.role.as_deref().and_then(|role| RoleName::parse(role).ok());
    let by_type = || {
        let of_type =
            |kind: &str| catalogue.roles.values().find(|role| role.ticket_types.iter().any(|it| it.as_str() == kind));
        record.kind.as_deref().and_then(of_type).map(|role| role.name.clone())
    };
    own.filter(|role| catalogue.roles.get(role).is_some()).or_else(by_type)
}

/// Work, with what lies between where that is short.
fn stints(mut work: Vec<(Timestamp, Timestamp)>) -> Vec<(Timestamp, Timestamp)> {
    work.sort_unstable();
    let mut stints: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, to) in work {
        match stints.last_mut().filter(|(_, until)| from <= *until + IDLE_MAX) {
            Some((_, until)) => *until = to.max(*until),
            None => stints.push((from, to)),
        }
    }
    stints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_pauses_for_long_is_not_there() {
        let minutes = |minutes: i64| Timestamp(minutes * 60_000);
        let work = vec![
            (minutes(30), minutes(31)),
            (minutes(0), minutes(5)),
            (minutes(2), minutes(3)),
            (minutes(20), minutes(25)),
            (minutes(47), minutes(48)),
        ];
        assert_eq!(stints(work), [(minutes(0), minutes(31)), (minutes(47), minutes(48))]);
    }
}

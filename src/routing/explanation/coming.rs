//! What will happen to a ticket by itself, and when.

use crate::routing::escalation::StepConditions;
use crate::routing::index;
use crate::routing::name::{AgentId, RoleName};
use crate::routing::overflow;
use crate::routing::role::OverflowStep;
use crate::routing::state::State;
use crate::routing::ticket::{Phase, Ticket};
use crate::routing::time::Timestamp;
use crate::routing::timer::TicketDue;

/// Something that will happen to a ticket by itself, unless something else happens to it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// When.
    pub at: Timestamp,
    /// What.
    pub due: TicketDue,
    /// For people: `it expires`.
    pub words: String,
}

/// A step of the ladder that is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepAhead {
    /// 1 for the first of the ladder.
    pub step: u8,
    /// When it is taken at the earliest, if by time.
    pub from: Timestamp,
    /// Whether it is taken then for certain.
    pub certain: bool,
    /// What it changes, for people: `adds the role technical`.
    pub changes: String,
    /// On what condition, for people; empty where there is none.
    pub conditions: String,
}

/// Everything that is due, the earliest first.
pub(super) fn of_ticket(state: &State, ticket: &Ticket) -> Vec<Coming> {
    let mut dues: Vec<(Timestamp, TicketDue)> =
        index::ticket_dues(ticket, &state.ground.agents, state.catalogue()).collect();
    dues.sort_unstable();
    let coming = |(at, due): (Timestamp, TicketDue)| Coming { at, words: words(state, ticket, at, &due), due };
    dues.into_iter().map(coming).collect()
}

fn words(state: &State, ticket: &Ticket, at: Timestamp, due: &TicketDue) -> String {
    match due {
        TicketDue::Expiry => "it expires".to_owned(),
        TicketDue::NotBefore => "it comes into its queue".to_owned(),
        TicketDue::Offer(agent) => format!("the offer to {agent} lapses"),
        TicketDue::AtRisk => "its role is told that it is at risk".to_owned(),
        TicketDue::Breach => "it is due".to_owned(),
        TicketDue::MaxWait => "it has waited for as long as its role lets it".to_owned(),
        TicketDue::Direction => "it waits for that agent no longer, and for all".to_owned(),
        TicketDue::Overflow => {
            let mut steps = overflow::remaining(ticket, state.catalogue());
            let next = steps.find(|(_, step)| step.conditions.leaves_it_to_time());
            next.map(|(number, step)| format!("overflow step {number} {}", step_changes(step))).unwrap_or_default()
        }
        TicketDue::Bars => {
            let lapse = ticket.bars.iter().filter(|bar| bar.until == Some(at)).map(|bar| &bar.agent);
            format!("{} may be asked again", listed(lapse.map(AgentId::as_str)))
        }
        TicketDue::Automation(place) => {
            let automation = &state.catalogue().automations[*place];
            let condition = automation.when.as_ref().map(|_| ", if its condition holds").unwrap_or_default();
            format!("the automation {} fires{condition}", automation.name)
        }
        TicketDue::OwnerGrace => "it leaves its owner, who is offline".to_owned(),
        TicketDue::FirstReply => "it leaves its owner, who has not replied".to_owned(),
    }
}

/// The steps of its role's ladder that it may still take, where it waits or is to wait.
pub(super) fn steps(state: &State, ticket: &Ticket) -> Vec<StepAhead> {
    if ticket.phase.ownership().is_some() || matches!(ticket.phase, Phase::Scheduled | Phase::Deferred) {
        return Vec::new();
    }
    let ahead = |(step, rung): (u8, &OverflowStep)| StepAhead {
        step,
        from: ticket.entered_at + rung.after,
        certain: rung.conditions.leaves_it_to_time() && !matches!(ticket.phase, Phase::Unroutable(_)),
        changes: step_changes(rung),
        conditions: step_conditions(rung),
    };
    overflow::remaining(ticket, state.catalogue()).map(ahead).collect()
}

/// What a step does: `adds the role technical and drops its demand for skills`.
#[must_use]
pub fn step_changes(step: &OverflowStep) -> String {
    // Every member of a step is named, so that a new one is not forgotten here.
    let OverflowStep { after: _, add_roles, drop_skills, raise_priority, lower_skills, rank_max, conditions: _ } = step;
    let mut said = Vec::new();
    if !add_roles.is_empty() {
        let noun = if add_roles.len() == 1 { "role" } else { "roles" };
        said.push(format!("adds the {noun} {}", listed(add_roles.iter().map(RoleName::as_str))));
    }
    if *drop_skills {
        said.push("drops its demand for skills".to_owned());
    } else if *lower_skills > 0 {
        said.push(format!("lowers its demand for skills by {lower_skills}"));
    }
    if *raise_priority > 0 {
        said.push(format!("raises its priority by {raise_priority}"));
    }
    if let Some(rank_max) = rank_max {
        said.push(format!("asks ranks to {rank_max}"));
    }
    if said.is_empty() { "changes nothing".to_owned() } else { listed(said.iter().map(String::as_str)) }
}

/// On what condition a step is taken: `while more than 20 wait`.
#[must_use]
pub fn step_conditions(step: &OverflowStep) -> String {
    let StepConditions { waiting_over, estimated_wait_over, unless_offline, at_once_if_offline } = step.conditions;
    let mut said = Vec::new();
    said.extend(waiting_over.map(|over| format!("while more than {over} wait for its role")));
    said.extend(estimated_wait_over.map(|over| format!("while its estimated wait is longer than {over}")));
    if unless_offline {
        said.push("while somebody who has an added role is online".to_owned());
    }
    if at_once_if_offline {
        said.push("at once where nobody who has a demanded role is online".to_owned());
    }
    said.join("; ")
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn listed<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((only, _)) => (*only).to_owned(),
        None => String::new(),
    }
}

//! Tickets that their role does not let wait.

use super::NaiveEngine;
use crate::routing::diversion::{CallbackNote, DIVERSIONS_MAX, Diversion, DiversionCause};
use crate::routing::event::Event;
use crate::routing::name::TicketId;
use crate::routing::offer::Trigger;
use crate::routing::service::Served;
use crate::routing::ticket::{Closing, Demand, TicketSpec};

impl NaiveEngine {
    /// Does with a ticket what its role says. A ticket does not come back to a role that it was sent from in the same go:
    /// then nothing is done.
    pub(super) fn divert(&mut self, id: &TicketId, cause: DiversionCause) -> bool {
        let ticket = self.known(id).clone();
        let role = self.own_role(&ticket).expect("it waits for a role").clone();
        let what_then = match cause {
            DiversionCause::Closed => role.admission.when_closed.expect("else it waits for the role to open"),
            DiversionCause::Waited => role.admission.when_waited,
            DiversionCause::Full => role.admission.when_full,
        };
        match what_then {
            Diversion::Cancel => self.close(id, Closing::Cancelled, cause.as_str()),
            Diversion::Callback => {
                let waited = self.at.since(ticket.created_at);
                let service = self.settled(&ticket, [Served::AbandonedWithin, Served::AbandonedLate]);
                self.emit(Event::TicketClosed {
                    ticket: id.clone(),
                    role: Some(role.name),
                    channel: ticket.spec.asked.channel.clone(),
                    how: Closing::CalledBack,
                    cause: cause.as_str().to_owned(),
                    callback: Some(Box::new(CallbackNote { waited, spec: TicketSpec::clone(&ticket.spec) })),
                    service,
                });
            }
            Diversion::Role(to) => {
                if to == role.name || self.trail.contains(&to) || self.trail.len() >= DIVERSIONS_MAX {
                    return false;
                }
                let demand = Demand {
                    roles: vec![to.clone()],
                    rule: None,
                    skills: ticket.spec.asked.skills.clone(),
                    permissions: ticket.spec.asked.permissions.iter().cloned().collect(),
                    priority: ticket.demand.priority,
                    rank_max: self.state.catalogue().roles.get(&to).and_then(|to| to.staffing.rank_max),
                };
                let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at);
                let channel = ticket.spec.asked.channel.clone();
                let trail = self.trail.clone();
                self.trail.push(role.name.clone());
                self.emit(Event::TicketDiverted {
                    ticket: id.clone(),
                    role: role.name,
                    channel,
                    cause,
                    demand: demand.into(),
                    due_at,
                });
                self.place(id, Trigger::TicketDiverted);
                self.trail = trail;
            }
        }
        true
    }
}

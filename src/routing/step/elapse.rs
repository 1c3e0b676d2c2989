//! Time passes: whatever is due happens, in the order in which it is due.

use super::{Done, Step};
use crate::routing::agent::Status;
use crate::routing::diversion::DiversionCause;
use crate::routing::event::Event;
use crate::routing::index;
use crate::routing::name::{AgentId, RoleName, TicketId};
use crate::routing::offer::{Remark, RevokeCause, Trigger};
use crate::routing::presence::{self, Presence};
use crate::routing::ticket::Closing;
use crate::routing::time::Timestamp;
use crate::routing::timer::{AgentDue, RoleDue, Subject, TicketDue};

/// How many things happen in one step at most, so that a step after a long sleep stays short; the next follows at once.
const ELAPSED_MAX: usize = 256;
/// After how many events no more of it begins in this step: what lapses or leaves together counts once above, and may be many.
const EVENTS_ENOUGH: usize = 4 * ELAPSED_MAX;

impl Step<'_> {
    pub(super) fn elapse(&mut self) -> Done {
        for _ in 0..ELAPSED_MAX {
            let Some((due, subject)) = self.state.timers().first() else { break };
            if due > self.at || self.events.len() >= EVENTS_ENOUGH {
                break;
            }
            match subject.clone() {
                Subject::Agent(agent) => self.agent_due(&agent),
                Subject::Ticket(ticket) => self.ticket_due(&ticket),
                Subject::Role(role) => self.role_due(&role),
                Subject::Doors => self.open_door(),
                Subject::Closed => {
                    // What else is due waits for the next step: of what is forgotten there may be much.
                    let before = index::forgotten_before(&self.state.ground, self.at);
                    self.emit(Event::ClosedForgotten { before });
                    break;
                }
            }
            self.settle();
        }
        Done::Accepted
    }

    fn role_due(&mut self, role: &RoleName) {
        let (_, due) = self.state.index.role_due(role, &self.state.ground).expect("a timer runs for something");
        match due {
            RoleDue::Look => self.look_at_role(role),
            RoleDue::Closing => self.look_at_hours(role),
        }
    }

    fn agent_due(&mut self, id: &AgentId) {
        let agent = self.state.agent(id).expect("a timer runs for a registered agent");
        let (at, due) = index::agent_due(agent, self.state.catalogue()).expect("a timer runs for something");
        match due {
            AgentDue::WrapUp(ticket) => self.end_wrap_up(id, &ticket),
            AgentDue::Heartbeat => {
                self.leave_together(at, &due, &Presence::by_itself(Status::Offline, presence::SILENT));
            }
            AgentDue::Pace => {
                self.emit(Event::PaceEnded { agent: id.clone() });
                self.hungers(id);
            }
            AgentDue::Idle => self.leave_together(at, &due, &Presence::by_itself(Status::Away, presence::IDLE)),
        }
    }

    /// Those for whom the same is due at one moment leave together, as after a restart all who are gone do: nothing goes from
    /// one of them to the next, and what they lose comes back by its rank.
    fn leave_together(&mut self, at: Timestamp, due: &AgentDue, presence: &Presence) {
        let mut lost = Vec::new();
        for _ in 0..ELAPSED_MAX {
            let Some(agent) = self.next_due_so(at, due) else { break };
            lost.extend(self.say_presence(&agent, presence.clone()));
        }
        self.place_all(lost);
    }

    /// The agent to whom something happens next, where it is that and at that moment.
    fn next_due_so(&self, at: Timestamp, due: &AgentDue) -> Option<AgentId> {
        let (first, Subject::Agent(id)) = self.state.timers().first()? else { return None };
        let (_, next) = index::agent_due(self.state.agent(id)?, self.state.catalogue())?;
        (first == at && next == *due).then(|| id.clone())
    }

    /// Offers that lapse at one moment lapse together, as those do that were made in one step: nobody is given anything for
    /// the first of them who misses too many with the next, and what was missed comes back by its rank.
    fn lapse_together(&mut self) {
        let mut missed = Vec::new();
        for _ in 0..ELAPSED_MAX {
            let Some((ticket, agent)) = self.next_lapse() else { break };
            self.expire_offer(&ticket, &agent);
            missed.push((ticket, agent));
        }
        self.after_missing(&missed);
    }

    /// The offer that is over by now, where nothing else happens before: of which ticket, and to whom.
    fn next_lapse(&self) -> Option<(TicketId, AgentId)> {
        let (first, Subject::Ticket(id)) = self.state.timers().first()? else { return None };
        let ground = &self.state.ground;
        let (_, next) = index::ticket_due(self.state.ticket(id)?, &ground.agents, &ground.catalogue)?;
        let TicketDue::Offer(agent) = next else { return None };
        (first <= self.at).then(|| (id.clone(), agent))
    }

    fn ticket_due(&mut self, id: &TicketId) {
        let ground = &self.state.ground;
        let due = index::ticket_due(self.known(id), &ground.agents, &ground.catalogue);
        let (_, due) = due.expect("a timer runs for something");
        match due {
            TicketDue::Expiry => {
                self.revoke_all(id, RevokeCause::TicketCancelled, &Remark::NONE);
                self.close(id, Closing::Expired, "expires_at");
            }
            TicketDue::NotBefore => self.place(id, Trigger::NotBeforePassed),
            TicketDue::Offer(_) => self.lapse_together(),
            TicketDue::AtRisk => self.warn(id),
            TicketDue::Breach => self.breach(id),
            TicketDue::Direction => {
                self.emit(Event::DirectionEnded { ticket: id.clone() });
                self.place_waiting(id, Trigger::DirectionEnded);
            }
            TicketDue::Overflow => {
                let taken = self.escalate(id);
                debug_assert!(taken, "a step is due");
            }
            TicketDue::Bars => {
                self.emit(Event::BarsLapsed { ticket: id.clone() });
                self.try_give(id, Trigger::CooldownLapsed);
            }
            TicketDue::Automation(place) => self.automation_due(id, place),
            TicketDue::MaxWait => {
                let sent = self.divert(id, DiversionCause::Waited);
                assert!(sent, "no role sends tickets to itself");
            }
            TicketDue::OwnerGrace => {
                self.take_from_gone(id);
                self.place_again(id);
            }
            TicketDue::FirstReply => self.take_from_silent(id),
        }
    }
}

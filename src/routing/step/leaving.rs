//! Owners who leave, or are silent: who has their tickets next.

use super::{Done, Handled, Step};
use crate::routing::event::{Event, Sign};
use crate::routing::matching;
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::{Remark, RevokeCause};
use crate::routing::ticket::{Bar, Phase, Ticket};

impl Step<'_> {
    /// Takes a ticket from an owner who has gone; it is in no place then, and the owner's deputy is asked first.
    pub(super) fn take_from_gone(&mut self, id: &TicketId) {
        let owner = self.owner_of(id);
        let deputy = self.state.agent(&owner).and_then(|owner| owner.profile.deputy.clone());
        self.revoke_assignment(id, RevokeCause::AgentOffline, Remark::NONE);
        if let Some(deputy) = deputy {
            self.heirs.retain(|(ticket, _)| ticket != id);
            self.heirs.push((id.clone(), deputy));
        }
    }

    /// Whether the customer is back for whose owner there can never be a slot.
    pub(super) fn is_resumed_in_vain(&self, ticket: &Ticket) -> bool {
        let Phase::Resuming(ownership) = &ticket.phase else { return false };
        let owner = self.state.agent(&ownership.agent).expect("what a removed agent owned was taken back");
        !owner.profile.could_hold(&ticket.spec.asked.channel, self.state.catalogue())
    }

    pub(super) fn note_reply(&mut self, id: &TicketId, agent: Option<&AgentId>) -> Handled {
        let ownership = self.owner(self.ticket(id)?, agent)?;
        let (agent, replied_before) = (ownership.agent.clone(), ownership.silence.is_broken());
        let event = if replied_before {
            Event::AgentSeen { agent, sign: Sign::Act }
        } else {
            Event::OwnerReplied { ticket: id.clone(), agent }
        };
        self.emit(event);
        Ok(Done::Accepted)
    }

    /// An owner who has not replied for too long loses the ticket.
    pub(super) fn take_from_silent(&mut self, id: &TicketId) {
        self.take_from_owner(id, RevokeCause::Timeout);
        self.place_again(id);
    }

    /// Takes a ticket from an owner who does nothing about it, and is not asked for it again for a while. It is in no
    /// place then.
    pub(super) fn take_from_owner(&mut self, id: &TicketId, cause: RevokeCause) {
        let agent = self.owner_of(id);
        let cooldown = matching::own_role(self.state, self.known(id)).map(|role| role.decline_cooldown);
        self.revoke_assignment(id, cause, Remark::NONE);
        if let Some(cooldown) = cooldown.filter(|cooldown| !cooldown.is_zero()) {
            let bar = Bar { agent, until: Some(self.at + cooldown) };
            self.emit(Event::AgentBarred { ticket: id.clone(), bar });
        }
    }

    fn owner_of(&self, id: &TicketId) -> AgentId {
        let ownership = self.known(id).phase.ownership().expect("only what is owned is taken from its owner");
        ownership.agent.clone()
    }
}

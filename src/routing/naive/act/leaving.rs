//! Owners who leave, or are silent.

use super::{Handled, NaiveEngine};
use crate::routing::Verdict;
use crate::routing::channel::OwnerGrace;
use crate::routing::event::{Event, Sign};
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::{Remark, RevokeCause};
use crate::routing::ticket::{Bar, Ticket};

impl NaiveEngine {
    /// As the role says, else as the channel says.
    pub(in crate::routing::naive) fn owner_grace(&self, ticket: &Ticket) -> OwnerGrace {
        let by_channel = self.state.catalogue().channel(&ticket.spec.asked.channel).owner_grace;
        self.own_role(ticket).and_then(|role| role.owning.owner_grace).unwrap_or(by_channel)
    }

    /// Takes a ticket from an owner who has gone. The deputy is asked first.
    pub(super) fn take_from_gone(&mut self, id: &TicketId) {
        let owner = self.known(id).phase.ownership().expect("somebody has gone who owned it").agent.clone();
        if let Some(deputy) = &self.agent(&owner).profile.deputy {
            self.deputies.insert(id.clone(), deputy.clone());
        }
        self.take_back(id, RevokeCause::AgentOffline, &Remark::NONE);
    }

    pub(super) fn note_reply(&mut self, id: &TicketId, agent: Option<&AgentId>) -> Handled {
        let owner = self.require_owner(self.require_ticket(id)?, agent)?.clone();
        if owner.silence.is_broken() {
            self.emit(Event::AgentSeen { agent: owner.agent, sign: Sign::Act });
        } else {
            self.emit(Event::OwnerReplied { ticket: id.clone(), agent: owner.agent });
        }
        Ok(Verdict::Accepted)
    }

    /// Who has not replied in time loses the ticket.
    pub(super) fn take_from_silent(&mut self, id: &TicketId) {
        self.take_from_owner(id, RevokeCause::Timeout);
        self.place_again(id);
    }

    /// The owner does nothing about the ticket, and is not asked for it again for a while.
    pub(in crate::routing::naive) fn take_from_owner(&mut self, id: &TicketId, cause: RevokeCause) {
        let ticket = self.known(id);
        let agent = ticket.phase.ownership().expect("somebody owns it").agent.clone();
        let until = self.own_role(ticket).map(|role| self.at + role.decline_cooldown);
        self.take_back(id, cause, &Remark::NONE);
        if until.is_some_and(|until| until > self.at) {
            self.emit(Event::AgentBarred { ticket: id.clone(), bar: Bar { agent, until } });
        }
    }
}

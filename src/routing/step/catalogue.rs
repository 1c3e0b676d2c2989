//! The catalogue is replaced as a whole: agents and tickets are looked at again under the new one.

use std::sync::Arc;

use super::{Done, Handled, Step, reject};
use crate::routing::catalogue::Catalogue;
use crate::routing::command::{Rejection, RejectionCode};
use crate::routing::event::Event;
use crate::routing::matching;
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::Trigger;
use crate::routing::succession::Usage;
use crate::routing::ticket::Ticket;

impl Step<'_> {
    /// The rules of the catalogue must compile; whoever reads one checks that before.
    pub(super) fn replace_catalogue(&mut self, catalogue: &Arc<Catalogue>) -> Handled {
        if self.state.catalogue() == catalogue {
            return Ok(Done::Duplicate);
        }
        let mut changes = catalogue.changes_since(self.state.catalogue());
        changes.extend(self.check_removed(catalogue)?);
        let version = self.state.catalogue_version() + 1;
        let agents: Vec<AgentId> = self.state.agents().map(|agent| agent.id.clone()).collect();
        for agent in &agents {
            let seen = self.state.look(self.state.agent(agent));
            self.before.insert(agent.clone(), seen);
        }
        self.emit(Event::CatalogueReplaced { catalogue: Arc::clone(catalogue), changes, version });
        for agent in &agents {
            self.hungers(agent);
        }
        for id in self.resumed_in_vain() {
            self.take_from_gone(&id);
        }
        for id in self.unowned() {
            let spec = self.known(&id).spec.clone();
            self.reclassify(&id, spec, Trigger::CatalogueChanged);
        }
        Ok(Done::Accepted)
    }

    /// What moves with roles that are taken out, one line each. None may be left behind.
    fn check_removed(&self, catalogue: &Catalogue) -> Result<Vec<String>, Rejection> {
        let mut moved = Vec::new();
        let mut stranded = Vec::new();
        for usage in Usage::of_removed(self.state, catalogue) {
            match catalogue.successor(&usage.role) {
                Some(successor) => moved.push(format!("{usage} moved to {successor}")),
                None => stranded.push(usage.to_string()),
            }
        }
        if stranded.is_empty() {
            return Ok(moved);
        }
        let detail = format!("{}; a role that takes over names it in `replaces`", stranded.join("; "));
        Err(reject(RejectionCode::RoleInUse, detail))
    }

    /// Tickets whose customer is back, and whose owner can never hold them under this catalogue.
    fn resumed_in_vain(&self) -> Vec<TicketId> {
        let mut tickets: Vec<&Ticket> = self.state.tickets().filter(|ticket| self.is_resumed_in_vain(ticket)).collect();
        tickets.sort_unstable_by_key(|ticket| ticket.arrival_seq);
        tickets.into_iter().map(|ticket| ticket.id.clone()).collect()
    }

    /// Tickets that nobody owns, in the order in which they are placed. What had no role may have one now.
    fn unowned(&self) -> Vec<TicketId> {
        let unowned = |ticket: &&Ticket| ticket.phase.ownership().is_none();
        let known = |ticket: &Ticket| matching::own_role(self.state, ticket).is_some();
        let afresh = |ticket: &Ticket| {
            let demand = Arc::new(self.demand_afresh(ticket, &ticket.spec));
            Ticket { demand, ..ticket.clone() }
        };
        let (placed, homeless): (Vec<&Ticket>, Vec<&Ticket>) =
            self.state.tickets().filter(unowned).partition(|ticket| known(ticket));
        let homeless: Vec<Ticket> = homeless.into_iter().map(afresh).collect();
        self.in_turn(placed.into_iter().chain(&homeless).collect())
    }
}

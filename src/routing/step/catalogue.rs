//! The catalogue is replaced as a whole: agents and tickets are looked at again under the new one.

use std::sync::Arc;

use super::{Done, Step};
use crate::routing::catalogue::Catalogue;
use crate::routing::event::Event;
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::Trigger;
use crate::routing::ticket::{Phase, Ticket};

impl Step<'_> {
    /// The rules of the catalogue must compile; whoever reads one checks that before.
    pub(super) fn replace_catalogue(&mut self, catalogue: &Arc<Catalogue>) -> Done {
        if self.state.catalogue() == catalogue {
            return Done::Duplicate;
        }
        let changes = catalogue.changes_since(self.state.catalogue());
        let version = self.state.catalogue_version() + 1;
        let agents: Vec<AgentId> = self.state.agents().map(|agent| agent.id.clone()).collect();
        for agent in &agents {
            let view = self.state.agent(agent).map(|agent| self.state.agent_view(agent));
            self.before.insert(agent.clone(), view);
        }
        self.emit(Event::CatalogueReplaced { catalogue: Arc::clone(catalogue), changes, version });
        self.hungry.extend(agents);
        for id in self.unowned() {
            let spec = self.known(&id).spec.clone();
            self.reclassify(&id, spec, Trigger::CatalogueChanged);
        }
        Done::Accepted
    }

    /// Tickets that nobody owns, the oldest first.
    fn unowned(&self) -> Vec<TicketId> {
        let unowned = |ticket: &&Ticket| ticket.phase.ownership().is_none() && ticket.phase != Phase::Intake;
        let mut tickets: Vec<&Ticket> = self.state.tickets().filter(unowned).collect();
        tickets.sort_unstable_by_key(|ticket| (ticket.created_at, ticket.arrival_seq));
        tickets.into_iter().map(|ticket| ticket.id.clone()).collect()
    }
}

//! Where a ticket goes: to an agent at once, into its queues, aside, or among those that nobody can take. And the other
//! way round: what an agent who has room is given.

use std::sync::Arc;

use super::{Step, held_by_owner};
use crate::routing::agent::{Agent, Status};
use crate::routing::channel::Acceptance;
use crate::routing::diversion::DiversionCause;
use crate::routing::event::{Event, Taking};
use crate::routing::few::Few;
use crate::routing::importance::Importance;
use crate::routing::matching::{self, Choice, Lack, Search};
use crate::routing::name::{AgentId, TicketId};
use crate::routing::offer::Trigger;
use crate::routing::presence;
use crate::routing::prospect;
use crate::routing::queue::RoleQueue;
use crate::routing::rank::{Precedence, Rank};
use crate::routing::role::Dispatch;
use crate::routing::service::Served;
use crate::routing::ticket::{Closing, Direction, Phase, Ticket, assignment_id};
use crate::routing::time::Timestamp;

impl Step<'_> {
    /// Finds the place of a ticket that is in none, or whose demand has changed, because of that.
    pub(super) fn place(&mut self, id: &TicketId, trigger: Trigger) {
        self.automate(id);
        let ticket = self.known(id);
        if ticket.demand.role().is_some() && matching::own_role(self.state, ticket).is_none() {
            // While somebody owned it, its role was taken out of the catalogue.
            let spec = ticket.spec.clone();
            return self.reclassify(id, spec, trigger);
        }
        self.forget_lapsed(id);
        let ticket = self.known(id);
        if ticket.expires_at().is_some_and(|expiry| expiry <= self.at) {
            return self.close(id, Closing::Expired, "expires_at");
        }
        if let Some(not_before) = ticket.spec.beside.not_before.filter(|not_before| *not_before > self.at) {
            if ticket.phase != Phase::Scheduled {
                self.emit(Event::TicketScheduled { ticket: id.clone(), not_before });
            }
            return;
        }
        if self.stops_at_closed_door(id) {
            return;
        }
        if self.place_with_somebody(id) || self.try_give(id, trigger) {
            return;
        }
        let ticket = self.known(id);
        match prospect::unroutable(self.state, ticket) {
            Some(cause) if ticket.phase == Phase::Unroutable(cause) => {}
            Some(cause) => {
                let (role, channel) = (ticket.demand.role().cloned(), ticket.spec.asked.channel.clone());
                self.emit(Event::TicketUnroutable { ticket: id.clone(), role, channel, cause });
            }
            None => {
                let direction = ticket.direction.clone();
                self.queue(id, direction);
            }
        }
    }

    /// Finds the place of a ticket that was offered or owned. While it was, upstream may have said something else of it,
    /// and the catalogue may have changed.
    pub(super) fn place_again(&mut self, id: &TicketId) {
        self.place_afresh(id, Trigger::TicketReturned);
    }

    /// The same, because of that.
    pub(super) fn place_afresh(&mut self, id: &TicketId, trigger: Trigger) {
        let ticket = self.known(id);
        if self.demand_afresh(ticket, &ticket.spec) == *ticket.demand {
            self.place(id, trigger);
        } else {
            let spec = ticket.spec.clone();
            self.reclassify(id, spec, trigger);
        }
    }

    /// Forgets what keeps a ticket from agents and holds no longer: cool-downs that are over, and that it waits for an
    /// agent who can never take it.
    pub(super) fn forget_lapsed(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        if ticket.bars.is_empty() && ticket.direction.is_none() {
            return;
        }
        if ticket.bars.iter().any(|bar| bar.until.is_some_and(|until| until <= self.at)) {
            self.emit(Event::BarsLapsed { ticket: id.clone() });
        }
        let ticket = self.known(id);
        let in_vain = ticket.direction.as_ref().is_some_and(|direction| {
            let agent = self.state.agent(&direction.agent);
            agent.is_none_or(|agent| matching::lasting_lack(self.state, agent, ticket).is_some())
        });
        if in_vain {
            self.emit(Event::DirectionEnded { ticket: id.clone() });
        }
    }

    /// Puts a ticket in its queues, and says so; or sends it on, where it is not let in. One that waits already only hears
    /// of it when its role changed.
    fn queue(&mut self, id: &TicketId, direction: Option<Box<Direction>>) {
        if self.is_turned_away(self.known(id)) && self.divert(id, DiversionCause::Full) {
            return;
        }
        let ticket = self.known(id);
        let role = matching::own_role(self.state, ticket).expect("a routable ticket's role is in the catalogue");
        let queue = self.state.queues().role(&role.name);
        let waiting_before = queue.map_or(0, RoleQueue::len);
        let ahead = queue.map_or(0, |queue| queue.ahead_of(&Rank::of(ticket, role)));
        let position = u64::try_from(ahead).expect("a length fits") + 1;
        let already = u64::from(ticket.phase == Phase::Waiting);
        let estimate = self.state.estimate(&role.name, ticket.demand.priority, position, self.at);
        let watched = role.watches_its_queue();
        let event = Event::TicketQueued {
            ticket: id.clone(),
            channel: ticket.spec.asked.channel.clone(),
            position,
            waiting: u64::try_from(waiting_before).expect("a length fits") + 1 - already,
            estimated_wait: estimate.map(|estimate| estimate.likely),
            wait_by_pace: estimate.map(|estimate| estimate.by_pace),
            wait_range: estimate.and_then(|estimate| estimate.range),
            direction,
            role: role.name.clone(),
        };
        self.emit(event);
        if watched {
            self.climb(id);
        }
    }

    /// Gives a ticket to the agent whom there is a reason to try first, or lets it wait for that agent a while. Says
    /// whether either was done.
    pub(super) fn place_with_somebody(&mut self, id: &TicketId) -> bool {
        self.place_with_heir(id) || self.place_with_preferred(id)
    }

    /// To its preferred agent; where it names nobody, to the agent who had a ticket of its customer last.
    fn place_with_preferred(&mut self, id: &TicketId) -> bool {
        let ticket = self.known(id);
        let (agent, trigger) = match &ticket.spec.beside.preferred_agent {
            Some(preferred) => (preferred, Trigger::Directed),
            None => match self.state.last_agent(ticket, self.at) {
                Some(last) => (last, Trigger::LastAgent),
                None => return false,
            },
        };
        let (agent, since) = (agent.clone(), ticket.with_role_since(self.at));
        self.place_with(id, &agent, since, trigger)
    }

    /// To the deputy of an owner who has just gone.
    fn place_with_heir(&mut self, id: &TicketId) -> bool {
        let Some(place) = self.heirs.iter().rposition(|(ticket, _)| ticket == id) else { return false };
        let (_, heir) = self.heirs.swap_remove(place);
        self.place_with(id, &heir, self.at, Trigger::Directed)
    }

    /// Gives a ticket to this agent, or lets it wait for that one for the role's `sticky_wait` from then on; not where the
    /// queue is full, for then it would go although somebody else may have time for it.
    fn place_with(&mut self, id: &TicketId, agent: &AgentId, waits_from: Timestamp, trigger: Trigger) -> bool {
        let ticket = self.known(id);
        let Some(role) = matching::own_role(self.state, ticket) else { return false };
        let Some(agent) = self.state.agent(agent) else { return false };
        if ticket.direction.is_some() || role.dispatch == Dispatch::Pull {
            return false;
        }
        let waits_until = waits_from + role.sticky_wait;
        let barred = ticket.bars.iter().any(|bar| bar.agent == agent.id);
        match matching::lack_if_meant(self.state, agent, ticket) {
            None if !self.passes_by(agent, ticket) => {
                let choice = matching::choose_only(agent, ticket, role.strategy, trigger);
                self.give(id, &choice);
                true
            }
            None | Some(Lack::NoSlot | Lack::Interrupted | Lack::Paced)
                if waits_until > self.at && !barred && !self.is_turned_away(ticket) =>
            {
                let direction = Direction { agent: agent.id.clone(), until: Some(waits_until), trigger };
                self.queue(id, Some(Box::new(direction)));
                true
            }
            None | Some(_) => false,
        }
    }

    /// Gives a ticket to the best agent who may take it now, where there is one.
    pub(super) fn try_give(&mut self, id: &TicketId, trigger: Trigger) -> bool {
        self.state.gather_audience(id);
        let ticket = self.known(id);
        let choice = matching::choose(self.state, ticket, trigger, &|agent| self.passes_by(agent, ticket));
        let Some(choice) = choice else { return false };
        self.give(id, &choice);
        true
    }

    /// Whether something else comes before this ticket for an agent who may take it: a ticket that the agent owes, or one that
    /// waits. Only who has become able to take more in this step can have left anything waiting; it is fed at the end of the
    /// step.
    fn passes_by(&self, agent: &Agent, ticket: &Ticket) -> bool {
        if self.state.keeps_units_from(agent, ticket) {
            return true;
        }
        if !self.hungry.contains(&agent.id) {
            return false;
        }
        let returning = self.best_to_resume(agent);
        !matching::comes_first(self.state, agent, ticket)
            || returning.is_some_and(|returning| !self.outranks(&ticket.id, &returning))
    }

    /// Offers or assigns a ticket, as role and channel say.
    fn give(&mut self, id: &TicketId, choice: &Choice) {
        match matching::acceptance(self.state, self.known(id)) {
            Acceptance::Auto => self.assign(id, choice),
            Acceptance::Offer => {
                let attempt = self.known(id).attempt + 1;
                for (place, agent) in choice.agents.iter().enumerate() {
                    if place == 0 || !self.is_kept_from(agent, id) {
                        self.offer(id, agent, choice, attempt);
                    }
                }
            }
        }
    }

    /// Whether an agent is kept for its own role's work now that others were offered the ticket.
    fn is_kept_from(&self, agent: &AgentId, id: &TicketId) -> bool {
        self.state.agent(agent).is_some_and(|agent| self.state.is_kept_from(agent, self.known(id)))
    }

    /// Makes the first of the chosen the owner.
    pub(super) fn assign(&mut self, id: &TicketId, choice: &Choice) {
        let agent = choice.agents.first().expect("a choice has a winner");
        let taking = self.taking(id, agent, choice, self.known(id).attempt + 1);
        self.own(taking);
    }

    /// Whoever is named owns the ticket.
    pub(super) fn own(&mut self, taking: Taking) {
        let ticket = self.known(&taking.ticket);
        let event = Event::TicketAssigned {
            priority: ticket.demand.priority,
            waited: self.at.since(ticket.created_at),
            due_at: ticket.due_at.get(),
            answer: self.first_answer(ticket).map(Box::new),
            taking,
        };
        self.emit(event);
    }

    /// Offers that are made at once are one attempt.
    fn offer(&mut self, id: &TicketId, agent: &AgentId, choice: &Choice, attempt: u32) {
        let taking = self.taking(id, agent, choice, attempt);
        let ticket = self.known(id);
        let role = matching::own_role(self.state, ticket);
        let channel = self.state.catalogue().channel(&ticket.spec.asked.channel);
        let timeout = role.and_then(|role| role.offer_timeout).unwrap_or(channel.offer_timeout);
        self.emit(Event::OfferMade { taking, expires_at: self.at + timeout });
    }

    fn taking(&self, id: &TicketId, agent: &AgentId, choice: &Choice, attempt: u32) -> Taking {
        let ticket = self.known(id);
        let agent = self.state.agent(agent).expect("who is chosen is registered");
        let role = matching::serving_role(agent, &ticket.demand).expect("who is chosen has a demanded role");
        Taking {
            ticket: id.clone(),
            agent: agent.id.clone(),
            assignment: assignment_id(self.state.identity().instance, self.state.next_seq()),
            role: role.clone(),
            channel: ticket.spec.asked.channel.clone(),
            cost: self.state.catalogue().channel(&ticket.spec.asked.channel).cost,
            attempt,
            reason: Arc::clone(&choice.reason),
        }
    }

    /// Ends a ticket that nobody owns.
    pub(super) fn close(&mut self, id: &TicketId, how: Closing, cause: impl Into<String>) {
        let ticket = self.known(id);
        let (role, channel) = (ticket.demand.role().cloned(), ticket.spec.asked.channel.clone());
        let (cause, callback) = (cause.into(), None);
        let service = self.score(ticket, [Served::AbandonedWithin, Served::AbandonedLate]);
        self.emit(Event::TicketClosed { ticket: id.clone(), role, channel, how, cause, callback, service });
    }

    /// That agent may have room for more.
    pub(super) fn hungers(&mut self, agent: &AgentId) {
        self.hungry.insert(agent.clone(), ());
    }

    /// Gives everybody who may have room what they may take, until nothing is left to give.
    ///
    /// The ticket comes from the agent's queues; who gets it is still the role's strategy's choice, so that several
    /// agents who become free at one moment share what waits. Whoever was to finish what it had, and has, goes offline
    /// then.
    pub(super) fn feed(&mut self) {
        loop {
            let mut drained = Few::default();
            while let Some((id, ())) = self.hungry.pop_first() {
                while self.feed_once(&id) {}
                if self.state.agent(&id).is_some_and(Agent::is_drained) {
                    drained.insert(id, ());
                }
            }
            let Some(mut next) = drained.pop_first() else { return };
            loop {
                self.turn(&next.0, Status::Offline, presence::DRAINED);
                let Some(another) = drained.pop_first() else { break };
                next = another;
            }
        }
    }

    fn feed_once(&mut self, id: &AgentId) -> bool {
        let Some(agent) = self.state.agent(id) else { return false };
        let best = matching::best_ticket(self.state, agent, Search::Pushed).map(|best| best.id.clone());
        if let Some(returning) = self.best_to_resume(agent)
            && best.as_ref().is_none_or(|best| !self.outranks(best, &returning))
        {
            self.resume_assignment(&returning);
            return true;
        }
        best.is_some_and(|ticket| {
            let given = self.try_give(&ticket, Trigger::AgentFree);
            assert!(given, "who found a ticket may take it");
            given
        })
    }

    /// The best-ranked ticket that this agent owns, whose customer is back, and for which it has a slot.
    fn best_to_resume(&self, agent: &Agent) -> Option<TicketId> {
        let back = agent.parked.iter().filter_map(|id| self.state.ticket(id)).filter(|ticket| {
            matches!(ticket.phase, Phase::Resuming(_))
                && agent.has_slot(&ticket.spec.asked.channel, self.state.catalogue())
        });
        back.min_by_key(|ticket| self.precedence(ticket)).map(|ticket| ticket.id.clone())
    }

    /// Whether a waiting ticket comes before one whose customer is back: only where it is of a higher rank, by its
    /// role's weight or, in a role ordered by priority, by its priority.
    fn outranks(&self, waiting: &TicketId, returning: &TicketId) -> bool {
        self.importance(self.known(waiting)) > self.importance(self.known(returning))
    }

    /// These tickets, each once, in the order in which they are placed.
    pub(super) fn in_turn(&self, mut tickets: Vec<&Ticket>) -> Vec<TicketId> {
        tickets.sort_by_cached_key(|ticket| self.precedence(ticket));
        tickets.dedup_by_key(|ticket| ticket.arrival_seq);
        tickets.into_iter().map(|ticket| ticket.id.clone()).collect()
    }

    fn precedence(&self, ticket: &Ticket) -> Precedence {
        Precedence::of(ticket, matching::own_role(self.state, ticket))
    }

    fn importance(&self, ticket: &Ticket) -> Importance {
        Importance::of(ticket, matching::own_role(self.state, ticket))
    }

    /// The owner has a slot again.
    pub(super) fn resume_assignment(&mut self, id: &TicketId) {
        let ticket = self.known(id);
        let ownership = ticket.phase.ownership().expect("only what is owned is resumed");
        let held = held_by_owner(ticket, ownership);
        let cost = self.state.catalogue().channel(&ticket.spec.asked.channel).cost;
        self.emit(Event::AssignmentResumed { held, cost });
    }
}

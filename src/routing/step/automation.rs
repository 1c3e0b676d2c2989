//! Automations fire: where time lets them, and where something has happened to a ticket.
//!
//! What happened is noticed as it does, and answered before the ticket gets its next place, so that nobody is offered
//! what an automation is about to move. A firing may be an occasion for others; see [`crate::routing::automation`] for
//! why that ends.

use std::sync::Arc;

use super::Step;
use crate::routing::automation::{Automation, Occasion, Settings};
use crate::routing::classify;
use crate::routing::event::Event;
use crate::routing::facts::Facts;
use crate::routing::name::{AgentId, RoleName, TicketId};
use crate::routing::offer::{Remark, RevokeCause, Trigger};
use crate::routing::skill::Skills;
use crate::routing::ticket::{Bar, Phase, Ticket, TicketSpec};

use super::classification::count_queue;

/// Where a ticket was before automations were asked.
pub(super) struct Before {
    role: Option<RoleName>,
    waited: bool,
    preferred: Option<AgentId>,
}

impl Before {
    pub(super) fn of(ticket: &Ticket) -> Self {
        Self {
            role: ticket.demand.role().cloned(),
            waited: ticket.phase == Phase::Waiting,
            preferred: ticket.spec.beside.preferred_agent.clone(),
        }
    }

    /// Whether it waits where it waited.
    pub(super) fn waits_on(&self, ticket: &Ticket) -> bool {
        self.waited && ticket.phase == Phase::Waiting && self.role.as_ref() == ticket.demand.role()
    }

    /// Whether it names another preferred agent by now, or none any more.
    pub(super) fn preferred_another(&self, ticket: &Ticket) -> bool {
        self.preferred != ticket.spec.beside.preferred_agent
    }
}

impl Step<'_> {
    /// Remembers for which automations something that is about to happen is an occasion.
    pub(super) fn notice(&mut self, event: &Event) {
        if self.state.catalogue().automations.is_empty() {
            return;
        }
        let role = |id: &TicketId| self.known(id).demand.role();
        let found = match event {
            Event::TicketCreated { ticket, .. } => Some((ticket, Occasion::Created)),
            Event::TicketAtRisk { ticket, .. } => Some((ticket, Occasion::AtRisk)),
            Event::TicketBreached { ticket, .. } => Some((ticket, Occasion::Breached)),
            Event::TicketUpdated { ticket, intake } if role(ticket) != intake.demand.role() => {
                Some((ticket, Occasion::RoleChanged))
            }
            Event::TicketRedirected { ticket, demand, .. } | Event::TicketDiverted { ticket, demand, .. }
                if role(ticket) != demand.role() =>
            {
                Some((ticket, Occasion::RoleChanged))
            }
            Event::OfferRevoked { held, cause, .. } if self.is_last_offer(&held.ticket) && comes_back(*cause) => {
                Some((&held.ticket, Occasion::Returned))
            }
            Event::OfferDeclined { held, .. } | Event::OfferExpired { held } if self.is_last_offer(&held.ticket) => {
                Some((&held.ticket, Occasion::Returned))
            }
            Event::AssignmentRevoked { held, cause, .. } if comes_back(*cause) => {
                Some((&held.ticket, Occasion::Returned))
            }
            _ => None,
        };
        let found = found.map(|(ticket, occasion)| (ticket.clone(), occasion));
        self.noticed.extend(found);
    }

    fn is_last_offer(&self, id: &TicketId) -> bool {
        self.known(id).phase.offers().len() == 1
    }

    /// Does whatever follows from what was done: automations fire, and agents who have room are given what they may take.
    pub(super) fn settle(&mut self) {
        loop {
            while let Some((id, _)) = self.noticed.front().cloned() {
                self.automate_where_it_is(&id);
            }
            self.feed();
            if self.noticed.is_empty() {
                return;
            }
        }
    }

    /// An automation's time has come for a ticket.
    pub(super) fn automation_due(&mut self, id: &TicketId, place: usize) {
        let catalogue = Arc::clone(self.state.catalogue());
        let automation = &catalogue.automations[place];
        if !self.condition_holds(id, place) {
            return self.emit(Event::AutomationInVain { ticket: id.clone(), automation: automation.name.clone() });
        }
        let before = Before::of(self.known(id));
        let changed = self.fire(id, automation) | self.automate(id);
        if changed {
            self.place_automated(id, &before);
        }
    }

    fn automate_where_it_is(&mut self, id: &TicketId) {
        let Some(before) = self.state.ticket(id).map(Before::of) else {
            return self.noticed.retain(|(ticket, _)| ticket != id);
        };
        if self.automate(id) {
            self.place_automated(id, &before);
        }
    }

    fn place_automated(&mut self, id: &TicketId, before: &Before) {
        if self.known(id).phase == Phase::Intake {
            self.place_afresh(id, Trigger::Automated);
        } else {
            self.find_place(id, before, Trigger::Automated);
        }
    }

    /// Lets fire whatever has an occasion in what has happened to a ticket, and leaves it to the caller to find its place
    /// then. Says whether anything of the ticket was set.
    pub(super) fn automate(&mut self, id: &TicketId) -> bool {
        let mut changed = false;
        while let Some(next) = self.noticed.iter().position(|(ticket, _)| ticket == id) {
            let (_, occasion) = self.noticed.remove(next).expect("it was found there");
            changed |= self.answer(id, occasion);
        }
        changed
    }

    /// All automations that watch for this, in the catalogue's order.
    fn answer(&mut self, id: &TicketId, occasion: Occasion) -> bool {
        let catalogue = Arc::clone(self.state.catalogue());
        let mut changed = false;
        for (place, automation) in catalogue.automations.iter().enumerate() {
            if automation.on == occasion && self.may_fire(id, automation) && self.condition_holds(id, place) {
                changed |= self.fire(id, automation);
            }
        }
        changed
    }

    fn may_fire(&self, id: &TicketId, automation: &Automation) -> bool {
        let ticket = self.known(id);
        // Who took it by hand has it: it did not come back.
        let gone = automation.on == Occasion::Returned && ticket.phase.ownership().is_some();
        ticket.automated.lets_fire(automation) && !gone
    }

    /// Whether the condition of the automation in this place holds. It is asked about the ticket as it is now: with the
    /// role whose it is, and the priority that it has there.
    fn condition_holds(&self, id: &TicketId, place: usize) -> bool {
        let Some(condition) = &self.state.index.automation_conditions[place] else { return true };
        let ticket = self.known(id);
        let mut spec = TicketSpec::clone(&ticket.spec);
        let asked = spec.asked_mut();
        (asked.role, asked.priority) = (ticket.demand.role().cloned(), ticket.demand.priority);
        let count = |role: &RoleName| count_queue(self.state, role, id, &spec.asked.channel);
        let facts = Facts::new(id, &spec, (ticket.created_at, self.at), self.state.catalogue(), &count);
        condition.holds(&facts)
    }

    /// Says that an automation fires, and sets what it is to set. The ticket may be in no place then.
    fn fire(&mut self, id: &TicketId, automation: &Automation) -> bool {
        let ticket = self.known(id);
        let settings = self.settings(ticket, automation);
        let event = Event::TicketAutomated {
            ticket: id.clone(),
            role: ticket.demand.role().cloned(),
            channel: ticket.spec.asked.channel.clone(),
            automation: automation.name.clone(),
            agent: ticket.phase.ownership().map(|ownership| ownership.agent.clone()),
            set: Box::new(settings.clone()),
            notify: automation.notify.clone(),
        };
        self.emit(event);
        let unowned = self.known(id).phase.ownership().is_none();
        if let Some(role) = settings.role.as_ref().filter(|_| unowned || automation.on.is_of_owner()) {
            self.move_to_role(id, role);
        }
        if settings.released {
            self.take_from_owner(id, RevokeCause::Supervisor);
        }
        let spec = self.spec_after(id, &settings);
        if spec != *self.known(id).spec {
            self.restate(id, spec.into());
        }
        !settings.are_none()
    }

    /// What of an automation's actions makes a difference to a ticket.
    fn settings(&self, ticket: &Ticket, automation: &Automation) -> Settings {
        let set = &automation.set;
        let (spec, owned) = (&ticket.spec, ticket.phase.ownership().is_some());
        // Whoever owns it keeps it, unless the automation is about owners: it goes there when it comes back.
        let goes_later = owned && !automation.on.is_of_owner();
        let there = |role: &RoleName| {
            ticket.demand.role() == Some(role) || goes_later && spec.asked.role.as_ref() == Some(role)
        };
        let role = set.role.clone().filter(|role| self.state.catalogue().roles.contains_key(role) && !there(role));
        let base = if role.is_some() { self.priority_by_now(ticket) } else { spec.asked.priority };
        let priority = set.priority.unwrap_or(base).raised(set.raise_priority);
        let more = set.skills.0.iter().filter(|(name, level)| spec.asked.skills.0.get(*name) < Some(*level));
        // Who is handed a ticket has it from its owner.
        let released = set.release && owned && automation.on.is_of_owner() && role.is_none();
        Settings {
            role,
            priority: Some(priority).filter(|priority| *priority != base),
            skills: Skills(more.map(|(name, level)| (name.clone(), *level)).collect()),
            permissions: set.permissions.difference(&spec.asked.permissions).cloned().collect(),
            released,
        }
    }

    /// What upstream would have said of a ticket for it to be like that.
    fn spec_after(&self, id: &TicketId, settings: &Settings) -> TicketSpec {
        let ticket = self.known(id);
        let mut spec = TicketSpec::clone(&ticket.spec);
        if let Some(role) = &settings.role {
            spec.asked_mut().role = Some(role.clone());
            spec.asked_mut().priority = self.priority_by_now(ticket);
        }
        spec.asked_mut().priority = settings.priority.unwrap_or(spec.asked.priority);
        spec.asked_mut().skills = classify::joined(&spec.asked.skills, &settings.skills);
        spec.asked_mut().permissions.extend(settings.permissions.iter().cloned());
        spec
    }

    /// Hands a ticket to a role, as upstream would with `ticket.transferred`.
    fn move_to_role(&mut self, id: &TicketId, role: &RoleName) {
        let demand = self.demand_of_role(self.known(id), role);
        let owner: Option<AgentId> = self.known(id).phase.ownership().map(|ownership| ownership.agent.clone());
        self.revoke_all(id, RevokeCause::Transferred, &Remark::NONE);
        if let Some(agent) = owner {
            self.emit(Event::AgentBarred { ticket: id.clone(), bar: Bar { agent, until: None } });
        }
        let ticket = self.known(id);
        let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at);
        self.emit(Event::TicketRedirected {
            ticket: id.clone(),
            demand,
            due_at,
            direction: None,
            handover: None,
            keeps_steps: false,
        });
    }
}

/// Whether a ticket that is taken back for this cause goes back to its queue.
fn comes_back(cause: RevokeCause) -> bool {
    match cause {
        RevokeCause::AgentOffline
        | RevokeCause::Released
        | RevokeCause::RoleChanged
        | RevokeCause::Supervisor
        | RevokeCause::Timeout => true,
        RevokeCause::TicketCancelled | RevokeCause::Transferred | RevokeCause::LostRace => false,
    }
}

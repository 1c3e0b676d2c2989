//! "Automation": what fires, when, and what it does.

use super::NaiveEngine;
use crate::routing::automation::{Automation, FIRINGS_MAX, Occasion, Settings};
use crate::routing::event::{Event, Held};
use crate::routing::facts::{Facts, QueueFacts};
use crate::routing::name::{RoleName, TicketId};
use crate::routing::offer::{Remark, RevokeCause, Trigger};
use crate::routing::skill::Skills;
use crate::routing::ticket::{Bar, Demand, Phase, Ticket, TicketSpec};
use crate::routing::time::Timestamp;

impl NaiveEngine {
    /// When each automation that watches the clock fires for a ticket, by its place in the catalogue.
    pub(super) fn dues_of_automations(&self, ticket: &Ticket) -> Vec<(Timestamp, usize)> {
        let mut dues = Vec::new();
        for (place, automation) in self.state.catalogue().automations.iter().enumerate() {
            let lasted = match automation.on {
                Occasion::Waiting => Self::waits_since(ticket).map(|since| since + automation.after),
                Occasion::Owned => ticket.phase.ownership().map(|owner| owner.assigned_at + automation.after),
                Occasion::Silent => match &ticket.phase {
                    Phase::Assigned(owner) => owner.silence.lasts(owner.assigned_at, automation.after),
                    _ => None,
                },
                _ => None,
            };
            let again = ticket.automated.last(&automation.name).map(|last| last + automation.after);
            if let Some(lasted) = lasted.filter(|_| Self::is_left(ticket, automation))
                && !ticket.automated.was_in_vain(&automation.name)
            {
                dues.push((again.into_iter().fold(lasted, Timestamp::max), place));
            }
        }
        dues
    }

    /// Since when nobody has owned a ticket that is there to be taken.
    fn waits_since(ticket: &Ticket) -> Option<Timestamp> {
        let moments = [Some(ticket.entered_at), ticket.spec.beside.not_before, ticket.returned_at.get()];
        match ticket.phase {
            Phase::Waiting | Phase::Offered(_) | Phase::Unroutable(_) => moments.into_iter().flatten().max(),
            _ => None,
        }
    }

    /// Whether it may fire once more.
    fn is_left(ticket: &Ticket, automation: &Automation) -> bool {
        ticket.automated.times(&automation.name) < automation.times && ticket.automated.total() < FIRINGS_MAX
    }

    /// An event, and what it is an occasion for: what was before it and what is after it are compared.
    pub(super) fn notice(&mut self, before: Option<Ticket>, event: &Event) {
        let Some(id) = Self::may_be_noticed(event) else { return };
        let after = self.known(id).clone();
        let mut found = Vec::new();
        if before.is_none() {
            found.push(Occasion::Created);
        }
        if matches!(event, Event::TicketAtRisk { .. }) {
            found.push(Occasion::AtRisk);
        }
        if matches!(event, Event::TicketBreached { .. }) {
            found.push(Occasion::Breached);
        }
        if let Some(before) = before {
            let held = |ticket: &Ticket| ticket.phase.ownership().is_some() || !ticket.phase.offers().is_empty();
            let given_on = matches!(
                event,
                Event::OfferRevoked { cause: RevokeCause::TicketCancelled | RevokeCause::Transferred, .. }
                    | Event::AssignmentRevoked { cause: RevokeCause::TicketCancelled | RevokeCause::Transferred, .. }
            );
            if before.demand.role() != after.demand.role() {
                found.push(Occasion::RoleChanged);
            }
            if held(&before) && !held(&after) && !given_on {
                found.push(Occasion::Returned);
            }
        }
        self.noticed.extend(found.into_iter().map(|occasion| (id.clone(), occasion)));
    }

    /// The ticket to which something happens that automations may watch.
    pub(super) fn may_be_noticed(event: &Event) -> Option<&TicketId> {
        match event {
            Event::TicketCreated { ticket, .. }
            | Event::TicketUpdated { ticket, .. }
            | Event::TicketRedirected { ticket, .. }
            | Event::TicketDiverted { ticket, .. }
            | Event::TicketAtRisk { ticket, .. }
            | Event::TicketBreached { ticket, .. } => Some(ticket),
            Event::OfferDeclined { held, .. }
            | Event::OfferExpired { held }
            | Event::OfferRevoked { held, .. }
            | Event::AssignmentRevoked { held, .. } => {
                let Held { ticket, .. } = held;
                Some(ticket)
            }
            _ => None,
        }
    }

    /// What was noticed is answered, and everybody is fed, until nothing follows any more.
    pub(super) fn settle(&mut self) {
        loop {
            while let Some((id, _)) = self.noticed.first().cloned() {
                if self.state.ticket(&id).is_none() {
                    self.noticed.retain(|(ticket, _)| *ticket != id);
                    continue;
                }
                let before = self.known(&id).clone();
                if self.automate(&id) {
                    self.place_automated(&id, &before);
                }
            }
            self.feed();
            if self.noticed.is_empty() {
                break;
            }
        }
    }

    /// The time of an automation has come.
    pub(super) fn automation_is_due(&mut self, id: &TicketId, place: usize) {
        let automation = self.state.catalogue().automations[place].clone();
        if !self.condition_holds(id, place) {
            return self.emit(Event::AutomationInVain { ticket: id.clone(), automation: automation.name });
        }
        let before = self.known(id).clone();
        let fired = self.fire(id, &automation);
        let followed = self.automate(id);
        if fired || followed {
            self.place_automated(id, &before);
        }
    }

    fn place_automated(&mut self, id: &TicketId, before: &Ticket) {
        match self.known(id).phase {
            Phase::Intake => self.place_afresh(id, Trigger::Automated),
            _ => self.place_as_changed(id, before, Trigger::Automated),
        }
    }

    /// Everything that was noticed of a ticket is answered. Says whether anything of it is different.
    pub(super) fn automate(&mut self, id: &TicketId) -> bool {
        let mut changed = false;
        while let Some(next) = self.noticed.iter().position(|(ticket, _)| ticket == id) {
            let (_, occasion) = self.noticed.remove(next);
            for (place, automation) in self.state.catalogue().automations.clone().iter().enumerate() {
                let ticket = self.known(id);
                let is_meant = automation.on == occasion && Self::is_left(ticket, automation);
                let is_owned_anew = occasion == Occasion::Returned && ticket.phase.ownership().is_some();
                if is_meant && !is_owned_anew && self.condition_holds(id, place) {
                    changed |= self.fire(id, automation);
                }
            }
        }
        changed
    }

    fn condition_holds(&self, id: &TicketId, place: usize) -> bool {
        let Some(condition) = &self.automation_conditions[place] else { return true };
        let ticket = self.known(id);
        let mut spec = TicketSpec::clone(&ticket.spec);
        spec.asked_mut().role = ticket.demand.role().cloned();
        spec.asked_mut().priority = ticket.demand.priority;
        let count = |role: &RoleName| -> QueueFacts { self.count_queue(role, id, &spec.asked.channel) };
        condition.holds(&Facts::new(id, &spec, (ticket.created_at, self.at), self.state.catalogue(), &count))
    }

    fn fire(&mut self, id: &TicketId, automation: &Automation) -> bool {
        let ticket = self.known(id).clone();
        let owner = ticket.phase.ownership().map(|owner| owner.agent.clone());
        let settings = self.settings(&ticket, automation);
        self.emit(Event::TicketAutomated {
            ticket: id.clone(),
            role: ticket.demand.role().cloned(),
            channel: ticket.spec.asked.channel.clone(),
            automation: automation.name.clone(),
            agent: owner.clone(),
            set: Box::new(settings.clone()),
            notify: automation.notify.clone(),
        });
        let mut spec = TicketSpec::clone(&ticket.spec);
        if let Some(role) = &settings.role {
            spec.asked_mut().role = Some(role.clone());
            // As it was asked for before anybody lost it.
            let priority = self.priority_by_now(&ticket);
            spec.asked_mut().priority = priority;
            if owner.is_none() || about_owners(automation) {
                self.take_back(id, RevokeCause::Transferred, &Remark::NONE);
                if let Some(agent) = owner.clone() {
                    self.emit(Event::AgentBarred { ticket: id.clone(), bar: Bar { agent, until: None } });
                }
                let demand = Demand {
                    roles: vec![role.clone()],
                    rule: None,
                    skills: ticket.spec.asked.skills.clone(),
                    permissions: ticket.spec.asked.permissions.iter().cloned().collect(),
                    priority,
                    rank_max: self.state.catalogue().roles[role].staffing.rank_max,
                };
                let due_at = self.due_at(&ticket.spec, &demand, ticket.created_at);
                let (direction, handover) = (None, None);
                self.emit(Event::TicketRedirected {
                    ticket: id.clone(),
                    demand: demand.into(),
                    due_at,
                    direction,
                    handover,
                    keeps_steps: false,
                });
            }
        }
        if settings.released {
            self.take_from_owner(id, RevokeCause::Supervisor);
        }
        if let Some(priority) = settings.priority {
            spec.asked_mut().priority = priority;
        }
        spec.asked_mut().skills.0.extend(settings.skills.0.clone());
        spec.asked_mut().permissions.extend(settings.permissions.clone());
        if spec != *self.known(id).spec {
            self.say_anew(id, spec);
        }
        settings != Settings::default()
    }

    /// What an automation makes different.
    fn settings(&self, ticket: &Ticket, automation: &Automation) -> Settings {
        let (set, spec) = (&automation.set, &ticket.spec);
        let is_owned = ticket.phase.ownership().is_some();
        let mut settings =
            Settings { released: set.release && is_owned && about_owners(automation), ..Settings::default() };
        if let Some(role) = &set.role
            && self.state.catalogue().roles.contains_key(role)
            && ticket.demand.role() != Some(role)
        {
            let stays_for_now = is_owned && !about_owners(automation);
            if !(stays_for_now && spec.asked.role.as_ref() == Some(role)) {
                settings.role = Some(role.clone());
            }
        }
        settings.released &= settings.role.is_none();
        let now = if settings.role.is_some() { self.priority_by_now(ticket) } else { spec.asked.priority };
        let wanted = set.priority.unwrap_or(now).raised(set.raise_priority);
        if wanted != now {
            settings.priority = Some(wanted);
        }
        let mut skills = Skills::default();
        for (skill, level) in &set.skills.0 {
            if spec.asked.skills.0.get(skill).is_none_or(|demanded| demanded < level) {
                skills.0.insert(skill.clone(), *level);
            }
        }
        settings.skills = skills;
        settings.permissions =
            set.permissions.iter().filter(|it| !spec.asked.permissions.contains(*it)).cloned().collect();
        settings
    }
}

/// Only these take a ticket from its owner.
fn about_owners(automation: &Automation) -> bool {
    matches!(automation.on, Occasion::Owned | Occasion::Silent)
}

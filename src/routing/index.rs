//! What follows from the ground truth: queues, benches, timers, compiled rules. Kept up by [`super::apply`], and made
//! anew from the ground truth after a restart.

use std::collections::{BTreeMap, BTreeSet};

use super::agent::{Agent, Slot, SlotUse, Status};
use super::automation;
use super::catalogue::Catalogue;
use super::channel::OwnerGrace;
use super::classify::Classifier;
use super::condition::Condition;
use super::demands::Classified;
use super::doors::Doors;
use super::escalation;
use super::name::{RoleName, TicketId};
use super::overflow;
use super::owed::Owed;
use super::pool::Pool;
use super::queue::Queues;
use super::rank::{Precedence, Rank};
use super::role::Role;
use super::roster::{Number, Roster};
use super::service;
use super::state::Ground;
use super::ticket::{Phase, Ticket};
use super::time::{Millis, Timestamp};
use super::timer::{AgentDue, RoleDue, TicketDue, Timers};

/// How much longer than its retention an ended ticket may be remembered, so that several are forgotten in one step.
const FORGET_SLACK: Millis = Millis::from_secs(60);
/// So many are forgotten as soon as all of them may be.
const FORGET_AT_ONCE: usize = 256;
/// The shortest time.
const MOMENT: Millis = Millis(1);
/// More than so many are not forgotten in one step, but where they ended in one moment.
const FORGET_MAX: usize = 1_024;

/// When what waits for a role was last looked at.
pub(super) type RoleLooks = BTreeMap<RoleName, Timestamp>;

/// Who is registered.
pub(super) type Agents = Roster<Agent>;

/// What follows from the ground truth.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    pub(super) classifier: Classifier,
    pub(super) classified: Classified,
    /// The conditions of automations, in their order.
    pub(super) automation_conditions: Vec<Option<Condition>>,
    pub(super) queues: Queues,
    pub(super) pool: Pool,
    pub(super) timers: Timers,
    /// Tickets that nobody could take, in the order of arrival.
    pub(super) unroutable: BTreeMap<u64, TicketId>,
    /// Who waits for a role to open.
    pub(super) doors: Doors,
    /// Who waits for its owner to have room.
    pub(super) owed: Owed,
    /// Roles whose waiting tickets are looked at now and then.
    watched: BTreeSet<RoleName>,
    /// When roles close that then send elsewhere what waits: the first time after their hours were last looked at.
    closings: BTreeMap<RoleName, Timestamp>,
    /// Whether any role lets only some tickets wait.
    pub(super) bounded: bool,
}

impl Index {
    /// All of it, anew.
    pub(super) fn of(ground: &Ground) -> Self {
        let classifier = Classifier::compile(&ground.catalogue.rules)
            .expect("the rules of a catalogue were compiled before it came into force");
        let automation_conditions = automation::compile(&ground.catalogue.automations)
            .expect("the automations of a catalogue were compiled before it came into force");
        let timed = |role: &&Role| role.watches_its_queue() || role.admission.sends_when_closed();
        let watched = ground.catalogue.roles.values().filter(timed);
        let watched = watched.map(|role| role.name.clone()).collect();
        let bounded = ground.catalogue.roles.values().any(|role| role.admission.is_bounded());
        let pool = Pool::for_catalogue(&ground.catalogue);
        let mut index = Self { classifier, automation_conditions, pool, watched, bounded, ..Self::default() };
        for (number, agent) in ground.agents.iter() {
            index.admit(number, agent, &ground.catalogue);
            index.time_agent(number, agent, &ground.catalogue);
        }
        for (number, ticket) in ground.tickets.iter() {
            index.enter(number, ticket, &ground.catalogue);
            index.time_ticket(number, ticket, &ground.agents, &ground.catalogue);
        }
        for role in index.watched.clone() {
            index.find_closing(&role, ground);
            index.time_role(&role, ground);
        }
        index.time_closed(ground);
        index.time_doors();
        index
    }

    /// What happens to a role next by itself, and when. To one for which nobody waits nothing does.
    pub(super) fn role_due(&self, name: &RoleName, ground: &Ground) -> Option<(Timestamp, RoleDue)> {
        self.queues.role(name)?;
        let role = ground.catalogue.roles.get(name).filter(|role| role.watches_its_queue());
        let look = role.map(|_| (look_due(name, &ground.role_looks), RoleDue::Look));
        let closing = self.closings.get(name).map(|due| (*due, RoleDue::Closing));
        look.into_iter().chain(closing).min()
    }

    /// The hours of a role were looked at, or never were: then they are at once.
    fn find_closing(&mut self, name: &RoleName, ground: &Ground) {
        let Some(role) = ground.catalogue.roles.get(name) else { return };
        let Some(hours) = ground.catalogue.hours_of(role).filter(|_| role.admission.sends_when_closed()) else {
            return;
        };
        let looked = ground.hours_looks.get(name);
        let closing = looked.map_or(Timestamp::default(), |looked| hours.closes_after(*looked));
        self.closings.insert(name.clone(), closing);
    }

    fn time_doors(&mut self) {
        self.timers.set_doors(self.doors.next_opening());
    }
}

/// Is told of each change of the ground truth as it is made.
pub(super) trait Follow {
    /// Everything may be different.
    fn begin_anew(&mut self, ground: &Ground);
    /// A ticket is where its phase says.
    fn enter(&mut self, number: Number<Ticket>, ticket: &Ticket, catalogue: &Catalogue);
    /// A ticket will not be where its phase says; it must be as it was when it came there.
    fn leave(&mut self, number: Number<Ticket>, ticket: &Ticket, catalogue: &Catalogue);
    /// A ticket is no more.
    fn forget_ticket(&mut self, number: Number<Ticket>, ticket: &TicketId);
    /// An agent is new, or has another profile.
    fn admit(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue);
    /// An agent's status, switches or what it holds are different.
    fn seat(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue);
    /// An agent is no more.
    fn dismiss(&mut self, number: Number<Agent>, agent: &Agent);
    /// What happens to a ticket by itself may be different.
    fn time_ticket(&mut self, number: Number<Ticket>, ticket: &Ticket, agents: &Agents, catalogue: &Catalogue);
    /// What happens to an agent by itself may be different.
    fn time_agent(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue);
    /// Of the roles in whose queues a ticket is or would be, those that are watched.
    fn watched(&self, ticket: &Ticket) -> Vec<RoleName>;
    /// Whether the catalogue has roles that let only some wait.
    fn bounds_admission(&self, catalogue: &Catalogue) -> bool;
    /// Who waits for a role, or when it was looked at, is different.
    fn time_role(&mut self, role: &RoleName, ground: &Ground);
    /// The hours of a role were looked at.
    fn look_for_closing(&mut self, name: &RoleName, ground: &Ground);
    /// What has ended is different.
    fn time_closed(&mut self, ground: &Ground);
}

/// Nobody is told: nothing is decided before the index is made anew.
pub(super) struct Nobody;

impl Follow for Nobody {
    fn begin_anew(&mut self, _: &Ground) {}
    fn enter(&mut self, _: Number<Ticket>, _: &Ticket, _: &Catalogue) {}
    fn leave(&mut self, _: Number<Ticket>, _: &Ticket, _: &Catalogue) {}
    fn forget_ticket(&mut self, _: Number<Ticket>, _: &TicketId) {}
    fn admit(&mut self, _: Number<Agent>, _: &Agent, _: &Catalogue) {}
    fn seat(&mut self, _: Number<Agent>, _: &Agent, _: &Catalogue) {}
    fn dismiss(&mut self, _: Number<Agent>, _: &Agent) {}
    fn time_ticket(&mut self, _: Number<Ticket>, _: &Ticket, _: &Agents, _: &Catalogue) {}
    fn time_agent(&mut self, _: Number<Agent>, _: &Agent, _: &Catalogue) {}
    fn watched(&self, _: &Ticket) -> Vec<RoleName> {
        Vec::new()
    }
    fn bounds_admission(&self, catalogue: &Catalogue) -> bool {
        catalogue.roles.values().any(|role| role.admission.is_bounded())
    }
    fn time_role(&mut self, _: &RoleName, _: &Ground) {}
    fn look_for_closing(&mut self, _: &RoleName, _: &Ground) {}
    fn time_closed(&mut self, _: &Ground) {}
}

impl Follow for Index {
    fn begin_anew(&mut self, ground: &Ground) {
        *self = Self::of(ground);
    }

    fn enter(&mut self, number: Number<Ticket>, ticket: &Ticket, catalogue: &Catalogue) {
        match ticket.phase {
            Phase::Waiting => {
                let lane = self.pool.lanes().number(&ticket.spec.asked.channel);
                self.queues.insert(number, (ticket, lane), ranks(ticket, catalogue));
            }
            Phase::Unroutable(_) => {
                self.unroutable.insert(ticket.arrival_seq, ticket.id.clone());
            }
            Phase::Deferred => {
                self.doors.insert(ticket, catalogue);
                self.time_doors();
            }
            Phase::Resuming(ref ownership) => self.owed.insert(&ownership.agent, &ticket.id),
            Phase::Intake | Phase::Scheduled | Phase::Offered(_) | Phase::Assigned(_) | Phase::Paused(_) => {}
        }
    }

    fn leave(&mut self, number: Number<Ticket>, ticket: &Ticket, catalogue: &Catalogue) {
        match ticket.phase {
            Phase::Waiting => self.queues.remove(number, ranks(ticket, catalogue)),
            Phase::Unroutable(_) => {
                self.unroutable.remove(&ticket.arrival_seq);
            }
            Phase::Deferred => {
                self.doors.remove(ticket, catalogue);
                self.time_doors();
            }
            Phase::Resuming(ref ownership) => self.owed.remove(&ownership.agent, &ticket.id),
            Phase::Intake | Phase::Scheduled | Phase::Offered(_) | Phase::Assigned(_) | Phase::Paused(_) => {}
        }
    }

    fn bounds_admission(&self, _: &Catalogue) -> bool {
        self.bounded
    }

    fn forget_ticket(&mut self, number: Number<Ticket>, ticket: &TicketId) {
        self.timers.forget_ticket(number, ticket);
    }

    fn admit(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue) {
        self.pool.admit(number, agent, catalogue);
    }

    fn seat(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue) {
        self.pool.update(number, agent, catalogue);
    }

    fn dismiss(&mut self, number: Number<Agent>, agent: &Agent) {
        self.pool.dismiss(number);
        self.timers.set_agent(number, &agent.id, None);
    }

    fn time_ticket(&mut self, number: Number<Ticket>, ticket: &Ticket, agents: &Agents, catalogue: &Catalogue) {
        // What is in no place gets one within this step, and its timer then.
        let placed = ticket.phase != Phase::Intake;
        let due = placed.then(|| ticket_moment(ticket, agents, catalogue)).flatten();
        let role = || ticket.demand.role().and_then(|role| catalogue.roles.get(role));
        self.timers.set_ticket(number, &ticket.id, due, || Precedence::of(ticket, role()));
    }

    fn time_agent(&mut self, number: Number<Agent>, agent: &Agent, catalogue: &Catalogue) {
        let due = agent_moment(agent, catalogue);
        self.timers.set_agent(number, &agent.id, due);
    }

    fn watched(&self, ticket: &Ticket) -> Vec<RoleName> {
        if self.watched.is_empty() {
            return Vec::new();
        }
        ticket.demand.roles.iter().filter(|role| self.watched.contains(*role)).cloned().collect()
    }

    /// A watched role is looked at while anybody waits in its queue.
    fn time_role(&mut self, role: &RoleName, ground: &Ground) {
        let due = self.role_due(role, ground).map(|(due, _)| due);
        self.timers.set_role(role, due);
    }

    fn look_for_closing(&mut self, name: &RoleName, ground: &Ground) {
        self.find_closing(name, ground);
    }

    fn time_closed(&mut self, ground: &Ground) {
        self.timers.set_closed(closed_due(ground));
    }
}

/// The queues that a waiting ticket is in, with its rank in each.
pub(super) fn ranks<'a>(
    ticket: &'a Ticket,
    catalogue: &'a Catalogue,
) -> impl Iterator<Item = (&'a RoleName, Rank)> + use<'a> {
    let known = ticket.demand.roles.iter().filter_map(|name| catalogue.roles.get(name));
    known.map(|role| (&role.name, Rank::of(ticket, role)))
}

/// When something happens to a ticket next by itself: the moment of [`ticket_due`], with one look at the role and none at
/// what does not hold.
fn ticket_moment(ticket: &Ticket, agents: &Agents, catalogue: &Catalogue) -> Option<Timestamp> {
    let role = ticket.demand.role().and_then(|role| catalogue.roles.get(role));
    let by_automation = automation::dues(ticket, catalogue).map(|(due, _)| due).min();
    let by_owner = match &ticket.phase {
        Phase::Assigned(_) => earliest(grace_due(ticket, agents, catalogue), reply_due(ticket, role)),
        Phase::Resuming(_) => grace_due(ticket, agents, catalogue),
        Phase::Scheduled => ticket.spec.beside.not_before,
        Phase::Intake | Phase::Deferred | Phase::Unroutable(_) | Phase::Paused(_) => None,
        Phase::Offered(offers) => offers.iter().map(|offer| offer.expires_at).min(),
        Phase::Waiting => {
            let direction = ticket.direction.as_ref().and_then(|direction| direction.until);
            let bars = ticket.bars.iter().filter_map(|bar| bar.until).min();
            [bars, overflow::next_due_in(ticket, role)].into_iter().fold(direction, earliest)
        }
    };
    let breach = service::breach_due(ticket);
    let by_promise = breach.and_then(|_| earliest(breach, service::at_risk_due(ticket, role)));
    let unowned = ticket.phase.ownership().is_none();
    let by_spec = ticket.expires_at().filter(|_| unowned);
    [by_owner, by_promise, by_spec, ticket.wait_ends(role)].into_iter().fold(by_automation, earliest)
}

/// What happens to a ticket next by itself, and when.
pub(super) fn ticket_due(ticket: &Ticket, agents: &Agents, catalogue: &Catalogue) -> Option<(Timestamp, TicketDue)> {
    ticket_dues(ticket, agents, catalogue).min()
}

/// Everything that happens to a ticket by itself as it is now, in no particular order.
pub(super) fn ticket_dues<'t>(
    ticket: &'t Ticket,
    agents: &Agents,
    catalogue: &Catalogue,
) -> impl Iterator<Item = (Timestamp, TicketDue)> + use<'t> {
    let unowned = ticket.phase.ownership().is_none();
    let waiting = ticket.phase == Phase::Waiting;
    let offers = ticket.phase.offers().iter().map(|offer| (offer.expires_at, TicketDue::Offer(offer.agent.clone())));
    let bars = ticket.bars.iter().filter_map(|bar| bar.until).min().filter(|_| waiting);
    let own_role = ticket.demand.role().and_then(|role| catalogue.roles.get(role));
    let automations: Vec<_> = automation::dues(ticket, catalogue).collect();
    let automations = automations.into_iter().map(|(due, place)| (due, TicketDue::Automation(place)));
    let dues = [
        (ticket.expires_at().filter(|_| unowned), TicketDue::Expiry),
        (ticket.spec.beside.not_before.filter(|_| ticket.phase == Phase::Scheduled), TicketDue::NotBefore),
        (service::at_risk_due(ticket, own_role), TicketDue::AtRisk),
        (service::breach_due(ticket), TicketDue::Breach),
        (ticket.direction.as_ref().and_then(|direction| direction.until).filter(|_| waiting), TicketDue::Direction),
        (waiting.then(|| overflow::next_due_in(ticket, own_role)).flatten(), TicketDue::Overflow),
        (bars, TicketDue::Bars),
        (ticket.wait_ends(own_role), TicketDue::MaxWait),
        (grace_due(ticket, agents, catalogue), TicketDue::OwnerGrace),
        (reply_due(ticket, own_role), TicketDue::FirstReply),
    ];
    dues.into_iter().filter_map(|(due, what)| Some((due?, what))).chain(offers).chain(automations)
}

/// When a ticket leaves an owner who went offline. One that is paused stays until its customer is back.
fn grace_due(ticket: &Ticket, agents: &Agents, catalogue: &Catalogue) -> Option<Timestamp> {
    let (Phase::Assigned(ownership) | Phase::Resuming(ownership)) = &ticket.phase else { return None };
    let owner = agents.get(&ownership.agent)?;
    if ownership.taken_while_away(owner) {
        return None;
    }
    match catalogue.owner_grace(ticket.demand.role(), &ticket.spec.asked.channel) {
        OwnerGrace::After(grace) if owner.status == Status::Offline => Some(owner.status_since + grace),
        OwnerGrace::After(_) | OwnerGrace::Keep => None,
    }
}

/// When a ticket leaves an owner who does not reply. Nobody has to while the customer is waited for.
fn reply_due(ticket: &Ticket, role: Option<&Role>) -> Option<Timestamp> {
    let Phase::Assigned(ownership) = &ticket.phase else { return None };
    let within = role?.owning.first_reply_within?;
    ownership.silence.lasts(ownership.assigned_at, within)
}

/// When something happens to an agent next by itself: the moment of [`agent_due`], and nothing of what it is.
fn agent_moment(agent: &Agent, catalogue: &Catalogue) -> Option<Timestamp> {
    let wrap_ups = agent.slots.values().map(wrap_up_due);
    let others = [silence_due(agent, catalogue), idleness_due(agent, catalogue), agent.given.paced_until()];
    wrap_ups.chain(others).fold(None, earliest)
}

/// What happens to an agent next by itself, and when.
pub(super) fn agent_due(agent: &Agent, catalogue: &Catalogue) -> Option<(Timestamp, AgentDue)> {
    let wrap_ups =
        agent.slots.iter().filter_map(|(ticket, slot)| Some((wrap_up_due(slot)?, AgentDue::WrapUp(ticket.clone()))));
    let silence = silence_due(agent, catalogue).map(|due| (due, AgentDue::Heartbeat));
    let idleness = idleness_due(agent, catalogue).map(|due| (due, AgentDue::Idle));
    let pace = agent.given.paced_until().map(|until| (until, AgentDue::Pace));
    wrap_ups.chain(silence).chain(idleness).chain(pace).min()
}

fn wrap_up_due(slot: &Slot) -> Option<Timestamp> {
    match slot.used_for {
        SlotUse::WrapUp { until } => Some(until),
        SlotUse::Offered | SlotUse::Assigned => None,
    }
}

fn silence_due(agent: &Agent, catalogue: &Catalogue) -> Option<Timestamp> {
    let timeout = catalogue.agents.heartbeat_timeout;
    let heard = !timeout.is_zero() && agent.status != Status::Offline;
    heard.then(|| agent.seen_at + timeout)
}

fn idleness_due(agent: &Agent, catalogue: &Catalogue) -> Option<Timestamp> {
    let timeout = catalogue.agents.idle_timeout;
    let watched = !timeout.is_zero() && agent.status == Status::Online;
    watched.then(|| agent.acted_at() + timeout)
}

/// The earlier of two moments that may come.
fn earliest(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// When what waits for a watched role is looked at next.
fn look_due(role: &RoleName, looks: &RoleLooks) -> Timestamp {
    looks.get(role).map_or(Timestamp::default(), |last| *last + escalation::LOOK_EVERY)
}

/// When ended tickets are forgotten next.
pub(super) fn closed_due(ground: &Ground) -> Option<Timestamp> {
    let late = ground.closed.first_at().map(|first| first + FORGET_SLACK);
    let many = ground.closed.nth_at(FORGET_AT_ONCE - 1).map(|last| last + MOMENT);
    let due = late.into_iter().chain(many).min()?;
    Some(due + ground.catalogue.closed_retention)
}

/// Before which moment what ended is forgotten now: less than may be where that is much.
pub(super) fn forgotten_before(ground: &Ground, at: Timestamp) -> Timestamp {
    let before = at - ground.catalogue.closed_retention;
    ground.closed.nth_at(FORGET_MAX - 1).map_or(before, |last| before.min(last + MOMENT))
}

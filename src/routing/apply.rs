//! What each event makes true. The only place where state changes; it never decides and never fails: an event that does
//! not fit the state is a bug, or a damaged journal, and ends the process.

mod admission;
mod assignment;

use std::sync::Arc;

use super::agent::{Agent, AgentProfile, Slot, SlotUse, Status};
use super::automation::Automated;
use super::catalogue::Catalogue;
use super::estimate::Estimate;
use super::event::{Event, Held, Intake, Sign, Taking};
use super::index::Follow;
use super::name::{AgentId, TicketId};
use super::offer::{Offer, Ownership, RevokeCause};
use super::pacing::Given;
use super::service::Service;
use super::state::{Ground, State};
use super::succession;
use super::ticket::{ClosedTicket, Closing, Phase, Ticket};
use super::time::Timestamp;

/// How many ended tickets are remembered at most, whatever their age: some 200 MB.
const CLOSED_MAX: usize = 1_000_000;

/// The ground truth while an event is made true, and what is told of it: the index of a state that decides, or nothing
/// in a replay.
pub(super) struct Applying<'a, F> {
    pub(super) ground: &'a mut Ground,
    pub(super) index: &'a mut F,
}

impl State {
    /// Makes an event true. Live and replay share this.
    ///
    /// # Panics
    /// Where the event does not fit the state.
    pub fn apply(&mut self, at: Timestamp, event: &Event) {
        Applying { ground: &mut self.ground, index: &mut self.index }.apply(at, event);
    }
}

impl<F: Follow> Applying<'_, F> {
    pub(super) fn apply(&mut self, at: Timestamp, event: &Event) {
        let seq = self.ground.next_seq;
        self.ground.now = self.ground.now.max(at);
        match event {
            Event::CatalogueReplaced { catalogue, version, .. } => self.replace_catalogue(catalogue, *version, at),
            Event::AgentRegistered { .. }
            | Event::AgentRemoved { .. }
            | Event::PresenceChanged { .. }
            | Event::AgentSeen { .. }
            | Event::PaceEnded { .. }
            | Event::WrapUpFinished { .. } => self.apply_to_agent(at, seq, event),
            Event::OfferMade { .. }
            | Event::OfferDeclined { .. }
            | Event::OfferExpired { .. }
            | Event::OfferRevoked { .. }
            | Event::TicketAssigned { .. }
            | Event::AssignmentRevoked { .. }
            | Event::OwnerReplied { .. }
            | Event::AssignmentPaused { .. }
            | Event::AssignmentResumed { .. }
            | Event::AssignmentCompleted { .. } => self.apply_to_both(at, seq, event),
            Event::ClosedForgotten { before } => self.forget_closed(*before),
            Event::RoleLooked { role } => {
                self.ground.role_looks.insert(role.clone(), at);
                self.index.time_role(role, &self.ground);
            }
            Event::HoursLooked { role } => {
                self.ground.hours_looks.insert(role.clone(), at);
                self.index.look_for_closing(role, &self.ground);
                self.index.time_role(role, &self.ground);
            }
            Event::AgentReconciled { .. } | Event::AgentChanged { .. } | Event::CommandRejected { .. } => {}
            Event::TicketCreated { .. }
            | Event::PlaceResumed { .. }
            | Event::PlaceGivenUp { .. }
            | Event::TicketUpdated { .. }
            | Event::TicketScheduled { .. }
            | Event::TicketQueued { .. }
            | Event::TicketUnroutable { .. }
            | Event::TicketEscalated { .. }
            | Event::TicketRedirected { .. }
            | Event::TicketDeferred { .. }
            | Event::TicketDiverted { .. }
            | Event::DirectionEnded { .. }
            | Event::AgentBarred { .. }
            | Event::BarsLapsed { .. }
            | Event::TicketAtRisk { .. }
            | Event::TicketBreached { .. }
            | Event::TicketAutomated { .. }
            | Event::AutomationInVain { .. }
            | Event::TicketClosed { .. }
            | Event::ResumeAwaited { .. } => self.apply_to_ticket(at, seq, event),
        }
        self.ground.next_seq += 1;
    }

    fn apply_to_ticket(&mut self, at: Timestamp, seq: u64, event: &Event) {
        match event {
            Event::TicketCreated { ticket, intake } => self.create_ticket(ticket, intake, at, seq),
            Event::PlaceResumed { ticket, created_at, due_at } => {
                self.ground.take_place(ticket);
                self.change_ticket(ticket, |it| it.count_from(*created_at, *due_at));
            }
            Event::PlaceGivenUp { ticket } => self.ground.keep_place(ticket, at),
            Event::TicketUpdated { ticket, intake } => {
                let at_risk = self.ground.is_at_risk(intake.demand.role(), intake.due_at, at);
                self.change_ticket(ticket, |it| {
                    update(it, intake, at);
                    it.service.at_risk &= at_risk;
                });
            }
            Event::TicketScheduled { ticket, .. } => self.change_ticket(ticket, |it| {
                (it.let_in_at, it.opens_at) = (None, None);
                it.phase = Phase::Scheduled;
            }),
            Event::TicketQueued { ticket, direction, .. } => {
                let let_in_at = self.let_in(ticket, at);
                self.change_ticket(ticket, |it| {
                    it.is_foretold(at, Estimate::told_by(event));
                    if it.phase == Phase::Scheduled {
                        it.entered_at = at;
                    }
                    it.come_in(let_in_at, at);
                    it.phase = Phase::Waiting;
                    it.direction.clone_from(direction);
                });
            }
            Event::TicketUnroutable { ticket, cause, .. } => {
                let let_in_at = self.let_in(ticket, at);
                self.change_ticket(ticket, |it| {
                    it.come_in(let_in_at, at);
                    it.phase = Phase::Unroutable(*cause);
                });
            }
            Event::TicketEscalated { ticket, step, demand, .. } => self.change_ticket(ticket, |it| {
                it.take_step(*step);
                it.demand = demand.clone();
            }),
            Event::TicketRedirected { ticket, .. } => self.change_ticket(ticket, |it| redirect(it, event, at)),
            Event::TicketDeferred { ticket, opens_at, due_at, .. } => {
                self.change_ticket(ticket, |it| it.defer(*opens_at, *due_at, at));
            }
            Event::TicketDiverted { ticket, demand, due_at, .. } => {
                self.change_ticket(ticket, |it| it.go_to_role(demand, *due_at, at));
            }
            Event::DirectionEnded { ticket } => self.change_ticket(ticket, |it| it.direction = None),
            Event::AgentBarred { ticket, bar } => self.change_ticket(ticket, |it| {
                it.bars.retain(|known| known.agent != bar.agent);
                if it.bars.len() == super::BARS_MAX {
                    it.bars.remove(0);
                }
                it.bars.push(bar.clone());
            }),
            Event::BarsLapsed { ticket } => self.change_ticket(ticket, |it| {
                it.bars.retain(|bar| bar.until.is_none_or(|until| until > at));
            }),
            Event::TicketAtRisk { ticket, .. } => self.change_ticket(ticket, |it| it.service.at_risk = true),
            Event::TicketBreached { ticket, .. } => self.change_ticket(ticket, |it| it.breached = true),
            Event::TicketAutomated { ticket, automation, .. } => {
                self.change_ticket(ticket, |it| it.automated.record(automation, at));
            }
            Event::AutomationInVain { ticket, automation } => {
                self.change_ticket(ticket, |it| it.automated.record_in_vain(automation));
            }
            Event::TicketClosed { ticket, how, .. } => self.close_ticket(ticket, *how, at),
            Event::ResumeAwaited { ticket } => self.change_ticket(ticket, |it| {
                it.phase = match std::mem::replace(&mut it.phase, Phase::Intake) {
                    Phase::Paused(ownership) => Phase::Resuming(ownership),
                    other => unreachable!("a ticket that is {} is not resumed", other.as_str()),
                };
            }),
            other => unreachable!("not an event of a ticket alone: {other:?}"),
        }
    }

    fn apply_to_agent(&mut self, at: Timestamp, seq: u64, event: &Event) {
        match event {
            Event::AgentRegistered { agent, profile } => self.register_agent(agent, profile, at, seq),
            Event::AgentRemoved { agent } => {
                let gone = self.ground.agents.remove(agent).expect("who is removed was registered");
                self.index.dismiss(&gone);
            }
            Event::PresenceChanged { agent, status, name, switches, .. } => {
                self.change_agent(agent, |it| {
                    set_presence(it, *status, switches, at, seq);
                    it.status_name.clone_from(name);
                });
                self.retime_owned(agent);
            }
            Event::AgentSeen { agent, sign: Sign::Heartbeat } => self.change_agent(agent, |it| it.is_heard(at)),
            Event::AgentSeen { agent, sign: Sign::Act } => self.change_agent(agent, |it| it.acts(at)),
            Event::WrapUpFinished { agent, ticket, .. } => self.change_agent(agent, |it| {
                let slot = it.slots.remove(ticket).expect("a wrap-up takes a slot");
                (it.idle_since, it.idle_seq) = (at, seq);
                if matches!(slot.used_for, SlotUse::WrapUp { until } if at < until) {
                    it.acts(at);
                }
            }),
            Event::PaceEnded { agent } => self.change_agent(agent, |it| it.given.end_pace()),
            other => unreachable!("not an event of an agent alone: {other:?}"),
        }
    }

    fn apply_to_both(&mut self, at: Timestamp, seq: u64, event: &Event) {
        self.ground.remember_last_agent(at, event);
        match event {
            Event::OfferMade { taking, expires_at } => {
                let offer = offer(taking, at, *expires_at);
                let let_in_at = self.let_in(&taking.ticket, at);
                self.change_ticket(&taking.ticket, |it| {
                    it.come_in(let_in_at, at);
                    add_offer(it, offer, taking.attempt);
                });
                self.take_slot(taking, SlotUse::Offered, at, seq);
            }
            Event::OfferDeclined { held, .. } => {
                self.end_offer(held);
                self.change_agent(&held.agent, |it| {
                    it.missed_offers = 0;
                    it.acts(at);
                });
            }
            Event::OfferExpired { held } => {
                self.end_offer(held);
                self.change_agent(&held.agent, |it| it.missed_offers += 1);
            }
            Event::OfferRevoked { held, .. } => self.end_offer(held),
            Event::TicketAssigned { taking, answer, .. } => self.assign(taking, answer.as_ref(), at, seq),
            Event::AssignmentRevoked { held, cause, .. } => {
                self.change_ticket(&held.ticket, |it| leave_owner(it, *cause, at));
                self.free_slot(held, at, seq);
                if *cause == RevokeCause::Released {
                    self.change_agent(&held.agent, |it| it.acts(at));
                }
            }
            Event::OwnerReplied { ticket, agent } => {
                self.change_ticket(ticket, |it| owned_mut(&mut it.phase).silence.end());
                self.change_agent(agent, |it| it.acts(at));
            }
            Event::AssignmentPaused { held } => {
                let asked = self.ground.asks_for_reply(&held.ticket);
                self.change_ticket(&held.ticket, |it| {
                    let mut ownership = owned(&it.phase);
                    if asked {
                        ownership.silence.pause(ownership.assigned_at, at);
                    }
                    it.phase = Phase::Paused(ownership);
                });
                self.free_slot(held, at, seq);
                self.change_agent(&held.agent, |it| {
                    it.parked.insert(held.ticket.clone());
                });
            }
            Event::AssignmentResumed { held, cost } => {
                let asked = self.ground.asks_for_reply(&held.ticket);
                self.change_ticket(&held.ticket, |it| {
                    let mut ownership = owned(&it.phase);
                    if asked {
                        ownership.silence.go_on(at);
                    }
                    it.phase = Phase::Assigned(ownership);
                });
                let slot = Slot { channel: held.channel.clone(), cost: *cost, used_for: SlotUse::Assigned };
                self.change_agent(&held.agent, |it| {
                    it.parked.remove(&held.ticket);
                    it.slots.insert(held.ticket.clone(), slot);
                    (it.idle_since, it.idle_seq) = (at, seq);
                });
            }
            Event::AssignmentCompleted { held, wrap_up_until, .. } => {
                self.close_ticket(&held.ticket, Closing::Completed, at);
                match wrap_up_until {
                    Some(until) => self.change_agent(&held.agent, |it| {
                        let slot = it.slots.get_mut(&held.ticket).expect("wrap-up follows work that took a slot");
                        slot.used_for = SlotUse::WrapUp { until: *until };
                    }),
                    None => self.free_slot(held, at, seq),
                }
                self.change_agent(&held.agent, |it| it.acts(at));
            }
            other => unreachable!("not an event of a ticket and an agent: {other:?}"),
        }
    }

    fn create_ticket(&mut self, id: &TicketId, intake: &Intake, at: Timestamp, seq: u64) {
        let ticket = Ticket {
            id: id.clone(),
            arrival_seq: seq,
            spec: intake.spec.clone(),
            demand: intake.demand.clone(),
            created_at: intake.created_at,
            due_at: intake.due_at,
            entered_at: at,
            let_in_at: None,
            opens_at: None,
            steps_taken: 0,
            steps_ahead: Vec::new(),
            breached: false,
            service: Service::default(),
            attempt: 0,
            bars: Vec::new(),
            direction: None,
            handover: None,
            returned_at: None,
            automated: Automated::default(),
            phase: Phase::Intake,
        };
        let known = self.ground.tickets.insert(id.clone(), ticket);
        assert!(known.is_none(), "a ticket is created once");
        self.change_ticket(id, |_| {});
    }

    /// Changes a ticket, and all that follows from it.
    fn change_ticket(&mut self, id: &TicketId, change: impl FnOnce(&mut Ticket)) {
        let ground = &mut *self.ground;
        let ticket = ground.tickets.get_mut(id).expect("an event names a ticket that has not ended");
        self.index.leave(ticket, &ground.catalogue);
        let left = self.index.watched(ticket);
        change(ticket);
        self.index.enter(ticket, &ground.catalogue);
        self.index.time_ticket(ticket, &ground.agents, &ground.catalogue);
        for role in left.into_iter().chain(self.index.watched(ticket)) {
            self.index.time_role(&role, ground);
        }
    }

    fn close_ticket(&mut self, id: &TicketId, how: Closing, at: Timestamp) {
        let ticket = self.ground.tickets.remove(id).expect("an event names a ticket that has not ended");
        self.index.leave(&ticket, &self.ground.catalogue);
        for role in self.index.watched(&ticket) {
            self.index.time_role(&role, &self.ground);
        }
        self.index.forget_ticket(id);
        self.ground.closed.insert(id.clone(), ClosedTicket { how, at });
        self.ground.closed_order.push_back((at, id.clone()));
        while self.ground.closed_order.len() > CLOSED_MAX {
            self.forget_oldest_closed();
        }
        self.index.time_closed(self.ground);
    }

    fn forget_closed(&mut self, before: Timestamp) {
        while self.ground.closed_order.front().is_some_and(|(at, _)| *at < before) {
            self.forget_oldest_closed();
        }
        self.index.time_closed(self.ground);
    }

    fn forget_oldest_closed(&mut self) {
        if let Some((_, id)) = self.ground.closed_order.pop_front() {
            self.ground.closed.remove(&id);
        }
    }

    fn register_agent(&mut self, id: &AgentId, profile: &AgentProfile, at: Timestamp, seq: u64) {
        let fresh = || Agent {
            id: id.clone(),
            profile: profile.clone(),
            status: Status::Offline,
            status_name: None,
            status_since: at,
            switches: std::collections::BTreeMap::new(),
            slots: std::collections::BTreeMap::new(),
            parked: std::collections::BTreeSet::new(),
            missed_offers: 0,
            idle_since: at,
            idle_seq: seq,
            turn_seq: 0,
            seen_at: at,
            acted_before: None,
            given: Given::default(),
        };
        let agent = self.ground.agents.entry(id.clone()).or_insert_with(fresh);
        agent.profile = profile.clone();
        agent.acts(at);
        agent.given.reckon(at, self.ground.catalogue.agents.pacing.allowances(profile));
        self.index.admit(agent, &self.ground.catalogue);
        self.index.time_agent(agent, &self.ground.catalogue);
    }

    /// Changes an agent, and all that follows from it.
    fn change_agent(&mut self, id: &AgentId, change: impl FnOnce(&mut Agent)) {
        let agent = self.ground.agents.get_mut(id).expect("an event names an agent who is registered");
        change(agent);
        self.index.seat(agent, &self.ground.catalogue);
        self.index.time_agent(agent, &self.ground.catalogue);
    }

    fn take_slot(&mut self, taking: &Taking, used_for: SlotUse, at: Timestamp, seq: u64) {
        let pacing = self.ground.catalogue.agents.pacing;
        self.change_agent(&taking.agent, |it| {
            let slot = Slot { channel: taking.channel.clone(), cost: taking.cost, used_for };
            let offered = it.slots.insert(taking.ticket.clone(), slot).is_some();
            if !offered {
                it.turn_seq = seq;
                it.given.record(at, pacing.allowances(&it.profile));
            }
            (it.idle_since, it.idle_seq) = (at, seq);
        });
    }

    fn free_slot(&mut self, held: &Held, at: Timestamp, seq: u64) {
        self.change_agent(&held.agent, |it| {
            let slot = it.slots.remove(&held.ticket).is_some();
            let parked = it.parked.remove(&held.ticket);
            assert!(slot || parked, "what is freed was held");
            (it.idle_since, it.idle_seq) = (at, seq);
        });
    }

    /// An open offer is over. That it was made counts as having been given work.
    fn end_offer(&mut self, held: &Held) {
        self.change_ticket(&held.ticket, |it| {
            let Phase::Offered(offers) = &mut it.phase else { unreachable!("only an open offer ends") };
            offers.retain(|offer| offer.assignment != held.assignment);
            if offers.is_empty() {
                it.phase = Phase::Intake;
            }
        });
        self.change_agent(&held.agent, |it| {
            it.slots.remove(&held.ticket).expect("an open offer takes a slot");
        });
    }

    /// The owner came or went: what it owns may leave it after a while.
    fn retime_owned(&mut self, agent: &AgentId) {
        let owned: Vec<TicketId> = self.ground.agents[agent].owned().cloned().collect();
        for id in owned {
            let ticket = &self.ground.tickets[&id];
            self.index.time_ticket(ticket, &self.ground.agents, &self.ground.catalogue);
        }
    }

    fn replace_catalogue(&mut self, catalogue: &Arc<Catalogue>, version: u64, at: Timestamp) {
        // Whoever was silent did no wrong by what holds from now on.
        let before = &self.ground.catalogue.agents;
        if catalogue.agents.heartbeat_timeout != before.heartbeat_timeout {
            self.ground.agents.values_mut().for_each(|agent| agent.is_heard(at));
        }
        if catalogue.agents.idle_timeout != before.idle_timeout {
            self.ground.agents.values_mut().for_each(|agent| agent.acted_before = Some(at));
        }
        self.ground.excuse_owners(catalogue, at);
        self.ground.reckon_paces(catalogue, at);
        self.ground.forget_automations(catalogue);
        self.ground.catalogue = Arc::clone(catalogue);
        self.ground.catalogue_version = version;
        succession::move_to_successors(self.ground);
        self.ground.forget_customers(at);
        self.ground.role_looks.retain(|role, _| catalogue.roles.contains_key(role));
        self.ground.hours_looks.clear();
        self.index.begin_anew(self.ground);
    }
}

fn update(ticket: &mut Ticket, intake: &Intake, at: Timestamp) {
    if ticket.demand.role() != intake.demand.role() {
        ticket.restart_ladder(at);
    }
    ticket.spec = intake.spec.clone();
    ticket.demand = intake.demand.clone();
    ticket.created_at = intake.created_at;
    ticket.due_at = intake.due_at;
    ticket.breached &= intake.due_at.is_some_and(|due| due <= at);
    ticket.automated.ask_again();
}

/// Nobody owns it any more. Who is handed a ticket did not get it back.
fn leave_owner(ticket: &mut Ticket, cause: RevokeCause, at: Timestamp) {
    ticket.let_in_at = ticket.let_in_at.map(|_| at);
    ticket.phase = Phase::Intake;
    if cause != RevokeCause::Transferred {
        ticket.returned_at = Some(at);
    }
    ticket.automated.ask_again();
}

fn redirect(ticket: &mut Ticket, event: &Event, at: Timestamp) {
    let Event::TicketRedirected { demand, due_at, direction, handover, .. } = event else {
        unreachable!("not a hand-over: {event:?}")
    };
    if direction.is_none() {
        // From now on this is what upstream asks for: no later look at the ticket takes it back.
        ticket.spec.role = demand.role().cloned();
        ticket.spec.priority = demand.priority;
    }
    ticket.demand = demand.clone();
    ticket.due_at = *due_at;
    ticket.breached = due_at.is_some_and(|due| due <= at);
    ticket.restart_ladder(at);
    ticket.direction.clone_from(direction);
    if handover.is_some() {
        ticket.handover.clone_from(handover);
    }
    ticket.bars.retain(|bar| direction.as_ref().is_none_or(|direction| direction.agent != bar.agent));
}

fn set_presence(
    agent: &mut Agent,
    status: Status,
    switches: &std::collections::BTreeMap<super::name::ChannelName, bool>,
    at: Timestamp,
    seq: u64,
) {
    if agent.status != status {
        agent.status_since = at;
        agent.missed_offers = 0;
        if status == Status::Online {
            (agent.idle_since, agent.idle_seq) = (at, seq);
        }
    }
    agent.status = status;
    agent.switches.extend(switches.iter().map(|(channel, on)| (channel.clone(), *on)));
    agent.acts(at);
}

fn offer(taking: &Taking, at: Timestamp, expires_at: Timestamp) -> Offer {
    Offer {
        agent: taking.agent.clone(),
        assignment: taking.assignment.clone(),
        role: taking.role.clone(),
        offered_at: at,
        expires_at,
        reason: taking.reason.clone(),
    }
}

fn add_offer(ticket: &mut Ticket, offer: Offer, attempt: u32) {
    ticket.attempt = attempt;
    ticket.direction = None;
    match &mut ticket.phase {
        Phase::Offered(offers) => offers.push(offer),
        other => *other = Phase::Offered(vec![offer]),
    }
}

fn owned(phase: &Phase) -> Ownership {
    phase.ownership().expect("only what is owned is paused and resumed").clone()
}

fn owned_mut(phase: &mut Phase) -> &mut Ownership {
    phase.ownership_mut().expect("only an owner replies")
}

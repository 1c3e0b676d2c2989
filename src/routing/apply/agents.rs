//! What becomes true of an agent alone: it is registered, comes and goes, is heard of.

use std::collections::{BTreeMap, BTreeSet};

use super::Applying;
use crate::routing::agent::{Agent, AgentProfile, SlotUse, Status};
use crate::routing::event::{Event, Sign};
use crate::routing::grounds::Grounds;
use crate::routing::index::Follow;
use crate::routing::name::{AgentId, ChannelName, StatusName, TicketId};
use crate::routing::pacing::Given;
use crate::routing::sorted::Sorted;
use crate::routing::time::Timestamp;

impl<F: Follow> Applying<'_, F> {
    pub(super) fn apply_to_agent(&mut self, at: Timestamp, seq: u64, event: &Event) {
        match event {
            Event::AgentRegistered { agent, profile } => self.register_agent(agent, profile, at, seq),
            Event::AgentRemoved { agent } => {
                let number = self.ground.agents.number(agent).expect("who is removed was registered");
                self.index.dismiss(number, self.ground.agents.at(number));
                self.ground.agents.remove(number);
            }
            Event::PresenceChanged { agent, status, name, switches, reason } => {
                self.change_agent(agent, |it| {
                    set_reason(it, (*status, name.as_ref()), reason.as_deref());
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

    fn register_agent(&mut self, id: &AgentId, profile: &AgentProfile, at: Timestamp, seq: u64) {
        let roles = self.ground.roles.share(&profile.roles);
        let profile = AgentProfile { roles, ..profile.clone() };
        let fresh = || Agent {
            id: id.clone(),
            profile: profile.clone(),
            status: Status::Offline,
            status_name: None,
            grounds: Grounds::default(),
            status_since: at,
            switches: BTreeMap::new(),
            slots: Sorted::new(),
            parked: BTreeSet::new(),
            missed_offers: 0,
            idle_since: at,
            idle_seq: seq,
            turn_seq: 0,
            seen_at: at,
            acted_before: None,
            given: Given::default(),
        };
        let number = self.ground.agents.number(id).unwrap_or_else(|| self.ground.agents.add(fresh()));
        let agent = self.ground.agents.at_mut(number);
        agent.profile = profile;
        agent.acts(at);
        agent.given.reckon(at, self.ground.catalogue.agents.pacing.allowances(&agent.profile));
        self.index.admit(number, agent, &self.ground.catalogue);
        self.index.time_agent(number, agent, &self.ground.catalogue);
    }

    /// The owner came or went: what it owns may leave it after a while.
    fn retime_owned(&mut self, agent: &AgentId) {
        let owned: Vec<TicketId> = self.ground.agents[agent].owned().cloned().collect();
        for id in owned {
            let number = self.ground.tickets.number(&id).expect("what an agent owns has not ended");
            let ticket = self.ground.tickets.at(number);
            self.index.time_ticket(number, ticket, &self.ground.agents, &self.ground.catalogue);
        }
    }
}

/// The reason of a status is gone with the status; what only switches channels says nothing of it.
fn set_reason(agent: &mut Agent, status: (Status, Option<&StatusName>), reason: Option<&str>) {
    if reason.is_some() || (agent.status, agent.status_name.as_ref()) != status {
        agent.grounds = Grounds::of(reason);
    }
}

fn set_presence(agent: &mut Agent, status: Status, switches: &BTreeMap<ChannelName, bool>, at: Timestamp, seq: u64) {
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

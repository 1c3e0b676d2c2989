//! Reserve: how many of its free agents a role keeps for its own work.
//!
//! A role is *short* on a channel while no more of its agents are free there than it keeps. Whoever has a short role is
//! given no work of other roles on that channel, but for what is meant for that agent and what it asks for.

use super::agent::Agent;
use super::name::{AgentId, ChannelName, RoleName};
use super::pool::{Group, Standing};
use super::role::Role;
use super::roster::Number;
use super::state::State;
use super::ticket::Ticket;

impl State {
    /// Whether any role keeps agents for its own work.
    pub(super) fn keeps_agents(&self) -> bool {
        self.pool().reserving().next().is_some()
    }

    /// The roles that are short on that channel, but for the one whose work it is.
    pub(super) fn short_roles(&self, own_role: Option<&RoleName>, channel: &ChannelName) -> Vec<&RoleName> {
        let reserving = self.pool().reserving().filter(|role| Some(*role) != own_role);
        reserving.filter(|role| self.is_short(role, channel)).collect()
    }

    /// Whether an agent is kept for the work of another of its roles than the one whose work it is.
    pub(super) fn is_kept(&self, agent: &Agent, own_role: Option<&RoleName>, channel: &ChannelName) -> bool {
        if !self.keeps_agents() {
            return false;
        }
        let others = self.reserving(&*agent.profile.roles).filter(|role| Some(&role.name) != own_role);
        others.into_iter().any(|role| self.is_short(&role.name, channel))
    }

    /// Whether an agent is kept from this ticket.
    pub(super) fn is_kept_from(&self, agent: &Agent, ticket: &Ticket) -> bool {
        ticket.direction.is_none() && self.is_kept(agent, ticket.demand.role(), &ticket.spec.asked.channel)
    }

    /// Which of these roles are short, with the channels on which they are and on which anything waits.
    pub(super) fn shortages<'a>(&self, roles: impl IntoIterator<Item = &'a RoleName>) -> Vec<(RoleName, ChannelName)> {
        let reserving: Vec<&RoleName> = self.reserving(roles).map(|role| &role.name).collect();
        if reserving.is_empty() {
            return Vec::new();
        }
        let channels = self.queues().channels();
        let pairs = reserving.into_iter().flat_map(|role| channels.iter().map(move |channel| (role, *channel)));
        let short = pairs.filter(|(role, channel)| self.is_short(role, channel));
        short.map(|(role, channel)| (role.clone(), channel.clone())).collect()
    }

    /// Who is free for work of other roles, where that role is not short any more: as many as it keeps, and one more.
    pub(super) fn released(&self, role: &RoleName, channel: &ChannelName) -> Vec<AgentId> {
        if self.is_short(role, channel) {
            return Vec::new();
        }
        let groups = self.pool().groups_of(std::slice::from_ref(role));
        groups.flat_map(|group| self.free_members(group, channel)).cloned().collect()
    }

    fn free_members<'s>(&'s self, group: &'s Group, channel: &ChannelName) -> impl Iterator<Item = &'s AgentId> {
        let members = group.members.iter().filter(|agent| self.is_free(**agent, channel));
        members.map(|agent| &self.agent_at(*agent).id).collect::<Vec<_>>().into_iter()
    }

    /// Those of these roles that keep some of their agents for their own work.
    fn reserving<'a>(&self, roles: impl IntoIterator<Item = &'a RoleName>) -> impl Iterator<Item = &Role> {
        let roles = roles.into_iter().filter_map(|role| self.catalogue().roles.get(role));
        roles.filter(|role| role.staffing.reserve > 0)
    }

    fn is_short(&self, role: &RoleName, channel: &ChannelName) -> bool {
        let Some(reserve) = self.catalogue().roles.get(role).map(|role| role.staffing.reserve) else { return false };
        reserve > 0 && self.free_of(role, channel) <= reserve
    }

    /// How many of its agents are free on that channel.
    fn free_of(&self, role: &RoleName, channel: &ChannelName) -> u32 {
        self.pool().free_of(role, channel).unwrap_or_else(|| {
            let groups = self.pool().groups_of(std::slice::from_ref(role));
            let free = groups.flat_map(|group| &group.members).filter(|agent| self.is_free(**agent, channel));
            u32::try_from(free.count()).expect("agents are counted in 32 bits")
        })
    }

    fn is_free(&self, agent: Number<Agent>, channel: &ChannelName) -> bool {
        match (self.pool().lanes().number(channel), self.pool().standings(agent)) {
            (Some(lane), Some(standings)) => standings[lane] == Standing::Free,
            _ => Standing::of(self.agent_at(agent), channel, self.catalogue()) == Standing::Free,
        }
    }
}

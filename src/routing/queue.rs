//! Who waits: for each role a queue, within it a line per demand signature.
//!
//! All tickets of a line demand the same of an agent, so whoever may take one may take its head: looking for an agent's
//! best ticket looks at heads only. A line is a `priority-queue`; it cannot be walked in order, which is why the
//! position of a ticket comes from a set of ranks that can count.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foldhash::fast::FixedState;
use priority_queue::PriorityQueue;

use super::name::{AgentId, ChannelName, Permission, RoleName, TicketId};
use super::rank::Rank;
use super::skill::Skills;
use super::staffing;
use super::ticket::Ticket;

/// What a ticket demands of an agent beyond the role.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature {
    /// Whose own work it is, which counts where agents have tiers.
    pub own_role: Option<RoleName>,
    /// The last rank in its own role that is asked.
    pub rank_max: Option<u32>,
    /// How it arrived.
    pub channel: ChannelName,
    /// At least these skills.
    pub skills: Skills,
    /// These permissions.
    pub permissions: BTreeSet<Permission>,
    /// Who must not get it: excluded by upstream, or barred for having declined.
    pub barred: BTreeSet<AgentId>,
    /// The one who may, where it waits for one.
    pub direction: Option<AgentId>,
}

impl Signature {
    /// What this ticket demands now.
    #[must_use]
    pub fn of(ticket: &Ticket) -> Self {
        let bars = ticket.bars.iter().map(|bar| bar.agent.clone());
        Self {
            own_role: ticket.demand.role().cloned(),
            rank_max: ticket.demand.rank_max,
            channel: ticket.spec.channel.clone(),
            skills: ticket.demand.skills.clone(),
            permissions: ticket.demand.permissions.clone(),
            barred: ticket.spec.exclude_agents.iter().cloned().chain(bars).collect(),
            direction: ticket.direction.as_ref().map(|direction| direction.agent.clone()),
        }
    }
}

impl Signature {
    /// Whether an agent of that rank in the role in whose queue it waits is asked. Who is meant is, whatever the rank.
    #[must_use]
    pub fn asks(&self, role: &RoleName, rank: u32) -> bool {
        self.direction.is_some() || staffing::asks(self.own_role.as_ref(), self.rank_max, role, rank)
    }
}

/// Tickets of one signature, best-ranked first.
type Line = PriorityQueue<TicketId, Reverse<Rank>, FixedState>;

/// How many ranks are kept in one piece: an insertion moves half of one, a position counts over all of them.
const RANKS_IN_A_PIECE: usize = 128;

/// The tickets that wait for one role.
#[derive(Debug, Clone)]
pub struct RoleQueue {
    lines: BTreeMap<Arc<Signature>, Line>,
    ranks: indexset::BTreeSet<Rank>,
}

impl Default for RoleQueue {
    fn default() -> Self {
        Self { lines: BTreeMap::new(), ranks: indexset::BTreeSet::with_maximum_node_size(RANKS_IN_A_PIECE) }
    }
}

impl RoleQueue {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranks.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranks.is_empty()
    }

    /// How many of those who wait have a better rank.
    #[must_use]
    pub fn ahead_of(&self, rank: &Rank) -> usize {
        if self.ranks.is_empty() { 0 } else { self.ranks.rank(rank) }
    }

    /// The best-ranked ticket of each signature.
    pub fn heads(&self) -> impl Iterator<Item = (&Signature, &TicketId, Rank)> {
        self.lines.iter().filter_map(|(signature, line)| {
            let (ticket, Reverse(rank)) = line.peek()?;
            Some((signature.as_ref(), ticket, *rank))
        })
    }

    /// All who wait, in no particular order.
    pub fn tickets(&self) -> impl Iterator<Item = &TicketId> {
        self.lines.values().flat_map(|line| line.iter().map(|(ticket, _)| ticket))
    }

    /// All tickets of a signature that names this agent as the one it waits for.
    pub fn directed_to<'a>(&'a self, agent: &'a AgentId) -> impl Iterator<Item = &'a TicketId> {
        let directed = |(signature, _): &(&Arc<Signature>, &Line)| signature.direction.as_ref() == Some(agent);
        self.lines.iter().filter(directed).flat_map(|(_, line)| line.iter().map(|(ticket, _)| ticket))
    }

    /// All tickets that somebody must not get.
    pub fn barring(&self) -> impl Iterator<Item = &TicketId> {
        let barring = self.lines.iter().filter(|(signature, _)| !signature.barred.is_empty());
        barring.flat_map(|(_, line)| line.iter().map(|(ticket, _)| ticket))
    }

    fn insert(&mut self, ticket: TicketId, signature: Arc<Signature>, rank: Rank) {
        let line = self.lines.entry(signature).or_insert_with(|| Line::with_hasher(FixedState::default()));
        let replaced = line.push(ticket, Reverse(rank));
        assert!(replaced.is_none(), "a ticket waits once in a role's queue");
        self.ranks.insert(rank);
    }

    fn remove(&mut self, ticket: &TicketId, signature: &Signature, rank: &Rank) {
        let line = self.lines.get_mut(signature).expect("a waiting ticket's signature has a line");
        line.remove(ticket).expect("a waiting ticket stands in its line");
        if line.is_empty() {
            self.lines.remove(signature);
        }
        let counted = self.ranks.remove(rank);
        assert!(counted, "a waiting ticket's rank is counted");
    }
}

/// All that wait, by role.
#[derive(Debug, Clone, Default)]
pub struct Queues {
    roles: BTreeMap<RoleName, RoleQueue>,
}

impl Queues {
    /// The queue of a role, where anybody waits in it.
    #[must_use]
    pub fn role(&self, role: &RoleName) -> Option<&RoleQueue> {
        self.roles.get(role)
    }

    /// All queues in which somebody waits.
    pub fn iter(&self) -> impl Iterator<Item = (&RoleName, &RoleQueue)> {
        self.roles.iter()
    }

    /// The channels of all that wait.
    pub(super) fn channels(&self) -> BTreeSet<&ChannelName> {
        self.roles.values().flat_map(|queue| queue.lines.keys()).map(|signature| &signature.channel).collect()
    }

    /// Puts a ticket in the queues of those roles, at a rank for each.
    pub(super) fn insert(&mut self, ticket: &Ticket, ranks: impl IntoIterator<Item = (RoleName, Rank)>) {
        let signature = Arc::new(Signature::of(ticket));
        for (role, rank) in ranks {
            self.roles.entry(role).or_default().insert(ticket.id.clone(), Arc::clone(&signature), rank);
        }
    }

    /// Takes a ticket out of the queues of those roles. The ticket must be as it was when it was put in.
    pub(super) fn remove(&mut self, ticket: &Ticket, ranks: impl IntoIterator<Item = (RoleName, Rank)>) {
        let signature = Signature::of(ticket);
        for (role, rank) in ranks {
            let queue = self.roles.get_mut(&role).expect("a waiting ticket's role has a queue");
            queue.remove(&ticket.id, &signature, &rank);
            if queue.is_empty() {
                self.roles.remove(&role);
            }
        }
    }

    /// Who stands where, for comparison with what the tickets say.
    pub(super) fn census(&self) -> BTreeSet<(&RoleName, &Signature, &TicketId, Rank)> {
        let lines = self.roles.iter().flat_map(|(role, queue)| queue.lines.iter().map(move |line| (role, line)));
        lines
            .flat_map(|(role, (signature, line))| {
                line.iter().map(move |(ticket, Reverse(rank))| (role, signature.as_ref(), ticket, *rank))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::catalogue::Catalogue;
    use crate::routing::index;
    use crate::routing::role::Role;
    use crate::routing::service::Service;
    use crate::routing::skill::SkillLevel;
    use crate::routing::ticket::{Bar, Demand, Phase, TicketSpec};
    use crate::routing::time::Timestamp;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).unwrap()
    }

    fn catalogue() -> Catalogue {
        let roles = ["billing", "technical"].map(|name| (role(name), Role::named(role(name))));
        Catalogue { roles: roles.into(), ..Catalogue::default() }
    }

    fn ticket(arrival_seq: u64, roles: &[&str], skill: Option<&str>) -> Ticket {
        let skills = skill.map(|name| (name.parse().unwrap(), SkillLevel::MIN));
        let demand = Demand {
            roles: roles.iter().map(|name| role(name)).collect(),
            skills: Skills(skills.into_iter().collect()),
            ..Demand::default()
        };
        Ticket {
            id: TicketId::parse(&format!("t{arrival_seq}")).unwrap(),
            arrival_seq,
            spec: TicketSpec::on(ChannelName::parse("task").unwrap()),
            demand,
            created_at: Timestamp(0),
            due_at: None,
            entered_at: Timestamp(0),
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
            automated: crate::routing::automation::Automated::default(),
            phase: Phase::Waiting,
        }
    }

    fn heads(queue: &RoleQueue) -> Vec<&str> {
        let mut heads: Vec<_> = queue.heads().map(|(_, ticket, rank)| (rank, ticket.as_str())).collect();
        heads.sort_unstable();
        heads.into_iter().map(|(_, ticket)| ticket).collect()
    }

    #[test]
    fn each_signature_has_a_head_and_equal_tickets_leave_in_the_order_of_arrival() {
        let (catalogue, mut queues) = (catalogue(), Queues::default());
        let tickets = [(5, None), (3, Some("de")), (4, None), (1, Some("de"))]
            .map(|(arrival_seq, skill)| ticket(arrival_seq, &["billing"], skill));
        for ticket in &tickets {
            queues.insert(ticket, index::ranks(ticket, &catalogue));
        }
        assert_eq!(heads(queues.role(&role("billing")).unwrap()), ["t1", "t4"]);
        queues.remove(&tickets[3], index::ranks(&tickets[3], &catalogue));
        queues.remove(&tickets[2], index::ranks(&tickets[2], &catalogue));
        assert_eq!(heads(queues.role(&role("billing")).unwrap()), ["t3", "t5"]);
    }

    #[test]
    fn a_ticket_of_two_roles_waits_in_both_queues_and_leaves_both() {
        let (catalogue, mut queues) = (catalogue(), Queues::default());
        let both = ticket(1, &["billing", "technical", "of-another-catalogue"], None);
        queues.insert(&both, index::ranks(&both, &catalogue));
        assert_eq!(
            queues.iter().map(|(role, queue)| (role.as_str(), queue.len())).collect::<Vec<_>>(),
            [("billing", 1), ("technical", 1)]
        );
        queues.remove(&both, index::ranks(&both, &catalogue));
        assert_eq!(queues.iter().count(), 0);
    }

    #[test]
    fn a_place_is_counted_over_all_signatures() {
        let (catalogue, mut queues) = (catalogue(), Queues::default());
        let tickets =
            [ticket(1, &["billing"], None), ticket(2, &["billing"], Some("de")), ticket(3, &["billing"], None)];
        for ticket in &tickets {
            queues.insert(ticket, index::ranks(ticket, &catalogue));
        }
        let queue = queues.role(&role("billing")).unwrap();
        let ahead: Vec<usize> =
            tickets.iter().map(|ticket| queue.ahead_of(&Rank::of(ticket, &catalogue.roles["billing"]))).collect();
        assert_eq!(ahead, [0, 1, 2]);
        assert_eq!(RoleQueue::default().ahead_of(&Rank::of(&tickets[0], &catalogue.roles["billing"])), 0);
    }

    #[test]
    fn who_is_excluded_and_who_declined_make_one_signature() {
        let agent = || AgentId::parse("ana").unwrap();
        let (mut excluded, mut declined) = (ticket(1, &["billing"], None), ticket(2, &["billing"], None));
        excluded.spec.exclude_agents.insert(agent());
        declined.bars.push(Bar { agent: agent(), until: Some(Timestamp(9)) });
        assert_eq!(Signature::of(&excluded), Signature::of(&declined));
        assert_ne!(Signature::of(&excluded), Signature::of(&ticket(3, &["billing"], None)));
    }
}

//! Who waits: for each role a queue, within it a line per demand signature.
//!
//! All tickets of a line demand the same of an agent, so whoever may take one may take its head: looking for an agent's
//! best ticket looks at heads only. A line can't tell the position of a ticket among those of other lines; that comes
//! from a set of ranks that can count.

use std::collections::{BTreeMap, BTreeSet};

use super::digest::ByRole;
use super::name::{AgentId, ChannelName, RoleName};
use super::rank::Rank;
use super::ranked::Ranked;
use super::roster::Number;
use super::signature::{Demands, Signature, SignatureNumber, Signatures};
use super::ticket::Ticket;

/// The first ticket of a line.
#[derive(Debug, Clone, Copy)]
struct Head {
    rank: Rank,
    ticket: Number<Ticket>,
    signature: SignatureNumber,
}

/// The tickets that wait for one role.
#[derive(Debug, Clone, Default)]
struct Lines {
    /// Where the line of each signature is.
    places: BTreeMap<SignatureNumber, usize>,
    /// The first of each line, side by side: whoever looks for work looks at all of them.
    heads: Vec<Head>,
    /// The same lines as a whole: tickets of one signature, best-ranked first.
    tickets: Vec<Ranked<Rank, Number<Ticket>>>,
    /// Of all lines.
    ranks: Ranked<Rank, ()>,
}

impl Lines {
    fn insert(&mut self, ticket: Number<Ticket>, signature: SignatureNumber, rank: Rank) {
        let Self { places, heads, tickets, ranks } = self;
        let place = *places.entry(signature).or_insert_with(|| {
            heads.push(Head { rank, ticket, signature });
            tickets.push(Ranked::default());
            tickets.len() - 1
        });
        let is_new = tickets[place].insert(rank, ticket) && ranks.insert(rank, ());
        assert!(is_new, "a ticket waits once in a role's queue");
        if rank < heads[place].rank {
            heads[place] = Head { rank, ticket, signature };
        }
    }

    fn remove(&mut self, ticket: Number<Ticket>, signature: SignatureNumber, rank: &Rank) {
        let place = *self.places.get(&signature).expect("a waiting ticket's signature has a line");
        let (head, line) = (&mut self.heads[place], &mut self.tickets[place]);
        assert_eq!(line.remove(rank), Some(ticket), "a waiting ticket stands in its line");
        match line.first() {
            Some((rank, ticket)) => *head = Head { rank, ticket, signature },
            None => self.close_line(place),
        }
        assert!(self.ranks.remove(rank).is_some(), "a waiting ticket's rank is counted");
    }

    /// Nobody stands in a line any more.
    fn close_line(&mut self, place: usize) {
        self.places.remove(&self.heads[place].signature);
        self.heads.swap_remove(place);
        self.tickets.swap_remove(place);
        if let Some(moved) = self.heads.get(place) {
            self.places.insert(moved.signature, place);
        }
    }

    /// Every line, with its signature.
    fn iter(&self) -> impl Iterator<Item = (SignatureNumber, &Ranked<Rank, Number<Ticket>>)> {
        self.heads.iter().map(|head| head.signature).zip(&self.tickets)
    }
}

/// A look at the tickets that wait for one role.
#[derive(Debug, Clone, Copy)]
pub struct RoleQueue<'q> {
    lines: &'q Lines,
    signatures: &'q Signatures,
}

impl<'q> RoleQueue<'q> {
    /// How many wait: at least one.
    #[expect(clippy::len_without_is_empty, reason = "a queue in which nobody waits is not looked at")]
    #[must_use]
    pub fn len(self) -> usize {
        self.lines.ranks.len()
    }

    /// How many of those who wait have a better rank.
    #[must_use]
    pub fn ahead_of(self, rank: &Rank) -> usize {
        self.lines.ranks.ahead_of(rank)
    }

    /// The rank of the best-ranked ticket of each signature, and, where somebody wants to know, the two.
    pub(super) fn heads(self) -> impl Iterator<Item = (Rank, impl FnOnce() -> (&'q Signature, Number<Ticket>))> {
        self.lines.heads.iter().map(move |head| (head.rank, move || (self.signatures.at(head.signature), head.ticket)))
    }

    /// All who wait, in no particular order.
    pub(super) fn tickets(self) -> impl Iterator<Item = Number<Ticket>> {
        self.lines.tickets.iter().flat_map(Ranked::iter).map(|(_, ticket)| ticket)
    }

    /// All tickets of a signature that names this agent as the one it waits for.
    pub(super) fn directed_to(self, agent: &AgentId) -> impl Iterator<Item = Number<Ticket>> {
        self.of_signatures(move |signature| signature.direction.as_ref() == Some(agent))
    }

    /// All tickets that somebody must not get.
    pub(super) fn barring(self) -> impl Iterator<Item = Number<Ticket>> {
        self.of_signatures(|signature| !signature.barred.is_empty())
    }

    fn of_signatures(self, which: impl Fn(&Signature) -> bool) -> impl Iterator<Item = Number<Ticket>> {
        let lines = self.lines.iter().filter(move |(signature, _)| which(self.signatures.at(*signature)));
        lines.flat_map(|(_, line)| line.iter()).map(|(_, ticket)| ticket)
    }
}

/// All that wait, by role.
#[derive(Debug, Clone, Default)]
pub struct Queues {
    /// A queue stays when nobody waits in it any more.
    roles: ByRole<Lines>,
    signatures: Signatures,
    /// Of those who wait, by their numbers.
    signed: Vec<Option<SignatureNumber>>,
}

impl Queues {
    /// The queue of a role, where anybody waits in it.
    #[must_use]
    pub fn role(&self, role: &RoleName) -> Option<RoleQueue<'_>> {
        let lines = self.roles.get(role).filter(|lines| !lines.ranks.is_empty())?;
        Some(RoleQueue { lines, signatures: &self.signatures })
    }

    /// All queues in which somebody waits, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&RoleName, RoleQueue<'_>)> {
        self.roles.keys().filter_map(|role| Some((role, self.role(role)?)))
    }

    /// Whether anybody waits on a channel of that lane.
    pub(super) fn waits_on(&self, lane: usize) -> bool {
        self.signatures.any_of(lane)
    }

    /// Whether anybody waits on a channel that has no lane.
    pub(super) fn stray(&self) -> bool {
        self.signatures.stray()
    }

    /// The channels of all that wait.
    pub(super) fn channels(&self) -> BTreeSet<&ChannelName> {
        self.signatures.iter().map(|signature| &signature.channel).collect()
    }

    /// Puts a ticket, on a channel of that lane, in the queues of those roles, at a rank for each.
    pub(super) fn insert<'r>(
        &mut self,
        number: Number<Ticket>,
        (ticket, lane): (&Ticket, Option<usize>),
        ranks: impl IntoIterator<Item = (&'r RoleName, Rank)>,
    ) {
        let signature = self.signatures.enter(&Demands::of(ticket), lane);
        if self.signed.len() <= number.place() {
            self.signed.resize(number.place() + 1, None);
        }
        self.signed[number.place()] = Some(signature);
        for (role, rank) in ranks {
            match self.roles.get_mut(role) {
                Some(lines) => lines.insert(number, signature, rank),
                None => self.roles.entry(role.clone()).or_default().insert(number, signature, rank),
            }
        }
    }

    /// Takes a ticket out of the queues of those roles. The ranks must be as they were when it was put in.
    pub(super) fn remove<'r>(&mut self, number: Number<Ticket>, ranks: impl IntoIterator<Item = (&'r RoleName, Rank)>) {
        let signature = self.signed[number.place()].take().expect("a waiting ticket is of a signature");
        for (role, rank) in ranks {
            let lines = self.roles.get_mut(role).expect("a waiting ticket's role has a queue");
            lines.remove(number, signature, &rank);
        }
        self.signatures.leave(signature);
    }

    /// Who stands where, for comparison with what the tickets say.
    pub(super) fn census(&self) -> BTreeSet<(&RoleName, &Signature, Number<Ticket>, Rank)> {
        let lines = self.roles.iter().flat_map(|(role, queue)| queue.iter().map(move |line| (role, line)));
        lines
            .flat_map(|(role, (signature, line))| {
                let signature = self.signatures.at(signature);
                line.iter().map(move |(rank, ticket)| (role, signature, ticket, rank))
            })
            .collect()
    }

    /// How many signatures are known, and how many ranks are counted, for the same comparison.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.signatures.iter().count(), self.roles.values().map(|lines| lines.ranks.len()).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::catalogue::Catalogue;
    use crate::routing::index;
    use crate::routing::name::TicketId;
    use crate::routing::role::Role;
    use crate::routing::roster::Roster;
    use crate::routing::skill::{SkillLevel, Skills};
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
        let said = (TicketSpec::on(ChannelName::parse("task").unwrap()).into(), demand.into());
        let id = TicketId::parse(&format!("t{arrival_seq}")).unwrap();
        Ticket { phase: Phase::Waiting, ..Ticket::coming(id, arrival_seq, said, Timestamp(0)) }
    }

    fn roster(tickets: impl IntoIterator<Item = Ticket>) -> Roster<Ticket> {
        let mut roster = Roster::default();
        for ticket in tickets {
            roster.add(ticket);
        }
        roster
    }

    fn queued(tickets: &Roster<Ticket>, catalogue: &Catalogue) -> Queues {
        let mut queues = Queues::default();
        for (number, ticket) in tickets.iter() {
            queues.insert(number, (ticket, None), index::ranks(ticket, catalogue));
        }
        queues
    }

    fn heads<'t>(queue: RoleQueue<'_>, tickets: &'t Roster<Ticket>) -> Vec<&'t str> {
        let mut heads: Vec<_> = queue.heads().map(|(rank, head)| (rank, tickets.at(head().1).id.as_str())).collect();
        heads.sort_unstable();
        heads.into_iter().map(|(_, ticket)| ticket).collect()
    }

    #[test]
    fn each_signature_has_a_head_and_equal_tickets_leave_in_the_order_of_arrival() {
        let catalogue = catalogue();
        let tickets = roster(
            [(5, None), (3, Some("de")), (4, None), (1, Some("de"))]
                .map(|(arrival_seq, skill)| ticket(arrival_seq, &["billing"], skill)),
        );
        let mut queues = queued(&tickets, &catalogue);
        assert_eq!(heads(queues.role(&role("billing")).unwrap(), &tickets), ["t1", "t4"]);
        for id in ["t1", "t4"] {
            let number = tickets.number(&TicketId::parse(id).unwrap()).unwrap();
            queues.remove(number, index::ranks(tickets.at(number), &catalogue));
        }
        assert_eq!(heads(queues.role(&role("billing")).unwrap(), &tickets), ["t3", "t5"]);
    }

    #[test]
    fn a_ticket_of_two_roles_waits_in_both_queues_and_leaves_both() {
        let catalogue = catalogue();
        let tickets = roster([ticket(1, &["billing", "technical", "of-another-catalogue"], None)]);
        let mut queues = queued(&tickets, &catalogue);
        let lengths: BTreeMap<_, _> = queues.iter().map(|(role, queue)| (role.as_str(), queue.len())).collect();
        assert_eq!(lengths, [("billing", 1), ("technical", 1)].into());
        let (number, both) = tickets.iter().next().unwrap();
        queues.remove(number, index::ranks(both, &catalogue));
        assert_eq!((queues.iter().count(), queues.counts()), (0, (0, 0)));
    }

    #[test]
    fn a_place_is_counted_over_all_signatures() {
        let catalogue = catalogue();
        let skills = [None, Some("de"), None];
        let tickets = roster((1..).zip(skills).map(|(arrival, skill)| ticket(arrival, &["billing"], skill)));
        let queues = queued(&tickets, &catalogue);
        let queue = queues.role(&role("billing")).unwrap();
        let rank = |ticket: &Ticket| Rank::of(ticket, &catalogue.roles[&role("billing")]);
        let ahead: Vec<usize> = tickets.by_name().into_iter().map(|ticket| queue.ahead_of(&rank(ticket))).collect();
        assert_eq!(ahead, [0, 1, 2]);
    }

    #[test]
    fn who_is_excluded_and_who_declined_make_one_signature() {
        let agent = || AgentId::parse("ana").unwrap();
        let (mut excluded, mut declined) = (ticket(1, &["billing"], None), ticket(2, &["billing"], None));
        std::sync::Arc::make_mut(&mut excluded.spec).beside.exclude_agents.insert(agent());
        declined.bars.push(Bar { agent: agent(), until: Some(Timestamp(9)) });
        assert_eq!(Demands::of(&excluded), Demands::of(&declined));
        assert_ne!(Demands::of(&excluded), Demands::of(&ticket(3, &["billing"], None)));
    }
}

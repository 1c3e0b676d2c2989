//! Which of the agents who may take a ticket gets it: each strategy as one number, the smallest of which wins.
//!
//! Agents are kept in groups of the same roles, skills and ranks ([`super::pool`]). A strategy is a number that is the
//! same for a whole group, and an order within it; so choosing looks at the first of each group only.

use super::agent::Agent;
use super::draw;
use super::group::GroupSignature;
use super::name::{AgentId, RoleName};
use super::role::Strategy;
use super::ticket::Demand;

/// The order within a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ordering {
    /// Longest idle first.
    Idle,
    /// Fewest slots taken first.
    Load,
    /// Most slots taken first.
    Fullness,
    /// Given work longest ago first.
    Turn,
}

/// An agent's place in an order: the measure, then idleness, which no two agents share.
pub type OrderKey = (i64, u64);

impl Ordering {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Idle, Self::Load, Self::Fullness, Self::Turn];

    /// The agent's place.
    #[must_use]
    pub fn key(self, agent: &Agent) -> OrderKey {
        Places::of(agent).in_order(self)
    }
}

/// An agent's place in every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    load: i64,
    turn: i64,
    idle_seq: u64,
}

impl Places {
    pub(super) fn of(agent: &Agent) -> Self {
        Self {
            load: i64::try_from(agent.slots.len()).expect("an agent holds few tickets"),
            turn: i64::try_from(agent.turn_seq).expect("event numbers stay far below 2^63"),
            idle_seq: agent.idle_seq,
        }
    }

    pub(super) fn in_order(self, ordering: Ordering) -> OrderKey {
        let measure = match ordering {
            Ordering::Idle => 0,
            Ordering::Load => self.load,
            Ordering::Fullness => -self.load,
            Ordering::Turn => self.turn,
        };
        (measure, self.idle_seq)
    }
}

impl Strategy {
    /// The order within a group that this strategy needs. `random` takes any.
    #[must_use]
    pub fn ordering(self) -> Ordering {
        match self {
            Self::LeastLoaded => Ordering::Load,
            Self::MostLoaded => Ordering::Fullness,
            Self::RoundRobin => Ordering::Turn,
            Self::LongestIdle | Self::Random | Self::Rank | Self::MostSkilled | Self::LeastFlexible | Self::RingAll => {
                Ordering::Idle
            }
        }
    }

    /// Whether it looks at nothing that a whole group shares, and follows an order within the group.
    pub(super) fn compares_agents_alone(self) -> bool {
        match self {
            Self::LongestIdle | Self::LeastLoaded | Self::MostLoaded | Self::RoundRobin | Self::RingAll => true,
            Self::Random | Self::Rank | Self::MostSkilled | Self::LeastFlexible => false,
        }
    }

    /// What a whole group shares.
    #[must_use]
    pub fn group_measure(self, group: &GroupSignature, demand: &Demand) -> i64 {
        match self {
            Self::Rank => i64::from(best_rank(group, &demand.roles)),
            Self::MostSkilled => -i64::from(group.skills.match_score(&demand.skills)),
            Self::LeastFlexible => i64::try_from(group.roles.len()).expect("an agent has few roles"),
            Self::LongestIdle
            | Self::LeastLoaded
            | Self::MostLoaded
            | Self::RoundRobin
            | Self::Random
            | Self::RingAll => 0,
        }
    }

    /// The number that explanations show; the smallest wins, ties go to the agent idle for longest.
    ///
    /// Milliseconds since the epoch at which idleness began for `longest_idle` and `ring_all`; slots taken for
    /// `least_loaded`, their negative for `most_loaded`; the number of the event that last gave the agent work for
    /// `round_robin`; the number drawn for `random`; the rank for `rank`; the negative sum of levels for
    /// `most_skilled`; the count of roles for `least_flexible`.
    #[must_use]
    pub fn value(self, group_measure: i64, measure: i64, agent: &Agent) -> i64 {
        match self {
            Self::LongestIdle | Self::RingAll => agent.idle_since.0,
            Self::LeastLoaded | Self::MostLoaded | Self::RoundRobin | Self::Random => measure,
            Self::Rank | Self::MostSkilled | Self::LeastFlexible => group_measure,
        }
    }

    /// As the wire and the configuration spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LongestIdle => "longest_idle",
            Self::LeastLoaded => "least_loaded",
            Self::MostLoaded => "most_loaded",
            Self::RoundRobin => "round_robin",
            Self::Random => "random",
            Self::Rank => "rank",
            Self::MostSkilled => "most_skilled",
            Self::LeastFlexible => "least_flexible",
            Self::RingAll => "ring_all",
        }
    }
}

fn best_rank(group: &GroupSignature, roles: &[RoleName]) -> u32 {
    let ranks = roles.iter().filter(|role| group.roles.contains(*role)).map(|role| group.rank(role));
    ranks.min().unwrap_or(super::agent::AgentProfile::RANK_DEFAULT)
}

/// What `random` draws for an agent and a ticket: the same for the same seed, on every machine.
///
/// FNV-1a over the agent's id, mixed with seed, ticket and attempt by the finaliser of `SplitMix64` (Steele, Lea, Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014).
#[must_use]
pub fn draw(seed: u64, arrival_seq: u64, attempt: u32, agent: &AgentId) -> i64 {
    let name = draw::of_name(agent.as_str());
    let mixed = seed ^ name ^ arrival_seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (u64::from(attempt) << 32);
    i64::try_from(draw::spread(mixed) >> 1).expect("63 bits fit")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TICKETS: u64 = 6_000;

    fn agents(count: u64) -> Vec<AgentId> {
        (0..count).map(|number| AgentId::parse(&format!("agent-{number}")).unwrap()).collect()
    }

    fn winner(seed: u64, ticket: u64, attempt: u32, agents: &[AgentId]) -> usize {
        let draws = agents.iter().map(|agent| draw(seed, ticket, attempt, agent));
        draws.enumerate().min_by_key(|(_, drawn)| *drawn).map(|(place, _)| place).unwrap()
    }

    /// How often each of a row of places was won.
    fn tally(places: usize, winners: impl Iterator<Item = usize>) -> Vec<u64> {
        let mut won = vec![0; places];
        winners.for_each(|winner| won[winner] += 1);
        won
    }

    /// Whether all are within six standard deviations of their fair share.
    fn fair(won: &[u64]) -> bool {
        let (total, share) = (won.iter().sum::<u64>(), won.iter().sum::<u64>() / won.len() as u64);
        let deviation = (total / won.len() as u64).isqrt();
        won.iter().all(|count| count.abs_diff(share) <= 6 * deviation)
    }

    #[test]
    fn every_agent_draws_its_fair_share_of_tickets_in_a_row() {
        let agents = agents(6);
        for seed in [0, 42, u64::MAX] {
            let won = tally(agents.len(), (0..TICKETS).map(|ticket| winner(seed, ticket, 0, &agents)));
            assert!(fair(&won), "seed {seed}: {won:?}");
        }
    }

    #[test]
    fn who_won_a_ticket_says_nothing_of_the_next_ticket_or_the_next_attempt() {
        let agents = agents(3);
        let pair = |one: usize, other: usize| one * agents.len() + other;
        let next_ticket = (0..TICKETS).map(|n| pair(winner(42, n, 0, &agents), winner(42, n + 1, 0, &agents)));
        let next_attempt = (0..TICKETS).map(|n| pair(winner(42, n, 0, &agents), winner(42, n, 1, &agents)));
        // Tickets that are created one after the other are a few events apart.
        let third_event = (0..TICKETS).map(|n| pair(winner(42, 3 * n, 0, &agents), winner(42, 3 * n + 3, 0, &agents)));
        for (name, won) in [
            ("ticket", tally(9, next_ticket)),
            ("attempt", tally(9, next_attempt)),
            ("third event", tally(9, third_event)),
        ] {
            assert!(fair(&won), "{name}: {won:?}");
        }
    }

    #[test]
    fn a_draw_is_the_same_on_every_machine_and_never_negative() {
        let ana = AgentId::parse("ana").unwrap();
        assert_eq!(draw(42, 7, 1, &ana), DRAWN_FOR_ANA);
        assert!((0..1_000).all(|ticket| draw(42, ticket, 0, &ana) >= 0));
    }

    /// As first drawn. Another value would make a replayed simulation take another course.
    const DRAWN_FOR_ANA: i64 = 1_635_133_182_621_139_299;
}

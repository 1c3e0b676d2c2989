//! What a seed means: how much is said in a run, and what may go wrong in it. A plan can be made smaller, and be said in a
//! line, so that what fails can be shrunk and run again.

use std::collections::BTreeSet;
use std::fmt;

use crate::dice::Dice;

/// A kind of thing that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The process is killed in the middle of whatever it does.
    Kill,
    /// So is the machine: what was not synced is lost in part.
    PowerCut,
    /// A write or a sync fails, or there is no room.
    BadDisk,
    /// A batch takes long to become durable.
    SlowDisk,
    /// The connection that consumes is lost.
    LostConsumer,
    /// The connection that publishes is lost, in the middle of a window or after it.
    LostPublisher,
    /// The broker takes no publications for a while.
    Blocked,
    /// The broker refuses publications.
    Refused,
    /// No queue is bound for the assignments of a role.
    Unbound,
    /// What is published comes twice.
    Twice,
    /// What is published overtakes what was published before.
    Overtaking,
    /// The machine's clock jumps by up to an hour.
    ClockJump,
    /// The daemon is told to end, and started again.
    Drain,
    /// The catalogue changes.
    Reload,
    /// The process dies over some messages, however often it tries.
    Poison,
    /// Some of what is said is said over HTTP: it is answered when it is durable, and said again where it was not.
    OverHttp,
    /// The first catalogue has no roles; they come with a reload.
    RolesLate,
}

impl Fault {
    pub(crate) const ALL: [Self; 17] = [
        Self::Kill,
        Self::PowerCut,
        Self::BadDisk,
        Self::SlowDisk,
        Self::LostConsumer,
        Self::LostPublisher,
        Self::Blocked,
        Self::Refused,
        Self::Unbound,
        Self::Twice,
        Self::Overtaking,
        Self::ClockJump,
        Self::Drain,
        Self::Reload,
        Self::Poison,
        Self::OverHttp,
        Self::RolesLate,
    ];
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) tickets: u64,
    pub(crate) agents: u64,
    /// How often the daemon ends before its last life: each time by one of the faults that end it.
    pub(crate) ends: u64,
    pub(crate) faults: BTreeSet<Fault>,
}

impl Plan {
    /// What this seed means.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed ^ 0x9e37_79b9_7f4a_7c15);
        let usual = Fault::ALL.into_iter().filter(|fault| *fault != Fault::RolesLate);
        let faults = usual.filter(|_| dice.per_mille(500)).collect();
        let (tickets, agents, ends) = (dice.between(10, 40), dice.between(2, 6), dice.between(1, 8));
        let mut plan = Self { seed, tickets, agents, ends, faults };
        // Drawn last: of a seed without it, all else is what it was before there was this fault.
        if dice.per_mille(125) {
            plan.faults.insert(Fault::RolesLate);
        }
        plan
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    #[cfg(debug_assertions)]
    pub(crate) fn with(mut self, faults: &[Fault]) -> Self {
        self.faults = faults.iter().copied().collect();
        self
    }

    /// Those that this one can be shrunk to, the greatest step first.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut smaller: Vec<Self> = Vec::new();
        for fault in &self.faults {
            let mut without = self.clone();
            without.faults.remove(fault);
            smaller.push(without);
        }
        for tickets in [self.tickets / 4, self.tickets / 2, self.tickets.saturating_sub(1)] {
            smaller.push(Self { tickets: tickets.max(1), ..self.clone() });
        }
        for ends in [0, self.ends / 2, self.ends.saturating_sub(1)] {
            smaller.push(Self { ends, ..self.clone() });
        }
        smaller.push(Self { agents: (self.agents - 1).max(1), ..self.clone() });
        smaller.retain(|plan| plan != self);
        smaller
    }

    /// Reads what `Display` writes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let mut number = || words.next()?.parse().ok();
        let (seed, tickets, agents, ends) = (number()?, number()?, number()?, number()?);
        let named = |word: &str| Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == word);
        let faults = words.map(named).collect::<Option<_>>()?;
        Some(Self { seed, tickets, agents, ends, faults })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, tickets, agents, ends, faults } = self;
        write!(formatter, "{seed} {tickets} {agents} {ends}")?;
        faults.iter().try_for_each(|fault| write!(formatter, " {fault:?}"))
    }
}

#[test]
fn a_plan_can_be_said_and_read() {
    let plan = Plan::of(7);
    assert_eq!(Plan::parse(&plan.to_string()), Some(plan));
}

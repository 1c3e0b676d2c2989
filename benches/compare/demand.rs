//! What tickets ask for and what agents have, by their numbers: the same for everybody who is compared.

/// How many agents work, and how many tickets wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) name: &'static str,
    pub(crate) agents: u32,
    pub(crate) waiting: u32,
}

/// For those to whom a decision is a look at everything.
pub(crate) const TINY: Size = Size { name: "100_1k", agents: 100, waiting: 1_000 };
pub(crate) const SMALL: Size = Size { name: "1k_10k", agents: 1_000, waiting: 10_000 };
pub(crate) const MIDDLE: Size = Size { name: "10k_100k", agents: 10_000, waiting: 100_000 };

/// Each ticket is for one of so many roles, and each agent has two of them.
pub(crate) const ROLES: u32 = 8;
/// Languages: an agent speaks one, and one in four tickets asks for one.
pub(crate) const LANGUAGES: u32 = 4;
/// Levels of priority.
const PRIORITIES: u32 = 10;

/// What a ticket asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) number: u32,
    pub(crate) role: u32,
    pub(crate) priority: u32,
    pub(crate) language: Option<u32>,
}

/// What an agent has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agent {
    pub(crate) roles: [u32; 2],
    pub(crate) language: u32,
}

pub(crate) fn ticket(number: u32) -> Ticket {
    Ticket {
        number,
        role: number % ROLES,
        priority: number / ROLES % PRIORITIES,
        language: number.is_multiple_of(4).then_some(number / 4 % LANGUAGES),
    }
}

pub(crate) fn agent(number: u32) -> Agent {
    Agent { roles: [number % ROLES, number / ROLES % ROLES], language: number / 3 % LANGUAGES }
}

impl Agent {
    pub(crate) fn may_take(self, ticket: Ticket) -> bool {
        self.roles.contains(&ticket.role) && ticket.language.is_none_or(|language| language == self.language)
    }
}

/// Which of the agents is done next: all take turns, in an order that is none.
pub(crate) fn done_next(turn: u32, agents: u32) -> u32 {
    // A step that has no factor in common with the sizes above.
    turn.wrapping_mul(7_919) % agents
}

//! Nothing but the structures: a priority queue per role and language, the idle agents in order.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use priority_queue::PriorityQueue;

use crate::Decider;
use crate::demand::{LANGUAGES, ROLES, Size, Ticket, agent, done_next, ticket};

/// Higher first, then older.
type Rank = (u32, Reverse<u32>);

pub(crate) struct Bare {
    /// By role, then by language; the last for tickets that ask for none.
    waiting: Vec<PriorityQueue<u32, Rank>>,
    /// By role and language: since when, and who.
    idle: Vec<BTreeSet<(u32, u32)>>,
    agents: u32,
    arrived: u32,
    turn: u32,
}

impl Bare {
    pub(crate) fn saturated(size: Size) -> Self {
        let lines = (ROLES * (LANGUAGES + 1)) as usize;
        let mut bare = Self {
            waiting: (0..lines).map(|_| PriorityQueue::new()).collect(),
            idle: vec![BTreeSet::new(); (ROLES * LANGUAGES) as usize],
            agents: size.agents,
            arrived: 0,
            turn: 0,
        };
        // Everybody works on something else already.
        (0..size.waiting).for_each(|_| bare.arrive());
        bare
    }

    fn line(role: u32, language: Option<u32>) -> usize {
        (role * (LANGUAGES + 1) + language.unwrap_or(LANGUAGES)) as usize
    }

    fn arrive(&mut self) {
        let Ticket { number, role, priority, language } = ticket(self.arrived);
        self.arrived += 1;
        let languages = language.map_or(0..LANGUAGES, |language| language..language + 1);
        let benches = languages.map(|language| (role * LANGUAGES + language) as usize);
        let longest = benches.filter_map(|bench| Some((*self.idle[bench].first()?, bench))).min();
        match longest {
            Some((seat, _)) => self.leave_the_bench(seat),
            None => drop(self.waiting[Self::line(role, language)].push(number, (priority, Reverse(number)))),
        }
    }

    fn leave_the_bench(&mut self, (since, number): (u32, u32)) {
        let about = agent(number);
        for role in about.roles {
            self.idle[(role * LANGUAGES + about.language) as usize].remove(&(since, number));
        }
    }
}

impl Decider for Bare {
    fn decide(&mut self) {
        let number = done_next(self.turn, self.agents);
        self.turn = self.turn.wrapping_add(1);
        let about = agent(number);
        let lines =
            about.roles.into_iter().flat_map(|role| [Self::line(role, None), Self::line(role, Some(about.language))]);
        let best = lines.filter_map(|line| Some((*self.waiting[line].peek()?.1, line))).max();
        match best {
            Some((_, line)) => drop(self.waiting[line].pop()),
            None => {
                for role in about.roles {
                    self.idle[(role * LANGUAGES + about.language) as usize].insert((self.turn, number));
                }
            }
        }
        self.arrive();
    }
}

//! As one would write it on an afternoon: a heap per role, and a look at every agent for whoever is free.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Decider;
use crate::demand::{ROLES, Size, agent, done_next, ticket};

pub(crate) struct Scan {
    /// By role: priority, then age.
    waiting: Vec<BinaryHeap<(u32, Reverse<u32>)>>,
    /// Since when each agent is free.
    free_since: Vec<Option<u32>>,
    arrived: u32,
    turn: u32,
}

impl Scan {
    pub(crate) fn saturated(size: Size) -> Self {
        let mut scan = Self {
            waiting: (0..ROLES).map(|_| BinaryHeap::new()).collect(),
            free_since: vec![None; size.agents as usize],
            arrived: 0,
            turn: 0,
        };
        (0..size.waiting).for_each(|_| scan.arrive());
        scan
    }

    fn arrive(&mut self) {
        let ticket = ticket(self.arrived);
        self.arrived += 1;
        let free = (0_u32..)
            .zip(&self.free_since)
            .filter(|(number, since)| since.is_some() && agent(*number).may_take(ticket));
        match free.min_by_key(|(number, since)| (**since, *number)).map(|(number, _)| number) {
            Some(number) => self.free_since[number as usize] = None,
            None => self.waiting[ticket.role as usize].push((ticket.priority, Reverse(ticket.number))),
        }
    }

    /// Takes out the best of a role that an agent may take; what it may not take is put back.
    fn take_best_of(&mut self, role: u32, number: u32) -> Option<(u32, Reverse<u32>)> {
        let heap = &mut self.waiting[role as usize];
        let mut passed_over = Vec::new();
        let mut found = None;
        while let Some(head) = heap.pop() {
            if agent(number).may_take(ticket(head.1.0)) {
                found = Some(head);
                break;
            }
            passed_over.push(head);
        }
        heap.extend(passed_over);
        found
    }
}

impl Decider for Scan {
    fn decide(&mut self) {
        let number = done_next(self.turn, u32::try_from(self.free_since.len()).expect("a size fits"));
        self.turn = self.turn.wrapping_add(1);
        let [first, second] = agent(number).roles;
        match (self.take_best_of(first, number), self.take_best_of(second, number)) {
            (Some(one), Some(other)) if one > other => self.waiting[second as usize].push(other),
            (Some(one), Some(_)) => self.waiting[first as usize].push(one),
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) => self.free_since[number as usize] = Some(self.turn),
        }
        self.arrive();
    }
}

//! What is said to a contestant: the events, each under a number that its answer repeats.

use std::collections::VecDeque;

/// The role that the tickets are for.
pub(super) const ROLE: &str = "desk";
/// The role in which tickets wait for nobody.
pub(super) const PARKED: &str = "parked";

/// An event, ready to be sent.
pub(super) struct Spoken {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) body: Vec<u8>,
}

/// The events of one contestant. Every second one completes the ticket that came `lag` tickets before.
#[derive(Debug)]
pub(super) struct Script {
    lag: usize,
    next: u64,
    open: VecDeque<u64>,
}

impl Script {
    /// For so many agents, half of whom will be at work.
    pub(super) fn new(agents: u32) -> Self {
        Self { lag: Self::lag(agents), next: 0, open: VecDeque::new() }
    }

    fn lag(agents: u32) -> usize {
        (agents as usize / 2).clamp(1, 1_000)
    }

    /// How many tickets are to be assigned before the first is completed.
    pub(super) fn primer(&self) -> u64 {
        self.lag as u64
    }

    /// The number of the next event.
    pub(super) fn next_number(&self) -> u64 {
        self.next
    }

    /// The next event.
    pub(super) fn next_event(&mut self) -> Spoken {
        let number = self.next;
        self.next += 1;
        if self.open.len() > self.lag || (self.open.len() == self.lag && number % 2 == 1) {
            let ticket = self.open.pop_front().expect("it is at least one");
            return completed(number, ticket);
        }
        self.open.push_back(number);
        created(number)
    }
}

fn spoken(id: String, kind: &'static str, data: &str) -> Spoken {
    let body = format!(
        r#"{{"specversion":"1.0","id":"{id}","source":"/bench","type":"{kind}","time":"2026-11-22T05:00:00Z","data":{data}}}"#
    );
    Spoken { id, kind, body: body.into_bytes() }
}

fn created(number: u64) -> Spoken {
    let data = format!(
        r#"{{"ticket_id":"ticket-{number}","type":"invoice","channel":"task","role":"{ROLE}","priority":"normal","customer":{{"id":"customer-{}","tier":"gold","language":"de"}},"subject":"The invoice of last month","attributes":{{"order":"4711-{number}","country":"CH"}}}}"#,
        number % 1_000
    );
    spoken(number.to_string(), "ticket.created", &data)
}

fn completed(number: u64, ticket: u64) -> Spoken {
    let data = format!(r#"{{"ticket_id":"ticket-{ticket}","outcome":"solved"}}"#);
    spoken(number.to_string(), "ticket.completed", &data)
}

/// Whoever is there before the first ticket: the agents, one who is away, and the tickets that wait for that one.
pub(super) fn scene(agents: u32, waiting: u32) -> impl Iterator<Item = Spoken> {
    let agents = (0..agents).flat_map(|agent| {
        let registered =
            format!(r#"{{"agent_id":"agent-{agent}","roles":["{ROLE}"],"limits":{{"task":1}},"skills":{{"de":5}}}}"#);
        let present = format!(r#"{{"agent_id":"agent-{agent}","status":"online"}}"#);
        [
            spoken(format!("a{agent}"), "agent.registered", &registered),
            spoken(format!("o{agent}"), "agent.presence", &present),
        ]
    });
    let absent =
        spoken("absent".to_owned(), "agent.registered", &format!(r#"{{"agent_id":"absent","roles":["{PARKED}"]}}"#));
    let parked = (0..waiting).map(|ticket| {
        let data = format!(
            r#"{{"ticket_id":"parked-{ticket}","channel":"task","role":"{PARKED}","subject":"The invoice of last month"}}"#
        );
        spoken(format!("w{ticket}"), "ticket.created", &data)
    });
    agents.chain(std::iter::once(absent)).chain(parked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ticket_is_completed_once_and_no_more_are_open_than_agents_can_take() {
        let mut script = Script::new(10);
        let primer = script.primer();
        let kinds: Vec<_> = (0..100).map(|_| script.next_event().kind).collect();
        let created = kinds.iter().filter(|kind| **kind == "ticket.created").count();
        assert!(kinds[..primer as usize].iter().all(|kind| *kind == "ticket.created"));
        assert!(script.open.len() <= 6, "{}", script.open.len());
        assert_eq!(created - script.open.len(), 100 - created);
    }
}

//! The checker's own books: what the daemon says, held against what may happen, without a look into the daemon.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Value, json};

/// What an agent can hold at once, as [`crate::crowd::CONFIG`] has it.
const TASKS_MAX: u32 = 2;
const CALLS_MAX: u32 = 1;
const UNITS_MAX: u32 = 100;
const TASK_UNITS: u32 = 25;
const CALL_UNITS: u32 = 100;
/// Every so many tickets are paused and resumed on their way.
const PAUSED_EVERY: u64 = 10;

/// Where a ticket is, by what was said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Standing {
    Loose,
    Offered(Holding),
    Owned(Holding),
    Paused(Holding),
    Done,
}

/// Who holds a ticket, by which assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holding {
    agent: String,
    assignment: String,
}

/// A ticket can't go there from where it is.
struct Impossible;

#[derive(Debug, Default)]
struct Load {
    tasks: u32,
    calls: u32,
}

/// An event that somebody of the crowd publishes.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) data: Value,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    seen: HashMap<String, u64>,
    tickets: HashMap<String, Standing>,
    loads: HashMap<String, Load>,
    done: usize,
    pub(crate) repeats: usize,
    pub(crate) faults: Vec<String>,
}

impl Books {
    /// A ticket that will be published; returns the event.
    pub(crate) fn create(&mut self, number: u64, roles: u64) -> Deed {
        let ticket = format!("t{number}");
        let kind = if number.is_multiple_of(4) { "call.queued" } else { "ticket.created" };
        self.tickets.insert(ticket.clone(), Standing::Loose);
        deed(kind, &ticket, json!({ "ticket_id": ticket, "role": format!("r{}", number % roles) }))
    }

    pub(crate) fn created(&self) -> usize {
        self.tickets.len()
    }

    /// How many have not come to their end.
    pub(crate) fn undone(&self) -> usize {
        self.tickets.len() - self.done
    }

    pub(crate) fn heard(&self) -> usize {
        self.seen.len()
    }

    pub(crate) fn is_all_done(&self) -> bool {
        self.done == self.tickets.len()
    }

    /// Those that never came to their end.
    pub(crate) fn lost(&self) -> Vec<String> {
        let open = self.tickets.iter().filter(|(_, standing)| **standing != Standing::Done);
        open.map(|(ticket, standing)| format!("{ticket} {standing:?}")).collect()
    }

    /// Notes what the daemon said; returns what whoever it concerns does then.
    pub(crate) fn note(&mut self, routing_key: &str, body: &[u8]) -> Option<Deed> {
        let envelope: Value = serde_json::from_slice(body).expect("a body is JSON");
        let id = envelope["id"].as_str().expect("an id");
        let mut hasher = DefaultHasher::new();
        (routing_key, body).hash(&mut hasher);
        let print = hasher.finish();
        match self.seen.entry(id.to_owned()) {
            Entry::Vacant(entry) => drop(entry.insert(print)),
            Entry::Occupied(entry) => {
                self.repeats += 1;
                if *entry.get() != print {
                    self.faults.push(format!("a repeat that is not what it repeats: {envelope}"));
                }
                return None;
            }
        }
        let kind = envelope["type"].as_str().expect("a type");
        let data = &envelope["data"];
        if kind == "command.rejected" {
            self.faults.push(format!("rejected: {envelope}"));
        }
        let ticket = data["ticket_id"].as_str().filter(|_| kind != "command.rejected")?;
        self.step(kind, ticket, data).unwrap_or_else(|Impossible| {
            let standing = self.tickets.get(ticket);
            self.faults.push(format!("{kind} while {standing:?}: {envelope}"));
            None
        })
    }

    /// A ticket goes on.
    fn step(&mut self, kind: &str, ticket: &str, data: &Value) -> Result<Option<Deed>, Impossible> {
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let told = Holding { agent: text("agent_id"), assignment: text("assignment_id") };
        let is_call = data["channel"] == "call";
        let before = self.tickets.get(ticket).ok_or(Impossible)?.clone();
        let of_ticket = json!({ "ticket_id": ticket });
        let (after, then) = match (kind, before) {
            ("ticket.queued", Standing::Loose) => (Standing::Loose, None),
            ("assignment.offered", Standing::Loose) => {
                self.take(&told.agent, is_call);
                let answer = json!({ "ticket_id": ticket, "agent_id": told.agent });
                (Standing::Offered(told), Some(("call.answered", answer)))
            }
            ("assignment.assigned", Standing::Loose) => {
                self.take(&told.agent, is_call);
                let number: u64 = ticket[1..].parse().expect("ours have numbers");
                let kind = if number.is_multiple_of(PAUSED_EVERY) { "ticket.paused" } else { "ticket.completed" };
                (Standing::Owned(told), Some((kind, of_ticket)))
            }
            ("assignment.assigned", Standing::Offered(holding)) if holding == told => {
                (Standing::Owned(told), Some(("call.ended", of_ticket)))
            }
            ("assignment.paused", Standing::Owned(holding)) if holding == told => {
                self.free(&told.agent, is_call);
                (Standing::Paused(told), Some(("ticket.resumed", of_ticket)))
            }
            ("assignment.resumed", Standing::Paused(holding)) if holding == told => {
                self.take(&told.agent, is_call);
                (Standing::Owned(told), Some(("ticket.completed", of_ticket)))
            }
            ("assignment.completed", Standing::Owned(holding)) if holding == told => {
                self.free(&told.agent, is_call);
                self.done += 1;
                (Standing::Done, None)
            }
            _ => return Err(Impossible),
        };
        self.tickets.insert(ticket.to_owned(), after);
        Ok(then.map(|(kind, data)| deed(kind, ticket, data)))
    }

    fn take(&mut self, agent: &str, is_call: bool) {
        let load = self.loads.entry(agent.to_owned()).or_default();
        if is_call {
            load.calls += 1;
        } else {
            load.tasks += 1;
        }
        let units = load.calls * CALL_UNITS + load.tasks * TASK_UNITS;
        if load.calls > CALLS_MAX || load.tasks > TASKS_MAX || units > UNITS_MAX {
            self.faults.push(format!("{agent} is over a limit: {load:?}"));
        }
    }

    fn free(&mut self, agent: &str, is_call: bool) {
        let load = self.loads.entry(agent.to_owned()).or_default();
        let count = if is_call { &mut load.calls } else { &mut load.tasks };
        *count = count.checked_sub(1).expect("only what was taken is freed");
    }
}

/// Each of these happens to a ticket at most once, which makes its id.
fn deed(kind: &'static str, ticket: &str, data: Value) -> Deed {
    Deed { id: format!("{kind}/{ticket}"), kind, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(books: &mut Books, id: &str, kind: &str, agent: &str) -> Option<Deed> {
        let data = json!({ "ticket_id": "t1", "channel": "task", "agent_id": agent, "assignment_id": "a" });
        books.note(kind, json!({ "id": id, "type": kind, "data": data }).to_string().as_bytes())
    }

    #[test]
    fn two_owners_changed_repeats_and_lost_tickets_are_found() {
        let mut books = Books::default();
        books.create(1, 1);
        assert_eq!(said(&mut books, "1", "assignment.assigned", "anna").expect("a deed").kind, "ticket.completed");
        assert!(said(&mut books, "1", "assignment.assigned", "anna").is_none());
        assert_eq!((books.repeats, books.faults.len()), (1, 0));
        said(&mut books, "1", "assignment.assigned", "ben");
        assert_eq!(books.faults.len(), 1, "a changed repeat");
        said(&mut books, "2", "assignment.assigned", "ben");
        assert_eq!(books.faults.len(), 2, "two owners");
        assert_eq!(books.lost().len(), 1);
        said(&mut books, "3", "assignment.completed", "anna");
        assert!(books.is_all_done() && books.lost().is_empty());
        said(&mut books, "4", "ticket.queued", "");
        assert_eq!(books.faults.len(), 3, "order");
    }

    #[test]
    fn an_agent_over_a_limit_is_found() {
        let mut books = Books::default();
        books.take("anna", false);
        books.take("anna", false);
        assert!(books.faults.is_empty());
        books.take("anna", false);
        books.take("ben", true);
        books.take("ben", false);
        assert_eq!(books.faults.len(), 2);
    }
}

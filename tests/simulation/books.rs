//! The checker's own books: what was published, what came out, and whether the one follows from the other. It knows what
//! is documented, and nothing of the daemon. (After Jepsen's total-queue: lost, duplicated, unexpected, recovered.)

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use rolecall::broker::{Exchange, Publication};
use serde_json::Value;

use crate::people::{LIMITS, UNITS_MAX};

/// A message, read; each once, however often it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) kind: String,
    pub(crate) data: Value,
    time: String,
    correlation: Option<String>,
}

/// Where a ticket is, by what was heard last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    Waiting,
    ToBePulled,
    Unroutable,
    /// As far as was heard, nobody may take it: everybody there is may have given it away.
    OutOfReach,
    Offered(String, String, bool),
    Owned(String, String, bool),
    Paused,
}

#[expect(clippy::struct_excessive_bools, reason = "each says something of its own about the ticket")]
#[derive(Debug, Default)]
struct Ticket {
    asks_for_unknown_role: bool,
    asks_for_pull: bool,
    /// Nobody may take it, as was heard; that it is late as well, or in another queue, changes nothing of that.
    is_out_of_reach: bool,
    /// The number of the newest event that was heard.
    newest: u64,
    newest_kind: String,
    newest_data: Value,
    offers: Vec<(String, String, bool)>,
    has_ended: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Books {
    published: BTreeSet<String>,
    tickets: BTreeMap<String, Ticket>,
    answers_owed: BTreeSet<String>,
    /// With the code by which each has to be among the dead letters.
    dead_owed: BTreeMap<Vec<u8>, &'static str>,
    dead_heard: BTreeMap<Vec<u8>, u64>,
    /// By number.
    heard: BTreeMap<u64, Heard>,
    firsts: BTreeMap<String, Publication>,
    pub(crate) repeats: u64,
    pub(crate) faults: Vec<String>,
}

const ENDS: [&str; 3] = ["assignment.completed", "ticket.cancelled", "ticket.expired"];

impl Books {
    pub(crate) fn create(&mut self, ticket: &str, asks_for_unknown_role: bool, asks_for_pull: bool) {
        let ticket = self.tickets.entry(ticket.to_owned()).or_default();
        (ticket.asks_for_unknown_role, ticket.asks_for_pull) = (asks_for_unknown_role, asks_for_pull);
    }

    pub(crate) fn publish(&mut self, id: &str) {
        self.published.insert(id.to_owned());
    }

    pub(crate) fn expect_answer(&mut self, id: String) {
        self.answers_owed.insert(id);
    }

    pub(crate) fn expect_dead(&mut self, body: Vec<u8>, code: &'static str) {
        self.dead_owed.insert(body, code);
    }

    /// Whether this can be read, and nobody dies over it.
    pub(crate) fn is_sound(&self, body: &[u8]) -> bool {
        !self.dead_owed.contains_key(body)
    }

    fn fault(&mut self, what: impl Into<String>) {
        self.faults.push(what.into());
    }

    /// Different messages that were heard, dead letters among them.
    pub(crate) fn heard_count(&self) -> u64 {
        self.heard.len() as u64
    }

    /// How many dead letters there can have been: what comes again because its acknowledgement was lost is one more.
    pub(crate) fn dead_count(&self) -> std::ops::RangeInclusive<u64> {
        self.dead_heard.len() as u64..=self.dead_heard.values().sum()
    }

    pub(crate) fn tickets_count(&self) -> u64 {
        self.tickets.len() as u64
    }

    /// A message came out of an exchange; what it says, where it is no repeat.
    pub(crate) fn note(&mut self, publication: &Publication) -> Option<Heard> {
        if publication.exchange == Exchange::Dead {
            self.note_dead(publication);
            return None;
        }
        let id = publication.properties.message_id().unwrap_or_default().to_owned();
        match self.firsts.entry(id.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(publication.clone());
            }
            Entry::Occupied(first) => {
                self.repeats += 1;
                if first.get() != publication {
                    self.fault(format!("{id} came again with other bytes"));
                }
                return None;
            }
        }
        let envelope: Value = serde_json::from_slice(&publication.body).unwrap_or_default();
        let number = id.rsplit('-').next().and_then(|number| number.parse().ok());
        let Some(number) = number.filter(|_| envelope["id"] == id.as_str()) else {
            self.fault(format!("{id} is no id, or not that of {envelope}"));
            return None;
        };
        let heard = Heard {
            kind: envelope["type"].as_str().unwrap_or_default().to_owned(),
            data: envelope["data"].clone(),
            time: envelope["time"].as_str().unwrap_or_default().to_owned(),
            correlation: publication.properties.correlation_id().map(str::to_owned),
        };
        self.note_cause(&heard);
        self.note_ticket(number, &heard);
        self.heard.insert(number, heard.clone());
        Some(heard)
    }

    fn note_dead(&mut self, publication: &Publication) {
        let error = publication.properties.header("x-rolecall-error");
        if error.is_none() || error != self.dead_owed.get(&publication.body).copied() {
            self.fault(format!("a dead letter that is none, for {error:?}"));
        }
        let count = self.dead_heard.entry(publication.body.clone()).or_default();
        self.repeats += u64::from(*count > 0);
        *count += 1;
    }

    fn note_cause(&mut self, heard: &Heard) {
        let Some(cause) = &heard.correlation else { return };
        if !self.published.contains(cause) {
            self.fault(format!("unexpected: {} because of {cause}, which nobody published", heard.kind));
        }
        if heard.kind == "command.rejected" {
            self.answers_owed.remove(cause);
        }
    }

    /// What whoever listens believes; and the order in which a ticket's events came.
    fn note_ticket(&mut self, number: u64, heard: &Heard) {
        let Some(id) = heard.data["ticket_id"].as_str().filter(|_| heard.kind != "command.rejected") else { return };
        let Some(ticket) = self.tickets.get_mut(id) else {
            return self.fault(format!("unexpected: {} of {id}, which nobody created", heard.kind));
        };
        if number < ticket.newest {
            let (kind, newest) = (&heard.kind, ticket.newest);
            let what = format!("out of order: {kind} ({number}) of {id} after {} ({newest})", ticket.newest_kind);
            return self.fault(what);
        }
        ticket.newest = number;
        if heard.kind == "ticket.automated" {
            // What is set of a ticket does not say where it is; what follows from it does.
            return;
        }
        match heard.kind.as_str() {
            "ticket.breached" | "ticket.at_risk" | "ticket.diverted" => {}
            kind => ticket.is_out_of_reach = kind == "ticket.unroutable",
        }
        ticket.newest_kind.clone_from(&heard.kind);
        ticket.newest_data = heard.data.clone();
        let text = |name: &str| heard.data[name].as_str().unwrap_or_default().to_owned();
        let assignment = text("assignment_id");
        match heard.kind.as_str() {
            "assignment.offered" => {
                ticket.offers.push((text("agent_id"), assignment, heard.data["channel"] == "call"));
            }
            "assignment.assigned" | "assignment.declined" | "assignment.expired" | "assignment.revoked" => {
                ticket.offers.retain(|(_, offered, _)| *offered != assignment);
            }
            kind if ENDS.contains(&kind) => ticket.has_ended = true,
            _ => {}
        }
    }

    /// Whether everything came to its end and everybody has their answer.
    pub(crate) fn nothing_is_open(&self) -> bool {
        self.tickets.values().all(|ticket| ticket.has_ended)
            && self.answers_owed.is_empty()
            && self.dead_owed.keys().all(|body| self.dead_heard.contains_key(body))
    }

    pub(crate) fn open_tickets(&self) -> Vec<(String, Standing)> {
        let open = self.tickets.iter().filter(|(_, ticket)| !ticket.has_ended);
        open.map(|(id, ticket)| (id.clone(), ticket.standing())).collect()
    }

    /// Closes the books: what is lost, and what should not have happened.
    pub(crate) fn close(&mut self) {
        for (id, standing) in self.open_tickets() {
            let newest = self.tickets.get(&id).map(|ticket| ticket.newest_kind.clone()).unwrap_or_default();
            self.fault(format!("lost: ticket {id} never came to its end ({standing:?}, {newest:?})"));
        }
        for id in std::mem::take(&mut self.answers_owed) {
            self.fault(format!("lost: {id} was never answered"));
        }
        for body in self.dead_owed.keys().filter(|body| !self.dead_heard.contains_key(*body)) {
            self.faults.push(format!("lost: no dead letter for {}", String::from_utf8_lossy(body)));
        }
        self.check_causes();
        let mut ledger = Ledger::default();
        for (number, heard) in &self.heard {
            if let Err(what) = ledger.note(heard) {
                self.faults.push(format!("{what} ({number}, {})", heard.data));
            }
        }
        if let Some(id) = ledger.holders.iter().find(|(_, holders)| !holders.is_free()) {
            self.faults.push(format!("held in the end: {id:?}"));
        }
    }

    /// An input is done once: all that follows from it follows at once.
    fn check_causes(&mut self) {
        let mut runs: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        let mut twice = Vec::new();
        let mut before: Option<&str> = None;
        for (number, heard) in &self.heard {
            let cause = heard.correlation.as_deref();
            if let Some(cause) = cause {
                match runs.get(cause) {
                    Some((_, time)) if before != Some(cause) || *time != heard.time => {
                        twice.push(format!("duplicated: {cause} was done again by {number}, {}", heard.kind));
                    }
                    _ => drop(runs.insert(cause, (*number, &heard.time))),
                }
            }
            before = cause;
        }
        self.faults.extend(twice);
    }
}

impl Ticket {
    fn standing(&self) -> Standing {
        let text = |name: &str| self.newest_data[name].as_str().unwrap_or_default().to_owned();
        if let Some((agent, assignment, is_call)) = self.offers.first() {
            return Standing::Offered(agent.clone(), assignment.clone(), *is_call);
        }
        match self.newest_kind.as_str() {
            "assignment.assigned" | "assignment.resumed" => {
                Standing::Owned(text("agent_id"), text("assignment_id"), self.newest_data["channel"] == "call")
            }
            "assignment.paused" => Standing::Paused,
            _ if self.asks_for_unknown_role => Standing::Unroutable,
            _ if self.is_out_of_reach => Standing::OutOfReach,
            _ if self.asks_for_pull || self.newest_data["role"] == "pull" => Standing::ToBePulled,
            _ => Standing::Waiting,
        }
    }
}

/// Who holds a ticket.
#[derive(Debug, Default)]
struct Holders {
    /// By assignment.
    offered: BTreeMap<String, String>,
    owner: Option<Owner>,
    has_ended: bool,
}

#[derive(Debug)]
struct Owner {
    assignment: String,
    agent: String,
    is_paused: bool,
}

impl Holders {
    fn is_free(&self) -> bool {
        self.offered.is_empty() && self.owner.is_none()
    }
}

/// All that happened in the order in which it happened: owners and limits.
#[derive(Debug, Default)]
struct Ledger {
    holders: BTreeMap<String, Holders>,
    loads: BTreeMap<(String, String), u64>,
}

impl Ledger {
    fn note(&mut self, heard: &Heard) -> Result<(), String> {
        if heard.kind == "command.rejected" {
            return Ok(());
        }
        let text = |name: &str| heard.data[name].as_str().unwrap_or_default().to_owned();
        if heard.kind == "agent.changed" {
            return self.check_told_load(&text("agent_id"), &heard.data["load"]);
        }
        let (agent, assignment, channel) = (text("agent_id"), text("assignment_id"), text("channel"));
        let holders = self.holders.entry(text("ticket_id")).or_default();
        let impossible = Err(format!("impossible: {} with {holders:?}", heard.kind));
        let owns = holders.owner.as_ref().is_some_and(|owner| owner.assignment == assignment && owner.agent == agent);
        let is_paused = holders.owner.as_ref().is_some_and(|owner| owner.is_paused);
        if holders.has_ended {
            return impossible;
        }
        match heard.kind.as_str() {
            "assignment.offered" if holders.owner.is_none() => {
                holders.offered.insert(assignment, agent.clone());
                self.load(&agent, channel)
            }
            "assignment.assigned" if holders.owner.is_none() => {
                let was_offered = holders.offered.remove(&assignment);
                if was_offered.as_ref().is_some_and(|offered| *offered != agent) {
                    return impossible;
                }
                holders.owner = Some(Owner { assignment, agent: agent.clone(), is_paused: false });
                if was_offered.is_some() { Ok(()) } else { self.load(&agent, channel) }
            }
            "assignment.declined" | "assignment.expired" | "assignment.revoked"
                if holders.offered.get(&assignment) == Some(&agent) =>
            {
                holders.offered.remove(&assignment);
                self.unload(agent, channel)
            }
            "assignment.revoked" | "assignment.completed" if owns => {
                holders.owner = None;
                holders.has_ended = heard.kind == "assignment.completed";
                if is_paused { Ok(()) } else { self.unload(agent, channel) }
            }
            "assignment.paused" if owns && !is_paused => {
                holders.pause(true);
                self.unload(agent, channel)
            }
            "assignment.resumed" if owns && is_paused => {
                holders.pause(false);
                self.load(&agent, channel)
            }
            "ticket.cancelled" | "ticket.expired" if holders.is_free() => {
                holders.has_ended = true;
                Ok(())
            }
            "ticket.queued" | "ticket.diverted" | "ticket.unroutable" if holders.owner.is_none() => Ok(()),
            "ticket.escalated" | "ticket.breached" | "ticket.at_risk" | "ticket.automated" | "catalogue.changed" => {
                Ok(())
            }
            _ => impossible,
        }
    }

    fn load(&mut self, agent: &str, channel: String) -> Result<(), String> {
        *self.loads.entry((agent.to_owned(), channel)).or_default() += 1;
        let held = |channel: &str| self.loads.get(&(agent.to_owned(), channel.to_owned())).copied().unwrap_or(0);
        let over = LIMITS.iter().find(|(channel, limit, _)| held(channel) > *limit);
        let units: u64 = LIMITS.iter().map(|(channel, _, cost)| held(channel) * cost).sum();
        match over {
            Some((channel, limit, _)) => Err(format!("over a limit: {agent} holds more than {limit} of {channel}")),
            None if units > UNITS_MAX => Err(format!("over a limit: {agent} holds {units} units")),
            None => Ok(()),
        }
    }

    fn unload(&mut self, agent: String, channel: String) -> Result<(), String> {
        let load = self.loads.entry((agent, channel)).or_default();
        *load = load.checked_sub(1).ok_or("impossible: more given back than held")?;
        Ok(())
    }

    /// What the daemon says of an agent's load: at least what is held (a slot may be taken by wrap-up too).
    fn check_told_load(&self, agent: &str, told: &Value) -> Result<(), String> {
        for (channel, limit, _) in LIMITS {
            let held = self.loads.get(&(agent.to_owned(), channel.to_owned())).copied().unwrap_or(0);
            let used = told[channel]["used"].as_u64().unwrap_or(0);
            if used < held || used > limit {
                return Err(format!("{agent} is told to use {used} of {limit} on {channel}, and holds {held}"));
            }
        }
        Ok(())
    }
}

impl Holders {
    fn pause(&mut self, is_paused: bool) {
        if let Some(owner) = &mut self.owner {
            owner.is_paused = is_paused;
        }
    }
}

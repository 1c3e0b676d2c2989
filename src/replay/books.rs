//! The books, kept from outside: what was published, what was heard, and whether the two can both be true.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::client::Heard;

use super::waits::Waits;

/// What became of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// An agent owned it, and it was completed.
    Completed,
    /// An agent owns it, or did until it was taken away again.
    Assigned,
    /// The customer went away before anybody answered, or is to be called back.
    Abandoned,
    /// It is still in a queue, or offered.
    Waiting,
    /// It was published, confirmed by the broker, and nothing was heard of it ever since.
    Lost,
}

/// The account of one ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Page {
    was_heard_of: bool,
    is_completed: bool,
    is_cancelled: bool,
    /// The assignment and its agent.
    owner: Option<(String, String)>,
    /// From creation to the first assignment, and for which role.
    wait: Option<(u64, String)>,
}

impl Page {
    fn fate(&self) -> Fate {
        match self {
            Self { is_completed: true, .. } => Fate::Completed,
            Self { wait: Some(_), .. } => Fate::Assigned,
            Self { is_cancelled: true, .. } => Fate::Abandoned,
            Self { was_heard_of: true, .. } => Fate::Waiting,
            Self { .. } => Fate::Lost,
        }
    }

    fn is_settled(&self) -> bool {
        self.is_completed || self.is_cancelled
    }
}

/// The sum of all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Account {
    /// Tickets published.
    pub tickets: usize,
    /// How many had which fate.
    pub fates: BTreeMap<Fate, usize>,
    /// Tickets that somebody came to own while somebody else did. Must be 0.
    pub owned_twice: u64,
    /// Events that came again under their old ids.
    pub repeats: u64,
    /// Events that came again under an old id and said something else. Must be 0.
    pub altered: u64,
    /// Rejected commands, by code.
    pub rejections: BTreeMap<String, u64>,
    /// From creation to the first assignment, by role, in milliseconds of this clock.
    pub waits_ms: BTreeMap<String, Waits>,
}

impl Account {
    /// How many had that fate.
    #[must_use]
    pub fn count(&self, fate: Fate) -> usize {
        self.fates.get(&fate).copied().unwrap_or(0)
    }
}

/// The books. They know of no ticket but those that were entered.
#[derive(Debug, Default)]
pub struct Books {
    pages: HashMap<String, Page>,
    open_count: usize,
    /// A digest of each event that was heard.
    seen: HashMap<String, u64>,
    owned_twice: u64,
    repeats: u64,
    altered: u64,
    rejections: BTreeMap<String, u64>,
}

impl Books {
    /// A ticket is about to be published.
    pub fn enter(&mut self, ticket: &str) {
        if self.pages.insert(ticket.to_owned(), Page::default()).is_none() {
            self.open_count += 1;
        }
    }

    /// Tickets that are neither completed nor cancelled.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.open_count
    }

    /// Notes what was heard. False where it was heard before.
    pub fn hear(&mut self, heard: &Heard) -> bool {
        let mut hasher = DefaultHasher::new();
        (&heard.kind, heard.at, serde_json::to_string(&heard.data).unwrap_or_default()).hash(&mut hasher);
        let digest = hasher.finish();
        if let Some(known) = self.seen.insert(heard.id.clone(), digest) {
            self.repeats += 1;
            self.altered += u64::from(known != digest);
            return false;
        }
        if heard.kind == "command.rejected" {
            *self.rejections.entry(heard.text("code").unwrap_or("no code").to_owned()).or_default() += 1;
        } else if let Some(page) = heard.ticket().and_then(|ticket| self.pages.get_mut(ticket)) {
            let was_settled = page.is_settled();
            self.owned_twice += u64::from(page.note(heard));
            self.open_count -= usize::from(page.is_settled() && !was_settled);
        }
        true
    }

    /// The sum of all, so far.
    #[must_use]
    pub fn account(&self) -> Account {
        let mut account = Account {
            tickets: self.pages.len(),
            owned_twice: self.owned_twice,
            repeats: self.repeats,
            altered: self.altered,
            rejections: self.rejections.clone(),
            ..Account::default()
        };
        for page in self.pages.values() {
            *account.fates.entry(page.fate()).or_default() += 1;
            if let Some((wait_ms, role)) = &page.wait {
                #[expect(clippy::cast_precision_loss, reason = "a wait for people")]
                account.waits_ms.entry(role.clone()).or_default().add(*wait_ms as f64);
            }
        }
        account
    }

    /// Some tickets of that fate, for whoever has to look into it.
    #[must_use]
    pub fn examples(&self, fate: Fate, count_max: usize) -> Vec<&str> {
        let mut tickets: Vec<_> =
            self.pages.iter().filter(|(_, page)| page.fate() == fate).map(|(ticket, _)| ticket.as_str()).collect();
        tickets.sort_unstable();
        tickets.truncate(count_max);
        tickets
    }
}

impl Page {
    /// Notes what happened to the ticket. True where it came to have two owners.
    fn note(&mut self, heard: &Heard) -> bool {
        self.was_heard_of = true;
        let assignment = heard.assignment().unwrap_or_default();
        match heard.kind.as_str() {
            "assignment.assigned" => {
                let owner = (assignment.to_owned(), heard.agent().unwrap_or_default().to_owned());
                let had_another = self.owner.as_ref().is_some_and(|had| *had != owner) || self.is_settled();
                self.owner = Some(owner);
                let waited_ms = heard.number("waited_ms").unwrap_or(0);
                self.wait.get_or_insert_with(|| (waited_ms, heard.role().unwrap_or_default().to_owned()));
                return had_another;
            }
            "assignment.revoked" if self.owner.as_ref().is_some_and(|(owned, _)| owned == assignment) => {
                self.owner = None;
            }
            "assignment.completed" => {
                self.is_completed = true;
                self.owner = None;
            }
            "ticket.cancelled" | "ticket.expired" | "ticket.callback" => self.is_cancelled = true,
            _ => {}
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::routing::Timestamp;

    use super::*;

    fn heard(id: &str, kind: &str, ticket: &str, assignment: &str, agent: &str) -> Heard {
        let data =
            json!({"ticket_id": ticket, "assignment_id": assignment, "agent_id": agent, "role": "r", "waited_ms": 5});
        let serde_json::Value::Object(data) = data else { unreachable!("an object was written") };
        Heard { id: id.to_owned(), kind: kind.to_owned(), at: Timestamp(1), data }
    }

    fn books() -> Books {
        let mut books = Books::default();
        for ticket in ["t1", "t2", "t3", "t4", "t5", "t6"] {
            books.enter(ticket);
        }
        books
    }

    #[test]
    fn every_ticket_has_one_fate() {
        let mut books = books();
        for event in [
            heard("1", "assignment.assigned", "t1", "a1", "ana"),
            heard("2", "assignment.completed", "t1", "a1", "ana"),
            heard("3", "ticket.queued", "t2", "", ""),
            heard("4", "ticket.cancelled", "t2", "", ""),
            heard("5", "assignment.assigned", "t3", "a3", "ben"),
            heard("6", "assignment.offered", "t4", "a4", "ana"),
            heard("7", "ticket.queued", "t6", "", ""),
            heard("8", "ticket.callback", "t6", "", ""),
        ] {
            assert!(books.hear(&event));
        }
        let account = books.account();
        let fates = [Fate::Completed, Fate::Abandoned, Fate::Assigned, Fate::Waiting, Fate::Lost];
        assert_eq!(fates.map(|fate| account.count(fate)), [1, 2, 1, 1, 1]);
        assert_eq!((account.owned_twice, books.open_count()), (0, 3));
        assert_eq!(books.examples(Fate::Lost, 10), ["t5"]);
    }

    #[test]
    fn a_second_owner_is_noticed_unless_the_first_has_given_it_up() {
        let mut books = books();
        books.hear(&heard("1", "assignment.assigned", "t1", "a1", "ana"));
        books.hear(&heard("2", "assignment.revoked", "t1", "a1", "ana"));
        books.hear(&heard("3", "assignment.assigned", "t1", "a2", "ben"));
        assert_eq!(books.account().owned_twice, 0);
        books.hear(&heard("4", "assignment.assigned", "t1", "a3", "ana"));
        assert_eq!(books.account().owned_twice, 1);
    }

    #[test]
    fn whoever_owns_what_was_completed_owns_it_twice() {
        let mut books = books();
        books.hear(&heard("1", "assignment.assigned", "t1", "a1", "ana"));
        books.hear(&heard("2", "assignment.completed", "t1", "a1", "ana"));
        books.hear(&heard("3", "assignment.assigned", "t1", "a2", "ana"));
        assert_eq!(books.account().owned_twice, 1);
    }

    #[test]
    fn a_repeat_changes_nothing_and_one_that_says_something_else_is_noticed() {
        let mut books = books();
        let assigned = heard("1", "assignment.assigned", "t1", "a1", "ana");
        assert!(books.hear(&assigned));
        assert!(!books.hear(&assigned));
        assert!(!books.hear(&heard("1", "assignment.assigned", "t1", "a1", "ben")));
        let account = books.account();
        assert_eq!((account.repeats, account.altered, account.owned_twice), (2, 1, 0));
    }
}

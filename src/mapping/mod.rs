//! What another system says, as an event of `docs/events.md`: the mapping of its JSON, declared in the configuration.
//!
//! A [`Mapping`] has rules, tried in their order. The first whose conditions hold says which event it is and what its
//! members are made of: places in the JSON, headers, texts around them, and translations. What no rule fits is nothing to
//! do with us. A new helpdesk or switch is a table of the configuration, and no code.
//!
//! Invariants: a mapping that was read fits the events that it makes, member by member ([`Shape`]), and what it always says
//! was tried on their reader ([`Place`]); what was there and could not be used is noted ([`LeftOut`]); no payload makes this
//! room panic; what comes of a payload is no larger than a few times the payload and the mapping. Whether the payload may be
//! believed is looked at before; whether the event is a proper one afterwards, by the reader of all events.
//!
//! This room knows `wire`, for the kinds of events and their members, and nobody else.

mod condition;
mod fit;
mod left_out;
mod moment;
mod path;
mod reference;
mod shape;
mod term;
mod trial;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub use condition::{Condition, Test};
pub use left_out::LeftOut;
pub use moment::Epoch;
pub use path::{Path, PathError};
pub use reference::{Reference, ReferenceError, Template};
pub use shape::{Member, Shape, alternatives, members};
pub use term::{Found, Term};
pub use trial::{Place, sample};

use crate::wire::EventKind;
use crate::wire::bounds::EVENT_ID_LENGTH_MAX;

/// What another system sent.
pub struct Payload<'a> {
    /// As it came.
    pub bytes: &'a [u8],
    /// The same, read.
    pub body: &'a Value,
    /// Its headers, by name whatever their case; of a message its properties.
    pub header: &'a dyn Fn(&str) -> Option<String>,
}

/// When it is which event, and what that is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which event.
    pub kind: EventKind,
    /// All of these have to hold.
    pub when: Vec<Condition>,
    /// The members of its `data`.
    pub data: Vec<(String, Term)>,
}

/// The mapping of one system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping {
    /// How that system calls its delivery, which it calls the same when it tries again; the first that is there.
    pub delivery: Vec<Template>,
    /// Tried in this order.
    pub rules: Vec<Rule>,
}

/// An event that came of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped {
    /// Which.
    pub kind: EventKind,
    /// Its id: the same for the same delivery.
    pub id: String,
    /// Its `data`.
    pub data: Map<String, Value>,
    /// What of it was there and could not be used.
    pub left_out: LeftOut,
    /// Which rule made it, from 0.
    pub rule: usize,
}

impl Mapping {
    /// The event that this is; `None` where it is nothing to do with us.
    #[must_use]
    pub fn map(&self, payload: &Payload<'_>) -> Option<Mapped> {
        let fits = |rule: &&Rule| rule.when.iter().all(|condition| condition.holds(payload));
        let (rule, found) = self.rules.iter().enumerate().find(|(_, rule)| fits(rule))?;
        let mut left_out = LeftOut::default();
        let member = |(name, term): &(String, Term)| {
            Some((name.clone(), term.evaluate(payload, &format!("$.{name}"), &mut left_out)?))
        };
        let data = found.data.iter().filter_map(member).collect();
        Some(Mapped { kind: found.kind, id: self.id(payload), data, left_out, rule })
    }

    /// What the delivery is called by its sender, or else what follows from its bytes.
    fn id(&self, payload: &Payload<'_>) -> String {
        match self.delivery.iter().find_map(|delivery| delivery.render(payload).ok()) {
            Some(id) if id.len() <= EVENT_ID_LENGTH_MAX => id,
            Some(id) => digest(id.as_bytes()),
            None => digest(payload.bytes),
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests;

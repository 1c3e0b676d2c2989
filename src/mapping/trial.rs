//! Whether the reader of events takes what a mapping always says: tried before anything comes.

use serde_json::{Map, Value, json};

use super::shape::{Shape, alternatives, members};
use crate::wire::{self, EventKind, Form, RawEvent};

/// A place within the `data` of an event.
#[derive(Debug, Clone)]
pub struct Place {
    kind: EventKind,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
enum Step {
    Member(String),
    Element,
}

impl Place {
    /// That of a member.
    #[must_use]
    pub fn new(kind: EventKind, member: &str) -> Self {
        Self { kind, steps: vec![Step::Member(member.to_owned())] }
    }

    /// A member of what is here.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        self.then(Step::Member(name.to_owned()))
    }

    /// Any element of the list that is here.
    #[must_use]
    pub fn element(&self) -> Self {
        self.then(Step::Element)
    }

    fn then(&self, step: Step) -> Self {
        Self { kind: self.kind, steps: self.steps.iter().cloned().chain([step]).collect() }
    }

    /// What the reader of events expected in place of this value; `None` where it takes it.
    #[must_use]
    pub fn refusal(&self, value: &Value) -> Option<String> {
        let wrap = |inner: Value, step: &Step| match step {
            Step::Member(name) => json!({ name: inner }),
            Step::Element => json!([inner]),
        };
        let mut data = self.rest();
        if let Value::Object(tried) = self.steps.iter().rev().fold(value.clone(), wrap) {
            data.extend(tried);
        }
        let body = serde_json::to_vec(&data).expect("JSON has string keys");
        let raw =
            RawEvent { body: &body, form: Some(Form::Plain), kind: Some(self.kind.as_str()), ..RawEvent::default() };
        wire::check(&raw).err().map(|unreadable| expectation(&unreadable.detail))
    }

    /// What the event has to have besides.
    fn rest(&self) -> Map<String, Value> {
        let alternatives = alternatives(self.kind);
        let is_one = |step: &Step| matches!(step, Step::Member(name) if alternatives.contains(name));
        let other = alternatives.first().filter(|_| !self.steps.first().is_some_and(is_one)).cloned();
        let required = members(self.kind).into_iter().filter(|it| it.is_required || Some(&it.name) == other.as_ref());
        required.map(|member| (member.name, sample(&member.shape))).collect()
    }
}

/// A value that fits such a member, whatever else is said of it.
#[must_use]
pub fn sample(shape: &Shape) -> Value {
    match shape {
        Shape::Text | Shape::Scalar => json!("x"),
        Shape::Flag => json!(true),
        Shape::Number | Shape::Level => json!(1),
        Shape::Names | Shape::Skills | Shape::Rows(_) => json!([]),
        Shape::Table(_) | Shape::Named(_) => json!({}),
        Shape::Other => Value::Null,
    }
}

/// Of `$.skills.de: expected a whole number from 1 to 10, found 11` what was expected.
fn expectation(detail: &str) -> String {
    let expected = detail.split_once(": expected ").map_or(detail, |(_, expected)| expected);
    expected.rsplit_once(", found ").map_or(expected, |(expected, _)| expected).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_is_refused_for_itself_alone() {
        for kind in EventKind::ALL {
            for member in members(kind).iter().filter(|member| member.is_required) {
                assert_eq!(Place::new(kind, &member.name).refusal(&sample(&member.shape)), None, "{kind}");
            }
        }
        let skills = Place::new(EventKind::TicketCreated, "skills");
        assert_eq!(skills.refusal(&json!(["de"])), None);
        assert_eq!(skills.member("de").refusal(&json!(11)).as_deref(), Some("a whole number from 1 to 10"));
        let tickets = Place::new(EventKind::AgentReconciled, "tickets").element();
        assert_eq!(tickets.member("ticket_id").refusal(&json!("T")), None);
        assert!(tickets.member("ticket_id").refusal(&json!("")).is_some());
        let queued = Place::new(EventKind::CallQueued, "channel");
        assert_eq!(queued.refusal(&json!("chat")).as_deref(), Some("\"call\" or nothing"));
    }
}

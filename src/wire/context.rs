//! What goes along with an event beside its data: from the inbound event to those that follow from it, and from the one that
//! brought a ticket to all that is said of the ticket.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::routing::{Command, PassedOn};

/// The extensions of `CloudEvents` that say one trace together. Those of two traces are never mixed.
const OF_A_TRACE: [&str; 2] = ["traceparent", "tracestate"];

/// What an inbound event passes on to the events that follow from it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// The inbound event's id.
    pub correlation_id: Option<String>,
    /// The header `traceparent`.
    pub traceparent: Option<String>,
    /// The trace that was begun for it, where it came with none: of no use to what has a trace already.
    pub begun: Option<String>,
    /// The extension attributes of its envelope.
    pub extensions: Map<String, Value>,
}

impl Context {
    /// The header `traceparent` of what follows.
    pub(super) fn trace(&self) -> Option<&str> {
        self.traceparent.as_deref().or(self.begun.as_deref())
    }

    /// Has a ticket that comes keep what the event passes on that brings it.
    pub fn entrust_to(&self, command: &mut Command) {
        let Command::CreateTicket { spec, .. } = command else { return };
        if self.trace().is_none() && self.extensions.is_empty() {
            return;
        }
        let extensions = (!self.extensions.is_empty()).then(|| {
            serde_json::to_string(&self.extensions).expect("an object of scalars can be written as JSON").into()
        });
        spec.beside.passed_on = Some(Arc::new(PassedOn { traceparent: self.trace().map(Into::into), extensions }));
    }

    /// This, and beyond it what a ticket passes on of which the message tells. What the cause says itself goes before.
    pub(super) fn along_with(&self, ticket: Option<&PassedOn>) -> Cow<'_, Self> {
        let Some(ticket) = ticket else { return Cow::Borrowed(self) };
        let mut both = self.clone();
        let has_a_trace = self.has_a_trace();
        if !has_a_trace {
            both.traceparent = ticket.traceparent.as_deref().map(str::to_owned);
        }
        for (name, value) in extensions(ticket) {
            if !has_a_trace || !OF_A_TRACE.contains(&name.as_str()) {
                both.extensions.entry(name).or_insert(value);
            }
        }
        if both.has_a_trace() {
            both.begun = None;
        }
        Cow::Owned(both)
    }

    /// Whether it came with a trace, in whichever way.
    fn has_a_trace(&self) -> bool {
        self.traceparent.is_some() || OF_A_TRACE.iter().any(|name| self.extensions.contains_key(*name))
    }
}

/// The extension attributes that a ticket passes on. They were written by [`Context::entrust_to`]: where somebody had the
/// journal say something else, that is no reason to say nothing of the ticket.
fn extensions(ticket: &PassedOn) -> Map<String, Value> {
    let written = ticket.extensions.as_deref();
    written.and_then(|written| serde_json::from_str(written).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::{ChannelName, TicketId, TicketSpec};
    use serde_json::json;

    fn context(traceparent: Option<&str>, extensions: Value) -> Context {
        let Value::Object(extensions) = extensions else { panic!("an object") };
        Context { traceparent: traceparent.map(str::to_owned), extensions, ..Context::default() }
    }

    /// What a ticket keeps that comes with that.
    fn kept(context: &Context) -> Option<Arc<PassedOn>> {
        let spec = TicketSpec::on(ChannelName::parse("call").unwrap());
        let mut command = Command::CreateTicket { ticket: TicketId::parse("T").unwrap(), spec: Box::new(spec) };
        context.entrust_to(&mut command);
        let Command::CreateTicket { spec, .. } = command else { unreachable!("it is the same") };
        spec.beside.passed_on.clone()
    }

    #[test]
    fn what_a_ticket_came_with_is_told_as_it_came_and_what_came_with_nothing_keeps_nothing() {
        assert_eq!(kept(&Context::default()), None);
        let came = context(Some("00-1"), json!({ "tenant": "eu", "n": 18_446_744_073_709_551_615_u64, "share": 0.5 }));
        let ticket = kept(&came).expect("something");
        assert_eq!(*Context::default().along_with(Some(&ticket)), came);
        assert_eq!(*came.along_with(Some(&ticket)), came);
        assert_eq!(*came.along_with(None), came);
    }

    #[test]
    fn the_cause_goes_before_the_ticket_name_by_name() {
        let ticket = kept(&context(None, json!({ "tenant": "eu", "shift": "early" }))).expect("something");
        let cause = context(None, json!({ "tenant": "us", "desk": 4 }));
        let expected = context(None, json!({ "tenant": "us", "desk": 4, "shift": "early" }));
        assert_eq!(*cause.along_with(Some(&ticket)), expected);
    }

    #[test]
    fn a_trace_is_the_causes_or_the_tickets_and_never_some_of_both() {
        let came = context(Some("00-1"), json!({ "traceparent": "00-1", "tracestate": "a=1", "tenant": "eu" }));
        let ticket = kept(&came).expect("something");
        let by_header = context(Some("00-2"), json!({}));
        let expected = context(Some("00-2"), json!({ "tenant": "eu" }));
        assert_eq!(*by_header.along_with(Some(&ticket)), expected);
        let by_extension = context(None, json!({ "traceparent": "00-2" }));
        let expected = context(None, json!({ "traceparent": "00-2", "tenant": "eu" }));
        assert_eq!(*by_extension.along_with(Some(&ticket)), expected);
    }

    #[test]
    fn a_trace_that_was_begun_for_the_cause_gives_way_to_the_tickets() {
        let begun = |trace: &str| Context { begun: Some(trace.to_owned()), ..Context::default() };
        let with_a_trace = kept(&context(Some("00-1"), json!({}))).expect("something");
        assert_eq!(begun("00-2").along_with(Some(&with_a_trace)).trace(), Some("00-1"));
        let without = kept(&context(None, json!({ "tenant": "eu" }))).expect("something");
        assert_eq!(begun("00-2").along_with(Some(&without)).trace(), Some("00-2"));
        let by_us = kept(&begun("00-3")).expect("something");
        assert_eq!(begun("00-2").along_with(Some(&by_us)).trace(), Some("00-3"));
    }
}

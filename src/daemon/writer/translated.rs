//! Messages of the broker in the words of other systems: read by the mapping that the configuration has for their routing
//! key. What is no event of the mapping is acknowledged, and that was all; what should be one and is none is a dead letter, as
//! it came.

use super::{Taken, Writer, raw};
use crate::broker::Delivery;
use crate::daemon::hooks::Inlet;
use crate::journal::JournalError;
use crate::mapping::Payload;
use crate::routing::{Timestamp, Verdict};
use crate::telemetry::occurrence::{HookDealtWith, HookLeftOut, HookOutcome};
use crate::wire::{self, Form, RawEvent, Unambiguous, Unreadable, UnreadableCode};

impl Writer {
    /// Takes a message that is no event of ours.
    pub(super) fn take_unknown(
        &mut self,
        delivery: Delivery,
        unreadable: &Unreadable,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let inlet = match unreadable.code {
            UnreadableCode::UnknownType => self.inlets.find(&delivery.routing_key),
            _ => None,
        };
        if let Some(inlet) = inlet {
            return self.translate(&inlet, delivery, now);
        }
        self.bury(delivery, unreadable);
        Ok(())
    }

    fn translate(&mut self, inlet: &Inlet, delivery: Delivery, now: Timestamp) -> Result<(), JournalError> {
        let count = |outcome| HookDealtWith { hook: &inlet.name, outcome }.emit();
        let read_from = self.tracer.now();
        let message = raw(&delivery);
        // What is too large has been kept back, and what is nested too deep is no JSON to this reader.
        let body = match serde_json::from_slice(&delivery.body) {
            Ok(Unambiguous(body)) => body,
            Err(error) => {
                count(HookOutcome::Unreadable);
                let is_ambiguous = error.is_data();
                let detail =
                    if is_ambiguous { error.to_string() } else { "expected JSON, found something else".to_owned() };
                self.bury(delivery, &Unreadable { code: UnreadableCode::BadJson, detail, kind: None });
                return Ok(());
            }
        };
        let header = |name: &str| property(&message, &delivery, name).map(str::to_owned);
        let Some(mapped) = inlet.mapping.map(&Payload { bytes: &delivery.body, body: &body, header: &header }) else {
            count(HookOutcome::Ignored);
            return Ok(());
        };
        HookLeftOut { hook: &inlet.name, members: mapped.left_out.iter().map(|note| &*note.path) }.emit();
        let data = serde_json::to_vec(&mapped.data).expect("JSON has string keys");
        let event = RawEvent {
            body: &data,
            form: Some(Form::Plain),
            kind: Some(mapped.kind.as_str()),
            message_id: Some(&mapped.id),
            app_id: Some(&inlet.source),
            ..message
        };
        match wire::decode(&event, self.engine.state().catalogue()) {
            Ok(inbound) => {
                let outcome = match self.take(inbound, delivery.received_at, read_from, now)? {
                    Taken::Repeated | Taken::Decided(Verdict::Duplicate) => HookOutcome::Duplicate,
                    Taken::Decided(Verdict::Accepted) => HookOutcome::Accepted,
                    Taken::Decided(Verdict::Rejected(_)) => HookOutcome::Rejected,
                };
                count(outcome);
                Ok(())
            }
            Err(unreadable) => {
                count(HookOutcome::Unreadable);
                let place = format!("[hook.{}], event {} of its mapping", inlet.name, mapped.rule + 1);
                self.bury(delivery, &unreadable.within(&place));
                Ok(())
            }
        }
    }
}

/// A header of a message, or one of its properties as one.
fn property<'a>(message: &RawEvent<'a>, delivery: &'a Delivery, name: &str) -> Option<&'a str> {
    match name {
        "routing-key" => Some(message.routing_key),
        "message-id" => message.message_id,
        "app-id" => message.app_id,
        "type" => message.kind,
        _ => delivery.properties.header(name),
    }
}

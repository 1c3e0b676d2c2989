//! Any message is read or refused with a bounded reason. The first line of the input is its type, the rest its body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rolecall::wire::{Form, RawEvent};

/// The wire's own bound on what it says of an unreadable message.
const DETAIL_LENGTH_MAX: usize = 1_024;

const CONTENT_TYPES: [Option<&str>; 3] = [None, Some("application/json"), Some("application/cloudevents+json")];

/// As the broker has them, and as HTTP does.
const FORMS: [Option<Form>; 3] = [None, Some(Form::Plain), Some(Form::Enveloped)];

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (kind, body) = (std::str::from_utf8(&input[..end]).ok(), input.get(end + 1..).unwrap_or_default());
    for content_type in CONTENT_TYPES {
        for form in FORMS {
            let raw = RawEvent { body, form, content_type, kind, ..RawEvent::default() };
            if let Err(unreadable) = rolecall::wire::check(&raw) {
                assert!(!unreadable.detail.is_empty() && unreadable.detail.len() <= DETAIL_LENGTH_MAX);
            }
        }
    }
});

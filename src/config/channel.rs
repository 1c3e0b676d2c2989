//! `[channel.NAME]`: how work arrives, and what one piece of it costs an agent.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::de::DeValue;

use crate::routing::channel::{Acceptance, Channel, OwnerGrace};
use crate::routing::time::DURATION_MAX;
use crate::routing::{ChannelName, Millis};

use super::diagnostic::Diagnostic;
use super::form::{Choice, Form, Length, Name, Node, Whole, misfit};
use super::key::{Key, Keys};
use super::list::Set;
use super::schema;
use super::section::{Reading, Section};
use super::writing::{Member, Writes, Writing};
use super::written::Written;

/// Any length of time.
pub(super) const ANY_LENGTH: Length = Length { min: Millis::ZERO, max: DURATION_MAX };
/// How long somebody may be made to wait for an answer to an offer.
pub(super) const OFFER_TIMEOUT_BOUNDS: Length =
    Length { min: Millis::from_secs(1), max: Millis::from_secs(24 * 3_600) };
/// The most channels that one interrupts; far above any use.
const INTERRUPTS_MAX: usize = 1_000;
/// `auto` or `offer`.
pub(super) const ACCEPTANCE_FORM: Choice<Acceptance> =
    Choice { of: "acceptance", options: &[("auto", Acceptance::Auto), ("offer", Acceptance::Offer)] };
/// A channel's name.
pub(super) const CHANNEL_NAME: Name<ChannelName> = Name { of: "a channel", parse: ChannelName::parse };

/// What stands for a default that is not the same for all channels.
const BY_CHANNEL: &str = "by channel, see below";

const COST: Key<Whole<u32>> = Key::optional(
    "cost",
    Whole { min: 0, max: 1_000_000 },
    BY_CHANNEL,
    "Capacity units that one ticket takes of an agent's; 0 where only the limit counts.",
);
const LIMIT: Key<Whole<u32>> = Key::optional(
    "limit",
    Whole { min: 0, max: 10_000 },
    BY_CHANNEL,
    "How many tickets of this channel an agent holds at most, unless its registration says otherwise. 0: none.",
);
const ACCEPTANCE: Key<Choice<Acceptance>> = Key::optional(
    "acceptance",
    ACCEPTANCE_FORM,
    BY_CHANNEL,
    "Whether an agent owns a ticket at once, or is offered it and has to accept in time.",
);
const OFFER_TIMEOUT: Key<Length> =
    Key::optional("offer_timeout", OFFER_TIMEOUT_BOUNDS, BY_CHANNEL, "How long an offer lives.");
const WRAP_UP: Key<Length> =
    Key::optional("wrap_up", ANY_LENGTH, BY_CHANNEL, "How long the slot stays taken after a ticket is completed.");
const OWNER_GRACE: Key<OwnerGraceForm> = Key::optional(
    "owner_grace",
    OwnerGraceForm,
    BY_CHANNEL,
    "How long assigned tickets stay with an agent who went offline, before they go back to their queue at their age.",
);
const INTERRUPTS: Key<Set<Name<ChannelName>>> = Key::new(
    "interrupts",
    Set { of: CHANNEL_NAME, length_max: INTERRUPTS_MAX },
    "[]",
    "Channels whose work does not count against the units of this one's, and is not given to an agent who holds any of it.",
);

/// The keys of `[channel.NAME]`.
pub(super) const KEYS: Keys = &[&COST, &LIMIT, &ACCEPTANCE, &OFFER_TIMEOUT, &WRAP_UP, &OWNER_GRACE, &INTERRUPTS];

/// Reads a channel; what its section does not say is as by default for a channel of that name.
pub(super) fn read(name: &ChannelName, section: &Section<'_>, reading: &mut Reading<'_>) -> Channel {
    let default = Channel::default_for(name);
    Channel {
        cost: section.take(&COST, reading).unwrap_or(default.cost),
        limit: section.take(&LIMIT, reading).unwrap_or(default.limit),
        acceptance: section.take(&ACCEPTANCE, reading).unwrap_or(default.acceptance),
        offer_timeout: section.take(&OFFER_TIMEOUT, reading).unwrap_or(default.offer_timeout),
        wrap_up: section.take(&WRAP_UP, reading).unwrap_or(default.wrap_up),
        owner_grace: section.take(&OWNER_GRACE, reading).unwrap_or(default.owner_grace),
        interrupts: read_interrupts(name, section, reading),
    }
}

/// The way back.
pub(super) fn write(channel: &Channel) -> Vec<Member> {
    let Channel { cost, limit, acceptance, offer_timeout, wrap_up, owner_grace, interrupts } = channel;
    let mut writing = Writing::default();
    writing.put(&COST, cost);
    writing.put(&LIMIT, limit);
    writing.put(&ACCEPTANCE, acceptance);
    writing.put(&OFFER_TIMEOUT, offer_timeout);
    writing.put(&WRAP_UP, wrap_up);
    writing.put(&OWNER_GRACE, owner_grace);
    writing.put(&INTERRUPTS, interrupts);
    writing.finish(KEYS)
}

/// A channel that interrupts itself would let through any number of tickets, and keep the next one away.
fn read_interrupts(name: &ChannelName, section: &Section<'_>, reading: &mut Reading<'_>) -> BTreeSet<ChannelName> {
    let interrupts = section.take(&INTERRUPTS, reading).unwrap_or_default();
    if interrupts.contains(name) {
        let message = format!("the channel {:?} interrupts itself", name.as_str());
        reading.report(Diagnostic::error(section.origin(&INTERRUPTS), message).expected("the names of other channels"));
    }
    interrupts
}

/// A duration, or `keep`.
#[derive(Debug, Clone, Copy)]
pub(super) struct OwnerGraceForm;

impl Form for OwnerGraceForm {
    type Value = OwnerGrace;

    fn expected(&self) -> String {
        format!("\"keep\", or {}", ANY_LENGTH.expected())
    }

    fn schema(&self) -> Value {
        schema::either(&[schema::words(["keep"]), ANY_LENGTH.schema()])
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<OwnerGrace> {
        match node.value {
            DeValue::String(text) if text == "keep" => Some(OwnerGrace::Keep),
            DeValue::String(text) if !text.starts_with(|c: char| c.is_ascii_digit()) => {
                misfit(self, node, reading, format!("{text:?} is neither \"keep\" nor a duration"))
            }
            _ => ANY_LENGTH.read(node, reading).map(OwnerGrace::After),
        }
    }
}

impl Writes for OwnerGraceForm {
    fn write(&self, grace: &OwnerGrace) -> Written {
        match grace {
            OwnerGrace::Keep => Written::text("keep"),
            OwnerGrace::After(length) => ANY_LENGTH.write(length),
        }
    }
}

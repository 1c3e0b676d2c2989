//! Channels: how work arrives, and what one piece of it costs an agent.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::name::ChannelName;
use super::time::Millis;

/// Whether an agent is asked before it owns a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acceptance {
    /// The agent owns the ticket at once.
    Auto,
    /// The agent is offered the ticket, and has to accept in time.
    Offer,
}

/// What becomes of an owner's tickets when it goes offline (`docs/routing.md#when-an-agent-leaves`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnerGrace {
    /// They stay for so long, and then go back to their queue at their age.
    After(Millis),
    /// They stay with their owner for good.
    Keep,
}

/// The rules of one channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Channel {
    /// Capacity units that one ticket takes of an agent's; zero where only the limit counts.
    pub cost: u32,
    /// How many tickets of this channel an agent holds at most, where the agent says nothing else.
    pub limit: u32,
    /// Whether agents are asked.
    pub acceptance: Acceptance,
    /// How long an offer lives.
    pub offer_timeout: Millis,
    /// How long the slot stays taken after completion.
    pub wrap_up: Millis,
    /// How long tickets stay with an owner who went offline.
    pub owner_grace: OwnerGrace,
    /// Channels whose work this one's gets through, and keeps away from an agent while it is there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub interrupts: BTreeSet<ChannelName>,
}

impl Channel {
    /// What holds for a channel where the configuration is silent: the five well-known ones have defaults that fit
    /// them, any other is worked one at a time.
    #[must_use]
    pub fn default_of(name: &ChannelName) -> &'static Self {
        match name.as_bytes() {
            b"call" => &CALL,
            b"chat" => &CHAT,
            b"email" | b"social" | b"task" => &AT_LEISURE,
            _ => &UNUSUAL,
        }
    }

    /// The same, to be changed.
    #[must_use]
    pub fn default_for(name: &ChannelName) -> Self {
        Self::default_of(name).clone()
    }
}

static UNUSUAL: Channel = Channel {
    cost: 0,
    limit: 1,
    acceptance: Acceptance::Auto,
    offer_timeout: Millis::from_secs(30),
    wrap_up: Millis::ZERO,
    owner_grace: OwnerGrace::Keep,
    interrupts: BTreeSet::new(),
};
static CALL: Channel = Channel {
    cost: 100,
    limit: 1,
    acceptance: Acceptance::Offer,
    offer_timeout: Millis::from_secs(20),
    wrap_up: Millis::from_secs(30),
    owner_grace: OwnerGrace::After(Millis::ZERO),
    interrupts: BTreeSet::new(),
};
static CHAT: Channel = Channel {
    cost: 25,
    limit: 3,
    acceptance: Acceptance::Auto,
    offer_timeout: Millis::from_secs(30),
    wrap_up: Millis::ZERO,
    owner_grace: OwnerGrace::After(Millis::from_secs(60)),
    interrupts: BTreeSet::new(),
};
static AT_LEISURE: Channel = Channel {
    cost: 0,
    limit: 5,
    acceptance: Acceptance::Auto,
    offer_timeout: Millis::from_secs(30),
    wrap_up: Millis::ZERO,
    owner_grace: OwnerGrace::Keep,
    interrupts: BTreeSet::new(),
};

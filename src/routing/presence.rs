//! Whether an agent is there, as it is said: by the agent, or by the engine where the agent says nothing.

use std::collections::BTreeMap;

use super::agent::Status;
use super::name::{ChannelName, StatusName};

/// What is said of an agent's presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Presence {
    /// What the engine goes by.
    pub(super) status: Status,
    /// The catalogue's name for it, where the agent used one.
    pub(super) name: Option<StatusName>,
    /// Why.
    pub(super) reason: Option<String>,
    /// Channels to switch on or off; others stay as they are.
    pub(super) switches: BTreeMap<ChannelName, bool>,
}

impl Presence {
    /// What the engine itself says of an agent, for that reason.
    pub(super) fn by_itself(status: Status, reason: &str) -> Self {
        Self { status, name: None, reason: Some(reason.to_owned()), switches: BTreeMap::new() }
    }
}

/// Why the engine changes a presence: the agent was silent for the `heartbeat_timeout`.
pub(super) const SILENT: &str = "heartbeat";
/// It missed `missed_offers_max` offers in a row.
pub(super) const MISSED_OFFERS: &str = "missed_offers";
/// It did nothing for the `idle_timeout`.
pub(super) const IDLE: &str = "idle";
/// It was draining, and holds nothing any more.
pub(super) const DRAINED: &str = "drained";

//! How long an agent who did not take a ticket is not asked for it again: each way of not taking it may have its own
//! length (`mod_callcenter`'s reject, busy and no-answer delays).

use serde::{Deserialize, Serialize};

use super::time::Millis;

/// How an agent did not take what it was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It said no.
    Declined,
    /// It said no, because it is busy.
    Busy,
    /// It said nothing.
    NoAnswer,
}

impl Refusal {
    /// The reason of a decline that means that the agent is busy.
    pub const BUSY_REASON: &str = "busy";

    /// What a decline with that reason is.
    #[must_use]
    pub fn declined_with(reason: Option<&str>) -> Self {
        if reason == Some(Self::BUSY_REASON) { Self::Busy } else { Self::Declined }
    }
}

/// The lengths of a role that differ from its `decline_cooldown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Cooldowns {
    /// After an offer that was missed; `None` for as after a decline.
    pub no_answer: Option<Millis>,
    /// After a decline with the reason `busy`; `None` for as after any decline.
    pub busy: Option<Millis>,
}

impl Cooldowns {
    /// Whether every refusal counts alike.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The length after a refusal, where a decline has that one.
    #[must_use]
    pub fn after(&self, refusal: Refusal, decline: Millis) -> Millis {
        let own = match refusal {
            Refusal::Declined => None,
            Refusal::Busy => self.busy,
            Refusal::NoAnswer => self.no_answer,
        };
        own.unwrap_or(decline)
    }
}

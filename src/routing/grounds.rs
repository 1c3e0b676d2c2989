//! Why an agent has its status, as it was said: for people.
//!
//! It is no part of what states are compared by. What was said is in the journal from its beginning on, and in snapshots only
//! since agents keep it: a snapshot of an earlier version is what its entries add up to all the same.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Why, where anything was said. Shared with what is told of the agent, which is more often than it is said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grounds(Option<Arc<str>>);

impl Grounds {
    /// What was said.
    pub(super) fn of(reason: Option<&str>) -> Self {
        Self(reason.map(Arc::from))
    }

    pub(super) fn are_none(&self) -> bool {
        self.0.is_none()
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The same text, for others to share.
    #[must_use]
    pub fn reason(&self) -> Option<Arc<str>> {
        self.0.clone()
    }
}

impl Hash for Grounds {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

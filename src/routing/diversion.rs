//! What becomes of a ticket that a role does not let wait: it goes to another role, somebody is to call the customer
//! back, or it ends.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::name::RoleName;
use super::ticket::{Demand, Ticket, TicketSpec};
use super::time::{Millis, Timestamp};

/// How often a ticket is sent on in one go. Whatever role comes then keeps it: longer chains are written by nobody who
/// knows where they end.
pub const DIVERSIONS_MAX: usize = 8;

/// Where a ticket goes that may not wait for a role.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Diversion {
    /// To another role, as if it had been handed over.
    Role(RoleName),
    /// Out of the system, with all that whoever calls the customer back needs to know.
    Callback,
    /// Out of the system.
    #[default]
    Cancel,
}

impl Diversion {
    /// Whether the ticket just ends.
    #[must_use]
    pub fn is_cancel(&self) -> bool {
        *self == Self::Cancel
    }

    /// The role that gets the ticket.
    #[must_use]
    pub fn role(&self) -> Option<&RoleName> {
        match self {
            Self::Role(role) => Some(role),
            Self::Callback | Self::Cancel => None,
        }
    }
}

/// Why a ticket may not wait for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiversionCause {
    /// The role is closed.
    Closed,
    /// It has waited for as long as the role lets anything wait.
    Waited,
    /// As many wait as the role lets wait.
    Full,
}

impl DiversionCause {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Closed, Self::Waited, Self::Full];

    /// As the wire spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Waited => "waited",
            Self::Full => "full",
        }
    }
}

/// What whoever calls a customer back needs to know of a ticket that has left the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackNote {
    /// From its creation.
    pub waited: Millis,
    /// What upstream said of it.
    pub spec: TicketSpec,
}

impl Ticket {
    /// It is another role's from now on, where it has taken no step and has not been let in yet. No later look at the
    /// ticket takes it back: what upstream asks for is that role.
    pub(super) fn go_to_role(&mut self, demand: &Arc<Demand>, due_at: Option<Timestamp>, at: Timestamp) {
        let spec = Arc::make_mut(&mut self.spec);
        spec.asked_mut().role = demand.role().cloned();
        spec.asked_mut().priority = demand.priority;
        self.demand = Arc::clone(demand);
        self.due_at = due_at.into();
        self.breached = due_at.is_some_and(|due| due <= at);
        self.restart_ladder(at);
        self.direction = None;
    }
}

//! Access levels and the permissions that they and the roles grant.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::name::Permission;

/// What a person may do to the system. Each level has the rights of the one below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLevel {
    /// Reads its own work and sets its own presence.
    #[default]
    Agent,
    /// Also manages agents, roles, rules, tickets and reports.
    Admin,
    /// Also manages admins, owners and tokens.
    Owner,
}

impl AccessLevel {
    /// All levels, lowest first.
    pub const ALL: [Self; 3] = [Self::Agent, Self::Admin, Self::Owner];

    /// The level as the wire and the configuration spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// The permissions that each access level adds to those of the level below.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccessGrants(pub BTreeMap<AccessLevel, BTreeSet<Permission>>);

impl AccessGrants {
    /// Everything that a person of this level may do, without any role.
    pub fn of(&self, level: AccessLevel) -> impl Iterator<Item = &Permission> {
        self.0.range(..=level).flat_map(|(_, granted)| granted)
    }
}

//! `[access]`: what the access levels may do.

use std::collections::BTreeSet;

use crate::routing::Permission;
use crate::routing::permission::{AccessGrants, AccessLevel};

use super::key::{Key, Keys};
use super::list::Set;
use super::permission::PermissionForm;
use super::role::PERMISSION_SET;
use super::section::{Reading, Section};
use super::writing::{Member, Writing};

const AGENT: Key<Set<PermissionForm>> = Key::new(
    "agent",
    PERMISSION_SET,
    r#"["work.read-own", "work.do-own", "presence.set-own"]"#,
    "What every agent may do: read its own work, do it (accept, complete, hand over), set its own presence.",
);
const ADMIN: Key<Set<PermissionForm>> = Key::new(
    "admin",
    PERMISSION_SET,
    r#"["agents.manage", "roles.manage", "rules.manage", "tickets.manage", "reports.view", "audit.view"]"#,
    "What admins may do beyond that.",
);
const OWNER: Key<Set<PermissionForm>> = Key::new(
    "owner",
    PERMISSION_SET,
    r#"["admins.manage", "owners.manage", "tokens.manage", "journal.backup"]"#,
    "What owners may do beyond that.",
);

/// The keys of `[access]`.
pub(super) const KEYS: Keys = &[&AGENT, &ADMIN, &OWNER];

/// What each level adds where the configuration is silent.
const DEFAULT_GRANTS: [(AccessLevel, &[&str]); 3] = [
    (AccessLevel::Agent, &["work.read-own", "work.do-own", "presence.set-own"]),
    (
        AccessLevel::Admin,
        &["agents.manage", "roles.manage", "rules.manage", "tickets.manage", "reports.view", "audit.view"],
    ),
    (AccessLevel::Owner, &["admins.manage", "owners.manage", "tokens.manage", "journal.backup"]),
];

/// What the access levels may do where the configuration is silent.
pub(super) fn default_grants() -> AccessGrants {
    let permission = |name: &&str| Permission::parse(name).expect("a built-in permission is a name");
    let granted = |names: &[&str]| -> BTreeSet<Permission> { names.iter().map(permission).collect() };
    AccessGrants(DEFAULT_GRANTS.into_iter().map(|(level, names)| (level, granted(names))).collect())
}

/// Reads what the access levels may do; a level that the section does not name keeps its default.
pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> AccessGrants {
    let mut grants = default_grants();
    for (level, key) in [(AccessLevel::Agent, &AGENT), (AccessLevel::Admin, &ADMIN), (AccessLevel::Owner, &OWNER)] {
        if let Some(granted) = section.take(key, reading) {
            grants.0.insert(level, granted);
        }
    }
    grants
}

/// The way back.
pub(super) fn write(grants: &AccessGrants) -> Vec<Member> {
    let mut writing = Writing::default();
    for level in AccessLevel::ALL {
        let key = match level {
            AccessLevel::Agent => &AGENT,
            AccessLevel::Admin => &ADMIN,
            AccessLevel::Owner => &OWNER,
        };
        writing.put(key, grants.0.get(&level).cloned().unwrap_or_default());
    }
    writing.finish(KEYS)
}

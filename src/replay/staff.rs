//! The agents of a log: who served, for which roles, and from when to when.

use std::collections::{BTreeMap, BTreeSet};

use crate::routing::{Millis, Timestamp};

use super::record::Record;

/// One agent's time at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stint {
    /// The roles of the tickets that they served.
    pub roles: BTreeSet<String>,
    /// When the first was answered.
    pub from: Timestamp,
    /// When the last was done.
    pub until: Timestamp,
}

/// Everybody who served.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Staff {
    /// By agent id.
    pub stints: BTreeMap<String, Stint>,
    /// How long tickets of a role usually take: the median.
    service_usual: BTreeMap<Option<String>, Millis>,
}

impl Staff {
    /// Whoever served these tickets.
    #[must_use]
    pub fn of(records: &[Record]) -> Self {
        let mut staff = Self::default();
        let mut services: BTreeMap<Option<String>, Vec<Millis>> = BTreeMap::new();
        for record in records.iter().filter(|record| !record.is_abandoned) {
            services.entry(record.role.clone()).or_default().push(record.service);
            let Some(agent) = &record.agent else { continue };
            let from = record.created_at + record.wait;
            let until = from + record.service;
            let stint =
                staff.stints.entry(agent.clone()).or_insert_with(|| Stint { roles: BTreeSet::new(), from, until });
            stint.roles.extend(record.role.clone());
            stint.from = stint.from.min(from);
            stint.until = stint.until.max(until);
        }
        let median = |mut lengths: Vec<Millis>| {
            lengths.sort_unstable();
            lengths[lengths.len() / 2]
        };
        staff.service_usual = services.into_iter().map(|(role, lengths)| (role, median(lengths))).collect();
        staff
    }

    /// How long a ticket takes: as recorded; where nobody served it, as long as others of its role.
    #[must_use]
    pub fn service(&self, record: &Record) -> Millis {
        if record.is_abandoned || record.service.is_zero() {
            self.service_usual.get(&record.role).copied().unwrap_or(Millis::ZERO)
        } else {
            record.service
        }
    }
}

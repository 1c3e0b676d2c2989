//! What may be the value of a label, so that the number of time series is bounded.
//!
//! A ticket may name any role and any channel. Only what a catalogue has named becomes a label of its own; all else is
//! `other`. A name that a catalogue once had stays known for the life of the process: tickets of a role that was removed
//! are still counted under its name, and a cached handle never becomes wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use metrics::SharedString;

use crate::routing::{Catalogue, ChannelName, RoleName};
use crate::wire::EventKind;

/// The label of whatever no catalogue has named.
pub const OTHER: &str = "other";

/// The label of a ticket that has no role.
pub const NONE: &str = "none";

/// The most roles that have a label of their own. A contact centre has tens; each costs some 60 time series.
pub const ROLES_MAX: usize = 500;

/// The most channels that have a label of their own.
pub const CHANNELS_MAX: usize = 50;

/// The channels that every catalogue knows (`docs/configuration.md#channelname`).
const WELL_KNOWN_CHANNELS: [&str; 5] = ["email", "chat", "call", "social", "task"];

/// The labels of inbound events' types: those that `wire` reads, in their order, and the one of all else.
pub(super) fn inbound_types() -> impl Iterator<Item = &'static str> {
    EventKind::ALL.into_iter().map(EventKind::as_str).chain([OTHER])
}

/// The place of an inbound event's type among [`inbound_types`].
pub(super) fn inbound_type_index(kind: &str) -> usize {
    let place = |known: EventKind| EventKind::ALL.iter().position(|other| *other == known);
    EventKind::parse(kind).and_then(place).unwrap_or(EventKind::ALL.len())
}

/// The names that are labels of their own. Clones share what they know.
#[derive(Debug, Clone, Default)]
pub struct Labels(Arc<RwLock<Known>>);

#[derive(Debug)]
struct Known {
    roles: BTreeMap<RoleName, SharedString>,
    channels: BTreeMap<ChannelName, SharedString>,
}

impl Default for Known {
    fn default() -> Self {
        let name = |name: &&str| ChannelName::parse(name).expect("the well-known channels are names");
        let channels = WELL_KNOWN_CHANNELS.iter().map(|text| (name(text), SharedString::const_str(text))).collect();
        Self { roles: BTreeMap::new(), channels }
    }
}

fn shared(name: &str) -> SharedString {
    SharedString::from_shared(Arc::from(name))
}

impl Labels {
    /// Gives the names of a catalogue labels of their own.
    pub fn learn(&self, catalogue: &Catalogue) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let ladder = |role: &crate::routing::role::Role| role.channels.clone().unwrap_or_default();
        let served: BTreeSet<_> = catalogue.roles.values().flat_map(ladder).collect();
        learn_up_to(ROLES_MAX, &mut known.roles, catalogue.roles.keys(), RoleName::as_str);
        let channels = catalogue.channels.keys().chain(&served);
        learn_up_to(CHANNELS_MAX, &mut known.channels, channels, ChannelName::as_str);
    }

    /// The label of a role: its name where it is known.
    pub fn role(&self, role: Option<&RoleName>) -> SharedString {
        let Some(role) = role else { return SharedString::const_str(NONE) };
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.roles.get(role).cloned().unwrap_or(SharedString::const_str(OTHER))
    }

    /// The label of a channel: its name where it is known.
    pub fn channel(&self, channel: &ChannelName) -> SharedString {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.channels.get(channel).cloned().unwrap_or(SharedString::const_str(OTHER))
    }

    /// The roles that have labels of their own.
    pub fn roles(&self) -> Vec<SharedString> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).roles.values().cloned().collect()
    }

    /// The channels that have labels of their own.
    pub fn channels(&self) -> Vec<SharedString> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).channels.values().cloned().collect()
    }
}

fn learn_up_to<'a, N: Ord + Clone + 'a>(
    count_max: usize,
    known: &mut BTreeMap<N, SharedString>,
    names: impl Iterator<Item = &'a N>,
    text: impl Fn(&N) -> &str,
) {
    for name in names {
        if known.len() >= count_max {
            return;
        }
        if !known.contains_key(name) {
            known.insert(name.clone(), shared(text(name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::role::Role;

    fn role(name: &str) -> RoleName {
        RoleName::parse(name).expect("a name")
    }

    fn catalogue_of(roles: impl IntoIterator<Item = String>) -> Catalogue {
        let roles = roles.into_iter().map(|name| (role(&name), Role::named(role(&name)))).collect();
        Catalogue { roles, ..Catalogue::default() }
    }

    #[test]
    fn every_type_that_is_read_has_a_label_of_its_own_and_all_else_is_other() {
        let labels: Vec<_> = inbound_types().collect();
        for kind in EventKind::ALL {
            assert_eq!(labels[inbound_type_index(kind.as_str())], kind.as_str());
        }
        assert_eq!(labels[inbound_type_index("ticket.invented")], OTHER);
    }

    #[test]
    fn a_role_that_no_catalogue_names_is_other() {
        let labels = Labels::default();
        labels.learn(&catalogue_of(["billing".to_owned()]));
        assert_eq!(&*labels.role(Some(&role("billing"))), "billing");
        assert_eq!(&*labels.role(Some(&role("made-up-by-a-ticket"))), OTHER);
        assert_eq!(&*labels.role(None), NONE);
    }

    #[test]
    fn a_channel_that_nobody_configured_is_other() {
        let labels = Labels::default();
        assert_eq!(&*labels.channel(&ChannelName::parse("call").expect("a name")), "call");
        assert_eq!(&*labels.channel(&ChannelName::parse("carrier-pigeon").expect("a name")), OTHER);
    }

    #[test]
    fn a_role_stays_known_when_it_leaves_the_catalogue() {
        let labels = Labels::default();
        labels.learn(&catalogue_of(["billing".to_owned()]));
        labels.learn(&catalogue_of(["sales".to_owned()]));
        assert_eq!(&*labels.role(Some(&role("billing"))), "billing");
    }

    #[test]
    fn the_number_of_labels_is_bounded_whatever_the_catalogue_names() {
        let labels = Labels::default();
        labels.learn(&catalogue_of((0..ROLES_MAX + 50).map(|number| format!("role-{number:04}"))));
        assert_eq!(labels.roles().len(), ROLES_MAX);
        assert_eq!(&*labels.role(Some(&role(&format!("role-{:04}", ROLES_MAX + 1)))), OTHER);
    }
}

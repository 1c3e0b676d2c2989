//! Channels that nobody can work, or not as much as their section says.

use crate::routing::channel::Channel;
use crate::routing::{Catalogue, ChannelName};

use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::{Diagnostic, Origin};

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let capacity = catalogue.agents.capacity;
    let finding = |(name, channel): (&ChannelName, &Channel)| {
        let (message, help) = oddity(name, channel, capacity)?;
        let origin = origins.channels.get(name).cloned().unwrap_or(Origin::Whole);
        Some(Diagnostic::warning(origin, message).help(Some(help)))
    };
    catalogue.channels.iter().filter_map(finding).collect()
}

fn oddity(name: &ChannelName, channel: &Channel, capacity: u32) -> Option<(String, String)> {
    let (name, cost, limit) = (name.as_str(), channel.cost, channel.limit);
    if limit == 0 {
        let message = format!("agents have no slot for tickets on the channel {name:?}");
        return Some((message, "only agents whose registration gives them a limit can ever get one".to_owned()));
    }
    if cost > capacity {
        let message =
            format!("a ticket on the channel {name:?} costs {cost}, and agents have a capacity of {capacity}");
        return Some((message, "only agents whose registration gives them more capacity can ever get one".to_owned()));
    }
    if u64::from(cost) * u64::from(limit) > u64::from(capacity) {
        let fitting = capacity / cost;
        let message = format!("the limit of {limit} on the channel {name:?} can't be reached");
        let help =
            format!("a ticket costs {cost}, so a capacity of {capacity} holds {fitting}: raise it, or lower the cost");
        return Some((message, help));
    }
    None
}

//! Interruption: work of one channel gets through to an agent who is busy on others, and keeps their work away meanwhile.
//! A call comes to an agent who chats; no chat comes to an agent on the phone. (Genesys' utilization: "interruptible by".)

use super::agent::{Agent, SlotUse};
use super::catalogue::Catalogue;
use super::name::ChannelName;

impl Catalogue {
    /// Whether work of the first channel interrupts that of the second.
    #[must_use]
    pub fn interrupts(&self, channel: &ChannelName, other: &ChannelName) -> bool {
        self.channels.get(channel).is_some_and(|channel| channel.interrupts.contains(other))
    }
}

impl Agent {
    /// Capacity units taken, as a ticket of that channel sees them: without the slots of channels that it interrupts.
    #[must_use]
    pub fn units_against(&self, channel: &ChannelName, catalogue: &Catalogue) -> u32 {
        let counts = self.slots.values().filter(|slot| !catalogue.interrupts(channel, &slot.channel));
        counts.fold(0, |sum, slot| sum.saturating_add(slot.cost))
    }

    /// Whether it is offered or works on something that keeps work of that channel away. Wrap-up keeps nothing away.
    #[must_use]
    pub fn is_interrupted(&self, channel: &ChannelName, catalogue: &Catalogue) -> bool {
        let mut held = self.slots.values().filter(|slot| !matches!(slot.used_for, SlotUse::WrapUp { .. }));
        held.any(|slot| catalogue.interrupts(&slot.channel, channel))
    }
}

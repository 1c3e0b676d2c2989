//! Which deliveries of a channel were handed out, and up to where they are acknowledged.
//!
//! Tags are handed out in order and settled in order, so that two numbers say it all. A tag means nothing beyond its
//! channel: acknowledging one that the channel never handed out would close the channel, and one of an earlier channel
//! would acknowledge a stranger.

use crate::broker::message::DeliveryToken;

/// The book of one channel.
#[derive(Debug)]
pub(super) struct Ledger {
    epoch: u64,
    handed_out: u64,
    acknowledged: u64,
}

impl Ledger {
    pub(super) fn new(epoch: u64) -> Self {
        Self { epoch, handed_out: 0, acknowledged: 0 }
    }

    /// Notes a delivery, and names it.
    pub(super) fn hand_out(&mut self, tag: u64) -> DeliveryToken {
        debug_assert!(tag > self.handed_out, "delivery tags of a channel grow");
        self.handed_out = tag;
        DeliveryToken { epoch: self.epoch, tag }
    }

    /// Up to which tag to acknowledge now that this one is settled; `None` where there is nothing new.
    pub(super) fn settle(&mut self, token: DeliveryToken) -> Option<u64> {
        let news = token.epoch == self.epoch && token.tag > self.acknowledged && token.tag <= self.handed_out;
        news.then(|| {
            self.acknowledged = token.tag;
            token.tag
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_acknowledged_once_and_only_in_its_own_epoch() {
        let mut ledger = Ledger::new(2);
        let tokens: Vec<_> = (1..=3).map(|tag| ledger.hand_out(tag)).collect();
        assert_eq!(ledger.settle(tokens[1]), Some(2));
        assert_eq!(ledger.settle(tokens[1]), None, "already acknowledged");
        assert_eq!(ledger.settle(tokens[0]), None, "covered by the one after it");
        assert_eq!(ledger.settle(DeliveryToken { epoch: 1, tag: 3 }), None, "an epoch that is over");
        assert_eq!(ledger.settle(DeliveryToken { epoch: 2, tag: 4 }), None, "never handed out");
        assert_eq!(ledger.settle(tokens[2]), Some(3));
    }
}

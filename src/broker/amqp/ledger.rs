//! Which deliveries of a channel were handed out, and up to where they are acknowledged.
//!
//! Tags are handed out in order and settled in order, so that two numbers say it all; but for the few that were set apart,
//! which are settled one by one and at any time. A tag means nothing beyond its channel: acknowledging one that the channel
//! never handed out, or one for the second time, would close the channel, and one of an earlier channel would acknowledge
//! a stranger.

use std::collections::BTreeSet;

use crate::broker::message::DeliveryToken;

/// The book of one channel.
#[derive(Debug)]
pub(super) struct Ledger {
    epoch: u64,
    handed_out: u64,
    acknowledged: u64,
    /// The newest that was not set apart, and the one before it.
    newest: u64,
    newest_but_one: u64,
    /// Set apart, and not acknowledged.
    apart: BTreeSet<u64>,
    /// Was set apart and is acknowledged, while not all before it are.
    apart_done: BTreeSet<u64>,
}

/// What to acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    /// This and all before it.
    Through(u64),
    /// These, each by itself: what was set apart between them stays.
    Each(Vec<u64>),
}

impl Ledger {
    pub(super) fn new(epoch: u64) -> Self {
        Self {
            epoch,
            handed_out: 0,
            acknowledged: 0,
            newest: 0,
            newest_but_one: 0,
            apart: BTreeSet::new(),
            apart_done: BTreeSet::new(),
        }
    }

    /// Notes a delivery, and names it.
    pub(super) fn hand_out(&mut self, tag: u64) -> DeliveryToken {
        debug_assert!(tag > self.handed_out, "delivery tags of a channel grow");
        self.handed_out = tag;
        (self.newest_but_one, self.newest) = (self.newest, tag);
        DeliveryToken { epoch: self.epoch, tag }
    }

    /// The delivery that was handed out last is settled by itself, and by no other.
    pub(super) fn set_apart(&mut self, token: DeliveryToken) {
        self.apart.insert(token.tag);
        self.newest = self.newest_but_one;
    }

    /// Whether to acknowledge this one that was set apart.
    pub(super) fn settle_apart(&mut self, tag: u64) -> bool {
        let news = self.apart.remove(&tag);
        if news && tag > self.acknowledged {
            self.apart_done.insert(tag);
        }
        news
    }

    /// How many are set apart and not settled.
    pub(super) fn apart_count(&self) -> usize {
        self.apart.len()
    }

    /// The newest delivery that was handed out and not set apart; with the tag zero where none was.
    pub(super) fn newest(&self) -> DeliveryToken {
        DeliveryToken { epoch: self.epoch, tag: self.newest }
    }

    /// How many were handed out and not acknowledged.
    pub(super) fn unacknowledged(&self) -> usize {
        let in_order = usize::try_from(self.handed_out - self.acknowledged).unwrap_or(usize::MAX);
        let left_behind = self.apart.iter().filter(|tag| **tag <= self.acknowledged).count();
        (in_order + left_behind).saturating_sub(self.apart_done.iter().filter(|tag| **tag > self.acknowledged).count())
    }

    /// Whether anything is left to acknowledge once this one is settled, which was not set apart.
    pub(super) fn is_news(&self, token: DeliveryToken) -> bool {
        token.epoch == self.epoch && token.tag > self.acknowledged && token.tag <= self.handed_out
    }

    /// How many are not acknowledged up to this one, those that were set apart among them.
    pub(super) fn unsettled_through(&self, token: DeliveryToken) -> usize {
        usize::try_from(token.tag.saturating_sub(self.acknowledged)).unwrap_or(usize::MAX)
    }

    /// What to acknowledge now that this one is settled, which was not set apart; `None` where there is nothing new.
    pub(super) fn settle(&mut self, token: DeliveryToken) -> Option<Settled> {
        if !self.is_news(token) {
            return None;
        }
        let is_split = self.apart.first().is_some_and(|tag| *tag < token.tag);
        let settled = if is_split {
            let by_itself = |tag: &u64| self.apart.contains(tag) || self.apart_done.contains(tag);
            Settled::Each((self.acknowledged + 1..=token.tag).filter(|tag| !by_itself(tag)).collect())
        } else {
            Settled::Through(token.tag)
        };
        self.acknowledged = token.tag;
        self.apart_done = self.apart_done.split_off(&token.tag);
        Some(settled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_acknowledged_once_and_only_in_its_own_epoch() {
        let mut ledger = Ledger::new(2);
        let tokens: Vec<_> = (1..=3).map(|tag| ledger.hand_out(tag)).collect();
        assert_eq!(ledger.settle(tokens[1]), Some(Settled::Through(2)));
        assert_eq!(ledger.settle(tokens[1]), None, "already acknowledged");
        assert_eq!(ledger.settle(tokens[0]), None, "covered by the one after it");
        assert_eq!(ledger.settle(DeliveryToken { epoch: 1, tag: 3 }), None, "an epoch that is over");
        assert_eq!(ledger.settle(DeliveryToken { epoch: 2, tag: 4 }), None, "never handed out");
        assert_eq!(ledger.settle(tokens[2]), Some(Settled::Through(3)));
    }

    #[test]
    fn what_is_set_apart_is_acknowledged_by_itself_and_by_no_other() {
        let mut ledger = Ledger::new(1);
        let tokens: Vec<_> = (1..=8)
            .map(|tag| {
                let token = ledger.hand_out(tag);
                if [2, 5].contains(&tag) {
                    ledger.set_apart(token);
                }
                token
            })
            .collect();
        assert_eq!((ledger.newest(), ledger.unacknowledged()), (tokens[7], 8));
        assert_eq!(ledger.settle(tokens[2]), Some(Settled::Each(vec![1, 3])));
        assert_eq!(ledger.unacknowledged(), 6, "2, and 4 to 8");
        assert!(ledger.settle_apart(5) && !ledger.settle_apart(5), "once");
        assert_eq!(ledger.settle(tokens[5]), Some(Settled::Each(vec![4, 6])), "5 is acknowledged, 2 is not");
        assert_eq!(ledger.unacknowledged(), 3, "2, 7 and 8");
        assert!(ledger.settle_apart(2));
        assert!(!ledger.settle_apart(7), "never set apart");
        assert_eq!(ledger.settle(tokens[7]), Some(Settled::Through(8)));
        assert_eq!(ledger.apart_count(), 0);
    }

    #[test]
    fn what_was_set_apart_and_is_done_holds_nobody_up() {
        let mut ledger = Ledger::new(1);
        let tokens: Vec<_> = (1..=3).map(|tag| ledger.hand_out(tag)).collect();
        ledger.set_apart(tokens[1]);
        assert!(ledger.settle_apart(2));
        assert_eq!(ledger.unacknowledged(), 2);
        assert_eq!(ledger.settle(tokens[2]), Some(Settled::Through(3)));
    }
}

//! The inbox: what waits at the broker, what is handed out and not acknowledged, and how both change.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Instant;

use rolecall::broker::{Delivery, DeliveryToken, LinkState, Properties};

use crate::life::Consuming;
use crate::world::{Happening, Queue, World};

#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) properties: Properties,
    pub(crate) body: Vec<u8>,
    pub(crate) redelivered: bool,
}

impl fmt::Display for Message {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().unwrap_or("-");
        write!(formatter, "{} {id} {}", self.kind, String::from_utf8_lossy(&self.body))
    }
}

#[derive(Debug)]
pub(crate) struct Inbox {
    waiting: Queue,
    unacknowledged: VecDeque<(u64, Message)>,
    prefetch: usize,
    redelivered: u64,
}

impl Inbox {
    pub(crate) fn new(prefetch: u64) -> Self {
        let prefetch = usize::try_from(prefetch).expect("a small number");
        Self { waiting: Queue::new(), unacknowledged: VecDeque::new(), prefetch, redelivered: 0 }
    }

    pub(crate) fn prefetch(&self) -> usize {
        self.prefetch
    }

    pub(crate) fn take_in(&mut self, message: Message) {
        self.waiting.push_back(message);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.unacknowledged.is_empty()
    }

    pub(crate) fn unacknowledged_count(&self) -> usize {
        self.unacknowledged.len()
    }

    pub(crate) fn redelivered(&self) -> u64 {
        self.redelivered
    }

    /// The channel is gone: what it had not acknowledged stands at the head again.
    pub(crate) fn requeue(&mut self) {
        self.redelivered += self.unacknowledged.len() as u64;
        while let Some((_, message)) = self.unacknowledged.pop_back() {
            self.waiting.push_front(Message { redelivered: true, ..message });
        }
    }
}

impl World {
    /// Hands out what there is, as far as the prefetch goes.
    pub(crate) fn hand_out(&mut self) {
        self.renew();
        let epoch = self.life.epoch.load(Ordering::Acquire);
        let Some(consuming) = self.life.consuming.as_mut().filter(|consuming| consuming.is_up && !consuming.is_stopped)
        else {
            return;
        };
        if consuming.wished.is_some() {
            return;
        }
        let inbox = &mut self.inbox;
        while inbox.unacknowledged.len() < consuming.prefetch && !inbox.waiting.is_empty() {
            // Deliveries of a channel that is gone may still stand in the way.
            let Ok(room) = consuming.deliveries.try_reserve() else {
                return self.plan_in(5, Happening::HandsOut);
            };
            let Some(message) = inbox.waiting.pop_front() else { break };
            consuming.tag += 1;
            room.send(Delivery {
                token: DeliveryToken { epoch, tag: consuming.tag },
                routing_key: message.kind.to_owned(),
                properties: message.properties.clone(),
                body: message.body.clone(),
                redelivered: message.redelivered,
                received_at: Instant::now(),
            });
            inbox.unacknowledged.push_back((consuming.tag, message));
        }
    }

    /// Where another prefetch is wished, and nothing is under way on the old channel: a new one.
    fn renew(&mut self) {
        let is_free = self.inbox.unacknowledged.is_empty();
        let Some(consuming) = self.life.consuming.as_mut().filter(|consuming| consuming.is_up && is_free) else {
            return;
        };
        if let Some(prefetch) = consuming.wished.take() {
            (consuming.prefetch, consuming.tag) = (prefetch, 0);
            self.life.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// The daemon wishes another prefetch.
    pub(crate) fn wish(&mut self, life: u64, prefetch: usize) {
        if self.life.number != life {
            return;
        }
        self.log(&format!("prefetch {prefetch} is wished"));
        if let Some(consuming) = &mut self.life.consuming {
            consuming.wished = Some(prefetch);
        }
        self.hand_out();
    }

    /// What the daemon has settled is acknowledged, where that is on the channel that is open.
    pub(crate) fn acknowledge(&mut self) {
        let settled = self.life.settled;
        let Some(consuming) = self.life.consuming.as_ref().filter(|consuming| consuming.is_up) else { return };
        let is_ours = settled.epoch == self.life.epoch.load(Ordering::Acquire) && settled.tag <= consuming.tag;
        if is_ours {
            while self.inbox.unacknowledged.front().is_some_and(|(tag, _)| *tag <= settled.tag) {
                self.inbox.unacknowledged.pop_front();
            }
        }
        self.hand_out();
    }

    pub(crate) fn lose_consumer(&mut self) {
        let Some(consuming) = self.life.consuming.as_mut().filter(|consuming| consuming.is_up) else { return };
        consuming.is_up = false;
        self.life.epoch.fetch_add(1, Ordering::AcqRel);
        self.inbox.requeue();
        let reason = "the weather".to_owned();
        self.life.status.send_modify(|status| status.consuming = LinkState::Down { reason });
        let (life, ms) = (self.life.number, self.dice.between(20, 8_000));
        self.plan_in(ms, Happening::ConsumesAgain { life });
    }

    pub(crate) fn consume_again(&mut self) {
        let Some(consuming) = self.life.consuming.as_mut() else { return };
        *consuming = Consuming {
            deliveries: consuming.deliveries.clone(),
            is_up: true,
            is_stopped: consuming.is_stopped,
            prefetch: consuming.wished.unwrap_or(consuming.prefetch),
            wished: None,
            tag: 0,
        };
        self.life.epoch.fetch_add(1, Ordering::AcqRel);
        self.life.status.send_modify(|status| status.consuming = LinkState::Up);
        self.hand_out();
    }
}

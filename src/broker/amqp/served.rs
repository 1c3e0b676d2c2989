//! One channel while it is served: what came over it, what of that is settled, and when the broker hears of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lapin::options::{BasicAckOptions, BasicCancelOptions};
use lapin::{Channel, Consumer};

use super::allowance::{Allowance, Burden};
use super::apart::Apart;
use super::fault::Fault;
use super::ledger::{Ledger, Settled};
use super::within;
use crate::broker::message::{Delivery, DeliveryToken};
use crate::broker::properties::Properties;
use crate::broker::transport::Prefetch;

/// The most deliveries that are settled and wait to be acknowledged with others.
const ACKNOWLEDGE_EVERY: usize = 64;

/// How long the first of them waits. To acknowledge costs a quorum queue as much as a message does: each is written down and
/// agreed upon. What is settled and not acknowledged when the daemon dies comes again, and is known.
const ACKNOWLEDGE_WITHIN: Duration = Duration::from_millis(50);

/// Comes when what is settled has to be acknowledged, and never where nothing is.
pub(super) async fn to_acknowledge(settled: Option<(DeliveryToken, tokio::time::Instant)>) -> DeliveryToken {
    match settled {
        Some((token, due)) => {
            tokio::time::sleep_until(due).await;
            token
        }
        None => std::future::pending().await,
    }
}

/// One channel while it is served.
pub(super) struct Served {
    channel: Channel,
    pub(super) consumer: Consumer,
    pub(super) prefetch: Prefetch,
    prefetch_count: u16,
    pub(super) ledger: Ledger,
    allowance: Arc<Allowance>,
    burden: Burden,
    /// Received, and waiting for room on its way to the daemon.
    pub(super) held: Option<Delivery>,
    /// The way of what was set apart, from the first on.
    pub(super) apart: Option<Apart>,
    /// The newest that is settled and not acknowledged, and when it will be.
    pub(super) settled: Option<(DeliveryToken, tokio::time::Instant)>,
    bound: Duration,
}

impl Served {
    /// One that was opened with that prefetch.
    pub(super) fn new(
        opened: (Channel, Consumer, Prefetch),
        prefetch_count: u16,
        epoch: u64,
        allowance: Arc<Allowance>,
        bound: Duration,
    ) -> Self {
        let (channel, consumer, prefetch) = opened;
        let (ledger, burden) = (Ledger::new(epoch), Burden::default());
        Self {
            channel,
            consumer,
            prefetch,
            prefetch_count,
            ledger,
            allowance,
            burden,
            held: None,
            apart: None,
            settled: None,
            bound,
        }
    }

    pub(super) fn take_in(&mut self, delivery: lapin::message::Delivery) -> Delivery {
        self.burden.take_up(delivery.delivery_tag, delivery.data.len());
        Delivery {
            token: self.ledger.hand_out(delivery.delivery_tag),
            routing_key: delivery.routing_key.into(),
            properties: Properties::from(delivery.properties).without_delivery_count(),
            body: delivery.data,
            redelivered: delivery.redelivered,
            received_at: Instant::now(),
        }
    }

    /// Acknowledges what is settled once it is much, or has waited a moment.
    pub(super) async fn settle(&mut self, token: DeliveryToken) -> Result<(), Fault> {
        if !self.ledger.is_news(token) {
            return Ok(());
        }
        if self.is_much(token) {
            return self.acknowledge(token).await;
        }
        let due = self.settled.map_or_else(|| tokio::time::Instant::now() + ACKNOWLEDGE_WITHIN, |(_, due)| due);
        self.settled = Some((token, due));
        Ok(())
    }

    /// Whether the broker should hear of it now: of many, of what keeps it from sending more, of what takes memory.
    fn is_much(&self, token: DeliveryToken) -> bool {
        let enough = ACKNOWLEDGE_EVERY.min(usize::from(self.prefetch_count) / 4);
        self.ledger.unsettled_through(token) >= enough || !self.burden.is_empty()
    }

    pub(super) async fn acknowledge(&mut self, token: DeliveryToken) -> Result<(), Fault> {
        self.settled = None;
        let Some(settled) = self.ledger.settle(token) else { return Ok(()) };
        self.allowance.give_back(self.burden.put_down(&settled));
        match settled {
            Settled::Through(tag) => self.send(tag, BasicAckOptions { multiple: true }).await?,
            Settled::Each(tags) => {
                for tag in tags {
                    self.send(tag, BasicAckOptions { multiple: false }).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn acknowledge_apart(&mut self, tag: u64) -> Result<(), Fault> {
        if self.ledger.settle_apart(tag) {
            self.allowance.give_back(self.burden.put_down(&Settled::Each(vec![tag])));
            self.send(tag, BasicAckOptions { multiple: false }).await?;
        }
        Ok(())
    }

    /// Sends an acknowledgement.
    async fn send(&mut self, tag: u64, options: BasicAckOptions) -> Result<(), Fault> {
        let ack = self.channel.basic_ack(tag, options);
        // `false` says that the channel is gone, which the consumer's stream is about to say with its reason.
        within(self.bound, "acknowledge", ack).await.map(drop)
    }

    /// Whether the broker sends nothing more until something is acknowledged.
    pub(super) fn is_full(&self) -> bool {
        self.ledger.unacknowledged() >= usize::from(self.prefetch_count)
    }

    /// At the end: what is on its way apart has a last chance. What does not arrive in time, the broker hands out again.
    pub(super) async fn finish_apart(&mut self) -> Result<(), Fault> {
        let deadline = tokio::time::Instant::now() + self.bound;
        while self.ledger.apart_count() > 0 {
            let settled = Apart::settled(&mut self.apart);
            let Ok(tag) = tokio::time::timeout_at(deadline, settled).await else { break };
            self.acknowledge_apart(tag).await?;
        }
        Ok(())
    }

    pub(super) async fn cancel(&mut self) -> Result<(), Fault> {
        let cancel = self.channel.basic_cancel(self.consumer.tag(), BasicCancelOptions { nowait: false });
        within(self.bound, "cancel the consumer", cancel).await
    }
}

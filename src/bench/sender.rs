//! Sends events: a backlog as fast as it goes, or at a fixed rate whatever becomes of them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use futures_util::future::FutureExt;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{BasicProperties, Channel, Confirmation, Connection};

use super::BenchError;
use super::machine::sleep_until;
use super::script::{Script, Spoken};

/// Messages of a backlog under way at a time.
const WINDOW: usize = 1_000;
/// Messages at a fixed rate that lapin may hold before the sender waits for it.
const UNWRITTEN_MAX: usize = 2_000;

/// Two channels to one exchange: one with confirms for backlogs, one without for fixed rates.
#[derive(Clone)]
pub(super) struct Sender {
    confirmed: Channel,
    plain: Channel,
    exchange: String,
}

impl Sender {
    pub(super) async fn open(connection: &Connection, exchange: String) -> Result<Self, BenchError> {
        let confirmed = connection.create_channel().await?;
        confirmed.confirm_select(ConfirmSelectOptions { nowait: false }).await?;
        Ok(Self { confirmed, plain: connection.create_channel().await?, exchange })
    }

    /// Publishes all, and waits until the broker has them.
    pub(super) async fn publish_all(&self, events: impl Iterator<Item = Spoken>) -> Result<(), BenchError> {
        let mut confirms = VecDeque::new();
        for event in events {
            let mut publish = Box::pin(publish(&self.confirmed, &self.exchange, event));
            let queued = publish.as_mut().now_or_never();
            confirms.push_back(async move {
                match queued {
                    Some(confirm) => confirm?.await,
                    None => publish.await?.await,
                }
            });
            if confirms.len() >= WINDOW
                && let Some(oldest) = confirms.pop_front()
            {
                taken(&oldest.await?)?;
            }
        }
        for confirm in confirms {
            taken(&confirm.await?)?;
        }
        Ok(())
    }

    /// Publishes one event each `interval` from `start` on, late or not. Blocks: for a thread of its own. Says how late
    /// it was at worst.
    pub(super) fn publish_at(
        &self,
        script: &mut Script,
        count: u64,
        start: Instant,
        interval: Duration,
        runtime: &tokio::runtime::Handle,
    ) -> Result<Duration, BenchError> {
        let mut late_max = Duration::ZERO;
        let mut unwritten = VecDeque::new();
        for index in 0..count {
            let due = start + interval.mul_f64(index as f64);
            sleep_until(due);
            late_max = late_max.max(due.elapsed());
            let channel = self.plain.clone();
            let (exchange, event) = (self.exchange.clone(), script.next_event());
            let mut publish = Box::pin(async move { publish(&channel, &exchange, event).await });
            match publish.as_mut().now_or_never() {
                Some(sent) => drop(sent?),
                None => unwritten.push_back(publish),
            }
            while unwritten.len() > UNWRITTEN_MAX
                && let Some(oldest) = unwritten.pop_front()
            {
                runtime.block_on(oldest)?;
            }
        }
        for publish in unwritten {
            runtime.block_on(publish)?;
        }
        Ok(late_max)
    }
}

async fn publish(channel: &Channel, exchange: &str, event: Spoken) -> lapin::Result<lapin::PublisherConfirm> {
    let properties = BasicProperties::default()
        .with_content_type("application/cloudevents+json".into())
        .with_delivery_mode(2)
        .with_type(event.kind.into())
        .with_message_id(event.id.into());
    channel
        .basic_publish(
            ShortString::try_new(exchange).unwrap_or_default(),
            event.kind.into(),
            BasicPublishOptions { mandatory: true, immediate: false },
            &event.body,
            properties,
        )
        .await
}

fn taken(confirmation: &Confirmation) -> Result<(), BenchError> {
    match confirmation {
        Confirmation::Ack(None) => Ok(()),
        other => Err(BenchError::Contestant(format!("the broker did not take an event: {other:?}"))),
    }
}

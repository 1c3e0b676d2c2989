//! The bare passthrough: what the broker and lapin allow when nothing is decided and nothing is kept.

use std::borrow::Cow;
use std::pin::Pin;

use futures_util::future::FutureExt;
use futures_util::stream::FuturesOrdered;
use futures_util::{Stream, StreamExt};
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use serde::Deserialize;

use super::BenchError;
use crate::broker::{BrokerOptions, declare};

/// As many confirmed messages are acknowledged at once, or fewer where no more are under way.
const ACKNOWLEDGE_EVERY: u64 = 64;

/// How it works.
#[derive(Debug, Clone)]
pub struct PassthroughOptions {
    /// Where, and under which names.
    pub broker: BrokerOptions,
    /// The most messages under way.
    pub window: u16,
    /// Also publishes one that no queue is bound for.
    pub twice: bool,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    data: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    ticket_id: Cow<'a, str>,
}

type Confirm = Pin<Box<dyn Future<Output = lapin::Result<Confirmation>> + Send>>;

/// Passes messages through until the connection ends.
///
/// # Errors
/// What ended it.
pub async fn passthrough(options: PassthroughOptions) -> Result<(), BenchError> {
    declare(&options.broker).await?;
    let uri = options.broker.uri.to_amqp(options.broker.heartbeat);
    let name =
        |what: &str| ConnectionProperties::default().with_connection_name(format!("passthrough ({what})").into());
    let consuming = Connection::connect_uri(uri.clone(), name("consume")).await?;
    let publishing = Connection::connect_uri(uri, name("publish")).await?;
    let inbound = consuming.create_channel().await?;
    inbound.basic_qos(options.broker.prefetch, BasicQosOptions { global: false }).await?;
    let outbound = publishing.create_channel().await?;
    outbound.confirm_select(ConfirmSelectOptions { nowait: false }).await?;
    let consumer = inbound
        .basic_consume(
            ShortString::try_new(format!("{}.inbox", options.broker.prefix)).unwrap_or_default(),
            ShortString::default(),
            BasicConsumeOptions { no_local: false, no_ack: false, exclusive: false, nowait: false },
            FieldTable::default(),
        )
        .await?;
    let exchange = format!("{}.assignments", options.broker.prefix);
    let passer = Passer { outbound, exchange, twice: options.twice };
    passer.run(inbound, consumer, usize::from(options.window)).await
}

struct Passer {
    outbound: Channel,
    exchange: String,
    twice: bool,
}

impl Passer {
    async fn run(
        self,
        inbound: Channel,
        mut deliveries: impl Stream<Item = lapin::Result<Delivery>> + Unpin,
        window: usize,
    ) -> Result<(), BenchError> {
        let mut under_way: FuturesOrdered<Pin<Box<dyn Future<Output = lapin::Result<u64>> + Send>>> =
            FuturesOrdered::new();
        let mut confirmed = 0;
        loop {
            tokio::select! {
                biased;
                Some(tag) = under_way.next() => {
                    let tag = tag?;
                    confirmed += 1;
                    if confirmed >= ACKNOWLEDGE_EVERY || under_way.is_empty() {
                        inbound.basic_ack(tag, BasicAckOptions { multiple: true }).await?;
                        confirmed = 0;
                    }
                }
                delivery = deliveries.next(), if under_way.len() < window => {
                    let Some(delivery) = delivery else { return Ok(()) };
                    let delivery = delivery?;
                    let tag = delivery.delivery_tag;
                    let routed = self.publish(&delivery, "assignment.assigned.desk");
                    let unrouted = self.twice.then(|| self.publish(&delivery, "agent.changed"));
                    under_way.push_back(Box::pin(async move {
                        routed.await?;
                        if let Some(unrouted) = unrouted {
                            unrouted.await?;
                        }
                        Ok(tag)
                    }));
                }
            }
        }
    }

    /// Queues a message; what is returned waits for its confirm.
    fn publish(&self, delivery: &Delivery, routing_key: &'static str) -> Confirm {
        let about = serde_json::from_slice::<Envelope<'_>>(&delivery.data);
        let correlation =
            about.ok().filter(|about| !about.data.ticket_id.is_empty()).map(|about| about.id.into_owned());
        let properties = BasicProperties::default()
            .with_content_type("application/cloudevents+json".into())
            .with_delivery_mode(2)
            .with_type("assignment.assigned".into())
            .with_message_id(format!("p-{}", delivery.delivery_tag).into())
            .with_correlation_id(correlation.unwrap_or_default().into());
        let (channel, exchange) = (self.outbound.clone(), self.exchange.clone());
        let body = delivery.data.clone();
        let mut publish = Box::pin(async move {
            channel
                .basic_publish(
                    ShortString::try_new(exchange).unwrap_or_default(),
                    routing_key.into(),
                    BasicPublishOptions { mandatory: true, immediate: false },
                    &body,
                    properties,
                )
                .await
        });
        // The first poll queues the frames, so that they leave in this order.
        match publish.as_mut().now_or_never() {
            Some(Ok(confirm)) => Box::pin(confirm),
            Some(Err(error)) => Box::pin(async move { Err(error) }),
            None => Box::pin(async move { publish.await?.await }),
        }
    }
}

//! A look at what goes by: a queue of its own at an exchange, for the commands that only listen.
//!
//! The queue is exclusive and goes away with the connection, so that nobody's messages are taken, and nothing is kept for a
//! listener who has left. There is no supervisor: when the connection is lost, so is the queue and what was in it, and a
//! listener has to know that.

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ExchangeDeclareOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Consumer, ExchangeKind};

use super::connection::{Connected, Purpose};
use super::fault::{Answer, Fault, answer};
use super::topology::Names;
use super::{Moment, within};
use crate::broker::error::TransportError;
use crate::broker::message::Exchange;
use crate::broker::options::BrokerOptions;
use crate::broker::properties::{Properties, short};

/// Deliveries under way at a time. What is behind them waits in the broker.
const PREFETCH: u16 = 1_000;
/// Acknowledge after so many: often enough that the broker never stops.
const ACKNOWLEDGE_EVERY: u16 = PREFETCH / 4;

/// One message that went by.
#[derive(Debug, Clone, PartialEq)]
pub struct Tapped {
    /// As published.
    pub routing_key: String,
    /// All AMQP properties.
    pub properties: Properties,
    /// Of any size and form.
    pub body: Vec<u8>,
}

/// A queue of its own at an exchange.
pub struct Tap {
    options: BrokerOptions,
    channel: Channel,
    consumer: Consumer,
    taken: u16,
    last_tag: u64,
    /// Held for its drop, which ends the connection and with it the queue.
    _connected: Connected,
}

/// Binds a queue of its own to an exchange, by these patterns (a fanout exchange does not look at them).
///
/// # Errors
/// A broker that can't be reached in time, that refuses, or that has no such exchange.
pub async fn connect_tap(
    options: BrokerOptions,
    exchange: Exchange,
    patterns: &[String],
) -> Result<Tap, TransportError> {
    super::persist(&options, || open(&options, exchange, patterns)).await
}

async fn open(options: &BrokerOptions, exchange: Exchange, patterns: &[String]) -> Result<Tap, Fault> {
    let bound = options.request_timeout;
    let connected = Connected::open(options, Purpose::Listen).await?;
    let channel = connected.channel().await?;
    let exchange_name = Names::new(&options.prefix).exchange(exchange).to_owned();
    look_for(&channel, exchange, &exchange_name, options).await?;
    let qos = channel.basic_qos(PREFETCH, BasicQosOptions { global: false });
    within(bound, "set the prefetch", qos).await?;
    let declare = channel.queue_declare(
        ShortString::default(),
        QueueDeclareOptions { passive: false, durable: false, exclusive: true, auto_delete: true, nowait: false },
        FieldTable::default(),
    );
    let queue = within(bound, "declare a queue", declare).await?.name().clone();
    for pattern in patterns {
        let bind = channel.queue_bind(
            queue.clone(),
            short(&exchange_name).unwrap_or_default(),
            short(pattern).unwrap_or_default(),
            QueueBindOptions { nowait: false },
            FieldTable::default(),
        );
        within(bound, "bind a queue", bind).await?;
    }
    let consume = channel.basic_consume(
        queue,
        ShortString::default(),
        BasicConsumeOptions { no_local: false, no_ack: false, exclusive: true, nowait: false },
        FieldTable::default(),
    );
    let consumer = within(bound, "consume", consume).await?;
    Ok(Tap { options: options.clone(), channel, consumer, taken: 0, last_tag: 0, _connected: connected })
}

/// Tells an exchange that is not there from a broker that is not.
async fn look_for(channel: &Channel, exchange: Exchange, name: &str, options: &BrokerOptions) -> Result<(), Fault> {
    let kind = match exchange {
        Exchange::Dead => ExchangeKind::Fanout,
        Exchange::Assignments | Exchange::Events => ExchangeKind::Topic,
    };
    let looked = channel.exchange_declare(
        short(name).unwrap_or_default(),
        kind,
        ExchangeDeclareOptions { passive: true, durable: true, auto_delete: false, internal: false, nowait: false },
        FieldTable::default(),
    );
    let Err(fault) = within(options.request_timeout, "look for an exchange", looked).await else { return Ok(()) };
    let Fault::Lapin { error, .. } = &fault else { return Err(fault) };
    match answer(error) {
        (Answer::NotFound, text) => Err(Fault::Missing {
            object: format!("exchange {name}"),
            reason: format!("{text}; start the daemon once against this broker, or check the prefix"),
        }),
        _ => Err(fault),
    }
}

impl Tap {
    /// The next message. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Once the connection or the queue is gone. What was in the queue went with it.
    pub async fn next(&mut self) -> Result<Tapped, TransportError> {
        if self.taken >= ACKNOWLEDGE_EVERY {
            // Cleared first: an acknowledgement that is dropped on its way is made up for by the next.
            self.taken = 0;
            let acknowledge = self.channel.basic_ack(self.last_tag, BasicAckOptions { multiple: true });
            within(self.options.request_timeout, "acknowledge", acknowledge)
                .await
                .map_err(|fault| lost(fault, &self.options))?;
        }
        match self.consumer.next().await {
            Some(Ok(delivery)) => {
                self.taken += 1;
                self.last_tag = delivery.delivery_tag;
                Ok(Tapped {
                    routing_key: delivery.routing_key.to_string(),
                    properties: delivery.properties.into(),
                    body: delivery.data,
                })
            }
            Some(Err(error)) => Err(lost(Fault::from_lapin("consume", error), &self.options)),
            None => Err(lost(Fault::ConsumerCancelled, &self.options)),
        }
    }
}

fn lost(fault: Fault, options: &BrokerOptions) -> TransportError {
    fault
        .into_fatal(Moment::Later, options)
        .unwrap_or_else(|reason| TransportError::Lost { endpoint: options.uri.to_string(), reason })
}

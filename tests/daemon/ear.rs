//! Whoever listens to what the daemon says, and finds each message as `docs/events.md#the-envelope` has it.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer, ExchangeKind};
use serde_json::Value;

use crate::SOON;

/// One message of the daemon's.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) routing_key: String,
    pub(crate) properties: BasicProperties,
    pub(crate) body: Vec<u8>,
    pub(crate) envelope: Value,
}

impl Heard {
    /// Reads a message, and holds it against the envelope that is documented.
    pub(crate) fn new(delivery: Delivery) -> Self {
        let envelope: Value = serde_json::from_slice(&delivery.data).expect("a body is JSON");
        let heard = Self {
            at: Instant::now(),
            routing_key: delivery.routing_key.to_string(),
            properties: delivery.properties,
            body: delivery.data,
            envelope,
        };
        heard.check();
        heard
    }

    fn check(&self) {
        let (properties, envelope) = (&self.properties, &self.envelope);
        assert_eq!(envelope["specversion"], "1.0", "{envelope}");
        let source = envelope["source"].as_str().expect("a source");
        assert!(source.starts_with("/rolecall/"), "{source}");
        assert_eq!(*properties.delivery_mode(), Some(2), "persistent: {envelope}");
        let text = |property: &Option<lapin::types::ShortString>| property.as_ref().map(ToString::to_string);
        assert_eq!(text(properties.content_type()).as_deref(), Some("application/cloudevents+json"));
        assert_eq!(text(properties.message_id()).as_deref(), Some(self.id()));
        assert_eq!(text(properties.kind()).as_deref(), Some(self.kind()));
        let time: jiff::Timestamp = envelope["time"].as_str().expect("a time").parse().expect("RFC 3339");
        let seconds = properties.timestamp().expect("a timestamp");
        assert_eq!(i64::try_from(seconds).expect("this century"), time.as_second(), "{envelope}");
        let key = match self.data()["role"].as_str() {
            Some(role) => format!("{}.{role}", self.kind()),
            None => self.kind().to_owned(),
        };
        assert_eq!(self.routing_key, key, "{envelope}");
    }

    pub(crate) fn id(&self) -> &str {
        self.envelope["id"].as_str().expect("an id")
    }

    pub(crate) fn kind(&self) -> &str {
        self.envelope["type"].as_str().expect("a type")
    }

    pub(crate) fn data(&self) -> &Value {
        &self.envelope["data"]
    }

    pub(crate) fn text(&self, member: &str) -> &str {
        self.data()[member].as_str().unwrap_or_else(|| panic!("{member} is text in {}", self.envelope))
    }

    pub(crate) fn correlation_id(&self) -> Option<&str> {
        self.properties.correlation_id().as_ref().map(lapin::types::ShortString::as_str)
    }

    /// The trace to which it belongs.
    pub(crate) fn traceparent(&self) -> Option<String> {
        let headers = self.properties.headers().as_ref()?;
        match headers.inner().get("traceparent")? {
            AMQPValue::LongString(traceparent) => Some(traceparent.to_string()),
            other => panic!("a text, not {other:?}"),
        }
    }

    /// Whether it is about that ticket or, where it is about none, that agent.
    fn is_about(&self, subject: &str) -> bool {
        let ticket = self.data()["ticket_id"].as_str();
        ticket.or(self.data()["agent_id"].as_str()) == Some(subject)
    }
}

/// A queue of its own at the daemon's exchange, from before the daemon starts.
pub(crate) struct Ear {
    consumer: Consumer,
    unclaimed: VecDeque<Heard>,
    all: Vec<Heard>,
    /// Where in `all` each id is.
    firsts: HashMap<String, usize>,
    /// Held for its drop.
    _channel: Channel,
    _connection: Connection,
}

impl Ear {
    pub(crate) async fn new(uri: &str, prefix: &str) -> Self {
        let connection = Connection::connect(uri, ConnectionProperties::default()).await.expect("the broker is there");
        let channel = connection.create_channel().await.expect("a channel");
        let exchange = format!("{prefix}.assignments");
        declare_exchange(&channel, &exchange).await.expect("declared");
        let options =
            QueueDeclareOptions { passive: false, durable: false, exclusive: true, auto_delete: true, nowait: false };
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await.expect("a queue");
        let queue = queue.name().clone();
        bind_all(&channel, queue.as_str(), &exchange).await.expect("bound");
        let options = BasicConsumeOptions { no_local: false, no_ack: true, exclusive: true, nowait: false };
        let consumer = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await;
        Self {
            consumer: consumer.expect("a consumer"),
            unclaimed: VecDeque::new(),
            all: Vec::new(),
            firsts: HashMap::new(),
            _channel: channel,
            _connection: connection,
        }
    }

    /// Waits for the first message of that type about that ticket or agent that was not heard before.
    pub(crate) async fn hear(&mut self, kind: &str, subject: &str) -> Heard {
        self.hear_where(kind, |heard| heard.is_about(subject)).await
    }

    pub(crate) async fn hear_where(&mut self, kind: &str, holds: impl Fn(&Heard) -> bool) -> Heard {
        let fits = |heard: &Heard| heard.kind() == kind && holds(heard);
        if let Some(index) = self.unclaimed.iter().position(fits) {
            return self.unclaimed.remove(index).expect("it is there");
        }
        let deadline = tokio::time::Instant::now() + SOON;
        loop {
            let Ok(next) = tokio::time::timeout_at(deadline, self.next()).await else {
                let unclaimed: Vec<_> = self.unclaimed.iter().map(|heard| heard.envelope.to_string()).collect();
                panic!("no {kind} within {SOON:?}; unclaimed: {unclaimed:#?}");
            };
            if fits(&next) {
                return next;
            }
            self.unclaimed.push_back(next);
        }
    }

    /// The next one that is no repeat; a repeat has to be what it repeats, to the byte.
    async fn next(&mut self) -> Heard {
        loop {
            let heard = Heard::new(self.consumer.next().await.expect("consuming").expect("a delivery"));
            if let Some(first) = self.firsts.get(heard.id()) {
                let first = &self.all[*first];
                assert_eq!((&heard.body, &heard.routing_key), (&first.body, &first.routing_key));
                assert_eq!(heard.properties, first.properties);
                continue;
            }
            self.firsts.insert(heard.id().to_owned(), self.all.len());
            self.all.push(heard.clone());
            return heard;
        }
    }

    /// All messages about a ticket so far, by their types.
    pub(crate) fn story_of(&self, ticket: &str) -> Vec<&str> {
        self.about(ticket).map(Heard::kind).collect()
    }

    pub(crate) fn about<'e>(&'e self, subject: &str) -> impl Iterator<Item = &'e Heard> {
        self.all.iter().filter(move |heard| heard.is_about(subject))
    }

    /// All messages so far, without repeats.
    pub(crate) fn all(&self) -> &[Heard] {
        &self.all
    }
}

/// As `docs/deploying.md#objects-on-the-broker` has it, so that whoever comes first makes the same.
pub(crate) async fn declare_exchange(channel: &Channel, exchange: &str) -> lapin::Result<()> {
    let options =
        ExchangeDeclareOptions { passive: false, durable: true, auto_delete: false, internal: false, nowait: false };
    channel.exchange_declare(exchange.into(), ExchangeKind::Topic, options, FieldTable::default()).await
}

pub(crate) async fn bind_all(channel: &Channel, queue: &str, exchange: &str) -> lapin::Result<()> {
    let options = QueueBindOptions { nowait: false };
    channel.queue_bind(queue.into(), exchange.into(), "#".into(), options, FieldTable::default()).await
}

//! A helpdesk, a switch, a desktop: whoever publishes events.

use std::sync::atomic::{AtomicU64, Ordering};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use serde_json::{Value, json};

pub(crate) const SOURCE: &str = "/helpdesk/eu";

/// The two ways to write an event (`docs/events.md#the-envelope`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Plain,
    Enveloped,
}

pub(crate) struct Upstream {
    /// Held for its drop.
    _connection: Connection,
    channel: Channel,
    prefix: String,
    form: Form,
    count: AtomicU64,
}

impl Upstream {
    pub(crate) async fn new(uri: &str, prefix: &str, form: Form) -> Self {
        let connection = Connection::connect(uri, ConnectionProperties::default()).await.expect("the broker is there");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions { nowait: false }).await.expect("confirms");
        Self { _connection: connection, channel, prefix: prefix.to_owned(), form, count: AtomicU64::new(0) }
    }

    /// Publishes an event under a new id, which it returns.
    pub(crate) async fn say(&self, kind: &str, data: Value) -> String {
        let id = format!("e-{}", self.count.fetch_add(1, Ordering::Relaxed));
        self.say_as(&id, kind, data).await;
        id
    }

    pub(crate) async fn say_as(&self, id: &str, kind: &str, data: Value) {
        let (properties, body) = event(self.form, id, kind, &data);
        self.publish(&format!("{}.events", self.prefix), kind, properties, &body).await;
    }

    pub(crate) async fn publish(&self, exchange: &str, key: &str, properties: BasicProperties, body: &[u8]) {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let confirm = self.channel.basic_publish(exchange.into(), key.into(), options, body, properties).await;
        let confirmation = confirm.expect("sent").await.expect("confirmed");
        assert!(confirmation.is_ack() && confirmation.take_message().is_none(), "routed to a queue");
    }

    /// The next message of a queue, acknowledged at once.
    pub(crate) async fn get(&self, queue: &str) -> Option<lapin::message::Delivery> {
        let got = self.channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await.expect("the queue");
        got.map(|message| message.delivery)
    }

    /// How many messages wait in a queue, without those under way.
    pub(crate) async fn ready_count(&self, queue: &str) -> u32 {
        let options =
            QueueDeclareOptions { passive: true, durable: true, exclusive: false, auto_delete: false, nowait: false };
        let declared = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        declared.expect("the queue is there").message_count()
    }

    pub(crate) async fn declare_queue(&self, queue: &str) {
        let options =
            QueueDeclareOptions { passive: false, durable: true, exclusive: false, auto_delete: false, nowait: false };
        self.channel.queue_declare(queue.into(), options, FieldTable::default()).await.expect("declared");
    }

    pub(crate) async fn delete_queue(&self, queue: &str) {
        let options = QueueDeleteOptions { if_unused: false, if_empty: false, nowait: false };
        self.channel.queue_delete(queue.into(), options).await.expect("deleted");
    }
}

/// What a message has besides its body that belongs to a trace.
pub(crate) fn traced(traceparent: &str) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert("traceparent".into(), AMQPValue::LongString(traceparent.into()));
    BasicProperties::default().with_headers(headers)
}

/// An event as it is published.
pub(crate) fn event(form: Form, id: &str, kind: &str, data: &Value) -> (BasicProperties, Vec<u8>) {
    let persistent = BasicProperties::default().with_delivery_mode(2);
    match form {
        Form::Plain => {
            let properties = persistent.with_message_id(id.into()).with_type(kind.into()).with_app_id(SOURCE.into());
            (properties, data.to_string().into_bytes())
        }
        Form::Enveloped => {
            let envelope = json!({ "specversion": "1.0", "id": id, "source": SOURCE, "type": kind, "data": data });
            let properties = persistent.with_content_type("application/cloudevents+json".into());
            (properties, envelope.to_string().into_bytes())
        }
    }
}

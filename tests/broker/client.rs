//! A client of the broker as any upstream would be.

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions, ExchangeDeleteOptions,
    QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind};

pub(crate) struct Client {
    connection: Connection,
    channel: Channel,
}

impl Client {
    pub(crate) async fn new(uri: &str) -> Self {
        let connection = Connection::connect(uri, ConnectionProperties::default()).await.expect("the broker is there");
        let channel = connection.create_channel().await.expect("a channel");
        channel.confirm_select(ConfirmSelectOptions { nowait: false }).await.expect("confirms");
        Self { connection, channel }
    }

    pub(crate) async fn publish(&self, exchange: &str, routing_key: &str, properties: BasicProperties, body: &[u8]) {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let confirm = self.channel.basic_publish(exchange.into(), routing_key.into(), options, body, properties).await;
        let confirmation = confirm.expect("sent").await.expect("confirmed");
        assert!(confirmation.is_ack() && confirmation.take_message().is_none(), "routed to a queue");
    }

    /// The next message of a queue, acknowledged at once.
    pub(crate) async fn get(&self, queue: &str) -> Option<lapin::message::Delivery> {
        let got = self.channel.basic_get(queue.into(), BasicGetOptions { no_ack: true }).await.expect("the queue");
        got.map(|message| message.delivery)
    }

    /// How many messages wait in a queue, without those under way.
    pub(crate) async fn ready(&self, queue: &str) -> u32 {
        let options =
            QueueDeclareOptions { passive: true, durable: true, exclusive: false, auto_delete: false, nowait: false };
        let declared = self.channel.queue_declare(queue.into(), options, FieldTable::default()).await;
        declared.expect("the queue is there").message_count()
    }

    /// Whether an object is there and equal: a declaration of it succeeds. On a channel of its own, which it may cost.
    pub(crate) async fn accepts_queue(&self, queue: &str, arguments: &[(&str, &str)]) -> bool {
        let channel = self.connection.create_channel().await.expect("a channel");
        let options =
            QueueDeclareOptions { passive: false, durable: true, exclusive: false, auto_delete: false, nowait: false };
        channel.queue_declare(queue.into(), options, table(arguments)).await.is_ok()
    }

    pub(crate) async fn accepts_exchange(&self, exchange: &str, kind: ExchangeKind) -> bool {
        let channel = self.connection.create_channel().await.expect("a channel");
        let options = ExchangeDeclareOptions {
            passive: false,
            durable: true,
            auto_delete: false,
            internal: false,
            nowait: false,
        };
        channel.exchange_declare(exchange.into(), kind, options, FieldTable::default()).await.is_ok()
    }

    /// Whether there is such an exchange.
    pub(crate) async fn has_exchange(&self, exchange: &str) -> bool {
        let channel = self.connection.create_channel().await.expect("a channel");
        let options =
            ExchangeDeclareOptions { passive: true, durable: true, auto_delete: false, internal: false, nowait: false };
        channel.exchange_declare(exchange.into(), ExchangeKind::Topic, options, FieldTable::default()).await.is_ok()
    }

    /// Publishes, and says whether a queue took it.
    pub(crate) async fn is_routed(&self, exchange: &str, routing_key: &str, body: &[u8]) -> bool {
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        let properties = BasicProperties::default();
        let confirm = self.channel.basic_publish(exchange.into(), routing_key.into(), options, body, properties).await;
        confirm.expect("sent").await.expect("confirmed").take_message().is_none()
    }

    pub(crate) async fn unbind(&self, queue: &str, exchange: &str, pattern: &str) {
        let unbound = self.channel.queue_unbind(queue.into(), exchange.into(), pattern.into(), FieldTable::default());
        unbound.await.expect("unbound");
    }

    pub(crate) async fn bind(&self, queue: &str, exchange: &str, pattern: &str) {
        let options = QueueBindOptions { nowait: false };
        let bound =
            self.channel.queue_bind(queue.into(), exchange.into(), pattern.into(), options, FieldTable::default());
        bound.await.expect("bound");
    }

    pub(crate) async fn delete_queue(&self, queue: &str) {
        let options = QueueDeleteOptions { if_unused: false, if_empty: false, nowait: false };
        self.channel.queue_delete(queue.into(), options).await.expect("deleted");
    }

    pub(crate) async fn delete_exchange(&self, exchange: &str) {
        let options = ExchangeDeleteOptions { if_unused: false, nowait: false };
        self.channel.exchange_delete(exchange.into(), options).await.expect("deleted");
    }
}

fn table(arguments: &[(&str, &str)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        table.insert((*name).into(), AMQPValue::LongString((*value).into()));
    }
    table
}

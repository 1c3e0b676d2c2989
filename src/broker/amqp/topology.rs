//! The objects on the broker (`docs/deploying.md`, "Objects on the broker"), made or looked for.
//!
//! An object that is there with other arguments is a fatal error with a name, and never a loop: the broker closes the
//! channel over it, and would do so for ever.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable, LongString, ShortString};
use lapin::{Channel, ExchangeKind};

use super::connection::Connected;
use super::fault::{Answer, Fault, answer};
use super::within;
use crate::broker::message::{Exchange, OWED};
use crate::broker::options::{BrokerOptions, OutboxQueue, TopologyMode};

/// The names of all objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) events: String,
    pub(crate) inbox: String,
    pub(crate) assignments: String,
    pub(crate) outbox: String,
    pub(crate) dead: String,
}

impl Names {
    pub(crate) fn new(prefix: &str) -> Self {
        let named = |name: &str| format!("{prefix}.{name}");
        Self {
            events: named("events"),
            inbox: named("inbox"),
            assignments: named("assignments"),
            outbox: named("outbox"),
            dead: named("dead"),
        }
    }

    pub(crate) fn exchange(&self, exchange: Exchange) -> &str {
        match exchange {
            Exchange::Assignments => &self.assignments,
            Exchange::Dead => &self.dead,
            Exchange::Events => &self.events,
        }
    }
}

/// Declares or checks all objects.
pub(super) async fn ensure(connected: &Connected, options: &BrokerOptions) -> Result<(), Fault> {
    let names = Names::new(&options.prefix);
    let surveyor = Surveyor { connected, options, channel: connected.channel().await? };
    surveyor.exchange(&names.events, ExchangeKind::Topic).await?;
    surveyor.way_out(&names).await?;
    let surveyor = surveyor.inbox(&names).await?;
    surveyor.bind(&names.inbox, &names.events, "#").await?;
    surveyor.finish().await
}

/// Declares or checks what the daemon publishes to, and the queues that keep it.
pub(super) async fn ensure_way_out(connected: &Connected, options: &BrokerOptions) -> Result<(), Fault> {
    let surveyor = Surveyor { connected, options, channel: connected.channel().await? };
    surveyor.way_out(&Names::new(&options.prefix)).await?;
    surveyor.finish().await
}

/// Walks from object to object on a channel of its own, which a mismatch may cost.
struct Surveyor<'a> {
    connected: &'a Connected,
    options: &'a BrokerOptions,
    channel: Channel,
}

impl Surveyor<'_> {
    fn passive(&self) -> bool {
        self.options.topology == TopologyMode::Check
    }

    async fn way_out(&self, names: &Names) -> Result<(), Fault> {
        self.exchange(&names.assignments, ExchangeKind::Topic).await?;
        self.exchange(&names.dead, ExchangeKind::Fanout).await?;
        self.queue(&names.dead, plain(self.options)).await?;
        self.bind(&names.dead, &names.dead, "").await?;
        if self.options.outbox_queue == OutboxQueue::Kept {
            self.queue(&names.outbox, plain(self.options)).await?;
            for owed in OWED {
                self.bind(&names.outbox, &names.assignments, owed).await?;
            }
        }
        Ok(())
    }

    async fn finish(self) -> Result<(), Fault> {
        within(self.options.request_timeout, "close a channel", self.channel.close(200, "bye".into())).await
    }

    async fn exchange(&self, name: &str, kind: ExchangeKind) -> Result<(), Fault> {
        let declared = self.channel.exchange_declare(
            object_name(name)?,
            kind,
            ExchangeDeclareOptions {
                passive: self.passive(),
                durable: true,
                auto_delete: false,
                internal: false,
                nowait: false,
            },
            FieldTable::default(),
        );
        self.judge("exchange", name, declared).await
    }

    async fn queue(&self, name: &str, arguments: FieldTable) -> Result<(), Fault> {
        let declared = self.channel.queue_declare(
            object_name(name)?,
            QueueDeclareOptions {
                passive: self.passive(),
                durable: true,
                exclusive: false,
                auto_delete: false,
                nowait: false,
            },
            arguments,
        );
        self.judge("queue", name, declared).await
    }

    /// The inbox dead-letters what the broker itself gives up on (RabbitMQ 4 does after 20 redeliveries), so that it is
    /// kept rather than dropped. An upstream may have declared it first, from what is public about it, without that: such
    /// an inbox is taken as it is.
    async fn inbox(self, names: &Names) -> Result<Self, Fault> {
        let mut arguments = plain(self.options);
        arguments.insert("x-dead-letter-exchange".into(), text(&names.dead));
        let Err(fault) = self.queue(&names.inbox, arguments).await else { return Ok(self) };
        if !matches!(fault, Fault::Topology { .. }) || self.passive() {
            return Err(fault);
        }
        // The broker closed the channel over the mismatch.
        let again = Self { channel: self.connected.channel().await?, ..self };
        again.queue(&names.inbox, plain(again.options)).await?;
        Ok(again)
    }

    async fn bind(&self, queue: &str, exchange: &str, pattern: &str) -> Result<(), Fault> {
        if self.passive() {
            // Bindings can't be looked at over AMQP; whoever made the objects made them.
            return Ok(());
        }
        let bound = self.channel.queue_bind(
            object_name(queue)?,
            object_name(exchange)?,
            object_name(pattern)?,
            QueueBindOptions { nowait: false },
            FieldTable::default(),
        );
        self.judge("queue", queue, bound).await
    }

    /// Tells a broker that objects to the object from one that is gone.
    async fn judge<T>(
        &self,
        kind: &str,
        name: &str,
        operation: impl Future<Output = lapin::Result<T>>,
    ) -> Result<(), Fault> {
        let Err(fault) = within(self.options.request_timeout, "declare", operation).await else { return Ok(()) };
        let Fault::Lapin { error, .. } = &fault else { return Err(fault) };
        let object = format!("{kind} {name}");
        Err(match answer(error) {
            (Answer::Unequal, text) => {
                Fault::Topology { reason: format!("{text}; {}", self.advice_on_mismatch()), object }
            }
            (Answer::NotFound, text) if self.passive() => {
                Fault::Missing { reason: format!("{text}; create it, or set amqp.declare = true"), object }
            }
            (Answer::Refused, text) => {
                let reason = format!("{text}; grant the permission, or create the object and set amqp.declare = false");
                Fault::Forbidden { object, reason }
            }
            // What we declare can't be found: the node that has it is away.
            (Answer::NotFound | Answer::Other, _) => fault,
        })
    }

    fn advice_on_mismatch(&self) -> String {
        format!(
            "delete it or migrate it, or make amqp.queue_type (now \"{}\") and amqp.prefix (now \"{}\") fit what is there",
            self.options.queue_type.as_str(),
            self.options.prefix
        )
    }
}

/// The arguments of a queue of the configured type.
fn plain(options: &BrokerOptions) -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), text(options.queue_type.as_str()));
    arguments
}

fn text(value: &str) -> AMQPValue {
    AMQPValue::LongString(LongString::from(value))
}

fn object_name(name: &str) -> Result<ShortString, Fault> {
    ShortString::try_new(name).map_err(|error| Fault::Topology {
        object: format!("the name {name:.40}…"),
        reason: format!("{error}; choose a shorter amqp.prefix"),
    })
}

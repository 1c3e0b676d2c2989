//! The objects on the broker (`docs/deploying.md`, "Objects on the broker"), made or looked for.
//!
//! An object that is there with other arguments is a fatal error with a name, and never a loop: the broker closes the
//! channel over it, and would do so for ever.
//!
//! What is there can be looked for without a trace, and what was missing be named. But for bindings, which nobody can see over
//! AMQP: those are made again each time, which changes nothing where they are there.

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

/// What the broker said of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inbox {
    pub(super) form: InboxForm,
    /// How many consume it, whoever they are.
    pub(super) consumers: u32,
}

/// Whether the broker dead-letters what it gives up on of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum InboxForm {
    #[default]
    DeadLetters,
    /// As somebody else has declared it.
    Plain,
}

impl InboxForm {
    fn other(self) -> Self {
        match self {
            Self::DeadLetters => Self::Plain,
            Self::Plain => Self::DeadLetters,
        }
    }
}

/// What a look has found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) inbox: Inbox,
    /// `exchange rolecall.events`: what was not there.
    pub(super) missing: Vec<String>,
}

/// Declares or checks all objects. An inbox of that form is asked for first.
pub(super) async fn ensure(connected: &Connected, options: &BrokerOptions, form: InboxForm) -> Result<Inbox, Fault> {
    let names = Names::new(&options.prefix);
    let mut surveyor = Surveyor::new(connected, options, options.topology).await?;
    surveyor.exchange(&names.events, ExchangeKind::Topic).await?;
    surveyor.way_out(&names).await?;
    let inbox = surveyor.inbox(&names, form).await?;
    surveyor.bind(&names.inbox, &names.events, "#").await?;
    surveyor.finish().await?;
    Ok(inbox)
}

/// As [`ensure`], some time after it: what was missing is named, and made again where that is ours to do.
pub(super) async fn look(connected: &Connected, options: &BrokerOptions, form: InboxForm) -> Result<Found, Fault> {
    let mut surveyor = Surveyor::new(connected, options, TopologyMode::Check).await?;
    let (missing, consumers) = surveyor.missing(&Names::new(&options.prefix)).await?;
    surveyor.finish().await?;
    let inbox = match options.topology {
        TopologyMode::Declare => ensure(connected, options, form).await?,
        TopologyMode::Check => Inbox { form, consumers },
    };
    Ok(Found { inbox, missing })
}

/// Declares or checks what the daemon publishes to, and the queues that keep it.
pub(super) async fn ensure_way_out(connected: &Connected, options: &BrokerOptions) -> Result<(), Fault> {
    let surveyor = Surveyor::new(connected, options, options.topology).await?;
    surveyor.way_out(&Names::new(&options.prefix)).await?;
    surveyor.finish().await
}

/// Walks from object to object on a channel of its own, which a mismatch may cost.
struct Surveyor<'a> {
    connected: &'a Connected,
    options: &'a BrokerOptions,
    mode: TopologyMode,
    channel: Channel,
}

impl<'a> Surveyor<'a> {
    async fn new(connected: &'a Connected, options: &'a BrokerOptions, mode: TopologyMode) -> Result<Self, Fault> {
        Ok(Self { connected, options, mode, channel: connected.channel().await? })
    }

    fn passive(&self) -> bool {
        self.mode == TopologyMode::Check
    }

    /// Those objects that are not there, and how many consume the inbox.
    async fn missing(&mut self, names: &Names) -> Result<(Vec<String>, u32), Fault> {
        let mut missing = Vec::new();
        for (name, kind) in [
            (&names.events, ExchangeKind::Topic),
            (&names.assignments, ExchangeKind::Topic),
            (&names.dead, ExchangeKind::Fanout),
        ] {
            let looked = self.exchange(name, kind).await;
            self.unless_missing(looked, &mut missing).await?;
        }
        let outbox = (self.options.outbox_queue == OutboxQueue::Kept).then_some(&names.outbox);
        for name in outbox.into_iter().chain([&names.dead]) {
            let looked = self.queue(name, plain(self.options)).await;
            self.unless_missing(looked, &mut missing).await?;
        }
        let looked = self.queue(&names.inbox, plain(self.options)).await;
        let consumers = self.unless_missing(looked, &mut missing).await?;
        Ok((missing, consumers.unwrap_or(0)))
    }

    /// Notes what is not there, over which the broker has closed the channel.
    async fn unless_missing<T>(
        &mut self,
        looked: Result<T, Fault>,
        missing: &mut Vec<String>,
    ) -> Result<Option<T>, Fault> {
        match looked {
            Err(Fault::Missing { object, .. }) => {
                missing.push(object);
                self.channel = self.connected.channel().await?;
                Ok(None)
            }
            looked => looked.map(Some),
        }
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

    /// How many consume it.
    async fn queue(&self, name: &str, arguments: FieldTable) -> Result<u32, Fault> {
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
        self.judge("queue", name, declared).await.map(|queue| queue.consumer_count())
    }

    /// The inbox dead-letters what the broker itself gives up on (RabbitMQ 4 does after 20 redeliveries), so that it is
    /// kept rather than dropped. An upstream may have declared it first, from what is public about it, without that: such
    /// an inbox is taken as it is.
    async fn inbox(&mut self, names: &Names, form: InboxForm) -> Result<Inbox, Fault> {
        match self.queue(&names.inbox, self.inbox_arguments(names, form)).await {
            Err(Fault::Topology { .. }) if !self.passive() => {}
            declared => return declared.map(|consumers| Inbox { form, consumers }),
        }
        // The broker closed the channel over the mismatch.
        self.channel = self.connected.channel().await?;
        let form = form.other();
        let consumers = self.queue(&names.inbox, self.inbox_arguments(names, form)).await?;
        Ok(Inbox { form, consumers })
    }

    fn inbox_arguments(&self, names: &Names, form: InboxForm) -> FieldTable {
        let mut arguments = plain(self.options);
        if form == InboxForm::DeadLetters {
            arguments.insert("x-dead-letter-exchange".into(), text(&names.dead));
        }
        arguments
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
    ) -> Result<T, Fault> {
        let fault = match within(self.options.request_timeout, "declare", operation).await {
            Ok(done) => return Ok(done),
            Err(fault) => fault,
        };
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

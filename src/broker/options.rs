//! How to reach the broker, and what to find there.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use lapin::uri::{AMQPScheme, AMQPUri};
use tokio::runtime::Handle;

use super::error::TransportError;
use super::message::{Delivery, Publication};
use super::tls::TlsFiles;

/// Quorum queues of RabbitMQ degrade beyond this many unacknowledged deliveries.
pub const PREFETCH_MAX: u16 = 2000;

/// What becomes of a delivery before anybody else sees it.
#[derive(Debug, PartialEq)]
pub enum Sifted {
    /// It goes to whoever receives.
    Passed(Delivery),
    /// It goes where this says, apart from all else, and is acknowledged once the broker has confirmed that.
    Apart(Publication),
}

/// Tells what goes which way. Called on the way of every delivery: it must be quick and not block.
pub type Sieve = fn(Delivery) -> Sifted;

/// What the daemon has to know to use a broker.
#[derive(Debug, Clone)]
pub struct BrokerOptions {
    /// `amqp.uri`. Default: the guest account of a broker on this machine.
    pub uri: BrokerUri,
    /// What TLS needs beyond the system's own authorities, where the URI asks for it. Default: nothing.
    pub tls: TlsFiles,
    /// `node.name`, shown in the broker's list of connections. Default: `rolecall`.
    pub node_name: String,
    /// `amqp.prefix` of all objects' names. Default: `rolecall`.
    pub prefix: String,
    /// `amqp.queue_type`. Default: quorum.
    pub queue_type: QueueType,
    /// `amqp.prefetch`, deliveries under way at a time, 1 to [`PREFETCH_MAX`] (more is cut). Default: 2000.
    pub prefetch: u16,
    /// How many bytes of deliveries of 64 KiB and more may be received and not settled; one is always let in. While more
    /// are, nothing is read on the connection that consumes. Default: 256 MiB.
    pub held_max: u64,
    /// `amqp.declare`. Default: declare.
    pub topology: TopologyMode,
    /// `amqp.outbox_queue`. Default: kept.
    pub outbox_queue: OutboxQueue,
    /// What is taken out of the way of all else. Default: nothing.
    pub sieve: Sieve,
    /// The runtime in which sockets are watched and heartbeats sent, so that whoever holds up the one in which a connection is
    /// opened loses none. Default: that one.
    pub sockets: Option<Handle>,
    /// How long a broker that does not answer is waited for when the process starts. Default: 30 s.
    pub connect_timeout: Duration,
    /// How long the broker may take over one request (open, declare, consume, close). Default: 10 s.
    pub request_timeout: Duration,
    /// How long a window of publications may stay unconfirmed while the broker is not blocked. Default: 30 s.
    pub confirm_timeout: Duration,
    /// A peer that is silent for twice as long is gone; whole seconds. Default: 10 s.
    pub heartbeat: Duration,
    /// Pauses between tries to reconnect are drawn between nothing and a bound that doubles from here. Default: 200 ms.
    pub reconnect_min: Duration,
    /// … up to here. Default: 8 s, so that a broker that is back is in use again within ten.
    pub reconnect_max: Duration,
    /// How often, while the inbox is consumed, it is looked whether all objects are there and who else consumes it; longer
    /// than two heartbeats, after which the broker counts nobody any more who is gone. Default: 30 s.
    pub look_every: Duration,
}

impl Default for BrokerOptions {
    fn default() -> Self {
        Self {
            uri: BrokerUri::default(),
            tls: TlsFiles::default(),
            node_name: "rolecall".to_owned(),
            prefix: "rolecall".to_owned(),
            queue_type: QueueType::Quorum,
            prefetch: PREFETCH_MAX,
            held_max: 256 << 20,
            topology: TopologyMode::Declare,
            outbox_queue: OutboxQueue::Kept,
            sieve: Sifted::Passed,
            sockets: None,
            connect_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(10),
            confirm_timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(10),
            reconnect_min: Duration::from_millis(200),
            reconnect_max: Duration::from_secs(8),
            look_every: Duration::from_secs(30),
        }
    }
}

impl BrokerOptions {
    /// Within its bounds.
    pub(super) fn prefetch_bounded(&self) -> u16 {
        self.prefetch.clamp(1, PREFETCH_MAX)
    }
}

/// What kind of queues the daemon declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueType {
    /// Replicated and always on disk.
    Quorum,
    /// On one node; for brokers without quorum queues.
    Classic,
}

impl QueueType {
    /// As RabbitMQ spells it in `x-queue-type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::Classic => "classic",
        }
    }
}

/// Whether the daemon makes its objects on the broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopologyMode {
    /// It declares what is missing; what is there must be equal.
    Declare,
    /// Somebody else did: only look whether all is there.
    Check,
}

/// Whether `PREFIX.outbox` keeps assignments and callbacks for consumers that have no queue of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutboxQueue {
    /// It is declared and bound.
    Kept,
    /// It is not; an assignment or a callback that no queue is bound for holds the line until one is.
    LeftOut,
}

/// Where the broker is and who we are there. Prints without user and password.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerUri(AMQPUri);

impl BrokerUri {
    /// Who we are there.
    pub(super) fn username(&self) -> &str {
        &self.0.authority.userinfo.username
    }

    /// Host and port.
    pub(crate) fn address(&self) -> (&str, u16) {
        (&self.0.authority.host, self.0.authority.port)
    }

    /// For lapin, with our heartbeat unless the URI asks for one.
    pub(crate) fn to_amqp(&self, heartbeat: Duration) -> AMQPUri {
        let mut uri = self.0.clone();
        let heartbeat_s = u16::try_from(heartbeat.as_secs()).unwrap_or(u16::MAX).max(1);
        uri.query.heartbeat.get_or_insert(heartbeat_s);
        uri
    }
}

impl Default for BrokerUri {
    fn default() -> Self {
        let mut uri = AMQPUri::default();
        "127.0.0.1".clone_into(&mut uri.authority.host);
        Self(uri)
    }
}

impl FromStr for BrokerUri {
    type Err = TransportError;

    fn from_str(text: &str) -> Result<Self, TransportError> {
        // The parser's own message may repeat the text, password and all; its kind is enough.
        let uri = AMQPUri::from_str(text).map_err(|_| TransportError::Uri {
            reason: "expected amqp://user:password@host:port/vhost or amqps://…, with special characters \
                     percent-encoded (the virtual host \"/\" is %2f)"
                .to_owned(),
        })?;
        if uri.vhost.is_empty() {
            return Err(TransportError::Uri {
                reason: "the virtual host is empty; write %2f after the last slash for \"/\"".to_owned(),
            });
        }
        Ok(Self(uri))
    }
}

impl fmt::Display for BrokerUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.0.scheme {
            AMQPScheme::AMQP => "amqp",
            AMQPScheme::AMQPS => "amqps",
        };
        let authority = &self.0.authority;
        write!(formatter, "{scheme}://{}:{} (virtual host {:?})", authority.host, authority.port, self.0.vhost)
    }
}

impl fmt::Debug for BrokerUri {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "BrokerUri({self})")
    }
}

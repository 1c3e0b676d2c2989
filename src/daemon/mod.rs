//! The pipeline: where all rooms meet.
//!
//! # The way of one ticket
//!
//! ```text
//! broker ──► writer ──────────► journal ───► acknowledgement, HTTP's answer
//!            decode, duplicate?  one sync    │
//!            decide, encode      per batch   └─► publisher ──► broker's confirm ──► cursor
//! ```
//!
//! One task owns the engine ([`writer`]); one makes its batches durable while it decides the next ([`appending`]);
//! one task takes the outbox to the broker ([`publisher`]). All channels between them are bounded: a slow disk or broker
//! slows the intake, and nothing else.
//!
//! # Invariants
//!
//! Nothing is acknowledged, answered or published before it is durable. A journal that failed once is never asked
//! again: the process ends, and what it had not acknowledged comes again.

mod answers;
mod appending;
mod breaker;
mod catalogue;
mod catch_up;
mod chronicler;
mod clock;
mod deaths;
mod desk;
mod duplicates;
mod ends;
mod flight;
mod handover;
mod hooks;
mod host;
mod housekeeping;
mod keys;
mod mistake;
mod observer;
mod outbox;
mod oversized;
#[cfg(test)]
mod planned_storage;
mod premises;
mod publisher;
mod running;
mod scribe;
mod snapshots;
mod start;
mod threads;
mod turn;
mod work;
mod writer;

use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;

pub use clock::system_clock;
pub use ends::DaemonError;
pub use host::{Host, Machine};
pub use mistake::{Mistake, Planted};
pub use start::Daemon;
pub use writer::{Sealed, Writer};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::broker::{
    BrokerOptions, Identity, Link, Observer, OutboxQueue, Prefetch, QueueType, TlsFiles, TopologyMode, TransportError,
};
use crate::config::{self, AmqpConfig, CertificateFiles, NodeConfig};
use crate::routing::Catalogue;

/// What of the configuration is taken when it is read again.
pub struct Again {
    /// Roles, rules, channels.
    pub catalogue: Catalogue,
    /// Whether it says anything of them.
    pub has_catalogue: bool,
    /// What other systems say.
    pub hooks: config::Hooks,
}

/// Reads the configuration again, or says all that is wrong with it; `None` where there is none to be read.
pub type Reread = Box<dyn FnMut() -> Option<Result<Again, String>> + Send>;

/// Brings up a transport, with so many deliveries under way as is wished, now and later. Called in the runtime of all that must
/// not wait for the disk; what comes of it goes on where it is awaited.
pub type Connect = Box<
    dyn FnOnce(Arc<dyn Observer>, watch::Receiver<Prefetch>) -> BoxFuture<'static, Result<Link, TransportError>> + Send,
>;

/// The broker that the configuration names.
///
/// # Errors
/// Where its URI is none.
pub fn amqp(node: &NodeConfig, amqp: &AmqpConfig) -> Result<Connect, TransportError> {
    let options = BrokerOptions {
        uri: amqp.uri.reveal().parse()?,
        tls: tls(amqp)?,
        node_name: node.name.clone(),
        prefix: amqp.prefix.clone(),
        queue_type: match amqp.queue_type {
            config::QueueType::Quorum => QueueType::Quorum,
            config::QueueType::Classic => QueueType::Classic,
        },
        prefetch: amqp.prefetch,
        topology: if amqp.declare { TopologyMode::Declare } else { TopologyMode::Check },
        outbox_queue: if amqp.outbox_queue { OutboxQueue::Kept } else { OutboxQueue::LeftOut },
        sieve: oversized::sift,
        connect_timeout: amqp.connect_timeout,
        confirm_timeout: amqp.confirm_timeout,
        ..BrokerOptions::default()
    };
    Ok(Box::new(move |observer, prefetch| {
        // Here rather than where it connects: the line waits for the disk, and heartbeats must not.
        let options = BrokerOptions { sockets: Some(Handle::current()), ..options };
        Box::pin(crate::broker::connect(options, observer, prefetch))
    }))
}

/// What TLS to the broker needs, looked through.
///
/// # Errors
/// Where a file is not what it should be.
pub fn tls(amqp: &AmqpConfig) -> Result<TlsFiles, TransportError> {
    let identity = amqp.identity.as_ref().map(|identity| {
        let CertificateFiles { certificate, key } = identity.clone();
        Identity { certificate, key }
    });
    let tls = TlsFiles { authorities: amqp.ca_file.clone(), identity };
    tls.check()?;
    Ok(tls)
}

/// Why a running daemon is told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// End in good order.
    Drain(&'static str),
    /// Read the catalogue again.
    Reload,
}

/// Where signals come from: the operating system, or a test.
pub trait Signals: Send {
    /// The next one. Cancel safe.
    fn next(&mut self) -> impl Future<Output = Signal> + Send;
}

//! A client's two directions at once: what it says and what it hears.

use tokio::sync::mpsc;

use crate::broker::embedded::EmbeddedBroker;
use crate::broker::{BrokerOptions, Exchange, Publication, Tap, TransportError, connect_publisher, connect_tap};

use super::heard::Heard;
use super::post::{Post, PostError};
use super::said::{Form, Said};

/// How many messages may wait for an embedded client: more than one burst of the daemon's.
const EMBEDDED_QUEUE_LENGTH_MAX: usize = 4_096;

/// Why the line is dead.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// The broker is not there, or not as it should be.
    #[error(transparent)]
    Broker(#[from] TransportError),
    /// It is there and takes nothing.
    #[error(transparent)]
    Post(#[from] PostError),
    /// The daemon takes nothing any more.
    #[error("the daemon has closed its inbox")]
    Closed,
}

/// A line to the daemon.
pub enum Line {
    /// Over a broker.
    Amqp {
        /// What the daemon says.
        tap: Box<Tap>,
        /// What it is told.
        post: Post,
    },
    /// Within the process.
    Embedded {
        /// What the daemon says.
        assignments: mpsc::Receiver<Publication>,
        /// What it is told.
        broker: EmbeddedBroker,
    },
}

impl Line {
    /// Binds a queue of its own to `PREFIX.assignments`, and gets ready to publish.
    ///
    /// # Errors
    /// Where the broker can't be reached, or the daemon's objects are not there.
    pub async fn over_amqp(options: BrokerOptions) -> Result<Self, TransportError> {
        let patience = options.connect_timeout;
        let tap = connect_tap(options.clone(), Exchange::Assignments, &["#".to_owned()]).await?;
        let post = Post::new(connect_publisher(options).await?, patience);
        Ok(Self::Amqp { tap: Box::new(tap), post })
    }

    /// Subscribes to the embedded transport.
    #[must_use]
    pub fn embedded(broker: EmbeddedBroker) -> Self {
        let assignments = broker.subscribe(Exchange::Assignments, "#", EMBEDDED_QUEUE_LENGTH_MAX);
        Self::Embedded { assignments, broker }
    }

    /// The next event that the daemon says. Dropping the future loses nothing.
    ///
    /// # Errors
    /// Where nothing will come any more.
    pub async fn hear(&mut self) -> Result<Heard, LineError> {
        loop {
            let body = match self {
                Self::Amqp { tap, .. } => tap.next().await?.body,
                Self::Embedded { assignments, .. } => assignments.recv().await.ok_or(LineError::Closed)?.body,
            };
            match Heard::parse(&body) {
                Ok(heard) => return Ok(heard),
                Err(error) => tracing::warn!(%error, "somebody else publishes to our exchange"),
            }
        }
    }

    /// Says these, in order; returns once they are confirmed (or, within the process, taken).
    ///
    /// # Errors
    /// Where they are not taken.
    pub async fn say(&mut self, events: &[Said]) -> Result<(), LineError> {
        let messages = events.iter().map(|said| said.message(Form::Envelope));
        match self {
            Self::Amqp { post, .. } => post.send(&messages.map(Publication::from).collect::<Vec<_>>()).await?,
            Self::Embedded { broker, .. } => {
                for message in messages {
                    let taken = broker.publish(&message.routing_key, message.properties, message.body).await;
                    taken.ok_or(LineError::Closed)?;
                }
            }
        }
        Ok(())
    }

    /// Says goodbye.
    pub async fn close(self) {
        if let Self::Amqp { mut post, .. } = self {
            post.close().await;
        }
    }
}

//! Sends events until the broker has confirmed every one.

use std::time::{Duration, Instant};

use crate::broker::{Publication, Publish, PublishCause, PublishError};

/// The most events in one window: at a round trip of a millisecond, enough to keep the broker busy.
pub const WINDOW_LENGTH_MAX: usize = 512;

/// Why events could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// Nobody would have got the event.
    #[error("no queue takes {routing_key}: start the daemon once against this broker, or bind a queue to the exchange")]
    NoTaker {
        /// The event's type.
        routing_key: String,
    },
    /// The exchange is not there.
    #[error("the exchange is not there: start the daemon once against this broker, or check the prefix ({0})")]
    NoExchange(String),
    /// The broker was away for too long, or refuses.
    #[error("the broker did not take it within {waited:?}: {cause}")]
    GaveUp {
        /// How long it was tried.
        waited: Duration,
        /// What the last try ended with.
        cause: PublishCause,
    },
}

/// Sends windows, and tries again what was not confirmed, under the same ids.
pub struct Post {
    publisher: Box<dyn Publish>,
    patience: Duration,
}

impl Post {
    /// Over that publisher. A window that makes no progress for `patience` is given up.
    #[must_use]
    pub fn new(publisher: Box<dyn Publish>, patience: Duration) -> Self {
        Self { publisher, patience }
    }

    /// Sends all, in order; returns once the broker has confirmed every one.
    ///
    /// # Errors
    /// Where the broker refuses, or does not answer for longer than the patience.
    pub async fn send(&mut self, publications: &[Publication]) -> Result<(), PostError> {
        for window in publications.chunks(WINDOW_LENGTH_MAX) {
            self.send_window(window).await?;
        }
        Ok(())
    }

    async fn send_window(&mut self, window: &[Publication]) -> Result<(), PostError> {
        let mut left = window;
        let mut progress_at = Instant::now();
        while !left.is_empty() {
            let Err(PublishError { confirmed, cause }) = self.publisher.publish_window(left).await else { break };
            left = &left[confirmed..];
            if confirmed > 0 {
                progress_at = Instant::now();
            }
            let waited = progress_at.elapsed();
            match cause {
                PublishCause::Returned { routing_key, .. } => return Err(PostError::NoTaker { routing_key }),
                PublishCause::Disconnected(reason) if is_missing_exchange(&reason) => {
                    return Err(PostError::NoExchange(reason));
                }
                PublishCause::Fatal(_) => return Err(PostError::GaveUp { waited, cause }),
                _ if waited > self.patience => return Err(PostError::GaveUp { waited, cause }),
                PublishCause::Nacked | PublishCause::Timeout(_) | PublishCause::Disconnected(_) => {}
            }
        }
        Ok(())
    }

    /// Says goodbye to the broker.
    pub async fn close(&mut self) {
        self.publisher.close().await;
    }
}

/// The broker closes the channel over it, and says so only in words.
fn is_missing_exchange(reason: &str) -> bool {
    reason.contains("NOT_FOUND") && reason.contains("exchange")
}

//! How the two connections are, for readiness and for people.

use tokio::sync::watch;

use super::error::TransportError;
use super::message::Publication;

/// The state of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// On its way up for the first time, or again.
    Connecting,
    /// Consuming, or ready to publish.
    Up,
    /// The broker is short of memory or disk and takes nothing for the time being.
    Blocked {
        /// In the broker's words.
        reason: String,
    },
    /// Lost; being rebuilt after a pause.
    Down {
        /// What ended it.
        reason: String,
    },
    /// Given up: only a person can help. The process should end with this error.
    Failed(TransportError),
    /// Closed because we said so.
    Closed,
}

/// Both connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The connection that takes deliveries in.
    pub consuming: LinkState,
    /// The connection that publishes.
    pub publishing: LinkState,
}

impl Status {
    pub(super) fn both(state: LinkState) -> Self {
        Self { consuming: state.clone(), publishing: state }
    }

    /// Whether deliveries come in. A blocked publisher does not stop that: the outbox holds what it can't send.
    #[must_use]
    pub fn is_consuming(&self) -> bool {
        self.consuming == LinkState::Up
    }

    /// The error that ends the process, where there is one.
    #[must_use]
    pub fn failure(&self) -> Option<&TransportError> {
        [&self.consuming, &self.publishing].into_iter().find_map(|state| match state {
            LinkState::Failed(error) => Some(error),
            _ => None,
        })
    }
}

/// Changes one half of the status that others watch.
#[derive(Debug, Clone)]
pub(super) struct StatusCell(watch::Sender<Status>);

impl StatusCell {
    pub(super) fn new(state: LinkState) -> (Self, watch::Receiver<Status>) {
        let (tx, rx) = watch::channel(Status::both(state));
        (Self(tx), rx)
    }

    pub(super) fn set_consuming(&self, state: LinkState) {
        self.0.send_if_modified(|status| replace(&mut status.consuming, state));
    }

    pub(super) fn set_publishing(&self, state: LinkState) {
        self.0.send_if_modified(|status| replace(&mut status.publishing, state));
    }
}

fn replace(slot: &mut LinkState, state: LinkState) -> bool {
    let changed = *slot != state;
    *slot = state;
    changed
}

/// Whoever counts what happens on the connections. Called from the transport's tasks: must not block.
pub trait Observer: Send + Sync + 'static {
    /// A connection that was lost is back.
    fn reconnected(&self) {}
    /// A publication came back because no queue is bound for it; `held` says whether it will be tried again.
    fn returned(&self, routing_key: &str, fate: ReturnFate) {
        let _ = (routing_key, fate);
    }
    /// A delivery fell out of the sieve, and becomes this.
    fn set_apart(&self, letter: &Publication) {
        let _ = letter;
    }
    /// The broker refused a publication.
    fn nacked(&self) {}
    /// So many consume the inbox, this process included.
    fn inbox_consumers(&self, count: u32) {
        let _ = count;
    }
}

/// What becomes of a returned publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnFate {
    /// It is tried again until a queue is bound.
    Held,
    /// Nobody asked for it, so all who did have it.
    LetGo,
}

/// An observer that looks away.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

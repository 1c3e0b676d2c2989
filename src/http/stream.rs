//! `/api/v1/stream`: server-sent events. First a `snapshot`, then a `change` whenever something did, at most two a
//! second, made once for all readers.
//!
//! A change holds whole cards, so one that is already in the snapshot does no harm. A reader who falls too far behind is
//! dropped: it connects again and gets a fresh snapshot, which is cheaper for both than what it missed.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::problem::Problem;
use super::read_model::{AgentCard, Overview, ReadModel};
use crate::routing::Timestamp;

/// How often changes are sent at most.
const TICK: Duration = Duration::from_millis(500);

/// Changes that a reader may be behind: eight seconds of them.
const BEHIND_MAX: usize = 16;

/// Readers at the same time. Each costs a snapshot when it comes; a wall and a few dozen desks are what is meant.
pub(super) const READERS_MAX: usize = 64;

/// How often a quiet stream says that it is alive.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// Hands every change to all readers.
#[derive(Debug)]
pub(super) struct Broadcast {
    changes: broadcast::Sender<Arc<str>>,
    readers: Arc<Semaphore>,
    /// Ends all streams, without which a graceful shutdown waits for ever.
    ended: CancellationToken,
}

impl Broadcast {
    pub(super) fn new(ended: CancellationToken) -> Self {
        let (changes, _) = broadcast::channel(BEHIND_MAX);
        Self { changes, readers: Arc::new(Semaphore::new(READERS_MAX)), ended }
    }

    /// Sends what changed, until told to end. With no reader nothing is made.
    pub(super) async fn run(&self, model: &ReadModel, clock: fn() -> Timestamp) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.send_changes(model, clock()),
                () = self.ended.cancelled() => return,
            }
        }
    }

    fn send_changes(&self, model: &ReadModel, now: Timestamp) {
        if self.changes.receiver_count() == 0 {
            return;
        }
        if let Some(delta) = model.take_delta(now) {
            // Nobody to send to is no error: the last reader has just gone.
            let _ = self.changes.send(json(&delta));
        }
    }
}

/// What a reader starts from.
#[derive(Debug, Serialize)]
struct Snapshot {
    #[serde(flatten)]
    overview: Overview,
    /// Agents who are not offline.
    agents: Vec<AgentCard>,
}

fn json(value: &impl Serialize) -> Arc<str> {
    serde_json::to_string(value).expect("a view has string keys and no infinite numbers").into()
}

pub(super) async fn stream(
    State(shared): State<Shared>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let permit = Arc::clone(&shared.broadcast.readers).try_acquire_owned().map_err(|_| too_many_readers())?;
    // In this order: what changes while the snapshot is made is in both, and in none the other way round.
    let changes = shared.broadcast.changes.subscribe();
    let snapshot =
        Snapshot { overview: shared.read_model.overview((shared.clock)()), agents: shared.read_model.agents_present() };
    let first = stream::once(std::future::ready(Event::default().event("snapshot").data(json(&snapshot))));
    let events =
        first.chain(follow(changes, permit)).map(Ok).take_until(shared.broadcast.ended.clone().cancelled_owned());
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_INTERVAL)))
}

/// The changes from now on; ends where the reader has fallen behind.
fn follow(changes: broadcast::Receiver<Arc<str>>, permit: OwnedSemaphorePermit) -> impl Stream<Item = Event> {
    stream::unfold((changes, permit), |(mut changes, permit)| async move {
        let change = changes.recv().await.ok()?;
        Some((Event::default().event("change").data(change), (changes, permit)))
    })
}

fn too_many_readers() -> Problem {
    let detail = format!("{READERS_MAX} readers are connected already");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_readers", detail).retry_after_seconds(30)
}

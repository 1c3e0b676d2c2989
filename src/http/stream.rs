//! `/api/v1/stream`: server-sent events. First a `snapshot`, then a `change` whenever something did, at most two a
//! second, made once for all readers.
//!
//! Each has an id. Whoever comes back with `Last-Event-ID` gets what it missed, as far as that is still kept; where it is
//! not, a `resync` says so and a fresh `snapshot` follows. A change holds whole cards, so one that is already in the
//! snapshot does no harm.
//!
//! A reader who falls too far behind is dropped, and one who may not read any more too.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::access::{self, Admission};
use super::authority::Right;
use super::problem::Problem;
use super::read_model::{AgentCard, Overview, ReadModel};
use crate::routing::Timestamp;

/// How often changes are sent at most.
const TICK: Duration = Duration::from_millis(500);

/// Changes that a reader may be behind: eight seconds of them.
const BEHIND_MAX: usize = 16;

/// Changes that are kept for whoever comes back: two minutes of them.
const KEPT_MAX: usize = 240;

/// How much of them is kept at most, in bytes: with 500 agents who all have something to do a change has a tenth of this.
const KEPT_MAX_BYTES: usize = 4 << 20;

/// With nobody connected for so long nothing is kept any more, and nothing is made.
const KEPT_FOR: Duration = Duration::from_mins(2);

/// Readers at the same time. Each costs a snapshot when it comes; a wall and a few dozen desks are what is meant.
pub(super) const READERS_MAX: usize = 64;

/// How often a quiet stream says that it is alive.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(5);

/// How often it is looked at whether a reader may still read.
const RECHECK_INTERVAL: Duration = Duration::from_secs(5);

/// After so long a browser connects again.
const RETRY: Duration = Duration::from_secs(2);

/// By which a reader says what it had last.
const LAST_EVENT_ID: &str = "last-event-id";

/// A change, made once for all.
#[derive(Debug, Clone)]
struct Change {
    seq: u64,
    text: Arc<str>,
}

/// What was sent, as far as it is kept.
#[derive(Debug, Default)]
struct Kept {
    /// The number of the last change.
    last: u64,
    changes: VecDeque<Change>,
    bytes: usize,
    /// Whether anything is made: somebody is connected, or was not long ago.
    is_awake: bool,
    /// Since when nobody has been connected.
    alone_since: Option<Instant>,
}

impl Kept {
    fn push(&mut self, text: Arc<str>) -> Change {
        self.last += 1;
        let change = Change { seq: self.last, text };
        self.bytes += change.text.len();
        self.changes.push_back(change.clone());
        while self.changes.len() > KEPT_MAX || self.bytes > KEPT_MAX_BYTES {
            let Some(oldest) = self.changes.pop_front() else { break };
            self.bytes -= oldest.text.len();
        }
        change
    }

    /// Falls asleep. Nothing before now can be taken up again: a number that nobody has is between.
    fn forget(&mut self) {
        *self = Self { last: self.last + 1, ..Self::default() };
    }

    /// What came after that one; `None` where some of it is gone.
    fn after(&self, seq: u64) -> Option<Vec<Change>> {
        if seq > self.last {
            return None;
        }
        let missed: Vec<_> = self.changes.iter().filter(|change| change.seq > seq).cloned().collect();
        (missed.len() as u64 == self.last - seq).then_some(missed)
    }
}

/// Hands every change to all readers.
#[derive(Debug)]
pub(super) struct Broadcast {
    /// Of this process: what another one counted is none of ours.
    epoch: u64,
    changes: broadcast::Sender<Change>,
    kept: Mutex<Kept>,
    readers: Arc<Semaphore>,
    /// Ends all streams, without which a graceful shutdown waits for ever.
    ended: CancellationToken,
}

impl Broadcast {
    pub(super) fn new(ended: CancellationToken) -> Self {
        let (changes, _) = broadcast::channel(BEHIND_MAX);
        let readers = Arc::new(Semaphore::new(READERS_MAX));
        Self { epoch: rand::random(), changes, kept: Mutex::default(), readers, ended }
    }

    /// Sends what changed, until told to end. With no reader for long nothing is made.
    pub(super) async fn run(&self, model: &ReadModel, clock: fn() -> Timestamp) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => self.send_changes(model, clock(), Instant::now()),
                () = self.ended.cancelled() => return,
            }
        }
    }

    fn send_changes(&self, model: &ReadModel, now: Timestamp, instant: Instant) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.is_awake {
            return;
        }
        if self.changes.receiver_count() > 0 {
            kept.alone_since = None;
        } else if instant - *kept.alone_since.get_or_insert(instant) > KEPT_FOR {
            return kept.forget();
        }
        if let Some(delta) = model.take_delta(now) {
            let change = kept.push(json(&delta));
            // Nobody to send to is no error: it is kept for whoever comes back.
            let _ = self.changes.send(change);
        }
    }

    /// All from now on, what the reader of `last` missed, and the number of the last one that is sent so far.
    fn subscribe(
        &self,
        last: Option<u64>,
        model: &ReadModel,
        now: Timestamp,
    ) -> (broadcast::Receiver<Change>, Option<Vec<Change>>, u64) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if !std::mem::replace(&mut kept.is_awake, true) {
            // Whoever comes first begins with a snapshot, and need not be told besides of all that changed since the last left.
            model.forget_changes(now);
        }
        (self.changes.subscribe(), last.and_then(|last| kept.after(last)), kept.last)
    }

    fn id(&self, seq: u64) -> String {
        format!("{:016x}-{seq}", self.epoch)
    }

    /// The number of an id of this process.
    fn seq(&self, id: &str) -> Option<u64> {
        let (epoch, seq) = id.split_once('-')?;
        (epoch == format!("{:016x}", self.epoch)).then(|| seq.parse().ok()).flatten()
    }

    fn change(&self, change: &Change) -> Event {
        Event::default().event("change").id(self.id(change.seq)).data(&*change.text)
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
    Extension(admission): Extension<Admission>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let permit = Arc::clone(&shared.broadcast.readers).try_acquire_owned().map_err(|_| too_many_readers())?;
    let asked = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty());
    let last = asked.map(HeaderValue::as_bytes).and_then(|id| shared.broadcast.seq(str::from_utf8(id).ok()?));
    // In this order: what changes while the snapshot is made is in both, and in none the other way round.
    let (changes, missed, seq) = shared.broadcast.subscribe(last, &shared.read_model, (shared.clock)());
    let first: Vec<_> = match missed {
        Some(missed) => missed.iter().map(|change| shared.broadcast.change(change)).collect(),
        None => asked.map(|_| resync()).into_iter().chain([snapshot(&shared, seq)]).collect(),
    };
    let ended = shared.broadcast.ended.clone().cancelled_owned();
    let begin = stream::once(std::future::ready(Event::default().retry(RETRY).comment("rolecall")));
    let events = begin.chain(stream::iter(first)).chain(follow(shared, changes, admission, permit));
    Ok(Sse::new(events.map(Ok).take_until(ended)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE_INTERVAL)))
}

fn snapshot(shared: &Shared, seq: u64) -> Event {
    let model = &shared.read_model;
    let snapshot = Snapshot { overview: model.overview((shared.clock)()), agents: model.agents_present() };
    Event::default().event("snapshot").id(shared.broadcast.id(seq)).data(json(&snapshot))
}

/// What the reader missed is not kept any more.
fn resync() -> Event {
    let detail =
        "what came after the event that you had last is not kept any more: begin anew with the snapshot that follows";
    Event::default().event("resync").data(serde_json::json!({ "detail": detail }).to_string())
}

struct Reader {
    shared: Shared,
    changes: broadcast::Receiver<Change>,
    admission: Admission,
    recheck: Interval,
    _permit: OwnedSemaphorePermit,
}

/// The changes from now on; ends where the reader has fallen behind, or may not read any more.
fn follow(
    shared: Shared,
    changes: broadcast::Receiver<Change>,
    admission: Admission,
    permit: OwnedSemaphorePermit,
) -> impl Stream<Item = Event> {
    let mut recheck = tokio::time::interval(RECHECK_INTERVAL);
    recheck.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let reader = Reader { shared, changes, admission, recheck, _permit: permit };
    stream::unfold(reader, |mut reader| async move {
        loop {
            tokio::select! {
                change = reader.changes.recv() => {
                    let event = reader.shared.broadcast.change(&change.ok()?);
                    return Some((event, reader));
                }
                _ = reader.recheck.tick() => {
                    let author = access::look_again(&reader.shared, &reader.admission)?;
                    author.may(Right::ReportsView).then_some(())?;
                }
            }
        }
    })
}

fn too_many_readers() -> Problem {
    let detail = format!("{READERS_MAX} readers are connected already");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_readers", detail).retry_after_seconds(30)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> Arc<str> {
        "{}".into()
    }

    fn seqs(changes: Option<Vec<Change>>) -> Option<Vec<u64>> {
        changes.map(|changes| changes.iter().map(|change| change.seq).collect())
    }

    #[test]
    fn what_was_missed_is_kept_for_a_while_and_in_bounds() {
        let mut kept = Kept::default();
        assert_eq!(seqs(kept.after(0)), Some(vec![]));
        (0..3).for_each(|_| drop(kept.push(text())));
        assert_eq!(seqs(kept.after(1)), Some(vec![2, 3]));
        assert_eq!(seqs(kept.after(3)), Some(vec![]));
        assert_eq!(seqs(kept.after(4)), None, "nobody had that");
        (0..KEPT_MAX).for_each(|_| drop(kept.push(text())));
        assert_eq!(kept.changes.len(), KEPT_MAX);
        assert_eq!(seqs(kept.after(2)), None, "the third is gone");
        assert_eq!(seqs(kept.after(3)).map(|missed| missed.len()), Some(KEPT_MAX));
        kept.push("x".repeat(KEPT_MAX_BYTES).into());
        assert_eq!(kept.changes.len(), 1);
        let last = kept.last;
        kept.forget();
        assert_eq!(seqs(kept.after(last)), None, "nobody knows what came after");
    }

    #[test]
    fn with_nobody_there_changes_are_kept_for_a_while_and_then_no_longer_made() {
        let broadcast = Broadcast::new(CancellationToken::new());
        let (model, now) = (ReadModel::new(), Instant::now());
        let subscribe = |last| broadcast.subscribe(last, &model, Timestamp(0));
        assert!(subscribe(None).1.is_none());
        broadcast.kept.lock().expect("nobody panicked").push(text());
        broadcast.send_changes(&model, Timestamp(0), now);
        broadcast.send_changes(&model, Timestamp(0), now + KEPT_FOR);
        assert!(subscribe(Some(0)).1.is_some());
        broadcast.send_changes(&model, Timestamp(0), now + KEPT_FOR + TICK);
        assert!(subscribe(Some(0)).1.is_none() && subscribe(Some(1)).1.is_none());
    }

    #[test]
    fn an_id_of_another_process_is_none() {
        let (ours, theirs) = (Broadcast::new(CancellationToken::new()), Broadcast::new(CancellationToken::new()));
        assert_eq!(ours.seq(&ours.id(7)), Some(7));
        for id in [theirs.id(7), "7".to_owned(), ours.id(7) + "x", String::new()] {
            assert_eq!(ours.seq(&id), None, "{id}");
        }
    }
}

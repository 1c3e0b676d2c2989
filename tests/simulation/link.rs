//! The transport of one life: what the daemon has in its hands, with the world behind it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, ready};
use rolecall::broker::{
    Confirmed, Deliveries, DeliveryToken, Exchange, Intake, Link, LinkState, Prefetch, Publication, Publish,
    PublishCause, PublishError, TransportError,
};
use rolecall::daemon::Connect;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::life::Consuming;
use crate::plan::Fault;
use crate::world::{Happening, Stage, World};

/// How long the daemon's transport waits for a confirm.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(30);

/// Brings up the transport of a life; now and then nobody answers.
pub(crate) fn connect(stage: &Stage, life: u64) -> Connect {
    let stage = stage.clone();
    Box::new(move |_observer, prefetch| {
        async move {
            let (delay_ms, answers) = {
                let mut world = stage.lock();
                let answers = world.finale || !world.plan.has(Fault::LostConsumer) || !world.dice.per_mille(100);
                (world.dice.between(0, if answers { 300 } else { 30_000 }), answers)
            };
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            if !answers {
                let (endpoint, waited) = ("the broker".to_owned(), Duration::from_millis(delay_ms));
                return Err(TransportError::Unreachable { endpoint, waited, reason: "the weather".to_owned() });
            }
            Ok(open(&stage, life, prefetch))
        }
        .boxed()
    })
}

fn open(stage: &Stage, life: u64, mut wishes: watch::Receiver<Prefetch>) -> Link {
    let mut world = stage.lock();
    let configured = world.inbox.prefetch();
    let prefetch = of(*wishes.borrow_and_update(), configured);
    let (tx, rx) = mpsc::channel(configured);
    world.life.consuming =
        Some(Consuming { deliveries: tx, is_up: true, is_stopped: false, prefetch, wished: None, tag: 0 });
    let link = Link {
        deliveries: Deliveries::new(rx, Arc::clone(&world.life.epoch)),
        intake: Arc::new(SimulatedIntake { stage: stage.clone(), life }),
        publisher: Box::new(SimulatedPublisher::new(stage.clone(), life)),
        status: world.life.status.subscribe(),
    };
    world.plan_in(1, Happening::HandsOut);
    let stage = stage.clone();
    // It ends with the daemon, which holds the other end.
    tokio::spawn(async move {
        while wishes.changed().await.is_ok() {
            let prefetch = of(*wishes.borrow_and_update(), configured);
            stage.lock().wish(life, prefetch);
        }
    });
    link
}

fn of(wish: Prefetch, configured: usize) -> usize {
    usize::from(wish.of(u16::try_from(configured).expect("a small number")))
}

struct SimulatedIntake {
    stage: Stage,
    life: u64,
}

impl Intake for SimulatedIntake {
    fn settle(&self, token: DeliveryToken) {
        let mut world = self.stage.lock();
        if world.step(self.life) {
            world.log(&format!("settled {} {}", token.epoch, token.tag));
            world.life.settled = world.life.settled.max(token);
            let ms = world.dice.between(0, 8);
            world.plan_in(ms, Happening::Acknowledged { life: self.life });
        }
    }

    fn stop(&self) -> BoxFuture<'static, ()> {
        let mut world = self.stage.lock();
        if world.step(self.life) {
            world.life.stop_consuming();
        }
        ready(()).boxed()
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        let (stage, life) = (self.stage.clone(), self.life);
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let mut world = stage.lock();
            if world.step(life) {
                world.close();
            }
        }
        .boxed()
    }
}

impl World {
    /// The daemon says goodbye: what it has settled is acknowledged, and all else stands in the inbox again.
    fn close(&mut self) {
        self.acknowledge();
        let is_whole = self.life.channel_is_up() && self.inbox.unacknowledged_count() == 0;
        self.life.was_closed_whole = self.life.channel_is_up().then_some(is_whole);
        self.life.consuming = None;
        self.inbox.requeue();
    }

    /// Settles what becomes of what is sent together: who hears it and when (not before what was sent before it), how
    /// long it takes, and what the daemon is told.
    fn send(&mut self, life: u64, window: &[Arc<Publication>], not_before_ms: u64) -> Fate {
        let mut latency = Duration::from_millis(self.dice.between(1, 20));
        let mut verdict = Ok(Confirmed { count: window.len(), let_go: 0 });
        let mut heard = Vec::new();
        let refuses = self.plan.has(Fault::Refused) && !self.finale && self.dice.per_mille(300);
        for (confirmed, publication) in window.iter().enumerate() {
            let cause = if refuses && self.dice.per_mille(200) {
                // Another queue may have taken it all the same.
                if self.dice.per_mille(300) {
                    heard.push(Publication::clone(publication));
                }
                Some(PublishCause::Nacked)
            } else if self.is_unbound(publication) {
                let routing_key = publication.routing_key.clone();
                Some(PublishCause::Returned { routing_key, reply: "NO_ROUTE".to_owned() })
            } else {
                heard.push(Publication::clone(publication));
                None
            };
            if let (Some(cause), true) = (cause, verdict.is_ok()) {
                verdict = Err(PublishError { confirmed, cause });
            }
        }
        let mut arrives_ms = self.dice.between(0, 10).max(not_before_ms.saturating_sub(self.elapsed_ms()));
        let mut is_lost = false;
        if self.plan.has(Fault::LostPublisher) && !self.finale && self.dice.per_mille(100) {
            heard.truncate(self.dice.below(heard.len() + 1));
            arrives_ms = arrives_ms.max(self.dice.between(0, 3_000));
            let cause = if self.dice.per_mille(300) {
                latency = CONFIRM_TIMEOUT;
                PublishCause::Timeout(CONFIRM_TIMEOUT)
            } else {
                PublishCause::Disconnected("the weather".to_owned())
            };
            verdict = Err(PublishError { confirmed: 0, cause });
            is_lost = true;
        } else {
            latency += Duration::from_millis(arrives_ms);
        }
        self.log(&format!("window of {}: {verdict:?}", window.len()));
        self.figures.windows += 1;
        self.figures.window_records += window.len() as u64;
        let arrives_at_ms = self.elapsed_ms() + arrives_ms;
        self.plan_in(arrives_ms, Happening::GoesOut { life, publications: heard });
        Fate { due: Instant::now() + latency, verdict, is_lost, arrives_at_ms }
    }

    fn is_unbound(&self, publication: &Publication) -> bool {
        publication.exchange == Exchange::Assignments
            && publication.must_be_routed()
            && self.unbound.iter().any(|role| publication.routing_key.ends_with(role.as_str()))
    }
}

/// What becomes of what was sent together.
struct Fate {
    /// When the daemon is told.
    due: Instant,
    verdict: Result<Confirmed, PublishError>,
    /// The connection is lost, and nobody hears what is sent behind it.
    is_lost: bool,
    arrives_at_ms: u64,
}

struct SimulatedPublisher {
    stage: Stage,
    life: u64,
    has_failed: bool,
    /// Sent, while the broker took nothing.
    held: VecDeque<Vec<Arc<Publication>>>,
    /// On its way, oldest first.
    under_way: VecDeque<Fate>,
    /// On this connection, when the newest arrives.
    arrives_at_ms: u64,
    is_lost: bool,
}

impl SimulatedPublisher {
    /// Until the broker takes publications.
    async fn unblocked(&self) {
        loop {
            let wait = {
                let world = self.stage.lock();
                world.blocked_until_ms.saturating_sub(world.elapsed_ms())
            };
            if wait == 0 {
                return;
            }
            // Whoever ends it early is noticed soon.
            tokio::time::sleep(Duration::from_millis(wait.min(500))).await;
        }
    }

    /// Does something that can be seen from outside; a dead process waits for ever.
    async fn step(&self) {
        if !self.stage.lock().step(self.life) {
            std::future::pending::<()>().await;
        }
    }

    fn new(stage: Stage, life: u64) -> Self {
        let (held, under_way) = (VecDeque::new(), VecDeque::new());
        Self { stage, life, has_failed: false, held, under_way, arrives_at_ms: 0, is_lost: false }
    }

    async fn get_ready(&mut self) {
        if self.has_failed {
            let ms = self.stage.lock().dice.between(0, 2_000);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        self.held.clear();
        self.under_way.clear();
        self.is_lost = false;
    }

    /// Sends what was held back while the broker took nothing.
    async fn hand_over(&mut self) {
        if self.held.is_empty() {
            return;
        }
        self.unblocked().await;
        self.step().await;
        while let Some(window) = self.held.pop_front() {
            if self.is_lost {
                continue;
            }
            let fate = self.stage.lock().send(self.life, &window, self.arrives_at_ms);
            self.arrives_at_ms = fate.arrives_at_ms;
            self.is_lost = fate.is_lost;
            self.under_way.push_back(fate);
        }
    }

    async fn next_confirmed(&mut self) -> Result<Confirmed, PublishError> {
        self.hand_over().await;
        let Some(oldest) = self.under_way.front() else { return std::future::pending().await };
        tokio::time::sleep_until(oldest.due).await;
        self.step().await;
        let verdict = self.under_way.pop_front().expect("it was there").verdict;
        self.has_failed = verdict.is_err();
        if self.has_failed {
            self.held.clear();
            self.under_way.clear();
        }
        verdict
    }
}

impl Publish for SimulatedPublisher {
    fn ready(&mut self) -> BoxFuture<'_, Result<(), PublishError>> {
        async {
            self.get_ready().await;
            Ok(())
        }
        .boxed()
    }

    fn send(&mut self, publications: &[Arc<Publication>]) {
        self.held.push_back(publications.to_vec());
    }

    fn confirmed(&mut self) -> BoxFuture<'_, Result<Confirmed, PublishError>> {
        self.next_confirmed().boxed()
    }

    fn tend(&mut self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        self.stage.lock().life.status.send_modify(|status| status.publishing = LinkState::Closed);
        ready(()).boxed()
    }
}

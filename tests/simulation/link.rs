//! The transport of one life: what the daemon has in its hands, with the world behind it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, ready};
use rolecall::broker::{
    Deliveries, DeliveryToken, Exchange, Intake, Link, LinkState, Prefetch, Publication, Publish, PublishCause,
    PublishError, TransportError, WindowReport,
};
use rolecall::daemon::Connect;
use tokio::sync::{mpsc, watch};

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
        publisher: Box::new(SimulatedPublisher { stage: stage.clone(), life, has_failed: false }),
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

    /// Settles what becomes of a window: who hears it and when, how long it takes, and what the daemon is told.
    fn send(&mut self, life: u64, window: &[Publication]) -> (Duration, Result<WindowReport, PublishError>) {
        let mut latency = Duration::from_millis(self.dice.between(1, 20));
        let mut verdict = Ok(WindowReport::default());
        let mut heard = Vec::new();
        let refuses = self.plan.has(Fault::Refused) && !self.finale && self.dice.per_mille(300);
        for (confirmed, publication) in window.iter().enumerate() {
            let cause = if refuses && self.dice.per_mille(200) {
                // Another queue may have taken it all the same.
                if self.dice.per_mille(300) {
                    heard.push(publication.clone());
                }
                Some(PublishCause::Nacked)
            } else if self.is_unbound(publication) {
                let routing_key = publication.routing_key.clone();
                Some(PublishCause::Returned { routing_key, reply: "NO_ROUTE".to_owned() })
            } else {
                heard.push(publication.clone());
                None
            };
            if let (Some(cause), true) = (cause, verdict.is_ok()) {
                verdict = Err(PublishError { confirmed, cause });
            }
        }
        let mut arrives_ms = self.dice.between(0, 10);
        if self.plan.has(Fault::LostPublisher) && !self.finale && self.dice.per_mille(100) {
            heard.truncate(self.dice.below(heard.len() + 1));
            arrives_ms = self.dice.between(0, 3_000);
            let cause = if self.dice.per_mille(300) {
                latency = CONFIRM_TIMEOUT;
                PublishCause::Timeout(CONFIRM_TIMEOUT)
            } else {
                PublishCause::Disconnected("the weather".to_owned())
            };
            verdict = Err(PublishError { confirmed: 0, cause });
        } else {
            latency += Duration::from_millis(arrives_ms);
        }
        self.log(&format!("window of {}: {verdict:?}", window.len()));
        self.figures.windows += 1;
        self.figures.window_records += window.len() as u64;
        self.plan_in(arrives_ms, Happening::GoesOut { life, publications: heard });
        (latency, verdict)
    }

    fn is_unbound(&self, publication: &Publication) -> bool {
        publication.exchange == Exchange::Assignments
            && publication.must_be_routed()
            && self.unbound.iter().any(|role| publication.routing_key.ends_with(role.as_str()))
    }
}

struct SimulatedPublisher {
    stage: Stage,
    life: u64,
    has_failed: bool,
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

    async fn window(&mut self, window: &[Publication]) -> Result<WindowReport, PublishError> {
        if self.has_failed {
            let ms = self.stage.lock().dice.between(0, 2_000);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
        self.unblocked().await;
        self.step().await;
        let (latency, verdict) = self.stage.lock().send(self.life, window);
        tokio::time::sleep(latency).await;
        self.step().await;
        self.has_failed = verdict.is_err();
        verdict
    }
}

impl Publish for SimulatedPublisher {
    fn publish_window<'a>(
        &'a mut self,
        window: &'a [Publication],
    ) -> BoxFuture<'a, Result<WindowReport, PublishError>> {
        self.window(window).boxed()
    }

    fn tend(&mut self) -> BoxFuture<'_, ()> {
        std::future::pending().boxed()
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        self.stage.lock().life.status.send_modify(|status| status.publishing = LinkState::Closed);
        ready(()).boxed()
    }
}

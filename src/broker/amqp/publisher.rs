//! The way out: publications under way side by side, each until the broker has confirmed it.
//!
//! A connection on which something was left open (a timeout, a dropped future) is thrown away: its late confirms would be
//! taken for those of what is sent next.
//!
//! What is published to may be deleted while the daemon runs. Of an exchange that is gone the broker tells by closing the
//! channel, of a queue by handing back what belonged there; after either the objects are declared anew before the next try.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::{Stream, StreamExt};
use lapin::options::ConfirmSelectOptions;
use lapin::{Channel, Event};
use tokio::time::{Instant as Deadline, Sleep};
use tracing::{info, warn};

use super::backoff::Backoff;
use super::connection::{Connected, Purpose};
use super::fault::Fault;
use super::flight::{Flight, Verdict};
use super::topology::{self, Names};
use super::{Moment, within};
use crate::broker::error::{PublishCause, PublishError};
use crate::broker::message::Publication;
use crate::broker::options::{BrokerOptions, TopologyMode};
use crate::broker::status::{LinkState, Observer, ReturnFate, StatusCell};
use crate::broker::transport::{Confirmed, Publish};
use crate::kill_point::kill_point;

/// A channel in confirm mode, and what its connection tells.
pub(super) struct Publishing {
    connected: Connected,
    channel: Arc<Channel>,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

/// Connects and turns confirms on.
pub(super) async fn open(options: &BrokerOptions, purpose: Purpose) -> Result<Publishing, Fault> {
    let connected = Connected::open(options, purpose).await?;
    let events = Box::pin(connected.connection().events_listener());
    let channel = connected.channel().await?;
    let confirms = channel.confirm_select(ConfirmSelectOptions { nowait: false });
    within(options.request_timeout, "turn confirms on", confirms).await?;
    Ok(Publishing { connected, channel: Arc::new(channel), events })
}

/// As [`open`], in the place of a connection that was lost: perhaps because an object was.
async fn open_again(options: &BrokerOptions, purpose: Purpose) -> Result<Publishing, Fault> {
    let publishing = open(options, purpose).await?;
    see_to_objects(&publishing.connected, options).await?;
    Ok(publishing)
}

/// Where they are ours to make, what is published to is there afterwards. Somebody else's are not looked at: whether they
/// are there shows.
async fn see_to_objects(connected: &Connected, options: &BrokerOptions) -> Result<(), Fault> {
    match options.topology {
        TopologyMode::Declare => topology::ensure_way_out(connected, options).await,
        TopologyMode::Check => Ok(()),
    }
}

/// Publishes on one connection at a time, and makes a new one when it has to.
pub(super) struct AmqpPublisher {
    options: Arc<BrokerOptions>,
    purpose: Purpose,
    names: Names,
    publishing: Option<Publishing>,
    /// What is under way on it.
    flight: Flight,
    /// When something has to have moved, and who wakes us then; made when it is needed.
    deadline: Deadline,
    alarm: Option<Pin<Box<Sleep>>>,
    backoff: Backoff,
    /// There was a connection that was not closed by us: a new one replaces it.
    replaces: bool,
    /// Something came back that must be routed: its queue may be gone.
    came_back: bool,
    /// After a failure: pause first.
    pause_until: Option<Deadline>,
    status: StatusCell,
    observer: Arc<dyn Observer>,
}

impl AmqpPublisher {
    pub(super) fn new(
        options: Arc<BrokerOptions>,
        publishing: Publishing,
        status: StatusCell,
        observer: Arc<dyn Observer>,
    ) -> Self {
        status.set_publishing(LinkState::Up);
        Self {
            publishing: Some(publishing),
            replaces: true,
            ..Self::unconnected(options, Purpose::Publish, status, observer)
        }
    }

    /// One that connects when it has something to publish.
    pub(super) fn unconnected(
        options: Arc<BrokerOptions>,
        purpose: Purpose,
        status: StatusCell,
        observer: Arc<dyn Observer>,
    ) -> Self {
        Self {
            names: Names::new(&options.prefix),
            backoff: Backoff::new(options.reconnect_min, options.reconnect_max),
            options,
            purpose,
            publishing: None,
            flight: Flight::default(),
            deadline: Deadline::now(),
            alarm: None,
            replaces: false,
            came_back: false,
            pause_until: None,
            status,
            observer,
        }
    }

    /// Sees to it that there is a connection, and nothing under way on it.
    async fn get_ready(&mut self) -> Result<(), PublishError> {
        if !self.flight.is_empty() {
            // Somebody went away without waiting for it.
            self.give_up();
        }
        if let Some(pause_until) = self.pause_until {
            tokio::time::sleep_until(pause_until).await;
            self.pause_until = None;
        }
        match self.connect().await {
            Ok(()) => Ok(()),
            Err(cause) => Err(self.failed(cause)),
        }
    }

    /// The connection is made where there is none, and what may be gone is made again.
    async fn connect(&mut self) -> Result<(), PublishCause> {
        if self.publishing.as_ref().is_some_and(|publishing| publishing.connected.is_open()) {
            return self.look_after_a_return().await;
        }
        self.publishing = None;
        let opened = if self.replaces {
            open_again(&self.options, self.purpose).await
        } else {
            open(&self.options, self.purpose).await
        };
        match opened {
            Ok(publishing) => {
                self.publishing = Some(publishing);
                if self.replaces {
                    info!("publishing again");
                    self.observer.reconnected();
                }
                self.replaces = true;
                self.status.set_publishing(LinkState::Up);
                Ok(())
            }
            Err(fault) => Err(self.note(fault)),
        }
    }

    async fn look_after_a_return(&mut self) -> Result<(), PublishCause> {
        let Some(publishing) = self.publishing.as_ref().filter(|_| self.came_back) else { return Ok(()) };
        match see_to_objects(&publishing.connected, &self.options).await {
            Ok(()) => {
                self.came_back = false;
                Ok(())
            }
            Err(fault) => {
                self.give_up();
                Err(self.note(fault))
            }
        }
    }

    /// Throws away the connection, and what is under way on it.
    fn give_up(&mut self) {
        self.publishing = None;
        self.flight = Flight::default();
    }

    /// The next try pauses first, ever longer.
    fn failed(&mut self, cause: PublishCause) -> PublishError {
        self.pause_until = Some(Deadline::now() + self.backoff.next_pause());
        PublishError { confirmed: 0, cause }
    }

    /// Waits until something is known of the oldest.
    async fn next_confirmed(&mut self) -> Result<Confirmed, PublishError> {
        loop {
            let confirmed = self.take_confirmed();
            if confirmed.count > 0 {
                self.backoff.reset();
                return Ok(confirmed);
            }
            // Where the oldest has failed, all others are waited for: what is sent again comes behind all of them.
            if self.flight.is_decided()
                && let Some((publication, verdict)) = self.flight.verdict()
            {
                let cause = verdict.cause(publication);
                self.came_back = matches!(cause, PublishCause::Returned { .. });
                self.tell_failure(&cause);
                self.flight = Flight::default();
                return Err(self.failed(cause));
            }
            if let Err(cause) = self.move_on().await {
                self.give_up();
                self.status.set_publishing(LinkState::Down { reason: cause.to_string() });
                return Err(self.failed(cause));
            }
        }
    }

    /// Waits until the broker says something. Cancel safe.
    async fn move_on(&mut self) -> Result<(), PublishCause> {
        let Some(Publishing { connected, events, .. }) = &mut self.publishing else {
            return Err(PublishCause::Disconnected("it was not ready".to_owned()));
        };
        let bound = self.options.confirm_timeout;
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(self.deadline)));
        let blocked = connected.connection().status().blocked();
        tokio::select! {
            biased;
            progress = poll_fn(|context| self.flight.poll_progress(context)) => {
                progress.map_err(|error| PublishCause::Disconnected(error.to_string()))?;
                // What it said before: whoever hears of a confirm knows that the broker takes publications again.
                while let Some(Some(event)) = events.next().now_or_never() {
                    follow(event, &self.status);
                }
                self.deadline = Deadline::now() + bound;
            }
            Some(event) = events.next() => {
                follow(event, &self.status);
                self.deadline = Deadline::now() + bound;
            }
            () = alarm.as_mut(), if !blocked => {
                if Deadline::now() >= self.deadline {
                    return Err(PublishCause::Timeout(bound));
                }
                alarm.as_mut().reset(self.deadline);
            }
        }
        Ok(())
    }

    /// Takes off the front what is where it belongs, and counts what came back.
    fn take_confirmed(&mut self) -> Confirmed {
        let mut confirmed = Confirmed::default();
        while let Some((publication, verdict)) = self.flight.verdict() {
            match verdict {
                Verdict::Taken => {}
                Verdict::Returned(_) if !publication.must_be_routed() => {
                    self.observer.returned(&publication.routing_key, ReturnFate::LetGo);
                    confirmed.let_go += 1;
                }
                Verdict::Returned(_) | Verdict::Refused => break,
            }
            self.flight.pop();
            confirmed.count += 1;
        }
        confirmed
    }

    fn tell_failure(&self, cause: &PublishCause) {
        match cause {
            PublishCause::Returned { routing_key, .. } => self.observer.returned(routing_key, ReturnFate::Held),
            _ => self.observer.nacked(),
        }
    }

    fn note(&self, fault: Fault) -> PublishCause {
        match fault.into_fatal(Moment::Later, &self.options) {
            Ok(fatal) => {
                self.status.set_publishing(LinkState::Failed(fatal.clone()));
                PublishCause::Fatal(fatal)
            }
            Err(reason) => {
                warn!(reason, "no connection to publish on");
                self.status.set_publishing(LinkState::Down { reason: reason.clone() });
                PublishCause::Disconnected(reason)
            }
        }
    }

    /// Follows the connection, and makes a new one when it is lost.
    async fn keep_up(&mut self) {
        loop {
            if let Some(pause_until) = self.pause_until {
                tokio::time::sleep_until(pause_until).await;
                self.pause_until = None;
            }
            match self.connect().await {
                Ok(()) => {
                    let Some(publishing) = &mut self.publishing else { continue };
                    match publishing.events.next().await {
                        Some(event) => follow(event, &self.status),
                        None => return std::future::pending().await,
                    }
                }
                Err(PublishCause::Fatal(_)) => return std::future::pending().await,
                Err(_) => self.pause_until = Some(Deadline::now() + self.backoff.next_pause()),
            }
        }
    }
}

impl Publish for AmqpPublisher {
    fn ready(&mut self) -> BoxFuture<'_, Result<(), PublishError>> {
        self.get_ready().boxed()
    }

    fn send(&mut self, publications: &[Arc<Publication>]) {
        let Some(publishing) = &self.publishing else { return };
        if self.flight.is_empty() {
            self.deadline = Deadline::now() + self.options.confirm_timeout;
        }
        for publication in publications {
            self.flight.send(&publishing.channel, &self.names, self.options.uri.username(), publication);
        }
        kill_point!(AfterPublish);
    }

    fn confirmed(&mut self) -> BoxFuture<'_, Result<Confirmed, PublishError>> {
        self.next_confirmed().boxed()
    }

    fn tend(&mut self) -> BoxFuture<'_, ()> {
        self.keep_up().boxed()
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        async {
            if let Some(publishing) = self.publishing.take() {
                // All that matters is confirmed; a goodbye that fails loses nothing.
                drop(publishing.connected.close().await);
                self.replaces = false;
            }
            self.status.set_publishing(LinkState::Closed);
        }
        .boxed()
    }
}

fn follow(event: Event, status: &StatusCell) {
    match event {
        Event::ConnectionBlocked(reason) => {
            warn!(reason, "the broker takes no publications for now");
            status.set_publishing(LinkState::Blocked { reason });
        }
        Event::ConnectionUnblocked => {
            info!("the broker takes publications again");
            status.set_publishing(LinkState::Up);
        }
        Event::Error(error) => status.set_publishing(LinkState::Down { reason: error.to_string() }),
        _ => {}
    }
}

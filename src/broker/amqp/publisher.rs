//! The way out: windows of publications, each closed by the broker's confirms.
//!
//! Returns are matched by message id once the window is closed, because with publishes under way side by side lapin can
//! attach a return to the confirm of a neighbour. A connection on which a window was left open (a timeout, a dropped
//! future) is thrown away: its late confirms would be taken for those of the next window.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::{Stream, StreamExt};
use lapin::message::BasicReturnMessage;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::ShortString;
use lapin::{Channel, Confirmation, Event, PublisherConfirm};
use tokio::time::Instant as Deadline;
use tracing::{info, warn};

use super::backoff::Backoff;
use super::connection::{Connected, Purpose};
use super::fault::Fault;
use super::topology::Names;
use super::{Moment, within};
use crate::broker::error::{PublishCause, PublishError};
use crate::broker::message::Publication;
use crate::broker::options::BrokerOptions;
use crate::broker::properties::short;
use crate::broker::status::{LinkState, Observer, ReturnFate, StatusCell};
use crate::broker::transport::{Publish, WindowReport};
use crate::kill_point::kill_point;

/// A channel in confirm mode, and what its connection tells.
pub(super) struct Publishing {
    connected: Connected,
    channel: Channel,
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

/// Connects and turns confirms on.
pub(super) async fn open(options: &BrokerOptions, purpose: Purpose) -> Result<Publishing, Fault> {
    let connected = Connected::open(options, purpose).await?;
    let events = Box::pin(connected.connection().events_listener());
    let channel = connected.channel().await?;
    let confirms = channel.confirm_select(ConfirmSelectOptions { nowait: false });
    within(options.request_timeout, "turn confirms on", confirms).await?;
    Ok(Publishing { connected, channel, events })
}

/// Publishes on one connection at a time, and makes a new one when it has to.
pub(super) struct AmqpPublisher {
    options: Arc<BrokerOptions>,
    purpose: Purpose,
    names: Names,
    /// Absent while a window is open on it, so that whatever leaves one open throws it away.
    publishing: Option<Publishing>,
    backoff: Backoff,
    /// There was a connection that was not closed by us: a new one replaces it.
    replaces: bool,
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
            replaces: false,
            pause_until: None,
            status,
            observer,
        }
    }

    async fn window(&mut self, window: &[Publication]) -> Result<WindowReport, PublishError> {
        if let Some(pause_until) = self.pause_until {
            tokio::time::sleep_until(pause_until).await;
            self.pause_until = None;
        }
        let outcome = self.attempt(window).await;
        match &outcome {
            Ok(_) => self.backoff.reset(),
            Err(error) => {
                if error.confirmed > 0 {
                    self.backoff.reset();
                }
                self.pause_until = Some(Deadline::now() + self.backoff.next_pause());
            }
        }
        outcome
    }

    async fn attempt(&mut self, window: &[Publication]) -> Result<WindowReport, PublishError> {
        let mut publishing = self.connection().await.map_err(|cause| PublishError { confirmed: 0, cause })?;
        let started_at = Instant::now();
        let settled = publishing.settle_window(window, &self.names, &self.options, &self.status).await;
        let verdicts = match settled {
            Ok(verdicts) => verdicts,
            Err(cause) => {
                self.status.set_publishing(LinkState::Down { reason: cause.to_string() });
                return Err(PublishError { confirmed: 0, cause });
            }
        };
        publishing.catch_up(&self.status);
        self.publishing = Some(publishing);
        self.observer.confirmed(window.len(), started_at.elapsed());
        self.judge(window, &verdicts)
    }

    /// The connection, made if need be, and out of `self` until the window is closed.
    async fn connection(&mut self) -> Result<Publishing, PublishCause> {
        if let Some(publishing) = self.publishing.take_if(|publishing| publishing.connected.is_open()) {
            return Ok(publishing);
        }
        self.publishing = None;
        match open(&self.options, self.purpose).await {
            Ok(publishing) => {
                if self.replaces {
                    info!("publishing again");
                    self.observer.reconnected();
                }
                self.replaces = true;
                self.status.set_publishing(LinkState::Up);
                Ok(publishing)
            }
            Err(fault) => Err(self.note(fault)),
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

    /// Finds the first that failed, and counts what came back.
    fn judge(&self, window: &[Publication], verdicts: &Verdicts) -> Result<WindowReport, PublishError> {
        let mut report = WindowReport::default();
        for (index, publication) in window.iter().enumerate() {
            let failed = |cause| Err(PublishError { confirmed: index, cause });
            if !verdicts.acked[index] {
                self.observer.nacked();
                return failed(PublishCause::Nacked);
            }
            let Some(reply) = verdicts.returned_for(publication) else { continue };
            if publication.must_be_routed() {
                self.observer.returned(&publication.routing_key, ReturnFate::Held);
                return failed(PublishCause::Returned {
                    routing_key: publication.routing_key.clone(),
                    reply: reply.to_owned(),
                });
            }
            self.observer.returned(&publication.routing_key, ReturnFate::LetGo);
            report.let_go += 1;
        }
        Ok(report)
    }

    /// Follows the connection, and makes a new one when it is lost.
    async fn keep_up(&mut self) {
        loop {
            if let Some(pause_until) = self.pause_until {
                tokio::time::sleep_until(pause_until).await;
                self.pause_until = None;
            }
            match self.connection().await {
                Ok(publishing) => {
                    let publishing = self.publishing.insert(publishing);
                    let event = publishing.events.next().await;
                    match event {
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
    fn publish_window<'a>(
        &'a mut self,
        window: &'a [Publication],
    ) -> BoxFuture<'a, Result<WindowReport, PublishError>> {
        self.window(window).boxed()
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

impl Publishing {
    /// Sends all, and waits for all confirms; gives up when nothing moves for `confirm_timeout` while the broker is not blocked.
    async fn settle_window(
        &mut self,
        window: &[Publication],
        names: &Names,
        options: &BrokerOptions,
        status: &StatusCell,
    ) -> Result<Verdicts, PublishCause> {
        let bound = options.confirm_timeout;
        let Self { connected, channel, events } = self;
        let exchange = async { collect(send(channel, names, options.uri.username(), window).await?).await };
        tokio::pin!(exchange);
        let mut deadline = Deadline::now() + bound;
        loop {
            let blocked = connected.connection().status().blocked();
            tokio::select! {
                biased;
                verdicts = &mut exchange => {
                    return verdicts.map_err(|error| PublishCause::Disconnected(error.to_string()));
                }
                Some(event) = events.next() => {
                    follow(event, status);
                    deadline = Deadline::now() + bound;
                }
                () = tokio::time::sleep_until(deadline), if !blocked => return Err(PublishCause::Timeout(bound)),
            }
        }
    }
}

impl Publishing {
    /// Follows what happened while the confirms came in.
    fn catch_up(&mut self, status: &StatusCell) {
        while let Some(Some(event)) = self.events.next().now_or_never() {
            follow(event, status);
        }
    }
}

/// Queues all frames in order, then waits until they are written.
async fn send(
    channel: &Channel,
    names: &Names,
    own_user: &str,
    window: &[Publication],
) -> lapin::Result<Vec<PublisherConfirm>> {
    let mut sending = Vec::with_capacity(window.len());
    for publication in window {
        let mut publish = Box::pin(channel.basic_publish(
            short(names.exchange(publication.exchange)).unwrap_or_default(),
            // A key that AMQP can't carry binds to nothing, and comes back.
            short(&publication.routing_key).unwrap_or_default(),
            BasicPublishOptions { mandatory: true, immediate: false },
            &publication.body,
            publication.properties.to_publish(own_user),
        ));
        // The first poll queues the frames: one after the other, so that they leave in this order.
        let done = publish.as_mut().now_or_never();
        sending.push((publish, done));
    }
    let mut confirms = Vec::with_capacity(window.len());
    for (publish, done) in sending {
        confirms.push(match done {
            Some(sent) => sent?,
            None => publish.await?,
        });
    }
    kill_point!(AfterPublish);
    Ok(confirms)
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

/// What the broker said about a window.
struct Verdicts {
    acked: Vec<bool>,
    /// The broker's words by message id.
    returned: HashMap<String, String>,
    /// One that came back without an id: it can be any of those that have none.
    returned_nameless: Option<String>,
}

impl Verdicts {
    fn returned_for(&self, publication: &Publication) -> Option<&str> {
        match publication.properties.message_id() {
            Some(id) => self.returned.get(id).map(String::as_str),
            None => self.returned_nameless.as_deref(),
        }
    }
}

/// Waits for every confirm, and gathers what came back from wherever lapin attached it.
async fn collect(confirms: Vec<PublisherConfirm>) -> lapin::Result<Verdicts> {
    let mut verdicts =
        Verdicts { acked: Vec::with_capacity(confirms.len()), returned: HashMap::new(), returned_nameless: None };
    for confirm in confirms {
        let (acked, message) = match confirm.await? {
            Confirmation::Ack(message) => (true, message),
            Confirmation::Nack(message) => (false, message),
            Confirmation::NotRequested => (false, None),
        };
        verdicts.acked.push(acked);
        if let Some(message) = message {
            verdicts.note_return(&message);
        }
    }
    Ok(verdicts)
}

impl Verdicts {
    fn note_return(&mut self, message: &BasicReturnMessage) {
        let reply = message.reply_text.to_string();
        match message.delivery.properties.message_id().as_ref().map(ShortString::as_str) {
            Some(id) => drop(self.returned.insert(id.to_owned(), reply)),
            None => self.returned_nameless = Some(reply),
        }
    }
}

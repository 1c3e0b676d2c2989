//! What is under way on one channel in confirm mode: sent in order, confirmed in any.
//!
//! With publishes under way side by side lapin can attach a return to the confirm of a neighbour: to whichever it resolves
//! next. The broker sends a return before the confirm of the same message, so whatever carries it is resolved no later than
//! that. Confirms are looked at in the order in which they were resolved ([`FuturesUnordered`] polls what was woken first),
//! so a return is known when the confirm of its own message is; and it is matched by message id.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;
use lapin::message::BasicReturnMessage;
use lapin::options::BasicPublishOptions;
use lapin::types::ShortString;
use lapin::{Channel, Confirmation, PublisherConfirm};

use super::topology::Names;
use crate::broker::error::PublishCause;
use crate::broker::message::Publication;
use crate::broker::properties::short;

/// Publications on their way, oldest first.
#[derive(Default)]
pub(super) struct Flight {
    under_way: VecDeque<UnderWay>,
    /// The number of the oldest.
    oldest: u64,
    /// What the broker has said nothing about.
    awaited: FuturesUnordered<Awaited>,
    /// The broker's words about what came back, by message id.
    returned: HashMap<ShortString, ShortString>,
    /// One that came back without an id: it can be any of those that have none.
    returned_nameless: Option<ShortString>,
}

struct UnderWay {
    publication: Arc<Publication>,
    /// Whether the broker has taken it, once it has said so.
    is_taken: Option<bool>,
}

/// A publication until the broker says something.
struct Awaited {
    number: u64,
    progress: Progress,
}

enum Progress {
    /// Its frames are queued, and not all written.
    Queued(Publishing),
    /// Written, and not confirmed.
    Written(PublisherConfirm),
}

type Publishing = Pin<Box<dyn Future<Output = lapin::Result<PublisherConfirm>> + Send>>;

impl Future for Awaited {
    type Output = lapin::Result<(u64, Confirmation)>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let number = self.number;
        if let Progress::Queued(publish) = &mut self.progress {
            let confirm = ready!(publish.as_mut().poll(context))?;
            self.progress = Progress::Written(confirm);
        }
        let Progress::Written(confirm) = &mut self.progress else { return Poll::Pending };
        Pin::new(confirm).poll(context).map_ok(|confirmation| (number, confirmation))
    }
}

/// What became of the oldest.
pub(super) enum Verdict {
    /// It is where it belongs.
    Taken,
    /// No queue was bound for it.
    Returned(String),
    /// The broker refused it.
    Refused,
}

impl Verdict {
    /// Why it has to be sent again.
    pub(super) fn cause(self, publication: &Publication) -> PublishCause {
        match self {
            Self::Returned(reply) => PublishCause::Returned { routing_key: publication.routing_key.clone(), reply },
            Self::Taken | Self::Refused => PublishCause::Nacked,
        }
    }
}

impl Flight {
    pub(super) fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Whether the broker has said something about every one.
    pub(super) fn is_decided(&self) -> bool {
        self.awaited.is_empty()
    }

    /// Queues a publication behind the others.
    pub(super) fn send(
        &mut self,
        channel: &Arc<Channel>,
        names: &Names,
        own_user: &str,
        publication: &Arc<Publication>,
    ) {
        let exchange = short(names.exchange(publication.exchange)).unwrap_or_default();
        // A key that AMQP can't carry binds to nothing, and comes back.
        let routing_key = short(&publication.routing_key).unwrap_or_default();
        let properties = publication.properties.to_publish(own_user);
        let (channel, sent) = (Arc::clone(channel), Arc::clone(publication));
        let mut publish: Publishing = Box::pin(async move {
            let options = BasicPublishOptions { mandatory: true, immediate: false };
            channel.basic_publish(exchange, routing_key, options, &sent.body, properties).await
        });
        // The first poll queues the frames: one after the other, so that they leave in this order. Whoever waits for the
        // rest polls again, with a waker.
        let progress = match publish.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(confirm)) => Progress::Written(confirm),
            Poll::Ready(Err(error)) => Progress::Queued(Box::pin(std::future::ready(Err(error)))),
            Poll::Pending => Progress::Queued(publish),
        };
        let number = self.oldest + self.under_way.len() as u64;
        self.awaited.push(Awaited { number, progress });
        self.under_way.push_back(UnderWay { publication: Arc::clone(publication), is_taken: None });
    }

    /// Looks at all of which there is news; ready when the broker has said something about any.
    pub(super) fn poll_progress(&mut self, context: &mut Context<'_>) -> Poll<lapin::Result<()>> {
        let mut is_news = false;
        while let Poll::Ready(Some(said)) = Pin::new(&mut self.awaited).poll_next(context) {
            let (number, confirmation) = said?;
            self.note(number, confirmation);
            is_news = true;
        }
        if is_news { Poll::Ready(Ok(())) } else { Poll::Pending }
    }

    fn note(&mut self, number: u64, confirmation: Confirmation) {
        let (is_taken, message) = match confirmation {
            Confirmation::Ack(message) => (true, message),
            Confirmation::Nack(message) => (false, message),
            Confirmation::NotRequested => (false, None),
        };
        let index = usize::try_from(number - self.oldest).expect("they are in memory");
        self.under_way[index].is_taken = Some(is_taken);
        if let Some(BasicReturnMessage { delivery, reply_text, .. }) = message {
            match delivery.properties.message_id() {
                Some(id) => drop(self.returned.insert(id.clone(), reply_text)),
                None => self.returned_nameless = Some(reply_text),
            }
        }
    }

    /// What became of the oldest; `None` while nothing is known of it, or nothing is under way.
    pub(super) fn verdict(&self) -> Option<(&Publication, Verdict)> {
        let UnderWay { publication, is_taken } = self.under_way.front()?;
        let is_taken = (*is_taken)?;
        let reply = match publication.properties.message_id() {
            Some(id) => self.returned.get(id),
            None => self.returned_nameless.as_ref(),
        };
        let verdict = match reply {
            _ if !is_taken => Verdict::Refused,
            Some(reply) => Verdict::Returned(reply.to_string()),
            None => Verdict::Taken,
        };
        Some((publication, verdict))
    }

    /// The oldest is done with.
    pub(super) fn pop(&mut self) {
        let Some(UnderWay { publication, .. }) = self.under_way.pop_front() else { return };
        self.oldest += 1;
        if let Some(id) = publication.properties.message_id()
            && !self.returned.is_empty()
        {
            self.returned.remove(id);
        }
        if self.under_way.is_empty() {
            self.returned.clear();
            self.returned_nameless = None;
        }
    }
}

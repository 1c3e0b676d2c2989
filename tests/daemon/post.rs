//! A publisher that gives nothing up: what the broker has not confirmed is sent again, in its order, under its old id.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};

use lapin::{Channel, Connection, ConnectionProperties, PublisherConfirm};
use tokio::sync::mpsc;

use crate::books::Deed;
use crate::upstream::{Form, event};

/// Unconfirmed at a time.
const WINDOW: usize = 1_000;
const PAUSE: Duration = Duration::from_millis(100);
/// A broker that has just begun may take a connection and then say nothing on it, for ever.
const CONNECT_MAX: Duration = Duration::from_secs(5);

pub(crate) struct Post {
    deeds: mpsc::UnboundedSender<Deed>,
    open: Arc<AtomicUsize>,
}

impl Post {
    pub(crate) fn start(uri: &str, prefix: &str) -> Self {
        let (deeds, taken) = mpsc::unbounded_channel();
        let open = Arc::new(AtomicUsize::new(0));
        let exchange = format!("{prefix}.events");
        let carrier = Carrier { uri: uri.to_owned(), exchange, taken, unconfirmed: BTreeMap::new(), next: 0 };
        tokio::spawn(carrier.run(Arc::clone(&open)));
        Self { deeds, open }
    }

    pub(crate) fn send(&self, deed: Deed) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.deeds.send(deed).expect("the carrier lives as long");
    }

    /// What was handed over and is not confirmed.
    pub(crate) fn open_count(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

struct Carrier {
    uri: String,
    exchange: String,
    taken: mpsc::UnboundedReceiver<Deed>,
    unconfirmed: BTreeMap<u64, Deed>,
    next: u64,
}

type Confirms = FuturesUnordered<BoxFuture<'static, (u64, bool)>>;

impl Carrier {
    async fn run(mut self, open: Arc<AtomicUsize>) {
        while self.serve(&open).await.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Works on one connection. `Err` when it is to be replaced, `Ok` at the end.
    async fn serve(&mut self, open: &AtomicUsize) -> Result<(), lapin::Error> {
        let (_connection, channel) = connect(&self.uri).await?;
        let confirmed_from_here = channel.confirm_select(ConfirmSelectOptions { nowait: false });
        within_patience(confirmed_from_here).await?;
        let mut confirms = Confirms::new();
        for (number, deed) in &self.unconfirmed {
            let confirm = self.publish(&channel, deed).await?;
            confirms.push(confirmed(*number, confirm));
        }
        loop {
            tokio::select! {
                Some((number, is_good)) = confirms.next(), if !confirms.is_empty() => {
                    if !is_good {
                        return Err(lapin::ErrorKind::MissingHeartbeatError.into());
                    }
                    self.unconfirmed.remove(&number);
                    open.fetch_sub(1, Ordering::Relaxed);
                }
                deed = self.taken.recv(), if self.unconfirmed.len() < WINDOW => {
                    let Some(deed) = deed else { return Ok(()) };
                    let number = self.next;
                    self.next += 1;
                    self.unconfirmed.insert(number, deed.clone());
                    let confirm = self.publish(&channel, &deed).await?;
                    confirms.push(confirmed(number, confirm));
                }
            }
        }
    }

    async fn publish(&self, channel: &Channel, deed: &Deed) -> lapin::Result<PublisherConfirm> {
        let (properties, body) = event(Form::Plain, &deed.id, deed.kind, &deed.data);
        let options = BasicPublishOptions { mandatory: true, immediate: false };
        channel.basic_publish(self.exchange.as_str().into(), deed.kind.into(), options, &body, properties).await
    }
}

/// A connection with a channel, or an error soon.
pub(crate) async fn connect(uri: &str) -> lapin::Result<(Connection, Channel)> {
    within_patience(async {
        let connection = Connection::connect(uri, ConnectionProperties::default()).await?;
        let channel = connection.create_channel().await?;
        Ok((connection, channel))
    })
    .await
}

async fn within_patience<T>(answer: impl Future<Output = lapin::Result<T>>) -> lapin::Result<T> {
    match tokio::time::timeout(CONNECT_MAX, answer).await {
        Ok(answered) => answered,
        Err(_) => Err(lapin::ErrorKind::MissingHeartbeatError.into()),
    }
}

fn confirmed(number: u64, confirm: PublisherConfirm) -> BoxFuture<'static, (u64, bool)> {
    Box::pin(async move {
        let outcome = confirm.await;
        (number, outcome.is_ok_and(|outcome| outcome.is_ack() && outcome.take_message().is_none()))
    })
}

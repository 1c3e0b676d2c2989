//! A contact centre in miniature: it publishes tickets and calls at a rate, plays all agents, and keeps books.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::sync::mpsc;

use crate::books::{Books, Deed};
use crate::ear::{bind_all, declare_exchange};
use crate::place::Place;
use crate::post::{Post, connect};

pub(crate) const CONFIG: &str = r#"
[channel.task]
cost = 25
limit = 2
[channel.call]
offer_timeout = "1h"
wrap_up = "0s"
[[role]]
name = "r0"
[[role]]
name = "r1"
strategy = "round_robin"
[[role]]
name = "r2"
strategy = "least_loaded"
order = "fifo"
[[role]]
name = "r3"
"#;

const ROLES: u64 = 4;
const AGENTS: u64 = 200;
/// What one ticket brings with it on average: three of four are tasks (created, completed), one is a call (queued,
/// answered, ended), and one of twenty is paused and resumed on its way.
const EVENTS_PER_TICKET: f64 = 2.35;
/// Of what is published, so much is published twice.
const TWICE_SHARE: f64 = 0.03;
/// No more tickets while so much is unconfirmed: a broker that stands still is not to be buried.
const OPEN_MAX: usize = 5_000;
/// A pause of the machine is not caught up on beyond this.
const CATCH_UP_MAX: Duration = Duration::from_millis(200);
const TICK: Duration = Duration::from_millis(5);

pub(crate) struct Crowd {
    pub(crate) books: Books,
    post: Post,
    ear: mpsc::Receiver<(String, Vec<u8>)>,
    rate: f64,
    undone_max: usize,
    random: StdRng,
    count: u64,
    published: u64,
    worked: Duration,
}

impl Crowd {
    /// To be opened before the daemon first starts, so that nothing is missed. `rate` is inbound events a second.
    pub(crate) async fn open(place: &Place, rate: f64, seed: u64) -> Self {
        let (heard, ear) = mpsc::channel(10_000);
        let queue = place.object("crowd");
        let exchange = place.object("assignments");
        prepare(&place.uri, &queue, &exchange).await.expect("the broker is there");
        let uri = place.uri.clone();
        tokio::spawn(async move {
            while !heard.is_closed() {
                // Whatever ended it: what was not acknowledged comes again.
                let _ = listen(&uri, &queue, &heard).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        });
        Self {
            books: Books::default(),
            post: Post::start(&place.uri, &place.prefix),
            ear,
            rate,
            undone_max: usize::MAX,
            random: StdRng::seed_from_u64(seed),
            count: 0,
            published: 0,
            worked: Duration::ZERO,
        }
    }

    /// No more new tickets while so many have not come to their end: whoever is dead most of the time is not to be buried.
    pub(crate) fn with_undone_max(mut self, count: usize) -> Self {
        self.undone_max = count;
        self
    }

    /// All agents come to work; the daemon has been ready once.
    pub(crate) fn begin(&mut self) {
        for number in 0..AGENTS {
            let agent = format!("a{number}");
            let registered = json!({ "agent_id": agent, "roles": [format!("r{}", number % ROLES)] });
            self.send(Deed { id: format!("registered/{agent}"), kind: "agent.registered", data: registered });
            let online = json!({ "agent_id": agent, "status": "online" });
            self.send(Deed { id: format!("online/{agent}"), kind: "agent.presence", data: online });
        }
    }

    /// Works until something has happened.
    pub(crate) async fn work_during<T>(&mut self, happening: impl Future<Output = T>) -> T {
        let mut happening = pin!(happening);
        let mut tick = tokio::time::interval(TICK);
        let mut ticked_at = Instant::now();
        let mut credit = 0.0;
        loop {
            tokio::select! {
                outcome = &mut happening => return outcome,
                Some((key, body)) = self.ear.recv() => self.take(&key, &body),
                _ = tick.tick() => {
                    let passed = ticked_at.elapsed();
                    ticked_at = Instant::now();
                    self.worked += passed;
                    credit += self.rate / EVENTS_PER_TICKET * passed.min(CATCH_UP_MAX).as_secs_f64();
                    while credit >= 1.0 && self.has_room() {
                        credit -= 1.0;
                        let deed = self.books.create(self.count, ROLES);
                        self.count += 1;
                        self.send(deed);
                    }
                    credit = credit.min(1.0);
                }
            }
        }
    }

    fn has_room(&self) -> bool {
        self.post.open_count() < OPEN_MAX && self.books.undone() < self.undone_max
    }

    pub(crate) async fn work_for(&mut self, length: Duration) {
        self.work_during(tokio::time::sleep(length)).await;
    }

    /// No new tickets: waits until all that were published have come to their end, or the time is over.
    pub(crate) async fn rest(&mut self, bound: Duration) {
        let deadline = Instant::now() + bound;
        while (!self.books.is_all_done() || self.post.open_count() > 0) && Instant::now() < deadline {
            if let Some((key, body)) = self.hear().await {
                self.take(&key, &body);
            }
        }
    }

    /// Rests, and closes the books.
    pub(crate) async fn finish(mut self, bound: Duration) -> Books {
        let reached = f64::from(u32::try_from(self.published).unwrap_or(u32::MAX)) / self.worked.as_secs_f64();
        self.rest(bound).await;
        let lost = self.books.lost();
        println!(
            "{} tickets, {reached:.0} of {:.0} events/s in; {} events out and {} repeats; {} lost, {} faults",
            self.books.created(),
            self.rate,
            self.books.heard(),
            self.books.repeats,
            lost.len(),
            self.books.faults.len()
        );
        let some = |all: &[String]| all.iter().take(5).cloned().collect::<Vec<_>>();
        assert!(self.books.faults.is_empty(), "{:#?}", some(&self.books.faults));
        assert!(lost.is_empty(), "lost: {:#?}", some(&lost));
        assert!(self.books.created() > 0, "it did something");
        self.books
    }

    async fn hear(&mut self) -> Option<(String, Vec<u8>)> {
        // Now and then a look at what the post has left.
        tokio::time::timeout(Duration::from_millis(50), self.ear.recv()).await.ok().flatten()
    }

    fn take(&mut self, key: &str, body: &[u8]) {
        if let Some(deed) = self.books.note(key, body) {
            self.send(deed);
        }
    }

    fn send(&mut self, deed: Deed) {
        self.published += 1;
        if self.random.random_bool(TWICE_SHARE) {
            self.published += 1;
            self.post.send(deed.clone());
        }
        self.post.send(deed);
    }
}

/// A durable queue, so that a restart of the broker loses nothing of what it confirmed to the daemon.
async fn prepare(uri: &str, queue: &str, exchange: &str) -> lapin::Result<()> {
    let connection = Connection::connect(uri, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    declare_exchange(&channel, exchange).await?;
    let options =
        QueueDeclareOptions { passive: false, durable: true, exclusive: false, auto_delete: false, nowait: false };
    channel.queue_declare(queue.into(), options, FieldTable::default()).await?;
    bind_all(&channel, queue, exchange).await?;
    connection.close(200, "bye".into()).await
}

async fn listen(uri: &str, queue: &str, heard: &mpsc::Sender<(String, Vec<u8>)>) -> lapin::Result<()> {
    let (_connection, channel) = connect(uri).await?;
    channel.basic_qos(1_000, BasicQosOptions { global: false }).await?;
    let options = BasicConsumeOptions { no_local: false, no_ack: false, exclusive: true, nowait: false };
    let mut consumer = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default()).await?;
    while let Some(delivery) = consumer.next().await {
        let delivery = delivery?;
        let tag = delivery.delivery_tag;
        if heard.send((delivery.routing_key.to_string(), delivery.data)).await.is_err() {
            return Ok(());
        }
        channel.basic_ack(tag, BasicAckOptions { multiple: false }).await?;
    }
    Ok(())
}

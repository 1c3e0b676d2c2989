//! When the broker hears of what is settled: counted on the wire, by a relay that stands between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lapin::BasicProperties;
use rolecall::broker::BrokerOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::client::Client;
use crate::support::eventually;
use crate::{SOON, connect, options, soon, support};

/// How long what is settled waits for others at most.
const TOGETHER_WITHIN: Duration = Duration::from_millis(10);
/// As long as a frame is up to its method (AMQP 0-9-1, 2.3.5).
const HEAD: usize = 11;

/// Whether it is a frame with a method of 13 bytes, which is `basic.ack` (1.8.3.13), on any channel.
fn is_ack(head: &[u8]) -> bool {
    matches!(head, [1, _, _, 0, 0, 0, 13, 0, 60, 0, 80])
}

/// Passes everything on, and counts the acknowledgements. Says where it listens.
async fn relay(to: String) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let at = listener.local_addr().expect("it is bound").to_string();
    let acks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&acks);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let broker = TcpStream::connect(&to).await.expect("the node is there");
            let ((from_client, mut to_client), (mut from_broker, to_broker)) =
                (client.into_split(), broker.into_split());
            tokio::spawn(count(from_client, to_broker, Arc::clone(&counted)));
            tokio::spawn(async move { copy(&mut from_broker, &mut to_client).await });
        }
    });
    (at, acks)
}

async fn count(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, acks: Arc<AtomicUsize>) {
    let (mut bytes, mut kept) = (vec![0; 1 << 16], Vec::new());
    while let Ok(length) = from.read(&mut bytes).await
        && length > 0
    {
        kept.extend_from_slice(&bytes[..length]);
        acks.fetch_add(kept.windows(HEAD).filter(|window| is_ack(window)).count(), Ordering::Relaxed);
        // One that is cut in two is met with the next bytes, and none twice.
        kept.drain(..kept.len().saturating_sub(HEAD - 1));
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn what_is_settled_one_after_the_other_is_acknowledged_together_and_soon() {
    const COUNT: usize = 40;
    let uri = support::amqp_uri();
    let (front, rest) = uri.split_once('@').expect("the node's URI has a user");
    let (address, vhost) = rest.split_once('/').expect("the node's URI has a virtual host");
    let (relay, acks) = relay(address.to_owned()).await;
    let there = format!("{front}@{relay}/{vhost}").parse().expect("a URI");
    let options = BrokerOptions { uri: there, ..options("together") };
    let mut link = connect(&options).await;
    let client = Client::new(&uri).await;
    let inbox = format!("{}.inbox", options.prefix);
    for number in 0..COUNT {
        client.publish("", &inbox, BasicProperties::default(), number.to_string().as_bytes()).await;
    }
    let mut tokens = Vec::new();
    for _ in 0..COUNT {
        tokens.push(soon("a delivery", link.deliveries.recv()).await.expect("running").token);
    }
    let started_at = Instant::now();
    for token in tokens {
        link.intake.settle(token);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let passed = started_at.elapsed();
    eventually("something is acknowledged", SOON, async || acks.load(Ordering::Relaxed) > 0).await;
    // Nothing is left over that would come again.
    soon("stop", link.intake.stop()).await;
    soon("close", link.intake.close()).await;
    let acks = acks.load(Ordering::Relaxed);
    let most = usize::try_from(passed.as_millis() / TOGETHER_WITHIN.as_millis()).expect("few") + 2;
    assert!((1..=most).contains(&acks), "{acks} acknowledgements of {COUNT} deliveries in {passed:?}");
    assert_eq!(client.ready(&inbox).await, 0);
}

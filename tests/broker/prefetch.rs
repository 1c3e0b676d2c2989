//! Another prefetch, wished while messages are under way: none is lost, and none is taken twice.

use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use rolecall::broker::{self, BrokerOptions, Delivery, LinkState, Prefetch, QueueType, Unobserved};
use tokio::sync::watch;

use crate::client::Client;
use crate::support::eventually;
use crate::{SOON, options, soon, support};

const MESSAGES: u32 = 3_000;
/// Of 30 wishes some come while an earlier one is followed, and count as one with it.
const CHANGES_MIN: u64 = 5;

/// Takes and settles messages that have no id, while the prefetch changes again and again. Those that are taken and not
/// settled when it changes must not come again: nobody could tell them from new ones.
async fn each_comes_once_and_in_order(queue_type: QueueType, name: &str) {
    let options = BrokerOptions { prefetch: 200, queue_type, ..options(name) };
    let (wishes, prefetch) = watch::channel(Prefetch::AtMost(1));
    let mut link = broker::connect(options.clone(), Arc::new(Unobserved), prefetch).await.expect("the broker is there");
    let client = Client::new(&support::amqp_uri()).await;
    let inbox = format!("{}.inbox", options.prefix);
    for number in 0..MESSAGES {
        client.publish("", &inbox, BasicProperties::default(), &number.to_be_bytes()).await;
    }
    let mut under_way = Vec::new();
    let mut epochs = 0;
    let mut got = Vec::new();
    for number in 0..MESSAGES {
        let delivery = soon("a delivery", async {
            loop {
                // Whoever holds back what was taken while a change waits for it would wait for ever.
                match tokio::time::timeout(Duration::from_millis(5), link.deliveries.recv()).await {
                    Ok(delivery) => break delivery.expect("running"),
                    Err(_) => under_way.drain(..).for_each(|token| link.intake.settle(token)),
                }
            }
        })
        .await;
        got.push(u32::from_be_bytes(delivery.body.try_into().expect("four bytes")));
        epochs = epochs.max(delivery.token.epoch);
        under_way.push(delivery.token);
        if under_way.len() == 50 {
            under_way.drain(..25).for_each(|token| link.intake.settle(token));
        }
        if number % 100 == 60 {
            let wish = if number % 200 == 60 { Prefetch::Full } else { Prefetch::AtMost(3) };
            wishes.send_replace(wish);
        }
    }
    under_way.drain(..).for_each(|token| link.intake.settle(token));
    assert!(epochs >= CHANGES_MIN, "each change is a channel of its own: {epochs}");
    assert_eq!(link.status.borrow().consuming, LinkState::Up);
    soon("stop", link.intake.stop()).await;
    assert!(soon("the end", link.deliveries.recv()).await.is_none(), "nothing comes twice");
    soon("close", link.intake.close()).await;
    let in_order: Vec<_> = (0..MESSAGES).collect();
    let steps: Vec<_> = got.windows(2).filter(|pair| pair[0] + 1 != pair[1]).map(<[u32]>::to_vec).collect();
    println!("{steps:?}");
    got.sort_unstable();
    assert!(got == in_order, "each once: {got:?}");
    assert!(steps.is_empty(), "in order: {steps:?}");
    eventually("an empty inbox", SOON, async || client.ready(&inbox).await == 0).await;
}

#[tokio::test]
async fn another_prefetch_loses_nothing_and_doubles_nothing_on_a_quorum_queue() {
    each_comes_once_and_in_order(QueueType::Quorum, "prefetch-quorum").await;
}

#[tokio::test]
async fn another_prefetch_loses_nothing_and_doubles_nothing_on_a_classic_queue() {
    each_comes_once_and_in_order(QueueType::Classic, "prefetch-classic").await;
}

#[tokio::test]
async fn a_stop_in_the_middle_of_a_change_is_obeyed() {
    let options = BrokerOptions { prefetch: 10, ..options("prefetch-stop") };
    let (wishes, prefetch) = watch::channel(Prefetch::Full);
    let mut link = broker::connect(options.clone(), Arc::new(Unobserved), prefetch).await.expect("the broker is there");
    let client = Client::new(&support::amqp_uri()).await;
    let inbox = format!("{}.inbox", options.prefix);
    for number in 0..20_u8 {
        client.publish("", &inbox, BasicProperties::default(), &[number]).await;
    }
    let first = soon("a delivery", link.deliveries.recv()).await.expect("running");
    wishes.send_replace(Prefetch::AtMost(1));
    let stopped = link.intake.stop();
    link.intake.settle(first.token);
    let mut taken = vec![first];
    while let Some(delivery) = soon("the end of deliveries", link.deliveries.recv()).await {
        link.intake.settle(delivery.token);
        taken.push(delivery);
    }
    soon("stopped", stopped).await;
    soon("closed", link.intake.close()).await;
    for (number, delivery) in (0_u8..).zip(&taken) {
        assert_eq!(delivery.body, [number]);
    }
    let left = 20 - u32::try_from(taken.len()).expect("few");
    eventually("the rest is in the inbox", SOON, async || client.ready(&inbox).await == left).await;
}

#[tokio::test]
async fn a_stop_under_load_leaves_the_rest_in_its_order() {
    let options = BrokerOptions { prefetch: 200, ..options("stop-order") };
    let client = Client::new(&support::amqp_uri()).await;
    let inbox = format!("{}.inbox", options.prefix);
    let mut got = Vec::new();
    let mut published = 0_u32;
    for round in 0..10 {
        let mut link = broker::connect(options.clone(), Arc::new(Unobserved), Prefetch::always_full())
            .await
            .expect("the broker is there");
        while published < (round + 1) * MESSAGES / 10 {
            client.publish("", &inbox, BasicProperties::default(), &published.to_be_bytes()).await;
            published += 1;
        }
        let mut take = |delivery: Delivery| {
            link.intake.settle(delivery.token);
            got.push(u32::from_be_bytes(delivery.body.try_into().expect("four bytes")));
        };
        for _ in 0..100 {
            take(soon("a delivery", link.deliveries.recv()).await.expect("running"));
        }
        let stopped = link.intake.stop();
        while let Some(delivery) = soon("the end of deliveries", link.deliveries.recv()).await {
            take(delivery);
        }
        soon("stopped", stopped).await;
        soon("closed", link.intake.close()).await;
        soon("closed", link.publisher.close()).await;
    }
    let in_order: Vec<_> = (0..u32::try_from(got.len()).expect("few")).collect();
    assert_eq!(got, in_order);
    assert!(got.len() < usize::try_from(MESSAGES).expect("few"), "something was left each time: {}", got.len());
}

//! Which of many that are under way side by side came back: lapin may tell a return with the confirm of a neighbour.

use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rolecall::broker::{Exchange, Properties, Publication};

use crate::client::Client;
use crate::{connect, options, soon, support};

/// `ROLECALL_RETURNS=120000` makes it as long as it is meant to be.
fn count() -> usize {
    std::env::var("ROLECALL_RETURNS").ok().and_then(|count| count.parse().ok()).unwrap_or(6_000)
}

/// As many as the daemon has under way.
const UNDER_WAY: usize = 512;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_under_way_exactly_those_come_back_that_nobody_asked_for() {
    let options = options("returns");
    let mut link = connect(&options).await;
    let client = Client::new(&support::amqp_uri()).await;
    let listener = format!("{}.listener", options.prefix);
    assert!(client.accepts_queue(&listener, &[]).await);
    client.bind(&listener, &format!("{}.assignments", options.prefix), "ticket.queued.billing").await;
    let mut random = StdRng::seed_from_u64(1);
    let (mut sent, mut confirmed, mut let_go) = (0, 0, 0);
    // Of each one: how many up to it are wanted by nobody.
    let mut unwanted = vec![0];
    soon("a connection", link.publisher.ready()).await.expect("the broker is there");
    while confirmed < count() {
        while sent < count() && sent - confirmed < UNDER_WAY {
            let is_wanted = random.random_bool(0.5);
            let key = if is_wanted { "ticket.queued.billing" } else { "ticket.queued.sales" };
            let publication = Publication {
                exchange: Exchange::Assignments,
                routing_key: key.to_owned(),
                properties: Properties::new().with_message_id(&format!("m-{sent}")),
                body: vec![b' '; random.random_range(1..400)],
            };
            link.publisher.send(&[Arc::new(publication)]);
            unwanted.push(unwanted[sent] + usize::from(!is_wanted));
            sent += 1;
        }
        let news = soon("confirms", link.publisher.confirmed()).await.expect("confirmed");
        confirmed += news.count;
        let_go += news.let_go;
        assert_eq!(let_go, unwanted[confirmed], "after {confirmed}");
    }
    assert_eq!(client.ready(&listener).await as usize, count() - let_go);
}

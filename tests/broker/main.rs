//! The broker room against a real RabbitMQ, looked at from outside by a client that shares no code with it but lapin.

#[path = "../support/mod.rs"]
mod support;

mod acknowledging;
mod apart;
mod care;
mod client;
mod faults;
mod flow;
mod inflow;
mod prefetch;
mod raw;
mod refusals;
mod returns;
mod tls;
mod topology;

use std::time::Duration;

use rolecall::broker::{self, BrokerOptions, Link, Prefetch, Unobserved};

/// Options for a test's own corner of the shared node.
fn options(name: &str) -> BrokerOptions {
    BrokerOptions {
        uri: support::amqp_uri().parse().expect("the node's URI is one"),
        prefix: support::unique_prefix(name),
        connect_timeout: Duration::from_secs(20),
        ..BrokerOptions::default()
    }
}

async fn connect(options: &BrokerOptions) -> Link {
    broker::connect(options.clone(), std::sync::Arc::new(Unobserved), Prefetch::always_full())
        .await
        .expect("the broker is there")
}

/// How long a test waits for what should take milliseconds.
const SOON: Duration = Duration::from_mins(1);

async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"))
}

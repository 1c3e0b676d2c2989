//! What only a person can mend ends the start at once, and no text gives a password away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rolecall::broker::{self, BrokerOptions, BrokerUri, Prefetch, TransportError, Unobserved};

use crate::{options, support};

const SECRET: &str = "s3cret-pa55";

async fn error_of(options: BrokerOptions) -> TransportError {
    let error = broker::connect(options, Arc::new(Unobserved), Prefetch::always_full())
        .await
        .err()
        .expect("it can't be connected to");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(!text.contains(SECRET), "{text:?}");
    }
    error
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_virtual_host_are_answers() {
    for (from, to) in [("guest:guest@", "guest:s3cret-pa55@"), ("/%2f", "/nowhere")] {
        let uri: BrokerUri = support::amqp_uri().replace(from, to).parse().expect("a URI");
        let started_at = Instant::now();
        let error = error_of(BrokerOptions { uri, ..options("refused") }).await;
        assert!(matches!(error, TransportError::Refused { .. }), "{error}");
        assert!(error.is_configuration());
        assert!(started_at.elapsed() < Duration::from_secs(10), "an answer is not waited out");
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_given_up_after_the_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    // One that accepts and says nothing, and one where nobody listens.
    for listener in [Some(listener), None] {
        let uri: BrokerUri = format!("amqp://guest:{SECRET}@127.0.0.1:{port}/%2f").parse().expect("a URI");
        let connect_timeout = Duration::from_secs(1);
        let started_at = Instant::now();
        let error = error_of(BrokerOptions { uri, connect_timeout, ..BrokerOptions::default() }).await;
        assert!(matches!(error, TransportError::Unreachable { .. }), "{error}");
        assert!(!error.is_configuration());
        assert!(started_at.elapsed() < connect_timeout * 3, "{:?}", started_at.elapsed());
        drop(listener);
    }
}

#[test]
fn no_uri_that_can_not_be_read_is_repeated() {
    for text in
        ["http://guest:s3cret-pa55@h/", "amqp://guest:s3cret-pa55@h:port/%2f", "guest:s3cret-pa55@h", "amqp://h/"]
    {
        let error = text.parse::<BrokerUri>().expect_err(text);
        assert!(!error.to_string().contains(SECRET), "{error}");
    }
    let uri: BrokerUri = format!("amqps://user:{SECRET}@h/%2f").parse().expect("a URI");
    assert_eq!(uri.to_string(), "amqps://h:5671 (virtual host \"/\")");
    assert!(!format!("{:?}", BrokerOptions { uri, ..BrokerOptions::default() }).contains(SECRET));
}

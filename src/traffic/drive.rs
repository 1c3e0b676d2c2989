//! The made-up contact centre on a real line, in real time.

use std::time::Duration;

use futures_util::FutureExt;

use crate::client::{Line, LineError, clock};
use crate::routing::Timestamp;

use super::Traffic;

/// So many events are heard before the next is said, so that a flood of one does not drown the other.
const HEARD_AT_ONCE_MAX: usize = 1_024;
/// The longest sleep. There is always another customer; this is for a clock that was set.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Lets people talk and listen until the line is dead. Dropping the future stops them.
///
/// # Errors
/// Why the line is dead.
pub async fn drive(traffic: &mut Traffic, line: &mut Line) -> Result<(), LineError> {
    loop {
        for _ in 0..HEARD_AT_ONCE_MAX {
            let Some(heard) = line.hear().now_or_never() else { break };
            traffic.on_heard(&heard?, clock());
        }
        let actions = traffic.actions(clock());
        if !actions.is_empty() {
            line.say(&actions).await?;
            continue;
        }
        tokio::select! {
            heard = line.hear() => traffic.on_heard(&heard?, clock()),
            () = tokio::time::sleep(until(traffic.next_at())) => {}
        }
    }
}

fn until(at: Option<Timestamp>) -> Duration {
    at.map_or(SLEEP_MAX, |at| Duration::from_millis(at.since(clock()).0).min(SLEEP_MAX))
}

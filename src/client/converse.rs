//! Somebody who speaks and listens, on a line, in real time.

use std::time::Duration;

use futures_util::FutureExt;

use crate::routing::Timestamp;

use super::{Heard, Line, LineError, Said, clock};

/// So many events are heard before the next is said, so that a flood of one does not drown the other.
const HEARD_AT_ONCE_MAX: usize = 1_024;
/// The longest sleep, for a clock that was set, and for who is through.
const SLEEP_MAX: Duration = Duration::from_millis(250);

/// Somebody who has neither clock nor transport: both are brought by whoever lets them act.
pub trait Actor {
    /// When there is something to do next.
    fn next_at(&self) -> Option<Timestamp>;

    /// What is done up to this time, in order; a bounded piece of it, so call again until there is nothing.
    fn actions(&mut self, now: Timestamp) -> Vec<Said>;

    /// Takes in what the daemon says.
    fn on_heard(&mut self, heard: &Heard, now: Timestamp);

    /// Whether nothing is left to do or to wait for.
    fn is_through(&self, now: Timestamp) -> bool;
}

/// Lets somebody talk and listen until they are through. Dropping the future stops them.
///
/// # Errors
/// Why the line is dead.
pub async fn converse(actor: &mut impl Actor, line: &mut Line) -> Result<(), LineError> {
    while !actor.is_through(clock()) {
        for _ in 0..HEARD_AT_ONCE_MAX {
            let Some(heard) = line.hear().now_or_never() else { break };
            actor.on_heard(&heard?, clock());
        }
        let actions = actor.actions(clock());
        if !actions.is_empty() {
            line.say(&actions).await?;
            continue;
        }
        tokio::select! {
            heard = line.hear() => actor.on_heard(&heard?, clock()),
            () = tokio::time::sleep(until(actor.next_at())) => {}
        }
    }
    Ok(())
}

fn until(at: Option<Timestamp>) -> Duration {
    at.map_or(SLEEP_MAX, |at| Duration::from_millis(at.since(clock()).0).min(SLEEP_MAX))
}

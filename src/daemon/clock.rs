//! What time it is: the one place that reads the clock for decisions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::routing::Timestamp;
use crate::telemetry::occurrence::ClockSteppedBack;

/// Smaller steps back are the ordinary trembling of a disciplined clock, and not worth a line.
const STEP_MIN: Duration = Duration::from_millis(50);

/// The time by the machine's clock.
#[must_use]
pub fn system_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A clock that never goes back: where the one behind it does, it stands still and says so.
#[derive(Debug)]
pub(super) struct Clock {
    read: fn() -> Timestamp,
    latest: Timestamp,
    behind: bool,
}

impl Clock {
    pub(super) fn new(read: fn() -> Timestamp) -> Self {
        Self { read, latest: Timestamp::default(), behind: false }
    }

    pub(super) fn now(&mut self) -> Timestamp {
        let read = (self.read)();
        let by = Duration::from_millis(self.latest.since(read).0);
        if by >= STEP_MIN && !self.behind {
            ClockSteppedBack { by }.emit();
        }
        self.behind = by >= STEP_MIN;
        self.latest = self.latest.max(read);
        self.latest
    }
}

//! What time it is: the one place that reads the clock for decisions.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::routing::Timestamp;
use crate::telemetry::occurrence::ClockSteppedBack;

use super::Host;

/// Smaller steps back are the ordinary trembling of a disciplined clock, and not worth a line.
const STEP_MIN: Duration = Duration::from_millis(50);

/// The time by the machine's clock.
#[must_use]
pub fn system_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A clock that never goes back: where the one behind it does, it stands still and says so.
pub(super) struct Clock {
    host: Arc<dyn Host>,
    latest: Timestamp,
    behind: bool,
}

impl Clock {
    pub(super) fn new(host: Arc<dyn Host>) -> Self {
        Self { host, latest: Timestamp::default(), behind: false }
    }

    pub(super) fn now(&mut self) -> Timestamp {
        let read = self.host.now();
        let by = Duration::from_millis(self.latest.since(read).0);
        if by >= STEP_MIN && !self.behind {
            ClockSteppedBack { by }.emit();
        }
        self.behind = by >= STEP_MIN;
        self.latest = self.latest.max(read);
        self.latest
    }
}

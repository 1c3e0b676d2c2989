//! Who was away listens first and acts then. After a start, and after the broker was out of reach, what waits in the
//! inbox is taken before anything happens because time has passed: that an owner came back is heard before its tickets
//! are taken from it, and a heartbeat before its agent is turned offline.
//!
//! It knows neither the inbox nor the engine: it is told what happens, and says whether time may pass.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing may come before what waited counts as taken: several ways to a broker far away and back.
const QUIET: Duration = Duration::from_millis(200);
/// The longest that an inbox which is never quiet keeps time from passing.
const CATCH_UP_MAX: Duration = Duration::from_secs(5);

/// Whether time may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Time {
    /// Whatever is due happens.
    Passes,
    /// Nobody can be heard.
    StandsStill,
    /// What waited is being taken, at most until then, where nothing more comes.
    WaitsUntil(Instant),
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Away,
    CatchingUp { began_at: Instant, heard_at: Instant },
    Present,
}

/// Where the daemon stands between being away and being there.
#[derive(Debug)]
pub(super) struct CatchUp(Stage);

impl CatchUp {
    /// Away.
    pub(super) fn new() -> Self {
        Self(Stage::Away)
    }

    /// Whether time passes, where deliveries can come in or can not.
    pub(super) fn time(&mut self, consuming: bool, now: Instant) -> Time {
        self.0 = match (consuming, self.0) {
            (false, _) => Stage::Away,
            (true, Stage::Away) => Stage::CatchingUp { began_at: now, heard_at: now },
            (true, stage) => stage,
        };
        match self.0 {
            Stage::Away => Time::StandsStill,
            Stage::CatchingUp { began_at, heard_at } => {
                Time::WaitsUntil((heard_at + QUIET).min(began_at + CATCH_UP_MAX))
            }
            Stage::Present => Time::Passes,
        }
    }

    /// Something came, or could not have come if it were there.
    pub(super) fn not_quiet(&mut self, now: Instant) {
        if let Stage::CatchingUp { heard_at, .. } = &mut self.0 {
            *heard_at = now;
        }
    }

    /// It was quiet for long enough, or has taken long enough.
    pub(super) fn caught_up(&mut self) {
        self.0 = Stage::Present;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(150);

    #[test]
    fn time_stands_still_while_nobody_can_be_heard() {
        let (mut catch_up, now) = (CatchUp::new(), Instant::now());
        assert_eq!(catch_up.time(false, now), Time::StandsStill);
        catch_up.time(true, now);
        catch_up.caught_up();
        assert_eq!(catch_up.time(true, now), Time::Passes);
        assert_eq!(catch_up.time(false, now), Time::StandsStill, "the broker went away");
        assert_eq!(catch_up.time(true, now), Time::WaitsUntil(now + QUIET), "and came back");
    }

    #[test]
    fn time_waits_until_nothing_more_comes() {
        let (mut catch_up, began_at) = (CatchUp::new(), Instant::now());
        catch_up.time(true, began_at);
        let heard_at = began_at + MOMENT;
        catch_up.not_quiet(heard_at);
        assert_eq!(catch_up.time(true, heard_at), Time::WaitsUntil(heard_at + QUIET));
    }

    #[test]
    fn an_inbox_that_is_never_quiet_does_not_stop_time() {
        let (mut catch_up, began_at) = (CatchUp::new(), Instant::now());
        catch_up.time(true, began_at);
        let mut now = began_at;
        while now < began_at + CATCH_UP_MAX {
            now += MOMENT;
            catch_up.not_quiet(now);
        }
        assert_eq!(catch_up.time(true, now), Time::WaitsUntil(began_at + CATCH_UP_MAX));
    }
}

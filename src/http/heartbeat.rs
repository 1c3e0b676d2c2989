//! Whether whoever owns the engine still turns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Without a beat for so long the process is taken for stuck. The writer beats at least once a second; a disk that takes
/// five seconds for a sync must not get the process killed.
pub const SILENCE_MAX: Duration = Duration::from_secs(15);

/// The writer's pulse. Clones are the same. Before the first beat the daemon counts as alive: it is still starting.
#[derive(Debug, Clone)]
pub struct Heartbeat(Arc<Pulse>);

#[derive(Debug)]
struct Pulse {
    origin: Instant,
    /// Milliseconds after `origin`, plus one; zero for never, [`AT_THE_DISK`] while it waits for that.
    last_beat_ms: AtomicU64,
}

const AT_THE_DISK: u64 = u64::MAX;

impl Default for Heartbeat {
    fn default() -> Self {
        Self(Arc::new(Pulse { origin: Instant::now(), last_beat_ms: AtomicU64::new(0) }))
    }
}

impl Heartbeat {
    /// The writer turns. Call it at least once a second, also with nothing to do.
    pub fn beat(&self) {
        self.0.last_beat_ms.store(self.elapsed_ms() + 1, Ordering::Relaxed);
    }

    /// The writer waits for the disk, however long that takes: until the next beat no silence counts.
    pub fn wait_for_disk(&self) {
        self.0.last_beat_ms.store(AT_THE_DISK, Ordering::Relaxed);
    }

    /// For how long the writer has been silent; `None` where it has not begun.
    #[must_use]
    pub fn silence(&self) -> Option<Duration> {
        let last_beat_ms = match self.0.last_beat_ms.load(Ordering::Relaxed) {
            AT_THE_DISK => return Some(Duration::ZERO),
            beaten => beaten.checked_sub(1)?,
        };
        Some(Duration::from_millis(self.elapsed_ms().saturating_sub(last_beat_ms)))
    }

    /// Whether the writer turns, or has not begun.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.silence().is_none_or(|silence| silence < SILENCE_MAX)
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.0.origin.elapsed().as_millis()).unwrap_or(AT_THE_DISK - 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_is_still_starting_is_alive() {
        assert!(Heartbeat::default().is_alive());
    }

    #[test]
    fn a_writer_that_fell_silent_is_not_alive() {
        let heartbeat = Heartbeat::default();
        heartbeat.beat();
        assert!(heartbeat.is_alive());
        let long_ago = Instant::now().checked_sub(SILENCE_MAX * 2).expect("the machine runs for longer than that");
        let pulse = Pulse { origin: long_ago, last_beat_ms: AtomicU64::new(1) };
        let heartbeat = Heartbeat(Arc::new(pulse));
        assert!(!heartbeat.is_alive());
        heartbeat.wait_for_disk();
        assert!(heartbeat.is_alive() && heartbeat.silence().is_some());
    }
}

//! Whether the daemon takes work, and if not, why.
//!
//! Several parts of the daemon know one condition each and none knows all, so each sets its own: no part can make the
//! daemon ready over the head of another. Draining is for good.

use std::sync::Arc;

use tokio::sync::watch;

/// What has to hold before the daemon takes work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is set by another part of the daemon, in any order")]
struct Conditions {
    journal_replayed: bool,
    crash_loop: bool,
    consuming: bool,
    disk_full: bool,
    draining: bool,
}

/// Why the daemon takes no work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReady {
    /// The process was asked to end.
    Draining,
    /// The journal is being read.
    ReplayingJournal,
    /// Processes died one after the other, and this one waits.
    CrashLoop,
    /// There is no room for the journal.
    DiskFull,
    /// There is no consumer on the inbox.
    ConnectingToBroker,
}

impl NotReady {
    /// For programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::ReplayingJournal => "replaying_journal",
            Self::CrashLoop => "crash_loop",
            Self::DiskFull => "disk_full",
            Self::ConnectingToBroker => "connecting_to_broker",
        }
    }

    /// For people.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::Draining => "the daemon is draining: it takes no new events and ends soon",
            Self::ReplayingJournal => "the journal is being replayed",
            Self::CrashLoop => {
                "processes died one after the other over what they had taken: the daemon waits, and then takes one message at a time"
            }
            Self::DiskFull => "the disk of the journal is full: no event is taken until there is room",
            Self::ConnectingToBroker => "the daemon is not consuming: it is connecting to the broker",
        }
    }
}

impl Conditions {
    /// The first reason not to be ready.
    fn not_ready(&self) -> Option<NotReady> {
        match self {
            Self { draining: true, .. } => Some(NotReady::Draining),
            Self { journal_replayed: false, .. } => Some(NotReady::ReplayingJournal),
            Self { crash_loop: true, .. } => Some(NotReady::CrashLoop),
            Self { disk_full: true, .. } => Some(NotReady::DiskFull),
            Self { consuming: false, .. } => Some(NotReady::ConnectingToBroker),
            _ => None,
        }
    }
}

/// The conditions, to be set and watched. Clones are the same.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<watch::Sender<Conditions>>);

impl Default for Readiness {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Conditions::default())))
    }
}

impl Readiness {
    /// The journal was replayed: the state is what it was.
    pub fn journal_replayed(&self) {
        self.0.send_modify(|conditions| conditions.journal_replayed = true);
    }

    /// Processes died one after the other: this one waits before it takes anything.
    pub fn crash_loop(&self) {
        self.0.send_modify(|conditions| conditions.crash_loop = true);
    }

    /// It has waited.
    pub fn crash_loop_waited_out(&self) {
        self.0.send_modify(|conditions| conditions.crash_loop = false);
    }

    /// There is a consumer on the inbox.
    pub fn consuming(&self) {
        self.0.send_modify(|conditions| conditions.consuming = true);
    }

    /// There is no consumer on the inbox.
    pub fn not_consuming(&self) {
        self.0.send_modify(|conditions| conditions.consuming = false);
    }

    /// There is no room for the journal.
    pub fn disk_full(&self) {
        self.0.send_modify(|conditions| conditions.disk_full = true);
    }

    /// There is room for the journal again.
    pub fn room_again(&self) {
        self.0.send_modify(|conditions| conditions.disk_full = false);
    }

    /// The process was asked to end. There is no way back.
    pub fn draining(&self) {
        self.0.send_modify(|conditions| conditions.draining = true);
    }

    /// Why the daemon takes no work; `None` where it does.
    #[must_use]
    pub fn not_ready(&self) -> Option<NotReady> {
        self.0.borrow().not_ready()
    }

    /// Why nothing can be taken, from wherever it comes: whether the broker is there does not matter.
    #[must_use]
    pub fn takes_nothing(&self) -> Option<NotReady> {
        self.not_ready().filter(|why| *why != NotReady::ConnectingToBroker)
    }

    /// Waits until the daemon takes work.
    pub async fn ready(&self) {
        let mut conditions = self.0.subscribe();
        // The sender is held by `self`, so waiting can't fail.
        let _ = conditions.wait_for(|conditions| conditions.not_ready().is_none()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_is_the_one_that_has_to_go_first() {
        let readiness = Readiness::default();
        assert_eq!(readiness.not_ready(), Some(NotReady::ReplayingJournal));
        readiness.crash_loop();
        readiness.journal_replayed();
        assert_eq!(readiness.not_ready(), Some(NotReady::CrashLoop));
        readiness.crash_loop_waited_out();
        assert_eq!(readiness.not_ready(), Some(NotReady::ConnectingToBroker));
        readiness.consuming();
        assert_eq!(readiness.not_ready(), None);
        readiness.disk_full();
        assert_eq!(readiness.not_ready(), Some(NotReady::DiskFull));
        readiness.room_again();
        readiness.not_consuming();
        assert_eq!(readiness.not_ready(), Some(NotReady::ConnectingToBroker));
    }

    #[test]
    fn a_broker_that_comes_back_does_not_end_a_drain() {
        let readiness = Readiness::default();
        readiness.journal_replayed();
        readiness.draining();
        readiness.consuming();
        assert_eq!(readiness.not_ready(), Some(NotReady::Draining));
    }
}

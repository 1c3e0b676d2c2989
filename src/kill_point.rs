//! Named points at which the process can be told to die, as `kill -9` has it: so that a death at every stage of the
//! pipeline can be tried, and not only where a random moment happens to fall.
//!
//! `ROLECALL_KILL_AT="before_sync:3"` kills at the third passing of that point, and `ROLECALL_KILL_OVER="poison"` over every
//! message that has this text in its body, before it is read. They are there in debug builds and with the feature
//! `kill-points`; in a release build the macros expand to nothing, and the variables mean nothing.

/// Dies here, where the process was told to.
macro_rules! kill_point {
    ($point:ident) => {
        #[cfg(any(debug_assertions, feature = "kill-points"))]
        $crate::kill_point::pass($crate::kill_point::KillPoint::$point);
    };
}
pub(crate) use kill_point;

/// Dies over this message, where the process was told to.
macro_rules! kill_over {
    ($body:expr) => {
        #[cfg(any(debug_assertions, feature = "kill-points"))]
        $crate::kill_point::take($body);
        #[cfg(not(any(debug_assertions, feature = "kill-points")))]
        let _ = $body;
    };
}
pub(crate) use kill_over;

#[cfg(any(debug_assertions, feature = "kill-points"))]
pub use points::{KillPoint, VARIABLE, VARIABLE_OVER, pass, take};

#[cfg(any(debug_assertions, feature = "kill-points"))]
mod points {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// The environment variable that says where to die.
    pub const VARIABLE: &str = "ROLECALL_KILL_AT";

    /// The environment variable that says over which messages to die.
    pub const VARIABLE_OVER: &str = "ROLECALL_KILL_OVER";

    macro_rules! points {
        ($($(#[$doc:meta])* $point:ident $name:literal)+) => {
            /// Where the process can be told to die, in the order of a life.
            #[derive(Debug, Clone, Copy, PartialEq, Eq)]
            pub enum KillPoint {
                $($(#[$doc])* $point,)+
            }

            impl KillPoint {
                /// All of them.
                pub const ALL: &[Self] = &[$(Self::$point,)+];

                /// As [`VARIABLE`] spells it.
                #[must_use]
                pub fn as_str(self) -> &'static str {
                    match self {
                        $(Self::$point => $name,)+
                    }
                }
            }
        };
    }

    points! {
        /// The journal is open, and nothing is read.
        Opened "opened"
        /// The state is recovered, and nobody is connected.
        Recovered "recovered"
        /// The broker's objects are there, and nothing is consumed.
        Declared "declared"
        /// Connected both ways, and nothing has been taken.
        Connected "connected"
        /// The catalogue is in force, and not journaled.
        CatalogueInForce "catalogue_in_force"
        /// A message is received, and not read.
        Received "received"
        /// It is read, and not decided.
        Decoded "decoded"
        /// It is decided, and no batch holds it.
        Decided "decided"
        /// A batch is sealed, and the journal has not got it.
        Sealed "sealed"
        /// The journal has the batch, and has written nothing.
        BeforeAppend "before_append"
        /// All is written, and not synced.
        BeforeSync "before_sync"
        /// All is synced, and the mark does not say so.
        AfterSync "after_sync"
        /// In the middle of a checkpoint: entries are written to the database, the outbox is not.
        InTransaction "in_transaction"
        /// The database has what the log has, and nobody knows.
        AfterCheckpoint "after_checkpoint"
        /// All is durable, and nothing is acknowledged.
        BeforeAcknowledge "before_acknowledge"
        /// Some is acknowledged, and the publisher does not know of anything.
        AfterAcknowledge "after_acknowledge"
        /// A window is read from the outbox, and not sent.
        BeforePublish "before_publish"
        /// A window is sent, and not confirmed.
        AfterPublish "after_publish"
        /// A window is confirmed, and the cursor has not moved.
        AfterConfirm "after_confirm"
        /// The cursor has moved, and the journal does not know.
        AfterCursor "after_cursor"
        /// A snapshot is begun.
        SnapshotBegun "snapshot_begun"
        /// A snapshot is half written.
        SnapshotHalfWritten "snapshot_half_written"
        /// A snapshot is written under another name.
        SnapshotWritten "snapshot_written"
        /// It has its name, and older ones are still there.
        SnapshotNamed "snapshot_named"
        /// Older ones are gone, and the entries that nobody needs are still there.
        SnapshotDone "snapshot_done"
        /// A drain has begun, and deliveries still come.
        DrainBegun "drain_begun"
        /// Nothing more comes, and what came is under way.
        DrainStopped "drain_stopped"
        /// All is durable, and the last acknowledgements are not sent.
        DrainDurable "drain_durable"
        /// All is published, and the journal does not know.
        DrainPublished "drain_published"
    }

    struct Plan {
        point: KillPoint,
        left: AtomicU64,
    }

    /// Passes a point, or dies there.
    ///
    /// # Panics
    /// Where [`VARIABLE`] says something that can't be understood.
    pub fn pass(point: KillPoint) {
        static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
        let Some(plan) = PLAN.get_or_init(plan) else { return };
        if plan.point == point && plan.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            die();
        }
    }

    /// Takes a message, or dies over it.
    pub fn take(body: &[u8]) {
        static TEXT: OnceLock<Option<String>> = OnceLock::new();
        let Some(text) = TEXT.get_or_init(|| std::env::var(VARIABLE_OVER).ok().filter(|text| !text.is_empty())) else {
            return;
        };
        if body.windows(text.len()).any(|found| found == text.as_bytes()) {
            die();
        }
    }

    fn die() -> ! {
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::KILL).expect("a process may kill itself");
        loop {
            std::thread::park();
        }
    }

    fn plan() -> Option<Plan> {
        let text = std::env::var(VARIABLE).ok()?;
        let (name, count) = text.split_once(':').unwrap_or((&text, "1"));
        let point = KillPoint::ALL.iter().find(|point| point.as_str() == name);
        let (Some(point), Ok(count @ 1..)) = (point, count.parse()) else {
            panic!("{VARIABLE} is \"{text}\", and should be the name of a point and a count, as in \"before_sync:3\"")
        };
        Some(Plan { point: *point, left: AtomicU64::new(count) })
    }
}

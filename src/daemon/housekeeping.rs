//! What is done once a second beside the pipeline: gauges, room on the disk, checkpoints, the service manager's watchdog.

use std::sync::Arc;
use std::time::Duration;

use crate::http::{Heartbeat, Readiness};
use crate::journal::JournalReader;
use crate::telemetry::Meters;
use crate::telemetry::occurrence::{OutOfRoom, RoomAgain};

use super::Host;
use super::appending::Checkpointer;
use super::desk::IntakeGate;
use super::publisher::Cursor;
use super::turn::OneAtATime;

const PERIOD: Duration = Duration::from_secs(1);

/// Everything that the task needs.
pub(super) struct Housekeeping {
    pub(super) host: Arc<dyn Host>,
    pub(super) reader: JournalReader,
    pub(super) checkpointer: Checkpointer,
    pub(super) cursor: Cursor,
    pub(super) intake: IntakeGate,
    pub(super) readiness: Readiness,
    pub(super) heartbeat: Heartbeat,
    pub(super) meters: Meters,
}

impl Housekeeping {
    /// Goes round until it is dropped.
    pub(super) async fn run(self) {
        let mut ticks = tokio::time::interval(PERIOD);
        let checkpointing = OneAtATime::default();
        let mut out_of_room = false;
        loop {
            ticks.tick().await;
            let usage = self.reader.usage();
            self.meters.journal_bytes(usage.bytes);
            self.meters.outbox_depth(usage.outbox_last.saturating_sub(self.cursor.get()));
            out_of_room = self.watch_room(out_of_room);
            if self.checkpointer.has_work()
                && let Some(turn) = checkpointing.take_turn()
            {
                let checkpointer = self.checkpointer.clone();
                self.host.at_leisure(Box::new(move || {
                    checkpointer.checkpoint();
                    drop(turn);
                }));
            }
            if self.heartbeat.is_alive() {
                // Without a service manager there is nobody to tell.
                let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]);
            }
        }
    }

    /// Closes the intake while the disk is low: what is under way still finds room in the reserve.
    fn watch_room(&self, was_out: bool) -> bool {
        // A system that does not say how much is free does not keep the daemon from working.
        let is_out = self.reader.disk_is_low().unwrap_or(false);
        match (was_out, is_out) {
            (false, true) => {
                self.intake.close();
                self.readiness.disk_full();
                OutOfRoom.emit();
            }
            (true, false) => {
                self.intake.open();
                self.readiness.room_again();
                RoomAgain.emit();
            }
            _ => {}
        }
        is_out
    }
}

//! The crash-loop breaker: keeps count of the deaths of processes beside the journal, and slows the intake down to one
//! message at a time until it is known which message they die of (see [`super::deaths`]).
//!
//! It never keeps the daemon from working: where its file can't be read or written, deaths are not counted, and the log
//! says so. The file is not synced. It is about processes that die; a power cut may take the newest count with it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::broker::{Delivery, Prefetch};
use crate::http::Readiness;
use crate::journal::JournalReader;
use crate::telemetry::occurrence::{CareEnds, CareTaken, CrashLoop, DeathsNotCounted, MessageGivenUp};

use super::Host;
use super::deaths::{Deaths, Fate};

/// Before a careful process takes its first message it does everything else for so long: what dies of something else dies
/// now, and no message is blamed for it.
const CALM: Duration = Duration::from_secs(1);
/// Where nothing comes for so long, everything that was under way when processes died has come again and got through.
const QUIET: Duration = Duration::from_secs(2);

/// The breaker. Clones are the same.
#[derive(Clone)]
pub(super) struct Breaker(Arc<Shared>);

struct Shared {
    host: Arc<dyn Host>,
    reader: JournalReader,
    state: Mutex<Stand>,
    prefetch: watch::Sender<Prefetch>,
    /// Told when another message may be taken.
    free: Notify,
}

/// Where this process stands.
struct Stand {
    deaths: Deaths,
    wait: Duration,
    /// Something got through without care, and nothing counts any more.
    is_through: bool,
    /// A message is under way, alone.
    is_busy: bool,
    /// When this process was ready to take something, or something got through.
    still_since: Instant,
    calm_until: Instant,
    /// The file could not be written, and the log has said so.
    is_told: bool,
}

impl Breaker {
    /// Looks how earlier processes ended.
    pub(super) fn open(host: Arc<dyn Host>, reader: JournalReader) -> Self {
        let mut deaths = reader.deaths().map_err(|error| error.to_string()).and_then(|bytes| {
            bytes.map_or_else(|| Ok(Deaths::default()), |bytes| Deaths::read(&bytes).map_err(|error| error.to_string()))
        });
        if let Err(error) = &deaths {
            DeathsNotCounted { error }.emit();
        }
        let before = deaths.clone().unwrap_or_default();
        let wait = deaths.as_mut().map(Deaths::begin).unwrap_or_default();
        let deaths = deaths.unwrap_or_default();
        let prefetch = if deaths.is_careful() { Prefetch::AtMost(1) } else { Prefetch::Full };
        let now = Instant::now();
        let breaker = Self(Arc::new(Shared {
            host,
            reader,
            state: Mutex::new(Stand {
                deaths,
                wait,
                is_through: false,
                is_busy: false,
                still_since: now,
                calm_until: now,
                is_told: false,
            }),
            prefetch: watch::Sender::new(prefetch),
            free: Notify::new(),
        }));
        let mut stand = breaker.stand();
        if stand.deaths != before {
            breaker.write(&mut stand);
        }
        CareTaken { deaths: stand.deaths.in_a_row(), is_careful: stand.deaths.is_careful() }.emit();
        drop(stand);
        breaker
    }

    /// Waits, where processes die one after the other.
    pub(super) async fn wait(&self, readiness: &Readiness) {
        let (deaths, wait) = {
            let stand = self.stand();
            (stand.deaths.in_a_row(), stand.wait)
        };
        if wait.is_zero() {
            return;
        }
        CrashLoop { deaths, wait }.emit();
        readiness.crash_loop();
        // Without a service manager there is nobody to tell.
        let longer = u32::try_from((wait + SERVICE_MANAGER_SPARE).as_micros()).unwrap_or(u32::MAX);
        let _ = sd_notify::notify(&[sd_notify::NotifyState::ExtendTimeoutUsec(longer)]);
        tokio::time::sleep(wait).await;
        readiness.crash_loop_waited_out();
    }

    /// How many deliveries may be under way.
    pub(super) fn prefetch(&self) -> watch::Receiver<Prefetch> {
        self.0.prefetch.subscribe()
    }

    /// This process is about to take messages.
    pub(super) fn stand_by(&self) {
        let mut stand = self.stand();
        if stand.deaths.is_careful() {
            stand.deaths.take_anything();
            self.write(&mut stand);
            stand.still_since = Instant::now();
            stand.calm_until = stand.still_since + CALM;
        }
    }

    /// Whether another message may be taken now.
    pub(super) fn admits(&self) -> bool {
        let stand = self.stand();
        !stand.deaths.is_careful() || !stand.is_busy && Instant::now() >= stand.calm_until
    }

    /// Another message may be taken. Cancel safe.
    pub(super) async fn free(&self) {
        self.0.free.notified().await;
    }

    /// A message is about to be decided.
    pub(super) fn take(&self, delivery: &Delivery) -> Fate {
        let mut stand = self.stand();
        if stand.is_through {
            return Fate::Decide;
        }
        if stand.deaths.is_careful() {
            stand.is_busy = true;
            let fate = stand.deaths.take(&digest(delivery), delivery.properties.message_id());
            self.write(&mut stand);
            if let Fate::GiveUp { deaths } = fate {
                MessageGivenUp { deaths, message_id: delivery.properties.message_id() }.emit();
            }
            return fate;
        }
        let before = stand.deaths.clone();
        stand.deaths.take_anything();
        if stand.deaths != before {
            self.write(&mut stand);
        }
        Fate::Decide
    }

    /// What was taken so far, or some of it, is durable and acknowledged.
    pub(super) fn get_through(&self) {
        let mut stand = self.stand();
        if stand.is_through {
            return;
        }
        let was_careful = stand.deaths.is_careful();
        stand.deaths.get_through();
        self.write(&mut stand);
        if !was_careful {
            stand.is_through = true;
            CareTaken { deaths: 0, is_careful: false }.emit();
            return;
        }
        stand.is_busy = false;
        stand.still_since = Instant::now();
        if !stand.deaths.is_careful() {
            self.end_care(&mut stand);
        }
        self.0.free.notify_one();
    }

    /// Called once a second or so. `listens` says whether a message would be taken if one came.
    pub(super) fn look_around(&self, listens: bool) {
        let mut stand = self.stand();
        if !stand.deaths.is_careful() || stand.is_busy {
            return;
        }
        let now = Instant::now();
        if !listens {
            stand.still_since = now;
        } else if now >= stand.still_since + CALM + QUIET {
            stand.deaths.forget();
            self.write(&mut stand);
            self.end_care(&mut stand);
        }
    }

    /// The process ends in good order.
    pub(super) fn end(&self) {
        let mut stand = self.stand();
        let before = stand.deaths.clone();
        stand.deaths.end();
        if stand.deaths != before {
            self.write(&mut stand);
        }
    }

    fn end_care(&self, stand: &mut Stand) {
        stand.is_through = true;
        CareEnds.emit();
        self.0.prefetch.send_replace(Prefetch::Full);
    }

    fn write(&self, stand: &mut Stand) {
        let written = stand.deaths.written();
        if let Err(error) = self.0.host.keep_deaths(&self.0.reader, written.as_deref())
            && !std::mem::replace(&mut stand.is_told, true)
        {
            DeathsNotCounted { error: &error.to_string() }.emit();
        }
    }

    fn stand(&self) -> MutexGuard<'_, Stand> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a service manager is asked for beyond the wait itself: what a start has without one.
const SERVICE_MANAGER_SPARE: Duration = Duration::from_secs(90);

/// By what a message is recognised when it comes again: its id and its body. 128 bits of SHA-256.
fn digest(delivery: &Delivery) -> String {
    let id = delivery.properties.message_id().unwrap_or_default();
    let mut digest = Sha256::new();
    digest.update((id.len() as u64).to_le_bytes());
    digest.update(id.as_bytes());
    digest.update(&delivery.body);
    let digest = digest.finalize();
    let (short, _) = digest.split_first_chunk().expect("it has 32 bytes");
    format!("{:032x}", u128::from_be_bytes(*short))
}

//! What the daemon asks of the machine that it runs on: the time, room to work in, its journal's place.
//!
//! On a [`Machine`] these are the system's clock, threads and files. In a simulation somebody else answers, and the whole
//! daemon runs on one thread and under a clock that only moves when everybody waits.

use std::io;
use std::path::Path;
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt, ready};
use tokio::runtime::Handle;

use crate::broker::Delivery;
use crate::http::Submitter;
use crate::journal::{self, JournalError, JournalOptions, JournalReader, Opened};
use crate::kill_point::kill_over;
use crate::leisure::at_leisure;
use crate::routing::{State, Timestamp};

use super::clock::system_clock;
use super::mistake::Planted;

/// By how much threads that are in no hurry are nicer, as nice(2) counts: where somebody else wants their core they get a
/// tenth of it. On Linux it is a thread's own, and goes one way only.
const BACKGROUND_NICENESS: i32 = 10;

/// The longest that the line waits for the disk itself. A disk of one's own takes 0.1 ms for a sync, and to hand the batch to
/// another thread and back costs more than that where both cores have work; one across a network takes some milliseconds, in
/// which much can be decided.
const LINE_WAIT_MAX: Duration = Duration::from_millis(1);

/// Whatever the daemon runs on.
pub trait Host: Send + Sync + 'static {
    /// What time it is. May step back.
    fn now(&self) -> Timestamp;

    /// Opens the journal in that directory.
    ///
    /// # Errors
    /// As [`journal::open`].
    fn open_journal(&self, path: &Path, options: &JournalOptions) -> Result<Opened, JournalError>;

    /// Works on the line: the one thread along which an event goes, from its delivery to its publication, so that it is
    /// handed from thread to thread nowhere. Whatever is there may have to wait for the disk.
    fn on_line(&self, work: BoxFuture<'static, ()>);

    /// Whether the disk takes so little time for a batch, in the mean of late, that the line may wait for it. Where it takes
    /// longer, somebody else does, and the next batch is decided meanwhile.
    fn line_may_wait(&self, append_takes: Duration) -> bool {
        append_takes <= LINE_WAIT_MAX
    }

    /// Works beside the caller, who must be in a runtime; not on the line.
    fn on_runtime(&self, work: BoxFuture<'static, ()>);

    /// Does what may take long and never waits, beside the caller, who must be in a runtime.
    fn on_pool(&self, work: Box<dyn FnOnce() + Send>);

    /// As [`Self::on_pool`], in small steps that let others go first, where there are any.
    fn at_leisure(&self, work: Box<dyn FnOnce() + Send>) {
        self.on_pool(work);
    }

    /// Does what takes long and is in no hurry: behind whatever else this process does, where the system lets it.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    fn in_background(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        let _ = name;
        self.on_pool(work);
        Ok(())
    }

    /// The runtime on which HTTP is served: by default the caller's.
    fn http(&self) -> Handle {
        Handle::current()
    }

    /// Sees the state that is on its way to the journal, or that came back from it; all events before its next are in
    /// the journal when the batch is. For those who hold one against the other.
    fn witness(&self, state: &State) {
        let _ = state;
    }

    /// Gets the end at which events are submitted, as the API has it. For those who submit without HTTP.
    fn may_submit(&self, submitter: &Submitter) {
        let _ = submitter;
    }

    /// Sees a message that is about to be decided. For those who die over it.
    fn about_to_decide(&self, delivery: &Delivery) {
        let _ = delivery;
    }

    /// Puts down beside the journal what is known of processes that died.
    ///
    /// # Errors
    /// As [`JournalReader::keep_deaths`].
    fn keep_deaths(&self, journal: &JournalReader, deaths: Option<&[u8]>) -> Result<(), JournalError> {
        journal.keep_deaths(deaths)
    }

    /// Waits before a batch is appended: where appending takes time of its own, not at all.
    fn before_append(&self) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }

    /// A mistake that is made on purpose, to show that it is found. Without effect in a release build.
    fn planted(&self) -> Planted {
        Planted::default()
    }
}

/// The machine under us.
#[derive(Debug, Clone)]
pub struct Machine {
    /// Serves HTTP, so that whoever looks at many pages does not keep the broker's connections waiting.
    pub http: Handle,
    /// Works on what comes from the broker until it has gone back.
    pub line: Handle,
}

impl Host for Machine {
    fn now(&self) -> Timestamp {
        system_clock()
    }

    fn open_journal(&self, path: &Path, options: &JournalOptions) -> Result<Opened, JournalError> {
        journal::open(path, options)
    }

    fn http(&self) -> Handle {
        self.http.clone()
    }

    fn about_to_decide(&self, delivery: &Delivery) {
        kill_over!(&delivery.body);
    }

    fn on_line(&self, work: BoxFuture<'static, ()>) {
        self.line.spawn(work);
    }

    fn on_runtime(&self, work: BoxFuture<'static, ()>) {
        tokio::spawn(work);
    }

    fn on_pool(&self, work: Box<dyn FnOnce() + Send>) {
        tokio::task::spawn_blocking(work);
    }

    fn at_leisure(&self, work: Box<dyn FnOnce() + Send>) {
        tokio::task::spawn_blocking(|| at_leisure(work));
    }

    fn in_background(&self, name: &'static str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        let work = move || {
            // Where it can't be had, the work is done as fast as everything else.
            let _ = rustix::process::nice(BACKGROUND_NICENESS);
            work();
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(work).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::leisure::is_at_leisure;

    #[tokio::test]
    async fn what_is_done_at_leisure_rests_and_what_the_pool_does_otherwise_does_not() {
        let machine = Machine { http: Handle::current(), line: Handle::current() };
        let (tx, told) = mpsc::channel();
        let tell = || {
            let tx = tx.clone();
            Box::new(move || tx.send(is_at_leisure()).expect("somebody listens"))
        };
        machine.at_leisure(tell());
        assert_eq!(told.recv(), Ok(true));
        machine.on_pool(tell());
        assert_eq!(told.recv(), Ok(false), "it may have the same thread");
    }

    #[tokio::test]
    async fn what_is_in_no_hurry_lets_everybody_else_go_first() {
        let niceness = || rustix::process::getpriority_process(None).expect("it is known");
        let before = niceness();
        let (tx, told) = mpsc::channel();
        let work = Box::new(move || tx.send(niceness()).expect("somebody listens"));
        Machine { http: Handle::current(), line: Handle::current() }.in_background("test", work).expect("a thread");
        assert_eq!(told.recv().expect("it ran"), (before + BACKGROUND_NICENESS).min(19));
        assert_eq!(niceness(), before, "it is that thread's alone");
    }
}

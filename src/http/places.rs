//! How many connections there may be, of all clients together and of one.
//!
//! A client that opens connections and says nothing on them must not keep others out, whoever asks `/healthz` among them: a
//! daemon that does not answer there is started again. Several clients together still can; that is for whatever stands before
//! the daemon.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections at the same time; further ones wait in the kernel's backlog.
const CONNECTIONS_MAX: usize = 512;

/// Those of one client; further ones are closed. Behind a proxy everybody is one client, so it is half of all.
pub(super) const OF_ONE_MAX: usize = CONNECTIONS_MAX / 2;

/// Places for connections. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A place for a connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    of: IpAddr,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    _free: OwnedSemaphorePermit,
}

/// A place that nobody has yet.
#[derive(Debug)]
pub(super) struct Free(OwnedSemaphorePermit);

impl Places {
    /// All are free.
    pub(super) fn new() -> Self {
        Self { free: Arc::new(Semaphore::new(CONNECTIONS_MAX)), taken: Arc::default() }
    }

    /// The next place that is free; `None` where there will never be one.
    pub(super) async fn free(&self) -> Option<Free> {
        Arc::clone(&self.free).acquire_owned().await.ok().map(Free)
    }

    /// Gives it to a client; `None` where that one has as many as it may.
    pub(super) fn take(&self, free: Free, of: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(of).or_default();
        if *count >= OF_ONE_MAX {
            return None;
        }
        *count += 1;
        Some(Place { of, taken: Arc::clone(&self.taken), _free: free.0 })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.of);
            }
        }
    }
}

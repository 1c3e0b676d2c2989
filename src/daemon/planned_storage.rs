//! Storage in memory, for tests, in which something happens before each sync.

use std::fmt;
use std::io;

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

/// Bytes in memory. Whoever syncs first does what was planned: panics, or stands still for a while.
pub(super) struct PlannedStorage<F> {
    bytes: InMemoryBackend,
    before_sync: F,
}

impl<F: Fn()> PlannedStorage<F> {
    /// Empty.
    pub(super) fn new(before_sync: F) -> Self {
        Self { bytes: InMemoryBackend::new(), before_sync }
    }
}

impl<F> fmt::Debug for PlannedStorage<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PlannedStorage")
    }
}

impl<F: Fn() + Send + Sync + 'static> StorageBackend for PlannedStorage<F> {
    fn len(&self) -> io::Result<u64> {
        self.bytes.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.bytes.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        (self.before_sync)();
        self.bytes.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.bytes.write(offset, data)
    }
}

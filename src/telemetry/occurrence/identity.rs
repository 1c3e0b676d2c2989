//! The keys of an identity provider.

use std::error::Error;

use tracing::{info, warn};

/// Its keys were read.
#[derive(Debug, Clone, Copy)]
pub struct IdentityKeysRead {
    /// How many by which tokens may be signed.
    pub count: usize,
}

impl IdentityKeysRead {
    /// Logs it.
    pub fn emit(self) {
        if self.count == 0 {
            warn!("the identity provider has no key by which a token may be signed: nobody comes in by it");
        } else {
            info!(keys = self.count, "the keys of the identity provider were read");
        }
    }
}

/// Its keys can't be read.
#[derive(Debug, Clone, Copy)]
pub struct IdentityKeysUnreadable<'a> {
    /// Why not.
    pub error: &'a (dyn Error + 'static),
}

impl IdentityKeysUnreadable<'_> {
    /// Logs it.
    pub fn emit(self) {
        warn!(error = self.error, "the keys of the identity provider can't be read: those that are known hold on");
    }
}

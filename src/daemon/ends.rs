//! How a daemon ends before its time.

use crate::broker::TransportError;
use crate::http::{CertificateError, HookError};
use crate::journal::JournalError;
use crate::records::RecordsError;
use crate::routing::Rejection;

/// Why the daemon could not start, or had to end.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The journal can't be read, written or owned.
    #[error("the journal failed")]
    Journal(#[from] JournalError),
    /// The tokens beside the journal can't be read.
    #[error("the tokens can't be read")]
    Records(#[from] RecordsError),
    /// The audit log beside the journal can't be written.
    #[error("the audit log can't be written, so no other catalogue comes into force")]
    Audit(#[source] RecordsError),
    /// The broker is not there, or refuses.
    #[error(transparent)]
    Broker(#[from] TransportError),
    /// The catalogue takes out a role on which something hangs.
    #[error("the catalogue can't come into force")]
    Catalogue(#[source] Rejection),
    /// The address for HTTP can't be had.
    #[error("cannot listen on {address} for HTTP")]
    Listen {
        /// As configured.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file for HTTPS can't be used.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The secret of a hook can't be used.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// The operating system refuses something that every daemon needs.
    #[error("cannot {what}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A thread of the daemon is gone; what it said is on the standard error.
    #[error("the {0} thread ended in a panic")]
    Panicked(&'static str),
}

impl DaemonError {
    /// Whether what was taken may have brought it about, as with a process that dies without a word.
    pub(super) fn may_be_of_what_was_taken(&self) -> bool {
        match self {
            Self::Panicked(_) | Self::Journal(JournalError::OutOfOrder { .. } | JournalError::Encode { .. }) => true,
            Self::Journal(_)
            | Self::Records(_)
            | Self::Audit(_)
            | Self::Broker(_)
            | Self::Catalogue(_)
            | Self::Listen { .. }
            | Self::Certificate(_)
            | Self::Hook(_)
            | Self::System { .. } => false,
        }
    }
}

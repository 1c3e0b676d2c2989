//! HTTPS: the daemon's certificate, and how it is renewed.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio_rustls::TlsAcceptor;
use tracing::{info, warn};

use crate::pem::{self, PemError};

/// A certificate and its key, in files that may be replaced while the daemon runs: whoever connects next gets the new one.
pub struct Certificate {
    chain: PathBuf,
    key: PathBuf,
    current: Mutex<Current>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// As the files were when they were last looked at, whether or not they could be used.
    stamp: [Option<SystemTime>; 2],
}

/// A file for HTTPS can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", file.display())]
pub struct CertificateError {
    /// As configured.
    pub file: PathBuf,
    /// What was expected of it.
    pub reason: String,
}

impl Certificate {
    /// Reads them.
    ///
    /// # Errors
    /// Names the file that can't be read, or has not in it what it should.
    pub fn open(certificate: &Path, key: &Path) -> Result<Self, CertificateError> {
        let stamp = [certificate, key].map(changed_at);
        let config = load(certificate, key)?;
        let current = Mutex::new(Current { config, stamp });
        Ok(Self { chain: certificate.to_owned(), key: key.to_owned(), current })
    }

    /// Whoever connects now is met with this. Files that have changed and can't be used are told of once, and what was in
    /// use stays so.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = [&self.chain, &self.key].map(changed_at);
        if stamp != current.stamp {
            current.stamp = stamp;
            match load(&self.chain, &self.key) {
                Ok(config) => {
                    info!(certificate = %self.chain.display(), "another certificate is in use for HTTPS");
                    current.config = config;
                }
                Err(error) => warn!(%error, "the certificate for HTTPS has changed and can't be used"),
            }
        }
        TlsAcceptor::from(Arc::clone(&current.config))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("chain", &self.chain).finish_non_exhaustive()
    }
}

impl From<PemError> for CertificateError {
    fn from(PemError { file, reason }: PemError) -> Self {
        Self { file, reason }
    }
}

fn changed_at(file: impl AsRef<Path>) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|found| found.modified()).ok()
}

fn load(certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, CertificateError> {
    let refused = |file: &Path, reason: String| CertificateError { file: file.to_owned(), reason };
    let chain = pem::certificates(certificate)?.read;
    let private = pem::private_key(key)?.read;
    let versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| refused(certificate, error.to_string()))?;
    let mut config = versions
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| refused(key, format!("certificate and key do not fit: {error}")))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

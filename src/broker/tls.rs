//! TLS to the broker: authorities of one's own, and a certificate to show.

use std::path::PathBuf;

use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};

use super::error::TransportError;
use crate::pem::{self, PemError};

/// Files in PEM. They are read whenever a connection is made, so that what is renewed is used from the next one on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// `amqp.ca_file`: authorities that are trusted beside those of the system.
    pub authorities: Option<PathBuf>,
    /// `amqp.certificate_file` and `amqp.key_file`: who we are, for brokers that ask.
    pub identity: Option<Identity>,
}

/// A certificate, those that vouch for it, and its private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate first.
    pub certificate: PathBuf,
    /// PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Reads and looks through them.
    ///
    /// # Errors
    /// Names the file that can't be read, or has not in it what it should.
    pub fn check(&self) -> Result<(), TransportError> {
        self.read().map(drop)
    }

    /// As lapin wants them.
    pub(super) fn read(&self) -> Result<OwnedTLSConfig, TransportError> {
        let authorities = self.authorities.as_deref().map(pem::certificates).transpose()?;
        let identity = self.identity.as_ref().map(|identity| {
            let certificate = pem::certificates(&identity.certificate)?.text.into_bytes();
            let key = pem::private_key(&identity.key)?.text.into_bytes();
            Ok::<_, TransportError>(OwnedIdentity::PKCS8 { pem: certificate, key })
        });
        Ok(OwnedTLSConfig { identity: identity.transpose()?, cert_chain: authorities.map(|found| found.text) })
    }
}

impl From<PemError> for TransportError {
    fn from(PemError { file, reason }: PemError) -> Self {
        Self::Tls { file, reason }
    }
}

//! TLS to the broker: authorities of one's own, and a certificate to show.

use std::fs;
use std::path::{Path, PathBuf};

use lapin::tcp::{OwnedIdentity, OwnedTLSConfig};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::error::TransportError;

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
        let cert_chain = self.authorities.as_deref().map(certificates).transpose()?;
        let identity = self.identity.as_ref().map(|identity| {
            let pem = certificates(&identity.certificate)?.into_bytes();
            Ok::<_, TransportError>(OwnedIdentity::PKCS8 { pem, key: key(&identity.key)?.into_bytes() })
        });
        Ok(OwnedTLSConfig { identity: identity.transpose()?, cert_chain })
    }
}

fn certificates(file: &Path) -> Result<String, TransportError> {
    let pem = text(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(certificates) if !certificates.is_empty() => Ok(pem),
        Ok(_) => Err(refused(file, "there is no certificate in it: expected PEM, -----BEGIN CERTIFICATE-----")),
        Err(error) => Err(refused(file, error.to_string())),
    }
}

fn key(file: &Path) -> Result<String, TransportError> {
    let pem = text(file)?;
    match PrivateKeyDer::from_pem_slice(pem.as_bytes()) {
        Ok(_) => Ok(pem),
        Err(_) => Err(refused(
            file,
            "there is no private key in it: expected PEM, -----BEGIN PRIVATE KEY-----, not encrypted",
        )),
    }
}

fn text(file: &Path) -> Result<String, TransportError> {
    fs::read_to_string(file).map_err(|error| refused(file, error.to_string()))
}

fn refused(file: &Path, reason: impl Into<String>) -> TransportError {
    TransportError::Tls { file: file.to_owned(), reason: reason.into() }
}

//! Certificates and private keys in PEM, as everybody who speaks TLS here reads them. Pure but for the file.

use std::path::{Path, PathBuf};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A file that has not in it what it should.
#[derive(Debug)]
pub(crate) struct PemError {
    /// Which.
    pub(crate) file: PathBuf,
    /// What was expected of it.
    pub(crate) reason: String,
}

/// What a file has in it, as it is and as it was read.
pub(crate) struct Pem<T> {
    pub(crate) text: String,
    pub(crate) read: T,
}

/// The certificates of a file: one at least.
pub(crate) fn certificates(file: &Path) -> Result<Pem<Vec<CertificateDer<'static>>>, PemError> {
    let text = text(file)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    match found {
        Ok(read) if !read.is_empty() => Ok(Pem { text, read }),
        Ok(_) => Err(refused(file, "there is no certificate in it: expected PEM, -----BEGIN CERTIFICATE-----")),
        Err(error) => Err(refused(file, error.to_string())),
    }
}

/// The private key of a file: PKCS#8, PKCS#1 or SEC1, not encrypted.
pub(crate) fn private_key(file: &Path) -> Result<Pem<PrivateKeyDer<'static>>, PemError> {
    let text = text(file)?;
    let read = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        refused(file, "there is no private key in it: expected PEM, -----BEGIN PRIVATE KEY-----, not encrypted")
    })?;
    Ok(Pem { text, read })
}

fn text(file: &Path) -> Result<String, PemError> {
    std::fs::read_to_string(file).map_err(|error| refused(file, error.to_string()))
}

fn refused(file: &Path, reason: impl Into<String>) -> PemError {
    PemError { file: file.to_owned(), reason: reason.into() }
}

//! The keys of an identity provider (RFC 7517): from where they come, and how long they hold.
//!
//! They are read again once an hour, so that one that was taken out lets nobody in any more, and when a token names one that
//! is not among them, for keys change; that at most once in ten seconds, for whoever makes up names must not have the
//! provider asked all the time. Whoever names one that is not there while they are read waits for what comes of it.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::Instant;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::config::JwksSource;
use crate::telemetry::occurrence::{IdentityKeysRead, IdentityKeysUnreadable};

/// After so long they are read again.
const HOLDS: Duration = Duration::from_hours(1);

/// They are not read again sooner.
pub(super) const AGAIN_AFTER: Duration = Duration::from_secs(10);

/// How long reading them may take, the provider's answer and all.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest set that is read, in bytes, and the most keys of one; a provider has a handful.
const SET_MAX_BYTES: u64 = 1 << 20;
const KEYS_MAX: usize = 100;

/// A key, and the one algorithm by which it signs.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

#[derive(Default)]
struct Known {
    keys: BTreeMap<String, Key>,
    /// When they were asked for last, and when they last came.
    asked_at: Option<Instant>,
    read_at: Option<Instant>,
}

/// From where they come, and who vouches for that.
#[derive(Debug)]
struct Source {
    jwks: JwksSource,
    /// In place of the system's authorities.
    authorities: Option<PathBuf>,
}

/// Why there is no key of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The provider has none.
    Unknown,
    /// The provider was asked last in vain, so that nobody can say whether it has one.
    Unread,
}

/// The keys of a provider.
pub(super) struct Keys {
    source: Arc<Source>,
    known: Arc<RwLock<Known>>,
    /// One reads, others wait for what comes of it.
    reading: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("source", &self.source).finish_non_exhaustive()
    }
}

/// A set as it is written. What is in it that we do not know is passed over.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum NotRead {
    #[error("cannot read {0}")]
    File(String, #[source] std::io::Error),
    #[error("cannot get {0}")]
    Url(String, #[source] Box<ureq::Error>),
    #[error("cannot use the authorities in {0}: {1}")]
    Authorities(String, String),
    #[error("{0} is larger than {SET_MAX_BYTES} bytes")]
    TooLarge(String),
    #[error("{0} is no set of keys")]
    NoSet(String, #[source] serde_json::Error),
}

impl Keys {
    /// Those at `jwks`, where an address is trusted by these authorities, or else by the system's.
    pub(super) fn of(jwks: JwksSource, authorities: Option<PathBuf>) -> Self {
        Self { source: Arc::new(Source { jwks, authorities }), known: Arc::default(), reading: Arc::default() }
    }

    /// The key of that name, read again where it is not there or was not looked at for long.
    pub(super) async fn find(&self, kid: &str) -> Result<Key, NoKey> {
        let (found, asks) = self.look(kid);
        if found.is_ok() && !asks {
            return found;
        }
        // Where somebody else reads them, what comes of that is waited for.
        let turn = Arc::clone(&self.reading).lock_owned().await;
        let (found, asks) = self.look(kid);
        if !asks {
            return found;
        }
        self.read(turn).await;
        self.look(kid).0
    }

    /// The key as it is known, and whether the provider is to be asked for it.
    fn look(&self, kid: &str) -> (Result<Key, NoKey>, bool) {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let is_old = known.read_at.is_none_or(|at| at.elapsed() >= HOLDS);
        let may_ask = known.asked_at.is_none_or(|at| at.elapsed() >= AGAIN_AFTER);
        let none = if known.read_at < known.asked_at { NoKey::Unread } else { NoKey::Unknown };
        let found = known.keys.get(kid).cloned().ok_or(none);
        let asks = may_ask && (is_old || found.is_err());
        (found, asks)
    }

    /// Reads them, whether or not somebody still waits for it; where that can't be done those that are known hold on.
    async fn read(&self, turn: OwnedMutexGuard<()>) {
        let (source, known) = (Arc::clone(&self.source), Arc::clone(&self.known));
        known.write().unwrap_or_else(PoisonError::into_inner).asked_at = Some(Instant::now());
        let reading = move || {
            match set(&source) {
                Ok(keys) => {
                    IdentityKeysRead { count: keys.len() }.emit();
                    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
                    *known = Known { keys, read_at: Some(Instant::now()), ..*known };
                }
                Err(error) => IdentityKeysUnreadable { error: &error }.emit(),
            }
            drop(turn);
        };
        tokio::task::spawn_blocking(reading).await.expect("reading keys does not panic");
    }
}

fn set(source: &Source) -> Result<BTreeMap<String, Key>, NotRead> {
    let (name, bytes) = match &source.jwks {
        JwksSource::File(path) => (path.display().to_string(), from_file(path)?),
        JwksSource::Url(url) => (url.clone(), from_url(url, source.authorities.as_deref())?),
    };
    if bytes.len() as u64 > SET_MAX_BYTES {
        return Err(NotRead::TooLarge(name));
    }
    let set: Set = serde_json::from_slice(&bytes).map_err(|error| NotRead::NoSet(name, error))?;
    Ok(set.keys.into_iter().take(KEYS_MAX).filter_map(key).collect())
}

fn from_file(path: &Path) -> Result<Vec<u8>, NotRead> {
    let failed = |error| NotRead::File(path.display().to_string(), error);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(SET_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn roots(file: &Path) -> Result<RootCerts, NotRead> {
    let failed = |reason: String| NotRead::Authorities(file.display().to_string(), reason);
    let pem = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found.map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        return Err(failed("there is no certificate in it: expected PEM, -----BEGIN CERTIFICATE-----".to_owned()));
    }
    Ok(RootCerts::from(found.iter().map(|der| Certificate::from_der(der).to_owned())))
}

fn from_url(url: &str, authorities: Option<&Path>) -> Result<Vec<u8>, NotRead> {
    let failed = |error| NotRead::Url(url.to_owned(), Box::new(error));
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let roots = authorities.map_or(Ok(RootCerts::PlatformVerifier), roots)?;
    let tls = TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(ring);
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(READ_TIMEOUT))
        .https_only(url.starts_with("https://"))
        // Where it leads elsewhere, that is for the operator to write.
        .max_redirects(0)
        .tls_config(tls.build())
        .build()
        .new_agent();
    let mut response = agent.get(url).header("accept", "application/json").call().map_err(failed)?;
    response.body_mut().with_config().limit(SET_MAX_BYTES).read_to_vec().map_err(failed)
}

/// A key by its name, where it is one that signs by what we know.
fn key(value: Value) -> Option<(String, Key)> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    let signs = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
        (AlgorithmParameters::EllipticCurve(curve), None | Some(KeyAlgorithm::ES256))
            if curve.curve == EllipticCurve::P256 =>
        {
            Algorithm::ES256
        }
        _ => return None,
    };
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let kid = jwk.common.key_id.filter(|_| signs)?;
    Some((kid, Key { algorithm, key }))
}

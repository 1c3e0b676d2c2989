//! Who comes in by an identity provider: a JWT (RFC 7519) that is signed with one of its keys, meant for this daemon, and in
//! time.
//!
//! The key says by which algorithm it signs, never the token: so a token that names `none`, or a public key as a secret, is
//! none. Nothing that a claim says is believed before its signature is.

mod keys;
mod provider;

use std::collections::BTreeSet;
use std::time::Duration;

use jsonwebtoken::{TokenData, Validation, decode, decode_header};
use serde_json::{Map, Value};

use self::keys::{Keys, NoKey};
use super::segment::encoded;
use crate::config::OidcConfig;
use crate::records::tokens::TokenSpec;
use crate::routing::permission::AccessLevel;
use crate::routing::{AgentId, Catalogue, RoleName, Timestamp};

/// By how much the provider's clock may be another than ours.
const LEEWAY_MS: i64 = 60_000;

/// So long after the provider's keys could not be read it is worth to ask again.
pub(super) const KEYS_AGAIN_AFTER: Duration = keys::AGAIN_AFTER;

/// Of a claim with more values the rest is not looked at.
const GROUPS_MAX: usize = 1_000;

/// What stands before the names of these, so that none is that of a token.
const SUBJECT_PREFIX: &str = "oidc:";

/// Somebody whom the provider knows, as its token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    subject: String,
    level: AccessLevel,
    agent: Option<AgentId>,
    roles: BTreeSet<RoleName>,
    /// From when on the token is no longer valid.
    pub(super) expires_at: Timestamp,
}

impl Identity {
    /// What a token for this one would be for, as the catalogue is now.
    pub(super) fn spec(&self, catalogue: &Catalogue) -> TokenSpec {
        // The provider's configuration is as it was at the start; roles may have been renamed since.
        let today = |name| catalogue.successor(name).unwrap_or(name);
        let roles = || self.roles.iter().filter_map(|name| catalogue.roles.get(today(name)));
        TokenSpec {
            name: self.subject.clone(),
            level: self.level,
            agent: self.agent.clone(),
            permissions: roles().flat_map(|role| role.permissions.clone()).collect(),
            permissions_denied: roles().flat_map(|role| role.permissions_denied.clone()).collect(),
            expires_at: Some(self.expires_at),
        }
    }
}

/// Why a token lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotIdentified {
    /// It is none of the provider's for us.
    Wrong,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    TooEarly,
    /// It is somebody's whom nothing gives an access level.
    NoLevel,
    /// The provider's keys can't be read now, so that nobody can say whose it is.
    NoKeys,
}

impl From<NoKey> for NotIdentified {
    fn from(why: NoKey) -> Self {
        match why {
            NoKey::Unknown => Self::Wrong,
            NoKey::Unread => Self::NoKeys,
        }
    }
}

/// The identity provider.
#[derive(Debug)]
pub struct Oidc {
    config: OidcConfig,
    keys: Keys,
}

impl Oidc {
    /// The provider of this configuration. Its keys are read when they are needed first.
    #[must_use]
    pub fn new(config: OidcConfig) -> Self {
        provider::install();
        let keys = Keys::of(config.jwks.clone(), config.ca_file.clone());
        Self { config, keys }
    }

    /// Whether this could be a token of a provider at all: three parts with points between.
    pub(super) fn is_jwt(token: &str) -> bool {
        token.split('.').count() == 3
    }

    /// Whose token this is.
    pub(super) async fn identify(&self, token: &str, now: Timestamp) -> Result<Identity, NotIdentified> {
        let header = decode_header(token).map_err(|_| NotIdentified::Wrong)?;
        // What has to be understood and is not makes a token none (RFC 7515, 4.1.11).
        let kid = header.kid.filter(|_| header.crit.is_none()).ok_or(NotIdentified::Wrong)?;
        let key = self.keys.find(&kid).await?;
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["iss", "aud"]);
        // Times are looked at below, by our clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let token: TokenData<Map<String, Value>> = decode(token, &key.key, &validation).map_err(|error| {
            tracing::debug!(%error, "a token of the identity provider lets nobody in");
            NotIdentified::Wrong
        })?;
        // One issuer, letter by letter (RFC 7519, 4.1.1): the library would take a list with it among others.
        if token.claims.get("iss").and_then(Value::as_str) != Some(self.config.issuer.as_str()) {
            return Err(NotIdentified::Wrong);
        }
        self.identity(&token.claims, now)
    }

    fn identity(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<Identity, NotIdentified> {
        let expires_at = time(claims, "exp")?.ok_or(NotIdentified::Wrong)?;
        let expires_at = Timestamp(expires_at.0.saturating_add(LEEWAY_MS));
        if expires_at <= now {
            return Err(NotIdentified::Expired);
        }
        if time(claims, "nbf")?.is_some_and(|from| from.0.saturating_sub(LEEWAY_MS) > now.0) {
            return Err(NotIdentified::TooEarly);
        }
        let name = text(claims, &self.config.name_claim).ok_or(NotIdentified::Wrong)?;
        let groups = groups(claims, &self.config.groups_claim);
        let levels = groups.iter().filter_map(|group| self.config.levels.get(*group));
        let level = levels.max().copied().ok_or(NotIdentified::NoLevel)?;
        // One that is there and names no agent must not make somebody of more rights.
        let agent = self.config.agent_claim.as_ref().and_then(|path| claim(claims, path));
        let agent =
            agent.map(|name| name.as_str().and_then(|name| AgentId::parse(name).ok()).ok_or(NotIdentified::Wrong));
        let agent = agent.transpose()?;
        let roles = groups.iter().filter_map(|group| self.config.roles.get(*group)).flatten().cloned().collect();
        Ok(Identity { subject: format!("{SUBJECT_PREFIX}{}", encoded(name)), level, agent, roles, expires_at })
    }
}

/// A time of RFC 7519, in whole seconds; something else in its place makes the token none.
fn time(claims: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, NotIdentified> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_i64().ok_or(NotIdentified::Wrong)?;
            Ok(Some(Timestamp(seconds.checked_mul(1_000).ok_or(NotIdentified::Wrong)?)))
        }
    }
}

/// A claim by its path: `realm_access.roles`. One whose name has points in it is found by that.
fn claim<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c Value> {
    if let Some(found) = claims.get(path) {
        return Some(found);
    }
    let (first, rest) = path.split_once('.')?;
    claim(claims.get(first)?.as_object()?, rest)
}

/// The longest name that is taken: twice as long as that of an agent.
const NAME_LENGTH_MAX: usize = 256;

fn text<'c>(claims: &'c Map<String, Value>, path: &str) -> Option<&'c str> {
    claim(claims, path)?.as_str().filter(|text| (1..=NAME_LENGTH_MAX).contains(&text.len()))
}

/// A claim that is one text or a list of them; what else is in it is passed over.
fn groups<'c>(claims: &'c Map<String, Value>, path: &str) -> Vec<&'c str> {
    match claim(claims, path) {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(many)) => many.iter().take(GROUPS_MAX).filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

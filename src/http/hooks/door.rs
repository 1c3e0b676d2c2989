//! The doors by which other systems come in, each with its secret; made anew when the configuration is read again.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use axum::http::HeaderMap;

use super::super::authority::{Authority, Right};
use super::signature::{self, NotShown, Secrets};
use crate::config::{HookConfig, Hooks, SignatureConfig};
use crate::mapping::Mapping;
use crate::routing::Timestamp;
use crate::routing::permission::AccessLevel;
use crate::telemetry::occurrence::HookKnown;
use crate::wire::EventKind;

/// The largest file of secrets, in bytes.
const FILE_SIZE_MAX: u64 = 64 * 1024;

/// The most secrets that are right at a time: an old one and a new one, and room for a mistake.
const SECRETS_MAX: usize = 4;

/// A secret with fewer bytes is told of: a machine could guess it.
const SECRET_LENGTH_ADVISED: usize = 16;

/// A file with a secret can't be used.
#[derive(Debug, thiserror::Error)]
#[error("secret_file of [hook.{hook}]: {}: {reason}", file.display())]
pub struct HookError {
    /// Of which hook.
    pub hook: String,
    /// As configured.
    pub file: PathBuf,
    /// What was expected of it.
    pub reason: String,
}

/// A way in for one system.
pub(super) struct Door {
    pub(super) name: String,
    pub(super) mapping: Mapping,
    pub(super) author: Authority,
    signature: SignatureConfig,
    secrets: Secrets,
}

impl Door {
    /// That whoever sends this has the secret.
    pub(super) fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), NotShown> {
        signature::verify(&self.signature, &self.secrets, headers, body, now)
    }
}

/// Doors that are ready to be used.
#[derive(Default)]
pub struct OpenDoors(BTreeMap<String, Arc<Door>>);

impl OpenDoors {
    /// Reads the secrets.
    ///
    /// # Errors
    /// Names the file that can't be read, or has not in it what it should.
    pub fn open(hooks: &Hooks) -> Result<Self, HookError> {
        let mut doors = BTreeMap::new();
        for (name, hook) in hooks {
            let Some(door) = &hook.door else { continue };
            let name = name.as_str().to_owned();
            let refused = |reason| HookError { hook: name.clone(), file: door.secret_file.clone(), reason };
            let secrets = secrets(&door.secret_file, &door.signature).map_err(refused)?;
            let shortest = secrets.shortest();
            HookKnown { hook: &name, is_short: shortest < SECRET_LENGTH_ADVISED }.emit();
            let door = Door {
                author: author(&name, hook),
                name: name.clone(),
                mapping: hook.mapping.clone(),
                signature: door.signature.clone(),
                secrets,
            };
            doors.insert(name, Arc::new(door));
        }
        Ok(Self(doors))
    }
}

/// The secrets of a file, one a line.
fn secrets(file: &Path, signature: &SignatureConfig) -> Result<Secrets, String> {
    let expected = "expected a file with the secret in it, and nothing else";
    let size = std::fs::metadata(file).map_err(|error| format!("{error}; {expected}"))?.len();
    if size > FILE_SIZE_MAX {
        return Err(format!("it has {size} bytes; {expected}"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| format!("{error}; {expected}"))?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() || lines.len() > SECRETS_MAX {
        return Err(format!("it has {} lines; {expected}, or at most {SECRETS_MAX}, one a line", lines.len()));
    }
    Secrets::read(signature, &lines).ok_or_else(|| "it is not written as `secret_encoding` says".to_owned())
}

/// Who it is: one who may do what its events ask for, and no more.
fn author(name: &str, hook: &HookConfig) -> Authority {
    let is_of_agents = |kind: EventKind| kind.as_str().starts_with("agent.") && kind != EventKind::AgentReconciled;
    let of_agents = hook.mapping.rules.iter().any(|rule| is_of_agents(rule.kind));
    let of_tickets = hook.mapping.rules.iter().any(|rule| !is_of_agents(rule.kind));
    let tickets = [Right::TicketsManage].into_iter().filter(|_| of_tickets);
    // Who registers agents has to have what every agent has.
    let agents = [Right::AgentsManage, Right::WorkReadOwn, Right::WorkDoOwn, Right::PresenceSetOwn];
    Authority {
        subject: format!("hook:{name}"),
        source: hook.source.clone(),
        token: None,
        level: AccessLevel::Agent,
        agent: None,
        rights: tickets.chain(agents.into_iter().filter(|_| of_agents)).collect(),
    }
}

/// The doors as they are now. Clones share them.
#[derive(Clone, Default)]
pub struct Doors(Arc<RwLock<OpenDoors>>);

impl Doors {
    /// From now on these.
    pub fn replace(&self, doors: OpenDoors) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = doors;
    }

    pub(super) fn find(&self, name: &str) -> Option<Arc<Door>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).0.get(name).cloned()
    }
}

impl fmt::Debug for Doors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Doors")
    }
}

impl fmt::Debug for OpenDoors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

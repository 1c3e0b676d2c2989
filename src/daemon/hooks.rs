//! What other systems say in words of their own: the doors over HTTP, and the inlets for messages of the broker.

use std::sync::{Arc, PoisonError, RwLock};

use crate::broker::routing_key_matches;
use crate::config;
use crate::http::{Doors, HookError, OpenDoors};
use crate::mapping::Mapping;
use crate::telemetry::occurrence::HookKnown;

/// A mapping for messages of the inbox.
pub(super) struct Inlet {
    pub(super) name: String,
    pub(super) source: String,
    pub(super) mapping: Mapping,
    patterns: Vec<String>,
}

/// The inlets as they are now. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Inlets(Arc<RwLock<Vec<Arc<Inlet>>>>);

impl Inlets {
    /// The first that is for such messages.
    pub(super) fn find(&self, routing_key: &str) -> Option<Arc<Inlet>> {
        let inlets = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let is_for = |inlet: &&Arc<Inlet>| inlet.patterns.iter().any(|it| routing_key_matches(it, routing_key));
        inlets.iter().find(is_for).cloned()
    }
}

/// Both, as the configuration says.
#[derive(Clone, Default)]
pub(super) struct Hooks {
    pub(super) doors: Doors,
    pub(super) inlets: Inlets,
}

/// Hooks that are ready to be used.
pub(super) struct Prepared(OpenDoors, Vec<Arc<Inlet>>);

/// Reads what is needed for them.
pub(super) fn prepare(hooks: &config::Hooks) -> Result<Prepared, HookError> {
    let inlets = hooks.iter().filter(|(_, hook)| !hook.routing_keys.is_empty()).map(|(name, hook)| {
        // The broker knows who its clients are: there is no secret to be short.
        HookKnown { hook: name.as_str(), is_short: false }.emit();
        Arc::new(Inlet {
            name: name.as_str().to_owned(),
            source: hook.source.clone(),
            mapping: hook.mapping.clone(),
            patterns: hook.routing_keys.clone(),
        })
    });
    Ok(Prepared(OpenDoors::open(hooks)?, inlets.collect()))
}

impl Hooks {
    /// Those of the configuration.
    pub(super) fn open(hooks: &config::Hooks) -> Result<Self, HookError> {
        let opened = Self::default();
        opened.install(prepare(hooks)?);
        Ok(opened)
    }

    /// From now on these.
    pub(super) fn install(&self, prepared: Prepared) {
        let Prepared(doors, inlets) = prepared;
        self.doors.replace(doors);
        *self.inlets.0.write().unwrap_or_else(PoisonError::into_inner) = inlets;
    }
}

//! `[hook.NAME]`: what other systems say in words of their own, and what it means here. Read again on `SIGHUP`.

mod event;
mod preset;
mod signature;
mod term;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};

use crate::mapping::{Mapping, Rule, Template};
use crate::routing::RuleName;
use crate::routing::name::NameError;

use super::catalogue::named_tables;
use super::diagnostic::{Diagnostic, Origin};
use super::form::{Choice, FilePath, Form, Name, Node, Text, describe, misfit};
use super::key::{Key, Keys};
use super::list::List;
use super::section::{Reading, Section};

pub(super) use event::KEYS as EVENT_KEYS;
pub(super) use signature::KEYS as SIGNATURE_KEYS;
pub use signature::{Algorithm, Encoding, SignatureConfig, SignedPart, TimestampConfig, TimestampForm};
pub(super) use term::TRANSLATION_KEYS;

/// The most hooks: each has metrics of its own.
const HOOKS_MAX: usize = 32;
/// The most events of a hook, tried one after the other.
const EVENTS_MAX: usize = 100;
/// The most patterns of routing keys.
const ROUTING_KEYS_MAX: usize = 32;
/// The longest routing key of AMQP, in bytes.
const ROUTING_KEY_MAX: usize = 255;
/// The longest source, in bytes: as that of any event.
const SOURCE_MAX: usize = 1024;
/// The most ways to find what a delivery is called.
const DELIVERIES_MAX: usize = 8;

const HOOK_NAME: Name<HookName> = Name { of: "a hook", parse: HookName::parse };

const PRESET: Key<Choice<preset::Preset>> = Key::optional(
    "preset",
    Choice { of: "preset", options: &preset::ALL },
    "everything is said here",
    "What comes with rolecall for this system (`deploy/hooks`): `delivery`, `signature` and `event` that are not said here are as there.",
);
const SECRET_FILE: Key<FilePath> = Key::optional(
    "secret_file",
    FilePath { of: "a file, such as \"/etc/rolecall/hook.secret\"" },
    "nothing comes by HTTP",
    "The file with the secret that this system signs with. While it is changed the file may have two, a line each.",
);
const ROUTING_KEYS: Key<List<RoutingKey>> = Key::new(
    "routing_keys",
    List { of: RoutingKey, length_max: ROUTING_KEYS_MAX },
    "[]",
    "Messages of `PREFIX.inbox` with such a routing key are read by this mapping, where they are no events of ours.",
);
const SOURCE: Key<Text> = Key::optional(
    "source",
    Text { length_max: SOURCE_MAX },
    "`/hooks/NAME`",
    "The source of the events: with their ids it says which were there before.",
);
const DELIVERY: Key<List<term::DeliveryForm>> = Key::optional(
    "delivery",
    List { of: term::DeliveryForm, length_max: DELIVERIES_MAX },
    "the digest of the body",
    "How the system calls its delivery, and calls it again when it tries once more: the id of the event. The first that is there.",
);
const SIGNATURE: Key<signature::SignatureForm> = Key::optional(
    "signature",
    signature::SignatureForm,
    "the preset's",
    "How what comes by HTTP is known to be of that system.",
);
const EVENT: Key<List<event::EventForm>> = Key::optional(
    "event",
    List { of: event::EventForm, length_max: EVENTS_MAX },
    "the preset's",
    "Which events it can be, tried in this order. What fits none is taken, and is nothing to do with us.",
);

/// The keys of `[hook.NAME]`.
pub(super) const KEYS: Keys = &[&PRESET, &SECRET_FILE, &ROUTING_KEYS, &SOURCE, &DELIVERY, &SIGNATURE, &EVENT];

/// The name of a hook, in its address among others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HookName(String);

impl HookName {
    /// Reads a name.
    ///
    /// # Errors
    /// What a name may not be.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // The same rules as for all names.
        RuleName::parse(text).map(|name| Self(name.as_str().to_owned()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A system that says things in words of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookConfig {
    /// The source of its events.
    pub source: String,
    /// How it comes in by HTTP, if it does.
    pub door: Option<DoorConfig>,
    /// Patterns of the routing keys of messages that are read by its mapping.
    pub routing_keys: Vec<String>,
    /// What its words mean.
    pub mapping: Mapping,
}

/// How a system comes in by HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoorConfig {
    /// Where its secret is.
    pub secret_file: PathBuf,
    /// How it shows that it has it.
    pub signature: SignatureConfig,
}

/// Hooks by name.
pub type Hooks = BTreeMap<HookName, HookConfig>;

/// What a table says, before it is known to be enough.
#[derive(Default)]
struct Said {
    delivery: Option<Vec<Template>>,
    signature: Option<SignatureConfig>,
    events: Option<Vec<Rule>>,
}

impl Said {
    fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Self {
        let events = section.take(&EVENT, reading);
        if let Some((node, events)) = section.node(&EVENT).zip(events.as_deref()) {
            report_unreachable(&node, events, reading);
        }
        Self {
            delivery: section.take(&DELIVERY, reading),
            signature: section.take(&SIGNATURE, reading),
            // One that can't be read is reported, and is none.
            events: events.map(|events| events.into_iter().flatten().collect()),
        }
    }

    fn or(self, preset: Self) -> Self {
        Self {
            delivery: self.delivery.or(preset.delivery),
            signature: self.signature.or(preset.signature),
            events: self.events.or(preset.events),
        }
    }
}

/// Says which event is never come to, because one before it has no `when`.
fn report_unreachable(node: &Node<'_>, events: &[Option<Rule>], reading: &mut Reading<'_>) {
    let is_any = |rule: &Option<Rule>| rule.as_ref().is_some_and(|rule| rule.when.is_empty());
    let (Some(any), DeValue::Array(written)) = (events.iter().position(is_any), node.value) else { return };
    if let Some(next) = written.get(any + 1) {
        let message = "this event is never tried: the one before it has no `when`, and takes all that comes";
        let found = Diagnostic::warning(Origin::File(next.span()), message);
        reading.report(found.expected("a `when` for each event but the last"));
    }
}

/// Reads all hooks.
pub(super) fn read(root: &DeTable<'_>, reading: &mut Reading<'_>) -> Hooks {
    let tables = named_tables(root, "hook", HOOK_NAME, reading);
    if let Some(beyond) = tables.get(HOOKS_MAX) {
        let message = format!("there are {} hooks", tables.len());
        reading.report(Diagnostic::error(beyond.origin.clone(), message).expected(format!("at most {HOOKS_MAX}")));
    }
    let mut hooks = Hooks::new();
    for table in tables.into_iter().take(HOOKS_MAX) {
        let section = table.open(KEYS, reading);
        if let Some(hook) = read_one(&table.name, &section, reading) {
            hooks.insert(table.name, hook);
        }
    }
    hooks
}

fn read_one(name: &HookName, section: &Section<'_>, reading: &mut Reading<'_>) -> Option<HookConfig> {
    let preset = section.take(&PRESET, reading).map(preset::read).unwrap_or_default();
    let said = Said::read(section, reading).or(preset);
    let secret_file = section.take(&SECRET_FILE, reading);
    let routing_keys = section.take(&ROUTING_KEYS, reading).unwrap_or_default();
    let source = section.take(&SOURCE, reading).unwrap_or_else(|| format!("/hooks/{name}"));
    let mut complain = |message: String, expected: &str| {
        reading.report(Diagnostic::error(section.header(), message).expected(expected));
    };
    if source.is_empty() {
        complain(format!("the `source` of [hook.{name}] is empty"), "a text that no other system is called by");
    }
    if section.written(&SECRET_FILE).is_none() && section.written(&ROUTING_KEYS).is_none() {
        let expected = "secret_file = \"/etc/rolecall/hook.secret\" for what comes by HTTP, or routing_keys = [\"some.key.#\"] \
                        for what comes by the broker";
        complain(format!("nothing can come in by [hook.{name}]: it has no `secret_file`"), expected);
    }
    if secret_file.is_some() && said.signature.is_none() && section.written(&SIGNATURE).is_none() {
        let expected = "a `signature` or a `preset` that has one: it says how the secret is shown";
        complain(format!("`signature` is missing in [hook.{name}]"), expected);
    }
    let Some(rules) = said.events.filter(|events| !events.is_empty()) else {
        if section.written(&EVENT).is_none() && section.written(&PRESET).is_none() {
            let expected = "a `preset`, or [[hook.NAME.event]] with `type`, `when` and `data`";
            complain(format!("[hook.{name}] says of no event what it is made of"), expected);
        }
        return None;
    };
    let door = secret_file.zip(said.signature).map(|(secret_file, signature)| DoorConfig { secret_file, signature });
    let mapping = Mapping { delivery: said.delivery.unwrap_or_default(), rules };
    Some(HookConfig { source, door, routing_keys, mapping })
}

/// A pattern of a topic exchange.
#[derive(Debug, Clone, Copy)]
struct RoutingKey;

impl Form for RoutingKey {
    type Value = String;

    fn expected(&self) -> String {
        format!("words with dots between them, `*` for one word, `#` for any: at most {ROUTING_KEY_MAX} bytes")
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<String> {
        match node.value {
            DeValue::String(text) if (1..=ROUTING_KEY_MAX).contains(&text.len()) => Some(text.to_string()),
            other => misfit(self, node, reading, format!("{} is no routing key", describe(other))),
        }
    }
}

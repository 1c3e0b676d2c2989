//! One table of the file, read key by key: what is unknown is reported with what was probably meant.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::routing::{Catalogue, RoleName};

use super::diagnostic::{Diagnostic, Origin};
use super::form::{Form, Node, describe};
use super::key::{Absent, Key, Keys};
use super::overrides::{OWNER_TOKEN_VARIABLE, Overrides, SecretNotFound};
use super::reference;
use super::secret::Secret;
use super::succession::instead_of;
use super::suggestion::nearest;

/// What a whole file is read with: where findings go, and what has to be looked at again when everything is read.
pub(super) struct Reading<'o> {
    overrides: &'o Overrides,
    diagnostics: Vec<Diagnostic>,
    role_references: Vec<(RoleName, Origin)>,
}

impl<'o> Reading<'o> {
    pub(super) fn new(overrides: &'o Overrides) -> Self {
        Self { overrides, diagnostics: Vec::new(), role_references: Vec::new() }
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(super) fn refer_to_role(&mut self, name: RoleName, origin: Origin) {
        self.role_references.push((name, origin));
    }

    /// Reports every reference to a role that is not there.
    pub(super) fn check_role_references(&mut self, catalogue: &Catalogue) {
        let known: BTreeSet<&RoleName> = catalogue.roles.keys().collect();
        for (name, origin) in std::mem::take(&mut self.role_references) {
            if known.contains(&name) {
                continue;
            }
            let names = || known.iter().map(|name| name.as_str());
            let found = Diagnostic::error(origin, format!("there is no role {:?}", name.as_str()));
            let expected = match names().collect::<Vec<_>>() {
                names if names.is_empty() => "a role of this catalogue, which has none".to_owned(),
                names => format!("one of {}", quoted_list(&names)),
            };
            let meant = instead_of(name.as_str(), catalogue);
            self.report(found.expected(expected).help(meant).misses_role(name.as_str()));
        }
    }

    /// Reports the secrets of the environment that are not where it says.
    pub(super) fn report_secrets_not_found(&mut self) {
        for SecretNotFound { variable, message } in self.overrides.secrets_not_found.clone() {
            let found = Diagnostic::error(Origin::Override(variable), message);
            self.report(
                found.expected(format!("{variable}, or {variable}_FILE with the path of a file that holds it")),
            );
        }
    }

    /// The owner's token, where the environment has a usable one.
    pub(super) fn owner_token(&mut self) -> Option<Secret> {
        let token = self.overrides.owner_token.clone()?;
        let origin = || Origin::Override(OWNER_TOKEN_VARIABLE);
        let expected = "a long random text without spaces, such as `openssl rand -hex 32` gives";
        if !token.reveal().chars().all(|c| c.is_ascii_graphic()) {
            let message = "the owner's token has characters that a header can't carry";
            self.report(Diagnostic::error(origin(), message).expected(expected));
        } else if token.reveal().len() < OWNER_TOKEN_LENGTH_ADVISED {
            self.report(Diagnostic::warning(origin(), "the owner's token is short enough to guess").expected(expected));
        }
        Some(token)
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }
}

/// Below this length a token of letters and digits can be guessed by a machine: 22 of them have 128 bits.
pub(crate) const OWNER_TOKEN_LENGTH_ADVISED: usize = 22;

/// At most this many known names are listed; the rest is counted.
const LISTED_MAX: usize = 12;

/// `"a", "b", "c" and 4 more`
pub(super) fn quoted_list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().take(LISTED_MAX).map(|name| format!("{name:?}")).collect();
    match names.len().checked_sub(LISTED_MAX + 1) {
        Some(more) => format!("{} and {} more", quoted.join(", "), more + 1),
        None => quoted.join(", "),
    }
}

/// A table that is being read.
pub(super) struct Section<'a> {
    /// As the file writes it, without brackets: `amqp`, `channel.call`.
    title: String,
    table: Option<&'a DeTable<'a>>,
    header: Origin,
    keys: Keys,
}

impl<'a> Section<'a> {
    /// A table of the file. Keys that are none of `keys` are reported.
    pub(super) fn open(title: impl Into<String>, node: &Node<'a>, keys: Keys, reading: &mut Reading<'_>) -> Self {
        let title = title.into();
        let table = match node.value {
            DeValue::Table(table) => Some(table),
            other => {
                let found = Diagnostic::error(node.origin.clone(), format!("{} is not a table", describe(other)));
                reading.report(found.expected(format!("a table with the keys {}", key_list(keys))));
                None
            }
        };
        let section = Self { title, table, header: node.origin.clone(), keys };
        section.report_unknown_keys(reading);
        section
    }

    /// A table that the file does not have: everything is as by default, or as the environment and flags say.
    pub(super) fn absent(title: impl Into<String>, keys: Keys) -> Self {
        Self { title: title.into(), table: None, header: Origin::Whole, keys }
    }

    /// Where the table begins.
    pub(super) fn header(&self) -> Origin {
        self.header.clone()
    }

    /// Where the value of a key is; the table's beginning where the file does not have the key.
    pub(super) fn origin<F: Form>(&self, key: &Key<F>) -> Origin {
        self.span(key.name).map_or(self.header(), Origin::File)
    }

    /// Where a key's value is, where the file has the key.
    pub(super) fn written<F: Form>(&self, key: &Key<F>) -> Option<Origin> {
        self.span(key.name).map(Origin::File)
    }

    /// The value of a key as the file has it, to be looked at together with others.
    pub(super) fn node<F: Form>(&self, key: &Key<F>) -> Option<Node<'a>> {
        let value = self.table?.get(key.name)?;
        Some(Node { value: value.get_ref(), origin: Origin::File(value.span()) })
    }

    fn span(&self, key: &str) -> Option<Range<usize>> {
        Some(self.table?.get(key)?.span())
    }

    /// The value of a key: from a flag, the environment or the file, in this order. Where it has to be there and is
    /// not, that is reported.
    pub(super) fn take<F: Form>(&self, key: &Key<F>, reading: &mut Reading<'_>) -> Option<F::Value> {
        debug_assert!(self.keys.iter().any(|known| known.name() == key.name), "{} is not listed", key.name);
        if let Some(value) = reading.overrides.of(&self.title, key.name) {
            let text = DeValue::String(value.text.as_str().into());
            return key.form.read(&Node { value: &text, origin: Origin::Override(value.origin) }, reading);
        }
        if let Some(value) = self.table.and_then(|table| table.get(key.name)) {
            return key.form.read(&Node { value: value.get_ref(), origin: Origin::File(value.span()) }, reading);
        }
        if matches!(key.absent, Absent::Required) && self.table.is_some() {
            let found = Diagnostic::error(self.header(), format!("`{}` is missing in {}", key.name, self.shown()));
            reading.report(found.expected(format!("{} = …, {}", key.name, key.form.expected())));
        }
        None
    }

    /// As the file writes the table's header.
    fn shown(&self) -> String {
        match self.title.as_str() {
            title @ ("role" | "rule" | "automation" | "arrivals" | "agent") => format!("[[{title}]]"),
            title if title.contains(' ') => title.to_owned(),
            title => format!("[{title}]"),
        }
    }

    fn report_unknown_keys(&self, reading: &mut Reading<'_>) {
        for (key, _) in self.table.into_iter().flatten() {
            let name: &str = key.get_ref();
            if self.keys.iter().any(|known| known.name() == name) {
                continue;
            }
            let meant = nearest(name, self.keys.iter().map(|known| known.name()));
            let help = meant.map(|meant| format!("did you mean `{meant}`?")).or_else(|| {
                let elsewhere = reference::sections_with_key(name);
                (!elsewhere.is_empty()).then(|| format!("`{name}` is a key of {}", elsewhere.join(" and ")))
            });
            let message = format!("unknown key `{name}` in {}", self.shown());
            let found = Diagnostic::error(Origin::File(key.span()), message);
            reading.report(found.expected(key_list(self.keys)).help(help));
        }
    }
}

fn key_list(keys: Keys) -> String {
    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name())).collect();
    names.join(", ")
}

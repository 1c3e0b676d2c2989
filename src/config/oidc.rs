//! `[oidc]`: those who come in over HTTP by an identity provider. It takes effect at the start only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::PathBuf;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::routing::RoleName;
use crate::routing::permission::AccessLevel;

use super::diagnostic::Origin;
use super::file::section;
use super::form::{Choice, FilePath, Form, Node, PEM_FILE, RoleReference, Text, describe, misfit};
use super::key::{Key, Keys};
use super::list::Set;
use super::schema;
use super::secret::redact_passwords;
use super::section::Reading;

/// The longest address, name or claim.
const TEXT_MAX: usize = 1_000;
/// The most values of a claim that say something; far above any use.
const VALUES_MAX: usize = 1_000;

const TEXT: Text = Text { length_max: TEXT_MAX };
const LEVEL: Choice<AccessLevel> = Choice {
    of: "access level",
    options: &[("agent", AccessLevel::Agent), ("admin", AccessLevel::Admin), ("owner", AccessLevel::Owner)],
};

const ISSUER: Key<Text> = Key::required("issuer", TEXT, "Whose tokens are taken: their `iss`, letter by letter.");
const AUDIENCE: Key<Text> = Key::required(
    "audience",
    TEXT,
    "For whom they have to be: one of their `aud`. What is meant for others is refused.",
);
const JWKS: Key<JwksForm> = Key::required(
    "jwks",
    JwksForm,
    "Where the provider's public keys are. They are read again once an hour, and when a token names one that is not there.",
);
const CA_FILE: Key<FilePath> = Key::optional(
    "ca_file",
    PEM_FILE,
    "those of the system",
    "Certificates of the authorities that are trusted for `jwks`, in place of those of the system. Read whenever the keys are.",
);
const NAME_CLAIM: Key<Text> = Key::new(
    "name_claim",
    TEXT,
    "\"sub\"",
    "The claim by whose value somebody is known, in the audit log among others, with `oidc:` before it.",
);
const AGENT_CLAIM: Key<Text> = Key::optional(
    "agent_claim",
    TEXT,
    "nobody acts for an agent",
    "The claim that holds an `agent_id`: whoever has it may do what that agent may by its roles and its access level, which counts as the level given here at most.",
);
const GROUPS_CLAIM: Key<Text> = Key::new(
    "groups_claim",
    TEXT,
    "\"groups\"",
    "The claim whose values say what somebody may do: a text or a list of texts; `realm_access.roles` is one inside another.",
);
const LEVELS: Key<ByGroup<Choice<AccessLevel>>> = Key::required(
    "levels",
    ByGroup { of: LEVEL, example: "{ supervisors = \"admin\", staff = \"agent\" }" },
    "The access level that each value gives; the highest counts. Whoever has none of them does not come in.",
);
const ROLES: Key<ByGroup<Set<RoleReference>>> = Key::new(
    "roles",
    ByGroup { of: Set { of: RoleReference, length_max: VALUES_MAX }, example: "{ team-leads = [\"lead\"] }" },
    "{}",
    "Roles whose `permissions` and `permissions_denied` each value brings; of one that was replaced since the start, those of the one in its place. It makes nobody an agent.",
);

/// The keys of `[oidc]`.
pub(super) const KEYS: Keys =
    &[&ISSUER, &AUDIENCE, &JWKS, &CA_FILE, &NAME_CLAIM, &AGENT_CLAIM, &GROUPS_CLAIM, &LEVELS, &ROLES];

/// Where the public keys of a provider are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksSource {
    /// In a file.
    File(PathBuf),
    /// At an address.
    Url(String),
}

/// Those who come in by an identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OidcConfig {
    /// Whose tokens are taken.
    pub issuer: String,
    /// For whom they have to be.
    pub audience: String,
    /// Where its public keys are.
    pub jwks: JwksSource,
    /// The authorities that are trusted for them, in PEM; those of the system where nothing is said.
    pub ca_file: Option<PathBuf>,
    /// The claim by whose value somebody is known.
    pub name_claim: String,
    /// The claim that holds an agent's id.
    pub agent_claim: Option<String>,
    /// The claim whose values say what somebody may do.
    pub groups_claim: String,
    /// The access level that each value gives.
    pub levels: BTreeMap<String, AccessLevel>,
    /// Roles whose permissions each value brings.
    pub roles: BTreeMap<String, BTreeSet<RoleName>>,
}

/// Reads the section, where the file has it.
pub(super) fn read(root: &DeTable<'_>, reading: &mut Reading<'_>) -> Option<OidcConfig> {
    root.get("oidc")?;
    let section = section(root, "oidc", KEYS, reading);
    let issuer = section.take(&ISSUER, reading);
    let audience = section.take(&AUDIENCE, reading);
    let jwks = section.take(&JWKS, reading);
    let ca_file = section.take(&CA_FILE, reading);
    let name_claim = section.take(&NAME_CLAIM, reading).unwrap_or_else(|| "sub".to_owned());
    let agent_claim = section.take(&AGENT_CLAIM, reading);
    let groups_claim = section.take(&GROUPS_CLAIM, reading).unwrap_or_else(|| "groups".to_owned());
    let levels = section.take(&LEVELS, reading);
    let roles = section.take(&ROLES, reading).unwrap_or_default();
    Some(OidcConfig {
        issuer: issuer?,
        audience: audience?,
        jwks: jwks?,
        ca_file,
        name_claim,
        agent_claim,
        groups_claim,
        levels: levels?,
        roles,
    })
}

/// A file, or an address that nobody on the way can read or change.
#[derive(Debug, Clone, Copy)]
struct JwksForm;

impl Form for JwksForm {
    type Value = JwksSource;

    fn expected(&self) -> String {
        "a path such as \"/etc/rolecall/jwks.json\", or an address that begins with https:// (http:// on this machine alone)"
            .to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<JwksSource> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is neither", describe(node.value)));
        };
        let is_here = ["http://127.0.0.1", "http://[::1]", "http://localhost"].iter().any(|here| {
            let rest = text.strip_prefix(here).filter(|rest| rest.starts_with([':', '/']));
            // What stands before an @ is a user, and the host is behind it.
            rest.is_some_and(|rest| !rest.split('/').next().unwrap_or_default().contains('@'))
        });
        if text.starts_with("https://") || is_here {
            return Some(JwksSource::Url(text.to_string()));
        }
        if text.is_empty() || text.contains("://") || text.contains('\0') {
            return misfit(self, node, reading, format!("{:?} is neither", redact_passwords(text)));
        }
        Some(JwksSource::File(PathBuf::from(&**text)))
    }
}

/// A table of what each value of a claim brings.
#[derive(Debug, Clone, Copy)]
struct ByGroup<F> {
    of: F,
    example: &'static str,
}

impl<F: Form> Form for ByGroup<F> {
    type Value = BTreeMap<String, F::Value>;

    fn expected(&self) -> String {
        format!("a table of at most {VALUES_MAX} values such as {}: each {}", self.example, self.of.expected())
    }

    fn schema(&self) -> Value {
        schema::by_name(&self.of.schema(), VALUES_MAX)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let table = match node.value {
            DeValue::Table(table) if table.len() <= VALUES_MAX => table,
            other => return misfit(self, node, reading, format!("{} is no such table", describe(other))),
        };
        let read = table.iter().map(|(name, value)| {
            let node = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
            Some((name.get_ref().to_string(), self.of.read(&node, reading)?))
        });
        // Every value is read before the table is given up, so that all that is wrong is reported.
        read.collect::<Vec<_>>().into_iter().collect()
    }
}

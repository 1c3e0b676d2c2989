//! The configuration: as written in a file, the environment and flags, and as resolved.
//!
//! # Invariants
//!
//! What comes out of [`load`] and [`parse`] is whole and valid: every value is within its bounds, every role that is
//! referred to exists, every condition compiles. What is wrong is reported all at once, each finding with its line, a
//! caret, what was expected, and what was probably meant. Every key is declared once, with its bounds, default and
//! meaning; the reader and the reference (`docs/configuration.md`) are both made from the declaration.
//!
//! # How a file is read
//!
//! `toml` gives a tree whose values know where they stand. A `Section` reads a table of it key by key; a key's
//! `Form` reads the value. `catalogue` puts the nouns of [`crate::routing`] together and checks what refers to what;
//! `conditions` asks the engine about the rules; `lint` looks for what is valid and hardly meant.
//!
//! # The way back
//!
//! A catalogue is written by the same declarations: each noun has a `write` beside its `read`, which takes it apart member
//! by member, and each form of a key that can be written `Writes`. So what can be configured can be exported, told as
//! different, and applied.
//!
//! This room knows `routing`, and `mapping` for what hooks say, and no other: the daemon hands the broker, the journal and the HTTP server what they need.

mod access;
mod automation;
mod catalogue;
mod catalogue_file;
mod channel;
mod conditions;
mod daemon;
mod diagnostic;
mod difference;
mod document;
mod duration;
mod edit;
mod file;
mod form;
mod hook;
mod hours;
mod key;
mod lint;
mod list;
mod markdown;
mod oidc;
mod overrides;
mod pacing;
mod permission;
mod reference;
mod role;
mod rule;
mod scenario;
mod schema;
mod secret;
mod section;
mod settings;
mod splice;
mod split;
mod staffing;
mod status;
mod succession;
mod suggestion;
mod writing;
mod written;
mod zone;

use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::routing::{Catalogue, Millis};

pub use catalogue_file::{CatalogueFile, Draft, Finding, NotDrafted, Prepared};
pub use diagnostic::{Diagnostic, Origin, Report, Severity};
pub use difference::{Change, Difference, MemberChange};
pub use duration::DurationError;
pub use edit::{CannotEdit, EditStep, Kind};
pub use hook::{
    Algorithm, DoorConfig, Encoding, HookConfig, HookName, Hooks, SignatureConfig, SignedPart, TimestampConfig,
    TimestampForm,
};
pub use oidc::{JwksSource, OidcConfig};
pub use overrides::{OWNER_TOKEN_VARIABLE, Overrides, Setting};
pub use reference::{reference_blocks, scenario_reference_blocks};
pub use scenario::{
    AgentGroup, Arrivals, Distribution, Recorded, Returns, Scenario, When, load_scenario, load_staff, parse_scenario,
};
pub use schema::entry_schema;
pub use secret::{BrokerUri, Secret, redact_passwords};
pub use settings::{
    AmqpConfig, CertificateFiles, Config, DedupeConfig, HttpConfig, JournalConfig, LogConfig, LogFormat, LogLevel,
    NodeConfig, QueueType,
};
pub use splice::{CannotSplice, splice};

pub use written::Written;

pub(crate) use section::OWNER_TOKEN_LENGTH_ADVISED;
use section::Reading;

/// The configuration that comes with rolecall: a contact centre with six roles, every key explained.
pub const EXAMPLE: &str = include_str!("../../deploy/rolecall.toml");

/// The largest file that is read, in bytes: a thousand roles with long descriptions are a tenth of it.
const FILE_SIZE_MAX: u64 = 16 * 1_024 * 1_024;

/// Why a file without any section of a catalogue takes no other's place; behind the name of that file.
pub const NO_CATALOGUE: &str = "has no section of a catalogue, such as [[role]], and would take out all that there is: look \
                                whether it came here whole; if that is meant, write an empty [routing] into it";

/// A configuration that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What holds.
    pub config: Config,
    /// Whether the file has any section of a catalogue, if only an empty one: one without says nothing of roles, and reads as a
    /// catalogue that has none.
    pub has_catalogue: bool,
    /// What is valid and hardly meant. For `rolecall check`, and for the log at the start.
    pub warnings: Report,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("cannot read the configuration {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file, the environment or the flags are wrong.
    #[error("the configuration can't be used\n\n{0}")]
    Invalid(Report),
}

/// Reads a file, or where there is none takes the defaults; the environment and flags win over both.
///
/// # Errors
/// Where the file can't be read or anything is wrong with what it or the environment or flags say.
pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Loaded, ConfigError> {
    let Some(path) = file else { return parse("the defaults", "", overrides).map_err(ConfigError::Invalid) };
    let (name, text) = read_text(path)?;
    parse(&name, &text, overrides).map_err(ConfigError::Invalid)
}

/// The name of a file, as findings call it, and its text.
fn read_text(path: &Path) -> Result<(String, String), ConfigError> {
    let name = path.display().to_string();
    let bytes = read_bounded(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(error) => {
            let start = error.utf8_error().valid_up_to();
            // What cannot be read is replaced by a mark of three bytes, in the place where it stood.
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let found = Diagnostic::error(Origin::File(start..start + '\u{FFFD}'.len_utf8()), "this is not UTF-8");
            Err(ConfigError::Invalid(Report::new(&name, &text, vec![found.expected("a file in UTF-8")])))
        }
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let size = std::fs::metadata(path)?.len();
    if size > FILE_SIZE_MAX {
        return Err(io::Error::other(format!("it has {size} bytes, and at most {FILE_SIZE_MAX} are read")));
    }
    std::fs::read(path)
}

/// Reads the text of a configuration; `name` is what findings call it.
///
/// # Errors
/// All that is wrong with the text, the environment or the flags.
pub fn parse(name: &str, text: &str, overrides: &Overrides) -> Result<Loaded, Report> {
    let root = parse_toml(name, text)?;
    let mut reading = Reading::new(overrides);
    let (config, origins) = file::read(root.get_ref(), &mut reading);
    let mut diagnostics = reading.into_diagnostics();
    diagnostics.extend(conditions::check(&config.catalogue, &origins, text));
    if diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return Err(Report::new(name, text, diagnostics));
    }
    diagnostics.extend(lint::check(&config.catalogue, &origins));
    let has_catalogue = file::CATALOGUE_SECTIONS.into_iter().any(|section| root.get_ref().contains_key(section));
    Ok(Loaded { config, has_catalogue, warnings: Report::new(name, text, diagnostics) })
}

/// A length of time as the configuration has it: `90s`, `15m`, `2h`, `1d`.
///
/// # Errors
/// Says what is wrong with the text.
pub fn duration(text: &str) -> Result<Millis, DurationError> {
    duration::parse(text)
}

/// The tree of a text, whose values know where they stand.
fn parse_toml<'t>(name: &str, text: &'t str) -> Result<toml::Spanned<DeTable<'t>>, Report> {
    let (root, faults) = DeTable::parse_recoverable(text);
    if faults.is_empty() {
        return Ok(root);
    }
    let found = |fault: &toml::de::Error| {
        let span = fault.span().unwrap_or(text.len()..text.len());
        let found = Diagnostic::error(Origin::File(span), fault.message().to_owned());
        if fault.message() == "duplicate key" { found.expected("each key once in a table") } else { found }
    };
    Err(Report::new(name, text, faults.iter().map(found).collect()))
}

/// The part of a configuration that is about routing, as a file that is read to the same catalogue.
#[must_use]
pub fn export_toml(catalogue: &Catalogue) -> String {
    catalogue::write(catalogue).toml()
}

/// The same as JSON, tables and keys by the same names.
#[must_use]
pub fn export_json(catalogue: &Catalogue) -> serde_json::Value {
    catalogue::write(catalogue).json()
}

/// One entry of a catalogue as JSON, with the members of the file that are not as by default.
#[must_use]
pub fn entry_json(catalogue: &Catalogue, kind: Kind, name: &str) -> Option<serde_json::Map<String, serde_json::Value>> {
    let document = catalogue::write(catalogue);
    let is_it = |part: &&document::Part| part.heading.kind() == kind.as_str() && part.heading.name() == Some(name);
    document.parts.iter().find(is_it).map(document::Part::json)
}

/// All entries of that kind as JSON; a channel with its name among its members.
#[must_use]
pub fn entries_json(catalogue: &Catalogue, kind: Kind) -> Vec<serde_json::Map<String, serde_json::Value>> {
    let document = catalogue::write(catalogue);
    let parts = document.parts.iter().filter(|part| part.heading.kind() == kind.as_str());
    let with_name = |part: &document::Part| {
        let mut members = serde_json::Map::new();
        members.extend(part.heading.name().map(|name| ("name".to_owned(), name.into())));
        members.extend(part.json());
        members
    };
    parts.map(with_name).collect()
}

/// The role structure as a page for people, in Markdown.
#[must_use]
pub fn export_markdown(catalogue: &Catalogue) -> String {
    markdown::page(catalogue, &catalogue::write(catalogue))
}

/// The tables in which two catalogues are different, as [`export_json`] has them: those of the one, and those of the other.
#[must_use]
pub fn changed_tables(old: &Catalogue, new: &Catalogue) -> (serde_json::Value, serde_json::Value) {
    let (old, new) = (catalogue::write(old), catalogue::write(new));
    (old.without(&new).json(), new.without(&old).json())
}

/// What is different between two catalogues, table by table and member by member.
#[must_use]
pub fn differences(old: &Catalogue, new: &Catalogue) -> Vec<Difference> {
    difference::differences(&catalogue::write(old), &catalogue::write(new))
}

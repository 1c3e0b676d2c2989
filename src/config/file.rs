//! The file as a whole: which sections it may have, and how each is read.

use toml::de::{DeTable, DeValue};

use super::catalogue::{self, CatalogueOrigins};
use super::daemon;
use super::diagnostic::{Diagnostic, Origin};
use super::form::{Node, describe};
use super::hook;
use super::key::Keys;
use super::oidc;
use super::reference;
use super::section::{Reading, Section};
use super::settings::Config;
use super::suggestion::nearest;

/// What a file may have at its top that is about the daemon: it stays where another catalogue is put in.
pub(super) const DAEMON_SECTIONS: [&str; 8] = ["node", "log", "amqp", "journal", "http", "dedupe", "oidc", "hook"];
/// What a file may have at its top that is of the catalogue.
pub(super) const CATALOGUE_SECTIONS: [&str; 9] =
    ["routing", "agents", "access", "status", "hours", "channel", "role", "rule", "automation"];

/// Reads a whole file.
pub(super) fn read(root: &DeTable<'_>, reading: &mut Reading<'_>) -> (Config, CatalogueOrigins) {
    report_unknown_sections(root, &[], reading);
    reading.report_secrets_not_found();
    let node = section(root, "node", daemon::node::KEYS, reading);
    let log = section(root, "log", daemon::log::KEYS, reading);
    let amqp = section(root, "amqp", daemon::amqp::KEYS, reading);
    let journal = section(root, "journal", daemon::journal::KEYS, reading);
    let http = section(root, "http", daemon::http::KEYS, reading);
    let dedupe = section(root, "dedupe", daemon::dedupe::KEYS, reading);
    // Before the catalogue, which looks whether the roles are there to which anything refers.
    let oidc = oidc::read(root, reading);
    let (catalogue, origins) = catalogue::read(root, reading);
    let hooks = hook::read(root, reading);
    let config = Config {
        node: daemon::read_node(&node, reading),
        log: daemon::read_log(&log, reading),
        amqp: daemon::read_amqp(&amqp, reading),
        journal: daemon::read_journal(&journal, reading),
        http: daemon::read_http(&http, reading),
        dedupe: daemon::read_dedupe(&dedupe, reading),
        oidc,
        hooks,
        catalogue,
    };
    (config, origins)
}

/// A section of the file, there or not.
pub(super) fn section<'a>(root: &'a DeTable<'a>, name: &str, keys: Keys, reading: &mut Reading<'_>) -> Section<'a> {
    match root.get(name) {
        Some(value) => {
            let node = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
            Section::open(name, &node, keys, reading)
        }
        None => Section::absent(name, keys),
    }
}

/// Reports what the file has at its top beside a configuration's sections and `more`.
pub(super) fn report_unknown_sections(root: &DeTable<'_>, more: &[&'static str], reading: &mut Reading<'_>) {
    let known = || DAEMON_SECTIONS.into_iter().chain(CATALOGUE_SECTIONS).chain(more.iter().copied());
    for (key, value) in root {
        let name: &str = key.get_ref();
        if known().any(|section| section == name) {
            continue;
        }
        let elsewhere = reference::sections_with_key(name);
        let help = match nearest(name, known()) {
            Some(meant @ ("role" | "rule" | "automation" | "arrivals" | "agent")) => {
                Some(format!("did you mean [[{meant}]]?"))
            }
            Some(meant @ ("channel" | "hook")) => Some(format!("did you mean [{meant}.NAME]?")),
            Some(meant) => Some(format!("did you mean [{meant}]?")),
            None if !elsewhere.is_empty() => Some(format!("`{name}` is a key of {}", elsewhere.join(" and "))),
            None => None,
        };
        let message = match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => format!("there is no section `{name}`"),
            other => format!("unknown key `{name}` outside of any section, with {}", describe(other)),
        };
        let names: Vec<String> = known().map(|section| format!("`{section}`")).collect();
        let expected = format!("one of the sections {}", names.join(", "));
        reading.report(Diagnostic::error(Origin::File(key.span()), message).expected(expected).help(help));
    }
}

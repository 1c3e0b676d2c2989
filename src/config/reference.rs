//! The reference of all keys, made from their declarations.

use std::fmt::Write;

use crate::routing::ChannelName;
use crate::routing::channel::{Acceptance, Channel, OwnerGrace};

use super::key::{Absent, Keys};
use super::overrides::{OWNER_TOKEN_VARIABLE, Setting};
use super::{
    access, automation, catalogue, channel, daemon, duration, hook, hours, oidc, role, rule, scenario, status,
};

/// A table of keys with its title in the reference.
struct KeyTable {
    title: &'static str,
    keys: Keys,
}

/// All tables of keys, in the order of the file.
const TABLES: [KeyTable; 24] = [
    KeyTable { title: "[node]", keys: daemon::node::KEYS },
    KeyTable { title: "[log]", keys: daemon::log::KEYS },
    KeyTable { title: "[amqp]", keys: daemon::amqp::KEYS },
    KeyTable { title: "[journal]", keys: daemon::journal::KEYS },
    KeyTable { title: "[http]", keys: daemon::http::KEYS },
    KeyTable { title: "[dedupe]", keys: daemon::dedupe::KEYS },
    KeyTable { title: "[oidc]", keys: oidc::KEYS },
    KeyTable { title: "[hook.NAME]", keys: hook::KEYS },
    KeyTable { title: "signature of a [hook.NAME]", keys: hook::SIGNATURE_KEYS },
    KeyTable { title: "[[hook.NAME.event]]", keys: hook::EVENT_KEYS },
    KeyTable { title: "a translation of a [hook.NAME]", keys: hook::TRANSLATION_KEYS },
    KeyTable { title: "[routing]", keys: catalogue::routing::KEYS },
    KeyTable { title: "[agents]", keys: catalogue::agents::KEYS },
    KeyTable { title: "[access]", keys: access::KEYS },
    KeyTable { title: "[status.NAME]", keys: status::KEYS },
    KeyTable { title: "[hours.NAME]", keys: hours::KEYS },
    KeyTable { title: "[channel.NAME]", keys: channel::KEYS },
    KeyTable { title: "[[role]]", keys: role::KEYS },
    KeyTable { title: "target of a [[role]]", keys: role::target::KEYS },
    KeyTable { title: "overflow of a [[role]]", keys: role::overflow::KEYS },
    KeyTable { title: "[[rule]]", keys: rule::KEYS },
    KeyTable { title: "set of a [[rule]]", keys: rule::set::KEYS },
    KeyTable { title: "[[automation]]", keys: automation::KEYS },
    KeyTable { title: "set of an [[automation]]", keys: automation::set::KEYS },
];

/// The tables of keys that a scenario has beside those.
const SCENARIO_TABLES: [KeyTable; 5] = [
    KeyTable { title: "[simulation]", keys: scenario::KEYS },
    KeyTable { title: "[[agent]]", keys: scenario::staff::KEYS },
    KeyTable { title: "[[arrivals]]", keys: scenario::arrivals::KEYS },
    KeyTable { title: "returns of [[arrivals]]", keys: scenario::arrivals::returns::KEYS },
    KeyTable { title: "a distribution", keys: scenario::distribution::KEYS },
];

/// The sections that have a key of this name.
pub(super) fn sections_with_key(name: &str) -> Vec<&'static str> {
    let has = |table: &&KeyTable| table.keys.iter().any(|key| key.name() == name);
    TABLES.iter().filter(has).map(|table| table.title).collect()
}

/// The generated blocks of `docs/configuration.md`: each with its name and its Markdown.
#[must_use]
pub fn reference_blocks() -> Vec<(String, String)> {
    let mut blocks: Vec<_> = TABLES.iter().map(|table| (table.title.to_owned(), key_table(table.keys))).collect();
    blocks.push(("defaults of channels".to_owned(), channel_defaults()));
    blocks.push(("environment and flags".to_owned(), overrides_table()));
    blocks
}

/// The generated blocks of `docs/simulation.md`.
#[must_use]
pub fn scenario_reference_blocks() -> Vec<(String, String)> {
    SCENARIO_TABLES.iter().map(|table| (table.title.to_owned(), key_table(table.keys))).collect()
}

fn key_table(keys: Keys) -> String {
    let mut table = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for key in keys {
        let absent = match key.absent() {
            Absent::Default(value) => format!("`{value}`"),
            Absent::Means(text) => text.to_owned(),
            Absent::Required => "must be given".to_owned(),
        };
        let value = key.expected().replace('|', "\\|");
        writeln!(table, "| `{}` | {value} | {absent} | {} |", key.name(), key.meaning())
            .expect("a string takes everything");
    }
    table
}

fn channel_defaults() -> String {
    let mut table = "| channel | cost | limit | acceptance | offer_timeout | wrap_up | owner_grace |\n\
                     | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for name in ["call", "chat", "email", "social", "task", "any other"] {
        let name = ChannelName::parse(name).expect("a word is a name");
        let channel = Channel::default_for(&name);
        let acceptance = match channel.acceptance {
            Acceptance::Auto => "auto",
            Acceptance::Offer => "offer",
        };
        let grace = match channel.owner_grace {
            OwnerGrace::After(length) => duration::format(length),
            OwnerGrace::Keep => "keep".to_owned(),
        };
        let (offer_timeout, wrap_up) = (duration::format(channel.offer_timeout), duration::format(channel.wrap_up));
        let (cost, limit) = (channel.cost, channel.limit);
        writeln!(
            table,
            "| {name} | `{cost}` | `{limit}` | `\"{acceptance}\"` | `\"{offer_timeout}\"` | `\"{wrap_up}\"` | \
             `\"{grace}\"` |"
        )
        .expect("a string takes everything");
    }
    table
}

fn overrides_table() -> String {
    let mut table = "| key | environment variable | flag |\n| --- | --- | --- |\n".to_owned();
    for setting in Setting::ALL {
        let (section, key) = setting.key;
        writeln!(table, "| `{section}.{key}` | `{}` | `{}` |", setting.variable, setting.flag)
            .expect("a string takes everything");
    }
    writeln!(table, "| the owner's token | `{OWNER_TOKEN_VARIABLE}` | none |").expect("a string takes everything");
    table
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::super::document::Heading;
    use super::super::written::Written;
    use crate::config::{Config, Loaded, Origin, Overrides, Report, parse};

    use super::*;

    fn read(text: &str) -> Result<Loaded, Report> {
        parse("test", text, &Overrides::none())
    }

    fn config(text: &str) -> Config {
        read(text).unwrap_or_else(|report| panic!("{report}")).config
    }

    /// `key = default` for each key that has a default.
    fn documented_defaults(keys: Keys) -> Vec<String> {
        let written = |key: &&dyn super::super::key::Described| match key.absent() {
            Absent::Default(value) => Some(format!("{} = {value}", key.name())),
            Absent::Means(_) | Absent::Required => None,
        };
        keys.iter().filter_map(written).collect()
    }

    /// A file in which one line is in the place that a table of keys is about.
    fn file_with(table: &KeyTable, line: &str) -> String {
        match table.title {
            "[status.NAME]" => format!("[status.lunch]\n{line}\n"),
            "[hours.NAME]" => format!("[hours.office]\n{line}\n"),
            "[hook.NAME]" => format!("[hook.x]\n{line}\n"),
            "signature of a [hook.NAME]" => format!("[hook.x]\nsignature = {{ {line} }}\n"),
            "[[hook.NAME.event]]" => {
                let kind = if line.starts_with("type") { "" } else { "type = \"ticket.paused\"\n" };
                format!("[hook.x]\n[[hook.x.event]]\n{kind}{line}\n")
            }
            "a translation of a [hook.NAME]" => {
                let from = if line.starts_with("from") { "" } else { "from = \"$.a\", " };
                let data = format!("{{ ticket_id = {{ {from}{line} }} }}");
                format!("[hook.x]\n[[hook.x.event]]\ntype = \"ticket.paused\"\ndata = {data}\n")
            }
            "[channel.NAME]" => format!("[channel.call]\n{line}\n"),
            "[[role]]" if line.starts_with("name") => format!("[[role]]\n{line}\n"),
            "[[role]]" => format!("[[role]]\nname = \"r\"\n{line}\n"),
            "target of a [[role]]" => format!("[[role]]\nname = \"r\"\ntarget = {{ {line} }}\n"),
            "overflow of a [[role]]" => format!("[[role]]\nname = \"r\"\noverflow = [{{ {line} }}]\n"),
            "[[rule]]" => format!("[[rule]]\n{line}\n"),
            "set of a [[rule]]" => format!("[[rule]]\nname = \"r\"\nwhen = 'true'\nset = {{ {line} }}\n"),
            "set of an [[automation]]" => {
                format!("[[automation]]\nname = \"a\"\non = \"created\"\nset = {{ {line} }}\n")
            }
            section => format!("{section}\n{line}\n"),
        }
    }

    #[test]
    fn the_documented_defaults_of_the_sections_are_those_that_hold() {
        let sections = TABLES.iter().filter(|table| table.title.starts_with('[') && !table.title.starts_with("[["));
        let texts = sections
            .filter(|table| !table.title.contains("NAME") && table.title != "[oidc]")
            .map(|table| format!("{}\n{}\n", table.title, documented_defaults(table.keys).join("\n")));
        assert_eq!(config(&texts.collect::<String>()), Config::default());
        assert_eq!(config(""), Config::default());
        let provider = "[oidc]\nissuer = \"i\"\naudience = \"a\"\njwks = \"keys.json\"\nlevels = {}\n";
        let defaults = documented_defaults(oidc::KEYS).join("\n");
        assert_eq!(config(&format!("{provider}{defaults}\n")), config(provider));
    }

    #[test]
    fn the_documented_defaults_of_lists_are_those_that_hold() {
        let role = "[[role]]\nname = \"r\"\n";
        let defaults = documented_defaults(role::KEYS).join("\n");
        assert_eq!(config(&format!("{role}{defaults}")), config(role));

        let step = |rest: &str| config(&format!("{role}overflow = [{{ after = \"1m\"{rest} }}]"));
        let defaults = documented_defaults(role::overflow::KEYS).join(", ");
        assert_eq!(step(&format!(", {defaults}")), step(""));

        let with_set = |set: &str| config(&format!("[[rule]]\nname = \"r\"\nwhen = 'true'\nset = {{ {set} }}"));
        assert_eq!(with_set(&documented_defaults(rule::set::KEYS).join(", ")), with_set(""));

        let hook = |rest: &str, signature: &str, event: &str, translation: &str| {
            let data = format!("{{ ticket_id = {{ from = \"$.a\"{translation} }} }}");
            let event = format!("{{ type = \"ticket.paused\", data = {data}{event} }}");
            let signature = format!("{{ header = \"x\"{signature} }}");
            config(&format!("[hook.h]\nsecret_file = \"s\"\n{rest}\nsignature = {signature}\nevent = [{event}]\n"))
        };
        let inline = |keys| format!(", {}", documented_defaults(keys).join(", "));
        let defaults = documented_defaults(hook::KEYS).join("\n");
        let told =
            hook(&defaults, &inline(hook::SIGNATURE_KEYS), &inline(hook::EVENT_KEYS), &inline(hook::TRANSLATION_KEYS));
        assert_eq!(told, hook("", "", "", ""));

        let automation = "[[automation]]\nname = \"a\"\non = \"owned\"\nafter = \"1m\"\n";
        let defaults = documented_defaults(automation::KEYS).join("\n");
        assert_eq!(config(&format!("{automation}{defaults}")), config(automation));
        let with_set = |set: &str| config(&format!("{automation}set = {{ {set} }}"));
        assert_eq!(with_set(&documented_defaults(automation::set::KEYS).join(", ")), with_set(""));
    }

    #[test]
    fn every_key_of_the_reference_is_read() {
        // No key takes a date: who reads the key says so.
        let date = "1979-05-27";
        for table in &TABLES {
            for key in table.keys {
                let text = file_with(table, &format!("{} = {date}", key.name()));
                let report = read(&text).expect_err("no key takes a date");
                let places = report.diagnostics().iter().map(|diagnostic| &diagnostic.origin);
                let hit = |origin: &Origin| matches!(origin, Origin::File(span) if text[span.clone()] == *date);
                assert!(places.into_iter().any(hit), "{} of {} is not read:\n{report}", key.name(), table.title);
            }
        }
    }

    /// The keys that a value has, where it is a table or a list of such.
    fn keys_within(value: &Written) -> BTreeSet<String> {
        match value {
            Written::Table(members) => members.iter().map(|(key, _)| key.clone()).collect(),
            Written::List(values) => values.iter().flat_map(keys_within).collect(),
            Written::Flag(_) | Written::Whole(_) | Written::Share(_) | Written::Text(_) => BTreeSet::new(),
        }
    }

    /// What a catalogue says beyond the defaults, under the titles of the reference.
    fn told_keys(text: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for part in &catalogue::write(&config(text).catalogue).parts {
            let title = match &part.heading {
                Heading::Single(kind) => format!("[{kind}]"),
                Heading::Named(kind, _) => format!("[{kind}.NAME]"),
                Heading::Entry(kind, _) => format!("[[{kind}]]"),
            };
            for (member, value) in part.told() {
                told.entry(title.clone()).or_default().insert(member.key.to_owned());
                for of in ["of a", "of an"] {
                    told.entry(format!("{} {of} {title}", member.key)).or_default().extend(keys_within(value));
                }
            }
        }
        told
    }

    #[test]
    fn the_file_that_has_everything_has_every_key_that_is_about_routing() {
        let told = told_keys(include_str!("../../tests/catalogues/everything.toml"));
        let of_daemon = ["[node]", "[log]", "[amqp]", "[journal]", "[http]", "[dedupe]", "[oidc]"];
        let is_of_daemon = |table: &&KeyTable| of_daemon.contains(&table.title) || table.title.contains("hook.NAME");
        for table in TABLES.iter().filter(|table| !is_of_daemon(table)) {
            let declared: BTreeSet<String> = table.keys.iter().map(|key| key.name().to_owned()).collect();
            let found = told.get(table.title).cloned().unwrap_or_default();
            let missing: Vec<_> = declared.difference(&found).collect();
            assert!(missing.is_empty(), "tests/catalogues/everything.toml lacks {missing:?} in {}", table.title);
        }
    }
}

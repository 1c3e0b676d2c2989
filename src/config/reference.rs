//! The reference of all keys, made from their declarations.

use std::fmt::Write;

use crate::routing::ChannelName;
use crate::routing::channel::{Acceptance, Channel, OwnerGrace};

use super::key::{Absent, Keys};
use super::overrides::{OWNER_TOKEN_VARIABLE, Setting};
use super::{access, catalogue, channel, daemon, duration, role, rule};

/// A table of keys with its title in the reference.
struct KeyTable {
    title: &'static str,
    keys: Keys,
}

/// All tables of keys, in the order of the file.
const TABLES: [KeyTable; 15] = [
    KeyTable { title: "[node]", keys: daemon::node::KEYS },
    KeyTable { title: "[log]", keys: daemon::log::KEYS },
    KeyTable { title: "[amqp]", keys: daemon::amqp::KEYS },
    KeyTable { title: "[journal]", keys: daemon::journal::KEYS },
    KeyTable { title: "[http]", keys: daemon::http::KEYS },
    KeyTable { title: "[dedupe]", keys: daemon::dedupe::KEYS },
    KeyTable { title: "[routing]", keys: catalogue::routing::KEYS },
    KeyTable { title: "[agents]", keys: catalogue::agents::KEYS },
    KeyTable { title: "[access]", keys: access::KEYS },
    KeyTable { title: "[channel.NAME]", keys: channel::KEYS },
    KeyTable { title: "[[role]]", keys: role::KEYS },
    KeyTable { title: "target of a [[role]]", keys: role::target::KEYS },
    KeyTable { title: "overflow of a [[role]]", keys: role::step::KEYS },
    KeyTable { title: "[[rule]]", keys: rule::KEYS },
    KeyTable { title: "set of a [[rule]]", keys: rule::set::KEYS },
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

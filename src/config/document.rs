//! A catalogue as one file: the tables of which it is made, in the order in which people read them.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::writing::Member;
use super::written::{Written, written_key};

/// Where a table stands in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Heading {
    /// `[routing]`
    Single(&'static str),
    /// `[channel.NAME]`
    Named(&'static str, String),
    /// One of the `[[role]]`, by its name.
    Entry(&'static str, String),
}

impl Heading {
    /// Of which kind: `role`.
    #[must_use]
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Single(kind) | Self::Named(kind, _) | Self::Entry(kind, _) => kind,
        }
    }

    /// Which of the kind, where there are more than one.
    #[must_use]
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Single(_) => None,
            Self::Named(_, name) | Self::Entry(_, name) => Some(name),
        }
    }

    fn toml(&self) -> String {
        match self {
            Self::Single(kind) => format!("[{kind}]"),
            Self::Named(kind, name) => format!("[{kind}.{}]", written_key(name)),
            Self::Entry(kind, _) => format!("[[{kind}]]"),
        }
    }
}

/// One table of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Where it stands.
    pub(super) heading: Heading,
    /// All of its keys, in the order of the reference.
    pub(super) members: Vec<Member>,
}

impl Part {
    /// The same as JSON.
    pub(super) fn json(&self) -> Map<String, Value> {
        let told = self.told().map(|(member, value)| {
            (member.key.to_owned(), serde_json::to_value(value).expect("a value of a file is one of JSON"))
        });
        told.collect()
    }

    /// What it says beyond what holds anyway.
    pub(super) fn told(&self) -> impl Iterator<Item = (&Member, &Written)> {
        self.members.iter().filter(|member| !member.is_default()).filter_map(|it| Some((it, it.value.as_ref()?)))
    }
}

/// All that a file says about routing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Its tables.
    pub(super) parts: Vec<Part>,
}

impl Document {
    /// As a file that [`super::parse`] reads to the same catalogue. What is as by default is left out.
    #[must_use]
    pub(super) fn toml(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            let mut told = part.told().peekable();
            // A named table says something by being there: a channel of that name is one of the catalogue.
            if told.peek().is_none() && matches!(part.heading, Heading::Single(_)) {
                continue;
            }
            let gap = if text.is_empty() { "" } else { "\n" };
            writeln!(text, "{gap}{}", part.heading.toml()).expect("a string takes everything");
            for (member, value) in told {
                let key = written_key(member.key);
                writeln!(text, "{key} = {}", value.after_key(&key)).expect("a string takes everything");
            }
        }
        text
    }

    /// Those tables that the other does not have in the same way.
    #[must_use]
    pub(super) fn without(&self, other: &Self) -> Self {
        let parts = self.parts.iter().filter(|part| !other.parts.contains(part));
        Self { parts: parts.cloned().collect() }
    }

    /// The same as JSON, tables and keys by the same names.
    #[must_use]
    pub(super) fn json(&self) -> Value {
        let mut root = Map::new();
        for part in &self.parts {
            let table = Value::Object(part.json());
            match &part.heading {
                Heading::Single(kind) => {
                    root.insert((*kind).to_owned(), table);
                }
                Heading::Named(kind, name) => {
                    let tables = root.entry(*kind).or_insert_with(|| Value::Object(Map::new()));
                    tables.as_object_mut().expect("named tables are an object").insert(name.clone(), table);
                }
                Heading::Entry(kind, _) => {
                    let entries = root.entry(*kind).or_insert_with(|| Value::Array(Vec::new()));
                    entries.as_array_mut().expect("entries are a list").push(table);
                }
            }
        }
        Value::Object(root)
    }
}

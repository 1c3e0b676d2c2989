//! What is different between two catalogues: table by table, member by member, and not line by line.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::document::{Document, Heading, Part};
use super::writing::Member;
use super::written::Written;

/// What is different in one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Of which kind: `role`.
    pub section: &'static str,
    /// Which of the kind, where there are more than one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What happened to it.
    #[serde(flatten)]
    pub change: Change,
}

/// What happened to a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", content = "members", rename_all = "snake_case")]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed(Vec<MemberChange>),
    /// The tables of this kind stand in another order.
    Reordered(Vec<MemberChange>),
}

/// What is different in one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MemberChange {
    /// The key, and within it the place: `overflow[2].after`, the first step being 1.
    pub member: String,
    /// What it was; `None` for what holds without the key.
    pub old: Option<Written>,
    /// What it is.
    pub new: Option<Written>,
    /// What holds without the key.
    #[serde(skip)]
    absent: String,
}

/// Everything that is different, in the order of the file; nothing where the two catalogues are the same.
pub(super) fn differences(old: &Document, new: &Document) -> Vec<Difference> {
    let find = |document: &'_ Document, heading: &Heading| -> Option<Part> {
        document.parts.iter().find(|part| part.heading == *heading).cloned()
    };
    let mut found = Vec::new();
    for part in &new.parts {
        match find(old, &part.heading) {
            None => found.push(difference(&part.heading, Change::Added)),
            Some(before) => {
                let changes = changed_members(&before.members, &part.members);
                if !changes.is_empty() {
                    found.push(difference(&part.heading, Change::Changed(changes)));
                }
            }
        }
    }
    let gone = old.parts.iter().filter(|part| find(new, &part.heading).is_none());
    found.extend(gone.map(|part| difference(&part.heading, Change::Removed)));
    found.extend(["rule", "automation"].into_iter().filter_map(|kind| changed_order(kind, old, new)));
    found
}

fn difference(heading: &Heading, change: Change) -> Difference {
    Difference { section: heading.kind(), name: heading.name().map(str::to_owned), change }
}

/// Rules and automations are tried in their order. Those that both have may stand in another.
fn changed_order(kind: &'static str, old: &Document, new: &Document) -> Option<Difference> {
    let names = |document: &Document| -> Vec<String> {
        let entries = document.parts.iter().filter(|part| part.heading.kind() == kind);
        entries.filter_map(|part| part.heading.name().map(str::to_owned)).collect()
    };
    let (before, after) = (names(old), names(new));
    let kept = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|name| those.contains(name)).cloned().collect()
    };
    if kept(&before, &after) == kept(&after, &before) {
        return None;
    }
    let list = |names: Vec<String>| Some(Written::List(names.into_iter().map(Written::Text).collect()));
    let order = MemberChange { member: "order".to_owned(), old: list(before), new: list(after), absent: String::new() };
    Some(Difference { section: kind, name: None, change: Change::Reordered(vec![order]) })
}

fn changed_members(old: &[Member], new: &[Member]) -> Vec<MemberChange> {
    let mut changes = Vec::new();
    for member in new {
        let before = old.iter().find(|before| before.key == member.key).and_then(|before| before.value.as_ref());
        compare(member.key, before, member.value.as_ref(), member.absent, &mut changes);
    }
    changes
}

/// Goes down into what both have, so that one member of one step is told and not the whole ladder.
fn compare(path: &str, old: Option<&Written>, new: Option<&Written>, absent: &str, changes: &mut Vec<MemberChange>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(Written::Table(before)), Some(Written::Table(after))) => {
            let keys: Vec<&String> = before.iter().chain(after).map(|(key, _)| key).collect();
            let value = |table: &'_ [(String, Written)], key: &str| -> Option<Written> {
                table.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
            };
            let mut seen = BTreeSet::new();
            for key in keys.into_iter().filter(|key| seen.insert(*key)) {
                let (before, after) = (value(before, key), value(after, key));
                compare(&format!("{path}.{key}"), before.as_ref(), after.as_ref(), "as by default", changes);
            }
        }
        (Some(Written::List(before)), Some(Written::List(after))) if has_tables(before) || has_tables(after) => {
            for index in 0..before.len().max(after.len()) {
                let place = format!("{path}[{}]", index + 1);
                compare(&place, before.get(index), after.get(index), "none", changes);
            }
        }
        (old, new) => changes.push(MemberChange {
            member: path.to_owned(),
            old: old.cloned(),
            new: new.cloned(),
            absent: absent.to_owned(),
        }),
    }
}

fn has_tables(values: &[Written]) -> bool {
    values.iter().any(|value| matches!(value, Written::Table(_)))
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        let title = format!("{}{name}", self.section);
        match &self.change {
            Change::Added => write!(f, "{title} was added"),
            Change::Removed => write!(f, "{title} was removed"),
            Change::Changed(members) => {
                f.write_str(&title)?;
                members.iter().try_for_each(|member| write!(f, "\n    {member}"))
            }
            Change::Reordered(members) => {
                write!(f, "the {title}s are tried in another order")?;
                members.iter().try_for_each(|member| write!(f, "\n    {member}"))
            }
        }
    }
}

/// `weight: 1 → 2`; of a list what came and what went: `permissions: + "refund.issue", - "finance.view"`.
impl fmt::Display for MemberChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.member)?;
        let elements = |side: &Option<Written>| -> Option<Vec<Written>> {
            side.as_ref().and_then(Written::plain_elements).map(<[Written]>::to_vec)
        };
        if let (Some(before), Some(after)) = (elements(&self.old), elements(&self.new)) {
            let came = after.iter().filter(|value| !before.contains(value)).map(|value| format!("+ {value}"));
            let went = before.iter().filter(|value| !after.contains(value)).map(|value| format!("- {value}"));
            let told: Vec<String> = came.chain(went).collect();
            if !told.is_empty() {
                return f.write_str(&told.join(", "));
            }
        }
        let shown = |side: &Option<Written>| match side {
            Some(value) => value.to_string(),
            None => format!("({})", self.absent),
        };
        write!(f, "{} → {}", shown(&self.old), shown(&self.new))
    }
}

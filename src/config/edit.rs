//! One role, rule or channel of a file in place of another, and everything else as it is written, comments and all.
//!
//! What comes of it is read like any other file before anybody uses it: here nothing is checked.

use std::fmt::Write;

use serde_json::{Map, Value};
use toml::de::{DeTable, DeValue};
use toml_edit::{DocumentMut, Item, Table, TableLike};

use super::written::{quoted, written_key};

/// What an entry of the catalogue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `[[role]]`
    Role,
    /// `[[rule]]`
    Rule,
    /// `[channel.NAME]`
    Channel,
}

impl Kind {
    /// Its section.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Rule => "rule",
            Self::Channel => "channel",
        }
    }
}

/// One step of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditStep {
    /// An entry is to have these members and no others; where there is none of that name it comes last.
    Put {
        /// Of which kind.
        kind: Kind,
        /// Its name.
        name: String,
        /// Its members by the names of the file; `null` for none.
        members: Map<String, Value>,
    },
    /// An entry is to be gone.
    Remove {
        /// Of which kind.
        kind: Kind,
        /// Its name.
        name: String,
    },
    /// A rule is to be tried before another.
    MoveRule {
        /// Which.
        name: String,
        /// Before which; the last of all where nothing is said.
        before: Option<String>,
    },
}

impl EditStep {
    /// Whether it takes that role out.
    pub(super) fn removes_role(&self, role: &str) -> bool {
        matches!(self, Self::Remove { kind: Kind::Role, name } if name == role)
    }
}

/// Why a text can't be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotEdit {
    /// It is no TOML.
    #[error("the file is no TOML")]
    NotToml,
    /// It is written in a form that can't be edited entry by entry.
    #[error(
        "the file has its `{0}` in a form that can't be edited entry by entry: write each under a header of its own"
    )]
    Form(&'static str),
    /// There is no such entry.
    #[error("there is no {0} {1:?} in the file")]
    Unknown(&'static str, String),
}

/// The text after these steps.
///
/// # Errors
/// Where a step can't be taken.
pub(super) fn edit(text: &str, steps: &[EditStep]) -> Result<String, CannotEdit> {
    let mut document: DocumentMut = text.parse().map_err(|_| CannotEdit::NotToml)?;
    for step in steps {
        match step {
            EditStep::Put { kind, name, members } => put(&mut document, *kind, name, members)?,
            EditStep::Remove { kind, name } => remove(&mut document, *kind, name)?,
            EditStep::MoveRule { name, before } => move_rule(&mut document, name, before.as_deref())?,
        }
    }
    Ok(document.to_string())
}

fn put(document: &mut DocumentMut, kind: Kind, name: &str, members: &Map<String, Value>) -> Result<(), CannotEdit> {
    let new = table(members)?;
    let root = document.as_table_mut();
    if kind == Kind::Channel {
        let channels = root.entry(kind.as_str()).or_insert_with(|| {
            let mut channels = Table::new();
            channels.set_implicit(true);
            Item::Table(channels)
        });
        let channels = channels.as_table_mut().ok_or(CannotEdit::Form("channel"))?;
        if let Some(known) = channels.get_mut(name) {
            replace(known.as_table_like_mut().ok_or(CannotEdit::Form("channel"))?, &new);
        } else {
            channels.insert(name, Item::Table(new));
        }
        return Ok(());
    }
    let entries = root.entry(kind.as_str()).or_insert_with(|| Item::ArrayOfTables(toml_edit::ArrayOfTables::new()));
    let entries = entries.as_array_of_tables_mut().ok_or(CannotEdit::Form(kind.as_str()))?;
    let known = entries.iter().position(|entry| is_named(entry, name));
    if let Some(known) = known.and_then(|index| entries.get_mut(index)) {
        replace(known, &new);
    } else {
        entries.push(new);
    }
    Ok(())
}

/// What is the same stays as it is written.
fn replace(known: &mut dyn TableLike, new: &Table) {
    let gone: Vec<String> = known.iter().map(|(key, _)| key.to_owned()).filter(|key| !new.contains_key(key)).collect();
    for key in gone {
        known.remove(&key);
    }
    for (key, item) in new {
        let Some(before) = known.get_mut(key) else {
            known.insert(key, item.clone());
            continue;
        };
        if value_of(before) == value_of(item) {
            continue;
        }
        let mut item = item.clone();
        // What stands behind a value stays behind the new one.
        if let (Some(before), Some(after)) = (before.as_value(), item.as_value_mut()) {
            *after.decor_mut() = before.decor().clone();
        }
        *before = item;
    }
}

fn remove(document: &mut DocumentMut, kind: Kind, name: &str) -> Result<(), CannotEdit> {
    let unknown = || CannotEdit::Unknown(kind.as_str(), name.to_owned());
    let section = document.as_table_mut().get_mut(kind.as_str()).ok_or_else(unknown)?;
    if kind == Kind::Channel {
        let channels = section.as_table_like_mut().ok_or(CannotEdit::Form("channel"))?;
        return channels.remove(name).map(drop).ok_or_else(unknown);
    }
    let entries = section.as_array_of_tables_mut().ok_or(CannotEdit::Form(kind.as_str()))?;
    let index = entries.iter().position(|entry| is_named(entry, name)).ok_or_else(unknown)?;
    entries.remove(index);
    Ok(())
}

/// Tables are printed by the places that they had in the file, so those are dealt out anew: to each rule with its own.
fn move_rule(document: &mut DocumentMut, name: &str, before: Option<&str>) -> Result<(), CannotEdit> {
    let unknown = |name: &str| CannotEdit::Unknown("rule", name.to_owned());
    let section = document.as_table_mut().get_mut("rule").ok_or_else(|| unknown(name))?;
    let rules = section.as_array_of_tables_mut().ok_or(CannotEdit::Form("rule"))?;
    let index = rules.iter().position(|rule| is_named(rule, name)).ok_or_else(|| unknown(name))?;
    let rule = rules.remove(index);
    let index = match before {
        None => rules.len(),
        Some(before) => rules.iter().position(|rule| is_named(rule, before)).ok_or_else(|| unknown(before))?,
    };
    rules.insert(index, rule);
    let mut places = Vec::new();
    rules.iter_mut().for_each(|rule| each_table(rule, &mut |table| places.extend(table.position())));
    places.sort_unstable();
    let mut places = places.into_iter();
    let mut deal = |table: &mut Table| {
        if table.position().is_some() {
            table.set_position(places.next());
        }
    };
    rules.iter_mut().for_each(|rule| each_table(rule, &mut deal));
    Ok(())
}

/// A table and all that have headers of their own below it, `[rule.set]` say, as they stand in the file.
fn each_table(table: &mut Table, visit: &mut impl FnMut(&mut Table)) {
    visit(table);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(below) => each_table(below, visit),
            Item::ArrayOfTables(entries) => entries.iter_mut().for_each(|entry| each_table(entry, visit)),
            Item::None | Item::Value(_) => {}
        }
    }
}

fn is_named(entry: &Table, name: &str) -> bool {
    entry.get("name").and_then(Item::as_str) == Some(name)
}

/// These members as a table.
fn table(members: &Map<String, Value>) -> Result<Table, CannotEdit> {
    let mut text = String::new();
    for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let key = written_key(key);
        let line = written(value);
        let value = match value {
            Value::Array(values) if key.len() + line.len() > LINE_LENGTH_MAX => {
                let lines: Vec<String> = values.iter().map(|value| format!("    {},\n", written(value))).collect();
                format!("[\n{}]", lines.concat())
            }
            _ => line,
        };
        writeln!(text, "{key} = {value}").expect("a string takes everything");
    }
    let document: DocumentMut = text.parse().map_err(|_| CannotEdit::NotToml)?;
    Ok(document.as_table().clone())
}

/// The widest line into which a list is put.
const LINE_LENGTH_MAX: usize = 110;

/// JSON as TOML, on one line.
fn written(value: &Value) -> String {
    match value {
        // Within a list there is no leaving out: the reader says that this is no value.
        Value::Null => "\"\"".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(values) => format!("[{}]", values.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().filter(|(_, value)| !value.is_null());
            let members: Vec<_> =
                members.map(|(key, value)| format!("{} = {}", written_key(key), written(value))).collect();
            if members.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", members.join(", ")) }
        }
    }
}

/// An item without the way in which it is written.
fn value_of(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return Value::Object(table.iter().map(|(key, item)| (key.to_owned(), value_of(item))).collect());
    }
    if let Some(entries) = item.as_array_of_tables() {
        return entries.iter().map(|entry| value_of(&Item::Table(entry.clone()))).collect();
    }
    if let Some(values) = item.as_array() {
        return values.iter().map(|value| value_of(&Item::Value(value.clone()))).collect();
    }
    let text = item.as_str().map(Value::from);
    let number = || item.as_integer().map(Value::from).or_else(|| item.as_float().map(Value::from));
    text.or_else(number).or_else(|| item.as_bool().map(Value::from)).unwrap_or_default()
}

/// Where in an entry these bytes of the text are, as a JSON path: `$.overflow[0].after`; `None` where they are elsewhere.
pub(super) fn path_within(root: &DeTable<'_>, offset: usize, kind: Kind, name: &str) -> Option<String> {
    let section = root.get(kind.as_str())?;
    let entry = match section.get_ref() {
        DeValue::Table(entries) => entries.get(name)?,
        DeValue::Array(entries) => entries.iter().find(|entry| has_name(entry.get_ref(), name))?,
        _ => return None,
    };
    path_in(entry.get_ref(), offset, "$").or_else(|| entry.span().contains(&offset).then(|| "$".to_owned()))
}

/// What names a role at that place of the file, as a sentence that ends with it.
pub(super) fn namer(root: &DeTable<'_>, offset: usize) -> Option<String> {
    let holds = |value: &toml::Spanned<DeValue<'_>>| path_in(value.get_ref(), offset, "");
    root.iter().find_map(|(section, value)| {
        let section = &**section.get_ref();
        let member = |path: String| path.trim_start_matches('.').to_owned();
        if let DeValue::Array(entries) = value.get_ref() {
            return entries.iter().find_map(|entry| {
                let member = member(holds(entry)?);
                let DeValue::Table(members) = entry.get_ref() else { return None };
                let name = members.get("name").and_then(|name| name.get_ref().as_str()).unwrap_or_default();
                Some(format!("the {section} {name:?} names it, in its `{member}`"))
            });
        }
        let member = member(holds(value)?);
        Some(if (section, member.as_str()) == ("routing", "default_role") {
            "it is the default role, as `default_role` of [routing] says".to_owned()
        } else {
            format!("`{member}` of [{section}] names it")
        })
    })
}

fn has_name(entry: &DeValue<'_>, name: &str) -> bool {
    let DeValue::Table(members) = entry else { return false };
    members.get("name").is_some_and(|found| matches!(found.get_ref(), DeValue::String(text) if text == name))
}

fn path_in(value: &DeValue<'_>, offset: usize, path: &str) -> Option<String> {
    match value {
        DeValue::Table(members) => members.iter().find_map(|(key, member)| {
            let path = format!("{path}.{}", &**key.get_ref());
            let inner = path_in(member.get_ref(), offset, &path);
            inner.or_else(|| (key.span().contains(&offset) || member.span().contains(&offset)).then_some(path))
        }),
        DeValue::Array(values) => values.iter().enumerate().find_map(|(index, value)| {
            let path = format!("{path}[{index}]");
            let inner = path_in(value.get_ref(), offset, &path);
            inner.or_else(|| value.span().contains(&offset).then_some(path))
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "# Ours.\n[node]\nname = \"eu-1\" # the first\n\n# Money.\n[[role]]\nname = \"billing\"\n# Why two.\nweight = \
                        2\nchannels = [\n    \"email\", # mostly\n]\n\n# The rest.\n[[role]]\nname = \"general\"\n\n[[rule]]\nname = \
                        \"a\"\nwhen = 'true'\nset = { role = \"billing\" }\n\n# Second.\n[[rule]]\nname = \"b\"\nwhen = 'true'\nset = { role = \
                        \"general\" }\n";

    fn put(kind: Kind, name: &str, members: Value) -> EditStep {
        let Value::Object(members) = members else { panic!("members are an object") };
        EditStep::Put { kind, name: name.to_owned(), members }
    }

    #[test]
    fn one_member_changes_and_all_else_stays_as_it_is_written() {
        let step = put(Kind::Role, "billing", json!({ "name": "billing", "weight": 3, "channels": ["email"] }));
        assert_eq!(edit(TEXT, &[step]).expect("edited"), TEXT.replace("weight = 2", "weight = 3"));
        let step = put(Kind::Role, "billing", json!({ "name": "billing", "channels": ["email"], "weight": null }));
        assert_eq!(edit(TEXT, &[step]).expect("edited"), TEXT.replace("# Why two.\nweight = 2\n", ""));
    }

    #[test]
    fn what_is_new_stands_behind_its_kind_and_can_be_read() {
        let role =
            put(Kind::Role, "vip", json!({ "name": "vip", "overflow": [{ "after": "2m", "add_roles": ["general"] }] }));
        let channel = put(Kind::Channel, "fax", json!({ "limit": 2 }));
        let text = edit(TEXT, &[role, channel]).expect("edited");
        assert!(text.starts_with("# Ours.\n[node]\nname = \"eu-1\" # the first\n"), "{text}");
        let loaded = crate::config::parse("test", &text, &crate::config::Overrides::none());
        let catalogue = loaded.unwrap_or_else(|report| panic!("{text}\n{report}")).config.catalogue;
        assert_eq!(catalogue.roles.len(), 3);
        assert_eq!(catalogue.channels.len(), 1);
        let again = edit(&text, &[EditStep::Remove { kind: Kind::Channel, name: "fax".to_owned() }]).expect("edited");
        assert!(!again.contains("fax"), "{again}");
    }

    #[test]
    fn rules_change_places_with_their_comments() {
        let step = EditStep::MoveRule { name: "b".to_owned(), before: Some("a".to_owned()) };
        let text = edit(TEXT, &[step]).expect("edited");
        let place = |what: &str| text.find(what).unwrap_or_else(|| panic!("no {what} in {text}"));
        assert!(place("# Second.") < place("name = \"b\"") && place("name = \"b\"") < place("name = \"a\""), "{text}");
    }

    #[test]
    fn rules_change_places_with_all_that_is_theirs() {
        let rule = |name: &str, role: &str| {
            format!(
                "[[rule]]\nname = \"{name}\"\nwhen = 'true'\n\n[rule.set]\nrole = \"{role}\"\n[rule.set.skills]\n{role} = 2\n"
            )
        };
        let text =
            format!("{}\n{}\n[[role]]\nname = \"x\"\n\n{}", rule("a", "alpha"), rule("b", "beta"), rule("c", "gamma"));
        let step = EditStep::MoveRule { name: "c".to_owned(), before: Some("a".to_owned()) };
        let edited = edit(&text, &[step]).expect("edited");
        let table: toml::Table = edited.parse().expect("TOML");
        let rules = table["rule"].as_array().expect("rules").iter();
        let told: Vec<String> = rules.map(|rule| format!("{} {}", rule["name"], rule["set"])).collect();
        let expected = |name, role| format!("\"{name}\" {{ role = \"{role}\", skills = {{ {role} = 2 }} }}");
        assert_eq!(told, [expected("c", "gamma"), expected("a", "alpha"), expected("b", "beta")], "{edited}");
    }

    #[test]
    fn a_place_in_the_text_is_a_path_within_the_entry() {
        let at = |needle: &str| TEXT.find(needle).expect("there");
        let (root, _) = DeTable::parse_recoverable(TEXT);
        let path = |needle: &str, name: &str| path_within(root.get_ref(), at(needle), Kind::Role, name);
        assert_eq!(path("\"email\"", "billing").as_deref(), Some("$.channels[0]"));
        assert_eq!(path("weight", "billing").as_deref(), Some("$.weight"));
        assert_eq!(path("\"general\"", "billing"), None);
    }
}

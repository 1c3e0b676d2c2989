//! `[[hook.NAME.event]]`: which event it is, when, and what it is made of.

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::mapping::{Condition, Place, Rule, Term, Test, alternatives, members};
use crate::wire::EventKind;

use super::super::diagnostic::{Diagnostic, Origin};
use super::super::form::{Flag, Form, Node, describe, misfit};
use super::super::key::{Key, Keys};
use super::super::schema;
use super::super::section::{Reading, Section, quoted_list};
use super::super::suggestion::nearest;
use super::term;

/// The most conditions of an event, and values of one.
const CONDITIONS_MAX: usize = 64;

const TYPE: Key<KindForm> = Key::required("type", KindForm, "Which event it is (`docs/events.md`).");
const WHEN: Key<WhenForm> = Key::new(
    "when",
    WhenForm,
    "{}",
    "What has to be so: each place with its value, a list of values, `{ not = … }` or `{ present = true }`. All of them.",
);
const DATA: Key<DataForm> = Key::required("data", DataForm, "What each member of the event is made of.");

/// The keys of `[[hook.NAME.event]]`.
pub(in crate::config) const KEYS: Keys = &[&TYPE, &WHEN, &DATA];

/// One event; `None` where what is wrong with it has been reported.
#[derive(Debug, Clone, Copy)]
pub(super) struct EventForm;

impl Form for EventForm {
    type Value = Option<Rule>;

    fn expected(&self) -> String {
        "a table [[hook.NAME.event]] with `type`, `when` and `data`".to_owned()
    }

    fn schema(&self) -> Value {
        schema::table(KEYS)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        if !matches!(node.value, DeValue::Table(_)) {
            return misfit(self, node, reading, format!("{} is no event", describe(node.value)));
        }
        let section = Section::open("an `event` of a hook", node, KEYS, reading);
        let kind = section.take(&TYPE, reading);
        let when = section.take(&WHEN, reading);
        let is_whole = section.take(&DATA, reading).is_some();
        let data = kind.zip(section.node(&DATA)).filter(|_| is_whole).map(|(kind, node)| data(kind, &node, reading));
        // With conditions that can't be read it is not one that always holds.
        let is_told = when.is_some() || section.written(&WHEN).is_none();
        let rule = |(kind, data)| Rule { kind, when: when.unwrap_or_default(), data };
        Some(kind.zip(data).filter(|_| is_told).map(rule))
    }
}

/// What the members are made of, each fitted to what it is.
fn data(kind: EventKind, node: &Node<'_>, reading: &mut Reading<'_>) -> Vec<(String, Term)> {
    let DeValue::Table(table) = node.value else { return Vec::new() };
    let known = members(kind);
    let names: Vec<&str> = known.iter().map(|member| member.name.as_str()).collect();
    let mut data = Vec::new();
    for (name, value) in table {
        let Some(member) = known.iter().find(|member| member.name == **name.get_ref()) else {
            let message = format!("{kind} has no member `{}`", name.get_ref());
            let help = nearest(name.get_ref(), names.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            let found = Diagnostic::error(Origin::File(name.span()), message);
            reading.report(found.expected(format!("one of {}", quoted_list(&names))).help(help));
            continue;
        };
        let value = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
        let term = term::fit(&member.shape, &Place::new(kind, &member.name), &value, reading);
        data.extend(term.map(|term| (member.name.clone(), term)));
    }
    for member in known.iter().filter(|member| member.is_required && !table.contains_key(member.name.as_str())) {
        let message = format!("{kind} is none without `{}`", member.name);
        let expected = format!("{} = …, {}", member.name, term::EXPECTED);
        reading.report(Diagnostic::error(node.origin.clone(), message).expected(expected));
    }
    check_alternatives(kind, table, node, reading);
    data
}

/// That one of the members is there of which the event has one, and not always two of them.
fn check_alternatives(kind: EventKind, table: &DeTable<'_>, node: &Node<'_>, reading: &mut Reading<'_>) {
    let alternatives = alternatives(kind);
    let is_always = |value: &DeValue<'_>| matches!(value, DeValue::String(text) if !text.contains(['$', '{']));
    let said: Vec<_> = alternatives.iter().filter_map(|name| table.get(name.as_str())).collect();
    let names = alternatives.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    let message = match &said[..] {
        [] if !alternatives.is_empty() => format!("{kind} is none without one of {names}"),
        [_, _, ..] if said.iter().all(|value| is_always(value.get_ref())) => {
            format!("{kind} has one of {names}, and here it has always both")
        }
        _ => return,
    };
    let expected = format!("{} = …, {}", alternatives[0], term::EXPECTED);
    reading.report(Diagnostic::error(node.origin.clone(), message).expected(expected));
}

/// The name of a kind of event.
#[derive(Debug, Clone, Copy)]
struct KindForm;

impl Form for KindForm {
    type Value = EventKind;

    fn expected(&self) -> String {
        "the type of an event that comes in, such as \"ticket.created\"".to_owned()
    }

    fn schema(&self) -> Value {
        schema::words(EventKind::ALL.map(EventKind::as_str))
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<EventKind> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is no type of event", describe(node.value)));
        };
        let kind = EventKind::parse(text);
        if kind.is_none() {
            let meant = nearest(text, EventKind::ALL.map(EventKind::as_str));
            let found = Diagnostic::error(node.origin.clone(), format!("no event {text:?} comes in"));
            let help = meant.map(|meant| format!("did you mean {meant:?}?"));
            reading.report(found.expected(self.expected()).help(help));
        }
        kind
    }
}

/// A table; what is in it is fitted to the kind of event.
#[derive(Debug, Clone, Copy)]
struct DataForm;

impl Form for DataForm {
    type Value = ();

    fn expected(&self) -> String {
        format!("a table of members, each {}", term::EXPECTED)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<()> {
        match node.value {
            DeValue::Table(_) => Some(()),
            other => misfit(self, node, reading, format!("{} is no table of members", describe(other))),
        }
    }
}

/// Places, and what has to be so of each.
#[derive(Debug, Clone, Copy)]
struct WhenForm;

impl Form for WhenForm {
    type Value = Vec<Condition>;

    fn expected(&self) -> String {
        "a table such as { \"$.event\" = \"created\", \"$.state\" = [\"new\", \"open\"], \"$.bot\" = { present = false } }"
            .to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Vec<Condition>> {
        let table = match node.value {
            DeValue::Table(table) if table.len() <= CONDITIONS_MAX => table,
            other => return misfit(self, node, reading, format!("{} is no table of conditions", describe(other))),
        };
        let read = table.iter().map(|(name, value)| {
            let place = Node { value: &DeValue::String(name.get_ref().clone()), origin: Origin::File(name.span()) };
            let of = term::ReferenceForm.read(&place, reading);
            let value = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
            let test = TestForm.read(&value, reading);
            Some(Condition { of: of?, test: test? })
        });
        // Every condition is read before they are given up, so that all that is wrong is reported.
        read.collect::<Vec<Option<Condition>>>().into_iter().collect()
    }
}

const NOT: Key<WordsForm> = Key::optional("not", WordsForm, "anything", "It is none of these, or is not there.");
const PRESENT: Key<Flag> = Key::optional("present", Flag, "either", "Whether it is there.");
const TEST_KEYS: Keys = &[&NOT, &PRESENT];

/// What has to be so of a value.
#[derive(Debug, Clone, Copy)]
struct TestForm;

impl Form for TestForm {
    type Value = Test;

    fn expected(&self) -> String {
        format!("{}, {{ not = … }}, or {{ present = true }}", WordsForm.expected())
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Test> {
        if !matches!(node.value, DeValue::Table(_)) {
            return WordsForm.read(node, reading).map(Test::OneOf);
        }
        let section = Section::open("a condition of a hook", node, TEST_KEYS, reading);
        let (not, present) = (section.take(&NOT, reading), section.take(&PRESENT, reading));
        match (not, present) {
            (Some(words), None) => Some(Test::NoneOf(words)),
            (None, Some(present)) => Some(Test::Present(present)),
            _ => misfit(self, node, reading, "this says not one thing of the value"),
        }
    }
}

/// A text, a number or a truth, or a list of such.
#[derive(Debug, Clone, Copy)]
struct WordsForm;

impl WordsForm {
    fn word(self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<String> {
        match node.value {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Integer(number) => Some(number.to_string()),
            DeValue::Boolean(flag) => Some(flag.to_string()),
            other => misfit(&self, node, reading, format!("{} can't be compared", describe(other))),
        }
    }
}

impl Form for WordsForm {
    type Value = Vec<String>;

    fn expected(&self) -> String {
        "a text, a whole number, `true` or `false`, or a list of such".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Vec<String>> {
        let DeValue::Array(values) = node.value else { return self.word(node, reading).map(|word| vec![word]) };
        if values.is_empty() || values.len() > CONDITIONS_MAX {
            return misfit(self, node, reading, format!("this list has {} values", values.len()));
        }
        let node = |value| Node { value, origin: Origin::Whole };
        let words = values.iter().map(|value| {
            let word = Node { origin: Origin::File(value.span()), ..node(value.get_ref()) };
            self.word(&word, reading)
        });
        words.collect::<Vec<_>>().into_iter().collect()
    }
}

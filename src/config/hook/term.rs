//! What a member of an event is made of, as it is written.

use std::collections::BTreeMap;

use serde_json::{Number, Value};
use toml::de::DeValue;

use crate::mapping::{Epoch, Reference, Shape, Template, Term};

use super::super::diagnostic::{Diagnostic, Origin};
use super::super::form::{Choice, Form, Node, describe, misfit};
use super::super::key::{Key, Keys};
use super::super::section::{Reading, Section, quoted_list};
use super::super::suggestion::nearest;

/// The most values of a translation.
const TRANSLATIONS_MAX: usize = 1_000;
/// The most places of which the first counts.
const PLACES_MAX: usize = 16;

/// What a member may be made of, for whoever wrote something else.
pub(super) const EXPECTED: &str =
    "a value, a path such as \"$.ticket.id\", a text such as \"zammad-{$.ticket.id}\", or { from = …, map = { … } }";

const FROM: Key<PlacesForm> =
    Key::required("from", PlacesForm, "Where the value comes from: the first of these places where something is.");
const MAP: Key<MapForm> = Key::new("map", MapForm, "{}", "What its values mean; empty: each means itself.");
const ELSE: Key<ConstantForm> =
    Key::optional("else", ConstantForm, "the member is left out", "What all other values mean, and none.");
const AS: Key<Choice<Epoch>> = Key::optional(
    "as",
    Choice {
        of: "count of time",
        options: &[
            ("unix_seconds", Epoch::Seconds),
            ("unix_milliseconds", Epoch::Millis),
            ("unix_microseconds", Epoch::Micros),
        ],
    },
    "it is no time",
    "It is a time, counted so since 1970.",
);

/// The keys of a translation.
pub(in crate::config) const TRANSLATION_KEYS: Keys = &[&FROM, &MAP, &ELSE, &AS];

/// What is written, fitted to what the member is.
pub(super) fn fit(shape: &Shape, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    match (node.value, shape) {
        (DeValue::String(text), _) => of_text(shape, text, node, reading),
        (DeValue::Table(_), Shape::Table(members)) => table(members.as_deref(), node, reading),
        (DeValue::Table(table), _) if table.contains_key("from") => translation(shape, node, reading),
        (DeValue::Table(_), Shape::Other) => table(None, node, reading),
        (DeValue::Array(values), Shape::Other) => {
            let term = |value: &toml::Spanned<DeValue<'_>>, reading: &mut Reading<'_>| {
                fit(&Shape::Other, &Node { value: value.get_ref(), origin: Origin::File(value.span()) }, reading)
            };
            values
                .iter()
                .map(|value| term(value, reading))
                .collect::<Vec<_>>()
                .into_iter()
                .collect::<Option<_>>()
                .map(Term::List)
        }
        (DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_), Shape::Other) => {
            ConstantForm.read(node, reading).map(Term::Constant)
        }
        (other, Shape::Text) => wrong(node, reading, other, "a text, or where it comes from"),
        (other, Shape::Table(_)) => wrong(node, reading, other, "a table, or where it comes from"),
        (other, Shape::Other) => wrong(node, reading, other, EXPECTED),
    }
}

fn wrong(node: &Node<'_>, reading: &mut Reading<'_>, found: &DeValue<'_>, expected: &str) -> Option<Term> {
    let message = format!("{} does not fit this member", describe(found));
    reading.report(Diagnostic::error(node.origin.clone(), message).expected(expected));
    None
}

/// A place, a text with places in it, or a text: `$$` at its beginning is a `$`.
fn of_text(shape: &Shape, text: &str, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    if Reference::is_meant(text) {
        let reference = ReferenceForm.read(node, reading)?;
        let is_text = *shape == Shape::Text;
        return Some(if is_text { Term::Text(Template::of(reference)) } else { Term::Reference(reference) });
    }
    let unescaped = if text.starts_with("$$") { &text[1..] } else { text };
    let template = TemplateForm.read_text(unescaped, node, reading)?;
    Some(match template.as_plain() {
        Some(plain) => Term::Constant(plain.into()),
        None => Term::Text(template),
    })
}

fn table(members: Option<&[crate::mapping::Member]>, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    let DeValue::Table(table) = node.value else { return None };
    let mut terms = Vec::new();
    for (name, value) in table {
        let value = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
        let shape = match members {
            None => Some(Shape::Other),
            Some(members) => members.iter().find(|it| it.name == **name.get_ref()).map(|it| it.shape.clone()),
        };
        let Some(shape) = shape else {
            let names: Vec<&str> = members.into_iter().flatten().map(|member| member.name.as_str()).collect();
            let help = nearest(name.get_ref(), names.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            let found =
                Diagnostic::error(Origin::File(name.span()), format!("there is no member `{}`", name.get_ref()));
            reading.report(found.expected(format!("one of {}", quoted_list(&names))).help(help));
            continue;
        };
        terms.push(fit(&shape, &value, reading).map(|term| (name.get_ref().to_string(), term)));
    }
    terms.into_iter().collect::<Option<_>>().map(Term::Table)
}

fn translation(shape: &Shape, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    let section = Section::open("a translation of a hook", node, TRANSLATION_KEYS, reading);
    let from = section.take(&FROM, reading);
    let map = section.take(&MAP, reading).unwrap_or_default();
    let otherwise = section.take(&ELSE, reading);
    let epoch = section.take(&AS, reading);
    if epoch.is_some() && !map.is_empty() {
        let found = Diagnostic::error(section.origin(&AS), "a time is not translated by a `map`");
        reading.report(found.expected("`map` or `as`"));
    }
    Some(Term::Translation { from: from?, map, otherwise, epoch, as_text: *shape == Shape::Text })
}

/// A place in the JSON, or a header.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReferenceForm;

impl Form for ReferenceForm {
    type Value = Reference;

    fn expected(&self) -> String {
        Reference::EXPECTED.to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Reference> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is no place", describe(node.value)));
        };
        Reference::parse(text).map_err(|error| misfit::<()>(self, node, reading, error.to_string())).ok()
    }
}

/// A text with places in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct TemplateForm;

impl TemplateForm {
    fn read_text(self, text: &str, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Template> {
        Template::parse(text).map_err(|error| misfit::<()>(&self, node, reading, error.to_string())).ok()
    }
}

impl Form for TemplateForm {
    type Value = Template;

    fn expected(&self) -> String {
        format!("{}, or a text with such in braces, {{{{ for a brace", Reference::EXPECTED)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Template> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is no text", describe(node.value)));
        };
        if Reference::is_meant(text) {
            return ReferenceForm.read(node, reading).map(Template::of);
        }
        self.read_text(text, node, reading)
    }
}

/// What a delivery is called: a text with a place in it, or all deliveries would be called the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliveryForm;

impl Form for DeliveryForm {
    type Value = Template;

    fn expected(&self) -> String {
        TemplateForm.expected()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Template> {
        let template = TemplateForm.read(node, reading)?;
        let Some(plain) = template.as_plain() else { return Some(template) };
        let message = format!("{plain:?} is the same for each delivery: all but the first would be taken for repeats");
        misfit(self, node, reading, message)
    }
}

/// One place, or several of which the first counts where something is.
#[derive(Debug, Clone, Copy)]
struct PlacesForm;

impl Form for PlacesForm {
    type Value = Vec<Reference>;

    fn expected(&self) -> String {
        format!("{}, or a list of such", ReferenceForm.expected())
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Vec<Reference>> {
        let DeValue::Array(values) = node.value else { return ReferenceForm.read(node, reading).map(|one| vec![one]) };
        if values.is_empty() || values.len() > PLACES_MAX {
            return misfit(self, node, reading, format!("this list has {} places", values.len()));
        }
        let places = values.iter().map(|value| {
            ReferenceForm.read(&Node { value: value.get_ref(), origin: Origin::File(value.span()) }, reading)
        });
        places.collect::<Vec<_>>().into_iter().collect()
    }
}

/// A text, a number or a truth.
#[derive(Debug, Clone, Copy)]
struct ConstantForm;

impl Form for ConstantForm {
    type Value = Value;

    fn expected(&self) -> String {
        "a text, a number, `true` or `false`".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Value> {
        let number = |text: &str| text.parse::<Number>().ok().map(Value::Number);
        let read = match node.value {
            DeValue::String(text) => Some(Value::from(&**text)),
            DeValue::Boolean(flag) => Some(Value::from(*flag)),
            DeValue::Integer(written) => i64::from_str_radix(written.as_str(), written.radix()).ok().map(Value::from),
            DeValue::Float(written) => number(written.as_str()),
            DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
        };
        read.or_else(|| misfit(self, node, reading, format!("{} is neither", describe(node.value))))
    }
}

/// What values mean.
#[derive(Debug, Clone, Copy)]
struct MapForm;

impl Form for MapForm {
    type Value = BTreeMap<String, Value>;

    fn expected(&self) -> String {
        format!("a table of at most {TRANSLATIONS_MAX} values with what each means: {}", ConstantForm.expected())
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let table = match node.value {
            DeValue::Table(table) if table.len() <= TRANSLATIONS_MAX => table,
            other => return misfit(self, node, reading, format!("{} is no such table", describe(other))),
        };
        let read = table.iter().map(|(name, value)| {
            let node = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
            Some((name.get_ref().to_string(), ConstantForm.read(&node, reading)?))
        });
        read.collect::<Vec<_>>().into_iter().collect()
    }
}

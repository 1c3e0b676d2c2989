//! What a member of an event is made of, as it is written.

use std::collections::BTreeMap;

use serde_json::{Number, Value};
use toml::de::DeValue;

use crate::mapping::{Epoch, Found, Member, Place, Reference, Shape, Template, Term, sample};

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
const MAP: Key<MapForm> = Key::new(
    "map",
    MapForm,
    "{}",
    "What its values mean; empty: each means itself. Of a list the first that means something; where the member is a list, each.",
);
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

/// What is written, fitted to what the member is. What it always says is tried on the reader of events.
pub(super) fn fit(shape: &Shape, place: &Place, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    match (node.value, shape) {
        (DeValue::String(text), _) => of_text(shape, place, text, node, reading),
        (DeValue::Table(_), Shape::Table(members)) => table(members, place, node, reading),
        (DeValue::Table(_), Shape::Named(inner)) => named(inner, place, node, reading),
        (DeValue::Table(table), _) if table.contains_key("from") => translation(shape, place, node, reading),
        (DeValue::Table(_), Shape::Skills) => named(&Shape::Number, place, node, reading),
        (DeValue::Array(values), Shape::Names | Shape::Skills | Shape::Rows(_)) => {
            list(shape, place, values, reading).map(Term::List)
        }
        (
            DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_),
            Shape::Flag | Shape::Number | Shape::Level | Shape::Scalar | Shape::Other,
        ) => {
            let value = ConstantForm.read(node, reading)?;
            constant(shape, place, &value, node, reading).map(Term::Constant)
        }
        (other, shape) => wrong(node, reading, other, expected(shape)),
    }
}

/// What such a member may be made of.
fn expected(shape: &Shape) -> &'static str {
    match shape {
        Shape::Text => "a text, or where it comes from",
        Shape::Flag => "`true`, `false`, or where it comes from",
        Shape::Number => "a whole number, or where it comes from",
        Shape::Level => "a word, a whole number, or where it comes from",
        Shape::Scalar => "a text, a number, `true`, `false`, or where it comes from",
        Shape::Names => "a list of names, a text with commas between them, or where they come from",
        Shape::Skills => "a list of names, a table of them with levels, or where they come from",
        Shape::Rows(_) => "a list of names or of tables, or where it comes from",
        Shape::Table(_) | Shape::Named(_) => "a table, or where it comes from",
        Shape::Other => EXPECTED,
    }
}

fn wrong<T>(node: &Node<'_>, reading: &mut Reading<'_>, found: &DeValue<'_>, expected: &str) -> Option<T> {
    let message = format!("{} does not fit this member", describe(found));
    reading.report(Diagnostic::error(node.origin.clone(), message).expected(expected));
    None
}

/// A value that is always the same, as the member has it.
fn constant(shape: &Shape, place: &Place, value: &Value, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Value> {
    let Some(fitted) = shape.always(value) else { return wrong(node, reading, node.value, expected(shape)) };
    match place.refusal(&fitted) {
        None => Some(fitted),
        Some(expected) => wrong(node, reading, node.value, &expected),
    }
}

/// A place, a text with places in it, or a text: `$$` at its beginning is a `$`.
fn of_text(shape: &Shape, place: &Place, text: &str, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    if Reference::is_meant(text) {
        return ReferenceForm.read(node, reading).map(|reference| Term::of(reference, shape.clone()));
    }
    let unescaped = if text.starts_with("$$") { &text[1..] } else { text };
    let template = TemplateForm.read_text(unescaped, node, reading)?;
    match (template.as_plain(), shape) {
        (_, Shape::Table(_) | Shape::Named(_)) => wrong(node, reading, node.value, expected(shape)),
        (Some(plain), _) => constant(shape, place, &plain.into(), node, reading).map(Term::Constant),
        (None, _) => Some(Term::Text(template, shape.clone())),
    }
}

/// A table of members that are known.
fn table(members: &[Member], place: &Place, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    let DeValue::Table(table) = node.value else { return None };
    let mut terms = Vec::new();
    for (name, value) in table {
        let Some(member) = members.iter().find(|member| member.name == **name.get_ref()) else {
            let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
            let help = nearest(name.get_ref(), names.iter().copied()).map(|meant| format!("did you mean `{meant}`?"));
            let found =
                Diagnostic::error(Origin::File(name.span()), format!("there is no member `{}`", name.get_ref()));
            reading.report(found.expected(format!("one of {}", quoted_list(&names))).help(help));
            continue;
        };
        let value = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
        let term = fit(&member.shape, &place.member(&member.name), &value, reading);
        terms.push(term.map(|term| (member.name.clone(), term)));
    }
    terms.into_iter().collect::<Option<_>>().map(Term::Table)
}

/// A table of members with names of its own.
fn named(inner: &Shape, place: &Place, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    let DeValue::Table(table) = node.value else { return None };
    let mut terms = Vec::new();
    for (name, value) in table {
        let place = place.member(name.get_ref());
        if let Some(expected) = place.refusal(&sample(inner)) {
            let message = format!("{:?} can't be the name of a member here", name.get_ref());
            reading.report(Diagnostic::error(Origin::File(name.span()), message).expected(expected));
        }
        let value = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
        terms.push(fit(inner, &place, &value, reading).map(|term| (name.get_ref().to_string(), term)));
    }
    terms.into_iter().collect::<Option<_>>().map(Term::Table)
}

/// Elements, each of which may be several.
fn list(
    shape: &Shape,
    place: &Place,
    values: &[toml::Spanned<DeValue<'_>>],
    reading: &mut Reading<'_>,
) -> Option<Vec<Term>> {
    let terms = values.iter().map(|value| {
        let node = Node { value: value.get_ref(), origin: Origin::File(value.span()) };
        match (node.value, shape) {
            (DeValue::Table(row), Shape::Rows(members)) if !row.contains_key("from") => {
                table(members, &place.element(), &node, reading)
            }
            // Names that look like numbers.
            (DeValue::Integer(_), _) => {
                let value = ConstantForm.read(&node, reading)?;
                constant(shape, place, &value, &node, reading).map(Term::Constant)
            }
            (DeValue::String(_), _) => fit(shape, place, &node, reading),
            (DeValue::Table(table), _) if table.contains_key("from") => fit(shape, place, &node, reading),
            (other, _) => wrong(&node, reading, other, "a name, or where it comes from"),
        }
    });
    terms.collect::<Vec<_>>().into_iter().collect()
}

fn translation(shape: &Shape, place: &Place, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Term> {
    let section = Section::open("a translation of a hook", node, TRANSLATION_KEYS, reading);
    let from = section.take(&FROM, reading);
    let map = section.take(&MAP, reading).unwrap_or_default();
    let otherwise = section.take(&ELSE, reading);
    let epoch = section.take(&AS, reading);
    if epoch.is_some() && !map.is_empty() {
        let found = Diagnostic::error(section.origin(&AS), "a time is not translated by a `map`");
        reading.report(found.expected("`map` or `as`"));
    }
    if epoch.is_some() && !matches!(shape, Shape::Text | Shape::Scalar) {
        let found = Diagnostic::error(section.origin(&AS), "this member is no time");
        reading.report(found.expected(expected(shape)));
    }
    let map = section.node(&MAP).map(|node| meanings(shape, place, map, &node, reading)).unwrap_or_default();
    let otherwise =
        otherwise.zip(section.node(&ELSE)).and_then(|(value, node)| constant(shape, place, &value, &node, reading));
    Some(Term::Found(Found { from: from?, map, otherwise, epoch, shape: shape.clone() }))
}

/// What values mean, as the member has it.
fn meanings(
    shape: &Shape,
    place: &Place,
    map: BTreeMap<String, Value>,
    node: &Node<'_>,
    reading: &mut Reading<'_>,
) -> BTreeMap<String, Value> {
    let DeValue::Table(table) = node.value else { return map };
    let mut meant = BTreeMap::new();
    for (name, value) in map {
        let Some(written) = table.get(name.as_str()) else { continue };
        let node = Node { value: written.get_ref(), origin: Origin::File(written.span()) };
        meant.extend(constant(shape, place, &value, &node, reading).map(|value| (name, value)));
    }
    meant
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

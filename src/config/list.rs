//! Lists of values, in which the order counts or none stands twice: the form of each value is another's.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::de::DeValue;

use super::diagnostic::{Diagnostic, Origin};
use super::form::{Form, Node, describe, misfit};
use super::schema;
use super::section::Reading;

/// A list of values, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct List<F> {
    pub(super) of: F,
    pub(super) length_max: usize,
}

impl<F: Form> Form for List<F> {
    type Value = Vec<F::Value>;

    fn expected(&self) -> String {
        format!("a list of at most {} values, each {}", self.length_max, self.of.expected())
    }

    fn schema(&self) -> Value {
        schema::list(&self.of.schema(), self.length_max, false)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let values = elements(self, node, reading, self.length_max)?;
        // Every element is read before the list is given up, so that all that is wrong is reported.
        let read: Vec<Option<F::Value>> = values.iter().map(|element| self.of.read(element, reading)).collect();
        read.into_iter().collect()
    }
}

/// A list of different values, in any order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set<F> {
    pub(super) of: F,
    pub(super) length_max: usize,
}

impl<F: Form<Value: Ord>> Form for Set<F> {
    type Value = BTreeSet<F::Value>;

    fn expected(&self) -> String {
        format!("a list of at most {} different values, each {}", self.length_max, self.of.expected())
    }

    fn schema(&self) -> Value {
        schema::list(&self.of.schema(), self.length_max, true)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let values = elements(self, node, reading, self.length_max)?;
        let mut set = BTreeSet::new();
        let mut complete = true;
        for element in &values {
            match self.of.read(element, reading) {
                Some(value) => {
                    if !set.insert(value) {
                        let message = format!("{} stands here twice", describe(element.value));
                        reading.report(Diagnostic::error(element.origin.clone(), message));
                    }
                }
                None => complete = false,
            }
        }
        complete.then_some(set)
    }
}

fn elements<'a>(
    form: &impl Form,
    node: &Node<'a>,
    reading: &mut Reading<'_>,
    length_max: usize,
) -> Option<Vec<Node<'a>>> {
    match node.value {
        DeValue::Array(values) if values.len() > length_max => {
            misfit(form, node, reading, format!("this list has {} values", values.len()))
        }
        DeValue::Array(values) => {
            let element = |value: &'a toml::Spanned<DeValue<'a>>| Node {
                value: value.get_ref(),
                origin: Origin::File(value.span()),
            };
            Some(values.iter().map(element).collect())
        }
        DeValue::String(text) => {
            let found = Diagnostic::error(node.origin.clone(), format!("{text:?} is not a list"));
            reading.report(found.expected(form.expected()).help(Some(format!("write [{text:?}]"))));
            None
        }
        other => misfit(form, node, reading, format!("{} is not a list", describe(other))),
    }
}

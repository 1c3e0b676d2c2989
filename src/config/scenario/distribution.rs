//! How long something takes: always the same, or as chance has it.

use std::sync::Arc;

use toml::de::DeValue;

use crate::routing::Millis;

use super::super::channel::ANY_LENGTH;
use super::super::diagnostic::Diagnostic;
use super::super::form::{Form, Length, Node, misfit};
use super::super::key::{Key, Keys};
use super::super::list::List;
use super::super::section::{Reading, Section};
use super::Number;

/// The most values of an empirical distribution that stand in a scenario.
const VALUES_MAX: usize = 100_000;
/// A mean of no time at all is none.
const MEAN: Length = Length { min: Millis(1), max: ANY_LENGTH.max };

/// How long something takes.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Always so long.
    Fixed(Millis),
    /// Memoryless, with that mean.
    Exponential(Millis),
    /// Lognormal with that mean; `scv` is the variance divided by the square of the mean.
    Lognormal { mean: Millis, scv: f64 },
    /// One of these, each as likely; never empty.
    Empirical(Arc<[Millis]>),
}

impl Distribution {
    /// The mean, in milliseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "ten years in milliseconds are below 2^53")]
    pub fn mean_ms(&self) -> f64 {
        match self {
            Self::Fixed(length) | Self::Exponential(length) | Self::Lognormal { mean: length, .. } => length.0 as f64,
            Self::Empirical(values) => values.iter().map(|it| it.0 as f64).sum::<f64>() / values.len() as f64,
        }
    }
}

const EXPONENTIAL: Key<Length> =
    Key::optional("exponential", MEAN, "another kind", "Memoryless, with this mean, as queueing theory has it.");
const LOGNORMAL: Key<Length> =
    Key::optional("lognormal", MEAN, "another kind", "Lognormal with this mean: how long conversations are.");
const SCV: Key<Number> = Key::new(
    "scv",
    Number { min: 0.0, max: 1_000.0 },
    "1.0",
    "With `lognormal`: the variance divided by the square of the mean.",
);
const FIXED: Key<Length> = Key::optional("fixed", ANY_LENGTH, "another kind", "Always so long.");
const EMPIRICAL: Key<List<Length>> = Key::optional(
    "empirical",
    List { of: ANY_LENGTH, length_max: VALUES_MAX },
    "another kind",
    "One of these, each as likely.",
);
/// The keys of a distribution.
pub(in crate::config) const KEYS: Keys = &[&EXPONENTIAL, &LOGNORMAL, &SCV, &FIXED, &EMPIRICAL];

/// `"3m"` or `{ exponential = "3m" }`
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct DistributionForm;

impl Form for DistributionForm {
    type Value = Distribution;

    fn expected(&self) -> String {
        "a duration such as \"3m\", or { exponential = \"3m\" }, { lognormal = \"3m\", scv = 1.5 }, { empirical = [\"2m\", \"7m\"] }"
            .to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Distribution> {
        match node.value {
            DeValue::String(_) => ANY_LENGTH.read(node, reading).map(Distribution::Fixed),
            DeValue::Table(_) => self.read_table(node, reading),
            _ => misfit(self, node, reading, "this is no distribution"),
        }
    }
}

impl DistributionForm {
    fn read_table(self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Distribution> {
        let section = Section::open("a distribution", node, KEYS, reading);
        let scv = section.take(&SCV, reading);
        let empirical = section.take(&EMPIRICAL, reading).map(|values| Distribution::Empirical(values.into()));
        let kinds = [
            section.take(&EXPONENTIAL, reading).map(Distribution::Exponential),
            section.take(&LOGNORMAL, reading).map(|mean| Distribution::Lognormal { mean, scv: scv.unwrap_or(1.0) }),
            section.take(&FIXED, reading).map(Distribution::Fixed),
            empirical,
        ];
        let mut kinds = kinds.into_iter().flatten();
        match (kinds.next(), kinds.next()) {
            (Some(Distribution::Empirical(values)), None) if values.is_empty() => {
                misfit(&self, node, reading, "there is nothing to choose from")
            }
            (Some(kind), None) => Some(kind),
            (Some(_), Some(_)) => {
                let found = Diagnostic::error(node.origin.clone(), "a distribution is of one kind");
                reading.report(found.expected(self.expected()));
                None
            }
            (None, _) => misfit(&self, node, reading, "this is no distribution"),
        }
    }
}

//! How much agents are given in how long: keys of `[agents]`.

use toml::de::DeValue;

use crate::routing::Millis;
use crate::routing::pacing::{Allowance, COUNT_MAX, Pacing};

use super::duration;
use super::form::{Form, Node, Whole, describe, misfit};
use super::key::Key;
use super::section::{Reading, Section};
use super::writing::{Writes, Writing};
use super::written::Written;

/// The longest window: a day's work is planned, not paced.
const WINDOW_MAX: Millis = Millis::from_secs(24 * 3_600);

pub(super) const RAMP: Key<AllowanceForm> = Key::optional(
    "ramp",
    AllowanceForm,
    "at once as much as there are slots for",
    "At most so many tickets are given to one agent in any stretch of time so long.",
);

pub(super) const PER_HOUR: Key<Whole<u32>> = Key::optional(
    "per_hour",
    Whole { min: 1, max: COUNT_MAX },
    "as many as there are",
    "At most so many tickets are given to one agent in any hour, unless its registration says otherwise.",
);

/// Reads how agents are paced.
pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Pacing {
    Pacing { ramp: section.take(&RAMP, reading), per_hour: section.take(&PER_HOUR, reading) }
}

/// The way back.
pub(super) fn write(pacing: &Pacing, writing: &mut Writing) {
    let Pacing { ramp, per_hour } = pacing;
    writing.put_some(&RAMP, ramp.as_ref());
    writing.put_some(&PER_HOUR, per_hour.as_ref());
}

/// `1 per 10s`
#[derive(Debug, Clone, Copy)]
pub(super) struct AllowanceForm;

impl Form for AllowanceForm {
    type Value = Allowance;

    fn expected(&self) -> String {
        let window_max = duration::format(WINDOW_MAX);
        format!("a number from 1 to {COUNT_MAX} per a duration to {window_max}, such as \"1 per 10s\"")
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Allowance> {
        let DeValue::String(text) = node.value else {
            return misfit(self, node, reading, format!("{} is not so many per so long", describe(node.value)));
        };
        let allowance = parse(text).filter(|allowance| {
            let Allowance { count, window } = *allowance;
            (1..=COUNT_MAX).contains(&count) && (Millis(1)..=WINDOW_MAX).contains(&window)
        });
        allowance.or_else(|| misfit(self, node, reading, format!("{text:?} is not so many per so long")))
    }
}

fn parse(text: &str) -> Option<Allowance> {
    let (count, window) = text.split_once(" per ")?;
    Some(Allowance { count: count.trim().parse().ok()?, window: duration::parse(window.trim()).ok()? })
}

impl Writes for AllowanceForm {
    fn write(&self, Allowance { count, window }: &Allowance) -> Written {
        Written::Text(format!("{count} per {}", duration::format(*window)))
    }
}

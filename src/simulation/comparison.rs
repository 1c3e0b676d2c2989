//! Two catalogues, staffings or strategies side by side.

use serde::Serialize;

use super::figures::{GroupName, Measure};
use super::interval::Estimate;
use super::report::Report;

/// One figure of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Of which tickets.
    #[serde(flatten)]
    pub group: GroupName,
    /// Which figure, as JSON calls it.
    pub measure: &'static str,
    /// What it was.
    pub before: Estimate,
    /// What it would be.
    pub after: Estimate,
    /// By how much it changes: run by run, as both meet the same customers, so that chance is left out.
    pub difference: Estimate,
    /// Whether the interval of the difference leaves nothing out but a change.
    pub is_certain: bool,
}

/// Two reports, and what is different.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The first.
    pub before: Report,
    /// The second.
    pub after: Report,
    /// Every figure that both have.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// Sets two reports side by side. Runs of equal number are compared with each other.
    #[must_use]
    pub fn of(before: Report, after: Report) -> Self {
        let mut differences = Vec::new();
        for one in &before.groups {
            let Some(other) = after.groups.iter().find(|other| other.name == one.name) else { continue };
            for measure in Measure::ALL {
                let (Some(was), Some(is)) = (one.get(measure), other.get(measure)) else { continue };
                let pairs = one.runs[&measure].iter().zip(&other.runs[&measure]);
                let changes: Vec<f64> = pairs.filter_map(|(one, other)| Some((*other)? - (*one)?)).collect();
                let Some(difference) = Estimate::of(&changes) else { continue };
                let is_certain = difference.range().is_some_and(|(low, high)| low > 0.0 || high < 0.0);
                let (group, measure) = (one.name.clone(), measure.described().0);
                differences.push(Difference { group, measure, before: was, after: is, difference, is_certain });
            }
        }
        Self { before, after, differences }
    }

    /// How a figure of some tickets changes.
    #[must_use]
    pub fn difference(&self, group: &GroupName, measure: Measure) -> Option<&Difference> {
        let name = measure.described().0;
        self.differences.iter().find(|it| it.group == *group && it.measure == name)
    }
}

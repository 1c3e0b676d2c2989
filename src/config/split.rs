//! The form of splits.

use serde_json::Value;
use toml::de::DeValue;

use crate::routing::split::{SPLIT_WEIGHT_MAX, Split};

use super::diagnostic::Origin;
use super::form::{Form, Node, RoleReference, Whole, describe, misfit};
use super::schema;
use super::section::Reading;
use super::writing::Writes;
use super::written::Written;

/// The most roles of a split: far above any number of vendors.
const ROLES_MAX: usize = 100;

/// `{ vendor-a = 70, vendor-b = 30 }`
#[derive(Debug, Clone, Copy)]
pub(super) struct SplitForm;

impl SplitForm {
    const WEIGHT: Whole<u32> = Whole { min: 0, max: SPLIT_WEIGHT_MAX };
}

impl Form for SplitForm {
    type Value = Split;

    fn expected(&self) -> String {
        format!(
            "roles with their weights, such as {{ vendor-a = 70, vendor-b = 30 }}: at most {ROLES_MAX}, each weight {}, \
             not all of them 0",
            Self::WEIGHT.expected()
        )
    }

    fn schema(&self) -> Value {
        schema::by_name(&Self::WEIGHT.schema(), ROLES_MAX)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Split> {
        let DeValue::Table(table) = node.value else {
            return misfit(self, node, reading, format!("{} is not a split", describe(node.value)));
        };
        if table.len() > ROLES_MAX {
            return misfit(self, node, reading, format!("this split has {} roles", table.len()));
        }
        let mut split = Split::default();
        let mut complete = true;
        for (name, weight) in table {
            let text = DeValue::String(name.get_ref().clone());
            let role = RoleReference.read(&Node { value: &text, origin: Origin::File(name.span()) }, reading);
            let origin = Origin::File(weight.span());
            let weight = Self::WEIGHT.read(&Node { value: weight.get_ref(), origin }, reading);
            complete &= role.is_some() && weight.is_some();
            split.0.extend(role.zip(weight));
        }
        if complete && split.total() == 0 {
            return misfit(self, node, reading, "this split gives no role any ticket");
        }
        complete.then_some(split)
    }
}

impl Writes for SplitForm {
    fn write(&self, split: &Split) -> Written {
        let weight = |weight: &u32| Written::Whole((*weight).into());
        Written::Table(split.0.iter().map(|(role, share)| (role.to_string(), weight(share))).collect())
    }
}

//! The form of time zones.

use toml::de::DeValue;

use crate::routing::zone::Zone;

use super::form::{Form, Node, describe, misfit};
use super::section::Reading;
use super::writing::Writes;
use super::written::Written;

/// `"Europe/Berlin"`
#[derive(Debug, Clone, Copy)]
pub(super) struct ZoneForm;

impl Form for ZoneForm {
    type Value = Zone;

    fn expected(&self) -> String {
        "the name of a time zone of the IANA database, such as \"Europe/Berlin\"".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Zone> {
        let DeValue::String(name) = node.value else {
            return misfit(self, node, reading, format!("{} is not the name of a time zone", describe(node.value)));
        };
        match Zone::parse(name) {
            Ok(zone) => Some(zone),
            Err(unknown) => misfit(self, node, reading, unknown.to_string()),
        }
    }
}

impl Writes for ZoneForm {
    fn write(&self, zone: &Zone) -> Written {
        Written::text(zone.name())
    }
}

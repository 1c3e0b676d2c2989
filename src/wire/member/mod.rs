//! The kinds of value that members of `data` have: each is parsed straight into what the engine takes, and says what
//! it expected where it can't be.
//!
//! Invariant: what a kind accepts, its JSON Schema accepts too, and the words of its expectation say. (A schema counts
//! characters where the bound is in bytes; the expectation is exact.)

mod collection;
mod list;
mod number;
mod object;
mod text;

pub(super) use collection::{Attributes, NameSet, NamedMap, SkillSet};
pub(super) use list::{Bounded, NamedOr};
pub(super) use number::{PriorityLevel, Whole};
pub(super) use object::{Change, Object};
pub(super) use text::{Label, Moment, NAME_EXPECTED, Named, Note, OneOf, STATUS_EXPECTED, StatusWord, Subject};

/// A JSON Schema that is written out wherever it is used.
macro_rules! inline_schema {
    ($name:expr, $schema:expr) => {
        fn inline_schema() -> bool {
            true
        }

        fn schema_name() -> std::borrow::Cow<'static, str> {
            $name.into()
        }

        fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
            $schema
        }
    };
}
use inline_schema;

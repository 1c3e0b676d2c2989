//! Paths that an environment variable may give in place of an option. A variable that is empty counts as absent, as
//! container tools set it; an option that is empty is none.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};

/// Reads a path; an empty one stands for that default where the variable is what is empty.
pub(super) fn path_or(variable: &'static str, default: &'static str) -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().try_map(move |given: OsString| {
        if !given.is_empty() {
            return Ok(PathBuf::from(given));
        }
        let is_of_variable = std::env::var_os(variable).is_some_and(|text| text.is_empty());
        if is_of_variable { Ok(PathBuf::from(default)) } else { Err("expected a path, and this is empty") }
    })
}

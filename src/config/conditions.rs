//! The conditions of rules: whether the engine takes them, and where in the file that is which it does not take.

use crate::routing::catalogue::Rule;

use super::diagnostic::Diagnostic;
use super::rule::RuleOrigins;

/// Reports every condition that the engine does not take.
pub(super) fn check(_rules: &[Rule], _origins: &[RuleOrigins], _text: &str) -> Vec<Diagnostic> {
    Vec::new()
}

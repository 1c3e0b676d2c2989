//! What is valid and hardly meant: each finding is certain, says where it is, and what to do.
//!
//! Agents come by registration, so nothing is said here about roles that nobody has.

mod automations;
mod channels;
mod condition;
mod diversions;
mod hours;
mod ladders;
mod roles;
mod rules;

use crate::routing::Catalogue;

use super::catalogue::CatalogueOrigins;
use super::diagnostic::Diagnostic;

/// Everything in a valid catalogue that its author should look at.
pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = channels::check(catalogue, origins);
    found.extend(roles::check(catalogue, origins));
    found.extend(ladders::check(catalogue, origins));
    found.extend(hours::check(catalogue, origins));
    found.extend(diversions::check(catalogue, origins));
    found.extend(rules::check(catalogue, origins));
    found.extend(automations::check(catalogue, origins));
    found
}

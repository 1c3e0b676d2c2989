//! `replaces` of a `[[role]]`: a role of an earlier catalogue has one successor, and is gone.

use std::collections::BTreeMap;

use crate::routing::role::Role;
use crate::routing::{Catalogue, RoleName};

use super::catalogue::CatalogueOrigins;
use super::diagnostic::Diagnostic;
use super::section::Reading;
use super::suggestion::nearest;

/// Reports roles that are replaced although they are there, or by two others.
pub(super) fn check(roles: &BTreeMap<RoleName, Role>, origins: &CatalogueOrigins, reading: &mut Reading<'_>) {
    let mut successors: BTreeMap<&RoleName, &RoleName> = BTreeMap::new();
    for (role, replaced) in roles.values().flat_map(|role| role.replaces.iter().map(move |replaced| (role, replaced))) {
        let origin = origins.roles[&role.name].replaces.clone();
        if roles.contains_key(replaced) {
            let message = format!("the role {:?} can't be replaced, for it is in this catalogue", replaced.as_str());
            reading.report(Diagnostic::error(origin, message).expected("roles of earlier catalogues"));
        } else if let Some(other) = successors.insert(replaced, &role.name) {
            let message =
                format!("both {:?} and {:?} replace {:?}", other.as_str(), role.name.as_str(), replaced.as_str());
            reading.report(Diagnostic::error(origin, message).expected("roles that no other role replaces"));
        }
    }
}

/// What to name in place of a role that is not there: the one that has replaced it, else the one whose name is like it.
pub(super) fn instead_of(lost: &str, catalogue: &Catalogue) -> Option<String> {
    let successor = RoleName::parse(lost).ok().and_then(|lost| catalogue.successor(&lost).cloned());
    match successor {
        Some(successor) => Some(format!("{:?} is in its place now: name that", successor.as_str())),
        None => {
            nearest(lost, catalogue.roles.keys().map(RoleName::as_str)).map(|name| format!("did you mean {name:?}?"))
        }
    }
}

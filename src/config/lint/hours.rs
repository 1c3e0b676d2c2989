//! Hours by which nothing is open, or that no role goes by.

use crate::routing::hours::{Day, Hours};
use crate::routing::{Catalogue, HoursName};

use super::super::catalogue::CatalogueOrigins;
use super::super::diagnostic::Diagnostic;
use super::super::hours::HoursOrigins;

pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, hours) in &catalogue.hours {
        let Some(places) = origins.hours.get(name) else { continue };
        found.extend(never_open(name, hours, places));
        found.extend(open_and_closed(name, hours, places));
        if catalogue.roles.values().all(|role| role.admission.hours.as_ref() != Some(name)) {
            let message = format!("no role goes by the hours {name:?}");
            let help = format!("write `hours = {name:?}` in a [[role]], or leave them out");
            found.push(Diagnostic::warning(places.name.clone(), message).help(Some(help)));
        }
    }
    found
}

fn never_open(name: &HoursName, hours: &Hours, places: &HoursOrigins) -> Option<Diagnostic> {
    let in_a_week = hours.week.iter().any(|parts| !parts.is_empty());
    let on_a_day = hours.open_on.keys().any(|day| !hours.closed_on.contains(day));
    (!in_a_week && !on_a_day).then(|| {
        let message = format!("by the hours {name:?} nothing is ever open");
        let help = "say when in `open`, such as [\"mon-fri 08:00-18:00\"]";
        Diagnostic::warning(places.name.clone(), message).help(Some(help))
    })
}

fn open_and_closed(name: &HoursName, hours: &Hours, places: &HoursOrigins) -> Vec<Diagnostic> {
    let both = hours.open_on.keys().filter(|day| hours.closed_on.contains(day));
    let warning = |day: &Day| {
        let message = format!("by the hours {name:?} it is both open and closed on {}", String::from(*day));
        Diagnostic::warning(places.open_on.clone(), message)
            .help(Some("it is closed: leave the day out of one of them"))
    };
    both.map(warning).collect()
}

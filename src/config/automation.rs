//! `[[automation]]`: when this happens, or has lasted for so long, do that.

use toml::de::DeTable;

use crate::routing::automation::{Automation, AutomationActions, Occasion, TIMES_MAX};
use crate::routing::time::DURATION_MAX;
use crate::routing::{AutomationName, Millis};

use super::catalogue::entries;
use super::diagnostic::{Diagnostic, Origin};
use super::form::{Choice, Flag, Form, Length, Name, Node, PriorityForm, RoleReference, Text, Whole};
use super::key::{Key, Keys};
use super::list::Set;
use super::permission::PermissionForm;
use super::role::{PERMISSION_SET, RAISE};
use super::rule::{CONDITION_READ_MAX, SkillsForm};
use super::section::{Reading, Section};
use super::writing::{Member, Writes, Writing};
use super::written::Written;

/// What people are told fits on a screen.
const NOTIFY_LENGTH_MAX: usize = 1_000;
/// Below it an automation would be about the moment, not about how long something lasts.
const AFTER_MIN: Millis = Millis::from_secs(1);

const NAME: Key<Name<AutomationName>> = Key::required(
    "name",
    Name { of: "an automation", parse: AutomationName::parse },
    "Its name, as `ticket.automated` shows it.",
);
const ON: Key<Choice<Occasion>> = Key::required(
    "on",
    Choice {
        of: "occasion",
        options: &[
            ("waiting", Occasion::Waiting),
            ("owned", Occasion::Owned),
            ("silent", Occasion::Silent),
            ("created", Occasion::Created),
            ("updated", Occasion::Updated),
            ("role_changed", Occasion::RoleChanged),
            ("returned", Occasion::Returned),
            ("at_risk", Occasion::AtRisk),
            ("breached", Occasion::Breached),
        ],
    },
    "What it watches: a state that lasts (`waiting`, `owned`, `silent`), or something that happens.",
);
const AFTER: Key<Length> = Key::optional(
    "after",
    Length { min: AFTER_MIN, max: DURATION_MAX },
    "must be given with `waiting`, `owned` and `silent`, and with no other",
    "How long that state has lasted.",
);
const WHEN: Key<Text> = Key::optional(
    "when",
    Text { length_max: CONDITION_READ_MAX },
    "whatever the ticket is like",
    "A condition, in CEL, over the members of the ticket, that has to hold then.",
);
const TIMES: Key<Whole<u8>> =
    Key::new("times", Whole { min: 1, max: TIMES_MAX }, "1", "How often it fires for one ticket at most.");
const SET: Key<ActionsForm> = Key::new("set", ActionsForm, "{}", "What it sets of the ticket.");
const NOTIFY: Key<Text> = Key::optional(
    "notify",
    Text { length_max: NOTIFY_LENGTH_MAX },
    "nothing is said",
    "What people are to be told: `ticket.automated` repeats it.",
);

/// The keys of `[[automation]]`.
pub(super) const KEYS: Keys = &[&NAME, &ON, &AFTER, &WHEN, &TIMES, &SET, &NOTIFY];

pub(super) mod set {
    use super::{
        Flag, Key, Keys, PERMISSION_SET, PermissionForm, PriorityForm, RAISE, RoleReference, Set, SkillsForm, Whole,
    };

    pub(crate) const ROLE: Key<RoleReference> =
        Key::optional("role", RoleReference, "it stays", "The role to which the ticket is handed.");
    pub(crate) const PRIORITY: Key<PriorityForm> = Key::optional("priority", PriorityForm, "as it is", "Its priority.");
    pub(crate) const RAISE_PRIORITY: Key<Whole<u8>> =
        Key::new("raise_priority", RAISE, "0", "By how many levels its priority is raised, up to 9.");
    pub(crate) const SKILLS: Key<SkillsForm> = Key::new(
        "skills",
        SkillsForm,
        "{}",
        "Skills demanded beyond the ticket's own; where both name one, the higher level counts.",
    );
    pub(crate) const PERMISSIONS: Key<Set<PermissionForm>> =
        Key::new("permissions", PERMISSION_SET, "[]", "Permissions demanded beyond the ticket's own.");
    pub(crate) const RELEASE: Key<Flag> = Key::new(
        "release",
        Flag,
        "false",
        "With `owned` and `silent`: whether it is taken from its owner and goes back to its queue.",
    );
    pub(crate) const KEYS: Keys = &[&ROLE, &PRIORITY, &RAISE_PRIORITY, &SKILLS, &PERMISSIONS, &RELEASE];
}

/// Where an automation and its parts are written.
#[derive(Debug)]
pub(super) struct AutomationOrigins {
    pub(super) name: Origin,
    pub(super) when: Origin,
    pub(super) set: Origin,
}

/// Reads all automations.
pub(super) fn read_all(
    root: &DeTable<'_>,
    origins: &mut Vec<AutomationOrigins>,
    reading: &mut Reading<'_>,
) -> Vec<Automation> {
    let mut automations: Vec<Automation> = Vec::new();
    for node in entries(root, "automation", reading) {
        let section = Section::open("automation", &node, KEYS, reading);
        let Some((automation, places)) = read(&section, reading) else { continue };
        if automations.iter().any(|other| other.name == automation.name) {
            let message = format!("there are two automations {:?}", automation.name.as_str());
            let found = Diagnostic::error(places.name.clone(), message);
            reading.report(found.expected("a name that no other automation has: tickets remember by it which fired"));
        }
        automations.push(automation);
        origins.push(places);
    }
    automations
}

fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Option<(Automation, AutomationOrigins)> {
    let name = section.take(&NAME, reading);
    let on = section.take(&ON, reading);
    let after = section.take(&AFTER, reading);
    let (set, set_places) = section.take(&SET, reading).unwrap_or_default();
    let when = section.take(&WHEN, reading);
    let times = section.take(&TIMES, reading).unwrap_or(1);
    let notify = section.take(&NOTIFY, reading);
    let origins =
        AutomationOrigins { name: section.origin(&NAME), when: section.origin(&WHEN), set: section.origin(&SET) };
    let (name, on) = (name?, on?);
    check_time(section, on, reading);
    if let Some(release) = set_places.release.filter(|_| set.release) {
        check_release(on, &set, release, reading);
    }
    Some((Automation { name, on, after: after.unwrap_or_default(), when, times, set, notify }, origins))
}

/// The way back.
pub(super) fn write(automation: &Automation) -> Vec<Member> {
    let Automation { name, on, after, when, times, set, notify } = automation;
    let mut writing = Writing::default();
    writing.put(&NAME, name);
    writing.put(&ON, on);
    writing.put_some(&AFTER, on.is_timed().then_some(after));
    writing.put_some(&WHEN, when.as_ref());
    writing.put(&TIMES, times);
    writing.put(&SET, (set.clone(), ActionsPlaces::default()));
    writing.put_some(&NOTIFY, notify.as_ref());
    writing.finish(KEYS)
}

/// How long belongs to what lasts, and to nothing else.
fn check_time(section: &Section<'_>, on: Occasion, reading: &mut Reading<'_>) {
    match section.written(&AFTER) {
        None if on.is_timed() => {
            let found = Diagnostic::error(section.origin(&ON), "this automation does not say how long that has lasted");
            reading.report(found.expected(format!("after = …, {}", AFTER.form.expected())));
        }
        Some(origin) if !on.is_timed() => {
            let found = Diagnostic::error(origin, "`after` has no meaning for something that happens at a moment");
            reading.report(found.expected("on = \"waiting\", \"owned\" or \"silent\" with it, or no `after`"));
        }
        _ => {}
    }
}

fn check_release(on: Occasion, set: &AutomationActions, release: Origin, reading: &mut Reading<'_>) {
    if !on.is_of_owner() {
        let found =
            Diagnostic::error(release, "`release` takes a ticket from its owner, and this does not watch owners");
        reading.report(found.expected("on = \"owned\" or \"silent\" with it, or no `release`"));
    } else if set.role.is_some() {
        let found = Diagnostic::error(release, "an automation has a `role` and `release`");
        reading.report(found.expected("one of the two: who is handed a ticket has it from its owner"));
    }
}

/// Where parts of what an automation sets are written.
#[derive(Debug, Default)]
struct ActionsPlaces {
    release: Option<Origin>,
}

/// `{ role = "supervisors", raise_priority = 2 }`
#[derive(Debug, Clone, Copy)]
struct ActionsForm;

impl Form for ActionsForm {
    type Value = (AutomationActions, ActionsPlaces);

    fn expected(&self) -> String {
        "a table such as { role = \"supervisors\", raise_priority = 2 }".to_owned()
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let section = Section::open("the `set` of an automation", node, set::KEYS, reading);
        let actions = AutomationActions {
            role: section.take(&set::ROLE, reading),
            priority: section.take(&set::PRIORITY, reading),
            raise_priority: section.take(&set::RAISE_PRIORITY, reading).unwrap_or_default(),
            skills: section.take(&set::SKILLS, reading).unwrap_or_default(),
            permissions: section.take(&set::PERMISSIONS, reading).unwrap_or_default(),
            release: section.take(&set::RELEASE, reading).unwrap_or_default(),
        };
        Some((actions, ActionsPlaces { release: section.written(&set::RELEASE) }))
    }
}

impl Writes for ActionsForm {
    fn write(&self, (actions, _): &Self::Value) -> Written {
        let AutomationActions { role, priority, raise_priority, skills, permissions, release } = actions;
        let mut writing = Writing::default();
        writing.put_some(&set::ROLE, role.as_ref());
        writing.put_some(&set::PRIORITY, priority.as_ref());
        writing.put(&set::RAISE_PRIORITY, raise_priority);
        writing.put(&set::SKILLS, skills);
        writing.put(&set::PERMISSIONS, permissions);
        writing.put(&set::RELEASE, release);
        writing.into_table(set::KEYS)
    }
}

//! The overflow ladder: steps in order, each with when it is taken and what it widens.

use serde_json::Value;

use crate::routing::Millis;
use crate::routing::escalation::StepConditions;
use crate::routing::role::OverflowStep;

use super::super::channel::ANY_LENGTH;
use super::super::diagnostic::{Diagnostic, Origin};
use super::super::form::{Flag, Form, Length, Node, RoleReference, Whole};
use super::super::key::{Key, Keys};
use super::super::list::List;
use super::super::schema;
use super::super::section::{Reading, Section};
use super::super::staffing;
use super::super::writing::{Writes, Writing};
use super::super::written::Written;
use super::{NAMES_MAX, RAISE};

/// The most rungs of an overflow ladder.
const STEPS_MAX: usize = 20;
/// Beyond this a queue is as good as endless.
const WAITING: Whole<u32> = Whole { min: 0, max: 1_000_000 };

pub(in crate::config) const LADDER: Key<List<StepForm>> = Key::new(
    "overflow",
    List { of: StepForm, length_max: STEPS_MAX },
    "[]",
    "The overflow ladder: how a ticket's demand is widened while it waits. Later steps have a longer `after`.",
);

const AFTER: Key<Length> = Key::optional(
    "after",
    ANY_LENGTH,
    "at once, where the step has a condition; else it has to be there",
    "How long the ticket has been in the queue of this role when the step is taken, at the earliest.",
);
const WAITING_OVER: Key<Whole<u32>> =
    Key::optional("waiting_over", WAITING, "however many", "Only while more than so many wait in this role's queue.");
const ESTIMATED_WAIT_OVER: Key<Length> = Key::optional(
    "estimated_wait_over",
    ANY_LENGTH,
    "however long",
    "Only while the ticket's estimated wait is known, and longer than that.",
);
const UNLESS_OFFLINE: Key<Flag> =
    Key::new("unless_offline", Flag, "false", "Only while somebody who has one of `add_roles` is online.");
const AT_ONCE_IF_OFFLINE: Key<Flag> = Key::new(
    "at_once_if_offline",
    Flag,
    "false",
    "Whether `after` is not waited for while nobody who has a demanded role is online.",
);
const ADD_ROLES: Key<List<RoleReference>> = Key::new(
    "add_roles",
    List { of: RoleReference, length_max: NAMES_MAX },
    "[]",
    "Agents of these roles may take it as well.",
);
const DROP_SKILLS: Key<Flag> = Key::new("drop_skills", Flag, "false", "Whether it no longer demands any skills.");
const LOWER_SKILLS: Key<Whole<u8>> = Key::new(
    "lower_skills",
    Whole { min: 0, max: 10 },
    "0",
    "By how many levels it demands less of each skill; below 1 the skill is no longer demanded.",
);
const RAISE_PRIORITY: Key<Whole<u8>> =
    Key::new("raise_priority", RAISE, "0", "By how many levels its priority is raised, up to 9.");

/// The keys of a step.
pub(in crate::config) const KEYS: Keys = &[
    &AFTER,
    &WAITING_OVER,
    &ESTIMATED_WAIT_OVER,
    &UNLESS_OFFLINE,
    &AT_ONCE_IF_OFFLINE,
    &ADD_ROLES,
    &DROP_SKILLS,
    &LOWER_SKILLS,
    &RAISE_PRIORITY,
    &staffing::STEP_RANK_MAX,
];

/// The steps of a ladder, none of which may come before its predecessor. Where time alone takes both they can't come
/// together.
pub(super) fn in_order(steps: Vec<(OverflowStep, Origin)>, reading: &mut Reading<'_>) -> Vec<OverflowStep> {
    for pair in steps.windows(2) {
        let [(earlier, _), (later, origin)] = pair else { continue };
        let timed = earlier.conditions.is_none() && later.conditions.is_none();
        if later.after < earlier.after || timed && later.after == earlier.after {
            let message = format!("this step comes after {}, which is not later than the step before", later.after);
            let found = Diagnostic::error(origin.clone(), message);
            let at_once = (later.after == Millis::ZERO)
                .then_some("a step that says no `after` is taken as soon as its conditions hold: put it first");
            reading.report(found.expected(format!("a duration longer than {}", earlier.after)).help(at_once));
        }
    }
    steps.into_iter().map(|(step, _)| step).collect()
}

/// `{ after = "2m", add_roles = ["technical"] }`, with where its `after` is.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct StepForm;

impl Form for StepForm {
    type Value = (OverflowStep, Origin);

    fn expected(&self) -> String {
        "a table such as { after = \"2m\", add_roles = [\"technical\"] }".to_owned()
    }

    fn schema(&self) -> Value {
        schema::table(KEYS)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Self::Value> {
        let section = Section::open("an overflow step", node, KEYS, reading);
        let add_roles = section.take(&ADD_ROLES, reading).unwrap_or_default();
        let conditions = StepConditions {
            waiting_over: section.take(&WAITING_OVER, reading),
            estimated_wait_over: section.take(&ESTIMATED_WAIT_OVER, reading),
            unless_offline: section.take(&UNLESS_OFFLINE, reading).unwrap_or_default(),
            at_once_if_offline: section.take(&AT_ONCE_IF_OFFLINE, reading).unwrap_or_default(),
        };
        if conditions.unless_offline && add_roles.is_empty() {
            let message = "`unless_offline` asks whether somebody of the added roles is online, and none is added";
            let found = Diagnostic::error(section.origin(&UNLESS_OFFLINE), message);
            reading.report(found.expected("`add_roles` with at least one role"));
        }
        let step = OverflowStep {
            after: Millis::ZERO,
            drop_skills: section.take(&DROP_SKILLS, reading).unwrap_or_default(),
            lower_skills: section.take(&LOWER_SKILLS, reading).unwrap_or_default(),
            raise_priority: section.take(&RAISE_PRIORITY, reading).unwrap_or_default(),
            rank_max: section.take(&staffing::STEP_RANK_MAX, reading),
            add_roles,
            conditions,
        };
        let after = after(&section, &conditions, reading)?;
        Some((OverflowStep { after, ..step }, section.origin(&AFTER)))
    }
}

impl Writes for StepForm {
    fn write(&self, (step, _): &Self::Value) -> Written {
        let OverflowStep { after, add_roles, drop_skills, raise_priority, lower_skills, rank_max, conditions } = step;
        let StepConditions { waiting_over, estimated_wait_over, unless_offline, at_once_if_offline } = conditions;
        let mut writing = Writing::default();
        let says_when = !after.is_zero() || conditions.leaves_it_to_time();
        writing.put_some(&AFTER, says_when.then_some(after));
        writing.put_some(&WAITING_OVER, waiting_over.as_ref());
        writing.put_some(&ESTIMATED_WAIT_OVER, estimated_wait_over.as_ref());
        writing.put(&UNLESS_OFFLINE, unless_offline);
        writing.put(&AT_ONCE_IF_OFFLINE, at_once_if_offline);
        writing.put(&ADD_ROLES, add_roles);
        writing.put(&DROP_SKILLS, drop_skills);
        writing.put(&LOWER_SKILLS, lower_skills);
        writing.put(&RAISE_PRIORITY, raise_priority);
        writing.put_some(&staffing::STEP_RANK_MAX, rank_max.as_ref());
        writing.into_table(KEYS)
    }
}

/// A step that does not say when is taken at once, if it says at least on what condition.
fn after(section: &Section<'_>, conditions: &StepConditions, reading: &mut Reading<'_>) -> Option<Millis> {
    if !conditions.leaves_it_to_time() || section.written(&AFTER).is_some() {
        return section.take(&AFTER, reading).or(Some(Millis::ZERO));
    }
    let found = Diagnostic::error(section.header(), "this overflow step says neither when nor on what condition");
    reading.report(found.expected(format!("after = …, {}", AFTER.form.expected())));
    None
}

//! `[[rule]]`: which tickets get which role, priority and demands.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::de::DeValue;

use crate::routing::catalogue::{Rule, RuleActions};
use crate::routing::skill::{SkillLevel, Skills};
use crate::routing::{Permission, RoleName, RuleName, SkillName};

use super::diagnostic::{Diagnostic, Origin};
use super::form::{Form, Name, Node, PriorityForm, RoleReference, Text, Whole, misfit};
use super::key::{Key, Keys};
use super::list::Set;
use super::permission::PermissionForm;
use super::role::{PERMISSION_SET, RAISE};
use super::schema;
use super::section::{Reading, Section};
use super::split::SplitForm;
use super::writing::{Member, Writes, Writing};
use super::written::Written;

/// The longest condition that is read, in bytes. What the engine takes is less, and it says so itself.
pub(super) const CONDITION_READ_MAX: usize = 65_536;

const NAME: Key<Name<RuleName>> =
    Key::required("name", Name { of: "a rule", parse: RuleName::parse }, "Its name, as explanations show it.");
const WHEN: Key<Text> = Key::required(
    "when",
    Text { length_max: CONDITION_READ_MAX },
    "The condition, in CEL, over the members of the ticket. The first rule whose condition holds applies.",
);
const SET: Key<ActionsForm> = Key::required("set", ActionsForm, "What the rule sets.");

/// The keys of `[[rule]]`.
pub(super) const KEYS: Keys = &[&NAME, &WHEN, &SET];

/// Where a rule and its parts are written.
#[derive(Debug)]
pub(super) struct RuleOrigins {
    pub(super) name: Origin,
    pub(super) when: Origin,
    pub(super) set: Origin,
}

/// Reads a rule. Without a name or a condition there is none.
pub(super) fn read(section: &Section<'_>, reading: &mut Reading<'_>) -> Option<(Rule, RuleOrigins)> {
    let name = section.take(&NAME, reading);
    let when = section.take(&WHEN, reading);
    let set = section.take(&SET, reading).unwrap_or_default();
    let origins = RuleOrigins { name: section.origin(&NAME), when: section.origin(&WHEN), set: section.origin(&SET) };
    Some((Rule { name: name?, when: when?, set }, origins))
}

/// The way back.
pub(super) fn write(rule: &Rule) -> Vec<Member> {
    let Rule { name, when, set } = rule;
    let mut writing = Writing::default();
    writing.put(&NAME, name);
    writing.put(&WHEN, when);
    writing.put(&SET, set);
    writing.finish(KEYS)
}

pub(super) mod set {
    use super::{
        Key, Keys, PERMISSION_SET, PermissionForm, PriorityForm, RAISE, RoleReference, Set, SkillsForm, SplitForm,
        Whole,
    };

    pub(crate) const ROLE: Key<RoleReference> =
        Key::optional("role", RoleReference, "by the ticket's type", "The role that the ticket goes to.");
    pub(crate) const SPLIT: Key<SplitForm> = Key::optional(
        "split",
        SplitForm,
        "no split",
        "In place of `role`: tickets are shared out between these roles by weight. One ticket always gets the same role.",
    );
    pub(crate) const PRIORITY: Key<PriorityForm> =
        Key::optional("priority", PriorityForm, "the ticket's", "Its priority, whatever the ticket said.");
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
    pub(crate) const KEYS: Keys = &[&ROLE, &SPLIT, &PRIORITY, &RAISE_PRIORITY, &SKILLS, &PERMISSIONS];
}

/// `{ role = "vip", raise_priority = 3 }`
#[derive(Debug, Clone, Copy)]
struct ActionsForm;

impl Form for ActionsForm {
    type Value = RuleActions;

    fn expected(&self) -> String {
        "a table such as { role = \"vip\", raise_priority = 3 }".to_owned()
    }

    fn schema(&self) -> Value {
        schema::table(set::KEYS)
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<RuleActions> {
        let section = Section::open("the `set` of a rule", node, set::KEYS, reading);
        let role: Option<RoleName> = section.take(&set::ROLE, reading);
        let split = section.take(&set::SPLIT, reading).unwrap_or_default();
        if role.is_some() && !split.is_empty() {
            let found = Diagnostic::error(section.origin(&set::SPLIT), "a rule has a `role` and a `split`");
            reading.report(found.expected("one of the two"));
        }
        let permissions: Option<BTreeSet<Permission>> = section.take(&set::PERMISSIONS, reading);
        Some(RuleActions {
            role,
            split,
            priority: section.take(&set::PRIORITY, reading),
            raise_priority: section.take(&set::RAISE_PRIORITY, reading).unwrap_or_default(),
            skills: section.take(&set::SKILLS, reading).unwrap_or_default(),
            permissions: permissions.unwrap_or_default(),
        })
    }
}

impl Writes for ActionsForm {
    fn write(&self, actions: &RuleActions) -> Written {
        let RuleActions { role, split, priority, raise_priority, skills, permissions } = actions;
        let mut writing = Writing::default();
        writing.put_some(&set::ROLE, role.as_ref());
        writing.put_some(&set::SPLIT, Some(split).filter(|split| !split.is_empty()));
        writing.put_some(&set::PRIORITY, priority.as_ref());
        writing.put(&set::RAISE_PRIORITY, raise_priority);
        writing.put(&set::SKILLS, skills);
        writing.put(&set::PERMISSIONS, permissions);
        writing.into_table(set::KEYS)
    }
}

/// The most skills that the schema of a rule allows; far above any use.
const SKILLS_MAX: usize = 100;

/// `{ de = 8 }` or `["de"]`
#[derive(Debug, Clone, Copy)]
pub(super) struct SkillsForm;

impl SkillsForm {
    const NAME: Name<SkillName> = Name { of: "a skill", parse: SkillName::parse };
    const NAMES: Set<Name<SkillName>> = Set { of: Self::NAME, length_max: SKILLS_MAX };
    const LEVEL: Whole<u8> = Whole { min: 1, max: 10 };
}

impl Form for SkillsForm {
    type Value = Skills;

    fn expected(&self) -> String {
        "skills with levels from 1 to 10, such as { de = 8 }, or their names alone, such as [\"de\"]".to_owned()
    }

    fn schema(&self) -> Value {
        schema::either(&[Self::NAMES.schema(), schema::by_name(&Self::LEVEL.schema(), SKILLS_MAX)])
    }

    fn read(&self, node: &Node<'_>, reading: &mut Reading<'_>) -> Option<Skills> {
        match node.value {
            DeValue::Array(_) => {
                let names = Self::NAMES.read(node, reading)?;
                Some(Skills(names.into_iter().map(|name| (name, SkillLevel::MIN)).collect()))
            }
            DeValue::Table(table) => {
                let mut skills = Skills::default();
                for (name, level) in table {
                    let origin = Origin::File(level.span());
                    let level = Self::LEVEL.read(&Node { value: level.get_ref(), origin }, reading);
                    match SkillName::parse(name.get_ref()) {
                        Ok(skill) => skills.0.extend(level.and_then(SkillLevel::new).map(|level| (skill, level))),
                        Err(error) => {
                            let message = format!("the name of a skill {error}");
                            reading.report(
                                Diagnostic::error(Origin::File(name.span()), message).expected(Self::NAME.expected()),
                            );
                        }
                    }
                }
                Some(skills)
            }
            _ => misfit(self, node, reading, "these are no skills"),
        }
    }
}

impl Writes for SkillsForm {
    fn write(&self, skills: &Skills) -> Written {
        let level = |level: &SkillLevel| Written::Whole(level.get().into());
        Written::Table(skills.0.iter().map(|(skill, held)| (skill.to_string(), level(held))).collect())
    }
}

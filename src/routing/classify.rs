//! Rules → role, skills, priority: once, at intake, and afresh on an update (`docs/routing.md#which-role`).
//!
//! Conditions are CEL over [`super::facts`]. An attribute that the ticket lacks makes the condition false, as does a
//! comparison of values that do not compare.

use std::sync::Arc;

use super::catalogue::{Catalogue, Rule, RuleActions};
use super::condition::{Condition, Fault};
use super::facts::{Facts, RULE_VARIABLES};
use super::name::{RoleName, RuleName};
use super::skill::Skills;
use super::ticket::{Demand, TicketSpec};

/// Why a rule cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}: {message}")]
pub struct RuleError {
    /// Its place in the catalogue, from 0.
    pub index: usize,
    /// Its name.
    pub rule: RuleName,
    /// Line and column in the condition, from 1, where known.
    pub position: Option<(usize, usize)>,
    /// What is wrong, and what was expected.
    pub message: String,
}

/// The rules of a catalogue, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Classifier {
    conditions: Arc<Vec<Condition>>,
}

impl Classifier {
    /// Makes the rules ready.
    ///
    /// # Errors
    /// Every rule whose condition can't be used.
    pub fn compile(rules: &[Rule]) -> Result<Self, Vec<RuleError>> {
        let mut conditions = Vec::with_capacity(rules.len());
        let mut errors = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            match Condition::compile(&rule.when, RULE_VARIABLES) {
                Ok(condition) => conditions.push(condition),
                Err(Fault { position, message }) => {
                    errors.push(RuleError { index, rule: rule.name.clone(), position, message });
                }
            }
        }
        if errors.is_empty() { Ok(Self { conditions: Arc::new(conditions) }) } else { Err(errors) }
    }

    /// The first rule whose condition holds.
    fn first_match<'c>(&self, facts: &Facts<'c>) -> Option<&'c Rule> {
        let index = self.conditions.iter().position(|condition| condition.holds(facts))?;
        facts.catalogue().rules.get(index)
    }

    /// What a ticket demands under the catalogue and at the moment of these facts. A split draws from the seed.
    #[must_use]
    pub fn classify(&self, facts: &Facts<'_>, seed: u64) -> Demand {
        let (catalogue, spec) = (facts.catalogue(), facts.spec);
        if let Some(own) = &spec.asked.role {
            let known = catalogue.roles.contains_key(own).then(|| own.clone());
            return demand(catalogue, spec, known, None);
        }
        let matched = self.first_match(facts);
        let by_rule = matched.and_then(|rule| rule.set.role_of(seed, &rule.name, facts.ticket).cloned());
        let role = by_rule.or_else(|| by_type(catalogue, spec)).filter(|role| catalogue.roles.contains_key(role));
        demand(catalogue, spec, role, matched)
    }
}

fn by_type(catalogue: &Catalogue, spec: &TicketSpec) -> Option<RoleName> {
    let typed = spec.asked.kind.as_ref().and_then(|kind| catalogue.role_for_type(kind, &spec.asked.channel));
    typed.or(catalogue.default_role.as_ref()).cloned()
}

fn demand(catalogue: &Catalogue, spec: &TicketSpec, role: Option<RoleName>, matched: Option<&Rule>) -> Demand {
    let nothing = RuleActions::default();
    let set = matched.map_or(&nothing, |rule| &rule.set);
    Demand {
        rank_max: role.as_ref().and_then(|role| catalogue.roles.get(role)?.staffing.rank_max),
        roles: role.into_iter().collect(),
        rule: matched.map(|rule| rule.name.clone()),
        skills: joined(&spec.asked.skills, &set.skills),
        permissions: spec.asked.permissions.union(&set.permissions).cloned().collect(),
        priority: set.priority.unwrap_or(spec.asked.priority).raised(set.raise_priority),
    }
}

/// The skills of both, each at its higher level.
pub(super) fn joined(own: &Skills, more: &Skills) -> Skills {
    let mut all = own.clone();
    for (name, level) in &more.0 {
        if all.0.get(name).is_none_or(|held| held < level) {
            all.0.insert(name.clone(), *level);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::facts::QueueFacts;
    use crate::routing::name::{ChannelName, TicketId};
    use crate::routing::ticket::Scalar;
    use crate::routing::time::Timestamp;
    use crate::routing::zone::Zone;

    fn rule(when: &str) -> Rule {
        Rule { name: RuleName::parse("r").unwrap(), when: when.to_owned(), set: RuleActions::default() }
    }

    /// 2026-11-22T23:30:00Z, a Sunday.
    const NOW: Timestamp = Timestamp(1_795_390_200_000);

    fn catalogue(when: &str) -> Catalogue {
        let roles = ["billing", "technical"].map(|name| RoleName::parse(name).unwrap());
        Catalogue {
            rules: vec![rule(when)],
            roles: roles.map(|name| (name.clone(), crate::routing::role::Role::named(name))).into(),
            ..Catalogue::default()
        }
    }

    fn holds_under(catalogue: &Catalogue, spec: &TicketSpec) -> bool {
        let classifier = Classifier::compile(&catalogue.rules).unwrap();
        let waiting = |role: &RoleName| if role.as_str() == "billing" { 7 } else { 0 };
        let count = |role: &RoleName| QueueFacts { waiting: waiting(role), online: 3, free: 1 };
        let ticket = TicketId::parse("t1").unwrap();
        let created_at = Timestamp(NOW.0 - 90_500);
        classifier.classify(&Facts::new(&ticket, spec, (created_at, NOW), catalogue, &count), 1).rule.is_some()
    }

    fn holds(when: &str, spec: &TicketSpec) -> bool {
        holds_under(&catalogue(when), spec)
    }

    fn spec() -> TicketSpec {
        let mut spec = TicketSpec::on(ChannelName::parse("chat").unwrap());
        spec.beside.customer.tier = Some("vip".to_owned());
        spec.beside.subject = Some("Invoice 4711".to_owned());
        spec.beside.attributes.insert("amount".to_owned(), Scalar::Int(120));
        spec.beside.attributes.insert("share".to_owned(), Scalar::Float(0.5));
        spec.beside.exclude_agents.insert("ana".parse().unwrap());
        spec.beside.due_at = Some(Timestamp(NOW.0 + 60_999));
        spec.beside.not_before = Some(Timestamp(NOW.0 - 1));
        spec
    }

    #[test]
    fn a_condition_sees_the_members_of_the_ticket() {
        for condition in [
            r#"customer.tier == "vip""#,
            r#""ana" in exclude_agents"#,
            "age == 90",
            "due_in == 60 && starts_in == -1 && expires_in == null",
            r#"channel == "chat" && priority == 3"#,
            "attributes.amount > 100",
            "attributes.share < 0.75",
            r#"subject.matches("^Invoice [0-9]+$")"#,
            "has(attributes.amount)",
            "type == null",
            r#"!("refund.issue" in permissions)"#,
        ] {
            assert!(holds(condition, &spec()), "{condition}");
        }
    }

    #[test]
    fn a_condition_sees_calendar_and_clock_where_the_contact_centre_is() {
        let in_utc = r#"hour == 23 && weekday == "sun" && date == "2026-11-22""#;
        assert!(holds(in_utc, &spec()));
        let in_berlin = r#"hour == 0 && weekday == "mon" && date == "2026-11-23""#;
        let moved = Catalogue { time_zone: Zone::parse("Europe/Berlin").unwrap(), ..catalogue(in_berlin) };
        assert!(holds_under(&moved, &spec()));
    }

    #[test]
    fn a_condition_sees_the_queues() {
        assert!(holds(
            r#"queue["billing"].waiting == 7 && queue.billing.online == 3 && queue.billing.free < 2"#,
            &spec()
        ));
        assert!(holds("queue.exists(role, queue[role].waiting == 0)", &spec()));
        assert!(!holds(r#"queue["nobody's"].waiting == 0"#, &spec()));
    }

    #[test]
    fn a_condition_that_cannot_be_evaluated_does_not_hold() {
        for condition in [
            r#"attributes.absent == "x""#,
            r#"attributes.amount == "120""#,
            r#"attributes.amount > "a""#,
            r#"type.startsWith("x")"#,
            "1 / 0 == 1",
        ] {
            assert!(!holds(condition, &spec()), "{condition}");
        }
    }

    #[test]
    fn a_rule_is_refused_with_its_place() {
        let rules = [rule("true"), rule("customer.tier == "), rule("true || nobody == 1"), rule(&"(".repeat(40))];
        let errors = Classifier::compile(&rules).unwrap_err();
        let places: Vec<_> = errors.iter().map(|error| (error.index, error.position)).collect();
        assert_eq!(places, [(1, Some((1, 18))), (2, Some((1, 9))), (3, None)]);
        assert!(errors[1].message.contains("\"nobody\""), "{}", errors[1].message);
    }
}

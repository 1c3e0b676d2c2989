//! Rules → role, skills, priority: once, at intake, and afresh on an update (contract §6.1).
//!
//! Conditions are CEL. They see the ticket's members by their names on the wire: `type`, `channel`, `priority`, `role`,
//! `skills`, `permissions`, `customer` (`id`, `tier`, `language`), `preferred_agent`, `subject`, `attributes`. A member
//! that the ticket lacks is `null`; an attribute that it lacks makes the condition false, as does a comparison of values
//! that do not compare.

use std::collections::HashMap;
use std::sync::Arc;

use cel::objects::Key;
use cel::{Context, Env, Program, Value};

use super::catalogue::{Catalogue, Rule, RuleActions};
use super::condition::{self, Fault};
use super::name::{RoleName, RuleName};
use super::skill::Skills;
use super::ticket::{Demand, Scalar, TicketSpec};

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
#[derive(Clone)]
pub struct Classifier {
    env: Arc<Env>,
    conditions: Arc<Vec<Program>>,
}

impl std::fmt::Debug for Classifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classifier").field("rules", &self.conditions.len()).finish_non_exhaustive()
    }
}

impl Default for Classifier {
    fn default() -> Self {
        Self { env: Arc::new(Env::stdlib()), conditions: Arc::default() }
    }
}

impl Classifier {
    /// Makes the rules ready.
    ///
    /// # Errors
    /// Every rule whose condition does not parse, is too long or too deep, or refers to something unknown.
    pub fn compile(rules: &[Rule]) -> Result<Self, Vec<RuleError>> {
        let env = Arc::new(Env::stdlib());
        let mut conditions = Vec::with_capacity(rules.len());
        let mut errors = Vec::new();
        for (index, rule) in rules.iter().enumerate() {
            match condition::compile(&env, &rule.when) {
                Ok(program) => conditions.push(program),
                Err(Fault { position, message }) => {
                    errors.push(RuleError { index, rule: rule.name.clone(), position, message });
                }
            }
        }
        if errors.is_empty() { Ok(Self { env, conditions: Arc::new(conditions) }) } else { Err(errors) }
    }

    /// The first rule whose condition holds.
    fn first_match<'c>(&self, catalogue: &'c Catalogue, spec: &TicketSpec) -> Option<&'c Rule> {
        if self.conditions.is_empty() {
            return None;
        }
        let context = context(&self.env, spec);
        let holds = |program: &Program| matches!(program.execute(&context), Ok(Value::Bool(true)));
        let index = self.conditions.iter().position(holds)?;
        catalogue.rules.get(index)
    }

    /// What a ticket demands when it comes.
    #[must_use]
    pub fn classify(&self, catalogue: &Catalogue, spec: &TicketSpec) -> Demand {
        if let Some(own) = &spec.role {
            let known = catalogue.roles.contains_key(own).then(|| own.clone());
            return demand(catalogue, spec, known, None);
        }
        let matched = self.first_match(catalogue, spec);
        let by_rule = matched.and_then(|rule| rule.set.role.clone());
        let role = by_rule.or_else(|| by_type(catalogue, spec)).filter(|role| catalogue.roles.contains_key(role));
        demand(catalogue, spec, role, matched)
    }
}

fn by_type(catalogue: &Catalogue, spec: &TicketSpec) -> Option<RoleName> {
    let typed = spec.kind.as_ref().and_then(|kind| catalogue.role_for_type(kind, &spec.channel));
    typed.or(catalogue.default_role.as_ref()).cloned()
}

fn demand(catalogue: &Catalogue, spec: &TicketSpec, role: Option<RoleName>, matched: Option<&Rule>) -> Demand {
    let nothing = RuleActions::default();
    let set = matched.map_or(&nothing, |rule| &rule.set);
    Demand {
        rank_max: role.as_ref().and_then(|role| catalogue.roles.get(role)?.staffing.rank_max),
        roles: role.into_iter().collect(),
        rule: matched.map(|rule| rule.name.clone()),
        skills: joined(&spec.skills, &set.skills),
        permissions: spec.permissions.union(&set.permissions).cloned().collect(),
        priority: set.priority.unwrap_or(spec.priority).raised(set.raise_priority),
    }
}

fn joined(own: &Skills, more: &Skills) -> Skills {
    let mut all = own.clone();
    for (name, level) in &more.0 {
        let held = all.0.entry(name.clone()).or_insert(*level);
        *held = (*held).max(*level);
    }
    all
}

fn context<'v>(env: &Arc<Env>, spec: &TicketSpec) -> Context<'static, 'v> {
    let mut context = Context::with_env(Arc::clone(env));
    let mut bind = |name: &str, value: Value| context.add_variable_from_value(name, value);
    bind("type", text(spec.kind.as_ref().map(super::name::TicketType::as_str)));
    bind("channel", text(Some(spec.channel.as_str())));
    bind("priority", Value::Int(i64::from(spec.priority.get())));
    bind("role", text(spec.role.as_ref().map(RoleName::as_str)));
    bind("skills", map(spec.skills.0.iter().map(|(name, level)| (name.as_str(), Value::Int(i64::from(level.get()))))));
    let permissions = spec.permissions.iter().map(|permission| text(Some(permission.as_str()))).collect();
    bind("permissions", Value::List(Arc::new(permissions)));
    let customer = &spec.customer;
    bind(
        "customer",
        map([
            ("id", text(customer.id.as_deref())),
            ("tier", text(customer.tier.as_deref())),
            ("language", text(customer.language.as_deref())),
        ]),
    );
    bind("preferred_agent", text(spec.preferred_agent.as_ref().map(super::name::AgentId::as_str)));
    bind("subject", text(spec.subject.as_deref()));
    bind("attributes", map(spec.attributes.iter().map(|(name, value)| (name.as_str(), scalar(value)))));
    context
}

fn text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::String(Arc::new(text.to_owned())))
}

fn scalar(value: &Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(*value),
        Scalar::Int(value) => Value::Int(*value),
        Scalar::Float(value) => Value::Float(*value),
        Scalar::Text(value) => text(Some(value)),
    }
}

fn map<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Value {
    let members: HashMap<Key, Value> =
        members.into_iter().map(|(name, value)| (Key::String(Arc::new(name.to_owned())), value)).collect();
    Value::Map(cel::objects::Map { map: Arc::new(members) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::name::ChannelName;

    fn rule(when: &str) -> Rule {
        Rule { name: RuleName::parse("r").unwrap(), when: when.to_owned(), set: RuleActions::default() }
    }

    fn holds(when: &str, spec: &TicketSpec) -> bool {
        let catalogue = Catalogue { rules: vec![rule(when)], ..Catalogue::default() };
        let classifier = Classifier::compile(&catalogue.rules).unwrap();
        classifier.classify(&catalogue, spec).rule.is_some()
    }

    fn spec() -> TicketSpec {
        let mut spec = TicketSpec::on(ChannelName::parse("chat").unwrap());
        spec.customer.tier = Some("vip".to_owned());
        spec.subject = Some("Invoice 4711".to_owned());
        spec.attributes.insert("amount".to_owned(), Scalar::Int(120));
        spec.attributes.insert("share".to_owned(), Scalar::Float(0.5));
        spec
    }

    #[test]
    fn a_condition_sees_the_members_of_the_ticket() {
        for condition in [
            r#"customer.tier == "vip""#,
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
    fn a_condition_that_cannot_be_evaluated_does_not_hold() {
        for condition in [
            r#"attributes.absent == "x""#,
            r#"attributes.amount == "120""#,
            r#"attributes.amount > "a""#,
            "priority",
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

//! What is certain about conditions without asking them about any ticket.
//!
//! A condition is taken apart into alternatives, each a set of statements that all have to hold: `a && (b || c)` is `a`
//! and `b`, or `a` and `c`. A condition in CEL is true exactly where one of its alternatives is, whatever else in it
//! can't be evaluated: `||` takes a true side although the other one fails. A statement that is not understood is one of
//! which nothing follows but itself, so that what is said here is certain, and much that holds is not said.

mod reading;
mod statement;

use std::collections::BTreeSet;

use statement::{Constant, Path, Statement};

/// Of what a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// It is asked about tickets that name no role.
    Rule,
    /// It is asked about any ticket, as it is then.
    Automation,
}

/// The condition of a rule or an automation, taken apart.
#[derive(Debug)]
pub(super) struct Condition {
    alternatives: Vec<Alternative>,
    /// Why the first alternative that can't hold does not.
    obstacle: Option<String>,
}

type Alternative = BTreeSet<Statement>;

impl Condition {
    /// Takes a condition apart that the engine takes; `None` where it is too large for that.
    pub(super) fn of(source: &str, asker: Asker) -> Option<Self> {
        let program = cel::Program::compile(source).ok()?;
        let mut condition = Self { alternatives: Vec::new(), obstacle: None };
        for statements in reading::alternatives(program.expression(), true)? {
            if let Some(why) = obstacle(&statements, asker) {
                condition.obstacle = condition.obstacle.or(Some(why));
            } else {
                let open = statements.into_iter().filter(|statement| !statement.is_certain(asker));
                condition.alternatives.push(open.collect());
            }
        }
        Some(condition)
    }

    /// Whether it holds for no ticket.
    pub(super) fn never_holds(&self) -> bool {
        self.alternatives.is_empty()
    }

    /// Why it holds for no ticket, where there is more to say than that it is false.
    pub(super) fn obstacle(&self) -> Option<&str> {
        self.obstacle.as_deref().filter(|_| self.never_holds())
    }

    /// Whether it holds for no ticket but those of this role.
    pub(super) fn wants_role(&self, role: &str) -> bool {
        let wanted = Statement::Is(Path(vec!["role".to_owned()]), Constant::Text(role.to_owned()));
        self.alternatives.iter().all(|alternative| alternative.contains(&wanted))
    }

    /// The roles by which it tells tickets apart: those with which it compares the ticket's own.
    pub(super) fn roles_named(&self) -> BTreeSet<&str> {
        let statements = self.alternatives.iter().flatten().filter(|statement| statement.is_about("role"));
        statements.filter_map(Statement::text).collect()
    }

    /// Whether it may hold for a ticket of this role, as far as is certain.
    pub(super) fn may_hold_for(&self, role: &str) -> bool {
        let is_it = Statement::Is(Path(vec!["role".to_owned()]), Constant::Text(role.to_owned()));
        let admits = |alternative: &Alternative| !alternative.iter().any(|statement| is_it.excludes(statement));
        self.alternatives.iter().any(admits)
    }

    /// Those of some other conditions of which at least one holds whenever this one does; none where that is not
    /// certain.
    pub(super) fn covered_by<T: Ord + Copy>(&self, others: &[(T, &Self)]) -> BTreeSet<T> {
        let cover = |alternative: &Alternative| {
            others.iter().find(|(_, other)| other.alternatives.iter().any(|wider| follows(alternative, wider)))
        };
        let covers: Option<BTreeSet<T>> =
            self.alternatives.iter().map(|alternative| cover(alternative).map(|(name, _)| *name)).collect();
        covers.unwrap_or_default()
    }
}

/// Whether everything that one alternative states follows from another.
fn follows(given: &Alternative, wider: &Alternative) -> bool {
    wider.iter().all(|wanted| given.iter().any(|statement| statement.implies(wanted)))
}

/// Why these statements can't all hold.
fn obstacle(statements: &Alternative, asker: Asker) -> Option<String> {
    if let Some(statement) = statements.iter().find(|statement| statement.is_impossible(asker)) {
        return statement.path().and_then(|path| path.nature(asker));
    }
    let pairs = statements.iter().flat_map(|one| statements.iter().map(move |other| (one, other)));
    let (one, other) = pairs.into_iter().find(|(one, other)| one.excludes(other))?;
    Some(format!("`{one}` and `{other}` exclude each other"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::routing::facts::{Facts, QueueFacts, RULE_VARIABLES};
    use crate::routing::ticket::{Priority, Scalar, TicketSpec};
    use crate::routing::{Catalogue, ChannelName, RoleName, TicketId, TicketType, Timestamp};

    fn condition(source: &str) -> Condition {
        Condition::of(source, Asker::Rule).unwrap_or_else(|| panic!("{source} is too large"))
    }

    #[test]
    fn an_automation_is_asked_about_tickets_that_have_a_role() {
        for source in ["role == 'billing'", "role != null && role != 'vip'"] {
            assert!(condition(source).never_holds(), "{source}");
            let of_automation = Condition::of(source, Asker::Automation).expect("it is small");
            assert!(!of_automation.never_holds(), "{source}");
        }
        let wants = |source: &str| Condition::of(source, Asker::Automation).expect("it is small").wants_role("vip");
        assert!(wants("role == 'vip' && priority > 3") && wants("role == 'vip' && (hour < 3 || hour > 6)"));
        assert!(!wants("role == 'vip' || priority > 3") && !wants("role != 'vip'") && !wants("true"));
    }

    #[test]
    fn the_roles_that_a_condition_names_are_those_with_which_it_compares_the_tickets_own() {
        let of = |source: &str| Condition::of(source, Asker::Automation).expect("it is small");
        let named = |source: &str| of(source).roles_named().into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(named("role in ['a', 'b'] && role != 'c' && type == 'd'"), ["a", "b", "c"]);
        assert_eq!(named("!(role == 'a') || 'b' == role"), ["a", "b"]);
        assert!(named("role != null && type == 'a'").is_empty());
        assert!(of("role == 'a' || type == 'x'").may_hold_for("b") && of("priority > 3").may_hold_for("b"));
        assert!(!of("role == 'a' && type == 'x'").may_hold_for("b") && !of("role != 'b'").may_hold_for("b"));
    }

    fn covered(source: &str, others: &[&str]) -> BTreeSet<usize> {
        let others: Vec<Condition> = others.iter().map(|other| condition(other)).collect();
        let others: Vec<(usize, &Condition)> = others.iter().enumerate().collect();
        condition(source).covered_by(&others)
    }

    #[test]
    fn a_narrower_condition_is_covered_by_a_wider_one() {
        for (narrow, wide) in [
            ("type == \"a\"", "true"),
            ("channel == 'call' && type == 'a'", "type == \"a\""),
            ("type == 'a'", "channel == 'call' || 'a' == type"),
            ("type == 'a'", "type in ['a', 'b']"),
            ("type in ['a', 'b']", "type in ['b', 'c', 'a']"),
            ("type == 'a'", "type != 'b'"),
            ("attributes.amount > 5", "attributes['amount'] >= 5"),
            ("10 < attributes.amount", "attributes.amount > 5"),
            ("attributes.amount == 7", "attributes.amount > 5 && attributes.amount < 9"),
            ("type == 'a' && (channel == 'call' || channel == 'chat')", "channel in ['call', 'chat']"),
            ("!(type == 'a' || channel == 'call')", "channel != 'call'"),
            ("!(type in ['a', 'b'])", "type != 'a'"),
            ("subject.startsWith('Re:') && priority > 3", "subject.startsWith('Re:')"),
            ("permissions.exists(p, p == 'x')", "permissions.exists(p, p == 'x')"),
            ("type == 'a'", "type == 'a' && priority >= 0"),
        ] {
            assert_eq!(covered(narrow, &[wide]).len(), 1, "{narrow} is covered by {wide}");
        }
        assert_eq!(
            covered("channel in ['call', 'chat']", &["channel == 'call'", "false", "channel == 'chat'"]).len(),
            2
        );
    }

    #[test]
    fn what_is_not_certain_is_not_said() {
        for (narrow, wide) in [
            ("type == 'a'", "type == 'a' && channel == 'call'"),
            ("type == 'a' || channel == 'call'", "type == 'a'"),
            ("attributes.amount >= 5", "attributes.amount > 5"),
            ("!(attributes.amount < 5)", "attributes.amount >= 5"),
            ("subject.startsWith('Re:')", "subject.startsWith('Re')"),
            ("attributes.vip", "attributes.vip == true"),
        ] {
            assert_eq!(covered(narrow, &[wide]), BTreeSet::new(), "{narrow} may hold where {wide} does not");
        }
    }

    #[test]
    fn what_can_t_hold_says_why() {
        for (source, why) in [
            ("type == 'a' && type == 'b'", "`type == \"a\"` and `type == \"b\"` exclude each other"),
            ("attributes.n > 5 && attributes.n <= 5", "`attributes.n > 5` and `attributes.n <= 5` exclude each other"),
            ("priority == 'high'", "`priority` is a number from 0 to 9"),
            ("priority > 9 || priority < 0", "`priority` is a number from 0 to 9"),
            ("role == 'billing'", "`role` is null"),
            ("customer.id == 4711", "`customer.id` is a text"),
            ("hour >= 24", "`hour` is a number from 0 to 23"),
            ("weekday in ['monday', 'Sunday']", "`weekday` is one of mon, tue"),
            ("subject.matches('x') && !subject.matches('x')", "exclude each other"),
        ] {
            let condition = condition(source);
            assert!(condition.never_holds(), "{source}");
            assert!(
                condition.obstacle().is_some_and(|told| told.contains(why)),
                "{source}: {:?}",
                condition.obstacle()
            );
        }
        assert!(condition("false").never_holds() && condition("type in []").never_holds());
        assert!(!condition("priority == 9 || type == 'a'").never_holds());
    }

    #[test]
    fn a_condition_with_too_many_alternatives_is_left_alone() {
        let wide = "(type == 'a' || type == 'b')".to_owned();
        assert!(Condition::of(&[wide.as_str(); 7].join(" && "), Asker::Rule).is_none());
    }

    /// Statements that agree, exclude each other, can't be evaluated, or are opaque, for some of the tickets below.
    const STATEMENTS: [&str; 20] = [
        "type == 'a'",
        "type != 'a'",
        "'b' == type",
        "type in ['a', 'b']",
        "type == null",
        "channel == 'chat'",
        "channel != 'call'",
        "priority > 3",
        "priority <= 3",
        "priority == 3",
        "priority == 'high'",
        "5 <= attributes.n",
        "attributes.n < 5",
        "attributes['n'] == 5",
        "attributes.n != 5",
        "attributes.n",
        "role == null",
        "role == 'billing'",
        "customer.tier > 3",
        "true",
    ];

    fn conditions() -> impl Strategy<Value = String> {
        let leaf = proptest::sample::select(STATEMENTS.to_vec()).prop_map(str::to_owned);
        leaf.prop_recursive(3, 8, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|one| format!("!({one})")),
                (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one}) && ({other})")),
                (inner.clone(), inner).prop_map(|(one, other)| format!("({one}) || ({other})")),
            ]
        })
    }

    fn tickets() -> Vec<TicketSpec> {
        let attributes = [
            None,
            Some(Scalar::Null),
            Some(Scalar::Bool(true)),
            Some(Scalar::Int(4)),
            Some(Scalar::Int(5)),
            Some(Scalar::Float(5.0)),
            Some(Scalar::Float(4.5)),
            Some(Scalar::Text("5".to_owned())),
        ];
        let mut tickets = Vec::new();
        for channel in ["chat", "call"] {
            for kind in [None, Some("a"), Some("b"), Some("c")] {
                for attribute in &attributes {
                    for priority in [0, 3, 9] {
                        let mut ticket = TicketSpec::on(ChannelName::parse(channel).unwrap());
                        ticket.asked_mut().kind = kind.map(|kind| TicketType::parse(kind).unwrap());
                        ticket.asked_mut().priority = Priority::new(priority).unwrap();
                        ticket.beside.customer.tier = kind.map(str::to_owned);
                        ticket.beside.attributes.extend(attribute.clone().map(|value| ("n".to_owned(), value)));
                        tickets.push(ticket);
                    }
                }
            }
        }
        tickets
    }

    /// For which of the tickets the engine finds that a condition holds.
    fn holds(when: &str, tickets: &[TicketSpec]) -> Vec<bool> {
        let condition = crate::routing::condition::Condition::compile(when, RULE_VARIABLES).unwrap();
        let (id, now, catalogue) = (TicketId::parse("t1").unwrap(), Timestamp(0), Catalogue::default());
        let count = |_: &RoleName| QueueFacts::default();
        let facts = |ticket| Facts::new(&id, ticket, (now, now), &catalogue, &count);
        tickets.iter().map(|ticket| condition.holds(&facts(ticket))).collect()
    }

    proptest! {
        #[test]
        fn the_engine_never_finds_otherwise(narrow in conditions(), wide in conditions()) {
            let tickets = tickets();
            let (narrow_holds, wide_holds) = (holds(&narrow, &tickets), holds(&wide, &tickets));
            if Condition::of(&narrow, Asker::Rule).is_some_and(|narrow| narrow.never_holds()) {
                prop_assert!(!narrow_holds.contains(&true), "{narrow} holds for some ticket");
            }
            if !covered_if_small(&narrow, &wide).is_empty() {
                let counter = narrow_holds.iter().zip(&wide_holds).position(|(narrow, wide)| *narrow && !*wide);
                prop_assert!(counter.is_none(), "{narrow} holds and {wide} does not: {:?}", tickets[counter.unwrap()]);
            }
        }
    }

    fn covered_if_small(narrow: &str, wide: &str) -> BTreeSet<usize> {
        match (Condition::of(narrow, Asker::Rule), Condition::of(wide, Asker::Rule)) {
            (Some(narrow), Some(wide)) => narrow.covered_by(&[(0, &wide)]),
            _ => BTreeSet::new(),
        }
    }
}

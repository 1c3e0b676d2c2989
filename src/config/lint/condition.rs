//! What is certain about conditions without asking them about any ticket.
//!
//! A condition is taken apart into alternatives, each a set of statements that all have to hold: `a && (b || c)` is `a`
//! and `b`, or `a` and `c`. A condition in CEL is true exactly where one of its alternatives is, whatever else in it
//! can't be evaluated: `||` takes a true side although the other one fails. A statement that is not understood is one of
//! which nothing follows but itself, so that what is said here is certain, and much that holds is not said.

use std::collections::BTreeSet;
use std::fmt;

use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators};

/// A condition with more alternatives is left alone: nobody writes so many, and the work grows with them.
const ALTERNATIVES_MAX: usize = 64;

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
        for statements in alternatives(program.expression(), true)? {
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

/// Something that a condition asks of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Statement {
    Is(Path, Constant),
    IsNot(Path, Constant),
    Compares(Path, Comparison),
    /// Anything else, by how it is written.
    Holds(String),
    /// Its negation.
    Fails(String),
}

impl Statement {
    fn path(&self) -> Option<&Path> {
        match self {
            Self::Is(path, _) | Self::IsNot(path, _) | Self::Compares(path, _) => Some(path),
            Self::Holds(_) | Self::Fails(_) => None,
        }
    }

    fn implies(&self, wanted: &Self) -> bool {
        if self == wanted {
            return true;
        }
        if self.path() != wanted.path() {
            return false;
        }
        match (self, wanted) {
            (Self::Is(_, constant), Self::IsNot(_, other)) => constant != other,
            (Self::Is(_, Constant::Number(number)), Self::Compares(_, comparison)) => comparison.admits(*number),
            (Self::Compares(_, narrow), Self::Compares(_, wide)) => narrow.implies(*wide),
            _ => false,
        }
    }

    fn excludes(&self, other: &Self) -> bool {
        if let (Self::Holds(one), Self::Fails(other)) = (self, other) {
            return one == other;
        }
        if self.path().is_none() || self.path() != other.path() {
            return false;
        }
        match (self, other) {
            (Self::Is(_, one), Self::Is(_, other)) => one != other,
            (Self::Is(_, one), Self::IsNot(_, other)) => one == other,
            (Self::Is(_, Constant::Number(number)), Self::Compares(_, comparison)) => !comparison.admits(*number),
            (Self::Compares(_, one), Self::Compares(_, other)) => one.excludes(*other),
            _ => false,
        }
    }

    /// Whether no ticket is like that.
    fn is_impossible(&self, asker: Asker) -> bool {
        let Some(domain) = self.path().and_then(|path| path.domain(asker)) else { return false };
        match self {
            Self::Is(_, constant) => !domain.has(constant),
            Self::IsNot(_, constant) => domain == Domain::Null && *constant == Constant::Null,
            Self::Compares(_, comparison) => domain.admitted(*comparison).0 == 0,
            Self::Holds(_) | Self::Fails(_) => false,
        }
    }

    /// Whether every ticket is like that.
    fn is_certain(&self, asker: Asker) -> bool {
        let Some(domain) = self.path().and_then(|path| path.domain(asker)) else { return false };
        match self {
            Self::Is(_, constant) => domain == Domain::Null && *constant == Constant::Null,
            Self::IsNot(_, constant) => !domain.has(constant),
            Self::Compares(_, comparison) => {
                let (admitted, all) = domain.admitted(*comparison);
                admitted == all
            }
            Self::Holds(_) | Self::Fails(_) => false,
        }
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(path, constant) => write!(f, "{path} == {constant}"),
            Self::IsNot(path, constant) => write!(f, "{path} != {constant}"),
            Self::Compares(path, comparison) => write!(f, "{path} {comparison}"),
            Self::Holds(written) => f.write_str(written),
            Self::Fails(written) => write!(f, "!({written})"),
        }
    }
}

/// What a statement is about: `customer.tier`, or something else by how it is written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Path(Vec<String>);

impl Path {
    fn of(expression: &IdedExpr) -> Self {
        match &expression.expr {
            Expr::Ident(name) => Self(vec![name.clone()]),
            Expr::Select(select) if !select.test => Self::of(&select.operand).member(&select.field),
            Expr::Call(CallExpr { func_name, args, .. }) if func_name == operators::INDEX => {
                match (args.first(), args.get(1).and_then(constant)) {
                    (Some(operand), Some(Constant::Text(name))) => Self::of(operand).member(&name),
                    _ => Self(vec![written(expression)]),
                }
            }
            _ => Self(vec![written(expression)]),
        }
    }

    fn member(mut self, name: &str) -> Self {
        self.0.push(name.to_owned());
        self
    }

    fn segments(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// What it can be when such conditions are asked.
    fn domain(&self, asker: Asker) -> Option<Domain> {
        match self.segments()[..] {
            ["priority"] => Some(Domain::Numbers(0, 9)),
            ["hour"] => Some(Domain::Numbers(0, 23)),
            ["weekday"] => Some(Domain::Words(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"])),
            ["channel"] => Some(Domain::Text),
            ["type" | "subject" | "preferred_agent"] | ["customer", "id" | "tier" | "language"] => {
                Some(Domain::TextOrNull)
            }
            ["role"] if asker == Asker::Rule => Some(Domain::Null),
            ["role"] => Some(Domain::TextOrNull),
            _ => None,
        }
    }

    /// The same, for people.
    fn nature(&self, asker: Asker) -> Option<String> {
        let said = match self.domain(asker)? {
            Domain::Numbers(_, 9) => "is a number from 0 to 9: low is 1, normal 3, high 6, urgent 9".to_owned(),
            Domain::Numbers(first, last) => format!("is a number from {first} to {last}"),
            Domain::Words(words) => format!("is one of {}", words.join(", ")),
            Domain::Text | Domain::TextOrNull => "is a text".to_owned(),
            Domain::Null => "is null: a ticket that names its role keeps it, and no rule is asked".to_owned(),
        };
        Some(format!("`{self}` {said}"))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("."))
    }
}

/// The values that something can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Domain {
    /// From the first to the last.
    Numbers(i64, i64),
    Words(&'static [&'static str]),
    Text,
    TextOrNull,
    Null,
}

impl Domain {
    fn has(self, constant: &Constant) -> bool {
        match (self, constant) {
            (Self::TextOrNull | Self::Null, Constant::Null) | (Self::Text | Self::TextOrNull, Constant::Text(_)) => {
                true
            }
            (Self::Words(words), Constant::Text(text)) => words.contains(&text.as_str()),
            (Self::Numbers(first, last), Constant::Number(number)) => (first..=last).contains(number),
            _ => false,
        }
    }

    /// How many of its values a comparison admits, of how many. A text compares with no number.
    fn admitted(self, comparison: Comparison) -> (usize, usize) {
        let Self::Numbers(first, last) = self else { return (0, 1) };
        let admitted = (first..=last).filter(|number| comparison.admits(*number)).count();
        (admitted, (first..=last).count())
    }
}

/// A value that is written in a condition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Constant {
    Null,
    Truth(bool),
    Number(i64),
    Text(String),
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Truth(truth) => write!(f, "{truth}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

/// A comparison with a whole number; what is compared may have a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Comparison {
    Above(i64),
    AtLeast(i64),
    AtMost(i64),
    Below(i64),
}

impl Comparison {
    fn of(operator: &str, number: i64) -> Option<Self> {
        match operator {
            operators::GREATER => Some(Self::Above(number)),
            operators::GREATER_EQUALS => Some(Self::AtLeast(number)),
            operators::LESS_EQUALS => Some(Self::AtMost(number)),
            operators::LESS => Some(Self::Below(number)),
            _ => None,
        }
    }

    fn admits(self, number: i64) -> bool {
        match self {
            Self::Above(bound) => number > bound,
            Self::AtLeast(bound) => number >= bound,
            Self::AtMost(bound) => number <= bound,
            Self::Below(bound) => number < bound,
        }
    }

    fn implies(self, wide: Self) -> bool {
        match (self, wide) {
            (Self::Above(n), Self::Above(m) | Self::AtLeast(m)) | (Self::AtLeast(n), Self::AtLeast(m)) => n >= m,
            (Self::AtLeast(n), Self::Above(m)) => n > m,
            (Self::Below(n), Self::Below(m) | Self::AtMost(m)) | (Self::AtMost(n), Self::AtMost(m)) => n <= m,
            (Self::AtMost(n), Self::Below(m)) => n < m,
            _ => false,
        }
    }

    fn excludes(self, other: Self) -> bool {
        match (self, other) {
            (Self::AtLeast(low), Self::AtMost(high)) => low > high,
            (Self::Above(low) | Self::AtLeast(low), Self::Below(high)) | (Self::Above(low), Self::AtMost(high)) => {
                low >= high
            }
            _ => false,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above(bound) => write!(f, "> {bound}"),
            Self::AtLeast(bound) => write!(f, ">= {bound}"),
            Self::AtMost(bound) => write!(f, "<= {bound}"),
            Self::Below(bound) => write!(f, "< {bound}"),
        }
    }
}

/// The alternatives in which an expression is true, or false where that is asked.
fn alternatives(expression: &IdedExpr, truth: bool) -> Option<Vec<Alternative>> {
    if let Expr::Call(call) = &expression.expr {
        match (call.func_name.as_str(), &call.args[..], truth) {
            (operators::LOGICAL_NOT, [operand], _) => return alternatives(operand, !truth),
            (operators::LOGICAL_AND, [one, other], true) | (operators::LOGICAL_OR, [one, other], false) => {
                return all_of(alternatives(one, truth)?, &alternatives(other, truth)?);
            }
            (operators::LOGICAL_AND, [one, other], false) | (operators::LOGICAL_OR, [one, other], true) => {
                return bounded([alternatives(one, truth)?, alternatives(other, truth)?].concat());
            }
            (operators::IN, [subject, list], _) => {
                if let Some(constants) = constants(list) {
                    return among(&Path::of(subject), constants, truth);
                }
            }
            _ => {}
        }
    }
    if let Some(Constant::Truth(literal)) = constant(expression) {
        return Some(if literal == truth { vec![Alternative::new()] } else { Vec::new() });
    }
    Some(vec![Alternative::from([statement(expression, truth)])])
}

/// `subject in [a, b]`: one of them; or its negation: none of them.
fn among(subject: &Path, constants: Vec<Constant>, truth: bool) -> Option<Vec<Alternative>> {
    let alternatives = constants.into_iter();
    if truth {
        return bounded(alternatives.map(|one| Alternative::from([Statement::Is(subject.clone(), one)])).collect());
    }
    Some(vec![alternatives.map(|one| Statement::IsNot(subject.clone(), one)).collect()])
}

fn all_of(one: Vec<Alternative>, other: &[Alternative]) -> Option<Vec<Alternative>> {
    if one.len() * other.len() > ALTERNATIVES_MAX {
        return None;
    }
    let joined = |left: Alternative| other.iter().map(move |right| left.union(right).cloned().collect());
    Some(one.into_iter().flat_map(joined).collect())
}

fn bounded(alternatives: Vec<Alternative>) -> Option<Vec<Alternative>> {
    (alternatives.len() <= ALTERNATIVES_MAX).then_some(alternatives)
}

fn statement(expression: &IdedExpr, truth: bool) -> Statement {
    understood(expression, truth).unwrap_or_else(|| {
        let written = written(expression);
        if truth { Statement::Holds(written) } else { Statement::Fails(written) }
    })
}

/// A comparison with a constant. `!(x < 3)` is none: it also holds for what is no number of any size.
fn understood(expression: &IdedExpr, truth: bool) -> Option<Statement> {
    let Expr::Call(CallExpr { func_name, args, .. }) = &expression.expr else { return None };
    let [left, right] = &args[..] else { return None };
    let (subject, constant, mirrored) = match (constant(left), constant(right)) {
        (None, Some(constant)) => (left, constant, false),
        (Some(constant), None) => (right, constant, true),
        _ => return None,
    };
    let path = Path::of(subject);
    match (func_name.as_str(), truth, constant) {
        (operators::EQUALS, true, constant) | (operators::NOT_EQUALS, false, constant) => {
            Some(Statement::Is(path, constant))
        }
        (operators::EQUALS, false, constant) | (operators::NOT_EQUALS, true, constant) => {
            Some(Statement::IsNot(path, constant))
        }
        (operator, true, Constant::Number(number)) => {
            let operator = if mirrored { mirror(operator) } else { operator };
            Comparison::of(operator, number).map(|comparison| Statement::Compares(path, comparison))
        }
        _ => None,
    }
}

/// The operator that says the same with its sides exchanged.
fn mirror(operator: &str) -> &str {
    match operator {
        operators::GREATER => operators::LESS,
        operators::GREATER_EQUALS => operators::LESS_EQUALS,
        operators::LESS_EQUALS => operators::GREATER_EQUALS,
        operators::LESS => operators::GREATER,
        other => other,
    }
}

fn constant(expression: &IdedExpr) -> Option<Constant> {
    let Expr::Literal(literal) = &expression.expr else { return None };
    match literal {
        LiteralValue::Null => Some(Constant::Null),
        LiteralValue::Boolean(truth) => Some(Constant::Truth(*truth.inner())),
        LiteralValue::Int(number) => Some(Constant::Number(*number.inner())),
        LiteralValue::String(text) => Some(Constant::Text(text.inner().to_owned())),
        LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::UInt(_) => None,
    }
}

fn constants(expression: &IdedExpr) -> Option<Vec<Constant>> {
    let Expr::List(list) = &expression.expr else { return None };
    let elements = list.optional_indices.is_empty().then_some(&list.elements)?;
    elements.iter().map(constant).collect()
}

/// An expression in a form that is the same for the same meaning as far as that is simple, and never for another.
fn written(expression: &IdedExpr) -> String {
    match &expression.expr {
        Expr::Ident(_) => Path::of(expression).to_string(),
        Expr::Literal(literal) => constant(expression).map_or_else(|| format!("{literal:?}"), |it| it.to_string()),
        Expr::Select(select) => {
            let test = if select.test { "has " } else { "" };
            format!("{test}{}.{:?}", written(&select.operand), select.field)
        }
        Expr::Call(call) => {
            let target = call.target.as_deref().map(|target| format!("{}.", written(target))).unwrap_or_default();
            let arguments: Vec<String> = call.args.iter().map(written).collect();
            format!("{target}{}({})", call.func_name, arguments.join(", "))
        }
        Expr::List(list) if list.optional_indices.is_empty() => {
            let elements: Vec<String> = list.elements.iter().map(written).collect();
            format!("[{}]", elements.join(", "))
        }
        // With the numbers that the parser gave its parts: equal only where all that stands before is.
        other => format!("{other:?}"),
    }
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
                        ticket.kind = kind.map(|kind| TicketType::parse(kind).unwrap());
                        ticket.priority = Priority::new(priority).unwrap();
                        ticket.customer.tier = kind.map(str::to_owned);
                        ticket.attributes.extend(attribute.clone().map(|value| ("n".to_owned(), value)));
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

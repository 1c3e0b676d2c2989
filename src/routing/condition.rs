//! Conditions of rules: bounded, compiled, checked and asked; or a sentence about what is wrong with one.

mod effort;
mod meaning;
mod syntax;

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, Program, Value};

use super::facts::Facts;

use effort::TooMuch;
pub use effort::{EFFORT_MAX, EFFORT_OF_ALL_MAX};

/// The longest condition, in bytes: twenty lines of text. It bounds the depth of the tree as well.
pub const CONDITION_LENGTH_MAX: usize = 2_048;
/// The deepest nesting of brackets in a condition; far beyond what a person reads.
pub const CONDITION_DEPTH_MAX: usize = 32;

/// The language: CEL's standard functions and nothing else. It never changes.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line and column, from 1, where known.
    pub position: Option<(usize, usize)>,
    /// A sentence.
    pub message: String,
}

impl Fault {
    fn anywhere(message: String) -> Self {
        Self { position: None, message }
    }

    fn at(source: &str, offset: usize, message: String) -> Self {
        Self { position: Some(line_column(source, offset)), message }
    }
}

/// A condition that is ready to be asked.
#[derive(Clone)]
pub struct Condition {
    program: Arc<Program>,
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Condition").field(&self.program.source_info().source).finish()
    }
}

/// A place in a condition that names a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedQueue {
    /// The name of the role, whether there is one or not.
    pub role: String,
    /// Line and column, from 1.
    pub position: (usize, usize),
}

impl Condition {
    /// Makes a condition over these variables ready.
    ///
    /// # Errors
    /// Where it does not parse, is too long or too deep, refers to something unknown, or can never be true or false.
    pub fn compile(source: &str, variables: &[&str]) -> Result<Self, Fault> {
        if source.len() > CONDITION_LENGTH_MAX {
            return Err(Fault::anywhere(format!("the condition is longer than {CONDITION_LENGTH_MAX} bytes")));
        }
        if depth(source) > CONDITION_DEPTH_MAX {
            return Err(Fault::anywhere(format!("the condition nests deeper than {CONDITION_DEPTH_MAX} brackets")));
        }
        let program = ENV.compile(source).map_err(|errors| syntax::fault(&errors, source))?;
        meaning::check(&program, source, variables)?;
        Ok(Self { program: Arc::new(program) })
    }

    /// How many steps it may take, where it asks no more of the engine than it should. Apart from [`Condition::compile`], for what was in force before
    /// there was this bound is in journals, and stays readable.
    ///
    /// # Errors
    /// Says what is too much.
    pub fn check_effort(&self) -> Result<u64, Fault> {
        effort::check(&self.program).map_err(|why| {
            Fault::anywhere(match why {
                TooMuch::Steps => format!(
                    "the condition may take more than {EFFORT_MAX} steps: it goes through one list within another, or builds lists"
                ),
                TooMuch::Pattern => "a regular expression of the condition is too large".to_owned(),
                TooMuch::PatternOfTicket => {
                    "matches() takes its regular expression as a text in quotes, and not from the ticket".to_owned()
                }
            })
        })
    }

    /// Whether it holds. One that can't be evaluated does not.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(facts);
        matches!(self.program.execute(&context), Ok(Value::Bool(true)))
    }

    /// The queues that it asks about by name, `queue["billing"]`.
    #[must_use]
    pub fn named_queues(&self) -> Vec<NamedQueue> {
        meaning::named_queues(&self.program)
    }
}

fn depth(source: &str) -> usize {
    let mut open = 0_usize;
    let mut deepest = 0;
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

fn line_column(source: &str, offset: usize) -> (usize, usize) {
    let before = &source[..offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::facts::RULE_VARIABLES;

    fn compile(source: &str) -> Result<Condition, Fault> {
        Condition::compile(source, RULE_VARIABLES)
    }

    fn fault(source: &str) -> Fault {
        match compile(source) {
            Ok(_) => panic!("{source:?} is a condition"),
            Err(fault) => fault,
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_a_grammar() {
        for (source, expected) in [
            ("", "the condition is empty"),
            (" \n\n", "the condition is empty"),
            ("customer.tier == ", "the condition ends where a value was expected"),
            ("(channel == 'call'", "the condition ends where `)` was expected"),
            ("channel in ['call'", "the condition ends where `]` or `,` was expected"),
            ("priority > 3 ? true", "the condition ends where `:` and what holds otherwise was expected"),
            ("channel == 'call')", "`)` stands where the end was expected"),
            ("&& channel == 'call'", "`&&` stands where a value was expected"),
            ("channel in ['call' 'chat']", "`'chat'` stands where `]` or `,` was expected"),
            ("{'a' 1}", "`1` stands where `:` was expected"),
            ("priority > 3 channel == 'a'", "`channel` stands where an operator such as == or && was expected"),
            ("customer..tier == 'vip'", "a `.` in the condition is not followed by the name of a member"),
            ("customer.tier == \"vip", "the string \"vip is not closed"),
            ("subject == 'it\\s'", "the string 'it\\s has a \\ before something that CEL does not know"),
            ("channel # 'call'", "`#` is nothing that CEL knows"),
            ("channel == “call”", "`“` is no quote to CEL; write \" or '"),
            ("if channel == 'call'", "`if` is a word that CEL keeps for itself"),
            ("priority > 99999999999999999999", "a number in the condition is too large"),
            ("has(channel)", "has() asks for a member of something, as in has(attributes.amount)"),
        ] {
            assert_eq!(fault(source).message, expected, "{source}");
        }
    }

    #[test]
    fn a_habit_from_another_language_is_answered_with_what_cel_writes() {
        for (source, hint) in [
            ("channel = 'call'", "`=` is nothing that CEL knows; CEL writes == for ="),
            ("channel === 'call'", "`===` is nothing that CEL knows; CEL writes == for ==="),
            ("priority => 3", "`=>` is nothing that CEL knows; CEL writes >= for =>"),
            ("priority > 3 & true", "`&` is nothing that CEL knows; CEL writes && for &"),
            ("channel <> 'call'", "`>` stands where a value was expected; CEL writes != for <>"),
            (
                "priority > 3 and true",
                "`and` stands where an operator such as == or && was expected; CEL writes && for and",
            ),
            (
                "not channel == 'call'",
                "`channel` stands where an operator such as == or && was expected; CEL writes ! for not",
            ),
        ] {
            assert_eq!(fault(source).message, hint, "{source}");
        }
    }

    #[test]
    fn what_nobody_foresaw_stands_in_brackets() {
        assert_eq!(fault("attributes.map(1, 2)").message, "the condition is not CEL (argument must be a simple name)");
    }

    /// `[1, 2, …].all(a, [1, 2, …].all(b, …))`
    fn nested(levels: usize) -> String {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        names[..levels]
            .iter()
            .fold("true".to_owned(), |within, name| format!("[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].all({name}, {within})"))
    }

    #[test]
    fn what_would_keep_the_engine_for_long_is_told_before_it_is_in_force() {
        let doubled = |times: usize| format!("size([subject]{}) > 1", ".map(a, a + a)".repeat(times));
        let lists = format!("size([[1]]{}) > 1", ".map(a, a + a)".repeat(40));
        let more_steps = "the condition may take more than 100000 steps";
        for (source, expected) in [
            (nested(8), more_steps),
            (nested(5), more_steps),
            (doubled(40), more_steps),
            (lists, more_steps),
            ("attributes.all(a, attributes.all(b, attributes.all(c, a != b)))".to_owned(), more_steps),
            ("queue.exists(a, queue.exists(b, a != b))".to_owned(), more_steps),
            (
                "subject.matches('((a{100}){100}){100}')".to_owned(),
                "a regular expression of the condition is too large",
            ),
            ("subject.matches(type)".to_owned(), "matches() takes its regular expression as a text in quotes"),
        ] {
            let condition = compile(&source).unwrap_or_else(|fault| panic!("{source}: {}", fault.message));
            let fault = condition.check_effort().expect_err(&source);
            assert!(fault.message.starts_with(expected), "{source}: {}", fault.message);
        }
        for source in [
            "customer.tier == 'vip' && channel == 'call'",
            "attributes.exists(name, name.matches('(?i)^(refund|charge.?back)'))",
            "permissions.exists(p, attributes.exists(name, name == p))",
            "subject.matches('[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}')",
            "size(permissions.filter(p, p.startsWith('refund')).map(p, p + '!')) > 1",
            "queue['billing'].waiting > 3 && queue.sales.free == 0",
            "queue.exists(role, queue[role].waiting > 100)",
            &nested(3),
        ] {
            let checked = compile(source).expect("it is a condition").check_effort();
            assert!(checked.is_ok(), "{source}: {checked:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn anything_is_a_condition_or_has_a_sentence(source in "[a-z.()=&|!<>'\"\\[\\]{}?:,ä€ \n0-9-]{0,40}") {
            if let Err(fault) = compile(&source) {
                proptest::prop_assert!(!fault.message.contains("expecting"), "{}", fault.message);
                proptest::prop_assert!(!fault.message.contains("IDENTIFIER"), "{}", fault.message);
            }
        }
    }
}

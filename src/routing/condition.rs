//! The condition of a rule: bounded, compiled and checked; or a sentence, for people who never read a grammar, about
//! what is wrong with it.

use cel::{Env, Program};

/// The longest condition, in bytes: twenty lines of text. It bounds the depth of the tree as well.
pub const CONDITION_LENGTH_MAX: usize = 2_048;
/// The deepest nesting of brackets in a condition; far beyond what a person reads.
pub const CONDITION_DEPTH_MAX: usize = 32;
/// What a condition may refer to.
pub const VARIABLES: [&str; 10] = [
    "type",
    "channel",
    "priority",
    "role",
    "skills",
    "permissions",
    "customer",
    "preferred_agent",
    "subject",
    "attributes",
];
/// What people write who know other languages, and what CEL writes.
const HABITS: [(&str, &str); 13] = [
    ("and", "&&"),
    ("AND", "&&"),
    ("&", "&&"),
    ("or", "||"),
    ("OR", "||"),
    ("|", "||"),
    ("not", "!"),
    ("NOT", "!"),
    ("=", "=="),
    ("===", "=="),
    ("=>", ">="),
    ("=<", "<="),
    ("<>", "!="),
];
/// Opening and closing quotes that text processors set.
const CURLY_QUOTES: [char; 7] = ['“', '”', '„', '‘', '’', '«', '»'];

/// What is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Line and column, from 1, where known.
    pub(super) position: Option<(usize, usize)>,
    /// A sentence.
    pub(super) message: String,
}

impl Fault {
    fn anywhere(message: String) -> Self {
        Self { position: None, message }
    }
}

/// Makes a condition ready to be asked.
pub(super) fn compile(env: &Env, source: &str) -> Result<Program, Fault> {
    if source.len() > CONDITION_LENGTH_MAX {
        return Err(Fault::anywhere(format!("the condition is longer than {CONDITION_LENGTH_MAX} bytes")));
    }
    if depth(source) > CONDITION_DEPTH_MAX {
        return Err(Fault::anywhere(format!("the condition nests deeper than {CONDITION_DEPTH_MAX} brackets")));
    }
    let program = env.compile(source).map_err(|errors| {
        // What the parser could not make anything of is told best by the error that follows.
        let of_use = |error: &&cel::ParseError| !error.msg.starts_with("Incomplete");
        match errors.errors.iter().find(of_use).or(errors.errors.first()) {
            Some(error) => {
                let place = |at: isize| usize::try_from(at).ok().filter(|at| *at > 0);
                let position = place(error.pos.0).zip(place(error.pos.1));
                Fault { position, message: sentence(&error.msg, before(source, position)) }
            }
            None => Fault::anywhere(format!("the condition is not CEL ({errors})")),
        }
    })?;
    check_references(&program, source)?;
    Ok(program)
}

fn check_references(program: &Program, source: &str) -> Result<(), Fault> {
    let references = program.references();
    let mut variables = references.variables();
    variables.sort_unstable();
    let Some(unknown) = variables.into_iter().find(|name| !VARIABLES.contains(name) && !name.starts_with('@')) else {
        return Ok(());
    };
    let message = format!("the condition refers to {unknown:?}; a ticket has {}", VARIABLES.join(", "));
    Err(Fault { position: source.find(unknown).map(|offset| line_column(source, offset)), message })
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

/// What stands before a place, without the space between.
fn before(source: &str, position: Option<(usize, usize)>) -> &str {
    let (line, column) = position.unwrap_or_default();
    let line_start: usize = source.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let columns = source[line_start..].chars().take(column.saturating_sub(1));
    source[..line_start + columns.map(char::len_utf8).sum::<usize>()].trim_end()
}

/// What the parser says, in words that need no grammar beside them. What it says that we do not know stands in brackets.
fn sentence(raw: &str, before: &str) -> String {
    let said = raw.strip_prefix("Syntax error: ").unwrap_or(raw);
    if let Some(text) = said.strip_prefix("token recognition error at: ") {
        return unknown_token(unquoted(text).trim(), before);
    }
    let misplaced = said.strip_prefix("mismatched input ").or_else(|| said.strip_prefix("extraneous input "));
    if let Some((found, expected)) = misplaced.and_then(|rest| rest.rsplit_once(" expecting ")) {
        return misplaced_token(unquoted(found), expected, before);
    }
    if let Some((expected, found)) = said.strip_prefix("missing ").and_then(|rest| rest.split_once(" at ")) {
        return misplaced_token(unquoted(found), expected, before);
    }
    if said.starts_with("no viable alternative") {
        return "a `.` in the condition is not followed by the name of a member".to_owned();
    }
    if let Some(word) = said.strip_prefix("reserved identifier: ") {
        return format!("`{word}` is a word that CEL keeps for itself");
    }
    match said {
        "invalid int literal" | "invalid uint literal" | "invalid double literal" => {
            "a number in the condition is too large".to_owned()
        }
        "invalid argument to has() macro" => {
            "has() asks for a member of something, as in has(attributes.amount)".to_owned()
        }
        _ => format!("the condition is not CEL ({said})"),
    }
}

/// Without the quotes that the parser puts around what it found, which may have quotes of its own.
fn unquoted(text: &str) -> &str {
    text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')).unwrap_or(text)
}

fn unknown_token(text: &str, before: &str) -> String {
    if text.starts_with(['"', '\'']) {
        let fault =
            if text.contains('\\') { "has a \\ before something that CEL does not know" } else { "is not closed" };
        return format!("the string {text} {fault}");
    }
    if text.starts_with(CURLY_QUOTES) {
        return format!("`{text}` is no quote to CEL; write \" or '");
    }
    // Of `===` the parser has taken two signs when it stumbles.
    let whole = if before.ends_with("==") { format!("=={text}") } else { text.to_owned() };
    format!("`{whole}` is nothing that CEL knows{}", habit(&whole))
}

fn misplaced_token(found: &str, expected: &str, before: &str) -> String {
    let expected = expectation(expected);
    match (found, before) {
        ("<EOF>", "") => return "the condition is empty".to_owned(),
        ("<EOF>", _) => return format!("the condition ends where {expected} was expected"),
        _ => {}
    }
    let previous = before.rsplit(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
    let hint = match (previous, found) {
        ("<", ">") => habit("<>"),
        ("not" | "NOT", _) => habit(previous),
        _ => habit(found),
    };
    format!("`{found}` stands where {expected} was expected{hint}")
}

fn habit(written: &str) -> String {
    let meant = HABITS.iter().find(|(habit, _)| *habit == written);
    meant.map(|(habit, meant)| format!("; CEL writes {meant} for {habit}")).unwrap_or_default()
}

/// The parser's list of what it would have taken, as people say it.
fn expectation(tokens: &str) -> String {
    let tokens: Vec<&str> = tokens.trim_start_matches('{').trim_end_matches('}').split(", ").collect();
    let has = |token: &str| tokens.contains(&token);
    if has("IDENTIFIER") {
        return "a value".to_owned();
    }
    if has("':'") && has("'&&'") {
        return "`:` and what holds otherwise".to_owned();
    }
    if has("'&&'") {
        return "an operator such as == or &&".to_owned();
    }
    let words = tokens.iter().map(|token| match token.trim_matches('\'') {
        "<EOF>" => "the end".to_owned(),
        sign => format!("`{sign}`"),
    });
    words.collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(source: &str) -> Fault {
        match compile(&Env::stdlib(), source) {
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

    proptest::proptest! {
        #[test]
        fn anything_is_a_condition_or_has_a_sentence(source in "[a-z.()=&|!<>'\"\\[\\]{}?:,ä€ \n0-9-]{0,40}") {
            if let Err(fault) = compile(&Env::stdlib(), &source) {
                proptest::prop_assert!(!fault.message.contains("expecting"), "{}", fault.message);
                proptest::prop_assert!(!fault.message.contains("IDENTIFIER"), "{}", fault.message);
            }
        }
    }
}

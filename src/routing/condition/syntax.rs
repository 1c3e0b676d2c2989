//! What the parser says of a condition that it can't read, in sentences for people who never read a grammar.

use cel::ParseErrors;

use super::Fault;

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

/// What is wrong with a condition that the parser does not take.
pub(super) fn fault(errors: &ParseErrors, source: &str) -> Fault {
    // What the parser could not make anything of is told best by the error that follows.
    let of_use = |error: &&cel::ParseError| !error.msg.starts_with("Incomplete");
    let Some(error) = errors.errors.iter().find(of_use).or(errors.errors.first()) else {
        return Fault::anywhere(format!("the condition is not CEL ({errors})"));
    };
    let place = |at: isize| usize::try_from(at).ok().filter(|at| *at > 0);
    let position = place(error.pos.0).zip(place(error.pos.1));
    Fault { position, message: sentence(&error.msg, before(source, position)) }
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

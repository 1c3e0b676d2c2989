//! The conditions of rules: whether the engine takes them, and where in the file that is which it does not take.

use crate::routing::catalogue::Rule;
use crate::routing::classify::{Classifier, RuleError};
use crate::routing::condition::VARIABLES;

use super::diagnostic::{Diagnostic, Origin};
use super::rule::RuleOrigins;
use super::suggestion::nearest;

/// Reports every condition that the engine does not take.
pub(super) fn check(rules: &[Rule], origins: &[RuleOrigins], text: &str) -> Vec<Diagnostic> {
    let errors = Classifier::compile(rules).err().unwrap_or_default();
    errors.iter().map(|error| diagnostic(error, &rules[error.index], &origins[error.index].when, text)).collect()
}

fn diagnostic(error: &RuleError, rule: &Rule, written: &Origin, text: &str) -> Diagnostic {
    let origin = place(&rule.when, error.position, written, text);
    let word = match &origin {
        Origin::File(span) => text.get(span.clone()).unwrap_or_default(),
        Origin::Override(_) | Origin::Whole => "",
    };
    let meant = if VARIABLES.contains(&word) { None } else { nearest(word, VARIABLES) };
    Diagnostic::error(origin, format!("in the rule {:?}: {}", rule.name, error.message))
        .expected("a condition in CEL over the ticket, such as customer.tier == \"vip\" && channel == \"call\"")
        .help(meant.map(|name| format!("did you mean `{name}`?")))
}

/// The place in the file of a line and column (from 1) of a condition; the whole condition where it is written with
/// escape sequences, so that its characters are not where they seem to be.
fn place(condition: &str, position: Option<(usize, usize)>, written: &Origin, text: &str) -> Origin {
    let narrowed = || {
        let Origin::File(span) = written else { return None };
        let start = verbatim(condition, text.get(span.clone())?)? + span.start;
        let (line, column) = position?;
        let line_start: usize = condition.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
        let rest = &condition[line_start..];
        let column_bytes: usize = rest.chars().take(column.checked_sub(1)?).map(char::len_utf8).sum();
        let word = word_length(&rest[column_bytes..]);
        let begin = start + line_start + column_bytes;
        Some(Origin::File(begin..begin + word.max(1)))
    };
    narrowed().unwrap_or_else(|| written.clone())
}

/// Behind how many bytes of quotes a string begins that is written as it is meant.
fn verbatim(value: &str, written: &str) -> Option<usize> {
    let quotes = ["'''\n", "\"\"\"\n", "'''", "\"\"\"", "'", "\""];
    let opening = quotes.into_iter().find(|quote| written.starts_with(quote))?;
    written[opening.len()..].starts_with(value).then_some(opening.len())
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    fn found(written: &str, condition: &str, position: (usize, usize)) -> String {
        let text = format!("when = {written}\n");
        let span: Range<usize> = 7..7 + written.len();
        match place(condition, Some(position), &Origin::File(span), &text) {
            Origin::File(span) => text[span].to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_place_in_a_condition_is_found_in_the_file() {
        assert_eq!(found("'a == nobody'", "a == nobody", (1, 6)), "nobody");
        assert_eq!(found("'''\na ||\n  nobody'''", "a ||\n  nobody", (2, 3)), "nobody");
        assert_eq!(found("'ä == nobody'", "ä == nobody", (1, 6)), "nobody");
    }

    #[test]
    fn a_condition_with_escape_sequences_is_pointed_at_as_a_whole() {
        let written = r#""a == \"b\" || nobody""#;
        assert_eq!(found(written, r#"a == "b" || nobody"#, (1, 13)), written);
    }

    #[test]
    fn a_position_outside_of_the_condition_does_not_panic() {
        for position in [(0, 0), (1, 0), (1, 99), (9, 9)] {
            found("'a'", "a", position);
        }
    }
}

//! The conditions of rules and automations: whether the engine takes them, and where in the file that is which it does not take.

use crate::routing::condition::{Condition, EFFORT_OF_ALL_MAX, Fault};
use crate::routing::facts::RULE_VARIABLES;
use crate::routing::{Catalogue, RoleName};

use super::catalogue::CatalogueOrigins;
use super::diagnostic::{Diagnostic, Origin};
use super::section::quoted_list;
use super::succession::instead_of;
use super::suggestion::nearest;

/// A condition as it is written, and what it belongs to.
struct Written<'a> {
    /// `the rule "VIP customers"`
    of: String,
    condition: &'a str,
    variables: &'static [&'static str],
    origin: &'a Origin,
    text: &'a str,
}

/// Reports every condition that the engine does not take, or that asks about a queue that is not there.
pub(super) fn check(catalogue: &Catalogue, origins: &CatalogueOrigins, text: &str) -> Vec<Diagnostic> {
    let rules = catalogue.rules.iter().zip(&origins.rules).map(|(rule, origins)| Written {
        of: format!("the rule {:?}", rule.name),
        condition: &rule.when,
        variables: RULE_VARIABLES,
        origin: &origins.when,
        text,
    });
    let automations = catalogue.automations.iter().zip(&origins.automations);
    let automations = automations.filter_map(|(automation, origins)| {
        let condition = automation.when.as_deref()?;
        let of = format!("the automation {:?}", automation.name);
        Some(Written { of, condition, variables: RULE_VARIABLES, origin: &origins.when, text })
    });
    let mut steps = 0;
    rules.chain(automations).flat_map(|written| written.check(catalogue, &mut steps)).collect()
}

/// Whether these are the steps that are too many: said once, of the condition with which they are.
fn exceeds(steps: &mut u64, effort: u64) -> bool {
    let before = *steps;
    *steps = before.saturating_add(effort);
    before <= EFFORT_OF_ALL_MAX && *steps > EFFORT_OF_ALL_MAX
}

impl Written<'_> {
    /// `steps` are those of the conditions before, and then of this one too.
    fn check(&self, catalogue: &Catalogue, steps: &mut u64) -> Vec<Diagnostic> {
        let compiled = Condition::compile(self.condition, self.variables);
        match compiled.and_then(|condition| condition.check_effort().map(|effort| (condition, effort))) {
            Ok((_, effort)) if exceeds(steps, effort) => vec![self.one_too_many()],
            Err(fault) => vec![self.refused(&fault)],
            Ok((condition, _)) => {
                let named = condition.named_queues().into_iter();
                let is_role = |name: &str| catalogue.roles.keys().any(|role| role.as_str() == name);
                let lost = named.filter(|queue| !is_role(&queue.role));
                lost.map(|queue| self.no_queue(&queue.role, queue.position, catalogue)).collect()
            }
        }
    }

    fn one_too_many(&self) -> Diagnostic {
        let message = format!(
            "with {} all conditions together may take more than {EFFORT_OF_ALL_MAX} steps for one ticket",
            self.of
        );
        Diagnostic::error(self.origin.clone(), message).expected("fewer conditions, or such as do not go through lists")
    }

    fn refused(&self, fault: &Fault) -> Diagnostic {
        let origin = self.place(fault.position);
        let word = match &origin {
            Origin::File(span) => self.text.get(span.clone()).unwrap_or_default(),
            Origin::Override(_) | Origin::Whole => "",
        };
        let variables = self.variables.iter().copied();
        let meant = if self.variables.contains(&word) { None } else { nearest(word, variables) };
        Diagnostic::error(origin, format!("in {}: {}", self.of, fault.message))
            .expected("a condition in CEL over the ticket, such as customer.tier == \"vip\" && channel == \"call\"")
            .help(meant.map(|name| format!("did you mean `{name}`?")))
    }

    fn no_queue(&self, role: &str, position: (usize, usize), catalogue: &Catalogue) -> Diagnostic {
        let roles: Vec<&str> = catalogue.roles.keys().map(RoleName::as_str).collect();
        let message = format!("in {}: there is no role {role:?} whose queue could be asked about", self.of);
        Diagnostic::error(self.place(Some(position)), message)
            .expected(format!("one of {}", quoted_list(&roles)))
            .help(instead_of(role, catalogue))
            .misses_role(role)
    }

    fn place(&self, position: Option<(usize, usize)>) -> Origin {
        place(self.condition, position, self.origin, self.text)
    }
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
    fn all_conditions_together_are_bounded_and_the_first_too_many_is_named() {
        let list = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]";
        let lists = format!("{list}.all(a, {list}.all(b, {list}.all(c, a < 10)))");
        let rule = |number| format!("[[rule]]\nname = \"r{number}\"\nwhen = \"{lists}\"\nset = {{ priority = 5 }}\n");
        let of = |count: usize| {
            let text: String = (0..count).map(rule).collect();
            crate::config::parse("test", &text, &crate::config::Overrides::none())
        };
        assert!(of(50).is_ok());
        let told = of(500).expect_err("they are too many").to_string();
        assert_eq!(told.matches("all conditions together may take more than 2000000 steps").count(), 1, "{told}");
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

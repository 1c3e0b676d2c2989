//! What is wrong with a configuration, where, and what was expected: for people who have to mend it.

use std::fmt;
use std::ops::Range;

use super::secret::redact_passwords;

/// The most findings that a report prints in full; a broken file needs no more to be mended.
const PRINTED_MAX: usize = 50;
/// The longest source line that is quoted, in characters.
const QUOTED_LENGTH_MAX: usize = 200;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration can't be used.
    Error,
    /// The configuration can be used, and hardly does what was meant.
    Warning,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// These bytes of the file.
    File(Range<usize>),
    /// An environment variable or a flag of that name.
    Override(&'static str),
    /// The file as a whole.
    Whole,
}

impl Origin {
    /// For sorting: what comes from the file in the order of the file, then the rest.
    fn offset(&self) -> usize {
        match self {
            Self::File(span) => span.start,
            Self::Override(_) | Self::Whole => usize::MAX,
        }
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub origin: Origin,
    /// What would have been right.
    pub expected: Option<String>,
    /// What was probably meant, or how to mend it.
    pub help: Option<String>,
    /// The role that is asked for and is not there, where that is what is wrong.
    pub(super) missing_role: Option<String>,
}

impl Diagnostic {
    pub(super) fn error(origin: Origin, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            message: message.into(),
            origin,
            expected: None,
            help: None,
            missing_role: None,
        }
    }

    pub(super) fn warning(origin: Origin, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(origin, message) }
    }

    #[must_use]
    pub(super) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    #[must_use]
    pub(super) fn misses_role(mut self, name: &str) -> Self {
        self.missing_role = Some(name.to_owned());
        self
    }

    #[must_use]
    pub(super) fn help(mut self, help: Option<impl Into<String>>) -> Self {
        self.help = help.map(Into::into);
        self
    }
}

/// All findings about one configuration, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    name: String,
    text: String,
    diagnostics: Vec<Diagnostic>,
}

impl Report {
    pub(super) fn new(name: &str, text: &str, mut diagnostics: Vec<Diagnostic>) -> Self {
        diagnostics.sort_by_key(|diagnostic| diagnostic.origin.offset());
        Self { name: name.to_owned(), text: text.to_owned(), diagnostics }
    }

    /// The findings.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// Where a finding is, as editors and compilers write it: `rolecall.toml:12:5`, or the variable's or flag's name.
    #[must_use]
    pub fn place(&self, diagnostic: &Diagnostic) -> String {
        match &diagnostic.origin {
            Origin::File(span) => {
                let place = Place::of(&self.text, span);
                format!("{}:{}:{}", self.name, place.line_number, place.column + 1)
            }
            Origin::Override(name) => (*name).to_owned(),
            Origin::Whole => self.name.clone(),
        }
    }

    /// Each finding on one line, for a log: `rolecall.toml:12:5: unknown key `prefetchs` in [amqp]`.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.diagnostics.iter().map(|diagnostic| format!("{}: {}", self.place(diagnostic), diagnostic.message))
    }

    fn write_one(&self, f: &mut fmt::Formatter<'_>, diagnostic: &Diagnostic) -> fmt::Result {
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}: {}", diagnostic.message)?;
        let mut margin = 1;
        match &diagnostic.origin {
            Origin::File(span) => {
                let place = Place::of(&self.text, span);
                margin = place.line_number.to_string().len();
                writeln!(f, "{:margin$}--> {}", "", self.place(diagnostic))?;
                place.write_quote(f, margin)?;
            }
            Origin::Override(_) | Origin::Whole => writeln!(f, " --> {}", self.place(diagnostic))?,
        }
        for (label, note) in [("expected", &diagnostic.expected), ("help", &diagnostic.help)] {
            if let Some(note) = note {
                writeln!(f, "{:margin$} = {label}: {note}", "")?;
            }
        }
        Ok(())
    }
}

/// Every finding with its place, the line of source and a caret.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.diagnostics.iter().take(PRINTED_MAX).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            self.write_one(f, diagnostic)?;
        }
        if let Some(more) = self.diagnostics.len().checked_sub(PRINTED_MAX + 1) {
            writeln!(f, "\n… and {} more", more + 1)?;
        }
        Ok(())
    }
}

/// A place in the text, with the line that it is on.
struct Place<'a> {
    line_number: usize,
    /// In characters, from zero.
    column: usize,
    /// How many characters of the line it covers; at least one.
    width: usize,
    line: &'a str,
}

impl<'a> Place<'a> {
    fn of(text: &'a str, span: &Range<usize>) -> Self {
        let start = floor_boundary(text, span.start);
        let end = floor_boundary(text, span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = text[line_start..line_end].trim_end_matches('\r');
        Self {
            line_number: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count(),
            width: text[start..end.min(line_end)].trim_end().chars().count().max(1),
            line,
        }
    }

    fn write_quote(&self, f: &mut fmt::Formatter<'_>, margin: usize) -> fmt::Result {
        let shown = redact_passwords(self.line);
        let (mut column, mut width) = (self.column, self.width);
        if shown != self.line {
            // Behind a password the columns have moved: the caret stays in front of it, and shrinks with the line.
            let unmoved = shown.chars().zip(self.line.chars()).take_while(|(a, b)| a == b).count();
            column = column.min(unmoved);
            let end = (self.column + self.width + shown.chars().count()).saturating_sub(self.line.chars().count());
            width = end.saturating_sub(column).max(1);
        }
        if column + width > QUOTED_LENGTH_MAX {
            return Ok(());
        }
        // One character, one column: a tab or an escape sequence would move the caret, or worse.
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let quoted: String = shown.chars().take(QUOTED_LENGTH_MAX).map(printable).collect();
        writeln!(f, "{:margin$} |", "")?;
        writeln!(f, "{} | {}", self.line_number, quoted.trim_end())?;
        writeln!(f, "{:margin$} | {:column$}{:^<width$}", "", "", "")
    }
}

fn floor_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str, span: Range<usize>) -> String {
        let found = Diagnostic::error(Origin::File(span), "wrong").expected("right").help(Some("mend it"));
        Report::new("a.toml", text, vec![found]).to_string()
    }

    #[test]
    fn a_finding_shows_its_line_with_a_caret() {
        let expected =
            "error: wrong\n --> a.toml:2:5\n  |\n2 | b = 12\n  |     ^^\n  = expected: right\n  = help: mend it\n";
        assert_eq!(report("a = 1\nb = 12\n", 10..12), expected);
    }

    #[test]
    fn columns_count_characters_not_bytes() {
        let text = "a = \"é\" x";
        assert!(report(text, 9..10).contains("a.toml:1:9"), "{}", report(text, 9..10));
    }

    #[test]
    fn a_quoted_line_never_shows_a_password() {
        let text = "uri = \"amqp://guest:hunter2@host:99999/\"";
        let shown = report(text, 6..text.len());
        assert!(!shown.contains("hunter2") && shown.contains("guest:***@host"), "{shown}");
    }

    #[test]
    fn a_span_behind_the_end_or_inside_a_character_does_not_panic() {
        for span in [0..0, 1..2, 5..99, 100..200] {
            assert!(report("éé", span).starts_with("error: wrong"));
        }
    }
}

//! What a condition states: of a path, that it is this or that, or how it compares; and what follows from such a statement.

use std::fmt;

use super::Asker;

/// Something that a condition asks of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Statement {
    Is(Path, Constant),
    IsNot(Path, Constant),
    Compares(Path, Comparison),
    /// Anything else, by how it is written.
    Holds(String),
    /// Its negation.
    Fails(String),
}

impl Statement {
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Is(path, _) | Self::IsNot(path, _) | Self::Compares(path, _) => Some(path),
            Self::Holds(_) | Self::Fails(_) => None,
        }
    }

    /// Whether it is about that member of the ticket itself.
    pub(super) fn is_about(&self, member: &str) -> bool {
        self.path().is_some_and(|path| path.segments() == [member])
    }

    /// The text that it says something to be, or not to be.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Is(_, Constant::Text(text)) | Self::IsNot(_, Constant::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn implies(&self, wanted: &Self) -> bool {
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

    pub(super) fn excludes(&self, other: &Self) -> bool {
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
    pub(super) fn is_impossible(&self, asker: Asker) -> bool {
        let Some(domain) = self.path().and_then(|path| path.domain(asker)) else { return false };
        match self {
            Self::Is(_, constant) => !domain.has(constant),
            Self::IsNot(_, constant) => domain == Domain::Null && *constant == Constant::Null,
            Self::Compares(_, comparison) => domain.admitted(*comparison).0 == 0,
            Self::Holds(_) | Self::Fails(_) => false,
        }
    }

    /// Whether every ticket is like that.
    pub(super) fn is_certain(&self, asker: Asker) -> bool {
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
pub(super) struct Path(pub(super) Vec<String>);

impl Path {
    pub(super) fn member(mut self, name: &str) -> Self {
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
    pub(super) fn nature(&self, asker: Asker) -> Option<String> {
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
pub(super) enum Constant {
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
pub(super) enum Comparison {
    Above(i64),
    AtLeast(i64),
    AtMost(i64),
    Below(i64),
}

impl Comparison {
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

//! What was there, and could not be made into the member that it was for: so that whoever sent it is told.

use serde_json::Value;

/// The most members that are told of; a mapping that leaves out more is told of well enough.
const NOTES_MAX: usize = 32;

/// The longest piece of what was found that is repeated, in bytes: enough to find it.
const QUOTE_LENGTH_MAX: usize = 80;

/// Members that were left out of an event, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LeftOut(Vec<Note>);

/// A member that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Where it would have been: `$.created_at`.
    pub path: String,
    /// What was expected, and what was found.
    pub why: String,
}

impl LeftOut {
    /// Notes a member, of which then nothing is there.
    pub(super) fn note<T>(&mut self, path: &str, expected: &str, found: &Value) -> Option<T> {
        if self.0.len() < NOTES_MAX {
            self.0.push(Note { path: path.to_owned(), why: format!("expected {expected}, found {}", describe(found)) });
        }
        None
    }

    /// How many there are: [`LeftOut::forget_since`] goes back to it.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Something else stands in place of what was noted since.
    pub(super) fn forget_since(&mut self, count: usize) {
        self.0.truncate(count);
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &Note> {
        self.0.iter()
    }

    /// For people: `$.created_at: expected a count of seconds since 1970, found "soon"`, each.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        self.0.iter().map(|note| format!("{}: {}", note.path, note.why)).collect()
    }

    /// Whether nothing was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => {
            let mut text = other.to_string();
            if text.len() > QUOTE_LENGTH_MAX {
                text.truncate(text.floor_char_boundary(QUOTE_LENGTH_MAX));
                text.push('…');
            }
            text
        }
    }
}

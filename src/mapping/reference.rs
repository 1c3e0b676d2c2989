//! Where a value comes from, and texts with such values in them.

use serde_json::Value;

use super::path::{Path, PathError};
use super::{Payload, term};

/// What stands before the name of a header.
const HEADER: &str = "header:";

/// The longest name of a header, in bytes.
const HEADER_LENGTH_MAX: usize = 128;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// A place in the JSON.
    Path(Path),
    /// A header.
    Header(String),
}

/// Why a text is no reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// The path is none.
    #[error("{0:?} {1}")]
    Path(String, PathError),
    /// The name of a header is none.
    #[error("{0:?} names no header")]
    Header(String),
    /// A brace is not closed.
    #[error("the brace at byte {0} is not closed")]
    Brace(usize),
}

impl Reference {
    /// What a reference looks like, for whoever wrote another one.
    pub const EXPECTED: &str = "a path such as $.ticket.id, or a header such as header:X-Delivery";

    /// Whether a text is meant to be one.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text == "$" || text.starts_with("$.") || text.starts_with("$[") || text.starts_with(HEADER)
    }

    /// Reads a reference.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if let Some(name) = text.strip_prefix(HEADER) {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            let is_proper = !name.is_empty() && name.len() <= HEADER_LENGTH_MAX && name.chars().all(is_name);
            return if is_proper {
                Ok(Self::Header(name.to_ascii_lowercase()))
            } else {
                Err(ReferenceError::Header(name.to_owned()))
            };
        }
        Path::parse(text).map(Self::Path).map_err(|error| ReferenceError::Path(text.to_owned(), error))
    }

    /// What is there, if anything.
    #[must_use]
    pub fn find(&self, payload: &Payload<'_>) -> Option<Value> {
        match self {
            Self::Path(path) => path.find(payload.body),
            Self::Header(name) => (payload.header)(name).filter(|text| !text.is_empty()).map(Value::String),
        }
    }
}

/// A text with references in braces: `zammad-{$.ticket.id}`. `{{` is a brace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Reference(Reference),
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gap {
    /// Nothing is there.
    Nothing,
    /// What is there is no text, number or truth.
    NoText(Value),
}

impl Template {
    /// A reference alone, as text.
    #[must_use]
    pub fn of(reference: Reference) -> Self {
        Self(vec![Piece::Reference(reference)])
    }

    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with a reference in it.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(brace) = rest.find('{') {
            plain.push_str(&rest[..brace]);
            let behind = &rest[brace + 1..];
            if let Some(behind) = behind.strip_prefix('{') {
                plain.push('{');
                rest = behind;
                continue;
            }
            let place = text.len() - rest.len() + brace;
            let (inside, behind) = behind.split_once('}').ok_or(ReferenceError::Brace(place))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Reference(Reference::parse(inside)?));
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The text itself, where there is nothing to put into it.
    #[must_use]
    pub fn as_plain(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with what is there.
    ///
    /// # Errors
    /// Where anything of it is not there, or is no text.
    pub fn render(&self, payload: &Payload<'_>) -> Result<String, Gap> {
        self.0.iter().try_fold(String::new(), |mut whole, piece| {
            match piece {
                Piece::Text(text) => whole.push_str(text),
                Piece::Reference(reference) => {
                    let found = reference.find(payload).ok_or(Gap::Nothing)?;
                    whole.push_str(&term::text_of(&found).ok_or(Gap::NoText(found))?);
                }
            }
            Ok(whole)
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn render(template: &str) -> Option<String> {
        let body = json!({ "id": 81, "name": "Ann", "ok": true, "list": [1] });
        let header = |name: &str| (name == "x-delivery").then(|| "d-1".to_owned());
        Template::parse(template).expect(template).render(&Payload { bytes: b"", body: &body, header: &header }).ok()
    }

    #[test]
    fn a_template_is_there_wholly_or_not_at_all() {
        assert_eq!(render("t-{$.id}").as_deref(), Some("t-81"));
        assert_eq!(render("{$.name}/{header:X-Delivery}/{$.ok}").as_deref(), Some("Ann/d-1/true"));
        assert_eq!(render("{{{$.id}}").as_deref(), Some("{81}"));
        assert_eq!(render("plain").as_deref(), Some("plain"));
        for nothing in ["t-{$.none}", "{header:x-none}", "{$.list}", "{$}"] {
            assert_eq!(render(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_reference_is_said() {
        assert!(matches!(Template::parse("a{$.b"), Err(ReferenceError::Brace(1))));
        assert!(matches!(Template::parse("a{b}"), Err(ReferenceError::Path(..))));
        assert!(matches!(Reference::parse("header:"), Err(ReferenceError::Header(_))));
        assert!(matches!(Reference::parse("header:a b"), Err(ReferenceError::Header(_))));
    }
}

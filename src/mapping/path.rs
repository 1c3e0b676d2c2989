//! A place in JSON: `$.ticket.tags[0]`, `$["a name"]`, and of all elements of a list `$.labels[*].name`: a small part of RFC 9535.

use std::fmt;

use serde_json::Value;

/// The longest path, in bytes.
const LENGTH_MAX: usize = 256;

/// A place in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
    Every,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Another beginning.
    #[error("does not begin with `$`")]
    Beginning,
    /// Longer than any.
    #[error("has more than {LENGTH_MAX} bytes")]
    TooLong,
    /// A dot with no name behind it.
    #[error("has no name behind the dot at its byte {0}")]
    Name(usize),
    /// A bracket that is not closed, or has neither a number, nor a star, nor a text within.
    #[error("has neither a number, nor `*`, nor a text in quotes between the brackets at its byte {0}")]
    Bracket(usize),
    /// Something else.
    #[error("goes on with {1:?} at its byte {0}")]
    Rest(usize, char),
}

impl Path {
    /// What a path looks like, for whoever wrote another one.
    pub const EXPECTED: &str = "a path such as $.ticket.id, $.tags[0], $.labels[*].name or $[\"a name\"]";

    /// Reads a path.
    ///
    /// # Errors
    /// Where it stops being one.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.len() > LENGTH_MAX {
            return Err(PathError::TooLong);
        }
        let mut rest = text.strip_prefix('$').ok_or(PathError::Beginning)?;
        let mut steps = Vec::new();
        while let Some(first) = rest.chars().next() {
            let place = text.len() - rest.len();
            let (step, behind) = match first {
                '.' => member(&rest[1..]).ok_or(PathError::Name(place))?,
                '[' => bracket(&rest[1..]).ok_or(PathError::Bracket(place))?,
                other => return Err(PathError::Rest(place, other)),
            };
            steps.push(step);
            rest = behind;
        }
        Ok(Self(steps))
    }

    /// What is there; behind `[*]` a list of it. `null`, an empty text and a list of nothing found count as nothing: that is how
    /// systems say that they have none.
    #[must_use]
    pub fn find(&self, body: &Value) -> Option<Value> {
        find(&self.0, body)
    }
}

/// Goes as deep as the path has steps, which its length bounds.
fn find(steps: &[Step], value: &Value) -> Option<Value> {
    match steps.split_first() {
        None => (!value.is_null() && value.as_str() != Some("")).then(|| value.clone()),
        Some((Step::Member(name), rest)) => find(rest, value.get(name)?),
        Some((Step::Element(index), rest)) => find(rest, value.get(index)?),
        Some((Step::Every, rest)) => every(rest, value.as_array()?),
    }
}

/// What is found in each of them, in one list however many stars there are. That a list itself is empty is said.
fn every(rest: &[Step], values: &[Value]) -> Option<Value> {
    let is_last = !rest.contains(&Step::Every);
    let found = values.iter().filter_map(|value| find(rest, value)).flat_map(|found| match found {
        Value::Array(elements) if !is_last => elements,
        other => vec![other],
    });
    let found: Vec<Value> = found.collect();
    (!found.is_empty() || values.is_empty()).then_some(Value::Array(found))
}

/// Names may have hyphens, as switches like them: `$.CC-Action`.
fn member(rest: &str) -> Option<(Step, &str)> {
    let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '@' | ':');
    let end = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
    (end > 0).then(|| (Step::Member(rest[..end].to_owned()), &rest[end..]))
}

fn bracket(rest: &str) -> Option<(Step, &str)> {
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (name, behind) = rest[1..].split_once(quote)?;
        return Some((Step::Member(name.to_owned()), behind.strip_prefix(']')?));
    }
    if let Some(behind) = rest.strip_prefix("*]") {
        return Some((Step::Every, behind));
    }
    let (index, behind) = rest.split_once(']')?;
    let is_number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Some((Step::Element(index.parse().ok()?), behind)))?
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Member(name) => write!(f, "[{name:?}]"),
            Step::Element(index) => write!(f, "[{index}]"),
            Step::Every => f.write_str("[*]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_to_its_place_and_nowhere_else() {
        let body = json!({ "a": { "b-c": [1, { "d e": "x" }] }, "none": null, "empty": "", "no": false });
        let find = |path: &str| Path::parse(path).expect(path).find(&body);
        assert_eq!(find("$.a.b-c[0]"), Some(json!(1)));
        assert_eq!(find("$.a['b-c'][1][\"d e\"]"), Some(json!("x")));
        assert_eq!(find("$.no"), Some(json!(false)));
        assert_eq!(find("$"), Some(body.clone()));
        for nothing in ["$.none", "$.empty", "$.a.b-c[2]", "$.a.b-c.x", "$.a[0]", "$.x.y"] {
            assert_eq!(find(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_star_finds_what_is_in_every_element() {
        let body = json!({ "labels": [{ "name": "bug" }, { "id": 1 }, { "name": "de" }], "none": [], "flat": 7,
            "deep": [{ "tags": ["a", "b"] }, { "tags": ["c"] }] });
        let find = |path: &str| Path::parse(path).expect(path).find(&body);
        assert_eq!(find("$.labels[*].name"), Some(json!(["bug", "de"])));
        assert_eq!(find("$.deep[*].tags[*]"), Some(json!(["a", "b", "c"])));
        assert_eq!(find("$.deep[*].tags"), Some(json!([["a", "b"], ["c"]])));
        assert_eq!(find("$.none[*].name"), Some(json!([])), "that there are none is said");
        for nothing in ["$.labels[*].colour", "$.flat[*]", "$.absent[*].name"] {
            assert_eq!(find(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_path_says_where_it_stops_being_one() {
        for (text, error) in [
            ("ticket.id", PathError::Beginning),
            ("", PathError::Beginning),
            ("$.", PathError::Name(1)),
            ("$.a..b", PathError::Name(3)),
            ("$.a[", PathError::Bracket(3)),
            ("$.a[x]", PathError::Bracket(3)),
            ("$.a[-1]", PathError::Bracket(3)),
            ("$.a[\"x]", PathError::Bracket(3)),
            ("$.a[*", PathError::Bracket(3)),
            ("$.a[**]", PathError::Bracket(3)),
            ("$.a b", PathError::Rest(3, ' ')),
            ("$.a[99999999999999999999999]", PathError::Bracket(3)),
        ] {
            assert_eq!(Path::parse(text), Err(error), "{text}");
        }
        assert_eq!(Path::parse(&format!("$.{}", "a".repeat(LENGTH_MAX))), Err(PathError::TooLong));
    }
}

//! The query of an address: what its parameters may be, and what is wrong with those that came, parameter by parameter.

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::api::bad_request;
use super::problem::Problem;

/// Of a value that can't be used so many characters are repeated: enough to know it again.
const FOUND_LENGTH_MAX: usize = 64;

/// What the query of an address says.
#[derive(Debug)]
pub(super) struct Parameters<T>(pub(super) T);

impl<T: DeserializeOwned + JsonSchema, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.uri)
    }
}

/// What is wrong with a parameter: what was expected, and what came.
pub(super) fn wrong(name: &str, expected: &str, found: &str) -> Problem {
    bad_request(format!("{name}: expected {expected}, found {}", quoted(found))).at(format!("?{name}"))
}

fn read<T: DeserializeOwned + JsonSchema>(uri: &Uri) -> Result<Parameters<T>, Problem> {
    Query::<T>::try_from_uri(uri).map(|Query(query)| Parameters(query)).map_err(|_| problem::<T>(uri))
}

/// Every parameter can be left out, so the first that can't be read by itself is the one that is wrong; where each can, one
/// was given twice.
fn problem<T: DeserializeOwned + JsonSchema>(uri: &Uri) -> Problem {
    let mut given = Vec::new();
    for part in uri.query().unwrap_or_default().split('&').filter(|part| !part.is_empty()) {
        let Ok(alone) = format!("/?{part}").parse::<Uri>() else { continue };
        let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(&alone) else { continue };
        let Some((name, value)) = pairs.into_iter().next() else { continue };
        if let Err(refused) = Query::<T>::try_from_uri(&alone) {
            let why = std::error::Error::source(&refused).map(ToString::to_string).unwrap_or_default();
            return refusal(&schemars::schema_for!(T), &name, &value, &why);
        }
        if given.contains(&name) {
            return bad_request(format!("{name}: expected once, and it is there more than once"))
                .at(format!("?{name}"));
        }
        given.push(name);
    }
    bad_request("the query can't be read")
}

/// What is wrong with this one; `why` is what its reader says, which knows names better than the schema does.
fn refusal(schema: &Schema, name: &str, value: &str, why: &str) -> Problem {
    let known = schema.get("properties").and_then(Value::as_object);
    let Some(parameter) = known.and_then(|known| known.get(name)) else {
        let names: Vec<_> = known.into_iter().flat_map(|known| known.keys().map(String::as_str)).collect();
        let detail = format!("there is no parameter {}: expected {}", quoted(name), listed(&names));
        return bad_request(detail).at(format!("?{}", cut(name)));
    };
    if let Some(expected) = expected(schema, parameter) {
        return wrong(name, &expected, value);
    }
    let why = why.strip_prefix(name).and_then(|why| why.strip_prefix(": ")).unwrap_or(why);
    bad_request(format!("{name}: {why}, found {}", quoted(value))).at(format!("?{name}"))
}

/// What a parameter of this schema may be; `None` where any text may be one as far as the schema knows.
fn expected(root: &Schema, parameter: &Value) -> Option<String> {
    if let Some(alternatives) = parameter.get("anyOf").or_else(|| parameter.get("oneOf")).and_then(Value::as_array) {
        let words: Vec<_> = alternatives.iter().filter_map(|one| one["const"].as_str()).collect();
        if !words.is_empty() {
            return Some(listed(&words));
        }
        return alternatives.iter().find_map(|alternative| expected(root, alternative));
    }
    if let Some(name) = parameter["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        return expected(root, root.get("$defs")?.get(name)?);
    }
    if let Some(words) = parameter["enum"].as_array() {
        return Some(listed(&words.iter().filter_map(Value::as_str).collect::<Vec<_>>()));
    }
    let is = |kind: &str| match &parameter["type"] {
        Value::String(found) => found == kind,
        Value::Array(found) => found.iter().any(|found| found == kind),
        _ => false,
    };
    if is("boolean") {
        return Some("true or false".to_owned());
    }
    if !is("integer") {
        return None;
    }
    let bound = |name: &str| parameter[name].as_u64();
    Some(match (bound("minimum"), bound("maximum")) {
        (Some(minimum), Some(maximum)) => format!("a whole number from {minimum} to {maximum}"),
        (Some(minimum), None) => format!("a whole number, {minimum} or more"),
        _ => "a whole number".to_owned(),
    })
}

fn listed(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

fn quoted(found: &str) -> String {
    let shown = cut(found);
    if shown.len() < found.len() { format!("{shown:?}…") } else { format!("{shown:?}") }
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(FOUND_LENGTH_MAX)]
}

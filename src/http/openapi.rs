//! `/api/v1/openapi.json`: the API as OpenAPI 3.1, made from the declarations of the endpoints and from the types that are
//! written and read. `docs/openapi.json` is the same.

use std::sync::OnceLock;

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::endpoint::{Endpoint, Gives, JSON, Needs};
use super::endpoints::endpoints;
use super::problem::Problem;
use super::session::COOKIE;
use crate::routing::name::NAME_LENGTH_MAX;
use crate::schema::{on_one_line, refuse_null};

/// The media type of problems.
const PROBLEM: &str = "application/problem+json";

/// What every address may answer: the address or the query is wrong, nobody is known to ask, one may not, one guesses, or
/// it can't be said now who asks.
const PROBLEMS_OF_ALL: [StatusCode; 5] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// The document; made once.
pub(super) async fn openapi() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(text).as_str();
    ([(header::CONTENT_TYPE, JSON)], text).into_response()
}

fn text() -> String {
    format!("{:#}\n", document())
}

/// The document.
pub(super) fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12().for_serialize();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>().to_value();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints() {
        let operation = operation(&endpoint, &problem, &mut generator);
        let path = paths.entry(format!("/api{}", endpoint.path)).or_insert_with(|| json!({}));
        path[endpoint.verb.as_str()] = operation;
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "rolecall",
            "version": env!("CARGO_PKG_VERSION"),
            "description": env!("CARGO_PKG_DESCRIPTION"),
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "this daemon" }],
        "security": [{ "token": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "Begun by `POST /api/v1/sessions`. What changes something also needs the header \
                                    `X-Rolecall-CSRF`: `csrf` of `GET /api/v1/sessions`.",
                },
            },
            "schemas": generator.take_definitions(true),
        },
    });
    on_one_line(&mut document);
    document
}

fn operation(endpoint: &Endpoint, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let mut operation = json!({
        "operationId": operation_id(endpoint),
        "summary": endpoint.summary,
        "description": who(endpoint.needs),
        "parameters": parameters(endpoint),
        "responses": responses(endpoint, problem, generator),
    });
    if endpoint.needs == Needs::Nothing {
        operation["security"] = json!([]);
    }
    let mut content = Map::new();
    for takes in &endpoint.takes {
        let mut reading = reading();
        content.insert(takes.media_type.to_owned(), json!({ "schema": (takes.schema)(&mut reading) }));
        generator.definitions_mut().extend(reading.take_definitions(false));
    }
    if !content.is_empty() {
        let required = endpoint.takes.iter().all(|takes| !takes.optional);
        operation["requestBody"] = json!({ "required": required, "content": content });
    }
    operation
}

/// Makes schemas of what is read, each whole where it is used.
fn reading() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12().for_deserialize();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    settings.into_generator()
}

/// `get_v1_tickets_id`
fn operation_id(endpoint: &Endpoint) -> String {
    let letters = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let path: String = endpoint.path.chars().filter(|c| !matches!(c, '{' | '}')).map(letters).collect();
    format!("{}{path}", endpoint.verb.as_str())
}

fn who(needs: Needs) -> String {
    match needs {
        Needs::Nothing => "For everybody.".to_owned(),
        Needs::Token => "For whoever shows a valid token; each part is looked at by itself.".to_owned(),
        Needs::OneOf(rights) => {
            let names: Vec<_> = rights.iter().map(|right| format!("`{}`", right.as_str())).collect();
            format!("Needs the permission {}.", names.join(" or "))
        }
    }
}

fn parameters(endpoint: &Endpoint) -> Vec<Value> {
    let name = json!({ "type": "string", "minLength": 1, "maxLength": NAME_LENGTH_MAX });
    let of_steps = "A name; `.` and `..` as `~.` and `~..`, because addresses are resolved on their way.";
    let in_path = |parameter: &str| json!({ "name": parameter, "in": "path", "required": true, "description": of_steps, "schema": name });
    let mut parameters: Vec<_> = endpoint.path_parameters().map(in_path).collect();
    if let Some(schema) = endpoint.query {
        let schema = schema(&mut reading()).to_value();
        let properties = schema["properties"].as_object().cloned().unwrap_or_default();
        for (name, mut schema) in properties {
            let description = schema.as_object_mut().and_then(|schema| schema.remove("description"));
            refuse_null(&mut schema);
            parameters.push(json!({ "name": name, "in": "query", "description": description, "schema": schema }));
        }
    }
    if endpoint.is_idempotent {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The id of the event: a repeat with the same one changes nothing, and another request with it is refused (422).",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$" },
        }));
    }
    parameters
}

fn responses(endpoint: &Endpoint, problem: &Value, generator: &mut SchemaGenerator) -> Value {
    let mut responses: Map<String, Value> = Map::new();
    for gives in &endpoint.gives {
        responses.insert(gives.status.as_u16().to_string(), response(gives, generator));
    }
    for status in PROBLEMS_OF_ALL.iter().chain(&endpoint.problems) {
        let meaning = status.canonical_reason().unwrap_or("a problem");
        let body = json!({ "description": meaning, "content": { PROBLEM: { "schema": problem } } });
        responses.entry(status.as_u16().to_string()).or_insert(body);
    }
    responses.sort_keys();
    Value::Object(responses)
}

fn response(gives: &Gives, generator: &mut SchemaGenerator) -> Value {
    let mut response = json!({ "description": gives.meaning });
    if !gives.media_type.is_empty() {
        let content = match gives.schema {
            Some(schema) => json!({ "schema": schema(generator) }),
            None => json!({}),
        };
        response["content"] = json!({ gives.media_type: content });
        for media_type in &gives.other_media_types {
            response["content"][media_type] = json!({ "schema": { "type": "string" } });
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json");

    #[test]
    fn the_document_in_the_repository_is_the_one_that_is_served() {
        if std::env::var_os("ROLECALL_BLESS").is_some() {
            std::fs::write(DOCUMENT, text()).expect("it is written");
        }
        let known = std::fs::read_to_string(DOCUMENT).expect("it is there");
        assert!(known == text(), "docs/openapi.json is out of date: run this test with ROLECALL_BLESS=1");
    }

    #[test]
    fn no_two_operations_share_a_name_or_an_address() {
        let all = endpoints();
        let ids: BTreeSet<_> = all.iter().map(operation_id).collect();
        let addresses: BTreeSet<_> = all.iter().map(|endpoint| (endpoint.path, endpoint.verb)).collect();
        assert_eq!((ids.len(), addresses.len()), (all.len(), all.len()));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(!references.is_empty());
        for reference in references {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
                members.values().for_each(|member| collect(member, references));
            }
            Value::Array(elements) => elements.iter().for_each(|element| collect(element, references)),
            _ => {}
        }
    }
}

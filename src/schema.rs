//! JSON Schemas, as readers of the references and programs want them. Pure, and known to whoever makes one.

use serde_json::Value;

/// Descriptions without the line breaks of the source.
pub(crate) fn on_one_line(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "description" => *text = text.replace('\n', " "),
                    other => on_one_line(other),
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(on_one_line),
        _ => {}
    }
}

/// Of something that is left out and never null.
pub(crate) fn refuse_null(schema: &mut Value) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = &types[..] {
            schema["type"] = only.clone();
        }
    }
    if let Some(Value::Array(choices)) = schema.get("anyOf")
        && let [choice, null] = &choices[..]
        && null["type"] == "null"
    {
        let mut only = choice.clone();
        if let Some(meaning) = schema.get("description") {
            only["description"] = meaning.clone();
        }
        *schema = only;
    }
}

//! Examples of answers, put together from the examples of their parts.

use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, RefOr};

/// Deepest nesting that is followed; schemas of ours are far flatter.
const DEPTH_MAX: usize = 12;

/// Gives each JSON answer an example.
pub(super) fn add_examples(document: &mut OpenApi) {
    let whole = serde_json::to_value(&*document).expect("a document is JSON");
    for item in document.paths.paths.values_mut() {
        for operation in super::operations(item) {
            for response in operation.responses.responses.values_mut() {
                let RefOr::T(response) = response else { continue };
                for content in response.content.values_mut() {
                    let RefOr::T(content) = content else { continue };
                    if content.example.is_some() {
                        continue;
                    }
                    let schema = serde_json::to_value(&content.schema).unwrap_or_default();
                    content.example = Some(example(&whole, &schema, DEPTH_MAX));
                }
            }
        }
    }
}

fn example(document: &Value, schema: &Value, depth_left: usize) -> Value {
    if let Some(given) = schema.get("example") {
        return given.clone();
    }
    let Some(depth_left) = depth_left.checked_sub(1) else {
        return Value::Null;
    };
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = document
            .pointer(target.trim_start_matches('#'))
            .unwrap_or(&Value::Null);
        return example(document, target, depth_left);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let parts = parts.iter().map(|part| example(document, part, depth_left));
        let all = parts.filter_map(|part| part.as_object().cloned()).flatten();
        return Value::Object(all.collect());
    }
    let choices = schema
        .get("oneOf")
        .or_else(|| schema.get("anyOf"))
        .and_then(Value::as_array);
    if let Some(first) = choices.and_then(|choices| choices.iter().find(|one| one["type"] != "null")) {
        return example(document, first, depth_left);
    }
    match kind(schema) {
        "object" => {
            let fields = schema.get("properties").and_then(Value::as_object);
            let fields = fields.into_iter().flatten();
            let fields: Map<String, Value> = fields
                .map(|(name, field)| (name.clone(), example(document, field, depth_left)))
                .collect();
            Value::Object(fields)
        }
        "array" => json!([example(document, &schema["items"], depth_left)]),
        "string" => match schema["format"].as_str() {
            Some("uuid") => json!("018cc251-f400-7000-8000-000000000001"),
            Some("date-time") => json!("2024-01-01T12:00:00.000Z"),
            _ => json!("text"),
        },
        "integer" => json!(1),
        "boolean" => json!(false),
        _ => Value::Null,
    }
}

/// The type of a schema; what may be null is.
fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(kind) => kind,
        Value::Array(kinds) if kinds.iter().any(|kind| kind == "null") => "null",
        _ => "any",
    }
}

//! The OpenAPI document: held by a file, whole, and with what every operation owes its readers.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(confab_api::openapi()).expect("a document is JSON")
}

fn held() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

/// Path, method and operation of each operation.
fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let paths = document["paths"].as_object().expect("a document has paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("a path has operations") {
            all.push((path.clone(), method.clone(), operation));
        }
    }
    all
}

#[test]
fn the_document_is_the_one_on_file() {
    let now = format!("{}\n", serde_json::to_string_pretty(&document()).unwrap());
    let accepted = std::env::var_os("ACCEPT").is_some();
    if accepted {
        std::fs::write(held(), &now).unwrap();
    }
    let on_file = std::fs::read_to_string(held()).unwrap_or_default();
    let first = on_file.lines().zip(now.lines()).position(|(was, is)| was != is);
    assert!(
        on_file == now,
        "docs/openapi.json differs from the code, first in line {:?}. When the change is wanted: \
         ACCEPT=1 cargo test -p confab-api --test document, and read the difference.",
        first.map(|line| line + 1)
    );
}

#[test]
fn every_operation_is_documented() {
    let document = document();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let at = format!("{method} {path}");
        assert!(
            operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
            "{at}: no summary"
        );
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(ids.insert(id.to_owned()), "{at}: operation id {id} is taken");
        let tag = operation["tags"][0].as_str().unwrap_or_default();
        let known = document["tags"].as_array().unwrap();
        assert!(
            known.iter().any(|known| known["name"] == tag),
            "{at}: tag {tag} is not described"
        );
        let responses = operation["responses"].as_object().unwrap();
        let owed = |status: &str| assert!(responses.contains_key(status), "{at}: no {status}");
        owed("500");
        owed("503");
        if operation.get("security").is_some() {
            owed("401");
        }
        if operation.get("requestBody").is_some() {
            for status in ["400", "413", "415", "422"] {
                owed(status);
            }
        }
        if operation["parameters"]
            .as_array()
            .is_some_and(|all| !all.is_empty())
        {
            owed("422");
        }
        assert!(
            responses.keys().any(|status| status < &"400".to_owned()),
            "{at}: no success"
        );
    }
    assert!(ids.len() > 35, "{} operations", ids.len());
}

#[test]
fn all_names_of_the_protocol_are_there() {
    let document = document();
    let have: BTreeSet<String> = operations(&document)
        .into_iter()
        .map(|(path, method, _)| format!("{method} {path}"))
        .collect();
    for name in [
        "post /auth/register",
        "post /auth/login",
        "post /auth/refresh",
        "post /auth/logout",
        "post /auth/ticket",
        "get /.well-known/jwks.json",
        "get /me",
        "patch /me",
        "put /me/password",
        "get /me/sessions",
        "delete /me/sessions/{session_id}",
        "get /users",
        "get /users/{user_id}",
        "get /rooms",
        "post /rooms",
        "get /rooms/{room_id}",
        "patch /rooms/{room_id}",
        "delete /rooms/{room_id}",
        "post /rooms/direct",
        "get /rooms/{room_id}/members",
        "post /rooms/{room_id}/members",
        "patch /rooms/{room_id}/members/{user_id}",
        "delete /rooms/{room_id}/members/{user_id}",
        "post /rooms/{room_id}/join",
        "post /rooms/{room_id}/leave",
        "get /rooms/{room_id}/messages",
        "post /rooms/{room_id}/messages",
        "get /messages/{message_id}",
        "patch /messages/{message_id}",
        "delete /messages/{message_id}",
        "get /rooms/{room_id}/events",
        "post /rooms/{room_id}/read",
        "get /rooms/{room_id}/receipts",
        "get /rooms/{room_id}/stream",
        "get /stream",
        "get /ws",
        "get /ws/{room_id}",
        "get /rooms/{room_id}/presence",
        "get /users/{user_id}/presence",
        "get /health",
        "get /ready",
        "get /openapi.json",
        "get /asyncapi.json",
        "get /schemas",
        "get /capabilities",
    ] {
        assert!(have.contains(name), "{name} is missing");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut stack = vec![&document];
    let mut count = 0;
    while let Some(value) = stack.pop() {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    let pointer = reference.strip_prefix('#').expect("references are local");
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                    count += 1;
                }
                stack.extend(map.values());
            }
            Value::Array(list) => stack.extend(list),
            _ => {}
        }
    }
    assert!(count > 100, "{count} references");
}

#[test]
fn every_body_has_an_example_that_fits_its_schema() {
    let document = document();
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let Some(example) = schema.get("example") else {
            continue;
        };
        check(&document, &format!("/components/schemas/{name}"), example, name);
    }
    for (path, method, operation) in operations(&document) {
        let at = format!("{method} {path}");
        if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema/$ref") {
            let pointer = body.as_str().unwrap().strip_prefix('#').unwrap();
            let schema = document.pointer(pointer).unwrap();
            assert!(schema.get("example").is_some(), "{at}: {pointer} has no example");
        }
    }
    let mut count = 0;
    for (path, method, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let pointer = response.pointer("/content/application~1json/schema/$ref");
            let Some(pointer) = pointer.and_then(Value::as_str) else {
                continue;
            };
            let example = &response["content"]["application/json"]["example"];
            check(
                &document,
                &pointer[1..],
                example,
                &format!("{method} {path} {status}"),
            );
            count += 1;
        }
    }
    assert!(count > 25, "{count} answers");
    for (name, response) in document["components"]["responses"].as_object().unwrap() {
        let example = &response["content"]["application/problem+json"]["example"];
        check(&document, "/components/schemas/Problem", example, name);
    }
}

fn check(document: &Value, pointer: &str, instance: &Value, name: &str) {
    let schema = serde_json::json!({
        "$ref": format!("#{pointer}"),
        "components": document["components"],
    });
    let validator = jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    let errors: Vec<String> = validator
        .iter_errors(instance)
        .map(|error| error.to_string())
        .collect();
    assert!(
        errors.is_empty(),
        "the example of {name} does not fit: {errors:?}"
    );
}

//! Holds answers against the OpenAPI document: the status must be named there, the body must fit.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use confab_testkit::http_client::Answer;
use serde_json::{Value, json};

static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(confab_api::openapi()).unwrap());
static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static jsonschema::Validator>>> =
    LazyLock::new(Mutex::default);

/// Panics when an answer is not as the document says. Paths that are not in it are only held to be problems.
#[track_caller]
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    let what = format!("{method} {path} -> {}", answer.status);
    if answer.status >= 400 {
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{what}: {}",
            answer.text()
        );
        let problem = answer.json();
        fits(&what, "/components/schemas/Problem", &problem);
        assert_eq!(problem["request_id"], answer.header("x-request-id"), "{what}");
        assert_eq!(problem["status"], answer.status, "{what}");
        assert!(answer.status < 500 || answer.status == 503, "{what}: {problem}");
    }
    let Some(operation) = operation(method, path) else {
        assert!(matches!(answer.status, 404 | 405), "{what}: undocumented");
        return;
    };
    let response = &operation["responses"][answer.status.to_string()];
    assert!(
        !response.is_null(),
        "{what}: the document does not name this status: {}",
        answer.text()
    );
    if let Some(reference) = response.pointer("/content/application~1json/schema/$ref") {
        fits(&what, &reference.as_str().unwrap()[1..], &answer.json());
    }
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next()?.trim_end_matches('/');
    let paths = DOCUMENT["paths"].as_object()?;
    let exact = paths.get(path);
    let matching = || {
        let fits = |template: &str| {
            let (mut template, mut path) = (template.split('/'), path.split('/'));
            loop {
                match (template.next(), path.next()) {
                    (None, None) => return true,
                    (Some(part), Some(given)) if part == given || part.starts_with('{') => {}
                    _ => return false,
                }
            }
        };
        paths
            .iter()
            .find(|(template, _)| fits(template))
            .map(|(_, item)| item)
    };
    exact.or_else(matching)?.get(method.to_ascii_lowercase())
}

#[track_caller]
fn fits(what: &str, pointer: &str, instance: &Value) {
    let mut validators = VALIDATORS.lock().unwrap();
    let validator = *validators.entry(pointer.to_owned()).or_insert_with(|| {
        let schema = json!({"$ref": format!("#{pointer}"), "components": DOCUMENT["components"]});
        Box::leak(Box::new(jsonschema::draft202012::new(&schema).unwrap()))
    });
    drop(validators);
    let errors: Vec<String> = validator
        .iter_errors(instance)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "{what} does not fit {pointer}: {errors:?}\n{instance:#}"
    );
}

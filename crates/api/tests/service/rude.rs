//! Rude input for every operation, made from the document: a typed 4xx that names the field, never a 500.

use confab_testkit::http_client::{Answer, Method};
use serde_json::{Map, Value, json};

use crate::desk::{Desk, Person, fields, id};
use crate::schema;

/// One operation of the document, on things that are really there.
struct Operation {
    method: Method,
    template: String,
    path: String,
    parameters: Vec<Value>,
    takes_token: bool,
    /// Schema of the body, its references to others left in place.
    body: Option<Value>,
}

impl Operation {
    fn parameters(&self, place: &str) -> impl Iterator<Item = &Value> {
        self.parameters
            .iter()
            .filter(move |parameter| parameter["in"] == place)
    }
}

async fn operations(desk: &Desk, ada: &Person) -> Vec<Operation> {
    let document = serde_json::to_value(confab_api::openapi()).unwrap();
    let room = desk.room(ada, "public").await;
    let message = id(&desk.say(ada, &room, "hello").await);
    let sessions = desk.get(ada, "/me/sessions").await.expect(200);
    let mut all = Vec::new();
    for (template, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["tags"][0] == "streams" {
                continue;
            }
            let path = template
                .replace("{room_id}", &room)
                .replace("{message_id}", &message)
                .replace("{user_id}", &ada.id)
                .replace("{upload_id}", &ada.id)
                .replace("{session_id}", sessions["items"][0]["id"].as_str().unwrap());
            let body = operation.pointer("/requestBody/content/application~1json/schema/$ref");
            all.push(Operation {
                method: Method::from_bytes(method.to_ascii_uppercase().as_bytes()).unwrap(),
                template: template.clone(),
                path,
                parameters: operation["parameters"].as_array().cloned().unwrap_or_default(),
                takes_token: operation.get("security").is_some(),
                body: body.map(|body| document.pointer(&body.as_str().unwrap()[1..]).unwrap().clone()),
            });
        }
    }
    assert!(all.len() > 35);
    all
}

async fn send(desk: &Desk, operation: &Operation, path: &str, token: &str, body: Option<Vec<u8>>) -> Answer {
    let mut request = desk.client.request(operation.method.clone(), path);
    if !token.is_empty() {
        request = request.bearer(token);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body);
    }
    let answer = request.send().await;
    schema::check(operation.method.as_str(), path, &answer);
    answer
}

fn what(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.template)
}

#[tokio::test]
async fn nothing_private_is_told_without_a_good_token() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    for operation in operations(&desk, &ada)
        .await
        .iter()
        .filter(|operation| operation.takes_token)
    {
        let huge = "x".repeat(7_000);
        for token in ["", "garbage", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", huge.as_str()] {
            let body = operation
                .body
                .as_ref()
                .map(|body| serde_json::to_vec(&body["example"]).unwrap());
            let answer = send(&desk, operation, &operation.path, token, body).await;
            let problem = answer.expect(401);
            assert_eq!(problem["code"], "unauthenticated", "{}", what(operation));
            assert!(answer.header("www-authenticate").starts_with("Bearer "));
        }
    }
}

#[tokio::test]
async fn a_malformed_id_in_a_path_is_named() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    for operation in &operations(&desk, &ada).await {
        for parameter in operation
            .parameters("path")
            .filter(|one| one["schema"]["format"] == "uuid")
        {
            let name = parameter["name"].as_str().unwrap();
            for bad in [
                "1",
                "not-a-uuid",
                "%00",
                "%ff%fe",
                "..%2f..%2fetc",
                &"x".repeat(3_000),
            ] {
                let path = operation.template.replace(&format!("{{{name}}}"), bad);
                let path = path.replace("{room_id}", &ada.id).replace("{user_id}", &ada.id);
                let body = operation
                    .body
                    .as_ref()
                    .map(|body| serde_json::to_vec(&body["example"]).unwrap());
                let answer = send(&desk, operation, &path, &ada.token, body).await;
                assert_eq!(fields(&answer), [name], "{} with {bad}", what(operation));
            }
        }
    }
}

#[tokio::test]
async fn a_malformed_parameter_is_named() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let mut count = 0;
    for operation in &operations(&desk, &ada).await {
        let names: Vec<&str> = operation
            .parameters("query")
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        if names.is_empty() {
            continue;
        }
        let ask = async |query: String, name: &str| {
            // What must be there is there, so that nothing is wrong but what is asked with.
            let needed = operation
                .parameters("query")
                .filter(|one| one["required"] == true);
            let needed = needed.map(|one| one["name"].as_str().unwrap());
            let mut pairs: Vec<String> = needed
                .filter(|needed| *needed != name)
                .map(|needed| format!("{needed}=hello"))
                .collect();
            pairs.push(query.clone());
            let path = format!("{}?{}", operation.path, pairs.join("&"));
            let answer = send(&desk, operation, &path, &ada.token, None).await;
            assert_eq!(fields(&answer), [name], "{} with {query}", what(operation));
        };
        ask("surprise=1".into(), "surprise").await;
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().unwrap();
            ask(format!("{name}=a%00b"), name).await;
            ask(format!("{name}=1&{name}=1"), name).await;
            if parameter["schema"]["type"].to_string().contains("integer") {
                for bad in ["x", "", "1.5", "-1", "99999999999999999999", "1e3", "0x1"] {
                    ask(format!("{name}={bad}"), name).await;
                }
            } else if matches!(name, "cursor" | "kind" | "form") {
                ask(format!("{name}=%F0%9F%99%82"), name).await;
            }
            count += 1;
        }
    }
    assert!(count > 20, "{count} parameters");
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let deep = "[".repeat(10_000);
    for operation in &operations(&desk, &ada).await {
        if operation.body.is_none() {
            continue;
        }
        let ask = async |body: &[u8]| {
            send(&desk, operation, &operation.path, &ada.token, Some(body.to_vec())).await
        };
        for bad in [
            "",
            "{",
            "{\"a\":",
            "nul",
            "{} {}",
            "\u{feff}{}",
            "{\"\\ud800\":1}",
            deep.as_str(),
        ] {
            let problem = ask(bad.as_bytes()).await.expect(400);
            assert_eq!(problem["code"], "invalid", "{}", what(operation));
        }
        ask(b"{\"\xff\":1}").await.expect(400);
        for bad in ["[]", "null", "7", "\"text\""] {
            assert_eq!(
                fields(&ask(bad.as_bytes()).await),
                ["body"],
                "{} with {bad}",
                what(operation)
            );
        }
        let large = format!("{{\"x\":\"{}\"}}", "x".repeat(200 * 1024));
        assert_eq!(
            ask(large.as_bytes()).await.expect(413)["code"],
            "too_large",
            "{}",
            what(operation)
        );
        let plain = desk
            .client
            .request(operation.method.clone(), &operation.path)
            .bearer(&ada.token);
        let plain = plain.header("content-type", "text/plain").body("{}").send().await;
        assert_eq!(
            plain.expect(415)["code"],
            "unsupported_media",
            "{}",
            what(operation)
        );
        let untyped = desk
            .client
            .request(operation.method.clone(), &operation.path)
            .bearer(&ada.token);
        untyped.body("{}").send().await.expect(415);
    }
}

#[tokio::test]
async fn every_field_of_every_body_is_checked_and_named() {
    let desk = Desk::open().await;
    let ada = desk.person().await;
    let mut count = 0;
    for operation in &operations(&desk, &ada).await {
        let Some(schema) = &operation.body else { continue };
        let example = schema["example"].as_object().unwrap();
        let ask = async |body: String| {
            send(
                &desk,
                operation,
                &operation.path,
                &ada.token,
                Some(body.into_bytes()),
            )
            .await
        };
        let with = |name: &str, value: Value| -> String {
            let mut body: Map<String, Value> = example.clone();
            body.insert(name.to_owned(), value);
            Value::Object(body).to_string()
        };
        assert_eq!(
            fields(&ask(with("surprise", json!(1))).await),
            ["surprise"],
            "{}",
            what(operation)
        );
        for name in schema["required"].as_array().into_iter().flatten() {
            let mut body = example.clone();
            body.remove(name.as_str().unwrap());
            let answer = ask(Value::Object(body).to_string()).await;
            assert_eq!(fields(&answer), [name.as_str().unwrap()], "{}", what(operation));
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let kinds = property["type"].to_string();
            for (kind, bad) in [
                ("string", json!("text")),
                ("integer", json!(7)),
                ("number", json!(7.5)),
                ("integer", json!(1e300)),
                ("boolean", json!(true)),
                ("array", json!([[["nested"]]])),
                ("object", json!({"$gt": ""})),
            ] {
                if kinds.contains(kind) && bad != json!(1e300) {
                    continue;
                }
                let answer = ask(with(name, bad.clone())).await;
                let named = fields(&answer);
                let at = format!("{} with {name}: {bad}", what(operation));
                assert!(
                    named[0] == *name
                        || named[0].starts_with(&format!("{name}["))
                        || named[0].starts_with(&format!("{name}.")),
                    "{at} named {named:?}"
                );
                count += 1;
            }
            // What has the right type and yet cannot be: a bounded, typed refusal (or, for a name or a
            // token that nobody has, the usual answer).
            for bad in [
                json!("a\0b"),
                json!("x".repeat(40_000)),
                json!("\u{202e}"),
                json!(""),
                Value::Null,
            ] {
                let answer = ask(with(name, bad)).await;
                assert!(
                    answer.status < 500,
                    "{} with {name}: {}",
                    what(operation),
                    answer.text()
                );
                assert!(
                    answer.body.len() < 4_000,
                    "{}: the refusal echoes the input",
                    what(operation)
                );
            }
            let first = serde_json::to_string(&example.get(name).cloned().unwrap_or(json!(null))).unwrap();
            let doubled = format!("{{\"{name}\":{first},\"{name}\":{first}}}");
            let answer = ask(doubled).await;
            assert_eq!(
                fields(&answer),
                [name.as_str()],
                "{} with {name} twice",
                what(operation)
            );
        }
    }
    assert!(count > 100, "{count} wrong types");
}

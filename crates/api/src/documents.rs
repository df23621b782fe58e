//! The machine-readable documents that are made elsewhere and served here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Documents made from the types of the other crates.
#[derive(Clone, Debug)]
pub struct Documents {
    /// `/asyncapi.json`: the sockets and RabbitMQ.
    pub asyncapi: Value,
    /// `/schemas/<name>`: JSON Schemas by name, e.g. `events/message_created.v1.json`.
    pub schemas: BTreeMap<String, Value>,
}

impl Documents {
    /// The list of all schemas, by path.
    pub(crate) fn index(&self) -> Value {
        let paths: Vec<String> = self
            .schemas
            .keys()
            .map(|name| format!("/schemas/{name}"))
            .collect();
        json!({ "items": paths })
    }
}

//! The documents that more than one crate has a part in.

use confab_api::Documents;
use confab_gateway::protocol;
use serde_json::Value;

/// The AsyncAPI document: frames from the gateway, events from the contract.
pub(crate) fn asyncapi() -> Value {
    confab_contract::asyncapi(
        protocol::client_frames(),
        protocol::server_frames(),
        protocol::stream_frames(),
    )
}

/// All that the API serves beside its own.
pub(crate) fn all() -> Documents {
    let schemas = confab_contract::event_schemas().into_iter();
    Documents {
        asyncapi: asyncapi(),
        schemas: schemas
            .map(|(name, schema)| (format!("{name}.v1.json"), schema))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Every `$ref` of the document that leads nowhere.
    fn dangling(document: &Value, part: &Value) -> Vec<String> {
        match part {
            Value::Object(map) => {
                let target = map.get("$ref").and_then(Value::as_str);
                let own = target.filter(|target| document.pointer(target.trim_start_matches('#')).is_none());
                let within = map.values().flat_map(|value| dangling(document, value));
                own.map(str::to_owned).into_iter().chain(within).collect()
            }
            Value::Array(list) => list.iter().flat_map(|value| dangling(document, value)).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn every_reference_of_the_asyncapi_document_leads_somewhere() {
        let document = asyncapi();
        assert_eq!(dangling(&document, &document), Vec::<String>::new());
    }

    #[test]
    fn the_asyncapi_document_is_the_one_on_file() {
        let held = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/asyncapi.json");
        let now = asyncapi();
        if std::env::var_os("ACCEPT").is_some() {
            std::fs::write(
                &held,
                format!("{}\n", serde_json::to_string_pretty(&now).unwrap()),
            )
            .unwrap();
        }
        let on_file: Value = serde_json::from_slice(&std::fs::read(&held).unwrap()).unwrap();
        // Compared as values: the order of keys depends on how the workspace was built.
        assert!(
            on_file == now,
            "docs/asyncapi.json differs from the code. When the change is wanted: \
             ACCEPT=1 cargo test -p confab-server --lib asyncapi, and read the difference."
        );
    }
}

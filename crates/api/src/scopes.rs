//! What a key must open for a route: said where the route is documented, asked in one place.
//!
//! A route whose security names `api_key` with a scope is open to keys that have it. A route that does not
//! name it is shut to every key.

use std::collections::HashMap;
use std::sync::LazyLock;

use confab_domain::Scope;
use serde_json::Value;

use crate::routes;

/// Name of the security scheme of keys in the document.
pub(crate) const API_KEY: &str = "api_key";

/// Method in lower case, then path.
static REQUIRED: LazyLock<HashMap<(String, String), Scope>> = LazyLock::new(|| {
    let (_, mut document) = routes::all().split_for_parts();
    document.merge(routes::large_routes().split_for_parts().1);
    let document = serde_json::to_value(document).expect("a document is JSON");
    let mut required = HashMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            if let Some(scope) = declared(operation) {
                required.insert((method.clone(), path.clone()), scope);
            }
        }
    }
    required
});

/// The scope that a route asks of a key; none when no key opens it.
pub(crate) fn required(method: &http::Method, route: &str) -> Option<Scope> {
    let method = match *method {
        // Served by the handler of GET.
        http::Method::HEAD => "get".to_owned(),
        ref other => other.as_str().to_ascii_lowercase(),
    };
    REQUIRED.get(&(method, route.to_owned())).copied()
}

fn declared(operation: &Value) -> Option<Scope> {
    let requirements = operation["security"].as_array()?;
    let names = requirements
        .iter()
        .find_map(|requirement| requirement.get(API_KEY))?;
    let name = names.get(0).and_then(Value::as_str).unwrap_or_default();
    Some(Scope::parse(name).unwrap_or_else(|| panic!("{name} is no scope")))
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    #[test]
    fn a_route_asks_for_its_scope_and_is_shut_without_one() {
        for (method, route, scope) in [
            (Method::GET, "/rooms/{room_id}", Some(Scope::Read)),
            (Method::HEAD, "/rooms/{room_id}", Some(Scope::Read)),
            (Method::PUT, "/rooms/by-key/{external_key}", Some(Scope::Rooms)),
            (Method::POST, "/rooms/{room_id}/messages", Some(Scope::Messages)),
            (Method::POST, "/users/{user_id}/tokens", Some(Scope::Tokens)),
            (Method::POST, "/uploads", Some(Scope::Messages)),
            (Method::GET, "/media/{upload_id}/{filename}", Some(Scope::Read)),
            (Method::POST, "/media/sign", Some(Scope::Read)),
            (Method::PUT, "/rooms/{room_id}/avatar", Some(Scope::Rooms)),
            (Method::PUT, "/me/avatar", Some(Scope::Users)),
            (Method::POST, "/api-keys", None),
            (Method::POST, "/auth/ticket", None),
            (Method::PUT, "/me/password", None),
            (Method::GET, "/nowhere", None),
        ] {
            assert_eq!(required(&method, route), scope, "{method} {route}");
        }
    }

    #[test]
    fn reading_needs_no_more_than_to_read() {
        for ((method, route), scope) in &*REQUIRED {
            // Links are asked for by their files, which do not fit into an address.
            let is_reading = method == "get" || route == "/media/sign";
            assert_eq!(is_reading, *scope == Scope::Read, "{method} {route}");
        }
        for scope in Scope::ALL {
            assert!(
                REQUIRED.values().any(|asked| asked == scope),
                "{scope:?} opens nothing"
            );
        }
    }
}

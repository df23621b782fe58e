//! Paths with a slash at their end, made equal to those without before they are routed.

use axum::Router;
use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;
use tower::Layer;
use tower::util::MapRequestLayer;

/// Swagger UI lives under `/docs/` and redirects there: a trimmed slash would loop for ever.
const EXEMPT: &str = "/docs/";

/// A router that takes each path with and without a slash at its end. Wrap the whole router of a process,
/// once: inside one (`Router::layer`) it would come after routing, too late.
pub fn without_trailing_slash(router: Router) -> Router {
    Router::new().fallback_service(MapRequestLayer::new(trimmed).layer(router))
}

fn trimmed(mut request: Request) -> Request {
    if let Some(uri) = trimmed_uri(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn trimmed_uri(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path.len() < 2 || !path.ends_with('/') || path.starts_with(EXEMPT) {
        return None;
    }
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    let path_and_query = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_at_the_end_is_cut_but_under_docs() {
        for (from, to) in [
            ("/rooms/", Some("/rooms")),
            ("/rooms//", Some("/rooms")),
            ("/rooms/?limit=1", Some("/rooms?limit=1")),
            ("//", Some("/")),
            ("/", None),
            ("/rooms", None),
            ("/docs/", None),
            ("/docs/index.css", None),
            ("/docs/x/", None),
        ] {
            let uri = trimmed_uri(&from.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(uri.as_deref(), to, "{from}");
        }
    }
}

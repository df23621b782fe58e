//! Pages for people: the web client, Swagger UI and ReDoc, all from this binary alone.

use std::sync::LazyLock;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::router::AppState;
use crate::web_client;

const REDOC: &str = include_str!("../assets/pages/redoc.html");
/// The bundle as its makers publish it, but for the picture beside their name, which it would load from
/// their servers.
static REDOC_SCRIPT: LazyLock<Bytes> = LazyLock::new(|| {
    let bundle = include_str!("../assets/redoc/redoc.standalone.js");
    bundle
        .replace("https://cdn.redoc.ly/redoc/logo-mini.svg", "data:,")
        .into()
});

/// For pages that run their own scripts and read our documents; both set styles from script, and ReDoc
/// searches in a worker made from a blob.
const DOCUMENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// These files change with the binary only.
const CACHED_A_DAY: &str = "public, max-age=86400";

/// The pages, outside of the documented API.
pub(crate) fn pages() -> Router<AppState> {
    let swagger = SwaggerUi::new("/docs").config(
        Config::new(["/openapi.json"])
            .display_request_duration(true)
            .try_it_out_enabled(true)
            .validator_url("none"),
    );
    let swagger: Router<AppState> = swagger.into();
    let documents = swagger
        .route("/redoc", get(async || page(REDOC)))
        .route("/redoc/redoc.standalone.js", get(redoc_script))
        .layer(from_fn(document_policy));
    documents
        .route("/", get(web_client::page))
        .route("/assets/{version}/{*name}", get(web_client::asset))
}

async fn redoc_script() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, CACHED_A_DAY),
    ];
    (headers, REDOC_SCRIPT.clone())
}

fn page(html: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, html).into_response()
}

async fn document_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_there = response.status().is_success();
    let headers = response.headers_mut();
    let policy = HeaderValue::from_static(DOCUMENT_POLICY);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    if is_there {
        let cached = HeaderValue::from_static(CACHED_A_DAY);
        headers.entry(header::CACHE_CONTROL).or_insert(cached);
    }
    response
}

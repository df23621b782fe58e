//! The admin port: metrics, liveness, and readiness with details.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::json;

use crate::readiness::Readiness;

/// The routes of the admin port.
pub(crate) fn router(metrics: PrometheusHandle, readiness: Arc<Readiness>) -> Router {
    Router::new()
        .route("/metrics", get(render).with_state(metrics))
        .route("/health", get(health))
        .route("/ready", get(ready).with_state(readiness))
}

/// The routes of a public port that has no API beside: whether the process lives and is welcome to work.
/// A path that is nowhere is answered as the API does it, which makes a problem of the bare status.
pub(crate) fn public_router(readiness: Arc<Readiness>) -> Router {
    let nowhere = Router::new().fallback(async || StatusCode::NOT_FOUND);
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready_in_short).with_state(readiness))
        .merge(confab_api::around_streams(nowhere, &[]))
}

async fn render(State(metrics): State<PrometheusHandle>) -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")],
        metrics.render(),
    )
}

/// Knows nothing but that the process answers: a database that is away is no reason to be killed.
async fn health() -> impl IntoResponse {
    (
        [(header::CACHE_CONTROL, "no-store")],
        Json(json!({"status": "ok"})),
    )
}

async fn ready(State(readiness): State<Arc<Readiness>>) -> Response {
    let (is_ready, details) = readiness.details().await;
    (
        status(is_ready),
        [(header::CACHE_CONTROL, "no-store")],
        Json(details),
    )
        .into_response()
}

async fn ready_in_short(State(readiness): State<Arc<Readiness>>) -> Response {
    let is_ready = readiness.is_welcome().await;
    let body = json!({"status": if is_ready { "ready" } else { "not_ready" }});
    (
        status(is_ready),
        [(header::CACHE_CONTROL, "no-store")],
        Json(body),
    )
        .into_response()
}

const fn status(is_ready: bool) -> StatusCode {
    if is_ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;
    use crate::config::Role;

    #[tokio::test]
    async fn a_path_that_is_nowhere_is_a_whole_problem() {
        let router = public_router(Arc::new(Readiness::new(
            Role::Gateway,
            Vec::new(),
            Default::default(),
        )));
        let request = Request::builder().uri("/rooms").header("x-request-id", "mine");
        let answer = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
        assert_eq!(answer.headers()["x-request-id"], "mine");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        let problem: Value =
            serde_json::from_slice(&to_bytes(answer.into_body(), 4096).await.unwrap()).unwrap();
        assert_eq!(
            (&problem["code"], &problem["request_id"]),
            (&json!("not_found"), &json!("mine"))
        );
    }
}

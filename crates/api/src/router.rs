//! Puts the routes and what surrounds them together.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::from_fn;
use confab_domain::ports::{Files, Ports};
use http::{HeaderValue, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::timeout::TimeoutLayer;

use crate::budgets::NotedRateLimits;
use crate::failure::Failure;
use crate::middleware::{cors, panicked, scope, security_headers};
use crate::routes::{DemoLogin, UploadSlots};
use crate::{Documents, Settings, pages, routes};

/// Smallest answer worth compressing, in bytes.
const COMPRESSED_BYTES_MIN: u64 = 2_048;

/// Whether the process can serve: known to `server`, told in short at `/ready`.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Whether new work is welcome now. Answers within a second.
    async fn is_ready(&self) -> bool;
}

/// Fills an empty database with people and talk, for who looks on for the first time.
#[async_trait]
pub trait Demo: Send + Sync {
    /// Whether the database is empty still.
    async fn is_offered(&self) -> bool;

    /// Makes the people and their talk, and tells who they are. `Conflict` when the database is not empty.
    async fn play(&self) -> confab_domain::Result<Vec<DemoLogin>>;
}

/// The REST API.
#[derive(Clone)]
pub struct Api {
    /// What commands and queries work with.
    pub ports: Ports,
    /// What those about files work with besides.
    pub files: Files,
    /// Settings of the API.
    pub settings: Settings,
    /// Documents made elsewhere.
    pub documents: Documents,
    /// Whether the process can serve.
    pub readiness: Arc<dyn Readiness>,
    /// What an empty database is offered to be filled with; none where that is out of place.
    pub demo: Option<Arc<dyn Demo>>,
}

/// What handlers share.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) ports: Arc<Ports>,
    pub(crate) files: Arc<Files>,
    pub(crate) upload_slots: Arc<UploadSlots>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) documents: Arc<Documents>,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) demo: Option<Arc<dyn Demo>>,
}

impl FromRef<AppState> for Arc<Ports> {
    fn from_ref(state: &AppState) -> Self {
        state.ports.clone()
    }
}

impl FromRef<AppState> for Arc<Files> {
    fn from_ref(state: &AppState) -> Self {
        state.files.clone()
    }
}

impl FromRef<AppState> for Arc<UploadSlots> {
    fn from_ref(state: &AppState) -> Self {
        state.upload_slots.clone()
    }
}

impl FromRef<AppState> for Arc<Settings> {
    fn from_ref(state: &AppState) -> Self {
        state.settings.clone()
    }
}

impl FromRef<AppState> for Arc<Documents> {
    fn from_ref(state: &AppState) -> Self {
        state.documents.clone()
    }
}

impl FromRef<AppState> for Arc<dyn Readiness> {
    fn from_ref(state: &AppState) -> Self {
        state.readiness.clone()
    }
}

impl FromRef<AppState> for Option<Arc<dyn Demo>> {
    fn from_ref(state: &AppState) -> Self {
        state.demo.clone()
    }
}

impl Api {
    /// All routes of the API, its documents and pages, with the fallback of the whole process.
    ///
    /// A router of streams may be merged with it as long as it has no fallback. Wrap the result in
    /// [`crate::without_trailing_slash`], and give each request a `ConnectInfo<SocketAddr>` extension with
    /// the client's address.
    pub fn into_router(self) -> Router {
        let ports = Ports {
            rate_limits: Arc::new(NotedRateLimits(self.ports.rate_limits.clone())),
            ..self.ports
        };
        let state = AppState {
            ports: Arc::new(ports),
            files: Arc::new(self.files),
            upload_slots: Arc::new(UploadSlots::new(self.settings.uploads_at_once_max)),
            settings: Arc::new(self.settings),
            documents: Arc::new(self.documents),
            readiness: self.readiness,
            demo: self.demo,
        };
        let settings = state.settings.clone();
        let (routes, _) = routes::all().split_for_parts();
        let router = routes
            .merge(pages::pages())
            .fallback(async || Failure::of_status(StatusCode::NOT_FOUND))
            .with_state(state.clone());
        let (large, _) = routes::large_routes().split_for_parts();
        let large = around_streams(large.with_state(state), &settings.cors_origins);
        surrounded(router, &settings).merge(large)
    }
}

/// A router with everything that happens around its handlers. Each layer wraps the ones above it.
fn surrounded(router: Router, settings: &Settings) -> Router {
    let large = DefaultPredicate::new().and(SizeAbove::new(COMPRESSED_BYTES_MIN));
    let timeout = TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, settings.request_timeout);
    router
        .layer(DefaultBodyLimit::max(settings.body_bytes_max))
        .layer(timeout)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(scope))
        .layer(CompressionLayer::new().compress_when(large))
        .layer(from_fn(security_headers))
        .layer(cors(&settings.cors_origins))
}

/// The routes of the streams with the surroundings that suit them: a scope, private answers and exact
/// origins, but no time limit, no compression. Merge the result with [`Api::into_router`].
pub fn around_streams(router: Router, cors_origins: &[HeaderValue]) -> Router {
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(scope))
        .layer(from_fn(security_headers))
        .layer(cors(cors_origins))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http::Request;
    use http_body_util::BodyExt;
    use serde_json::Value;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_500_that_tells_nothing() {
        async fn broken() -> &'static str {
            panic!("the secret is out")
        }
        let router = surrounded(Router::new().route("/", get(broken)), &Settings::default());
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn a_stream_keeps_its_own_problems_and_gets_those_it_lacks() {
        let own = || async {
            let headers = [(http::header::CONTENT_TYPE, "application/problem+json")];
            (StatusCode::FORBIDDEN, headers, "{\"code\":\"mine\"}")
        };
        let router = around_streams(Router::new().route("/stream", get(own)), &[]);
        let ask = async |method: &str| {
            let request = Request::builder()
                .uri("/stream")
                .method(method)
                .body(Body::empty());
            let response = router.clone().oneshot(request.unwrap()).await.unwrap();
            assert!(response.headers().contains_key("x-request-id"));
            assert_eq!(response.headers()["cache-control"], "no-store");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            serde_json::from_slice::<Value>(&body).unwrap()["code"].clone()
        };
        assert_eq!(ask("GET").await, "mine");
        assert_eq!(ask("POST").await, "method_not_allowed");
    }
}

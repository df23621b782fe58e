//! For operators and tools: health, readiness, documents, capabilities. Open to all.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use confab_domain::commands::MEMBERS_AT_ONCE_MAX;
use confab_domain::ports::{Files, Ports};
use confab_domain::search::QUERY_CHARS_MAX;
use confab_domain::{ATTACHMENTS_MAX, Code, Rate, text};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor::PAGE_ITEMS_MAX;
use crate::extract::Path;
use crate::failure::{Answer, Failure};
use crate::openapi::NotFound;
use crate::router::AppState;
use crate::routes::search::HITS_MAX;
use crate::{Demo, Documents, Readiness, Settings, openapi};

/// Documents change with the binary only, but are cheap to ask for again.
const DOCUMENT_CACHED: &str = "public, max-age=60";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
        .routes(routes!(capabilities))
        .routes(routes!(openapi_document))
        .routes(routes!(asyncapi_document))
        .routes(routes!(list_schemas))
        .routes(routes!(schema))
}

/// How a process is.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"status": "ok"}))]
pub(crate) struct Status {
    /// `ok`.
    status: &'static str,
}

/// Liveness
///
/// The process answers. Knows no dependency.
#[utoipa::path(
    get, path = "/health", tag = "operations",
    responses((status = 200, description = "The process lives.", body = Status))
)]
async fn health() -> Json<Status> {
    Json(Status { status: "ok" })
}

/// Readiness
///
/// Whether new work is welcome; the details are on the admin port.
#[utoipa::path(
    get, path = "/ready", tag = "operations",
    responses((status = 200, description = "Ready.", body = Status))
)]
async fn ready(State(readiness): State<Arc<dyn Readiness>>) -> Answer<Json<Status>> {
    if readiness.is_ready().await {
        return Ok(Json(Status { status: "ok" }));
    }
    Err(Failure::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Code::Unavailable,
        "not ready",
    ))
}

/// What this server can do and what its bounds are.
#[derive(Serialize, ToSchema)]
pub(crate) struct Capabilities {
    /// Always `confab`.
    #[schema(example = "confab")]
    name: &'static str,
    /// The version of the server.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The version of the socket protocol.
    #[schema(example = 1)]
    protocol: u32,
    /// What there is; what comes later is added here. `demo`: this empty database would be filled by `POST /demo`.
    #[schema(example = json!(["direct_rooms", "event_log", "files", "marks", "presence", "rooms", "search", "sse", "websocket"]))]
    features: Vec<&'static str>,
    /// The bounds.
    limits: CapabilityLimits,
}

/// The bounds of this server, all of them settings or fixed in the protocol.
#[derive(Serialize, ToSchema)]
pub(crate) struct CapabilityLimits {
    /// Sends of one person over all direct rooms.
    direct_sends: CapabilityRate,
    /// Sends of one person over all other rooms.
    room_sends: CapabilityRate,
    /// Searches in messages of one person; each page is one.
    searches: CapabilityRate,
    /// Every budget that is shared by all nodes, by the name in the headers `RateLimit` and `RateLimit-Policy`.
    #[schema(example = json!({"send_room": {"limit": 30, "window_seconds": 60}}))]
    budgets: BTreeMap<&'static str, CapabilityRate>,
    /// Uploads of one person.
    uploads: CapabilityRate,
    /// Largest file, in bytes.
    file_bytes_max: u64,
    /// Largest picture (JPEG, PNG, GIF, WebP), in bytes.
    image_bytes_max: u64,
    /// Most pixels of such a picture.
    image_pixels_max: u64,
    /// Types that may be uploaded, such as `image/*`; empty: all that are not denied.
    #[schema(example = json!([]))]
    file_types_allowed: Vec<String>,
    /// Types that may not.
    #[schema(example = json!(["image/heic"]))]
    file_types_denied: Vec<String>,
    /// A file that no message bears by then is removed.
    unattached_files_keep_seconds: u64,
    /// Most files of one message.
    attachments_max: usize,
    /// Frames of one connection.
    frames: CapabilityRate,
    /// Largest frame, in bytes.
    frame_bytes_max: usize,
    /// Largest request body, in bytes.
    body_bytes_max: usize,
    /// Live connections of one person.
    connections_per_user_max: usize,
    /// Rooms that one connection follows.
    rooms_per_connection_max: usize,
    /// Missed events of one room that are replayed.
    replay_events_per_room_max: i64,
    /// Longest message, in characters.
    content_chars_max: usize,
    /// Longest message, in bytes.
    content_bytes_max: usize,
    /// Longest name of a room or person, in characters.
    name_chars_max: usize,
    /// Largest metadata, in bytes.
    metadata_bytes_max: usize,
    /// Most members named at once.
    members_at_once_max: usize,
    /// Most items in a page.
    page_items_max: usize,
    /// Most answers in a page of a search.
    search_hits_max: usize,
    /// Longest query of a search, in characters.
    search_query_chars_max: usize,
}

/// A budget of attempts; the whole window may be spent at once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"limit": 30, "window_seconds": 60}))]
pub(crate) struct CapabilityRate {
    /// Attempts in a window; 0: no limit.
    limit: u32,
    /// The window.
    window_seconds: u64,
}

impl From<Rate> for CapabilityRate {
    fn from(rate: Rate) -> Self {
        Self {
            limit: rate.limit,
            window_seconds: rate.window.as_secs(),
        }
    }
}

/// Capabilities
///
/// Limits, features and versions.
#[utoipa::path(
    get, path = "/capabilities", tag = "operations",
    responses((status = 200, description = "What this server can do.", body = Capabilities))
)]
async fn capabilities(
    State(ports): State<Arc<Ports>>,
    State(files): State<Arc<Files>>,
    State(settings): State<Arc<Settings>>,
    State(demo): State<Option<Arc<dyn Demo>>>,
) -> Json<Capabilities> {
    let rules = &files.rules;
    let limits = &ports.limits;
    let is_demo_offered = match &demo {
        Some(demo) => demo.is_offered().await,
        None => false,
    };
    Json(Capabilities {
        name: "confab",
        version: env!("CARGO_PKG_VERSION"),
        protocol: 1,
        features: [
            "account_deactivation",
            "api_keys",
            "direct_rooms",
            "event_log",
            "external_users",
            "files",
            "marks",
            "presence",
            "rooms",
            "rooms_by_key",
            "search",
            "sse",
            "websocket",
        ]
        .into_iter()
        .chain(is_demo_offered.then_some("demo"))
        .collect(),
        limits: CapabilityLimits {
            direct_sends: limits.direct_sends.into(),
            room_sends: limits.room_sends.into(),
            searches: limits.searches.into(),
            budgets: limits
                .budgets()
                .into_iter()
                .map(|(name, rate)| (name, rate.into()))
                .collect(),
            uploads: limits.uploads.into(),
            file_bytes_max: rules.file_bytes_max,
            image_bytes_max: rules.image_bytes_max,
            image_pixels_max: rules.image_pixels_max,
            file_types_allowed: rules.types_allowed.clone(),
            file_types_denied: rules.types_denied.clone(),
            unattached_files_keep_seconds: rules.unattached_ttl.as_secs(),
            attachments_max: ATTACHMENTS_MAX,
            frames: limits.frames.into(),
            frame_bytes_max: limits.frame_bytes_max,
            body_bytes_max: settings.body_bytes_max,
            connections_per_user_max: limits.connections_per_user_max,
            rooms_per_connection_max: limits.rooms_per_connection_max,
            replay_events_per_room_max: limits.replay_events_per_room_max,
            content_chars_max: text::CONTENT_CHARS_MAX,
            content_bytes_max: text::CONTENT_BYTES_MAX,
            name_chars_max: text::NAME_CHARS_MAX,
            metadata_bytes_max: text::METADATA_BYTES_MAX,
            members_at_once_max: MEMBERS_AT_ONCE_MAX,
            page_items_max: PAGE_ITEMS_MAX,
            search_hits_max: HITS_MAX,
            search_query_chars_max: QUERY_CHARS_MAX,
        },
    })
}

/// OpenAPI document
///
/// This document, OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1.", body = Value, example = json!({"openapi": "3.1.0"})))
)]
async fn openapi_document() -> Response {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let json = serde_json::to_vec(&openapi()).expect("a document is JSON");
        json.into()
    });
    document(([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone()))
}

/// AsyncAPI document
///
/// The frames of the sockets and the events on RabbitMQ, AsyncAPI 3.
#[utoipa::path(
    get, path = "/asyncapi.json", tag = "operations",
    responses((status = 200, description = "AsyncAPI 3.", body = Value, example = json!({"asyncapi": "3.0.0"})))
)]
async fn asyncapi_document(State(documents): State<Arc<Documents>>) -> Response {
    document(Json(&documents.asyncapi))
}

/// List schemas
///
/// Paths of the JSON Schemas of events and frames.
#[utoipa::path(
    get, path = "/schemas", tag = "operations",
    responses((
        status = 200, description = "Paths.", body = Value,
        example = json!({"items": ["/schemas/events/message_created.v1.json"]})
    ))
)]
async fn list_schemas(State(documents): State<Arc<Documents>>) -> Response {
    document(Json(documents.index()))
}

/// Which schema.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct SchemaPath {
    /// As `/schemas` lists it, with its slashes.
    #[param(example = "events/message_created.v1.json")]
    name: String,
}

/// A schema
#[utoipa::path(
    get, path = "/schemas/{*name}", tag = "operations", params(SchemaPath),
    responses((status = 200, description = "A JSON Schema.", body = Value, example = json!({"type": "object"})), NotFound)
)]
async fn schema(
    State(documents): State<Arc<Documents>>,
    Path(SchemaPath { name }): Path<SchemaPath>,
) -> Answer<Response> {
    let schema = documents
        .schemas
        .get(&name)
        .ok_or(confab_domain::Error::NotFound)?;
    Ok(document(Json(schema)))
}

fn document(json: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, DOCUMENT_CACHED)], json).into_response()
}

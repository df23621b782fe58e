//! For operators and tools: health, readiness, documents. Open to all.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use confab_domain::Code;
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::Path;
use crate::failure::{Answer, Failure};
use crate::openapi::NotFound;
use crate::router::AppState;
use crate::{Documents, Readiness, openapi};

/// Documents change with the binary only, but are cheap to ask for again.
const DOCUMENT_CACHED: &str = "public, max-age=60";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health))
        .routes(routes!(ready))
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

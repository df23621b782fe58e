//! Keys of the host product's backend: made, listed, taken back. For administrators.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use confab_contract::{ApiKey, NewApiKey, Page};
use confab_domain::ApiKeyId;
use confab_domain::commands::{self, CreateApiKey};
use confab_domain::offices::{self, OfficeAct};
use confab_domain::ports::Ports;
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::extract::{Caller, JsonBody, Listing, Path, Query};
use crate::failure::Answer;
use crate::openapi::{Conflict, Forbidden, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_api_keys, create_api_key))
        .routes(routes!(revoke_api_key))
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "The shop's backend", "service": "shop", "scopes": ["read", "rooms", "members", "messages", "users"],
    "expires_in": 7_776_000
}))]
pub(crate) struct CreateApiKeyBody {
    /// What it is for.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// Username of the service account that its bearer is; made when there is none.
    #[schema(min_length = 2, max_length = 32)]
    service: String,
    /// What it opens: `read`, `rooms`, `members`, `messages`, `users`, `tokens`.
    #[schema(min_items = 1, max_items = 6)]
    scopes: Vec<String>,
    /// Seconds until it ends; never, when absent.
    #[schema(minimum = 1)]
    expires_in: Option<u64>,
}

/// Make an API key
///
/// For administrators. The key is told this once; only its hash is kept.
#[utoipa::path(
    post, path = "/api-keys", tag = "host product", request_body = CreateApiKeyBody,
    responses((status = 201, description = "The key.", body = NewApiKey), Forbidden, Conflict),
    security(("access_token" = []))
)]
async fn create_api_key(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<CreateApiKeyBody>,
) -> Answer<(StatusCode, Json<NewApiKey>)> {
    let wanted = CreateApiKey {
        name: body.name,
        service: body.service,
        scopes: body.scopes,
        expires_in: body.expires_in.map(Duration::from_secs),
    };
    let made = commands::create_api_key(&ports, &caller.actor, wanted).await?;
    let key = NewApiKey {
        about: made.key.into(),
        key: made.secret,
    };
    Ok((StatusCode::CREATED, Json(key)))
}

/// List API keys
///
/// Those that were not taken back, oldest first. For administrators.
#[utoipa::path(
    get, path = "/api-keys", tag = "host product", params(Listing),
    responses((status = 200, description = "Keys, without their secrets.", body = Page<ApiKey>), Forbidden),
    security(("access_token" = []))
)]
async fn list_api_keys(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Query(wanted): Query<Listing>,
) -> Answer<Json<Page<ApiKey>>> {
    let after: Option<ApiKeyId> = cursor::decode("api-keys", wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    offices::check(OfficeAct::KeepApiKeys, caller.actor.role)?;
    let page = ports.host.api_keys(after, limit).await?;
    Ok(Json(cursor::page("api-keys", page, ApiKey::from)))
}

/// `/api-keys/{api_key_id}`
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ApiKeyPath {
    /// The key.
    #[param(value_type = Uuid)]
    api_key_id: ApiKeyId,
}

/// Revoke an API key
///
/// What it opened is shut at once. For administrators.
#[utoipa::path(
    delete, path = "/api-keys/{api_key_id}", tag = "host product", params(ApiKeyPath),
    responses((status = 204, description = "It opens nothing any more."), Forbidden, NotFound),
    security(("access_token" = []))
)]
async fn revoke_api_key(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<ApiKeyPath>,
) -> Answer<StatusCode> {
    commands::revoke_api_key(&ports, &caller.actor, path.api_key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

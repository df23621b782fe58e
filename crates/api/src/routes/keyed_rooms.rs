//! Rooms by the host product's own keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::RoomForViewer;
use confab_domain::commands::{self, CreateRoom};
use confab_domain::ports::Ports;
use confab_domain::{RoomSettings, UserId};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::host_users::made_or_found;
use super::rooms::shown;
use crate::extract::{Caller, JsonBody, Path};
use crate::failure::Answer;
use crate::openapi::{Forbidden, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(keep_room, room_by_key))
}

/// `/rooms/by-key/{external_key}`
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct RoomKeyPath {
    /// The host product's own key, percent-encoded; at most 200 characters.
    #[param(max_length = 200, example = "offer-7")]
    external_key: String,
}

/// The room as it is made, should there be none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Offer 7", "kind": "private", "metadata": {"offer": 7},
    "member_external_ids": ["customer-7", "seller-2"]
}))]
pub(crate) struct KeepRoomBody {
    /// `private` (default) or `public`.
    kind: Option<String>,
    /// One line, without bidirectional control characters.
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    /// What it is for.
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// The host product's own data: an object of at most 4 KiB and 8 levels.
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// How much a newcomer may read: `all` (default) or `since_join`.
    history: Option<String>,
    /// Members from the start.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 100)]
    member_ids: Vec<UserId>,
    /// Members from the start, by the host product's own ids; at most 100 with the others.
    #[serde(default)]
    #[schema(max_items = 100)]
    member_external_ids: Vec<String>,
    /// A picture: an http(s) URL. One that was uploaded is set by `PUT /rooms/{room_id}/avatar`.
    #[schema(max_length = 2048)]
    avatar_url: Option<String>,
    /// Who may send: `members` (default), or `moderators` and above alone, as for announcements.
    posting: Option<String>,
    /// Seconds between two messages of one member; 0 (default) is off.
    #[schema(minimum = 0, maximum = 21600)]
    slow_mode_seconds: Option<i64>,
    /// Whether what happens is also told by messages of type `system`; false by default.
    system_messages: Option<bool>,
    /// For how many seconds after sending a message may be edited; absent: always.
    #[schema(minimum = 0, maximum = 31_536_000)]
    edit_window_seconds: Option<i64>,
}

/// Keep a room by key
///
/// The one room of the host product's key, made when there is none; one that is there stays as it is. For the
/// host product's service, which is no member of it.
#[utoipa::path(
    put, path = "/rooms/by-key/{external_key}", tag = "host product", params(RoomKeyPath),
    request_body = KeepRoomBody,
    responses(
        (status = 201, description = "The room is new.", body = RoomForViewer),
        (status = 200, description = "The room was there.", body = RoomForViewer),
        Forbidden
    ),
    security(("access_token" = []), ("api_key" = ["rooms"]))
)]
async fn keep_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomKeyPath>,
    JsonBody(body): JsonBody<KeepRoomBody>,
) -> Answer<(StatusCode, Json<RoomForViewer>)> {
    let wanted = CreateRoom {
        kind: body.kind.unwrap_or_else(|| "private".to_owned()),
        name: body.name,
        description: body.description,
        metadata: body.metadata,
        history: body.history,
        member_ids: body.member_ids,
        posting: body.posting,
        settings: RoomSettings {
            avatar_url: body.avatar_url,
            slow_mode_seconds: body.slow_mode_seconds.unwrap_or(0),
            system_messages: body.system_messages.unwrap_or(false),
            edit_window_seconds: body.edit_window_seconds,
            ..RoomSettings::default()
        },
    };
    let (key, ids) = (&path.external_key, &body.member_external_ids);
    let trace = caller.trace.clone();
    let (view, is_new) = commands::keep_room(&ports, &caller.actor, key, wanted, ids, trace).await?;
    Ok((made_or_found(is_new), shown(view)))
}

/// A room by key
///
/// For whoever may see it; to anybody else there is none.
#[utoipa::path(
    get, path = "/rooms/by-key/{external_key}", tag = "host product", params(RoomKeyPath),
    responses((status = 200, description = "The room.", body = RoomForViewer), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn room_by_key(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomKeyPath>,
) -> Answer<Json<RoomForViewer>> {
    let view = commands::room_by_key(&ports, &caller.actor, &path.external_key).await?;
    Ok(shown(view))
}

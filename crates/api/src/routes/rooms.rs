//! Rooms: list, make, open directly, show, edit, end.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Page, RoomForViewer};
use confab_domain::commands::{self, CreateRoom, UpdateRoom};
use confab_domain::ports::{Ports, RoomFilter, RoomListing};
use confab_domain::queries::{self, RoomView};
use confab_domain::{NewAvatar, RoomId, RoomKind, RoomSettings, UserId};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::users::searched;
use crate::cursor;
use crate::extract::{Caller, JsonBody, Patch, Path, Query, RoomPath, present};
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_rooms, create_room))
        .routes(routes!(open_direct_room))
        .routes(routes!(room, update_room, delete_room))
}

/// Which rooms.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListRooms {
    /// Part of the name, in any case and with any accents.
    #[param(max_length = 200, example = "lob")]
    query: Option<String>,
    /// `public`, `private` or `direct`.
    #[param(example = "public")]
    kind: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    cursor: Option<String>,
}

/// List rooms
///
/// Public rooms and one's own, newest first.
#[utoipa::path(
    get, path = "/rooms", tag = "rooms", params(ListRooms),
    responses((status = 200, description = "A page of rooms.", body = Page<RoomForViewer>)),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_rooms(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Query(wanted): Query<ListRooms>,
) -> Answer<Json<Page<RoomForViewer>>> {
    let filter = RoomFilter {
        query: searched(wanted.query)?,
        kind: kind(wanted.kind.as_deref())?,
    };
    let kind_name = filter.kind.map_or("any", RoomKind::as_str);
    let list = format!(
        "rooms:{kind_name}:{}",
        filter.query.as_deref().unwrap_or_default()
    );
    let after: Option<RoomId> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::list_rooms(&ports, &caller.actor, &filter, after, limit).await?;
    Ok(Json(cursor::page(&list, page, |listing: RoomListing| {
        RoomForViewer::new(listing.room, &listing.head, listing.membership.as_ref())
    })))
}

pub(super) fn kind(name: Option<&str>) -> Answer<Option<RoomKind>> {
    let Some(name) = name else { return Ok(None) };
    let kind = RoomKind::parse(name)
        .ok_or_else(|| Failure::field("kind", "must be \"public\", \"private\" or \"direct\""))?;
    Ok(Some(kind))
}

/// A room to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "public", "name": "lobby", "description": "Come in", "metadata": {"colour": "green"},
    "history": "all", "member_ids": []
}))]
pub(crate) struct CreateRoomBody {
    /// `public` or `private`.
    kind: String,
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
    /// Further members from the start.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 100)]
    member_ids: Vec<UserId>,
    /// A picture: an http(s) URL. One that was uploaded is set by `PUT /rooms/{room_id}/avatar`.
    #[schema(max_length = 2048)]
    avatar_url: Option<String>,
    /// Who may send: `members` (default), or `moderators` and above alone, as for announcements.
    posting: Option<String>,
    /// Seconds between two messages of one member; 0 (default) is off.
    #[schema(minimum = 0, maximum = 21600)]
    slow_mode_seconds: Option<i64>,
    /// Whether what happens (joined, left, renamed …) is also told by messages of type `system`; false by default.
    system_messages: Option<bool>,
    /// For how many seconds after sending a message may be edited; absent: always.
    #[schema(minimum = 0, maximum = 31_536_000)]
    edit_window_seconds: Option<i64>,
}

/// Make a room
///
/// A public or private one, with its maker as the owner.
#[utoipa::path(
    post, path = "/rooms", tag = "rooms", request_body = CreateRoomBody,
    responses((status = 201, description = "The new room.", body = RoomForViewer), RateLimited),
    security(("access_token" = []), ("api_key" = ["rooms"]))
)]
async fn create_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<CreateRoomBody>,
) -> Answer<(StatusCode, Json<RoomForViewer>)> {
    let wanted = CreateRoom {
        kind: body.kind,
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
    let made = commands::create_room(&ports, &caller.actor, wanted, caller.trace.clone()).await?;
    Ok((StatusCode::CREATED, seen(&ports, &caller, made.room.id).await?))
}

/// The other person of a direct room.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "018cc251-f400-7000-8000-000000000002"}))]
pub(crate) struct OpenDirectRoomBody {
    /// Anybody but oneself.
    #[schema(value_type = Uuid)]
    user_id: UserId,
}

/// Open a direct room
///
/// The one room of two people, made when there is none.
#[utoipa::path(
    post, path = "/rooms/direct", tag = "rooms", request_body = OpenDirectRoomBody,
    responses(
        (status = 201, description = "The room is new.", body = RoomForViewer),
        (status = 200, description = "The room was there.", body = RoomForViewer),
        Forbidden, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["rooms"]))
)]
async fn open_direct_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<OpenDirectRoomBody>,
) -> Answer<(StatusCode, Json<RoomForViewer>)> {
    let trace = caller.trace.clone();
    let (found, is_new) = commands::open_direct_room(&ports, &caller.actor, body.user_id, trace).await?;
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, seen(&ports, &caller, found.room.id).await?))
}

/// A room
#[utoipa::path(
    get, path = "/rooms/{room_id}", tag = "rooms", params(RoomPath),
    responses((status = 200, description = "The room.", body = RoomForViewer), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
) -> Answer<Json<RoomForViewer>> {
    seen(&ports, &caller, path.room_id).await
}

/// New values of a room; an absent field keeps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "The lobby", "description": null}))]
pub(crate) struct UpdateRoomBody {
    /// Cannot be cleared.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 80)]
    name: Patch<String>,
    /// Null clears.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Patch<String>,
    /// Replaces the whole object; null leaves `{}`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<Object>)]
    metadata: Patch<Value>,
    /// An http(s) URL; null clears. A picture that was uploaded is set by `PUT /rooms/{room_id}/avatar`, and its path is
    /// taken here only where it is the present one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    avatar_url: Patch<String>,
    /// Who may send: `members`, or `moderators` and above alone; null lets every member.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    posting: Patch<String>,
    /// Seconds between two messages of one member; 0 and null switch it off.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 21600)]
    slow_mode_seconds: Patch<i64>,
    /// Whether what happens is also told by messages of type `system`.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<bool>)]
    system_messages: Patch<bool>,
    /// For how many seconds after sending a message may be edited; null: always.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 31_536_000)]
    edit_window_seconds: Patch<i64>,
}

/// Edit a room
///
/// For its admins and owner.
#[utoipa::path(
    patch, path = "/rooms/{room_id}", tag = "rooms", params(RoomPath), request_body = UpdateRoomBody,
    responses((status = 200, description = "The room as it is now.", body = RoomForViewer), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["rooms"]))
)]
async fn update_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    JsonBody(body): JsonBody<UpdateRoomBody>,
) -> Answer<Json<RoomForViewer>> {
    let wanted = UpdateRoom {
        name: body.name,
        description: body.description,
        metadata: body.metadata,
        avatar: body.avatar_url.map(NewAvatar::from),
        posting: body.posting,
        slow_mode_seconds: body.slow_mode_seconds,
        system_messages: body.system_messages,
        edit_window_seconds: body.edit_window_seconds,
    };
    commands::update_room(&ports, &caller.actor, path.room_id, wanted, caller.trace.clone()).await?;
    seen(&ports, &caller, path.room_id).await
}

/// End a room
///
/// Gone at once for everybody. For its owner.
#[utoipa::path(
    delete, path = "/rooms/{room_id}", tag = "rooms", params(RoomPath),
    responses((status = 204, description = "The room is gone."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["rooms"]))
)]
async fn delete_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
) -> Answer<StatusCode> {
    commands::delete_room(&ports, &caller.actor, path.room_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The room as the caller sees it now.
pub(crate) async fn seen(ports: &Ports, caller: &Caller, room_id: RoomId) -> Answer<Json<RoomForViewer>> {
    Ok(shown(queries::room(ports, &caller.actor, room_id).await?))
}

/// A room as its viewer sees it.
pub(crate) fn shown(RoomView { room, access }: RoomView) -> Json<RoomForViewer> {
    Json(RoomForViewer::new(room, &access.head, access.membership.as_ref()))
}

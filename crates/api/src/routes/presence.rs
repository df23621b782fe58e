//! Presence: who is there now.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Presence, RoomPresence};
use confab_domain::ports::Ports;
use confab_domain::queries;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::extract::{Caller, Path, Query, RoomPath, UserPath};
use crate::failure::Answer;
use crate::openapi::{Forbidden, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_presence))
        .routes(routes!(user_presence))
}

/// How many names.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListPresence {
    /// Most people named; all are counted.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
}

/// Who is in the room now
///
/// People active in a room, as of the last heartbeat.
#[utoipa::path(
    get, path = "/rooms/{room_id}/presence", tag = "presence", params(RoomPath, ListPresence),
    responses((status = 200, description = "Who is there.", body = RoomPresence), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_presence(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<ListPresence>,
) -> Answer<Json<RoomPresence>> {
    let limit = cursor::page_size(wanted.limit)?;
    let (room, people) = queries::list_presence(&ports, &caller.actor, path.room_id, limit).await?;
    let mut users = ports.accounts.users(&room.user_ids).await?;
    for user in &mut users {
        user.expire_status(ports.clock.now());
    }
    let items = people.iter().map(|presence| {
        let user = users.iter().find(|user| user.id == presence.user_id);
        Presence::new(presence, user)
    });
    Ok(Json(RoomPresence {
        present_count: room.count,
        items: items.collect(),
    }))
}

/// Somebody's presence
///
/// For people who share a room with them.
#[utoipa::path(
    get, path = "/users/{user_id}/presence", tag = "presence", params(UserPath),
    responses((status = 200, description = "Their merged presence over all devices.", body = Presence), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn user_presence(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Answer<Json<Presence>> {
    let (presence, user) = queries::user_presence(&ports, &caller.actor, path.user_id).await?;
    Ok(Json(Presence::new(&presence, Some(&user))))
}

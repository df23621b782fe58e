//! Who is kept out of a room, or silent in it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Ban, Mute, Page};
use confab_domain::ports::Ports;
use confab_domain::{Timestamp, UserId, commands, queries};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::extract::{Caller, Listing, MemberPath, OptionalBody, Path, Query, RoomPath};
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_bans))
        .routes(routes!(ban_user, unban_user))
        .routes(routes!(mute_member, unmute_member))
}

/// List bans
///
/// Who may not come into the room, by whom, when and why. For the room's moderators and above.
#[utoipa::path(
    get, path = "/rooms/{room_id}/bans", tag = "moderation", params(RoomPath, Listing),
    responses((status = 200, description = "A page of bans.", body = Page<Ban>), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_bans(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<Listing>,
) -> Answer<Json<Page<Ban>>> {
    let list = format!("bans:{}", path.room_id);
    let after: Option<UserId> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::list_bans(&ports, &caller.actor, path.room_id, after, limit).await?;
    Ok(Json(cursor::page(&list, page, |(ban, user)| Ban::new(ban, user))))
}

/// Why.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "spam"}))]
pub(crate) struct BanBody {
    /// For everybody in the room to read; absent keeps what was said before.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

/// Ban somebody
///
/// Puts them out if they are in, and keeps them out: they neither join, nor are added, nor come by invitation.
/// For the room's admins and owner, of who ranks below; also of people who are not members. A repeat changes
/// nothing but a reason that differs.
#[utoipa::path(
    put, path = "/rooms/{room_id}/bans/{user_id}", tag = "moderation", params(MemberPath),
    request_body = Option<BanBody>,
    responses((status = 200, description = "They are banned.", body = Ban), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn ban_user(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MemberPath>,
    OptionalBody(body): OptionalBody<BanBody>,
) -> Answer<Json<Ban>> {
    let MemberPath { room_id, user_id } = path;
    commands::ban_user(&ports, &caller.actor, room_id, user_id, body.reason, caller.trace).await?;
    // Somebody else may have lifted it at once.
    let ban = ports.moderation.ban(room_id, user_id).await?;
    let (ban, user) = ban.ok_or_else(|| Failure::of_status(StatusCode::CONFLICT))?;
    Ok(Json(Ban::new(ban, user)))
}

/// Lift a ban
///
/// They may come back, but are not brought back. Who is not banned stays so.
#[utoipa::path(
    delete, path = "/rooms/{room_id}/bans/{user_id}", tag = "moderation", params(MemberPath),
    responses((status = 204, description = "They are not banned."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn unban_user(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MemberPath>,
) -> Answer<StatusCode> {
    commands::unban_user(&ports, &caller.actor, path.room_id, path.user_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Until when.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2024-01-01T13:00:00.000Z"}))]
pub(crate) struct MuteBody {
    /// A moment in the future; absent: until further notice.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Timestamp>,
}

/// Mute a member
///
/// They send, edit, react, pin and type no more, and still read. It ends by itself at `until`; leaving and
/// coming back does not end it. For the room's moderators and above, of who ranks below.
#[utoipa::path(
    put, path = "/rooms/{room_id}/mutes/{user_id}", tag = "moderation", params(MemberPath),
    request_body = Option<MuteBody>,
    responses((status = 200, description = "They are muted.", body = Mute), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn mute_member(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MemberPath>,
    OptionalBody(body): OptionalBody<MuteBody>,
) -> Answer<Json<Mute>> {
    let MemberPath { room_id, user_id } = path;
    let muted_until =
        commands::mute_member(&ports, &caller.actor, room_id, user_id, body.until, caller.trace).await?;
    Ok(Json(Mute { user_id, muted_until }))
}

/// Lift a mute
///
/// Who is not muted stays so.
#[utoipa::path(
    delete, path = "/rooms/{room_id}/mutes/{user_id}", tag = "moderation", params(MemberPath),
    responses((status = 204, description = "They are not muted."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn unmute_member(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MemberPath>,
) -> Answer<StatusCode> {
    commands::unmute_member(&ports, &caller.actor, path.room_id, path.user_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

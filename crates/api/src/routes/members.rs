//! Members of a room: list, add, change, remove; join and leave.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use confab_contract::{Member, Page, RoomForViewer, RoomPage};
use confab_domain::commands::MEMBERS_AT_ONCE_MAX;
use confab_domain::ports::{MemberFilter, Ports};
use confab_domain::rights::Act;
use confab_domain::{Error, MemberRole, RoomId, UserId, commands, queries};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::rooms::seen;
use super::users::searched;
use crate::cursor;
use crate::extract::{AsObject, Caller, JsonBody, MemberPath, Path, Query, RoomPath};
use crate::failure::{Answer, Failure};
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_members, add_members))
        .routes(routes!(change_role, remove_member))
        .routes(routes!(remove_members))
        .routes(routes!(join_room))
        .routes(routes!(leave_room))
}

/// Which members.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListMembers {
    /// The beginning of a word of the username or display name, in any case and with any accents; what a client
    /// asks to complete an `@`.
    #[param(max_length = 200, example = "ad")]
    query: Option<String>,
    /// `owner`, `admin`, `moderator` or `member`.
    #[param(example = "moderator")]
    role: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    cursor: Option<String>,
}

/// List members
///
/// By user id; all of them, or those of a name or role.
#[utoipa::path(
    get, path = "/rooms/{room_id}/members", tag = "members", params(RoomPath, ListMembers),
    responses((status = 200, description = "Current members.", body = RoomPage<Member>), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_members(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<ListMembers>,
) -> Answer<Json<RoomPage<Member>>> {
    let filter = MemberFilter {
        query: searched(wanted.query)?,
        role: wanted.role.as_deref().map(listed_role).transpose()?,
    };
    let list = list_name(path.room_id, &filter);
    let after: Option<UserId> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    // Read before the page: who joins the stream from here hears of every change since, some of it twice.
    let access = queries::access_for(&ports, &caller.actor, path.room_id, Act::ListMembers).await?;
    let page = queries::list_members(&ports, &caller.actor, path.room_id, &filter, after, limit).await?;
    let page = cursor::page(&list, page, |(member, user)| Member::new(&member, user));
    Ok(Json(cursor::room_page(&access, page)))
}

fn list_name(room_id: RoomId, filter: &MemberFilter) -> String {
    match (&filter.query, filter.role) {
        (None, None) => format!("members:{room_id}"),
        (query, role) => {
            let role = role.map_or("any", MemberRole::as_str);
            format!(
                "members:{room_id}:{role}:{}",
                query.as_deref().unwrap_or_default()
            )
        }
    }
}

fn listed_role(word: &str) -> Answer<MemberRole> {
    MemberRole::parse(word).ok_or_else(|| {
        Failure::field(
            "role",
            "must be \"owner\", \"admin\", \"moderator\" or \"member\"",
        )
    })
}

/// Somebody to be added.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "018cc251-f400-7000-8000-000000000002", "role": "member"}))]
pub(crate) struct NewMember {
    /// Who.
    #[schema(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
    /// Who, by the host product's own id; for its service, instead of `user_id`.
    #[schema(max_length = 200)]
    external_id: Option<String>,
    /// `member` (default), `moderator` or `admin`; below one's own.
    role: Option<String>,
}

/// One person, or up to 100 in `members`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_id": "018cc251-f400-7000-8000-000000000002", "role": "member"}))]
pub(crate) struct AddMembersBody {
    /// Who; not with `members`.
    #[schema(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
    /// Who, by the host product's own id; for its service, instead of `user_id`.
    #[schema(max_length = 200)]
    external_id: Option<String>,
    /// `member` (default), `moderator` or `admin`; below one's own; only with one person.
    role: Option<String>,
    /// Several at once; not with `user_id`.
    #[schema(max_items = 100, value_type = Option<Vec<NewMember>>)]
    members: Option<Vec<AsObject<NewMember>>>,
}

/// Add members
///
/// For the room's admins and owner. Who is in already stays as they are.
#[utoipa::path(
    post, path = "/rooms/{room_id}/members", tag = "members", params(RoomPath), request_body = AddMembersBody,
    responses(
        (status = 201, description = "Somebody new is in; all who were named.", body = Page<Member>),
        (status = 200, description = "All who were named were in already.", body = Page<Member>),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn add_members(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    JsonBody(body): JsonBody<AddMembersBody>,
) -> Answer<Response> {
    let is_one = body.members.is_none();
    let wanted = wanted(&ports, &caller, body).await?;
    let user_ids: Vec<UserId> = wanted.iter().map(|(user_id, _)| *user_id).collect();
    let added = commands::add_members(&ports, &caller.actor, path.room_id, wanted, caller.trace)
        .await
        .map_err(|error| if is_one { of_one(error) } else { error })?;
    let status = if added.events.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let items = present_members(&ports, path.room_id, &user_ids).await?;
    Ok((
        status,
        Json(Page {
            items,
            next_cursor: None,
            has_more: false,
        }),
    )
        .into_response())
}

/// Who sent one person alone is told of its own fields, not of a list.
fn of_one(error: Error) -> Error {
    let Error::Invalid(mut errors) = error else {
        return error;
    };
    for error in &mut errors {
        if let Some(field) = error.field.strip_prefix("members[0].") {
            error.field = field.to_owned();
        }
    }
    Error::Invalid(errors)
}

/// The people that are wanted, by our ids.
async fn wanted(ports: &Ports, caller: &Caller, body: AddMembersBody) -> Answer<Vec<(UserId, MemberRole)>> {
    let one = NewMember {
        user_id: body.user_id,
        external_id: body.external_id,
        role: body.role,
    };
    let (members, is_one) = match body.members {
        None => (vec![one], true),
        Some(_) if one.role.is_some() => return Err(Failure::field("role", "goes into each of the members")),
        Some(_) if one.user_id.is_some() || one.external_id.is_some() => {
            return Err(Failure::field(
                "members",
                "must not come with user_id or external_id",
            ));
        }
        Some(members) => (
            members.into_iter().map(|AsObject(member)| member).collect(),
            false,
        ),
    };
    if members.len() > MEMBERS_AT_ONCE_MAX {
        return Err(Failure::field(
            "members",
            format!("must be 1 to {MEMBERS_AT_ONCE_MAX}"),
        ));
    }
    let field = |index: usize, name: &str| {
        if is_one {
            name.to_owned()
        } else {
            format!("members[{index}].{name}")
        }
    };
    let mut wanted = Vec::with_capacity(members.len());
    let (mut places, mut external_ids) = (Vec::new(), Vec::new());
    for (index, member) in members.into_iter().enumerate() {
        let role = role(&field(index, "role"), member.role.as_deref())?;
        match (member.user_id, member.external_id) {
            (Some(user_id), None) => wanted.push((user_id, role)),
            (None, Some(external_id)) => {
                places.push(index);
                external_ids.push(external_id);
                wanted.push((UserId(Uuid::nil()), role));
            }
            (Some(_), Some(_)) => {
                return Err(Failure::field(
                    field(index, "external_id"),
                    "must not come with user_id",
                ));
            }
            (None, None) => return Err(Failure::field(field(index, "user_id"), "is required")),
        }
    }
    let user_ids = commands::resolve_external_ids(ports, &caller.actor, "external_id", &external_ids)
        .await
        .map_err(|error| at_places(error, |nth| field(places[nth], "external_id")))?;
    for (index, user_id) in places.into_iter().zip(user_ids) {
        wanted[index].0 = user_id;
    }
    Ok(wanted)
}

/// Names the fields of a list by where they stood in the body.
fn at_places(error: Error, name: impl Fn(usize) -> String) -> Error {
    let Error::Invalid(mut errors) = error else {
        return error;
    };
    for error in &mut errors {
        let nth = error
            .field
            .strip_prefix("external_id[")
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|nth| nth.parse().ok());
        if let Some(nth) = nth {
            error.field = name(nth);
        }
    }
    Error::Invalid(errors)
}

fn role(field: &str, name: Option<&str>) -> Answer<MemberRole> {
    let Some(name) = name else {
        return Ok(MemberRole::Member);
    };
    MemberRole::parse(name)
        .ok_or_else(|| Failure::field(field, "must be \"admin\", \"moderator\" or \"member\""))
}

/// Those of the people who are in the room now, each once.
async fn present_members(ports: &Ports, room_id: RoomId, user_ids: &[UserId]) -> Answer<Vec<Member>> {
    let mut members: Vec<Member> = Vec::with_capacity(user_ids.len());
    for user_id in user_ids {
        if members.iter().any(|member| member.user_id == *user_id) {
            continue;
        }
        if let Some((member, user)) = ports.room_reads.member(room_id, *user_id).await? {
            members.push(Member::new(&member, user));
        }
    }
    Ok(members)
}

/// Somebody's new standing.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"role": "moderator"}))]
pub(crate) struct ChangeRoleBody {
    /// `admin`, `moderator` or `member`, below one's own; `owner` hands the room on.
    role: String,
}

/// Change a role
///
/// Of somebody who ranks below. The owner hands the room on by `owner`, and becomes an admin. So may the host
/// product; a room that has an owner keeps one.
#[utoipa::path(
    patch, path = "/rooms/{room_id}/members/{user_id}", tag = "members", params(MemberPath),
    request_body = ChangeRoleBody,
    responses(
        (status = 200, description = "The member as they are now.", body = Member),
        Forbidden, NotFound, Conflict
    ),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn change_role(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MemberPath>,
    JsonBody(body): JsonBody<ChangeRoleBody>,
) -> Answer<Json<Member>> {
    let MemberPath { room_id, user_id } = path;
    commands::change_role(&ports, &caller.actor, room_id, user_id, &body.role, caller.trace).await?;
    let (member, user) = queries::member(&ports, &caller.actor, room_id, user_id).await?;
    Ok(Json(Member::new(&member, user)))
}

/// Remove a member
///
/// Somebody who ranks below. Who is out already stays out.
#[utoipa::path(
    delete, path = "/rooms/{room_id}/members/{user_id}", tag = "members", params(MemberPath),
    responses((status = 204, description = "They are out."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn remove_member(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MemberPath>,
) -> Answer<StatusCode> {
    commands::remove_member(&ports, &caller.actor, path.room_id, path.user_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom to remove, up to 100 together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user_ids": ["018cc251-f400-7000-8000-000000000002"], "external_ids": []}))]
pub(crate) struct RemoveMembersBody {
    /// By our ids.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 100)]
    user_ids: Vec<UserId>,
    /// By the host product's own ids; for its service.
    #[serde(default)]
    #[schema(max_items = 100)]
    external_ids: Vec<String>,
}

/// Who was removed.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"removed": ["018cc251-f400-7000-8000-000000000002"]}))]
pub(crate) struct RemovedMembers {
    /// Those who were in the room.
    #[schema(value_type = Vec<Uuid>)]
    removed: Vec<UserId>,
}

/// Remove several members
///
/// In the order given, our ids first, each in a change of its own. It ends at the first whom one may not remove.
#[utoipa::path(
    post, path = "/rooms/{room_id}/members/remove", tag = "members", params(RoomPath),
    request_body = RemoveMembersBody,
    responses((status = 200, description = "They are out.", body = RemovedMembers), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn remove_members(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    JsonBody(body): JsonBody<RemoveMembersBody>,
) -> Answer<Json<RemovedMembers>> {
    let mut user_ids = body.user_ids;
    let ids = &body.external_ids;
    user_ids.extend(commands::resolve_external_ids(&ports, &caller.actor, "external_ids", ids).await?);
    let removed =
        commands::remove_members(&ports, &caller.actor, path.room_id, &user_ids, caller.trace).await?;
    Ok(Json(RemovedMembers { removed }))
}

/// Join a room
///
/// A public one. Joining twice changes nothing.
#[utoipa::path(
    post, path = "/rooms/{room_id}/join", tag = "members", params(RoomPath),
    responses(
        (status = 200, description = "One is in.", body = RoomForViewer),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn join_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
) -> Answer<Json<RoomForViewer>> {
    commands::join_room(&ports, &caller.actor, path.room_id, caller.trace.clone()).await?;
    seen(&ports, &caller, path.room_id).await
}

/// Leave a room
///
/// An owner who leaves hands on to the longest-serving of the highest role; the last one out closes the room.
#[utoipa::path(
    post, path = "/rooms/{room_id}/leave", tag = "members", params(RoomPath),
    responses((status = 204, description = "One is out."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn leave_room(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
) -> Answer<StatusCode> {
    commands::leave_room(&ports, &caller.actor, path.room_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

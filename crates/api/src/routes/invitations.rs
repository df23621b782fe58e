//! Links by which people come into a room.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Invitation, InvitationPreview, NewInvitation, Page, RoomForViewer};
use confab_domain::ports::Ports;
use confab_domain::{InvitationId, commands, queries};
use http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::rooms::seen;
use crate::cursor;
use crate::extract::{Caller, InvitationPath, Listing, OptionalBody, Path, Query, RoomPath};
use crate::failure::Answer;
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_invitations, invite))
        .routes(routes!(revoke_invitation))
        .routes(routes!(preview_invitation))
        .routes(routes!(accept_invitation))
}

/// `/invitations/{token}…`
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct TokenPath {
    /// The secret of the link.
    #[param(example = "n1fYvXn0bWlyZ2luaWEgd29vbGYgd2FzIGhlcmU")]
    token: String,
}

/// List invitations
///
/// All links of the room, newest first, also those that have ended; without their secrets. For its admins and
/// owner.
#[utoipa::path(
    get, path = "/rooms/{room_id}/invitations", tag = "invitations", params(RoomPath, Listing),
    responses((status = 200, description = "A page of links.", body = Page<Invitation>), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_invitations(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<Listing>,
) -> Answer<Json<Page<Invitation>>> {
    let list = format!("invitations:{}", path.room_id);
    let before: Option<InvitationId> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::list_invitations(&ports, &caller.actor, path.room_id, before, limit).await?;
    Ok(Json(cursor::page(&list, page, Invitation::from)))
}

/// For how long, and for how many.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"expires_in": 86400, "max_uses": 10}))]
pub(crate) struct InviteBody {
    /// Seconds until it ends; a week when absent.
    #[schema(minimum = 60, maximum = 31_536_000)]
    expires_in: Option<i64>,
    /// People whom it lets in; any number when absent.
    #[schema(minimum = 1, maximum = 100_000)]
    max_uses: Option<i64>,
}

/// Make an invitation
///
/// A link by which anybody who bears it comes into the room, as a member. Its secret is told this once. It stays
/// good whatever becomes of its maker. At most 100 live ones a room. For admins and the owner of a public or
/// private room; never for direct ones.
#[utoipa::path(
    post, path = "/rooms/{room_id}/invitations", tag = "invitations", params(RoomPath),
    request_body = Option<InviteBody>,
    responses(
        (status = 201, description = "The link, with its secret.", body = NewInvitation),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn invite(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    OptionalBody(body): OptionalBody<InviteBody>,
) -> Answer<(StatusCode, Json<NewInvitation>)> {
    let wanted = commands::Invite {
        expires_in: body.expires_in,
        uses_max: body.max_uses,
    };
    let (invitation, token) =
        commands::invite(&ports, &caller.actor, path.room_id, wanted, caller.trace).await?;
    let invitation = invitation.into();
    Ok((StatusCode::CREATED, Json(NewInvitation { invitation, token })))
}

/// Take an invitation back
///
/// Who came in by it stays. Twice changes nothing.
#[utoipa::path(
    delete, path = "/rooms/{room_id}/invitations/{invitation_id}", tag = "invitations", params(InvitationPath),
    responses((status = 204, description = "It opens no more."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn revoke_invitation(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<InvitationPath>,
) -> Answer<StatusCode> {
    let InvitationPath {
        room_id,
        invitation_id,
    } = path;
    commands::revoke_invitation(&ports, &caller.actor, room_id, invitation_id, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Preview an invitation
///
/// What one would come into. 404 alike for a link that never was, has ended, was taken back or is used up; 403 for
/// who is banned.
#[utoipa::path(
    get, path = "/invitations/{token}", tag = "invitations", params(TokenPath),
    responses((status = 200, description = "The room.", body = InvitationPreview), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn preview_invitation(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<TokenPath>,
) -> Answer<Json<InvitationPreview>> {
    let seen = queries::preview_invitation(&ports, &caller.actor, &path.token).await?;
    Ok(Json(InvitationPreview {
        room_id: seen.room.id,
        kind: seen.room.kind.as_str().to_owned(),
        name: seen.room.name,
        description: seen.room.description,
        avatar_url: seen.room.avatar_url,
        member_count: seen.member_count,
        expires_at: seen.invitation.expires_at,
        is_member: seen.is_member,
    }))
}

/// Accept an invitation
///
/// One is in, as a member. Who is in already stays as they are, and no use of the link is spent; of two who want the
/// last use at once, one gets it. 404 alike for a link that never was, has ended, was taken back or is used up; 403
/// for who is banned.
#[utoipa::path(
    post, path = "/invitations/{token}/accept", tag = "invitations", params(TokenPath),
    responses(
        (status = 200, description = "One is in.", body = RoomForViewer),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["members"]))
)]
async fn accept_invitation(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<TokenPath>,
) -> Answer<Json<RoomForViewer>> {
    let trace = caller.trace.clone();
    let room = commands::accept_invitation(&ports, &caller.actor, &path.token, trace).await?;
    seen(&ports, &caller, room.room.id).await
}

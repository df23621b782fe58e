//! One's own account: profile, password, logins.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Me, Page, Session};
use confab_domain::commands::{self, ChangePassword, UpdateProfile};
use confab_domain::ports::Ports;
use confab_domain::{CustomStatus, NewAvatar, Timestamp, queries};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::{AsObject, Caller, JsonBody, Patch, Path, SessionPath, present};
use crate::failure::{Answer, Failure};
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(me, update_profile))
        .routes(routes!(change_password))
        .routes(routes!(deactivate_me))
        .routes(routes!(list_sessions, revoke_other_sessions))
        .routes(routes!(revoke_session))
}

/// My account
#[utoipa::path(
    get, path = "/me", tag = "account",
    responses((status = 200, description = "The account behind the token.", body = Me)),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn me(State(ports): State<Arc<Ports>>, caller: Caller) -> Answer<Json<Me>> {
    let user = queries::profile(&ports, &caller.actor, caller.actor.user_id).await?;
    Ok(Json(user.into()))
}

/// New values of one's profile; an absent field keeps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"display_name": "Ada L.", "avatar_url": null}))]
pub(crate) struct UpdateProfileBody {
    /// What others read; cannot be cleared.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 80)]
    display_name: Patch<String>,
    /// An http(s) URL; null clears. A picture that was uploaded is set by `PUT /me/avatar`, and its path is taken here
    /// only where it is the present one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    avatar_url: Patch<String>,
    /// Unique; null clears.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 254)]
    email: Patch<String>,
    /// What one says of oneself, to people who share a room; null clears.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<StatusBody>)]
    status: Patch<AsObject<StatusBody>>,
    /// Whether others learn what one has read; who does not share it is not told of others' either.
    shares_read_marks: Option<bool>,
    /// Whether others learn when one was last there.
    shares_last_seen: Option<bool>,
}

/// What one says of oneself: an emoji, a text, or both.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"emoji": "🌴", "text": "On holiday", "until": "2026-12-24T12:00:00.000Z"}))]
pub(crate) struct StatusBody {
    /// Exactly one emoji.
    #[schema(max_length = 64)]
    emoji: Option<String>,
    /// On one line.
    #[schema(max_length = 100)]
    text: Option<String>,
    /// When it ends by itself, in the future.
    #[schema(format = DateTime)]
    until: Option<String>,
}

fn status(body: AsObject<StatusBody>) -> Answer<CustomStatus> {
    let AsObject(body) = body;
    let time = |text: String| {
        Timestamp::parse(&text).ok_or_else(|| Failure::field("status.until", "must be an RFC 3339 time"))
    };
    Ok(CustomStatus {
        emoji: body.emoji,
        text: body.text,
        until: body.until.map(time).transpose()?,
    })
}

/// Change my profile
#[utoipa::path(
    patch, path = "/me", tag = "account", request_body = UpdateProfileBody,
    responses((status = 200, description = "The account as it is now.", body = Me), Conflict),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn update_profile(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<UpdateProfileBody>,
) -> Answer<Json<Me>> {
    let wanted = UpdateProfile {
        display_name: body.display_name,
        avatar: body.avatar_url.map(NewAvatar::from),
        email: body.email,
        status: body.status.map(|body| body.map(status).transpose()).transpose()?,
        shares_read_marks: body.shares_read_marks,
        shares_last_seen: body.shares_last_seen,
    };
    let user = commands::update_profile(&ports, &caller.actor, wanted, caller.trace).await?;
    Ok(Json(user.into()))
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"current_password": "correct horse battery", "new_password": "staple by moonlight"}))]
pub(crate) struct ChangePasswordBody {
    /// The present one.
    #[schema(format = Password)]
    current_password: String,
    /// Any characters but U+0000.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    new_password: String,
}

/// Change my password
///
/// Ends all other sessions.
#[utoipa::path(
    put, path = "/me/password", tag = "account", request_body = ChangePasswordBody,
    responses((status = 204, description = "The new password holds."), RateLimited),
    security(("access_token" = []))
)]
async fn change_password(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<ChangePasswordBody>,
) -> Answer<StatusCode> {
    let wanted = ChangePassword {
        current_password: body.current_password,
        new_password: body.new_password,
    };
    commands::change_password(&ports, &caller.actor, wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"password": "correct horse battery"}))]
pub(crate) struct DeactivateMeBody {
    /// The present one.
    #[schema(format = Password)]
    password: String,
}

/// Deactivate my account
///
/// All sessions and sockets end, and nobody logs in any more. Memberships stay, and so do one's words, under one's
/// name; an administrator can open the account again. For people with a password: the accounts of others are kept
/// where they come from, and administrators are shut by another.
#[utoipa::path(
    post, path = "/me/deactivate", tag = "account", request_body = DeactivateMeBody,
    responses((status = 204, description = "The account is shut."), Forbidden, RateLimited),
    security(("access_token" = []))
)]
async fn deactivate_me(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<DeactivateMeBody>,
) -> Answer<StatusCode> {
    commands::deactivate_own_account(&ports, &caller.actor, body.password, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// My sessions
///
/// Live logins, latest first; at most 100, on one page.
#[utoipa::path(
    get, path = "/me/sessions", tag = "account",
    responses((status = 200, description = "The logins that still stand.", body = Page<Session>)),
    security(("access_token" = []))
)]
async fn list_sessions(State(ports): State<Arc<Ports>>, caller: Caller) -> Answer<Json<Page<Session>>> {
    let sessions = ports
        .accounts
        .sessions(caller.actor.user_id, ports.clock.now())
        .await?;
    let seen = |session| Session::seen_from(session, caller.actor.session_id);
    let items = sessions.into_iter().map(seen).collect();
    Ok(Json(Page {
        items,
        next_cursor: None,
        has_more: false,
    }))
}

/// End my other sessions
///
/// All but the one that asks; their tokens and sockets end with them.
#[utoipa::path(
    delete, path = "/me/sessions", tag = "account",
    responses((status = 204, description = "No other session is left.")),
    security(("access_token" = []))
)]
async fn revoke_other_sessions(State(ports): State<Arc<Ports>>, caller: Caller) -> Answer<StatusCode> {
    commands::revoke_other_sessions(&ports, &caller.actor).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End a session
///
/// Its tokens and sockets end with it.
#[utoipa::path(
    delete, path = "/me/sessions/{session_id}", tag = "account", params(SessionPath),
    responses((status = 204, description = "The session is over."), NotFound),
    security(("access_token" = []))
)]
async fn revoke_session(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<SessionPath>,
) -> Answer<StatusCode> {
    commands::revoke_session(&ports, &caller.actor, path.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

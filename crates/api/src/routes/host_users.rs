//! The host product's people: by its own ids, one or many; logged in on its behalf; shut and opened.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{FieldProblem, HostUser, UserTokens};
use confab_domain::commands::{self, HandedOut, KeepUser, USERS_AT_ONCE_MAX};
use confab_domain::ports::Ports;
use confab_domain::{Error, UserId};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Settings;
use crate::extract::{AsObject, Caller, JsonBody, Patch, Path, UserPath, present};
use crate::failure::{Answer, Failure};
use crate::openapi::{Conflict, Forbidden, NotFound};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(keep_user, user_by_external_id))
        .routes(routes!(keep_users))
        .routes(routes!(look_up_users))
        .routes(routes!(hand_out_tokens, end_sessions))
        .routes(routes!(hand_out_tokens_by_external_id))
        .routes(routes!(deactivate))
        .routes(routes!(reactivate))
}

/// `/users/by-external-id/{external_id}…`
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ExternalIdPath {
    /// The host product's own id, percent-encoded; at most 200 characters.
    #[param(max_length = 200, example = "customer-7")]
    external_id: String,
}

/// What the host product knows of somebody; an absent field keeps.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"display_name": "Ada", "avatar_url": "https://shop.example/ada.png"}))]
pub(crate) struct KeepUserBody {
    /// Unique; made from the outside id when there is none yet. Cannot be cleared.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, min_length = 2, max_length = 32)]
    username: Patch<String>,
    /// What others read; the username when there is none yet. Cannot be cleared.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 80)]
    display_name: Patch<String>,
    /// An http(s) URL; null clears. The path of a picture that they uploaded is taken only where it is the present one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 2048)]
    avatar_url: Patch<String>,
    /// Unique; null clears.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>, max_length = 254)]
    email: Patch<String>,
}

/// Keep a user
///
/// Makes the host product's user of that outside id, or changes what differs. Repeating it changes nothing. A
/// deactivated user stays so. For the host product's service.
#[utoipa::path(
    put, path = "/users/by-external-id/{external_id}", tag = "host product", params(ExternalIdPath),
    request_body = KeepUserBody,
    responses(
        (status = 201, description = "The user is new.", body = HostUser),
        (status = 200, description = "The user as they are now.", body = HostUser),
        Forbidden, Conflict
    ),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn keep_user(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<ExternalIdPath>,
    JsonBody(body): JsonBody<KeepUserBody>,
) -> Answer<(StatusCode, Json<HostUser>)> {
    let wanted = KeepUser {
        external_id: path.external_id,
        username: body.username,
        display_name: body.display_name,
        avatar_url: body.avatar_url,
        email: body.email,
    };
    let (user, is_new) = commands::keep_user(&ports, &caller.actor, wanted, caller.trace).await?;
    Ok((made_or_found(is_new), Json(user.into())))
}

pub(crate) const fn made_or_found(is_new: bool) -> StatusCode {
    if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}

/// A user by outside id
#[utoipa::path(
    get, path = "/users/by-external-id/{external_id}", tag = "host product", params(ExternalIdPath),
    responses((status = 200, description = "The user.", body = HostUser), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn user_by_external_id(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<ExternalIdPath>,
) -> Answer<Json<HostUser>> {
    let user = commands::user_by_external_id(&ports, &caller.actor, &path.external_id).await?;
    Ok(Json(user.into()))
}

/// One of many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"external_id": "customer-7", "display_name": "Ada"}))]
pub(crate) struct KeepUsersEntryBody {
    /// The host product's own id.
    #[schema(max_length = 200)]
    external_id: String,
    /// As for one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    username: Patch<String>,
    /// As for one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    display_name: Patch<String>,
    /// As for one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    avatar_url: Patch<String>,
    /// As for one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    email: Patch<String>,
}

/// Up to 100 users.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"users": [{"external_id": "customer-7", "display_name": "Ada"}]}))]
pub(crate) struct KeepUsersBody {
    /// Each as in a request of its own.
    #[schema(min_items = 1, max_items = 100, value_type = Vec<KeepUsersEntryBody>)]
    users: Vec<AsObject<KeepUsersEntryBody>>,
}

/// What came of one of many.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "external_id": "customer-7", "status": 409, "user": null, "code": "conflict",
    "detail": "the username is taken", "errors": []
}))]
pub(crate) struct KeptUser {
    /// Which.
    external_id: String,
    /// As of a request of its own: 201 made, 200 found, or why not.
    status: u16,
    /// The user, unless refused.
    user: Option<HostUser>,
    /// The code of the refusal.
    code: Option<&'static str>,
    /// What was wrong.
    detail: Option<String>,
    /// Each wrong field.
    errors: Vec<FieldProblem>,
}

/// What came of each, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeptUsers {
    /// One a user.
    items: Vec<KeptUser>,
}

/// Keep many users
///
/// Up to 100 at once, each as in a request of its own: one that is refused hinders no other. For the host
/// product's service.
#[utoipa::path(
    post, path = "/users/batch", tag = "host product", request_body = KeepUsersBody,
    responses((status = 200, description = "What came of each.", body = KeptUsers), Forbidden),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn keep_users(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<KeepUsersBody>,
) -> Answer<Json<KeptUsers>> {
    if body.users.is_empty() || body.users.len() > USERS_AT_ONCE_MAX {
        return Err(Failure::field(
            "users",
            format!("must be 1 to {USERS_AT_ONCE_MAX}"),
        ));
    }
    let mut items = Vec::with_capacity(body.users.len());
    for AsObject(user) in body.users {
        let external_id = user.external_id.clone();
        let wanted = KeepUser {
            external_id: user.external_id,
            username: user.username,
            display_name: user.display_name,
            avatar_url: user.avatar_url,
            email: user.email,
        };
        let kept = commands::keep_user(&ports, &caller.actor, wanted, caller.trace.clone()).await;
        items.push(match kept {
            Ok((user, is_new)) => KeptUser {
                external_id,
                status: made_or_found(is_new).as_u16(),
                user: Some(user.into()),
                code: None,
                detail: None,
                errors: Vec::new(),
            },
            // Who may not do this may do none of it, and a store that is away is away for the rest.
            Err(error @ (Error::Forbidden(_) | Error::Unavailable(..) | Error::Internal(..))) => {
                return Err(error.into());
            }
            Err(error) => refused(external_id, error),
        });
    }
    Ok(Json(KeptUsers { items }))
}

fn refused(external_id: String, error: Error) -> KeptUser {
    let failure = Failure::from(error);
    let problem = failure.problem("");
    KeptUser {
        external_id,
        status: problem.status,
        user: None,
        code: Some(failure.code.as_str()),
        detail: Some(problem.detail),
        errors: problem.errors,
    }
}

/// Whom to look up, up to 100 together.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"external_ids": ["customer-7"], "user_ids": []}))]
pub(crate) struct LookUpUsersBody {
    /// By the host product's own ids.
    #[serde(default)]
    #[schema(max_items = 100)]
    external_ids: Vec<String>,
    /// By ours.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, max_items = 100)]
    user_ids: Vec<UserId>,
}

/// Those who were found.
#[derive(Serialize, ToSchema)]
pub(crate) struct FoundUsers {
    /// In the order asked for; unknown ones are left out.
    items: Vec<HostUser>,
}

/// Look up users
///
/// Many at once, from the host product's ids to ours and back. For the host product's service.
#[utoipa::path(
    post, path = "/users/lookup", tag = "host product", request_body = LookUpUsersBody,
    responses((status = 200, description = "Those who were found.", body = FoundUsers), Forbidden),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn look_up_users(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<LookUpUsersBody>,
) -> Answer<Json<FoundUsers>> {
    let found = commands::look_up_users(&ports, &caller.actor, &body.external_ids, &body.user_ids).await?;
    Ok(Json(FoundUsers {
        items: found.into_iter().map(HostUser::from).collect(),
    }))
}

/// What kind of login.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"renewable": true, "device": "The shop's app"}))]
pub(crate) struct HandOutTokensBody {
    /// Whether the person's client gets a refresh token and renews by itself. Otherwise (the default) the login
    /// ends with its access token, and the client asks the host product again.
    #[serde(default)]
    renewable: bool,
    /// What the person's list of sessions shows.
    #[schema(max_length = 200)]
    device: Option<String>,
}

/// Log a user in
///
/// Tokens for one of the host product's people, of a login of its own that names the service and can be ended
/// like any other. Not for administrators or services. For the host product's service.
#[utoipa::path(
    post, path = "/users/{user_id}/tokens", tag = "host product", params(UserPath),
    request_body = HandOutTokensBody,
    responses((status = 201, description = "The tokens.", body = UserTokens), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["tokens"]))
)]
async fn hand_out_tokens(
    State(ports): State<Arc<Ports>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    Path(path): Path<UserPath>,
    JsonBody(body): JsonBody<HandOutTokensBody>,
) -> Answer<(StatusCode, Json<UserTokens>)> {
    handed_out(&ports, &settings, &caller, path.user_id, body).await
}

/// Log a user in by outside id
///
/// As by id. For the host product's service.
#[utoipa::path(
    post, path = "/users/by-external-id/{external_id}/tokens", tag = "host product", params(ExternalIdPath),
    request_body = HandOutTokensBody,
    responses((status = 201, description = "The tokens.", body = UserTokens), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["tokens"]))
)]
async fn hand_out_tokens_by_external_id(
    State(ports): State<Arc<Ports>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
    Path(path): Path<ExternalIdPath>,
    JsonBody(body): JsonBody<HandOutTokensBody>,
) -> Answer<(StatusCode, Json<UserTokens>)> {
    let user_id = commands::id_by_external_id(&ports, &caller.actor, &path.external_id).await?;
    handed_out(&ports, &settings, &caller, user_id, body).await
}

async fn handed_out(
    ports: &Ports,
    settings: &Settings,
    caller: &Caller,
    user_id: UserId,
    body: HandOutTokensBody,
) -> Answer<(StatusCode, Json<UserTokens>)> {
    let HandedOut { pair, is_renewable } = commands::hand_out_tokens(
        ports,
        &caller.actor,
        user_id,
        body.renewable,
        body.device,
        settings.session_times,
    )
    .await?;
    let tokens = UserTokens {
        access_token: pair.access_token,
        token_type: "Bearer".to_owned(),
        expires_in: pair.expires_in.as_secs(),
        refresh_token: is_renewable.then_some(pair.refresh_token),
        session_id: pair.session_id,
        user_id: pair.user.id,
    };
    Ok((StatusCode::CREATED, Json(tokens)))
}

/// End a user's logins
///
/// All of them, whoever began them; their sockets close. For the host product's service.
#[utoipa::path(
    delete, path = "/users/{user_id}/tokens", tag = "host product", params(UserPath),
    responses((status = 204, description = "No login is left."), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["tokens"]))
)]
async fn end_sessions(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Answer<StatusCode> {
    commands::end_sessions_of(&ports, &caller.actor, path.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deactivate an account
///
/// Its logins end and its sockets close; its memberships stay, and its name on its messages. For
/// administrators, and for the host product's service with people.
#[utoipa::path(
    post, path = "/users/{user_id}/deactivate", tag = "host product", params(UserPath),
    responses((status = 200, description = "The account as it is now.", body = HostUser), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn deactivate(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Answer<Json<HostUser>> {
    let user = commands::set_account_open(&ports, &caller.actor, path.user_id, false, caller.trace).await?;
    Ok(Json(user.into()))
}

/// Reactivate an account
///
/// All is as it was, but for its logins. For administrators, and for the host product's service with people.
#[utoipa::path(
    post, path = "/users/{user_id}/reactivate", tag = "host product", params(UserPath),
    responses((status = 200, description = "The account as it is now.", body = HostUser), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn reactivate(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Answer<Json<HostUser>> {
    let user = commands::set_account_open(&ports, &caller.actor, path.user_id, true, caller.trace).await?;
    Ok(Json(user.into()))
}

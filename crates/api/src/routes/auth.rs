//! Register, log in, renew, log out; tickets for sockets; our public keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use confab_contract::{AccessTokens, Ticket};
use confab_domain::commands::{self, Credentials, LoginFrom, Register, TokenPair};
use confab_domain::ports::Ports;
use http::{StatusCode, header};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Settings;
use crate::extract::{Caller, JsonBody, Origin};
use crate::failure::Answer;
use crate::openapi::{Conflict, RateLimited, Unauthenticated};
use crate::router::AppState;

/// How long clients may keep our public keys.
const KEYS_CACHED: &str = "public, max-age=300";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(log_in))
        .routes(routes!(refresh))
        .routes(routes!(log_out))
        .routes(routes!(issue_ticket))
        .routes(routes!(jwks))
}

/// A registration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "username": "ada", "password": "correct horse battery", "email": "ada@example.org", "display_name": "Ada"
}))]
pub(crate) struct RegisterBody {
    /// ASCII letters, digits, `.`, `_`, `-`, beginning with a letter or digit; unique, whatever its case.
    #[schema(min_length = 2, max_length = 32)]
    username: String,
    /// Any characters but U+0000.
    #[schema(min_length = 8, max_length = 128, format = Password)]
    password: String,
    /// Unique; shown to oneself only.
    email: Option<String>,
    /// What others read; the username when absent.
    #[schema(max_length = 80)]
    display_name: Option<String>,
}

/// Register
///
/// Makes an account and logs it in.
#[utoipa::path(
    post, path = "/auth/register", tag = "account", request_body = RegisterBody,
    responses(
        (status = 201, description = "The account is made and logged in.", body = AccessTokens),
        Conflict, RateLimited
    )
)]
async fn register(
    State(ports): State<Arc<Ports>>,
    State(settings): State<Arc<Settings>>,
    origin: Origin,
    JsonBody(body): JsonBody<RegisterBody>,
) -> Answer<(StatusCode, Json<AccessTokens>)> {
    let wanted = Register {
        username: body.username,
        password: body.password,
        email: body.email,
        display_name: body.display_name,
    };
    let (from, trace) = login_from(origin);
    let pair = commands::register(&ports, wanted, from, settings.session_times, trace).await?;
    Ok((StatusCode::CREATED, Json(tokens(pair))))
}

/// A login.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"username": "ada", "password": "correct horse battery"}))]
pub(crate) struct LogInBody {
    /// A username or e-mail address.
    username: String,
    /// Its password.
    #[schema(format = Password)]
    password: String,
}

/// Log in
///
/// Begins a session. A wrong name and a wrong password are answered alike.
#[utoipa::path(
    post, path = "/auth/login", tag = "account", request_body = LogInBody,
    responses(
        (status = 200, description = "Logged in.", body = AccessTokens),
        Unauthenticated, RateLimited
    )
)]
async fn log_in(
    State(ports): State<Arc<Ports>>,
    State(settings): State<Arc<Settings>>,
    origin: Origin,
    JsonBody(body): JsonBody<LogInBody>,
) -> Answer<Json<AccessTokens>> {
    let credentials = Credentials {
        username: body.username,
        password: body.password,
    };
    let (from, _) = login_from(origin);
    let pair = commands::log_in(&ports, credentials, from, settings.session_times).await?;
    Ok(Json(tokens(pair)))
}

/// A refresh token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"refresh_token": "n1fYvXn0bW9vbmxpZ2h0IHNvbmF0YSBpbiBDIHNo"}))]
pub(crate) struct RefreshTokenBody {
    /// As it was given by the last login or refresh.
    refresh_token: String,
}

/// Renew tokens
///
/// Spends a refresh token for the next pair. A token that is spent again ends its session: somebody has a
/// copy.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "account", request_body = RefreshTokenBody,
    responses(
        (status = 200, description = "The next pair of tokens.", body = AccessTokens),
        Unauthenticated, RateLimited
    )
)]
async fn refresh(
    State(ports): State<Arc<Ports>>,
    State(settings): State<Arc<Settings>>,
    origin: Origin,
    JsonBody(body): JsonBody<RefreshTokenBody>,
) -> Answer<Json<AccessTokens>> {
    let (from, _) = login_from(origin);
    let pair = commands::refresh(&ports, &body.refresh_token, &from, settings.session_times).await?;
    Ok(Json(tokens(pair)))
}

/// Log out
///
/// Ends the session of a refresh token, its sockets included. A token that is gone already is no failure.
#[utoipa::path(
    post, path = "/auth/logout", tag = "account", request_body = RefreshTokenBody,
    responses((status = 204, description = "The session is over.")),
    security(("access_token" = []))
)]
async fn log_out(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    JsonBody(body): JsonBody<RefreshTokenBody>,
) -> Answer<StatusCode> {
    commands::log_out(&ports, &caller.actor, &body.refresh_token).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Get a ticket
///
/// A single-use ticket for opening a socket or stream where no header can be set: `/ws?ticket=…`.
#[utoipa::path(
    post, path = "/auth/ticket", tag = "account",
    responses((status = 201, description = "A ticket.", body = Ticket)),
    security(("access_token" = []))
)]
async fn issue_ticket(
    State(ports): State<Arc<Ports>>,
    State(settings): State<Arc<Settings>>,
    caller: Caller,
) -> Answer<(StatusCode, Json<Ticket>)> {
    let (ticket, lives) = commands::issue_ticket(&ports, &caller.actor, settings.session_times).await?;
    Ok((
        StatusCode::CREATED,
        Json(Ticket {
            ticket,
            expires_in: lives.as_secs(),
        }),
    ))
}

/// Public keys
///
/// The keys that our access tokens are signed with, as a JWK set; empty when the key is symmetric.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "account",
    responses((status = 200, description = "A JWK set (RFC 7517).", body = Value, example = json!({"keys": []})))
)]
async fn jwks(State(ports): State<Arc<Ports>>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, KEYS_CACHED)], Json(ports.tokens.jwks()))
}

fn login_from(origin: Origin) -> (LoginFrom, confab_domain::Trace) {
    let from = LoginFrom {
        ip: Some(origin.address.to_string()),
        user_agent: origin.user_agent,
    };
    (from, origin.trace)
}

fn tokens(pair: TokenPair) -> AccessTokens {
    AccessTokens {
        access_token: pair.access_token,
        token_type: "Bearer".to_owned(),
        expires_in: pair.expires_in.as_secs(),
        refresh_token: pair.refresh_token,
        user: pair.user.into(),
    }
}

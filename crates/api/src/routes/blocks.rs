//! Whom one does not want to hear from directly.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Block, Page};
use confab_domain::ports::Ports;
use confab_domain::{UserId, commands, queries};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor;
use crate::extract::{Caller, Listing, Path, Query, UserPath};
use crate::failure::Answer;
use crate::openapi::{Conflict, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_blocks))
        .routes(routes!(block_user, unblock_user))
}

/// List blocks
///
/// Whom one has blocked. Nobody else sees it.
#[utoipa::path(
    get, path = "/me/blocks", tag = "account", params(Listing),
    responses((status = 200, description = "A page of blocks.", body = Page<Block>)),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_blocks(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Query(wanted): Query<Listing>,
) -> Answer<Json<Page<Block>>> {
    let after: Option<UserId> = cursor::decode("blocks", wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::list_blocks(&ports, &caller.actor, after, limit).await?;
    Ok(Json(cursor::page("blocks", page, |(block, user)| {
        Block::new(block, user)
    })))
}

/// Block somebody
///
/// No direct messages either way, and in the direct room neither sees the other type, read or come online. What
/// was said stays readable; rooms with others are as before. They are not told: they learn only that they cannot
/// write, as to somebody whose account is shut. At most 1,000 people.
#[utoipa::path(
    put, path = "/me/blocks/{user_id}", tag = "account", params(UserPath),
    responses((status = 204, description = "They are blocked."), NotFound, Conflict, RateLimited),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn block_user(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Answer<StatusCode> {
    commands::block_user(&ports, &caller.actor, path.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Take a block back
///
/// Who is not blocked stays so.
#[utoipa::path(
    delete, path = "/me/blocks/{user_id}", tag = "account", params(UserPath),
    responses((status = 204, description = "They are not blocked.")),
    security(("access_token" = []), ("api_key" = ["users"]))
)]
async fn unblock_user(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<UserPath>,
) -> Answer<StatusCode> {
    commands::unblock_user(&ports, &caller.actor, path.user_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Reactions: any emoji, one per person and emoji.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Message, Reaction, RoomPage};
use confab_domain::ports::{Ports, ReactionKey};
use confab_domain::{commands, queries};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::messages::message_seen;
use crate::cursor;
use crate::extract::{Caller, MessagePath, Path, Query, ReactionPath};
use crate::failure::Answer;
use crate::openapi::{Conflict, Forbidden, NotFound, RateLimited};
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(add_reaction, remove_reaction))
        .routes(routes!(list_reactions))
}

/// React to a message
///
/// Any emoji, one per person and emoji; at most 50 different ones on a message. Reacting twice changes
/// nothing.
#[utoipa::path(
    put, path = "/messages/{message_id}/reactions/{emoji}", tag = "reactions", params(ReactionPath),
    responses(
        (status = 200, description = "The message as it is now.", body = Message),
        Forbidden, NotFound, Conflict, RateLimited
    ),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
async fn add_reaction(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<ReactionPath>,
) -> Answer<Json<Message>> {
    commands::add_reaction(&ports, &caller.actor, path.message_id, &path.emoji, caller.trace).await?;
    let view = queries::message(&ports, &caller.actor, path.message_id).await?;
    Ok(Json(message_seen(&ports, &caller.actor, &view.message).await?))
}

/// Take a reaction back
///
/// One's own. What was never there is taken back already.
#[utoipa::path(
    delete, path = "/messages/{message_id}/reactions/{emoji}", tag = "reactions", params(ReactionPath),
    responses((status = 204, description = "It is there no longer."), Forbidden, NotFound, RateLimited),
    security(("access_token" = []), ("api_key" = ["messages"]))
)]
async fn remove_reaction(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<ReactionPath>,
) -> Answer<StatusCode> {
    commands::remove_reaction(&ports, &caller.actor, path.message_id, &path.emoji, caller.trace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which reactions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListReactions {
    /// Only those with this emoji.
    #[param(max_length = 64, example = "👍")]
    emoji: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    cursor: Option<String>,
}

/// Who reacted
///
/// By emoji, then by person.
#[utoipa::path(
    get, path = "/messages/{message_id}/reactions", tag = "reactions", params(MessagePath, ListReactions),
    responses((status = 200, description = "Who reacted with what.", body = RoomPage<Reaction>), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
async fn list_reactions(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    Query(wanted): Query<ListReactions>,
) -> Answer<Json<RoomPage<Reaction>>> {
    let emoji = wanted.emoji.as_deref();
    let list = format!("reactions:{}:{}", path.message_id, emoji.unwrap_or_default());
    let after: Option<ReactionKey> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let (access, page) =
        queries::list_reactions(&ports, &caller.actor, path.message_id, emoji, after, limit).await?;
    let page = cursor::page(&list, page, |(reaction, user)| Reaction::new(reaction, user));
    Ok(Json(cursor::room_page(&access, page)))
}

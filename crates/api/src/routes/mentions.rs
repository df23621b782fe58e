//! Where one is named: messages of all one's rooms.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{Mention, Page};
use confab_domain::ports::{MentionKey, Ports};
use confab_domain::queries;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::messages::messages_seen;
use crate::cursor;
use crate::extract::{Caller, Listing, Query};
use crate::failure::Answer;
use crate::router::AppState;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_mentions))
}

/// My mentions
///
/// Messages that name one, or everybody (`@here`), in the rooms one is in now, the newest first over all rooms.
#[utoipa::path(
    get, path = "/me/mentions", tag = "conversations", params(Listing),
    responses((status = 200, description = "A page of messages.", body = Page<Mention>)),
    security(("access_token" = []))
)]
async fn list_mentions(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Query(wanted): Query<Listing>,
) -> Answer<Json<Page<Mention>>> {
    let list = "mentions";
    let after: Option<MentionKey> = cursor::decode(list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let page = queries::list_mentions(&ports, &caller.actor, after, limit).await?;
    let next_cursor = page.next.map(|key| cursor::encode(list, &key));
    let (messages, unread): (Vec<_>, Vec<_>) = page
        .items
        .into_iter()
        .map(|found| (found.message, found.is_unread))
        .unzip();
    let seen = messages_seen(&ports, &caller.actor, &messages).await?;
    let mentions = seen.into_iter().zip(unread).map(|(message, unread)| Mention {
        room_id: message.room_id,
        message,
        unread,
    });
    Ok(Json(Page {
        items: mentions.collect(),
        has_more: next_cursor.is_some(),
        next_cursor,
    }))
}

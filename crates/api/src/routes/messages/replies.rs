//! The thread under a message: what answers it directly.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{AsOf, Message, RoomPage};
use confab_domain::ports::Ports;
use confab_domain::{MessageId, queries};
use serde::Deserialize;
use utoipa::IntoParams;

use super::messages_seen;
use crate::cursor;
use crate::extract::{Caller, MessagePath, Path, Query};
use crate::failure::Answer;
use crate::openapi::NotFound;

/// Which page of a list of one message.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageOfMessage {
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    pub(super) cursor: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub(super) limit: Option<i64>,
}

/// Read a thread
///
/// What answers the message directly, oldest first, tombstones too.
#[utoipa::path(
    get, path = "/messages/{message_id}/replies", tag = "messages", params(MessagePath, PageOfMessage),
    responses((status = 200, description = "A page of replies.", body = RoomPage<Message>), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
pub(crate) async fn list_replies(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    Query(wanted): Query<PageOfMessage>,
) -> Answer<Json<RoomPage<Message>>> {
    let limit = cursor::page_size(wanted.limit)?;
    let list = list_name(path.message_id);
    let after_seq = cursor::decode(&list, wanted.cursor.as_deref())?.unwrap_or(0);
    let view = queries::list_replies(&ports, &caller.actor, path.message_id, after_seq, limit).await?;
    let page = view.page;
    let next = page.messages.last().filter(|_| page.has_newer);
    Ok(Json(RoomPage {
        next_cursor: next.map(|last| cursor::encode(&list, &last.seq)),
        has_more: page.has_newer,
        items: messages_seen(&ports, &caller.actor, &page.messages).await?,
        as_of: AsOf {
            epoch: page.epoch.to_string(),
            seq: page.last_seq,
        },
    }))
}

fn list_name(message_id: MessageId) -> String {
    format!("replies:{message_id}")
}

//! What a message said before its edits.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{FormerText, Page};
use confab_domain::ports::Ports;
use confab_domain::queries;

use super::replies::PageOfMessage;
use crate::cursor;
use crate::extract::{Caller, MessagePath, Path, Query};
use crate::failure::Answer;
use crate::openapi::NotFound;

/// Read the history of a message
///
/// Its former texts, oldest first; the present one is the message itself. Who may read the message may read
/// it. Deleting the message erases it.
#[utoipa::path(
    get, path = "/messages/{message_id}/history", tag = "messages", params(MessagePath, PageOfMessage),
    responses((status = 200, description = "A page of former texts.", body = Page<FormerText>), NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
pub(crate) async fn message_history(
    State(ports): State<Arc<Ports>>,
    caller: Caller,
    Path(path): Path<MessagePath>,
    Query(wanted): Query<PageOfMessage>,
) -> Answer<Json<Page<FormerText>>> {
    let limit = cursor::page_size(wanted.limit)?;
    let list = format!("history:{}", path.message_id);
    let after_seq = cursor::decode(&list, wanted.cursor.as_deref())?.unwrap_or(0);
    let page = queries::message_history(&ports, &caller.actor, path.message_id, after_seq, limit).await?;
    Ok(Json(cursor::page(&list, page, FormerText::from)))
}

//! The files of a room: its pictures, its videos, all of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_contract::{RoomFile, RoomPage};
use confab_domain::ports::{FileKey, Files, Ports};
use confab_domain::{FileKind, queries};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::cursor;
use crate::extract::{Caller, Path, Query, RoomPath};
use crate::failure::{Answer, Failure};
use crate::openapi::{Forbidden, NotFound};

/// Which files.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListFiles {
    /// `image`, `video`, `audio`, or `other` for what is none of these; all when absent.
    #[param(example = "image")]
    kind: Option<String>,
    /// Most items in a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<i64>,
    /// `next_cursor` of the page before. Opaque, and good for this list only.
    cursor: Option<String>,
}

/// Files of a room
///
/// The files of its messages, the newest message's first. Those of deleted messages are gone, and those from before
/// one's time are not listed where history is that since joining.
#[utoipa::path(
    get, path = "/rooms/{room_id}/files", tag = "files", params(RoomPath, ListFiles),
    responses((status = 200, description = "A page of files.", body = RoomPage<RoomFile>), Forbidden, NotFound),
    security(("access_token" = []), ("api_key" = ["read"]))
)]
pub(crate) async fn list_files(
    State(ports): State<Arc<Ports>>,
    State(files): State<Arc<Files>>,
    caller: Caller,
    Path(path): Path<RoomPath>,
    Query(wanted): Query<ListFiles>,
) -> Answer<Json<RoomPage<RoomFile>>> {
    let kind = wanted.kind.as_deref().map(kind).transpose()?;
    let list = format!("files:{}:{}", path.room_id, kind.map_or("any", FileKind::as_str));
    let after: Option<FileKey> = cursor::decode(&list, wanted.cursor.as_deref())?;
    let limit = cursor::page_size(wanted.limit)?;
    let room_id = path.room_id;
    let (access, page) =
        queries::list_files(&ports, &files, &caller.actor, room_id, kind, after, limit).await?;
    let page = cursor::page(&list, page, RoomFile::from);
    Ok(Json(cursor::room_page(&access, page)))
}

fn kind(word: &str) -> Answer<FileKind> {
    FileKind::parse(word)
        .ok_or_else(|| Failure::field("kind", "must be \"image\", \"video\", \"audio\" or \"other\""))
}

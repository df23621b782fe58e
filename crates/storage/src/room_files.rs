//! The files of a room's messages: a range of an index by the number of the message.

use confab_domain::ports::{FileKey, Page};
use confab_domain::{FileKind, Horizon, Result, RoomFile, RoomId, User};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::pages::{one_more, page};
use crate::rows::{self, Row, USER};
use crate::uploads::{self, UPLOAD};

/// The word of a [`FileKind`], letter for letter as the index `uploads_by_kind` has it.
const KIND: &str = "CASE substr(f.content_type, 1, 6) WHEN 'image/' THEN 'image' WHEN 'video/' THEN 'video' \
    WHEN 'audio/' THEN 'audio' ELSE 'other' END";

/// A page of files.
pub(crate) async fn list(
    store: &Store,
    room_id: RoomId,
    horizon: Horizon,
    kind: Option<FileKind>,
    after: Option<FileKey>,
    limit: usize,
) -> Result<Page<RoomFile, FileKey>> {
    let of_kind = kind.map_or_else(String::new, |kind| format!("AND {KIND} = '{}'", kind.as_str()));
    let sql = format!(
        "SELECT {UPLOAD}, f.number AS f_number, g.seq AS g_seq, g.created_at AS g_created_at, {USER} FROM ( \
         SELECT f.* FROM uploads f WHERE f.room_id = $1 AND f.state = 'ready' AND f.number >= $2 \
         AND (f.number, f.id) < ($3, $4) {of_kind} ORDER BY f.number DESC, f.id DESC LIMIT $5) AS f \
         JOIN messages g ON g.id = f.message_id JOIN users u ON u.id = g.sender_id \
         ORDER BY f.number DESC, f.id DESC"
    );
    let (number, id) = after.map_or((i64::MAX, Uuid::max()), |(number, id)| (number, id.0));
    let arguments = vec![
        room_id.0.into(),
        horizon.visible_from_number.into(),
        number.into(),
        id.into(),
        one_more(limit),
    ];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, file, |file| (file.number, file.file.id))
}

fn file(row: &Row) -> Result<RoomFile, DbErr> {
    Ok(RoomFile {
        file: uploads::upload(row)?.file,
        message_id: row.id("f_message_id")?,
        number: row.get("f_number")?,
        seq: row.get("g_seq")?,
        // An address is its owner's alone.
        sender: User {
            email: None,
            ..rows::user(row)?
        },
        created_at: row.time("g_created_at")?,
    })
}

//! Rows of files: from the first byte that comes in to the last that is removed.

use async_trait::async_trait;
use confab_domain::ports::{DueUpload, FileKey, NewUpload, Page, Uploads};
use confab_domain::{
    Attachment, AvatarOf, Error, FileKind, Horizon, Result, RoomFile, RoomId, Timestamp, Upload, UploadId,
    UserId, avatar_upload, avatar_url,
};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::dialect::{Dialect, Runner};
use crate::error::from_db;
use crate::room_files;
use crate::rows::Row;

/// Columns of an [`Upload`] under the alias `f`.
pub(crate) const UPLOAD: &str = "f.id AS f_id, f.blob_id AS f_blob_id, f.owner_id AS f_owner_id, f.message_id AS f_message_id, \
    f.filename AS f_filename, f.content_type AS f_content_type, f.size AS f_size, f.width AS f_width, \
    f.height AS f_height, f.preview AS f_preview, f.thumbnail_type AS f_thumbnail_type, \
    f.avatar_user_id AS f_avatar_user_id, f.avatar_room_id AS f_avatar_room_id";

pub(crate) fn upload(row: &Row) -> Result<Upload, DbErr> {
    let pixels = |column| Ok::<_, DbErr>(row.get::<Option<i32>>(column)?.map(i32::unsigned_abs));
    let thumbnail_type: Option<String> = row.get("f_thumbnail_type")?;
    Ok(Upload {
        file: Attachment {
            id: row.id("f_id")?,
            filename: row.get("f_filename")?,
            content_type: row.get("f_content_type")?,
            size: row.get("f_size")?,
            width: pixels("f_width")?,
            height: pixels("f_height")?,
            preview: row.get("f_preview")?,
            has_thumbnail: thumbnail_type.is_some(),
        },
        blob_id: row.id("f_blob_id")?,
        owner_id: row.id("f_owner_id")?,
        message_id: row.id_or_none("f_message_id")?,
        avatar_of: match row.id_or_none("f_avatar_user_id")? {
            Some(user_id) => Some(AvatarOf::User(user_id)),
            None => row.id_or_none("f_avatar_room_id")?.map(AvatarOf::Room),
        },
        thumbnail_type,
    })
}

/// Locks files that are there whole, for a send that names them. `$1` is the list.
pub(crate) fn to_attach_sql(dialect: Dialect) -> String {
    let locked = match dialect {
        Dialect::Postgres => "FOR UPDATE OF f",
        Dialect::Sqlite => "",
    };
    format!(
        "SELECT {UPLOAD} FROM {} AS list JOIN uploads f ON f.id = list.id WHERE f.state = 'ready' \
         ORDER BY f.id {locked}",
        dialect.ids_table("$1")
    )
}

#[async_trait]
impl Uploads for Store {
    async fn begin(&self, upload: NewUpload) -> Result<()> {
        let sql = "INSERT INTO uploads (created_at, due_at, id, blob_id, owner_id, state, filename) \
                   VALUES ($1, $2, $3, $3, $4, 'arriving', $5)";
        let arguments = vec![
            self.dialect().time(upload.created_at),
            self.dialect().time(upload.due_at),
            upload.id.0.into(),
            upload.owner_id.0.into(),
            upload.filename.into(),
        ];
        bounded(self.writer().execute(sql, arguments)).await.map(|_| ())
    }

    async fn finish(&self, file: &Attachment, thumbnail_type: Option<&str>, due_at: Timestamp) -> Result<()> {
        let sql = "UPDATE uploads SET state = 'ready', due_at = $2, content_type = $3, size = $4, width = $5, \
                   height = $6, preview = $7, thumbnail_type = $8 WHERE id = $1 AND state = 'arriving'";
        let pixels = |side: Option<u32>| side.map(|side| i32::try_from(side).unwrap_or(i32::MAX));
        let arguments = vec![
            file.id.0.into(),
            self.dialect().time(due_at),
            file.content_type.clone().into(),
            file.size.into(),
            pixels(file.width).into(),
            pixels(file.height).into(),
            file.preview.clone().into(),
            thumbnail_type.map(str::to_owned).into(),
        ];
        match bounded(self.writer().execute(sql, arguments)).await? {
            0 => Err(Error::Conflict("the upload took too long and was given up")),
            _ => Ok(()),
        }
    }

    async fn abandon(&self, id: UploadId, now: Timestamp) -> Result<()> {
        let sql = "UPDATE uploads SET state = 'doomed', due_at = $2 \
                   WHERE id = $1 AND state <> 'doomed' AND message_id IS NULL \
                   AND avatar_user_id IS NULL AND avatar_room_id IS NULL";
        let arguments = vec![id.0.into(), self.dialect().time(now)];
        bounded(self.writer().execute(sql, arguments)).await.map(|_| ())
    }

    async fn uploads(&self, ids: &[UploadId]) -> Result<Vec<Option<Upload>>> {
        let sql = format!(
            "SELECT {UPLOAD}, list.ord FROM {} AS list JOIN uploads f ON f.id = list.id \
             LEFT JOIN rooms r ON r.id = f.room_id \
             WHERE f.state = 'ready' AND (f.room_id IS NULL OR (r.id IS NOT NULL AND r.deleted_at IS NULL))",
            self.dialect().ids_table("$1")
        );
        let list = self.dialect().ids(ids.iter().map(|id| id.0));
        let rows = bounded(self.reader().all(&sql, vec![list])).await?;
        let mut found = vec![None; ids.len()];
        for row in &rows {
            let read = || Ok((row.get::<i64>("ord")?, upload(row)?));
            let (ord, upload) = read().map_err(from_db)?;
            let place = usize::try_from(ord - 1)
                .ok()
                .and_then(|index| found.get_mut(index));
            if let Some(place) = place {
                *place = Some(upload);
            }
        }
        Ok(found)
    }

    async fn avatar(&self, id: UploadId) -> Result<Option<Upload>> {
        // Both are asked: what the person or room shows, and what the file is for.
        let sql = format!(
            "SELECT {UPLOAD} FROM uploads f LEFT JOIN users p ON p.id = f.avatar_user_id \
             LEFT JOIN rooms r ON r.id = f.avatar_room_id AND r.deleted_at IS NULL \
             WHERE f.id = $1 AND f.state = 'ready' AND f.thumbnail_type IS NOT NULL \
             AND (p.avatar_url = $2 OR r.avatar_url = $2)"
        );
        let arguments = vec![id.0.into(), avatar_url(id).into()];
        let row = bounded(self.reader().first(&sql, arguments)).await?;
        row.as_ref().map(upload).transpose().map_err(from_db)
    }

    async fn room_files(
        &self,
        room_id: RoomId,
        horizon: Horizon,
        kind: Option<FileKind>,
        after: Option<FileKey>,
        limit: usize,
    ) -> Result<Page<RoomFile, FileKey>> {
        room_files::list(self, room_id, horizon, kind, after, limit).await
    }

    async fn used_bytes(&self, owner_id: UserId) -> Result<u64> {
        let sql = "SELECT CAST(coalesce(sum(size), 0) AS bigint) AS used FROM uploads \
                   WHERE owner_id = $1 AND state = 'ready'";
        let row = bounded(self.reader().first(sql, vec![owner_id.0.into()])).await?;
        let used: i64 = match row {
            Some(row) => row.get("used").map_err(from_db)?,
            None => 0,
        };
        Ok(u64::try_from(used).unwrap_or(0))
    }

    async fn take_due(&self, now: Timestamp, again_at: Timestamp, limit: usize) -> Result<Vec<DueUpload>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        give_up_files_of_deleted_rooms(self, now, limit).await?;
        let dialect = self.dialect();
        let skip_locked = match dialect {
            Dialect::Postgres => "FOR UPDATE SKIP LOCKED",
            Dialect::Sqlite => "",
        };
        // The copy of a forwarded file keeps the bytes. A copy is made of a file that stands, while its row is
        // locked, so of none that is due: what is seen here stays so.
        let sql = format!(
            "WITH due AS MATERIALIZED (SELECT id FROM uploads WHERE due_at <= $1 ORDER BY due_at LIMIT $3 {skip_locked}) \
             UPDATE uploads SET state = 'doomed', due_at = $2 WHERE id IN (SELECT id FROM due) \
             RETURNING id, blob_id, \
             EXISTS (SELECT 1 FROM uploads o WHERE o.blob_id = uploads.blob_id AND o.state = 'ready' \
             AND o.id <> uploads.id) AS is_shared"
        );
        let arguments = vec![dialect.time(now), dialect.time(again_at), limit.into()];
        let rows = bounded(self.writer().all(&sql, arguments)).await?;
        let due = |row: &Row| {
            let is_shared: bool = row.get("is_shared")?;
            let blob_id = row.id::<UploadId>("blob_id")?;
            Ok(DueUpload {
                id: row.id("id")?,
                blob_id: (!is_shared).then_some(blob_id),
            })
        };
        rows.iter().map(due).collect::<Result<_, _>>().map_err(from_db)
    }

    async fn forget(&self, ids: &[UploadId]) -> Result<()> {
        if ids.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "DELETE FROM uploads WHERE state = 'doomed' AND id IN (SELECT id FROM {} AS list)",
            self.dialect().ids_table("$1")
        );
        let list = self.dialect().ids(ids.iter().map(|id| id.0));
        bounded(self.writer().execute(&sql, vec![list])).await.map(|_| ())
    }
}

/// Nobody attaches anything in a deleted room, so a room without files is done with for good.
async fn give_up_files_of_deleted_rooms(store: &Store, now: Timestamp, limit: i64) -> Result<()> {
    let sql = "SELECT 1 AS one FROM rooms_to_empty LIMIT 1";
    if bounded(store.reader().first(sql, Vec::new())).await?.is_none() {
        return Ok(());
    }
    let sql = "UPDATE uploads SET state = 'doomed', due_at = $1 WHERE id IN ( \
               SELECT u.id FROM rooms_to_empty e JOIN uploads u ON u.room_id = e.room_id \
               WHERE u.state = 'ready' LIMIT $2)";
    let arguments = vec![store.dialect().time(now), limit.into()];
    bounded(store.writer().execute(sql, arguments)).await?;
    let sql = "DELETE FROM rooms_to_empty WHERE NOT EXISTS ( \
               SELECT 1 FROM uploads u WHERE u.room_id = rooms_to_empty.room_id AND u.state = 'ready')";
    bounded(store.writer().execute(sql, Vec::new())).await.map(|_| ())
}

/// The files of a message that is being deleted go with it: nobody may read them from this commit on, and
/// their bytes are removed by the next sweep.
pub(crate) async fn give_up_files_of<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room_id: Uuid,
    message_id: Uuid,
    now: Timestamp,
) -> Result<(), DbErr> {
    let sql = "UPDATE uploads SET state = 'doomed', due_at = $3 \
               WHERE room_id = $1 AND message_id = $2 AND state = 'ready'";
    let arguments = vec![room_id.into(), message_id.into(), run.dialect.time(now)];
    run.execute(sql, arguments).await.map(|_| ())
}

/// The files of a room that is being deleted are given up by the sweeps that follow: there may be many.
pub(crate) async fn empty_later<C: ConnectionTrait>(run: &Runner<'_, C>, room_id: Uuid) -> Result<(), DbErr> {
    let sql = "INSERT INTO rooms_to_empty (room_id) VALUES ($1) ON CONFLICT DO NOTHING";
    run.execute(sql, vec![room_id.into()]).await.map(|_| ())
}

/// The column that says whose picture a file is, and its value.
fn shown_by(of: AvatarOf) -> (&'static str, Uuid) {
    match of {
        AvatarOf::User(user_id) => ("avatar_user_id", user_id.0),
        AvatarOf::Room(room_id) => ("avatar_room_id", room_id.0),
    }
}

/// A file that is to become this picture, when it is there whole. It is locked until the transaction's end, and with
/// it the present picture, in the order of their ids as sends lock theirs. The person or room is locked already.
pub(crate) async fn to_show<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    id: UploadId,
    of: AvatarOf,
) -> Result<Option<Upload>, DbErr> {
    let (column, bearer_id) = shown_by(of);
    let locked = match run.dialect {
        Dialect::Postgres => "FOR UPDATE OF f",
        Dialect::Sqlite => "",
    };
    let sql = format!(
        "SELECT {UPLOAD} FROM uploads f WHERE (f.id = $1 OR f.{column} = $2) AND f.state = 'ready' \
         ORDER BY f.id {locked}"
    );
    let rows = run.all(&sql, vec![id.0.into(), bearer_id.into()]).await?;
    let uploads: Vec<Upload> = rows.iter().map(upload).collect::<Result<_, _>>()?;
    Ok(uploads.into_iter().find(|upload| upload.file.id == id))
}

/// Gives up the picture that was, and keeps the one behind the new `avatar_url`, if it is kept here; it was locked by
/// [`to_show`].
pub(crate) async fn replace_avatar<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    of: AvatarOf,
    avatar_url: Option<&str>,
    now: Timestamp,
) -> Result<(), DbErr> {
    let (column, bearer_id) = shown_by(of);
    let sql =
        format!("UPDATE uploads SET state = 'doomed', due_at = $2, {column} = NULL WHERE {column} = $1");
    run.execute(&sql, vec![bearer_id.into(), run.dialect.time(now)])
        .await?;
    let Some(id) = avatar_url.and_then(avatar_upload) else {
        return Ok(());
    };
    let sql = format!("UPDATE uploads SET {column} = $2, due_at = NULL WHERE id = $1 AND state = 'ready'");
    match run.execute(&sql, vec![id.0.into(), bearer_id.into()]).await? {
        0 => Err(DbErr::RecordNotFound("the picture that was locked".to_owned())),
        _ => Ok(()),
    }
}

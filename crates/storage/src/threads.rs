//! Messages beyond pages: replies, their parents' previews, former texts, members by name.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use confab_domain::ports::{FormerText, MentionKey, MessagePage, MessageReads, Page};
use confab_domain::{Epoch, Error, Horizon, MentionFound, MessageId, Preview, Result, RoomId, UserId};
use sea_orm::DbErr;
use serde_json::json;

use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::pages::{one_more, page};
use crate::rows::{self, Row};
use crate::{mention_list, mentions};

#[async_trait]
impl MessageReads for Store {
    async fn replies(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        horizon: Horizon,
        after_seq: i64,
        limit: usize,
    ) -> Result<MessagePage> {
        replies(self, room_id, message_id, horizon, after_seq, limit).await
    }

    async fn former_texts(
        &self,
        room_id: RoomId,
        message_id: MessageId,
        after_seq: i64,
        limit: usize,
    ) -> Result<Page<FormerText, i64>> {
        former_texts(self, room_id, message_id, after_seq, limit).await
    }

    async fn previews(&self, room_id: RoomId, message_ids: &[MessageId]) -> Result<Vec<Preview>> {
        previews(self, room_id, message_ids).await
    }

    async fn members_named(&self, room_id: RoomId, usernames: &[String]) -> Result<HashMap<String, UserId>> {
        members_named(self, room_id, usernames).await
    }

    async fn unread_mentions(&self, user_id: UserId, room_ids: &[RoomId]) -> Result<HashMap<RoomId, i64>> {
        mentions::unread(self, user_id, room_ids).await
    }

    async fn mentions(
        &self,
        user_id: UserId,
        after: Option<MentionKey>,
        limit: usize,
    ) -> Result<Page<MentionFound, MentionKey>> {
        mention_list::mentions(self, user_id, after, limit).await
    }
}

async fn replies(
    store: &Store,
    room_id: RoomId,
    message_id: MessageId,
    horizon: Horizon,
    after_seq: i64,
    limit: usize,
) -> Result<MessagePage> {
    let sql = format!(
        "WITH page AS (SELECT * FROM messages WHERE reply_to = $2 AND room_id = $1 AND seq > $3 AND number >= $4 \
         ORDER BY seq LIMIT $5) \
         SELECT e.name AS epoch, h.last_seq, \
         EXISTS (SELECT 1 FROM messages o WHERE o.reply_to = $2 AND o.room_id = $1 AND o.seq <= $3 AND o.number >= $4) \
         AS has_older, {} \
         FROM room_heads h CROSS JOIN epoch e LEFT JOIN page g ON true WHERE h.room_id = $1 ORDER BY g.seq",
        rows::shown_message(store.dialect())
    );
    let arguments = vec![
        room_id.0.into(),
        message_id.0.into(),
        after_seq.into(),
        horizon.visible_from_number.into(),
        one_more(limit),
    ];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    // No head: the room was purged since the message was read.
    let first = found.first().ok_or(Error::NotFound)?;
    thread(first, &found, limit).map_err(from_db)
}

fn thread(first: &Row, found: &[Row], limit: usize) -> Result<MessagePage, DbErr> {
    let mut messages = Vec::with_capacity(found.len());
    for row in found {
        messages.extend(rows::shown_or_none(row)?.map(Arc::new));
    }
    let has_newer = messages.len() > limit;
    messages.truncate(limit);
    Ok(MessagePage {
        epoch: Epoch::new(first.get::<String>("epoch")?),
        last_seq: first.get("last_seq")?,
        messages,
        has_older: first.get("has_older")?,
        has_newer,
    })
}

async fn former_texts(
    store: &Store,
    room_id: RoomId,
    message_id: MessageId,
    after_seq: i64,
    limit: usize,
) -> Result<Page<FormerText, i64>> {
    let sql = "SELECT d.content, d.edited_at, d.replaced_seq, \
         coalesce((SELECT f.edited_at FROM message_edits f WHERE f.room_id = $1 AND f.message_id = $2 \
         AND f.replaced_seq < d.replaced_seq ORDER BY f.replaced_seq DESC LIMIT 1), g.created_at) AS written_at \
         FROM message_edits d JOIN messages g ON g.id = $2 \
         WHERE d.room_id = $1 AND d.message_id = $2 AND d.replaced_seq > $3 ORDER BY d.replaced_seq LIMIT $4";
    let arguments = vec![
        room_id.0.into(),
        message_id.0.into(),
        after_seq.into(),
        one_more(limit),
    ];
    let found = bounded(store.reader().all(sql, arguments)).await?;
    let read = |row: &Row| {
        Ok(FormerText {
            content: row.get("content")?,
            written_at: row.time("written_at")?,
            replaced_at: row.time("edited_at")?,
            replaced_seq: row.get("replaced_seq")?,
        })
    };
    page(&found, limit, read, |former: &FormerText| former.replaced_seq)
}

async fn previews(store: &Store, room_id: RoomId, message_ids: &[MessageId]) -> Result<Vec<Preview>> {
    let sql = format!(
        "SELECT {} AS preview FROM {} AS list JOIN messages p ON p.id = list.id WHERE p.room_id = $2",
        rows::preview(store.dialect()),
        store.dialect().ids_table("$1")
    );
    let ids = store.dialect().ids(message_ids.iter().map(|id| id.0));
    bounded(async {
        let found = store.reader().all(&sql, vec![ids, room_id.0.into()]).await?;
        let mut previews = Vec::with_capacity(found.len());
        for row in &found {
            previews.extend(rows::preview_or_none(row, "preview")?);
        }
        Ok(previews)
    })
    .await
}

async fn members_named(
    store: &Store,
    room_id: RoomId,
    usernames: &[String],
) -> Result<HashMap<String, UserId>> {
    let sql = format!(
        "SELECT u.username_key, u.id FROM {} AS list JOIN users u ON u.username_key = list.value ->> 0 \
         JOIN members m ON m.room_id = $2 AND m.user_id = u.id AND m.left_at IS NULL",
        store.dialect().elements_table("$1")
    );
    let list: Vec<_> = usernames.iter().map(|username| [username]).collect();
    let arguments = vec![json!(list).to_string().into(), room_id.0.into()];
    bounded(async {
        let found = store.reader().all(&sql, arguments).await?;
        let read = |row: &Row| Ok((row.get("username_key")?, row.id("id")?));
        found.iter().map(read).collect()
    })
    .await
}

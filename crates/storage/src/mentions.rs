//! Whom messages name: rows of `mentions`, written only where there are any. The nil id stands for everybody.

use std::collections::HashMap;

use confab_domain::{Message, Named, Result, RoomId, UserId};
use sea_orm::{ConnectionTrait, DbErr, Value};
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::dialect::Runner;

/// Whom these names stand for in `mentions`, in the order in which rows are written.
pub(crate) fn named_ids(named: &Named) -> Vec<Uuid> {
    let everybody = named.here.then_some(Uuid::nil());
    let mut ids: Vec<Uuid> = named.mentions.iter().map(|id| id.0).chain(everybody).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Messages that name the member `m` or everybody, beyond the mark and within the horizon of that row. A
/// message that does both counts once.
pub(crate) const UNREAD_MENTIONS: &str = "(SELECT count(DISTINCT n.number) FROM mentions n \
     WHERE n.room_id = m.room_id AND n.user_id IN (m.user_id, $nobody) \
     AND n.number > m.last_read_number AND n.number >= m.visible_from_number)";

/// [`UNREAD_MENTIONS`] with the nil id as the argument of this placeholder.
pub(crate) fn unread_mentions_sql(placeholder: &str) -> String {
    UNREAD_MENTIONS.replace("$nobody", placeholder)
}

/// Makes the rows of a message, which names somebody as it is before the change, be those of `now`.
pub(crate) async fn replace<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    message: &Message,
    now: &Named,
) -> Result<(), DbErr> {
    let (before, now) = (named_ids(&message.extras.named), named_ids(now));
    let gone = before.iter().copied().filter(|id| !now.contains(id));
    let new = now.iter().copied().filter(|id| !before.contains(id));
    let arguments = |ids: Vec<Uuid>| -> Vec<Value> {
        let (room_id, number) = (message.room_id.0, message.number);
        vec![room_id.into(), number.into(), run.dialect.ids(ids)]
    };
    let list = run.dialect.ids_table("$3");
    let gone: Vec<Uuid> = gone.collect();
    if !gone.is_empty() {
        let sql = format!(
            "DELETE FROM mentions WHERE room_id = $1 AND number = $2 AND user_id IN (SELECT id FROM {list} AS list)"
        );
        run.execute(&sql, arguments(gone)).await?;
    }
    let new: Vec<Uuid> = new.collect();
    if !new.is_empty() {
        let sql = format!(
            "INSERT INTO mentions (room_id, number, user_id, seq, said_at) \
             SELECT $1, $2, list.id, $4, $5 FROM {list} AS list"
        );
        let mut arguments = arguments(new);
        arguments.extend([message.seq.into(), run.dialect.time(message.created_at)]);
        run.execute(&sql, arguments).await?;
    }
    Ok(())
}

/// Unread mentions of a person, by room; none where there are none.
pub(crate) async fn unread(
    store: &Store,
    user_id: UserId,
    room_ids: &[RoomId],
) -> Result<HashMap<RoomId, i64>> {
    let sql = format!(
        "SELECT m.room_id, {} AS mention_count FROM {} AS list \
         JOIN members m ON m.room_id = list.id AND m.user_id = $1 AND m.left_at IS NULL",
        unread_mentions_sql("$3"),
        store.dialect().ids_table("$2")
    );
    let arguments = vec![
        user_id.0.into(),
        store.dialect().ids(room_ids.iter().map(|id| id.0)),
        Uuid::nil().into(),
    ];
    bounded(async {
        let mut counts = HashMap::new();
        for row in store.reader().all(&sql, arguments).await? {
            let count: i64 = row.get("mention_count")?;
            if count > 0 {
                counts.insert(row.id("room_id")?, count);
            }
        }
        Ok(counts)
    })
    .await
}

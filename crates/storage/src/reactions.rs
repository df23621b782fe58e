//! Reads of reactions and pins.

use std::sync::Arc;

use confab_domain::ports::{Page, PinKey, ReactionKey};
use confab_domain::{Horizon, Message, MessageId, Reaction, Result, RoomId, Timestamp, User, UserId};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::lists::{self, ListColumn};
use crate::pages::{one_more, page};
use crate::rows::{self, Row, USER};

/// Later than any pin: the last moment that both databases hold.
const END_OF_TIME: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// Who reacted to a message.
pub(crate) async fn reactions(
    store: &Store,
    room_id: RoomId,
    message_id: MessageId,
    emoji: Option<&str>,
    after: Option<ReactionKey>,
    limit: usize,
) -> Result<Page<(Reaction, User), ReactionKey>> {
    let sql = format!(
        "SELECT x.emoji, x.user_id, x.created_at, {USER} FROM reactions x JOIN users u ON u.id = x.user_id \
         WHERE x.room_id = $1 AND x.message_id = $2 AND (x.emoji, x.user_id) > ($3, $4) \
         AND (CAST($5 AS text) IS NULL OR x.emoji = $5) ORDER BY x.emoji, x.user_id LIMIT $6"
    );
    let (after_emoji, after_id) = after.unwrap_or((String::new(), UserId(Uuid::nil())));
    let arguments = vec![
        room_id.0.into(),
        message_id.0.into(),
        after_emoji.into(),
        after_id.0.into(),
        emoji.map(str::to_owned).into(),
        one_more(limit),
    ];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, reaction, |(reaction, _)| {
        (reaction.emoji.clone(), reaction.user_id)
    })
}

fn reaction(row: &Row) -> Result<(Reaction, User), DbErr> {
    let reaction = Reaction {
        emoji: row.get("emoji")?,
        user_id: row.id("user_id")?,
        created_at: row.time("created_at")?,
    };
    let user = User {
        email: None,
        ..rows::user(row)?
    };
    Ok((reaction, user))
}

/// Which of these reactions are this person's: a look at the primary key each.
pub(crate) async fn own_reactions(
    store: &Store,
    user_id: UserId,
    asked: &[(RoomId, MessageId, String)],
) -> Result<Vec<(MessageId, String)>> {
    let columns = [
        ListColumn::Id("room_id"),
        ListColumn::Id("message_id"),
        ListColumn::Text("emoji"),
    ];
    let sql = format!(
        "SELECT x.message_id, x.emoji FROM {} AS list JOIN reactions x ON x.room_id = list.room_id \
         AND x.message_id = list.message_id AND x.emoji = list.emoji AND x.user_id = $2",
        lists::table(store.dialect(), "$1", &columns)
    );
    let list = asked.iter().map(|(room_id, message_id, emoji)| {
        vec![
            lists::id(room_id.0),
            lists::id(message_id.0),
            emoji.as_str().into(),
        ]
    });
    let arguments = vec![lists::argument(list), user_id.0.into()];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    let read = |row: &Row| Ok((row.id("message_id")?, row.get("emoji")?));
    found.iter().map(read).collect::<Result<_, _>>().map_err(from_db)
}

/// Pinned messages that may be seen, the newest pin first.
pub(crate) async fn pins(
    store: &Store,
    room_id: RoomId,
    horizon: Horizon,
    after: Option<PinKey>,
    limit: usize,
) -> Result<Page<Arc<Message>, PinKey>> {
    let sql = format!(
        "SELECT {} FROM messages g WHERE g.room_id = $1 AND g.pinned_at IS NOT NULL AND g.number >= $2 \
         AND (g.pinned_at, g.seq) < ($3, $4) ORDER BY g.pinned_at DESC, g.seq DESC LIMIT $5",
        rows::shown_message(store.dialect())
    );
    let (pinned_at, seq) = after.unwrap_or((END_OF_TIME, i64::MAX));
    let arguments = vec![
        room_id.0.into(),
        horizon.visible_from_number.into(),
        store.dialect().time(pinned_at),
        seq.into(),
        one_more(limit),
    ];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    let read = |row: &Row| rows::shown(row).map(Arc::new);
    page(&found, limit, read, |message| {
        (message.extras.pinned_at.unwrap_or(END_OF_TIME), message.seq)
    })
}

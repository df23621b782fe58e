//! A person's list of conversations, and what they set in it: one statement a page, however many rooms.

use std::sync::Arc;

use confab_domain::ports::{ConversationKey, Page};
use confab_domain::{
    Conversation, ConversationFilter, ConversationPatch, ConversationSettings, Error, Notifications, Result,
    RoomId, RoomKind, Timestamp, Unread, UnreadCounts, User, UserId,
};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::change::is_peer_shut;
use crate::connect::{Store, bounded, bounded_domain};
use crate::dialect::Runner;
use crate::error::from_db;
use crate::marks::MARKED_UNREAD;
use crate::pages::{one_more, page};
use crate::rows::{self, HEAD, MEMBER, MESSAGE, ROOM, Row, USER};

/// Later than any activity.
const END_OF_TIME: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// Whether the person is told of nothing. `$2` is the present moment.
const MUTED: &str = "(COALESCE(m.notifications, 'all') = 'none' \
    OR (m.notifications_muted_until IS NOT NULL AND m.notifications_muted_until > $2))";
/// Whether it is put away: a message since then has brought it back, unless it is muted.
const ARCHIVED: &str = "(m.archived_number IS NOT NULL AND (m.archived_number >= h.last_number OR MUTED))";
/// The last message; or the joining, when that is later or nothing was said.
const ACTIVE_AT: &str = "CASE WHEN h.last_message_at IS NULL OR h.last_message_at < m.joined_at \
    THEN m.joined_at ELSE h.last_message_at END";
/// A direct room in which nothing was said is in the list of who opened it, or set something in it, alone: to have
/// thought of writing to somebody is nothing that they are told of.
const TOLD_OF: &str = "(r.kind <> 'direct' OR h.last_number > 0 OR r.created_by = $1 \
    OR m.is_opened)";
/// Everything up to here is read or not the person's to see; the same as [`confab_domain::Member::unread`].
const READ_UP_TO: &str = "CASE WHEN m.last_read_number >= m.visible_from_number THEN m.last_read_number \
    ELSE m.visible_from_number - 1 END";
/// Whether there is anything to come back to.
const UNREAD: &str = "(h.last_number > READ_UP_TO OR MARKED)";
/// Unread messages that name the person, or everybody (`$3`); one that does both counts once.
const MENTIONS: &str = "(SELECT count(DISTINCT x.number) FROM mentions x WHERE x.room_id = m.room_id \
    AND x.user_id IN ($1, $3) AND x.number > READ_UP_TO)";

/// The conditions put in each other's places.
fn spelled(sql: &str) -> String {
    sql.replace("ARCHIVED", ARCHIVED)
        .replace("ACTIVE_AT", ACTIVE_AT)
        .replace("UNREAD", UNREAD)
        .replace("MENTIONS", MENTIONS)
        .replace("READ_UP_TO", READ_UP_TO)
        .replace("MUTED", MUTED)
        .replace("TOLD_OF", TOLD_OF)
        .replace("MARKED", MARKED_UNREAD)
}

/// A page of a person's conversations, or the one of `room_id`. `$1` is the person, `$2` the moment.
async fn select<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    user_id: UserId,
    which: Which,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Row>, DbErr> {
    let sql = spelled(&format!(
        "WITH page AS (SELECT * FROM (\
             SELECT m.room_id, CAST(CASE WHEN m.pinned_at IS NULL THEN 0 ELSE 1 END AS bigint) AS is_pinned, \
             ACTIVE_AT AS active_at, ARCHIVED AS is_archived, UNREAD AS is_unread, r.kind \
             FROM members m JOIN room_heads h ON h.room_id = m.room_id JOIN rooms r ON r.id = m.room_id \
             WHERE m.user_id = $1 AND m.left_at IS NULL AND r.deleted_at IS NULL \
             AND (CAST($4 AS uuid) IS NULL AND TOLD_OF OR m.room_id = $4)) AS mine \
         WHERE (CAST($5 AS boolean) IS NULL OR mine.is_archived = $5) \
         AND (CAST($10 AS boolean) IS NULL OR mine.is_unread = $10) \
         AND (CAST($11 AS text) IS NULL OR mine.kind = $11) \
         AND (mine.is_pinned, mine.active_at, mine.room_id) < ($6, $7, $8) \
         ORDER BY mine.is_pinned DESC, mine.active_at DESC, mine.room_id DESC LIMIT $9) \
         SELECT page.is_pinned, page.is_archived, page.active_at, m.notifications, \
         m.notifications_muted_until, MENTIONS AS mention_count, MARKED AS is_marked_unread, \
         {is_peer_shut} AS is_peer_shut, {ROOM}, {HEAD}, {MEMBER}, {MESSAGE}, {USER} \
         FROM page JOIN members m ON m.room_id = page.room_id AND m.user_id = $1 \
         JOIN rooms r ON r.id = page.room_id JOIN room_heads h ON h.room_id = page.room_id \
         LEFT JOIN messages g ON g.room_id = page.room_id AND g.number >= m.visible_from_number AND g.seq = \
         (SELECT y.seq FROM messages y WHERE y.room_id = page.room_id ORDER BY y.seq DESC LIMIT 1) \
         LEFT JOIN users u ON r.kind = 'direct' \
         AND u.id = CASE WHEN r.direct_low = $1 THEN r.direct_high ELSE r.direct_low END \
         ORDER BY page.is_pinned DESC, page.active_at DESC, page.room_id DESC",
        is_peer_shut = is_peer_shut("$1")
    ));
    let after = which.after.unwrap_or((true, END_OF_TIME, RoomId(Uuid::max())));
    let arguments = vec![
        user_id.0.into(),
        run.dialect.time(now),
        Uuid::nil().into(),
        which.room_id.map(|room_id| room_id.0).into(),
        which.is_archived.into(),
        i64::from(after.0).into(),
        run.dialect.time(after.1),
        after.2.0.into(),
        one_more(limit),
        which.is_unread.into(),
        which.kind.map(|kind| kind.as_str().to_owned()).into(),
    ];
    run.all(&sql, arguments).await
}

#[derive(Clone, Copy, Default)]
struct Which {
    room_id: Option<RoomId>,
    is_archived: Option<bool>,
    is_unread: Option<bool>,
    kind: Option<RoomKind>,
    after: Option<ConversationKey>,
}

/// A page of the list.
pub(crate) async fn conversations(
    store: &Store,
    user_id: UserId,
    filter: ConversationFilter,
    after: Option<ConversationKey>,
    now: Timestamp,
    limit: usize,
) -> Result<Page<Conversation, ConversationKey>> {
    let which = Which {
        is_archived: Some(filter.is_archived),
        is_unread: filter.is_unread,
        kind: filter.kind,
        after,
        ..Which::default()
    };
    let found = bounded(select(&store.reader(), user_id, which, now, limit)).await?;
    page(&found, limit, conversation, |conversation| {
        let settings = &conversation.settings;
        (settings.is_pinned, conversation.active_at, conversation.room.id)
    })
}

fn conversation(row: &Row) -> Result<Conversation, DbErr> {
    Ok(Conversation {
        room: rows::room(row)?,
        head: rows::head(row)?,
        member: rows::member(row)?,
        active_at: row.time("active_at")?,
        last_message: rows::message_or_none(row)?.map(Arc::new),
        mention_count: row.get("mention_count")?,
        is_marked_unread: row.get("is_marked_unread")?,
        settings: ConversationSettings {
            is_archived: row.get("is_archived")?,
            is_pinned: row.get::<i64>("is_pinned")? == 1,
            notifications: match row.get::<Option<String>>("notifications")? {
                Some(_) => row.word("notifications", Notifications::parse)?,
                None => Notifications::All,
            },
            muted_until: row.time_or_none("notifications_muted_until")?,
        },
        // An address is its owner's alone.
        peer: rows::user_or_none(row)?.map(|user| User { email: None, ..user }),
        is_peer_unreachable: row.get::<Option<bool>>("is_peer_shut")?.unwrap_or(false),
    })
}

/// What is unread in all of a person's rooms.
pub(crate) async fn unread(store: &Store, user_id: UserId, now: Timestamp) -> Result<Unread> {
    let sql = spelled(
        "SELECT counted.is_quiet, CAST(sum(counted.unread) AS bigint) AS unread, \
         CAST(sum(counted.mentions) AS bigint) AS mentions, count(*) AS rooms FROM (\
             SELECT (MUTED OR ARCHIVED) AS is_quiet, h.last_number - READ_UP_TO AS unread, MENTIONS AS mentions \
             FROM members m JOIN room_heads h ON h.room_id = m.room_id JOIN rooms r ON r.id = m.room_id \
             WHERE m.user_id = $1 AND m.left_at IS NULL AND r.deleted_at IS NULL \
             AND UNREAD) AS counted GROUP BY counted.is_quiet",
    );
    let arguments = vec![user_id.0.into(), store.dialect().time(now), Uuid::nil().into()];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    let mut unread = Unread::default();
    for row in &found {
        let counts = || {
            Ok(UnreadCounts {
                unread: row.get("unread")?,
                mentions: row.get("mentions")?,
                rooms: row.get("rooms")?,
            })
        };
        if row.get("is_quiet").map_err(from_db)? {
            unread.quiet = counts().map_err(from_db)?;
        } else {
            unread.heard = counts().map_err(from_db)?;
        }
    }
    Ok(unread)
}

/// Changes what a person set in a room, and shows it as it is then.
pub(crate) async fn update_conversation(
    store: &Store,
    room_id: RoomId,
    user_id: UserId,
    patch: ConversationPatch,
    now: Timestamp,
) -> Result<Conversation> {
    // 0 keeps, 1 sets, 2 clears.
    let sql = "UPDATE members SET is_opened = TRUE, \
        archived_at = CASE WHEN $4 = 0 THEN archived_at WHEN $4 = 1 THEN $3 END, \
        archived_number = CASE WHEN $4 = 0 THEN archived_number WHEN $4 = 1 THEN \
            (SELECT h.last_number FROM room_heads h WHERE h.room_id = members.room_id) END, \
        pinned_at = CASE WHEN $5 = 0 THEN pinned_at WHEN $5 = 1 THEN COALESCE(pinned_at, $3) END, \
        notifications = COALESCE(CAST($6 AS text), notifications), \
        notifications_muted_until = CASE WHEN $7 = 0 THEN notifications_muted_until WHEN $7 = 1 THEN $8 END, \
        marked_unread_number = CASE WHEN $9 = 0 THEN marked_unread_number WHEN $9 = 1 THEN last_read_number END \
        WHERE room_id = $1 AND user_id = $2 AND left_at IS NULL";
    let wanted = |switch: Option<bool>| -> i64 {
        match switch {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        }
    };
    let dialect = store.dialect();
    let arguments = vec![
        room_id.0.into(),
        user_id.0.into(),
        dialect.time(now),
        wanted(patch.is_archived).into(),
        wanted(patch.is_pinned).into(),
        patch
            .notifications
            .map(|wanted| wanted.as_str().to_owned())
            .into(),
        wanted(patch.muted_until.map(|until| until.is_some())).into(),
        dialect.time_or_null(patch.muted_until.flatten()),
        wanted(patch.is_marked_unread).into(),
    ];
    bounded_domain(async {
        let writer = store.writer();
        writer.execute(sql, arguments).await.map_err(from_db)?;
        let which = Which {
            room_id: Some(room_id),
            ..Which::default()
        };
        let found = select(&writer, user_id, which, now, 1).await.map_err(from_db)?;
        // No row: never a member, or no longer, or the room is gone.
        conversation(found.first().ok_or(Error::NotFound)?).map_err(from_db)
    })
    .await
}

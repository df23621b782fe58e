//! A person's mentions over all their rooms, in one statement whose work is bounded by the number of rooms.

use std::sync::Arc;

use confab_domain::ports::{MentionKey, Page};
use confab_domain::{MentionFound, Result, Timestamp, UserId};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::dialect::Dialect;
use crate::pages::{one_more, page};
use crate::rows::{self, Row};

/// Later than any message.
const END_OF_TIME: Timestamp = Timestamp::from_millis(253_402_300_799_999);

/// Rows of `mentions` of one of the person's rooms (`mine`) that come after the cursor (`$2`, `$3`, `$4`) and that they
/// may see, for one of `$1` (the person) and `$5` (everybody). What was said long before they joined is hidden from
/// them by its number anyway; the time keeps the scan from walking through all of it.
const OF_ROOM: &str = "FROM mentions n WHERE n.room_id = mine.room_id AND n.user_id = $who AND n.said_at <= $2 \
    AND n.said_at >= mine.seen_since AND (n.said_at, n.room_id, n.number) < ($2, $3, $4) \
    AND n.number >= mine.visible_from_number ORDER BY n.said_at DESC, n.number DESC LIMIT";

/// A page of mentions.
///
/// A room whose newest mention is older than those of as many rooms as the page has items adds nothing to it. So each
/// room is asked for its newest one, and only the rooms that lead for a page of them.
pub(crate) async fn mentions(
    store: &Store,
    user_id: UserId,
    after: Option<MentionKey>,
    limit: usize,
) -> Result<Page<MentionFound, MentionKey>> {
    let dialect = store.dialect();
    let arm = |who: &str| {
        let newest = OF_ROOM.replace("$who", who);
        format!("SELECT mine.room_id, (SELECT n.said_at {newest} 1) AS said_at FROM mine")
    };
    let sql = format!(
        "WITH mine AS MATERIALIZED ( \
             SELECT m.room_id, m.visible_from_number, m.last_read_number, {seen_since} AS seen_since \
             FROM members m JOIN rooms r ON r.id = m.room_id \
             WHERE m.user_id = $1 AND m.left_at IS NULL AND r.deleted_at IS NULL), \
         foremost AS MATERIALIZED ( \
             SELECT a.room_id, max(a.said_at) AS said_at FROM ({own} UNION ALL {everybody}) AS a \
             GROUP BY a.room_id HAVING max(a.said_at) IS NOT NULL ORDER BY max(a.said_at) DESC, a.room_id DESC LIMIT $6), \
         page AS ({own_run} UNION {everybodys_run} ORDER BY 3 DESC, 1 DESC, 4 DESC LIMIT $6) \
         SELECT page.said_at, page.number > page.last_read_number AS is_unread, {message} \
         FROM page JOIN messages g ON g.room_id = page.room_id AND g.seq = page.seq \
         ORDER BY page.said_at DESC, page.room_id DESC, page.number DESC",
        seen_since = seen_since(dialect),
        own = arm("$1"),
        everybody = arm("$5"),
        own_run = run(dialect, "$1"),
        everybodys_run = run(dialect, "$5"),
        message = rows::shown_message(dialect)
    );
    let (said_at, room_id, number) = after.map_or(
        (END_OF_TIME, Uuid::max(), i64::MAX),
        |(said_at, room_id, number)| (said_at, room_id.0, number),
    );
    let arguments = vec![
        user_id.0.into(),
        dialect.time(said_at),
        room_id.into(),
        number.into(),
        Uuid::nil().into(),
        one_more(limit),
    ];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, mention, |found| {
        let message = &found.message;
        (message.created_at, message.room_id, message.number)
    })
}

/// The leading rooms, each with a page of its mentions.
fn run(dialect: Dialect, who: &str) -> String {
    let of_room = OF_ROOM.replace("$who", who);
    let rooms = "FROM foremost JOIN mine ON mine.room_id = foremost.room_id";
    match dialect {
        Dialect::Postgres => {
            format!(
                "SELECT mine.room_id, mine.last_read_number, n.said_at, n.number, n.seq {rooms} \
                 CROSS JOIN LATERAL (SELECT n.said_at, n.number, n.seq {of_room} $6) AS n"
            )
        }
        // It joins no subquery that looks at the tables beside it, but a function may.
        Dialect::Sqlite => {
            let list = format!(
                "SELECT json_group_array(json_array(x.said_at, x.number, x.seq)) \
                 FROM (SELECT n.said_at, n.number, n.seq {of_room} $6) AS x"
            );
            format!(
                "SELECT mine.room_id, mine.last_read_number, n.value ->> 0 AS said_at, n.value ->> 1 AS number, \
                 n.value ->> 2 AS seq {rooms} JOIN json_each(({list})) AS n"
            )
        }
    }
}

/// From when on a message may be within a member's horizon, as generous as clocks differ and sends wait.
const fn seen_since(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Postgres => {
            "CASE WHEN m.visible_from_number > 0 THEN m.joined_at - interval '10 minutes' \
             ELSE CAST('-infinity' AS timestamptz) END"
        }
        Dialect::Sqlite => "CASE WHEN m.visible_from_number > 0 THEN m.joined_at - 600000 ELSE 0 END",
    }
}

fn mention(row: &Row) -> Result<MentionFound, DbErr> {
    Ok(MentionFound {
        message: Arc::new(rows::shown(row)?),
        is_unread: row.get("is_unread")?,
    })
}

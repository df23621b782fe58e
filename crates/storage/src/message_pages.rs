//! Pages of a room's messages: ranges of the primary key, read in one snapshot with the head.

use std::sync::Arc;

use confab_domain::ports::{MessagePage, PageAt};
use confab_domain::{Epoch, Error, Horizon, Message, Result, RoomId};
use sea_orm::{DbErr, Value};

use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::rows::{self, Row};

/// Messages the viewer may see. `$1` is the room, `$2` the first visible number. A message's number is never
/// above its `seq`, so the second comparison loses nothing and keeps the scan from walking through all that
/// is hidden.
const VISIBLE: &str = "room_id = $1 AND number >= $2 AND seq >= $2";

/// A page of messages.
pub(crate) async fn messages(
    store: &Store,
    room_id: RoomId,
    horizon: Horizon,
    at: PageAt,
    limit: usize,
) -> Result<MessagePage> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX - 1);
    // `$3` is the `seq` asked for, `$4` how many to read below it, `$5` how many from it on.
    let (pivot, below, above) = match at {
        PageAt::Newest => (i64::MAX, limit + 1, 0),
        PageAt::Before(seq) => (seq, limit + 1, 0),
        PageAt::After(seq) => (seq.saturating_add(1), 0, limit + 1),
        PageAt::Around(seq) => (seq, limit / 2 + 1, limit - limit / 2 + 1),
    };
    // What is newer than a descending page, or older than an ascending one, is told by one row of the key:
    // numbers ascend as `seq` does.
    let sql = format!(
        "WITH page AS ( \
         SELECT * FROM (SELECT * FROM messages WHERE {VISIBLE} AND seq < $3 ORDER BY seq DESC LIMIT $4) AS below \
         UNION ALL \
         SELECT * FROM (SELECT * FROM messages WHERE {VISIBLE} AND seq >= $3 ORDER BY seq LIMIT $5) AS above) \
         SELECT e.name AS epoch, h.last_seq, \
         (SELECT n.seq FROM messages n WHERE n.room_id = $1 ORDER BY n.seq DESC LIMIT 1) AS newest_seq, \
         h.last_number AS newest_number, \
         (SELECT o.number FROM messages o WHERE o.room_id = $1 AND o.seq < $3 ORDER BY o.seq DESC LIMIT 1) \
         AS older_number, {} \
         FROM room_heads h CROSS JOIN epoch e LEFT JOIN page g ON true WHERE h.room_id = $1 ORDER BY g.seq",
        rows::shown_message(store.dialect())
    );
    let arguments: Vec<Value> = vec![
        room_id.0.into(),
        horizon.visible_from_number.into(),
        pivot.into(),
        below.into(),
        above.into(),
    ];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    // No head: the room was purged since its access was read.
    let first = found.first().ok_or(Error::NotFound)?;
    let around = Around::read(first).map_err(from_db)?;
    let messages = found
        .iter()
        .filter_map(|row| rows::shown_or_none(row).transpose());
    let messages: Vec<Message> = messages.collect::<Result<_, _>>().map_err(from_db)?;
    Ok(around.page(messages, pivot, horizon, at, limit))
}

/// What stands in every row of the answer.
struct Around {
    epoch: Epoch,
    last_seq: i64,
    newest_seq: Option<i64>,
    newest_number: i64,
    older_number: Option<i64>,
}

impl Around {
    fn read(row: &Row) -> Result<Self, DbErr> {
        Ok(Self {
            epoch: Epoch::new(row.get::<String>("epoch")?),
            last_seq: row.get("last_seq")?,
            newest_seq: row.get("newest_seq")?,
            newest_number: row.get("newest_number")?,
            older_number: row.get("older_number")?,
        })
    }

    /// Cuts the surplus rows off, each of which only tells that there is more on its side.
    fn page(
        self,
        mut ascending: Vec<Message>,
        pivot: i64,
        horizon: Horizon,
        at: PageAt,
        limit: i64,
    ) -> MessagePage {
        let length = |count: i64| usize::try_from(count).unwrap_or(usize::MAX);
        let (below_max, above_max) = match at {
            PageAt::Newest | PageAt::Before(_) => (length(limit), 0),
            PageAt::After(_) => (0, length(limit)),
            PageAt::Around(_) => (length(limit / 2), length(limit - limit / 2)),
        };
        let below = ascending.iter().take_while(|message| message.seq < pivot).count();
        let above = ascending.len() - below;
        let has_older = match at {
            PageAt::After(_) => self
                .older_number
                .is_some_and(|number| horizon.shows_message(number)),
            _ => below > below_max,
        };
        let has_newer = match at {
            PageAt::Newest | PageAt::Before(_) => {
                self.newest_seq.is_some_and(|seq| seq >= pivot) && horizon.shows_message(self.newest_number)
            }
            _ => above > above_max,
        };
        ascending.truncate(below + above.min(above_max));
        ascending.drain(..below.saturating_sub(below_max));
        if matches!(at, PageAt::Newest | PageAt::Before(_)) {
            ascending.reverse();
        }
        MessagePage {
            epoch: self.epoch,
            last_seq: self.last_seq,
            messages: ascending.into_iter().map(Arc::new).collect(),
            has_older,
            has_newer,
        }
    }
}

//! How far one message has come, and with whom.

use confab_domain::ports::Page;
use confab_domain::{Message, MessageReceipt, ReceiptCounts, Result, User, UserId};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::error::from_db;
use crate::pages::{one_more, page};
use crate::rows::{self, Row, USER};

/// Members the message was meant for: there when it was said and now, but its sender. Who came later has a mark
/// beyond it without having read it. `$1` room, `$2` its `seq`, `$3` its number, `$4` its sender.
const RECIPIENTS: &str = "FROM members m JOIN users u ON u.id = m.user_id WHERE m.room_id = $1 \
    AND m.left_at IS NULL AND m.joined_seq < $2 AND m.visible_from_number <= $3 AND m.user_id <> $4";
/// Whether the viewer, `$5`, shares what they have read; who does not is not told of others.
const VIEWER_SHARES: &str = "COALESCE((SELECT v.shares_read_marks FROM users v WHERE v.id = $5), FALSE)";

/// How many have it, and how many have read it.
pub(crate) async fn counts(store: &Store, message: &Message, viewer: UserId) -> Result<ReceiptCounts> {
    let sql = format!(
        "SELECT {VIEWER_SHARES} AS is_sharing, count(*) AS recipients, \
         count(CASE WHEN m.last_delivered_number >= $3 THEN 1 END) AS delivered, \
         count(CASE WHEN m.last_read_number >= $3 AND u.shares_read_marks THEN 1 END) AS read_by {RECIPIENTS}"
    );
    let arguments = vec![
        message.room_id.0.into(),
        message.seq.into(),
        message.number.into(),
        message.sender_id.0.into(),
        viewer.0.into(),
    ];
    let row = bounded(store.reader().first(&sql, arguments)).await?;
    let row = row.ok_or(confab_domain::Error::Internal("an aggregate has a row", None))?;
    let read = || -> Result<ReceiptCounts, DbErr> {
        let is_sharing: bool = row.get("is_sharing")?;
        Ok(ReceiptCounts {
            recipients: row.get("recipients")?,
            delivered: row.get("delivered")?,
            read: if is_sharing {
                Some(row.get("read_by")?)
            } else {
                None
            },
        })
    };
    read().map_err(from_db)
}

/// Who has it, by user id after `after`.
pub(crate) async fn list(
    store: &Store,
    message: &Message,
    viewer: UserId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<MessageReceipt, UserId>> {
    let sql = format!(
        "SELECT CASE WHEN m.user_id = $5 OR (u.shares_read_marks AND {VIEWER_SHARES}) \
         THEN m.last_read_number >= $3 END AS is_read, {USER} {RECIPIENTS} \
         AND m.last_delivered_number >= $3 AND m.user_id > $6 ORDER BY m.user_id LIMIT $7"
    );
    let arguments = vec![
        message.room_id.0.into(),
        message.seq.into(),
        message.number.into(),
        message.sender_id.0.into(),
        viewer.0.into(),
        after.map_or(Uuid::nil(), |user_id| user_id.0).into(),
        one_more(limit),
    ];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, receipt, MessageReceipt::user_id)
}

fn receipt(row: &Row) -> Result<MessageReceipt, DbErr> {
    Ok(MessageReceipt {
        user: User {
            email: None,
            ..rows::user(row)?
        },
        is_read: row.get("is_read")?,
    })
}

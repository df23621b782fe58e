//! Blocks between two people, and who may be heard.

use confab_domain::ports::{BLOCKS_MAX, Page, Voice};
use confab_domain::{Block, Error, Posting, Result, RoomId, RoomKind, Timestamp, User, UserId};
use sea_orm::DbErr;
use uuid::Uuid;

use crate::change::is_peer_shut;
use crate::connect::{Store, bounded, bounded_domain};
use crate::error::from_db;
use crate::facts::profile;
use crate::pages::{one_more, page};
use crate::rows::{self, MEMBER, Row, USER};

/// Writes the block under the lock of the two people's direct room, where there is one, whose head gets another
/// version: whoever sends there takes the same lock and either reads after it what blocks there are, or finds that
/// the version is not the one that was read with them. So no send commits after this has. A room that is made at the
/// same moment is of no use to either of them.
pub(crate) async fn block(
    store: &Store,
    blocker_id: UserId,
    blocked_id: UserId,
    now: Timestamp,
) -> Result<bool> {
    let dialect = store.dialect();
    let (low, high) = (blocker_id.min(blocked_id), blocker_id.max(blocked_id));
    bounded_domain(async {
        let transaction = store.begin().await.map_err(from_db)?;
        let run = store.within(&transaction);
        let sql = "UPDATE room_heads SET last_seq = last_seq WHERE room_id = (SELECT r.id FROM rooms r \
             WHERE r.direct_low = $1 AND r.direct_high = $2)";
        run.execute(sql, vec![low.0.into(), high.0.into()])
            .await
            .map_err(from_db)?;
        // Their own row keeps a person's blocks from being counted twice at once.
        let sql = format!("SELECT id FROM users WHERE id = $1{}", dialect.for_update());
        run.first(&sql, vec![blocker_id.0.into()])
            .await
            .map_err(from_db)?;
        let sql = "SELECT (SELECT count(*) FROM blocks WHERE blocker_id = $1) AS blocks,
                EXISTS (SELECT 1 FROM users WHERE id = $2) AS is_known,
                EXISTS (SELECT 1 FROM blocks WHERE blocker_id = $1 AND blocked_id = $2) AS is_so";
        let row = run
            .first(sql, vec![blocker_id.0.into(), blocked_id.0.into()])
            .await
            .map_err(from_db)?
            .ok_or(Error::Internal("a count came back empty", None))?;
        if row.get("is_so").map_err(from_db)? {
            return Ok(false);
        }
        if !row.get::<bool>("is_known").map_err(from_db)? {
            return Err(Error::NotFound);
        }
        if row.get::<i64>("blocks").map_err(from_db)? >= BLOCKS_MAX {
            return Err(Error::Conflict("you have blocked as many people as one may"));
        }
        let sql = "INSERT INTO blocks (created_at, blocker_id, blocked_id) VALUES ($1, $2, $3)";
        let arguments = vec![dialect.time(now), blocker_id.0.into(), blocked_id.0.into()];
        run.execute(sql, arguments).await.map_err(from_db)?;
        transaction.commit().await.map_err(from_db)?;
        Ok(true)
    })
    .await
}

/// Takes a block back.
pub(crate) async fn unblock(store: &Store, blocker_id: UserId, blocked_id: UserId) -> Result<bool> {
    let sql = "DELETE FROM blocks WHERE blocker_id = $1 AND blocked_id = $2";
    let arguments = vec![blocker_id.0.into(), blocked_id.0.into()];
    Ok(bounded(store.writer().execute(sql, arguments)).await? > 0)
}

/// Whom somebody has blocked.
pub(crate) async fn blocks(
    store: &Store,
    blocker_id: UserId,
    after: Option<UserId>,
    limit: usize,
) -> Result<Page<(Block, User), UserId>> {
    let sql = format!(
        "SELECT k.blocked_id, k.created_at AS blocked_at, {USER} FROM blocks k JOIN users u ON u.id = k.blocked_id \
         WHERE k.blocker_id = $1 AND k.blocked_id > $2 ORDER BY k.blocked_id LIMIT $3"
    );
    let after = after.map_or(Uuid::nil(), |user_id| user_id.0);
    let arguments = vec![blocker_id.0.into(), after.into(), one_more(limit)];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, block_with_profile, |(block, _)| block.user_id)
}

fn block_with_profile(row: &Row) -> Result<(Block, User), DbErr> {
    let block = Block {
        user_id: row.id("blocked_id")?,
        created_at: row.time("blocked_at")?,
    };
    Ok((block, profile(rows::user(row)?)))
}

/// Whether somebody may be heard in a room now.
pub(crate) async fn voice(store: &Store, room_id: RoomId, user_id: UserId) -> Result<Option<Voice>> {
    let sql = format!(
        "SELECT r.kind, r.posting, {is_peer_shut} AS is_peer_shut, {MEMBER} FROM rooms r \
         LEFT JOIN members m ON m.room_id = r.id AND m.user_id = $2 WHERE r.id = $1 AND r.deleted_at IS NULL",
        is_peer_shut = is_peer_shut("$2")
    );
    let arguments = vec![room_id.0.into(), user_id.0.into()];
    let row = bounded(store.reader().first(&sql, arguments)).await?;
    let read = |row: &Row| {
        Ok(Voice {
            kind: row.word("kind", RoomKind::parse)?,
            posting: row.word("posting", Posting::parse)?,
            membership: rows::member_or_none(row)?,
            is_peer_unreachable: row.get::<Option<bool>>("is_peer_shut")?.unwrap_or(false),
        })
    };
    row.as_ref().map(read).transpose().map_err(from_db)
}

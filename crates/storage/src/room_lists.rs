//! Lists of rooms.

use confab_domain::ports::{Page, RoomFilter, RoomListing};
use confab_domain::search::NameQuery;
use confab_domain::{Actor, Result, RoomId, UserRole};
use sea_orm::{DbErr, Value};
use uuid::Uuid;

use crate::connect::{Store, bounded};
use crate::names;
use crate::pages::{one_more, page};
use crate::rows::{self, HEAD, MEMBER, ROOM, Row};

/// What every branch asks of a room. `$1` is the viewer, `$4` the limit.
const FILTER: &str = "r.deleted_at IS NULL AND r.id < $2 AND (CAST($3 AS text) IS NULL OR r.kind = $3)";

/// Public rooms and the viewer's own, or all for a service.
pub(crate) async fn rooms(
    store: &Store,
    viewer: &Actor,
    filter: &RoomFilter,
    after: Option<RoomId>,
    limit: usize,
) -> Result<Page<RoomListing, RoomId>> {
    let query = filter.query.as_deref().and_then(NameQuery::parse);
    let needle = query.as_ref().map(NameQuery::anywhere);
    let filtered = match needle {
        Some(needle) => format!(
            "{FILTER} AND {}",
            names::of_room_holds(store.dialect(), "$5", needle)
        ),
        None => FILTER.to_owned(),
    };
    let ids = if viewer.role == UserRole::Service {
        format!("SELECT r.id FROM rooms r WHERE {filtered} ORDER BY r.id DESC LIMIT $4")
    } else {
        // Two walks down two indexes, each no longer than the page: the public rooms may be few among many
        // private ones, and the viewer's own few among many public ones.
        format!(
            "SELECT id FROM (SELECT r.id FROM rooms r WHERE r.kind = 'public' AND {filtered} \
             ORDER BY r.id DESC LIMIT $4) AS open_rooms \
             UNION SELECT id FROM (SELECT r.id FROM members m JOIN rooms r ON r.id = m.room_id \
             WHERE m.user_id = $1 AND m.left_at IS NULL AND m.room_id < $2 AND {filtered} \
             ORDER BY r.id DESC LIMIT $4) AS own_rooms"
        )
    };
    let sql = format!(
        "SELECT {ROOM}, {HEAD}, {MEMBER} FROM ({ids}) AS found JOIN rooms r ON r.id = found.id \
         JOIN room_heads h ON h.room_id = found.id \
         LEFT JOIN members m ON m.room_id = found.id AND m.user_id = $1 ORDER BY r.id DESC LIMIT $4"
    );
    let mut arguments = vec![
        viewer.user_id.0.into(),
        after.map_or(Uuid::max(), |room_id| room_id.0).into(),
        filter.kind.map(|kind| kind.as_str().to_owned()).into(),
        one_more(limit),
    ];
    arguments.extend(needle.map(Value::from));
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    page(&found, limit, listing, |listing| listing.room.id)
}

fn listing(row: &Row) -> Result<RoomListing, DbErr> {
    Ok(RoomListing {
        room: rows::room(row)?,
        head: rows::head(row)?,
        membership: rows::member_or_none(row)?,
    })
}

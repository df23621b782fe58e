//! New rooms: made with their first members, or found when two people have one already.

use std::collections::{HashMap, HashSet};

use confab_domain::change::founding_role;
use confab_domain::ports::{Changed, NewRoom};
use confab_domain::{
    Epoch, Error, EventBody, Findings, History, Person, Posting, Result, Room, RoomHead, RoomId, RoomKind,
    UserId, UserRole, rights,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use serde_json::Value as Json;

use super::Act;
use super::apply::join;
use super::log::RoomLog;
use super::read;
use crate::account_outbox;
use crate::connect::{Store, bounded_domain};
use crate::dialect::Runner;
use crate::error::from_db;
use crate::facts::snapshot;
use crate::names;
use crate::rows::{self, metadata_text};

/// How often to look again when another node made or removed the room at the same instant.
const FOUNDING_ATTEMPTS: u8 = 3;

/// Makes a public or private room.
pub(crate) async fn create_room(store: &Store, wanted: NewRoom, act: Act<'_>) -> Result<Changed> {
    let (room, invited) = room_of(wanted, None, &act);
    bounded_domain(async {
        let transaction = store.begin().await.map_err(from_db)?;
        let run = store.within(&transaction);
        let member_ids = founding_members(&run, &room, &invited, &act).await?;
        if !insert_room(&run, &room, None).await.map_err(from_db)? {
            return Err(Error::Conflict("the room's id is taken"));
        }
        fill(store, transaction, room, &member_ids, &act)
            .await
            .map_err(from_db)
    })
    .await
}

/// The room of the host product's key; true when it was made now.
pub(crate) async fn room_by_key(
    store: &Store,
    external_key: &str,
    wanted: NewRoom,
    act: Act<'_>,
) -> Result<(Changed, bool)> {
    let (room, invited) = room_of(wanted, Some(external_key), &act);
    bounded_domain(async {
        for _ in 0..FOUNDING_ATTEMPTS {
            if let Some(found) = find_keyed(store, external_key).await.map_err(from_db)? {
                return Ok((found, false));
            }
            let transaction = store.begin().await.map_err(from_db)?;
            let run = store.within(&transaction);
            let member_ids = founding_members(&run, &room, &invited, &act).await?;
            // Waits for another node that is making it; then nothing is inserted and the next look finds it.
            if insert_room(&run, &room, None).await.map_err(from_db)? {
                let made = fill(store, transaction, room, &member_ids, &act)
                    .await
                    .map_err(from_db)?;
                return Ok((made, true));
            }
        }
        Err(Error::Unavailable("the room of this key is being made", None))
    })
    .await
}

/// The room as it will be, and whom its maker wants in it.
fn room_of(wanted: NewRoom, external_key: Option<&str>, act: &Act<'_>) -> (Room, Vec<UserId>) {
    let room = Room {
        id: wanted.id,
        kind: wanted.kind,
        name: Some(wanted.name),
        description: wanted.description,
        metadata: wanted.metadata,
        external_key: external_key.map(str::to_owned),
        history: wanted.history,
        is_active: true,
        avatar_url: wanted.settings.avatar_url,
        posting: wanted.settings.posting,
        slow_mode_seconds: wanted.settings.slow_mode_seconds,
        system_messages: wanted.settings.system_messages,
        edit_window_seconds: wanted.settings.edit_window_seconds,
        created_by: Some(act.actor.user_id),
        created_at: act.now,
        updated_at: act.now,
    };
    (room, wanted.member_ids)
}

/// Who is in the room from its first moment: its maker, unless that is a service, then the others, each once.
async fn founding_members<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room: &Room,
    invited: &[UserId],
    act: &Act<'_>,
) -> Result<Vec<UserId>> {
    let founder_id = act.actor.user_id;
    let mut user_ids = invited.to_vec();
    user_ids.push(founder_id);
    let people = read::people(run, room.id, founder_id, &user_ids).await;
    let people = people.map_err(from_db)?;
    require_open_founder(&people, founder_id)?;
    let mut findings = Findings::default();
    for (index, user_id) in invited.iter().enumerate() {
        match people.get(user_id) {
            None => findings.add(format!("member_ids[{index}]"), "there is no such user"),
            Some(person) if person.is_deactivated => {
                findings.add(format!("member_ids[{index}]"), rights::DEACTIVATED);
            }
            Some(person) if person.is_out_of_reach_of(act.actor.role) => {
                findings.add(format!("member_ids[{index}]"), rights::UNREACHABLE);
            }
            Some(_) => {}
        }
    }
    findings.finish()?;
    let mut member_ids = Vec::new();
    if act.actor.role != UserRole::Service {
        member_ids.push(founder_id);
    }
    let mut seen: HashSet<UserId> = member_ids.iter().copied().collect();
    member_ids.extend(invited.iter().copied().filter(|user_id| seen.insert(*user_id)));
    Ok(member_ids)
}

/// The direct room of two people; true when it was made now.
pub(crate) async fn direct_room(
    store: &Store,
    id: RoomId,
    peer_id: UserId,
    act: Act<'_>,
) -> Result<(Changed, bool)> {
    let own_id = act.actor.user_id;
    if own_id == peer_id {
        return Err(Error::invalid("user_id", "is yourself"));
    }
    let pair = (own_id.min(peer_id), own_id.max(peer_id));
    bounded_domain(async {
        for _ in 0..FOUNDING_ATTEMPTS {
            if let Some(found) = find_direct(store, pair).await.map_err(from_db)? {
                if found.head.last_number == 0 {
                    note_opened(store, found.room.id, own_id).await.map_err(from_db)?;
                }
                return Ok((found, false));
            }
            let transaction = store.begin().await.map_err(from_db)?;
            let run = store.within(&transaction);
            let people = read::people(&run, id, own_id, &[own_id, peer_id]).await;
            let people = people.map_err(from_db)?;
            require_open_founder(&people, own_id)?;
            match people.get(&peer_id) {
                None => return Err(Error::invalid("user_id", "there is no such user")),
                Some(peer) if peer.is_deactivated || peer.is_apart => {
                    return Err(Error::Forbidden(rights::UNREACHABLE));
                }
                Some(_) => {}
            }
            let room = Room {
                id,
                kind: RoomKind::Direct,
                name: None,
                description: None,
                metadata: Json::Object(serde_json::Map::new()),
                external_key: None,
                history: History::All,
                is_active: true,
                avatar_url: None,
                posting: Posting::Members,
                slow_mode_seconds: 0,
                system_messages: false,
                edit_window_seconds: None,
                created_by: Some(own_id),
                created_at: act.now,
                updated_at: act.now,
            };
            // Waits for another node that is making it; then nothing is inserted and the next look finds it.
            if insert_room(&run, &room, Some(pair)).await.map_err(from_db)? {
                let made = fill(store, transaction, room, &[own_id, peer_id], &act)
                    .await
                    .map_err(from_db)?;
                return Ok((made, true));
            }
        }
        Err(Error::Unavailable("the direct room is being made", None))
    })
    .await
}

fn require_open_founder(people: &HashMap<UserId, Person>, founder_id: UserId) -> Result<()> {
    match people.get(&founder_id) {
        Some(founder) if !founder.is_deactivated => Ok(()),
        _ => Err(Error::Forbidden(rights::DEACTIVATED)),
    }
}

async fn find_direct(store: &Store, pair: (UserId, UserId)) -> std::result::Result<Option<Changed>, DbErr> {
    let condition = "r.direct_low = $1 AND r.direct_high = $2";
    find(store, condition, vec![pair.0.0.into(), pair.1.0.into()]).await
}

/// Who opens a direct room in which nothing was said has it in their list from then on, whoever made it.
async fn note_opened(store: &Store, room_id: RoomId, user_id: UserId) -> std::result::Result<(), DbErr> {
    let sql = "UPDATE members SET is_opened = TRUE WHERE room_id = $1 AND user_id = $2 AND is_opened IS NULL";
    let arguments = vec![room_id.0.into(), user_id.0.into()];
    store.writer().execute(sql, arguments).await.map(|_| ())
}

async fn find_keyed(store: &Store, external_key: &str) -> std::result::Result<Option<Changed>, DbErr> {
    let condition = "r.external_key = $1 AND r.deleted_at IS NULL";
    find(store, condition, vec![external_key.into()]).await
}

async fn find(
    store: &Store,
    condition: &str,
    arguments: Vec<Value>,
) -> std::result::Result<Option<Changed>, DbErr> {
    let sql = format!(
        "SELECT {}, {} FROM rooms r JOIN room_heads h ON h.room_id = r.id WHERE {condition}",
        rows::ROOM,
        rows::HEAD
    );
    // From the writer: on SQLite a reader may be a moment behind.
    let row = store.writer().first(&sql, arguments).await?;
    row.map(|row| {
        Ok(Changed {
            events: Vec::new(),
            room: rows::room(&row)?,
            head: rows::head(&row)?,
        })
    })
    .transpose()
}

/// Inserts the slow part and the head. False when the pair or the key has a room already.
async fn insert_room<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    room: &Room,
    pair: Option<(UserId, UserId)>,
) -> std::result::Result<bool, DbErr> {
    let sql = format!(
        "INSERT INTO rooms (id, kind, history, name, description, metadata, created_by, created_at, updated_at,
            direct_low, direct_high, external_key, avatar_url, slow_mode_seconds, system_messages,
            edit_window_seconds, posting, name_folded)
         VALUES ($1, $2, $3, $4, $5, {}, $7, $8, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
         ON CONFLICT DO NOTHING",
        run.dialect.json("$6")
    );
    let arguments = vec![
        room.id.0.into(),
        room.kind.as_str().into(),
        room.history.as_str().into(),
        room.name.clone().into(),
        room.description.clone().into(),
        metadata_text(&room.metadata).into(),
        room.created_by.map(|id| id.0).into(),
        run.dialect.time(room.created_at),
        pair.map(|(low, _)| low.0).into(),
        pair.map(|(_, high)| high.0).into(),
        room.external_key.clone().into(),
        room.avatar_url.clone().into(),
        room.slow_mode_seconds.into(),
        room.system_messages.into(),
        room.edit_window_seconds.into(),
        room.posting.as_str().into(),
        names::of_room(room),
    ];
    if run.execute(&sql, arguments).await? == 0 {
        return Ok(false);
    }
    run.execute(
        "INSERT INTO room_heads (room_id) VALUES ($1)",
        vec![room.id.0.into()],
    )
    .await?;
    Ok(true)
}

/// The first events of a new room: it was made, then each member joined.
async fn fill(
    store: &Store,
    transaction: DatabaseTransaction,
    room: Room,
    member_ids: &[UserId],
    act: &Act<'_>,
) -> std::result::Result<Changed, DbErr> {
    let run = store.within(&transaction);
    let head = RoomHead {
        last_seq: 0,
        last_number: 0,
        last_message_at: None,
        member_count: 0,
        room_changed_seq: 1,
        log_floor_seq: 0,
    };
    let kind = room.kind;
    let made = EventBody::RoomCreated {
        room: Box::new(snapshot((&room, &RoomHead { last_seq: 1, ..head }))),
    };
    let mut log = RoomLog::new(room, head, act);
    log.add(made);
    for user_id in member_ids {
        let role = founding_role(kind, *user_id == act.actor.user_id);
        let user = join(&run, &mut log, *user_id, role.as_str()).await?;
        log.add(EventBody::UserJoined {
            user_id: *user_id,
            role,
            user,
        });
    }
    log.write(&run).await?;
    let epoch: Epoch = account_outbox::epoch(&run).await?;
    transaction.commit().await?;
    Ok(log.announce(store, epoch))
}

//! Rooms by the host product's own keys: one room for each of its objects.

use super::host_users::resolve_external_ids;
use super::rooms::{CreateRoom, MEMBERS_AT_ONCE_MAX, checked};
use crate::offices::{self, OfficeAct};
use crate::ports::{NewRoom, Ports};
use crate::queries::{self, RoomView};
use crate::{Actor, Error, Result, RoomId, Trace, text};

/// How often to look again when the room was deleted between being found and being read.
const KEEP_ATTEMPTS: u8 = 3;

/// The room of a key, made as wanted when there is none: true when made. One that is there stays as it is.
pub async fn keep_room(
    ports: &Ports,
    actor: &Actor,
    external_key: &str,
    wanted: CreateRoom,
    member_external_ids: &[String],
    trace: Trace,
) -> Result<(RoomView, bool)> {
    text::external_key(external_key).map_err(|reason| Error::invalid("external_key", reason))?;
    let room = checked(wanted, ports.clock.now())?;
    offices::check(OfficeAct::KeepRoomsByKey, actor.role)?;
    if room.member_ids.len() + member_external_ids.len() > MEMBERS_AT_ONCE_MAX {
        let reason = format!("must be at most {MEMBERS_AT_ONCE_MAX}, together with member_ids");
        return Err(Error::invalid("member_external_ids", reason));
    }
    for _ in 0..KEEP_ATTEMPTS {
        let found = ports.host.room_of_key(external_key).await?;
        let (room_id, is_new) = if let Some(room_id) = found {
            (room_id, false)
        } else {
            let resolved =
                resolve_external_ids(ports, actor, "member_external_ids", member_external_ids).await?;
            let now = ports.clock.now();
            let mut room = NewRoom {
                id: RoomId::mint(now),
                ..room.clone()
            };
            room.member_ids.extend(resolved);
            let making = ports
                .host
                .room_by_key(external_key, room, actor, now, trace.clone());
            let (made, is_new) = making.await?;
            (made.room.id, is_new)
        };
        match queries::room(ports, actor, room_id).await {
            Err(Error::NotFound) => {}
            view => return Ok((view?, is_new)),
        }
    }
    Err(Error::Unavailable(
        "the room of this key is made and deleted by others",
        None,
    ))
}

/// The room of a key, for whoever may see it; to anybody else there is none.
pub async fn room_by_key(ports: &Ports, actor: &Actor, external_key: &str) -> Result<RoomView> {
    text::external_key(external_key).map_err(|reason| Error::invalid("external_key", reason))?;
    let room_id = ports.host.room_of_key(external_key).await?;
    queries::room(ports, actor, room_id.ok_or(Error::NotFound)?).await
}

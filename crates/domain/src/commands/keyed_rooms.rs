//! Rooms by the host product's own keys: one room for each of its objects.

use super::host_users::resolve_external_ids;
use super::rooms::{CreateRoom, MEMBERS_AT_ONCE_MAX, checked};
use crate::offices::{self, OfficeAct};
use crate::ports::Ports;
use crate::queries::{self, RoomView};
use crate::{Actor, Error, Result, RoomId, Trace, text};

/// The room of a key, made as wanted when there is none: true when made. One that is there stays as it is.
pub async fn keep_room(
    ports: &Ports,
    actor: &Actor,
    external_key: &str,
    wanted: CreateRoom,
    member_external_ids: &[String],
    trace: Trace,
) -> Result<(RoomId, bool)> {
    text::external_key(external_key).map_err(|reason| Error::invalid("external_key", reason))?;
    let mut room = checked(wanted, ports.clock.now())?;
    offices::check(OfficeAct::KeepRoomsByKey, actor.role)?;
    if room.member_ids.len() + member_external_ids.len() > MEMBERS_AT_ONCE_MAX {
        let reason = format!("must be at most {MEMBERS_AT_ONCE_MAX}, together with member_ids");
        return Err(Error::invalid("member_external_ids", reason));
    }
    if let Some(room_id) = ports.host.room_of_key(external_key).await? {
        return Ok((room_id, false));
    }
    let resolved = resolve_external_ids(ports, actor, "member_external_ids", member_external_ids).await?;
    room.member_ids.extend(resolved);
    let (made, is_new) = ports
        .host
        .room_by_key(external_key, room, actor, ports.clock.now(), trace)
        .await?;
    Ok((made.room.id, is_new))
}

/// The room of a key, for whoever may see it; to anybody else there is none.
pub async fn room_by_key(ports: &Ports, actor: &Actor, external_key: &str) -> Result<RoomView> {
    text::external_key(external_key).map_err(|reason| Error::invalid("external_key", reason))?;
    let room_id = ports.host.room_of_key(external_key).await?;
    queries::room(ports, actor, room_id.ok_or(Error::NotFound)?).await
}

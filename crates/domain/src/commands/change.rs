//! The one way in which what people do changes a room.

use crate::ports::{Changed, Ports};
use crate::{Actor, Deed, Result, RoomId, Trace};

/// Does a deed now.
pub(super) async fn change(
    ports: &Ports,
    actor: &Actor,
    room_id: RoomId,
    deed: Deed,
    trace: Trace,
) -> Result<Changed> {
    let now = ports.clock.now();
    ports.room_writes.change(room_id, actor, deed, now, trace).await
}

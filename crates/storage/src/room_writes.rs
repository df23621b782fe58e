//! The port of durable room writes.

use async_trait::async_trait;
use confab_domain::ports::{Changed, Mark, NewMessage, NewRoom, RoomWrites, Sent};
use confab_domain::{Actor, Deed, Result, RoomId, Timestamp, Trace, UserId};

use crate::change::{self, Act};
use crate::connect::Store;
use crate::{marks, send};

#[async_trait]
impl RoomWrites for Store {
    async fn send(&self, message: NewMessage) -> Result<Sent> {
        self.lanes().send(message).await
    }

    async fn sent_before(&self, message: &NewMessage) -> Result<Option<Sent>> {
        send::sent_before(self, message).await
    }

    async fn create_room(
        &self,
        room: NewRoom,
        actor: &Actor,
        now: Timestamp,
        trace: Trace,
    ) -> Result<Changed> {
        change::create_room(self, room, Act { actor, now, trace }).await
    }

    async fn direct_room(
        &self,
        id: RoomId,
        actor: &Actor,
        peer: UserId,
        now: Timestamp,
        trace: Trace,
    ) -> Result<(Changed, bool)> {
        change::direct_room(self, id, peer, Act { actor, now, trace }).await
    }

    async fn change(
        &self,
        room_id: RoomId,
        actor: &Actor,
        deed: Deed,
        now: Timestamp,
        trace: Trace,
    ) -> Result<Changed> {
        change::change(self, room_id, deed, Act { actor, now, trace }).await
    }

    async fn mark_read(&self, room_id: RoomId, user_id: UserId, number: i64) -> Result<Mark> {
        marks::mark_read(self, room_id, user_id, number).await
    }

    async fn mark_delivered(&self, room_id: RoomId, user_id: UserId, number: i64) -> Result<Mark> {
        marks::mark_delivered(self, room_id, user_id, number).await
    }
}

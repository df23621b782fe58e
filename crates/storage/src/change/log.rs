//! What a transaction adds to a room's log, and the head it leaves behind.

use std::sync::Arc;

use confab_domain::ports::{Changed, CommittedBatch, partition_of, shard_of};
use confab_domain::{
    Control, Epoch, Event, EventBody, EventId, Message, Room, RoomHead, Timestamp, Trace, UserId,
};
use sea_orm::{ConnectionTrait, DbErr};
use serde_json::json;

use super::Act;
use crate::connect::Store;
use crate::dialect::Runner;
use crate::facts::{facts_of, message_id_of};

/// The room as the transaction leaves it, and the events that got it there.
pub(crate) struct RoomLog {
    pub(crate) room: Room,
    pub(crate) head: RoomHead,
    events: Vec<Event>,
    controls: Vec<Control>,
    actor_id: UserId,
    now: Timestamp,
    trace: Trace,
}

impl RoomLog {
    /// Of a room whose head is locked and stands so.
    pub(crate) fn new(room: Room, head: RoomHead, act: &Act<'_>) -> Self {
        Self {
            room,
            head,
            events: Vec::new(),
            controls: Vec::new(),
            actor_id: act.actor.user_id,
            now: act.now,
            trace: act.trace.clone(),
        }
    }

    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    pub(crate) const fn actor_id(&self) -> UserId {
        self.actor_id
    }

    /// The `seq` that the next event will have.
    pub(crate) const fn next_seq(&self) -> i64 {
        self.head.last_seq + 1
    }

    /// Adds an event. Membership and standing are told to the gateways, too.
    pub(crate) fn add(&mut self, body: EventBody) {
        if let Some(user_id) = body.standing_user_id() {
            self.controls.push(Control::Membership {
                room_id: self.room.id,
                user_id,
            });
        }
        self.head.last_seq += 1;
        self.events.push(Event {
            id: EventId::mint(self.now),
            room_id: self.room.id,
            seq: self.head.last_seq,
            occurred_at: self.now,
            actor_id: self.actor_id,
            body,
            trace: self.trace.clone(),
        });
    }

    /// Adds a message that has its row, with the next place and number.
    pub(crate) fn add_message(&mut self, message: Message) {
        self.head.last_seq = message.seq;
        self.head.last_number = message.number;
        self.head.last_message_at = self.head.last_message_at.max(Some(message.created_at));
        self.events.push(Event {
            id: message.id.into(),
            room_id: self.room.id,
            seq: message.seq,
            occurred_at: message.created_at,
            actor_id: self.actor_id,
            body: EventBody::MessageCreated {
                message: Box::new(message),
            },
            trace: self.trace.clone(),
        });
    }

    /// Writes the events (but messages, whose rows are their events), all their outbox rows and the head. Where
    /// nothing is to be told, there is nothing to write.
    pub(crate) async fn write<C: ConnectionTrait>(&self, run: &Runner<'_, C>) -> Result<(), DbErr> {
        if self.events.is_empty() {
            return Ok(());
        }
        let dialect = run.dialect;
        let rows: Vec<_> = self
            .events
            .iter()
            .map(|event| {
                json!([
                    event.seq,
                    event.id,
                    message_id_of(&event.body),
                    event.body.subject_user_id(),
                    event.body.event_type(),
                    facts_of(&event.body).map(|facts| facts.to_string()),
                ])
            })
            .collect();
        let rows: sea_orm::Value = json!(rows).to_string().into();
        let (seq, id) = ("CAST(e.value ->> 0 AS bigint)", dialect.id_of("e.value ->> 1"));
        let elements = dialect.elements_table("$1");
        let events = format!(
            "INSERT INTO events (room_id, seq, id, actor_id, message_id, user_id, event_type, facts, occurred_at,
                correlation_id, traceparent)
             SELECT $2, {seq}, {id}, $3, {message_id}, {user_id}, e.value ->> 4, {facts}, $4, $5, $6
             FROM {elements} AS e WHERE e.value ->> 4 <> 'message_created' ORDER BY e.ord",
            message_id = dialect.id_of("e.value ->> 2"),
            user_id = dialect.id_of("e.value ->> 3"),
            facts = dialect.json("e.value ->> 5"),
        );
        let room_id: sea_orm::Value = self.room.id.0.into();
        let now = dialect.time(self.now);
        let correlation_id: sea_orm::Value = self.trace.correlation_id.as_deref().map(str::to_owned).into();
        let traceparent: sea_orm::Value = self.trace.traceparent.as_deref().map(str::to_owned).into();
        let arguments = vec![
            rows.clone(),
            room_id.clone(),
            self.actor_id.0.into(),
            now.clone(),
            correlation_id.clone(),
            traceparent.clone(),
        ];
        run.execute(&events, arguments).await?;
        let outbox = format!(
            "INSERT INTO outbox (partition_id, room_id, seq, event_id, event_type, occurred_at, correlation_id, traceparent)
             SELECT $3, $2, {seq}, {id}, e.value ->> 4, $4, $5, $6 FROM {elements} AS e ORDER BY e.ord",
        );
        let arguments = vec![
            rows,
            room_id.clone(),
            // Sixteen partitions fit anywhere.
            (partition_of(self.room.id.0) as i16).into(),
            now,
            correlation_id,
            traceparent,
        ];
        run.execute(&outbox, arguments).await?;
        let head =
            "UPDATE room_heads SET last_seq = $2, member_count = $3, room_changed_seq = $4, last_number = $5,
                last_message_at = $6 WHERE room_id = $1";
        let arguments = vec![
            room_id,
            self.head.last_seq.into(),
            self.head.member_count.into(),
            self.head.room_changed_seq.into(),
            self.head.last_number.into(),
            dialect.time_or_null(self.head.last_message_at),
        ];
        run.execute(head, arguments).await?;
        Ok(())
    }

    /// After the commit: tells everybody, and the caller.
    pub(crate) fn announce(self, store: &Store, epoch: Epoch) -> Changed {
        let events: Vec<_> = self.events.into_iter().map(Arc::new).collect();
        if events.is_empty() {
            return Changed {
                events,
                room: self.room,
                head: self.head,
            };
        }
        store.announce(CommittedBatch {
            epoch,
            shard: shard_of(self.room.id),
            events: events.clone(),
            controls: self.controls,
            account_events: Vec::new(),
        });
        Changed {
            events,
            room: self.room,
            head: self.head,
        }
    }
}

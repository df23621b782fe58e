//! Live messages as JSON: what one process writes, a process of another version reads.
//!
//! Unknown fields are ignored and unknown event types pass through. An event of a known type that cannot be
//! read here is left out alone: its neighbours arrive, and the hole in its room's `seq` (or the next beat's
//! head) sends the reader to the store.

use std::sync::Arc;

use confab_domain::ports::{Beat, CommittedBatch, FeedItem, LiveBatch};
use confab_domain::{Control, Epoch, Event, EventBody, IncarnationId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::topology::{BEAT_KEY, CONTROL_KEY};

/// Types that this version knows: an [`EventBody::Unknown`] of such a name was not understood.
const KNOWN_TYPES: [&str; 15] = [
    "message_created",
    "message_updated",
    "message_deleted",
    "reaction_added",
    "reaction_removed",
    "message_pinned",
    "message_unpinned",
    "user_banned",
    "user_unbanned",
    "user_joined",
    "user_left",
    "member_updated",
    "room_created",
    "room_updated",
    "room_deleted",
];

#[derive(Serialize)]
struct BatchOut<'a> {
    epoch: &'a Epoch,
    producer: IncarnationId,
    shard: u16,
    number: u64,
    events: &'a [Arc<Event>],
}

#[derive(Deserialize)]
struct BatchIn<'a> {
    epoch: Epoch,
    producer: IncarnationId,
    shard: u16,
    number: u64,
    #[serde(borrow, default)]
    events: Vec<&'a RawValue>,
}

/// A batch for the wire; none when it holds what JSON cannot say.
pub(crate) fn encode_batch(batch: &CommittedBatch, producer: IncarnationId, number: u64) -> Option<Vec<u8>> {
    let out = BatchOut {
        epoch: &batch.epoch,
        producer,
        shard: batch.shard,
        number,
        events: &batch.events,
    };
    serde_json::to_vec(&out).ok()
}

/// A beat for the wire.
pub(crate) fn encode_beat(beat: &Beat) -> Option<Vec<u8>> {
    serde_json::to_vec(beat).ok()
}

/// Control messages for the wire.
pub(crate) fn encode_controls(controls: &[Control]) -> Option<Vec<u8>> {
    serde_json::to_vec(controls).ok()
}

/// What a message says, by its routing key; none when it cannot be read at all.
pub(crate) fn decode(routing_key: &str, body: &[u8]) -> Option<FeedItem> {
    match routing_key {
        BEAT_KEY => serde_json::from_slice(body).ok().map(FeedItem::Beat),
        CONTROL_KEY => {
            let controls: Vec<&RawValue> = serde_json::from_slice(body).ok()?;
            let known = controls
                .into_iter()
                .filter_map(|control| serde_json::from_str(control.get()).ok());
            Some(FeedItem::Control(known.collect()))
        }
        _ => decode_batch(body).map(|batch| FeedItem::Batch(Arc::new(batch))),
    }
}

fn decode_batch(body: &[u8]) -> Option<LiveBatch> {
    let batch: BatchIn<'_> = serde_json::from_slice(body).ok()?;
    let count = batch.events.len();
    let events: Vec<_> = batch
        .events
        .into_iter()
        .filter_map(decode_event)
        .map(Arc::new)
        .collect();
    if events.len() < count {
        metrics::counter!("confab_broker_live_undecodable_total").increment((count - events.len()) as u64);
    }
    Some(LiveBatch {
        epoch: batch.epoch,
        producer: batch.producer,
        shard: batch.shard,
        number: batch.number,
        events,
    })
}

fn decode_event(json: &RawValue) -> Option<Event> {
    let event: Event = serde_json::from_str(json.get()).ok()?;
    match &event.body {
        EventBody::Unknown { event_type, .. } if KNOWN_TYPES.contains(&event_type.as_str()) => None,
        _ => Some(event),
    }
}

#[cfg(test)]
mod tests {
    use confab_domain::{EventId, RoomId, Timestamp, Trace, UserId};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    fn batch(count: i64) -> CommittedBatch {
        let event = |seq| {
            Arc::new(Event {
                id: EventId(Uuid::from_u128(seq as u128)),
                room_id: RoomId(Uuid::nil()),
                seq,
                occurred_at: Timestamp::from_millis(0),
                actor_id: UserId(Uuid::nil()),
                body: EventBody::RoomDeleted {},
                trace: Trace::default(),
            })
        };
        CommittedBatch {
            epoch: Epoch::new("life"),
            shard: 3,
            events: (1..=count).map(event).collect(),
            controls: Vec::new(),
            account_events: Vec::new(),
        }
    }

    #[test]
    fn an_event_that_cannot_be_read_loses_no_neighbour() {
        let body = encode_batch(&batch(4), IncarnationId(Uuid::nil()), 9).unwrap();
        let mut json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        json["events"][0]["type"] = json!("room_painted");
        json["events"][1]["type"] = json!("user_left");
        json["events"][1]["data"] = json!({"reason": "of another version"});
        json["events"][2] = json!({"no": "event"});
        json["unheard_of"] = json!(1);
        let Some(FeedItem::Batch(read)) = decode("3", &serde_json::to_vec(&json).unwrap()) else {
            panic!("a batch")
        };
        assert_eq!((read.number, read.shard, read.epoch.as_str()), (9, 3, "life"));
        let seen: Vec<_> = read
            .events
            .iter()
            .map(|event| (event.seq, event.body.event_type()))
            .collect();
        assert_eq!(seen, [(1, "room_painted"), (4, "room_deleted")]);
    }

    #[test]
    fn control_messages_of_a_newer_version_lose_no_neighbour() {
        let body = json!([{"type": "dance"}, {"type": "epoch"}]).to_string();
        assert_eq!(
            decode(CONTROL_KEY, body.as_bytes()),
            Some(FeedItem::Control(vec![Control::Epoch]))
        );
        assert_eq!(decode(CONTROL_KEY, b"nonsense"), None);
    }
}

//! The outbox: complete, in order, settled, shared.

use std::time::Duration;

use confab_domain::ports::{Outbox, PARTITIONS, PendingEvent, RoomReads, RoomWrites, partition_of};
use confab_domain::{Deed, EventBody, IncarnationId, RoomKind, Timestamp, Trace};

use crate::world::{World, on_both};

on_both!(
    super::complete as every_event_is_pending_until_it_is_settled,
    super::leases as partitions_are_shared,
    super::trimming as the_log_is_trimmed_as_a_prefix,
);

const LEASE: Duration = Duration::from_mins(1);

async fn complete(world: World) {
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let first = node.say(room, &ann, "a", "one").await.unwrap().message;
    node.store
        .change(
            room,
            &ann,
            Deed::AddMembers(vec![(bob.user_id, confab_domain::MemberRole::Member)]),
            now(),
            Trace::default(),
        )
        .await
        .unwrap();
    node.say(room, &ann, "b", "two").await.unwrap();
    node.store
        .change(
            room,
            &ann,
            Deed::DeleteMessage {
                message_id: first.id,
                reason: None,
            },
            now(),
            Trace::default(),
        )
        .await
        .unwrap();

    let partition = partition_of(room.0);
    let mut rooms_rows = Vec::new();
    let mut accounts = 0;
    for partition in 0..PARTITIONS {
        for row in node.store.pending(partition, 100).await.unwrap().rows {
            match row.event {
                PendingEvent::Room {
                    event,
                    room_kind,
                    external_key,
                } => {
                    assert_eq!((room_kind, external_key), (RoomKind::Private, None));
                    rooms_rows.push((row.key, event));
                }
                PendingEvent::Account(_) => accounts += 1,
                PendingEvent::Control(control) => panic!("no session ended: {control:?}"),
            }
        }
    }
    assert_eq!(accounts, 2, "two registrations");
    let told: Vec<_> = node.told.events();
    let seqs: Vec<i64> = rooms_rows.iter().map(|(_, event)| event.seq).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6], "in order, none missing");
    for ((key, pending), told) in rooms_rows.iter().zip(&told) {
        assert_eq!(key.partition, partition);
        assert_eq!((pending.id, pending.seq), (told.id, told.seq));
        if let EventBody::MessageCreated { message } = &pending.body {
            assert_eq!(pending.trace.correlation_id.as_deref(), Some("request-1"));
            assert_eq!(message.content.is_none(), message.id == first.id, "as it is now");
        }
    }
    let moved = node.store.moved_heads(partition, LEASE, 10).await.unwrap();
    assert_eq!(moved, [(room, 6)]);

    // A page is the oldest rows; settling out of order leaves the others.
    let keys: Vec<_> = rooms_rows.iter().map(|(key, _)| *key).collect();
    node.store.settle(&keys[..2]).await.unwrap();
    node.store
        .settle(&keys[..3])
        .await
        .expect("unknown ones are ignored");
    let page = node.store.pending(partition, 2).await.unwrap();
    let first: Vec<_> = page
        .rows
        .iter()
        .map(|row| row.key)
        .filter(|key| keys.contains(key))
        .collect();
    assert!(
        !first.is_empty() && first.iter().all(|key| keys[3..5].contains(key)),
        "{first:?}"
    );
    assert_eq!(page.epoch, node.store.epoch().await.unwrap());
}

async fn leases(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (IncarnationId::mint(now()), IncarnationId::mint(now()));
    assert_eq!(one.store.hold_partitions(ann, LEASE).await.unwrap().len(), 16);
    assert_eq!(
        other.store.hold_partitions(bob, LEASE).await.unwrap().len(),
        0,
        "all are taken"
    );
    let anns = one.store.hold_partitions(ann, LEASE).await.unwrap();
    assert_eq!(anns.len(), 8, "makes room for the newcomer");
    let bobs = other.store.hold_partitions(bob, LEASE).await.unwrap();
    assert_eq!(bobs.len(), 8);
    assert!(anns.iter().all(|partition| !bobs.contains(partition)));
    one.store.release_partitions(ann).await.unwrap();
    assert_eq!(
        other
            .store
            .hold_partitions(bob, Duration::ZERO)
            .await
            .unwrap()
            .len(),
        16
    );
    // Bob's leases are over at once: he may be dead.
    assert_eq!(one.store.hold_partitions(ann, LEASE).await.unwrap().len(), 16);
}

async fn trimming(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    node.say(room, &ann, "a", "one").await.unwrap();
    let week = Duration::from_hours(24 * 7);
    world.clock.advance(week * 2);
    assert_eq!(
        node.store.trim_log(week, 100).await.unwrap(),
        0,
        "never past a pending row"
    );
    let rows = node.store.pending(partition_of(room.0), 100).await.unwrap().rows;
    node.store
        .settle(&rows.iter().map(|row| row.key).collect::<Vec<_>>())
        .await
        .unwrap();
    assert_eq!(node.store.trim_log(week * 3, 100).await.unwrap(), 0, "too young");
    assert_eq!(node.store.trim_log(week, 100).await.unwrap(), 2);
    let head = node.store.access(room, ann.user_id).await.unwrap().unwrap().head;
    assert_eq!(head.log_floor_seq, 2);
    assert_eq!(
        world.number("SELECT count(*) FROM messages").await,
        1,
        "messages stay"
    );
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_704_110_401_000)
}

//! Deleted rooms go for good: when their events are out, piece by piece, over two nodes at once.

use std::time::Duration;

use confab_domain::ports::RoomWrites;
use confab_domain::{Clock, Deed, RoomKind, RoomPatch, Trace};

use crate::world::{World, on_both};

on_both!(super::purging as a_deleted_room_goes_when_its_events_are_out_and_no_other);

const TABLES: [&str; 10] = [
    "messages",
    "message_edits",
    "events",
    "reactions",
    "mentions",
    "bans",
    "invitations",
    "reports",
    "members",
    "room_heads",
];

async fn purging(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob, eve) = (
        one.user("ann").await,
        one.user("bob").await,
        one.user("eve").await,
    );
    let mut rooms = Vec::new();
    for _ in 0..2 {
        let room = one.room(RoomKind::Private, &ann, &[&bob]).await;
        for n in 0..25 {
            one.say(room, &bob, &n.to_string(), "x").await.unwrap();
        }
        let said = one.say(room, &bob, "said", "rude").await.unwrap().message;
        for deed in [
            Deed::Ban {
                user_id: eve.user_id,
                reason: None,
            },
            Deed::Report {
                message_id: said.id,
                reason: "rude".into(),
            },
            Deed::UpdateRoom(RoomPatch {
                name: Some("Other".into()),
                ..RoomPatch::default()
            }),
        ] {
            one.store
                .change(room, &ann, deed, world.clock.now(), Trace::default())
                .await
                .unwrap();
        }
        rooms.push(room);
    }
    let gone = one.store.change(
        rooms[0],
        &ann,
        Deed::DeleteRoom,
        world.clock.now(),
        Trace::default(),
    );
    gone.await.unwrap();
    let deleted_at = world.clock.now();
    let later = deleted_at.plus(Duration::from_mins(1));
    let messages = "SELECT count(*) FROM messages";
    assert_eq!(
        one.store.purge_deleted_rooms(later, 10).await.unwrap(),
        0,
        "its events wait"
    );
    world.change("DELETE FROM outbox").await;
    let waits = one.store.purge_deleted_rooms(later, 10).await.unwrap();
    assert_eq!(waits, 0, "its files are still to be given up");
    world.change("DELETE FROM rooms_to_empty").await;
    assert_eq!(
        one.store.purge_deleted_rooms(deleted_at, 10).await.unwrap(),
        0,
        "not yet"
    );
    assert_eq!(world.number(messages).await, 52);
    let mut rounds = 0;
    loop {
        let (left, right) = tokio::join!(
            one.store.purge_deleted_rooms(later, 10),
            other.store.purge_deleted_rooms(later, 10)
        );
        rounds += 1;
        if left.unwrap() + right.unwrap() == 0 {
            break;
        }
        assert!(rounds < 50, "it comes to an end");
    }
    assert!(rounds > 2, "in pieces");
    assert_eq!(world.number("SELECT count(*) FROM rooms").await, 1);
    for table in TABLES {
        let rooms_of = format!("SELECT count(DISTINCT room_id) FROM {table}");
        assert!(world.number(&rooms_of).await <= 1, "{table}");
    }
    assert_eq!(world.number(messages).await, 26, "the other room is whole");
    assert_eq!(world.number("SELECT count(*) FROM bans").await, 1);
}

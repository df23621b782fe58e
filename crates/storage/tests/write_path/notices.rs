//! Messages of the system: in the transaction of what they tell, numbered, and like any other message.

use confab_domain::ports::{LogRequest, RoomReads, RoomWrites};
use confab_domain::{
    Actor, Clock, Code, ContentType, Deed, EventBody, MemberRole, RoomId, RoomKind, RoomPatch, Trace,
};
use serde_json::json;

use crate::world::{Node, World, on_both};

on_both!(
    super::told as what_happens_is_told_in_the_same_transaction,
    super::silent as a_room_that_wants_none_has_none,
);

async fn act(world: &World, node: &Node, room: RoomId, who: &Actor, deed: Deed) -> Vec<String> {
    let done = node
        .store
        .change(room, who, deed, world.clock.now(), Trace::default())
        .await
        .unwrap();
    done.events
        .iter()
        .map(|event| match &event.body {
            EventBody::MessageCreated { message } => message.content.clone().unwrap(),
            body => body.event_type().to_owned(),
        })
        .collect()
}

fn named(name: &str) -> Deed {
    Deed::UpdateRoom(RoomPatch {
        name: Some(name.into()),
        ..RoomPatch::default()
    })
}

async fn unread(node: &Node, room: RoomId, who: &Actor) -> i64 {
    let access = node.store.access(room, who.user_id).await.unwrap().unwrap();
    access.current().unwrap().unread(access.head.last_number)
}

async fn told(world: World) {
    let node = world.node().await;
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let room = node.room(RoomKind::Public, &ann, &[]).await;
    let wanted = Deed::UpdateRoom(RoomPatch {
        system_messages: Some(true),
        ..RoomPatch::default()
    });
    assert_eq!(act(&world, &node, room, &ann, wanted).await, ["room_updated"]);
    assert_eq!(
        act(&world, &node, room, &bob, Deed::Join).await,
        ["user_joined", "BOB joined"]
    );
    assert_eq!(
        (unread(&node, room, &ann).await, unread(&node, room, &bob).await),
        (1, 0),
        "it counts, but not for whom it is about"
    );
    let add = Deed::AddMembers(vec![(eve.user_id, MemberRole::Member)]);
    assert_eq!(
        act(&world, &node, room, &ann, add).await,
        ["user_joined", "ANN added EVE"]
    );
    assert_eq!(
        act(&world, &node, room, &ann, named("Hall")).await,
        ["room_updated", "ANN renamed the room to \u{201c}Hall\u{201d}"]
    );
    assert_eq!(
        unread(&node, room, &ann).await,
        3,
        "what one has not read stays unread"
    );
    node.say(room, &eve, "a", "hello").await.unwrap();
    let ban = Deed::Ban {
        user_id: eve.user_id,
        reason: None,
    };
    assert_eq!(
        act(&world, &node, room, &ann, ban).await,
        ["user_left", "user_banned", "ANN banned EVE"]
    );
    assert_eq!(
        act(&world, &node, room, &ann, Deed::Leave).await,
        ["member_updated", "user_left", "BOB owns the room now", "ANN left"]
    );

    let request = LogRequest {
        room_id: room,
        viewer: Some(bob.user_id),
        after_seq: 0,
        limit: 100,
        event_id: None,
    };
    let page = node.store.log(&[request]).await.unwrap().remove(0);
    let seqs: Vec<i64> = page.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=page.head.last_seq).collect::<Vec<_>>(), "no hole");
    let messages: Vec<_> = page
        .events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::MessageCreated { message } => Some((message, event.id)),
            _ => None,
        })
        .collect();
    let numbers: Vec<i64> = messages.iter().map(|(message, _)| message.number).collect();
    assert_eq!(numbers, (1..=page.head.last_number).collect::<Vec<_>>());
    assert!(messages.iter().all(|(message, id)| message.id.0 == id.0));
    let (first, _) = messages[0];
    assert_eq!(first.content_type, ContentType::System);
    assert_eq!(
        first.metadata,
        json!({"system": {"type": "joined", "user_id": bob.user_id}})
    );
    assert!(first.extras.is_empty(), "it names nobody");
    assert_eq!(
        world
            .number("SELECT count(*) FROM outbox WHERE room_id IS NOT NULL")
            .await,
        page.head.last_seq,
        "each has its outbox row"
    );
    // The last one out closes the room, and there is nobody to tell.
    assert_eq!(
        act(&world, &node, room, &bob, Deed::Leave).await,
        ["room_updated", "user_left"]
    );
}

async fn silent(world: World) {
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let room = node.room(RoomKind::Public, &ann, &[]).await;
    assert_eq!(act(&world, &node, room, &bob, Deed::Join).await, ["user_joined"]);
    assert_eq!(
        act(&world, &node, room, &ann, named("Hall")).await,
        ["room_updated"]
    );
    let refused = node
        .store
        .change(room, &bob, named("Mine"), world.clock.now(), Trace::default())
        .await;
    assert_eq!(refused.unwrap_err().code(), Code::Forbidden);
}

//! Reactions and pins: counted in step with their rows, by many at once, and gone with their message.

use std::collections::HashSet;
use std::sync::Arc;

use confab_domain::ports::{Changed, Conversations, NewRoom, RoomReads, RoomWrites};
use confab_domain::{
    Actor, Code, Deed, History, Horizon, Message, MessageId, PINS_MAX, RoomId, RoomKind, Timestamp, Trace,
};
use futures_util::future::join_all;
use serde_json::json;

use crate::world::{Node, World, on_both, soon};

on_both!(
    super::many_at_once as fifty_people_on_two_nodes_are_counted_as_their_rows,
    super::once_each as a_person_reacts_once_with_each_emoji,
    super::deletion as a_deleted_message_wears_nothing,
    super::pins as pins_are_listed_newest_first_and_bounded,
    super::horizon as a_newcomer_sees_no_pin_from_before_their_time,
);

const fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_704_110_401_000 + second * 1_000)
}

/// Does a deed, again as long as the outcome is unknown: all of these are the same when done twice.
async fn deed(node: &Node, room: RoomId, actor: &Actor, deed: Deed, now: Timestamp) -> Changed {
    loop {
        let changed = node
            .store
            .change(room, actor, deed.clone(), now, Trace::default())
            .await;
        match changed {
            Err(error) if error.code() == Code::Unavailable => {}
            outcome => return outcome.unwrap(),
        }
    }
}

fn add(message_id: MessageId, emoji: &str) -> Deed {
    Deed::AddReaction {
        message_id,
        emoji: emoji.into(),
    }
}

fn remove(message_id: MessageId, emoji: &str) -> Deed {
    Deed::RemoveReaction {
        message_id,
        emoji: emoji.into(),
    }
}

async fn read(node: &Node, message_id: MessageId, viewer: &Actor) -> Arc<Message> {
    let found = node.store.message(message_id, viewer.user_id).await.unwrap();
    found.unwrap().0
}

fn counts(message: &Message) -> Vec<(&str, i64)> {
    let kinds = message.extras.reactions.iter();
    kinds.map(|kind| (kind.emoji.as_str(), kind.count)).collect()
}

async fn many_at_once(world: World) {
    let nodes = [Arc::new(world.node().await), Arc::new(world.node().await)];
    let ann = nodes[0].user("ann").await;
    let mut people = Vec::new();
    for n in 0..50 {
        people.push(nodes[0].user(&format!("person{n}")).await);
    }
    let members: Vec<&Actor> = people.iter().collect();
    let room = nodes[0].room(RoomKind::Private, &ann, &members).await;
    let message = nodes[0].say(room, &ann, "m", "hello").await.unwrap().message;
    let reacting = people.iter().enumerate().map(|(n, person)| {
        let (node, person, message_id) = (nodes[n % 2].clone(), person.clone(), message.id);
        tokio::spawn(async move {
            let emoji = if n % 5 == 0 { "🎉" } else { "👍" };
            deed(&node, room, &person, add(message_id, emoji), at(0)).await;
            // Twice, and for every tenth back again.
            deed(&node, room, &person, add(message_id, emoji), at(0)).await;
            if n % 10 == 0 {
                deed(&node, room, &person, remove(message_id, emoji), at(0)).await;
            }
        })
    });
    for outcome in soon(join_all(reacting)).await {
        outcome.unwrap();
    }
    let message = read(&nodes[1], message.id, &ann).await;
    let mut counted = counts(&message);
    counted.sort_unstable();
    assert_eq!(counted, [("🎉", 5), ("👍", 40)]);
    for (emoji, count) in counted {
        let rows = format!("SELECT count(*) FROM reactions WHERE emoji = '{emoji}'");
        assert_eq!(world.number(&rows).await, count, "{emoji}");
    }
    let access = nodes[1].store.access(room, ann.user_id).await.unwrap().unwrap();
    assert_eq!(message.updated_seq, access.head.last_seq);
    // 1 room, 51 people, 1 message, then each reaction once.
    assert_eq!(access.head.last_seq, 1 + 51 + 1 + 50 + 5);

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = nodes[0]
            .store
            .reactions(room, message.id, None, after, 7)
            .await
            .unwrap();
        listed.extend(page.items.into_iter().map(|(reaction, user)| {
            assert_eq!(reaction.user_id, user.id);
            (reaction.emoji, reaction.user_id)
        }));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed.len(), 45);
    assert_eq!(
        listed.iter().collect::<HashSet<_>>().len(),
        45,
        "nobody is listed twice"
    );
    let party = nodes[0]
        .store
        .reactions(room, message.id, Some("🎉"), None, 100)
        .await
        .unwrap();
    assert_eq!(party.items.len(), 5);
    let asked: Vec<_> = ["🎉", "👍", "❤️"]
        .map(|emoji| (room, message.id, emoji.to_owned()))
        .into();
    let own = nodes[0]
        .store
        .own_reactions(people[5].user_id, &asked)
        .await
        .unwrap();
    assert_eq!(own, [(message.id, "🎉".to_owned())]);
}

async fn once_each(world: World) {
    let node = world.node().await;
    let (ann, eve) = (node.user("ann").await, node.user("eve").await);
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let message = node.say(room, &ann, "m", "hello").await.unwrap().message;
    let added = deed(&node, room, &ann, add(message.id, "👍"), at(0)).await;
    assert_eq!(added.events[0].body.event_type(), "reaction_added");
    let again = deed(&node, room, &ann, add(message.id, "👍"), at(0)).await;
    assert!(again.events.is_empty());
    deed(&node, room, &ann, add(message.id, "❤️"), at(0)).await;
    let now = read(&node, message.id, &ann).await;
    assert_eq!(counts(&now), [("👍", 1), ("❤️", 1)]);
    assert_eq!(now.updated_seq, added.events[0].seq + 1);
    deed(&node, room, &ann, remove(message.id, "👍"), at(0)).await;
    let never = deed(&node, room, &ann, remove(message.id, "👍"), at(0)).await;
    assert!(never.events.is_empty());
    assert_eq!(counts(&*read(&node, message.id, &ann).await), [("❤️", 1)]);
    let stranger = node
        .store
        .change(room, &eve, add(message.id, "👍"), at(0), Trace::default());
    assert_eq!(stranger.await.unwrap_err().code(), Code::NotFound);
}

async fn deletion(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let message = node.say(room, &ann, "m", "hello").await.unwrap().message;
    deed(&node, room, &ann, add(message.id, "👍"), at(0)).await;
    deed(&node, room, &ann, Deed::PinMessage(message.id), at(0)).await;
    deed(
        &node,
        room,
        &ann,
        Deed::DeleteMessage {
            message_id: message.id,
            reason: None,
        },
        at(1),
    )
    .await;
    let tombstone = read(&node, message.id, &ann).await;
    assert!(counts(&tombstone).is_empty() && tombstone.extras.pinned_at.is_none());
    assert_eq!(world.number("SELECT count(*) FROM reactions").await, 0);
    let pins = node.store.pins(room, Horizon::ALL, None, 10).await.unwrap();
    assert!(pins.items.is_empty());
    for deed in [add(message.id, "👍"), Deed::PinMessage(message.id)] {
        let refused = node.store.change(room, &ann, deed, at(2), Trace::default()).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict);
    }
    for deed in [remove(message.id, "👍"), Deed::UnpinMessage(message.id)] {
        let changed = node.store.change(room, &ann, deed, at(2), Trace::default()).await;
        assert!(changed.unwrap().events.is_empty());
    }
}

async fn pins(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let other = node.room(RoomKind::Private, &ann, &[]).await;
    let mut messages = Vec::new();
    for n in 0..=PINS_MAX {
        messages.push(
            node.say(room, &ann, &n.to_string(), "text")
                .await
                .unwrap()
                .message,
        );
    }
    // Every two at the same moment, so that the moment alone cannot tell them apart.
    for (n, message) in (0..).zip(&messages[..100]) {
        let pinned = deed(&node, room, &ann, Deed::PinMessage(message.id), at(n / 2)).await;
        assert_eq!(pinned.events[0].body.event_type(), "message_pinned");
    }
    let one_more = node.store.change(
        room,
        &ann,
        Deed::PinMessage(messages[100].id),
        at(99),
        Trace::default(),
    );
    assert_eq!(one_more.await.unwrap_err().code(), Code::Conflict);
    let elsewhere = node.store.change(
        other,
        &ann,
        Deed::PinMessage(messages[0].id),
        at(99),
        Trace::default(),
    );
    assert_eq!(
        elsewhere.await.unwrap_err().code(),
        Code::NotFound,
        "only the room's own"
    );
    let again = deed(&node, room, &ann, Deed::PinMessage(messages[0].id), at(200)).await;
    assert!(again.events.is_empty(), "it stays where it is in the list");

    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = node.store.pins(room, Horizon::ALL, after, 9).await.unwrap();
        listed.extend(page.items.iter().map(|message| message.number));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(listed, (1..=100).rev().collect::<Vec<_>>());
    deed(&node, room, &ann, Deed::UnpinMessage(messages[99].id), at(300)).await;
    let first = node.store.pins(room, Horizon::ALL, None, 1).await.unwrap();
    assert_eq!(first.items[0].number, 99);
    assert!(first.items[0].extras.pinned_at.is_some());
}

async fn horizon(world: World) {
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let wanted = NewRoom {
        id: RoomId::mint(at(0)),
        kind: RoomKind::Public,
        name: "Later".into(),
        description: None,
        metadata: json!({}),
        history: History::SinceJoin,
        member_ids: vec![],
        settings: confab_domain::RoomSettings::default(),
    };
    let made = node
        .store
        .create_room(wanted, &ann, at(0), Trace::default())
        .await
        .unwrap();
    let room = made.room.id;
    let old = node.say(room, &ann, "a", "before").await.unwrap().message;
    deed(&node, room, &bob, Deed::Join, at(1)).await;
    let new = node.say(room, &ann, "b", "after").await.unwrap().message;
    for message in [&old, &new] {
        deed(&node, room, &ann, Deed::PinMessage(message.id), at(2)).await;
    }
    let access = node.store.access(room, bob.user_id).await.unwrap().unwrap();
    let seen_from = access.current().unwrap().horizon();
    let pins = node.store.pins(room, seen_from, None, 10).await.unwrap();
    assert_eq!(pins.items.iter().map(|m| m.id).collect::<Vec<_>>(), [new.id]);
    let refused = node
        .store
        .change(room, &bob, add(old.id, "👍"), at(3), Trace::default());
    assert_eq!(refused.await.unwrap_err().code(), Code::NotFound);
}

//! Replies with their parents, threads, former texts, tombstones.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{LogRequest, MessageReads, PageAt, RoomReads, RoomWrites};
use confab_domain::{
    Actor, Body, Deed, Event, EventBody, History, Horizon, MemberRole, Message, MessageId, Named, Preview,
    RoomId, RoomKind, Trace,
};
use confab_testkit::waiting::wait_for;

use crate::on_both;
use crate::world::{World, body, new_message};

on_both!(
    replies_show_their_parent_as_it_is_now,
    what_is_the_same_for_everybody_shows_no_parent_that_some_may_not_see,
    a_thread_is_read_in_its_order,
    parents_count_their_replies,
    counts_are_those_of_the_messages_after_any_traffic,
    former_texts_are_kept_until_the_message_is_gone,
    a_tombstone_says_who_and_why_and_nothing_else,
    a_reply_and_the_deletion_of_its_parent_cross,
    an_edit_and_a_deletion_cross,
    a_forward_is_known_by_its_source,
);

async fn page(world: &World, room: RoomId, viewer: &Actor) -> Vec<Arc<Message>> {
    let access = world.store.access(room, viewer.user_id).await.unwrap().unwrap();
    let page = world
        .store
        .messages(&access, Horizon::ALL, PageAt::After(0), 100)
        .await
        .unwrap();
    page.messages
}

async fn log(world: &World, room: RoomId) -> Vec<Arc<Event>> {
    let request = LogRequest {
        room_id: room,
        viewer: None,
        after_seq: 0,
        limit: 1_000,
        event_id: None,
    };
    world.store.log(&[request]).await.unwrap().pop().unwrap().events
}

async fn one(world: &World, id: MessageId, viewer: &Actor) -> Arc<Message> {
    world.store.message(id, viewer.user_id).await.unwrap().unwrap().0
}

fn parent(message: &Message) -> Option<&Preview> {
    message.extras.parent.as_deref()
}

fn edit(message: &Message, content: &str) -> Deed {
    Deed::EditMessage {
        message_id: message.id,
        content: content.to_owned(),
        named: Named::default(),
    }
}

fn delete(message: &Message) -> Deed {
    Deed::DeleteMessage {
        message_id: message.id,
        reason: None,
    }
}

/// What was told to the live feed, once something was.
async fn told(world: &World) -> Vec<Arc<Event>> {
    wait_for("word to the live feed", Duration::from_secs(30), async || {
        let batches = world.heard.take();
        let events: Vec<_> = batches.iter().flat_map(|batch| batch.events.clone()).collect();
        (!events.is_empty()).then_some(events)
    })
    .await
}

/// The message as the latest event of the log that bears it shows it.
fn latest_shown(events: &[Arc<Event>], id: MessageId) -> Message {
    let shown = events.iter().rev().find_map(|event| match &event.body {
        EventBody::MessageCreated { message } | EventBody::MessageUpdated { message } if message.id == id => {
            Some(message.as_ref().clone())
        }
        _ => None,
    });
    shown.unwrap()
}

async fn replies_show_their_parent_as_it_is_now(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Private, History::All).await;
    let long = "ä".repeat(300);
    world.heard.take();
    let said = world.say(room, &anna, &long).await;
    told(&world).await;
    let reply = world.reply(&anna, &said, "an answer").await;
    let first = Preview {
        id: said.id,
        number: 1,
        sender_id: anna.user_id,
        content: Some("ä".repeat(200)),
        is_deleted: false,
        attachment_count: 0,
    };
    assert_eq!(parent(&reply), Some(&first), "the answer to the sender");
    // A lane answers the sender before it tells the live feed.
    let live = told(&world).await;
    assert_eq!(parent(&latest_shown(&live, reply.id)), Some(&first), "live");

    world.deed(room, &anna, edit(&said, "edited")).await;
    let edited = Preview {
        content: Some("edited".into()),
        ..first.clone()
    };
    let everywhere = async |expected: &Preview| {
        assert_eq!(parent(&page(&world, room, &anna).await[1]), Some(expected));
        assert_eq!(parent(&*one(&world, reply.id, &anna).await), Some(expected));
        assert_eq!(
            parent(&latest_shown(&log(&world, room).await, reply.id)),
            Some(expected)
        );
    };
    everywhere(&edited).await;
    world.heard.take();
    world.deed(room, &anna, edit(&reply, "a better answer")).await;
    let live = told(&world).await;
    assert_eq!(parent(&latest_shown(&live, reply.id)), Some(&edited), "an edit");

    world.deed(room, &anna, delete(&said)).await;
    let deleted = Preview {
        content: None,
        is_deleted: true,
        ..first
    };
    everywhere(&deleted).await;
    world.deed(room, &anna, delete(&reply)).await;
    let tombstone = one(&world, reply.id, &anna).await;
    assert_eq!((parent(&tombstone), tombstone.reply_to), (None, Some(said.id)));
}

async fn what_is_the_same_for_everybody_shows_no_parent_that_some_may_not_see(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Private, History::SinceJoin).await;
    world.heard.take();
    let said = world.say(room, &anna, "a secret").await;
    told(&world).await;
    let reply = world.reply(&anna, &said, "an answer").await;
    let mut live = told(&world).await;
    world.deed(room, &anna, edit(&reply, "another")).await;
    live.extend(told(&world).await);
    assert_eq!(live.len(), 2);
    for event in live.iter().chain(&log(&world, room).await[2..]) {
        if let EventBody::MessageCreated { message } | EventBody::MessageUpdated { message } = &event.body {
            assert_eq!(parent(message), None);
        }
    }
    assert_eq!(parent(&reply), None);
    assert_eq!(parent(&page(&world, room, &anna).await[1]), None);
    let previews = world.store.previews(room, &[said.id]).await.unwrap();
    assert_eq!(previews[0].content.as_deref(), Some("a secret"));
    let other = world.room(&anna, RoomKind::Private, History::All).await;
    let of_another_room = world.store.previews(other, &[said.id]).await.unwrap();
    assert!(of_another_room.is_empty());
}

async fn a_thread_is_read_in_its_order(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let said = world.say(room, &anna, "question").await;
    let mut replies = Vec::new();
    for number in 0..5 {
        replies.push(world.reply(&anna, &said, &format!("{number}")).await.id);
        world.say(room, &anna, "something else").await;
    }
    let nested = world
        .reply(&anna, &*one(&world, replies[0], &anna).await, "deeper")
        .await;
    let read = async |after_seq, visible_from_number, limit| {
        let horizon = Horizon {
            visible_from_number,
            joined_seq: 0,
        };
        let page = world
            .store
            .replies(room, said.id, horizon, after_seq, limit)
            .await
            .unwrap();
        assert_eq!(page.last_seq, nested.seq);
        let ids: Vec<_> = page.messages.iter().map(|message| message.id).collect();
        (
            ids,
            page.has_older,
            page.has_newer,
            page.messages.last().map(|m| m.seq),
        )
    };
    let (ids, older, newer, last_seq) = read(0, 0, 2).await;
    assert_eq!((&ids[..], older, newer), (&replies[..2], false, true));
    let (ids, older, newer, _) = read(last_seq.unwrap(), 0, 3).await;
    assert_eq!((&ids[..], older, newer), (&replies[2..], true, false));
    let (ids, ..) = read(0, 7, 10).await;
    assert_eq!(ids, replies[3..], "only what a newcomer may see");
    let (ids, ..) = read(nested.seq, 0, 10).await;
    assert!(ids.is_empty());
}

async fn parents_count_their_replies(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let said = world.say(room, &anna, "question").await;
    let counted = async || {
        let message = one(&world, said.id, &anna).await;
        assert_eq!(message.updated_seq, said.seq, "being answered is no change");
        (message.extras.reply_count, message.extras.last_reply_at)
    };
    assert_eq!(counted().await, (0, None));
    let first = world.reply(&anna, &said, "one").await;
    world.clock.advance(Duration::from_secs(5));
    let second = world.reply(&anna, &said, "two").await;
    assert_eq!(counted().await, (2, Some(second.created_at)));
    world.deed(room, &anna, delete(&second)).await;
    assert_eq!(counted().await, (1, Some(first.created_at)));
    world.deed(room, &anna, delete(&second)).await;
    assert_eq!(counted().await.0, 1, "deleted once");
    world.deed(room, &anna, delete(&first)).await;
    assert_eq!(counted().await, (0, None));
}

/// Two nodes answer, and delete what was answered, at once.
async fn counts_are_those_of_the_messages_after_any_traffic(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let parents = [
        world.say(room, &anna, "a").await,
        world.say(room, &anna, "b").await,
    ];
    let nodes = [world.store.clone(), world.another_node().await];
    let work = nodes.iter().cloned().enumerate().map(|(index, store)| {
        let (anna, parents, now) = (anna.clone(), parents.clone(), world.now());
        tokio::spawn(async move {
            for step in 0..20 {
                let parent = &parents[(index + step) % 2];
                let reply = Body {
                    reply_to: Some(parent.id),
                    ..body("an answer")
                };
                let (one, other) = tokio::join!(
                    store.send(new_message(room, &anna, reply.clone(), now)),
                    store.send(new_message(room, &anna, reply, now)),
                );
                let (one, _) = (one.unwrap(), other.unwrap());
                if step % 3 == 0 {
                    let deed = delete(&one.message);
                    store
                        .change(room, &anna, deed, now, Trace::default())
                        .await
                        .unwrap();
                }
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let messages = page(&world, room, &anna).await;
    assert_eq!(messages.len(), 82);
    for parent in &messages[..2] {
        let alive = messages
            .iter()
            .filter(|message| message.reply_to == Some(parent.id) && !message.is_deleted());
        let alive = i64::try_from(alive.count()).unwrap();
        assert_eq!(parent.extras.reply_count, alive);
    }
}

async fn former_texts_are_kept_until_the_message_is_gone(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let said = world.say(room, &anna, "one").await;
    let mut moments = vec![world.now()];
    for text in ["two", "three", "four"] {
        world.clock.advance(Duration::from_secs(1));
        moments.push(world.now());
        world.deed(room, &anna, edit(&said, text)).await;
    }
    let read = async |after_seq, limit| {
        let page = world.store.former_texts(room, said.id, after_seq, limit).await;
        page.unwrap()
    };
    let page = read(0, 2).await;
    let texts: Vec<_> = page.items.iter().map(|former| former.content.as_str()).collect();
    assert_eq!(texts, ["one", "two"]);
    let times: Vec<_> = page
        .items
        .iter()
        .map(|former| (former.written_at, former.replaced_at))
        .collect();
    assert_eq!(times, [(moments[0], moments[1]), (moments[1], moments[2])]);
    let page = read(page.next.unwrap(), 2).await;
    assert_eq!((page.items[0].content.as_str(), page.next), ("three", None));
    assert_eq!(page.items[0].written_at, moments[2]);
    world.deed(room, &anna, delete(&said)).await;
    assert!(read(0, 10).await.items.is_empty());
    assert_eq!(world.sql("SELECT count(*) FROM message_edits").await, "0");
}

async fn a_tombstone_says_who_and_why_and_nothing_else(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world
        .deed(
            room,
            &anna,
            Deed::AddMembers(vec![(bert.user_id, MemberRole::Member)]),
        )
        .await;
    let named = Named {
        mentions: vec![anna.user_id],
        here: true,
        links: vec!["https://secret.example".into()],
    };
    let said = Body {
        named,
        ..body("a secret")
    };
    let said = world.say_body(room, &bert, said).await;
    assert_eq!(said.extras.named.links, ["https://secret.example"]);
    world
        .sql_change(
            "INSERT INTO reactions (created_at, room_id, message_id, user_id, emoji)
             SELECT created_at, room_id, id, sender_id, 'x' FROM messages",
        )
        .await;
    let deed = Deed::DeleteMessage {
        message_id: said.id,
        reason: Some("spam".into()),
    };
    let changed = world.deed(room, &anna, deed).await;
    assert_eq!(
        changed.events[0].body,
        EventBody::MessageDeleted {
            message_id: said.id,
            number: 1
        },
        "ids alone"
    );
    let tombstone = one(&world, said.id, &bert).await;
    assert_eq!(tombstone.content, None);
    let extras = &tombstone.extras;
    assert_eq!(extras.named, Named::default());
    assert_eq!(
        (extras.deleted_by, extras.delete_reason.as_deref()),
        (Some(anna.user_id), Some("spam"))
    );
    for table in ["mentions", "reactions", "message_edits"] {
        let rows = world.sql(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, "0", "{table}");
    }
    let shown = format!("{:?}", log(&world, room).await);
    assert!(!shown.contains("secret"), "{shown}");
}

/// Whoever comes first: the reply stands, and shows its parent as it is.
async fn a_reply_and_the_deletion_of_its_parent_cross(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let other = world.another_node().await;
    for _ in 0..15 {
        let said = world.say(room, &anna, "a secret").await;
        let reply = Body {
            reply_to: Some(said.id),
            ..body("an answer")
        };
        world.heard.take();
        let (sent, deleted) = tokio::join!(
            world.store.send(new_message(room, &anna, reply, world.now())),
            other.change(room, &anna, delete(&said), world.now(), Trace::default()),
        );
        let (reply, deleted_seq) = (sent.unwrap().message, deleted.unwrap().events[0].seq);
        let shown = parent(&reply).unwrap();
        assert_eq!(
            shown.content.is_some(),
            reply.seq < deleted_seq,
            "as it was in the order of the room"
        );
        let now = one(&world, reply.id, &anna).await;
        assert_eq!(parent(&now).map(|parent| parent.is_deleted), Some(true));
        assert_eq!(one(&world, said.id, &anna).await.extras.reply_count, 1);
    }
}

/// Whoever comes first: no text is left.
async fn an_edit_and_a_deletion_cross(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let other = world.another_node().await;
    for _ in 0..15 {
        let said = world.say(room, &anna, "a secret").await;
        let named = Named {
            mentions: vec![anna.user_id],
            ..Named::default()
        };
        let edit = Deed::EditMessage {
            message_id: said.id,
            content: "another secret".into(),
            named,
        };
        let (edited, deleted) = tokio::join!(
            world
                .store
                .change(room, &anna, edit, world.now(), Trace::default()),
            other.change(room, &anna, delete(&said), world.now(), Trace::default()),
        );
        deleted.unwrap();
        if let Err(error) = edited {
            assert_eq!(error.code(), confab_domain::Code::Conflict);
        }
        assert_eq!(one(&world, said.id, &anna).await.content, None);
    }
    for table in ["message_edits", "mentions"] {
        let rows = world.sql(&format!("SELECT count(*) FROM {table}")).await;
        assert_eq!(rows, "0", "{table}");
    }
}

async fn a_forward_is_known_by_its_source(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let said = world.say(room, &anna, "first said").await;
    let forward = |source: &Message| Body::forwarding(source).unwrap();
    let mut first = new_message(room, &anna, forward(&said), world.now());
    first.client_id = "f-1".into();
    let sent = world.store.send(first.clone()).await.unwrap();
    assert_eq!(
        sent.message
            .extras
            .forwarded_from
            .as_ref()
            .map(|from| from.message_id),
        Some(said.id)
    );
    world.deed(room, &anna, edit(&said, "edited meanwhile")).await;
    let mut again = new_message(room, &anna, forward(&said), world.now());
    again.client_id = "f-1".into();
    let repeat = world.store.send(again.clone()).await.unwrap();
    assert!(repeat.is_duplicate);
    assert_eq!(repeat.message.content.as_deref(), Some("first said"));
    assert!(world.store.sent_before(&again).await.unwrap().is_some());
    let other = world.say(room, &anna, "something else").await;
    again.body = forward(&other);
    assert!(world.store.send(again).await.is_err(), "another source");
}

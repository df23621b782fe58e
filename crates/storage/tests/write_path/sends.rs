//! Sends: repeats, rights, poisoned ones.

use confab_domain::ports::{RoomReads, RoomWrites};
use confab_domain::{Code, Deed, MessageId, RoomId, RoomKind, Timestamp, Trace};
use futures_util::future::join_all;

use crate::world::{World, message, on_both};

on_both!(
    super::repeats as a_repeat_answers_the_first_message,
    super::rights as rights_are_those_of_the_table,
    super::replies as a_reply_points_into_its_own_room,
    super::poison as a_poisoned_send_fails_alone,
    super::marks as sending_marks_as_read,
    super::closing as a_closed_store_takes_nothing,
);

async fn repeats(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let bob = node.user("bob").await;
    let room = node.room(RoomKind::Private, &ann, &[&bob]).await;

    let first = node.say(room, &ann, "a", "Hello").await.unwrap();
    assert!(!first.is_duplicate);
    assert_eq!(
        (first.message.seq, first.message.number),
        (4, 1),
        "after room_created and two user_joined"
    );
    let again = node.say(room, &ann, "a", "Hello").await.unwrap();
    assert!(again.is_duplicate);
    assert_eq!(again.message, first.message);
    assert_eq!(
        node.say(room, &ann, "a", "Other").await.unwrap_err().code(),
        Code::Conflict
    );
    assert!(
        !node.say(room, &bob, "a", "Hello").await.unwrap().is_duplicate,
        "another sender's id"
    );

    // Many at once, in one batch or several: one message.
    let sends = (0..20).map(|_| node.say(room, &ann, "b", "Twice"));
    let sent: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(sent.iter().filter(|sent| !sent.is_duplicate).count(), 1);
    assert!(sent.iter().all(|s| s.message.id == sent[0].message.id));

    let wanted = message(room, &ann, "b", "Twice");
    assert_eq!(
        node.store.sent_before(&wanted).await.unwrap().unwrap().message.id,
        sent[0].message.id
    );
    let wanted = message(room, &ann, "never", "Twice");
    assert!(node.store.sent_before(&wanted).await.unwrap().is_none());

    // A lost ack is healed even when the sender may no longer send.
    node.store
        .change(
            room,
            &ann,
            Deed::RemoveMember(bob.user_id),
            now(),
            Trace::default(),
        )
        .await
        .unwrap();
    assert!(node.say(room, &bob, "a", "Hello").await.unwrap().is_duplicate);
    assert_eq!(
        node.say(room, &bob, "c", "Hello").await.unwrap_err().code(),
        Code::NotFound
    );
}

async fn rights(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let eve = node.user("eve").await;
    let public = node.room(RoomKind::Public, &ann, &[]).await;
    let private = node.room(RoomKind::Private, &ann, &[]).await;
    let nowhere = RoomId::mint(now());
    assert_eq!(
        node.say(public, &eve, "a", "x").await.unwrap_err().code(),
        Code::Forbidden
    );
    assert_eq!(
        node.say(private, &eve, "a", "x").await.unwrap_err().code(),
        Code::NotFound
    );
    assert_eq!(
        node.say(nowhere, &eve, "a", "x").await.unwrap_err().code(),
        Code::NotFound
    );

    // In one batch, refusals burn no number.
    let sends = (0..30).map(|n| {
        let who = if n % 3 == 0 { &eve } else { &ann };
        node.say(
            private,
            who,
            if n % 3 == 0 { "e" } else { ["a", "b"][n % 2] },
            "x",
        )
    });
    let sent = join_all(sends).await;
    assert_eq!(sent.iter().filter(|sent| sent.is_err()).count(), 10);
    let access = node.store.access(private, ann.user_id).await.unwrap().unwrap();
    assert_eq!((access.head.last_number, access.head.last_seq), (2, 4));

    node.store
        .change(public, &ann, Deed::DeleteRoom, now(), Trace::default())
        .await
        .unwrap();
    assert_eq!(
        node.say(public, &ann, "z", "x").await.unwrap_err().code(),
        Code::NotFound
    );
}

async fn replies(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let here = node.room(RoomKind::Private, &ann, &[]).await;
    let there = node.room(RoomKind::Private, &ann, &[]).await;
    let first = node.say(here, &ann, "a", "x").await.unwrap().message;
    for (room, reply_to, is_fine) in [
        (here, first.id, true),
        (there, first.id, false),
        (here, MessageId::mint(now()), false),
    ] {
        let mut reply = message(room, &ann, &reply_to.to_string(), "y");
        reply.body.reply_to = Some(reply_to);
        let sent = node.store.send(reply).await;
        assert_eq!(sent.is_ok(), is_fine, "{sent:?}");
        if let Err(error) = sent {
            assert!(error.to_string().contains("reply_to"), "{error}");
        }
    }
}

async fn poison(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let rooms = [
        node.room(RoomKind::Private, &ann, &[]).await,
        node.room(RoomKind::Private, &ann, &[]).await,
    ];
    let first = node.say(rooms[0], &ann, "first", "x").await.unwrap().message;
    // An id that is taken: the database refuses the whole statement it comes in.
    let sends: Vec<_> = (0..40)
        .map(|n| {
            let mut sent = message(rooms[n % 2], &ann, &format!("c{n}"), "x");
            if n == 17 {
                sent.id = first.id;
            }
            node.store.send(sent)
        })
        .collect();
    let sent = join_all(sends).await;
    for (n, sent) in sent.iter().enumerate() {
        assert_eq!(sent.is_err(), n == 17, "{n}: {sent:?}");
    }
    assert_eq!(sent[17].as_ref().unwrap_err().code(), Code::Internal);
    let mut last = [1, 0];
    for (n, sent) in sent.into_iter().enumerate().filter(|(_, sent)| sent.is_ok()) {
        last[n % 2] += 1;
        assert_eq!(
            sent.unwrap().message.number,
            last[n % 2],
            "order is kept and no number burnt"
        );
    }
}

async fn marks(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let bob = node.user("bob").await;
    let room = node.room(RoomKind::Private, &ann, &[&bob]).await;
    for n in 0..3 {
        node.say(room, &ann, &n.to_string(), "x").await.unwrap();
    }
    let unread = async |who: &confab_domain::Actor| {
        let access = node.store.access(room, who.user_id).await.unwrap().unwrap();
        access.current().unwrap().unread(access.head.last_number)
    };
    assert_eq!((unread(&ann).await, unread(&bob).await), (0, 3));
    node.say(room, &bob, "b", "x").await.unwrap();
    assert_eq!((unread(&ann).await, unread(&bob).await), (1, 0));
}

async fn closing(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    node.say(room, &ann, "a", "x").await.unwrap();
    node.store.close().await;
    assert_eq!(
        node.say(room, &ann, "b", "x").await.unwrap_err().code(),
        Code::Unavailable
    );
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_704_110_401_000)
}

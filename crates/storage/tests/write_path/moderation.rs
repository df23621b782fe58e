//! Bans and mutes, each against what it must stop at the same moment on another node.

use std::time::Duration;

use confab_domain::ports::{Moderation, RoomReads, RoomWrites};
use confab_domain::{
    Actor, Clock, Code, Deed, MemberRole, Result, RoomId, RoomKind, RoomPatch, Timestamp, Trace, UserRole,
};
use futures_util::future::join_all;

use crate::world::{Node, World, on_both, soon};

on_both!(
    super::banning as who_is_banned_is_out_and_stays_out,
    super::ban_races_join as a_ban_that_races_a_joining_leaves_nobody_in,
    super::ban_races_sends as a_ban_that_races_sends_has_none_after_it,
    super::muting as a_mute_is_kept_over_a_rejoin_and_ends_by_itself,
    super::settings as a_rooms_settings_are_kept,
);

async fn deed(world: &World, node: &Node, room_id: RoomId, actor: &Actor, deed: Deed) -> Result<Vec<String>> {
    let changed = node
        .store
        .change(room_id, actor, deed, world.clock.now(), Trace::default())
        .await?;
    Ok(changed
        .events
        .iter()
        .map(|event| event.body.event_type().to_owned())
        .collect())
}

fn ban(who: &Actor, reason: Option<&str>) -> Deed {
    Deed::Ban {
        user_id: who.user_id,
        reason: reason.map(str::to_owned),
    }
}

async fn banning(world: World) {
    let node = world.node().await;
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let room = node.room(RoomKind::Public, &ann, &[&bob]).await;
    let to = |deed_: Deed, actor: &Actor| {
        let (world, node, actor) = (&world, &node, actor.clone());
        async move { deed(world, node, room, &actor, deed_).await }
    };
    assert_eq!(
        to(ban(&bob, Some("spam")), &ann).await.unwrap(),
        ["user_left", "user_banned"]
    );
    assert_eq!(to(ban(&eve, None), &ann).await.unwrap(), ["user_banned"]);
    assert!(to(ban(&bob, None), &ann).await.unwrap().is_empty(), "so already");
    let access = node.store.access(room, bob.user_id).await.unwrap().unwrap();
    assert!(access.current().is_none());
    assert_eq!(access.head.member_count, 1);
    for who in [&bob, &eve] {
        assert_eq!(to(Deed::Join, who).await.unwrap_err().code(), Code::Forbidden);
        let add = Deed::AddMembers(vec![(who.user_id, MemberRole::Member)]);
        assert_eq!(to(add.clone(), &ann).await.unwrap_err().code(), Code::Invalid);
        let host = Actor {
            role: UserRole::Service,
            ..ann.clone()
        };
        assert_eq!(to(add, &host).await.unwrap_err().code(), Code::Invalid);
    }
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = node.store.bans(room, after, 1).await.unwrap();
        listed.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let mut expected = [(bob.user_id, Some("spam")), (eve.user_id, None)];
    expected.sort();
    let seen: Vec<_> = listed
        .iter()
        .map(|(ban, user)| {
            assert_eq!((user.id, ban.banned_by), (ban.user_id, ann.user_id));
            (ban.user_id, ban.reason.as_deref())
        })
        .collect();
    assert_eq!(seen, expected);
    assert_eq!(
        to(Deed::Unban(bob.user_id), &ann).await.unwrap(),
        ["user_unbanned"]
    );
    assert!(to(Deed::Unban(bob.user_id), &ann).await.unwrap().is_empty());
    assert_eq!(to(Deed::Join, &bob).await.unwrap(), ["user_joined"]);
}

/// A stranger joins on one node while they are banned on the other: in whatever order, they are out.
async fn ban_races_join(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    for _ in 0..10 {
        let room = one.room(RoomKind::Public, &ann, &[]).await;
        let (joined, banned) = tokio::join!(
            deed(&world, &other, room, &bob, Deed::Join),
            deed(&world, &one, room, &ann, ban(&bob, None)),
        );
        let was_in = joined.is_ok();
        assert_eq!(
            banned.unwrap().len(),
            if was_in { 2 } else { 1 },
            "put out who was in"
        );
        let access = one.store.access(room, bob.user_id).await.unwrap().unwrap();
        assert!(access.current().is_none());
        assert_eq!(access.head.member_count, 1);
    }
}

async fn ban_races_sends(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let room = one.room(RoomKind::Private, &ann, &[&bob]).await;
    let sends = join_all((0..20).map(|n| {
        let (other, bob) = (&other, &bob);
        async move { other.say(room, bob, &n.to_string(), "x").await }
    }));
    let banning = one
        .store
        .change(room, &ann, ban(&bob, None), world.clock.now(), Trace::default());
    let (sent, banned) = soon(async { tokio::join!(sends, banning) }).await;
    let left_at = banned.unwrap().events[0].seq;
    for sent in sent {
        match sent {
            Ok(sent) => assert!(sent.message.seq < left_at),
            Err(error) => assert_eq!(error.code(), Code::NotFound, "{error}"),
        }
    }
}

async fn muting(world: World) {
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let room = node.room(RoomKind::Public, &ann, &[&bob]).await;
    let said = node.say(room, &bob, "a", "hello").await.unwrap().message;
    let until = world.clock.now().plus(Duration::from_mins(10));
    let mute = Deed::Mute {
        user_id: bob.user_id,
        until,
    };
    let muted = deed(&world, &node, room, &ann, mute.clone()).await.unwrap();
    assert_eq!(muted, ["member_updated"]);
    assert!(deed(&world, &node, room, &ann, mute).await.unwrap().is_empty());
    let edit = Deed::EditMessage {
        message_id: said.id,
        content: "other".into(),
        named: confab_domain::Named::default(),
    };
    for _ in 0..2 {
        let send = node.say(room, &bob, "b", "x").await;
        assert_eq!(send.unwrap_err().code(), Code::Forbidden);
        let edited = deed(&world, &node, room, &bob, edit.clone()).await;
        assert_eq!(edited.unwrap_err().code(), Code::Forbidden);
        let repeat = node.say(room, &bob, "a", "hello").await.unwrap();
        assert!(repeat.is_duplicate, "a lost ack is healed all the same");
        for step in [Deed::Leave, Deed::Join] {
            deed(&world, &node, room, &bob, step).await.unwrap();
        }
    }
    world.clock.advance(Duration::from_mins(10));
    node.say(room, &bob, "b", "x").await.unwrap();
    assert_eq!(
        deed(&world, &node, room, &bob, edit).await.unwrap(),
        ["message_updated"]
    );
    let for_good = Deed::Mute {
        user_id: bob.user_id,
        until: Timestamp::NEVER,
    };
    deed(&world, &node, room, &ann, for_good).await.unwrap();
    world.clock.advance(Duration::from_hours(24 * 365));
    assert!(node.say(room, &bob, "c", "x").await.is_err());
    let unmuted = deed(&world, &node, room, &ann, Deed::Unmute(bob.user_id)).await;
    assert_eq!(unmuted.unwrap(), ["member_updated"]);
    node.say(room, &bob, "c", "x").await.unwrap();
}

async fn settings(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Public, &ann, &[]).await;
    let patch = RoomPatch {
        avatar_url: Some(Some("/media/1/a.png".into())),
        slow_mode_seconds: Some(30),
        system_messages: Some(true),
        edit_window_seconds: Some(Some(600)),
        ..RoomPatch::default()
    };
    let update = Deed::UpdateRoom(patch);
    let done = deed(&world, &node, room, &ann, update.clone()).await.unwrap();
    assert_eq!(done[0], "room_updated");
    assert!(deed(&world, &node, room, &ann, update).await.unwrap().is_empty());
    let access = node.store.access(room, ann.user_id).await.unwrap().unwrap();
    let room = node
        .store
        .room(room, access.head.room_changed_seq)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(room.avatar_url.as_deref(), Some("/media/1/a.png"));
    assert_eq!(
        (
            room.slow_mode_seconds,
            room.system_messages,
            room.edit_window_seconds
        ),
        (30, true, Some(600))
    );
}

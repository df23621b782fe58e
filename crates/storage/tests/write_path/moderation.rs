//! Bans, mutes, slow mode and blocks, each against what it must stop at the same moment on another node.

use std::time::Duration;

use confab_domain::ports::{LogRequest, Moderation, RoomReads, RoomWrites};
use confab_domain::{
    Actor, Clock, Code, Deed, Error, MemberRole, NewAvatar, Posting, Result, RoomId, RoomKind, RoomPatch,
    Timestamp, Trace, UserRole,
};
use futures_util::future::join_all;

use crate::world::{Node, World, on_both, soon};

on_both!(
    super::banning as who_is_banned_is_out_and_stays_out,
    super::ban_races_join as a_ban_that_races_a_joining_leaves_nobody_in,
    super::ban_races_sends as a_ban_that_races_sends_has_none_after_it,
    super::muting as a_mute_is_kept_over_a_rejoin_and_ends_by_itself,
    super::settings as a_rooms_settings_are_kept,
    super::announcements as where_moderators_post_members_are_heard_no_more_from_that_commit_on,
    super::slow_mode as slow_mode_paces_members_to_the_millisecond,
    super::slow_mode_at_once as of_two_sends_at_once_slow_mode_takes_one,
    super::blocking as a_block_silences_both_and_spares_the_past,
    super::block_races_sends as no_direct_send_commits_after_a_block,
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

/// Each sends one message after another until they are refused, which ends the test: some before the ban, none after
/// it. How many depends on when the database lets the ban in: a file that two processes write to is not fair.
async fn ban_races_sends(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    for round in 0..4 {
        let room = one.room(RoomKind::Private, &ann, &[&bob]).await;
        let sends = join_all((0..5).map(|sender| {
            let (other, bob) = (&other, &bob);
            async move {
                let mut last_seq = 0;
                for n in 0.. {
                    match other.say(room, bob, &format!("{round}-{sender}-{n}"), "x").await {
                        Ok(sent) => last_seq = sent.message.seq,
                        Err(error) => {
                            assert_eq!(error.code(), Code::NotFound, "{error}");
                            break;
                        }
                    }
                }
                last_seq
            }
        }));
        let banning = one
            .store
            .change(room, &ann, ban(&bob, None), world.clock.now(), Trace::default());
        let (sent, banned) = soon(async { tokio::join!(sends, banning) }).await;
        let left_at = banned.unwrap().events[0].seq;
        for last_seq in sent {
            assert!(last_seq < left_at, "{last_seq} after {left_at}");
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
        avatar: Some(NewAvatar::Url("https://img.example/a.png".into())),
        posting: Some(Posting::Moderators),
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
    assert_eq!(room.avatar_url.as_deref(), Some("https://img.example/a.png"));
    assert_eq!(
        (
            room.posting,
            room.slow_mode_seconds,
            room.system_messages,
            room.edit_window_seconds
        ),
        (Posting::Moderators, 30, true, Some(600))
    );
}

async fn announcements(world: World) {
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let room = node.room(RoomKind::Public, &ann, &[&bob]).await;
    let posting = async |posting| {
        let patch = RoomPatch {
            posting: Some(posting),
            ..RoomPatch::default()
        };
        deed(&world, &node, room, &ann, Deed::UpdateRoom(patch))
            .await
            .unwrap();
    };
    other.say(room, &bob, "a", "hello").await.unwrap();
    posting(Posting::Moderators).await;
    // The other node has not heard of it; the lane reads what holds.
    match other.say(room, &bob, "b", "hello?").await {
        Err(Error::Forbidden(reason)) => assert_eq!(reason, "only moderators post in this room"),
        outcome => panic!("{outcome:?}"),
    }
    let repeat = other.say(room, &bob, "a", "hello").await.unwrap();
    assert!(repeat.is_duplicate, "a repeat is answered before");
    other.say(room, &ann, "c", "news").await.unwrap();
    let promote = Deed::ChangeRole(bob.user_id, MemberRole::Moderator);
    deed(&world, &node, room, &ann, promote).await.unwrap();
    other.say(room, &bob, "b", "more news").await.unwrap();
    let demote = Deed::ChangeRole(bob.user_id, MemberRole::Member);
    deed(&world, &node, room, &ann, demote).await.unwrap();
    posting(Posting::Members).await;
    other.say(room, &bob, "d", "hello again").await.unwrap();
}

async fn slow_room(world: &World, node: &Node, owner: &Actor, members: &[&Actor]) -> RoomId {
    let room = node.room(RoomKind::Public, owner, members).await;
    let patch = RoomPatch {
        slow_mode_seconds: Some(30),
        ..RoomPatch::default()
    };
    deed(world, node, room, owner, Deed::UpdateRoom(patch))
        .await
        .unwrap();
    room
}

async fn slow_mode(world: World) {
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let room = slow_room(&world, &node, &ann, &[&bob]).await;
    let wait = |outcome: Result<confab_domain::ports::Sent>| match outcome {
        Err(Error::RateLimited { retry_after, .. }) => retry_after,
        other => panic!("{other:?}"),
    };
    node.say(room, &bob, "a", "x").await.unwrap();
    assert_eq!(
        wait(other.say(room, &bob, "b", "x").await),
        Duration::from_secs(30)
    );
    world.clock.advance(Duration::from_millis(12_345));
    assert_eq!(
        wait(node.say(room, &bob, "b", "x").await),
        Duration::from_millis(17_655)
    );
    let repeat = other.say(room, &bob, "a", "x").await.unwrap();
    assert!(repeat.is_duplicate, "a repeat is answered before");
    for step in [Deed::Leave, Deed::Join] {
        deed(&world, &node, room, &bob, step).await.unwrap();
    }
    world.clock.advance(Duration::from_millis(17_654));
    assert_eq!(
        wait(node.say(room, &bob, "b", "x").await),
        Duration::from_millis(1)
    );
    world.clock.advance(Duration::from_millis(1));
    other.say(room, &bob, "b", "x").await.unwrap();
    for n in 0..3 {
        node.say(room, &ann, &n.to_string(), "an owner is free of it")
            .await
            .unwrap();
    }
    let quick = node.room(RoomKind::Public, &ann, &[&bob]).await;
    node.say(quick, &bob, "c", "another room").await.unwrap();
    node.say(quick, &bob, "d", "without it").await.unwrap();
}

/// One lane takes them as one batch, two nodes one after the other: one of them passes.
async fn slow_mode_at_once(world: World) {
    let nodes = [world.node().await, world.node().await];
    let (ann, bob) = (nodes[0].user("ann").await, nodes[0].user("bob").await);
    let room = slow_room(&world, &nodes[0], &ann, &[&bob]).await;
    for round in 0..5 {
        let sends = (0..6).map(|n| {
            let (node, bob) = (&nodes[n % 2], &bob);
            async move { node.say(room, bob, &format!("{round}-{n}"), "x").await }
        });
        let sent = join_all(sends).await;
        assert_eq!(sent.iter().filter(|sent| sent.is_ok()).count(), 1, "{sent:?}");
        world.clock.advance(Duration::from_secs(30));
    }
}

pub(crate) async fn direct(world: &World, node: &Node, one: &Actor, other: &Actor) -> Result<RoomId> {
    let now = world.clock.now();
    let made = node
        .store
        .direct_room(RoomId::mint(now), one, other.user_id, now, Trace::default())
        .await?;
    Ok(made.0.room.id)
}

async fn blocking(world: World) {
    let node = world.node().await;
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let room = direct(&world, &node, &ann, &bob).await.unwrap();
    let said = node.say(room, &bob, "a", "hello").await.unwrap().message;
    let now = world.clock.now();
    assert!(node.store.share_a_room(ann.user_id, bob.user_id).await.unwrap());
    for blocked in [bob.user_id, eve.user_id] {
        assert!(node.store.block(ann.user_id, blocked, now).await.unwrap());
        assert!(
            !node.store.block(ann.user_id, blocked, now).await.unwrap(),
            "so already"
        );
    }
    let nobody = confab_domain::UserId::mint(now);
    let unknown = node.store.block(ann.user_id, nobody, now).await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);

    let mut texts = Vec::new();
    for who in [&ann, &bob] {
        let refused = node.say(room, who, "b", "x").await.unwrap_err();
        assert_eq!(refused.code(), Code::Forbidden);
        texts.push(refused.to_string());
        let voice = node.store.voice(room, who.user_id).await.unwrap().unwrap();
        assert!(voice.is_peer_unreachable);
        assert!(
            node.store
                .small_rooms_of(who.user_id, 500)
                .await
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            direct(&world, &node, who, &eve).await.is_ok(),
            who.user_id == bob.user_id
        );
    }
    assert_eq!(
        direct(&world, &node, &ann, &bob).await.unwrap(),
        room,
        "the past stays"
    );
    assert_eq!(
        direct(&world, &node, &eve, &ann).await.unwrap_err().code(),
        Code::Forbidden
    );
    let edit = Deed::EditMessage {
        message_id: said.id,
        content: "x".into(),
        named: confab_domain::Named::default(),
    };
    let edited = deed(&world, &node, room, &bob, edit.clone()).await;
    assert_eq!(edited.unwrap_err().code(), Code::Forbidden);
    assert!(!node.store.share_a_room(ann.user_id, bob.user_id).await.unwrap());
    let request = LogRequest {
        room_id: room,
        viewer: Some(bob.user_id),
        after_seq: 0,
        limit: 100,
        event_id: None,
    };
    assert_eq!(node.store.log(&[request]).await.unwrap()[0].events.len(), 4);
    let dan = node.user("dan").await;
    let group = node.room(RoomKind::Private, &dan, &[&ann, &bob]).await;
    node.say(group, &bob, "c", "among others").await.unwrap();
    assert!(node.store.share_a_room(ann.user_id, bob.user_id).await.unwrap());

    let page = node.store.blocks(ann.user_id, None, 1).await.unwrap();
    let rest = node.store.blocks(ann.user_id, page.next, 1).await.unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next), (1, 1, None));
    assert!(
        node.store
            .blocks(bob.user_id, None, 9)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert!(node.store.unblock(ann.user_id, bob.user_id).await.unwrap());
    assert!(!node.store.unblock(ann.user_id, bob.user_id).await.unwrap());
    deed(&world, &node, room, &bob, edit).await.unwrap();
    node.say(room, &ann, "b", "x").await.unwrap();
    world
        .number(
            "UPDATE users SET deactivated_at = created_at WHERE username = 'ann' RETURNING CAST(1 AS bigint)",
        )
        .await;
    texts.push(node.say(room, &bob, "d", "x").await.unwrap_err().to_string());
    assert!(
        texts.windows(2).all(|pair| pair[0] == pair[1]),
        "one text: {texts:?}"
    );
}

async fn block_races_sends(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let room = direct(&world, &one, &ann, &bob).await.unwrap();
    for round in 0..8 {
        let sends = join_all((0..20).map(|n| {
            let (other, bob) = (&other, &bob);
            async move { other.say(room, bob, &format!("{round}-{n}"), "x").await }
        }));
        let blocking = async {
            one.store
                .block(ann.user_id, bob.user_id, world.clock.now())
                .await
                .unwrap();
            one.store.heads(&[room]).await.unwrap().1[0].1
        };
        let (sent, head) = soon(async { tokio::join!(sends, blocking) }).await;
        for sent in sent {
            match sent {
                Ok(sent) => assert!(sent.message.seq <= head, "{} after {head}", sent.message.seq),
                Err(error) => assert_eq!(error.code(), Code::Forbidden, "{error}"),
            }
        }
        assert_eq!(one.store.heads(&[room]).await.unwrap().1[0].1, head);
        one.store.unblock(ann.user_id, bob.user_id).await.unwrap();
    }
}

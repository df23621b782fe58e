//! Invitations and reports: exact when two ask at once, over two nodes.

use std::time::Duration;

use confab_domain::ports::{Moderation, RoomReads, RoomWrites, SecretHash};
use confab_domain::{Actor, Clock, Code, Deed, InvitationId, Result, RoomId, RoomKind, Trace};
use futures_util::future::join_all;

use crate::world::{Node, World, on_both};

on_both!(
    super::last_use as of_two_who_want_the_last_use_one_gets_it,
    super::endings as a_link_ends_by_time_by_use_and_by_its_makers_word,
    super::reporting as a_message_is_reported_once_by_each_and_resolved_for_all,
);

async fn invite(world: &World, node: &Node, room: RoomId, by: &Actor, uses_max: Option<i64>) -> InvitationId {
    let now = world.clock.now();
    let id = InvitationId::mint(now);
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(id.0.as_bytes());
    let deed = Deed::Invite {
        id,
        token_hash: SecretHash(hash),
        expires_at: now.plus(Duration::from_mins(1)),
        uses_max,
    };
    let made = node
        .store
        .change(room, by, deed, now, Trace::default())
        .await
        .unwrap();
    assert!(made.events.is_empty(), "what only admins see makes no event");
    let kept = node.store.invitation_of(SecretHash(hash)).await.unwrap().unwrap();
    assert_eq!(
        (kept.id, kept.room_id, kept.uses, kept.uses_max),
        (id, room, 0, uses_max)
    );
    id
}

async fn accept(world: &World, node: &Node, room: RoomId, who: &Actor, id: InvitationId) -> Result<usize> {
    let deed = Deed::AcceptInvitation(id);
    let now = world.clock.now();
    let done = node.store.change(room, who, deed, now, Trace::default()).await?;
    Ok(done.events.len())
}

async fn uses(node: &Node, room: RoomId) -> i64 {
    let page = node.store.invitations(room, None, 1).await.unwrap();
    page.items[0].uses
}

async fn last_use(world: World) {
    let nodes = [world.node().await, world.node().await];
    let ann = nodes[0].user("ann").await;
    for round in 0..8 {
        let room = nodes[0].room(RoomKind::Private, &ann, &[]).await;
        let id = invite(&world, &nodes[0], room, &ann, Some(1)).await;
        let mut people = Vec::new();
        for n in 0..4 {
            people.push(nodes[0].user(&format!("p{round}-{n}")).await);
        }
        let accepting = people.iter().enumerate().map(|(n, who)| {
            let (world, node) = (&world, &nodes[n % 2]);
            async move { accept(world, node, room, who, id).await }
        });
        let accepted = join_all(accepting).await;
        assert_eq!(
            accepted.iter().filter(|one| one.is_ok()).count(),
            1,
            "{accepted:?}"
        );
        for refused in accepted.iter().filter_map(|one| one.as_ref().err()) {
            assert_eq!(refused.code(), Code::NotFound);
        }
        let access = nodes[0].store.access(room, ann.user_id).await.unwrap().unwrap();
        assert_eq!((access.head.member_count, uses(&nodes[0], room).await), (2, 1));
    }
}

async fn endings(world: World) {
    let node = world.node().await;
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let id = invite(&world, &node, room, &ann, Some(2)).await;
    assert_eq!(accept(&world, &node, room, &bob, id).await.unwrap(), 1);
    assert_eq!(
        accept(&world, &node, room, &bob, id).await.unwrap(),
        0,
        "twice spends nothing"
    );
    assert_eq!(uses(&node, room).await, 1);
    let other_room = node.room(RoomKind::Private, &ann, &[]).await;
    let elsewhere = accept(&world, &node, other_room, &eve, id).await;
    assert_eq!(
        elsewhere.unwrap_err().code(),
        Code::NotFound,
        "it leads to its own room"
    );
    let ban = Deed::Ban {
        user_id: eve.user_id,
        reason: None,
    };
    let act = |deed: Deed| {
        let (store, ann, now) = (&node.store, &ann, world.clock.now());
        async move {
            store
                .change(room, ann, deed, now, Trace::default())
                .await
                .unwrap()
        }
    };
    act(ban).await;
    assert_eq!(
        accept(&world, &node, room, &eve, id).await.unwrap_err().code(),
        Code::Forbidden
    );
    act(Deed::Unban(eve.user_id)).await;
    act(Deed::RevokeInvitation(id)).await;
    act(Deed::RevokeInvitation(id)).await;
    assert_eq!(
        accept(&world, &node, room, &eve, id).await.unwrap_err().code(),
        Code::NotFound
    );
    let id = invite(&world, &node, room, &ann, None).await;
    world.clock.advance(Duration::from_millis(59_999));
    let leaves = node
        .store
        .change(room, &bob, Deed::Leave, world.clock.now(), Trace::default());
    leaves.await.unwrap();
    assert_eq!(accept(&world, &node, room, &bob, id).await.unwrap(), 1);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(
        accept(&world, &node, room, &eve, id).await.unwrap_err().code(),
        Code::NotFound
    );
    // Of 100 live ones none more; those that are over leave their place.
    for _ in 0..100 {
        invite(&world, &node, room, &ann, Some(1)).await;
    }
    let deed = Deed::Invite {
        id: InvitationId::mint(world.clock.now()),
        token_hash: SecretHash([9; 32]),
        expires_at: world.clock.now().plus(Duration::from_mins(1)),
        uses_max: None,
    };
    let one_more = || {
        node.store
            .change(room, &ann, deed.clone(), world.clock.now(), Trace::default())
    };
    assert_eq!(one_more().await.unwrap_err().code(), Code::Conflict);
    world.clock.advance(Duration::from_mins(1));
    one_more().await.unwrap();
}

async fn reporting(world: World) {
    let node = world.node().await;
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let room = node.room(RoomKind::Private, &ann, &[&bob, &eve]).await;
    let said = node.say(room, &bob, "a", "rude").await.unwrap().message;
    let act = |who: &Actor, deed: Deed| {
        let (store, who, now) = (&node.store, who.clone(), world.clock.now());
        async move { store.change(room, &who, deed, now, Trace::default()).await }
    };
    let report = |reason: &str| Deed::Report {
        message_id: said.id,
        reason: reason.into(),
    };
    for (who, reason) in [(&eve, "rude"), (&eve, "very rude"), (&ann, "rude")] {
        assert!(act(who, report(reason)).await.unwrap().events.is_empty());
    }
    let first = node.store.reports(Some(room), false, None, 1).await.unwrap();
    let rest = node.store.reports(None, false, first.next, 9).await.unwrap();
    let mut reporters: Vec<_> = first.items.iter().chain(&rest.items).collect();
    reporters.sort_by_key(|report| report.reporter_id);
    let mut expected = [ann.user_id, eve.user_id];
    expected.sort();
    assert_eq!(
        reporters.iter().map(|r| r.reporter_id).collect::<Vec<_>>(),
        expected
    );
    assert!(
        reporters
            .iter()
            .all(|r| r.reason == "rude" && r.sender_id == Some(bob.user_id))
    );
    let resolve = Deed::ResolveReports(said.id);
    assert_eq!(
        act(&eve, resolve.clone()).await.unwrap_err().code(),
        Code::Forbidden
    );
    for _ in 0..2 {
        act(&ann, resolve.clone()).await.unwrap();
    }
    assert!(
        node.store
            .reports(None, false, None, 9)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let resolved = node.store.reports(Some(room), true, None, 9).await.unwrap().items;
    assert_eq!(resolved.len(), 2);
    assert!(resolved.iter().all(|r| r.resolved_by == Some(ann.user_id)));
}

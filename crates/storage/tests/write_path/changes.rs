//! Every other durable write: its event, its effects, its refusals.

use confab_domain::ports::{NewRoom, RoomReads, RoomWrites};
use confab_domain::{
    Actor, Code, Deed, Error, EventBody, History, MemberRole, RoomId, RoomKind, RoomPatch, Timestamp, Trace,
    UserId, UserRole,
};
use serde_json::json;

use crate::world::{Node, World, on_both};

on_both!(
    super::founding as a_room_begins_with_its_events,
    super::membership as people_come_and_go,
    super::owner_leaves as an_owner_hands_on_and_the_last_one_closes,
    super::owners as a_room_has_one_owner_whoever_names_them,
    super::editing as edits_and_deletes_leave_no_text_behind,
    super::direct as two_people_have_one_direct_room,
    super::horizon as a_newcomer_reads_from_their_joining_on,
);

async fn deed(node: &Node, room: RoomId, actor: &Actor, deed: Deed) -> confab_domain::Result<Vec<String>> {
    let changed = node
        .store
        .change(room, actor, deed, now(), Trace::default())
        .await?;
    let access = node.store.access(room, actor.user_id).await?;
    if let Some(access) = access {
        assert_eq!(access.head, changed.head, "the head is as it was told");
    }
    Ok(changed
        .events
        .iter()
        .map(|event| event.body.event_type().to_owned())
        .collect())
}

async fn founding(world: World) {
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let stranger = UserId::mint(now());
    let wanted = |member_ids| NewRoom {
        id: RoomId::mint(now()),
        kind: RoomKind::Public,
        name: "Garden".into(),
        description: Some("Green".into()),
        metadata: json!({"a": 1}),
        history: History::All,
        member_ids,
        settings: confab_domain::RoomSettings::default(),
    };
    let error = node
        .store
        .create_room(wanted(vec![bob.user_id, stranger]), &ann, now(), Trace::default())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Invalid(fields) if fields[0].field == "member_ids[1]"),
        "{error}"
    );
    assert_eq!(
        world.number("SELECT count(*) FROM rooms").await,
        0,
        "a refusal leaves nothing"
    );

    let members = vec![bob.user_id, ann.user_id, bob.user_id];
    let made = node
        .store
        .create_room(wanted(members), &ann, now(), Trace::default())
        .await
        .unwrap();
    let types: Vec<_> = made.events.iter().map(|event| event.body.event_type()).collect();
    assert_eq!(types, ["room_created", "user_joined", "user_joined"]);
    assert_eq!(
        (
            made.head.last_seq,
            made.head.member_count,
            made.head.room_changed_seq
        ),
        (3, 2, 1)
    );
    let room = node.store.room(made.room.id, 1).await.unwrap().unwrap();
    assert_eq!(room, made.room);
    let access = node.store.access(room.id, ann.user_id).await.unwrap().unwrap();
    assert_eq!(access.current().unwrap().role, MemberRole::Owner);
    assert_eq!(access.head, made.head);
    let told = node.told.batches();
    assert_eq!(told.last().unwrap().events, made.events);
    assert_eq!(told.last().unwrap().controls.len(), 2);
}

async fn membership(world: World) {
    let node = world.node().await;
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let room = node.room(RoomKind::Public, &ann, &[]).await;
    assert_eq!(
        deed(&node, room, &bob, Deed::Join).await.unwrap(),
        ["user_joined"]
    );
    assert!(
        deed(&node, room, &bob, Deed::Join).await.unwrap().is_empty(),
        "it is so already"
    );
    assert_eq!(
        deed(&node, room, &bob, Deed::RemoveMember(ann.user_id))
            .await
            .unwrap_err()
            .code(),
        Code::Forbidden
    );
    let add = Deed::AddMembers(vec![(eve.user_id, MemberRole::Moderator)]);
    assert_eq!(deed(&node, room, &ann, add).await.unwrap(), ["user_joined"]);
    assert_eq!(
        deed(&node, room, &eve, Deed::RemoveMember(bob.user_id))
            .await
            .unwrap(),
        ["user_left"]
    );
    assert!(
        deed(&node, room, &bob, Deed::Leave).await.unwrap().is_empty(),
        "out already"
    );
    assert_eq!(
        deed(&node, room, &bob, Deed::Join).await.unwrap(),
        ["user_joined"],
        "a public room"
    );
    let change = Deed::ChangeRole(bob.user_id, MemberRole::Admin);
    assert_eq!(deed(&node, room, &ann, change).await.unwrap(), ["member_updated"]);
    let patch = RoomPatch {
        name: Some("New".into()),
        description: Some(Some("D".into())),
        metadata: None,
        ..RoomPatch::default()
    };
    assert_eq!(
        deed(&node, room, &bob, Deed::UpdateRoom(patch.clone()))
            .await
            .unwrap(),
        ["room_updated"]
    );
    assert!(
        deed(&node, room, &bob, Deed::UpdateRoom(patch))
            .await
            .unwrap()
            .is_empty()
    );
    let access = node.store.access(room, ann.user_id).await.unwrap().unwrap();
    assert_eq!(access.head.room_changed_seq, access.head.last_seq);
    assert_eq!(access.head.member_count, 3);
    assert_eq!(
        world
            .number("SELECT count(*) FROM members WHERE left_at IS NULL")
            .await,
        access.head.member_count
    );
    let room_now = node
        .store
        .room(room, access.head.room_changed_seq)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (room_now.name.as_deref(), room_now.metadata),
        (Some("New"), json!({"colour": "green"}))
    );
    assert_eq!(
        deed(&node, room, &ann, Deed::DeleteRoom).await.unwrap(),
        ["room_deleted"]
    );
    assert_eq!(
        deed(&node, room, &ann, Deed::Join).await.unwrap_err().code(),
        Code::NotFound
    );
    // What every node was told is what the log would say: 1, 2, 3 …
    let seqs: Vec<i64> = node.told.events().iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=i64::try_from(seqs.len()).unwrap()).collect::<Vec<_>>());
}

async fn owner_leaves(world: World) {
    let node = world.node().await;
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let room = node.room(RoomKind::Private, &ann, &[&bob, &eve]).await;
    deed(
        &node,
        room,
        &ann,
        Deed::ChangeRole(eve.user_id, MemberRole::Moderator),
    )
    .await
    .unwrap();
    assert_eq!(
        deed(&node, room, &ann, Deed::Leave).await.unwrap(),
        ["member_updated", "user_left"]
    );
    let access = node.store.access(room, eve.user_id).await.unwrap().unwrap();
    assert_eq!(access.current().unwrap().role, MemberRole::Owner);
    assert_eq!(deed(&node, room, &bob, Deed::Leave).await.unwrap(), ["user_left"]);
    assert_eq!(
        deed(&node, room, &eve, Deed::Leave).await.unwrap(),
        ["room_updated", "user_left"]
    );
    let access = node.store.access(room, eve.user_id).await.unwrap().unwrap();
    assert!(!access.is_active);
    assert_eq!(access.head.member_count, 0);
}

async fn owners(world: World) {
    let (node, other) = (world.node().await, world.node().await);
    let (ann, bob, eve) = (
        node.user("ann").await,
        node.user("bob").await,
        node.user("eve").await,
    );
    let host = Actor {
        role: UserRole::Service,
        ..node.user("host").await
    };
    let room = node.room(RoomKind::Private, &ann, &[&bob, &eve]).await;
    // Two nodes name another owner each, at once.
    for _ in 0..10 {
        let name = |node: &Node, who: &Actor| {
            let (store, host, deed) = (
                node.store.clone(),
                host.clone(),
                Deed::ChangeRole(who.user_id, MemberRole::Owner),
            );
            tokio::spawn(async move { store.change(room, &host, deed, now(), Trace::default()).await })
        };
        let (one, two) = (name(&node, &bob), name(&other, &eve));
        one.await.unwrap().unwrap();
        two.await.unwrap().unwrap();
        let owners = "SELECT count(*) FROM members WHERE role = 'owner' AND left_at IS NULL";
        assert_eq!(world.number(owners).await, 1);
    }
    let owner = if world
        .number("SELECT count(*) FROM members m JOIN users u ON u.id = m.user_id WHERE u.username = 'bob' AND m.role = 'owner'")
        .await
        == 1
    {
        &bob
    } else {
        &eve
    };
    let demoted = deed(
        &node,
        room,
        &host,
        Deed::ChangeRole(owner.user_id, MemberRole::Member),
    );
    assert_eq!(demoted.await.unwrap_err().code(), Code::Conflict);
}

async fn editing(world: World) {
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let room = node.room(RoomKind::Private, &ann, &[&bob]).await;
    let message = node.say(room, &bob, "a", "secret one").await.unwrap().message;
    let edit = |content: &str| Deed::EditMessage {
        message_id: message.id,
        content: content.into(),
        named: confab_domain::Named::default(),
    };
    assert_eq!(
        deed(&node, room, &ann, edit("mine")).await.unwrap_err().code(),
        Code::Forbidden
    );
    assert_eq!(
        deed(&node, room, &bob, edit("secret two")).await.unwrap(),
        ["message_updated"]
    );
    assert!(
        deed(&node, room, &bob, edit("secret two"))
            .await
            .unwrap()
            .is_empty()
    );
    let (now_it_is, _) = node
        .store
        .message(message.id, ann.user_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (now_it_is.content.as_deref(), now_it_is.updated_seq),
        (Some("secret two"), 5)
    );
    assert!(now_it_is.edited_at.is_some());
    let EventBody::MessageUpdated { message: told } = &node.told.events().last().unwrap().body.clone() else {
        panic!("the edit was told")
    };
    assert_eq!(told.as_ref(), now_it_is.as_ref());

    assert_eq!(
        deed(
            &node,
            room,
            &ann,
            Deed::DeleteMessage {
                message_id: message.id,
                reason: None
            }
        )
        .await
        .unwrap(),
        ["message_deleted"]
    );
    assert!(
        deed(
            &node,
            room,
            &ann,
            Deed::DeleteMessage {
                message_id: message.id,
                reason: None
            }
        )
        .await
        .unwrap()
        .is_empty()
    );
    assert_eq!(
        deed(&node, room, &bob, edit("again")).await.unwrap_err().code(),
        Code::Conflict
    );
    assert_eq!(world.number("SELECT count(*) FROM message_edits").await, 0);
    assert_eq!(
        world
            .number("SELECT count(*) FROM messages WHERE content IS NOT NULL")
            .await,
        0
    );
    assert_eq!(
        world
            .number("SELECT count(*) FROM events WHERE CAST(facts AS text) LIKE '%secret%'")
            .await,
        0
    );
    let repeat = node.say(room, &bob, "a", "secret one").await.unwrap();
    assert!(
        repeat.is_duplicate && repeat.message.content.is_none(),
        "the tombstone answers"
    );
}

async fn direct(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    for _ in 0..5 {
        let (left, right) = tokio::join!(
            one.store
                .direct_room(RoomId::mint(now()), &ann, bob.user_id, now(), Trace::default()),
            other
                .store
                .direct_room(RoomId::mint(now()), &bob, ann.user_id, now(), Trace::default()),
        );
        let (left, right) = (left.unwrap(), right.unwrap());
        assert_eq!(left.0.room.id, right.0.room.id);
        assert!(!(left.1 && right.1));
        assert_eq!(left.0.head.member_count, 2);
    }
    assert_eq!(world.number("SELECT count(*) FROM rooms").await, 1);
    let direct = one
        .store
        .direct_room(RoomId::mint(now()), &ann, bob.user_id, now(), Trace::default())
        .await
        .unwrap();
    let room = direct.0.room.id;
    one.say(room, &ann, "a", "psst").await.unwrap();
    assert_eq!(
        deed(&one, room, &ann, Deed::Leave).await.unwrap_err().code(),
        Code::Forbidden
    );
    let nobody = one
        .store
        .direct_room(room, &ann, UserId::mint(now()), now(), Trace::default())
        .await
        .unwrap_err();
    assert!(matches!(&nobody, Error::Invalid(fields) if fields[0].field == "user_id"));
    world
        .number(
            "UPDATE users SET deactivated_at = created_at WHERE username = 'bob' RETURNING CAST(1 AS bigint)",
        )
        .await;
    assert_eq!(
        one.say(room, &ann, "b", "psst").await.unwrap_err().code(),
        Code::Forbidden
    );
    assert_eq!(
        one.say(room, &bob, "b", "psst").await.unwrap_err().code(),
        Code::Forbidden
    );
}

async fn horizon(world: World) {
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let wanted = NewRoom {
        id: RoomId::mint(now()),
        kind: RoomKind::Public,
        name: "Later".into(),
        description: None,
        metadata: json!({}),
        history: History::SinceJoin,
        member_ids: vec![],
        settings: confab_domain::RoomSettings::default(),
    };
    let room = node
        .store
        .create_room(wanted, &ann, now(), Trace::default())
        .await
        .unwrap()
        .room
        .id;
    let old = node.say(room, &ann, "a", "before").await.unwrap().message;
    deed(&node, room, &bob, Deed::Join).await.unwrap();
    let access = node.store.access(room, bob.user_id).await.unwrap().unwrap();
    let bobs = access.current().unwrap();
    assert_eq!(
        (bobs.visible_from_number, bobs.last_read_number, bobs.joined_seq),
        (2, 1, 4)
    );
    assert_eq!(bobs.unread(access.head.last_number), 0);
    let mut reply = crate::world::message(room, &bob, "r", "to what I cannot see");
    reply.body.reply_to = Some(old.id);
    assert_eq!(node.store.send(reply).await.unwrap_err().code(), Code::Invalid);
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_704_110_401_000)
}

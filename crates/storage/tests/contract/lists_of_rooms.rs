//! Rooms as one viewer may find them, their members, and what connections ask for.

use std::time::Duration;

use confab_domain::ports::{
    Accounts, CommittedBatch, MemberFilter, NewUser, RoomFilter, RoomReads, StoreHealth,
};
use confab_domain::{Actor, Control, Deed, History, MemberRole, RoomId, RoomKind, Trace, UserId, UserRole};

use crate::on_both;
use crate::world::{World, actor, new_user};

on_both!(
    tells_access,
    lists_public_rooms_and_ones_own,
    filters_rooms,
    pages_through_rooms,
    pages_through_members,
    seats_people_by_last_activity,
    tells_heads_and_memberships,
    knows_who_shares_a_room,
    begins_another_life,
);

async fn tells_access(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    let said = world.say(room, &anna, "hello").await;
    let access = world.store.access(room, bert.user_id).await.unwrap().unwrap();
    assert_eq!(
        (access.room_id, access.kind, access.is_active),
        (room, RoomKind::Public, true)
    );
    assert_eq!(
        (
            access.head.last_seq,
            access.head.last_number,
            access.head.member_count
        ),
        (said.seq, 1, 2)
    );
    assert_eq!(access.head.last_message_at, Some(world.now()));
    assert_eq!(access.epoch, world.store.epoch().await.unwrap());
    assert_eq!(access.current().unwrap().role, MemberRole::Member);
    world.deed(room, &bert, Deed::Leave).await;
    let access = world.store.access(room, bert.user_id).await.unwrap().unwrap();
    assert!(
        access.current().is_none() && access.membership.is_some(),
        "a former member's row"
    );
    assert_eq!(world.store.kind(room).await.unwrap(), Some(RoomKind::Public));
    let slow = world
        .store
        .room(room, access.head.room_changed_seq)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (slow.id, slow.name.as_deref(), slow.created_by),
        (room, Some("room"), Some(anna.user_id))
    );

    world.deed(room, &anna, Deed::DeleteRoom).await;
    for gone in [room, RoomId::mint(world.now())] {
        assert!(world.store.access(gone, anna.user_id).await.unwrap().is_none());
        assert!(world.store.room(gone, 0).await.unwrap().is_none());
        assert!(world.store.kind(gone).await.unwrap().is_none());
    }
}

async fn found(world: &World, viewer: &Actor, filter: &RoomFilter) -> Vec<RoomId> {
    let page = world.store.rooms(viewer, filter, None, 100).await.unwrap();
    assert_eq!(page.next, None);
    page.items.into_iter().map(|listing| listing.room.id).collect()
}

async fn service(world: &World) -> Actor {
    let new = NewUser {
        role: UserRole::Service,
        ..new_user("service")
    };
    actor(
        &world
            .store
            .register(new, world.now(), Trace::default())
            .await
            .unwrap(),
    )
}

async fn lists_public_rooms_and_ones_own(world: World) {
    let (anna, bert, carl) = (
        world.user("anna").await,
        world.user("bert").await,
        world.user("carl").await,
    );
    let mut rooms = Vec::new();
    for kind in [RoomKind::Public, RoomKind::Private, RoomKind::Public] {
        rooms.push(world.room(&anna, kind, History::All).await);
        world.clock.advance(Duration::from_millis(1));
    }
    rooms.push(world.direct(&anna, &bert).await);
    rooms.reverse();
    let [direct, open_2, private, open_1] = rooms[..] else {
        panic!()
    };
    let all = RoomFilter::default();
    assert_eq!(found(&world, &anna, &all).await, rooms, "newest first");
    assert_eq!(found(&world, &bert, &all).await, [direct, open_2, open_1]);
    assert_eq!(found(&world, &carl, &all).await, [open_2, open_1]);
    assert_eq!(
        found(&world, &service(&world).await, &all).await,
        rooms,
        "the host product sees all"
    );

    world
        .deed(
            private,
            &anna,
            Deed::AddMembers(vec![(carl.user_id, MemberRole::Member)]),
        )
        .await;
    assert_eq!(found(&world, &carl, &all).await, [open_2, private, open_1]);
    world.deed(private, &carl, Deed::Leave).await;
    world.deed(open_1, &anna, Deed::DeleteRoom).await;
    assert_eq!(found(&world, &carl, &all).await, [open_2]);
    let page = world.store.rooms(&anna, &all, None, 10).await.unwrap();
    assert!(
        page.items
            .iter()
            .all(|listing| listing.membership.is_some() && listing.head.last_seq > 0)
    );
}

async fn filters_rooms(world: World) {
    let anna = world.user("anna").await;
    let mut rooms = Vec::new();
    for (kind, name) in [
        (RoomKind::Public, "General"),
        (RoomKind::Private, "general affairs"),
        (RoomKind::Public, "50% off_"),
        (RoomKind::Public, "50 offx"),
    ] {
        rooms.push(world.named_room(&anna, kind, History::All, name).await);
        world.clock.advance(Duration::from_millis(1));
    }
    let query = |query: &str| RoomFilter {
        query: Some(query.into()),
        kind: None,
    };
    assert_eq!(
        found(&world, &anna, &query("GENERAL")).await,
        [rooms[1], rooms[0]]
    );
    let filter = RoomFilter {
        kind: Some(RoomKind::Private),
        ..query("general")
    };
    assert_eq!(found(&world, &anna, &filter).await, [rooms[1]]);
    assert_eq!(
        found(&world, &anna, &query("%")).await,
        [rooms[2]],
        "a wildcard stands for itself"
    );
    assert_eq!(found(&world, &anna, &query("off_")).await, [rooms[2]]);
    assert!(found(&world, &anna, &query("\\")).await.is_empty());
    let filter = RoomFilter {
        query: None,
        kind: Some(RoomKind::Direct),
    };
    assert!(found(&world, &anna, &filter).await.is_empty());
}

async fn pages_through_rooms(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let mut rooms = Vec::new();
    for index in 0..7 {
        let kind = if index % 3 == 0 {
            RoomKind::Private
        } else {
            RoomKind::Public
        };
        rooms.push(
            world
                .room(if index % 2 == 0 { &anna } else { &bert }, kind, History::All)
                .await,
        );
        world.clock.advance(Duration::from_millis(1));
    }
    // Bert's private room is none of Anna's.
    rooms.remove(3);
    rooms.reverse();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world
            .store
            .rooms(&anna, &RoomFilter::default(), after, 2)
            .await
            .unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items.iter().map(|listing| listing.room.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, rooms);
}

async fn pages_through_members(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let mut members = vec![anna.user_id];
    for index in 0..4 {
        let user = world.user(&format!("user{index}")).await;
        world.deed(room, &user, Deed::Join).await;
        if index == 2 {
            world.deed(room, &user, Deed::Leave).await;
            assert!(world.store.member(room, user.user_id).await.unwrap().is_none());
        } else {
            members.push(user.user_id);
        }
    }
    members.sort_unstable();
    let all = MemberFilter::default();
    let first = world.store.members(room, &all, None, 3).await.unwrap();
    let second = world.store.members(room, &all, first.next, 3).await.unwrap();
    let seen: Vec<UserId> = first
        .items
        .iter()
        .chain(&second.items)
        .map(|(member, _)| member.user_id)
        .collect();
    assert_eq!(seen, members);
    assert_eq!((first.items.len(), second.next), (3, None));
    let (owner, profile) = world.store.member(room, anna.user_id).await.unwrap().unwrap();
    assert_eq!((owner.role, &profile.username[..]), (MemberRole::Owner, "anna"));
}

async fn seats_people_by_last_activity(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let (epoch, seats, has_more) = world.store.seats(anna.user_id, 10).await.unwrap();
    assert!(seats.is_empty() && !has_more);
    assert_eq!(epoch, world.store.epoch().await.unwrap());
    let mut rooms = Vec::new();
    for _ in 0..4 {
        world.clock.advance(Duration::from_secs(1));
        rooms.push(world.room(&anna, RoomKind::Public, History::All).await);
    }
    world.clock.advance(Duration::from_secs(1));
    world.say(rooms[1], &anna, "hello").await;
    world.deed(rooms[3], &bert, Deed::Join).await;
    world.deed(rooms[3], &anna, Deed::Leave).await;
    let (_, seats, has_more) = world.store.seats(anna.user_id, 10).await.unwrap();
    let order: Vec<RoomId> = seats.iter().map(|seat| seat.member.room_id).collect();
    assert_eq!(
        order,
        [rooms[1], rooms[2], rooms[0]],
        "spoken in, then joined last"
    );
    assert!(!has_more);
    assert_eq!((seats[0].head.last_number, seats[0].kind), (1, RoomKind::Public));
    let (_, seats, has_more) = world.store.seats(anna.user_id, 2).await.unwrap();
    assert_eq!((seats.len(), has_more), (2, true));

    let current = world
        .store
        .current_rooms(&[bert.user_id, anna.user_id], 2)
        .await
        .unwrap();
    assert_eq!(
        current,
        [
            (bert.user_id, rooms[3]),
            (anna.user_id, rooms[1]),
            (anna.user_id, rooms[2])
        ]
    );
    world.deed(rooms[1], &anna, Deed::DeleteRoom).await;
    let (_, seats, _) = world.store.seats(anna.user_id, 10).await.unwrap();
    assert_eq!(seats.len(), 2);
}

async fn tells_heads_and_memberships(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let one = world.room(&anna, RoomKind::Public, History::All).await;
    let gone = world.room(&anna, RoomKind::Public, History::All).await;
    let said = world.say(one, &anna, "hello").await;
    world.deed(one, &bert, Deed::Join).await;
    world.deed(one, &bert, Deed::Leave).await;
    world.deed(gone, &anna, Deed::DeleteRoom).await;
    let unknown = RoomId::mint(world.now());
    let (epoch, mut heads) = world.store.heads(&[unknown, one, gone]).await.unwrap();
    heads.sort_unstable_by_key(|head| head.1);
    assert_eq!(
        heads,
        [(gone, 3), (one, said.seq + 2)],
        "a deleted room's last event is still to be told"
    );
    assert_eq!(epoch, world.store.epoch().await.unwrap());
    assert!(world.store.heads(&[]).await.unwrap().1.is_empty());

    let pairs = [
        (one, bert.user_id),
        (one, anna.user_id),
        (gone, anna.user_id),
        (unknown, anna.user_id),
    ];
    let rows = world.store.memberships(&pairs).await.unwrap();
    let current: Vec<_> = rows
        .iter()
        .map(|row| row.as_ref().map(|member| member.role))
        .collect();
    assert_eq!(current, [None, Some(MemberRole::Owner), None, None]);
    assert!(world.store.memberships(&[]).await.unwrap().is_empty());
}

async fn knows_who_shares_a_room(world: World) {
    let (anna, bert, carl) = (
        world.user("anna").await,
        world.user("bert").await,
        world.user("carl").await,
    );
    let large = world.room(&anna, RoomKind::Public, History::All).await;
    for user in [&bert, &carl] {
        world.deed(large, user, Deed::Join).await;
    }
    let small = world.direct(&anna, &bert).await;
    let share = async |one: &Actor, other: &Actor| {
        world
            .store
            .share_a_room(one.user_id, other.user_id)
            .await
            .unwrap()
    };
    assert!(share(&bert, &carl).await);
    assert_eq!(
        world.store.small_rooms_of(anna.user_id, 2).await.unwrap(),
        [small]
    );
    assert_eq!(
        world.store.small_rooms_of(anna.user_id, 3).await.unwrap().len(),
        2
    );
    world.deed(large, &carl, Deed::Leave).await;
    assert!(!share(&bert, &carl).await && share(&anna, &bert).await);
    world.deed(large, &anna, Deed::DeleteRoom).await;
    assert!(share(&anna, &bert).await, "the direct room is left");
    assert_eq!(
        world.store.small_rooms_of(anna.user_id, 3).await.unwrap(),
        [small]
    );
}

async fn begins_another_life(world: World) {
    world.store.ping(Duration::from_secs(5)).await.unwrap();
    let before = world.store.epoch().await.unwrap();
    let after = world.store.bump_epoch().await.unwrap();
    assert_ne!(before, after);
    assert_eq!(world.store.epoch().await.unwrap(), after);
    let batches = world.heard.take();
    let [batch] = &batches[..] else {
        panic!("{batches:?}")
    };
    let CommittedBatch { epoch, controls, .. } = &**batch;
    assert_eq!((epoch, &controls[..]), (&after, &[Control::Epoch][..]));
    world.store.close().await;
    let away = world.store.ping(Duration::from_secs(5)).await.unwrap_err();
    assert_eq!(away.code(), confab_domain::Code::Unavailable, "{away}");
}

//! Read and delivered marks.

use confab_domain::ports::{Accounts, RoomReads, RoomWrites};
use confab_domain::{Deed, History, RoomKind};

use crate::on_both;
use crate::world::{World, refusal};

on_both!(
    moves_marks_forward_only,
    keeps_marks_within_the_room,
    moves_marks_forward_in_a_race,
    lists_receipts_of_members,
);

async fn moves_marks_forward_only(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    for text in ["one", "two", "three"] {
        world.say(room, &anna, text).await;
    }
    let read = async |number| world.store.mark_read(room, bert.user_id, number).await.unwrap();
    let mark = read(2).await;
    assert_eq!((mark.number, mark.unread, mark.has_moved), (2, 1, true));
    let mark = read(1).await;
    assert_eq!(
        (mark.number, mark.unread, mark.has_moved),
        (2, 1, false),
        "never back"
    );
    let mark = read(-5).await;
    assert_eq!((mark.number, mark.has_moved), (2, false));
    let mark = read(i64::MAX).await;
    assert_eq!(
        (mark.number, mark.unread, mark.has_moved),
        (3, 0, true),
        "never beyond the room"
    );

    let (member, _) = world.store.member(room, bert.user_id).await.unwrap().unwrap();
    assert_eq!(
        (member.last_read_number, member.last_delivered_number),
        (3, 3),
        "what is read was delivered"
    );
    world.say(room, &anna, "four").await;
    let mark = world.store.mark_delivered(room, bert.user_id, 4).await.unwrap();
    assert_eq!((mark.number, mark.unread, mark.has_moved), (4, 1, true));
    let mark = world.store.mark_delivered(room, bert.user_id, 4).await.unwrap();
    assert!(!mark.has_moved);
    let (member, _) = world.store.member(room, bert.user_id).await.unwrap().unwrap();
    assert_eq!((member.last_read_number, member.last_delivered_number), (3, 4));
}

async fn keeps_marks_within_the_room(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.say(room, &anna, "one").await;
    let stranger = world.store.mark_read(room, bert.user_id, 1).await;
    assert_eq!(refusal(stranger), "not_found: not found");
    world.deed(room, &bert, Deed::Join).await;
    world.deed(room, &bert, Deed::Leave).await;
    let former = world.store.mark_delivered(room, bert.user_id, 1).await;
    assert_eq!(refusal(former), "not_found: not found");
    world.deed(room, &anna, Deed::DeleteRoom).await;
    let gone = world.store.mark_read(room, anna.user_id, 1).await;
    assert_eq!(refusal(gone), "not_found: not found");
}

async fn moves_marks_forward_in_a_race(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    for _ in 0..12 {
        world.say(room, &anna, "text").await;
    }
    let other = world.another_node().await;
    let attempts: Vec<_> = [7, 12, 3, 9, 1, 11]
        .into_iter()
        .enumerate()
        .map(|(index, number)| {
            let store = if index % 2 == 0 {
                world.store.clone()
            } else {
                other.clone()
            };
            let user_id = bert.user_id;
            tokio::spawn(async move { store.mark_read(room, user_id, number).await.unwrap() })
        })
        .collect();
    for attempt in attempts {
        attempt.await.unwrap();
    }
    let (member, _) = world.store.member(room, bert.user_id).await.unwrap().unwrap();
    assert_eq!(member.last_read_number, 12);
}

async fn lists_receipts_of_members(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let mut members = vec![anna.user_id];
    for username in ["bert", "carl", "dora"] {
        let user = world.user(username).await;
        world.deed(room, &user, Deed::Join).await;
        members.push(user.user_id);
    }
    world.say(room, &anna, "one").await;
    world.store.mark_read(room, members[1], 1).await.unwrap();
    let carl = world.store.user(members[2]).await.unwrap().unwrap();
    world.deed(room, &crate::world::actor(&carl), Deed::Leave).await;
    members.remove(2);
    members.sort_unstable();

    let first = world.store.receipts(room, anna.user_id, None, 2).await.unwrap();
    let second = world
        .store
        .receipts(room, anna.user_id, first.next, 2)
        .await
        .unwrap();
    let seen: Vec<_> = first.items.iter().chain(&second.items).copied().collect();
    assert_eq!(
        seen.iter().map(|receipt| receipt.user_id).collect::<Vec<_>>(),
        members
    );
    assert_eq!(second.next, None);
    assert_eq!(
        seen.iter()
            .filter_map(|receipt| receipt.last_read_number)
            .sum::<i64>(),
        2,
        "sender and reader"
    );
}

//! Pages of messages, and single ones.

use confab_domain::ports::{MessagePage, PageAt, RoomReads};
use confab_domain::{Actor, Deed, History, Horizon, RoomId, RoomKind};

use crate::on_both;
use crate::world::World;

on_both!(
    pages_in_every_direction,
    keeps_pages_within_the_horizon,
    reads_the_head_with_the_page,
    shows_messages_as_they_are_now,
    reads_one_message_with_its_access,
);

async fn page(world: &World, room_id: RoomId, horizon: Horizon, at: PageAt, limit: usize) -> MessagePage {
    let nobody = confab_domain::UserId::mint(world.now());
    let access = world.store.access(room_id, nobody).await.unwrap().unwrap();
    world.store.messages(&access, horizon, at, limit).await.unwrap()
}

/// The texts of a page, and whether there are older and newer ones.
fn told(page: &MessagePage) -> (String, bool, bool) {
    let texts: Vec<_> = page
        .messages
        .iter()
        .map(|message| message.content.as_deref().unwrap_or("-"))
        .collect();
    (texts.join(" "), page.has_older, page.has_newer)
}

/// Messages 1 to `count`, with an event between each two, so that `seq` and number part ways.
async fn filled(world: &World, anna: &Actor, count: usize) -> (RoomId, Vec<i64>) {
    let room = world.room(anna, RoomKind::Public, History::All).await;
    let bert = world.user("bert").await;
    let mut seqs = Vec::new();
    for number in 1..=count {
        seqs.push(world.say(room, anna, &number.to_string()).await.seq);
        let deed = if number % 2 == 1 { Deed::Join } else { Deed::Leave };
        world.deed(room, &bert, deed).await;
    }
    (room, seqs)
}

async fn pages_in_every_direction(world: World) {
    let anna = world.user("anna").await;
    let (room, seqs) = filled(&world, &anna, 7).await;
    let seq = |number: usize| seqs[number - 1];
    let at = async |at, limit| told(&page(&world, room, Horizon::ALL, at, limit).await);
    let is = |texts: &str, has_older, has_newer| (texts.to_owned(), has_older, has_newer);

    assert_eq!(at(PageAt::Newest, 3).await, is("7 6 5", true, false));
    assert_eq!(at(PageAt::Newest, 7).await, is("7 6 5 4 3 2 1", false, false));
    assert_eq!(at(PageAt::Before(seq(5)), 3).await, is("4 3 2", true, true));
    assert_eq!(at(PageAt::Before(seq(3)), 3).await, is("2 1", false, true));
    assert_eq!(
        at(PageAt::Before(seq(7) + 1), 1).await,
        is("7", true, false),
        "an event's seq serves too"
    );
    assert_eq!(at(PageAt::Before(0), 3).await, is("", false, true));
    assert_eq!(at(PageAt::After(seq(2)), 3).await, is("3 4 5", true, true));
    assert_eq!(at(PageAt::After(seq(5)), 3).await, is("6 7", true, false));
    assert_eq!(at(PageAt::After(0), 2).await, is("1 2", false, true));
    assert_eq!(at(PageAt::After(seq(7)), 2).await, is("", true, false));
    assert_eq!(at(PageAt::After(i64::MAX), 2).await, is("", true, false));
    assert_eq!(at(PageAt::Around(seq(4)), 4).await, is("2 3 4 5", true, true));
    assert_eq!(at(PageAt::Around(seq(4)), 3).await, is("3 4 5", true, true));
    assert_eq!(at(PageAt::Around(seq(1)), 4).await, is("1 2", false, true));
    assert_eq!(at(PageAt::Around(seq(7)), 4).await, is("5 6 7", true, false));
    assert_eq!(
        at(PageAt::Around(seq(4)), 20).await,
        is("1 2 3 4 5 6 7", false, false)
    );
}

async fn keeps_pages_within_the_horizon(world: World) {
    let anna = world.user("anna").await;
    let (room, seqs) = filled(&world, &anna, 7).await;
    let seq = |number: usize| seqs[number - 1];
    let horizon = Horizon {
        visible_from_number: 4,
        joined_seq: seq(4) - 1,
    };
    let at = async |at, limit| told(&page(&world, room, horizon, at, limit).await);
    let is = |texts: &str, has_older, has_newer| (texts.to_owned(), has_older, has_newer);

    assert_eq!(at(PageAt::Newest, 10).await, is("7 6 5 4", false, false));
    assert_eq!(at(PageAt::Newest, 3).await, is("7 6 5", true, false));
    assert_eq!(at(PageAt::Before(seq(5)), 10).await, is("4", false, true));
    assert_eq!(at(PageAt::Before(seq(2)), 10).await, is("", false, true));
    assert_eq!(at(PageAt::After(0), 2).await, is("4 5", false, true));
    assert_eq!(
        at(PageAt::After(seq(3)), 2).await,
        is("4 5", false, true),
        "what is hidden is not older"
    );
    assert_eq!(at(PageAt::After(seq(4)), 2).await, is("5 6", true, true));
    assert_eq!(at(PageAt::Around(seq(3)), 4).await, is("4 5", false, true));

    let newcomer = Horizon {
        visible_from_number: 8,
        joined_seq: seq(7) + 1,
    };
    let empty = told(&page(&world, room, newcomer, PageAt::Before(seq(2)), 5).await);
    assert_eq!(empty, is("", false, false), "nothing was said since");
}

async fn reads_the_head_with_the_page(world: World) {
    let anna = world.user("anna").await;
    let (room, seqs) = filled(&world, &anna, 2).await;
    let empty = world.room(&anna, RoomKind::Public, History::All).await;
    let found = page(&world, room, Horizon::ALL, PageAt::Newest, 10).await;
    assert_eq!(
        found.last_seq,
        seqs[1] + 1,
        "the latest event, not the latest message"
    );
    assert_eq!(found.epoch, world.store.epoch().await.unwrap());
    let found = page(&world, empty, Horizon::ALL, PageAt::Newest, 10).await;
    assert_eq!(told(&found), (String::new(), false, false));
    assert_eq!(found.last_seq, 2, "it was made, and its founder came in");
}

async fn shows_messages_as_they_are_now(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let metadata = serde_json::json!({ "b": 1, "a": [null, "ü"] });
    let edited = world.say_with(room, &anna, "first", metadata.clone()).await;
    let deleted = world.say_with(room, &anna, "secret", metadata.clone()).await;
    world
        .deed(
            room,
            &anna,
            Deed::EditMessage {
                message_id: edited.id,
                content: "second".into(),
                named: confab_domain::Named::default(),
            },
        )
        .await;
    let changed = world
        .deed(
            room,
            &anna,
            Deed::DeleteMessage {
                message_id: deleted.id,
                reason: None,
            },
        )
        .await;

    let found = page(&world, room, Horizon::ALL, PageAt::After(0), 10).await;
    let [first, second] = &found.messages[..] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (first.content.as_deref(), &first.metadata),
        (Some("second"), &metadata)
    );
    assert_eq!(
        (first.edited_at, first.updated_seq),
        (Some(world.now()), edited.seq + 2)
    );
    assert_eq!(
        (second.content.as_deref(), &second.metadata),
        (None, &serde_json::json!({}))
    );
    assert_eq!(
        (second.deleted_at, second.updated_seq),
        (Some(world.now()), changed.head.last_seq)
    );
}

async fn reads_one_message_with_its_access(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Private, History::All).await;
    let said = world.say(room, &anna, "hello").await;
    let (message, access) = world.store.message(said.id, anna.user_id).await.unwrap().unwrap();
    assert_eq!(message, said);
    assert_eq!(
        (access.room_id, access.kind, access.is_active),
        (room, RoomKind::Private, true)
    );
    assert_eq!(access.head.last_seq, said.seq);
    assert!(access.current().is_some());
    let (_, access) = world.store.message(said.id, bert.user_id).await.unwrap().unwrap();
    assert!(
        access.membership.is_none(),
        "the store tells who asks, the rights decide"
    );
    let unknown = confab_domain::MessageId::mint(world.now());
    assert!(
        world
            .store
            .message(unknown, anna.user_id)
            .await
            .unwrap()
            .is_none()
    );
    world.deed(room, &anna, Deed::DeleteRoom).await;
    assert!(
        world
            .store
            .message(said.id, anna.user_id)
            .await
            .unwrap()
            .is_none(),
        "the room is gone"
    );
}

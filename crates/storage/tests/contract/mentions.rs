//! Whom messages name, and how that is counted.

use confab_domain::ports::{MessageReads, RoomReads, RoomWrites};
use confab_domain::{Actor, Body, Deed, History, MemberRole, Message, Named, RoomId, RoomKind, UserId};

use crate::on_both;
use crate::world::{World, body};

on_both!(
    names_are_those_of_members,
    mentions_count_beyond_the_mark,
    edits_and_deletions_move_the_count,
    who_comes_later_is_not_called,
    who_has_left_counts_nothing,
    plain_messages_write_no_rows,
);

fn named(mentions: &[UserId], here: bool) -> Named {
    Named {
        mentions: mentions.to_vec(),
        here,
        links: Vec::new(),
    }
}

async fn call(world: &World, room: RoomId, sender: &Actor, named: Named) -> std::sync::Arc<Message> {
    let call = Body {
        named,
        ..body("@somebody")
    };
    world.say_body(room, sender, call).await
}

async fn unread(world: &World, user_id: UserId, room: RoomId) -> i64 {
    let counts = world.store.unread_mentions(user_id, &[room]).await.unwrap();
    counts.get(&room).copied().unwrap_or(0)
}

async fn pair(world: &World, history: History) -> (Actor, Actor, RoomId) {
    let (anna, bert) = (world.user("Anna.B").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, history).await;
    let add = Deed::AddMembers(vec![(bert.user_id, MemberRole::Member)]);
    world.deed(room, &anna, add).await;
    (anna, bert, room)
}

async fn names_are_those_of_members(world: World) {
    let (anna, bert, room) = pair(&world, History::All).await;
    world.user("carl").await;
    let names = ["anna.b", "anna.b.", "bert", "carl", "nobody"].map(str::to_owned);
    let found = world.store.members_named(room, &names).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found["anna.b"], found["bert"]), (anna.user_id, bert.user_id));
    world.deed(room, &bert, Deed::Leave).await;
    let found = world.store.members_named(room, &names).await.unwrap();
    assert_eq!(found.keys().collect::<Vec<_>>(), ["anna.b"]);
}

async fn mentions_count_beyond_the_mark(world: World) {
    let (anna, bert, room) = pair(&world, History::All).await;
    let other = world.room(&anna, RoomKind::Public, History::All).await;
    let both = call(&world, room, &anna, named(&[bert.user_id, anna.user_id], true)).await;
    call(&world, room, &anna, named(&[bert.user_id], false)).await;
    world.say(room, &anna, "nobody").await;
    call(&world, room, &anna, named(&[], true)).await;
    call(&world, other, &anna, named(&[], true)).await;
    assert_eq!(
        unread(&world, bert.user_id, room).await,
        3,
        "one message counts once"
    );
    assert_eq!(unread(&world, anna.user_id, room).await, 0, "who speaks has read");
    assert_eq!(unread(&world, bert.user_id, other).await, 0, "not theirs");
    let rooms = [other, room];
    let counts = world.store.unread_mentions(bert.user_id, &rooms).await.unwrap();
    assert_eq!(counts.len(), 1);
    world
        .store
        .mark_read(room, bert.user_id, both.number)
        .await
        .unwrap();
    assert_eq!(unread(&world, bert.user_id, room).await, 2);
    world.store.mark_read(room, bert.user_id, 100).await.unwrap();
    assert_eq!(unread(&world, bert.user_id, room).await, 0);
}

async fn edits_and_deletions_move_the_count(world: World) {
    let (anna, bert, room) = pair(&world, History::All).await;
    let said = call(&world, room, &anna, named(&[anna.user_id], false)).await;
    let edit = async |content: &str, named| {
        let deed = Deed::EditMessage {
            message_id: said.id,
            content: content.to_owned(),
            named,
        };
        world.deed(room, &anna, deed).await;
        let stored = world
            .store
            .message(said.id, anna.user_id)
            .await
            .unwrap()
            .unwrap()
            .0;
        (
            stored.extras.named.clone(),
            unread(&world, bert.user_id, room).await,
        )
    };
    let to_bert = named(&[bert.user_id], false);
    assert_eq!(edit("@bert", to_bert.clone()).await, (to_bert, 1));
    let to_all = named(&[bert.user_id], true);
    assert_eq!(edit("@bert @here", to_all.clone()).await, (to_all, 1));
    assert_eq!(edit("nobody", Named::default()).await, (Named::default(), 0));
    assert_eq!(world.sql("SELECT count(*) FROM mentions").await, "0");
    assert_eq!(edit("@here", named(&[], true)).await.1, 1);
    let delete = Deed::DeleteMessage {
        message_id: said.id,
        reason: None,
    };
    world.deed(room, &anna, delete).await;
    assert_eq!(unread(&world, bert.user_id, room).await, 0);
    assert_eq!(world.sql("SELECT count(*) FROM mentions").await, "0");
}

async fn who_comes_later_is_not_called(world: World) {
    for (history, name) in [(History::All, "carl"), (History::SinceJoin, "dora")] {
        let anna = world.user(&format!("anna-{name}")).await;
        let room = world.room(&anna, RoomKind::Public, history).await;
        call(&world, room, &anna, named(&[], true)).await;
        let late = world.user(name).await;
        world.deed(room, &late, Deed::Join).await;
        assert_eq!(unread(&world, late.user_id, room).await, 0, "{history:?}");
        call(&world, room, &anna, named(&[], true)).await;
        assert_eq!(unread(&world, late.user_id, room).await, 1, "{history:?}");
    }
}

/// Named, gone before the commit, and back: nothing is counted that was said before.
async fn who_has_left_counts_nothing(world: World) {
    let (anna, bert, room) = pair(&world, History::All).await;
    world.deed(room, &bert, Deed::Leave).await;
    call(&world, room, &anna, named(&[bert.user_id], false)).await;
    assert_eq!(unread(&world, bert.user_id, room).await, 0);
    world.deed(room, &bert, Deed::Join).await;
    assert_eq!(unread(&world, bert.user_id, room).await, 0);
}

async fn plain_messages_write_no_rows(world: World) {
    let (anna, _, room) = pair(&world, History::All).await;
    world.say(room, &anna, "plain").await;
    assert_eq!(world.sql("SELECT count(*) FROM mentions").await, "0");
    let empty = "SELECT count(*) FROM messages WHERE extras IS NULL AND reply_count IS NULL";
    assert_eq!(world.sql(empty).await, "1");
}

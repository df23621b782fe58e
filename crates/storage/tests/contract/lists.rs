//! Lists that are read across many rows: files of a room, mentions over all rooms, people and rooms by their names.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{
    Accounts, Conversations, FileKey, HostProduct, HostUser, MemberFilter, MentionKey, MessageReads,
    NewUpload, NewUser, ProfilePatch, RoomFilter, RoomReads, RoomWrites, Uploads,
};
use confab_domain::{
    Actor, Attachment, Body, Deed, FileKind, Forward, ForwardedFrom, History, Horizon, MemberRole, Message,
    Named, RoomFile, RoomId, RoomKind, RoomPatch, Trace, UploadId, UserId,
};

use crate::on_both;
use crate::world::{World, actor, body, new_user};

on_both!(
    lists_files_by_kind_newest_first,
    lists_files_from_the_horizon_on_and_none_of_the_deleted,
    lists_mentions_over_all_rooms,
    mentions_are_those_one_may_see_now,
    pages_through_many_mentions,
    finds_members_by_a_word_of_their_names,
    finds_people_by_any_spelling,
    finds_rooms_by_any_spelling,
    a_pin_says_whose_it_is,
    completes_what_the_version_before_wrote,
    fills_what_was_there_before,
);

async fn upload(world: &World, owner: &Actor, content_type: &str) -> UploadId {
    let id = UploadId::mint(world.now());
    let due_at = world.now().plus(Duration::from_hours(1));
    let upload = NewUpload {
        id,
        owner_id: owner.user_id,
        filename: "a".into(),
        created_at: world.now(),
        due_at,
    };
    world.store.begin(upload).await.unwrap();
    let file = Attachment {
        id,
        filename: "a".into(),
        content_type: content_type.into(),
        size: 7,
        width: None,
        height: None,
        preview: None,
        has_thumbnail: false,
    };
    world.store.finish(&file, None, due_at).await.unwrap();
    id
}

/// A message with files of these types, brought in this order.
async fn bear(world: &World, room: RoomId, sender: &Actor, types: &[&str]) -> (Arc<Message>, Vec<UploadId>) {
    let mut ids = Vec::new();
    for content_type in types {
        world.clock.advance(Duration::from_millis(1));
        ids.push(upload(world, sender, content_type).await);
    }
    let body = Body {
        attachments: ids.clone(),
        ..body("")
    };
    (world.say_body(room, sender, body).await, ids)
}

async fn files(
    world: &World,
    room: RoomId,
    from: i64,
    kind: Option<FileKind>,
    limit: usize,
) -> Vec<RoomFile> {
    let horizon = Horizon {
        visible_from_number: from,
        ..Horizon::ALL
    };
    let (mut all, mut after): (Vec<RoomFile>, Option<FileKey>) = (Vec::new(), None);
    loop {
        let page = world
            .store
            .room_files(room, horizon, kind, after, limit)
            .await
            .unwrap();
        assert!(page.items.len() <= limit);
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn ids(files: &[RoomFile]) -> Vec<UploadId> {
    files.iter().map(|file| file.file.id).collect()
}

async fn lists_files_by_kind_newest_first(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let other = world.room(&anna, RoomKind::Public, History::All).await;
    let (first, one) = bear(&world, room, &anna, &["image/png", "video/mp4", "text/plain"]).await;
    bear(&world, other, &anna, &["image/png"]).await;
    upload(&world, &anna, "image/png").await;
    world.say(room, &anna, "no file").await;
    let (second, two) = bear(&world, room, &anna, &["audio/ogg", "image/gif", "imagery/x"]).await;
    let newest_first = [two[2], two[1], two[0], one[2], one[1], one[0]];
    for limit in [1, 2, 6, 50] {
        assert_eq!(
            ids(&files(&world, room, 0, None, limit).await),
            newest_first,
            "{limit}"
        );
    }
    for (kind, expected) in [
        (FileKind::Image, vec![two[1], one[0]]),
        (FileKind::Video, vec![one[1]]),
        (FileKind::Audio, vec![two[0]]),
        (FileKind::Other, vec![two[2], one[2]]),
    ] {
        assert_eq!(
            ids(&files(&world, room, 0, Some(kind), 1).await),
            expected,
            "{kind:?}"
        );
    }
    let found = files(&world, room, 0, Some(FileKind::Video), 50).await.remove(0);
    assert_eq!(
        (found.message_id, found.number, found.seq),
        (first.id, first.number, first.seq)
    );
    assert_eq!(
        (found.sender.id, found.created_at),
        (anna.user_id, first.created_at)
    );
    assert_eq!(found.file, first.attachments[1]);
    assert_ne!(first.created_at, second.created_at);
}

async fn lists_files_from_the_horizon_on_and_none_of_the_deleted(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::SinceJoin).await;
    let other = world.room(&anna, RoomKind::Public, History::All).await;
    let (first, one) = bear(&world, room, &anna, &["image/png"]).await;
    let (second, two) = bear(&world, room, &anna, &["image/png"]).await;
    assert_eq!(ids(&files(&world, room, second.number, None, 50).await), two);
    assert_eq!(
        ids(&files(&world, room, second.number, Some(FileKind::Image), 50).await),
        two
    );
    let forward = Forward {
        source_id: first.id,
        source_room_id: room,
        origin: ForwardedFrom {
            message_id: first.id,
            sender_id: anna.user_id,
            created_at: first.created_at,
        },
    };
    let copy = Body {
        attachments: one.clone(),
        forward: Some(forward),
        ..body("")
    };
    let copy = world.say_body(other, &anna, copy).await;
    let delete = Deed::DeleteMessage {
        message_id: first.id,
        reason: None,
    };
    world.deed(room, &anna, delete).await;
    assert_eq!(ids(&files(&world, room, 0, None, 50).await), two);
    let copies = files(&world, other, 0, None, 50).await;
    assert_eq!(
        ids(&copies),
        [copy.attachments[0].id],
        "a forward bears a file of its own"
    );
    assert_eq!(copies[0].number, copy.number);
}

fn named(mentions: &[UserId], here: bool) -> Named {
    Named {
        mentions: mentions.to_vec(),
        here,
        links: Vec::new(),
    }
}

/// A message a while after the one before.
async fn call(world: &World, room: RoomId, sender: &Actor, named: Named) -> Arc<Message> {
    world.clock.advance(Duration::from_millis(1));
    let call = Body {
        named,
        ..body("@somebody")
    };
    world.say_body(room, sender, call).await
}

async fn mentions(world: &World, user: &Actor, limit: usize) -> Vec<(Arc<Message>, bool)> {
    let (mut all, mut after): (Vec<_>, Option<MentionKey>) = (Vec::new(), None);
    loop {
        let page = world.store.mentions(user.user_id, after, limit).await.unwrap();
        assert!(page.items.len() <= limit);
        all.extend(
            page.items
                .into_iter()
                .map(|found| (found.message, found.is_unread)),
        );
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn messages(found: &[(Arc<Message>, bool)]) -> Vec<(RoomId, i64)> {
    found
        .iter()
        .map(|(message, _)| (message.room_id, message.number))
        .collect()
}

fn places(said: &[&Arc<Message>]) -> Vec<(RoomId, i64)> {
    said.iter()
        .map(|message| (message.room_id, message.number))
        .collect()
}

async fn lists_mentions_over_all_rooms(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let mut rooms = Vec::new();
    for _ in 0..3 {
        let room = world.room(&anna, RoomKind::Public, History::All).await;
        world.deed(room, &bert, Deed::Join).await;
        rooms.push(room);
    }
    let to_bert = || named(&[bert.user_id], false);
    let one = call(&world, rooms[0], &anna, to_bert()).await;
    let two = call(&world, rooms[1], &anna, named(&[], true)).await;
    call(&world, rooms[1], &anna, named(&[anna.user_id], false)).await;
    world.say(rooms[2], &anna, "nobody").await;
    let three = call(&world, rooms[0], &anna, named(&[bert.user_id], true)).await;
    let four = call(&world, rooms[2], &anna, to_bert()).await;
    let own = call(&world, rooms[2], &bert, to_bert()).await;
    world
        .store
        .mark_read(rooms[0], bert.user_id, one.number)
        .await
        .unwrap();
    let expected = places(&[&own, &four, &three, &two, &one]);
    for limit in [1, 2, 5, 50] {
        assert_eq!(
            messages(&mentions(&world, &bert, limit).await),
            expected,
            "{limit}"
        );
    }
    let unread: Vec<bool> = mentions(&world, &bert, 50)
        .await
        .iter()
        .map(|found| found.1)
        .collect();
    // Who writes has read what was said before.
    assert_eq!(unread, [false, false, true, true, false]);
    assert_eq!(messages(&mentions(&world, &anna, 50).await).len(), 3);

    // An edit names others, a deleted message names nobody.
    let edit = Deed::EditMessage {
        message_id: one.id,
        content: "@nobody".into(),
        named: Named::default(),
    };
    world.deed(rooms[0], &anna, edit).await;
    let delete = Deed::DeleteMessage {
        message_id: three.id,
        reason: None,
    };
    world.deed(rooms[0], &anna, delete).await;
    assert_eq!(
        messages(&mentions(&world, &bert, 2).await),
        places(&[&own, &four, &two])
    );
    let edit = Deed::EditMessage {
        message_id: one.id,
        content: "@bert".into(),
        named: to_bert(),
    };
    world.deed(rooms[0], &anna, edit).await;
    let found = mentions(&world, &bert, 50).await;
    assert_eq!(
        messages(&found),
        places(&[&own, &four, &two, &one]),
        "in its own place, not that of the edit"
    );
    assert_eq!(found[3].0.content.as_deref(), Some("@bert"));
}

async fn mentions_are_those_one_may_see_now(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let open = world.room(&anna, RoomKind::Public, History::All).await;
    let late = world.room(&anna, RoomKind::Public, History::SinceJoin).await;
    let ended = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(open, &bert, Deed::Join).await;
    world.deed(ended, &bert, Deed::Join).await;
    call(&world, late, &anna, named(&[bert.user_id], true)).await;
    world.deed(late, &bert, Deed::Join).await;
    call(&world, ended, &anna, named(&[bert.user_id], false)).await;
    let in_open = call(&world, open, &anna, named(&[bert.user_id], false)).await;
    let in_late = call(&world, late, &anna, named(&[], true)).await;
    world.deed(ended, &anna, Deed::DeleteRoom).await;
    let both = places(&[&in_late, &in_open]);
    assert_eq!(messages(&mentions(&world, &bert, 50).await), both);
    world.deed(open, &bert, Deed::Leave).await;
    assert_eq!(messages(&mentions(&world, &bert, 50).await), places(&[&in_late]));
    world.deed(open, &bert, Deed::Join).await;
    assert_eq!(messages(&mentions(&world, &bert, 50).await), both);
    // Whoever comes back where one sees what was said since joining begins anew.
    world.deed(late, &bert, Deed::Leave).await;
    world.deed(late, &bert, Deed::Join).await;
    assert_eq!(messages(&mentions(&world, &bert, 50).await), places(&[&in_open]));
    assert!(mentions(&world, &world.user("carl").await, 50).await.is_empty());
}

/// More in one room than on a page, more rooms than on a page, and several at the same moment.
async fn pages_through_many_mentions(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let mut expected = Vec::new();
    for index in 0..7 {
        let room = world.room(&anna, RoomKind::Public, History::All).await;
        world.deed(room, &bert, Deed::Join).await;
        let runs = if index == 3 { 9 } else { 2 };
        for run in 0..runs {
            if (run + index) % 2 == 0 {
                world.clock.advance(Duration::from_millis(1));
            }
            let call = Body {
                named: if run % 2 == 0 {
                    named(&[bert.user_id], false)
                } else {
                    named(&[], true)
                },
                ..body("@somebody")
            };
            let said = world.say_body(room, &anna, call).await;
            expected.push((said.created_at, room, said.number));
        }
    }
    expected.sort_unstable();
    expected.reverse();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(_, room, number)| (room, number))
        .collect();
    for limit in [1, 2, 3, 100] {
        assert_eq!(
            messages(&mentions(&world, &bert, limit).await),
            expected,
            "{limit}"
        );
    }
}

async fn person(world: &World, username: &str, display_name: &str) -> Actor {
    let new = NewUser {
        display_name: display_name.into(),
        ..new_user(username)
    };
    let made = world.store.register(new, world.now(), Trace::default()).await;
    actor(&made.unwrap())
}

async fn members(world: &World, room: RoomId, query: Option<&str>, role: Option<MemberRole>) -> Vec<String> {
    let filter = MemberFilter {
        query: query.map(str::to_owned),
        role,
    };
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = world.store.members(room, &filter, after, 1).await.unwrap();
        names.extend(page.items.into_iter().map(|(_, user)| user.username));
        after = page.next;
        if after.is_none() {
            names.sort();
            return names;
        }
    }
}

async fn finds_members_by_a_word_of_their_names(world: World) {
    let owner = person(&world, "zoe", "Zoë Berg").await;
    let room = world.room(&owner, RoomKind::Public, History::All).await;
    for (username, display_name) in [
        ("elodie.d", "Élodie Durand"),
        ("anna_b", "Anna Maria Bergström"),
        ("kenji", "山田健二"),
        ("isabel", "Isabel"),
    ] {
        let user = person(&world, username, display_name).await;
        world.deed(room, &user, Deed::Join).await;
    }
    person(&world, "bergman", "No member").await;
    for (query, expected) in [
        ("ELO", vec!["elodie.d"]),
        ("élo", vec!["elodie.d"]),
        ("e", vec!["elodie.d"]),
        ("@d", vec!["elodie.d"]),
        ("berg", vec!["anna_b", "zoe"]),
        ("BERGSTROM", vec!["anna_b"]),
        ("maria be", vec!["anna_b"]),
        ("b", vec!["anna_b", "zoe"]),
        ("健", vec!["kenji"]),
        ("zoe", vec!["zoe"]),
        ("bel", vec![]),
        ("%", vec![]),
        ("_", vec!["anna_b"]),
        ("anna_b a", vec![]),
    ] {
        assert_eq!(
            members(&world, room, Some(query), None).await,
            expected,
            "{query}"
        );
    }
    assert_eq!(members(&world, room, Some(" "), None).await.len(), 5);
    assert_eq!(
        members(&world, room, None, Some(MemberRole::Owner)).await,
        ["zoe"]
    );
    assert_eq!(
        members(&world, room, None, Some(MemberRole::Member)).await.len(),
        4
    );
    assert!(
        members(&world, room, None, Some(MemberRole::Admin))
            .await
            .is_empty()
    );
    assert_eq!(
        members(&world, room, Some("berg"), Some(MemberRole::Member)).await,
        ["anna_b"]
    );
    world.deed(room, &owner, Deed::Leave).await;
    assert_eq!(members(&world, room, Some("berg"), None).await, ["anna_b"]);
}

async fn people(world: &World, query: &str) -> Vec<String> {
    let page = world.store.search_users(query, None, 50).await.unwrap();
    page.items.into_iter().map(|user| user.username).collect()
}

async fn finds_people_by_any_spelling(world: World) {
    let elodie = person(&world, "e1", "Élodie").await;
    person(&world, "e2", "elodie").await;
    person(&world, "e3", "ÉLODIE E\u{301}toile").await;
    person(&world, "Yor.k", "Ёлка").await;
    for query in ["ÉLODIE", "élodie", "Elodie", "LOD"] {
        assert_eq!(people(&world, query).await, ["e1", "e2", "e3"], "{query}");
    }
    assert_eq!(people(&world, "étoile").await, ["e3"]);
    assert_eq!(people(&world, "ЕЛК").await, ["Yor.k"]);
    assert_eq!(people(&world, "r.K").await, ["Yor.k"]);
    assert!(people(&world, "e1 é").await.is_empty(), "not across two names");
    assert_eq!(people(&world, "").await.len(), 4);
    let page = world.store.search_users("elodie", None, 2).await.unwrap();
    let rest = world
        .store
        .search_users("elodie", page.next.as_deref(), 2)
        .await
        .unwrap();
    assert_eq!((page.items.len(), rest.items.len(), rest.next), (2, 1, None));

    // By the new name, and by the old one no longer.
    let patch = ProfilePatch {
        display_name: Some("Günther".into()),
        ..ProfilePatch::default()
    };
    world
        .store
        .update_profile(&elodie, elodie.user_id, patch, world.now(), Trace::default())
        .await
        .unwrap();
    assert_eq!(people(&world, "GUNTHER").await, ["e1"]);
    assert_eq!(people(&world, "elodie").await, ["e2", "e3"]);
    let keep = async |display_name: &str| {
        let wanted = HostUser {
            external_id: "x-1".into(),
            username: Some("outside".into()),
            display_name: Some(display_name.into()),
            avatar: None,
            email: None,
        };
        let kept = world
            .store
            .keep_user(&elodie, wanted, world.now(), Trace::default());
        kept.await.unwrap();
    };
    keep("Żółw").await;
    assert_eq!(people(&world, "zolw").await, ["outside"]);
    keep("Łoś").await;
    assert_eq!(people(&world, "los").await, ["outside"]);
    assert!(people(&world, "zolw").await.is_empty());
}

async fn rooms(world: &World, viewer: &Actor, query: &str) -> Vec<String> {
    let filter = RoomFilter {
        query: Some(query.into()),
        kind: None,
    };
    let page = world.store.rooms(viewer, &filter, None, 50).await.unwrap();
    let names = page.items.into_iter().map(|listing| listing.room.name);
    names.map(Option::unwrap_or_default).collect()
}

async fn finds_rooms_by_any_spelling(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let cafe = world
        .named_room(&anna, RoomKind::Private, History::All, "Café Übergröße")
        .await;
    world.clock.advance(Duration::from_millis(1));
    world
        .named_room(&bert, RoomKind::Public, History::All, "UBERGROSSE CAFES")
        .await;
    world.direct(&anna, &bert).await;
    for query in ["CAFÉ", "café", "cafe", "übergrösse", "BERGRO"] {
        assert_eq!(
            rooms(&world, &anna, query).await,
            ["UBERGROSSE CAFES", "Café Übergröße"],
            "{query}"
        );
    }
    assert_eq!(
        rooms(&world, &bert, "cafe").await,
        ["UBERGROSSE CAFES"],
        "a private room is none of his"
    );
    let patch = RoomPatch {
        name: Some("Éclair".into()),
        ..RoomPatch::default()
    };
    world.deed(cafe, &anna, Deed::UpdateRoom(patch)).await;
    assert_eq!(rooms(&world, &anna, "eclair").await, ["Éclair"]);
    assert_eq!(rooms(&world, &anna, "cafe").await, ["UBERGROSSE CAFES"]);
}

async fn a_pin_says_whose_it_is(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.direct(&anna, &bert).await;
    let said = world.say(room, &anna, "hello").await;
    world.deed(room, &bert, Deed::PinMessage(said.id)).await;
    let read = async || {
        let (message, _) = world.store.message(said.id, anna.user_id).await.unwrap().unwrap();
        message.extras.pinned_by
    };
    assert_eq!(read().await, Some(bert.user_id));
    world.deed(room, &anna, Deed::PinMessage(said.id)).await;
    assert_eq!(read().await, Some(bert.user_id), "it was pinned already");
    let pins = world.store.pins(room, Horizon::ALL, None, 10).await.unwrap();
    assert_eq!(pins.items[0].extras.pinned_by, Some(bert.user_id));
    world.deed(room, &anna, Deed::UnpinMessage(said.id)).await;
    assert_eq!(read().await, None);
    world.deed(room, &anna, Deed::PinMessage(said.id)).await;
    assert_eq!(read().await, Some(anna.user_id));
    let delete = Deed::DeleteMessage {
        message_id: said.id,
        reason: None,
    };
    world.deed(room, &anna, delete).await;
    assert_eq!(read().await, None);
}

/// Something of each list, and how many of it there are to be found.
async fn something_of_each(world: &World) -> (Actor, RoomId) {
    let elodie = person(world, "e1", "Élodie").await;
    let room = world
        .named_room(&elodie, RoomKind::Public, History::All, "Café")
        .await;
    world.direct(&elodie, &world.user("other").await).await;
    for _ in 0..3 {
        call(world, room, &elodie, named(&[elodie.user_id], true)).await;
        world.say(room, &elodie, "plain").await;
        bear(world, room, &elodie, &["image/png"]).await;
    }
    (elodie, room)
}

async fn found(world: &World, (elodie, room): &(Actor, RoomId)) -> [usize; 4] {
    [
        files(world, *room, 0, Some(FileKind::Image), 50).await.len(),
        mentions(world, elodie, 50).await.len(),
        people(world, "elodie").await.len(),
        rooms(world, elodie, "cafe").await.len(),
    ]
}

async fn completes_what_the_version_before_wrote(world: World) {
    let some = something_of_each(&world).await;
    assert_eq!(found(&world, &some).await, [3, 3, 1, 1]);
    for sql in [
        "UPDATE uploads SET number = NULL",
        "UPDATE mentions SET seq = NULL, said_at = NULL",
        "UPDATE users SET name_folded = NULL",
        "UPDATE rooms SET name_folded = NULL",
    ] {
        world.sql_change(sql).await;
    }
    assert_eq!(found(&world, &some).await, [0, 0, 0, 0]);
    assert_eq!(
        people(&world, "LODIE").await,
        ["e1"],
        "as the version before found them"
    );
    assert_eq!(rooms(&world, &some.0, "CAF").await, ["Café"]);
    // A name has no number of its own to come by: two people, one room; three files and six rows of mentions.
    assert_eq!(world.store.complete_rows(2).await.unwrap(), 2 + 2 + 2 + 1);
    let mut rounds = 0;
    while world.store.complete_rows(2).await.unwrap() > 0 {
        rounds += 1;
    }
    assert_eq!(rounds, 2);
    assert_eq!(found(&world, &some).await, [3, 3, 1, 1]);
}

/// The step over a database that has been in use.
async fn fills_what_was_there_before(world: World) {
    let some = something_of_each(&world).await;
    let dropped = [
        (
            "uploads",
            "number",
            "uploads_by_number uploads_by_kind uploads_to_complete",
        ),
        ("mentions", "said_at", "mentions_by_time mentions_to_complete"),
        ("mentions", "seq", ""),
        ("users", "name_folded", "users_by_name_run users_to_complete"),
        ("rooms", "name_folded", "rooms_by_name_run rooms_to_complete"),
        ("messages", "pinned_by", "members_in_office"),
    ];
    for (table, column, indexes) in dropped {
        for index in indexes.split_whitespace() {
            world.sql_change(&format!("DROP INDEX IF EXISTS {index}")).await;
        }
        world
            .sql_change(&format!("ALTER TABLE {table} DROP COLUMN {column}"))
            .await;
    }
    world
        .sql_change("DELETE FROM seaql_migrations WHERE version = 'm20261121_000013_lists'")
        .await;
    confab_migration::run(&world.url).await.unwrap();
    assert_eq!(found(&world, &some).await, [3, 3, 1, 1]);
    for (table, column) in [
        ("uploads", "number"),
        ("mentions", "said_at"),
        ("users", "name_folded"),
    ] {
        let left = format!("SELECT count(*) FROM {table} WHERE {column} IS NULL");
        assert_eq!(world.sql(&left).await, "0", "{table}");
    }
    assert_eq!(world.store.complete_rows(100).await.unwrap(), 0);
}

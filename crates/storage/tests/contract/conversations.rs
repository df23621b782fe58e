//! The list of conversations, what people set in it, what is unread, and how far messages have come.

use std::collections::HashMap;
use std::time::Duration;

use confab_domain::ports::{
    Accounts, Conversations, LogRequest, Moderation, ProfilePatch, RoomReads, RoomWrites,
};
use confab_domain::{
    Actor, Body, Conversation, ConversationFilter, ConversationPatch, Deed, EventBody, History, MemberRole,
    Named, Notifications, RoomId, RoomKind, Trace, UnreadCounts,
};
use confab_storage::Store;

use crate::on_both;
use crate::world::{World, body, refusal};

on_both!(
    lists_by_last_activity_with_pinned_ones_first,
    shows_the_last_message_as_far_as_one_may_see_it,
    asks_the_database_once_however_many_rooms,
    brings_back_what_was_archived,
    counts_unread_mentions_once,
    keeps_settings_to_their_owner,
    keeps_a_conversation_marked_until_its_person_reads_or_speaks,
    lists_what_is_unread_and_of_a_kind,
    reads_everything_to_its_end,
    lists_a_direct_room_for_the_other_from_its_first_message,
    never_drifts,
    tells_how_far_a_message_has_come,
    hides_read_marks_both_ways,
);

async fn list(world: &World, who: &Actor, is_archived: bool) -> Vec<Conversation> {
    let filter = ConversationFilter {
        is_archived,
        ..ConversationFilter::default()
    };
    list_of(world, who, filter).await
}

async fn list_of(world: &World, who: &Actor, filter: ConversationFilter) -> Vec<Conversation> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = world
            .store
            .conversations(who.user_id, filter, after, world.now(), 2)
            .await
            .unwrap();
        all.extend(page.items);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

async fn ids(world: &World, who: &Actor, is_archived: bool) -> Vec<RoomId> {
    let all = list(world, who, is_archived).await;
    all.into_iter().map(|conversation| conversation.room.id).collect()
}

async fn set(world: &World, who: &Actor, room: RoomId, patch: ConversationPatch) -> Conversation {
    let updated = world
        .store
        .update_conversation(room, who.user_id, patch, world.now());
    updated.await.unwrap()
}

const ARCHIVE: ConversationPatch = ConversationPatch {
    is_archived: Some(true),
    is_pinned: None,
    notifications: None,
    muted_until: None,
    is_marked_unread: None,
};

async fn lists_by_last_activity_with_pinned_ones_first(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let mut rooms = Vec::new();
    for _ in 0..4 {
        rooms.push(world.room(&anna, RoomKind::Private, History::All).await);
        world.clock.advance(Duration::from_secs(1));
    }
    let direct = world.direct(&anna, &bert).await;
    // Nothing was said yet: by the moment of joining.
    assert_eq!(
        ids(&world, &anna, false).await,
        [direct, rooms[3], rooms[2], rooms[1], rooms[0]]
    );
    world.clock.advance(Duration::from_secs(1));
    world.say(rooms[1], &anna, "up").await;
    assert_eq!(ids(&world, &anna, false).await[0], rooms[1]);
    let pin = ConversationPatch {
        is_pinned: Some(true),
        ..ConversationPatch::default()
    };
    set(&world, &anna, rooms[0], pin).await;
    assert_eq!(
        ids(&world, &anna, false).await,
        [rooms[0], rooms[1], direct, rooms[3], rooms[2]]
    );
    let all = list(&world, &anna, false).await;
    assert!(all[0].settings.is_pinned && !all[1].settings.is_pinned);
    let peer = all[2].peer.as_ref().unwrap();
    assert_eq!(peer.id, bert.user_id);
    assert!(all[1].peer.is_none());
    world.deed(rooms[3], &anna, Deed::DeleteRoom).await;
    world.deed(rooms[2], &anna, Deed::Leave).await;
    assert_eq!(ids(&world, &anna, false).await, [rooms[0], rooms[1], direct]);
    assert!(
        ids(&world, &bert, false).await.is_empty(),
        "nothing was said there"
    );
}

async fn shows_the_last_message_as_far_as_one_may_see_it(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::SinceJoin).await;
    world.say(room, &anna, "before").await;
    world.deed(room, &bert, Deed::Join).await;
    let last = async |who: &Actor| list(&world, who, false).await.remove(0);
    assert!(last(&bert).await.last_message.is_none(), "from before their time");
    assert_eq!(
        last(&anna).await.last_message.unwrap().content.as_deref(),
        Some("before")
    );
    let said = world.say(room, &anna, "after").await;
    assert_eq!(last(&bert).await.last_message.unwrap().id, said.id);
    world
        .deed(
            room,
            &anna,
            Deed::DeleteMessage {
                message_id: said.id,
                reason: None,
            },
        )
        .await;
    let tombstone = last(&bert).await.last_message.unwrap();
    assert!(tombstone.is_deleted() && tombstone.content.is_none());
}

async fn asks_the_database_once_however_many_rooms(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let statements = async |who: &Actor, rooms: usize| {
        let before = world.store.statement_count();
        let page = world
            .store
            .conversations(who.user_id, ConversationFilter::default(), None, world.now(), 100)
            .await
            .unwrap();
        assert_eq!(page.items.len(), rooms);
        world.store.statement_count() - before
    };
    for _ in 0..30 {
        let room = world.room(&anna, RoomKind::Private, History::All).await;
        world.say(room, &anna, "hello").await;
    }
    let direct = world.direct(&anna, &bert).await;
    world.say(direct, &anna, "hello").await;
    assert_eq!(statements(&anna, 31).await, 1);
    assert_eq!(statements(&bert, 1).await, 1);
    let before = world.store.statement_count();
    world.store.unread(anna.user_id, world.now()).await.unwrap();
    assert_eq!(world.store.statement_count() - before, 1);
}

async fn brings_back_what_was_archived(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.direct(&anna, &bert).await;
    world.say(room, &anna, "one").await;
    assert!(set(&world, &bert, room, ARCHIVE).await.settings.is_archived);
    assert_eq!(
        (ids(&world, &bert, false).await, ids(&world, &bert, true).await),
        (vec![], vec![room])
    );
    assert_eq!(ids(&world, &anna, false).await, [room], "for oneself alone");
    // In the same millisecond: the number tells, not the clock.
    world.say(room, &anna, "two").await;
    assert_eq!(
        ids(&world, &bert, false).await,
        [room],
        "it comes back with a message"
    );
    for (patch, ends) in [
        (
            ConversationPatch {
                notifications: Some(Notifications::None),
                ..ARCHIVE
            },
            ConversationPatch {
                notifications: Some(Notifications::All),
                ..ConversationPatch::default()
            },
        ),
        (
            ConversationPatch {
                muted_until: Some(Some(world.now().plus(Duration::from_mins(5)))),
                ..ARCHIVE
            },
            ConversationPatch {
                muted_until: Some(None),
                ..ConversationPatch::default()
            },
        ),
    ] {
        set(&world, &bert, room, patch).await;
        world.say(room, &anna, "quiet").await;
        assert_eq!(ids(&world, &bert, true).await, [room], "what is muted stays away");
        assert!(!set(&world, &bert, room, ends).await.settings.is_archived);
    }
    let muted = ConversationPatch {
        muted_until: Some(Some(world.now().plus(Duration::from_mins(5)))),
        ..ARCHIVE
    };
    set(&world, &bert, room, muted).await;
    world.say(room, &anna, "later").await;
    assert_eq!(ids(&world, &bert, true).await, [room]);
    world.clock.advance(Duration::from_mins(5));
    assert_eq!(ids(&world, &bert, false).await, [room], "the mute has ended");
}

async fn counts_unread_mentions_once(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    let mut said = Vec::new();
    for (text, names_bert, here) in [
        ("plain", false, false),
        ("@bert", true, false),
        ("@here", false, true),
        ("@bert @here", true, true),
        ("@bert again", true, false),
    ] {
        let named = Named {
            mentions: names_bert.then_some(bert.user_id).into_iter().collect(),
            here,
            links: Vec::new(),
        };
        said.push(world.say_body(room, &anna, Body { named, ..body(text) }).await);
    }
    let mentions = async || list(&world, &bert, false).await[0].mention_count;
    assert_eq!(mentions().await, 4);
    world.store.mark_read(room, bert.user_id, 2).await.unwrap();
    assert_eq!(mentions().await, 3);
    world
        .deed(
            room,
            &anna,
            Deed::DeleteMessage {
                message_id: said[4].id,
                reason: None,
            },
        )
        .await;
    assert_eq!(mentions().await, 2, "a tombstone names nobody");
    let unread = world.store.unread(bert.user_id, world.now()).await.unwrap();
    let expected = UnreadCounts {
        unread: 3,
        mentions: 2,
        rooms: 1,
    };
    assert_eq!((unread.heard, unread.quiet), (expected, UnreadCounts::default()));
    let muted = ConversationPatch {
        notifications: Some(Notifications::None),
        ..ConversationPatch::default()
    };
    set(&world, &bert, room, muted).await;
    let unread = world.store.unread(bert.user_id, world.now()).await.unwrap();
    assert_eq!((unread.heard, unread.quiet), (UnreadCounts::default(), expected));
}

async fn keeps_settings_to_their_owner(world: World) {
    let (anna, bert, eve) = (
        world.user("anna").await,
        world.user("bert").await,
        world.user("eve").await,
    );
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    let until = world.now().plus(Duration::from_mins(1));
    let patch = ConversationPatch {
        is_archived: Some(true),
        is_pinned: Some(true),
        notifications: Some(Notifications::Mentions),
        muted_until: Some(Some(until)),
        is_marked_unread: Some(true),
    };
    let set_by_bert = set(&world, &bert, room, patch).await.settings;
    assert_eq!(
        (set_by_bert.notifications, set_by_bert.muted_until),
        (Notifications::Mentions, Some(until))
    );
    let kept = set(&world, &bert, room, ConversationPatch::default())
        .await
        .settings;
    assert_eq!(kept, set_by_bert, "what is absent keeps");
    let annas = list(&world, &anna, false).await.remove(0).settings;
    assert!(!annas.is_archived && !annas.is_pinned && annas.muted_until.is_none());
    assert_eq!(annas.notifications, Notifications::All);
    let stranger = world
        .store
        .update_conversation(room, eve.user_id, ARCHIVE, world.now())
        .await;
    assert_eq!(refusal(stranger), "not_found: not found");
    world.deed(room, &bert, Deed::Leave).await;
    let former = world
        .store
        .update_conversation(room, bert.user_id, ARCHIVE, world.now())
        .await;
    assert_eq!(refusal(former), "not_found: not found");
    world.deed(room, &bert, Deed::Join).await;
    let again = list(&world, &bert, false).await.remove(0).settings;
    assert!(
        !again.is_archived && !again.is_pinned,
        "who comes back begins anew"
    );
    assert_eq!(
        again.notifications,
        Notifications::Mentions,
        "but is not shouted at"
    );
}

/// Numbers without pattern, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

async fn keeps_a_conversation_marked_until_its_person_reads_or_speaks(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    world.say(room, &anna, "one").await;
    let read = async |number| world.store.mark_read(room, bert.user_id, number).await.unwrap();
    let marked = |is_marked_unread| ConversationPatch {
        is_marked_unread: Some(is_marked_unread),
        ..ConversationPatch::default()
    };
    let is_marked = async |who: &Actor| list(&world, who, false).await[0].is_marked_unread;
    let rooms = async || {
        let unread = world.store.unread(bert.user_id, world.now()).await.unwrap();
        (unread.heard.rooms, unread.heard.unread)
    };
    assert!(!read(1).await.has_unmarked);
    assert_eq!(rooms().await, (0, 0));

    assert!(set(&world, &bert, room, marked(true)).await.is_marked_unread);
    assert!(
        set(&world, &bert, room, ConversationPatch::default())
            .await
            .is_marked_unread
    );
    assert_eq!(rooms().await, (1, 0), "it counts as a room, without a message");
    assert!(!is_marked(&anna).await);
    assert_eq!(
        list(&world, &bert, false).await[0].member.last_read_number,
        1,
        "what others are told stays"
    );
    // A delivered mark is the client's, not the person's.
    let delivered = world.store.mark_delivered(room, bert.user_id, 1).await.unwrap();
    assert!(!delivered.has_unmarked && is_marked(&bert).await);
    // Reading what is read already is a look all the same.
    let mark = read(1).await;
    assert!(mark.has_unmarked && !mark.has_moved);
    assert!(!is_marked(&bert).await && !read(1).await.has_unmarked);

    set(&world, &bert, room, marked(true)).await;
    set(&world, &bert, room, marked(false)).await;
    assert!(!is_marked(&bert).await);

    set(&world, &bert, room, marked(true)).await;
    world.say(room, &anna, "two").await;
    assert!(is_marked(&bert).await);
    let mark = read(2).await;
    assert!(mark.has_unmarked && mark.has_moved && !is_marked(&bert).await);

    set(&world, &bert, room, marked(true)).await;
    world.say(room, &bert, "three").await;
    assert!(!is_marked(&bert).await, "who speaks is there");
    assert_eq!(rooms().await, (0, 0));

    set(&world, &bert, room, marked(true)).await;
    world.deed(room, &bert, Deed::Leave).await;
    world.deed(room, &bert, Deed::Join).await;
    assert!(!is_marked(&bert).await, "who comes back begins anew");
}

async fn lists_what_is_unread_and_of_a_kind(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let mut rooms = Vec::new();
    for kind in [RoomKind::Public, RoomKind::Private, RoomKind::Private] {
        let room = world.room(&anna, kind, History::All).await;
        let add = Deed::AddMembers(vec![(bert.user_id, MemberRole::Member)]);
        world.deed(room, &anna, add).await;
        world.say(room, &anna, "hello").await;
        rooms.push(room);
        world.clock.advance(Duration::from_secs(1));
    }
    let direct = world.direct(&anna, &bert).await;
    world.say(direct, &anna, "hello").await;
    let of = async |is_unread, kind| {
        let filter = ConversationFilter {
            is_unread,
            kind,
            ..ConversationFilter::default()
        };
        let found = list_of(&world, &bert, filter).await;
        found.iter().map(|one| one.room.id).collect::<Vec<_>>()
    };
    assert_eq!(of(None, None).await, [direct, rooms[2], rooms[1], rooms[0]]);
    world.store.mark_read(rooms[1], bert.user_id, 1).await.unwrap();
    world.store.mark_read(rooms[0], bert.user_id, 1).await.unwrap();
    assert_eq!(of(Some(true), None).await, [direct, rooms[2]]);
    assert_eq!(of(Some(false), None).await, [rooms[1], rooms[0]]);
    assert_eq!(of(None, Some(RoomKind::Private)).await, [rooms[2], rooms[1]]);
    assert_eq!(of(Some(true), Some(RoomKind::Direct)).await, [direct]);
    assert_eq!(of(Some(true), Some(RoomKind::Public)).await, []);
    let marked = ConversationPatch {
        is_marked_unread: Some(true),
        ..ConversationPatch::default()
    };
    set(&world, &bert, rooms[0], marked).await;
    assert_eq!(of(Some(true), Some(RoomKind::Public)).await, [rooms[0]]);
}

async fn reads_everything_to_its_end(world: World) {
    let (anna, bert, eve) = (
        world.user("anna").await,
        world.user("bert").await,
        world.user("eve").await,
    );
    let mut rooms = Vec::new();
    for _ in 0..4 {
        let room = world.room(&anna, RoomKind::Public, History::All).await;
        for who in [&bert, &eve] {
            world.deed(room, who, Deed::Join).await;
        }
        world.say(room, &anna, "one").await;
        world.say(room, &anna, "two").await;
        rooms.push(room);
    }
    rooms.sort_unstable();
    let apart = world.direct(&anna, &bert).await;
    world.say(apart, &anna, "hello").await;
    world
        .store
        .block(bert.user_id, anna.user_id, world.now())
        .await
        .unwrap();
    // One is read already, one is marked, one was left.
    world.store.mark_read(rooms[0], bert.user_id, 2).await.unwrap();
    world.store.mark_read(rooms[1], bert.user_id, 2).await.unwrap();
    let marked = ConversationPatch {
        is_marked_unread: Some(true),
        ..ConversationPatch::default()
    };
    set(&world, &bert, rooms[1], marked).await;
    world.deed(rooms[3], &bert, Deed::Leave).await;

    let some = world.store.mark_all_read(bert.user_id, 1).await.unwrap();
    assert_eq!(some.len(), 1, "no more at once than asked for");
    let mut read = world.store.mark_all_read(bert.user_id, 100).await.unwrap();
    read.extend(some);
    read.sort_unstable_by_key(|one| one.room_id);
    let mut expected = vec![rooms[1], rooms[2], apart];
    expected.sort_unstable();
    assert_eq!(read.iter().map(|one| one.room_id).collect::<Vec<_>>(), expected);
    for one in &read {
        let is_marked = one.room_id == rooms[1];
        assert_eq!(
            (one.mark.has_moved, one.mark.has_unmarked),
            (!is_marked, is_marked)
        );
        assert_eq!(one.is_shown, one.room_id != apart, "a block hides it");
        assert_eq!(one.mark.unread, 0);
    }
    let moved = read.iter().find(|one| one.room_id == rooms[2]).unwrap();
    assert_eq!((moved.mark.number, moved.mark.delivered), (2, Some(2)));
    let unread = world.store.unread(bert.user_id, world.now()).await.unwrap();
    assert_eq!((unread.heard.rooms, unread.quiet.rooms), (0, 0));
    assert!(
        world
            .store
            .mark_all_read(bert.user_id, 100)
            .await
            .unwrap()
            .is_empty()
    );
    let eves = world.store.unread(eve.user_id, world.now()).await.unwrap();
    assert_eq!(eves.heard.unread, 8, "everybody's marks are their own");
}

async fn lists_a_direct_room_for_the_other_from_its_first_message(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let direct = world.direct(&anna, &bert).await;
    assert_eq!(ids(&world, &anna, false).await, [direct]);
    assert!(ids(&world, &bert, false).await.is_empty());
    // Whoever opens it has it, and so has who sets something in it.
    assert_eq!(world.direct(&bert, &anna).await, direct);
    assert_eq!(ids(&world, &bert, false).await, [direct]);
    let eve = world.user("eve").await;
    let eves = world.direct(&anna, &eve).await;
    assert!(ids(&world, &eve, false).await.is_empty());
    let marked = ConversationPatch {
        is_marked_unread: Some(true),
        ..ConversationPatch::default()
    };
    set(&world, &eve, eves, marked).await;
    assert_eq!(
        ids(&world, &eve, false).await,
        [eves],
        "what is counted can be found"
    );
    let carl = world.user("carl").await;
    let direct = world.direct(&anna, &carl).await;
    let bert = carl;
    let said = world.say(direct, &anna, "hello").await;
    assert_eq!(ids(&world, &bert, false).await, [direct]);
    let deed = Deed::DeleteMessage {
        message_id: said.id,
        reason: None,
    };
    world.deed(direct, &anna, deed).await;
    assert_eq!(ids(&world, &bert, false).await, [direct], "a tombstone was said");
}

async fn never_drifts(world: World) {
    let mut people = Vec::new();
    for n in 0..4 {
        people.push(world.user(&format!("person{n}")).await);
    }
    let rooms = [
        world.room(&people[0], RoomKind::Public, History::All).await,
        world.room(&people[0], RoomKind::Public, History::SinceJoin).await,
        world.direct(&people[1], &people[2]).await,
    ];
    let nodes = [world.store.clone(), world.another_node().await];
    for round in 0..3 {
        let traffic = people.iter().enumerate().map(|(n, person)| {
            let (nodes, person, people) = (nodes.clone(), person.clone(), people.clone());
            let (now, dice) = (
                world.now(),
                Dice(0x9E37_79B9_7F4A_7C15 ^ ((n as u64 + 1) << 20) ^ round),
            );
            tokio::spawn(async move { live(&nodes, &person, &people, &rooms, now, dice).await })
        });
        for outcome in futures_util::future::join_all(traffic).await {
            outcome.unwrap();
        }
        for person in &people {
            recount(&world, person, &rooms).await;
        }
    }
}

/// What one person does: whatever is refused is refused.
async fn live(
    nodes: &[Store; 2],
    person: &Actor,
    people: &[Actor],
    rooms: &[RoomId; 3],
    now: confab_domain::Timestamp,
    mut dice: Dice,
) {
    let mut own = Vec::new();
    for _ in 0..40 {
        let room = rooms[dice.roll(3) as usize];
        // Two devices, each on a node of its own.
        let store = &nodes[dice.roll(2) as usize];
        let deed = match dice.roll(12) {
            0..=4 => {
                let message = crate::world::new_message(room, person, crate::world::body("text"), now);
                if let Ok(sent) = store.send(message).await {
                    own.push((room, sent.message.id));
                }
                continue;
            }
            5 | 6 => {
                let number = dice.roll(60) as i64;
                if let Ok(mark) = store.mark_read(room, person.user_id, number).await {
                    assert!(mark.number <= number || !mark.has_moved);
                }
                continue;
            }
            7 => {
                let _ = store
                    .mark_delivered(room, person.user_id, dice.roll(60) as i64)
                    .await;
                continue;
            }
            8 => match own.pop() {
                Some((room, message_id)) => {
                    let deed = Deed::DeleteMessage {
                        message_id,
                        reason: None,
                    };
                    let _ = store.change(room, person, deed, now, Trace::default()).await;
                    continue;
                }
                None => Deed::Join,
            },
            9 => Deed::Leave,
            10 => Deed::AddMembers(vec![(people[dice.roll(4) as usize].user_id, MemberRole::Member)]),
            _ => Deed::Join,
        };
        let _ = store.change(room, person, deed, now, Trace::default()).await;
    }
}

/// Everything that is told of what is unread, against the log itself.
async fn recount(world: &World, person: &Actor, rooms: &[RoomId; 3]) {
    let listed: HashMap<RoomId, Conversation> = list(world, person, false)
        .await
        .into_iter()
        .map(|conversation| (conversation.room.id, conversation))
        .collect();
    let mut total = UnreadCounts::default();
    for room in rooms {
        let request = LogRequest {
            room_id: *room,
            viewer: Some(person.user_id),
            after_seq: 0,
            limit: 100_000,
            event_id: None,
        };
        let page = world.store.log(&[request]).await.unwrap().remove(0);
        // The person's time in the room, by its events alone.
        let (mut is_inside, mut numbers, mut read_at_least, mut visible_from) = (false, Vec::new(), 0, 0);
        let is_since_join = *room == rooms[1];
        for event in &page.events {
            match &event.body {
                EventBody::MessageCreated { message } => {
                    numbers.push(message.number);
                    if message.sender_id == person.user_id {
                        read_at_least = message.number;
                    }
                }
                EventBody::UserJoined { user_id, .. } if *user_id == person.user_id => {
                    is_inside = true;
                    read_at_least = numbers.len() as i64;
                    visible_from = if is_since_join { read_at_least + 1 } else { 0 };
                }
                EventBody::UserLeft { user_id, .. } if *user_id == person.user_id => is_inside = false,
                _ => {}
            }
        }
        assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
        assert_eq!(listed.contains_key(room), is_inside);
        let Some(conversation) = listed.get(room) else {
            continue;
        };
        let member = &conversation.member;
        assert_eq!(member.visible_from_number, visible_from);
        assert!(
            member.last_read_number >= read_at_least,
            "sending and joining move it"
        );
        assert!(
            member.last_read_number <= member.last_delivered_number,
            "what is read was received"
        );
        assert!(member.last_delivered_number <= numbers.len() as i64);
        let is_unread = |number: &&i64| **number > member.last_read_number && **number >= visible_from;
        let unread = numbers.iter().filter(is_unread).count() as i64;
        assert_eq!(member.unread(conversation.head.last_number), unread);
        total.unread += unread;
        total.rooms += i64::from(unread > 0);
    }
    let told = world.store.unread(person.user_id, world.now()).await.unwrap();
    assert_eq!(told.heard, total);
}

async fn tells_how_far_a_message_has_come(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let mut people = Vec::new();
    for n in 0..4 {
        let person = world.user(&format!("person{n}")).await;
        world.deed(room, &person, Deed::Join).await;
        people.push(person);
    }
    let message = world.say(room, &anna, "who has it?").await;
    // Who joins later has a mark beyond it, and has not read it.
    let late = world.user("late").await;
    world.deed(room, &late, Deed::Join).await;
    world.store.mark_read(room, people[0].user_id, 1).await.unwrap();
    world
        .store
        .mark_delivered(room, people[1].user_id, 1)
        .await
        .unwrap();
    world.store.mark_read(room, people[2].user_id, 1).await.unwrap();
    world.deed(room, &people[2], Deed::Leave).await;
    let counts = world.store.receipt_counts(&message, anna.user_id).await.unwrap();
    assert_eq!(
        (counts.recipients, counts.delivered, counts.read),
        (3, 2, Some(1))
    );
    let first = world
        .store
        .message_receipts(&message, anna.user_id, None, 1)
        .await
        .unwrap();
    let second = world
        .store
        .message_receipts(&message, anna.user_id, first.next, 1)
        .await
        .unwrap();
    assert_eq!(second.next, None);
    let mut seen: Vec<_> = first
        .items
        .iter()
        .chain(&second.items)
        .map(|receipt| (receipt.user.id, receipt.is_read))
        .collect();
    seen.sort_unstable();
    let mut expected = vec![(people[0].user_id, Some(true)), (people[1].user_id, Some(false))];
    expected.sort_unstable();
    assert_eq!(seen, expected);
}

async fn hides_read_marks_both_ways(world: World) {
    let (anna, bert, carl) = (
        world.user("anna").await,
        world.user("bert").await,
        world.user("carl").await,
    );
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    world.deed(room, &carl, Deed::Join).await;
    let message = world.say(room, &anna, "hello").await;
    let hide = ProfilePatch {
        shares_read_marks: Some(false),
        ..ProfilePatch::default()
    };
    let (now, trace) = (world.now(), Trace::default());
    world
        .store
        .update_profile(&bert, bert.user_id, hide, now, trace)
        .await
        .unwrap();
    for reader in [&bert, &carl] {
        let mark = world.store.mark_read(room, reader.user_id, 1).await.unwrap();
        assert_eq!(mark.is_shared, reader.user_id == carl.user_id);
        assert_eq!(mark.delivered, Some(1), "it was received");
    }
    let counts = async |viewer: &Actor| {
        let counts = world
            .store
            .receipt_counts(&message, viewer.user_id)
            .await
            .unwrap();
        (counts.delivered, counts.read)
    };
    assert_eq!(counts(&anna).await, (2, Some(1)));
    assert_eq!(counts(&bert).await, (2, None), "who hides is not told of others");
    let marks = async |viewer: &Actor| {
        let page = world
            .store
            .receipts(room, viewer.user_id, None, 10)
            .await
            .unwrap();
        let of = |who: &Actor| {
            let found = page.items.iter().find(|receipt| receipt.user_id == who.user_id);
            found.unwrap().last_read_number
        };
        (of(&bert), of(&carl))
    };
    assert_eq!(marks(&anna).await, (None, Some(1)));
    assert_eq!(marks(&bert).await, (Some(1), None), "one's own one knows");
    let listed = world
        .store
        .message_receipts(&message, anna.user_id, None, 10)
        .await
        .unwrap();
    let of_bert = listed
        .items
        .iter()
        .find(|receipt| receipt.user.id == bert.user_id)
        .unwrap();
    assert_eq!(of_bert.is_read, None);
}

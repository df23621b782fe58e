//! The log of rooms.

use std::collections::HashMap;
use std::sync::Arc;

use confab_domain::ports::{Accounts, LogPage, LogRequest, MemberFilter, NewUser, RoomReads};
use confab_domain::{
    Deed, Event, EventBody, EventId, History, LeaveReason, MemberRole, RoomId, RoomKind, RoomPatch, Trace,
    UserId,
};

use crate::on_both;
use crate::world::{World, actor, new_user, trace};

on_both!(
    tells_everything_in_order,
    equals_what_was_announced,
    reads_many_rooms_at_once,
    shows_no_text_of_deleted_messages,
    shows_profiles_without_what_is_private,
    compares_the_event_a_reader_holds,
    keeps_silent_below_the_floor,
    tells_of_deleted_rooms_only_to_the_system,
    reads_membership_and_events_in_one_snapshot,
);

fn all(room_id: RoomId) -> LogRequest {
    LogRequest {
        room_id,
        viewer: None,
        after_seq: 0,
        limit: 1_000,
        event_id: None,
    }
}

async fn read(world: &World, request: LogRequest) -> LogPage {
    world.store.log(&[request]).await.unwrap().pop().unwrap()
}

fn types(events: &[Arc<Event>]) -> Vec<&str> {
    events.iter().map(|event| event.body.event_type()).collect()
}

fn is_whole(events: &[Arc<Event>], after_seq: i64) -> bool {
    events
        .iter()
        .zip(after_seq + 1..)
        .all(|(event, seq)| event.seq == seq)
}

async fn tells_everything_in_order(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let first = world.say(room, &anna, "hello").await;
    world.deed(room, &bert, Deed::Join).await;
    world
        .deed(room, &anna, Deed::ChangeRole(bert.user_id, MemberRole::Moderator))
        .await;
    let edit = Deed::EditMessage {
        message_id: first.id,
        content: "hello!".into(),
        named: confab_domain::Named::default(),
    };
    world.deed(room, &anna, edit).await;
    let patch = RoomPatch {
        name: Some("new name".into()),
        ..RoomPatch::default()
    };
    world.deed(room, &anna, Deed::UpdateRoom(patch)).await;
    world.deed(room, &anna, Deed::RemoveMember(bert.user_id)).await;
    world
        .deed(
            room,
            &anna,
            Deed::DeleteMessage {
                message_id: first.id,
                reason: None,
            },
        )
        .await;

    let page = read(&world, all(room)).await;
    let expected = [
        "room_created",
        "user_joined",
        "message_created",
        "user_joined",
        "member_updated",
        "message_updated",
        "room_updated",
        "user_left",
        "message_deleted",
    ];
    assert_eq!(types(&page.events), expected);
    assert!(is_whole(&page.events, 0));
    assert_eq!(page.head.last_seq, 9);
    assert_eq!((page.kind, page.is_active), (Some(RoomKind::Public), true));
    assert_eq!(page.epoch, world.store.epoch().await.unwrap());
    assert_eq!(
        page.events[2].id,
        EventId::from(first.id),
        "a message is its own event"
    );
    assert!(
        matches!(&page.events[3].body, EventBody::UserJoined { user_id, role: MemberRole::Member, user: Some(_) }
        if *user_id == bert.user_id)
    );
    assert!(matches!(
        &page.events[4].body,
        EventBody::MemberUpdated {
            role: MemberRole::Moderator,
            ..
        }
    ));
    assert!(matches!(&page.events[6].body, EventBody::RoomUpdated { room }
        if room.room.name.as_deref() == Some("new name") && room.last_seq == 9));
    assert!(
        matches!(&page.events[7].body, EventBody::UserLeft { user_id, reason: LeaveReason::Removed }
        if *user_id == bert.user_id)
    );
    assert_eq!(page.events[7].actor_id, anna.user_id);
    assert!(
        matches!(&page.events[8].body, EventBody::MessageDeleted { message_id, number: 1 }
        if *message_id == first.id)
    );

    let some = read(
        &world,
        LogRequest {
            after_seq: 2,
            limit: 3,
            ..all(room)
        },
    )
    .await;
    assert_eq!(types(&some.events), expected[2..5]);
    let none = read(
        &world,
        LogRequest {
            after_seq: 9,
            ..all(room)
        },
    )
    .await;
    assert!(none.events.is_empty() && !none.id_differs);
    let beyond = read(
        &world,
        LogRequest {
            after_seq: 100,
            ..all(room)
        },
    )
    .await;
    assert!(beyond.events.is_empty());
}

/// What the live path tells and what the log tells must be the same, or a resume would differ from having
/// been there.
async fn equals_what_was_announced(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    world.heard.take();
    let room = world.room(&anna, RoomKind::Private, History::All).await;
    world
        .deed(
            room,
            &anna,
            Deed::AddMembers(vec![(bert.user_id, MemberRole::Admin)]),
        )
        .await;
    world
        .say_with(room, &bert, "hello", serde_json::json!({ "k": "v" }))
        .await;
    world
        .deed(room, &anna, Deed::ChangeRole(bert.user_id, MemberRole::Member))
        .await;
    world.deed(room, &bert, Deed::Leave).await;
    let announced: Vec<Event> = world
        .heard
        .take()
        .iter()
        .flat_map(|batch| batch.events.clone())
        .map(|event| bare(&event))
        .collect();
    let logged: Vec<Event> = read(&world, all(room))
        .await
        .events
        .iter()
        .map(|event| bare(event))
        .collect();
    assert_eq!(logged, announced);
}

/// Without what a replay cannot know (the trace of a message) or shows as it is now (the counters of a room).
fn bare(event: &Event) -> Event {
    let mut event = event.clone();
    if matches!(event.body, EventBody::MessageCreated { .. }) {
        event.trace = Trace::default();
    } else {
        assert_eq!(event.trace, trace(), "which request it came from");
    }
    if let EventBody::RoomCreated { room } | EventBody::RoomUpdated { room } = &mut event.body {
        room.last_seq = 0;
        room.last_number = 0;
        room.last_message_at = None;
    }
    event
}

async fn reads_many_rooms_at_once(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let mut requests = Vec::new();
    for count in 0..30_usize {
        let room = world.room(&anna, RoomKind::Public, History::All).await;
        for number in 0..count % 5 {
            world.say(room, &anna, &number.to_string()).await;
        }
        requests.push(LogRequest {
            viewer: Some(anna.user_id),
            ..all(room)
        });
        let after_seq = i64::try_from(count % 4).unwrap();
        requests.push(LogRequest {
            viewer: Some(bert.user_id),
            after_seq,
            limit: 2,
            ..all(room)
        });
        requests.push(LogRequest {
            limit: 0,
            ..all(room)
        });
    }
    requests.push(all(RoomId::mint(world.now())));
    let pages = world.store.log(&requests).await.unwrap();
    assert_eq!(pages.len(), requests.len());
    for (request, page) in requests.iter().zip(&pages) {
        assert_eq!(
            page.room_id, request.room_id,
            "answers in the order of the requests"
        );
        assert!(is_whole(&page.events, request.after_seq));
        let lacking = usize::try_from(page.head.last_seq - request.after_seq).unwrap_or(0);
        assert_eq!(page.events.len(), lacking.min(request.limit));
        assert_eq!(
            page.membership.as_ref().map(|m| m.user_id),
            request.viewer.filter(|v| *v == anna.user_id)
        );
    }
    let unknown = pages.last().unwrap();
    assert_eq!(
        (unknown.kind, unknown.is_active, unknown.head.last_seq),
        (None, false, 0)
    );
    assert!(world.store.log(&[]).await.unwrap().is_empty());
}

async fn shows_no_text_of_deleted_messages(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let said = world.say(room, &anna, "a secret").await;
    let edit = Deed::EditMessage {
        message_id: said.id,
        content: "another secret".into(),
        named: confab_domain::Named::default(),
    };
    world.deed(room, &anna, edit).await;
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
    let page = read(&world, all(room)).await;
    assert_eq!(
        types(&page.events)[2..],
        ["message_created", "message_updated", "message_deleted"]
    );
    let json = serde_json::to_string(&page.events.iter().map(|event| &**event).collect::<Vec<_>>()).unwrap();
    assert!(!json.contains("secret"), "{json}");
    for (table, column) in [
        ("messages", "content"),
        ("message_edits", "content"),
        ("events", "facts"),
        ("outbox", "facts"),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE CAST({column} AS text) LIKE '%secret%'");
        assert_eq!(world.sql(&sql).await, "0", "{table}");
    }
}

async fn shows_profiles_without_what_is_private(world: World) {
    let new = NewUser {
        email: Some("anna@example.com".into()),
        ..new_user("anna")
    };
    let anna = world
        .store
        .register(new, world.now(), Trace::default())
        .await
        .unwrap();
    world
        .store
        .touch_last_seen(&[(anna.id, world.now())])
        .await
        .unwrap();
    let room = world.room(&actor(&anna), RoomKind::Public, History::All).await;
    let page = read(&world, all(room)).await;
    let EventBody::UserJoined { user: Some(user), .. } = &page.events[1].body else {
        panic!("{page:?}")
    };
    assert_eq!((&user.email, user.last_seen_at), (&None, None));
    assert_eq!(user.username, "anna");
    let listed = world
        .store
        .members(room, &MemberFilter::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(listed.items[0].1.email, None);
}

async fn compares_the_event_a_reader_holds(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let said = world.say(room, &anna, "hello").await;
    world.say(room, &anna, "again").await;
    let events = read(&world, all(room)).await.events;
    let differs = async |after_seq: i64, event_id: EventId, limit| {
        let request = LogRequest {
            after_seq,
            limit,
            event_id: Some(event_id),
            ..all(room)
        };
        let page = read(&world, request).await;
        assert!(is_whole(&page.events, after_seq) && page.events.len() <= limit);
        page.id_differs
    };
    assert!(!differs(said.seq, said.id.into(), 10).await);
    assert!(!differs(said.seq, said.id.into(), 0).await);
    assert!(!differs(1, events[0].id, 10).await);
    assert!(!differs(4, events[3].id, 10).await, "at the head");
    assert!(differs(said.seq, events[0].id, 10).await);
    assert!(differs(1, said.id.into(), 0).await);
    assert!(differs(5, said.id.into(), 10).await, "the log never came so far");
}

async fn keeps_silent_below_the_floor(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.say(room, &anna, "hello").await;
    world.deed(room, &bert, Deed::Join).await;
    world.say(room, &anna, "again").await;
    world.sql_change("UPDATE room_heads SET log_floor_seq = 4").await;
    world.sql_change("DELETE FROM events WHERE seq <= 4").await;
    for after_seq in 0..4 {
        let page = read(
            &world,
            LogRequest {
                after_seq,
                ..all(room)
            },
        )
        .await;
        assert!(page.events.is_empty(), "never a partial replay, {page:?}");
        assert_eq!(page.head.log_floor_seq, 4);
    }
    let page = read(
        &world,
        LogRequest {
            after_seq: 4,
            ..all(room)
        },
    )
    .await;
    assert_eq!(types(&page.events), ["message_created"]);
}

async fn tells_of_deleted_rooms_only_to_the_system(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &anna, Deed::DeleteRoom).await;
    let page = read(&world, all(room)).await;
    assert_eq!((page.kind, page.is_active), (None, false));
    assert_eq!(
        types(&page.events),
        ["room_created", "user_joined", "room_deleted"]
    );
    let page = read(
        &world,
        LogRequest {
            viewer: Some(anna.user_id),
            ..all(room)
        },
    )
    .await;
    assert_eq!(page.kind, None);
    assert!(page.events.is_empty());
}

/// Whoever reads while people come and go sees a membership and a log that agree.
async fn reads_membership_and_events_in_one_snapshot(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let writer = {
        let (store, bert, now) = (world.store.clone(), bert.clone(), world.now());
        tokio::spawn(async move {
            use confab_domain::ports::RoomWrites;
            for turn in 0..60 {
                let deed = if turn % 2 == 0 { Deed::Join } else { Deed::Leave };
                store
                    .change(room, &bert, deed, now, Trace::default())
                    .await
                    .unwrap();
            }
        })
    };
    let mut reads = 0;
    while !writer.is_finished() {
        let page = read(
            &world,
            LogRequest {
                viewer: Some(bert.user_id),
                ..all(room)
            },
        )
        .await;
        reads += 1;
        assert_eq!(
            page.events.last().map(|event| event.seq),
            Some(page.head.last_seq)
        );
        let mut inside: HashMap<UserId, bool> = HashMap::new();
        for event in &page.events {
            if let Some(user_id) = event.body.standing_user_id() {
                inside.insert(user_id, matches!(event.body, EventBody::UserJoined { .. }));
            }
        }
        let is_current = page
            .membership
            .as_ref()
            .is_some_and(confab_domain::Member::is_current);
        assert_eq!(inside.get(&bert.user_id).copied().unwrap_or(false), is_current);
    }
    writer.await.unwrap();
    assert!(reads > 0);
}

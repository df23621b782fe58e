//! Rows of files: attached once, gone with what bears them, swept by one at a time.

use std::collections::HashSet;
use std::time::Duration;

use confab_domain::ports::{MessageReads, NewMessage, NewUpload, RoomReads, RoomWrites, Sent, Uploads};
use confab_domain::{
    Actor, Attachment, Body, Deed, Error, EventBody, History, Message, MessageId, Result, RoomId, RoomKind,
    UploadId,
};
use confab_storage::Store;

use crate::on_both;
use crate::world::{World, trace};

on_both!(
    attaches_a_file_to_one_message,
    attaches_in_a_race_once,
    gives_files_up_with_their_message,
    keeps_files_through_edits,
    forwards_a_file_as_a_copy,
    gives_files_up_with_their_room,
    sweeps_what_is_due_once,
    counts_what_a_person_keeps,
);

const DAY: Duration = Duration::from_hours(24);

pub(crate) async fn begun(world: &World, owner: &Actor) -> UploadId {
    let id = UploadId::mint(world.now());
    let upload = NewUpload {
        id,
        owner_id: owner.user_id,
        filename: "a.gif".into(),
        created_at: world.now(),
        due_at: world.now().plus(DAY),
    };
    world.store.begin(upload).await.unwrap();
    id
}

fn file(id: UploadId, size: i64) -> Attachment {
    Attachment {
        id,
        filename: "a.gif".into(),
        content_type: "image/gif".into(),
        size,
        width: Some(640),
        height: Some(480),
        preview: Some("LEHV6nWB2yk8".into()),
        has_thumbnail: true,
    }
}

pub(crate) async fn finished(world: &World, owner: &Actor) -> Attachment {
    let file = file(begun(world, owner).await, 7);
    let due_at = world.now().plus(DAY);
    world
        .store
        .finish(&file, Some("image/jpeg"), due_at)
        .await
        .unwrap();
    file
}

fn bearing(world: &World, room_id: RoomId, sender: &Actor, files: &[UploadId]) -> NewMessage {
    let id = MessageId::mint(world.now());
    let mut message = world.message(id, room_id, sender, "");
    message.body.attachments = files.to_vec();
    message
}

async fn send(world: &World, room: RoomId, sender: &Actor, files: &[UploadId]) -> Result<Sent> {
    world.store.send(bearing(world, room, sender, files)).await
}

fn fields(outcome: Result<Sent>) -> Vec<String> {
    match outcome {
        Err(Error::Invalid(fields)) => fields.into_iter().map(|field| field.field).collect(),
        other => panic!("{other:?}"),
    }
}

fn gone(message: &Message) -> Deed {
    Deed::DeleteMessage {
        message_id: message.id,
        reason: None,
    }
}

async fn stands(store: &Store, id: UploadId) -> bool {
    store.uploads(&[id]).await.unwrap()[0].is_some()
}

async fn attaches_a_file_to_one_message(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    let arriving = begun(&world, &anna).await;
    let (one, two) = (finished(&world, &anna).await, finished(&world, &anna).await);
    let upload = world.store.uploads(&[one.id]).await.unwrap().remove(0).unwrap();
    assert_eq!((&upload.file, upload.owner_id), (&one, anna.user_id));
    assert_eq!((upload.blob_id, upload.message_id), (one.id, None));
    assert_eq!(upload.thumbnail_type.as_deref(), Some("image/jpeg"));

    // Not whole, somebody else's, and none at all: each by its place, and nothing is attached.
    let refused = send(
        &world,
        room,
        &anna,
        &[one.id, arriving, UploadId::mint(world.now())],
    )
    .await;
    assert_eq!(fields(refused), ["attachments[1]", "attachments[2]"]);
    assert_eq!(
        fields(send(&world, room, &bert, &[one.id]).await),
        ["attachments[0]"]
    );

    let message = bearing(&world, room, &anna, &[two.id, one.id]);
    let sent = world.store.send(message.clone()).await.unwrap().message;
    assert_eq!(sent.attachments, [two.clone(), one.clone()]);
    let upload = world.store.uploads(&[one.id]).await.unwrap().remove(0).unwrap();
    assert_eq!(upload.message_id, Some(sent.id));
    // A repeat is answered, another message is not given the file.
    let repeat = NewMessage {
        id: MessageId::mint(world.now()),
        ..message.clone()
    };
    let again = world.store.send(repeat).await.unwrap();
    assert!(again.is_duplicate && again.message.attachments == sent.attachments);
    let mut other = message;
    other.id = MessageId::mint(world.now());
    other.body.attachments.reverse();
    assert!(matches!(world.store.send(other).await, Err(Error::Conflict(_))));
    assert_eq!(
        fields(send(&world, room, &anna, &[one.id]).await),
        ["attachments[0]"]
    );
    // Attached, it is never due.
    world.clock.advance(10 * DAY);
    let due = world.store.take_due(world.now(), world.now(), 100).await.unwrap();
    assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), [arriving]);
}

async fn attaches_in_a_race_once(world: World) {
    let anna = world.user("anna").await;
    let rooms = [
        world.room(&anna, RoomKind::Public, History::All).await,
        world.room(&anna, RoomKind::Public, History::All).await,
    ];
    let other_node = world.another_node().await;
    for _ in 0..10 {
        let (one, two) = (finished(&world, &anna).await, finished(&world, &anna).await);
        // In either order, so that who locks in the order of asking would wait for ever.
        let here = world
            .store
            .send(bearing(&world, rooms[0], &anna, &[one.id, two.id]));
        let there = other_node.send(bearing(&world, rooms[1], &anna, &[two.id, one.id]));
        let beside = world.store.send(bearing(&world, rooms[1], &anna, &[one.id]));
        let (here, there, beside) = tokio::join!(here, there, beside);
        let winners: Vec<MessageId> = [here, there, beside]
            .into_iter()
            .filter_map(|outcome| match outcome {
                Ok(sent) => Some(sent.message.id),
                Err(Error::Invalid(_)) => None,
                Err(error) => panic!("{error}"),
            })
            .collect();
        assert_eq!(winners.len(), 1, "one message bears it");
        let upload = world.store.uploads(&[one.id]).await.unwrap().remove(0).unwrap();
        assert_eq!(upload.message_id, Some(winners[0]));
    }
    other_node.close().await;
}

async fn gives_files_up_with_their_message(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let (one, two) = (finished(&world, &anna).await, finished(&world, &anna).await);
    let dropped = send(&world, room, &anna, &[one.id]).await.unwrap().message;
    send(&world, room, &anna, &[two.id]).await.unwrap();
    world.deed(room, &anna, gone(&dropped)).await;
    assert!(!stands(&world.store, one.id).await && stands(&world.store, two.id).await);
    let due = world.store.take_due(world.now(), world.now(), 100).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].id, due[0].blob_id), (one.id, Some(one.id)));
}

async fn keeps_files_through_edits(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let file = finished(&world, &anna).await;
    let mut said = bearing(&world, room, &anna, &[file.id]);
    said.body.content = "a slip".into();
    let said = world.store.send(said).await.unwrap().message;
    let edit = |content: &str| Deed::EditMessage {
        message_id: said.id,
        content: content.into(),
        named: confab_domain::Named::default(),
    };
    for content in ["", "said better", ""] {
        let changed = world.deed(room, &anna, edit(content)).await;
        let EventBody::MessageUpdated { message: told } = &changed.events[0].body else {
            panic!("{:?}", changed.events);
        };
        let (kept, _) = world.store.message(said.id, anna.user_id).await.unwrap().unwrap();
        for message in [told.as_ref(), kept.as_ref()] {
            assert_eq!(message.content.as_deref(), Some(content));
            assert_eq!(message.attachments, std::slice::from_ref(&file));
        }
    }
    let upload = world.store.uploads(&[file.id]).await.unwrap().remove(0).unwrap();
    assert_eq!(upload.message_id, Some(said.id));
    let former = world
        .store
        .former_texts(room, said.id, 0, 10)
        .await
        .unwrap()
        .items;
    let former: Vec<_> = former.iter().map(|former| former.content.as_str()).collect();
    assert_eq!(former, ["a slip", "", "said better"]);
    // Without files there must be a text.
    let bare = world.say(room, &anna, "hello").await;
    let nothing = Deed::EditMessage {
        message_id: bare.id,
        content: String::new(),
        named: confab_domain::Named::default(),
    };
    let refused = world
        .store
        .change(room, &anna, nothing, world.now(), trace())
        .await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}

async fn forwards_a_file_as_a_copy(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let elsewhere = world.room(&bert, RoomKind::Private, History::All).await;
    let file = finished(&world, &anna).await;
    let first = send(&world, room, &anna, &[file.id]).await.unwrap().message;
    world.deed(room, &bert, Deed::Join).await;
    let forward = |source: &Message| NewMessage {
        body: Body::forwarding(source).unwrap(),
        ..bearing(&world, elsewhere, &bert, &[])
    };
    // Whatever files are named: it bears those of its source.
    let loose = finished(&world, &bert).await;
    let mut more = forward(&first);
    more.body.attachments.push(loose.id);
    let sent = world.store.send(more).await.unwrap().message;
    assert_eq!(sent.attachments.len(), 1);
    world.deed(elsewhere, &bert, gone(&sent)).await;
    for due in world.store.take_due(world.now(), world.now(), 100).await.unwrap() {
        assert_eq!(due.blob_id, None, "the first needs the bytes");
        world.store.forget(&[due.id]).await.unwrap();
    }
    let once = forward(&first);
    let second = world.store.send(once.clone()).await.unwrap().message;
    let again = world.store.send(once).await.unwrap().message;
    assert_eq!(again.attachments, second.attachments);
    let copy = second.attachments[0].clone();
    assert_ne!(copy.id, file.id);
    assert_eq!(
        Attachment {
            id: file.id,
            ..copy.clone()
        },
        file
    );
    let upload = world.store.uploads(&[copy.id]).await.unwrap().remove(0).unwrap();
    assert_eq!(
        (upload.owner_id, upload.message_id),
        (bert.user_id, Some(second.id))
    );
    assert_eq!(upload.blob_id, file.id, "the bytes are there once");

    // A forward of the forward still names the first origin.
    let third = forward(&second);
    let third = world.store.send(third).await.unwrap().message;
    let of_third = world.store.uploads(&[third.attachments[0].id]).await.unwrap();
    assert_eq!(of_third[0].as_ref().unwrap().blob_id, file.id);
    world.deed(elsewhere, &bert, gone(&third)).await;
    let due_now = world.store.take_due(world.now(), world.now(), 100).await.unwrap();
    assert_eq!(due_now.len(), 1);
    assert_eq!(due_now[0].blob_id, None, "two others need the bytes");
    world.store.forget(&[due_now[0].id]).await.unwrap();

    // The first goes, and the bytes stay; the second goes, and they go.
    let due = async || world.store.take_due(world.now(), world.now(), 100).await.unwrap();
    world.deed(room, &anna, gone(&first)).await;
    let left = due().await;
    assert_eq!((left.len(), left[0].id, left[0].blob_id), (1, file.id, None));
    world.store.forget(&[file.id]).await.unwrap();
    assert!(stands(&world.store, copy.id).await);
    world.deed(elsewhere, &bert, gone(&second)).await;
    let left = due().await;
    assert_eq!(
        (left.len(), left[0].id, left[0].blob_id),
        (1, copy.id, Some(file.id))
    );
}

async fn gives_files_up_with_their_room(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let mut files = HashSet::new();
    for _ in 0..5 {
        let file = finished(&world, &anna).await;
        send(&world, room, &anna, &[file.id]).await.unwrap();
        files.insert(file.id);
    }
    let elsewhere = world.room(&anna, RoomKind::Public, History::All).await;
    let kept = finished(&world, &anna).await;
    send(&world, elsewhere, &anna, &[kept.id]).await.unwrap();
    world.deed(room, &anna, Deed::DeleteRoom).await;
    for id in &files {
        assert!(!stands(&world.store, *id).await, "nobody reads it from now on");
    }
    // A load at a time, until the room is empty.
    for _ in 0..5 {
        let later = world.now().plus(DAY);
        let due = world.store.take_due(world.now(), later, 2).await.unwrap();
        assert!(due.len() <= 2);
        for upload in due {
            assert!(files.remove(&upload.id));
            world.store.forget(&[upload.id]).await.unwrap();
        }
    }
    assert!(files.is_empty(), "{files:?}");
    assert_eq!(world.sql("SELECT count(*) FROM rooms_to_empty").await, "0");
    assert_eq!(world.sql("SELECT count(*) FROM uploads").await, "1");
    assert!(stands(&world.store, kept.id).await);
}

async fn sweeps_what_is_due_once(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let abandoned = begun(&world, &anna).await;
    world.store.abandon(abandoned, world.now()).await.unwrap();
    let given_up = world.store.finish(&file(abandoned, 7), None, world.now()).await;
    assert!(matches!(given_up, Err(Error::Conflict(_))));
    let mut orphans = HashSet::new();
    for _ in 0..40 {
        orphans.insert(finished(&world, &anna).await.id);
    }
    let due = world.store.take_due(world.now(), world.now(), 100).await.unwrap();
    assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), [abandoned]);
    world.store.forget(&[abandoned]).await.unwrap();

    world.clock.advance(DAY);
    let again_at = world.now().plus(DAY);
    let other_node = world.another_node().await;
    let mut taken = HashSet::new();
    for _ in 0..20 {
        let (here, there) = tokio::join!(
            world.store.take_due(world.now(), again_at, 3),
            other_node.take_due(world.now(), again_at, 3)
        );
        for upload in here.unwrap().into_iter().chain(there.unwrap()) {
            assert!(taken.insert(upload.id), "one sweeper each");
        }
    }
    assert_eq!(taken, orphans);
    let one = *taken.iter().next().unwrap();
    assert_eq!(
        fields(send(&world, room, &anna, &[one]).await),
        ["attachments[0]"]
    );
    // What could not be removed comes back; what was is forgotten.
    world.store.forget(&[one]).await.unwrap();
    let back = world.store.take_due(again_at, again_at, 100).await.unwrap();
    assert_eq!(back.len(), 39);
    other_node.close().await;
}

async fn counts_what_a_person_keeps(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let used = async |who: &Actor| world.store.used_bytes(who.user_id).await.unwrap();
    assert_eq!(used(&anna).await, 0);
    begun(&world, &anna).await;
    let one = finished(&world, &anna).await;
    finished(&world, &anna).await;
    assert_eq!((used(&anna).await, used(&bert).await), (14, 0));
    let sent = send(&world, room, &anna, &[one.id]).await.unwrap().message;
    assert_eq!(used(&anna).await, 14);
    world
        .store
        .change(room, &anna, gone(&sent), world.now(), trace())
        .await
        .unwrap();
    assert_eq!(used(&anna).await, 7);
}

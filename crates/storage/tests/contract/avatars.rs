//! Pictures of people and rooms that are uploads: one each, nobody's file twice, and given up when they go.

use std::time::Duration;

use confab_domain::ports::{
    Accounts, HostProduct, HostUser, Kept, NewMessage, ProfilePatch, RoomReads, RoomWrites, Uploads,
};
use confab_domain::{
    AccountEventKind, Actor, AvatarOf, Deed, Error, EventBody, History, MessageId, NewAvatar, Result, RoomId,
    RoomKind, RoomPatch, UploadId, User, UserRole, avatar_url,
};
use confab_storage::Store;

use crate::files::finished;
use crate::on_both;
use crate::world::{World, account_events, trace};

on_both!(
    shows_an_upload_as_a_persons_picture,
    shows_an_upload_as_a_rooms_picture,
    takes_only_a_free_picture_of_ones_own,
    gives_the_former_picture_up,
    gives_a_picture_up_with_its_room,
    keeps_the_host_products_word_on_pictures,
    never_sweeps_a_picture,
    shows_the_winner_of_a_race,
    gives_an_upload_to_one_of_two_rooms,
    shows_or_attaches_an_upload_but_not_both,
    shows_or_sweeps_an_upload_but_not_both,
);

const DAY: Duration = Duration::from_hours(24);
const ELSEWHERE: &str = "https://img.example/a.png";

fn with(avatar: NewAvatar) -> ProfilePatch {
    ProfilePatch {
        avatar: Some(avatar),
        ..ProfilePatch::default()
    }
}

fn showing(avatar: NewAvatar) -> Deed {
    Deed::UpdateRoom(RoomPatch {
        avatar: Some(avatar),
        ..RoomPatch::default()
    })
}

async fn try_user(world: &World, store: &Store, who: &Actor, avatar: NewAvatar) -> Result<User> {
    store
        .update_profile(who, who.user_id, with(avatar), world.now(), trace())
        .await
}

async fn set_user(world: &World, who: &Actor, avatar: NewAvatar) -> User {
    try_user(world, &world.store, who, avatar).await.unwrap()
}

fn url(url: &str) -> NewAvatar {
    NewAvatar::Url(url.to_owned())
}

fn field<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Invalid(fields)) => fields[0].field.clone(),
        other => panic!("{other:?}"),
    }
}

async fn shown(world: &World, id: UploadId) -> Option<AvatarOf> {
    let upload = world.store.avatar(id).await.unwrap();
    upload.map(|upload| upload.avatar_of.unwrap())
}

async fn stands(world: &World, id: UploadId) -> bool {
    world.store.uploads(&[id]).await.unwrap()[0].is_some()
}

/// What is swept now.
async fn swept(world: &World) -> Vec<UploadId> {
    let again_at = world.now().plus(100 * DAY);
    let due = world.store.take_due(world.now(), again_at, 100).await.unwrap();
    due.iter().map(|due| due.id).collect()
}

/// Pictures that are in use, and whatever else is kept whole.
async fn counts(world: &World) -> (String, String) {
    let shown = "SELECT count(*) FROM uploads WHERE avatar_user_id IS NOT NULL OR avatar_room_id IS NOT NULL";
    let ready = "SELECT count(*) FROM uploads WHERE state = 'ready'";
    (world.sql(shown).await, world.sql(ready).await)
}

async fn avatar_of_room(world: &World, room_id: RoomId, who: &Actor) -> Option<String> {
    let access = world.store.access(room_id, who.user_id).await.unwrap().unwrap();
    let seq = access.head.room_changed_seq;
    world.store.room(room_id, seq).await.unwrap().unwrap().avatar_url
}

async fn shows_an_upload_as_a_persons_picture(world: World) {
    let anna = world.user("anna").await;
    let file = finished(&world, &anna).await;
    assert_eq!(shown(&world, file.id).await, None, "nobody's picture yet");
    world.heard.take();
    let user = set_user(&world, &anna, NewAvatar::Upload(file.id)).await;
    assert_eq!(user.avatar_url, Some(avatar_url(file.id)));
    let told = world.heard.take();
    assert_eq!(account_events(&told), [(AccountEventKind::Updated, anna.user_id)]);
    assert_eq!(world.store.user(anna.user_id).await.unwrap(), Some(user.clone()));
    assert_eq!(shown(&world, file.id).await, Some(AvatarOf::User(anna.user_id)));
    // Once more, and as the client sends the whole profile back: it is so already.
    for again in [NewAvatar::Upload(file.id), url(&avatar_url(file.id))] {
        assert_eq!(set_user(&world, &anna, again).await, user);
    }
    assert!(world.heard.take().is_empty());
    assert_eq!(shown(&world, file.id).await, Some(AvatarOf::User(anna.user_id)));
    // It counts, and whoever is shut out keeps it.
    assert_eq!(world.store.used_bytes(anna.user_id).await.unwrap(), 7);
    let admin = Actor {
        role: UserRole::Admin,
        ..world.user("admin").await
    };
    let shut = world
        .store
        .set_open(&admin, anna.user_id, false, world.now(), trace());
    shut.await.unwrap();
    assert!(shown(&world, file.id).await.is_some());
}

async fn shows_an_upload_as_a_rooms_picture(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    world.deed(room, &bert, Deed::Join).await;
    let file = finished(&world, &anna).await;
    let changed = world.deed(room, &anna, showing(NewAvatar::Upload(file.id))).await;
    assert_eq!(changed.room.avatar_url, Some(avatar_url(file.id)));
    let EventBody::RoomUpdated { room: told } = &changed.events[0].body else {
        panic!("{:?}", changed.events);
    };
    assert_eq!(told.room.avatar_url, Some(avatar_url(file.id)));
    assert_eq!(shown(&world, file.id).await, Some(AvatarOf::Room(room)));
    for again in [NewAvatar::Upload(file.id), url(&avatar_url(file.id))] {
        assert!(world.deed(room, &anna, showing(again)).await.events.is_empty());
    }
    // Who may not edit the room is told so, whatever they name.
    let own = finished(&world, &bert).await;
    let refused = world.store.change(
        room,
        &bert,
        showing(NewAvatar::Upload(own.id)),
        world.now(),
        trace(),
    );
    let refused = refused.await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    assert_eq!(shown(&world, own.id).await, None);
}

async fn takes_only_a_free_picture_of_ones_own(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let (bertas, attached, text) = (
        finished(&world, &bert).await,
        finished(&world, &anna).await,
        finished(&world, &anna).await,
    );
    let mut message = world.message(MessageId::mint(world.now()), room, &anna, "");
    message.body.attachments = vec![attached.id];
    world.store.send(message).await.unwrap();
    world
        .sql_change("UPDATE uploads SET thumbnail_type = NULL WHERE message_id IS NULL AND size = 7")
        .await;
    let (mine, arriving) = (
        finished(&world, &anna).await,
        crate::files::begun(&world, &anna).await,
    );
    set_user(&world, &anna, NewAvatar::Upload(mine.id)).await;
    let never = UploadId::mint(world.now());
    for id in [bertas.id, attached.id, text.id, mine.id, arriving, never] {
        let deed = showing(NewAvatar::Upload(id));
        let refused = world.store.change(room, &anna, deed, world.now(), trace()).await;
        assert_eq!(field(refused), "upload_id", "{id}");
    }
    for id in [bertas.id, attached.id, text.id, arriving, never] {
        let refused = try_user(&world, &world.store, &anna, NewAvatar::Upload(id)).await;
        assert_eq!(field(refused), "upload_id", "{id}");
    }
    let path = avatar_url(mine.id);
    let refused = world
        .store
        .change(room, &anna, showing(url(&path)), world.now(), trace())
        .await;
    assert_eq!(
        field(refused),
        "avatar_url",
        "no path of this server but one's own"
    );
    assert_eq!(
        field(try_user(&world, &world.store, &bert, url(&path)).await),
        "avatar_url"
    );
    assert_eq!(shown(&world, mine.id).await, Some(AvatarOf::User(anna.user_id)));
    assert_eq!(counts(&world).await.0, "1");
}

async fn gives_the_former_picture_up(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Private, History::All).await;
    let mut former: Option<Vec<UploadId>> = None;
    for next in ["upload", "upload", "cleared", "upload", "elsewhere"] {
        let mut wanted = [NewAvatar::Cleared, NewAvatar::Cleared];
        let mut kept = Vec::new();
        match next {
            "upload" => {
                for wanted in &mut wanted {
                    let id = finished(&world, &anna).await.id;
                    *wanted = NewAvatar::Upload(id);
                    kept.push(id);
                }
            }
            "elsewhere" => wanted = [url(ELSEWHERE), url(ELSEWHERE)],
            _ => {}
        }
        let [of_user, of_room] = wanted;
        set_user(&world, &anna, of_user).await;
        world.deed(room, &anna, showing(of_room)).await;
        if let Some(former) = former {
            for id in &former {
                assert!(!stands(&world, *id).await && shown(&world, *id).await.is_none());
            }
            let mut gone = swept(&world).await;
            gone.sort();
            assert_eq!(gone, former, "{next}");
            world.store.forget(&gone).await.unwrap();
        }
        for id in &kept {
            assert!(shown(&world, *id).await.is_some());
        }
        kept.sort();
        former = (!kept.is_empty()).then_some(kept);
    }
    assert_eq!(counts(&world).await, ("0".to_owned(), "0".to_owned()));
    assert_eq!(world.sql("SELECT count(*) FROM uploads").await, "0");
}

async fn gives_a_picture_up_with_its_room(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let file = finished(&world, &anna).await;
    world.deed(room, &anna, showing(NewAvatar::Upload(file.id))).await;
    world.deed(room, &anna, Deed::DeleteRoom).await;
    // In the same transaction, before any sweep.
    assert_eq!(counts(&world).await, ("0".to_owned(), "0".to_owned()));
    assert_eq!(shown(&world, file.id).await, None);
    assert_eq!(swept(&world).await, [file.id]);
    // Nobody is left who could take it away.
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let file = finished(&world, &anna).await;
    world.deed(room, &anna, showing(NewAvatar::Upload(file.id))).await;
    world.deed(room, &anna, Deed::Leave).await;
    assert_eq!(shown(&world, file.id).await, None);
    assert_eq!(swept(&world).await, [file.id]);
}

async fn keeps_the_host_products_word_on_pictures(world: World) {
    let host = Actor {
        role: UserRole::Service,
        ..world.user("host").await
    };
    let keep = async |avatar: Option<NewAvatar>| {
        let wanted = HostUser {
            external_id: "customer-7".into(),
            avatar,
            ..HostUser::default()
        };
        world.store.keep_user(&host, wanted, world.now(), trace()).await
    };
    assert_eq!(field(keep(Some(url("/avatars/x"))).await), "avatar_url");
    let (user, kept) = keep(None).await.unwrap();
    assert_eq!(kept, Kept::Made, "nobody was made by what was refused");
    let person = Actor {
        user_id: user.id,
        role: user.role,
        session_id: None,
    };
    let file = finished(&world, &person).await;
    set_user(&world, &person, NewAvatar::Upload(file.id)).await;
    let (kept, _) = keep(Some(url(&avatar_url(file.id)))).await.unwrap();
    assert_eq!(kept.avatar_url, Some(avatar_url(file.id)));
    assert_eq!(field(keep(Some(url("/avatars/x"))).await), "avatar_url");
    assert!(shown(&world, file.id).await.is_some());
    let (changed, _) = keep(Some(url(ELSEWHERE))).await.unwrap();
    assert_eq!(changed.avatar_url.as_deref(), Some(ELSEWHERE));
    assert_eq!(swept(&world).await, [file.id]);
}

async fn never_sweeps_a_picture(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let (one, two, orphan) = (
        finished(&world, &anna).await,
        finished(&world, &anna).await,
        finished(&world, &anna).await,
    );
    set_user(&world, &anna, NewAvatar::Upload(one.id)).await;
    world.deed(room, &anna, showing(NewAvatar::Upload(two.id))).await;
    world.store.abandon(one.id, world.now()).await.unwrap();
    world.store.abandon(two.id, world.now()).await.unwrap();
    world.clock.advance(100 * DAY);
    assert_eq!(swept(&world).await, [orphan.id]);
    world.store.forget(&[one.id, two.id, orphan.id]).await.unwrap();
    assert!(shown(&world, one.id).await.is_some() && shown(&world, two.id).await.is_some());
}

async fn shows_the_winner_of_a_race(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let other_node = world.another_node().await;
    for _ in 0..10 {
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.push(finished(&world, &anna).await.id);
        }
        let deed = |id: UploadId| showing(NewAvatar::Upload(id));
        let (mine, theirs, of_room, of_room_too) = tokio::join!(
            try_user(&world, &world.store, &anna, NewAvatar::Upload(ids[0])),
            try_user(&world, &other_node, &anna, NewAvatar::Upload(ids[1])),
            world
                .store
                .change(room, &anna, deed(ids[2]), world.now(), trace()),
            other_node.change(room, &anna, deed(ids[3]), world.now(), trace()),
        );
        mine.unwrap();
        theirs.unwrap();
        of_room.unwrap();
        of_room_too.unwrap();
        let user = world.store.user(anna.user_id).await.unwrap().unwrap();
        let shown_urls = [user.avatar_url, avatar_of_room(&world, room, &anna).await].map(Option::unwrap);
        for id in ids {
            let is_shown = shown_urls.contains(&avatar_url(id));
            assert_eq!(shown(&world, id).await.is_some(), is_shown);
            assert_eq!(stands(&world, id).await, is_shown, "nothing leaks");
        }
        assert_eq!(counts(&world).await, ("2".to_owned(), "2".to_owned()));
    }
    other_node.close().await;
}

async fn gives_an_upload_to_one_of_two_rooms(world: World) {
    let anna = world.user("anna").await;
    let rooms = [
        world.room(&anna, RoomKind::Public, History::All).await,
        world.room(&anna, RoomKind::Public, History::All).await,
    ];
    let other_node = world.another_node().await;
    for _ in 0..10 {
        let file = finished(&world, &anna).await;
        let deed = || showing(NewAvatar::Upload(file.id));
        let (here, there) = tokio::join!(
            world.store.change(rooms[0], &anna, deed(), world.now(), trace()),
            other_node.change(rooms[1], &anna, deed(), world.now(), trace()),
        );
        let (winner, loser) = match (here, there) {
            (Ok(_), refused) => (rooms[0], refused),
            (refused, Ok(_)) => (rooms[1], refused),
            neither => panic!("{neither:?}"),
        };
        assert_eq!(field(loser), "upload_id");
        assert_eq!(shown(&world, file.id).await, Some(AvatarOf::Room(winner)));
    }
    // At most one for each room, and what was is given up.
    let (shown, ready) = counts(&world).await;
    assert_eq!(shown, ready);
    other_node.close().await;
}

async fn shows_or_attaches_an_upload_but_not_both(world: World) {
    let anna = world.user("anna").await;
    let room = world.room(&anna, RoomKind::Public, History::All).await;
    let other_node = world.another_node().await;
    for round in 0..10 {
        let file = finished(&world, &anna).await;
        let mut message: NewMessage =
            world.message(MessageId::mint(world.now()), room, &anna, &format!("{round}"));
        message.body.attachments = vec![file.id];
        let (set, sent) = tokio::join!(
            try_user(&world, &world.store, &anna, NewAvatar::Upload(file.id)),
            other_node.send(message),
        );
        let upload = world.store.uploads(&[file.id]).await.unwrap().remove(0).unwrap();
        match (set, sent) {
            (Ok(_), refused) => {
                assert_eq!(field(refused), "attachments[0]");
                assert_eq!((upload.message_id, upload.avatar_of.is_some()), (None, true));
            }
            (refused, Ok(sent)) => {
                assert_eq!(field(refused), "upload_id");
                assert_eq!(
                    (upload.message_id, upload.avatar_of),
                    (Some(sent.message.id), None)
                );
            }
            neither => panic!("{neither:?}"),
        }
    }
    other_node.close().await;
}

async fn shows_or_sweeps_an_upload_but_not_both(world: World) {
    let anna = world.user("anna").await;
    let other_node = world.another_node().await;
    for _ in 0..10 {
        let file = finished(&world, &anna).await;
        world.clock.advance(DAY);
        let again_at = world.now().plus(100 * DAY);
        let (set, due) = tokio::join!(
            try_user(&world, &world.store, &anna, NewAvatar::Upload(file.id)),
            other_node.take_due(world.now(), again_at, 100),
        );
        let is_swept = due.unwrap().iter().any(|due| due.id == file.id);
        match set {
            Ok(_) => assert!(!is_swept && shown(&world, file.id).await.is_some()),
            refused => {
                assert_eq!(field(refused), "upload_id");
                assert!(is_swept);
            }
        }
    }
    other_node.close().await;
}

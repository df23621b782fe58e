//! API keys, and people and rooms by the host product's own ids.

use std::time::Duration;

use confab_domain::ports::{Accounts, HostProduct, HostUser, Kept, NewRoom, OutsideProfile, SecretHash};
use confab_domain::{
    AccountEventKind, Actor, ApiKey, ApiKeyId, Deed, History, NewAvatar, RoomId, RoomKind, Scope, Trace,
    User, UserRole,
};
use serde_json::json;

use crate::on_both;
use crate::world::{World, account_events, actor, new_user, refusal, trace};

on_both!(
    keeps_keys_and_takes_them_back,
    notes_the_use_of_a_key_once_a_minute,
    gives_no_keys_to_people_and_not_too_many,
    keeps_people_by_outside_id,
    makes_one_person_in_a_race,
    names_what_is_taken,
    finds_a_free_name,
    keeps_rooms_by_key,
    makes_one_room_of_a_key_in_a_race,
    ends_all_logins_but_one,
    an_outside_subject_is_the_person_of_that_outside_id,
    takes_over_nobody_who_comes_in_by_another_door,
    makes_one_person_of_a_subject_and_an_outside_id_in_a_race,
);

fn secret(n: u8) -> SecretHash {
    SecretHash([n; 32])
}

async fn service(world: &World, username: &str) -> Actor {
    let user = world
        .store
        .register(
            confab_domain::ports::NewUser {
                role: UserRole::Service,
                ..new_user(username)
            },
            world.now(),
            Trace::default(),
        )
        .await
        .unwrap();
    world.heard.take();
    actor(&user)
}

fn key(world: &World, of: &Actor) -> ApiKey {
    ApiKey {
        id: ApiKeyId::mint(world.now()),
        name: "The shop".into(),
        prefix: "ck_1".into(),
        scopes: vec![Scope::Read, Scope::Tokens],
        user_id: of.user_id,
        created_by: None,
        created_at: world.now(),
        expires_at: Some(world.now().plus(Duration::from_hours(1))),
        last_used_at: None,
        revoked_at: None,
    }
}

fn person(external_id: &str) -> HostUser {
    HostUser {
        external_id: external_id.into(),
        ..HostUser::default()
    }
}

async fn keeps_keys_and_takes_them_back(world: World) {
    let host = service(&world, "shop").await;
    let first = key(&world, &host);
    world.clock.advance(Duration::from_millis(5));
    let second = ApiKey {
        expires_at: None,
        ..key(&world, &host)
    };
    world.store.put_api_key(&first, secret(1)).await.unwrap();
    world.store.put_api_key(&second, secret(2)).await.unwrap();

    let bearer = world.store.key_bearer(secret(1)).await.unwrap().unwrap();
    assert_eq!(bearer.key, first);
    assert_eq!(
        (
            bearer.account.user_id,
            bearer.account.role,
            bearer.account.is_open
        ),
        (host.user_id, UserRole::Service, true)
    );
    assert!(world.store.key_bearer(secret(3)).await.unwrap().is_none());

    let page = world.store.api_keys(None, 1).await.unwrap();
    assert_eq!(page.items, std::slice::from_ref(&first));
    let rest = world.store.api_keys(page.next, 1).await.unwrap();
    assert_eq!((rest.items, rest.next), (vec![second.clone()], None));

    assert!(world.store.revoke_api_key(first.id, world.now()).await.unwrap());
    assert!(!world.store.revoke_api_key(first.id, world.now()).await.unwrap());
    let bearer = world.store.key_bearer(secret(1)).await.unwrap().unwrap();
    assert_eq!(bearer.key.revoked_at, Some(world.now()));
    assert_eq!(
        world.store.api_keys(None, 10).await.unwrap().items,
        [second],
        "a key that was taken back is listed no more"
    );

    world
        .store
        .set_open(&host, host.user_id, false, world.now(), Trace::default())
        .await
        .unwrap();
    let bearer = world.store.key_bearer(secret(2)).await.unwrap().unwrap();
    assert!(!bearer.account.is_open);
}

async fn notes_the_use_of_a_key_once_a_minute(world: World) {
    let minute = Duration::from_mins(1);
    let host = service(&world, "shop").await;
    let key = key(&world, &host);
    world.store.put_api_key(&key, secret(1)).await.unwrap();
    let used = async || {
        world
            .store
            .touch_api_key(key.id, world.now(), minute)
            .await
            .unwrap();
        let bearer = world.store.key_bearer(secret(1)).await.unwrap().unwrap();
        bearer.key.last_used_at.unwrap()
    };
    let first = used().await;
    assert_eq!(first, world.now());
    world.clock.advance(Duration::from_secs(59));
    assert_eq!(used().await, first);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(used().await, world.now());
}

async fn gives_no_keys_to_people_and_not_too_many(world: World) {
    let ann = world.user("ann").await;
    let refused = world.store.put_api_key(&key(&world, &ann), secret(1)).await;
    assert_eq!(
        refusal(refused),
        "conflict: conflict: the service's account is shut"
    );
    let host = service(&world, "shop").await;
    for n in 0..100 {
        let put = world.store.put_api_key(&key(&world, &host), secret(n)).await;
        put.unwrap();
    }
    let refused = world.store.put_api_key(&key(&world, &host), secret(200)).await;
    assert_eq!(
        refusal(refused),
        "conflict: conflict: the service has too many keys; revoke some"
    );
    world.clock.advance(Duration::from_hours(1));
    let put = world.store.put_api_key(&key(&world, &host), secret(200)).await;
    put.unwrap();
}

async fn keeps_people_by_outside_id(world: World) {
    let host = service(&world, "shop").await;
    let wanted = HostUser {
        display_name: Some("Ada".into()),
        email: Some(Some("ada@example.org".into())),
        ..person("customer/7 ü")
    };
    let keep = async |wanted: HostUser| {
        world
            .store
            .keep_user(&host, wanted, world.now(), trace())
            .await
            .unwrap()
    };
    let (made, kept) = keep(wanted.clone()).await;
    assert_eq!(kept, Kept::Made);
    assert_eq!(made.external_id.as_deref(), Some("customer/7 ü"));
    assert_eq!((made.display_name.as_str(), made.role), ("Ada", UserRole::User));
    let batches = world.heard.take();
    assert_eq!(
        account_events(&batches),
        [(AccountEventKind::Registered, made.id)]
    );
    let told = &batches[0].account_events[0];
    assert_eq!(told.actor_id, host.user_id);

    assert_eq!(keep(wanted).await, (made.clone(), Kept::Unchanged));
    assert_eq!(
        keep(person("customer/7 ü")).await,
        (made.clone(), Kept::Unchanged)
    );
    assert!(world.heard.take().is_empty(), "what changes nothing is not told");

    let (changed, kept) = keep(HostUser {
        username: Some("ada".into()),
        avatar: Some(NewAvatar::Url("https://img.example/a.png".into())),
        email: Some(None),
        ..person("customer/7 ü")
    })
    .await;
    assert_eq!(kept, Kept::Changed);
    assert_eq!(
        (changed.id, changed.username.as_str(), changed.email.as_deref()),
        (made.id, "ada", None)
    );
    assert_eq!(world.store.user(made.id).await.unwrap(), Some(changed.clone()));
    assert_eq!(
        account_events(&world.heard.take()),
        [(AccountEventKind::Updated, made.id)]
    );

    let (other, _) = keep(person("customer-8")).await;
    assert_eq!(other.username, "customer-8", "a lawful id is a good name");
    let ids = ["customer-8".to_owned(), "nobody".into(), "customer/7 ü".into()];
    let mut found = world.store.users_by_external_id(&ids).await.unwrap();
    found.sort_by_key(|user| user.id);
    let mut both = vec![changed, other];
    both.sort_by_key(|user| user.id);
    assert_eq!(found, both);
    assert!(world.store.users_by_external_id(&[]).await.unwrap().is_empty());
}

async fn makes_one_person_in_a_race(world: World) {
    let host = service(&world, "shop").await;
    let other = world.another_node().await;
    for round in 0..5 {
        let attempts: Vec<_> = (0..8)
            .map(|index| {
                let store = if index % 2 == 0 {
                    world.store.clone()
                } else {
                    other.clone()
                };
                let (host, now) = (host.clone(), world.now());
                let wanted = HostUser {
                    display_name: Some(format!("Name {}", index % 3)),
                    ..person(&format!("customer-{round}"))
                };
                tokio::spawn(async move { store.keep_user(&host, wanted, now, Trace::default()).await })
            })
            .collect();
        let (mut ids, mut made) = (std::collections::HashSet::new(), 0);
        for attempt in attempts {
            let (user, kept) = attempt.await.unwrap().unwrap();
            ids.insert(user.id);
            made += usize::from(kept == Kept::Made);
        }
        assert_eq!((ids.len(), made), (1, 1));
        let batches = world.heard.take();
        let registered = account_events(&batches)
            .iter()
            .filter(|(kind, _)| *kind == AccountEventKind::Registered)
            .count();
        assert_eq!(registered, 1);
    }
}

async fn names_what_is_taken(world: World) {
    let host = service(&world, "shop").await;
    let new = confab_domain::ports::NewUser {
        email: Some("ann@example.org".into()),
        ..new_user("ann")
    };
    world.store.register(new, world.now(), trace()).await.unwrap();
    let keep = async |wanted: HostUser| world.store.keep_user(&host, wanted, world.now(), trace()).await;
    keep(person("1")).await.unwrap();
    for external_id in ["1", "2"] {
        let username = HostUser {
            username: Some("ANN".into()),
            ..person(external_id)
        };
        assert_eq!(
            refusal(keep(username).await),
            "conflict: conflict: the username is taken",
            "{external_id}"
        );
        let email = HostUser {
            email: Some(Some("ANN@example.org".into())),
            ..person(external_id)
        };
        assert_eq!(
            refusal(keep(email).await),
            "conflict: conflict: the email is taken",
            "{external_id}"
        );
    }
}

async fn finds_a_free_name(world: World) {
    let host = service(&world, "shop").await;
    world.user("ann").await;
    let kept = world
        .store
        .keep_user(&host, person("Ann"), world.now(), trace())
        .await
        .unwrap();
    assert_eq!(kept.0.username, "Ann-2");
}

fn offer(world: &World) -> NewRoom {
    NewRoom {
        id: RoomId::mint(world.now()),
        kind: RoomKind::Private,
        name: "Offer".into(),
        description: None,
        metadata: json!({}),
        history: History::All,
        member_ids: Vec::new(),
        settings: confab_domain::RoomSettings::default(),
    }
}

async fn keeps_rooms_by_key(world: World) {
    let host = service(&world, "shop").await;
    let ann = world.user("ann").await;
    let keep = async |key: &str, member_ids| {
        let room = NewRoom {
            member_ids,
            ..offer(&world)
        };
        world
            .store
            .room_by_key(key, room, &host, world.now(), trace())
            .await
    };
    let (made, is_new) = keep("offer/1", vec![ann.user_id]).await.unwrap();
    assert!(is_new);
    assert_eq!(made.room.external_key.as_deref(), Some("offer/1"));
    let types: Vec<_> = made.events.iter().map(|event| event.body.event_type()).collect();
    assert_eq!(types, ["room_created", "user_joined"]);
    assert_eq!(
        world.store.room_of_key("offer/1").await.unwrap(),
        Some(made.room.id)
    );
    assert_eq!(world.store.room_of_key("offer/2").await.unwrap(), None);

    let (found, is_new) = keep("offer/1", Vec::new()).await.unwrap();
    assert!(!is_new && found.events.is_empty());
    assert_eq!(found.room, made.room, "left as it is");

    let nobody = confab_domain::UserId::mint(world.now());
    assert_eq!(
        refusal(keep("offer/2", vec![nobody]).await),
        "invalid: invalid: member_ids[0]: there is no such user"
    );
    world.deed(made.room.id, &host, Deed::DeleteRoom).await;
    assert_eq!(world.store.room_of_key("offer/1").await.unwrap(), None);
    let (anew, is_new) = keep("offer/1", Vec::new()).await.unwrap();
    assert!(
        is_new && anew.room.id != made.room.id,
        "the key of an ended room is free"
    );
}

async fn makes_one_room_of_a_key_in_a_race(world: World) {
    let host = service(&world, "shop").await;
    let other = world.another_node().await;
    for round in 0..5 {
        let attempts: Vec<_> = (0..8)
            .map(|index| {
                let store = if index % 2 == 0 {
                    world.store.clone()
                } else {
                    other.clone()
                };
                let (host, now, room) = (host.clone(), world.now(), offer(&world));
                tokio::spawn(async move {
                    let key = format!("offer-{round}");
                    store.room_by_key(&key, room, &host, now, Trace::default()).await
                })
            })
            .collect();
        let (mut ids, mut made) = (std::collections::HashSet::new(), 0);
        for attempt in attempts {
            let (changed, is_new) = attempt.await.unwrap().unwrap();
            ids.insert(changed.room.id);
            made += usize::from(is_new);
        }
        assert_eq!((ids.len(), made), (1, 1));
    }
    assert_eq!(world.sql("SELECT count(*) FROM rooms").await, "5");
}

async fn ends_all_logins_but_one(world: World) {
    let ann = world.user("ann").await;
    let bob = world.user("bob").await;
    let keep = crate::sessions::opened(&world, &ann, 1).await;
    crate::sessions::opened(&world, &ann, 2).await;
    crate::sessions::opened(&world, &ann, 3).await;
    crate::sessions::opened(&world, &bob, 4).await;
    world.heard.take();
    let ended = world
        .store
        .revoke_sessions(ann.user_id, Some(keep.id), world.now())
        .await
        .unwrap();
    assert_eq!(ended, 2);
    assert_eq!(world.heard.take_controls().len(), 2, "their sockets close");
    let left = world.store.sessions(ann.user_id, world.now()).await.unwrap();
    assert_eq!(left, [keep]);
    assert_eq!(
        world
            .store
            .sessions(bob.user_id, world.now())
            .await
            .unwrap()
            .len(),
        1
    );
    let ended = world.store.revoke_sessions(ann.user_id, None, world.now()).await;
    assert_eq!(ended.unwrap(), 1);
}

fn outside(subject: &str) -> OutsideProfile {
    OutsideProfile {
        issuer: "https://issuer.example".into(),
        subject: subject.into(),
        username: Some("somebody".into()),
        display_name: None,
        avatar_url: None,
        role: None,
    }
}

async fn first_sight(world: &World, profile: OutsideProfile) -> User {
    let seen = world.store.outside_user(profile, world.now(), Trace::default());
    seen.await.unwrap()
}

async fn kept(world: &World, host: &Actor, external_id: &str) -> (User, Kept) {
    let keeping = world
        .store
        .keep_user(host, person(external_id), world.now(), Trace::default());
    keeping.await.unwrap()
}

async fn an_outside_subject_is_the_person_of_that_outside_id(world: World) {
    let host = service(&world, "shop").await;
    let (ada, _) = kept(&world, &host, "customer-7").await;
    world.heard.take();
    assert_eq!(first_sight(&world, outside("customer-7")).await, ada);
    assert_eq!(
        first_sight(&world, outside("customer-7")).await,
        ada,
        "and for good"
    );
    assert!(world.heard.take().is_empty(), "nothing of it can be seen");

    // The other way round.
    let bob = first_sight(&world, outside("customer-8")).await;
    assert_eq!(bob.external_id.as_deref(), Some("customer-8"));
    assert_eq!(kept(&world, &host, "customer-8").await, (bob, Kept::Unchanged));

    let (eve, _) = kept(&world, &host, "customer-9").await;
    let shutting = world
        .store
        .set_open(&host, eve.id, false, world.now(), Trace::default());
    shutting.await.unwrap();
    let seen = first_sight(&world, outside("customer-9")).await;
    assert_eq!(
        (seen.id, seen.deactivated_at.is_some()),
        (eve.id, true),
        "she is shut out"
    );

    let long = "x".repeat(201);
    assert_eq!(first_sight(&world, outside(&long)).await.external_id, None);
}

async fn takes_over_nobody_who_comes_in_by_another_door(world: World) {
    let host = service(&world, "shop").await;
    let (store, now) = (&world.store, world.now());
    let (by_password, _) = kept(&world, &host, "by-password").await;
    store
        .set_password(by_password.id, "hash", None, now)
        .await
        .unwrap();
    let (by_office, _) = kept(&world, &host, "by-office").await;
    store.set_role(by_office.id, UserRole::Admin, now).await.unwrap();
    let elsewhere = OutsideProfile {
        issuer: "https://elsewhere.example".into(),
        ..outside("by-issuer")
    };
    let by_issuer = first_sight(&world, elsewhere.clone()).await;
    for (external_id, holder) in [
        ("by-password", by_password.id),
        ("by-office", by_office.id),
        ("by-issuer", by_issuer.id),
    ] {
        let stranger = first_sight(&world, outside(external_id)).await;
        assert_ne!(stranger.id, holder, "{external_id}");
        assert_eq!(stranger.external_id, None, "{external_id}");
        assert_eq!(first_sight(&world, outside(external_id)).await.id, stranger.id);
        assert_eq!(
            kept(&world, &host, external_id).await.0.id,
            holder,
            "{external_id}"
        );
    }
    assert_eq!(first_sight(&world, elsewhere).await.id, by_issuer.id);
}

async fn makes_one_person_of_a_subject_and_an_outside_id_in_a_race(world: World) {
    let host = service(&world, "shop").await;
    let other = world.another_node().await;
    for round in 0..5 {
        let external_id = format!("customer-{round}");
        let attempts: Vec<_> = (0..8)
            .map(|index| {
                let store = if index % 2 == 0 { &world.store } else { &other }.clone();
                let (now, host, external_id) = (world.now(), host.clone(), external_id.clone());
                tokio::spawn(async move {
                    if index % 4 < 2 {
                        store
                            .outside_user(outside(&external_id), now, Trace::default())
                            .await
                    } else {
                        let keeping = store.keep_user(&host, person(&external_id), now, Trace::default());
                        keeping.await.map(|(user, _)| user)
                    }
                })
            })
            .collect();
        let mut ids = std::collections::HashSet::new();
        for attempt in attempts {
            ids.insert(attempt.await.unwrap().unwrap().id);
        }
        assert_eq!(ids.len(), 1, "{external_id}");
    }
}

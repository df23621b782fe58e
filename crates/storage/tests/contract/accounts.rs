//! Accounts.

use std::time::Duration;

use confab_domain::ports::{
    Accounts, NewUser, Outbox, OutsideProfile, PendingEvent, ProfilePatch, Standings, partition_of,
};
use confab_domain::{AccountEventKind, Actor, Control, NewAvatar, Trace, User, UserId, UserRole};

use crate::on_both;
use crate::world::{World, account_events, actor, new_user, refusal};

on_both!(
    registers_with_its_event,
    names_the_field_that_is_taken,
    registers_once_in_a_race,
    finds_accounts_and_logins,
    searches_without_regard_to_case,
    changes_profiles_with_their_events,
    changes_roles,
    shuts_and_opens,
    makes_outside_users_once,
    gives_outside_users_free_names,
    notes_when_people_were_seen,
);

async fn pending_accounts(world: &World, user_id: UserId) -> Vec<PendingEvent> {
    let page = world.store.pending(partition_of(user_id.0), 100).await.unwrap();
    page.rows.into_iter().map(|row| row.event).collect()
}

fn outside(subject: &str, username: Option<&str>) -> OutsideProfile {
    OutsideProfile {
        issuer: "https://issuer.example".into(),
        subject: subject.into(),
        username: username.map(Into::into),
        display_name: None,
        avatar_url: None,
        role: None,
    }
}

async fn registers_with_its_event(world: World) {
    let new = NewUser {
        email: Some("Anna@Example.com".into()),
        ..new_user("Anna")
    };
    let trace = Trace {
        correlation_id: Some("request-1".into()),
        traceparent: None,
    };
    let user = world
        .store
        .register(new, world.now(), trace.clone())
        .await
        .unwrap();
    assert_eq!(user.created_at, world.now());
    assert_eq!(world.store.user(user.id).await.unwrap(), Some(user.clone()));

    let batches = world.heard.take();
    assert_eq!(
        account_events(&batches),
        [(AccountEventKind::Registered, user.id)]
    );
    assert_eq!(
        batches[0].shard,
        partition_of(user.id.0) % 8,
        "so that the right publisher wakes"
    );

    let pending = pending_accounts(&world, user.id).await;
    let [PendingEvent::Account(event)] = &pending[..] else {
        panic!("{pending:?}")
    };
    assert_eq!(
        (event.kind, event.user_id, event.actor_id),
        (AccountEventKind::Registered, user.id, user.id)
    );
    assert_eq!(event.trace, trace);
    assert_eq!(
        event.user.as_ref().unwrap().email,
        None,
        "an address is nobody else's to know"
    );
    assert_eq!(
        batches[0].account_events[0].id, event.id,
        "the same event by both ways"
    );
}

async fn names_the_field_that_is_taken(world: World) {
    let first = NewUser {
        email: Some("anna@example.com".into()),
        ..new_user("anna")
    };
    world
        .store
        .register(first, world.now(), Trace::default())
        .await
        .unwrap();
    world.heard.take();

    let again = world
        .store
        .register(new_user("ANNA"), world.now(), Trace::default())
        .await;
    assert_eq!(refusal(again), "conflict: conflict: the username is taken");
    let again = NewUser {
        email: Some("ANNA@example.com".into()),
        ..new_user("bert")
    };
    let again = world.store.register(again, world.now(), Trace::default()).await;
    assert_eq!(refusal(again), "conflict: conflict: the email is taken");
    assert!(world.heard.take().is_empty(), "what did not happen is not told");
}

async fn registers_once_in_a_race(world: World) {
    let other = world.another_node().await;
    let attempts = (0..8).map(|index| {
        let store = if index % 2 == 0 {
            world.store.clone()
        } else {
            other.clone()
        };
        let now = world.now();
        let new = NewUser {
            email: Some(format!("a{}@example.com", index % 3)),
            ..new_user("anna")
        };
        tokio::spawn(async move { store.register(new, now, Trace::default()).await })
    });
    let mut made = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => made += 1,
            refused => assert_eq!(refusal(refused), "conflict: conflict: the username is taken"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(world.heard.take().len(), 1);
}

async fn finds_accounts_and_logins(world: World) {
    let new = NewUser {
        email: Some("Anna@Example.com".into()),
        ..new_user("Anna")
    };
    let anna = world
        .store
        .register(new, world.now(), Trace::default())
        .await
        .unwrap();
    let bert = world.user("bert").await;
    for name in ["anna", "anna@example.com"] {
        assert_eq!(
            world.store.login_of(name).await.unwrap(),
            Some((anna.clone(), Some("hash".into())))
        );
    }
    assert_eq!(world.store.login_of("nobody").await.unwrap(), None);
    assert_eq!(
        world.store.password_hash(anna.id).await.unwrap().as_deref(),
        Some("hash")
    );

    let nobody = UserId::mint(world.now());
    let found = world
        .store
        .users(&[bert.user_id, nobody, anna.id, anna.id])
        .await
        .unwrap();
    let mut found: Vec<_> = found.iter().map(|user| user.username.as_str()).collect();
    found.sort_unstable();
    assert_eq!(found, ["Anna", "bert"]);
    assert!(world.store.users(&[]).await.unwrap().is_empty());
    let states = world.store.account_states(&[nobody, anna.id]).await.unwrap();
    assert_eq!(states.len(), 1);
    assert!(states[0].is_open && states[0].user_id == anna.id);
}

async fn usernames(world: &World, query: &str) -> Vec<String> {
    let page = world.store.search_users(query, None, 10).await.unwrap();
    assert_eq!(page.next, None);
    page.items.into_iter().map(|user| user.username).collect()
}

async fn searches_without_regard_to_case(world: World) {
    for (username, display_name) in [
        ("Anna", "Anna Alm"),
        ("bert_1", "Bert"),
        ("bertx1", "Bert X"),
        ("carl", "100% Carl \\o/"),
    ] {
        let new = NewUser {
            display_name: display_name.into(),
            ..new_user(username)
        };
        world
            .store
            .register(new, world.now(), Trace::default())
            .await
            .unwrap();
    }
    assert_eq!(usernames(&world, "ANN").await, ["Anna"]);
    assert_eq!(
        usernames(&world, "alm").await,
        ["Anna"],
        "part of the display name"
    );
    assert_eq!(
        usernames(&world, "bert_").await,
        ["bert_1"],
        "a wildcard stands for itself"
    );
    assert_eq!(usernames(&world, "0%").await, ["carl"]);
    assert_eq!(usernames(&world, "\\O").await, ["carl"]);
    assert_eq!(usernames(&world, "%").await, ["carl"]);
    assert!(usernames(&world, "nobody").await.is_empty());

    let page = world.store.search_users("", None, 3).await.unwrap();
    assert_eq!(
        page.items
            .iter()
            .map(|user| &user.username[..])
            .collect::<Vec<_>>(),
        ["Anna", "bert_1", "bertx1"]
    );
    let page = world
        .store
        .search_users("", page.next.as_deref(), 3)
        .await
        .unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.next, None);

    let carl = actor(&page.items[0]);
    world
        .store
        .set_open(&carl, carl.user_id, false, world.now(), Trace::default())
        .await
        .unwrap();
    assert!(
        usernames(&world, "carl").await.is_empty(),
        "shut accounts are not found"
    );
}

async fn changes_profiles_with_their_events(world: World) {
    let anna = world.user("anna").await;
    let bert = NewUser {
        email: Some("bert@example.com".into()),
        ..new_user("bert")
    };
    world
        .store
        .register(bert, world.now(), Trace::default())
        .await
        .unwrap();
    world.heard.take();
    let update = async |patch: ProfilePatch| {
        world
            .store
            .update_profile(&anna, anna.user_id, patch, world.now(), Trace::default())
            .await
    };

    let patch = ProfilePatch {
        display_name: Some("Anna A.".into()),
        avatar: Some(NewAvatar::Url("https://img.example/a.png".into())),
        email: Some(Some("anna@example.com".into())),
        ..ProfilePatch::default()
    };
    let user = update(patch.clone()).await.unwrap();
    assert_eq!(world.store.user(anna.user_id).await.unwrap(), Some(user.clone()));
    assert_eq!(
        (&user.display_name[..], user.email.as_deref()),
        ("Anna A.", Some("anna@example.com"))
    );
    let batches = world.heard.take();
    assert_eq!(
        account_events(&batches),
        [(AccountEventKind::Updated, anna.user_id)]
    );
    assert_eq!(
        batches[0].controls,
        [Control::Account {
            user_id: anna.user_id
        }]
    );

    update(patch).await.unwrap();
    assert!(world.heard.take().is_empty(), "nothing changed");
    let cleared = update(ProfilePatch {
        avatar: Some(NewAvatar::Cleared),
        ..ProfilePatch::default()
    })
    .await
    .unwrap();
    assert_eq!(cleared.avatar_url, None);
    assert_eq!(cleared.display_name, "Anna A.");
    let taken = ProfilePatch {
        email: Some(Some("BERT@example.com".into())),
        ..ProfilePatch::default()
    };
    assert_eq!(
        refusal(update(taken).await),
        "conflict: conflict: the email is taken"
    );
    let nobody = UserId::mint(world.now());
    let patch = ProfilePatch::default();
    let unknown = world
        .store
        .update_profile(&anna, nobody, patch, world.now(), Trace::default())
        .await;
    assert_eq!(refusal(unknown), "not_found: not found");
}

async fn changes_roles(world: World) {
    let anna = world.user("anna").await;
    world.heard.take();
    world
        .store
        .set_role(anna.user_id, UserRole::Admin, world.now())
        .await
        .unwrap();
    world
        .store
        .set_role(anna.user_id, UserRole::Admin, world.now())
        .await
        .unwrap();
    let batches = world.heard.take();
    assert_eq!(
        account_events(&batches),
        [(AccountEventKind::Updated, anna.user_id)]
    );
    assert_eq!(
        batches[0].controls,
        [Control::Account {
            user_id: anna.user_id
        }]
    );
    assert_eq!(
        world.store.account_states(&[anna.user_id]).await.unwrap()[0].role,
        UserRole::Admin
    );
    let unknown = world
        .store
        .set_role(UserId::mint(world.now()), UserRole::Admin, world.now())
        .await;
    assert_eq!(refusal(unknown), "not_found: not found");
}

async fn shuts_and_opens(world: World) {
    let anna = world.user("anna").await;
    let admin = world.user("admin").await;
    let session = crate::sessions::opened(&world, &anna, 1).await;
    world.heard.take();
    let set_open = async |is_open| {
        let user = world
            .store
            .set_open(&admin, anna.user_id, is_open, world.now(), Trace::default())
            .await;
        (user.unwrap(), world.heard.take())
    };

    let (user, batches) = set_open(false).await;
    assert_eq!(user.deactivated_at, Some(world.now()));
    assert_eq!(
        account_events(&batches),
        [(AccountEventKind::Deactivated, anna.user_id)]
    );
    assert_eq!(batches[0].account_events[0].actor_id, admin.user_id);
    let user_id = anna.user_id;
    assert_eq!(
        batches[0].controls,
        [
            Control::Account { user_id },
            Control::Session {
                session_id: session.id,
                user_id
            }
        ]
    );
    assert!(!world.store.account_states(&[user_id]).await.unwrap()[0].is_open);
    assert!(
        !world
            .store
            .session_states(&[session.id], world.now())
            .await
            .unwrap()[0]
            .is_live
    );
    assert!(set_open(false).await.1.is_empty(), "it is shut already");
    // A token may live on for a moment in some process's memory.
    let patch = ProfilePatch {
        display_name: Some("Zombie".into()),
        ..ProfilePatch::default()
    };
    let changed = world
        .store
        .update_profile(&anna, user_id, patch, world.now(), Trace::default())
        .await;
    assert_eq!(
        refusal(changed),
        "forbidden: forbidden: the account is deactivated"
    );

    let (user, batches) = set_open(true).await;
    assert_eq!(user.deactivated_at, None);
    assert_eq!(
        account_events(&batches),
        [(AccountEventKind::Reactivated, user_id)]
    );
    assert!(
        !world
            .store
            .session_states(&[session.id], world.now())
            .await
            .unwrap()[0]
            .is_live,
        "log in again"
    );

    let kinds: Vec<_> = pending_accounts(&world, user_id)
        .await
        .into_iter()
        .filter_map(|pending| match pending {
            PendingEvent::Control(control) => Some(control),
            _ => None,
        })
        .collect();
    assert!(
        kinds.contains(&Control::Session {
            session_id: session.id,
            user_id
        }),
        "{kinds:?}"
    );
}

async fn makes_outside_users_once(world: World) {
    let other = world.another_node().await;
    let attempts: Vec<_> = (0..8)
        .map(|index| {
            let store = if index % 2 == 0 {
                world.store.clone()
            } else {
                other.clone()
            };
            let now = world.now();
            tokio::spawn(async move {
                store
                    .outside_user(outside("subject", Some("anna")), now, Trace::default())
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut ids = std::collections::HashSet::new();
    for attempt in attempts {
        ids.insert(attempt.await.unwrap().id);
    }
    assert_eq!(ids.len(), 1, "two nodes at once make one");
    assert_eq!(account_events(&world.heard.take()).len(), 1);
    assert_eq!(
        world.store.login_of("anna").await.unwrap().unwrap().1,
        None,
        "they have no password here"
    );
}

async fn gives_outside_users_free_names(world: World) {
    world.user("Anna").await;
    let made = async |subject: &str, username: Option<&str>| -> User {
        world
            .store
            .outside_user(outside(subject, username), world.now(), Trace::default())
            .await
            .unwrap()
    };
    assert_eq!(made("1", Some("anna")).await.username, "anna-2");
    assert_eq!(made("2", Some("ANNA")).await.username, "ANNA-3");
    assert_eq!(made("3", Some("anna")).await.username, "anna-4");
    let fifth = made("4", Some("anna")).await.username;
    assert!(fifth.starts_with("anna-") && fifth.len() > 7, "{fifth}");
    let unlawful = made("5", Some("an na\0")).await;
    assert!(unlawful.username.starts_with("user-"), "{}", unlawful.username);
    assert_eq!(
        made("5", Some("other")).await,
        unlawful,
        "made on first sight only"
    );

    // Many subjects of one name at once, from two nodes.
    let other = world.another_node().await;
    let attempts: Vec<_> = (0..6)
        .map(|index| {
            let store = if index % 2 == 0 {
                world.store.clone()
            } else {
                other.clone()
            };
            let (now, profile) = (world.now(), outside(&format!("carl {index}"), Some("carl")));
            tokio::spawn(async move { store.outside_user(profile, now, Trace::default()).await.unwrap() })
        })
        .collect();
    let mut names = std::collections::HashSet::new();
    for attempt in attempts {
        names.insert(attempt.await.unwrap().username);
    }
    assert_eq!(names.len(), 6, "{names:?}");
}

async fn notes_when_people_were_seen(world: World) {
    let (anna, bert): (Actor, Actor) = (world.user("anna").await, world.user("bert").await);
    let early = world.now();
    let late = early.plus(Duration::from_secs(5));
    let seen = async |user_id| world.store.user(user_id).await.unwrap().unwrap().last_seen_at;
    world
        .store
        .touch_last_seen(&[(anna.user_id, late), (anna.user_id, early), (bert.user_id, early)])
        .await
        .unwrap();
    assert_eq!(
        (seen(anna.user_id).await, seen(bert.user_id).await),
        (Some(late), Some(early))
    );
    world
        .store
        .touch_last_seen(&[(bert.user_id, late), (anna.user_id, early)])
        .await
        .unwrap();
    assert_eq!(
        (seen(anna.user_id).await, seen(bert.user_id).await),
        (Some(late), Some(late)),
        "never back"
    );
    world.store.touch_last_seen(&[]).await.unwrap();

    // The same people in opposite orders, from many tasks: nobody is blocked for good.
    let other = world.another_node().await;
    let attempts: Vec<_> = (0..20_u64)
        .map(|index| {
            let store = if index % 2 == 0 {
                world.store.clone()
            } else {
                other.clone()
            };
            let at = late.plus(Duration::from_secs(index));
            let mut seen = vec![(anna.user_id, at), (bert.user_id, at)];
            if index % 3 == 0 {
                seen.reverse();
            }
            tokio::spawn(async move { store.touch_last_seen(&seen).await.unwrap() })
        })
        .collect();
    for attempt in attempts {
        attempt.await.unwrap();
    }
    assert_eq!(seen(anna.user_id).await, Some(late.plus(Duration::from_secs(19))));
}

//! Sessions, refresh tokens, tickets.

use std::time::Duration;

use confab_domain::ports::{Accounts, Outbox, PendingEvent, Rotation, SecretHash, Standings, partition_of};
use confab_domain::{Actor, Control, Session, SessionId, Timestamp, Trace, UserId};

use crate::on_both;
use crate::world::{World, refusal};

on_both!(
    rotates_refresh_tokens,
    ends_the_session_of_a_token_used_twice,
    lets_a_lost_answer_be_asked_again,
    does_not_forgive_once_the_successor_was_used,
    rotates_one_token_once_in_a_race,
    forgives_a_race_within_the_grace,
    refuses_what_is_over,
    lists_and_ends_sessions,
    ends_sessions_with_a_new_password,
    spends_tickets_once,
    sweeps_what_has_expired,
);

const TTL: Duration = Duration::from_hours(24);
const GRACE: Duration = Duration::from_secs(10);

fn hash(byte: u8) -> SecretHash {
    SecretHash([byte; 32])
}

/// A session whose first refresh token is `hash(token)`.
pub(crate) async fn opened(world: &World, actor: &Actor, token: u8) -> Session {
    let session = Session {
        id: SessionId::mint(world.now()),
        user_id: actor.user_id,
        created_at: world.now(),
        last_used_at: world.now(),
        expires_at: world.now().plus(TTL),
        revoked_at: None,
        user_agent: Some("test".into()),
        ip: None,
        issued_by: None,
    };
    world
        .store
        .open_session(session.clone(), hash(token))
        .await
        .unwrap();
    session
}

async fn rotate(world: &World, spent: u8, next: u8, grace: Duration) -> Rotation {
    world
        .store
        .rotate_refresh(hash(spent), hash(next), world.now(), TTL, grace)
        .await
        .unwrap()
}

async fn is_live(world: &World, session_id: SessionId) -> bool {
    world
        .store
        .session_states(&[session_id], world.now())
        .await
        .unwrap()[0]
        .is_live
}

async fn pending_controls(world: &World, user_id: UserId) -> Vec<Control> {
    let page = world.store.pending(partition_of(user_id.0), 100).await.unwrap();
    page.rows
        .into_iter()
        .filter_map(|row| match row.event {
            PendingEvent::Control(control) => Some(control),
            _ => None,
        })
        .collect()
}

async fn rotates_refresh_tokens(world: World) {
    let anna = world.user("anna").await;
    let session = opened(&world, &anna, 1).await;
    world.heard.take();
    world.clock.advance(Duration::from_mins(1));
    let Rotation::Rotated(rotated) = rotate(&world, 1, 2, GRACE).await else {
        panic!("not rotated")
    };
    let (renewed, user) = *rotated;
    assert_eq!(user.id, anna.user_id);
    assert_eq!(
        (renewed.last_used_at, renewed.expires_at),
        (world.now(), world.now().plus(TTL))
    );
    assert_eq!(renewed.created_at, session.created_at);
    assert_eq!(
        world.store.session_of_refresh(hash(2)).await.unwrap(),
        Some(renewed.clone())
    );
    assert_eq!(
        world.store.session_of_refresh(hash(1)).await.unwrap(),
        Some(renewed)
    );
    assert_eq!(world.store.session_of_refresh(hash(9)).await.unwrap(), None);
    assert!(matches!(rotate(&world, 2, 3, GRACE).await, Rotation::Rotated(_)));
    assert!(matches!(rotate(&world, 9, 4, GRACE).await, Rotation::Unknown));
    assert!(world.heard.take().is_empty());
}

async fn ends_the_session_of_a_token_used_twice(world: World) {
    let anna = world.user("anna").await;
    let session = opened(&world, &anna, 1).await;
    rotate(&world, 1, 2, GRACE).await;
    world.heard.take();
    world.clock.advance(GRACE);
    let Rotation::Reused(session_id, user_id) = rotate(&world, 1, 3, GRACE).await else {
        panic!("not noticed")
    };
    assert_eq!((session_id, user_id), (session.id, anna.user_id));
    let control = Control::Session { session_id, user_id };
    assert_eq!(world.heard.take_controls(), [control]);
    assert_eq!(pending_controls(&world, user_id).await, [control]);
    assert!(!is_live(&world, session_id).await);
    assert!(
        matches!(rotate(&world, 2, 4, GRACE).await, Rotation::Unknown),
        "the whole family is over"
    );
    assert!(
        matches!(rotate(&world, 1, 5, GRACE).await, Rotation::Unknown),
        "and is not ended twice"
    );
    assert!(world.heard.take().is_empty());
}

async fn lets_a_lost_answer_be_asked_again(world: World) {
    let anna = world.user("anna").await;
    let session = opened(&world, &anna, 1).await;
    rotate(&world, 1, 2, GRACE).await;
    world.clock.advance(Duration::from_secs(4));
    assert!(matches!(rotate(&world, 1, 3, GRACE).await, Rotation::Rotated(_)));
    world.clock.advance(Duration::from_secs(4));
    assert!(
        matches!(rotate(&world, 1, 4, GRACE).await, Rotation::Rotated(_)),
        "and once more"
    );
    // Only the last answer counts: whoever comes with an earlier one after the grace has a copy.
    world.clock.advance(Duration::from_secs(4));
    assert!(is_live(&world, session.id).await);
    assert!(matches!(rotate(&world, 2, 5, GRACE).await, Rotation::Reused(..)));
}

async fn does_not_forgive_once_the_successor_was_used(world: World) {
    let anna = world.user("anna").await;
    opened(&world, &anna, 1).await;
    rotate(&world, 1, 2, GRACE).await;
    world.clock.advance(Duration::from_secs(1));
    rotate(&world, 2, 3, GRACE).await;
    world.clock.advance(Duration::from_secs(1));
    assert!(
        matches!(rotate(&world, 1, 4, GRACE).await, Rotation::Reused(..)),
        "its answer did arrive"
    );
}

async fn race(world: &World, grace: Duration) -> Vec<Rotation> {
    let other = world.another_node().await;
    let now = world.now();
    let attempts: Vec<_> = (2..6_u8)
        .map(|next| {
            let store = if next % 2 == 0 {
                world.store.clone()
            } else {
                other.clone()
            };
            tokio::spawn(async move {
                store
                    .rotate_refresh(hash(1), hash(next), now, TTL, grace)
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut outcomes = Vec::new();
    for attempt in attempts {
        outcomes.push(attempt.await.unwrap());
    }
    outcomes
}

async fn rotates_one_token_once_in_a_race(world: World) {
    let anna = world.user("anna").await;
    let session = opened(&world, &anna, 1).await;
    world.heard.take();
    let outcomes = race(&world, Duration::ZERO).await;
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Rotation::Rotated(_)))
            .count(),
        1
    );
    assert_eq!(
        outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Rotation::Reused(..)))
            .count(),
        1
    );
    assert!(!is_live(&world, session.id).await);
    assert_eq!(world.heard.take_controls().len(), 1);
}

async fn forgives_a_race_within_the_grace(world: World) {
    let anna = world.user("anna").await;
    let session = opened(&world, &anna, 1).await;
    let outcomes = race(&world, GRACE).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Rotation::Rotated(_))),
        "{outcomes:?}"
    );
    assert!(is_live(&world, session.id).await);
    let unspent = "SELECT count(*) FROM refresh_tokens WHERE spent_at IS NULL";
    assert_eq!(world.sql(unspent).await, "1", "one latest token");
}

async fn refuses_what_is_over(world: World) {
    let anna = world.user("anna").await;
    opened(&world, &anna, 1).await;
    let shut = opened(&world, &anna, 2).await;
    world.clock.advance(TTL);
    assert!(
        matches!(rotate(&world, 1, 3, GRACE).await, Rotation::Unknown),
        "the session has expired"
    );
    assert!(!is_live(&world, shut.id).await);

    opened(&world, &anna, 4).await;
    world
        .store
        .set_open(&anna, anna.user_id, false, world.now(), Trace::default())
        .await
        .unwrap();
    assert!(
        matches!(rotate(&world, 4, 5, GRACE).await, Rotation::Unknown),
        "the account is shut"
    );
    let unknown = SessionId::mint(world.now());
    assert!(!is_live(&world, unknown).await);
    assert!(
        world
            .store
            .session_states(&[], world.now())
            .await
            .unwrap()
            .is_empty()
    );
}

async fn lists_and_ends_sessions(world: World) {
    let (anna, bert) = (world.user("anna").await, world.user("bert").await);
    let first = opened(&world, &anna, 1).await;
    world.clock.advance(Duration::from_secs(1));
    let second = opened(&world, &anna, 2).await;
    let of_bert = opened(&world, &bert, 3).await;
    world.heard.take();
    assert_eq!(
        world.store.sessions(anna.user_id, world.now()).await.unwrap(),
        [second.clone(), first.clone()]
    );

    let revoke = async |session_id| {
        world
            .store
            .revoke_session(anna.user_id, session_id, world.now())
            .await
            .unwrap()
    };
    assert!(revoke(first.id).await);
    assert!(!revoke(first.id).await, "it is over already");
    assert!(!revoke(of_bert.id).await, "another's session is none of ours");
    assert!(is_live(&world, of_bert.id).await);
    let control = Control::Session {
        session_id: first.id,
        user_id: anna.user_id,
    };
    assert_eq!(world.heard.take_controls(), [control]);
    assert_eq!(pending_controls(&world, anna.user_id).await, [control]);
    assert_eq!(
        world.store.sessions(anna.user_id, world.now()).await.unwrap(),
        [second]
    );
    assert!(matches!(rotate(&world, 1, 9, GRACE).await, Rotation::Unknown));
    let ended = world.store.session_of_refresh(hash(1)).await.unwrap().unwrap();
    assert_eq!(ended.revoked_at, Some(world.now()));
}

async fn ends_sessions_with_a_new_password(world: World) {
    let anna = world.user("anna").await;
    let kept = opened(&world, &anna, 1).await;
    let ended = opened(&world, &anna, 2).await;
    world.heard.take();
    world
        .store
        .set_password(anna.user_id, "other hash", Some(kept.id), world.now())
        .await
        .unwrap();
    assert_eq!(
        world.store.password_hash(anna.user_id).await.unwrap().as_deref(),
        Some("other hash")
    );
    assert!(is_live(&world, kept.id).await && !is_live(&world, ended.id).await);
    let control = Control::Session {
        session_id: ended.id,
        user_id: anna.user_id,
    };
    assert_eq!(world.heard.take_controls(), [control]);
    world
        .store
        .set_password(anna.user_id, "hash", None, world.now())
        .await
        .unwrap();
    assert!(!is_live(&world, kept.id).await);
    world.heard.take();
    world
        .store
        .set_password(anna.user_id, "hash", None, world.now())
        .await
        .unwrap();
    assert!(world.heard.take().is_empty(), "nobody was logged in");
    let unknown = world
        .store
        .set_password(UserId::mint(world.now()), "hash", None, world.now())
        .await;
    assert_eq!(refusal(unknown), "not_found: not found");
}

async fn spends_tickets_once(world: World) {
    let anna = world.user("anna").await;
    let session = opened(&world, &anna, 1).await;
    let actor = Actor {
        session_id: Some(session.id),
        ..anna.clone()
    };
    let until: Timestamp = world.now().plus(Duration::from_secs(30));
    let take = async |ticket| world.store.take_ticket(hash(ticket), world.now()).await.unwrap();
    world.store.put_ticket(hash(1), &actor, until).await.unwrap();
    world.store.put_ticket(hash(2), &anna, until).await.unwrap();
    world.store.put_ticket(hash(3), &anna, until).await.unwrap();
    assert_eq!(take(1).await, Some(actor));
    assert_eq!(take(1).await, None);
    assert_eq!(take(9).await, None);

    let other = world.another_node().await;
    let now = world.now();
    let attempts: Vec<_> = (0..6)
        .map(|index| {
            let store = if index % 2 == 0 {
                world.store.clone()
            } else {
                other.clone()
            };
            tokio::spawn(async move { store.take_ticket(hash(2), now).await.unwrap() })
        })
        .collect();
    let mut taken = 0;
    for attempt in attempts {
        taken += usize::from(attempt.await.unwrap().is_some());
    }
    assert_eq!(taken, 1, "two nodes at once");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(take(3).await, None, "expired");
}

async fn sweeps_what_has_expired(world: World) {
    let anna = world.user("anna").await;
    for token in 1..=3 {
        opened(&world, &anna, token).await;
    }
    let revoked = opened(&world, &anna, 4).await;
    world
        .store
        .revoke_session(anna.user_id, revoked.id, world.now())
        .await
        .unwrap();
    world.store.put_ticket(hash(1), &anna, world.now()).await.unwrap();
    assert_eq!(
        world.store.sweep_expired(world.now(), 10).await.unwrap(),
        2,
        "the ticket and the ended session"
    );
    world.clock.advance(Duration::from_hours(23));
    rotate(&world, 1, 5, GRACE).await;
    world.clock.advance(Duration::from_hours(1));
    assert_eq!(
        world.store.sweep_expired(world.now(), 1).await.unwrap(),
        2,
        "at most one of each"
    );
    while world.store.sweep_expired(world.now(), 1).await.unwrap() > 0 {}
    assert_eq!(world.sql("SELECT count(*) FROM sessions").await, "1");
    assert!(
        matches!(rotate(&world, 5, 6, GRACE).await, Rotation::Rotated(_)),
        "the renewed one stays"
    );
}

//! What ended long ago is swept, what lives or ended lately is not.

use std::time::Duration;

use confab_domain::ports::{Accounts, HostProduct, Moderation, NewUser, SecretHash};
use confab_domain::{
    Actor, ApiKey, ApiKeyId, Deed, History, InvitationId, MemberRole, MessageId, RoomId, RoomKind, Scope,
    Timestamp, UserRole,
};
use confab_storage::EndedBefore;

use crate::on_both;
use crate::world::{World, actor, new_user, trace};

on_both!(
    sweeps_links_that_ended_by_time_by_use_or_by_word,
    sweeps_reports_that_a_moderator_was_done_with,
    sweeps_keys_that_open_nothing,
);

const KEEP: Duration = Duration::from_hours(24);
/// Longer than what lives here.
const LIFE: Duration = Duration::from_hours(24 * 30);

/// As if everything were kept so long.
fn ended_before(world: &World) -> EndedBefore {
    let before = world.now().minus(KEEP);
    EndedBefore {
        invitations: before,
        reports: before,
        api_keys: before,
    }
}

async fn sweep(world: &World) -> u64 {
    world.store.sweep_ended(ended_before(world), 10).await.unwrap()
}

async fn link(
    world: &World,
    room: RoomId,
    by: &Actor,
    n: u8,
    expires_at: Timestamp,
    uses: i64,
) -> InvitationId {
    let id = InvitationId::mint(world.now());
    let deed = Deed::Invite {
        id,
        token_hash: SecretHash([n; 32]),
        expires_at,
        uses_max: Some(uses),
    };
    world.deed(room, by, deed).await;
    id
}

async fn links(world: &World, room: RoomId) -> Vec<InvitationId> {
    let page = world.store.invitations(room, None, 100).await.unwrap();
    let mut ids: Vec<_> = page.items.iter().map(|invitation| invitation.id).collect();
    ids.sort();
    ids
}

async fn sweeps_links_that_ended_by_time_by_use_or_by_word(world: World) {
    let (anna, bert, carl) = (
        world.user("anna").await,
        world.user("bert").await,
        world.user("carl").await,
    );
    let room = world.room(&anna, RoomKind::Private, History::All).await;
    let later = world.now().plus(LIFE);
    let living = link(&world, room, &anna, 1, later, 2).await;
    let expiring = link(
        &world,
        room,
        &anna,
        2,
        world.now().plus(Duration::from_hours(1)),
        2,
    )
    .await;
    let revoked = link(&world, room, &anna, 3, later, 2).await;
    let used_up = link(&world, room, &anna, 4, later, 1).await;
    world.deed(room, &bert, Deed::AcceptInvitation(living)).await;
    world.clock.advance(Duration::from_hours(1));
    world.deed(room, &anna, Deed::RevokeInvitation(revoked)).await;
    world.deed(room, &carl, Deed::AcceptInvitation(used_up)).await;

    let mut all = vec![living, expiring, revoked, used_up];
    all.sort();
    world.clock.advance(KEEP.saturating_sub(Duration::from_millis(1)));
    assert_eq!(sweep(&world).await, 0, "all ended within what is kept");
    assert_eq!(links(&world, room).await, all);
    world.clock.advance(Duration::from_millis(1));
    let (one, other) = (&world.store, world.another_node().await);
    let (left, right) = tokio::join!(
        one.sweep_ended(ended_before(&world), 10),
        other.sweep_ended(ended_before(&world), 10)
    );
    assert_eq!(left.unwrap() + right.unwrap(), 3, "each by one of the nodes");
    assert_eq!(links(&world, room).await, [living]);
    assert_eq!(sweep(&world).await, 0);
    // Whom it let in is in still, and it lets in one more.
    let dora = world.user("dora").await;
    world.deed(room, &dora, Deed::AcceptInvitation(living)).await;
    assert_eq!(
        world
            .sql("SELECT count(*) FROM members WHERE left_at IS NULL")
            .await,
        "4"
    );
}

async fn report(world: &World, room: RoomId, who: &Actor, message_id: MessageId) {
    let reason = "rude".into();
    world.deed(room, who, Deed::Report { message_id, reason }).await;
}

async fn sweeps_reports_that_a_moderator_was_done_with(world: World) {
    let (anna, bert, carl) = (
        world.user("anna").await,
        world.user("bert").await,
        world.user("carl").await,
    );
    let room = world.room(&anna, RoomKind::Private, History::All).await;
    let members = [&bert, &carl].map(|who| (who.user_id, MemberRole::Member));
    world.deed(room, &anna, Deed::AddMembers(members.to_vec())).await;
    let settled = world.say(room, &bert, "settled").await.id;
    let open = world.say(room, &bert, "open").await.id;
    for who in [&anna, &carl] {
        for message_id in [settled, open] {
            report(&world, room, who, message_id).await;
        }
    }
    world.clock.advance(KEEP * 3);
    world.deed(room, &anna, Deed::ResolveReports(settled)).await;
    world.clock.advance(KEEP.saturating_sub(Duration::from_millis(1)));
    assert_eq!(sweep(&world).await, 0);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(
        world.store.sweep_ended(ended_before(&world), 1).await.unwrap(),
        1,
        "no more at once than is asked"
    );
    assert_eq!((sweep(&world).await, sweep(&world).await), (1, 0));
    let left = world.store.reports(None, false, None, 10).await.unwrap().items;
    assert!(left.len() == 2 && left.iter().all(|report| report.message_id == open));
    let settled_ones = world.store.reports(None, true, None, 10).await.unwrap().items;
    assert!(settled_ones.is_empty());
    // It may be told of anew.
    report(&world, room, &carl, settled).await;
    assert_eq!(
        world
            .store
            .reports(None, false, None, 10)
            .await
            .unwrap()
            .items
            .len(),
        3
    );
}

async fn sweeps_keys_that_open_nothing(world: World) {
    let host = NewUser {
        role: UserRole::Service,
        ..new_user("shop")
    };
    let host = world
        .store
        .register(host, world.now(), trace())
        .await
        .map(|user| actor(&user))
        .unwrap();
    let mut ids = Vec::new();
    for (n, expires_at) in [
        (1, None),
        (2, Some(world.now().plus(Duration::from_hours(1)))),
        (3, None),
        (4, Some(world.now().plus(LIFE))),
    ] {
        let key = ApiKey {
            id: ApiKeyId::mint(world.now()),
            name: format!("key {n}"),
            prefix: "ck_1".into(),
            scopes: vec![Scope::Read],
            user_id: host.user_id,
            created_by: None,
            created_at: world.now(),
            expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        world.store.put_api_key(&key, SecretHash([n; 32])).await.unwrap();
        ids.push(key.id);
    }
    world.clock.advance(Duration::from_hours(1));
    world.store.revoke_api_key(ids[2], world.now()).await.unwrap();
    world.clock.advance(KEEP.saturating_sub(Duration::from_millis(1)));
    assert_eq!(sweep(&world).await, 0);
    world.clock.advance(Duration::from_millis(1));
    assert_eq!((sweep(&world).await, sweep(&world).await), (2, 0));
    for (n, is_there) in [(1, true), (2, false), (3, false), (4, true)] {
        let bearer = world.store.key_bearer(SecretHash([n; 32])).await.unwrap();
        assert_eq!(bearer.is_some(), is_there, "key {n}");
    }
}

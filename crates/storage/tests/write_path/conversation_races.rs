//! What people do around rooms by many at once, over two nodes: no bound is passed, no room is made twice, none is
//! left without an owner.

use std::collections::HashSet;

use confab_domain::ports::{RoomReads, RoomWrites, SecretHash};
use confab_domain::{
    Actor, Clock, Code, Deed, INVITATIONS_LIVE_MAX, InvitationId, MemberRole, MessageId, PINS_MAX,
    REACTION_KINDS_MAX, Result, RoomId, RoomKind, Trace,
};
use futures_util::future::join_all;

use crate::world::{Node, World, on_both, soon};

on_both!(
    super::direct as of_people_who_ask_for_each_other_at_once_each_two_have_one_room,
    super::kinds as no_message_bears_more_kinds_of_reactions_than_it_may,
    super::pins as no_room_has_more_pins_than_it_may,
    super::links as no_room_has_more_live_links_than_it_may,
    super::leaving as however_many_leave_at_once_a_room_with_people_has_an_owner,
    super::handing_on as a_room_is_not_handed_to_who_leaves_at_that_moment,
);

/// Does a deed on a node, again as long as the outcome is unknown.
async fn deed(world: &World, node: &Node, room: RoomId, who: &Actor, deed: Deed) -> Result<usize> {
    loop {
        let now = world.clock.now();
        match node
            .store
            .change(room, who, deed.clone(), now, Trace::default())
            .await
        {
            Err(error) if error.code() == Code::Unavailable => {}
            outcome => return outcome.map(|changed| changed.events.len()),
        }
    }
}

/// Does all deeds at once, every second one on the other node. How many were done; the rest were refused as too many.
async fn at_once(world: &World, nodes: &[Node; 2], room: RoomId, who: &Actor, deeds: Vec<Deed>) -> usize {
    let doing = deeds
        .into_iter()
        .enumerate()
        .map(|(n, wanted)| deed(world, &nodes[n % 2], room, who, wanted));
    let outcomes = soon(join_all(doing)).await;
    let refused = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    for error in refused {
        assert_eq!(error.code(), Code::Conflict, "{error}");
    }
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

async fn two_nodes(world: &World) -> ([Node; 2], Actor, RoomId) {
    let nodes = [world.node().await, world.node().await];
    let ann = nodes[0].user("ann").await;
    let room = nodes[0].room(RoomKind::Private, &ann, &[]).await;
    (nodes, ann, room)
}

async fn direct(world: World) {
    let nodes = [world.node().await, world.node().await];
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(nodes[0].user(&format!("person{n}")).await);
    }
    let mut rooms = HashSet::new();
    for (n, one) in people.iter().enumerate() {
        for other in &people[n + 1..] {
            let asking = [(0, one, other), (1, other, one), (1, one, other), (0, other, one)].map(
                |(node, who, peer): (usize, &Actor, &Actor)| {
                    let (store, now) = (&nodes[node].store, world.clock.now());
                    store.direct_room(RoomId::mint(now), who, peer.user_id, now, Trace::default())
                },
            );
            let answers = soon(join_all(asking)).await;
            let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
            let made = answers.iter().filter(|(_, is_made)| *is_made).count();
            assert_eq!(made, 1);
            let ids: HashSet<RoomId> = answers.iter().map(|(found, _)| found.room.id).collect();
            assert_eq!(ids.len(), 1);
            rooms.extend(ids);
        }
    }
    assert_eq!(rooms.len(), 10);
    assert_eq!(world.number("SELECT count(*) FROM rooms").await, 10);
    assert_eq!(world.number("SELECT count(*) FROM members").await, 20);
}

fn reaction(message_id: MessageId, n: u32) -> Deed {
    Deed::AddReaction {
        message_id,
        emoji: char::from_u32(0x1F600 + n).unwrap().to_string(),
    }
}

async fn kinds(world: World) {
    let (nodes, ann, room) = two_nodes(&world).await;
    let most = u32::try_from(REACTION_KINDS_MAX).unwrap();
    for round in 0..3 {
        let said = nodes[0].say(room, &ann, &round.to_string(), "x").await.unwrap();
        let message_id = said.message.id;
        for n in 0..most - 3 {
            deed(&world, &nodes[0], room, &ann, reaction(message_id, n))
                .await
                .unwrap();
        }
        let more = (most..most + 10).map(|n| reaction(message_id, n)).collect();
        assert_eq!(at_once(&world, &nodes, room, &ann, more).await, 3);
        let (message, _) = nodes[1]
            .store
            .message(message_id, ann.user_id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(message.extras.reactions.len(), REACTION_KINDS_MAX);
        let rows = "SELECT count(*) FROM reactions";
        assert_eq!(world.number(rows).await, i64::from(most) * (round + 1));
    }
}

async fn pins(world: World) {
    let (nodes, ann, room) = two_nodes(&world).await;
    let mut pins = Vec::new();
    for n in 0..PINS_MAX + 7 {
        let said = nodes[0].say(room, &ann, &n.to_string(), "x").await.unwrap();
        pins.push(Deed::PinMessage(said.message.id));
    }
    let last = pins.split_off(usize::try_from(PINS_MAX).unwrap() - 3);
    for pin in pins {
        deed(&world, &nodes[0], room, &ann, pin).await.unwrap();
    }
    assert_eq!(at_once(&world, &nodes, room, &ann, last).await, 3);
    let pinned = "SELECT count(*) FROM messages WHERE pinned_at IS NOT NULL";
    assert_eq!(world.number(pinned).await, PINS_MAX);
}

async fn links(world: World) {
    let (nodes, ann, room) = two_nodes(&world).await;
    let link = |n: i64| {
        let id = InvitationId::mint(world.clock.now());
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&n.to_be_bytes());
        Deed::Invite {
            id,
            token_hash: SecretHash(hash),
            expires_at: world.clock.now().plus(std::time::Duration::from_mins(1)),
            uses_max: None,
        }
    };
    for n in 0..INVITATIONS_LIVE_MAX - 3 {
        deed(&world, &nodes[0], room, &ann, link(n)).await.unwrap();
    }
    let more = (0..10).map(|n| link(INVITATIONS_LIVE_MAX + n)).collect();
    assert_eq!(at_once(&world, &nodes, room, &ann, more).await, 3);
    assert_eq!(
        world.number("SELECT count(*) FROM invitations").await,
        INVITATIONS_LIVE_MAX
    );
}

/// Everybody there, and who of them owns the room.
async fn owners(world: &World, room: RoomId) -> (i64, i64, bool) {
    let of_room = format!(
        "FROM members WHERE room_id = {} AND left_at IS NULL",
        literal(world, room)
    );
    let there = world.number(&format!("SELECT count(*) {of_room}")).await;
    let owners = world
        .number(&format!("SELECT count(*) {of_room} AND role = 'owner'"))
        .await;
    let active = format!(
        "SELECT count(*) FROM rooms WHERE id = {} AND is_active",
        literal(world, room)
    );
    (there, owners, world.number(&active).await == 1)
}

fn literal(world: &World, room: RoomId) -> String {
    if world.url.starts_with("sqlite") {
        format!("x'{}'", room.0.simple())
    } else {
        format!("'{}'", room.0)
    }
}

/// The owner and whoever would follow leave at the same moment.
async fn leaving(world: World) {
    let nodes = [world.node().await, world.node().await];
    let mut people = Vec::new();
    for n in 0..4 {
        people.push(nodes[0].user(&format!("person{n}")).await);
    }
    for round in 0..12 {
        let members: Vec<&Actor> = people[1..].iter().collect();
        let room = nodes[0].room(RoomKind::Private, &people[0], &members).await;
        // Two leave, or three, or all.
        let leavers = 2 + round % 3;
        let leaving = people[..leavers]
            .iter()
            .enumerate()
            .map(|(n, who)| deed(&world, &nodes[n % 2], room, who, Deed::Leave));
        for left in soon(join_all(leaving)).await {
            left.unwrap();
        }
        let stay = i64::try_from(people.len() - leavers).unwrap();
        let is_left_to = stay > 0;
        assert_eq!(
            owners(&world, room).await,
            (stay, i64::from(is_left_to), is_left_to),
            "round {round}: people, owners, whether it is open"
        );
    }
}

/// The owner hands the room to somebody who leaves at the same moment.
async fn handing_on(world: World) {
    let nodes = [world.node().await, world.node().await];
    let (ann, bob, eve) = (
        nodes[0].user("ann").await,
        nodes[0].user("bob").await,
        nodes[0].user("eve").await,
    );
    for round in 0..12 {
        let room = nodes[0].room(RoomKind::Private, &ann, &[&bob, &eve]).await;
        let hand_on = Deed::ChangeRole(bob.user_id, MemberRole::Owner);
        let (handed, left) = soon(async {
            tokio::join!(
                deed(&world, &nodes[round % 2], room, &ann, hand_on),
                deed(&world, &nodes[(round + 1) % 2], room, &bob, Deed::Leave)
            )
        })
        .await;
        left.unwrap();
        if let Err(error) = handed {
            assert_eq!(error.code(), Code::NotFound, "{error}");
        }
        assert_eq!(owners(&world, room).await, (2, 1, true), "round {round}");
    }
}

//! Two nodes on one database: order, holes, repeats, blocked rooms.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use confab_domain::ports::{LogRequest, RoomReads, RoomWrites};
use confab_domain::{Actor, Code, Deed, RoomId, RoomKind, Timestamp, Trace};
use futures_util::future::join_all;

use crate::world::{Node, World, forward, on_both, soon};

on_both!(
    super::order as commit_order_is_seq_order_without_holes,
    super::one_client_id as one_client_id_over_two_nodes_is_one_message,
    super::leaving as who_is_out_sends_no_more,
    super::forwarding as who_is_out_forwards_no_more,
    super::forwarding_again as a_lost_ack_of_a_forward_is_healed,
    super::edited_meanwhile as a_forward_says_what_its_source_says_by_then,
);

const SENDS: usize = 30;

/// Senders and joiners on two nodes, and a reader who must never see a place before the one below it.
async fn order(world: World) {
    let nodes = [Arc::new(world.node().await), Arc::new(world.node().await)];
    let (ann, bob) = (nodes[0].user("ann").await, nodes[0].user("bob").await);
    let rooms = [
        nodes[0].room(RoomKind::Public, &ann, &[]).await,
        nodes[0].room(RoomKind::Public, &ann, &[]).await,
    ];
    let is_over = Arc::new(AtomicBool::new(false));
    let readers = rooms.map(|room| {
        let (node, is_over) = (nodes[1].clone(), is_over.clone());
        tokio::spawn(async move {
            let mut seen = 0;
            loop {
                let is_last = is_over.load(Ordering::SeqCst);
                let request = LogRequest {
                    room_id: room,
                    viewer: None,
                    after_seq: seen,
                    limit: 10_000,
                    event_id: None,
                };
                let page = node.store.log(&[request]).await.unwrap().remove(0);
                for event in &page.events {
                    seen += 1;
                    assert_eq!(event.seq, seen, "a place was taken after a later one was seen");
                }
                assert_eq!(
                    page.head.last_seq, seen,
                    "the head and the log are of one snapshot"
                );
                if is_last {
                    return seen;
                }
            }
        })
    });
    let mut writers = Vec::new();
    for (n, node) in nodes.iter().enumerate() {
        for sender in 0..3 {
            let (node, ann, rooms) = (node.clone(), ann.clone(), rooms);
            writers.push(tokio::spawn(async move {
                for i in 0..SENDS {
                    node.say(rooms[i % 2], &ann, &format!("{n}-{sender}-{i}"), "x")
                        .await
                        .unwrap();
                }
            }));
        }
        let (node, bob) = (node.clone(), bob.clone());
        writers.push(tokio::spawn(
            async move { come_and_go(&node, &rooms, &bob).await },
        ));
    }
    for writer in writers {
        soon(writer).await.unwrap();
    }
    is_over.store(true, Ordering::SeqCst);
    let mut total = 0;
    for reader in readers {
        total += soon(reader).await.unwrap();
    }
    let told: HashSet<(RoomId, i64)> = nodes
        .iter()
        .flat_map(|node| node.told.events())
        .map(|event| (event.room_id, event.seq))
        .collect();
    assert_eq!(
        i64::try_from(told.len()).unwrap(),
        total,
        "every event was told once, by whoever committed it"
    );
    for room in rooms {
        let head = nodes[0]
            .store
            .access(room, ann.user_id)
            .await
            .unwrap()
            .unwrap()
            .head;
        assert_eq!(head.last_number, i64::try_from(SENDS * 3).unwrap());
    }
    assert_eq!(
        world
            .number("SELECT count(*) FROM outbox WHERE room_id IS NOT NULL")
            .await,
        total
    );
}

async fn come_and_go(node: &Node, rooms: &[RoomId], who: &Actor) {
    for n in 0..10 {
        for deed in [Deed::Join, Deed::Leave] {
            // The other node may have been quicker; a room that stays busy may say so.
            let outcome = node
                .store
                .change(rooms[n % 2], who, deed, now(), Trace::default())
                .await;
            if let Err(error) = outcome {
                assert!(
                    matches!(error.code(), Code::Forbidden | Code::Unavailable),
                    "{error}"
                );
            }
        }
    }
}

async fn one_client_id(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let ann = one.user("ann").await;
    let room = one.room(RoomKind::Private, &ann, &[]).await;
    for round in 0..20_i64 {
        let client_id = round.to_string();
        let sends = [&one, &other, &one, &other].map(|node| node.say(room, &ann, &client_id, "x"));
        let sent: Vec<_> = join_all(sends).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(
            sent.iter().filter(|sent| !sent.is_duplicate).count(),
            1,
            "round {round}"
        );
        assert!(
            sent.iter()
                .all(|s| s.message.id == sent[0].message.id && s.message.number == round + 1)
        );
    }
}

/// Sends race a removal, over two nodes: none commits after the `user_left`.
async fn leaving(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let room = one.room(RoomKind::Private, &ann, &[&bob]).await;
    for round in 0..5 {
        let sends = join_all((0..20).map(|n| {
            let client_id = format!("{round}-{n}");
            let (other, bob) = (&other, &bob);
            async move { other.say(room, bob, &client_id, "x").await }
        }));
        let removal = one.store.change(
            room,
            &ann,
            Deed::RemoveMember(bob.user_id),
            now(),
            Trace::default(),
        );
        let (sent, removed) = tokio::join!(sends, removal);
        let left_at = removed.unwrap().events[0].seq;
        for sent in sent {
            match sent {
                Ok(sent) => assert!(sent.message.seq < left_at, "{} after {left_at}", sent.message.seq),
                Err(error) => assert_eq!(error.code(), Code::NotFound, "{error}"),
            }
        }
        let add = Deed::AddMembers(vec![(bob.user_id, confab_domain::MemberRole::Member)]);
        one.store
            .change(room, &ann, add, now(), Trace::default())
            .await
            .unwrap();
    }
}

/// Forwards race the removal of who forwards, and the deletion of what is forwarded, over two nodes: once either is
/// acknowledged, nothing more of it appears elsewhere.
async fn forwarding(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let elsewhere = one.room(RoomKind::Private, &bob, &[]).await;
    let forwarded = "SELECT count(*) FROM messages WHERE content = 'a secret' AND extras IS NOT NULL";
    for round in 0..6 {
        let room = one.room(RoomKind::Private, &ann, &[&bob]).await;
        let source = one.say(room, &ann, "a", "a secret").await.unwrap().message;
        let forwards = join_all((0..20).map(|n| {
            let message = forward(elsewhere, &bob, &format!("{round}-{n}"), &source);
            other.store.send(message)
        }));
        let deed = if round % 2 == 0 {
            Deed::RemoveMember(bob.user_id)
        } else {
            Deed::DeleteMessage {
                message_id: source.id,
                reason: None,
            }
        };
        let taking = async {
            let taken = one.store.change(room, &ann, deed, now(), Trace::default()).await;
            taken.unwrap();
            world.number(forwarded).await
        };
        let (sent, at_once) = tokio::join!(forwards, taking);
        for refused in sent.into_iter().filter_map(Result::err) {
            let is_fit = matches!(refused.code(), Code::NotFound | Code::Conflict);
            assert!(is_fit, "{refused}");
        }
        assert_eq!(world.number(forwarded).await, at_once, "round {round}");
        let late = forward(elsewhere, &bob, &format!("{round}-late"), &source);
        let refused = other.store.send(late).await.unwrap_err();
        let code = if round % 2 == 0 {
            Code::NotFound
        } else {
            Code::Conflict
        };
        assert_eq!(refused.code(), code);
    }
}

/// Whatever became of the source: a repeat answers the first, of a forward of a forward, too.
async fn forwarding_again(world: World) {
    let (one, other) = (world.node().await, world.node().await);
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let room = one.room(RoomKind::Private, &ann, &[&bob]).await;
    let elsewhere = one.room(RoomKind::Private, &bob, &[]).await;
    let said = one.say(room, &ann, "a", "said").await.unwrap().message;
    let link = forward(room, &ann, "b", &said);
    let link = one.store.send(link).await.unwrap().message;
    assert_eq!(link.extras.forwarded_from.as_ref().unwrap().message_id, said.id);
    for (client_id, source) in [("1", &said), ("2", &link)] {
        let wanted = || forward(elsewhere, &bob, client_id, source);
        let first = one.store.send(wanted()).await.unwrap();
        assert!(!first.is_duplicate);
        let from = first.message.extras.forwarded_from.as_ref().unwrap();
        assert_eq!(from.message_id, said.id, "the first origin");
        let again = other.store.send(wanted()).await.unwrap();
        assert!(again.is_duplicate && again.message.id == first.message.id);
    }
    let another = forward(elsewhere, &bob, "1", &link);
    assert_eq!(one.store.send(another).await.unwrap_err().code(), Code::Conflict);
    one.store
        .change(
            room,
            &ann,
            Deed::RemoveMember(bob.user_id),
            now(),
            Trace::default(),
        )
        .await
        .unwrap();
    for (client_id, source) in [("1", &said), ("2", &link)] {
        let wanted = forward(elsewhere, &bob, client_id, source);
        assert!(other.store.sent_before(&wanted).await.unwrap().is_some());
        assert!(other.store.send(wanted).await.unwrap().is_duplicate);
    }
}

/// What its forwarder read may be old by the time it is sent.
async fn edited_meanwhile(world: World) {
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let said = node
        .say(room, &ann, "a", "a slip of the tongue")
        .await
        .unwrap()
        .message;
    let wanted = forward(room, &ann, "b", &said);
    let edit = Deed::EditMessage {
        message_id: said.id,
        content: "see https://example.org".into(),
        named: confab_domain::Named::default(),
    };
    node.store
        .change(room, &ann, edit, now(), Trace::default())
        .await
        .unwrap();
    let sent = node.store.send(wanted).await.unwrap().message;
    assert_eq!(sent.content.as_deref(), Some("see https://example.org"));
    assert_eq!(sent.extras.named.links, ["https://example.org"]);
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_704_110_401_000)
}

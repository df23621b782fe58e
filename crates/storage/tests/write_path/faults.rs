//! What only PostgreSQL can do to us: rooms held by others, connections and servers that go away.

use std::sync::Arc;
use std::time::Duration;

use confab_domain::ports::{Moderation, RoomWrites, Sent};
use confab_domain::{Actor, Clock, Code, Result, RoomId, RoomKind};
use confab_storage::LaneSettings;
use confab_testkit::{Postgres, wait_until};
use futures_util::future::join_all;
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinHandle;

use crate::moderation::direct;
use crate::world::{World, forward, message, soon};

const PATIENCE: Duration = Duration::from_secs(20);

async fn hold(world: &World, room: RoomId) -> PgConnection {
    let mut connection = PgConnection::connect(&world.url).await.unwrap();
    connection.execute("BEGIN").await.unwrap();
    let sql = "SELECT 1 FROM room_heads WHERE room_id = $1 FOR UPDATE";
    sqlx::query(sql)
        .bind(room.0)
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

async fn somebody_waits(world: &World) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_until("a send waits for the room", PATIENCE, async || {
        world.number(sql).await > 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_queued_behind_a_removal_does_not_commit() {
    let world = World::postgres().await;
    let node = Arc::new(world.node().await);
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let room = node.room(RoomKind::Private, &ann, &[&bob]).await;
    let mut removal = hold(&world, room).await;
    let send = tokio::spawn({
        let (node, bob) = (node.clone(), bob.clone());
        async move { node.say(room, &bob, "a", "too late").await }
    });
    somebody_waits(&world).await;
    let sql = "UPDATE members SET left_at = now() WHERE user_id = $1";
    sqlx::query(sql)
        .bind(bob.user_id.0)
        .execute(&mut removal)
        .await
        .unwrap();
    removal.execute("COMMIT").await.unwrap();
    assert_eq!(soon(send).await.unwrap().unwrap_err().code(), Code::NotFound);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 0);
}

/// What the lanes' connections did last.
const LAST_STATEMENTS: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE";

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_send_takes_no_transaction_of_several_statements() {
    let world = World::postgres().await;
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let first = node.say(room, &ann, "a", "one").await.unwrap().message;
    let written = format!("{LAST_STATEMENTS} 'WITH free AS%input AS%'");
    assert_eq!(world.number(&written).await, 1);
    // One that repeats another, or does more than plain sends do, goes the way with locks.
    for client_id in ["a", "b"] {
        let mut send = message(room, &ann, client_id, "one");
        send.body.reply_to = (client_id == "b").then_some(first.id);
        node.store.send(send).await.unwrap();
        assert_eq!(world.number(&written).await, 0, "{client_id}");
        node.say(room, &ann, &format!("after {client_id}"), "plain")
            .await
            .unwrap();
    }
}

/// The send of a node that has not yet learned to be cautious, which has read what it rests on and waits for a
/// table that is only written to.
async fn about_to_be_written(
    world: &World,
    room: RoomId,
    sender: &Actor,
    client_id: &str,
) -> (PgConnection, JoinHandle<Result<Sent>>) {
    let node = world.node().await;
    let mut holder = PgConnection::connect(&world.url).await.unwrap();
    holder
        .execute("BEGIN; LOCK TABLE outbox IN SHARE MODE")
        .await
        .unwrap();
    let message = message(room, sender, client_id, "too late");
    let send = tokio::spawn(async move { node.store.send(message).await });
    somebody_waits(world).await;
    (holder, send)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_between_the_reading_and_the_writing_of_a_send_is_heeded() {
    let world = World::postgres().await;
    let node = world.node().await;
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let touch = "UPDATE room_heads SET last_seq = last_seq WHERE room_id = $1 AND $2 <> $3";
    for (change, code) in [
        (
            "UPDATE rooms SET is_active = FALSE WHERE id = $1 AND $2 <> $3",
            Code::Forbidden,
        ),
        (
            "UPDATE members SET muted_until = now() + interval '1 hour'
             WHERE room_id = $1 AND user_id = $2 AND $2 <> $3",
            Code::Forbidden,
        ),
        (
            "UPDATE members SET left_at = now() WHERE room_id = $1 AND user_id = $2 AND $2 <> $3",
            Code::NotFound,
        ),
    ] {
        let room = node.room(RoomKind::Private, &ann, &[&bob]).await;
        let (mut other, send) = about_to_be_written(&world, room, &bob, change).await;
        for sql in [change, touch] {
            let sql = sqlx::query(sql)
                .bind(room.0)
                .bind(bob.user_id.0)
                .bind(ann.user_id.0);
            assert_eq!(
                sql.execute(&mut other).await.unwrap().rows_affected(),
                1,
                "{change}"
            );
        }
        other.execute("COMMIT").await.unwrap();
        assert_eq!(soon(send).await.unwrap().unwrap_err().code(), code, "{change}");
    }
    let room = direct(&world, &node, &ann, &bob).await.unwrap();
    let (mut other, send) = about_to_be_written(&world, room, &bob, "blocked").await;
    let is_new = node
        .store
        .block(ann.user_id, bob.user_id, world.clock.now())
        .await;
    assert!(is_new.unwrap());
    other.execute("COMMIT").await.unwrap();
    assert_eq!(soon(send).await.unwrap().unwrap_err().code(), Code::Forbidden);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_queued_behind_what_takes_its_source_away_does_not_commit() {
    let world = World::postgres().await;
    let node = Arc::new(world.node().await);
    let (ann, bob) = (node.user("ann").await, node.user("bob").await);
    let elsewhere = node.room(RoomKind::Private, &bob, &[]).await;
    for (taken, code) in [
        (
            "UPDATE members SET left_at = now() WHERE user_id = $1 AND room_id = $2",
            Code::NotFound,
        ),
        (
            "UPDATE messages SET content = NULL, deleted_at = now() WHERE sender_id <> $1 AND room_id = $2",
            Code::Conflict,
        ),
        (
            "UPDATE rooms SET deleted_at = now() WHERE id <> $1 AND id = $2",
            Code::NotFound,
        ),
    ] {
        let room = node.room(RoomKind::Private, &ann, &[&bob]).await;
        let source = node.say(room, &ann, "a", "a secret").await.unwrap().message;
        let mut taking = hold(&world, room).await;
        let sending = |message| {
            let node = node.clone();
            tokio::spawn(async move { node.store.send(message).await })
        };
        let forwarded = sending(forward(elsewhere, &bob, taken, &source));
        somebody_waits(&world).await;
        // What follows in the room does not overtake it.
        let next = sending(message(elsewhere, &bob, &format!("after {taken}"), "next"));
        let sql = sqlx::query(taken).bind(bob.user_id.0).bind(room.0);
        sql.execute(&mut taking).await.unwrap();
        assert!(!next.is_finished());
        taking.execute("COMMIT").await.unwrap();
        let refused = soon(forwarded).await.unwrap().unwrap_err();
        assert_eq!(refused.code(), code, "{taken}");
        soon(next).await.unwrap().unwrap();
    }
    assert_eq!(
        world
            .number("SELECT count(*) FROM messages WHERE content = 'next'")
            .await,
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_room_leaves_its_batch_and_its_neighbours_go_on() {
    let world = World::postgres().await;
    let node = Arc::new(world.node().await);
    let ann = node.user("ann").await;
    let blocked = node.room(RoomKind::Private, &ann, &[]).await;
    let free = node.room(RoomKind::Private, &ann, &[]).await;
    let mut holder = hold(&world, blocked).await;
    let say = |room: RoomId, n: usize| {
        let (node, ann) = (node.clone(), ann.clone());
        async move { node.say(room, &ann, &format!("{n}"), "x").await }
    };
    let held: Vec<_> = (0..10).map(|n| tokio::spawn(say(blocked, n))).collect();
    somebody_waits(&world).await;
    let sent = join_all((0..10).map(|n| say(free, n))).await;
    assert!(sent.iter().all(Result::is_ok), "the neighbours go on");
    assert!(
        held.iter().all(|send| !send.is_finished()),
        "while the room is held"
    );
    // Later sends of the room queue behind the one that waits.
    let later: Vec<_> = (10..20).map(|n| tokio::spawn(say(blocked, n))).collect();
    holder.execute("COMMIT").await.unwrap();
    let mut last = 0;
    for (n, send) in held.into_iter().chain(later).enumerate() {
        let number = soon(send).await.unwrap().unwrap().message.number;
        if n >= 10 {
            assert!(number > 10, "a later send of the room overtook");
        }
        last = last.max(number);
    }
    assert_eq!(last, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_room_that_stays_blocked_is_unavailable() {
    let world = World::postgres().await;
    let node = world.node().await;
    let ann = node.user("ann").await;
    let rooms: Vec<RoomId> = join_all((0..7).map(|_| node.room(RoomKind::Private, &ann, &[]))).await;
    // More blocked rooms than transactions that may wait.
    let mut holders = join_all(rooms[..6].iter().map(|room| hold(&world, *room))).await;
    let sent = join_all(rooms.iter().map(|room| node.say(*room, &ann, "a", "x"))).await;
    for (n, sent) in sent.iter().enumerate() {
        match sent {
            Ok(_) => assert_eq!(n, 6),
            Err(error) => assert!(n < 6 && error.code() == Code::Unavailable, "{n}: {error}"),
        }
    }
    for holder in &mut holders {
        holder.execute("ROLLBACK").await.unwrap();
    }
    let again = join_all(rooms.iter().map(|room| node.say(*room, &ann, "a", "x"))).await;
    assert!(
        again.iter().all(Result::is_ok),
        "the same ids, once the rooms are free"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_queues_behind_a_blocked_room_is_bounded() {
    let world = World::postgres().await;
    let node = Arc::new(
        world
            .node_with(LaneSettings {
                count: 1,
                inbox_jobs_max: 1,
            })
            .await,
    );
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let mut holder = hold(&world, room).await;
    let first = tokio::spawn({
        let (node, ann) = (node.clone(), ann.clone());
        async move { node.say(room, &ann, "a", "x").await }
    });
    somebody_waits(&world).await;
    let refused = node.say(room, &ann, "b", "x").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert!(!first.is_finished(), "at once, not when the room is free");
    holder.execute("COMMIT").await.unwrap();
    assert_eq!(soon(first).await.unwrap().unwrap().message.number, 1);
    // The lane hears of it a moment after the sender.
    let is_sent = async || {
        node.say(room, &ann, "b", "x")
            .await
            .is_ok_and(|sent| sent.message.number == 2)
    };
    wait_until("the room is free", PATIENCE, is_sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_costs_its_batch_and_not_the_lane() {
    for world in [World::postgres().await, World::sqlite().await] {
        let node = world.node().await;
        let ann = node.user("ann").await;
        let room = node.room(RoomKind::Private, &ann, &[]).await;
        world.clock.panic_at(1);
        let lost = node.say(room, &ann, "a", "x").await.unwrap_err();
        assert_eq!(lost.code(), Code::Internal, "{lost}");
        assert_eq!(node.say(room, &ann, "a", "x").await.unwrap().message.number, 1);
        node.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_waiting_transaction_frees_the_room() {
    let world = World::postgres().await;
    let node = world.node().await;
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let mut holder = hold(&world, room).await;
    // The lane asks first, then the transaction that waits.
    world.clock.panic_at(2);
    let lost = node.say(room, &ann, "a", "x").await.unwrap_err();
    assert_eq!(lost.code(), Code::Internal, "{lost}");
    holder.execute("COMMIT").await.unwrap();
    let is_sent = async || node.say(room, &ann, "a", "x").await.is_ok();
    wait_until("the room is free", PATIENCE, is_sent).await;
    assert_eq!(world.number("SELECT max(number) FROM messages").await, 1);
}

/// Sends with retries while the database goes away again and again: every ack is one message.
async fn acks_are_kept(world: &World, disturb: impl AsyncFn()) {
    let node = Arc::new(world.node().await);
    let ann = node.user("ann").await;
    let room = node.room(RoomKind::Private, &ann, &[]).await;
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (node, ann) = (node.clone(), ann.clone());
            tokio::spawn(async move {
                let mut acked = Vec::new();
                for n in 0..60 {
                    let client_id = format!("{sender}-{n}");
                    loop {
                        match node.say(room, &ann, &client_id, "x").await {
                            Ok(sent) => break acked.push(sent.message.id),
                            Err(error) => assert_eq!(error.code(), Code::Unavailable, "{error}"),
                        }
                        tokio::task::yield_now().await;
                    }
                }
                acked
            })
        })
        .collect();
    while senders.iter().any(|sender| !sender.is_finished()) {
        disturb().await;
    }
    let mut acked = Vec::new();
    for sender in senders {
        acked.extend(soon(sender).await.unwrap());
    }
    acked.sort_unstable();
    acked.dedup();
    assert_eq!(acked.len(), 240);
    assert_eq!(world.number("SELECT count(*) FROM messages").await, 240);
    assert_eq!(world.number("SELECT max(number) FROM messages").await, 240);
    assert_eq!(
        world
            .number("SELECT count(DISTINCT seq) FROM outbox WHERE room_id IS NOT NULL")
            .await,
        242
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_lose_and_double_nothing() {
    let world = World::postgres().await;
    let ended = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'confab'";
    acks_are_kept(&world, async || {
        world.number(ended).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_server_loses_and_doubles_nothing() {
    let server = Postgres::start().await.unwrap();
    let world = World::at(server.create_database().await.unwrap(), None).await;
    let crashes = std::sync::atomic::AtomicU32::new(0);
    acks_are_kept(&world, async || {
        if crashes.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 3 {
            server.restart_immediate().await.unwrap();
        }
        tokio::task::yield_now().await;
    })
    .await;
}

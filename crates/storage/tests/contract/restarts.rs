//! A server that comes back is there again: what is asked of the store then succeeds at the first try.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use confab_domain::ports::{LogRequest, RoomReads};
use confab_domain::{Actor, Code, Deed, History, Result, RoomId, RoomKind, RoomPatch};
use confab_testkit::Postgres;
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::world::World;

/// As many as the pool has connections.
const READS: usize = 12;
const ROUNDS: usize = 4;

async fn read(world: &World, room_id: RoomId, reader: &Actor, which: usize) -> Result<()> {
    match which % 3 {
        0 => world.store.access(room_id, reader.user_id).await.map(drop),
        1 => world.store.member(room_id, reader.user_id).await.map(drop),
        _ => {
            let request = LogRequest {
                room_id,
                viewer: Some(reader.user_id),
                after_seq: 0,
                event_id: None,
                limit: 10,
            };
            world.store.log(&[request]).await.map(drop)
        }
    }
}

async fn reads(world: &World, room_id: RoomId, reader: &Actor) {
    for outcome in join_all((0..READS).map(|which| read(world, room_id, reader, which))).await {
        outcome.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fails_when_the_server_is_back() {
    let server = Postgres::start().await.unwrap();
    let world = World::on(server.create_database().await.unwrap(), None).await;
    let ann = world.user("ann").await;
    let room_id = world.room(&ann, RoomKind::Private, History::All).await;
    for round in 0..ROUNDS {
        for first in ["reads", "send", "deed"] {
            // All connections are made, and used just now.
            reads(&world, room_id, &ann).await;
            world.say(room_id, &ann, "before").await;
            server.restart_immediate().await.unwrap();
            match first {
                "reads" => reads(&world, room_id, &ann).await,
                "send" => drop(world.say(room_id, &ann, "after").await),
                _ => {
                    let name = format!("named in round {round}");
                    let patch = RoomPatch {
                        name: Some(name),
                        ..RoomPatch::default()
                    };
                    drop(world.deed(room_id, &ann, Deed::UpdateRoom(patch)).await);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_wait_for_a_server_that_restarts() {
    let server = Postgres::start().await.unwrap();
    let world = Arc::new(World::on(server.create_database().await.unwrap(), None).await);
    let ann = world.user("ann").await;
    let room_id = world.room(&ann, RoomKind::Private, History::All).await;
    let (is_over, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let readers: Vec<_> = (0..READS)
        .map(|which| {
            let (world, ann) = (world.clone(), ann.clone());
            let (is_over, failed) = (is_over.clone(), failed.clone());
            tokio::spawn(async move {
                while !is_over.load(Ordering::SeqCst) {
                    if let Err(error) = read(&world, room_id, &ann, which).await {
                        assert_eq!(error.code(), Code::Unavailable, "{error}");
                        failed.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        server.restart_immediate().await.unwrap();
        // A machine that has no time for it may need longer than anybody waits.
        if began.elapsed() < Duration::from_millis(900) {
            reads(&world, room_id, &ann).await;
            assert_eq!(failed.load(Ordering::SeqCst), 0);
        }
        failed.store(0, Ordering::SeqCst);
    }
    is_over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
}

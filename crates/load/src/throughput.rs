//! Durable sends acked per second, each sender keeping a window of sends in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::people::{Api, rooms};
use crate::processes::CpuMeter;
use crate::socket::{self, Heard};
use crate::{Scene, Target};

/// Durable sends acked per second.
#[derive(Args)]
pub(crate) struct Throughput {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) scene: Scene,
    /// Sends in flight per sender; the server works on 32 of one socket at most.
    #[arg(long, default_value_t = 16)]
    window: usize,
    /// Length of a message, in bytes.
    #[arg(long, default_value_t = 64)]
    bytes: usize,
}

#[derive(Default)]
struct Counts {
    acked: AtomicU64,
    delivered: AtomicU64,
    refused: AtomicU64,
    closed: AtomicU64,
    is_over: AtomicBool,
}

pub(crate) async fn run(measure: Throughput) -> Result<()> {
    let Throughput {
        target,
        scene,
        window,
        bytes,
    } = measure;
    let api = Api::new(&target.api)?;
    let rooms = rooms(&api, scene.rooms, scene.members, scene.people.as_deref()).await?;
    let counts = Arc::new(Counts::default());
    let mut tasks = tokio::task::JoinSet::new();
    let mut index = 0;
    for room in &rooms {
        for (place, person) in room.members.iter().enumerate() {
            let gateway = &target.gateways[index % target.gateways.len()];
            let (sender, mut receiver) = socket::open(gateway, &person.access_token, index).await?;
            socket::until_subscribed(&mut receiver, 1).await?;
            let (counts, room_id) = (Arc::clone(&counts), room.id.clone());
            if place < scene.senders {
                let talking = talk(
                    sender,
                    receiver,
                    room_id,
                    window,
                    "x".repeat(bytes),
                    Arc::clone(&counts),
                );
                tasks.spawn(until_closed(talking, counts));
            } else {
                let listening = listen(sender, receiver, Arc::clone(&counts));
                tasks.spawn(until_closed(listening, counts));
            }
            index += 1;
        }
    }
    println!(
        "{} rooms of {} connected; {} senders each, window {window}",
        scene.rooms, scene.members, scene.senders
    );
    tokio::time::sleep(Duration::from_secs(scene.warm_up)).await;
    let read = || {
        (
            counts.acked.load(Ordering::Relaxed),
            counts.delivered.load(Ordering::Relaxed),
        )
    };
    let (before, cpu, begun) = (read(), CpuMeter::start(&target.pids), Instant::now());
    tokio::time::sleep(Duration::from_secs(scene.seconds)).await;
    let (after, cpu, took) = (read(), cpu.stop(), begun.elapsed().as_secs_f64());
    counts.is_over.store(true, Ordering::Relaxed);
    let (acked, delivered) = (after.0 - before.0, after.1 - before.1);
    println!("acked sends per second:   {:>10.0}", acked as f64 / took);
    println!("deliveries per second:    {:>10.0}", delivered as f64 / took);
    println!(
        "refused sends:            {:>10}",
        counts.refused.load(Ordering::Relaxed)
    );
    println!(
        "sockets closed on us:     {:>10}",
        counts.closed.load(Ordering::Relaxed)
    );
    for (name, used) in cpu {
        let per_send = used.as_secs_f64() * 1e6 / (acked.max(1)) as f64;
        println!(
            "CPU of {name:<16} {per_send:>8.1} µs per send  ({:.2} cores)",
            used.as_secs_f64() / took
        );
    }
    tasks.shutdown().await;
    Ok(())
}

async fn until_closed(client: impl Future<Output = Result<()>>, counts: Arc<Counts>) {
    let end = client.await;
    if counts.closed.fetch_add(1, Ordering::Relaxed) == 0 {
        println!("the first socket was closed: {end:?}");
    }
}

async fn talk(
    mut sender: socket::Sender,
    mut receiver: socket::Receiver,
    room_id: String,
    window: usize,
    text: String,
    counts: Arc<Counts>,
) -> Result<()> {
    let frame = |number: u64| {
        format!(r#"{{"type":"message","ref":"{number}","room_id":"{room_id}","content":"{text}"}}"#)
    };
    let mut number = window as u64;
    socket::send_all(&mut sender, (0..number).map(frame)).await?;
    let mut due = 0;
    while let Some(heard) = socket::next(&mut receiver).await? {
        match socket::hear(&heard) {
            Heard::Ack(_) => {
                counts.acked.fetch_add(1, Ordering::Relaxed);
                due += 1;
            }
            Heard::Error(_) => {
                counts.refused.fetch_add(1, Ordering::Relaxed);
                due += 1;
            }
            Heard::Created(_) => {
                counts.delivered.fetch_add(1, Ordering::Relaxed);
            }
            Heard::Other => {}
        }
        // Half a window at a time: fewer writes here leave more of the machine to what is measured.
        if due >= (window / 2).max(1) && !counts.is_over.load(Ordering::Relaxed) {
            let until = number + due as u64;
            socket::send_all(&mut sender, (number..until).map(frame)).await?;
            (number, due) = (until, 0);
        }
    }
    Ok(())
}

async fn listen(_sender: socket::Sender, mut receiver: socket::Receiver, counts: Arc<Counts>) -> Result<()> {
    while let Some(heard) = socket::next(&mut receiver).await? {
        if matches!(socket::hear(&heard), Heard::Created(_)) {
            counts.delivered.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

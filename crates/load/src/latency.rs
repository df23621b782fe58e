//! Ack and delivery times at a fixed rate, each measured from when the send was due, so that a stall of
//! the server (or of this tool) counts against every send it delayed.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use hdrhistogram::Histogram;

use crate::people::{Api, rooms};
use crate::processes::CpuMeter;
use crate::socket::{self, Heard};
use crate::{Scene, Target};

/// Ack and delivery times at a fixed rate of sends.
#[derive(Args)]
pub(crate) struct Latency {
    #[command(flatten)]
    pub(crate) target: Target,
    #[command(flatten)]
    pub(crate) scene: Scene,
    /// Sends per second over all rooms.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
}

struct Times {
    origin: Instant,
    measured_from_us: u64,
    acks: Mutex<Histogram<u64>>,
    deliveries: Mutex<Histogram<u64>>,
}

impl Times {
    /// Notes what took from `due_us` till now; what was due in the warm-up is left out.
    fn note(&self, histogram: &Mutex<Histogram<u64>>, due_us: &str) {
        let Ok(due_us) = due_us.trim().parse::<u64>() else {
            return;
        };
        if due_us >= self.measured_from_us {
            let took_us = (self.origin.elapsed().as_micros() as u64).saturating_sub(due_us);
            if let Ok(mut histogram) = histogram.lock() {
                // It grows as needed; only a time of centuries would not fit.
                let _ = histogram.record(took_us.max(1));
            }
        }
    }
}

pub(crate) async fn run(measure: Latency) -> Result<()> {
    let Latency { target, scene, rate } = measure;
    let api = Api::new(&target.api)?;
    let rooms = rooms(&api, scene.rooms, scene.members, scene.people.as_deref()).await?;
    let mut senders = Vec::new();
    let mut receivers = Vec::new();
    let mut index = 0;
    for room in &rooms {
        for (place, person) in room.members.iter().enumerate() {
            let gateway = &target.gateways[index % target.gateways.len()];
            let (sender, mut receiver) = socket::open(gateway, &person.access_token, index).await?;
            socket::until_subscribed(&mut receiver, 1).await?;
            receivers.push(receiver);
            senders.push((place < scene.senders, room.id.clone(), sender));
            index += 1;
        }
    }
    let times = Arc::new(Times {
        origin: Instant::now(),
        measured_from_us: scene.warm_up * 1_000_000,
        acks: Mutex::new(Histogram::new(3)?),
        deliveries: Mutex::new(Histogram::new(3)?),
    });
    let mut tasks = tokio::task::JoinSet::new();
    for receiver in receivers {
        tasks.spawn(listen(receiver, Arc::clone(&times)));
    }
    let (talkers, silent): (Vec<_>, Vec<_>) = senders.into_iter().partition(|(talks, ..)| *talks);
    let seconds = scene.warm_up + scene.seconds;
    let every_us = 1_000_000 * talkers.len() as u64 / rate.max(1);
    let count = talkers.len() as u64;
    for (index, (_, room_id, sender)) in talkers.into_iter().enumerate() {
        let first_us = every_us * index as u64 / count;
        tasks.spawn(talk(
            sender,
            room_id,
            first_us,
            every_us,
            seconds * 1_000_000,
            times.origin,
        ));
    }
    tokio::time::sleep(Duration::from_secs(scene.warm_up)).await;
    let cpu = CpuMeter::start(&target.pids);
    tokio::time::sleep(Duration::from_secs(scene.seconds)).await;
    let cpu = cpu.stop();
    // What was sent last may still be on its way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    println!(
        "{rate} sends per second in {} rooms of {} for {} s",
        scene.rooms, scene.members, scene.seconds
    );
    report("ack", &times.acks);
    report("delivery", &times.deliveries);
    for (name, used) in cpu {
        println!(
            "CPU of {name:<16} {:.2} cores",
            used.as_secs_f64() / scene.seconds as f64
        );
    }
    tasks.shutdown().await;
    drop(silent);
    Ok(())
}

fn report(name: &str, histogram: &Mutex<Histogram<u64>>) {
    let Ok(histogram) = histogram.lock() else { return };
    let ms = |quantile: f64| histogram.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "{name:<9} p50 {:>7.2} ms  p90 {:>7.2} ms  p99 {:>7.2} ms  p99.9 {:>7.2} ms  max {:>7.2} ms  ({} samples)",
        ms(0.5),
        ms(0.9),
        ms(0.99),
        ms(0.999),
        histogram.max() as f64 / 1000.0,
        histogram.len()
    );
}

async fn talk(
    mut sender: socket::Sender,
    room_id: String,
    first_us: u64,
    every_us: u64,
    until_us: u64,
    origin: Instant,
) -> Result<()> {
    let mut due_us = first_us;
    while due_us < until_us {
        tokio::time::sleep_until((origin + Duration::from_micros(due_us)).into()).await;
        let frame = format!(
            r#"{{"type":"message","ref":"{due_us}","room_id":"{room_id}","content":"{due_us:<64}"}}"#
        );
        socket::send_all(&mut sender, [frame]).await?;
        due_us += every_us;
    }
    // Dropping this half would let the socket linger half-closed; it stays until the run is over.
    std::future::pending::<()>().await;
    drop(sender);
    Ok(())
}

async fn listen(mut receiver: socket::Receiver, times: Arc<Times>) -> Result<()> {
    while let Some(text) = socket::next(&mut receiver).await? {
        match socket::hear(&text) {
            Heard::Ack(due_us) => times.note(&times.acks, due_us),
            Heard::Created(due_us) => times.note(&times.deliveries, due_us),
            Heard::Error(_) | Heard::Other => {}
        }
    }
    Ok(())
}

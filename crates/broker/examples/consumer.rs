//! A whole consumer of Confab's events for another service.
//!
//! `cargo run -p confab-broker --example consumer -- <amqp url> <confab url> <access token>`
//!
//! It follows the consumer's contract: of each room it accepts only the next `seq` and remembers only what it
//! accepted; lower ones are duplicates; for a higher one it waits 5 s and then asks the log over REST. What it
//! cannot handle goes to a dead-letter queue after five attempts. A real service keeps `accepted` in its own
//! database and moves it in the same transaction as the effect of the event; this one begins anew at each start
//! and reads what it lacks from the log.
#![expect(clippy::print_stdout, reason = "an example that prints what it accepts")]

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions, ExchangeDeclareOptions,
    QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use serde_json::Value;
use tokio::time::Instant;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const QUEUE: &str = "example.events";
const DEAD_LETTERS: &str = "example.dead-letters";
/// More than a room's held events, so that what fills the hole can still arrive.
const PREFETCH: u16 = 500;
const HOLE_PATIENCE: Duration = Duration::from_secs(5);
/// Ids of events without a `seq` (accounts) that are remembered against duplicates.
const IDS_MAX: usize = 10_000;

/// Where one room stands.
#[derive(Default)]
struct Room {
    epoch: String,
    accepted: i64,
    /// Events beyond a hole, not acknowledged yet.
    held: BTreeMap<i64, (Value, Delivery)>,
    held_since: Option<Instant>,
}

struct Consumer {
    confab_url: String,
    token: String,
    http: reqwest::Client,
    rooms: HashMap<String, Room>,
    ids: HashSet<String>,
    ids_in_order: VecDeque<String>,
}

/// What the service does with an event. Refuse one with an error, and it comes again, five times.
fn handle(event: &Value) -> Result<(), Failure> {
    let event_type = event["event_type"].as_str().ok_or("an event has a type")?;
    println!("{} {} {event_type}", event["room_id"], event["seq"]);
    Ok(())
}

impl Consumer {
    async fn take(&mut self, delivery: Delivery) -> Result<(), Failure> {
        let Ok(event) = serde_json::from_slice::<Value>(&delivery.data) else {
            return refuse(&delivery).await;
        };
        let (Some(room_id), Some(seq)) = (event["room_id"].as_str(), event["seq"].as_i64()) else {
            return self.take_account_event(&event, &delivery).await;
        };
        let room = self.rooms.entry(room_id.to_owned()).or_default();
        let epoch = event["epoch"].as_str().unwrap_or_default();
        if room.epoch != epoch {
            // Another life of the database: what it says of its rooms counts from the beginning.
            let held = std::mem::take(&mut room.held);
            *room = Room {
                epoch: epoch.to_owned(),
                ..Room::default()
            };
            for (_, delivery) in held.into_values() {
                delivery.ack(BasicAckOptions::default()).await?;
            }
        }
        if seq <= room.accepted || room.held.contains_key(&seq) {
            delivery.ack(BasicAckOptions::default()).await?;
        } else if seq == room.accepted + 1 {
            if handle(&event).is_err() {
                return refuse(&delivery).await;
            }
            room.accepted = seq;
            delivery.ack(BasicAckOptions::default()).await?;
            accept_held(room).await?;
        } else {
            room.held_since.get_or_insert_with(Instant::now);
            room.held.insert(seq, (event, delivery));
        }
        Ok(())
    }

    /// Account events have no order: an id is enough.
    async fn take_account_event(&mut self, event: &Value, delivery: &Delivery) -> Result<(), Failure> {
        let id = event["event_id"].as_str().unwrap_or_default().to_owned();
        if !self.ids.contains(&id) {
            if handle(event).is_err() {
                return refuse(delivery).await;
            }
            self.ids.insert(id.clone());
            self.ids_in_order.push_back(id);
            if self.ids_in_order.len() > IDS_MAX
                && let Some(oldest) = self.ids_in_order.pop_front()
            {
                self.ids.remove(&oldest);
            }
        }
        delivery.ack(BasicAckOptions::default()).await?;
        Ok(())
    }

    /// Reads what is missing where a hole has stayed for 5 s.
    async fn fill_holes(&mut self) -> Result<(), Failure> {
        let patience = |room: &Room| {
            room.held_since
                .is_some_and(|since| since.elapsed() >= HOLE_PATIENCE)
        };
        for (room_id, room) in self.rooms.iter_mut().filter(|(_, room)| patience(room)) {
            let Some(&first_held) = room.held.keys().next() else {
                continue;
            };
            while room.accepted + 1 < first_held {
                let request = self
                    .http
                    .get(format!("{}/rooms/{room_id}/events", self.confab_url))
                    .query(&[
                        ("after_seq", room.accepted.to_string()),
                        ("epoch", room.epoch.clone()),
                    ])
                    .query(&[("form", "flat"), ("limit", "100")])
                    .bearer_auth(&self.token);
                let page: Value = request.send().await?.error_for_status()?.json().await?;
                let items = page["items"].as_array().cloned().unwrap_or_default();
                if page["reset"] == true || items.is_empty() {
                    // The log no longer reaches back so far: begin with what is there.
                    println!("{room_id}: the events before {first_held} are gone");
                    room.accepted = first_held - 1;
                }
                for event in items {
                    let seq = event["seq"].as_i64().unwrap_or_default();
                    if seq == room.accepted + 1 {
                        handle(&event)?;
                        room.accepted = seq;
                    }
                }
            }
            accept_held(room).await?;
        }
        Ok(())
    }
}

/// Accepts what was held as far as it goes without a hole.
async fn accept_held(room: &mut Room) -> Result<(), Failure> {
    while let Some(entry) = room.held.first_entry() {
        if *entry.key() > room.accepted + 1 {
            room.held_since = Some(Instant::now());
            return Ok(());
        }
        let (seq, (event, delivery)) = entry.remove_entry();
        if seq == room.accepted + 1 {
            if handle(&event).is_err() {
                return refuse(&delivery).await;
            }
            room.accepted = seq;
        }
        delivery.ack(BasicAckOptions::default()).await?;
    }
    room.held_since = None;
    Ok(())
}

/// Gives an event back: it comes again, and goes to the dead letters after the fifth time.
async fn refuse(delivery: &Delivery) -> Result<(), Failure> {
    let again = BasicNackOptions {
        requeue: true,
        multiple: false,
    };
    delivery.nack(again).await?;
    Ok(())
}

async fn declare(channel: &Channel) -> Result<(), Failure> {
    let text = |value: &str| AMQPValue::LongString(value.into());
    let durable = QueueDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let mut quorum = FieldTable::default();
    quorum.insert("x-queue-type".into(), text("quorum"));

    let kept = ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let fanout = ExchangeKind::Fanout;
    channel
        .exchange_declare(DEAD_LETTERS.into(), fanout, kept, FieldTable::default())
        .await?;
    channel
        .queue_declare(DEAD_LETTERS.into(), durable, quorum.clone())
        .await?;
    let bind = QueueBindOptions::default();
    channel
        .queue_bind(
            DEAD_LETTERS.into(),
            DEAD_LETTERS.into(),
            "".into(),
            bind,
            FieldTable::default(),
        )
        .await?;

    quorum.insert("x-dead-letter-exchange".into(), text(DEAD_LETTERS));
    quorum.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(5));
    channel.queue_declare(QUEUE.into(), durable, quorum).await?;
    // All events of all rooms; `message_created.*` would be all new messages.
    let exchange = confab_broker::EVENTS_EXCHANGE.into();
    channel
        .queue_bind(QUEUE.into(), exchange, "#".into(), bind, FieldTable::default())
        .await?;
    Ok(())
}

/// Consumes until the connection is lost.
async fn run(amqp_url: &str, consumer: &mut Consumer) -> Result<(), Failure> {
    let connection = Connection::connect(amqp_url, ConnectionProperties::default()).await?;
    let channel = connection.create_channel().await?;
    declare(&channel).await?;
    channel.basic_qos(PREFETCH, BasicQosOptions::default()).await?;
    // What was held belongs to the old connection and is delivered again.
    for room in consumer.rooms.values_mut() {
        room.held.clear();
        room.held_since = None;
    }
    let options = BasicConsumeOptions::default();
    let mut deliveries = channel
        .basic_consume(QUEUE.into(), "".into(), options, FieldTable::default())
        .await?;
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    loop {
        tokio::select! {
            delivery = deliveries.next() => match delivery {
                Some(delivery) => consumer.take(delivery?).await?,
                None => return Err("the consumer was cancelled".into()),
            },
            _ = ticks.tick() => if let Err(error) = consumer.fill_holes().await {
                println!("the log is out of reach, trying again: {error}");
            },
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(amqp_url), Some(confab_url), Some(token)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err("usage: consumer <amqp url> <confab url> <access token>".into());
    };
    let mut consumer = Consumer {
        confab_url: confab_url.trim_end_matches('/').to_owned(),
        token,
        http: reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .build()?,
        rooms: HashMap::new(),
        ids: HashSet::new(),
        ids_in_order: VecDeque::new(),
    };
    loop {
        if let Err(error) = run(&amqp_url, &mut consumer).await {
            println!("RabbitMQ is away, trying again: {error}");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

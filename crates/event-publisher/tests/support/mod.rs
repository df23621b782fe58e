//! A scripted outbox and exchange whose semantics are exactly their ports'.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use confab_broker::{LiveMemory, LiveMemorySettings};
use confab_domain::ports::{
    Delivery, EventExchange, Outbox, OutgoingEvent, PARTITIONS, Pending, PendingEvent, PendingKey,
    PendingPage, partition_of, shard_of,
};
use confab_domain::{
    ContentType, Epoch, Error, Event, EventBody, EventId, IncarnationId, Message, MessageId, Result, RoomId,
    RoomKind, Timestamp, Trace, UserId,
};
use confab_event_publisher::{PublisherPorts, PublisherSettings};
use confab_testkit::wait_until;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Holds rows until they are settled. Leases are real but never expire by themselves here: a test takes them.
#[derive(Default)]
pub(crate) struct ScriptedOutbox {
    rows: Mutex<Rows>,
    /// The store is out of reach.
    pub(crate) is_away: AtomicBool,
    /// How often it was asked for rows.
    pub(crate) fetches: AtomicUsize,
    /// Everybody gets every partition: leases that overlap.
    pub(crate) is_shared: AtomicBool,
}

#[derive(Default)]
struct Rows {
    next_row_id: i64,
    heads: HashMap<RoomId, i64>,
    pending: BTreeMap<PendingKey, (Instant, PendingEvent)>,
    owners: HashMap<u16, IncarnationId>,
    waiting: Vec<IncarnationId>,
    trimmed: usize,
}

pub(crate) fn room(number: u128) -> RoomId {
    // The last byte says the partition.
    RoomId(Uuid::from_u128(number))
}

impl ScriptedOutbox {
    /// Commits the next event of a room.
    pub(crate) fn commit(&self, room_id: RoomId, body: impl FnOnce(i64) -> EventBody) -> i64 {
        let mut rows = self.rows.lock();
        let head = rows.heads.entry(room_id).or_default();
        *head += 1;
        let seq = *head;
        let event = Event {
            id: EventId(Uuid::new_v4()),
            room_id,
            seq,
            occurred_at: Timestamp::from_millis(1_704_110_400_000),
            actor_id: UserId(Uuid::from_u128(7)),
            body: body(seq),
            trace: Trace::default(),
        };
        let event = PendingEvent::Room {
            event: Box::new(event),
            room_kind: RoomKind::Private,
            external_key: None,
        };
        rows.put(partition_of(room_id.0), event);
        seq
    }

    pub(crate) fn commit_row(&self, partition: u16, event: PendingEvent) {
        self.rows.lock().put(partition, event);
    }

    pub(crate) fn pending_count(&self) -> usize {
        self.rows.lock().pending.len()
    }

    pub(crate) fn owned(&self) -> usize {
        self.rows.lock().owners.len()
    }

    pub(crate) fn trims(&self) -> usize {
        self.rows.lock().trimmed
    }

    pub(crate) async fn drained(&self) {
        wait_until("the outbox is empty", PATIENCE, async || {
            self.pending_count() == 0
        })
        .await;
    }

    fn ask(&self) -> Result<()> {
        if self.is_away.load(Ordering::Acquire) {
            return Err(Error::Unavailable("the scripted store", None));
        }
        Ok(())
    }
}

impl Rows {
    fn put(&mut self, partition: u16, event: PendingEvent) {
        self.next_row_id += 1;
        let key = PendingKey {
            partition,
            row_id: self.next_row_id,
        };
        self.pending.insert(key, (Instant::now(), event));
    }
}

#[async_trait]
impl Outbox for ScriptedOutbox {
    async fn hold_partitions(&self, owner: IncarnationId, _lease: Duration) -> Result<Vec<u16>> {
        self.ask()?;
        if self.is_shared.load(Ordering::Acquire) {
            return Ok((0..PARTITIONS).collect());
        }
        let mut rows = self.rows.lock();
        if !rows.waiting.contains(&owner) {
            rows.waiting.push(owner);
        }
        let share = usize::from(PARTITIONS).div_ceil(rows.waiting.len());
        let mine = |rows: &Rows| {
            let mut mine: Vec<u16> = rows
                .owners
                .iter()
                .filter(|(_, other)| **other == owner)
                .map(|(number, _)| *number)
                .collect();
            mine.sort_unstable();
            mine
        };
        for number in mine(&rows).into_iter().skip(share) {
            rows.owners.remove(&number);
        }
        for number in 0..PARTITIONS {
            if mine(&rows).len() < share {
                rows.owners.entry(number).or_insert(owner);
            }
        }
        Ok(mine(&rows))
    }

    async fn release_partitions(&self, owner: IncarnationId) -> Result<()> {
        self.ask()?;
        let mut rows = self.rows.lock();
        rows.owners.retain(|_, other| *other != owner);
        rows.waiting.retain(|other| *other != owner);
        Ok(())
    }

    async fn pending(&self, partition: u16, limit: usize) -> Result<PendingPage> {
        self.ask()?;
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let rows = self.rows.lock();
        let of_partition = PendingKey {
            partition,
            row_id: i64::MIN,
        }..=PendingKey {
            partition,
            row_id: i64::MAX,
        };
        let page: Vec<_> = rows.pending.range(of_partition).take(limit).collect();
        Ok(PendingPage {
            epoch: Epoch::new("life"),
            oldest_waited: page
                .first()
                .map_or(Duration::ZERO, |(_, (since, _))| since.elapsed()),
            rows: page
                .into_iter()
                .map(|(key, (_, event))| Pending {
                    key: *key,
                    created_at: Timestamp::from_millis(0),
                    event: event.clone(),
                })
                .collect(),
        })
    }

    async fn settle(&self, keys: &[PendingKey]) -> Result<()> {
        self.ask()?;
        let mut rows = self.rows.lock();
        for key in keys {
            rows.pending.remove(key);
        }
        Ok(())
    }

    async fn moved_heads(&self, partition: u16, _: Duration, limit: usize) -> Result<Vec<(RoomId, i64)>> {
        self.ask()?;
        let rows = self.rows.lock();
        let of_partition = rows
            .heads
            .iter()
            .filter(|(room_id, _)| partition_of(room_id.0) == partition);
        Ok(of_partition
            .map(|(room_id, seq)| (*room_id, *seq))
            .take(limit)
            .collect())
    }

    async fn trim_log(&self, _: Duration, _: usize) -> Result<u64> {
        self.ask()?;
        self.rows.lock().trimmed += 1;
        Ok(0)
    }
}

type Fate = Box<dyn FnMut(&OutgoingEvent) -> (bool, Delivery) + Send>;

/// An exchange that does with each event as it is told, and keeps what reached the other services.
pub(crate) struct ScriptedExchange {
    fate: Mutex<Fate>,
    is_up: watch::Sender<bool>,
    /// What reached the queues, in order.
    pub(crate) arrived: Mutex<Vec<OutgoingEvent>>,
    pub(crate) calls: AtomicUsize,
}

impl ScriptedExchange {
    /// `fate` says whether an event reaches the queues, and what the publisher is told.
    pub(crate) fn new(fate: impl FnMut(&OutgoingEvent) -> (bool, Delivery) + Send + 'static) -> Self {
        Self {
            fate: Mutex::new(Box::new(fate)),
            is_up: watch::channel(true).0,
            arrived: Mutex::default(),
            calls: AtomicUsize::new(0),
        }
    }

    pub(crate) fn reliable() -> Self {
        Self::new(|_| (true, Delivery::Confirmed))
    }

    pub(crate) fn set_up(&self, is_up: bool) {
        self.is_up.send_replace(is_up);
    }
}

#[async_trait]
impl EventExchange for ScriptedExchange {
    async fn publish(&self, events: Vec<OutgoingEvent>, _: Duration) -> Vec<Delivery> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let mut deliveries = Vec::new();
        for event in events {
            // Others get their turn in the midst of a page.
            tokio::task::yield_now().await;
            let (arrives, delivery) = if *self.is_up.borrow() {
                (self.fate.lock())(&event)
            } else {
                (false, Delivery::Lost)
            };
            if arrives {
                self.arrived.lock().push(event);
            }
            deliveries.push(delivery);
        }
        deliveries
    }

    async fn ready(&self) -> Result<()> {
        let mut is_up = self.is_up.subscribe();
        is_up
            .wait_for(|is_up| *is_up)
            .await
            .map(drop)
            .map_err(|closed| Error::unavailable("exchange", closed))
    }

    fn is_connected(&self) -> bool {
        *self.is_up.borrow()
    }
}

/// What a service makes of the events by the consumer's contract: accepts only the next `seq` of a room.
#[derive(Default)]
pub(crate) struct Consumer(pub(crate) HashMap<String, i64>);

impl Consumer {
    pub(crate) fn take_all(events: &[OutgoingEvent]) -> Self {
        let mut consumer = Self::default();
        for event in events {
            let accepted = consumer.0.entry(event.source.clone()).or_default();
            if event.seq == Some(*accepted + 1) {
                *accepted += 1;
            }
        }
        consumer
    }

    pub(crate) fn accepted(&self, room_id: RoomId) -> i64 {
        self.0.get(&format!("/rooms/{room_id}")).copied().unwrap_or(0)
    }
}

pub(crate) fn message(room_id: RoomId, seq: i64) -> EventBody {
    EventBody::MessageCreated {
        message: Box::new(Message {
            id: MessageId(Uuid::new_v4()),
            room_id,
            number: seq,
            seq,
            updated_seq: seq,
            sender_id: UserId(Uuid::from_u128(7)),
            client_id: seq.to_string(),
            content: Some(format!("the secret {seq}")),
            content_type: ContentType::Plain,
            reply_to: None,
            metadata: serde_json::json!({}),
            created_at: Timestamp::from_millis(0),
            edited_at: None,
            deleted_at: None,
            attachments: Vec::new(),
            extras: confab_domain::Extras::default(),
        }),
    }
}

/// Intervals short enough that no test waits for one.
pub(crate) fn impatient() -> PublisherSettings {
    PublisherSettings {
        page_rows: 50,
        poll_interval: Duration::from_millis(50),
        beat_interval: Duration::from_millis(50),
        lease: Duration::from_millis(150),
        confirm_timeout: Duration::from_secs(5),
        store_timeout: Duration::from_secs(2),
        retry_delay_min: Duration::from_millis(2),
        retry_delay_max: Duration::from_millis(50),
        log_trim_interval: Duration::from_millis(50),
        ..PublisherSettings::default()
    }
}

pub(crate) fn live() -> Arc<LiveMemory> {
    Arc::new(LiveMemory::new(
        IncarnationId(Uuid::new_v4()),
        LiveMemorySettings::default(),
    ))
}

pub(crate) fn ports(
    outbox: &Arc<ScriptedOutbox>,
    exchange: Arc<dyn EventExchange>,
    live: &Arc<LiveMemory>,
) -> PublisherPorts {
    PublisherPorts {
        outbox: outbox.clone(),
        exchange,
        live_out: live.clone(),
        live_in: live.clone(),
    }
}

/// A batch that only wakes.
pub(crate) fn waking(room_id: RoomId) -> Arc<confab_domain::ports::CommittedBatch> {
    Arc::new(confab_domain::ports::CommittedBatch {
        epoch: Epoch::new("life"),
        shard: shard_of(room_id),
        events: Vec::new(),
        controls: Vec::new(),
        account_events: Vec::new(),
    })
}

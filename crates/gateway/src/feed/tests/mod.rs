//! The live feed over a scripted store, on a paused clock: every moment is exact and nothing really waits.

mod absent;
mod epochs;
mod health;
mod joining;
mod order;
mod rights;
mod script;

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{Beat, FeedItem, LiveBatch, LiveIn, PARTITIONS};
use confab_domain::{
    Actor, Clock, ConnectionId, Epoch, Event, EventBody, Horizon, IncarnationId, LeaveReason, Limits,
    MessageId, RoomId, SessionId, Timestamp, UserRole,
};
use parking_lot::Mutex;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use self::script::{Question, Script};
use crate::gateway::Gateway;
use crate::hub::{Follow, GoLive, Scope, Subscriber};
use crate::protocol::CloseCode;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::testing::{a_room, person};

/// The producer whose batches a test sends unless it says otherwise.
const PRODUCER: u128 = 0xF1;

/// The paused clock of the runtime.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_000_000 + self.0.elapsed().as_millis() as i64)
    }
}

/// A feed that says what the test says.
#[derive(Default)]
struct Wire(Mutex<Vec<Sender<FeedItem>>>);

#[async_trait]
impl LiveIn for Wire {
    fn listen(&self) -> Receiver<FeedItem> {
        let (sender, receiver) = mpsc::channel(10_000);
        self.0.lock().push(sender);
        receiver
    }

    fn listen_wakes(&self) -> Receiver<u16> {
        mpsc::channel(1).1
    }
}

/// One gateway's feed between a scripted wire and a scripted store.
struct Stage {
    shared: Arc<Shared>,
    script: Arc<Script>,
    wire: Arc<Wire>,
    start: Instant,
    numbers: Mutex<u64>,
    beating: Option<AbortOnDropHandle<()>>,
    stop: CancellationToken,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Stage {
    /// A gateway that has just begun: nothing was heard yet.
    fn new() -> Self {
        let start = Instant::now();
        let (script, wire, clock) = (
            Arc::new(Script::new()),
            Arc::new(Wire::default()),
            Arc::new(PausedClock(start)),
        );
        let ports = confab_scenery::ports(&script, clock, Limits::default());
        let stop = CancellationToken::new();
        let node = IncarnationId(Uuid::from_u128(0xE0));
        let gateway = Gateway::start(ports, wire.clone(), node, Settings::default(), &stop);
        Self {
            shared: gateway.shared().clone(),
            script,
            wire,
            start,
            numbers: Mutex::default(),
            beating: None,
            stop,
        }
    }

    /// A gateway that hears everything; it is two seconds old.
    async fn healthy() -> Self {
        let mut stage = Self::new();
        stage.shared.epochs.current(&stage.shared).await.unwrap();
        stage.begin_beats(0);
        stage.hear(FeedItem::Connected).await;
        stage.run_until(2_000).await;
        assert_eq!(stage.state(), "healthy");
        stage.script.take_asked(|_| true);
        stage
    }

    fn now_ms(&self) -> u64 {
        self.start.elapsed().as_millis() as u64
    }

    fn state(&self) -> &'static str {
        self.shared.feed_state.lock().as_str()
    }

    /// Lets time pass up to this moment.
    async fn run_until(&self, ms: u64) {
        let now = self.now_ms();
        assert!(ms >= now, "it is {now} ms already");
        self.run_for(ms - now).await;
    }

    async fn run_for(&self, ms: u64) {
        sleep(Duration::from_millis(ms)).await;
    }

    /// Every publisher beats for every partition, 500 ms apart, with this lag.
    fn begin_beats(&mut self, lag_ms: u64) {
        let wire = self.wire.clone();
        self.beating = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                for partition in 0..PARTITIONS {
                    wire.send(FeedItem::Beat(beat("first", partition, lag_ms)));
                }
                sleep(Duration::from_millis(500)).await;
            }
        })));
    }

    /// Says something on the wire; it is heard, and everything about it done, within this millisecond.
    async fn hear(&self, item: FeedItem) {
        self.wire.send(item);
        self.run_for(1).await;
    }

    /// The next batch of the usual producer.
    async fn hear_events(&self, events: Vec<Arc<Event>>) {
        self.hear_numbered(self.next_number(), events).await;
    }

    fn next_number(&self) -> u64 {
        let mut numbers = self.numbers.lock();
        *numbers += 1;
        *numbers
    }

    async fn hear_numbered(&self, number: u64, events: Vec<Arc<Event>>) {
        self.hear(batch("first", number, events)).await;
    }

    /// Somebody who has joined a room up to `seq`; the store knows them as a member.
    fn viewer(&self, number: u128, room_id: RoomId, seq: i64) -> Viewer {
        let viewer = self.guest(number);
        self.script
            .content
            .lock()
            .members
            .insert((room_id, viewer.0.user_id));
        assert!(self.shared.hub.begin(&viewer.0, room_id));
        let went = self.shared.hub.go_live(&viewer.0, room_id, seq, Horizon::ALL);
        assert!(matches!(went, GoLive::Live { .. }));
        viewer
    }

    /// Somebody who is connected and follows nothing yet.
    fn guest(&self, number: u128) -> Viewer {
        let actor = Actor {
            user_id: person(number),
            role: UserRole::User,
            session_id: Some(SessionId(Uuid::from_u128(number))),
        };
        let id = ConnectionId(Uuid::from_u128(number));
        let subscriber = Subscriber::new(id, &actor, Scope::Rooms, true, Timestamp::from_millis(0));
        self.shared.hub.register(&subscriber);
        Viewer(subscriber)
    }

    /// Writes events into the store, past the wire.
    fn commit(&self, events: &[Arc<Event>]) {
        let mut content = self.script.content.lock();
        for event in events {
            content.logs.entry(event.room_id).or_default().push(event.clone());
        }
    }

    /// A room whose log in the store holds `1..=last`.
    fn room(&self, last: i64) -> RoomId {
        self.commit(&run(a_room(), 1, last));
        a_room()
    }

    /// When heads were compared, in milliseconds since the start.
    fn heads_asked(&self) -> Vec<u64> {
        self.script
            .take_asked(|question| matches!(question, Question::Heads(_)))
    }

    /// When logs were read.
    fn logs_asked(&self) -> Vec<u64> {
        self.script
            .take_asked(|question| matches!(question, Question::Log(_)))
    }
}

impl Wire {
    fn send(&self, item: FeedItem) {
        // A gateway that is being stopped no longer listens.
        if let Some(sender) = self.0.lock().last() {
            let _ = sender.try_send(item);
        }
    }
}

/// A connection whose queue the test reads.
struct Viewer(Arc<Subscriber>);

/// What a viewer was told.
#[derive(Debug, Default, PartialEq)]
struct Told {
    seqs: Vec<i64>,
    notices: Vec<String>,
    follow: Vec<Follow>,
    close: Option<CloseCode>,
}

impl Viewer {
    fn take(&self) -> Told {
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(taken) = self.0.poll_take(&mut cx, usize::MAX) else {
            return Told::default();
        };
        Told {
            seqs: taken.frames.iter().filter_map(|frame| frame.seq).collect(),
            notices: taken
                .frames
                .iter()
                .filter(|frame| frame.seq.is_none())
                .map(|frame| frame.name.to_string())
                .collect(),
            follow: taken.follow,
            close: taken.close,
        }
    }

    fn seqs(&self) -> Vec<i64> {
        self.take().seqs
    }
}

fn batch(epoch: &str, number: u64, events: Vec<Arc<Event>>) -> FeedItem {
    FeedItem::Batch(Arc::new(LiveBatch {
        epoch: Epoch::new(epoch),
        producer: IncarnationId(Uuid::from_u128(PRODUCER)),
        shard: 0,
        number,
        events,
    }))
}

fn beat(epoch: &str, partition: u16, lag_ms: u64) -> Beat {
    Beat {
        epoch: Epoch::new(epoch),
        publisher: IncarnationId(Uuid::from_u128(0xFB)),
        partition,
        lag_ms,
        heads: Vec::new(),
    }
}

fn room(number: u128) -> RoomId {
    RoomId(Uuid::from_u128(0xB000 + number))
}

/// Events `first..=last` of a room.
fn run(room_id: RoomId, first: i64, last: i64) -> Vec<Arc<Event>> {
    (first..=last)
        .map(|seq| {
            let body = EventBody::MessageDeleted {
                message_id: MessageId(Uuid::nil()),
                number: seq,
            };
            event_of(room_id, seq, body)
        })
        .collect()
}

fn leaving(room_id: RoomId, seq: i64, number: u128) -> Arc<Event> {
    let body = EventBody::UserLeft {
        user_id: person(number),
        reason: LeaveReason::Removed,
    };
    event_of(room_id, seq, body)
}

fn event_of(room_id: RoomId, seq: i64, body: EventBody) -> Arc<Event> {
    let event = crate::testing::event(seq, body);
    Arc::new(Event {
        room_id,
        ..Event::clone(&event)
    })
}

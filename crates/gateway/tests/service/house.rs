//! A gateway (or several) over one embedded store, with a live feed whose items a test may hold back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use confab_broker::{LiveMemory, LiveMemorySettings};
use confab_domain::commands::{
    CreateRoom, Credentials, LoginFrom, Register, SendMessage, SessionTimes, TokenPair, add_members,
    create_room, issue_ticket, log_in, register, send_message,
};
use confab_domain::ports::{
    Beat, CommittedBatch, CommittedBatches, FeedItem, LiveIn, LiveOut, PARTITIONS, Ports, RoomReads,
    StoreHealth,
};
use confab_domain::{
    Actor, Clock, IncarnationId, Limits, MemberRole, Message, Rate, RoomId, Timestamp, Trace, UserRole,
};
use confab_gateway::{FeedState, Gateway, Settings};
use confab_scenery::Somebody;
use confab_storage::Store;
use confab_testkit::{WebSocket, wait_until};
use serde_json::{Value, json};
use tokio::sync::mpsc::{self, Receiver};
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The system's time, and what a test adds to it.
#[derive(Default)]
pub(crate) struct TestClock {
    ahead_ms: AtomicI64,
}

impl TestClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(by.as_millis() as i64, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let since_epoch = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        Timestamp::from_millis(since_epoch.as_millis() as i64 + self.ahead_ms.load(Ordering::Relaxed))
    }
}

struct ToFeed(Arc<LiveMemory>);

impl CommittedBatches for ToFeed {
    fn committed(&self, batch: &Arc<CommittedBatch>) {
        self.0.publish(batch);
    }
}

/// The live feed with a hand on it.
pub(crate) struct Tap {
    live: Arc<LiveMemory>,
    pub(crate) drops_batches: Arc<AtomicBool>,
    pub(crate) drops_controls: Arc<AtomicBool>,
    pub(crate) dropped: Arc<AtomicU64>,
}

#[async_trait]
impl LiveIn for Tap {
    fn listen(&self) -> Receiver<FeedItem> {
        let (sender, receiver) = mpsc::channel(1_024);
        let mut items = self.live.listen();
        let (batches, controls) = (self.drops_batches.clone(), self.drops_controls.clone());
        let dropped = self.dropped.clone();
        tokio::spawn(async move {
            while let Some(item) = items.recv().await {
                let is_dropped = match item {
                    FeedItem::Batch(_) => batches.load(Ordering::Relaxed),
                    FeedItem::Control(_) => controls.load(Ordering::Relaxed),
                    _ => false,
                };
                if is_dropped {
                    dropped.fetch_add(1, Ordering::Relaxed);
                } else if sender.send(item).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }

    fn listen_wakes(&self) -> Receiver<u16> {
        self.live.listen_wakes()
    }
}

/// One gateway with its address.
pub(crate) struct Node {
    pub(crate) gateway: Gateway,
    pub(crate) tap: Arc<Tap>,
    pub(crate) url: String,
    pub(crate) http_url: String,
}

/// What a house is built with.
pub(crate) struct Plan {
    pub(crate) limits: Limits,
    pub(crate) settings: Settings,
    pub(crate) nodes: usize,
    pub(crate) beats: bool,
}

impl Default for Plan {
    fn default() -> Self {
        let many = Rate {
            limit: 0,
            window: Duration::from_mins(1),
        };
        let limits = Limits {
            direct_sends: many,
            room_sends: many,
            logins: many,
            registrations: many,
            room_changes: many,
            reactions: many,
            searches: many,
            ..Limits::default()
        };
        let settings = Settings {
            offline_grace: Duration::from_millis(400),
            ..Settings::default()
        };
        Self {
            limits,
            settings,
            nodes: 1,
            beats: true,
        }
    }
}

/// A store with its gateways.
pub(crate) struct House {
    pub(crate) ports: Ports,
    pub(crate) store: Store,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) nodes: Vec<Node>,
    stop: CancellationToken,
    _folder: tempfile::TempDir,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Somebody with a login, or with a token that needs none.
pub(crate) type Guest = Somebody;

impl House {
    pub(crate) async fn new() -> Self {
        Self::build(Plan::default()).await
    }

    pub(crate) async fn build(plan: Plan) -> Self {
        let folder = confab_testkit::scratch::folder("gateway").unwrap();
        let clock = Arc::new(TestClock::default());
        let producer = IncarnationId::mint(clock.now());
        let live = Arc::new(LiveMemory::new(producer, LiveMemorySettings::default()));
        let committed = Arc::new(ToFeed(live.clone()));
        let store = confab_scenery::open_archive(folder.path(), clock.clone(), committed).await;
        let ports = confab_scenery::ports(&Arc::new(store.clone()), clock.clone(), plan.limits);
        let stop = CancellationToken::new();
        let mut nodes = Vec::new();
        for _ in 0..plan.nodes {
            nodes.push(Node::start(&ports, &live, plan.settings.clone(), &stop).await);
        }
        let house = Self {
            ports,
            store,
            clock,
            nodes,
            stop,
            _folder: folder,
        };
        if plan.beats {
            house.beat(live);
            for node in &house.nodes {
                wait_until("the feed is healthy", PATIENCE, || async {
                    node.gateway.readiness().feed == FeedState::Healthy
                })
                .await;
            }
        }
        house
    }

    fn beat(&self, live: Arc<LiveMemory>) {
        let (stop, store) = (self.stop.clone(), self.store.clone());
        let publisher = IncarnationId::mint(self.clock.now());
        tokio::spawn(stop.run_until_cancelled_owned(async move {
            loop {
                let Ok(epoch) = store.epoch().await else { return };
                for partition in 0..PARTITIONS {
                    let epoch = epoch.clone();
                    live.beat(Beat {
                        epoch,
                        publisher,
                        partition,
                        lag_ms: 0,
                        heads: Vec::new(),
                    });
                }
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }));
    }

    /// Makes an account with a login.
    pub(crate) async fn guest(&self, name: &str) -> Guest {
        let wanted = Register {
            username: name.to_owned(),
            password: "correct horse".to_owned(),
            email: None,
            display_name: None,
        };
        let pair: TokenPair = register(
            &self.ports,
            wanted,
            LoginFrom::default(),
            SessionTimes::default(),
            Trace::default(),
        )
        .await
        .unwrap();
        guest_of(pair)
    }

    /// Makes another login of an account.
    pub(crate) async fn log_in_again(&self, name: &str) -> Guest {
        let credentials = Credentials {
            username: name.to_owned(),
            password: "correct horse".to_owned(),
        };
        let (from, times) = (LoginFrom::default(), SessionTimes::default());
        guest_of(log_in(&self.ports, credentials, from, times).await.unwrap())
    }

    /// Makes a room of these people; the first owns it.
    pub(crate) async fn room(&self, guests: &[&Guest]) -> RoomId {
        self.room_with(guests, "private", "all").await
    }

    pub(crate) async fn room_with(&self, guests: &[&Guest], kind: &str, history: &str) -> RoomId {
        let wanted = CreateRoom {
            kind: kind.to_owned(),
            name: "a room".to_owned(),
            description: None,
            metadata: None,
            history: Some(history.to_owned()),
            member_ids: guests[1..].iter().map(|guest| guest.id).collect(),
            posting: None,
            settings: confab_domain::RoomSettings::default(),
        };
        create_room(&self.ports, &guests[0].actor, wanted, Trace::default())
            .await
            .unwrap()
            .room
            .id
    }

    pub(crate) async fn add(&self, owner: &Guest, room_id: RoomId, guest: &Guest) {
        let members = vec![(guest.id, MemberRole::Member)];
        add_members(&self.ports, &owner.actor, room_id, members, Trace::default())
            .await
            .unwrap();
    }

    /// Says something past the sockets; its `seq`.
    pub(crate) async fn say(&self, guest: &Guest, room_id: RoomId, content: &str) -> i64 {
        self.said(guest, room_id, content).await.seq
    }

    /// Says something past the sockets.
    pub(crate) async fn said(&self, guest: &Guest, room_id: RoomId, content: &str) -> Arc<Message> {
        let send = SendMessage {
            content: Some(content.to_owned()),
            ..SendMessage::default()
        };
        send_message(&self.ports, &guest.actor, room_id, send, Trace::default())
            .await
            .unwrap()
            .message
    }

    pub(crate) async fn ticket(&self, guest: &Guest) -> String {
        issue_ticket(&self.ports, &guest.actor, SessionTimes::default())
            .await
            .unwrap()
            .0
    }

    pub(crate) async fn head(&self, room_id: RoomId) -> i64 {
        self.store.heads(&[room_id]).await.unwrap().1[0].1
    }

    pub(crate) async fn epoch(&self) -> String {
        self.store.epoch().await.unwrap().as_str().to_owned()
    }

    pub(crate) async fn bump_epoch(&self) -> String {
        self.store.bump_epoch().await.unwrap().as_str().to_owned()
    }

    /// A socket that says nothing until asked: `hello` is read.
    pub(crate) async fn quiet(&self, guest: &Guest) -> WebSocket {
        let mut socket = self.open(0, "/ws?subscribe=none", guest).await;
        socket.expect("hello").await;
        socket
    }

    /// A socket that follows all its rooms: `hello` and so many `subscribed` are read.
    pub(crate) async fn following(&self, guest: &Guest, rooms: usize) -> WebSocket {
        self.following_on(0, guest, rooms).await
    }

    pub(crate) async fn following_on(&self, node: usize, guest: &Guest, rooms: usize) -> WebSocket {
        let mut socket = self.open(node, "/ws", guest).await;
        socket.expect("hello").await;
        for _ in 0..rooms {
            socket.expect("subscribed").await;
        }
        socket
    }

    pub(crate) async fn open(&self, node: usize, path: &str, guest: &Guest) -> WebSocket {
        WebSocket::connect_with_bearer(&format!("{}{path}", self.nodes[node].url), &guest.token)
            .await
            .unwrap()
    }
}

impl Node {
    async fn start(
        ports: &Ports,
        live: &Arc<LiveMemory>,
        settings: Settings,
        stop: &CancellationToken,
    ) -> Self {
        let node = IncarnationId::mint(ports.clock.now());
        let tap = Arc::new(Tap {
            live: live.clone(),
            drops_batches: Arc::default(),
            drops_controls: Arc::default(),
            dropped: Arc::default(),
        });
        let gateway = Gateway::start(ports.clone(), tap.clone(), node, settings, stop);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = axum::serve(listener, gateway.router());
        tokio::spawn(
            stop.clone()
                .run_until_cancelled_owned(async move { serving.await.unwrap() }),
        );
        Self {
            gateway,
            tap,
            url: format!("ws://{address}"),
            http_url: format!("http://{address}"),
        }
    }
}

fn guest_of(pair: TokenPair) -> Guest {
    let actor = Actor {
        user_id: pair.user.id,
        role: UserRole::User,
        session_id: Some(pair.session_id),
    };
    Guest {
        id: pair.user.id,
        username: pair.user.username,
        actor,
        token: pair.access_token,
    }
}

/// A `message` frame.
pub(crate) fn message(room_id: RoomId, reference: &str, content: &str) -> Value {
    json!({"type": "message", "ref": reference, "room_id": room_id, "content": content})
}

/// Reads until the event of this `seq` in this room, and returns all events of the room up to it, in the
/// order they came.
pub(crate) async fn events_up_to(socket: &mut WebSocket, room_id: RoomId, seq: i64) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let of_room = |frame: &Value| {
            frame["room_id"] == json!(room_id) && frame["seq"].is_i64() && frame["type"] != "ack"
        };
        let event = socket
            .next_where(of_room, PATIENCE)
            .await
            .unwrap_or_else(|error| panic!("waited for seq {seq}: {error:#}; got {events:?}"));
        let found = event["seq"].as_i64().unwrap();
        events.push(event);
        if found >= seq {
            return events;
        }
    }
}

/// The `seq`s of events.
pub(crate) fn seqs(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .map(|event| event["seq"].as_i64().unwrap())
        .collect()
}

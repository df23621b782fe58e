//! A database of its own for each test, and nodes on it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use confab_domain::ports::{
    Accounts, CommittedBatch, CommittedBatches, NewMessage, NewRoom, NewUser, RoomWrites, Sent,
};
use confab_domain::{
    Actor, Body, Clock, ContentType, Event, History, Message, MessageId, Result, RoomId, RoomKind, Timestamp,
    Trace, UserId, UserRole,
};
use confab_storage::{LaneSettings, Store, StoreSettings};
use confab_testkit::Servers;
use serde_json::json;
use sqlx::{Connection, Row};

/// No step of these tests takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// Ends a test that hangs, and says so.
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what)
        .await
        .expect("within the patience of the test")
}

pub(crate) struct TestClock {
    now_ms: AtomicI64,
    /// Times it still tells before it panics; negative: for ever.
    fuse: AtomicI64,
}

impl TestClock {
    /// Panics at the `nth` question from now, once.
    pub(crate) fn panic_at(&self, nth: i64) {
        self.fuse.store(nth, Ordering::SeqCst);
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.now_ms
            .fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        assert_ne!(
            self.fuse.fetch_sub(1, Ordering::SeqCst),
            1,
            "as the test wants it"
        );
        Timestamp::from_millis(self.now_ms.load(Ordering::SeqCst))
    }
}

/// Keeps what was committed.
#[derive(Default)]
pub(crate) struct Recorder(parking_lot::Mutex<Vec<Arc<CommittedBatch>>>);

impl Recorder {
    pub(crate) fn events(&self) -> Vec<Arc<Event>> {
        self.0
            .lock()
            .iter()
            .flat_map(|batch| batch.events.clone())
            .collect()
    }

    pub(crate) fn batches(&self) -> Vec<Arc<CommittedBatch>> {
        self.0.lock().clone()
    }
}

impl CommittedBatches for Recorder {
    fn committed(&self, batch: &Arc<CommittedBatch>) {
        self.0.lock().push(Arc::clone(batch));
    }
}

pub(crate) struct World {
    pub(crate) url: String,
    pub(crate) clock: Arc<TestClock>,
    _folder: Option<tempfile::TempDir>,
}

/// One node: a store and what it told the live feed.
pub(crate) struct Node {
    pub(crate) store: Store,
    pub(crate) told: Arc<Recorder>,
}

impl World {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("confab.db").display());
        Self::at(url, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Self {
        let url = Servers::shared()
            .postgres()
            .await
            .create_database()
            .await
            .unwrap();
        Self::at(url, None).await
    }

    pub(crate) async fn at(url: String, folder: Option<tempfile::TempDir>) -> Self {
        confab_migration::run(&url).await.unwrap();
        let clock = Arc::new(TestClock {
            now_ms: AtomicI64::new(1_704_110_400_000),
            fuse: AtomicI64::new(-1),
        });
        Self {
            url,
            clock,
            _folder: folder,
        }
    }

    pub(crate) async fn node(&self) -> Node {
        self.node_with(LaneSettings {
            count: 1,
            ..LaneSettings::default()
        })
        .await
    }

    pub(crate) async fn node_with(&self, lanes: LaneSettings) -> Node {
        let told = Arc::new(Recorder::default());
        let settings = StoreSettings {
            connections_max: 6,
            lanes,
            ..StoreSettings::new(&self.url)
        };
        let store = Store::connect(settings, self.clock.clone(), told.clone())
            .await
            .unwrap();
        Node { store, told }
    }

    /// Changes the database past the store.
    pub(crate) async fn change(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).execute(&mut connection).await.unwrap();
        }
    }

    /// One number from the database itself.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        if self.url.starts_with("sqlite") {
            let mut connection = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).fetch_one(&mut connection).await.unwrap().get(0)
        } else {
            let mut connection = sqlx::PgConnection::connect(&self.url).await.unwrap();
            sqlx::query(sql).fetch_one(&mut connection).await.unwrap().get(0)
        }
    }
}

impl Node {
    pub(crate) async fn user(&self, username: &str) -> Actor {
        let now = Timestamp::from_millis(1_704_110_400_000);
        let user = NewUser {
            id: UserId::mint(now),
            username: username.into(),
            email: None,
            display_name: username.to_uppercase(),
            avatar_url: None,
            password_hash: None,
            role: UserRole::User,
        };
        let user = self.store.register(user, now, Trace::default()).await.unwrap();
        Actor {
            user_id: user.id,
            role: user.role,
            session_id: None,
        }
    }

    pub(crate) async fn room(&self, kind: RoomKind, owner: &Actor, members: &[&Actor]) -> RoomId {
        let now = Timestamp::from_millis(1_704_110_400_000);
        let room = NewRoom {
            id: RoomId::mint(now),
            kind,
            name: "A room".into(),
            description: None,
            metadata: json!({"colour": "green"}),
            history: History::All,
            member_ids: members.iter().map(|actor| actor.user_id).collect(),
            settings: confab_domain::RoomSettings::default(),
        };
        self.store
            .create_room(room, owner, now, Trace::default())
            .await
            .unwrap()
            .room
            .id
    }

    pub(crate) async fn say(
        &self,
        room_id: RoomId,
        actor: &Actor,
        client_id: &str,
        text: &str,
    ) -> Result<Sent> {
        soon(self.store.send(message(room_id, actor, client_id, text))).await
    }
}

/// A forward of `source` into the room, as the command makes it of what it has read.
pub(crate) fn forward(room_id: RoomId, actor: &Actor, client_id: &str, source: &Message) -> NewMessage {
    NewMessage {
        body: Body::forwarding(source).unwrap(),
        ..message(room_id, actor, client_id, "")
    }
}

pub(crate) fn message(room_id: RoomId, actor: &Actor, client_id: &str, text: &str) -> NewMessage {
    let now = Timestamp::from_millis(1_704_110_400_500);
    NewMessage {
        id: MessageId::mint(now),
        room_id,
        actor: actor.clone(),
        client_id: client_id.into(),
        body: Body {
            content: text.into(),
            content_type: ContentType::Plain,
            reply_to: None,
            metadata: json!({}),
            attachments: Vec::new(),
            named: confab_domain::Named::default(),
            forward: None,
        },
        created_at: now,
        trace: Trace {
            correlation_id: Some("request-1".into()),
            traceparent: None,
        },
    }
}

/// Runs each case on both databases.
macro_rules! on_both {
    ($($case:path as $name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { crate::world::soon($case(crate::world::World::sqlite().await)).await })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { crate::world::soon($case(crate::world::World::postgres().await)).await })*
        }
    };
}
pub(crate) use on_both;

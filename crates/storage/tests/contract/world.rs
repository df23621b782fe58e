//! A fresh database with a store on it, a clock that stands still, and an ear for what is committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use confab_domain::ports::{
    Accounts, Changed, CommittedBatch, CommittedBatches, NewMessage, NewRoom, NewUser, RoomWrites, Sent,
};
use confab_domain::{
    AccountEventKind, Actor, Body, Clock, ContentType, Control, Deed, Error, History, Message, MessageId,
    RoomId, RoomKind, Timestamp, Trace, User, UserId, UserRole,
};
use confab_storage::{Store, StoreSettings};
use confab_testkit::Servers;
use serde_json::json;

/// Stands still until it is moved.
pub(crate) struct StoppedClock(AtomicI64);

impl StoppedClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Remembers every batch.
#[derive(Default)]
pub(crate) struct Heard(std::sync::Mutex<Vec<Arc<CommittedBatch>>>);

impl CommittedBatches for Heard {
    fn committed(&self, batch: &Arc<CommittedBatch>) {
        self.0.lock().unwrap().push(batch.clone());
    }
}

impl Heard {
    /// Everything since it was last asked.
    pub(crate) fn take(&self) -> Vec<Arc<CommittedBatch>> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// Hints among it.
    pub(crate) fn take_controls(&self) -> Vec<Control> {
        self.take()
            .iter()
            .flat_map(|batch| batch.controls.clone())
            .collect()
    }
}

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) clock: Arc<StoppedClock>,
    pub(crate) heard: Arc<Heard>,
    pub(crate) url: String,
    is_postgres: bool,
    _folder: Option<tempfile::TempDir>,
}

impl World {
    pub(crate) async fn on_postgres() -> Self {
        let url = Servers::shared()
            .postgres()
            .await
            .create_database()
            .await
            .unwrap();
        Self::on(url, None).await
    }

    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("confab.db").display());
        Self::on(url, Some(folder)).await
    }

    pub(crate) async fn on(url: String, folder: Option<tempfile::TempDir>) -> Self {
        confab_migration::run(&url).await.unwrap();
        let clock = Arc::new(StoppedClock(AtomicI64::new(1_800_000_000_000)));
        let heard = Arc::new(Heard::default());
        let settings = StoreSettings::new(url.clone());
        let store = Store::connect(settings, clock.clone(), heard.clone())
            .await
            .unwrap();
        Self {
            store,
            clock,
            heard,
            is_postgres: folder.is_none(),
            url,
            _folder: folder,
        }
    }

    /// A second node on the same database.
    pub(crate) async fn another_node(&self) -> Store {
        let settings = StoreSettings::new(self.url.clone());
        Store::connect(settings, self.clock.clone(), self.heard.clone())
            .await
            .unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// One value of one row, past the store: what is really in the tables, as text.
    pub(crate) async fn sql(&self, sql: &str) -> String {
        if self.is_postgres {
            return Servers::shared()
                .postgres()
                .await
                .query(&self.url, sql)
                .await
                .unwrap()
                .trim()
                .to_owned();
        }
        let pool = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        let row: Option<(String,)> =
            sqlx::query_as(sqlx::AssertSqlSafe(format!("SELECT CAST(({sql}) AS text)")))
                .fetch_optional(&pool)
                .await
                .unwrap();
        pool.close().await;
        row.map(|row| row.0).unwrap_or_default()
    }

    /// Changes the tables past the store, for what only an operator's job does otherwise.
    pub(crate) async fn sql_change(&self, sql: &str) {
        if self.is_postgres {
            Servers::shared()
                .postgres()
                .await
                .query(&self.url, sql)
                .await
                .unwrap();
            return;
        }
        let pool = sqlx::SqlitePool::connect(&self.url).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(sql.to_owned()))
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    }

    pub(crate) async fn user(&self, username: &str) -> Actor {
        let user = self
            .store
            .register(new_user(username), self.now(), Trace::default())
            .await
            .unwrap();
        actor(&user)
    }

    /// A room with its founder, who is its owner.
    pub(crate) async fn room(&self, founder: &Actor, kind: RoomKind, history: History) -> RoomId {
        self.named_room(founder, kind, history, "room").await
    }

    pub(crate) async fn named_room(
        &self,
        founder: &Actor,
        kind: RoomKind,
        history: History,
        name: &str,
    ) -> RoomId {
        let room = NewRoom {
            id: RoomId::mint(self.now()),
            kind,
            name: name.to_owned(),
            description: None,
            metadata: json!({}),
            history,
            member_ids: Vec::new(),
            settings: confab_domain::RoomSettings::default(),
        };
        let made = self
            .store
            .create_room(room, founder, self.now(), trace())
            .await
            .unwrap();
        made.room.id
    }

    pub(crate) async fn direct(&self, one: &Actor, other: &Actor) -> RoomId {
        let id = RoomId::mint(self.now());
        let (made, _) = self
            .store
            .direct_room(id, one, other.user_id, self.now(), Trace::default())
            .await
            .unwrap();
        made.room.id
    }

    pub(crate) async fn deed(&self, room_id: RoomId, actor: &Actor, deed: Deed) -> Changed {
        self.store
            .change(room_id, actor, deed, self.now(), trace())
            .await
            .unwrap()
    }

    pub(crate) async fn say(&self, room_id: RoomId, sender: &Actor, text: &str) -> Arc<Message> {
        self.say_with(room_id, sender, text, json!({})).await
    }

    pub(crate) async fn say_with(
        &self,
        room_id: RoomId,
        sender: &Actor,
        text: &str,
        metadata: serde_json::Value,
    ) -> Arc<Message> {
        self.say_body(
            room_id,
            sender,
            Body {
                metadata,
                ..body(text)
            },
        )
        .await
    }

    /// Answers a message.
    pub(crate) async fn reply(&self, sender: &Actor, parent: &Message, text: &str) -> Arc<Message> {
        let body = Body {
            reply_to: Some(parent.id),
            ..body(text)
        };
        self.say_body(parent.room_id, sender, body).await
    }

    pub(crate) async fn say_body(&self, room_id: RoomId, sender: &Actor, body: Body) -> Arc<Message> {
        let message = new_message(room_id, sender, body, self.now());
        let sent: Sent = self.store.send(message).await.unwrap();
        sent.message
    }

    pub(crate) fn message(&self, id: MessageId, room_id: RoomId, sender: &Actor, text: &str) -> NewMessage {
        NewMessage {
            id,
            room_id,
            actor: sender.clone(),
            client_id: id.to_string(),
            body: body(text),
            created_at: self.now(),
            trace: Trace::default(),
        }
    }
}

/// A plain text.
pub(crate) fn body(text: &str) -> Body {
    Body {
        content: text.to_owned(),
        content_type: ContentType::Plain,
        reply_to: None,
        metadata: json!({}),
        attachments: Vec::new(),
        named: confab_domain::Named::default(),
        forward: None,
    }
}

/// A message with an id of its own.
pub(crate) fn new_message(room_id: RoomId, sender: &Actor, body: Body, now: Timestamp) -> NewMessage {
    let id = MessageId::mint(now);
    NewMessage {
        id,
        room_id,
        actor: sender.clone(),
        client_id: id.to_string(),
        body,
        created_at: now,
        trace: Trace::default(),
    }
}

/// The request that all changes of rooms come from.
pub(crate) fn trace() -> Trace {
    Trace {
        correlation_id: Some("a-request".into()),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
    }
}

pub(crate) fn new_user(username: &str) -> NewUser {
    NewUser {
        id: UserId::mint(Timestamp::from_millis(1_800_000_000_000)),
        username: username.to_owned(),
        email: None,
        display_name: username.to_owned(),
        avatar_url: None,
        password_hash: Some("hash".to_owned()),
        role: UserRole::User,
    }
}

pub(crate) fn actor(user: &User) -> Actor {
    Actor {
        user_id: user.id,
        role: user.role,
        session_id: None,
    }
}

/// Kinds of account events among batches.
pub(crate) fn account_events(batches: &[Arc<CommittedBatch>]) -> Vec<(AccountEventKind, UserId)> {
    batches
        .iter()
        .flat_map(|batch| &batch.account_events)
        .map(|event| (event.kind, event.user_id))
        .collect()
}

/// The reason of a refusal, with its code.
pub(crate) fn refusal<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    let error = outcome.unwrap_err();
    format!("{}: {error}", error.code().as_str())
}

//! What leaves when an account changes: rows of the outbox, in the partition of the user id and without `seq`.
//!
//! Two kinds: the event of an account, for the other services, and a control message (a session's end, an
//! account's change), which only the gateways hear, once more when its row is settled.

use std::sync::Arc;

use confab_domain::ports::{CommittedBatch, PARTITIONS, PendingEvent, SHARDS, partition_of};
use confab_domain::{
    AccountEvent, AccountEventKind, Control, Epoch, EventId, Timestamp, Trace, User, UserId,
};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::connect::Store;
use crate::dialect::Runner;
use crate::facts;

/// `event_type` of the rows that hold a control message.
const CONTROL: &str = "control";

/// What a transaction about one account has to tell.
pub(crate) struct Told {
    user_id: UserId,
    now: Timestamp,
    events: Vec<Arc<AccountEvent>>,
    controls: Vec<Control>,
}

impl Told {
    /// Nothing yet.
    pub(crate) const fn about(user_id: UserId, now: Timestamp) -> Self {
        Self {
            user_id,
            now,
            events: Vec::new(),
            controls: Vec::new(),
        }
    }

    /// An event of the account, as it is now.
    pub(crate) fn event(&mut self, kind: AccountEventKind, actor_id: UserId, user: &User, trace: Trace) {
        self.events.push(Arc::new(AccountEvent {
            id: EventId::mint(self.now),
            kind,
            user_id: self.user_id,
            actor_id,
            occurred_at: self.now,
            user: Some(Box::new(facts::profile(user.clone()))),
            trace,
        }));
    }

    /// A hint to the gateways.
    pub(crate) fn control(&mut self, control: Control) {
        self.controls.push(control);
    }

    /// Writes the rows, commits, and hands on what was committed.
    pub(crate) async fn commit(self, store: &Store, transaction: DatabaseTransaction) -> Result<(), DbErr> {
        if self.events.is_empty() && self.controls.is_empty() {
            return transaction.commit().await;
        }
        let run = store.within(&transaction);
        for event in &self.events {
            write_event(&run, event).await?;
        }
        for control in &self.controls {
            write_control(&run, self.user_id.0, *control, self.now).await?;
        }
        let epoch = epoch(&run).await?;
        transaction.commit().await?;
        store.announce(CommittedBatch {
            epoch,
            shard: partition_of(self.user_id.0) % SHARDS,
            events: Vec::new(),
            controls: self.controls,
            account_events: self.events,
        });
        Ok(())
    }
}

/// The database's life, as this statement sees it.
pub(crate) async fn epoch<C: ConnectionTrait>(run: &Runner<'_, C>) -> Result<Epoch, DbErr> {
    let row = run.first("SELECT name FROM epoch", Vec::new()).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("the epoch".into()))?;
    row.get::<String>("name").map(Epoch::new)
}

async fn write_event<C: ConnectionTrait>(run: &Runner<'_, C>, event: &AccountEvent) -> Result<(), DbErr> {
    let row = OutboxRow {
        partition_of: event.user_id.0,
        user_id: Some(event.user_id),
        event_id: event.id,
        event_type: event.kind.as_str(),
        facts: json!({ "actor_id": event.actor_id }),
        occurred_at: event.occurred_at,
        trace: &event.trace,
    };
    write(run, row).await
}

/// Writes a control message into the partition of `id`.
pub(crate) async fn write_control<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    id: Uuid,
    control: Control,
    now: Timestamp,
) -> Result<(), DbErr> {
    let facts = serde_json::to_value(control).map_err(|error| DbErr::Json(error.to_string()))?;
    let row = OutboxRow {
        partition_of: id,
        user_id: None,
        event_id: EventId::mint(now),
        event_type: CONTROL,
        facts,
        occurred_at: now,
        trace: &Trace::default(),
    };
    write(run, row).await
}

struct OutboxRow<'a> {
    partition_of: Uuid,
    user_id: Option<UserId>,
    event_id: EventId,
    event_type: &'a str,
    facts: Json,
    occurred_at: Timestamp,
    trace: &'a Trace,
}

async fn write<C: ConnectionTrait>(run: &Runner<'_, C>, row: OutboxRow<'_>) -> Result<(), DbErr> {
    const _: () = assert!(PARTITIONS <= i16::MAX as u16);
    let sql = format!(
        "INSERT INTO outbox (occurred_at, user_id, event_id, partition_id, event_type, facts, correlation_id, \
         traceparent) VALUES ($1, $2, $3, $4, $5, {}, $7, $8)",
        run.dialect.json("$6")
    );
    let arguments = vec![
        run.dialect.time(row.occurred_at),
        row.user_id.map(|user_id| user_id.0).into(),
        row.event_id.0.into(),
        (partition_of(row.partition_of) as i16).into(),
        row.event_type.into(),
        row.facts.to_string().into(),
        row.trace.correlation_id.as_deref().map(str::to_owned).into(),
        row.trace.traceparent.as_deref().map(str::to_owned).into(),
    ];
    run.execute(&sql, arguments).await.map(|_| ())
}

/// A row of the outbox that tells of no room, as it was read.
pub(crate) struct AccountRow {
    pub(crate) event_id: EventId,
    pub(crate) event_type: String,
    pub(crate) facts: Json,
    pub(crate) user_id: Option<UserId>,
    /// The account of that id as it is now.
    pub(crate) user: Option<User>,
    pub(crate) occurred_at: Timestamp,
    pub(crate) trace: Trace,
}

/// What such a row tells; none when only a newer version knows.
pub(crate) fn pending_event(row: AccountRow) -> Option<PendingEvent> {
    if row.event_type == CONTROL {
        return serde_json::from_value(row.facts).ok().map(PendingEvent::Control);
    }
    let user_id = row.user_id?;
    let actor_id = row
        .facts
        .get("actor_id")
        .and_then(|actor| serde_json::from_value(actor.clone()).ok());
    Some(PendingEvent::Account(Box::new(AccountEvent {
        id: row.event_id,
        kind: AccountEventKind::parse(&row.event_type)?,
        user_id,
        actor_id: actor_id.unwrap_or(user_id),
        occurred_at: row.occurred_at,
        user: row.user.map(|user| Box::new(facts::profile(user))),
        trace: row.trace,
    })))
}

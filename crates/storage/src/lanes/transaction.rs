//! The four statements of a batch, on either database.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use confab_domain::ports::{NewMessage, partition_of};
use confab_domain::{Epoch, MessageId, Posting, RoomId, RoomKind, Upload, UploadId};
use sea_orm::{DbErr, RuntimeErr};
use serde_json::json;
use sqlx::{Acquire, PgConnection, Postgres, Sqlite, SqlitePool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::job::Job;
use super::plan::{Counters, Parent, Plan, Repeat, RoomState, SendRow, Source, Sources};
use crate::change::is_peer_shut;
use crate::dialect::Dialect;
use crate::lists::{self, ListColumn};
use crate::rows::{self, Row, attachments_text, extras_text, metadata_text};
use crate::uploads;

/// Locks the heads in the order of their ids. What it returns of each is what stood when the lock was got;
/// nothing else may be read here, for this statement's snapshot is older than its locks.
const LOCK: &str = "SELECT room_id, last_seq, last_number FROM room_heads WHERE room_id = ANY($1) ORDER BY room_id FOR UPDATE";
const LOCK_FREE_ONES: &str = "SELECT room_id, last_seq, last_number FROM room_heads WHERE room_id = ANY($1) \
     ORDER BY room_id FOR UPDATE SKIP LOCKED";
const LOCK_SQLITE: &str = "SELECT room_id, last_seq, last_number FROM room_heads WHERE room_id IN (SELECT unhex(value) FROM json_each($1))";

const JOBS_POSTGRES: &str = "SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) WITH ORDINALITY \
     AS u(room_id, sender_id, client_key, reply_to, ord)";
const JOBS_SQLITE: &str = "SELECT unhex(value ->> 0) AS room_id, unhex(value ->> 1) AS sender_id, \
     unhex(value ->> 2) AS client_key, unhex(value ->> 3) AS reply_to, key + 1 AS ord FROM json_each($1)";

/// One statement for all that plain sends write. Guarded it locks the heads itself, and does nothing when one of
/// them is held or has another version than `$27` says.
fn write_sql(is_guarded: bool) -> String {
    let (free, condition) = if is_guarded {
        (
            "free AS MATERIALIZED (
        SELECT h.room_id FROM unnest($17::uuid[], $27::text[]) AS n(room_id, version)
        JOIN room_heads h ON h.room_id = n.room_id AND h.xmin = n.version::xid
        ORDER BY h.room_id FOR UPDATE OF h SKIP LOCKED
    ),",
            "(SELECT count(*) FROM free) = cardinality($17::uuid[])",
        )
    } else {
        ("", "TRUE")
    };
    format!("WITH {free} input AS (
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[], $5::uuid[], $6::uuid[],
            $7::uuid[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::timestamptz[],
            $14::smallint[], $15::text[], $16::text[], $24::text[], $25::text[]) WITH ORDINALITY
        AS u(room_id, seq, number, id, sender_id, client_key, body_hash, reply_to, content_type, client_id,
            content, metadata, created_at, partition_id, correlation_id, traceparent, extras, attachments, ord)
    ), said AS (
        INSERT INTO messages (room_id, seq, number, updated_seq, id, sender_id, client_key, body_hash,
            reply_to, content_type, client_id, content, metadata, created_at, extras,
            attachments)
        SELECT room_id, seq, number, seq, id, sender_id, client_key, body_hash, reply_to, content_type,
            client_id, content, metadata::json, created_at, extras::json, attachments::json
        FROM input WHERE {condition}
    ), heads AS (
        UPDATE room_heads h SET last_seq = n.seq, last_number = n.number,
            last_message_at = greatest(h.last_message_at, n.at)
        FROM unnest($17::uuid[], $18::bigint[], $19::bigint[], $20::timestamptz[]) AS n(room_id, seq, number, at)
        WHERE h.room_id = n.room_id AND {condition}
    ), marks AS (
        UPDATE members m SET last_read_number = greatest(m.last_read_number, n.number),
            last_delivered_number = greatest(m.last_delivered_number, n.number),
            last_sent_at = greatest(m.last_sent_at, $26::timestamptz)
        FROM unnest($21::uuid[], $22::uuid[], $23::bigint[]) AS n(room_id, user_id, number)
        WHERE m.room_id = n.room_id AND m.user_id = n.user_id AND {condition}
    )
    INSERT INTO outbox (partition_id, room_id, seq, event_id, event_type, occurred_at, correlation_id, traceparent)
    SELECT partition_id, room_id, seq, id, 'message_created', created_at, correlation_id, traceparent
    FROM input WHERE {condition} ORDER BY ord")
}

static WRITE_POSTGRES: LazyLock<String> = LazyLock::new(|| write_sql(false));
static WRITE_UNLESS_MOVED: LazyLock<String> = LazyLock::new(|| write_sql(true));

/// SQLite's share of [`WRITE_POSTGRES`], statement by statement.
const WRITE_SQLITE: [&str; 4] = [
    "INSERT INTO messages (room_id, seq, number, updated_seq, id, sender_id, client_key, body_hash, reply_to,
        content_type, client_id, content, metadata, created_at, extras, attachments)
     SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 1, unhex(value ->> 3), unhex(value ->> 4),
        unhex(value ->> 5), unhex(value ->> 6), unhex(value ->> 7), value ->> 8, value ->> 9, value ->> 10,
        value ->> 11, value ->> 12, value ->> 16, value ->> 17 FROM json_each($1) ORDER BY key",
    "INSERT INTO outbox (partition_id, room_id, seq, event_id, event_type, occurred_at, correlation_id, traceparent)
     SELECT value ->> 13, unhex(value ->> 0), value ->> 1, unhex(value ->> 3), 'message_created', value ->> 12,
        value ->> 14, value ->> 15 FROM json_each($1) ORDER BY key",
    "UPDATE room_heads SET last_seq = n.seq, last_number = n.number,
        last_message_at = max(coalesce(last_message_at, n.at), n.at)
     FROM (SELECT unhex(value ->> 0) AS room_id, value ->> 1 AS seq, value ->> 2 AS number, value ->> 3 AS at
        FROM json_each($1)) AS n WHERE room_heads.room_id = n.room_id",
    "UPDATE members SET last_read_number = max(last_read_number, n.number),
        last_delivered_number = max(last_delivered_number, n.number),
        last_sent_at = max(coalesce(last_sent_at, n.at), n.at)
     FROM (SELECT unhex(value ->> 0) AS room_id, unhex(value ->> 1) AS user_id, value ->> 2 AS number,
        value ->> 3 AS at
        FROM json_each($1)) AS n WHERE members.room_id = n.room_id AND members.user_id = n.user_id",
];

/// Files that messages bear are not swept. They were locked before they were judged.
const ATTACH_POSTGRES: &str =
    "UPDATE uploads SET room_id = n.room_id, message_id = n.message_id, due_at = NULL,
        number = (SELECT g.number FROM messages g WHERE g.id = n.message_id)
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS n(id, room_id, message_id) WHERE uploads.id = n.id";
const ATTACH_SQLITE: &str =
    "UPDATE uploads SET room_id = n.room_id, message_id = n.message_id, due_at = NULL,
        number = (SELECT g.number FROM messages g WHERE g.id = n.message_id)
    FROM (SELECT unhex(value ->> 0) AS id, unhex(value ->> 1) AS room_id, unhex(value ->> 2) AS message_id
        FROM json_each($1)) AS n WHERE uploads.id = n.id";

/// Copies share the bytes, which stay as long as one of them does.
const COPY_POSTGRES: &str = "INSERT INTO uploads (created_at, size, id, blob_id, owner_id, room_id, message_id, width,
        height, state, filename, content_type, preview, thumbnail_type, number)
    SELECT u.created_at, u.size, n.id, u.blob_id, n.owner_id, n.room_id, n.message_id, u.width, u.height, 'ready',
        u.filename, u.content_type, u.preview, u.thumbnail_type,
        (SELECT g.number FROM messages g WHERE g.id = n.message_id)
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[])
        AS n(id, source_id, owner_id, room_id, message_id) JOIN uploads u ON u.id = n.source_id";
const COPY_SQLITE: &str = "INSERT INTO uploads (created_at, size, id, blob_id, owner_id, room_id, message_id, width,
        height, state, filename, content_type, preview, thumbnail_type, number)
    SELECT u.created_at, u.size, unhex(value ->> 0), u.blob_id, unhex(value ->> 2), unhex(value ->> 3),
        unhex(value ->> 4), u.width, u.height, 'ready', u.filename, u.content_type, u.preview, u.thumbnail_type,
        (SELECT g.number FROM messages g WHERE g.id = unhex(value ->> 4))
    FROM json_each($1) JOIN uploads u ON u.id = unhex(value ->> 1)";

/// Parents count their replies: only of batches that have any.
const ANSWERED_POSTGRES: &str =
    "UPDATE messages m SET reply_count = coalesce(m.reply_count, 0) + n.added, last_reply_at = n.at
     FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::timestamptz[]) AS n(room_id, seq, added, at)
     WHERE m.room_id = n.room_id AND m.seq = n.seq";
const ANSWERED_SQLITE: &str =
    "UPDATE messages SET reply_count = coalesce(reply_count, 0) + n.added, last_reply_at = n.at
     FROM (SELECT unhex(value ->> 0) AS room_id, value ->> 1 AS seq, value ->> 2 AS added, value ->> 3 AS at
        FROM json_each($1)) AS n WHERE messages.room_id = n.room_id AND messages.seq = n.seq";

/// Whom messages name: only of batches that name anybody.
const MENTIONS_POSTGRES: &str = "INSERT INTO mentions (room_id, user_id, number, seq, said_at)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[], $5::timestamptz[])";
const MENTIONS_SQLITE: &str = "INSERT INTO mentions (room_id, user_id, number, seq, said_at)
     SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4 FROM json_each($1)";

/// What is read of the whole batch after the locks.
pub(crate) struct Facts {
    pub(crate) epoch: Epoch,
    /// In the order of the sends.
    pub(crate) rows: Vec<SendRow>,
}

/// A head as it stood in a snapshot.
pub(crate) struct VersionedHead {
    pub(crate) counters: Counters,
    /// Another one after every write of the row.
    pub(crate) version: String,
}

/// An open transaction of a lane. Dropped without [`Self::commit`] it is rolled back.
pub(crate) enum LaneTransaction<'c> {
    Postgres(sqlx::Transaction<'c, Postgres>),
    Sqlite(sqlx::Transaction<'static, Sqlite>),
}

impl<'c> LaneTransaction<'c> {
    pub(crate) async fn begin_postgres(connection: &'c mut PgConnection) -> Result<Self, DbErr> {
        Ok(Self::Postgres(connection.begin().await.map_err(db)?))
    }

    pub(crate) async fn begin_sqlite(writer: &SqlitePool) -> Result<Self, DbErr> {
        Ok(Self::Sqlite(
            writer.begin_with("BEGIN IMMEDIATE").await.map_err(db)?,
        ))
    }

    const fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Locks the heads of these rooms, and tells their counters. Rooms that do not exist are left out, and
    /// so are those held by others, unless `waits` (then for at most the lock timeout).
    pub(crate) async fn lock(
        &mut self,
        room_ids: &[RoomId],
        waits: bool,
    ) -> Result<HashMap<RoomId, Counters>, DbErr> {
        let ids: Vec<Uuid> = room_ids.iter().map(|id| id.0).collect();
        let sql = if waits { LOCK } else { LOCK_FREE_ONES };
        let rows = match self {
            Self::Postgres(on) => postgres_rows(sqlx::query(sql).bind(ids).fetch_all(&mut **on).await),
            Self::Sqlite(on) => {
                let ids: Vec<String> = ids.into_iter().map(hex).collect();
                sqlite_rows(
                    sqlx::query(LOCK_SQLITE)
                        .bind(json!(ids).to_string())
                        .fetch_all(&mut **on)
                        .await,
                )
            }
        }?;
        rows.iter()
            .map(|row| Ok((row.id("room_id")?, counters(row)?)))
            .collect()
    }

    /// Reads what must be known of each send. A statement of its own, so that its snapshot is younger than
    /// the locks.
    pub(crate) async fn facts(&mut self, jobs: &[Job]) -> Result<Facts, DbErr> {
        let rows = match self {
            Self::Postgres(on) => facts_postgres(on, &FACTS_POSTGRES, jobs).await,
            Self::Sqlite(on) => {
                let jobs: Vec<_> = jobs
                    .iter()
                    .map(|job| {
                        json!([
                            hex(job.message.room_id.0),
                            hex(job.message.actor.user_id.0),
                            hex(job.client_key),
                            job.message.body.reply_to.map(|id| hex(id.0)),
                        ])
                    })
                    .collect();
                let query =
                    sqlx::query(sqlx::AssertSqlSafe(FACTS_SQLITE.as_str())).bind(json!(jobs).to_string());
                sqlite_rows(query.fetch_all(&mut **on).await)
            }
        }?;
        read_facts(&rows)
    }

    /// The messages of these ids with the hashes of their bodies.
    pub(crate) async fn repeats(
        &mut self,
        message_ids: &[MessageId],
    ) -> Result<HashMap<MessageId, Repeat>, DbErr> {
        if message_ids.is_empty() {
            return Ok(HashMap::new());
        }
        let dialect = self.dialect();
        let sql = format!(
            "SELECT {}, g.body_hash FROM {} AS list JOIN messages g ON g.id = list.id",
            rows::MESSAGE,
            dialect.ids_table("$1")
        );
        let ids = dialect.ids_text(message_ids.iter().map(|id| id.0));
        let rows = self.rows(sql, ids).await?;
        rows.iter()
            .map(|row| {
                let message = rows::message(row)?;
                let repeat = Repeat {
                    body_hash: row.get("body_hash")?,
                    message: Arc::new(message),
                };
                Ok((repeat.message.id, repeat))
            })
            .collect()
    }

    /// The files that these sends name and that are there whole, locked in the order of their ids, so that no
    /// file is given to two messages. Nothing is asked when none is named.
    pub(crate) async fn uploads(&mut self, jobs: &[Job]) -> Result<HashMap<UploadId, Upload>, DbErr> {
        let mut ids: Vec<_> = jobs
            .iter()
            .flat_map(|job| job.message.body.attachments.iter().map(|id| id.0))
            .collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        ids.sort_unstable();
        ids.dedup();
        let dialect = self.dialect();
        let sql = uploads::to_attach_sql(dialect);
        let rows = self.rows(sql, dialect.ids_text(ids)).await?;
        rows.iter()
            .map(|row| uploads::upload(row).map(|upload| (upload.file.id, upload)))
            .collect()
    }

    /// The messages that these sends forward, each with its forwarder's row in its room. Nothing is asked when
    /// none forwards.
    pub(crate) async fn sources(&mut self, jobs: &[Job]) -> Result<Sources, DbErr> {
        let forwards = jobs.iter().filter_map(|job| {
            let NewMessage { actor, body, .. } = &job.message;
            let forward = body.forward.as_ref()?;
            Some(json!([hex(forward.source_id.0), hex(actor.user_id.0)]))
        });
        let pairs: Vec<_> = forwards.collect();
        if pairs.is_empty() {
            return Ok(HashMap::new());
        }
        let columns = [ListColumn::Id("message_id"), ListColumn::Id("forwarder_id")];
        let sql = format!(
            "SELECT list.forwarder_id, r.kind, {}, {} FROM {} AS list JOIN messages g ON g.id = list.message_id \
             JOIN rooms r ON r.id = g.room_id AND r.deleted_at IS NULL \
             LEFT JOIN members m ON m.room_id = g.room_id AND m.user_id = list.forwarder_id",
            rows::MESSAGE,
            rows::MEMBER,
            lists::table(self.dialect(), "$1", &columns)
        );
        let rows = self.rows(sql, json!(pairs).to_string()).await?;
        rows.iter()
            .map(|row| {
                let source = Source {
                    message: rows::message(row)?,
                    kind: row.word("kind", RoomKind::parse)?,
                    membership: rows::member_or_none(row)?,
                };
                Ok(((source.message.id, row.id("forwarder_id")?), source))
            })
            .collect()
    }

    /// The rows that a statement with one argument of text returns.
    async fn rows(&mut self, sql: String, argument: String) -> Result<Vec<Row>, DbErr> {
        let query = sqlx::AssertSqlSafe(sql);
        match self {
            Self::Postgres(on) => postgres_rows(sqlx::query(query).bind(argument).fetch_all(&mut **on).await),
            Self::Sqlite(on) => sqlite_rows(sqlx::query(query).bind(argument).fetch_all(&mut **on).await),
        }
    }

    /// Writes the messages, their outbox rows, the heads and the marks; where there are any, what they do to
    /// the messages they answer, and whom they name.
    pub(crate) async fn write(&mut self, plan: &Plan, jobs: &[Job]) -> Result<(), DbErr> {
        match self {
            Self::Postgres(on) => write_postgres(on, plan, jobs).await?,
            Self::Sqlite(on) => write_sqlite(on, plan, jobs).await?,
        }
        if !plan.answered.is_empty() {
            self.write_answered(plan).await?;
        }
        if !plan.mentions.is_empty() {
            self.write_mentions(plan).await?;
        }
        Ok(())
    }

    async fn write_answered(&mut self, plan: &Plan) -> Result<(), DbErr> {
        let parents = || plan.answered.iter();
        match self {
            Self::Postgres(on) => {
                let query = sqlx::query(ANSWERED_POSTGRES)
                    .bind(parents().map(|((id, _), _)| id.0).collect::<Vec<_>>())
                    .bind(parents().map(|((_, seq), _)| *seq).collect::<Vec<_>>())
                    .bind(parents().map(|(_, (count, _))| *count).collect::<Vec<_>>())
                    .bind(
                        parents()
                            .map(|(_, (_, at))| OffsetDateTime::from(*at))
                            .collect::<Vec<_>>(),
                    );
                query.execute(&mut **on).await.map(|_| ())
            }
            Self::Sqlite(on) => {
                let list: Vec<_> = parents()
                    .map(|((id, seq), (count, at))| json!([hex(id.0), seq, count, at.as_millis()]))
                    .collect();
                let query = sqlx::query(ANSWERED_SQLITE).bind(json!(list).to_string());
                query.execute(&mut **on).await.map(|_| ())
            }
        }
        .map_err(db)
    }

    async fn write_mentions(&mut self, plan: &Plan) -> Result<(), DbErr> {
        let named = || plan.mentions.iter();
        match self {
            Self::Postgres(on) => {
                let query = sqlx::query(MENTIONS_POSTGRES)
                    .bind(named().map(|mention| mention.room_id.0).collect::<Vec<_>>())
                    .bind(named().map(|mention| mention.user_id).collect::<Vec<_>>())
                    .bind(named().map(|mention| mention.number).collect::<Vec<_>>())
                    .bind(named().map(|mention| mention.seq).collect::<Vec<_>>())
                    .bind(
                        named()
                            .map(|mention| OffsetDateTime::from(mention.said_at))
                            .collect::<Vec<_>>(),
                    );
                query.execute(&mut **on).await.map(|_| ())
            }
            Self::Sqlite(on) => {
                let list: Vec<_> = named()
                    .map(|mention| {
                        json!([
                            hex(mention.room_id.0),
                            hex(mention.user_id),
                            mention.number,
                            mention.seq,
                            mention.said_at.as_millis()
                        ])
                    })
                    .collect();
                let query = sqlx::query(MENTIONS_SQLITE).bind(json!(list).to_string());
                query.execute(&mut **on).await.map(|_| ())
            }
        }
        .map_err(db)
    }

    /// Makes it durable. An error leaves the outcome unknown.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Postgres(on) => on.commit().await,
            Self::Sqlite(on) => on.commit().await,
        }
        .map_err(db)
    }
}

/// Writes the plan of plain sends, durable at once, if the heads are free and of these versions; else nothing.
/// `versions` are in the order of the plan's heads.
pub(crate) async fn write_unless_moved(
    on: &mut PgConnection,
    plan: &Plan,
    jobs: &[Job],
    versions: Vec<String>,
) -> Result<bool, DbErr> {
    let write = write_query(&WRITE_UNLESS_MOVED, plan, jobs).bind(versions);
    let written = write.execute(on).await.map_err(db)?;
    Ok(written.rows_affected() > 0)
}

type Query = sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments>;

fn write_query(sql: &'static str, plan: &Plan, jobs: &[Job]) -> Query {
    let each = &plan.messages;
    let of = |index: usize| &jobs[index];
    sqlx::query(sql)
        .bind(each.iter().map(|(_, m)| m.room_id.0).collect::<Vec<_>>())
        .bind(each.iter().map(|(_, m)| m.seq).collect::<Vec<_>>())
        .bind(each.iter().map(|(_, m)| m.number).collect::<Vec<_>>())
        .bind(each.iter().map(|(_, m)| m.id.0).collect::<Vec<_>>())
        .bind(each.iter().map(|(_, m)| m.sender_id.0).collect::<Vec<_>>())
        .bind(
            each.iter()
                .map(|(job, _)| of(*job).client_key)
                .collect::<Vec<_>>(),
        )
        .bind(each.iter().map(|(job, _)| of(*job).body_hash).collect::<Vec<_>>())
        .bind(
            each.iter()
                .map(|(_, m)| m.reply_to.map(|id| id.0))
                .collect::<Vec<_>>(),
        )
        .bind(
            each.iter()
                .map(|(_, m)| m.content_type.as_str())
                .collect::<Vec<_>>(),
        )
        .bind(each.iter().map(|(_, m)| m.client_id.as_str()).collect::<Vec<_>>())
        .bind(each.iter().map(|(_, m)| m.content.as_deref()).collect::<Vec<_>>())
        .bind(
            each.iter()
                .map(|(_, m)| metadata_text(&m.metadata))
                .collect::<Vec<_>>(),
        )
        .bind(
            each.iter()
                .map(|(_, m)| OffsetDateTime::from(m.created_at))
                .collect::<Vec<_>>(),
        )
        .bind(each.iter().map(|(_, m)| partition(m.room_id)).collect::<Vec<_>>())
        .bind(
            each.iter()
                .map(|(job, _)| of(*job).message.trace.correlation_id.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(
            each.iter()
                .map(|(job, _)| of(*job).message.trace.traceparent.as_deref())
                .collect::<Vec<_>>(),
        )
        .bind(plan.heads.keys().map(|room_id| room_id.0).collect::<Vec<_>>())
        .bind(
            plan.heads
                .values()
                .map(|(counters, _)| counters.last_seq)
                .collect::<Vec<_>>(),
        )
        .bind(
            plan.heads
                .values()
                .map(|(counters, _)| counters.last_number)
                .collect::<Vec<_>>(),
        )
        .bind(
            plan.heads
                .values()
                .map(|(_, at)| OffsetDateTime::from(*at))
                .collect::<Vec<_>>(),
        )
        .bind(
            plan.marks
                .keys()
                .map(|(room_id, _)| room_id.0)
                .collect::<Vec<_>>(),
        )
        .bind(
            plan.marks
                .keys()
                .map(|(_, user_id)| user_id.0)
                .collect::<Vec<_>>(),
        )
        .bind(plan.marks.values().copied().collect::<Vec<_>>())
        .bind(
            each.iter()
                .map(|(_, m)| extras_text(&m.extras))
                .collect::<Vec<_>>(),
        )
        .bind(
            each.iter()
                .map(|(_, m)| attachments_text(&m.attachments))
                .collect::<Vec<_>>(),
        )
        .bind(OffsetDateTime::from(plan.sent_at))
}

async fn write_postgres(on: &mut PgConnection, plan: &Plan, jobs: &[Job]) -> Result<(), DbErr> {
    let write = write_query(&WRITE_POSTGRES, plan, jobs);
    write.execute(&mut *on).await.map_err(db)?;
    if !plan.attached.is_empty() {
        let each = &plan.attached;
        sqlx::query(ATTACH_POSTGRES)
            .bind(each.iter().map(|(id, _, _)| id.0).collect::<Vec<_>>())
            .bind(each.iter().map(|(_, id, _)| id.0).collect::<Vec<_>>())
            .bind(each.iter().map(|(_, _, id)| id.0).collect::<Vec<_>>())
            .execute(&mut *on)
            .await
            .map_err(db)?;
    }
    if !plan.copied.is_empty() {
        let each = &plan.copied;
        sqlx::query(COPY_POSTGRES)
            .bind(each.iter().map(|copy| copy.id.0).collect::<Vec<_>>())
            .bind(each.iter().map(|copy| copy.source_id.0).collect::<Vec<_>>())
            .bind(each.iter().map(|copy| copy.owner_id.0).collect::<Vec<_>>())
            .bind(each.iter().map(|copy| copy.room_id.0).collect::<Vec<_>>())
            .bind(each.iter().map(|copy| copy.message_id.0).collect::<Vec<_>>())
            .execute(on)
            .await
            .map_err(db)?;
    }
    Ok(())
}

async fn write_sqlite(on: &mut sqlx::SqliteConnection, plan: &Plan, jobs: &[Job]) -> Result<(), DbErr> {
    let messages: Vec<_> = plan
        .messages
        .iter()
        .map(|(index, m)| {
            let job = &jobs[*index];
            json!([
                hex(m.room_id.0),
                m.seq,
                m.number,
                hex(m.id.0),
                hex(m.sender_id.0),
                hex(job.client_key),
                hex(job.body_hash),
                m.reply_to.map(|id| hex(id.0)),
                m.content_type.as_str(),
                m.client_id,
                m.content,
                metadata_text(&m.metadata),
                m.created_at.as_millis(),
                partition(m.room_id),
                job.message.trace.correlation_id,
                job.message.trace.traceparent,
                extras_text(&m.extras),
                attachments_text(&m.attachments),
            ])
        })
        .collect();
    let heads: Vec<_> = plan
        .heads
        .iter()
        .map(|(id, (counters, at))| {
            json!([hex(id.0), counters.last_seq, counters.last_number, at.as_millis()])
        })
        .collect();
    let marks: Vec<_> = plan
        .marks
        .iter()
        .map(|((room_id, user_id), number)| {
            json!([hex(room_id.0), hex(user_id.0), number, plan.sent_at.as_millis()])
        })
        .collect();
    let messages = json!(messages).to_string();
    let arguments = [
        messages.clone(),
        messages,
        json!(heads).to_string(),
        json!(marks).to_string(),
    ];
    for (sql, argument) in WRITE_SQLITE.into_iter().zip(arguments) {
        sqlx::query(sql)
            .bind(argument)
            .execute(&mut *on)
            .await
            .map_err(db)?;
    }
    let attached: Vec<_> = plan
        .attached
        .iter()
        .map(|(id, room_id, message_id)| json!([hex(id.0), hex(room_id.0), hex(message_id.0)]))
        .collect();
    let copied: Vec<_> = plan
        .copied
        .iter()
        .map(|copy| {
            let ids = [
                copy.id.0,
                copy.source_id.0,
                copy.owner_id.0,
                copy.room_id.0,
                copy.message_id.0,
            ];
            json!(ids.map(hex))
        })
        .collect();
    for (sql, list) in [(ATTACH_SQLITE, attached), (COPY_SQLITE, copied)] {
        if !list.is_empty() {
            sqlx::query(sql)
                .bind(json!(list).to_string())
                .execute(&mut *on)
                .await
                .map_err(db)?;
        }
    }
    Ok(())
}

/// What is read of the whole batch, and the heads of its rooms, in one snapshot and without a lock.
pub(crate) async fn facts_and_heads(
    on: &mut PgConnection,
    jobs: &[Job],
) -> Result<(Facts, HashMap<RoomId, VersionedHead>), DbErr> {
    let rows = facts_postgres(on, &FACTS_AND_HEADS, jobs).await?;
    let mut heads = HashMap::with_capacity(rows.len());
    for (row, job) in rows.iter().zip(jobs) {
        if let Some(version) = row.get("version")? {
            let counters = counters(row)?;
            heads.insert(job.message.room_id, VersionedHead { counters, version });
        }
    }
    Ok((read_facts(&rows)?, heads))
}

async fn facts_postgres(on: &mut PgConnection, sql: &'static str, jobs: &[Job]) -> Result<Vec<Row>, DbErr> {
    let each = || jobs.iter().map(|job| &job.message);
    let query = sqlx::query(sql)
        .bind(each().map(|message| message.room_id.0).collect::<Vec<_>>())
        .bind(each().map(|message| message.actor.user_id.0).collect::<Vec<_>>())
        .bind(jobs.iter().map(|job| job.client_key).collect::<Vec<_>>())
        .bind(
            each()
                .map(|message| message.body.reply_to.map(|id| id.0))
                .collect::<Vec<_>>(),
        );
    postgres_rows(query.fetch_all(on).await)
}

fn read_facts(rows: &[Row]) -> Result<Facts, DbErr> {
    let epoch = match rows.first() {
        Some(row) => Epoch::new(row.get::<String>("epoch")?),
        None => return Err(DbErr::Custom("a batch without sends".to_owned())),
    };
    Ok(Facts {
        epoch,
        rows: rows.iter().map(send_row).collect::<Result<_, _>>()?,
    })
}

fn counters(row: &Row) -> Result<Counters, DbErr> {
    Ok(Counters {
        last_seq: row.get("last_seq")?,
        last_number: row.get("last_number")?,
    })
}

fn send_row(row: &Row) -> Result<SendRow, DbErr> {
    let kind: Option<String> = row.get("kind")?;
    let room = match kind {
        Some(kind) => Some(RoomState {
            kind: RoomKind::parse(&kind)
                .ok_or_else(|| DbErr::Type("rooms.kind holds an unknown word".to_owned()))?,
            is_active: row.get("is_active")?,
            is_open_to_all: row.get("is_open_to_all")?,
            posting: row.word("posting", Posting::parse)?,
            slow_mode_seconds: row.get("slow_mode_seconds")?,
            is_peer_shut: row.get::<Option<bool>>("is_peer_shut")?.unwrap_or(false),
        }),
        None => None,
    };
    Ok(SendRow {
        room,
        membership: rows::member_or_none(row)?,
        is_sender_open: row.get("is_sender_open")?,
        last_sent_at: row.time_or_none("last_sent_at")?,
        repeat_id: row.id_or_none("repeat_id")?,
        parent: match rows::preview_or_none(row, "parent")? {
            Some(preview) => Some(Parent {
                seq: row.get("parent_seq")?,
                preview,
            }),
            None => None,
        },
    })
}

static FACTS_POSTGRES: LazyLock<String> =
    LazyLock::new(|| facts_sql(JOBS_POSTGRES, Dialect::Postgres, false));
static FACTS_AND_HEADS: LazyLock<String> =
    LazyLock::new(|| facts_sql(JOBS_POSTGRES, Dialect::Postgres, true));
static FACTS_SQLITE: LazyLock<String> = LazyLock::new(|| facts_sql(JOBS_SQLITE, Dialect::Sqlite, false));

/// Scalar subqueries, not joins, for what is found by one index: there is no other plan for them.
fn facts_sql(jobs: &str, dialect: Dialect, with_heads: bool) -> String {
    let (head, head_join) = if with_heads {
        (
            ", h.last_seq, h.last_number, h.xmin::text AS version",
            "LEFT JOIN room_heads h ON h.room_id = j.room_id",
        )
    } else {
        ("", "")
    };
    format!(
        "WITH j AS MATERIALIZED ({jobs})
        SELECT (SELECT name FROM epoch) AS epoch, r.kind, r.is_active, r.history = 'all' AS is_open_to_all,
            r.posting, r.slow_mode_seconds, m.last_sent_at, {member},
            EXISTS (SELECT 1 FROM users u WHERE u.id = j.sender_id AND u.deactivated_at IS NULL) AS is_sender_open,
            {is_peer_shut} AS is_peer_shut,
            (SELECT x.id FROM messages x WHERE x.client_key = j.client_key) AS repeat_id,
            CASE WHEN j.reply_to IS NOT NULL THEN (
                SELECT {preview} FROM messages p WHERE p.id = j.reply_to AND p.room_id = j.room_id
            ) END AS parent,
            CASE WHEN j.reply_to IS NOT NULL THEN (
                SELECT x.seq FROM messages x WHERE x.id = j.reply_to AND x.room_id = j.room_id
            ) END AS parent_seq{head}
        FROM j
        LEFT JOIN rooms r ON r.id = j.room_id AND r.deleted_at IS NULL
        LEFT JOIN members m ON m.room_id = j.room_id AND m.user_id = j.sender_id
        {head_join}
        ORDER BY j.ord",
        member = rows::MEMBER,
        preview = rows::preview(dialect),
        is_peer_shut = is_peer_shut("j.sender_id")
    )
}

fn partition(room_id: RoomId) -> i16 {
    // Sixteen partitions fit anywhere.
    partition_of(room_id.0) as i16
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

fn postgres_rows(rows: Result<Vec<sqlx::postgres::PgRow>, sqlx::Error>) -> Result<Vec<Row>, DbErr> {
    Ok(rows
        .map_err(db)?
        .into_iter()
        .map(|row| Row::new(Dialect::Postgres, row.into()))
        .collect())
}

fn sqlite_rows(rows: Result<Vec<sqlx::sqlite::SqliteRow>, sqlx::Error>) -> Result<Vec<Row>, DbErr> {
    Ok(rows
        .map_err(db)?
        .into_iter()
        .map(|row| Row::new(Dialect::Sqlite, row.into()))
        .collect())
}

/// Errors of sqlx in the clothes of sea-orm's, so that there is one place that judges them.
pub(crate) fn db(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(Arc::new(error)))
}

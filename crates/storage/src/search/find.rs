//! Finding: from terms to messages as they are now, and only those that the viewer may read.

use std::time::Duration;

use confab_domain::ports::{SEARCH_CANDIDATES_MAX, SearchFound, SearchRequest};
use confab_domain::search::Terms;
use confab_domain::{Error, Message, Result, RoomId, Timestamp, UserRole};
use sea_orm::{DatabaseTransaction, DbErr, Value};

use super::eras::Span;
use super::filters::{self, Conditions, conditions};
use crate::connect::Store;
use crate::dialect::{Dialect, Runner};
use crate::error::from_db;
use crate::rows::{self, MESSAGE};

/// How long one search may take, with the wait for its turn.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(4);
/// Kept by PostgreSQL for each statement of a search, in milliseconds.
const STATEMENT_TIMEOUT_MS: &str = "3000";
/// The map of what an index found must not grow coarse: rows would be read to be looked at again.
const WORK_MEM: &str = "32MB";
/// So many rooms are named by their terms. An index of terms takes each document up for every term it is asked for,
/// so that 250 rooms cost forty times as much as none.
const ROOM_TERMS_MAX: usize = 16;
/// So many rooms are named by their ids. Who belongs to more is searched for in all rooms, and what is not theirs is
/// then sorted out.
const ROOMS_MAX: usize = 5_000;
/// Rooms that have less than one of so many messages are met with what the index of terms found, by an index of
/// theirs; of rooms that have more, each document found is looked at instead.
const SMALL_PART: i64 = 10;
/// Up to so many documents are taken at once, and the newest read. To take them costs less than to look for what is
/// seldom said in one span of time after the other.
const PROBED_DOCUMENTS_MAX: i64 = 10_000;
/// Documents that one look takes from the index, newest or not: more than enough of them are newest.
const LOOK_DOCUMENTS_MAX: i64 = 4_000;
/// The same where other people's rooms are found along.
const MIXED_DOCUMENTS_MAX: i64 = 20_000;
/// Text that is read for one look.
const TEXT_BYTES_MAX: i64 = 1024 * 1024;

type Run<'a> = Runner<'a, DatabaseTransaction>;

/// All that may answer, or the newest of it.
pub(super) async fn find(store: &Store, request: &SearchRequest) -> Result<SearchFound> {
    let searching = async {
        let _turn = store.searches().acquire().await;
        let transaction = store.begin_snapshot().await?;
        let run = store.within(&transaction);
        let found = find_within(&run, request).await?;
        // Nothing was written; the snapshot goes either way.
        transaction.commit().await?;
        Ok(found)
    };
    match tokio::time::timeout(SEARCH_TIMEOUT, searching).await {
        Ok(found) => found.map_err(from_db),
        Err(elapsed) => Err(Error::unavailable("the search took too long", elapsed)),
    }
}

async fn find_within(run: &Run<'_>, request: &SearchRequest) -> std::result::Result<SearchFound, DbErr> {
    if run.dialect == Dialect::Postgres {
        // The other cores belong to the sends.
        let sql = "SELECT set_config('statement_timeout', $1, true), set_config('work_mem', $2, true), \
                   set_config('plan_cache_mode', 'force_custom_plan', true), \
                   set_config('max_parallel_workers_per_gather', '0', true)";
        run.first(sql, vec![STATEMENT_TIMEOUT_MS.into(), WORK_MEM.into()])
            .await?;
    }
    let nothing = SearchFound {
        messages: Vec::new(),
        is_complete: true,
    };
    let places = match places(run, request).await? {
        Some(places) if places.room_ids.is_empty() => return Ok(nothing),
        places => places,
    };
    let is_mixed = places.is_none() && request.viewer.role != UserRole::Service;
    let mut terms = vec![request.terms.clone()];
    let mut rooms = None;
    if let Some(Places { room_ids, messages }) = places {
        let ids = room_ids.iter().map(|room_id| room_id.0);
        if room_ids.len() <= ROOM_TERMS_MAX {
            terms.push(any(ids.map(filters::room)));
        } else {
            let are_few = messages.saturating_mul(SMALL_PART) < documents(run).await?;
            rooms = Some((run.dialect.ids_text(ids), are_few));
        }
    }
    if let Some(sender_id) = request.sender_id {
        terms.push(Terms::Term(filters::sender(sender_id.0)));
    }
    if request.has_file {
        terms.push(Terms::Term(filters::FILE.to_owned()));
    }
    let look = Look {
        run,
        request,
        terms,
        rooms,
    };
    let all = Span::of(request.since, request.until);
    let probed = if is_mixed {
        MIXED_DOCUMENTS_MAX
    } else {
        PROBED_DOCUMENTS_MAX
    } + 1;
    // SQLite gives the newest first, whatever the span.
    let is_probe = run.dialect == Dialect::Postgres;
    let first = look.at(all, probed, is_probe).await?;
    if first.is_complete || first.messages.len() >= SEARCH_CANDIDATES_MAX || !is_probe {
        return Ok(first);
    }
    let mut found = SearchFound {
        is_complete: false,
        ..nothing
    };
    let documents_max = if is_mixed {
        MIXED_DOCUMENTS_MAX
    } else {
        LOOK_DOCUMENTS_MAX
    };
    for span in all.looks(request.now) {
        let newer = look.at(span, documents_max, false).await?;
        found.messages.extend(newer.messages);
        if found.messages.len() >= SEARCH_CANDIDATES_MAX {
            break;
        }
    }
    found.messages.truncate(SEARCH_CANDIDATES_MAX);
    Ok(found)
}

/// Where to look.
struct Places {
    room_ids: Vec<RoomId>,
    /// Messages that were ever sent there, where that matters.
    messages: i64,
}

/// The rooms to look in. None: in all, for a service or because they are too many to name.
async fn places(run: &Run<'_>, request: &SearchRequest) -> std::result::Result<Option<Places>, DbErr> {
    if let Some(room_id) = request.room_id {
        return Ok(Some(Places {
            room_ids: vec![room_id],
            messages: 0,
        }));
    }
    if request.viewer.role == UserRole::Service {
        return Ok(None);
    }
    let sql = "SELECT m.room_id, h.last_number FROM members m JOIN room_heads h ON h.room_id = m.room_id \
               WHERE m.user_id = $1 AND m.left_at IS NULL LIMIT $2";
    let most = ROOMS_MAX as i64 + 1;
    let rooms = run
        .all(sql, vec![request.viewer.user_id.0.into(), most.into()])
        .await?;
    if rooms.len() > ROOMS_MAX {
        return Ok(None);
    }
    let mut places = Places {
        room_ids: Vec::with_capacity(rooms.len()),
        messages: 0,
    };
    for row in &rooms {
        places.room_ids.push(row.id("room_id")?);
        places.messages += row.get::<i64>("last_number")?;
    }
    Ok(Some(places))
}

/// About how many documents there are.
async fn documents(run: &Run<'_>) -> std::result::Result<i64, DbErr> {
    if run.dialect == Dialect::Sqlite {
        // Its plan is always the same.
        return Ok(0);
    }
    let sql = "SELECT CAST(reltuples AS bigint) AS documents FROM pg_class WHERE oid = CAST('search_documents' AS regclass)";
    let row = run.first(sql, Vec::new()).await?;
    row.map_or(Ok(0), |row| row.get("documents"))
}

fn any(terms: impl Iterator<Item = String>) -> Terms {
    Terms::Any(terms.map(Terms::Term).collect())
}

struct Look<'a> {
    run: &'a Run<'a>,
    request: &'a SearchRequest,
    terms: Vec<Terms>,
    /// Rooms that are too many for terms, and whether they have but a small part of all messages.
    rooms: Option<(String, bool)>,
}

impl Look<'_> {
    /// What a span of time has, newest first. A probe that finds more than it may is not read.
    async fn at(
        &self,
        span: Span,
        documents_max: i64,
        is_probe: bool,
    ) -> std::result::Result<SearchFound, DbErr> {
        let mut terms = self.terms.clone();
        terms.extend(span.terms().map(|eras| any(eras.into_iter())));
        let dialect = self.run.dialect;
        let Some(conditions) = conditions(dialect, terms) else {
            return Ok(SearchFound {
                messages: Vec::new(),
                is_complete: true,
            });
        };
        let request = self.request;
        let moment = |ms: i64| dialect.time(Timestamp::from_millis(ms));
        let arguments: Vec<Value> = vec![
            [conditions.ways.as_slice(), &conditions.all]
                .concat()
                .join("\n")
                .into(),
            moment(span.from),
            moment(span.until),
            documents_max.into(),
            TEXT_BYTES_MAX.into(),
            (SEARCH_CANDIDATES_MAX as i64).into(),
            request.viewer.user_id.0.into(),
            (request.viewer.role == UserRole::Service).into(),
            request.room_id.map(|id| id.0).into(),
            request.sender_id.map(|id| id.0).into(),
            request.has_file.into(),
            self.rooms.as_ref().map(|(ids, _)| ids.clone()).into(),
            is_probe.into(),
        ];
        let are_few = self.rooms.as_ref().is_some_and(|(_, are_few)| *are_few);
        let statement = statement(dialect, &conditions, are_few);
        let found = self.run.all(&statement, arguments).await?;
        let first = found
            .first()
            .ok_or_else(|| DbErr::RecordNotFound("the count".to_owned()))?;
        let (documents, bytes): (i64, i64) = (first.get("documents")?, first.get("bytes")?);
        let messages = found
            .iter()
            .filter_map(|row| rows::message_or_none(row).transpose());
        let messages: Vec<Message> = messages.collect::<std::result::Result<_, _>>()?;
        let is_complete =
            documents < documents_max && bytes <= TEXT_BYTES_MAX && messages.len() < SEARCH_CANDIDATES_MAX;
        Ok(SearchFound {
            messages,
            is_complete,
        })
    }
}

/// `$1` the conditions, the ways first, one a line, `$2` and `$3` the span, `$4` documents at most, `$5` bytes of text,
/// `$6` messages, `$7` the viewer, `$8` whether that is a service, `$9` the room, `$10` the sender, `$11` whether only files
/// are wanted, `$12` the rooms, when they are named by their ids, `$13` whether it is only asked if there are so many
/// documents. Planned anew each time: what is NULL is then left out.
fn statement(dialect: Dialect, conditions: &Conditions, are_rooms_few: bool) -> String {
    let found = match dialect {
        Dialect::Postgres => {
            let holds = |line: usize| {
                format!("d.terms @@ CAST(split_part(CAST($1 AS text), chr(10), {line}) AS tsquery)")
            };
            let ways = conditions.ways.len();
            let any: Vec<String> = (1..=ways).map(holds).collect();
            let any = (ways > 0).then(|| format!("({})", any.join(" OR ")));
            let all = (ways + 1..=ways + conditions.all.len()).map(holds);
            let terms: Vec<String> = any.into_iter().chain(all).collect();
            let rooms = if are_rooms_few {
                "d.room_id = ANY(CAST((SELECT CAST(CAST($12 AS text) AS uuid[])) AS uuid[]))"
            } else {
                // Not a join, for which the planner would read all that these rooms have.
                "(d.room_id IN (SELECT unnest(CAST(CAST($12 AS text) AS uuid[])))) IS TRUE"
            };
            format!(
                "SELECT d.room_id, d.seq, d.created_at, d.bytes FROM search_documents d \
                 WHERE {} AND d.created_at >= $2 AND d.created_at < $3 \
                 AND (CAST($12 AS text) IS NULL OR {rooms}) LIMIT $4",
                terms.join(" AND ")
            )
        }
        Dialect::Sqlite => "SELECT d.room_id, d.seq, d.created_at, d.bytes FROM search_terms \
             CROSS JOIN search_documents d ON d.position = search_terms.rowid \
             WHERE search_terms MATCH $1 AND d.created_at >= $2 AND d.created_at < $3 \
             AND ($12 IS NULL OR d.room_id IN (SELECT unhex(value) FROM json_each($12))) \
             ORDER BY search_terms.rowid DESC LIMIT $4"
            .to_owned(),
    };
    // A probe that found too much ends at `newest`: no message is read for it.
    format!(
        "WITH found AS MATERIALIZED ({found}), newest AS ( \
         SELECT room_id, seq, created_at, \
         CAST(sum(bytes) OVER (ORDER BY created_at DESC, room_id, seq DESC) AS bigint) - bytes AS bytes_before \
         FROM found WHERE NOT $13 OR (SELECT count(*) FROM found) < $4), \
         page AS MATERIALIZED ( \
         SELECT g.* FROM newest n JOIN messages g ON g.room_id = n.room_id AND g.seq = n.seq \
         JOIN rooms r ON r.id = g.room_id AND r.deleted_at IS NULL \
         LEFT JOIN members m ON m.room_id = g.room_id AND m.user_id = $7 AND m.left_at IS NULL \
         WHERE n.bytes_before < $5 AND g.deleted_at IS NULL \
         AND ($8 OR (m.user_id IS NOT NULL AND g.number >= m.visible_from_number)) \
         AND (CAST($9 AS {uuid}) IS NULL OR g.room_id = $9) AND (CAST($10 AS {uuid}) IS NULL OR g.sender_id = $10) \
         AND (NOT $11 OR g.attachments IS NOT NULL) \
         ORDER BY n.created_at DESC, n.room_id, n.seq DESC LIMIT $6) \
         SELECT s.documents, s.bytes, {MESSAGE} FROM \
         (SELECT count(*) AS documents, CAST(COALESCE(sum(bytes), 0) AS bigint) AS bytes FROM found) s \
         LEFT JOIN page g ON true ORDER BY g.created_at DESC",
        uuid = match dialect {
            Dialect::Postgres => "uuid",
            Dialect::Sqlite => "blob",
        }
    )
}

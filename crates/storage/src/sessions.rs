//! Logins and the refresh tokens that keep them alive.
//!
//! A session is a family of refresh tokens of which at most one is unspent, the latest. Spent ones stay, so
//! that a copy in other hands is noticed: whoever spends a token again ends the session, unless it is the
//! token spent last and that was a moment ago (an answer was lost). Then the unspent one, which nobody can be
//! using, is taken to have been spent at the same moment, and a new latest is made in its place.

use std::time::Duration;

use confab_domain::ports::{Rotation, SecretHash, SessionState};
use confab_domain::{Control, Result, Session, SessionId, Timestamp, User, UserId};
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::account_outbox::Told;
use crate::connect::{Store, bounded};
use crate::dialect::Runner;
use crate::error::from_db;
use crate::rows::{self, Row, USER, noun};

/// Most sessions of one account that are listed.
const LISTED_MAX: i64 = 100;

noun! {
    /// Columns of a [`Session`] under the alias `s`.
    SESSION, session("s") -> Session {
        id: Row::id,
        user_id: Row::id,
        created_at: Row::time,
        last_used_at: Row::time,
        expires_at: Row::time,
        revoked_at: Row::time_or_none,
        user_agent: Row::get,
        ip: Row::get,
        issued_by: Row::id_or_none,
    }
}

fn is_live(revoked_at: Option<Timestamp>, expires_at: Timestamp, now: Timestamp) -> bool {
    revoked_at.is_none() && expires_at > now
}

/// Begins a session.
pub(crate) async fn open(store: &Store, session: Session, refresh: SecretHash) -> Result<()> {
    let dialect = store.dialect();
    bounded(async {
        let transaction = store.begin().await?;
        let run = store.within(&transaction);
        let sql = "INSERT INTO sessions (created_at, last_used_at, expires_at, revoked_at, id, user_id, \
                   user_agent, ip, issued_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let arguments = vec![
            dialect.time(session.created_at),
            dialect.time(session.last_used_at),
            dialect.time(session.expires_at),
            dialect.time_or_null(session.revoked_at),
            session.id.0.into(),
            session.user_id.0.into(),
            session.user_agent.into(),
            session.ip.into(),
            session.issued_by.map(|user_id| user_id.0).into(),
        ];
        run.execute(sql, arguments).await?;
        insert_token(&run, refresh, session.id, session.created_at, session.expires_at).await?;
        transaction.commit().await
    })
    .await
}

async fn insert_token<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    token: SecretHash,
    session_id: SessionId,
    created_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DbErr> {
    let sql = "INSERT INTO refresh_tokens (created_at, expires_at, session_id, token_hash) \
               VALUES ($1, $2, $3, $4)";
    let arguments = vec![
        run.dialect.time(created_at),
        run.dialect.time(expires_at),
        session_id.0.into(),
        token.0.to_vec().into(),
    ];
    run.execute(sql, arguments).await.map(|_| ())
}

/// A refresh token with its family, read while the session is locked.
struct Presented {
    session: Session,
    user: User,
    created_at: Timestamp,
    expires_at: Timestamp,
    spent_at: Option<Timestamp>,
    /// When any token of the family was last spent.
    family_spent_at: Option<Timestamp>,
}

/// Spends a refresh token for the next one.
pub(crate) async fn rotate(
    store: &Store,
    spent: SecretHash,
    next: SecretHash,
    now: Timestamp,
    session_ttl: Duration,
    grace: Duration,
) -> Result<Rotation> {
    bounded(async {
        let transaction = store.begin().await?;
        let run = store.within(&transaction);
        let Some(presented) = lock_family(&run, spent).await? else {
            return Ok(Rotation::Unknown);
        };
        let Presented {
            mut session, user, ..
        } = presented;
        if !is_live(session.revoked_at, session.expires_at, now) || user.deactivated_at.is_some() {
            return Ok(Rotation::Unknown);
        }
        match presented.spent_at {
            None if presented.expires_at <= now => return Ok(Rotation::Unknown),
            // Never before it was made, so that a clock that steps back cannot reorder the family.
            None => spend(&run, session.id, now.max(presented.created_at)).await?,
            Some(spent_at) => {
                let is_last_spent = presented.family_spent_at == Some(spent_at);
                if !is_last_spent || now.since(spent_at) >= grace {
                    let mut told = Told::about(user.id, now);
                    end(&run, user.id, session.id, now, &mut told).await?;
                    told.commit(store, transaction).await?;
                    return Ok(Rotation::Reused(session.id, user.id));
                }
                spend(&run, session.id, spent_at).await?;
            }
        }
        session.last_used_at = now.max(session.last_used_at);
        session.expires_at = now.plus(session_ttl);
        insert_token(&run, next, session.id, now, session.expires_at).await?;
        let sql = "UPDATE sessions SET last_used_at = $2, expires_at = $3 WHERE id = $1";
        let arguments = vec![
            session.id.0.into(),
            store.dialect().time(session.last_used_at),
            store.dialect().time(session.expires_at),
        ];
        run.execute(sql, arguments).await?;
        transaction.commit().await?;
        Ok(Rotation::Rotated(Box::new((session, user))))
    })
    .await
}

async fn lock_family<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    token: SecretHash,
) -> Result<Option<Presented>, DbErr> {
    let hash = token.0.to_vec();
    // First the lock alone: a statement that waited for it still reads what was before the wait.
    let sql = format!(
        "SELECT s.id FROM sessions s WHERE s.id = \
         (SELECT t.session_id FROM refresh_tokens t WHERE t.token_hash = $1){}",
        run.dialect.for_update()
    );
    if run.first(&sql, vec![hash.clone().into()]).await?.is_none() {
        return Ok(None);
    }
    let sql = format!(
        "SELECT {SESSION}, {USER}, t.created_at AS t_created_at, t.expires_at AS t_expires_at, \
         t.spent_at AS t_spent_at, (SELECT max(o.spent_at) FROM refresh_tokens o WHERE o.session_id = s.id) \
         AS family_spent_at FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id \
         JOIN users u ON u.id = s.user_id WHERE t.token_hash = $1"
    );
    let Some(row) = run.first(&sql, vec![hash.into()]).await? else {
        return Ok(None);
    };
    Ok(Some(Presented {
        session: session(&row)?,
        user: rows::user(&row)?,
        created_at: row.time("t_created_at")?,
        expires_at: row.time("t_expires_at")?,
        spent_at: row.time_or_none("t_spent_at")?,
        family_spent_at: row.time_or_none("family_spent_at")?,
    }))
}

/// Spends the latest token of a family.
async fn spend<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    session_id: SessionId,
    spent_at: Timestamp,
) -> Result<(), DbErr> {
    let sql = "UPDATE refresh_tokens SET spent_at = $2 WHERE session_id = $1 AND spent_at IS NULL";
    run.execute(sql, vec![session_id.0.into(), run.dialect.time(spent_at)])
        .await
        .map(|_| ())
}

/// The session a refresh token belongs to, whatever became of either.
pub(crate) async fn of_refresh(store: &Store, refresh: SecretHash) -> Result<Option<Session>> {
    let sql = format!(
        "SELECT {SESSION} FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id WHERE t.token_hash = $1"
    );
    let row = bounded(store.reader().first(&sql, vec![refresh.0.to_vec().into()])).await?;
    row.as_ref().map(session).transpose().map_err(from_db)
}

/// Live sessions of an account, the one used latest first.
pub(crate) async fn live(store: &Store, user_id: UserId, now: Timestamp) -> Result<Vec<Session>> {
    let sql = format!(
        "SELECT {SESSION} FROM sessions s WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 \
         ORDER BY s.last_used_at DESC, s.id DESC LIMIT $3"
    );
    let arguments = vec![user_id.0.into(), store.dialect().time(now), LISTED_MAX.into()];
    let found = bounded(store.reader().all(&sql, arguments)).await?;
    found
        .iter()
        .map(session)
        .collect::<Result<_, _>>()
        .map_err(from_db)
}

/// Ends one session. False when there was no such live one.
pub(crate) async fn revoke(
    store: &Store,
    user_id: UserId,
    session_id: SessionId,
    now: Timestamp,
) -> Result<bool> {
    bounded(async {
        let transaction = store.begin().await?;
        let mut told = Told::about(user_id, now);
        if !end(&store.within(&transaction), user_id, session_id, now, &mut told).await? {
            return Ok(false);
        }
        told.commit(store, transaction).await?;
        Ok(true)
    })
    .await
}

/// Ends all sessions of an account but `keep`, and says how many those were.
pub(crate) async fn revoke_all(
    store: &Store,
    user_id: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<u64> {
    bounded(async {
        let transaction = store.begin().await?;
        let mut told = Told::about(user_id, now);
        let ended = end_all(&store.within(&transaction), user_id, keep, now, &mut told).await?;
        told.commit(store, transaction).await?;
        Ok(ended)
    })
    .await
}

/// What is no longer live is also expired, so that one index finds all that is to be swept.
const END: &str = "UPDATE sessions SET revoked_at = $1, expires_at = $1 \
    WHERE user_id = $2 AND revoked_at IS NULL AND expires_at > $1";

async fn end<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    user_id: UserId,
    session_id: SessionId,
    now: Timestamp,
    told: &mut Told,
) -> Result<bool, DbErr> {
    let arguments = vec![run.dialect.time(now), user_id.0.into(), session_id.0.into()];
    let was_live = run.execute(&format!("{END} AND id = $3"), arguments).await? > 0;
    if was_live {
        told.control(Control::Session { session_id, user_id });
    }
    Ok(was_live)
}

/// Ends all sessions of an account but `keep`: how many.
pub(crate) async fn end_all<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    user_id: UserId,
    keep: Option<SessionId>,
    now: Timestamp,
    told: &mut Told,
) -> Result<u64, DbErr> {
    let mut ended = 0;
    let keep = keep.map_or(Uuid::nil(), |session_id| session_id.0);
    let arguments = vec![run.dialect.time(now), user_id.0.into(), keep.into()];
    for row in run
        .all(&format!("{END} AND id <> $3 RETURNING id"), arguments)
        .await?
    {
        told.control(Control::Session {
            session_id: row.id("id")?,
            user_id,
        });
        ended += 1;
    }
    Ok(ended)
}

/// Whether sessions still stand; an answer for each, in order.
pub(crate) async fn states(
    store: &Store,
    session_ids: &[SessionId],
    now: Timestamp,
) -> Result<Vec<SessionState>> {
    if session_ids.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT list.id, s.revoked_at, s.expires_at FROM {} AS list LEFT JOIN sessions s ON s.id = list.id \
         ORDER BY list.ord",
        store.dialect().ids_table("$1")
    );
    let ids = store
        .dialect()
        .ids(session_ids.iter().map(|session_id| session_id.0));
    let read = |row: &Row| {
        let revoked_at = row.time_or_none("revoked_at")?;
        let expires_at = row.time_or_none("expires_at")?;
        Ok(SessionState {
            session_id: row.id("id")?,
            is_live: expires_at.is_some_and(|expires_at| is_live(revoked_at, expires_at, now)),
        })
    };
    let found = bounded(store.reader().all(&sql, vec![ids])).await?;
    found.iter().map(read).collect::<Result<_, _>>().map_err(from_db)
}

/// Removes expired sessions (with their tokens and tickets), tokens and tickets; at most `limit` of each.
pub(crate) async fn sweep(store: &Store, now: Timestamp, limit: usize) -> Result<u64> {
    const TABLES: [(&str, &str); 3] = [
        ("tickets", "ticket_hash"),
        ("sessions", "id"),
        ("refresh_tokens", "token_hash"),
    ];
    let mut swept = 0;
    for (table, key) in TABLES {
        let sql = format!(
            "DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE expires_at <= $1 \
             ORDER BY expires_at LIMIT $2)"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let arguments = vec![store.dialect().time(now), limit.into()];
        swept += bounded(store.writer().execute(&sql, arguments)).await?;
    }
    Ok(swept)
}

//! Single-use tickets for sockets.

use confab_domain::ports::SecretHash;
use confab_domain::{Actor, Result, Timestamp, UserRole};

use crate::connect::{Store, bounded};
use crate::error::from_db;

/// Keeps a ticket.
pub(crate) async fn put(
    store: &Store,
    ticket: SecretHash,
    actor: &Actor,
    expires_at: Timestamp,
) -> Result<()> {
    let sql = "INSERT INTO tickets (expires_at, user_id, session_id, role, ticket_hash) \
               VALUES ($1, $2, $3, $4, $5)";
    let arguments = vec![
        store.dialect().time(expires_at),
        actor.user_id.0.into(),
        actor.session_id.map(|session_id| session_id.0).into(),
        actor.role.as_str().into(),
        ticket.0.to_vec().into(),
    ];
    bounded(store.writer().execute(sql, arguments)).await.map(|_| ())
}

/// Spends a ticket.
pub(crate) async fn take(store: &Store, ticket: SecretHash, now: Timestamp) -> Result<Option<Actor>> {
    let sql = "DELETE FROM tickets WHERE ticket_hash = $1 RETURNING expires_at, user_id, session_id, role";
    let spent = bounded(store.writer().all(sql, vec![ticket.0.to_vec().into()])).await?;
    let Some(row) = spent.first() else {
        return Ok(None);
    };
    let read = || {
        let actor = Actor {
            user_id: row.id("user_id")?,
            role: row.word("role", UserRole::parse)?,
            session_id: row.id_or_none("session_id")?,
        };
        Ok((row.time("expires_at")?, actor))
    };
    let (expires_at, actor) = read().map_err(from_db)?;
    Ok((expires_at > now).then_some(actor))
}

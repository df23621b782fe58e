//! Effects without an event: links and reports, which only those see who may ask for them.

use confab_domain::Effect;
use sea_orm::{ConnectionTrait, DbErr};

use super::log::RoomLog;
use crate::dialect::Runner;

/// Writes one such effect.
pub(super) async fn apply<C: ConnectionTrait>(
    run: &Runner<'_, C>,
    log: &RoomLog,
    effect: &Effect,
) -> Result<(), DbErr> {
    let (dialect, room_id) = (run.dialect, log.room.id);
    let (now, actor_id) = (dialect.time(log.now()), log.actor_id());
    let (sql, arguments) = match effect {
        Effect::Invited {
            id,
            token_hash,
            expires_at,
            uses_max,
        } => (
            "INSERT INTO invitations (id, room_id, created_by, created_at, expires_at, uses_max, token_hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            vec![
                id.0.into(),
                room_id.0.into(),
                actor_id.0.into(),
                now,
                dialect.time(*expires_at),
                (*uses_max).into(),
                token_hash.0.to_vec().into(),
            ],
        ),
        Effect::InvitationRevoked(id) => (
            "UPDATE invitations SET revoked_at = $2 WHERE id = $1",
            vec![id.0.into(), now],
        ),
        Effect::InvitationUsed(id) => (
            "UPDATE invitations SET uses = uses + 1, last_used_at = $2 WHERE id = $1",
            vec![id.0.into(), now],
        ),
        Effect::Reported { message_id, reason } => (
            "INSERT INTO reports (room_id, message_id, reporter_id, reason, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            vec![
                room_id.0.into(),
                message_id.0.into(),
                actor_id.0.into(),
                reason.clone().into(),
                now,
            ],
        ),
        Effect::ReportsResolved(message_id) => (
            "UPDATE reports SET resolved_at = $3, resolved_by = $4
             WHERE room_id = $1 AND message_id = $2 AND resolved_at IS NULL",
            vec![room_id.0.into(), message_id.0.into(), now, actor_id.0.into()],
        ),
        _ => return Ok(()),
    };
    run.execute(sql, arguments).await.map(|_| ())
}

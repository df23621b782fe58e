//! What ended long ago, removed: links that let nobody in, reports a moderator was done with, API keys that open
//! nothing.

use confab_domain::{Result, Timestamp};

use crate::connect::{Store, bounded};

/// Until when something must have ended to be removed.
#[derive(Clone, Copy, Debug)]
pub struct EndedBefore {
    /// Links: taken back, used up, or over by themselves.
    pub invitations: Timestamp,
    /// Reports that a moderator was done with. Open ones stay, however old.
    pub reports: Timestamp,
    /// API keys: taken back, or over by themselves.
    pub api_keys: Timestamp,
}

/// Each way to end: the table, its key, and the moment of the end, with what must be so besides.
const ENDINGS: [(Kind, &str, &str, &str, &str); 6] = [
    (
        Kind::Invitation,
        "invitations",
        "id",
        "expires_at",
        "expires_at IS NOT NULL",
    ),
    (
        Kind::Invitation,
        "invitations",
        "id",
        "revoked_at",
        "revoked_at IS NOT NULL",
    ),
    (
        Kind::Invitation,
        "invitations",
        "id",
        "COALESCE(last_used_at, created_at)",
        "uses >= uses_max",
    ),
    (
        Kind::Report,
        "reports",
        "room_id, message_id, reporter_id",
        "resolved_at",
        "resolved_at IS NOT NULL",
    ),
    (
        Kind::ApiKey,
        "api_keys",
        "id",
        "revoked_at",
        "revoked_at IS NOT NULL",
    ),
    (
        Kind::ApiKey,
        "api_keys",
        "id",
        "expires_at",
        "expires_at IS NOT NULL",
    ),
];

#[derive(Clone, Copy)]
enum Kind {
    Invitation,
    Report,
    ApiKey,
}

impl Store {
    /// Removes at most `limit` rows of each way to end. How many; 0 when nothing is left to be removed now. Several
    /// nodes may do so at once.
    pub async fn sweep_ended(&self, before: EndedBefore, limit: usize) -> Result<u64> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut swept = 0;
        for (kind, table, key, ended_at, is_ended) in ENDINGS {
            let before = match kind {
                Kind::Invitation => before.invitations,
                Kind::Report => before.reports,
                Kind::ApiKey => before.api_keys,
            };
            let sql = format!(
                "DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} \
                 WHERE {is_ended} AND {ended_at} <= $1 ORDER BY {ended_at} LIMIT $2)"
            );
            let arguments = vec![self.dialect().time(before), limit.into()];
            swept += bounded(self.writer().execute(&sql, arguments)).await?;
        }
        Ok(swept)
    }
}

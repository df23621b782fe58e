//! Bans and mutes.

use confab_domain::{Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::User;

/// Somebody who may not come into a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ban {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// By whom.
    #[schema(value_type = uuid::Uuid)]
    pub banned_by: UserId,
    /// Why; everybody in the room may have read it.
    #[schema(example = "spam")]
    pub reason: Option<String>,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Their profile.
    pub user: User,
}

impl Ban {
    /// From the row and the profile.
    pub fn new(ban: confab_domain::Ban, user: confab_domain::User) -> Self {
        Self {
            user_id: ban.user_id,
            banned_by: ban.banned_by,
            reason: ban.reason,
            created_at: ban.created_at,
            user: user.into(),
        }
    }
}

/// Somebody who may not speak in a room for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "user_id": "018cc251-f400-7000-8000-000000000002", "muted_until": "2024-01-01T13:00:00.000Z"
}))]
pub struct Mute {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// Until when; the last moment of the year 9999 means until further notice.
    #[schema(value_type = String, format = DateTime)]
    pub muted_until: Timestamp,
}

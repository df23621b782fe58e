//! Bans, mutes, blocks, invitations and reports.

use confab_domain::{InvitationId, MessageId, RoomId, Timestamp, UserId};
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

/// Somebody whom one does not want to hear from directly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Their profile.
    pub user: User,
}

impl Block {
    /// From the row and the profile.
    pub fn new(block: confab_domain::Block, user: confab_domain::User) -> Self {
        Self {
            user_id: block.user_id,
            created_at: block.created_at,
            user: user.into(),
        }
    }
}

/// A link by which people come into a room; its secret is not told again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-0000000000d1", "room_id": "018cc251-f400-7000-8000-0000000000b1",
    "created_by": "018cc251-f400-7000-8000-000000000001", "created_at": "2024-01-01T12:00:00.000Z",
    "expires_at": "2024-01-08T12:00:00.000Z", "revoked_at": null, "uses": 1, "max_uses": 10
}))]
pub struct Invitation {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    pub id: InvitationId,
    /// Where to.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: RoomId,
    /// Who made it.
    #[schema(value_type = uuid::Uuid)]
    pub created_by: UserId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// People whom it has let in.
    pub uses: i64,
    /// People whom it lets in; null: any number.
    pub max_uses: Option<i64>,
}

impl From<confab_domain::Invitation> for Invitation {
    fn from(invitation: confab_domain::Invitation) -> Self {
        Self {
            id: invitation.id,
            room_id: invitation.room_id,
            created_by: invitation.created_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            revoked_at: invitation.revoked_at,
            uses: invitation.uses,
            max_uses: invitation.uses_max,
        }
    }
}

/// A new link, with its secret, which is told this once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewInvitation {
    /// The link.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// For `POST /invitations/{token}/accept`; 256 random bits.
    #[schema(example = "n1fYvXn0bWlyZ2luaWEgd29vbGYgd2FzIGhlcmU")]
    pub token: String,
}

/// What somebody sees of a room before they accept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "room_id": "018cc251-f400-7000-8000-0000000000b1", "kind": "private", "name": "lobby", "description": null,
    "avatar_url": null, "member_count": 12, "expires_at": "2024-01-08T12:00:00.000Z", "is_member": false
}))]
pub struct InvitationPreview {
    /// Where it leads.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: RoomId,
    /// `public` or `private`.
    pub kind: String,
    /// The room's name.
    pub name: Option<String>,
    /// What the room is for.
    pub description: Option<String>,
    /// Its picture.
    pub avatar_url: Option<String>,
    /// People in it now.
    pub member_count: i64,
    /// When the link ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// Whether one is in already.
    pub is_member: bool,
}

/// A message that somebody told the moderators of. Never its text: who may read it finds it by its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "room_id": "018cc251-f400-7000-8000-0000000000b1", "message_id": "018cc251-f400-7000-8000-0000000000c1",
    "sender_id": "018cc251-f400-7000-8000-000000000002", "reporter_id": "018cc251-f400-7000-8000-000000000001",
    "reason": "spam", "created_at": "2024-01-01T12:00:00.000Z", "resolved_at": null, "resolved_by": null
}))]
pub struct Report {
    /// Where.
    #[schema(value_type = uuid::Uuid)]
    pub room_id: RoomId,
    /// Which message.
    #[schema(value_type = uuid::Uuid)]
    pub message_id: MessageId,
    /// Who said it.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub sender_id: Option<UserId>,
    /// Who told.
    #[schema(value_type = uuid::Uuid)]
    pub reporter_id: UserId,
    /// Why.
    pub reason: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When a moderator was done with it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Timestamp>,
    /// Who that was.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub resolved_by: Option<UserId>,
}

impl From<confab_domain::Report> for Report {
    fn from(report: confab_domain::Report) -> Self {
        Self {
            room_id: report.room_id,
            message_id: report.message_id,
            sender_id: report.sender_id,
            reporter_id: report.reporter_id,
            reason: report.reason,
            created_at: report.created_at,
            resolved_at: report.resolved_at,
            resolved_by: report.resolved_by,
        }
    }
}

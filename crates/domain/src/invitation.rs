//! Invitations: links by which people come into a room, and what moderators are told of.

use crate::{InvitationId, MessageId, RoomId, Timestamp, UserId};

/// Links of one room that still open.
pub const INVITATIONS_LIVE_MAX: i64 = 100;
/// How long a link opens when nothing is said, in seconds: a week.
pub const INVITATION_SECONDS_DEFAULT: i64 = 604_800;
/// Shortest and longest time that a link opens, in seconds: a minute, a year.
pub const INVITATION_SECONDS: std::ops::RangeInclusive<i64> = 60..=31_536_000;
/// Fewest and most people that one link lets in, when it is said how many.
pub const INVITATION_USES: std::ops::RangeInclusive<i64> = 1..=100_000;

/// A link by which people come into a room. Its secret is known by its hash alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Which.
    pub id: InvitationId,
    /// Where to.
    pub room_id: RoomId,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// People whom it has let in.
    pub uses: i64,
    /// People whom it lets in; none: any number.
    pub uses_max: Option<i64>,
}

impl Invitation {
    /// Whether it lets somebody in now.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none()
            && self.expires_at.is_none_or(|ends_at| ends_at > now)
            && self.uses_max.is_none_or(|uses_max| self.uses < uses_max)
    }
}

/// A message that somebody told the moderators of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Where.
    pub room_id: RoomId,
    /// Which message.
    pub message_id: MessageId,
    /// Who said it.
    pub sender_id: Option<UserId>,
    /// Who told.
    pub reporter_id: UserId,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
    /// When a moderator was done with it.
    pub resolved_at: Option<Timestamp>,
    /// Who that was.
    pub resolved_by: Option<UserId>,
}

//! People and their logins.

use serde::{Deserialize, Serialize};

use crate::{SessionId, Timestamp, UserId};

/// What an account is, across all rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// A person.
    User,
    /// Accounts, moderation and metadata; no private content unless a member.
    Admin,
    /// The host product's backend.
    Service,
}

impl UserRole {
    /// Its name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Service => "service",
        }
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Admin, Self::Service]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its id; `sub` in our own tokens.
    pub id: UserId,
    /// Unique, whatever its case.
    pub username: String,
    /// Shown to the account itself only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What others read.
    pub display_name: String,
    /// A picture.
    pub avatar_url: Option<String>,
    /// What it may do across all rooms.
    pub role: UserRole,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last connected.
    pub last_seen_at: Option<Timestamp>,
    /// Since when it is shut.
    pub deactivated_at: Option<Timestamp>,
    /// What it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CustomStatus>,
    /// What others learn of it; shown to the account itself only.
    #[serde(default, skip_serializing_if = "Privacy::is_default")]
    pub privacy: Privacy,
    /// The host product's own id of it; shown to the host product only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
}

impl User {
    /// Forgets a status whose time is over.
    pub fn expire_status(&mut self, now: Timestamp) {
        let is_over = |status: &CustomStatus| status.until.is_some_and(|until| until <= now);
        if self.status.as_ref().is_some_and(is_over) {
            self.status = None;
        }
    }
}

/// What somebody says of themselves beside their presence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomStatus {
    /// Exactly one, in its kept form.
    pub emoji: Option<String>,
    /// At most 100 characters, on one line.
    pub text: Option<String>,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
}

/// What others learn of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privacy {
    /// What they have read. Who does not share it is not told of others' either.
    pub shares_read_marks: bool,
    /// When they were last there.
    pub shares_last_seen: bool,
}

impl Privacy {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            shares_read_marks: true,
            shares_last_seen: true,
        }
    }
}

/// A login, kept alive by its refresh tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// `sid` in tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// When it began.
    pub created_at: Timestamp,
    /// When its tokens were last renewed.
    pub last_used_at: Timestamp,
    /// When it ends unless renewed.
    pub expires_at: Timestamp,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// The client's `User-Agent`, cut to 200 characters.
    pub user_agent: Option<String>,
    /// The client's address as the server saw it.
    pub ip: Option<String>,
    /// The service that logged the person in on behalf of the host product.
    pub issued_by: Option<UserId>,
}

/// Who asks: a checked identity. Everything a person does is done as an actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub user_id: UserId,
    /// What they are across all rooms.
    pub role: UserRole,
    /// The login; none for tokens of an outside issuer and for API keys.
    pub session_id: Option<SessionId>,
}

//! Accounts, sessions, presence and marks.

use confab_domain::ports as domain_ports;
use confab_domain::{SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An account as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-000000000001", "username": "ada", "display_name": "Ada",
    "avatar_url": null, "role": "user", "created_at": "2024-01-01T12:00:00.000Z", "last_seen_at": null,
    "status": {"emoji": "🌴", "text": "On holiday", "until": "2024-01-08T12:00:00.000Z"}
}))]
pub struct User {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: UserId,
    /// Unique, whatever its case.
    pub username: String,
    /// What others read.
    pub display_name: String,
    /// A picture: an http(s) URL, or a path of this server that needs no token.
    pub avatar_url: Option<String>,
    /// `user`, `admin` or `service`.
    pub role: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was last connected; null where it is not the viewer's to know.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_seen_at: Option<Timestamp>,
    /// What it says of itself.
    #[serde(default)]
    pub status: Option<CustomStatus>,
}

/// What somebody says of themselves beside their presence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"emoji": "🌴", "text": "On holiday", "until": "2024-01-08T12:00:00.000Z"}))]
pub struct CustomStatus {
    /// Exactly one emoji.
    pub emoji: Option<String>,
    /// At most 100 characters.
    pub text: Option<String>,
    /// When it ends by itself: hide it from then on.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
}

impl From<confab_domain::CustomStatus> for CustomStatus {
    fn from(status: confab_domain::CustomStatus) -> Self {
        Self {
            emoji: status.emoji,
            text: status.text,
            until: status.until,
        }
    }
}

impl From<confab_domain::User> for User {
    fn from(user: confab_domain::User) -> Self {
        Self {
            id: user.id,
            username: user.username,
            display_name: user.display_name,
            avatar_url: user.avatar_url,
            role: user.role.as_str().to_owned(),
            created_at: user.created_at,
            last_seen_at: user.last_seen_at,
            status: user.status.map(CustomStatus::from),
        }
    }
}

/// One's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Me {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// Shown to oneself only.
    #[schema(example = "ada@example.org")]
    pub email: Option<String>,
    /// Whether others learn what one has read; who does not share it is not told of others' either.
    #[schema(example = true)]
    pub shares_read_marks: bool,
    /// Whether others learn when one was last there.
    #[schema(example = true)]
    pub shares_last_seen: bool,
}

impl From<confab_domain::User> for Me {
    fn from(mut user: confab_domain::User) -> Self {
        Self {
            shares_read_marks: user.privacy.shares_read_marks,
            shares_last_seen: user.privacy.shares_last_seen,
            email: user.email.take(),
            user: user.into(),
        }
    }
}

/// What a login answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJhbGciOi…", "token_type": "Bearer", "expires_in": 900,
    "refresh_token": "n1fYvXn0bW…",
    "user": {
        "id": "018cc251-f400-7000-8000-000000000001", "username": "ada", "display_name": "Ada",
        "avatar_url": null, "role": "user", "created_at": "2024-01-01T12:00:00.000Z", "last_seen_at": null,
        "status": null, "email": null, "shares_read_marks": true, "shares_last_seen": true
    }
}))]
pub struct AccessTokens {
    /// For every request.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// How long the access token lives, in seconds.
    pub expires_in: u64,
    /// To be spent once for the next pair.
    pub refresh_token: String,
    /// Whose.
    pub user: Me,
}

/// A single-use ticket for a socket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({"ticket": "n1fYvXn0bW…", "expires_in": 30}))]
pub struct Ticket {
    /// For `/ws?ticket=…` or `/stream?ticket=…`.
    pub ticket: String,
    /// How long it waits to be redeemed, in seconds.
    pub expires_in: u64,
}

/// One of one's own logins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-0000000000aa", "created_at": "2024-01-01T12:00:00.000Z",
    "last_used_at": "2024-01-01T12:10:00.000Z", "expires_at": "2024-01-31T12:10:00.000Z",
    "user_agent": "curl/8.5.0", "ip": "203.0.113.7", "issued_by": null, "current": true
}))]
pub struct Session {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: SessionId,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its tokens were last renewed.
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Timestamp,
    /// When it ends unless renewed.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// The client's `User-Agent`.
    pub user_agent: Option<String>,
    /// The client's address at login.
    pub ip: Option<String>,
    /// The service that logged one in on behalf of the host product.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub issued_by: Option<UserId>,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Session {
    /// As its bearer sees it.
    pub fn seen_from(session: confab_domain::Session, current: Option<SessionId>) -> Self {
        Self {
            current: Some(session.id) == current,
            id: session.id,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            user_agent: session.user_agent,
            ip: session.ip,
            issued_by: session.issued_by,
        }
    }
}

/// Somebody's presence over all their devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "user_id": "018cc251-f400-7000-8000-000000000001", "status": "online", "last_seen_at": null,
    "custom_status": null
}))]
pub struct Presence {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// `online`, `away`, `busy` or `offline`.
    pub status: String,
    /// When they were last connected; null where they do not share it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_seen_at: Option<Timestamp>,
    /// What they say of themselves.
    pub custom_status: Option<CustomStatus>,
}

impl Presence {
    /// A person's merged presence, with what their account tells.
    pub fn new(presence: &domain_ports::UserPresence, user: Option<&confab_domain::User>) -> Self {
        Self {
            user_id: presence.user_id,
            status: presence.status.as_str().to_owned(),
            last_seen_at: user.and_then(|user| user.last_seen_at),
            custom_status: user.and_then(|user| user.status.clone()).map(CustomStatus::from),
        }
    }
}

/// Who is active in a room now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RoomPresence {
    /// How many.
    #[schema(example = 1)]
    pub present_count: u64,
    /// At most `limit` of them.
    pub items: Vec<Presence>,
}

/// Where one member's marks stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "user_id": "018cc251-f400-7000-8000-000000000001", "last_read_number": 40, "last_delivered_number": 41
}))]
pub struct Receipt {
    /// Whose.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// Read up to this message number; null where they or the viewer share no read marks.
    pub last_read_number: Option<i64>,
    /// Received up to this message number.
    pub last_delivered_number: i64,
}

impl From<domain_ports::Receipt> for Receipt {
    fn from(receipt: domain_ports::Receipt) -> Self {
        Self {
            user_id: receipt.user_id,
            last_read_number: receipt.last_read_number,
            last_delivered_number: receipt.last_delivered_number,
        }
    }
}

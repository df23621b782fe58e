//! What a host product's backend sees: its people by its own ids, its keys, the tokens it hands out.

use confab_domain::{ApiKeyId, SessionId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::User;

/// One of the host product's people, as its backend sees them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-000000000001", "username": "ada", "display_name": "Ada",
    "avatar_url": null, "role": "user", "created_at": "2024-01-01T12:00:00.000Z", "last_seen_at": null, "status": null,
    "external_id": "customer-7", "email": "ada@example.org", "deactivated_at": null
}))]
pub struct HostUser {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// The host product's own id; null for people whom it did not bring.
    pub external_id: Option<String>,
    /// Shown to themselves and the host product only.
    pub email: Option<String>,
    /// Since when the account is shut.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deactivated_at: Option<Timestamp>,
}

impl From<confab_domain::User> for HostUser {
    fn from(mut user: confab_domain::User) -> Self {
        Self {
            external_id: user.external_id.take(),
            email: user.email.take(),
            deactivated_at: user.deactivated_at,
            user: user.into(),
        }
    }
}

/// A key of the host product's backend, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-0000000000bb", "name": "The shop's backend", "prefix": "ck_0000000000bb",
    "scopes": ["read", "rooms"], "user_id": "018cc251-f400-7000-8000-000000000009",
    "created_by": "018cc251-f400-7000-8000-000000000008", "created_at": "2024-01-01T12:00:00.000Z",
    "expires_at": null, "last_used_at": null
}))]
pub struct ApiKey {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What the key begins with.
    pub prefix: String,
    /// What it opens.
    pub scopes: Vec<String>,
    /// The service account that its bearer is.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
    /// Who made it; null when an operator did.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub created_by: Option<UserId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it ends; never, when null.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
}

impl From<confab_domain::ApiKey> for ApiKey {
    fn from(key: confab_domain::ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            scopes: key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            user_id: key.user_id,
            created_by: key.created_by,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
        }
    }
}

/// A new key, with its secret: shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "id": "018cc251-f400-7000-8000-0000000000bb", "name": "The shop's backend", "prefix": "ck_0000000000bb",
    "scopes": ["read", "rooms"], "user_id": "018cc251-f400-7000-8000-000000000009",
    "created_by": "018cc251-f400-7000-8000-000000000008", "created_at": "2024-01-01T12:00:00.000Z",
    "expires_at": null, "last_used_at": null, "key": "ck_0000000000bb_n1fYvXn0bW…"
}))]
pub struct NewApiKey {
    /// The key.
    #[serde(flatten)]
    pub about: ApiKey,
    /// What its bearer shows, as `X-API-Key` or `Authorization: Bearer`. Only its hash is kept.
    pub key: String,
}

/// Tokens of one of the host product's people.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(example = json!({
    "access_token": "eyJhbGciOi…", "token_type": "Bearer", "expires_in": 900, "refresh_token": null,
    "session_id": "018cc251-f400-7000-8000-0000000000aa", "user_id": "018cc251-f400-7000-8000-000000000001"
}))]
pub struct UserTokens {
    /// For the person's client: every request, and sockets.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// How long the access token lives, in seconds.
    pub expires_in: u64,
    /// For the person's client to renew by itself; null unless `renewable`.
    pub refresh_token: Option<String>,
    /// The login, which the person finds among their sessions.
    #[schema(value_type = uuid::Uuid)]
    pub session_id: SessionId,
    /// Whose.
    #[schema(value_type = uuid::Uuid)]
    pub user_id: UserId,
}

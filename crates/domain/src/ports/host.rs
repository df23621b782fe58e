//! What a host product's backend brings with it, in the store: its keys, and its own ids of people and rooms.

use std::time::Duration;

use async_trait::async_trait;

use crate::ports::{AccountState, Changed, NewRoom, Page, SecretHash};
use crate::{Actor, ApiKey, ApiKeyId, NewAvatar, Result, RoomId, Timestamp, Trace, User};

/// A person as the host product knows them: outer `None` keeps, inner `None` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostUser {
    /// The host product's own id of them; unique.
    pub external_id: String,
    /// Unique; when there is none yet and none is wanted, one is made from the id.
    pub username: Option<String>,
    /// What others read; the username when there is none yet.
    pub display_name: Option<String>,
    /// A picture.
    pub avatar: Option<NewAvatar>,
    /// Shown to oneself and to the host product only; unique.
    pub email: Option<Option<String>>,
}

/// What became of somebody whom the host product told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// There was nobody of that id.
    Made,
    /// Something differed.
    Changed,
    /// Nothing did.
    Unchanged,
}

/// A key with the account behind it.
#[derive(Clone, Debug)]
pub struct KeyBearer {
    /// The key, live or not.
    pub key: ApiKey,
    /// The account it belongs to.
    pub account: AccountState,
}

/// API keys, and people and rooms by the host product's own ids.
#[async_trait]
pub trait HostProduct: Send + Sync {
    /// Keeps a key by the hash of its secret. `Conflict` when its account has 100 live ones, or is no open
    /// service account.
    async fn put_api_key(&self, key: &ApiKey, secret: SecretHash) -> Result<()>;

    /// Keys that were not taken back, oldest first, after `after`.
    async fn api_keys(&self, after: Option<ApiKeyId>, limit: usize) -> Result<Page<ApiKey, ApiKeyId>>;

    /// Takes a key back; true when that was news.
    async fn revoke_api_key(&self, id: ApiKeyId, now: Timestamp) -> Result<bool>;

    /// The key of that secret, read anew each time: what is taken back is shut at once.
    async fn key_bearer(&self, secret: SecretHash) -> Result<Option<KeyBearer>>;

    /// Notes that a key was used, unless that was noted within `at_most_every`; over all nodes.
    async fn touch_api_key(&self, id: ApiKeyId, now: Timestamp, at_most_every: Duration) -> Result<()>;

    /// Makes the host product's user of that outside id, or changes what differs, and says which. With
    /// `user_registered` or `user_updated`; no event when nothing changes. Two nodes at once make one.
    /// `Conflict` names `username` or `email`.
    async fn keep_user(
        &self,
        actor: &Actor,
        user: HostUser,
        now: Timestamp,
        trace: Trace,
    ) -> Result<(User, Kept)>;

    /// People by the host product's own ids, in any order; unknown ids are left out. At most 1,000.
    async fn users_by_external_id(&self, external_ids: &[String]) -> Result<Vec<User>>;

    /// The room of that key, made when there is none: true when made. Two nodes at once make one. Otherwise
    /// as [`crate::ports::RoomWrites::create_room`].
    async fn room_by_key(
        &self,
        external_key: &str,
        room: NewRoom,
        actor: &Actor,
        now: Timestamp,
        trace: Trace,
    ) -> Result<(Changed, bool)>;

    /// The room of that key. It says nothing about rights.
    async fn room_of_key(&self, external_key: &str) -> Result<Option<RoomId>>;
}

//! The host product's backend: its keys and what each opens.

use serde::{Deserialize, Serialize};

use crate::room::words;
use crate::{ApiKeyId, Timestamp, UserId};

words! {
    /// What a key opens. The list is closed; a route that names none is shut to every key.
    Scope {
        /// Read everything the service may: rooms, members, messages, logs, people.
        Read = "read",
        /// Make, edit and end rooms.
        Rooms = "rooms",
        /// Bring people into rooms and out of them, and change what they are there.
        Members = "members",
        /// Send, edit and delete messages, and what hangs on them.
        Messages = "messages",
        /// Make and change people, shut and open their accounts.
        Users = "users",
        /// Log people in, and end their logins. Whoever holds it can be anybody.
        Tokens = "tokens",
    }
}

/// A key of a service account, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What it is for, in somebody's words.
    pub name: String,
    /// What the key begins with: enough to tell it from others, too little to use it.
    pub prefix: String,
    /// What it opens; at least one, each once.
    pub scopes: Vec<Scope>,
    /// The service account that whoever bears it is.
    pub user_id: UserId,
    /// Who made it; none when an operator did.
    pub created_by: Option<UserId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; never, when none.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything at that moment.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

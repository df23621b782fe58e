//! Every Redis key and channel of Confab, built in this one place.
//!
//! `<prefix>v3:<what>:{<tag>}…`: the tag in braces is what Redis Cluster hashes, so that each script and each
//! transaction of ours touches the keys of one tag only. A change of a value's form is a change of [`VERSION`].

use std::fmt::{self, Write as _};
use std::sync::Arc;

use confab_domain::{Epoch, Error, IncarnationId, Result, RoomId, UserId};
use sha2::{Digest, Sha256};

/// The form of all values. Two versions of Confab that differ here share nothing but the server.
const VERSION: &str = "v3";
const PREFIX_BYTES_MAX: usize = 64;

/// Builds keys under one prefix.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    head: Arc<str>,
}

impl Keys {
    /// Keys under `prefix`: at most 64 visible ASCII characters, without braces (they would move the tag).
    pub(crate) fn new(prefix: &str) -> Result<Self> {
        let is_lawful = |c: char| c.is_ascii_graphic() && c != '{' && c != '}';
        if prefix.len() > PREFIX_BYTES_MAX || !prefix.chars().all(is_lawful) {
            return Err(Error::invalid(
                "redis_key_prefix",
                "must be at most 64 visible ASCII characters without braces",
            ));
        }
        Ok(Self {
            head: format!("{prefix}{VERSION}:").into(),
        })
    }

    /// A room's slow part.
    pub(crate) fn room(&self, room_id: RoomId, epoch: &Epoch) -> String {
        self.key(format_args!("room:{{{room_id}}}:{epoch}"))
    }

    /// A room's recent messages.
    pub(crate) fn recent(&self, room_id: RoomId, epoch: &Epoch) -> String {
        self.key(format_args!("recent:{{{room_id}}}:{epoch}"))
    }

    /// People active in a room, by their last heartbeat.
    pub(crate) fn active(&self, room_id: RoomId) -> String {
        self.key(format_args!("active:{{{room_id}}}"))
    }

    /// A person's connections.
    pub(crate) fn connections(&self, user_id: UserId) -> String {
        self.key(format_args!("connections:{{{user_id}}}"))
    }

    /// All nodes, by their last heartbeat.
    pub(crate) fn nodes(&self) -> String {
        self.key(format_args!("nodes"))
    }

    /// People who have connections through a node.
    pub(crate) fn users_of_node(&self, node: IncarnationId) -> String {
        self.key(format_args!("node-users:{{{node}}}"))
    }

    /// Who sweeps now.
    pub(crate) fn sweep_lock(&self) -> String {
        self.key(format_args!("sweep-lock"))
    }

    /// A budget. What it is counted by (an address, an account name) is hashed: it comes from outside, may
    /// be long or hold braces, and is nobody's business in a dump.
    pub(crate) fn budget(&self, name: &str, counted_by: &str) -> String {
        let digest = Sha256::digest(counted_by.as_bytes());
        let mut hex = String::with_capacity(32);
        for byte in &digest[..16] {
            // Writing to a String cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        self.key(format_args!("budget:{{{name}:{hex}}}"))
    }

    /// The channel of a shard's signals.
    pub(crate) fn signals(&self, shard: u16) -> String {
        self.key(format_args!("signals:{shard}"))
    }

    fn key(&self, tail: fmt::Arguments<'_>) -> String {
        format!("{}{tail}", self.head)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_bear_prefix_version_and_tag() {
        let keys = Keys::new("acme:").unwrap();
        let room_id = RoomId(uuid::Uuid::nil());
        assert_eq!(
            keys.recent(room_id, &Epoch::new("e1")),
            "acme:v3:recent:{00000000-0000-0000-0000-000000000000}:e1"
        );
        assert_eq!(keys.signals(3), "acme:v3:signals:3");
    }

    #[test]
    fn what_comes_from_outside_cannot_shape_a_key() {
        let keys = Keys::new("").unwrap();
        let key = keys.budget("logins", &"}{\r\n".repeat(10_000));
        assert!(key.len() < 64, "{key}");
        assert_eq!(key.matches('{').count(), 1);
        assert_ne!(key, keys.budget("logins", "somebody else"));
    }

    #[test]
    fn a_prefix_that_would_break_the_tags_is_refused() {
        for prefix in ["{a}", "a b", "a\n", &"x".repeat(65)] {
            assert!(Keys::new(prefix).is_err(), "{prefix:?}");
        }
    }
}

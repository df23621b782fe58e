//! Typed identifiers: UUIDv7 on the outside, so that a room id can never be taken for a message id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new UUIDv7 bearing `now`, so that ids sort by the time they were made.
            pub fn mint(now: Timestamp) -> Self {
                Self(uuid_v7(now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

ids! {
    /// A person, a service account or an administrator.
    UserId,
    /// A room of any kind.
    RoomId,
    /// A message; also the id of the event that made it.
    MessageId,
    /// A durable event. Consumers dedupe by it.
    EventId,
    /// A login (`sid` in tokens). Tokens of an outside issuer have none.
    SessionId,
    /// A file that was uploaded.
    UploadId,
    /// A link by which people come into a room.
    InvitationId,
    /// One live WebSocket or SSE connection.
    ConnectionId,
    /// A key of the host product's backend.
    ApiKeyId,
    /// One run of one process: a restart is a new incarnation.
    IncarnationId,
}

impl From<MessageId> for EventId {
    fn from(id: MessageId) -> Self {
        Self(id.0)
    }
}

fn uuid_v7(now: Timestamp) -> Uuid {
    let since_epoch_ms = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(since_epoch_ms, &random_10()).into_uuid()
}

/// Ten random bytes for the tail of a UUIDv7, from the operating system's generator by way of UUIDv4.
fn random_10() -> [u8; 10] {
    let random = Uuid::new_v4();
    let mut tail = [0u8; 10];
    // Bytes 6 and 8 of a v4 bear its version and variant; leave them out of what must be random.
    let bytes = random.as_bytes();
    tail[..6].copy_from_slice(&bytes[..6]);
    tail[6] = bytes[7];
    tail[7..].copy_from_slice(&bytes[9..12]);
    tail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = MessageId::mint(Timestamp::from_millis(1_000));
        let late = MessageId::mint(Timestamp::from_millis(1_001));
        assert!(early < late);
        assert_eq!(early.0.get_version_num(), 7);
    }
}

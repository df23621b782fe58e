//! What both twins of presence agree on: leases, and how a person's devices merge.

use std::time::Duration;

use confab_domain::ports::{LiveConnection, Status, UserPresence};
use confab_domain::{IncarnationId, Timestamp, UserId};

/// Whether what was seen at `seen_at` still counts. Exactly at its end a lease is over.
pub(crate) fn is_leased(seen_at: Timestamp, lease: Duration, now: Timestamp) -> bool {
    now.since(seen_at) < lease
}

/// A person's presence from their live connections.
pub(crate) fn merge(user_id: UserId, mut connections: Vec<(IncarnationId, LiveConnection)>) -> UserPresence {
    connections.sort_by_key(|(_, connection)| (connection.opened_at, connection.connection_id));
    let has = |status| {
        connections
            .iter()
            .any(|(_, connection)| connection.status == status)
    };
    let status = [Status::Busy, Status::Online, Status::Away]
        .into_iter()
        .find(|status| has(*status));
    UserPresence {
        user_id,
        status: status.unwrap_or(Status::Offline),
        connections,
    }
}

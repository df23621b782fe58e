//! Reads all local memberships, logins and accounts again, in batches: what no hint told is found here.

use std::collections::HashSet;

use confab_domain::{Result, RoomId, SessionId, UserId};

use super::controls::{bounded, check_accounts, check_memberships, check_sessions, offer_room};
use crate::hub::Scope;
use crate::shared::Shared;

/// Rows in one query.
const AT_ONCE: usize = 1_000;
/// People whose rooms are listed in one query.
const PEOPLE_AT_ONCE: usize = 200;

/// Checks everybody here.
pub(super) async fn recheck(shared: &Shared) -> Result<()> {
    let connections = shared.hub.connections();
    let sessions: HashSet<(SessionId, UserId)> = connections
        .iter()
        .filter_map(|connection| Some((connection.session_id()?, connection.user_id)))
        .collect();
    for chunk in sessions.into_iter().collect::<Vec<_>>().chunks(AT_ONCE) {
        check_sessions(shared, chunk).await?;
    }
    for chunk in shared.hub.user_ids().chunks(AT_ONCE) {
        check_accounts(shared, chunk).await?;
    }
    let pairs: Vec<(RoomId, UserId)> = shared
        .hub
        .viewers()
        .into_iter()
        .flat_map(|(room_id, people)| people.into_iter().map(move |user_id| (room_id, user_id)))
        .collect();
    for chunk in pairs.chunks(AT_ONCE) {
        check_memberships(shared, chunk).await?;
    }
    let followers: HashSet<UserId> = connections
        .iter()
        .filter(|connection| connection.scope == Scope::Rooms)
        .map(|connection| connection.user_id)
        .collect();
    let rooms_max = shared.ports.limits.rooms_per_connection_max;
    for chunk in followers.into_iter().collect::<Vec<_>>().chunks(PEOPLE_AT_ONCE) {
        for (user_id, room_id) in bounded(shared.ports.room_reads.current_rooms(chunk, rooms_max)).await? {
            offer_room(shared, user_id, room_id, None);
        }
    }
    Ok(())
}

//! Compares where served rooms stand with the store, while the feed cannot be trusted.

use confab_domain::{Error, Result, RoomId};
use tokio::time::timeout;

use crate::measures;
use crate::shared::{STORE_TIMEOUT, Shared};

/// Rooms in one query.
const ROOMS_AT_ONCE: usize = 10_000;

/// Asks the store for the heads of all rooms served here, and has read what they lack.
pub(super) async fn compare_heads(shared: &Shared) -> Result<()> {
    // Positions are taken before the query: a head below one of them cannot be a mere race.
    let positions = shared.hub.positions();
    for chunk in positions.chunks(ROOMS_AT_ONCE) {
        let room_ids: Vec<RoomId> = chunk.iter().map(|(room_id, _)| *room_id).collect();
        let (epoch, heads) = timeout(STORE_TIMEOUT, shared.ports.room_reads.heads(&room_ids))
            .await
            .unwrap_or(Err(Error::Unavailable("the store does not answer", None)))?;
        measures::heads_compared(room_ids.len() as u64);
        if !shared.epochs.accepts(&epoch) {
            return Ok(());
        }
        let heads: std::collections::HashMap<RoomId, i64> = heads.into_iter().collect();
        for (room_id, position) in chunk {
            match heads.get(room_id) {
                Some(head) if head < position => shared.epochs.went_back(),
                Some(head) if head > position => {
                    if shared.hub.hear(*room_id, *head) {
                        shared.healer.note(*room_id, std::time::Duration::ZERO);
                    }
                }
                Some(_) => {}
                None => shared.healer.examine(*room_id),
            }
        }
    }
    Ok(())
}

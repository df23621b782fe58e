//! A batch in two statements: nothing is locked while it is decided, and the write checks that nothing has changed.
//!
//! Every change of a room writes its head, so the version of that row (PostgreSQL's `xmin`) stands for all that the
//! room's rights rest on. The write locks the heads, compares their versions, and does nothing at all when one has
//! moved or is held: then the batch goes the way with locks.

use std::collections::HashMap;

use confab_domain::{Epoch, RoomId, Timestamp};
use sea_orm::DbErr;
use sqlx::PgConnection;

use super::job::Job;
use super::plan::{Counters, Plan, plan};
use super::transaction::{self, Facts};

/// Batches that go with locks after one that went in vain; doubled by each that follows, up to [`CAUTION_MAX`]. Few at
/// first: a success saves three round trips, a vain attempt costs two.
const CAUTION_MIN: u32 = 1;
const CAUTION_MAX: u32 = 256;

/// How often optimism is in vain: in a room that many nodes write to at once it costs more than it saves.
#[derive(Debug, Default)]
pub(crate) struct Caution {
    /// Batches that go with locks before the next attempt.
    left: u32,
    /// What `left` becomes by the next one in vain.
    next: u32,
}

impl Caution {
    /// Whether to try with this batch.
    pub(crate) const fn allows(&mut self) -> bool {
        let is_allowed = self.left == 0;
        self.left = self.left.saturating_sub(1);
        is_allowed
    }

    pub(crate) fn note(&mut self, is_in_vain: bool) {
        let outcome = if is_in_vain { "in_vain" } else { "committed" };
        metrics::counter!("confab_send_optimistic_batches_total", "outcome" => outcome).increment(1);
        if is_in_vain {
            self.left = self.next.clamp(CAUTION_MIN, CAUTION_MAX);
            self.next = self.left * 2;
        } else {
            self.next = 0;
        }
    }
}

/// Whether all that these sends write is in the one statement, and all they rest on in their rooms.
pub(crate) fn is_plain(jobs: &[Job]) -> bool {
    jobs.iter().all(|job| {
        let body = &job.message.body;
        body.reply_to.is_none()
            && body.forward.is_none()
            && body.attachments.is_empty()
            && body.named.mentions.is_empty()
            && !body.named.here
    })
}

/// Commits the batch, or nothing. None when that was in vain, or when a send repeats an earlier one.
///
/// An error leaves the outcome unknown.
pub(crate) async fn commit(
    on: &mut PgConnection,
    jobs: &[Job],
    now: Timestamp,
) -> Result<Option<(Plan, Epoch)>, DbErr> {
    let (Facts { epoch, rows }, heads) = transaction::facts_and_heads(on, jobs).await?;
    if rows.iter().any(|row| row.repeat_id.is_some()) {
        return Ok(None);
    }
    let counters: HashMap<RoomId, Counters> = heads.iter().map(|(id, head)| (*id, head.counters)).collect();
    let plan = plan(
        jobs,
        &counters,
        &rows,
        &HashMap::new(),
        &HashMap::new(),
        &HashMap::new(),
        now,
    );
    if !plan.messages.is_empty() {
        let versions = plan
            .heads
            .keys()
            .map(|room_id| heads[room_id].version.clone())
            .collect();
        if !transaction::write_unless_moved(on, &plan, jobs, versions).await? {
            return Ok(None);
        }
    }
    Ok(Some((plan, epoch)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_vain_again_and_again_is_tried_ever_more_seldom() {
        let mut caution = Caution::default();
        let mut with_locks = Vec::new();
        for _ in 0..8 {
            with_locks.push((0..1_000).take_while(|_| !caution.allows()).count());
            caution.note(true);
        }
        assert_eq!(with_locks, [0, 1, 2, 4, 8, 16, 32, 64]);
        with_locks.clear();
        for _ in 0..2 {
            with_locks.push((0..1_000).take_while(|_| !caution.allows()).count());
            caution.note(false);
        }
        assert_eq!(with_locks, [128, 0], "once is enough to be trusted again");
    }
}

//! The life of the database: anybody may doubt it, the store alone decides.

use std::time::Duration;

use confab_domain::{Epoch, Error, Result};
use parking_lot::{RwLock, RwLockReadGuard};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::measures;
use crate::protocol::CloseCode;
use crate::shared::{STORE_TIMEOUT, Shared};

/// How long to wait before asking a store again that did not answer.
const RETRY: Duration = Duration::from_millis(500);
/// How long an answer stands: whoever keeps saying another name does not have the store asked each time.
const ANSWER_STANDS: Duration = Duration::from_millis(100);

/// What this node takes for the present life of the database.
#[derive(Debug, Default)]
pub(crate) struct Epochs {
    known: RwLock<Known>,
    doubt: Notify,
}

/// Keeps the present life from ending. Nothing here may doubt it meanwhile: that would wait for itself.
pub(super) struct Held<'a>(#[expect(dead_code, reason = "held, not read")] RwLockReadGuard<'a, Known>);

#[derive(Debug, Default)]
struct Known {
    epoch: Option<Epoch>,
    /// Another name, or none, was heard.
    is_doubted: bool,
    /// The store itself went back behind what this node has seen.
    went_back: bool,
}

impl Epochs {
    /// The present life, from the store when it is not known yet.
    pub(crate) async fn current(&self, shared: &Shared) -> Result<Epoch> {
        if let Some(epoch) = self.known.read().epoch.clone() {
            return Ok(epoch);
        }
        let epoch = ask(shared).await?;
        Ok(self.known.write().epoch.get_or_insert(epoch).clone())
    }

    /// Whether something of this life may be used; another name makes the store be asked.
    pub(crate) fn accepts(&self, epoch: &Epoch) -> bool {
        let is_known = self.known.read().epoch.as_ref() == Some(epoch);
        if !is_known {
            self.doubt();
        }
        is_known
    }

    /// As [`Self::accepts`], and no other life begins while what is returned is held.
    pub(super) fn hold(&self, epoch: &Epoch) -> Option<Held<'_>> {
        let known = self.known.read();
        if known.epoch.as_ref() == Some(epoch) {
            return Some(Held(known));
        }
        drop(known);
        self.doubt();
        None
    }

    /// Makes the store be asked.
    pub(crate) fn doubt(&self) {
        self.known.write().is_doubted = true;
        self.doubt.notify_one();
    }

    /// A head in the store lies below what this node has seen: a new life, whatever its name.
    pub(crate) fn went_back(&self) {
        self.known.write().went_back = true;
        self.doubt();
    }

    /// Asks the store whenever there is doubt, and ends what belonged to a former life.
    pub(crate) async fn watch(&self, shared: &Shared) {
        loop {
            self.doubt.notified().await;
            while self.known.read().is_doubted {
                match ask(shared).await {
                    Ok(epoch) => {
                        self.decide(shared, epoch);
                        tokio::time::sleep(ANSWER_STANDS).await;
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the store cannot say which epoch it is");
                        tokio::time::sleep(RETRY).await;
                    }
                }
            }
        }
    }

    fn decide(&self, shared: &Shared, epoch: Epoch) {
        let mut known = self.known.write();
        known.is_doubted = false;
        let went_back = std::mem::take(&mut known.went_back);
        let former = known.epoch.replace(epoch.clone());
        if went_back || former.as_ref().is_some_and(|former| *former != epoch) {
            tracing::warn!(epoch.former = ?former, epoch.present = %epoch, "the database began another life");
            measures::epoch_changed();
            // Before anything of the new life is accepted: no connection may hear of both.
            shared.hub.close_all(CloseCode::EpochChanged);
        }
    }
}

async fn ask(shared: &Shared) -> Result<Epoch> {
    timeout(STORE_TIMEOUT, shared.ports.room_reads.epoch())
        .await
        .unwrap_or(Err(Error::Unavailable("the store does not answer", None)))
}

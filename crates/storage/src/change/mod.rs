//! All durable writes of a room but sends: lock the head, read the facts, let the domain decide, write the
//! effects with their events, commit.

mod apply;
mod found;
mod log;
mod notices;
mod read;
mod unheard;
mod wearing;

use confab_domain::ports::Changed;
use confab_domain::{Actor, Deed, Epoch, Error, Result, RoomId, Timestamp, Trace, decide};
use sea_orm::DatabaseTransaction;

use self::apply::apply;
pub(crate) use self::found::{create_room, direct_room, room_by_key};
use self::log::RoomLog;
pub(crate) use self::read::{are_apart, is_peer_shut};
use crate::connect::{Store, bounded_domain};
use crate::doubt::{Patience, is_lost};
use crate::error::from_db;

/// Who acts, when, and on whose request.
pub(crate) struct Act<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) now: Timestamp,
    pub(crate) trace: Trace,
}

/// Does a deed, or says why not. Nothing is written and nothing announced when it is so already.
pub(crate) async fn change(store: &Store, room_id: RoomId, deed: Deed, act: Act<'_>) -> Result<Changed> {
    bounded_domain(async {
        let _turn = store.turn(room_id).lock().await;
        let mut patience = Patience::default();
        let ready = loop {
            match written(store, room_id, &deed, &act).await {
                // What was never asked to commit is gone with its connection.
                Err(error) if is_lost(&error) && patience.wait().await => {}
                outcome => break outcome?,
            }
        };
        match ready {
            Written::Nothing(changed) => Ok(changed),
            Written::Uncommitted(transaction, log, epoch) => {
                transaction.commit().await.map_err(from_db)?;
                Ok(log.announce(store, epoch))
            }
        }
    })
    .await
}

enum Written {
    /// It is so already.
    Nothing(Changed),
    /// All that is left is to commit, once.
    Uncommitted(DatabaseTransaction, RoomLog, Epoch),
}

async fn written(store: &Store, room_id: RoomId, deed: &Deed, act: &Act<'_>) -> Result<Written> {
    let transaction = store.begin().await.map_err(from_db)?;
    let run = store.within(&transaction);
    if !read::lock(&run, room_id).await.map_err(from_db)? {
        return Err(Error::NotFound);
    }
    // Statements from here on see everything that was committed before the lock was got.
    let facts = read::facts(&run, room_id, deed, act).await.map_err(from_db)?;
    let Some((epoch, facts)) = facts else {
        return Err(Error::NotFound);
    };
    let effects = decide(act.actor, deed, &facts)?;
    if effects.is_empty() {
        return Ok(Written::Nothing(Changed {
            events: Vec::new(),
            room: facts.room,
            head: facts.head,
        }));
    }
    let mut log = RoomLog::new(facts.room.clone(), facts.head, act);
    for effect in &effects {
        apply(&run, &mut log, effect, &facts).await.map_err(from_db)?;
    }
    notices::tell(&run, &mut log, &effects, &facts, act)
        .await
        .map_err(from_db)?;
    log.write(&run).await.map_err(from_db)?;
    Ok(Written::Uncommitted(transaction, log, epoch))
}

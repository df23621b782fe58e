//! Hints that rights may have changed: gathered, looked up in the store together, acted on.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use confab_domain::ports::SessionState;
use confab_domain::{Control, Error, Result, RoomId, SessionId, UserId};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::healer::heal_room;
use crate::hub::{Follow, Scope};
use crate::protocol::CloseCode;
use crate::shared::{STORE_TIMEOUT, Shared};

/// Hints that wait; above this everything is checked again.
const WAITING_MAX: usize = 4_096;
/// Hints that are looked up together.
const AT_ONCE: usize = 1_000;

/// Where hints wait to be looked up.
#[derive(Debug)]
pub(crate) struct Controls {
    sender: mpsc::Sender<Control>,
    receiver: Mutex<Option<mpsc::Receiver<Control>>>,
    /// Hints were dropped, or could not be looked up.
    recheck_is_due: AtomicBool,
}

impl Default for Controls {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            recheck_is_due: AtomicBool::new(false),
        }
    }
}

impl Controls {
    /// Takes a hint, if it concerns anybody here.
    pub(crate) fn hint(&self, shared: &Shared, control: Control) {
        let concerns_us = match control {
            Control::Membership { user_id, .. }
            | Control::Session { user_id, .. }
            | Control::Account { user_id } => shared.hub.has_user(user_id),
            Control::Epoch => {
                shared.epochs.doubt();
                false
            }
        };
        if concerns_us && self.sender.try_send(control).is_err() {
            self.recheck_is_due.store(true, Ordering::Relaxed);
        }
    }

    /// Whether everything must be checked again because hints were lost; asked once.
    pub(super) fn take_recheck_due(&self) -> bool {
        self.recheck_is_due.swap(false, Ordering::Relaxed)
    }

    /// Looks hints up for as long as the gateway runs; those that wait meanwhile are the next lot.
    pub(crate) async fn run(&self, shared: &Shared) {
        let Some(mut receiver) = self.receiver.lock().take() else {
            return;
        };
        let mut lot = Vec::new();
        while receiver.recv_many(&mut lot, AT_ONCE).await > 0 {
            let hints: HashSet<Control> = lot.drain(..).collect();
            if let Err(error) = act_on(shared, &hints).await {
                tracing::warn!(%error, "changed rights could not be read from the store; all are checked again");
                self.recheck_is_due.store(true, Ordering::Relaxed);
            }
        }
    }
}

async fn act_on(shared: &Shared, hints: &HashSet<Control>) -> Result<()> {
    let mut pairs = Vec::new();
    let mut sessions = Vec::new();
    let mut accounts = Vec::new();
    for hint in hints {
        match *hint {
            Control::Membership { room_id, user_id } => pairs.push((room_id, user_id)),
            Control::Session { session_id, user_id } => sessions.push((session_id, user_id)),
            Control::Account { user_id } => accounts.push(user_id),
            Control::Epoch => {}
        }
    }
    check_sessions(shared, &sessions).await?;
    check_accounts(shared, &accounts).await?;
    check_memberships(shared, &pairs).await
}

/// Closes the sockets of logins that were ended.
pub(super) async fn check_sessions(shared: &Shared, sessions: &[(SessionId, UserId)]) -> Result<()> {
    if sessions.is_empty() {
        return Ok(());
    }
    let ids: Vec<SessionId> = sessions.iter().map(|(session_id, _)| *session_id).collect();
    let states = bounded(
        shared
            .ports
            .standings
            .session_states(&ids, shared.ports.clock.now()),
    )
    .await?;
    let live: HashSet<SessionId> = states
        .iter()
        .filter(|state: &&SessionState| state.is_live)
        .map(|state| state.session_id)
        .collect();
    for (session_id, user_id) in sessions
        .iter()
        .filter(|(session_id, _)| !live.contains(session_id))
    {
        for connection in shared.hub.connections_of(*user_id) {
            if connection.session_id() == Some(*session_id) {
                connection.close(CloseCode::SessionRevoked);
            }
        }
    }
    Ok(())
}

/// Closes the sockets of accounts that were shut, and takes over changed roles.
pub(crate) async fn check_accounts(shared: &Shared, user_ids: &[UserId]) -> Result<()> {
    if user_ids.is_empty() {
        return Ok(());
    }
    let states = bounded(shared.ports.standings.account_states(user_ids)).await?;
    for user_id in user_ids {
        let state = states.iter().find(|state| state.user_id == *user_id);
        for connection in shared.hub.connections_of(*user_id) {
            match state {
                Some(state) if state.is_open => {
                    connection.set_role(state.role);
                    connection.set_shares_read_marks(state.shares_read_marks);
                }
                _ => connection.close(CloseCode::SessionRevoked),
            }
        }
    }
    Ok(())
}

/// Adds people to rooms they came into, and takes them out of rooms they are out of.
pub(super) async fn check_memberships(shared: &Shared, pairs: &[(RoomId, UserId)]) -> Result<()> {
    if pairs.is_empty() {
        return Ok(());
    }
    let members = bounded(shared.ports.room_reads.memberships(pairs)).await?;
    for ((room_id, user_id), member) in pairs.iter().zip(members) {
        match member.filter(confab_domain::Member::is_current) {
            Some(member) => offer_room(shared, *user_id, *room_id, Some(member.joined_seq - 1)),
            None if shared.hub.is_followed_by(*room_id, *user_id) => {
                // The person's own `user_left` is to be their last event of the room: read up to it first.
                // Should it not be had, they are taken out all the same.
                if let Err(error) = heal_room(shared, *room_id).await {
                    tracing::warn!(%error, room.id = %room_id, "a room could not be read up to a removal");
                }
                shared.after_delivery(shared.hub.remove(*room_id, *user_id, "removed"));
            }
            None => {}
        }
    }
    Ok(())
}

/// Has those connections of a person follow a room that follow new rooms and do not follow it yet.
pub(super) fn offer_room(shared: &Shared, user_id: UserId, room_id: RoomId, after_seq: Option<i64>) {
    let rooms_max = shared.ports.limits.rooms_per_connection_max;
    for connection in shared.hub.connections_of(user_id) {
        if connection.scope == Scope::Rooms && connection.wants(room_id, rooms_max) {
            connection.follow(Follow {
                room_id,
                reset: false,
                after_seq,
            });
        }
    }
}

pub(super) async fn bounded<T>(reading: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(STORE_TIMEOUT, reading)
        .await
        .unwrap_or(Err(Error::Unavailable("the store does not answer", None)))
}

//! Who is announced as online or offline, and which connection is one too many.

use std::collections::HashMap;

use confab_domain::ports::{Signal, Status, UserPresence};
use confab_domain::{Result, Timestamp, UserId};
use foldhash::fast::FixedState;
use tokio::time::{Instant, timeout};

use super::desk::{PRESENCE_TIMEOUT, Report, live_connection};
use crate::measures;
use crate::protocol::CloseCode;
use crate::shared::Shared;

/// What this node has said of people, and whom it is about to call offline.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    /// Of people with connections here.
    announced: HashMap<UserId, Status, FixedState>,
    /// People without any session: when that is announced, and when they were last there.
    graces: HashMap<UserId, (Instant, Timestamp), FixedState>,
}

impl Announcer {
    pub(super) async fn take(&mut self, shared: &Shared, report: Report) {
        let (ports, now) = (&shared.ports, shared.ports.clock.now());
        match report {
            Report::Arrived(subscriber) => {
                let connection = live_connection(&subscriber);
                let arriving = ports.presence.arrive(shared.node, &connection, now);
                if let Some(presence) = within(arriving).await {
                    replace_the_oldest(shared, &presence);
                    self.present(shared, &presence, now).await;
                }
            }
            Report::Changed(subscriber) => {
                let connection = live_connection(&subscriber);
                if let Some(presence) = within(ports.presence.arrive(shared.node, &connection, now)).await {
                    self.present(shared, &presence, now).await;
                }
            }
            Report::Departed {
                connection_id,
                user_id,
            } => {
                let departing = ports.presence.depart(shared.node, connection_id, user_id, now);
                match within(departing).await {
                    Some(presence) if presence.connections.is_empty() => self.absent(shared, user_id, now),
                    Some(presence) => self.present(shared, &presence, now).await,
                    None if !shared.hub.has_user(user_id) => self.absent(shared, user_id, now),
                    None => {}
                }
                if !shared.hub.has_user(user_id) {
                    self.announced.remove(&user_id);
                }
            }
            Report::Active {
                user_id,
                room_ids,
                active,
            } => {
                within(
                    ports
                        .presence
                        .set_active(shared.node, &room_ids, user_id, active, now),
                )
                .await;
            }
        }
    }

    /// Somebody is there: told when that is news.
    async fn present(&mut self, shared: &Shared, presence: &UserPresence, now: Timestamp) {
        let user_id = presence.user_id;
        let was_in_grace = self.graces.remove(&user_id).is_some();
        let known = self.announced.insert(user_id, presence.status);
        // Back within the grace: nobody was told that they had gone. With connections elsewhere: those nodes
        // have told it.
        let is_news = match known {
            Some(known) => known != presence.status,
            None if was_in_grace => presence.status != Status::Online,
            None => presence.connections.len() <= 1 || presence.status != Status::Online,
        };
        if is_news {
            announce(shared, user_id, presence.status, Some(now)).await;
        }
    }

    fn absent(&mut self, shared: &Shared, user_id: UserId, now: Timestamp) {
        self.graces
            .insert(user_id, (Instant::now() + shared.settings.offline_grace, now));
    }

    /// Announces those who did not come back.
    pub(super) async fn end_graces(&mut self, shared: &Shared) {
        let now = Instant::now();
        let mut over = Vec::new();
        self.graces.retain(|user_id, (ends_at, last_seen_at)| {
            let is_over = *ends_at <= now;
            if is_over {
                over.push((*user_id, *last_seen_at));
            }
            !is_over
        });
        self.tell_absent(shared, &over).await;
    }

    /// Announces people whose last connections were on nodes that died.
    pub(super) async fn sweep(&mut self, shared: &Shared) {
        let now = shared.ports.clock.now();
        if let Some(user_ids) = within(shared.ports.presence.sweep(shared.node, now)).await {
            let swept: Vec<_> = user_ids.into_iter().map(|user_id| (user_id, now)).collect();
            self.tell_absent(shared, &swept).await;
        }
    }

    async fn tell_absent(&mut self, shared: &Shared, people: &[(UserId, Timestamp)]) {
        for chunk in people.chunks(1_000) {
            let user_ids: Vec<UserId> = chunk.iter().map(|(user_id, _)| *user_id).collect();
            let found = within(shared.ports.presence.users(&user_ids, shared.ports.clock.now())).await;
            let is_there = |user_id: &UserId| {
                shared.hub.has_user(*user_id)
                    || found.as_ref().is_some_and(|found| {
                        found
                            .iter()
                            .any(|presence| presence.user_id == *user_id && !presence.connections.is_empty())
                    })
            };
            let gone: Vec<(UserId, Timestamp)> = chunk
                .iter()
                .filter(|(user_id, _)| !is_there(user_id))
                .copied()
                .collect();
            if gone.is_empty() {
                continue;
            }
            within(shared.ports.accounts.touch_last_seen(&gone)).await;
            for (user_id, last_seen_at) in gone {
                announce(shared, user_id, Status::Offline, Some(last_seen_at)).await;
            }
        }
    }
}

async fn announce(shared: &Shared, user_id: UserId, status: Status, last_seen_at: Option<Timestamp>) {
    let members_max = shared.ports.limits.presence_signal_members_max;
    let Some(room_ids) = within(shared.ports.room_reads.small_rooms_of(user_id, members_max)).await else {
        return;
    };
    if room_ids.is_empty() {
        return;
    }
    // The store tells it only of who shares it.
    let user = within(shared.ports.accounts.user(user_id)).await.flatten();
    let last_seen_at = last_seen_at.filter(|_| user.is_some_and(|user| user.privacy.shares_last_seen));
    shared.ports.signals.send(Signal::Presence {
        user_id,
        status,
        last_seen_at,
        room_ids,
    });
}

/// A person's oldest connections make place for the newest, wherever they are.
fn replace_the_oldest(shared: &Shared, presence: &UserPresence) {
    let excess = presence
        .connections
        .len()
        .saturating_sub(shared.ports.limits.connections_per_user_max);
    for (node, connection) in presence.connections.iter().take(excess) {
        let connection_id = connection.connection_id;
        if *node == shared.node {
            let own = shared.hub.connections_of(presence.user_id);
            if let Some(oldest) = own.into_iter().find(|own| own.id == connection_id) {
                oldest.close(CloseCode::Replaced);
            }
        } else {
            shared.ports.signals.send(Signal::Replaced {
                node: *node,
                connection_id,
            });
        }
    }
}

/// An answer of a part that may be away: then nothing, logged.
async fn within<T>(asking: impl Future<Output = Result<T>>) -> Option<T> {
    match timeout(PRESENCE_TIMEOUT, asking).await {
        Ok(Ok(answer)) => Some(answer),
        Ok(Err(error)) => {
            tracing::debug!(%error, "presence was not told");
            measures::presence_dropped();
            None
        }
        Err(_) => {
            measures::presence_dropped();
            None
        }
    }
}

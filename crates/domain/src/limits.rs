//! The bounds of the product, all of them settings: `server` fills them in, `GET /capabilities` tells them.

use std::time::Duration;

/// How often something may be done by one person (or address) over all nodes: GCRA, whole window as burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Attempts in a window; 0 switches the limit off.
    pub limit: u32,
    /// The window.
    pub window: Duration,
}

impl Rate {
    /// So many a minute.
    pub const fn per_minute(limit: u32) -> Self {
        Self {
            limit,
            window: Duration::from_mins(1),
        }
    }
}

/// Bounds that commands, queries and sessions keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sends of one person over all direct rooms.
    pub direct_sends: Rate,
    /// Sends of one person over all other rooms.
    pub room_sends: Rate,
    /// Logins tried per account name, and per address ten times as many.
    pub logins: Rate,
    /// Registrations per address.
    pub registrations: Rate,
    /// Rooms made, joined, edited and ended, members added, removed and changed, per person.
    pub room_changes: Rate,
    /// Reactions and pins, made and taken back, per person.
    pub reactions: Rate,
    /// Searches in messages, per person; each page is one.
    pub searches: Rate,
    /// Messages that one person edits.
    pub edits: Rate,
    /// Messages that one person deletes.
    pub deletes: Rate,
    /// Read and delivered marks that one person moves.
    pub marks: Rate,
    /// Tickets for sockets, per person.
    pub tickets: Rate,
    /// Refresh tokens spent, per address.
    pub refreshes: Rate,
    /// Changes of one person's own account.
    pub profile_changes: Rate,
    /// Messages that one person reports.
    pub reports: Rate,
    /// Links into rooms that one person makes.
    pub invitations: Rate,
    /// People whom one person blocks.
    pub blocks: Rate,
    /// Requests of one person over REST, whatever they ask; the backstop behind all others.
    pub requests: Rate,
    /// Files taken in, per person.
    pub uploads: Rate,
    /// Rooms that one connection follows.
    pub rooms_per_connection_max: usize,
    /// Live connections of one person; one more closes the oldest.
    pub connections_per_user_max: usize,
    /// Frames of one connection.
    pub frames: Rate,
    /// Largest frame, in bytes.
    pub frame_bytes_max: usize,
    /// Frames of one socket being worked on at once.
    pub frames_in_flight_max: usize,
    /// Missed events of one room that a resume replays; above that `reset`.
    pub replay_events_per_room_max: i64,
    /// Missed events of one connection that a resume replays; above that `reset`.
    pub replay_events_per_connection_max: i64,
    /// Rooms with more members get no presence signals.
    pub presence_signal_members_max: i64,
}

impl Limits {
    /// Every budget of attempts that is shared by all nodes, by the name that answers give it.
    pub fn budgets(&self) -> Vec<(&'static str, Rate)> {
        // Taken apart whole, so that one more budget does not compile until it is told here.
        let Self {
            direct_sends,
            room_sends,
            logins,
            registrations,
            room_changes,
            reactions,
            searches,
            edits,
            deletes,
            marks,
            tickets,
            refreshes,
            profile_changes,
            reports,
            invitations,
            blocks,
            requests,
            uploads,
            // Of each connection for itself.
            frames: _,
            rooms_per_connection_max: _,
            connections_per_user_max: _,
            frame_bytes_max: _,
            frames_in_flight_max: _,
            replay_events_per_room_max: _,
            replay_events_per_connection_max: _,
            presence_signal_members_max: _,
        } = *self;
        vec![
            ("send_direct", direct_sends),
            ("send_room", room_sends),
            ("login", logins),
            ("register", registrations),
            ("room_changes", room_changes),
            ("edits", edits),
            ("deletes", deletes),
            ("reactions", reactions),
            ("uploads", uploads),
            ("searches", searches),
            ("marks", marks),
            ("tickets", tickets),
            ("refreshes", refreshes),
            ("profile_changes", profile_changes),
            ("reports", reports),
            ("invitations", invitations),
            ("blocks", blocks),
            ("requests", requests),
        ]
    }

    /// Without any budget of attempts, for tests and measurements.
    #[must_use]
    pub fn without_budgets(self) -> Self {
        let off = Rate::per_minute(0);
        Self {
            direct_sends: off,
            uploads: off,
            room_sends: off,
            logins: off,
            registrations: off,
            room_changes: off,
            edits: off,
            deletes: off,
            reactions: off,
            searches: off,
            marks: off,
            tickets: off,
            refreshes: off,
            profile_changes: off,
            reports: off,
            invitations: off,
            blocks: off,
            requests: off,
            ..self
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            direct_sends: Rate::per_minute(20),
            room_sends: Rate::per_minute(30),
            logins: Rate::per_minute(10),
            registrations: Rate::per_minute(30),
            room_changes: Rate::per_minute(60),
            reactions: Rate::per_minute(60),
            searches: Rate::per_minute(60),
            edits: Rate::per_minute(60),
            deletes: Rate::per_minute(60),
            marks: Rate::per_minute(1_200),
            tickets: Rate::per_minute(60),
            refreshes: Rate::per_minute(600),
            profile_changes: Rate::per_minute(30),
            reports: Rate::per_minute(20),
            invitations: Rate::per_minute(20),
            blocks: Rate::per_minute(20),
            requests: Rate::per_minute(1_200),
            uploads: Rate::per_minute(30),
            rooms_per_connection_max: 1_000,
            connections_per_user_max: 8,
            frames: Rate {
                limit: 120,
                window: Duration::from_secs(10),
            },
            frame_bytes_max: 128 * 1024,
            frames_in_flight_max: 32,
            replay_events_per_room_max: 10_000,
            replay_events_per_connection_max: 50_000,
            presence_signal_members_max: 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_budgets_there_is_none() {
        let told = Limits::default().without_budgets().budgets();
        assert!(told.iter().all(|(_, rate)| rate.limit == 0), "{told:?}");
    }
}

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
    /// Rooms made and joined, members added, per person.
    pub room_changes: Rate,
    /// Reactions and pins, made and taken back, per person.
    pub reactions: Rate,
    /// Searches in messages, per person; each page is one.
    pub searches: Rate,
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

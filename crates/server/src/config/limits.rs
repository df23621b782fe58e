//! The product's bounds, from their settings.

use confab_domain::Limits;

use super::Settings;

impl Settings {
    /// The bounds that commands, queries and sessions keep.
    pub fn limits(&self) -> Limits {
        Limits {
            direct_sends: self.direct_sends.0,
            room_sends: self.room_sends.0,
            logins: self.logins.0,
            registrations: self.registrations.0,
            room_changes: self.room_changes.0,
            reactions: self.reactions.0,
            searches: self.searches.0,
            edits: self.edits.0,
            deletes: self.deletes.0,
            marks: self.marks.0,
            tickets: self.tickets.0,
            refreshes: self.refreshes.0,
            profile_changes: self.profile_changes.0,
            reports: self.reports.0,
            invitations: self.invitations.0,
            blocks: self.blocks.0,
            requests: self.requests.0,
            uploads: self.uploads.0,
            rooms_per_connection_max: self.rooms_per_connection_max.0 as usize,
            connections_per_user_max: self.connections_per_user_max.0 as usize,
            frames: self.frames.0,
            frame_bytes_max: self.frame_bytes_max.0 as usize,
            frames_in_flight_max: self.frames_in_flight_max.0 as usize,
            replay_events_per_room_max: self.replay_events_per_room_max.0 as i64,
            replay_events_per_connection_max: self.replay_events_per_connection_max.0 as i64,
            presence_signal_members_max: self.presence_signal_members_max.0 as i64,
        }
    }
}

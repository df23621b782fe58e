//! The seams: what the domain asks of the world. Each states its guarantee; two real things stand behind
//! each, and one contract suite holds both to it.

mod accounts;
mod conversations;
mod files;
mod host;
mod identity;
mod live;
mod messages;
mod moderation;
mod outbox;
mod presence;
mod rate_limits;
mod rooms;
mod search;

use std::sync::Arc;

pub use accounts::*;
pub use conversations::*;
pub use files::*;
pub use host::*;
pub use identity::*;
pub use live::*;
pub use messages::*;
pub use moderation::*;
pub use outbox::*;
pub use presence::*;
pub use rate_limits::*;
pub use rooms::*;
pub use search::*;

use crate::{Clock, Limits};

/// What commands and queries work with. A plain struct: no methods, no defaults.
#[derive(Clone)]
pub struct Ports {
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Accounts, sessions, tickets.
    pub accounts: Arc<dyn Accounts>,
    /// Whether logins and accounts still stand, from a cache of a second.
    pub standings: Arc<dyn Standings>,
    /// What a host product's backend brings with it.
    pub host: Arc<dyn HostProduct>,
    /// Durable writes of rooms.
    pub room_writes: Arc<dyn RoomWrites>,
    /// Reads of rooms.
    pub room_reads: Arc<dyn RoomReads>,
    /// Reactions, pins, and what people keep for themselves.
    pub conversations: Arc<dyn Conversations>,
    /// Finds messages by their text.
    pub search: Arc<dyn Search>,
    /// Who is kept out of what, and by whom.
    pub moderation: Arc<dyn Moderation>,
    /// Reads of messages beyond pages.
    pub message_reads: Arc<dyn MessageReads>,
    /// Access tokens.
    pub tokens: Arc<dyn AccessTokens>,
    /// Password hashes.
    pub passwords: Arc<dyn Passwords>,
    /// Random secrets and their hashes.
    pub secrets: Arc<dyn Secrets>,
    /// Budgets.
    pub rate_limits: Arc<dyn RateLimits>,
    /// Who is there.
    pub presence: Arc<dyn Presence>,
    /// Typing, presence changes and marks, which may be missed.
    pub signals: Arc<dyn Signals>,
    /// The bounds.
    pub limits: Arc<Limits>,
}

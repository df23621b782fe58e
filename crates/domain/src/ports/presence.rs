//! Who is there now, and the signals that may be missed.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Receiver;

use crate::room::words;
use crate::{
    ConnectionId, ConversationSettings, CustomStatus, IncarnationId, Result, RoomId, Timestamp, UserId,
};

words! {
    /// What a person's devices, merged, say of them.
    Status {
        /// Connected and there.
        Online = "online",
        /// Connected, not looking.
        Away = "away",
        /// Connected, not to be disturbed.
        Busy = "busy",
        /// No session.
        Offline = "offline",
    }
}

/// One live connection, as its node reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveConnection {
    /// Which.
    pub connection_id: ConnectionId,
    /// Whose.
    pub user_id: UserId,
    /// When it was opened; the oldest is closed when there are too many.
    pub opened_at: Timestamp,
    /// What it says of its person.
    pub status: Status,
}

/// A person's presence over all devices and nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserPresence {
    /// Who.
    pub user_id: UserId,
    /// Busy wins over online, online over away.
    pub status: Status,
    /// Their live connections on living nodes, oldest first.
    pub connections: Vec<(IncarnationId, LiveConnection)>,
}

/// Who is active in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomPresence {
    /// How many.
    pub count: u64,
    /// At most as many as were asked for.
    pub user_ids: Vec<UserId>,
}

/// A node's whole state, written in full each time so that a flush heals.
#[derive(Clone, Debug, Default)]
pub struct NodePresence {
    /// Its connections.
    pub connections: Vec<LiveConnection>,
    /// People active in each room through this node.
    pub active: Vec<(RoomId, Vec<UserId>)>,
}

/// Presence over all nodes, by leases: what is not renewed is gone.
///
/// A connection lives 45 s after its node's last heartbeat (heartbeats every 15 s). Answers may lack what
/// happened within the last heartbeat when the shared memory was flushed. When it is away, answers come
/// from this node alone.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Renews everything of this node, pipelined.
    async fn heartbeat(&self, node: IncarnationId, state: &NodePresence, now: Timestamp) -> Result<()>;

    /// A connection was opened (or changed its status): its person's presence after that.
    async fn arrive(
        &self,
        node: IncarnationId,
        connection: &LiveConnection,
        now: Timestamp,
    ) -> Result<UserPresence>;

    /// A connection was closed: its person's presence after that.
    async fn depart(
        &self,
        node: IncarnationId,
        connection_id: ConnectionId,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<UserPresence>;

    /// Notes people as active in rooms, or no longer.
    async fn set_active(
        &self,
        node: IncarnationId,
        room_ids: &[RoomId],
        user_id: UserId,
        active: bool,
        now: Timestamp,
    ) -> Result<()>;

    /// The presence of each person, in the order asked. At most 1,000.
    async fn users(&self, user_ids: &[UserId], now: Timestamp) -> Result<Vec<UserPresence>>;

    /// Who is active in a room; at most `limit` names.
    async fn room(&self, room_id: RoomId, limit: usize, now: Timestamp) -> Result<RoomPresence>;

    /// People whose last connections were on nodes that died, each told to one caller only (a lock says
    /// who sweeps), for the `user_offline` that the dead cannot send.
    async fn sweep(&self, node: IncarnationId, now: Timestamp) -> Result<Vec<UserId>>;

    /// Ends this node's leases at once, at a graceful stop.
    async fn leave(&self, node: IncarnationId) -> Result<()>;
}

/// What may be missed: no `seq`, no replay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Signal {
    /// Somebody types, or stopped.
    Typing {
        /// Where.
        room_id: RoomId,
        /// Who.
        user_id: UserId,
        /// Begun or ended.
        active: bool,
    },
    /// Somebody's presence changed; for people who share one of these rooms.
    Presence {
        /// Who.
        user_id: UserId,
        /// What they are now.
        status: Status,
        /// When they were last connected.
        last_seen_at: Option<Timestamp>,
        /// Their rooms of at most 500 members.
        room_ids: Vec<RoomId>,
    },
    /// Somebody has read up to a number.
    Read {
        /// Where.
        room_id: RoomId,
        /// Who.
        user_id: UserId,
        /// Up to which message.
        number: i64,
    },
    /// Somebody's client has received up to a number.
    Delivered {
        /// Where.
        room_id: RoomId,
        /// Who.
        user_id: UserId,
        /// Up to which message.
        number: i64,
    },
    /// Somebody says something else of themselves; for people who share one of these rooms.
    Status {
        /// Who.
        user_id: UserId,
        /// What; none: nothing any more.
        status: Option<CustomStatus>,
        /// Their rooms of at most 500 members.
        room_ids: Vec<RoomId>,
    },
    /// Somebody has another name or picture; for people who share one of these rooms.
    Profile {
        /// Who.
        user_id: UserId,
        /// Their username.
        username: String,
        /// What others read.
        display_name: String,
        /// Their picture.
        avatar_url: Option<String>,
        /// Their rooms of at most 500 members.
        room_ids: Vec<RoomId>,
    },
    /// For the person's own devices: they blocked somebody, or no longer.
    Block {
        /// Who blocks.
        user_id: UserId,
        /// Whom.
        blocked_id: UserId,
        /// Begun or ended.
        is_blocked: bool,
    },
    /// For the person's own devices: their own mark or settings in a room changed.
    Conversation {
        /// Whose.
        user_id: UserId,
        /// Where.
        room_id: RoomId,
        /// Their read mark, where that changed.
        last_read_number: Option<i64>,
        /// What is unread, where that changed.
        unread: Option<i64>,
        /// Whether it is marked to be come back to, where that changed.
        is_marked_unread: Option<bool>,
        /// Their settings, where those changed.
        settings: Option<ConversationSettings>,
    },
    /// Close this connection with 4506: its person opened one too many elsewhere.
    Replaced {
        /// The node that serves it.
        node: IncarnationId,
        /// Which.
        connection_id: ConnectionId,
    },
}

/// Sends and hears signals. At most once, unordered, bounded; silence when the wire is away.
pub trait Signals: Send + Sync {
    /// Sends a signal to all nodes, this one included. Never blocks; dropped when the queue is full.
    fn send(&self, signal: Signal);

    /// Every signal from now on.
    fn listen(&self) -> Receiver<Signal>;
}

//! What can be set: plain values that `server` fills in.

use std::fmt;
use std::time::Duration;

/// The Redis server and the link to it.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisSettings {
    /// `redis://[user:password@]host[:port][/database]`, or `rediss://…` for TLS.
    pub url: String,
    /// What all keys and channels begin with, so that several products can share a server. At most 64 visible
    /// ASCII characters without braces.
    pub key_prefix: String,
    /// Longest wait for a connection. Nobody but the link's own task ever waits for it.
    pub connect_timeout: Duration,
    /// Longest wait of a caller for an answer. One that takes longer opens the circuit breaker: calls are then
    /// refused at once until a new connection has answered.
    pub command_timeout: Duration,
    /// Longest wait for what nobody waits for: heartbeats, sweeps, warming.
    pub bulk_timeout: Duration,
    /// First pause between attempts to connect; doubled, with jitter, up to the longest one.
    pub reconnect_delay_min: Duration,
    /// Longest pause between attempts to connect, without its jitter.
    pub reconnect_delay_max: Duration,
}

impl Default for RedisSettings {
    fn default() -> Self {
        Self {
            url: "redis://127.0.0.1:6379".to_owned(),
            key_prefix: "confab:".to_owned(),
            connect_timeout: Duration::from_secs(1),
            command_timeout: Duration::from_millis(50),
            bulk_timeout: Duration::from_secs(2),
            reconnect_delay_min: Duration::from_millis(50),
            reconnect_delay_max: Duration::from_secs(1),
        }
    }
}

/// Without the URL: it may bear a password.
impl fmt::Debug for RedisSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisSettings")
            .field("url", &"…")
            .field("key_prefix", &self.key_prefix)
            .field("connect_timeout", &self.connect_timeout)
            .field("command_timeout", &self.command_timeout)
            .field("bulk_timeout", &self.bulk_timeout)
            .field("reconnect_delay_min", &self.reconnect_delay_min)
            .field("reconnect_delay_max", &self.reconnect_delay_max)
            .finish()
    }
}

/// Cached rooms and recent messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomCacheSettings {
    /// How long a room's slow part is kept after it was written; up to a tenth less, by jitter.
    pub room_ttl: Duration,
    /// How long a room's recent messages are kept after they last moved; up to a tenth less, by jitter.
    pub recent_ttl: Duration,
    /// Rooms kept by a node without Redis; the least recently used go first.
    pub rooms_max: usize,
    /// Committed batches that may wait to warm the cache; more are dropped, and readers refill.
    pub feed_batches_max: usize,
}

impl Default for RoomCacheSettings {
    fn default() -> Self {
        Self {
            room_ttl: Duration::from_hours(1),
            recent_ttl: Duration::from_mins(30),
            rooms_max: 1_000,
            feed_batches_max: 1_024,
        }
    }
}

/// Cached standings of sessions and accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingsSettings {
    /// How old an answer may be, counted from before it was read.
    pub age_max: Duration,
    /// Sessions kept, and as many accounts; the least recently used go first.
    pub entries_max: usize,
    /// Most ids in one read of the store.
    pub batch_max: usize,
}

impl Default for StandingsSettings {
    fn default() -> Self {
        Self {
            age_max: Duration::from_secs(1),
            entries_max: 50_000,
            batch_max: 1_000,
        }
    }
}

/// Presence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresenceSettings {
    /// A connection, an active person and a node live so long after their last heartbeat.
    pub lease: Duration,
    /// Redis forgets a key so long after its last heartbeat.
    pub key_ttl: Duration,
    /// A sweeper that died gives the others way after this.
    pub sweep_lock_ttl: Duration,
}

impl Default for PresenceSettings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(45),
            key_ttl: Duration::from_mins(5),
            sweep_lock_ttl: Duration::from_secs(10),
        }
    }
}

/// Signals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalSettings {
    /// Signals that may wait to be sent; more are dropped.
    pub outbox_max: usize,
    /// Signals that may wait for a listener; more are dropped for that listener.
    pub inbox_max: usize,
    /// How often the listening connection is asked whether it lives; unanswered for as long again, it is made
    /// anew.
    pub ping_interval: Duration,
}

impl Default for SignalSettings {
    fn default() -> Self {
        Self {
            outbox_max: 4_096,
            inbox_max: 4_096,
            ping_interval: Duration::from_secs(5),
        }
    }
}

/// Rate limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitSettings {
    /// Longest wait for the shared budget; then this node counts by itself.
    pub answer_timeout: Duration,
    /// Budgets that one node counts by itself; the least recently used go first.
    pub budgets_max: usize,
}

impl Default for RateLimitSettings {
    fn default() -> Self {
        Self {
            answer_timeout: Duration::from_millis(50),
            budgets_max: 100_000,
        }
    }
}

//! What can be set: bounds come from `confab_domain::Limits`, paces and origins from here.

use std::time::Duration;

/// How the gateway behaves towards its clients.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Origins whose pages may open sockets and streams, exactly as browsers send them
    /// (`https://chat.example.com`). The page's own host is always allowed; `*` allows every origin.
    pub origins: Vec<String>,
    /// How often an idle client is pinged.
    pub heartbeat_interval: Duration,
    /// A client that says nothing (not even a pong) for so long is gone.
    pub silence_max: Duration,
    /// How long a client may take for its first `auth` frame.
    pub authentication_timeout: Duration,
    /// How long before its token ends a client is warned.
    pub expiry_warning: Duration,
    /// How often an SSE stream bears a comment.
    pub stream_comment_interval: Duration,
    /// How long a hole may close by itself before the store is read.
    pub hole_patience: Duration,
    /// How often memberships, logins and accounts are read again while the feed is healthy; while it is not,
    /// every second.
    pub recheck_interval: Duration,
    /// How often this node renews its part of presence.
    pub presence_interval: Duration,
    /// How long somebody may be away without being announced as offline.
    pub offline_grace: Duration,
    /// Most a client is told to wait before it comes back, when the server stops.
    pub reconnect_after_max: Duration,
    /// Live sockets and streams of this process, signed in or not; more are refused with 503.
    pub connections_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            heartbeat_interval: Duration::from_secs(25),
            silence_max: Duration::from_mins(1),
            authentication_timeout: Duration::from_secs(5),
            expiry_warning: Duration::from_mins(1),
            stream_comment_interval: Duration::from_secs(15),
            hole_patience: Duration::from_millis(100),
            recheck_interval: Duration::from_secs(30),
            presence_interval: Duration::from_secs(15),
            offline_grace: Duration::from_secs(10),
            reconnect_after_max: Duration::from_secs(5),
            connections_max: 100_000,
        }
    }
}

//! Every way the server ends a connection: the number says whether to come back.
//!
//! 4000–4499: reconnect and resume. 4500–4999: do not; something must change first.

use std::fmt;

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $reason:literal;)*) => {
        /// Why a connection was closed. SSE says the same in its `closing` event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum CloseCode { $($(#[$doc])* $name),* }

        impl CloseCode {
            /// All of them, for documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The number in the close frame.
            pub const fn number(self) -> u16 {
                match self { $(Self::$name => $number),* }
            }

            /// The reason in the close frame.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason),* }
            }
        }
    };
}

close_codes! {
    /// Answers a goodbye.
    Normal = 1000, "goodbye";
    /// Something of ours broke.
    Internal = 4000, "internal error";
    /// The server stops; `server_closing` said when to come back.
    GoingAway = 4001, "going away";
    /// Nothing was heard from the client for 60 s.
    HeartbeatTimeout = 4002, "heartbeat timeout";
    /// The client reads slower than its rooms speak: its bounded queue overflowed.
    SlowConsumer = 4003, "slow consumer";
    /// The database began another life: what the client remembers must be checked anew.
    EpochChanged = 4004, "epoch changed";
    /// The token ended (or the ticket was spent): renew first.
    TokenExpired = 4006, "token expired";
    /// The server could not keep up with this client's wishes.
    Overloaded = 4008, "overloaded";
    /// Too many frames in a short time.
    RateLimited = 4029, "rate limited";
    /// The client broke the rules of WebSocket.
    ProtocolError = 4500, "protocol error";
    /// The token never was valid here, or is another person's.
    InvalidToken = 4501, "invalid token";
    /// No `auth` frame within 5 s.
    AuthenticationTimeout = 4502, "no authentication in time";
    /// A known room that this person may not follow.
    Forbidden = 4503, "forbidden";
    /// The login was ended or the account shut.
    SessionRevoked = 4504, "session revoked";
    /// The same person opened one connection too many; this was their oldest.
    Replaced = 4506, "replaced by a newer connection";
    /// A frame above the size limit.
    FrameTooLarge = 4507, "frame too large";
    /// Ten malformed frames within a minute.
    MalformedFrames = 4509, "too many malformed frames";
    /// No such room, or not for this person.
    NoSuchRoom = 4510, "no such room";
}

impl CloseCode {
    /// Whether frames in flight are answered before the end.
    pub(crate) fn is_orderly(self) -> bool {
        matches!(self, Self::Normal | Self::GoingAway | Self::TokenExpired)
    }

    /// Whether the client should reconnect and resume.
    pub const fn invites_back(self) -> bool {
        matches!(self.number(), 4000..=4499)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number(), self.reason())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_in_their_ranges() {
        let mut numbers: Vec<u16> = CloseCode::ALL.iter().map(|code| code.number()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), CloseCode::ALL.len());
        assert!(CloseCode::SlowConsumer.invites_back());
        assert!(!CloseCode::SessionRevoked.invites_back());
        assert!(!CloseCode::Normal.invites_back());
    }
}

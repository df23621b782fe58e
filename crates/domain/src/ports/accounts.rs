//! Accounts, sessions, refresh tokens and tickets in the store.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    Actor, CustomStatus, NewAvatar, Result, Session, SessionId, Timestamp, Trace, User, UserId, UserRole,
};

/// SHA-256 of a secret that only its bearer knows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(…)")
    }
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its id.
    pub id: UserId,
    /// As the person wrote it; unique under [`crate::text::fold`].
    pub username: String,
    /// Unique under [`crate::text::fold`].
    pub email: Option<String>,
    /// What others read.
    pub display_name: String,
    /// A picture.
    pub avatar_url: Option<String>,
    /// argon2id in PHC form; none for people of an outside issuer.
    pub password_hash: Option<String>,
    /// What it may do.
    pub role: UserRole,
}

/// What an outside issuer's token says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideProfile {
    /// `iss`.
    pub issuer: String,
    /// `sub`.
    pub subject: String,
    /// `preferred_username`, when it is lawful here; taken names get a suffix.
    pub username: Option<String>,
    /// `name`.
    pub display_name: Option<String>,
    /// `picture`.
    pub avatar_url: Option<String>,
    /// The role its claim maps to; none when no setting maps one, and operators alone give roles.
    pub role: Option<UserRole>,
}

/// New values of a profile: outer `None` keeps, inner `None` clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfilePatch {
    /// What others read.
    pub display_name: Option<String>,
    /// A picture.
    pub avatar: Option<NewAvatar>,
    /// Shown to oneself only.
    pub email: Option<Option<String>>,
    /// What one says of oneself.
    pub status: Option<Option<CustomStatus>>,
    /// Whether others learn what one has read.
    pub shares_read_marks: Option<bool>,
    /// Whether others learn when one was last there.
    pub shares_last_seen: Option<bool>,
}

/// A refresh token spent for the next one.
#[derive(Clone, Debug)]
pub enum Rotation {
    /// The old one is spent and the new one stands.
    Rotated(Box<(Session, User)>),
    /// It was spent before: somebody has a copy. The session is ended.
    Reused(SessionId, UserId),
    /// No such token, or its session is over.
    Unknown,
}

/// A login as its tokens see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionState {
    /// Which.
    pub session_id: SessionId,
    /// Whether it still stands.
    pub is_live: bool,
}

/// An account as its tokens see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// Whose.
    pub user_id: UserId,
    /// What it may do.
    pub role: UserRole,
    /// Whether it is open.
    pub is_open: bool,
    /// Whether it shares its read marks, and so learns of others'.
    pub shares_read_marks: bool,
}

/// A page of a list whose key is `K`.
#[derive(Clone, Debug)]
pub struct Page<T, K> {
    /// At most as many as were asked for.
    pub items: Vec<T>,
    /// Where the next page begins; none at the end.
    pub next: Option<K>,
}

/// Accounts and logins in the store.
///
/// Every change of an account writes its outbox row in the same transaction, and every revocation one
/// that carries the control message; both leave through [`crate::ports::CommittedBatches`] after commit.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Makes an account, with its `user_registered`. `Conflict` names `username` or `email`.
    async fn register(&self, user: NewUser, now: Timestamp, trace: Trace) -> Result<User>;

    /// The account of an outside issuer's subject. On first sight it is the host product's person of that outside id,
    /// unless they have a password, another issuer or an office; else it is made, and bears the subject as its
    /// outside id where that is free. Two nodes at once come to one, also when the host product makes the person
    /// meanwhile.
    async fn outside_user(&self, profile: OutsideProfile, now: Timestamp, trace: Trace) -> Result<User>;

    /// One account, open or shut.
    async fn user(&self, user_id: UserId) -> Result<Option<User>>;

    /// Many accounts in any order; unknown ids are left out. At most 1,000.
    async fn users(&self, user_ids: &[UserId]) -> Result<Vec<User>>;

    /// An account and its password hash by username or e-mail address, already folded.
    async fn login_of(&self, name: &str) -> Result<Option<(User, Option<String>)>>;

    /// The password hash of an account.
    async fn password_hash(&self, user_id: UserId) -> Result<Option<String>>;

    /// Open accounts whose username or display name holds `query`, in any case and with any accents, by folded
    /// username after `after`. An empty query lists all.
    async fn search_users(
        &self,
        query: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<User, String>>;

    /// Changes a profile, with its `user_updated`. No event when nothing changes.
    async fn update_profile(
        &self,
        actor: &Actor,
        user_id: UserId,
        patch: ProfilePatch,
        now: Timestamp,
        trace: Trace,
    ) -> Result<User>;

    /// Sets a new password hash and ends all sessions but `keep`.
    async fn set_password(
        &self,
        user_id: UserId,
        password_hash: &str,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<()>;

    /// Sets what an account may do, with its `user_updated`: an operator's or the outside issuer's word.
    async fn set_role(&self, user_id: UserId, role: UserRole, now: Timestamp) -> Result<()>;

    /// Shuts or opens an account, with its event; shutting ends its sessions. Memberships stay.
    async fn set_open(
        &self,
        actor: &Actor,
        user_id: UserId,
        is_open: bool,
        now: Timestamp,
        trace: Trace,
    ) -> Result<User>;

    /// Begins a session with its first refresh token.
    async fn open_session(&self, session: Session, refresh: SecretHash) -> Result<()>;

    /// Spends a refresh token for the next one, in one transaction. A token spent before ends its session
    /// (its control message goes out) unless it was spent within `grace` and by the same family's latest:
    /// a client whose answer was lost may ask again.
    async fn rotate_refresh(
        &self,
        spent: SecretHash,
        next: SecretHash,
        now: Timestamp,
        session_ttl: Duration,
        grace: Duration,
    ) -> Result<Rotation>;

    /// The session a refresh token belongs to.
    async fn session_of_refresh(&self, refresh: SecretHash) -> Result<Option<Session>>;

    /// Live sessions of an account, latest first; at most 100.
    async fn sessions(&self, user_id: UserId, now: Timestamp) -> Result<Vec<Session>>;

    /// Ends a session of this account. False when there was no such live one.
    async fn revoke_session(&self, user_id: UserId, session_id: SessionId, now: Timestamp) -> Result<bool>;

    /// Ends all live sessions of this account but `keep`; how many those were.
    async fn revoke_sessions(&self, user_id: UserId, keep: Option<SessionId>, now: Timestamp) -> Result<u64>;

    /// Keeps a single-use ticket.
    async fn put_ticket(&self, ticket: SecretHash, actor: &Actor, expires_at: Timestamp) -> Result<()>;

    /// Spends a ticket: one DELETE … RETURNING. None when it is unknown, spent or expired.
    async fn take_ticket(&self, ticket: SecretHash, now: Timestamp) -> Result<Option<Actor>>;

    /// Notes when people were last connected; never moves back.
    async fn touch_last_seen(&self, seen: &[(UserId, Timestamp)]) -> Result<()>;

    /// Removes what has expired: sessions, refresh tokens, tickets. Bounded by `limit` rows each.
    async fn sweep_expired(&self, now: Timestamp, limit: usize) -> Result<u64>;
}

/// Whether logins and accounts still stand, read in batches. Behind REST it is cached for a second.
#[async_trait]
pub trait Standings: Send + Sync {
    /// The state of each session; unknown ones are not live.
    async fn session_states(&self, session_ids: &[SessionId], now: Timestamp) -> Result<Vec<SessionState>>;

    /// The state of each account; unknown ones are left out.
    async fn account_states(&self, user_ids: &[UserId]) -> Result<Vec<AccountState>>;

    /// An account was shut or opened here just now: what is remembered of it no longer holds. Other processes learn of
    /// it as their memory ends. Whoever remembers nothing has nothing to do.
    fn forget(&self, _user_id: UserId) {}
}

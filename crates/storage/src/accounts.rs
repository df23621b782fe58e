//! The ports of accounts and logins on the [`Store`].

use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{
    AccountState, Accounts, NewUser, OutsideProfile, Page, ProfilePatch, Rotation, SecretHash, SessionState,
    Standings,
};
use confab_domain::{Actor, Result, Session, SessionId, Timestamp, Trace, User, UserId, UserRole};

use crate::connect::Store;
use crate::{sessions, tickets, users};

#[async_trait]
impl Accounts for Store {
    async fn register(&self, user: NewUser, now: Timestamp, trace: Trace) -> Result<User> {
        users::register(self, user, now, trace).await
    }

    async fn outside_user(&self, profile: OutsideProfile, now: Timestamp, trace: Trace) -> Result<User> {
        users::outside_user(self, profile, now, trace).await
    }

    async fn user(&self, user_id: UserId) -> Result<Option<User>> {
        users::user(self, user_id).await
    }

    async fn users(&self, user_ids: &[UserId]) -> Result<Vec<User>> {
        users::users(self, user_ids).await
    }

    async fn login_of(&self, name: &str) -> Result<Option<(User, Option<String>)>> {
        users::login_of(self, name).await
    }

    async fn password_hash(&self, user_id: UserId) -> Result<Option<String>> {
        users::password_hash(self, user_id).await
    }

    async fn search_users(
        &self,
        query: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<User, String>> {
        users::search(self, query, after, limit).await
    }

    async fn update_profile(
        &self,
        actor: &Actor,
        user_id: UserId,
        patch: ProfilePatch,
        now: Timestamp,
        trace: Trace,
    ) -> Result<User> {
        users::update_profile(self, actor, user_id, patch, now, trace).await
    }

    async fn set_password(
        &self,
        user_id: UserId,
        password_hash: &str,
        keep: Option<SessionId>,
        now: Timestamp,
    ) -> Result<()> {
        users::set_password(self, user_id, password_hash, keep, now).await
    }

    async fn set_role(&self, user_id: UserId, role: UserRole, now: Timestamp) -> Result<()> {
        users::set_role(self, user_id, role, now).await
    }

    async fn set_open(
        &self,
        actor: &Actor,
        user_id: UserId,
        is_open: bool,
        now: Timestamp,
        trace: Trace,
    ) -> Result<User> {
        users::set_open(self, actor, user_id, is_open, now, trace).await
    }

    async fn open_session(&self, session: Session, refresh: SecretHash) -> Result<()> {
        sessions::open(self, session, refresh).await
    }

    async fn rotate_refresh(
        &self,
        spent: SecretHash,
        next: SecretHash,
        now: Timestamp,
        session_ttl: Duration,
        grace: Duration,
    ) -> Result<Rotation> {
        sessions::rotate(self, spent, next, now, session_ttl, grace).await
    }

    async fn session_of_refresh(&self, refresh: SecretHash) -> Result<Option<Session>> {
        sessions::of_refresh(self, refresh).await
    }

    async fn sessions(&self, user_id: UserId, now: Timestamp) -> Result<Vec<Session>> {
        sessions::live(self, user_id, now).await
    }

    async fn revoke_session(&self, user_id: UserId, session_id: SessionId, now: Timestamp) -> Result<bool> {
        sessions::revoke(self, user_id, session_id, now).await
    }

    async fn revoke_sessions(&self, user_id: UserId, keep: Option<SessionId>, now: Timestamp) -> Result<u64> {
        sessions::revoke_all(self, user_id, keep, now).await
    }

    async fn put_ticket(&self, ticket: SecretHash, actor: &Actor, expires_at: Timestamp) -> Result<()> {
        tickets::put(self, ticket, actor, expires_at).await
    }

    async fn take_ticket(&self, ticket: SecretHash, now: Timestamp) -> Result<Option<Actor>> {
        tickets::take(self, ticket, now).await
    }

    async fn touch_last_seen(&self, seen: &[(UserId, Timestamp)]) -> Result<()> {
        users::touch_last_seen(self, seen).await
    }

    async fn sweep_expired(&self, now: Timestamp, limit: usize) -> Result<u64> {
        sessions::sweep(self, now, limit).await
    }
}

#[async_trait]
impl Standings for Store {
    async fn session_states(&self, session_ids: &[SessionId], now: Timestamp) -> Result<Vec<SessionState>> {
        sessions::states(self, session_ids, now).await
    }

    async fn account_states(&self, user_ids: &[UserId]) -> Result<Vec<AccountState>> {
        users::states(self, user_ids).await
    }
}

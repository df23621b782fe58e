//! Begins, renews and ends logins.

use std::time::Duration;

use super::budgets;
use crate::ports::{Ports, Rotation};
use crate::{Actor, Error, Rate, Result, Session, SessionId, Timestamp, User, UserId, text};

/// How long logins live.
#[derive(Clone, Copy, Debug)]
pub struct SessionTimes {
    /// A session that is not renewed ends after this.
    pub session_ttl: Duration,
    /// A refresh token spent again within this is a lost answer, not a thief.
    pub reuse_grace: Duration,
    /// A ticket not redeemed ends after this.
    pub ticket_ttl: Duration,
}

impl Default for SessionTimes {
    fn default() -> Self {
        Self {
            session_ttl: Duration::from_hours(30 * 24),
            reuse_grace: Duration::from_secs(10),
            ticket_ttl: Duration::from_secs(30),
        }
    }
}

/// Where a login comes from.
#[derive(Clone, Debug, Default)]
pub struct LoginFrom {
    /// The client's address as the server saw it.
    pub ip: Option<String>,
    /// Its `User-Agent`.
    pub user_agent: Option<String>,
}

impl LoginFrom {
    pub(super) fn budget_key(&self) -> &str {
        self.ip.as_deref().unwrap_or("unknown")
    }
}

/// What a login answers.
#[derive(Clone)]
pub struct TokenPair {
    /// For every request.
    pub access_token: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How long it lives.
    pub expires_in: Duration,
    /// To be spent once for the next pair.
    pub refresh_token: String,
    /// Whose.
    pub user: User,
    /// The login.
    pub session_id: SessionId,
}

/// A name and a password, unchecked.
#[derive(Clone)]
pub struct Credentials {
    /// Username or e-mail address.
    pub username: String,
    /// As typed.
    pub password: String,
}

/// Begins a session. One answer for unknown names and wrong passwords, after the same work.
pub async fn log_in(
    ports: &Ports,
    credentials: Credentials,
    from: LoginFrom,
    times: SessionTimes,
) -> Result<TokenPair> {
    const REFUSED: Error = Error::Unauthenticated("the name or the password does not fit");
    let name = text::fold(credentials.username.trim());
    let per_address = Rate {
        limit: ports.limits.logins.limit.saturating_mul(10),
        ..ports.limits.logins
    };
    budgets::take(ports, "login_address", from.budget_key(), per_address).await?;
    // An absurd name or password cannot fit; refusing it here keeps the work below bounded.
    if name.is_empty() || name.len() > 254 || name.contains('\0') || credentials.password.len() > 1024 {
        return Err(REFUSED);
    }
    budgets::take(ports, "login", &name, ports.limits.logins).await?;
    let found = ports.accounts.login_of(&name).await?;
    let hash = found.as_ref().and_then(|(_, hash)| hash.clone());
    let fits = ports.passwords.verify(credentials.password, hash).await?;
    match found {
        Some((user, Some(_))) if fits && user.deactivated_at.is_none() => {
            begin(ports, user, from, times).await
        }
        _ => Err(REFUSED),
    }
}

/// Spends a refresh token for the next pair. A token spent before ends its session.
pub async fn refresh(
    ports: &Ports,
    refresh_token: &str,
    from: &LoginFrom,
    times: SessionTimes,
) -> Result<TokenPair> {
    const REFUSED: Error = Error::Unauthenticated("the refresh token is not valid");
    budgets::take(ports, "refreshes", from.budget_key(), ports.limits.refreshes).await?;
    let spent = ports.secrets.hash(refresh_token);
    let (next_token, next) = ports.secrets.mint();
    let now = ports.clock.now();
    let rotation = ports
        .accounts
        .rotate_refresh(spent, next, now, times.session_ttl, times.reuse_grace)
        .await?;
    match rotation {
        Rotation::Rotated(both) if both.1.deactivated_at.is_none() => {
            let (session, user) = *both;
            pair(ports, user, session.id, next_token, now)
        }
        Rotation::Reused(session_id, user_id) => {
            tracing::warn!(session.id = %session_id, user.id = %user_id, "a refresh token was used twice; its session is ended");
            Err(REFUSED)
        }
        Rotation::Rotated(_) | Rotation::Unknown => Err(REFUSED),
    }
}

/// Ends the session of a refresh token, its sockets included. An unknown token is gone already.
pub async fn log_out(ports: &Ports, actor: &Actor, refresh_token: &str) -> Result<()> {
    let session = ports
        .accounts
        .session_of_refresh(ports.secrets.hash(refresh_token))
        .await?;
    if let Some(session) = session.filter(|session| session.user_id == actor.user_id) {
        ports
            .accounts
            .revoke_session(actor.user_id, session.id, ports.clock.now())
            .await?;
    }
    Ok(())
}

/// Ends one of one's own sessions.
pub async fn revoke_session(ports: &Ports, actor: &Actor, session_id: SessionId) -> Result<()> {
    let was_live = ports
        .accounts
        .revoke_session(actor.user_id, session_id, ports.clock.now())
        .await?;
    if was_live { Ok(()) } else { Err(Error::NotFound) }
}

/// Ends all of one's sessions but the one that asks.
pub async fn revoke_other_sessions(ports: &Ports, actor: &Actor) -> Result<()> {
    end_all(ports, actor.user_id, actor.session_id).await
}

pub(super) async fn end_all(ports: &Ports, user_id: UserId, keep: Option<SessionId>) -> Result<()> {
    let now = ports.clock.now();
    ports
        .accounts
        .revoke_sessions(user_id, keep, now)
        .await
        .map(|_| ())
}

/// A single-use ticket for a socket, and how long it lives.
pub async fn issue_ticket(ports: &Ports, actor: &Actor, times: SessionTimes) -> Result<(String, Duration)> {
    budgets::take_of(ports, "tickets", actor, ports.limits.tickets).await?;
    let (ticket, hash) = ports.secrets.mint();
    ports
        .accounts
        .put_ticket(hash, actor, ports.clock.now().plus(times.ticket_ttl))
        .await?;
    Ok((ticket, times.ticket_ttl))
}

pub(super) async fn begin(
    ports: &Ports,
    user: User,
    from: LoginFrom,
    times: SessionTimes,
) -> Result<TokenPair> {
    let now = ports.clock.now();
    let (refresh_token, hash) = ports.secrets.mint();
    let session = Session {
        id: SessionId::mint(now),
        user_id: user.id,
        created_at: now,
        last_used_at: now,
        expires_at: now.plus(times.session_ttl),
        revoked_at: None,
        user_agent: from.user_agent.map(|agent| agent.chars().take(200).collect()),
        ip: from.ip,
        issued_by: None,
    };
    let session_id = session.id;
    ports.accounts.open_session(session, hash).await?;
    pair(ports, user, session_id, refresh_token, now)
}

fn pair(
    ports: &Ports,
    user: User,
    session_id: SessionId,
    refresh_token: String,
    now: Timestamp,
) -> Result<TokenPair> {
    let (access_token, expires_at) = ports.tokens.issue(user.id, user.role, Some(session_id), now)?;
    Ok(TokenPair {
        access_token,
        expires_at,
        expires_in: expires_at.since(now),
        refresh_token,
        user,
        session_id,
    })
}

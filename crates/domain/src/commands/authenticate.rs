//! Turns a token or ticket into an actor, or says why not.

use crate::ports::{Bearer, Ports, TokenError};
use crate::{Actor, Error, Result, Timestamp, Trace, User};

/// A checked identity and how long its proof lasts.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Who.
    pub actor: Actor,
    /// When the token ends; a ticket's connection lives as long as a token issued with it would.
    pub expires_at: Timestamp,
}

/// Why a proof of identity is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// It was good once: renew.
    #[error("the token has expired")]
    Expired,
    /// It never was, or its session or account is over.
    #[error("the token is not valid")]
    Invalid,
    /// It cannot be checked now.
    #[error("the token cannot be checked now")]
    Unavailable(#[source] Error),
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Expired => Self::Unauthenticated("the token has expired"),
            AuthError::Invalid => Self::Unauthenticated("the token is not valid"),
            AuthError::Unavailable(source) => source,
        }
    }
}

/// Checks an access token, its session and its account. People of an outside issuer appear on first sight.
pub async fn authenticate(ports: &Ports, token: &str) -> Result<Identity, AuthError> {
    let now = ports.clock.now();
    let claims = ports
        .tokens
        .verify(token, now)
        .await
        .map_err(|error| match error {
            TokenError::Expired => AuthError::Expired,
            TokenError::Invalid => AuthError::Invalid,
            TokenError::Unavailable => {
                AuthError::Unavailable(Error::Unavailable("the token's issuer is out of reach", None))
            }
        })?;
    let actor = match claims.bearer {
        Bearer::Own { user_id, session_id } => standing_actor(ports, user_id, session_id, now).await?,
        Bearer::Outside(profile) => {
            let claimed = profile.role;
            let user = ports.accounts.outside_user(profile, now, Trace::default()).await;
            let mut user = user.map_err(AuthError::Unavailable)?;
            // The issuer's word of today counts: who is no admin there any more is none here either, also
            // for tickets and for the re-checks of live sockets, which know the stored role alone.
            if let Some(role) = claimed.filter(|role| *role != user.role) {
                ports
                    .accounts
                    .set_role(user.id, role, now)
                    .await
                    .map_err(AuthError::Unavailable)?;
                user.role = role;
            }
            open_actor(&user)?
        }
    };
    Ok(Identity {
        actor,
        expires_at: claims.expires_at,
    })
}

/// Spends a ticket: `Expired` for one that is unknown, spent or expired, since a new one helps; `Invalid` when its
/// login has ended since.
pub async fn take_ticket(ports: &Ports, ticket: &str) -> Result<Actor, AuthError> {
    let now = ports.clock.now();
    let taken = ports.accounts.take_ticket(ports.secrets.hash(ticket), now).await;
    let Some(actor) = taken.map_err(AuthError::Unavailable)? else {
        return Err(AuthError::Expired);
    };
    standing_actor(ports, actor.user_id, actor.session_id, now).await
}

/// Spends a ticket for an identity that lasts as long as an access token issued now.
pub async fn redeem_ticket(ports: &Ports, ticket: &str) -> Result<Identity, AuthError> {
    let actor = take_ticket(ports, ticket).await?;
    let now = ports.clock.now();
    let (_, expires_at) = ports
        .tokens
        .issue(actor.user_id, actor.role, actor.session_id, now)
        .map_err(AuthError::Unavailable)?;
    Ok(Identity { actor, expires_at })
}

/// The actor, while their session and their account stand.
async fn standing_actor(
    ports: &Ports,
    user_id: crate::UserId,
    session_id: Option<crate::SessionId>,
    now: Timestamp,
) -> Result<Actor, AuthError> {
    if let Some(session_id) = session_id {
        let states = ports.standings.session_states(&[session_id], now).await;
        let states = states.map_err(AuthError::Unavailable)?;
        if !states.iter().any(|state| state.is_live) {
            return Err(AuthError::Invalid);
        }
    }
    let states = ports
        .standings
        .account_states(&[user_id])
        .await
        .map_err(AuthError::Unavailable)?;
    match states.first() {
        Some(state) if state.is_open => Ok(Actor {
            user_id,
            role: state.role,
            session_id,
        }),
        _ => Err(AuthError::Invalid),
    }
}

fn open_actor(user: &User) -> Result<Actor, AuthError> {
    if user.deactivated_at.is_some() {
        return Err(AuthError::Invalid);
    }
    Ok(Actor {
        user_id: user.id,
        role: user.role,
        session_id: None,
    })
}

//! Tokens, passwords and secrets: cryptography that the domain asks for by purpose.

use async_trait::async_trait;

use crate::ports::{OutsideProfile, SecretHash};
use crate::{Result, SessionId, Timestamp, UserId, UserRole};

/// What a valid access token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Who bears it.
    pub bearer: Bearer,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Who bears a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// One of ours, from a login or an operator.
    Own {
        /// `sub`.
        user_id: UserId,
        /// `sid`; none in an operator's token.
        session_id: Option<SessionId>,
    },
    /// Somebody of an outside issuer.
    Outside(OutsideProfile),
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was good once: renew.
    #[error("the token has expired")]
    Expired,
    /// It never was, or not here.
    #[error("the token is not valid")]
    Invalid,
    /// Its issuer's keys cannot be fetched now.
    #[error("the keys of the token's issuer are out of reach")]
    Unavailable,
}

/// Issues and checks access tokens (JWT): algorithm pinned per key; `iss`, `aud`, `exp`, `nbf`, `sub`,
/// `iat` required and checked, `sid` for our own.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// A token of ours and when it ends.
    fn issue(
        &self,
        user_id: UserId,
        role: UserRole,
        session_id: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(String, Timestamp)>;

    /// What a token says, if it holds at `now`.
    async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError>;

    /// Our public keys as a JWK set; empty when the key is symmetric.
    fn jwks(&self) -> serde_json::Value;
}

/// Hashes and checks passwords (argon2id), off the async threads and bounded in number.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// A PHC string. `Unavailable` when too many wait already.
    async fn hash(&self, password: String) -> Result<String>;

    /// Whether the password fits. With no hash the same work is done and the answer is no, so that the
    /// time taken does not tell who exists.
    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool>;
}

/// Random secrets that are handed out once and kept as a hash.
pub trait Secrets: Send + Sync {
    /// A new secret of 256 random bits, URL-safe, and its hash.
    fn mint(&self) -> (String, SecretHash);

    /// The hash of a secret.
    fn hash(&self, secret: &str) -> SecretHash;
}

//! Issues and checks access tokens: ours by our keys, an outside issuer's by its key set.

use std::time::Duration;

use async_trait::async_trait;
use confab_domain::ports::{AccessTokens, Bearer, Claims, TokenError};
use confab_domain::{Error, Result, SessionId, Timestamp, UserId, UserRole};
use jsonwebtoken::Header;
use serde::Serialize;
use serde_json::{Value, json};

use crate::claims::{self, Expected, TOKEN_BYTES_MAX};
use crate::keys::{SigningKey, VerifyingKey};
use crate::outside::OutsideIssuer;

/// What the keyring works with.
#[derive(Debug)]
pub struct KeyringSettings {
    /// Signs our tokens.
    pub signing: SigningKey,
    /// Former keys whose tokens still hold, during a rotation.
    pub previous: Vec<VerifyingKey>,
    /// `iss` of our tokens.
    pub issuer: String,
    /// `aud` of our tokens.
    pub audience: String,
    /// How long a token of ours lasts.
    pub access_token_ttl: Duration,
    /// Whose tokens are accepted besides ours.
    pub outside: Option<OutsideIssuer>,
}

/// All keys that a token may be signed with.
#[derive(Debug)]
pub struct Keyring {
    settings: KeyringSettings,
}

#[derive(Serialize)]
struct OwnClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: UserId,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<SessionId>,
    /// For other services to read; here the account in the store says what it may do.
    role: &'a str,
}

impl Keyring {
    /// A keyring. An outside issuer of our own issuer's name would be ambiguous: `Invalid`.
    pub fn new(settings: KeyringSettings) -> Result<Self> {
        if settings
            .outside
            .as_ref()
            .is_some_and(|outside| outside.issuer() == settings.issuer)
        {
            return Err(Error::invalid(
                "issuer",
                "an outside issuer cannot have the name of our own",
            ));
        }
        Ok(Self { settings })
    }

    /// A token of ours that lasts `ttl`, whatever the setting: for operators.
    pub fn issue_for(
        &self,
        user_id: UserId,
        role: UserRole,
        session_id: Option<SessionId>,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<(String, Timestamp)> {
        let iat = now.as_seconds();
        // Rounded up, so that a token lasts no less than was said.
        let exp = now.plus(ttl).plus(Duration::from_millis(999)).as_seconds();
        let claims = OwnClaims {
            iss: &self.settings.issuer,
            aud: &self.settings.audience,
            sub: user_id,
            iat,
            nbf: iat,
            exp,
            sid: session_id,
            role: role.as_str(),
        };
        let signing = &self.settings.signing;
        let mut header = Header::new(signing.verifying.algorithm);
        header.kid = Some(signing.verifying.kid.clone());
        let token = jsonwebtoken::encode(&header, &claims, &signing.key)
            .map_err(|error| Error::internal("signing an access token", error))?;
        Ok((token, Timestamp::from_millis(exp * 1000)))
    }

    fn own_keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        std::iter::once(&self.settings.signing.verifying).chain(&self.settings.previous)
    }

    fn verify_own(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        let kid = claims::key_id(token)?.ok_or(TokenError::Invalid)?;
        let key = self
            .own_keys()
            .find(|key| key.kid == kid)
            .ok_or(TokenError::Invalid)?;
        let expected = Expected {
            issuer: &self.settings.issuer,
            audience: &self.settings.audience,
            requires_nbf: true,
        };
        let (claims, expires_at) = claims::check(token, &key.key, key.algorithm, expected, now)?;
        let user_id = claims.sub.parse().map_err(|_| TokenError::Invalid)?;
        let session_id = match claims.rest.get("sid") {
            None => None,
            Some(Value::String(sid)) => Some(sid.parse().map_err(|_| TokenError::Invalid)?),
            Some(_) => return Err(TokenError::Invalid),
        };
        Ok(Claims {
            bearer: Bearer::Own { user_id, session_id },
            expires_at,
        })
    }
}

#[async_trait]
impl AccessTokens for Keyring {
    fn issue(
        &self,
        user_id: UserId,
        role: UserRole,
        session_id: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(String, Timestamp)> {
        self.issue_for(user_id, role, session_id, now, self.settings.access_token_ttl)
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::Invalid);
        }
        let issuer = claims::claimed_issuer(token)?;
        if issuer == self.settings.issuer {
            return self.verify_own(token, now);
        }
        match &self.settings.outside {
            Some(outside) if issuer == outside.issuer() => outside.verify(token, now).await,
            _ => Err(TokenError::Invalid),
        }
    }

    fn jwks(&self) -> Value {
        let keys: Vec<_> = self.own_keys().filter_map(|key| key.jwk.as_ref()).collect();
        json!({ "keys": keys })
    }
}

#[cfg(test)]
mod tests;

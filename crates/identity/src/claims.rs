//! What a token must say to be believed, checked at the caller's present moment.

use confab_domain::Timestamp;
use confab_domain::ports::TokenError;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Map, Value};

/// How far the clocks of two machines may differ, in seconds.
pub(crate) const LEEWAY_S: i64 = 5;
/// Longest token we look at, in bytes.
pub(crate) const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Longest subject of an outside issuer, in bytes (OpenID Connect: 255 ASCII characters).
const SUBJECT_BYTES_MAX: usize = 255;

/// The claims that every token has, and the rest.
#[derive(Debug, Deserialize)]
pub(crate) struct RawClaims {
    iss: String,
    pub(crate) sub: String,
    aud: OneOrMany,
    exp: f64,
    iat: f64,
    nbf: Option<f64>,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Who must have made a token and for whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    /// Our own tokens always bear `nbf`; outside issuers often leave it out.
    pub(crate) requires_nbf: bool,
}

/// The issuer a token claims to be from, believed by nobody: it only chooses whose keys to try.
pub(crate) fn claimed_issuer(token: &str) -> Result<String, TokenError> {
    #[derive(Deserialize)]
    struct Peek {
        iss: String,
    }
    let peek: Peek =
        jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|_| TokenError::Invalid)?;
    Ok(peek.iss)
}

/// The id of the key a token names. None when it names none.
pub(crate) fn key_id(token: &str) -> Result<Option<String>, TokenError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
    // RFC 7515, 4.1.11: what is marked critical and not understood must be refused; we understand nothing.
    if header.crit.is_some() {
        return Err(TokenError::Invalid);
    }
    Ok(header.kid)
}

/// Checks a signature and everything that is said; the claims when all of it holds, and when they end.
pub(crate) fn check(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
    expected: Expected<'_>,
    now: Timestamp,
) -> Result<(RawClaims, Timestamp), TokenError> {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // Times are checked below against the caller's clock instead of the system's.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<RawClaims>(token, key, &validation)
        .map_err(|_| TokenError::Invalid)?
        .claims;

    let is_for_us = match &claims.aud {
        OneOrMany::One(audience) => audience == expected.audience,
        OneOrMany::Many(audiences) => audiences.iter().any(|audience| audience == expected.audience),
    };
    let is_subject = !claims.sub.is_empty()
        && claims.sub.len() <= SUBJECT_BYTES_MAX
        && !claims.sub.chars().any(char::is_control);
    if claims.iss != expected.issuer || !is_for_us || !is_subject {
        return Err(TokenError::Invalid);
    }

    let now_s = now.as_seconds();
    let expires_s = seconds(claims.exp)?;
    let issued_s = seconds(claims.iat)?;
    let starts_s = match claims.nbf {
        Some(nbf) => seconds(nbf)?,
        None if expected.requires_nbf => return Err(TokenError::Invalid),
        None => issued_s,
    };
    if issued_s > now_s + LEEWAY_S || starts_s > now_s + LEEWAY_S {
        return Err(TokenError::Invalid);
    }
    if expires_s + LEEWAY_S <= now_s {
        return Err(TokenError::Expired);
    }
    Ok((claims, Timestamp::from_millis(expires_s.saturating_mul(1000))))
}

/// A NumericDate (RFC 7519): seconds, possibly with a fraction; bounded by the year 9999.
fn seconds(date: f64) -> Result<i64, TokenError> {
    const YEAR_10000_S: f64 = 253_402_300_800.0;
    if (0.0..YEAR_10000_S).contains(&date) {
        Ok(date as i64)
    } else {
        Err(TokenError::Invalid)
    }
}

//! The identity behind a Bearer token: checked with its session and account before a handler runs.

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use confab_domain::ports::Ports;
use confab_domain::{Actor, Code, Trace, commands};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};

use crate::failure::Failure;

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Who asks, and in which request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Who.
    pub(crate) actor: Actor,
    /// The request's id and trace context.
    pub(crate) trace: Trace,
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    Arc<Ports>: FromRef<S>,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let token = bearer(&parts.headers)?;
        let ports = Arc::<Ports>::from_ref(state);
        let identity = commands::authenticate(&ports, token)
            .await
            .map_err(|error| match error {
                commands::AuthError::Unavailable(error) => Failure::from(error),
                commands::AuthError::Expired => refused("the token has expired"),
                commands::AuthError::Invalid => refused("the token is not valid"),
            })?;
        Ok(Self {
            actor: identity.actor,
            trace: parts.extensions.get::<Trace>().cloned().unwrap_or_default(),
        })
    }
}

/// The token of `Authorization: Bearer`; the scheme's case does not matter.
fn bearer(headers: &HeaderMap) -> Result<&str, Failure> {
    let missing = || {
        Failure::new(
            StatusCode::UNAUTHORIZED,
            Code::Unauthenticated,
            "send an access token as Authorization: Bearer",
        )
    };
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(missing());
    };
    let (scheme, token) = value
        .to_str()
        .ok()
        .and_then(|value| value.split_once(' '))
        .ok_or_else(missing)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(missing());
    }
    if token.len() > TOKEN_BYTES_MAX {
        return Err(refused("the token is not valid"));
    }
    Ok(token)
}

/// A token was given and is not accepted (RFC 6750).
fn refused(detail: &'static str) -> Failure {
    let failure = Failure::new(StatusCode::UNAUTHORIZED, Code::Unauthenticated, detail);
    failure.challenge("Bearer realm=\"confab\", error=\"invalid_token\"")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_one_bearer_token_is_taken() {
        let with = |value: &str| {
            HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap())])
        };
        assert_eq!(bearer(&with("Bearer abc")).unwrap(), "abc");
        assert_eq!(bearer(&with("bearer abc")).unwrap(), "abc");
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
            let failure = bearer(&with(bad)).unwrap_err();
            assert_eq!(failure.status, StatusCode::UNAUTHORIZED, "{bad}");
            assert_eq!(failure.headers[0].0, header::WWW_AUTHENTICATE);
        }
        let mut two = with("Bearer abc");
        two.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer def"));
        assert!(bearer(&two).is_err());
        assert!(bearer(&HeaderMap::new()).is_err());
    }
}

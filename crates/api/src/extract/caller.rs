//! The identity behind a Bearer token or an API key: checked with its session and account, and a key with what
//! it opens, before a handler runs.

use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts, MatchedPath};
use confab_domain::ports::Ports;
use confab_domain::{Actor, Code, Trace, UserRole, commands};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};

use crate::failure::Failure;
use crate::scopes;

/// Where a key may stand instead of `Authorization`.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

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
        let ports = Arc::<Ports>::from_ref(state);
        let actor = match credential(&parts.headers)? {
            Credential::Token(token) => {
                commands::authenticate(&ports, token)
                    .await
                    .map_err(|error| not_accepted(error, "token"))?
                    .actor
            }
            Credential::Key(key) => bearer_of_key(&ports, key, parts).await?,
        };
        commands::take_request(&ports, &actor).await?;
        if actor.role == UserRole::Service {
            audit(&actor, parts);
        }
        Ok(Self {
            actor,
            trace: parts.extensions.get::<Trace>().cloned().unwrap_or_default(),
        })
    }
}

/// What a request shows of who sends it.
#[derive(Debug, PartialEq, Eq)]
enum Credential<'a> {
    /// An access token.
    Token(&'a str),
    /// A key of the host product's backend.
    Key(&'a str),
}

fn credential(headers: &HeaderMap) -> Result<Credential<'_>, Failure> {
    let mut keys = headers.get_all(X_API_KEY).iter();
    let Some(key) = keys.next() else {
        let token = bearer(headers)?;
        return Ok(if commands::is_api_key(token) {
            Credential::Key(token)
        } else {
            Credential::Token(token)
        });
    };
    if keys.next().is_some() || headers.contains_key(header::AUTHORIZATION) {
        return Err(refused("send either one X-API-Key or one Authorization"));
    }
    let key = key.to_str().map_err(|_| refused("the API key is not valid"))?;
    Ok(Credential::Key(key.trim()))
}

/// Who bears the key, if it opens this route.
async fn bearer_of_key(ports: &Ports, key: &str, parts: &Parts) -> Result<Actor, Failure> {
    let (actor, key) = commands::authenticate_key(ports, key)
        .await
        .map_err(|error| not_accepted(error, "API key"))?;
    tracing::Span::current().record("api_key.id", tracing::field::display(key.id));
    let route = parts
        .extensions
        .get::<MatchedPath>()
        .map_or("", MatchedPath::as_str);
    match scopes::required(&parts.method, route) {
        Some(scope) if key.scopes.contains(&scope) => Ok(actor),
        Some(scope) => Err(shut(format!(
            "the API key lacks the scope \"{}\"",
            scope.as_str()
        ))),
        None => Err(shut("no API key opens this; use an access token")),
    }
}

fn shut(detail: impl Into<Cow<'static, str>>) -> Failure {
    Failure::new(StatusCode::FORBIDDEN, Code::Forbidden, detail)
}

/// What the host product reads, and whom it acts for, is noted: it may read where it is no member. What it writes
/// bears its name anyway.
fn audit(actor: &Actor, parts: &Parts) {
    if matches!(parts.method, Method::GET | Method::HEAD) || parts.uri.path().starts_with("/users") {
        tracing::info!(
            actor.id = %actor.user_id,
            http.request.method = %parts.method,
            url.path = told_path(parts),
            "a service asked"
        );
    }
}

/// The path, but of an invitation only its shape: its secret is in it.
fn told_path(parts: &Parts) -> &str {
    let path = parts.uri.path();
    if path.starts_with("/invitations/") {
        "/invitations/{token}"
    } else {
        path
    }
}

fn not_accepted(error: commands::AuthError, what: &'static str) -> Failure {
    match error {
        commands::AuthError::Unavailable(error) => Failure::from(error),
        commands::AuthError::Expired => refused(format!("the {what} has expired")),
        commands::AuthError::Invalid => refused(format!("the {what} is not valid")),
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
fn refused(detail: impl Into<Cow<'static, str>>) -> Failure {
    let failure = Failure::new(StatusCode::UNAUTHORIZED, Code::Unauthenticated, detail);
    failure.challenge("Bearer realm=\"confab\", error=\"invalid_token\"")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_key_stands_in_its_own_header_or_as_a_bearer_token() {
        let with = |name: &'static str, value: &'static str| {
            HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
        };
        let key = with("x-api-key", "ck_1_a");
        assert_eq!(credential(&key).unwrap(), Credential::Key("ck_1_a"));
        let key = with("authorization", "Bearer ck_1_a");
        assert_eq!(credential(&key).unwrap(), Credential::Key("ck_1_a"));
        let token = with("authorization", "Bearer eyJ");
        assert_eq!(credential(&token).unwrap(), Credential::Token("eyJ"));
        let mut both = with("x-api-key", "ck_1_a");
        both.insert(header::AUTHORIZATION, HeaderValue::from_static("Bearer eyJ"));
        assert_eq!(credential(&both).unwrap_err().status, StatusCode::UNAUTHORIZED);
        let mut two = with("x-api-key", "ck_1_a");
        two.append(X_API_KEY, HeaderValue::from_static("ck_1_b"));
        assert!(credential(&two).is_err());
    }

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

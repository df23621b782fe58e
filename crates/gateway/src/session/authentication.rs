//! Who is at the other end: the four ways to say it, and what each failure closes with.

use confab_domain::Error;
use confab_domain::commands::{AuthError, Identity, authenticate, redeem_ticket};
use confab_domain::ports::Ports;
use http::{HeaderMap, header};

use super::Query;
use crate::protocol::CloseCode;

/// The subprotocol of this version.
pub(crate) const SUBPROTOCOL: &str = "confab.v1";
/// A subprotocol that bears a token instead of naming a protocol; never echoed.
const BEARER_SUBPROTOCOL: &str = "bearer.";
/// Longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 16 * 1024;

/// How a client proves who it is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Proof {
    /// `Authorization: Bearer`: a bad one is refused before the upgrade.
    Header(String),
    /// A subprotocol, because browsers cannot set headers.
    Subprotocol(String),
    /// A single-use ticket in the query.
    Ticket(String),
    /// The first frame will say.
    FirstFrame,
}

/// What a proof came to.
pub(crate) enum Proved {
    Identity(Identity),
    /// It may be good after renewal, never was, or cannot be told now.
    Refused(CloseCode),
}

impl Proof {
    /// Finds the proof in a request.
    pub(crate) fn find(headers: &HeaderMap, query: &Query, subprotocols: &[String]) -> Result<Self, Error> {
        if query.token.is_some() {
            return Err(Error::invalid(
                "token",
                "an access token never travels in a URL; use a ticket",
            ));
        }
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|value| {
                let (scheme, token) = value.split_once(' ')?;
                scheme
                    .eq_ignore_ascii_case("bearer")
                    .then(|| token.trim().to_owned())
            });
            return token
                .map(Self::Header)
                .ok_or(Error::Unauthenticated("the Authorization header must be Bearer"));
        }
        let bearer = subprotocols
            .iter()
            .find_map(|word| word.strip_prefix(BEARER_SUBPROTOCOL));
        Ok(match (bearer, &query.ticket) {
            (Some(token), _) => Self::Subprotocol(token.to_owned()),
            (None, Some(ticket)) => Self::Ticket(ticket.clone()),
            (None, None) => Self::FirstFrame,
        })
    }
}

/// Checks an access token, as it came in a header, a subprotocol or a frame.
pub(crate) async fn prove_token(ports: &Ports, token: &str) -> Proved {
    if token.len() > TOKEN_BYTES_MAX {
        return Proved::Refused(CloseCode::InvalidToken);
    }
    proved(authenticate(ports, token).await)
}

/// Checks a proof that came with the request; none when the first frame is to say.
pub(crate) async fn prove(ports: &Ports, proof: &Proof) -> Option<Proved> {
    match proof {
        Proof::Header(token) | Proof::Subprotocol(token) => Some(prove_token(ports, token).await),
        Proof::Ticket(ticket) if ticket.len() > TOKEN_BYTES_MAX => {
            Some(Proved::Refused(CloseCode::InvalidToken))
        }
        Proof::Ticket(ticket) => Some(proved(redeem_ticket(ports, ticket).await)),
        Proof::FirstFrame => None,
    }
}

fn proved(result: Result<Identity, AuthError>) -> Proved {
    match result {
        Ok(identity) => Proved::Identity(identity),
        Err(AuthError::Expired) => Proved::Refused(CloseCode::TokenExpired),
        Err(AuthError::Invalid) => Proved::Refused(CloseCode::InvalidToken),
        Err(AuthError::Unavailable(error)) => {
            tracing::warn!(%error, "a token could not be checked");
            Proved::Refused(CloseCode::Overloaded)
        }
    }
}

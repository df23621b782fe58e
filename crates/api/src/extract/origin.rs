//! Where a request comes from: its trace, and the client's address and agent.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use confab_domain::Trace;
use http::header;
use http::request::Parts;

use crate::failure::Failure;

/// Longest `User-Agent` that is kept, in characters.
const USER_AGENT_CHARS_MAX: usize = 200;

/// Where a request comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The client's address as `server` resolved it.
    pub(crate) address: IpAddr,
    /// The client's `User-Agent`, cut.
    pub(crate) user_agent: Option<String>,
    /// The request's id and trace context.
    pub(crate) trace: Trace,
}

impl<S: Send + Sync> FromRequestParts<S> for Origin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self {
            // Without a peer (a router that is called directly) all share one budget: safe, if strict.
            address: peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip()),
            user_agent: parts
                .headers
                .get(header::USER_AGENT)
                .and_then(|agent| agent.to_str().ok())
                .map(|agent| agent.chars().take(USER_AGENT_CHARS_MAX).collect()),
            trace: parts.extensions.get::<Trace>().cloned().unwrap_or_default(),
        })
    }
}

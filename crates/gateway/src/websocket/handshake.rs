//! The opening handshake: checks the request, makes the 101 answer.

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use sha1::{Digest, Sha1};

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// What a client offered.
#[derive(Debug)]
pub(crate) struct Handshake {
    key: String,
    /// Subprotocols in the order offered.
    pub(crate) subprotocols: Vec<String>,
}

/// Why a request is no WebSocket handshake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HandshakeError(pub(crate) &'static str);

impl Handshake {
    /// Reads the handshake out of a request.
    pub(crate) fn read(
        method: &Method,
        version: Version,
        headers: &HeaderMap,
    ) -> Result<Self, HandshakeError> {
        if version != Version::HTTP_11 {
            return Err(HandshakeError("a WebSocket is opened over HTTP/1.1"));
        }
        if method != Method::GET {
            return Err(HandshakeError("a WebSocket is opened with GET"));
        }
        if !lists(headers, &header::CONNECTION, "upgrade") || !lists(headers, &header::UPGRADE, "websocket") {
            return Err(HandshakeError(
                "this path takes WebSocket handshakes: Connection: Upgrade, Upgrade: websocket",
            ));
        }
        if headers
            .get(header::SEC_WEBSOCKET_VERSION)
            .map(HeaderValue::as_bytes)
            != Some(b"13")
        {
            return Err(HandshakeError("Sec-WebSocket-Version must be 13"));
        }
        let key = headers
            .get(header::SEC_WEBSOCKET_KEY)
            .and_then(|key| key.to_str().ok())
            .filter(|key| BASE64.decode(key).is_ok_and(|nonce| nonce.len() == 16))
            .ok_or(HandshakeError("Sec-WebSocket-Key must be 16 bytes in base64"))?;
        Ok(Self {
            key: key.to_owned(),
            subprotocols: words(headers, &header::SEC_WEBSOCKET_PROTOCOL)
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The answer that switches protocols.
    pub(crate) fn accept(&self, subprotocol: Option<&'static str>) -> Response {
        let mut digest = Sha1::new();
        digest.update(self.key.as_bytes());
        digest.update(GUID);
        let accept = BASE64.encode(digest.finalize());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(
            header::SEC_WEBSOCKET_ACCEPT,
            HeaderValue::try_from(accept).expect("base64 is a lawful header value"),
        );
        if let Some(subprotocol) = subprotocol {
            headers.insert(
                header::SEC_WEBSOCKET_PROTOCOL,
                HeaderValue::from_static(subprotocol),
            );
        }
        response
    }
}

fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    words(headers, name).any(|listed| listed.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc() {
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONNECTION,
            HeaderValue::from_static("keep-alive, Upgrade"),
        );
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(
            header::SEC_WEBSOCKET_KEY,
            HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="),
        );
        headers.insert(
            header::SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static("confab.v1, bearer.abc"),
        );
        let handshake = Handshake::read(&Method::GET, Version::HTTP_11, &headers).unwrap();
        assert_eq!(handshake.subprotocols, ["confab.v1", "bearer.abc"]);
        let answer = handshake.accept(Some("confab.v1"));
        assert_eq!(
            answer.headers()[header::SEC_WEBSOCKET_ACCEPT],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        assert!(Handshake::read(&Method::GET, Version::HTTP_10, &headers).is_err());
        let mut foreign_key = headers.clone();
        foreign_key.insert(
            header::SEC_WEBSOCKET_KEY,
            HeaderValue::from_static("!!!!!!!!!!!!!!!!!!!!!!!!"),
        );
        assert!(Handshake::read(&Method::GET, Version::HTTP_11, &foreign_key).is_err());
        headers.remove(header::UPGRADE);
        assert!(Handshake::read(&Method::GET, Version::HTTP_11, &headers).is_err());
    }
}

//! Who is at the other end, when proxies are between.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;

use crate::config::Network;

/// Hops that are followed back.
const HOPS_MAX: usize = 32;

/// The client's address: the peer's own, or, when the peer is a trusted proxy, the last address in
/// `X-Forwarded-For` that no trusted proxy has. What a client wrote there itself stands further left and is
/// never reached.
pub(crate) fn client_address(peer: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> SocketAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    if !is_trusted(client.ip()) {
        return client;
    }
    let lines: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    for hop in hops.take(HOPS_MAX) {
        let Some(address) = hop_address(hop.trim()) else {
            break;
        };
        client = SocketAddr::new(address.to_canonical(), 0);
        if !is_trusted(client.ip()) {
            break;
        }
    }
    client
}

/// An address, which some proxies give with a port or in brackets.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let with_port = || hop.parse::<SocketAddr>().ok().map(|address| address.ip());
    let in_brackets = || hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    hop.parse().ok().or_else(with_port).or_else(in_brackets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::SettingValue;

    fn seen(peer: &str, forwarded: &[&str]) -> String {
        let trusted = Vec::<Network>::read("10.0.0.0/8,::1").unwrap();
        let headers = forwarded
            .iter()
            .map(|line| ("x-forwarded-for".parse().unwrap(), line.parse().unwrap()));
        client_address(peer.parse().unwrap(), &headers.collect(), &trusted)
            .ip()
            .to_string()
    }

    #[test]
    fn a_stranger_cannot_say_who_it_is() {
        assert_eq!(seen("203.0.113.9:4000", &["1.2.3.4"]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1:4000", &["1.2.3.4, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            seen("10.0.0.1:4000", &["1.2.3.4", "203.0.113.9"]),
            "203.0.113.9",
            "two lines are one list"
        );
    }

    #[test]
    fn a_chain_of_trusted_proxies_is_followed() {
        assert_eq!(
            seen("10.0.0.1:4000", &["1.2.3.4, 203.0.113.9, 10.0.0.3, 10.0.0.2"]),
            "203.0.113.9"
        );
        assert_eq!(seen("10.0.0.1:4000", &["10.0.0.3,10.0.0.2"]), "10.0.0.3");
        assert_eq!(seen("[::1]:4000", &["[2001:db8::7]:555"]), "2001:db8::7");
        assert_eq!(seen("10.0.0.1:4000", &["203.0.113.9:555"]), "203.0.113.9");
        assert_eq!(
            seen("[::ffff:10.0.0.1]:4000", &["::ffff:203.0.113.9"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn rubbish_ends_the_chain() {
        assert_eq!(seen("10.0.0.1:4000", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1:4000", &["1.2.3.4, unknown, 10.0.0.2"]), "10.0.0.2");
        assert_eq!(seen("10.0.0.1:4000", &[""]), "10.0.0.1");
    }
}

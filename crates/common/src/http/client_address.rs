//! Who is at the other end of the wire.
//!
//! The address comes from the socket. `X-Forwarded-For` is read only where the socket's peer is a proxy that the operator
//! named, and then from its right end, past further such proxies: everything to the left may be made up.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::{HeaderMap, request::Parts};

use crate::config::TrustedProxies;

/// The address of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// The address behind a request.
    #[must_use]
    pub fn of(request: &Parts, trusted: &TrustedProxies) -> Self {
        // Absent only where a router is called without a socket; all such callers share one allowance then.
        let peer = request
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        Self(resolve(peer.to_canonical(), &request.headers, trusted))
    }

    /// What attempts are counted by. Whoever has an IPv6 address usually has its whole /64.
    #[must_use]
    pub fn throttle_key(&self) -> String {
        match self.0 {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let network = address.to_bits() & (u128::MAX << 64);
                format!("{}/64", Ipv6Addr::from_bits(network))
            }
        }
    }
}

impl<S: Sync> FromRequestParts<S> for ClientAddress
where
    TrustedProxies: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts, &TrustedProxies::from_ref(state)))
    }
}

fn resolve(peer: IpAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> IpAddr {
    if !trusted.contain(peer) {
        return peer;
    }
    let mut nearest = peer;
    let values: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok()).collect();
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        // What a proxy wrote and we can't read ends the chain that we can believe.
        let Some(address) = parse_hop(hop.trim()) else { break };
        nearest = address;
        if !trusted.contain(address) {
            break;
        }
    }
    nearest
}

/// An address as proxies write it, with or without a port.
fn parse_hop(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    bare.or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(peer: &str, forwarded: &[&str], trusted: &str) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted = trusted.split_whitespace().map(|text| text.parse().unwrap()).collect();
        resolve(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_is_believed_by_default() {
        assert_eq!(address("203.0.113.9", &["198.51.100.1"], ""), "203.0.113.9");
        assert_eq!(address("203.0.113.9", &["198.51.100.1"], "10.0.0.0/8"), "203.0.113.9");
    }

    #[test]
    fn the_rightmost_address_that_no_proxy_of_ours_has_is_the_clients() {
        assert_eq!(address("10.0.0.2", &["198.51.100.1"], "10.0.0.0/8"), "198.51.100.1");
        assert_eq!(address("10.0.0.2", &["1.1.1.1, 198.51.100.1, 10.0.0.9"], "10.0.0.0/8"), "198.51.100.1");
        assert_eq!(address("10.0.0.2", &["1.1.1.1", "198.51.100.1:4711"], "10.0.0.0/8"), "198.51.100.1");
        assert_eq!(address("10.0.0.2", &["1.1.1.1, unknown"], "10.0.0.0/8"), "10.0.0.2");
        assert_eq!(address("::1", &["[2001:db8::7]"], "::1"), "2001:db8::7");
    }

    #[test]
    fn an_ipv6_neighbourhood_shares_one_allowance() {
        let key = |text: &str| ClientAddress(text.parse().unwrap()).throttle_key();
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("203.0.113.9"), "203.0.113.9");
    }
}

//! The proxies before a service whose word on a caller's address is believed.
//!
//! Values only: `crate::http::ClientAddress` gives them meaning.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use super::env::Env;
use super::values::CommaList;

const VARIABLE: &str = "TRUSTED_PROXIES";
/// What says that no proxy stands before the service.
const NONE: &str = "none";
const HINT: &str =
    "Private networks: 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fd00::/8. No proxy that sets X-Forwarded-For: none";

/// What it means for a service that nobody has named its proxies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// Nothing: there needn't be any.
    Fine,
    /// It starts with a warning, which says this of it: "behind a proxy …".
    Warned(&'static str),
    /// It doesn't start; a proxy must be there for this reason, and without its address this comes of it.
    Refused(&'static str),
}

/// The proxies whose `X-Forwarded-For` is believed; none by default. Clones are cheap.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[Network]>);

impl TrustedProxies {
    /// Reads the variable.
    pub fn read(env: &mut Env, unnamed: Unnamed) -> Self {
        let CommaList(networks) = env
            .with_default(VARIABLE, CommaList(Vec::<Network>::new()))
            .doc(
                "Addresses or networks (10.0.0.0/8) of the proxies whose X-Forwarded-For is believed, separated by commas; or `none`. \
                 In production the gateway doesn't start without it where PUBLIC_URL is https, and cpm warns.",
            )
            .shown_default(NONE)
            .read_with(|text| if text.trim() == NONE { Ok(CommaList(Vec::new())) } else { text.parse() });
        if !env.is_set(VARIABLE) {
            match unnamed {
                Unnamed::Fine => {}
                Unnamed::Warned(what) => env.warn(format!("{VARIABLE} is not set: {what}. {HINT}")),
                Unnamed::Refused(why) => env.problem(VARIABLE, format!("is not set, and {why}. {HINT}")),
            }
        }
        Self(networks.into())
    }

    /// Whether the address is one of theirs.
    #[must_use]
    pub fn contain(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The networks.
    #[must_use]
    pub fn networks(&self) -> &[Network] {
        &self.0
    }
}

impl FromIterator<Network> for TrustedProxies {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        Self(networks.into_iter().collect())
    }
}

/// A network in CIDR notation, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Not a network.
#[derive(Debug, thiserror::Error)]
#[error("expected an address or a network such as 10.0.0.0/8")]
pub struct NotANetwork;

impl Network {
    /// Whether the address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                (network.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.trim().parse().map_err(|_| NotANetwork)?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().map_err(|_| NotANetwork)?,
            None => longest,
        };
        if prefix <= longest { Ok(Self { address, prefix }) } else { Err(NotANetwork) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_parse_and_match() {
        for (network, inside, outside) in [
            ("10.1.0.0/16", "10.1.255.1", "10.2.0.1"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("fd00::/8", "fd12::1", "fe80::1"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()) && !network.contains(outside.parse().unwrap()));
        }
        for bad in ["10.0.0.0/33", "x", "10.0.0.0/", "::/129"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn what_it_means_that_nobody_has_named_them() {
        for (given, unnamed, count, warned, refused) in [
            (None, Unnamed::Fine, 0, false, false),
            (None, Unnamed::Warned("all are one"), 0, true, false),
            (None, Unnamed::Refused("there is one"), 0, false, true),
            (Some("none"), Unnamed::Refused("there is one"), 0, false, false),
            (Some("10.0.0.0/8,fd00::/8"), Unnamed::Warned("all are one"), 2, false, false),
            (Some("traefik"), Unnamed::Warned("all are one"), 0, false, true),
        ] {
            let mut env = Env::from_pairs("cpm", given.map(|value| (VARIABLE, value)));
            assert_eq!(TrustedProxies::read(&mut env, unnamed).networks().len(), count, "{given:?}");
            assert_eq!(!env.warnings().is_empty(), warned, "{given:?}");
            assert_eq!(env.finish().is_err(), refused, "{given:?}");
        }
    }
}

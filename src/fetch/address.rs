//! Which addresses may be reached: public ones, and those that the user allows.
//!
//! Names are checked in the resolver, whose answer is what is connected to, so that a second
//! look-up cannot differ (rebinding). Literals never reach a resolver and are checked before.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::{FetchError, redact};

/// What the user allows beyond public addresses.
#[derive(Debug, Default)]
pub struct Allowed {
    /// (host, port): any port where none is given.
    hosts: Vec<(String, Option<u16>)>,
    /// The same of those that are literal addresses.
    literals: Vec<(IpAddr, Option<u16>)>,
    /// (network, length of its prefix).
    networks: Vec<(IpAddr, u8)>,
}

/// A name resolved to nothing but private addresses.
#[derive(Debug, thiserror::Error)]
#[error("leads to the private address {0}")]
pub struct PrivateAddress(pub IpAddr);

impl Allowed {
    /// Reads `fetch.allow_private`.
    pub fn new(entries: &[String]) -> Result<Allowed, String> {
        let mut allowed = Allowed::default();
        for entry in entries {
            if let Some((network, length)) = entry.split_once('/') {
                let network: IpAddr = network
                    .parse()
                    .map_err(|_| format!("allow_private: `{entry}` is no network"))?;
                let bits = if network.is_ipv4() { 32 } else { 128 };
                let length = length
                    .parse()
                    .ok()
                    .filter(|l| *l <= bits)
                    .ok_or_else(|| format!("allow_private: `{entry}` is no network"))?;
                allowed.networks.push((network, length));
            } else if let Ok(ip) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
                allowed.literals.push((ip, None));
            } else if let Ok(socket) = entry.parse::<SocketAddr>() {
                allowed.literals.push((socket.ip(), Some(socket.port())));
            } else {
                let (host, port) = match entry.rsplit_once(':') {
                    Some((host, port)) => (
                        host,
                        Some(
                            port.parse()
                                .map_err(|_| format!("allow_private: `{entry}` has no port"))?,
                        ),
                    ),
                    None => (entry.as_str(), None),
                };
                allowed.hosts.push((host.to_lowercase(), port));
            }
        }
        Ok(allowed)
    }

    /// Refuses an address that is private by its letters, or of another scheme.
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Address {
                url: redact(url.as_str()),
                reason: format!("`{}` addresses are not read", url.scheme()),
            });
        }
        let port = url.port_or_known_default().unwrap_or(80);
        let private = |address: String, host: String| {
            Err(FetchError::Private { url: redact(url.as_str()), address, host })
        };
        let ip = match url.host() {
            None => {
                return Err(FetchError::Address {
                    url: redact(url.as_str()),
                    reason: "has no host".into(),
                });
            }
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(name)) => {
                // Allowed on another port only: the resolver does not see the port.
                let mine: Vec<_> =
                    self.hosts.iter().filter(|(host, _)| *host == name.to_lowercase()).collect();
                if !mine.is_empty() && !mine.iter().any(|(_, p)| p.is_none_or(|p| p == port)) {
                    return private(name.to_owned(), format!("{name}:{port}"));
                }
                return Ok(());
            }
        };
        let listed =
            || self.literals.iter().any(|(own, p)| *own == ip && p.is_none_or(|p| p == port));
        if is_public(ip) || listed() || self.in_network(ip) {
            Ok(())
        } else {
            private(ip.to_string(), SocketAddr::new(ip, port).to_string())
        }
    }

    fn in_network(&self, ip: IpAddr) -> bool {
        self.networks.iter().any(|(network, length)| match (network, ip) {
            (IpAddr::V4(n), IpAddr::V4(i)) => {
                u32::from(*n).checked_shr(32 - u32::from(*length))
                    == u32::from(i).checked_shr(32 - u32::from(*length))
            }
            (IpAddr::V6(n), IpAddr::V6(i)) => {
                u128::from(*n).checked_shr(128 - u32::from(*length))
                    == u128::from(i).checked_shr(128 - u32::from(*length))
            }
            _ => false,
        })
    }

    fn allows(&self, name: &str, ip: IpAddr) -> bool {
        is_public(ip)
            || self.in_network(ip)
            // The resolver does not see the port: an address that is allowed on one port is not
            // allowed to names, which could then be asked on any.
            || self.literals.iter().any(|(own, port)| port.is_none() && *own == ip)
            || self.hosts.iter().any(|(host, _)| *host == name.to_lowercase())
    }
}

/// Where the addresses of a name come from, where that is not the system.
pub type Lookup = Arc<dyn Fn(&str) -> std::io::Result<Vec<IpAddr>> + Send + Sync>;

/// The resolver: the system's, with private answers left out.
#[derive(Clone)]
pub struct Guard {
    allowed: Arc<Allowed>,
    lookup: Option<Lookup>,
}

impl Guard {
    /// A resolver that lets through what is allowed.
    pub fn new(allowed: Arc<Allowed>, lookup: Option<Lookup>) -> Guard {
        Guard { allowed, lookup }
    }
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guard").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.allowed);
        let lookup = self.lookup.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = match lookup {
                None => tokio::net::lookup_host((name.as_str(), 0)).await?.collect(),
                Some(lookup) => {
                    lookup(name.as_str())?.into_iter().map(|ip| SocketAddr::new(ip, 0)).collect()
                }
            };
            let (fine, private): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|a| allowed.allows(name.as_str(), a.ip()));
            match (fine.is_empty(), private.first()) {
                (true, Some(address)) => Err(Box::new(PrivateAddress(address.ip()))
                    as Box<dyn std::error::Error + Send + Sync>),
                _ => Ok(Box::new(fine.into_iter()) as Addrs),
            }
        })
    }
}

/// Whether an address belongs to the open internet.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => embedded_v4(ip).map_or_else(|| is_public_v6(ip), is_public_v4),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19)))
}

/// Global unicast is 2000::/3, and what IANA took out of it for other ends (RFC 6890, RFC 9637):
/// 2001::/23 (Teredo, ORCHID), 2001:db8::/32 and 3fff::/20 (documentation).
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    (first & 0xe000) == 0x2000
        && !(first == 0x2001 && (second < 0x200 || second == 0xdb8))
        && !(first == 0x3fff && second < 0x1000)
}

/// The IPv4 address inside a mapped, compatible, translated (64:ff9b::/96) or 6to4 address.
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = ip.segments();
    let v4 = |high: u16, low: u16| {
        let [a, b] = high.to_be_bytes();
        let [c, d] = low.to_be_bytes();
        Ipv4Addr::new(a, b, c, d)
    };
    match s {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(v4(high, low))
        }
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(v4(high, low)),
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        let nothing = Allowed::default();
        for url in [
            "http://127.0.0.1/",
            "http://10.1.2.3/",
            "http://172.16.0.1/",
            "http://192.168.0.1/",
            "http://169.254.169.254/",
            "http://100.64.0.1/",
            "http://0.0.0.0/",
            "http://224.0.0.1/",
            "http://[::1]/",
            "http://[fc00::1]/",
            "http://[fe80::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::127.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://255.255.255.255/",
            "ftp://example.org/",
            "gopher://example.org/",
        ] {
            assert!(nothing.check(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        for url in ["http://93.184.216.34/", "https://example.org/", "http://[2606:2800:220:1::1]/"]
        {
            assert!(nothing.check(&Url::parse(url).unwrap()).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_the_message_says_to_allow_allows_it() {
        for url in ["http://127.0.0.1:81/", "http://[::1]:81/", "http://2130706433/"] {
            let url = Url::parse(url).unwrap();
            let Err(FetchError::Private { host, .. }) = Allowed::default().check(&url) else {
                panic!("{url} is let through")
            };
            assert!(Allowed::new(&[host]).unwrap().check(&url).is_ok(), "{url}");
        }
    }

    #[test]
    fn what_is_allowed_is_allowed_and_no_more() {
        let allowed = Allowed::new(&[
            "127.0.0.1:8080".into(),
            "10.0.0.0/8".into(),
            "intranet".into(),
            "lan:81".into(),
        ])
        .unwrap();
        for (url, fine) in [
            ("http://127.0.0.1:8080/", true),
            ("http://127.0.0.1:8081/", false),
            ("http://10.9.9.9/", true),
            ("http://11.9.9.9/", true),
            ("http://192.168.1.1/", false),
            ("http://intranet:99/", true),
            ("http://lan:81/", true),
            ("http://lan:82/", false),
        ] {
            assert_eq!(allowed.check(&Url::parse(url).unwrap()).is_ok(), fine, "{url}");
        }
        assert!(allowed.allows("intranet", "10.0.0.1".parse().unwrap()));
        assert!(
            !allowed.allows("elsewhere", "127.0.0.1".parse().unwrap())
                || allowed.literals.iter().any(|(ip, _)| ip.is_loopback())
        );
        assert!(Allowed::new(&["10.0.0.0/99".into()]).is_err());
    }
}

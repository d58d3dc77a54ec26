//! Addresses that are not the public internet: this machine, its neighbours, its metadata service.
//!
//! A host name on the allow-list never reaches one of these, because whoever answers for the name
//! could point it at the worker's own network. Only an entry written for the range does.

use std::net::IpAddr;

use ipnet::IpNet;

/// IANA's special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates), and the
/// transition prefixes that carry an IPv4 address inside an IPv6 one. The first match names it.
const RANGES: [(&str, &str); 27] = [
    ("127.0.0.0/8", "a loopback address"),
    ("::1/128", "a loopback address"),
    ("169.254.0.0/16", "a link-local or metadata address"),
    ("fe80::/10", "a link-local address"),
    ("fd00:ec2::/32", "a metadata address"),
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("fc00::/7", "a private address"),
    ("fec0::/10", "a private address"),
    ("100.64.0.0/10", "a carrier's shared address"),
    ("0.0.0.0/8", "an unspecified address"),
    ("::/96", "an unspecified address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.0.2.0/24", "a documentation address"),
    ("198.51.100.0/24", "a documentation address"),
    ("203.0.113.0/24", "a documentation address"),
    ("2001:db8::/32", "a documentation address"),
    ("198.18.0.0/15", "a benchmarking address"),
    ("224.0.0.0/4", "a multicast address"),
    ("ff00::/8", "a multicast address"),
    ("240.0.0.0/4", "a reserved address"),
    ("64:ff9b::/96", "an address translated to IPv4"),
    ("64:ff9b:1::/48", "an address translated to IPv4"),
    ("2001::/32", "a tunnelled address"),
    ("2002::/16", "a tunnelled address"),
    ("100::/64", "a discard-only address"),
];

/// A range that needs an entry of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reserved {
    pub(crate) net: IpNet,
    pub(crate) what: &'static str,
}

/// All ranges, parsed once.
pub(crate) fn ranges() -> Vec<Reserved> {
    RANGES
        .iter()
        .filter_map(|&(net, what)| net.parse().ok().map(|net| Reserved { net, what }))
        .collect()
}

/// The range that holds `address`, if one does.
pub(crate) fn holding(ranges: &[Reserved], address: IpAddr) -> Option<Reserved> {
    ranges
        .iter()
        .copied()
        .find(|range| range.net.contains(&address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_understood() {
        assert_eq!(ranges().len(), RANGES.len());
    }
}

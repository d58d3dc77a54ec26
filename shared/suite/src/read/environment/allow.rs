//! The allow-list: which hosts and networks may be dialled, and what is too wide to be one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use url::Host;

use crate::environment::Allow;
use crate::place::Span;
use crate::raw::Node;
use crate::read::Reader;
use crate::vocabulary::files::ALLOW;

/// Networks with fewer fixed bits than this are half the internet.
const LEAST_BITS_V4: u8 = 8;
const LEAST_BITS_V6: u8 = 16;
/// Clouds answer here with the machine's own credentials.
const METADATA: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];
/// A network within it is one of IPv4, written as IPv6 has it.
const MAPPED_BITS: u8 = 96;

impl Reader<'_> {
    pub(super) fn allow_list(&self, node: &Node) -> Vec<Allow> {
        let items = self.list(node, "hosts and networks");
        if items.is_empty() && node.as_list().is_some() {
            let fix = "add `- \"HOST:443\"`";
            self.problems
                .fix(node.span, "nothing may be dialled: `allow` is empty", fix);
        }
        items
            .iter()
            .filter_map(|item| self.allow_entry(item))
            .collect()
    }

    fn allow_entry(&self, node: &Node) -> Option<Allow> {
        if node.as_map().is_none() {
            let text = self.text(node, "HOST:PORT, or `{ cidr: NETWORK }`")?;
            return self.host(&text, node.span);
        }
        let fields = self.fields(node, &ALLOW)?;
        let port = fields
            .get("port")
            .map(|node| self.integer(node, 1, u16::MAX));
        let hook = fields
            .get("hook")
            .map(|node| self.name(node, "the name of a hook"));
        let cidr = fields.get("cidr")?;
        let cidr = self.network(&self.text(cidr, "a network, as 10.1.0.0/16")?, cidr.span)?;
        Some(Allow::Network {
            cidr,
            port: port.flatten(),
            hook: hook.flatten(),
        })
    }

    fn host(&self, text: &str, span: Span) -> Option<Allow> {
        if text == "*" || text.starts_with("*:") || text == "*.*" {
            return self.too_wide(text, span);
        }
        if text.contains("://") {
            let fix = "write HOST:PORT, without scheme and path";
            self.problems
                .fix(span, format!("`{text}` is an address, not a host"), fix);
            return None;
        }
        if text.contains('/') {
            if text.parse::<IpNet>().is_ok_and(|cidr| is_too_wide(&cidr)) {
                return self.too_wide(text, span);
            }
            self.problems.fix(
                span,
                format!("`{text}` is a network"),
                format!("write `{{ cidr: {text} }}`"),
            );
            return None;
        }
        let Some((pattern, port)) = text
            .rsplit_once(':')
            .filter(|(_, port)| !port.ends_with(']'))
        else {
            let fix = format!("write `{text}:443`");
            self.problems
                .fix(span, format!("`{text}` names no port"), fix);
            return None;
        };
        let Some(port) = port.parse::<u16>().ok().filter(|port| *port > 0) else {
            let fix = "write one port from 1 to 65535";
            self.problems
                .fix(span, format!("`{port}` is not a port"), fix);
            return None;
        };
        let bare = pattern.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            let cidr = self.not_metadata(IpNet::from(address), span)?;
            return Some(Allow::Network {
                cidr,
                port: Some(port),
                hook: None,
            });
        }
        self.pattern(pattern, span)
            .map(|pattern| Allow::Host { pattern, port })
    }

    /// A host name, or one with `*` for its first label.
    fn pattern(&self, written: &str, span: Span) -> Option<String> {
        let (star, name) = written
            .strip_prefix("*.")
            .map_or(("", written), |name| ("*.", name));
        if !star.is_empty() && !name.contains('.') {
            return self.too_wide(written, span);
        }
        if name.contains('*') {
            let fix = "`*` stands only for the first part: *.staging.example";
            self.problems
                .fix(span, format!("`{written}` has a `*` in its middle"), fix);
            return None;
        }
        // The same rules by which addresses of services are read.
        match Host::parse(name) {
            Ok(Host::Domain(host)) if host == name.to_lowercase() => Some(format!("{star}{host}")),
            Ok(Host::Domain(host)) => {
                let message = format!("`{written}` is `{host}` to machines");
                self.problems.fix(
                    span,
                    message,
                    format!("if that is meant, write `{star}{host}`"),
                );
                None
            }
            Ok(other) => {
                let message = format!("`{written}` is the address {other} in disguise");
                self.problems
                    .fix(span, message, format!("if that is meant, write `{other}`"));
                None
            }
            Err(_) => {
                let fix = "write HOST:PORT, as api.example:443";
                self.problems
                    .fix(span, format!("`{written}` is not a host name"), fix);
                None
            }
        }
    }

    fn network(&self, text: &str, span: Span) -> Option<IpNet> {
        let Ok(cidr) = text.parse::<IpNet>() else {
            let fix = "write an address and a prefix, as 10.1.0.0/16";
            self.problems
                .fix(span, format!("`{text}` is not a network"), fix);
            return None;
        };
        if is_too_wide(&cidr) {
            return self.too_wide(text, span);
        }
        self.not_metadata(cidr.trunc(), span)
    }

    /// The network, unless it holds what gives credentials away, or is one of IPv4 in disguise, which
    /// no dialled address would ever match.
    fn not_metadata(&self, cidr: IpNet, span: Span) -> Option<IpNet> {
        let mapped = match cidr.addr().to_canonical() {
            IpAddr::V4(address) if cidr.addr().is_ipv6() && cidr.prefix_len() >= MAPPED_BITS => {
                IpNet::new(address.into(), cidr.prefix_len() - MAPPED_BITS).ok()
            }
            _ => None,
        };
        let plain = mapped.unwrap_or(cidr);
        if let Some(metadata) = METADATA.iter().find(|address| plain.contains(*address)) {
            let message =
                format!("`{plain}` holds {metadata}, which gives a machine's credentials away");
            self.problems.fix(span, message, "leave it out");
            return None;
        }
        if mapped.is_some() {
            let message = format!("`{cidr}` is the network {plain} in disguise");
            let fix = format!("if that is meant, write `{plain}`");
            self.problems.fix(span, message, fix);
            return None;
        }
        Some(cidr)
    }

    fn too_wide<T>(&self, text: &str, span: Span) -> Option<T> {
        let message = format!("`{text}` is too wide for an allow-list");
        self.problems.fix(
            span,
            message,
            "name the hosts and ports of this environment",
        );
        None
    }
}

fn is_too_wide(cidr: &IpNet) -> bool {
    cidr.prefix_len()
        < if cidr.addr().is_ipv4() {
            LEAST_BITS_V4
        } else {
            LEAST_BITS_V6
        }
}

/// Whether an entry may admit the host and port; the address that a name resolves to is looked at
/// when it is dialled.
pub(super) fn covers(allow: &[Allow], host: &Host<&str>, port: u16) -> bool {
    let address = match host {
        Host::Ipv4(address) => Some(IpAddr::V4(*address)),
        Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        Host::Domain(_) => None,
    };
    allow.iter().any(|entry| match (entry, address, host) {
        (
            Allow::Host {
                pattern,
                port: allowed,
            },
            _,
            Host::Domain(name),
        ) => *allowed == port && fits(pattern, name),
        (
            Allow::Network {
                cidr,
                port: allowed,
                hook: None,
            },
            address,
            _,
        ) => {
            allowed.is_none_or(|allowed| allowed == port)
                && address.is_none_or(|address| cidr.contains(&address))
        }
        _ => false,
    })
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_prefix("*.") {
        Some(domain) => name
            .strip_suffix(domain)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => pattern == name,
    }
}

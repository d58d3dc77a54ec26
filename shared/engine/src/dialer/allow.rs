//! What may be dialled: the environment's allow-list, judged by name, port and resolved address.
//!
//! Default deny. An address passes when one entry lets it pass:
//!
//! - an entry that names the host (`api.example:443`, `*.example:443`) and its port, when the
//!   address is on the public internet; a star stands for one label or more, never for none;
//! - `localhost:PORT`, when the address is a loopback address;
//! - an entry that is an address (`127.0.0.1:8080`) or a network (`cidr: 10.0.0.0/8`), whatever
//!   name led there. A reserved address (see `reserved`) needs a network that lies wholly inside
//!   its range, so that `0.0.0.0/0` never opens the metadata service by accident.
//!
//! Pure: nothing here resolves or connects. Networks opened by a hook wait for hooks to exist.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use suite::environment::Allow;

use super::reserved::{self, Reserved};

/// The allow-list, with its patterns made canonical.
#[derive(Clone, Debug)]
pub struct AllowList {
    names: Vec<NameEntry>,
    networks: Vec<NetworkEntry>,
    reserved: Vec<Reserved>,
    /// Names that the environment itself writes, in `services`.
    resolvable: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct NameEntry {
    pattern: String,
    port: u16,
}

#[derive(Clone, Debug)]
struct NetworkEntry {
    net: IpNet,
    port: Option<u16>,
}

impl AllowList {
    pub fn new(entries: &[Allow]) -> Self {
        let mut list = Self {
            names: Vec::new(),
            networks: Vec::new(),
            reserved: reserved::ranges(),
            resolvable: BTreeSet::new(),
        };
        for entry in entries {
            match entry {
                Allow::Host { pattern, port } => list.add_host(pattern, *port),
                Allow::Network {
                    cidr,
                    port,
                    hook: None,
                } => {
                    list.networks.push(NetworkEntry {
                        net: *cidr,
                        port: *port,
                    });
                }
                Allow::Network { hook: Some(_), .. } => {}
            }
        }
        list
    }

    /// Also lets these names be resolved; where they lead must still be admitted.
    #[must_use]
    pub fn resolving(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.resolvable.extend(names);
        self
    }

    fn add_host(&mut self, pattern: &str, port: u16) {
        let bare = pattern
            .trim_start_matches('[')
            .trim_end_matches(']')
            .trim_end_matches('.');
        match bare.parse::<IpAddr>() {
            Ok(address) => {
                let net = IpNet::from(address.to_canonical());
                self.networks.push(NetworkEntry {
                    net,
                    port: Some(port),
                });
            }
            Err(_) => self.names.push(NameEntry {
                pattern: bare.to_ascii_lowercase(),
                port,
            }),
        }
    }

    /// Whether a name is worth resolving at all: asking a name server about a name that no entry
    /// could admit would already tell a stranger something, and so would a name that a test made up
    /// (`${token}.evil.example`) where a network is listed and no name. So an entry names it, or the
    /// environment does, and a network has its port.
    pub fn admits_name(&self, name: &str, port: u16) -> Result<(), String> {
        let by_name = self.names.iter().any(|entry| entry.names(name, port));
        let by_network = self.resolvable.contains(name)
            && self
                .networks
                .iter()
                .any(|entry| entry.port.is_none_or(|only| only == port));
        if by_name || by_network {
            Ok(())
        } else {
            Err(self.unlisted(name, port))
        }
    }

    /// Whether a connection to `address` may be made; `name` is the host as written, if it was one.
    pub fn admits(&self, name: Option<&str>, port: u16, address: IpAddr) -> Result<(), String> {
        let address = address.to_canonical();
        let range = reserved::holding(&self.reserved, address);
        if self
            .networks
            .iter()
            .any(|entry| entry.covers(address, port, range))
        {
            return Ok(());
        }
        let named = name.filter(|name| self.names.iter().any(|entry| entry.names(name, port)));
        match (named, range) {
            (Some(_), None) => Ok(()),
            (Some("localhost"), Some(_)) if address.is_loopback() => Ok(()),
            (Some(name), Some(range)) => Err(format!(
                "`{name}` is {address}, {}; add a `cidr:` entry for it if that is meant",
                range.what
            )),
            (None, _) => Err(self.explain(name, port, address, range)),
        }
    }

    fn explain(
        &self,
        name: Option<&str>,
        port: u16,
        address: IpAddr,
        range: Option<Reserved>,
    ) -> String {
        let what = range.map_or(String::new(), |range| format!(", {}", range.what));
        match name {
            Some(name) => format!("{} ({address}{what})", self.unlisted(name, port)),
            None => format!("{address}:{port}{what} is not on the allow-list"),
        }
    }

    fn unlisted(&self, name: &str, port: u16) -> String {
        let ports: Vec<_> = (self.names.iter().filter(|entry| entry.matches(name)))
            .map(|entry| entry.port.to_string())
            .collect();
        if ports.is_empty() {
            format!("`{name}` is not on the allow-list")
        } else {
            format!(
                "port {port} of `{name}` is not on the allow-list, only {}",
                ports.join(", ")
            )
        }
    }
}

impl NameEntry {
    fn names(&self, name: &str, port: u16) -> bool {
        self.port == port && self.matches(name)
    }

    fn matches(&self, name: &str) -> bool {
        match self.pattern.strip_prefix("*.") {
            Some(parent) => name
                .strip_suffix(parent)
                .and_then(|head| head.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty()),
            None => self.pattern == name,
        }
    }
}

impl NetworkEntry {
    fn covers(&self, address: IpAddr, port: u16, range: Option<Reserved>) -> bool {
        self.port.is_none_or(|only| only == port)
            && self.net.contains(&address)
            && range.is_none_or(|range| range.net.contains(&self.net))
    }
}

#[cfg(test)]
mod tests;

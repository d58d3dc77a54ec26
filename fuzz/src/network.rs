//! What a target sends, and which addresses may be dialled at all.
//!
//! A stream is cut into records alike however its bytes are cut. An address is judged beside a
//! second parser, `http::Uri`: where both read a plain host, they read the same one.

use std::net::IpAddr;

use engine::dialer::Origin;
use engine::dialer::allow::AllowList;
use suite::environment::Allow;
use url::{Host, Url};

/// The first byte is the kind of answer, the second where to cut; the rest are the bytes.
pub(crate) fn event_stream(data: &[u8]) {
    let [kind, cut, bytes @ ..] = data else {
        return;
    };
    let kind = ["text/event-stream", "application/x-ndjson"][usize::from(kind % 2)];
    let whole = engine::stream_records(kind, &[bytes]);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(whole, engine::stream_records(kind, &single), "byte by byte");
    let size = usize::from(*cut).max(1);
    let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
    assert_eq!(
        whole,
        engine::stream_records(kind, &pieces),
        "{size} at a time"
    );
    let held: usize = whole.iter().map(|(_, data)| data.len()).sum();
    assert!(held <= bytes.len(), "{held} bytes out of {}", bytes.len());
}

const NAMED: &str = "api.test";

fn list() -> AllowList {
    let host = |pattern: &str, port| Allow::Host {
        pattern: pattern.to_owned(),
        port,
    };
    let mut entries = vec![
        host(NAMED, 443),
        host("*.star.test", 443),
        host("93.184.216.34", 80),
    ];
    if let Ok(cidr) = "93.184.0.0/16".parse() {
        entries.push(Allow::Network {
            cidr,
            port: Some(8080),
            hook: None,
        });
    }
    AllowList::new(&entries)
}

/// An address as a suite, a redirect or a saved value might have it.
pub(crate) fn allow_list(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(url) = Url::parse(text) else {
        return;
    };
    let Ok(origin) = Origin::of(&url) else {
        return;
    };
    assert!(
        url.username().is_empty() && url.password().is_none(),
        "{url}"
    );
    let list = list();
    let public: [IpAddr; 2] = [[93, 184, 216, 34].into(), [1, 1, 1, 1].into()];
    match &origin.host {
        Host::Domain(name) => {
            let is_listed = origin.port == 443 && (name == NAMED || is_below_star(name));
            assert_eq!(
                list.admits_name(name, origin.port).is_ok(),
                is_listed,
                "{url}"
            );
            for address in reserved() {
                assert!(
                    list.admits(Some(name), origin.port, address).is_err(),
                    "{url} at {address}"
                );
            }
            assert_eq!(
                list.admits(Some(name), origin.port, public[1]).is_ok(),
                is_listed,
                "{url}"
            );
        }
        Host::Ipv4(address) => admitted_alone(&list, &origin, IpAddr::V4(*address), &url),
        Host::Ipv6(address) => admitted_alone(&list, &origin, IpAddr::V6(*address), &url),
    }
    same_host(text, &url, &origin);
}

fn is_below_star(name: &str) -> bool {
    name.strip_suffix(".star.test")
        .is_some_and(|label| !label.is_empty())
}

/// An address without a name passes by the entries for addresses alone.
fn admitted_alone(list: &AllowList, origin: &Origin, address: IpAddr, url: &Url) {
    let is_listed = match (address, origin.port) {
        (IpAddr::V4(address), 80) => address.octets() == [93, 184, 216, 34],
        (IpAddr::V4(address), 8080) => address.octets().starts_with(&[93, 184]),
        _ => false,
    };
    assert_eq!(
        list.admits(None, origin.port, address).is_ok(),
        is_listed,
        "{url}"
    );
}

fn reserved() -> impl Iterator<Item = IpAddr> {
    let four = [
        [127, 0, 0, 1],
        [10, 0, 0, 1],
        [169, 254, 169, 254],
        [0, 0, 0, 0],
    ];
    let six = ["::1", "::ffff:127.0.0.1", "fd00:ec2::254", "64:ff9b::a00:1"];
    let six = six.into_iter().filter_map(|text| text.parse().ok());
    four.into_iter().map(IpAddr::from).chain(six)
}

/// The second parser, where the text is plain enough for both to mean the same by it.
fn same_host(text: &str, url: &Url, origin: &Origin) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:/?=&@".contains(&byte);
    // Without `//` behind the scheme the two standards differ on purpose, and only one is used.
    let has_authority = url.scheme().len() + 3 < text.len()
        && text[url.scheme().len()..].starts_with("://")
        && !text[url.scheme().len() + 3..].starts_with('/');
    if !text.bytes().all(plain) || !has_authority {
        return;
    }
    let Ok(uri) = text.parse::<http::Uri>() else {
        return;
    };
    let Some(host) = uri.host() else {
        return;
    };
    let (Host::Domain(name), false) = (&origin.host, host.contains('@')) else {
        return;
    };
    assert_eq!(
        host.trim_end_matches('.').to_ascii_lowercase(),
        *name,
        "two parsers read two hosts: {url}"
    );
    let port = uri
        .port_u16()
        .unwrap_or(if origin.is_tls { 443 } else { 80 });
    assert_eq!(port, origin.port, "{url}");
}

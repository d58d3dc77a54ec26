//! The allow-list, entry by entry.

use super::*;

fn host(pattern: &str, port: u16) -> Allow {
    Allow::Host {
        pattern: pattern.to_owned(),
        port,
    }
}

fn network(cidr: &str, port: Option<u16>) -> Allow {
    Allow::Network {
        cidr: cidr.parse().unwrap(),
        port,
        hook: None,
    }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_star_stands_for_labels_and_never_for_a_lookalike() {
    let list = AllowList::new(&[host("*.staging.example", 443)]);
    let public = ip("93.184.216.34");
    assert!(
        list.admits(Some("api.staging.example"), 443, public)
            .is_ok()
    );
    assert!(
        list.admits(Some("a.b.staging.example"), 443, public)
            .is_ok()
    );
    for name in [
        "staging.example",
        "xstaging.example",
        "api.staging.example.evil.test",
        ".staging.example",
    ] {
        assert!(list.admits(Some(name), 443, public).is_err(), "{name}");
        assert!(list.admits_name(name, 443).is_err(), "{name}");
    }
    assert!(
        list.admits(Some("api.staging.example"), 22, public)
            .unwrap_err()
            .contains("only 443")
    );
}

#[test]
fn an_allowed_name_never_reaches_the_inside() {
    let list = AllowList::new(&[host("api.example", 443), host("*.example", 443)]);
    for inside in [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "fc00::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "::",
        "224.0.0.1",
    ] {
        assert!(
            list.admits(Some("api.example"), 443, ip(inside)).is_err(),
            "{inside}"
        );
    }
}

#[test]
fn localhost_means_loopback_only() {
    let list = AllowList::new(&[host("localhost", 8080)]);
    assert!(
        list.admits(Some("localhost"), 8080, ip("127.0.0.1"))
            .is_ok()
    );
    assert!(list.admits(Some("localhost"), 8080, ip("::1")).is_ok());
    assert!(
        list.admits(Some("localhost"), 8080, ip("10.0.0.1"))
            .is_err()
    );
    assert!(list.admits(None, 8080, ip("127.0.0.1")).is_err());
}

#[test]
fn a_network_admits_its_addresses_under_any_name() {
    let list = AllowList::new(&[network("10.1.0.0/16", Some(443))]);
    assert!(
        list.admits(Some("anything.test"), 443, ip("10.1.2.3"))
            .is_ok()
    );
    assert!(list.admits(None, 443, ip("::ffff:10.1.2.3")).is_ok());
    assert!(list.admits(None, 80, ip("10.1.2.3")).is_err());
    assert!(list.admits(None, 443, ip("10.2.0.1")).is_err());
}

#[test]
fn a_network_too_wide_opens_no_reserved_range() {
    let list = AllowList::new(&[network("0.0.0.0/0", None)]);
    assert!(list.admits(None, 80, ip("93.184.216.34")).is_ok());
    for inside in ["127.0.0.1", "10.0.0.1", "169.254.169.254"] {
        assert!(list.admits(None, 80, ip(inside)).is_err(), "{inside}");
    }
}

#[test]
fn an_address_written_out_is_its_own_entry() {
    let list = AllowList::new(&[host("127.0.0.1", 8080), host("[::1]", 8080)]);
    assert!(list.admits(None, 8080, ip("127.0.0.1")).is_ok());
    assert!(list.admits(None, 8080, ip("::1")).is_ok());
    assert!(list.admits(None, 8080, ip("127.0.0.2")).is_err());
    assert!(list.admits(None, 8081, ip("127.0.0.1")).is_err());
}

proptest::proptest! {
    /// Whatever name or address is tried, nothing reserved is let through by entries for names.
    #[test]
    fn no_reserved_address_passes_by_a_name(bits: u32, name in "[a-z]{1,8}(\\.[a-z]{1,8}){0,3}", port: u16) {
        let list = AllowList::new(&[host("*.example", port), host("api.test", port), host("localhost", port)]);
        let address = IpAddr::V4(bits.into());
        let is_reserved = reserved::holding(&reserved::ranges(), address).is_some();
        for tried in [name.as_str(), "api.test", "a.example"] {
            if list.admits(Some(tried), port, address).is_ok() {
                proptest::prop_assert!(!is_reserved);
                proptest::prop_assert!(tried == "api.test" || tried.ends_with(".example"));
            }
        }
        proptest::prop_assert!(list.admits(None, port, address).is_err());
        let IpAddr::V4(inner) = address else { return Ok(()) };
        let mapped = IpAddr::V6(inner.to_ipv6_mapped());
        proptest::prop_assert_eq!(
            list.admits(Some("api.test"), port, mapped).is_ok(),
            list.admits(Some("api.test"), port, address).is_ok()
        );
    }
}

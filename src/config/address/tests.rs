//! Forms of addresses and what is refused.

use proptest::prelude::*;

use super::*;
use crate::config::diagnostic::Span;

fn word(text: &str) -> Word {
    Word::new(text.into(), Span::default())
}

fn bind(text: &str) -> Result<(AddressSpec, (u16, u16)), String> {
    parse_address(&word(text), AddressForms::BIND)
        .map(|address| (address.spec, address.ports))
        .map_err(|error| error.message)
}

fn ip(text: &str) -> AddressSpec {
    AddressSpec::Ip(text.parse().unwrap())
}

#[test]
fn listening_addresses() {
    for (text, address, ports) in [
        (":80", "0.0.0.0:80", (80, 80)),
        ("*:80", "0.0.0.0:80", (80, 80)),
        ("1.2.3.4:80-90", "1.2.3.4:80", (80, 90)),
        ("::1:80", "[::1]:80", (80, 80)),
        (":::80", "[::]:80", (80, 80)),
        ("[::1]:80", "[::1]:80", (80, 80)),
        ("ipv4@:80", "0.0.0.0:80", (80, 80)),
        ("ipv6@:80", "[::]:80", (80, 80)),
        ("ipv6@::1:80", "[::1]:80", (80, 80)),
        (":65535", "0.0.0.0:65535", (65_535, 65_535)),
        ("localhost:80", "127.0.0.1:80", (80, 80)),
    ] {
        assert_eq!(bind(text), Ok((ip(address), ports)), "{text}");
    }
    assert_eq!(bind("unix@a"), Ok((AddressSpec::Unix("a".into()), (0, 0))));
    assert_eq!(
        bind("/run/a:1"),
        Ok((AddressSpec::Unix("/run/a:1".into()), (0, 0)))
    );
    assert_eq!(
        bind("abns@a"),
        Ok((AddressSpec::Abstract(b"a".to_vec()), (0, 0)))
    );
    assert_eq!(bind("fd@3"), Ok((AddressSpec::Inherited(3), (0, 0))));
}

#[test]
fn refused_listening_addresses() {
    for (text, message) in [
        (":70000", "invalid port '70000' in ':70000'"),
        (":0", "invalid port '0' in ':0'"),
        (":-5", "port offset not permitted here in ':-5'"),
        (":+5", "port offset not permitted here in ':+5'"),
        ("1.2.3.4", "missing port specification in '1.2.3.4'"),
        ("1.2.3.4:", "missing port specification in '1.2.3.4:'"),
        ("*", "missing port specification in '*'"),
        (":", "missing port specification in ':'"),
        (
            "1.2.3.4:x",
            "invalid character 'x' in port number 'x' in '1.2.3.4:x'",
        ),
        (":90-80", "invalid port range '90-80' in ':90-80'"),
        (":80-", "invalid port '80-' in ':80-'"),
        (":80-70000", "invalid port '80-70000' in ':80-70000'"),
        ("[::1:80", "invalid address: '[::1' in '[::1:80'"),
        ("ipv4@::1:80", "invalid address: '::1' in 'ipv4@::1:80'"),
        (
            "ipv6@1.2.3.4:80",
            "invalid address: '1.2.3.4' in 'ipv6@1.2.3.4:80'",
        ),
        (
            "foo@1.2.3.4:80",
            "invalid address: 'foo@1.2.3.4' in 'foo@1.2.3.4:80'",
        ),
        (
            "256.1.1.1:80",
            "invalid address: '256.1.1.1' in '256.1.1.1:80'",
        ),
        (
            "fd@x",
            "file descriptor 'x' is not a valid integer in 'fd@x'",
        ),
        ("fd@", "file descriptor '' is not a valid integer in 'fd@'"),
        (
            "fd@-1",
            "file descriptor '-1' is not a valid integer in 'fd@-1'",
        ),
        ("unix@", "the socket's path is missing in 'unix@'"),
    ] {
        assert_eq!(bind(text), Err(message.to_owned()), "{text}");
    }
    let long = format!("/{}", "a".repeat(107));
    assert!(bind(&long).unwrap_err().contains("longer than 107 bytes"));
}

#[test]
fn lists_are_split_at_commas() {
    let list = parse_address_list(&word("1.2.3.4:80-90,:81,/a"), AddressForms::BIND).unwrap();
    let specs: Vec<AddressSpec> = list.into_iter().map(|address| address.spec).collect();
    let path = AddressSpec::Unix("/a".into());
    assert_eq!(specs, [ip("1.2.3.4:80"), ip("0.0.0.0:81"), path]);
    assert!(parse_address_list(&word(":80,"), AddressForms::BIND).is_ok());
    for text in ["", ",", ",:80", ":80,,:81"] {
        let error = parse_address_list(&word(text), AddressForms::BIND).unwrap_err();
        assert!(
            error.message.contains("environment variable missing?"),
            "{text}"
        );
    }
    assert!(parse_address_list(&word(":80,:x"), AddressForms::BIND).is_err());
}

#[test]
fn server_ports_may_follow_the_client() {
    let server = |text: &str| {
        let address = parse_address(&word(text), AddressForms::SERVER);
        address
            .map(|address| (address.spec, address.port_rule))
            .map_err(|error| error.message)
    };
    let offset = PortRule::Offset;
    assert_eq!(server("1.2.3.4:+10"), Ok((ip("1.2.3.4:0"), offset(10))));
    assert_eq!(server("1.2.3.4:-10"), Ok((ip("1.2.3.4:0"), offset(-10))));
    assert_eq!(server("1.2.3.4"), Ok((ip("1.2.3.4:0"), offset(0))));
    assert_eq!(server("[::1]"), Ok((ip("[::1]:0"), offset(0))));
    assert_eq!(
        server("1.2.3.4:80"),
        Ok((ip("1.2.3.4:80"), PortRule::Fixed))
    );
    let range = "port range not permitted here in '1.2.3.4:80-90'".to_owned();
    assert_eq!(server("1.2.3.4:80-90"), Err(range));
    let descriptor = "a file descriptor is not acceptable here in 'fd@3'".to_owned();
    assert_eq!(server("fd@3"), Err(descriptor));
}

proptest! {
    #[test]
    fn no_text_panics(text in r"[0-9a-z\[\]:.,@/+*\-]{0,30}") {
        let literal = AddressForms { resolve: false, ..AddressForms::BIND };
        let _ = parse_address_list(&word(&text), literal);
        let forms = AddressForms { resolve: false, ..AddressForms::SERVER };
        let _ = parse_address(&word(&text), forms);
    }

    #[test]
    fn printed_addresses_parse_back(bits in any::<u128>(), port in 1u16..) {
        let address = SocketAddr::new(IpAddr::V6(Ipv6Addr::from_bits(bits)), port);
        let parsed = parse_address(&word(&address.to_string()), AddressForms::BIND).unwrap();
        prop_assert_eq!(parsed.spec, AddressSpec::Ip(address));
    }
}

//! Methods, targets, hosts and versions.

use super::*;

#[test]
fn a_fragment_or_8_bit_byte_in_the_uri_is_refused_unless_allowed() {
    for uri in [&b"/a#b"[..], b"/a\xe9b", "/\u{e9}".as_bytes()] {
        let input = [b"GET ", uri, b" HTTP/1.1\r\n\r\n"].concat();
        assert_eq!(request(&input), refused(400, ErrorReason::Uri));
        assert_eq!(relaxed(&input), unchanged(&input));
    }
    let control = b"GET /a\x01b HTTP/1.1\r\n\r\n";
    assert_eq!(request(control), refused(400, ErrorReason::Uri));
    assert_eq!(relaxed(control), refused(400, ErrorReason::Uri));
}

#[test]
fn a_missing_host_is_tolerated() {
    let input = b"GET / HTTP/1.1\r\n\r\n";
    assert_eq!(request(input), unchanged(input));
}

#[test]
fn two_different_hosts_are_refused_equal_ones_merged() {
    let reason = refused(400, ErrorReason::HostDiffers);
    assert_eq!(request(&with(b"Host: b\r\n")), reason);
    assert_eq!(relaxed(&with(b"Host: b\r\n")), reason);
    assert_eq!(
        request(&with(b"X: y\r\nhost: A\r\n")),
        unchanged(&with(b"X: y\r\n"))
    );
}

#[test]
fn an_absolute_uri_must_name_the_host() {
    let absolute =
        |uri: &str, host: &str| format!("GET {uri} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes();
    let good = [
        ("http://a/x", "a"),
        ("http://A/x", "a"),
        ("http://a:80/x", "a"),
        ("http://a/x", "a:80"),
        ("https://a:443", "a"),
        ("http://user@a?x", "a"),
        ("http://[::1]:8080/", "[::1]:8080"),
        ("http://[::1]/", "[::1]:80"),
    ];
    for (uri, host) in good {
        let input = absolute(uri, host);
        assert_eq!(request(&input), unchanged(&input));
    }
    let bad = [
        ("http://b/x", "a"),
        ("http://a:81/x", "a"),
        ("http://a:443/x", "a"),
        ("http://a@b/", "a"),
        ("http://a/", "a:81"),
        ("http://a/", ""),
    ];
    for (uri, host) in bad {
        let input = absolute(uri, host);
        assert_eq!(
            request(&input),
            refused(400, ErrorReason::Authority),
            "{uri}"
        );
        assert_eq!(relaxed(&input), unchanged(&input));
    }
}

#[test]
fn a_target_must_suit_its_method() {
    for line in [
        "GET foo",
        "GET *",
        "OPTIONS *x",
        "CONNECT a",
        "CONNECT /x",
        "CONNECT a:b",
    ] {
        let input = format!("{line} HTTP/1.1\r\n\r\n").into_bytes();
        assert_eq!(request(&input), refused(400, ErrorReason::Target), "{line}");
        assert_eq!(relaxed(&input), unchanged(&input));
    }
    for line in [
        "OPTIONS *",
        "OPTIONS /",
        "CONNECT a:80",
        "CONNECT [::1]:443",
        "M-SEARCH /",
    ] {
        let input = format!("{line} HTTP/1.1\r\n\r\n").into_bytes();
        assert_eq!(request(&input), unchanged(&input), "{line}");
    }
}

#[test]
fn connect_names_its_host() {
    let connect = |host: &str| format!("CONNECT a:443 HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for host in ["a", "a:443"] {
        assert!(request(connect(host).as_bytes()).is_ok());
    }
    for host in ["b", "a:80", "b:443"] {
        let reason = refused(400, ErrorReason::Authority);
        assert_eq!(request(connect(host).as_bytes()), reason, "{host}");
    }
}

#[test]
fn http_0_9_is_refused_unless_allowed() {
    for input in [&b"GET /\r\n"[..], b"GET /\r\n\r\n", b"GET /\n"] {
        assert_eq!(request(input), refused(400, ErrorReason::Version));
        assert_eq!(relaxed(input), unchanged(b"GET / HTTP/1.0\r\n\r\n"));
    }
    assert_eq!(relaxed(b"POST /\r\n"), refused(400, ErrorReason::Version));
}

#[test]
fn versions_and_blanks_of_the_start_line_are_normalised() {
    let plain = unchanged(&with(b""));
    for line in [
        "GET / HTTP/1.2",
        "GET / HTTP/2.0",
        "GET\t/\tHTTP/1.1",
        "GET   /   HTTP/1.1",
        "\r\n\nGET / HTTP/1.1",
    ] {
        let input = format!("{line}\r\nHost: a\r\n\r\n");
        assert_eq!(request(input.as_bytes()), plain, "{line}");
    }
    assert_eq!(
        request(b"GET / HTTP/0.9\r\n\r\n"),
        unchanged(b"GET / HTTP/1.0\r\n\r\n")
    );
}

#[test]
fn other_protocols_are_refused() {
    let version = refused(400, ErrorReason::Version);
    for line in ["GET / HTTP/1", "GET / HTTP/1.10", "GET / RTSP/1.0"] {
        let input = format!("{line}\r\n\r\n");
        assert_eq!(request(input.as_bytes()), version, "{line}");
        assert_eq!(relaxed(input.as_bytes()), unchanged(input.as_bytes()));
    }
    for line in [
        "GET / http/1.1",
        "GET / HTTP/1.1 ",
        "GET / HTTP/1.1 x",
        "a b c d",
    ] {
        assert_eq!(
            request(format!("{line}\r\n\r\n").as_bytes()),
            version,
            "{line}"
        );
    }
    let hello = b"\x16\x03\x01\x02\0\x01\0";
    assert_eq!(request(hello), refused(400, ErrorReason::Method));
}

#[test]
fn the_http_2_preface_is_refused_even_with_the_option() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(request(preface), refused(400, ErrorReason::Preface));
    assert_eq!(relaxed(preface), refused(400, ErrorReason::Preface));
}

#[test]
fn an_endless_uri_is_414_and_an_endless_head_400() {
    let mut scanner = HeadScanner::new(Kind::Request);
    let uri = [b"GET /", &[b'a'; 9000][..]].concat();
    assert_eq!(scanner.scan_bytes(&uri), Scan::Incomplete);
    assert_eq!(scanner.too_large().status, 414);
    let mut scanner = HeadScanner::new(Kind::Request);
    let head = [b"GET / HTTP/1.1\r\nA: ", &[b'a'; 9000][..]].concat();
    assert_eq!(scanner.scan_bytes(&head), Scan::Incomplete);
    assert_eq!(scanner.too_large().status, 400);
    assert_eq!(scanner.too_large().reason, ErrorReason::HeadSize);
}

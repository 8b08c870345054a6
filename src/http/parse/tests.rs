//! The hostile table, differential and property tests of parsing.

use proptest::prelude::*;

use super::*;
use crate::http::framing::{BodyLength, Declared, request_body};
use crate::http::scan::{HeadScanner, Scan};

const SIZE: usize = 65536;

/// What a client gets for `input`: the canonical head, or status and reason.
fn verdict_with(
    kind: Kind,
    policy: Policy,
    input: &[u8],
) -> Result<(Vec<u8>, Head), (u16, ErrorReason)> {
    let mut buffer = Buffer::new(SIZE);
    buffer.push(b"left over").unwrap();
    let base = buffer.len();
    buffer.push(input).unwrap();
    let mut head = Head::new();
    let head_len = match HeadScanner::new(kind).scan(&buffer, base) {
        Scan::Complete { head_len } => head_len,
        Scan::Invalid(error) => return Err((error.status, error.reason)),
        Scan::Incomplete => panic!("incomplete: {:?}", input.escape_ascii().to_string()),
    };
    let parsed = match kind {
        Kind::Request => parse_request(&mut buffer, base, head_len, policy, &mut head),
        Kind::Response => parse_response(&mut buffer, base, head_len, policy, &mut head),
    };
    assert!(buffer.bytes().starts_with(b"left over"));
    parsed.map_err(|error| (error.status, error.reason))?;
    Ok((head.view(&buffer, base).bytes().to_vec(), head))
}

fn request(input: &[u8]) -> Result<String, (u16, ErrorReason)> {
    let (bytes, _) = verdict_with(Kind::Request, Policy::default(), input)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn relaxed(input: &[u8]) -> Result<String, (u16, ErrorReason)> {
    let policy = Policy {
        accept_invalid: true,
        ..Policy::default()
    };
    let (bytes, _) = verdict_with(Kind::Request, policy, input)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn response(input: &[u8]) -> Result<String, (u16, ErrorReason)> {
    let (bytes, _) = verdict_with(Kind::Response, Policy::default(), input)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A GET request with `lines` behind its Host line.
fn with(lines: &[u8]) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\nHost: a\r\n", lines, b"\r\n"].concat()
}

fn refused(status: u16, reason: ErrorReason) -> Result<String, (u16, ErrorReason)> {
    Err((status, reason))
}

fn unchanged(input: &[u8]) -> Result<String, (u16, ErrorReason)> {
    Ok(String::from_utf8_lossy(input).into_owned())
}

#[test]
fn content_length_that_is_not_one_number_is_refused() {
    let bad: [&[u8]; 10] = [
        b"+5",
        b"-5",
        b"0x5",
        b"18446744073709551621",
        b"",
        b"5,",
        b",5",
        b"5 5",
        b"\x0b5",
        b"9223372036854775808",
    ];
    for value in bad {
        let input = with(&[b"Content-Length: ", value, b"\r\n"].concat());
        assert_eq!(request(&input), refused(400, ErrorReason::ContentLength));
        assert_eq!(relaxed(&input), refused(400, ErrorReason::ContentLength));
    }
    let input = with(b"Content-Length:\r\nContent-Length: 5\r\n");
    assert_eq!(request(&input), refused(400, ErrorReason::ContentLength));
}

#[test]
fn content_lengths_that_differ_are_refused() {
    let reason = refused(400, ErrorReason::ContentLengthDiffers);
    let two_lines = with(b"Content-Length: 5\r\nContent-Length: 6\r\n");
    assert_eq!(request(&two_lines), reason);
    assert_eq!(request(&with(b"Content-Length: 5, 6\r\n")), reason);
}

#[test]
fn a_repeated_content_length_is_forwarded_once() {
    let once = unchanged(&with(b"Content-Length: 5\r\n"));
    assert_eq!(
        request(&with(b"Content-Length: 5\r\ncontent-length: 5\r\n")),
        once
    );
    assert_eq!(request(&with(b"Content-Length: 5, 5\r\n")), once);
}

#[test]
fn content_length_beside_chunked_is_dropped_and_the_connection_closed_after() {
    let input = with(b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\nX: y\r\n");
    let (bytes, head) = verdict_with(Kind::Request, Policy::default(), &input).unwrap();
    assert_eq!(bytes, with(b"Transfer-Encoding: chunked\r\nX: y\r\n"));
    assert_eq!(request_body(&head), BodyLength::Chunked);
    assert!(head.framing().close_after);
}

#[test]
fn a_transfer_encoding_other_than_one_chunked_is_refused() {
    let bad: [&[u8]; 7] = [
        b"\x0bchunked",
        b"xchunked",
        b"chunked, identity",
        b"chunked, chunked",
        b"",
        b"identity",
        b"\"chunked\"",
    ];
    for value in bad {
        let input = with(&[b"Transfer-Encoding: ", value, b"\r\n"].concat());
        assert_eq!(request(&input), refused(400, ErrorReason::TransferEncoding));
    }
    let twice = with(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    assert_eq!(request(&twice), refused(400, ErrorReason::TransferEncoding));
    let other = with(b"Transfer-Encoding: gzip, chunked\r\n");
    assert_eq!(request(&other), refused(422, ErrorReason::TransferCoding));
}

#[test]
fn chunked_on_http_1_0_is_forwarded_then_closed() {
    let input = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (bytes, head) = verdict_with(Kind::Request, Policy::default(), input).unwrap();
    assert_eq!(bytes, input);
    assert_eq!(request_body(&head), BodyLength::Chunked);
    assert!(head.framing().close_after);
}

#[test]
fn bad_header_names_are_refused_and_dropped_by_the_option() {
    let bad: [&[u8]; 6] = [
        b"Transfer-Encoding : chunked",
        b"F\0oo: x",
        b"F\x01oo: x",
        b"F oo: x",
        b"F\xe9oo: x",
        b"F(oo: x",
    ];
    for line in bad {
        let input = with(&[line, b"\r\nX: y\r\n"].concat());
        assert_eq!(request(&input), refused(400, ErrorReason::HeaderName));
        if !line.contains(&0) {
            assert_eq!(relaxed(&input), unchanged(&with(b"X: y\r\n")));
        }
    }
}

#[test]
fn a_header_without_colon_or_name_is_refused_always() {
    for line in [&b"Foo\r\n"[..], b": x\r\n", b":\r\n"] {
        assert_eq!(request(&with(line)), refused(400, ErrorReason::HeaderName));
        assert_eq!(relaxed(&with(line)), refused(400, ErrorReason::HeaderName));
    }
}

#[test]
fn a_space_before_the_first_header_is_refused() {
    let input = b"GET / HTTP/1.1\r\n Foo: x\r\nHost: a\r\n\r\n";
    assert_eq!(request(input), refused(400, ErrorReason::HeaderName));
}

#[test]
fn a_header_name_has_at_most_255_bytes() {
    let line = |len| [&vec![b'a'; len][..], b": x\r\n"].concat();
    assert_eq!(request(&with(&line(255))), unchanged(&with(&line(255))));
    assert_eq!(
        request(&with(&line(256))),
        refused(400, ErrorReason::HeaderNameLength)
    );
}

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
fn nul_and_bare_cr_in_a_value_are_refused() {
    let nul = refused(400, ErrorReason::HeaderValue);
    assert_eq!(request(&with(b"A: b\0c\r\n")), nul);
    assert_eq!(relaxed(&with(b"A: b\0c\r\n")), nul);
    assert_eq!(
        request(&with(b"A: b\rc\r\n")),
        refused(400, ErrorReason::LineEnd)
    );
}

#[test]
fn other_control_bytes_and_8_bit_bytes_in_a_value_pass() {
    let input = with(b"A: b\x01\x0b\x7f\r\n");
    assert_eq!(request(&input), unchanged(&input));
    let input = with(b"A: b\xe9\r\n");
    assert_eq!(request(&input), unchanged(&input));
}

#[test]
fn bare_lf_becomes_crlf() {
    assert_eq!(
        request(b"GET / HTTP/1.1\nHost: a\nB: c\n\n"),
        unchanged(&with(b"B: c\r\n"))
    );
    assert_eq!(
        request(b"GET / HTTP/1.1\r\nHost: a\r\nB: c\n\r\n"),
        unchanged(&with(b"B: c\r\n"))
    );
    assert_eq!(
        request(b"GET / HTTP/1.1\r\nHost: a\nB: c\r\n\n"),
        unchanged(&with(b"B: c\r\n"))
    );
}

#[test]
fn one_bare_lf_among_crlf_is_found_wherever_it_stands() {
    let canonical = "GET / HTTP/1.1\r\nHost: a\r\nB: c\r\nD:\r\nE: f\r\n\r\n";
    for (at, _) in canonical.match_indices("\r\n") {
        let mut input = canonical.to_owned();
        input.remove(at);
        assert_eq!(request(input.as_bytes()), Ok(canonical.to_owned()), "{at}");
    }
    let canonical = "HTTP/1.1 200 OK\r\nB: c\r\nD:\r\nE: f\r\n\r\n";
    for (at, _) in canonical.match_indices("\r\n") {
        let mut input = canonical.to_owned();
        input.remove(at);
        assert_eq!(response(input.as_bytes()), Ok(canonical.to_owned()), "{at}");
    }
}

#[test]
fn folds_become_spaces() {
    assert_eq!(
        request(&with(b"A: b\r\n  c\r\n\td\r\n")),
        unchanged(&with(b"A: b    c  \td\r\n"))
    );
    let (_, head) = verdict_with(
        Kind::Request,
        Policy::default(),
        &with(b"A:\r\n b \r\n \r\n"),
    )
    .unwrap();
    let line = head.lines[1];
    assert_eq!(line.value_len, 1);
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
fn http_1_0_get_with_a_body_is_refused() {
    for method in ["GET", "HEAD", "DELETE"] {
        let input = format!("{method} / HTTP/1.0\r\nContent-Length: 3\r\n\r\n");
        let refusal = refused(413, ErrorReason::Payload);
        assert_eq!(request(input.as_bytes()), refusal);
        let policy = Policy {
            payload_any_method: true,
            ..Policy::default()
        };
        assert!(verdict_with(Kind::Request, policy, input.as_bytes()).is_ok());
    }
    assert!(request(b"GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n").is_ok());
    assert!(request(b"POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n").is_ok());
    assert!(request(b"GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\n").is_ok());
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

#[test]
fn a_hundred_headers_pass_and_one_more_does_not() {
    let head = |count| {
        [
            b"GET / HTTP/1.1\r\n",
            &b"a: b\r\n".repeat(count)[..],
            b"\r\n",
        ]
        .concat()
    };
    assert_eq!(request(&head(100)), unchanged(&head(100)));
    assert_eq!(request(&head(101)), refused(400, ErrorReason::HeaderCount));
    let policy = Policy {
        max_headers: 500,
        ..Policy::default()
    };
    assert!(verdict_with(Kind::Request, policy, &head(499)).is_ok());
    assert!(verdict_with(Kind::Request, policy, &head(500)).is_err());
}

#[test]
fn an_upgrade_to_h2c_is_stripped() {
    let input = with(b"Upgrade: websocket, h2c\r\nHTTP2-Settings: AAMA\r\nX: y\r\n");
    assert_eq!(request(&input), unchanged(&with(b"X: y\r\n")));
    let websocket = with(b"Upgrade: websocket\r\n");
    assert_eq!(request(&websocket), unchanged(&websocket));
}

#[test]
fn odd_cookies_pass() {
    let input = with(b"Cookie: ;a=b\r\nCookie: =;;,=\r\n");
    assert_eq!(request(&input), unchanged(&input));
}

#[test]
fn errors_know_their_place() {
    let place = |input: &[u8]| {
        let mut buffer = Buffer::new(1024);
        buffer.push(input).unwrap();
        let mut head = Head::new();
        let policy = Policy::default();
        let error = parse_request(&mut buffer, 0, input.len(), policy, &mut head).unwrap_err();
        assert_eq!(buffer.bytes(), input);
        error.offset
    };
    assert_eq!(place(b"GET / HTTP/1.1\r\nHo st: a\r\n\r\n"), 18);
    assert_eq!(place(b"GET /\x01 HTTP/1.1\r\n\r\n"), 5);
    assert_eq!(place(b"G(T / HTTP/1.1\r\n\r\n"), 1);
    assert_eq!(place(b"GET / XTTP/1.1\r\n\r\n"), 6);
    assert_eq!(place(b"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n"), 20);
    assert_eq!(place(b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"), 32);
}

#[test]
fn no_room_for_canonical_bytes_is_an_error() {
    let input = b"GET / HTTP/1.1\nA: b\n\n";
    let mut buffer = Buffer::new(input.len());
    buffer.push(input).unwrap();
    let mut head = Head::new();
    let error = parse_request(&mut buffer, 0, input.len(), Policy::default(), &mut head);
    assert_eq!(error.unwrap_err().reason, ErrorReason::NoRoom);
}

#[test]
fn responses_are_normalised() {
    let plain = |line: &str| Ok(format!("{line}\r\nA: b\r\n\r\n"));
    for (given, canonical) in [
        ("HTTP/1.1 200 OK", "HTTP/1.1 200 OK"),
        ("HTTP/1.1 200", "HTTP/1.1 200 "),
        ("HTTP/1.1 200 ", "HTTP/1.1 200 "),
        ("HTTP/1.1\t200  OK  x", "HTTP/1.1 200 OK  x"),
        ("HTTP/1.2 200 OK", "HTTP/1.1 200 OK"),
        ("\r\nHTTP/1.0 600 OK", "HTTP/1.0 600 OK"),
    ] {
        let input = format!("{given}\r\nA: b\r\n\r\n");
        assert_eq!(response(input.as_bytes()), plain(canonical), "{given}");
        let lf = format!("{given}\nA: b\n\n");
        assert_eq!(response(lf.as_bytes()), plain(canonical), "{given}");
    }
    let reason = b"HTTP/1.1 200 O\xe9K\r\n\r\n";
    let (bytes, head) = verdict_with(Kind::Response, Policy::default(), reason).unwrap();
    assert_eq!(bytes, reason);
    assert_eq!(head.view_bytes(&bytes).reason(), b"O\xe9K");
}

#[test]
fn hostile_responses_are_answered_with_502() {
    let bad: [&[u8]; 13] = [
        b"hello\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"ICY 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
    ];
    for input in bad {
        assert_eq!(response(input).unwrap_err().0, 502);
    }
}

#[test]
fn parsing_again_uses_the_same_memory() {
    let input = with(b"A: b\r\nC: d\r\n");
    let mut buffer = Buffer::new(1024);
    buffer.push(&input).unwrap();
    let mut head = Head::new();
    parse_request(&mut buffer, 0, input.len(), Policy::default(), &mut head).unwrap();
    let before = head.lines.as_ptr();
    parse_request(&mut buffer, 0, input.len(), Policy::default(), &mut head).unwrap();
    assert_eq!(head.lines.as_ptr(), before);
}

fn token() -> impl Strategy<Value = String> {
    "[!#-'*+.0-9A-Z^-z|~-]{1,20}"
}

fn valid_request() -> impl Strategy<Value = Vec<u8>> {
    let line = (
        token(),
        "[ \t]{0,2}",
        "[!-~\u{80}-\u{ff}]{0,20}( [!-~]{1,5})?",
        "[ \t]{0,2}",
    )
        .prop_map(|(name, before, value, after)| format!("{name}:{before}{value}{after}\r\n"));
    (
        token(),
        "/[!-\"$-~]{0,30}",
        0..2,
        prop::collection::vec(line, 0..12),
    )
        .prop_map(|(method, uri, minor, lines)| {
            format!("{method} {uri} HTTP/1.{minor}\r\n{}\r\n", lines.concat()).into_bytes()
        })
}

const NOISE: &[u8] = b"GET /H:P1.0 \t\r\n\0a#\xe9";

proptest! {
    #[test]
    fn httparse_and_the_slow_path_agree(input in valid_request()) {
        let mut fast = Head::new();
        let mut own = Head::new();
        prop_assert!(fast_request(&input, Policy::default(), &mut fast));
        let canonical = slow::parse(&input, Kind::Request, Policy::default(), &mut own).unwrap();
        prop_assert_eq!(&canonical.bytes, &input);
        prop_assert_eq!(canonical.consumed, input.len());
        prop_assert_eq!(fast, own);
    }

    #[test]
    fn httparse_and_the_slow_path_agree_on_responses(
        line in "HTTP/1\\.[01][ \t]{1,2}[0-9]{3,4}([ \t]{1,2}[!-~\u{80}-\u{ff} \t]{0,9})?",
        lines in "([A-Za-z-]{1,9}:[ \t]?[!-~ ]{0,9}\r\n){0,9}",
    ) {
        let input = format!("{line}\r\n{lines}\r\n").into_bytes();
        let mut fast = Head::new();
        let mut own = Head::new();
        let canonical = slow::parse(&input, Kind::Response, Policy::default(), &mut own);
        if fast_response(&input, Policy::default(), &mut fast) {
            prop_assert_eq!(canonical.unwrap().bytes, input);
            prop_assert_eq!(fast, own);
        } else if let Ok(canonical) = canonical {
            prop_assert!(fast_response(&canonical.bytes, Policy::default(), &mut fast));
            prop_assert_eq!(fast, own);
        }
    }

    #[test]
    fn the_slow_path_accepts_what_the_fast_path_accepts(
        input in prop::collection::vec(prop::sample::select(NOISE), 0..80),
        lines in "[a:\r\n \t]{0,30}",
    ) {
        let lines = lines.as_bytes();
        let text = [b"GET / HTTP/1.1\r\n", &input[..], b"\r\n", lines, b"\r\n\r\n"].concat();
        let mut fast = Head::new();
        let mut own = Head::new();
        if let Scan::Complete { head_len } = HeadScanner::new(Kind::Request).scan_bytes(&text) {
            let head = &text[..head_len];
            if fast_request(head, Policy::default(), &mut fast) {
                let canonical = slow::parse(head, Kind::Request, Policy::default(), &mut own);
                prop_assert_eq!(&canonical.unwrap().bytes, &head);
                prop_assert_eq!(fast, own);
            }
        }
    }

    #[test]
    fn parsing_never_panics_and_canonical_heads_stay(
        line in "[A-Z]{1,4}[ \t]{1,2}/[a-z#]{0,9}[ \t]{1,2}HTTP/[0-2]\\.[0-2]\r?\n",
        noise in prop::collection::vec(any::<u8>(), 0..60),
        text in "([a-zA-Z]{1,9}: ?[ -~]{0,9}\r?\n[ \t]?){0,9}\r?\n",
        accept_invalid: bool,
    ) {
        for kind in [Kind::Request, Kind::Response] {
            let noisy = [line.as_bytes(), &noise].concat();
            let regular = [&line[..], &text].concat().into_bytes();
            for input in [&noise[..], &noisy, &regular] {
                let mut buffer = Buffer::new(4096);
                buffer.push(input).unwrap();
                let policy = Policy { accept_invalid, ..Policy::default() };
                let mut head = Head::new();
                let mut parse = |buffer: &mut Buffer, len| match kind {
                    Kind::Request => parse_request(buffer, 0, len, policy, &mut head),
                    Kind::Response => parse_response(buffer, 0, len, policy, &mut head),
                }.map(|()| head.clone());
                if let Ok(first) = parse(&mut buffer, input.len()) {
                    let bytes = buffer.bytes().to_vec();
                    let again = parse(&mut buffer, first.len()).unwrap();
                    prop_assert_eq!(&first.lines, &again.lines);
                    prop_assert_eq!(first.start, again.start);
                    prop_assert_eq!(buffer.bytes(), &bytes[..]);
                    let canonical = String::from_utf8_lossy(&bytes[..first.len()]).into_owned();
                    prop_assert!(!canonical.replace("\r\n", "").contains(['\r', '\n']));
                    prop_assert!(canonical.ends_with("\r\n\r\n"));
                }
            }
        }
    }

    #[test]
    fn a_head_cut_anywhere_is_read_the_same(
        input in valid_request(),
        lf in prop::bool::weighted(0.3),
        leading in "(\r?\n){0,3}",
    ) {
        let text = String::from_utf8(input).unwrap();
        let text = if lf { text.replace("\r\n", "\n") } else { text };
        let text = format!("{leading}{text}next");
        let whole = HeadScanner::new(Kind::Request).scan_bytes(text.as_bytes());
        let complete = matches!(whole, Scan::Complete { .. });
        prop_assert!(complete);
        let mut bytewise = HeadScanner::new(Kind::Request);
        let mut found = Scan::Incomplete;
        for end in 0..=text.len() {
            found = bytewise.scan_bytes(&text.as_bytes()[..end]);
            if found != Scan::Incomplete {
                break;
            }
        }
        prop_assert_eq!(found, whole);
        for cut in 0..text.len() {
            let mut scanner = HeadScanner::new(Kind::Request);
            let first = scanner.scan_bytes(&text.as_bytes()[..cut]);
            let both = match first {
                Scan::Incomplete => scanner.scan_bytes(text.as_bytes()),
                done => done,
            };
            prop_assert_eq!(both, whole);
        }
    }
}

#[test]
fn framing_is_stored_in_the_head() {
    let (_, head) = verdict_with(
        Kind::Request,
        Policy::default(),
        &with(b"Content-Length: 42\r\n"),
    )
    .unwrap();
    assert_eq!(head.framing().declared, Declared::Length(42));
    assert_eq!(request_body(&head), BodyLength::Length(42));
}

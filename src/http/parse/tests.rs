//! The hostile table: header lines, line ends, responses. Other subjects have files of their own.

mod framing;
mod properties;
mod start_line;

use super::*;
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

#[test]
fn what_only_the_option_lets_pass_is_told() {
    let fault = |accept_invalid, input: &[u8]| {
        let policy = Policy {
            accept_invalid,
            ..Policy::default()
        };
        let mut head = Head::new();
        let fault = tolerated_fault(input, input.len(), Kind::Request, policy, &mut head);
        fault.map(|error| (error.offset, error.reason))
    };
    let uri = b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_eq!(fault(true, uri), Some((5, ErrorReason::Uri)));
    assert_eq!(fault(false, uri), None);
    let name = with(b"a[b: c\r\n");
    assert_eq!(fault(true, &name), Some((26, ErrorReason::HeaderName)));
    assert_eq!(fault(true, &with(b"a: b\r\n")), None);
    assert_eq!(fault(true, &with(b"no colon\r\n")), None);
}

//! Where a request's body ends, and what must not be said about it.

use super::*;
use crate::http::framing::{BodyLength, Declared, request_body};

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

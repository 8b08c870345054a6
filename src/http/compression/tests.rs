//! Encoders against the decoders of flate2, and the rules of who gets what.

use std::io::Read as _;

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use proptest::prelude::*;

use super::encoder::{Encoder, OUTPUT_MIN};
use super::negotiate::{Choice, choose};
use super::response::{HEAD_GROWTH, qualifies, rewrite};
use super::*;
use crate::engine::buffer::Buffer;
use crate::http::framing::BodyLength;
use crate::http::head::{Head, Version};
use crate::http::parse::{Policy, parse_request, parse_response};
use crate::http::rewrite::Rewriter;

const CODED: [Algorithm; 3] = [Algorithm::Gzip, Algorithm::Deflate, Algorithm::RawDeflate];

fn decoded(algorithm: Algorithm, coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    match algorithm {
        Algorithm::Identity => plain.extend_from_slice(coded),
        Algorithm::Gzip => {
            GzDecoder::new(coded).read_to_end(&mut plain).unwrap();
        }
        Algorithm::Deflate => {
            ZlibDecoder::new(coded).read_to_end(&mut plain).unwrap();
        }
        Algorithm::RawDeflate => {
            DeflateDecoder::new(coded).read_to_end(&mut plain).unwrap();
        }
    }
    plain
}

/// Codes `pieces` with an output of `room` bytes per call; a piece with a flag is followed by
/// a flush and a change of the level.
fn coded(encoder: &mut Encoder, pieces: &[(Vec<u8>, bool)], room: usize) -> Vec<u8> {
    let mut out = vec![0; room];
    let mut coded = Vec::new();
    for (at, (piece, pauses)) in pieces.iter().enumerate() {
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            let step = encoder.encode(rest, &mut out).unwrap();
            assert!(step.consumed + step.produced > 0, "no progress");
            rest = &rest[step.consumed..];
            coded.extend_from_slice(&out[..step.produced]);
        }
        while *pauses && encoder.holds_input() {
            let step = encoder.flush(&mut out).unwrap();
            coded.extend_from_slice(&out[..step.produced]);
            if step.is_done {
                encoder.set_level(u8::try_from(at % 10).unwrap());
            }
        }
    }
    loop {
        let step = encoder.finish(&mut out).unwrap();
        coded.extend_from_slice(&out[..step.produced]);
        if step.is_done {
            return coded;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn pieces_of_any_size_decode_to_what_they_were(
        pieces in prop::collection::vec(
            (prop::collection::vec(0u8..4, 0..3_000), any::<bool>()), 0..12),
        noise in prop::collection::vec(any::<u8>(), 0..3_000),
        room in OUTPUT_MIN..400,
        level in 0u8..10,
    ) {
        let mut pieces = pieces;
        pieces.push((noise, false));
        let plain: Vec<u8> = pieces.iter().flat_map(|(piece, _)| piece.clone()).collect();
        let mut encoder = Encoder::default();
        for algorithm in CODED {
            encoder.begin(algorithm, level);
            let coded = coded(&mut encoder, &pieces, room);
            prop_assert_eq!(decoded(algorithm, &coded), plain.clone());
        }
    }

    #[test]
    fn any_header_is_read_without_harm(text in "[ -~]{0,60}") {
        let _ = asked(&text, &CODED);
    }
}

#[test]
fn a_flush_makes_readable_what_came_in_so_far() {
    let mut encoder = Encoder::default();
    encoder.begin(Algorithm::Gzip, 6);
    let mut out = [0; 256];
    let first = encoder.encode(b"an event", &mut out).unwrap();
    let step = encoder.flush(&mut out[first.produced..]).unwrap();
    assert!(step.is_done && !encoder.holds_input());
    let mut plain = [0; 8];
    let sent = &out[..first.produced + step.produced];
    GzDecoder::new(sent).read_exact(&mut plain).unwrap();
    assert_eq!(&plain, b"an event");
}

#[test]
fn an_encoder_that_is_used_again_forgets_the_body_before() {
    let mut encoder = Encoder::default();
    let mut out = [0; 4_096];
    encoder.begin(Algorithm::Deflate, 9);
    encoder.encode(&[b'x'; 3_000], &mut out).unwrap();
    encoder.begin(Algorithm::Gzip, 1);
    assert_eq!(encoder.level(), 1);
    let coded = coded(&mut encoder, &[(b"new".to_vec(), false)], 64);
    assert_eq!(decoded(Algorithm::Gzip, &coded), b"new");
}

#[test]
fn a_steady_encoder_allocates_nothing() {
    use crate::sys::allocation::allocations_of;
    let mut encoder = Encoder::default();
    let mut out = vec![0; 4_096];
    let input = vec![b'a'; 100_000];
    let mut body = |encoder: &mut Encoder| {
        encoder.begin(Algorithm::Gzip, 6);
        let mut rest = input.as_slice();
        while !rest.is_empty() {
            let step = encoder.encode(rest, &mut out).unwrap();
            rest = &rest[step.consumed..];
        }
        while !encoder.finish(&mut out).unwrap().is_done {}
    };
    body(&mut encoder);
    assert_eq!(allocations_of(|| body(&mut encoder)), 0);
}

/// What is chosen for a request with this Accept-Encoding.
fn asked(accepted: &str, algorithms: &[Algorithm]) -> Option<Choice> {
    choice(&format!("Accept-Encoding: {accepted}\r\n"), algorithms)
}

fn choice(lines: &str, algorithms: &[Algorithm]) -> Option<Choice> {
    let text = format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n");
    let mut buffer = Buffer::new(2_048);
    buffer.push(text.as_bytes()).unwrap();
    let mut head = Head::new();
    parse_request(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
    choose(head.view(&buffer, 0), algorithms)
}

#[test]
fn the_coding_with_the_highest_weight_wins() {
    use Algorithm::{Deflate, Gzip, Identity, RawDeflate};
    let cases = [
        ("gzip", Some(Gzip)),
        ("GZIP", Some(Gzip)),
        ("br, zstd", None),
        ("", None),
        ("gzip;q=0", None),
        ("gzip;q=0.000", None),
        ("gzip;q=0.2, deflate;q=0.5", Some(Deflate)),
        ("deflate;q=0.5,gzip ; Q = 0.501", Some(Gzip)),
        ("deflate, gzip", Some(Deflate)),
        ("gzip;q=nonsense", Some(Gzip)),
        ("*", Some(Deflate)),
        ("gzip;q=0, *", Some(Deflate)),
        ("gzip;q=0, deflate;q=0, *", None),
        ("*;q=0", None),
        ("x-gzip", None),
    ];
    for (accepted, expected) in cases {
        let found = asked(accepted, &[Gzip, Deflate]);
        assert_eq!(found.map(|c| c.algorithm), expected, "{accepted}");
        assert!(found.is_none_or(|c| c.is_asked));
    }
    let raw = asked("deflate", &[RawDeflate]);
    assert_eq!(raw.map(|c| c.algorithm), Some(RawDeflate));
    let identity = choice("", &[Identity, Gzip]).unwrap();
    assert_eq!((identity.algorithm, identity.is_asked), (Identity, false));
    assert_eq!(asked("gzip", &[]), None);
}

#[test]
fn old_browsers_are_spared() {
    let agent = |rest: &str| {
        let lines = format!("Accept-Encoding: gzip\r\nUser-Agent: Mozilla/4.0 {rest}\r\n");
        choice(&lines, &CODED).is_some()
    };
    assert!(!agent("(X11)"));
    assert!(!agent(""));
    assert!(!agent("(compatible; MSIE 5.5; Windows 98)"));
    assert!(!agent("(compatible; MSIE 6.0; Windows NT 5.1)"));
    assert!(agent("(compatible; MSIE 6.0; Windows NT 5.1; SV1)"));
    assert!(agent("(compatible; MSIE 7.0; Windows NT 5.1)"));
    assert!(agent("(compatible; MSIE 10.0; Windows NT 6.1)"));
}

/// The head of a response, parsed.
fn response(text: &str) -> (Buffer, Head) {
    let text = format!("{}\r\n\r\n", text.replace('|', "\r\n"));
    let mut buffer = Buffer::new(1_024);
    buffer.push(text.as_bytes()).unwrap();
    let mut head = Head::new();
    parse_response(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
    (buffer, head)
}

#[test]
fn responses_qualify_as_the_manual_says() {
    let types = ["text/html".to_owned(), "text/plain".to_owned()];
    let qualifies = |text: &str| {
        let (buffer, head) = response(text);
        let view = head.view(&buffer, 0);
        qualifies(view, Version::Http11, BodyLength::Length(9), &types)
    };
    for good in [
        "HTTP/1.1 200 OK|Content-Type: text/html",
        "HTTP/1.1 203 OK|Content-Type: TEXT/Plain; charset=utf-8",
        "HTTP/1.1 200 OK|Content-Type: text/html|ETag: \"a\"",
        "HTTP/1.1 200 OK|Content-Type: text/html|ETag: W/\"a\"|Cache-Control: private",
    ] {
        assert!(qualifies(good), "{good}");
    }
    for bad in [
        "HTTP/1.0 200 OK|Content-Type: text/html",
        "HTTP/1.1 404 No|Content-Type: text/html",
        "HTTP/1.1 206 Part|Content-Type: text/html",
        "HTTP/1.1 200 OK",
        "HTTP/1.1 200 OK|Content-Type: image/png",
        "HTTP/1.1 200 OK|Content-Type: text",
        "HTTP/1.1 200 OK|Content-Type: text/html|Content-Encoding: br",
        "HTTP/1.1 200 OK|Content-Type: text/html|Cache-Control: a, No-Transform",
        "HTTP/1.1 200 OK|Content-Type: text/html|ETag: a",
        "HTTP/1.1 200 OK|Content-Type: text/html|ETag: \"a\"b\"",
        "HTTP/1.1 200 OK|Content-Type: text/html|ETag: \"",
        "HTTP/1.1 200 OK|Content-Type: text/html|ETag: \"a\"|ETag: \"b\"",
    ] {
        assert!(!qualifies(bad), "{bad}");
    }
}

#[test]
fn without_types_all_but_multipart_qualify_and_the_body_must_have_an_end() {
    let (buffer, head) = response("HTTP/1.1 200 OK|Content-Type: image/png");
    let view = head.view(&buffer, 0);
    let of = |version, body| qualifies(view, version, body, &[]);
    assert!(of(Version::Http11, BodyLength::Chunked));
    assert!(!of(Version::Http10, BodyLength::Chunked));
    for body in [BodyLength::None, BodyLength::UntilClose, BodyLength::Tunnel] {
        assert!(!of(Version::Http11, body));
    }
    let (buffer, head) = response("HTTP/1.1 200 OK|Content-Type: Multipart/mixed");
    let view = head.view(&buffer, 0);
    assert!(!qualifies(view, Version::Http11, BodyLength::Chunked, &[]));
}

#[test]
fn heads_tell_what_became_of_the_body() {
    let (mut buffer, mut head) = response("HTTP/1.1 200 OK|Content-Length: 9|ETag: \"a\"");
    let before = buffer.len();
    let mut rewriter = Rewriter::new(&mut buffer, 0, &mut head);
    rewrite(&mut rewriter, Algorithm::RawDeflate).unwrap();
    assert_eq!(
        String::from_utf8_lossy(buffer.bytes()),
        "HTTP/1.1 200 OK\r\nETag: W/\"a\"\r\nTransfer-Encoding: chunked\r\n\
         Vary: Accept-Encoding\r\nContent-Encoding: deflate\r\n\r\n"
    );
    assert!(buffer.len() <= before + HEAD_GROWTH);
    let text = "HTTP/1.1 200 OK|Transfer-Encoding: chunked|Vary: *|ETag: W/\"a\"";
    let (mut buffer, mut head) = response(text);
    let before = buffer.bytes().to_vec();
    let mut rewriter = Rewriter::new(&mut buffer, 0, &mut head);
    rewrite(&mut rewriter, Algorithm::Identity).unwrap();
    assert_eq!(buffer.bytes(), before);
}

//! Both versions: good and bad headers, cut at every byte, random input.

use proptest::prelude::*;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::*;

const ROOM: usize = 16_384;

fn v4(last: u8, port: u16) -> PeerAddress {
    PeerAddress::V4(Ipv4Addr::new(192, 0, 2, last), port)
}

fn v6(last: u16, port: u16) -> PeerAddress {
    PeerAddress::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last), port)
}

fn complete(input: &[u8]) -> Header {
    match parse(input, ROOM) {
        Parse::Complete(header) => header,
        other @ (Parse::Incomplete | Parse::Invalid(_)) => panic!("{other:?}"),
    }
}

/// A version 2 header of these parts.
fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut header = v2::SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    header.extend(body);
    header
}

/// The 12 address bytes of an IPv4 header, then extensions.
fn v4_body(extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![192, 0, 2, 1, 192, 0, 2, 2, 0, 7, 0, 80];
    body.extend(extensions);
    body
}

fn assert_every_cut_is_incomplete(input: &[u8], header_len: usize) {
    for cut in 0..header_len {
        assert_eq!(
            parse(&input[..cut], ROOM),
            Parse::Incomplete,
            "cut at {cut}"
        );
    }
    for end in header_len..=input.len() {
        assert_eq!(complete(&input[..end]).header_len, header_len);
    }
}

#[test]
fn emitted_headers_parse_back_and_data_behind_them_stays() {
    let pairs = [(v4(1, 0), v4(2, 65_535)), (v6(1, 1), v6(2, 443))];
    for (source, destination) in pairs {
        for emitted in [emit_v1(source, destination), emit_v2(source, destination)] {
            let mut input = emitted.bytes().to_vec();
            let header_len = input.len();
            input.extend(b"GET / HTTP/1.1\r\n\r\n");
            let header = complete(&input);
            assert_eq!((header.source, header.destination), (source, destination));
            assert!(!header.local);
            assert_every_cut_is_incomplete(&input, header_len);
        }
    }
}

#[test]
fn emitted_bytes_are_those_of_haproxy() {
    let line = emit_v1(v4(1, 56_324), v4(2, 443));
    assert_eq!(
        line.bytes(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
    );
    let line = emit_v1(v6(1, 1), v6(2, 2));
    assert_eq!(line.bytes(), b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n");
    for (source, destination) in [(v4(1, 1), v6(2, 2)), (PeerAddress::Unix, PeerAddress::Unix)] {
        assert_eq!(emit_v1(source, destination).bytes(), b"PROXY UNKNOWN\r\n");
    }
    let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";
    assert_eq!(emit_v2(PeerAddress::Unix, PeerAddress::Unix).bytes(), local);
    assert_eq!(emit_v2_local().bytes(), local);
    let header = emit_v2(v4(1, 7), v4(2, 80));
    assert_eq!(header.bytes(), binary(0x21, 0x11, &v4_body(&[])));
    let mixed = complete(emit_v2(v4(1, 7), v6(2, 80)).bytes());
    assert_eq!(mixed.source.to_string(), "::ffff:192.0.2.1:7");
}

#[test]
fn the_longest_line_fits() {
    let ip = Ipv6Addr::from([0xff; 16]);
    let end = PeerAddress::V6(ip, 65_535);
    assert_eq!(complete(emit_v1(end, end).bytes()).source, end);
    let mut longest = b"PROXY UNKNOWN ".to_vec();
    longest.resize(105, b'x');
    longest.extend(b"\r\n");
    assert_eq!(complete(&longest).header_len, 107);
    assert_every_cut_is_incomplete(&longest, 107);
    longest.insert(20, b'x');
    assert_eq!(parse(&longest[..106], ROOM), Parse::Incomplete);
    assert_eq!(parse(&longest, ROOM), Parse::Invalid(Reason::LineTooLong));
}

#[test]
fn lines_of_another_shape_are_invalid() {
    let bad: [(&[u8], Reason); 17] = [
        (b"GET / HTTP/1.0\r\n", Reason::Signature),
        (b"proxy TCP4", Reason::Signature),
        (b"PROXY\tTCP4", Reason::Signature),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", Reason::LineSyntax),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", Reason::LineSyntax),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", Reason::LineSyntax),
        (b"PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", Reason::LineAddress),
        (b"PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", Reason::LineSyntax),
        (b"PROXY UNKNOWNX\r\n", Reason::LineSyntax),
        (b"PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", Reason::LineAddress),
        (b"PROXY TCP4 ::1 ::1 1 2\r\n", Reason::LineAddress),
        (b"PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", Reason::LineAddress),
        (b"PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n", Reason::LineAddress),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", Reason::LineAddress),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", Reason::LineAddress),
        (
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
            Reason::LineAddress,
        ),
        (b"PROXY \xff\xff\r\n", Reason::LineSyntax),
    ];
    for (input, reason) in bad {
        assert_eq!(
            parse(input, ROOM),
            Parse::Invalid(reason),
            "{:?}",
            input.escape_ascii()
        );
    }
}

#[test]
fn unknown_local_and_unspecified_leave_the_connections_own_ends() {
    let inputs = [
        (b"PROXY UNKNOWN\r\n".to_vec(), false),
        (b"PROXY UNKNOWN ffff::1 x 0 99999999\r\n".to_vec(), false),
        (binary(0x20, 0x00, &[]), true),
        (binary(0x20, 0xff, b"whatever a sender adds"), true),
        (binary(0x21, 0x00, &[]), false),
        (binary(0x21, 0x12, &v4_body(&[])), false),
    ];
    for (input, local) in inputs {
        let header = complete(&input);
        assert_eq!(header.header_len, input.len());
        assert_eq!(
            (header.source, header.destination),
            (PeerAddress::None, PeerAddress::None)
        );
        assert_eq!(header.local, local);
        assert_every_cut_is_incomplete(&input, input.len());
    }
    let unix = complete(&binary(0x21, 0x31, &[0; 216]));
    assert_eq!(unix.source, PeerAddress::Unix);
}

#[test]
fn binary_headers_of_another_shape_are_invalid() {
    let bad = [
        (binary(0x11, 0x11, &v4_body(&[])), Reason::Command),
        (binary(0x22, 0x11, &v4_body(&[])), Reason::Command),
        (binary(0x21, 0x13, &v4_body(&[])), Reason::Family),
        (binary(0x21, 0x41, &v4_body(&[])), Reason::Family),
        (binary(0x21, 0x11, &[0; 11]), Reason::TooShort),
        (binary(0x21, 0x21, &[0; 35]), Reason::TooShort),
        (binary(0x21, 0x31, &[0; 215]), Reason::TooShort),
        (binary(0x21, 0x11, &v4_body(&[1])), Reason::Extension),
        (
            binary(0x21, 0x11, &v4_body(&[1, 0, 2, b'h'])),
            Reason::Extension,
        ),
        (
            binary(0x21, 0x11, &v4_body(&[3, 0, 4, 1, 2, 3, 4])),
            Reason::Checksum,
        ),
        (
            binary(0x21, 0x11, &v4_body(&[3, 0, 3, 1, 2, 3])),
            Reason::Checksum,
        ),
    ];
    for (input, reason) in bad {
        assert_eq!(parse(&input, ROOM), Parse::Invalid(reason), "{input:02x?}");
    }
}

#[test]
fn an_extension_never_reaches_into_the_data_behind_the_header() {
    let mut input = binary(0x21, 0x11, &v4_body(&[2, 0, 9]));
    input.extend(b"nine data");
    assert_eq!(parse(&input, ROOM), Parse::Invalid(Reason::Extension));
}

#[test]
fn a_header_the_buffer_cannot_hold_is_refused_at_once() {
    let input = binary(0x20, 0, &[0; 100]);
    assert_eq!(parse(&input[..16], 115), Parse::Invalid(Reason::TooLong));
    assert_eq!(parse(&input[..16], 116), Parse::Incomplete);
}

#[test]
fn extensions_can_be_read_and_checksums_are_verified() {
    assert_eq!(
        v2::checksum_for_tests(b"123456789"),
        0xe306_9283,
        "the standard's check value"
    );
    let mut input = binary(
        0x21,
        0x11,
        &v4_body(b"\x02\0\x04weir\x05\0\x01x\x03\0\x04\0\0\0\0"),
    );
    let sum = v2::checksum_for_tests(&input);
    let at = input.len() - 4;
    input[at..].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(complete(&input).source, v4(1, 7));
    let values: Vec<_> = tlvs(&input).map(|tlv| (tlv.kind, tlv.value)).collect();
    assert_eq!(values.len(), 3);
    assert_eq!(values[0], (TlvType::Authority, b"weir".as_slice()));
    assert_eq!(values[1], (TlvType::UniqueId, b"x".as_slice()));
    assert_eq!(tlvs(b"PROXY UNKNOWN\r\n").count(), 0);
    input[at] ^= 1;
    assert_eq!(parse(&input, ROOM), Parse::Invalid(Reason::Checksum));
}

fn any_end() -> impl Strategy<Value = PeerAddress> {
    prop_oneof![
        (any::<[u8; 4]>(), any::<u16>()).prop_map(|(ip, port)| PeerAddress::V4(ip.into(), port)),
        (any::<[u8; 16]>(), any::<u16>()).prop_map(|(ip, port)| PeerAddress::V6(ip.into(), port)),
        Just(PeerAddress::Unix),
        Just(PeerAddress::None),
    ]
}

proptest! {
    #[test]
    fn any_pair_emits_a_complete_header(source in any_end(), destination in any_end()) {
        for emitted in [emit_v1(source, destination), emit_v2(source, destination)] {
            let header = complete(emitted.bytes());
            prop_assert_eq!(header.header_len, emitted.bytes().len());
            if header.source.is_known() {
                prop_assert_eq!(header.source.port(), source.port());
                prop_assert_eq!(header.destination.port(), destination.port());
            }
        }
    }

    #[test]
    fn any_body_parses_within_its_declared_length(
        command in 0x20u8..0x23, family in any::<u8>(),
        body in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let input = binary(command, family, &body);
        match parse(&input, ROOM) {
            Parse::Complete(header) => prop_assert_eq!(header.header_len, input.len()),
            Parse::Invalid(_) => {}
            Parse::Incomplete => prop_assert!(false, "all bytes are there"),
        }
        let _ = tlvs(&input).count();
    }

    #[test]
    fn a_prefix_never_decides_otherwise_than_the_whole(
        mut input in proptest::collection::vec(any::<u8>(), 0..200), kind in 0..3,
    ) {
        let signature: &[u8] = match kind { 0 => v1::SIGNATURE, 1 => v2::SIGNATURE, _ => b"" };
        input.splice(0..0, signature.iter().copied());
        let whole = parse(&input, ROOM);
        for cut in 0..input.len() {
            let part = parse(&input[..cut], ROOM);
            prop_assert!(part == Parse::Incomplete || part == whole);
        }
    }
}

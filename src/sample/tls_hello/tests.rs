//! Hellos whole, in pieces, in several records and broken.

use super::*;
use proptest::prelude::*;

/// The bytes of a list with its length in two bytes.
fn list16(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&length[..], content].concat()
}

fn list8(content: &[u8]) -> Vec<u8> {
    [&[u8::try_from(content.len()).unwrap()], content].concat()
}

fn extension(number: u16, content: &[u8]) -> Vec<u8> {
    [&number.to_be_bytes()[..], &list16(content)].concat()
}

/// A ClientHello as a handshake message.
fn message(extensions: &[u8]) -> Vec<u8> {
    let body = [
        &[3, 3][..],
        &[7; 32],
        &list8(b"session"),
        &list16(&[0x13, 0x01, 0xc0, 0x2f]),
        &list8(&[0]),
        extensions,
    ]
    .concat();
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[1], &length[1..], &body].concat()
}

/// The message in records of at most `size` bytes.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    let records = message
        .chunks(size)
        .map(|piece| [&[22, 3, 1][..], &list16(piece)].concat());
    records.collect::<Vec<_>>().concat()
}

fn full_message() -> Vec<u8> {
    let name = list16(&[&[0][..], &list16(b"www.example.org")].concat());
    let alpn = list16(&[list8(b"h2"), list8(b"http/1.1")].concat());
    let extensions = [
        extension(0, &name),
        extension(16, &alpn),
        extension(10, &list16(&[0, 29, 0, 23])),
        extension(11, &list8(&[0])),
        extension(43, &list8(&[0x6a, 0x6a, 3, 4, 3, 3])),
    ];
    message(&list16(&extensions.concat()))
}

fn check_full(hello: &ClientHello<'_>) {
    assert_eq!((hello.record_version, hello.version), (0x0301, 0x0303));
    assert_eq!(hello.session_id, b"session");
    assert_eq!(
        numbers(hello.cipher_suites).collect::<Vec<_>>(),
        [0x1301, 0xc02f]
    );
    assert_eq!(hello.server_name(), Some(&b"www.example.org"[..]));
    assert_eq!(hello.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
    assert_eq!(
        numbers(hello.supported_groups().unwrap()).collect::<Vec<_>>(),
        [29, 23]
    );
    assert_eq!(hello.ec_point_formats(), Some(&[0][..]));
    assert_eq!(hello.highest_version(), 0x0304);
    let numbers: Vec<u16> = hello.each_extension().map(|(number, _)| number).collect();
    assert_eq!(numbers, [0, 16, 10, 11, 43]);
}

#[test]
fn a_hello_in_one_record_needs_no_copy() {
    let bytes = records(&full_message(), 16_384);
    let mut joined = Vec::new();
    let Parsed::Complete(hello) = parse_client_hello(&bytes, &mut joined) else {
        panic!("not complete");
    };
    check_full(&hello);
    assert!(joined.is_empty());
    assert_eq!(hello_type(&bytes), Parsed::Complete(1));
}

#[test]
fn a_hello_in_many_records_is_put_together() {
    for size in [1, 2, 5, 64] {
        let bytes = records(&full_message(), size);
        let mut joined = b"left over".to_vec();
        let Parsed::Complete(hello) = parse_client_hello(&bytes, &mut joined) else {
            panic!("not complete in records of {size}");
        };
        check_full(&hello);
    }
}

#[test]
fn every_piece_of_a_hello_asks_for_more() {
    for size in [7, 16_384] {
        let bytes = records(&full_message(), size);
        for end in 0..bytes.len() {
            let found = parse_client_hello(&bytes[..end], &mut Vec::new()) == Parsed::NeedMore;
            assert!(found, "{end} bytes, records of {size}");
        }
    }
    assert_eq!(hello_type(&[22, 3, 1, 0, 9]), Parsed::NeedMore);
}

#[test]
fn a_hello_without_extensions_is_one() {
    let bytes = records(&message(b""), 16_384);
    let mut joined = Vec::new();
    let Parsed::Complete(hello) = parse_client_hello(&bytes, &mut joined) else {
        panic!("not complete");
    };
    assert_eq!((hello.server_name(), hello.alpn().count()), (None, 0));
    assert_eq!(hello.highest_version(), 0x0303);
}

#[test]
fn other_protocols_are_refused_at_their_first_bytes() {
    for bytes in [
        &b"G"[..],
        b"\x16\x02",
        b"\x15",
        b"\x16\x03\x01\0\0",
        b"\x16\x03\x01\xff\xff",
    ] {
        let mut joined = Vec::new();
        let found = parse_client_hello(bytes, &mut joined);
        assert_eq!(found, Parsed::Invalid, "{bytes:?}");
    }
    let server_hello = [22, 3, 3, 0, 90, 2, 0];
    assert_eq!(
        parse_client_hello(&server_hello, &mut Vec::new()),
        Parsed::Invalid
    );
    assert_eq!(hello_type(&server_hello), Parsed::Complete(2));
    let endless = [22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff];
    assert_eq!(
        parse_client_hello(&endless, &mut Vec::new()),
        Parsed::Invalid
    );
}

#[test]
fn lists_that_overrun_are_refused() {
    for extensions in [
        &[0, 9][..],
        &[0, 3, 0, 0, 0],
        &[0, 4, 0, 0, 0, 9],
        &[0, 0, 1],
    ] {
        let bytes = records(&message(extensions), 16_384);
        let mut joined = Vec::new();
        let found = parse_client_hello(&bytes, &mut joined);
        assert_eq!(found, Parsed::Invalid, "{extensions:?}");
    }
    for name in [
        &[][..],
        &[0, 0],
        &[0, 3, 0, 0, 0],
        &[0, 4, 0, 0, 9, 1],
        &[0, 4, 1, 0, 1, 1],
    ] {
        let bytes = records(&message(&list16(&extension(0, name))), 16_384);
        let mut joined = Vec::new();
        let Parsed::Complete(hello) = parse_client_hello(&bytes, &mut joined) else {
            panic!("{name:?}");
        };
        assert_eq!(hello.server_name(), None, "{name:?}");
    }
}

proptest! {
    #[test]
    fn any_change_of_a_hello_is_read_or_refused(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        size in 1_usize..300,
    ) {
        let mut message = full_message();
        let at = at.index(message.len());
        message[at] = byte;
        let bytes = records(&message, size);
        let mut joined = Vec::new();
        if let Parsed::Complete(hello) = parse_client_hello(&bytes, &mut joined) {
            let _ = (hello.server_name(), hello.alpn().count(), hello.highest_version());
            let _ = (hello.supported_groups(), hello.ec_point_formats());
            prop_assert!(hello.each_extension().count() <= hello.extensions.len());
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let bytes = [&[22, 3, 1][..], &list16(&bytes)].concat();
        let _ = (parse_client_hello(&bytes, &mut Vec::new()), hello_type(&bytes));
    }
}

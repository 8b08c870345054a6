//! Encodings: base64, hexadecimal, URLs, HTML, big-endian numbers.
//!
//! Behind the converters `base64`, `b64dec`, `ub64enc`, `ub64dec`, `hex`, `hex2i`, `url_enc`,
//! `be2dec`, `be2hex`, `htonl` and `html`. Decoders answer false for input that is none of
//! theirs and leave `out` as it was.

use crate::http::uri::parameters::hex_digit;
use base64::alphabet;
use base64::engine::{Config, DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use std::io::Write;

/// Appends base64 with padding (converter `base64`; RFC 4648, section 4).
pub fn base64_encode(bytes: &[u8], out: &mut Vec<u8>) {
    encode_with(&STANDARD, bytes, out);
}

/// Appends what base64 with padding encodes (converter `b64dec`).
#[must_use]
pub fn base64_decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    decode_with(&STANDARD, text, out)
}

/// [`base64_decode`] to the front of `out`, which needs room for three bytes more than the text
/// takes; the number of bytes comes back, `None` for what is no base64.
pub fn base64_decode_slice(text: &[u8], out: &mut [u8]) -> Option<usize> {
    STANDARD.decode_slice(text, out).ok()
}

/// Appends base64url without padding (converter `ub64enc`; RFC 4648, section 5).
pub fn base64url_encode(bytes: &[u8], out: &mut Vec<u8>) {
    encode_with(&URL, bytes, out);
}

/// Appends what base64url encodes, with or without padding (converter `ub64dec`).
#[must_use]
pub fn base64url_decode(text: &[u8], out: &mut Vec<u8>) -> bool {
    decode_with(&URL, text, out)
}

/// Appends two digits for each byte, `A` to `F` in upper case (converter `hex`).
pub fn hex_upper(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        push_hex(byte, out);
    }
}

/// The number that hexadecimal digits make, the lowest 64 bits of it (converter `hex2i`).
/// None for anything but digits; an empty text is 0.
pub fn hex2i(text: &[u8]) -> Option<i64> {
    let number = text.iter().try_fold(0_u64, |number, &digit| {
        Some(number << 4 | u64::from(hex_digit(digit)?))
    });
    number.map(u64::cast_signed)
}

/// Appends `text` with all bytes encoded but letters, digits and `-._~` (converter
/// `url_enc`; RFC 3986, section 2.3).
pub fn url_encode(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte);
            continue;
        }
        out.push(b'%');
        push_hex(byte, out);
    }
}

/// Appends `text` with the characters that mean something in HTML as entities.
pub fn html_escape(text: &[u8], out: &mut Vec<u8>) {
    for &byte in text {
        match byte {
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            _ => out.push(byte),
        }
    }
}

/// Appends big-endian numbers of `chunk_size` bytes in decimal, `separator` between them
/// (converter `be2dec`). A last chunk that is shorter is left out with `truncate`. Sizes
/// outside of 1 to 8 append nothing; the parser of arguments refuses them.
pub fn be2dec(
    bytes: &[u8],
    separator: &[u8],
    chunk_size: usize,
    truncate: bool,
    out: &mut Vec<u8>,
) {
    if !(1..=8).contains(&chunk_size) {
        return;
    }
    for (index, chunk) in chunks(bytes, chunk_size, truncate).enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        let number = chunk
            .iter()
            .fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        write_decimal(out, number);
    }
}

/// Appends two digits for each byte, `separator` between chunks (converter `be2hex`). A
/// `chunk_size` of 0 makes one chunk of all.
pub fn be2hex(
    bytes: &[u8],
    separator: &[u8],
    chunk_size: usize,
    truncate: bool,
    out: &mut Vec<u8>,
) {
    if chunk_size == 0 {
        return hex_upper(bytes, out);
    }
    for (index, chunk) in chunks(bytes, chunk_size, truncate).enumerate() {
        if index > 0 {
            out.extend_from_slice(separator);
        }
        hex_upper(chunk, out);
    }
}

/// The lowest 32 bits in network byte order (converter `htonl`).
pub fn htonl(number: i64) -> [u8; 4] {
    let [_, _, _, _, low @ ..] = number.to_be_bytes();
    low
}

fn chunks(bytes: &[u8], size: usize, truncate: bool) -> impl Iterator<Item = &[u8]> {
    bytes
        .chunks(size)
        .filter(move |chunk| !truncate || chunk.len() == size)
}

/// Appends a number in decimal digits.
fn write_decimal(out: &mut Vec<u8>, number: u64) {
    let written = write!(out, "{number}");
    debug_assert!(written.is_ok(), "a vector takes whatever is written");
}

fn push_hex(byte: u8, out: &mut Vec<u8>) {
    for digit in [byte >> 4, byte & 0x0f] {
        out.push(match digit {
            0..=9 => b'0' + digit,
            _ => b'A' + (digit - 10),
        });
    }
}

fn encode_with(engine: &GeneralPurpose, bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let Some(length) = base64::encoded_len(bytes.len(), engine.config().encode_padding()) else {
        return;
    };
    out.resize(start.saturating_add(length), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let written = engine.encode_slice(bytes, room).unwrap_or(0);
    out.truncate(start + written);
}

fn decode_with(engine: &GeneralPurpose, text: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let is_valid = engine.decode_vec(text, out).is_ok();
    if !is_valid {
        out.truncate(start);
    }
    is_valid
}

/// The reference takes a last character whose unused bits are not zero.
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    CONFIG
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::uri::parameters::url_decode;
    use proptest::prelude::*;

    fn filled(fill: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        fill(&mut out);
        String::from_utf8(out).unwrap()
    }

    fn decoded(decode: fn(&[u8], &mut Vec<u8>) -> bool, text: &str) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let is_valid = decode(text.as_bytes(), &mut out);
        assert!(is_valid || out.is_empty());
        is_valid.then_some(out)
    }

    #[test]
    fn base64_wants_its_padding() {
        assert_eq!(filled(|out| base64_encode(b"ab", out)), "YWI=");
        assert_eq!(decoded(base64_decode, "YWI=").unwrap(), b"ab");
        assert_eq!(decoded(base64_decode, "YR==").unwrap(), b"a");
        for text in ["YWI", "YW=I", "Y WI=", "AZ", "YWI=="] {
            assert_eq!(decoded(base64_decode, text), None, "{text}");
        }
    }

    #[test]
    fn base64url_needs_none() {
        assert_eq!(filled(|out| base64url_encode(b"ab", out)), "YWI");
        assert_eq!(decoded(base64url_decode, "_-8").unwrap(), [0xff, 0xef]);
        assert_eq!(decoded(base64url_decode, "YWI=").unwrap(), b"ab");
        assert_eq!(decoded(base64url_decode, "Y"), None);
        assert_eq!(decoded(base64url_decode, "+/8"), None);
    }

    #[test]
    fn hexadecimal_numbers() {
        assert_eq!(hex2i(b"fF"), Some(255));
        assert_eq!(hex2i(b""), Some(0));
        assert_eq!(hex2i(b"ffffffffffffffffff"), Some(-1));
        assert_eq!((hex2i(b"fz"), hex2i(b"-1")), (None, None));
        assert_eq!(htonl(258), [0, 0, 1, 2]);
        assert_eq!(htonl(-1), [0xff; 4]);
    }

    #[test]
    fn urls_and_html() {
        let encoded = filled(|out| url_encode(b" a/b?c=d&e%~-_.!*()+,;:@\"", out));
        assert_eq!(
            encoded,
            "%20a%2Fb%3Fc%3Dd%26e%25~-_.%21%2A%28%29%2B%2C%3B%3A%40%22"
        );
        assert_eq!(
            filled(|out| html_escape(b"<a b='\"'>&", out)),
            "&lt;a b=&#39;&#34;&#39;&gt;&amp;"
        );
    }

    #[test]
    fn big_endian_chunks_as_in_the_manual() {
        let bytes = [1, 2, 3, 4, 5, 6, 7];
        assert_eq!(
            filled(|out| be2dec(&bytes, b":", 2, false, out)),
            "258:772:1286:7"
        );
        assert_eq!(
            filled(|out| be2dec(&bytes, b"-", 2, true, out)),
            "258-772-1286"
        );
        assert_eq!(
            filled(|out| be2dec(&[0xff; 9], b".", 8, false, out)),
            "18446744073709551615.255"
        );
        assert_eq!(filled(|out| be2dec(&bytes, b".", 0, false, out)), "");
        assert_eq!(
            filled(|out| be2hex(&bytes, b"", 0, false, out)),
            "01020304050607"
        );
        assert_eq!(
            filled(|out| be2hex(&bytes, b"--", 2, true, out)),
            "0102--0304--0506"
        );
        assert_eq!(filled(|out| be2hex(&[1], b"", 3, true, out)), "");
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let standard = filled(|out| base64_encode(&bytes, out));
            prop_assert_eq!(decoded(base64_decode, &standard), Some(bytes.clone()));
            let url = filled(|out| base64url_encode(&bytes, out));
            prop_assert_eq!(decoded(base64url_decode, &url), Some(bytes.clone()));
            let mut text = Vec::new();
            let encoded = filled(|out| url_encode(&bytes, out));
            prop_assert!(url_decode(encoded.as_bytes(), true, &mut text));
            prop_assert_eq!(text, bytes);
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in "\\PC{0,30}") {
            let _ = (decoded(base64_decode, &text), decoded(base64url_decode, &text));
            let _ = hex2i(text.as_bytes());
        }
    }
}

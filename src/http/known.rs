//! The headers that weir itself looks at, recognised once when a head is parsed.
//!
//! [`KnownHeader`] is stored in each line of the header index, [`KnownSet`] says at once that
//! a head does not hold a header at all. Invariant: a variant's number is below 32.

/// A header that some part of weir reads or rewrites, or any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum KnownHeader {
    /// Any header that only rules and samples look at, by name.
    Other,
    /// `Connection`
    Connection,
    /// `Proxy-Connection`
    ProxyConnection,
    /// `Keep-Alive`
    KeepAlive,
    /// `Content-Length`
    ContentLength,
    /// `Transfer-Encoding`
    TransferEncoding,
    /// `TE`
    Te,
    /// `Trailer`
    Trailer,
    /// `Host`
    Host,
    /// `Expect`
    Expect,
    /// `Upgrade`
    Upgrade,
    /// `HTTP2-Settings`
    Http2Settings,
    /// `X-Forwarded-For`
    XForwardedFor,
    /// `X-Original-To`
    XOriginalTo,
    /// `Cookie`
    Cookie,
    /// `Set-Cookie`
    SetCookie,
    /// `Set-Cookie2`
    SetCookie2,
    /// `Authorization`
    Authorization,
    /// `Proxy-Authorization`
    ProxyAuthorization,
    /// `Cache-Control`
    CacheControl,
    /// `Pragma`
    Pragma,
    /// `Date`
    Date,
    /// `Location`
    Location,
    /// `Content-Type`
    ContentType,
    /// `Content-Encoding`
    ContentEncoding,
    /// `Accept-Encoding`
    AcceptEncoding,
    /// `Vary`
    Vary,
    /// `User-Agent`
    UserAgent,
    /// `Referer`
    Referer,
}

impl KnownHeader {
    /// The header of that name, in any case of letters.
    pub fn of(name: &[u8]) -> Self {
        let candidates = match name.len() {
            2 => LENGTH_2,
            4 => LENGTH_4,
            6 => LENGTH_6,
            7 => LENGTH_7,
            8 => LENGTH_8,
            10 => LENGTH_10,
            11 => LENGTH_11,
            12 => LENGTH_12,
            13 => LENGTH_13,
            14 => LENGTH_14,
            15 => LENGTH_15,
            16 => LENGTH_16,
            17 => LENGTH_17,
            19 => LENGTH_19,
            _ => return Self::Other,
        };
        let words = packed(name);
        for candidate in candidates {
            if candidate.is(words) {
                return candidate.header;
            }
        }
        Self::Other
    }
}

/// Which known headers a head may hold: a clear bit is certain, a set one is not, because
/// removing a line clears no bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KnownSet(u32);

impl KnownSet {
    /// No header at all.
    pub const EMPTY: Self = Self(0);

    /// Adds one header.
    pub const fn insert(&mut self, header: KnownHeader) {
        self.0 |= 1 << header as u32;
    }

    /// False when no line of that header was ever there.
    pub const fn may_contain(self, header: KnownHeader) -> bool {
        self.0 & (1 << header as u32) != 0
    }
}

/// True when two header names are equal but for the case of letters. Most names of equal
/// length already differ at one of their ends.
pub fn same_name(one: &[u8], other: &[u8]) -> bool {
    let same_end = |one: Option<&u8>, other: Option<&u8>| match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    };
    one.len() == other.len()
        && same_end(one.first(), other.first())
        && same_end(one.last(), other.last())
        && one.eq_ignore_ascii_case(other)
}

/// A name as three words, so that it is compared at once: this runs for every header line.
struct Name {
    /// The name in lower case, padded with zeros.
    words: [u64; 3],
    /// The bit that tells upper from lower case, for letters only.
    case: [u64; 3],
    header: KnownHeader,
    #[cfg(test)]
    text: &'static str,
}

impl Name {
    const fn of(text: &'static str, header: KnownHeader) -> Self {
        let bytes = text.as_bytes();
        let mut words = [0; 3];
        let mut case = [0; 3];
        let mut at = 0;
        while at < bytes.len() {
            let shift = (at % 8) * 8;
            words[at / 8] |= (bytes[at] as u64) << shift;
            if bytes[at].is_ascii_lowercase() {
                case[at / 8] |= 0x20 << shift;
            }
            at += 1;
        }
        Self {
            words,
            case,
            header,
            #[cfg(test)]
            text,
        }
    }

    fn is(&self, words: [u64; 3]) -> bool {
        let differs = |at: usize| (words[at] | self.case[at]) ^ self.words[at];
        differs(0) | differs(1) | differs(2) == 0
    }
}

/// The first 24 bytes of a name as words, padded with zeros.
fn packed(name: &[u8]) -> [u64; 3] {
    let mut words = [[0; 8]; 3];
    let bytes = words.as_flattened_mut();
    let len = name.len().min(bytes.len());
    if let (Some(bytes), Some(name)) = (bytes.get_mut(..len), name.get(..len)) {
        bytes.copy_from_slice(name);
    }
    words.map(u64::from_le_bytes)
}

type Names = &'static [Name];

const LENGTH_2: Names = &[Name::of("te", KnownHeader::Te)];
const LENGTH_4: Names = &[
    Name::of("host", KnownHeader::Host),
    Name::of("date", KnownHeader::Date),
    Name::of("vary", KnownHeader::Vary),
];
const LENGTH_6: Names = &[
    Name::of("cookie", KnownHeader::Cookie),
    Name::of("expect", KnownHeader::Expect),
    Name::of("pragma", KnownHeader::Pragma),
];
const LENGTH_7: Names = &[
    Name::of("referer", KnownHeader::Referer),
    Name::of("upgrade", KnownHeader::Upgrade),
    Name::of("trailer", KnownHeader::Trailer),
];
const LENGTH_8: Names = &[Name::of("location", KnownHeader::Location)];
const LENGTH_10: Names = &[
    Name::of("connection", KnownHeader::Connection),
    Name::of("user-agent", KnownHeader::UserAgent),
    Name::of("set-cookie", KnownHeader::SetCookie),
    Name::of("keep-alive", KnownHeader::KeepAlive),
];
const LENGTH_11: Names = &[Name::of("set-cookie2", KnownHeader::SetCookie2)];
const LENGTH_12: Names = &[Name::of("content-type", KnownHeader::ContentType)];
const LENGTH_13: Names = &[
    Name::of("cache-control", KnownHeader::CacheControl),
    Name::of("authorization", KnownHeader::Authorization),
    Name::of("x-original-to", KnownHeader::XOriginalTo),
];
const LENGTH_14: Names = &[
    Name::of("content-length", KnownHeader::ContentLength),
    Name::of("http2-settings", KnownHeader::Http2Settings),
];
const LENGTH_15: Names = &[
    Name::of("accept-encoding", KnownHeader::AcceptEncoding),
    Name::of("x-forwarded-for", KnownHeader::XForwardedFor),
];
const LENGTH_16: Names = &[
    Name::of("content-encoding", KnownHeader::ContentEncoding),
    Name::of("proxy-connection", KnownHeader::ProxyConnection),
];
const LENGTH_17: Names = &[Name::of("transfer-encoding", KnownHeader::TransferEncoding)];
const LENGTH_19: Names = &[Name::of(
    "proxy-authorization",
    KnownHeader::ProxyAuthorization,
)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_its_length_and_in_any_case() {
        let lists = [
            (2, LENGTH_2),
            (4, LENGTH_4),
            (6, LENGTH_6),
            (7, LENGTH_7),
            (8, LENGTH_8),
            (10, LENGTH_10),
            (11, LENGTH_11),
            (12, LENGTH_12),
            (13, LENGTH_13),
            (14, LENGTH_14),
            (15, LENGTH_15),
            (16, LENGTH_16),
            (17, LENGTH_17),
            (19, LENGTH_19),
        ];
        let mut seen = KnownSet::EMPTY;
        for (len, list) in lists {
            for name in list {
                let (text, header) = (name.text, name.header);
                assert_eq!(text.len(), len);
                assert_eq!(KnownHeader::of(text.as_bytes()), header);
                assert_eq!(KnownHeader::of(text.to_uppercase().as_bytes()), header);
                assert!(!seen.may_contain(header), "{header:?} is listed twice");
                seen.insert(header);
                for at in 0..len {
                    let mut other = text.as_bytes().to_vec();
                    other[at] ^= 0x10;
                    assert_eq!(KnownHeader::of(&other), KnownHeader::Other);
                }
            }
        }
        assert_eq!(KnownHeader::of(b"hosts"), KnownHeader::Other);
        assert_eq!(KnownHeader::of(b""), KnownHeader::Other);
        assert_eq!(KnownHeader::of(b"set\rcookie"), KnownHeader::Other);
    }

    #[test]
    fn names_are_compared_without_case() {
        assert!(same_name(b"X-Name", b"x-nAME"));
        assert!(same_name(b"", b""));
        assert!(!same_name(b"X-Name", b"X-Nome"));
        assert!(!same_name(b"X-Name", b"X-Names"));
    }
}

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
        for (candidate, header) in candidates {
            if candidate.eq_ignore_ascii_case(name) {
                return *header;
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

type Names = &'static [(&'static [u8], KnownHeader)];

const LENGTH_2: Names = &[(b"te", KnownHeader::Te)];
const LENGTH_4: Names = &[
    (b"host", KnownHeader::Host),
    (b"date", KnownHeader::Date),
    (b"vary", KnownHeader::Vary),
];
const LENGTH_6: Names = &[
    (b"cookie", KnownHeader::Cookie),
    (b"expect", KnownHeader::Expect),
    (b"pragma", KnownHeader::Pragma),
];
const LENGTH_7: Names = &[
    (b"referer", KnownHeader::Referer),
    (b"upgrade", KnownHeader::Upgrade),
    (b"trailer", KnownHeader::Trailer),
];
const LENGTH_8: Names = &[(b"location", KnownHeader::Location)];
const LENGTH_10: Names = &[
    (b"connection", KnownHeader::Connection),
    (b"user-agent", KnownHeader::UserAgent),
    (b"set-cookie", KnownHeader::SetCookie),
    (b"keep-alive", KnownHeader::KeepAlive),
];
const LENGTH_11: Names = &[(b"set-cookie2", KnownHeader::SetCookie2)];
const LENGTH_12: Names = &[(b"content-type", KnownHeader::ContentType)];
const LENGTH_13: Names = &[
    (b"cache-control", KnownHeader::CacheControl),
    (b"authorization", KnownHeader::Authorization),
    (b"x-original-to", KnownHeader::XOriginalTo),
];
const LENGTH_14: Names = &[
    (b"content-length", KnownHeader::ContentLength),
    (b"http2-settings", KnownHeader::Http2Settings),
];
const LENGTH_15: Names = &[
    (b"accept-encoding", KnownHeader::AcceptEncoding),
    (b"x-forwarded-for", KnownHeader::XForwardedFor),
];
const LENGTH_16: Names = &[
    (b"content-encoding", KnownHeader::ContentEncoding),
    (b"proxy-connection", KnownHeader::ProxyConnection),
];
const LENGTH_17: Names = &[(b"transfer-encoding", KnownHeader::TransferEncoding)];
const LENGTH_19: Names = &[(b"proxy-authorization", KnownHeader::ProxyAuthorization)];

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
            for (name, header) in list {
                assert_eq!(name.len(), len);
                assert_eq!(KnownHeader::of(&name.to_ascii_uppercase()), *header);
                assert!(!seen.may_contain(*header), "{header:?} is listed twice");
                seen.insert(*header);
            }
        }
        assert_eq!(KnownHeader::of(b"hosts"), KnownHeader::Other);
        assert_eq!(KnownHeader::of(b""), KnownHeader::Other);
    }
}

//! The TLS hello at the beginning of a connection that is relayed unread.
//!
//! Behind `req.ssl_sni`, `req.ssl_alpn`, `req.ssl_ver`, `req.ssl_hello_type`,
//! `req.ssl_cipherlist` and their like, and `rep.ssl_hello_type`. Reads the records of RFC
//! 8446, section 5.1, and the ClientHello of section 4.1.2, which all versions since SSLv3
//! share; a hello may be spread over several records.
//! Invariant: parts are sub-slices; lists were checked to hold whole entries before any is
//! read; a hello longer than [`HELLO_LEN_MAX`] is refused, not waited for.

/// What the bytes at hand amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<T> {
    /// So far they are a hello, more must come.
    NeedMore,
    /// They are none.
    Invalid,
    /// They begin with a whole one.
    Complete(T),
}

/// The parts of a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// Version of the first record, such as 0x0301.
    pub record_version: u16,
    /// `legacy_version` of the hello: 0x0303 from TLS 1.2 on.
    pub version: u16,
    /// 32 bytes.
    pub random: &'a [u8],
    /// Up to 32 bytes.
    pub session_id: &'a [u8],
    /// Two bytes for each suite, in the client's order.
    pub cipher_suites: &'a [u8],
    /// One byte for each method.
    pub compression_methods: &'a [u8],
    /// The extensions as they came: number, length and content of each.
    pub extensions: &'a [u8],
}

impl<'a> ClientHello<'a> {
    /// Number and content of each extension, in the client's order.
    pub fn each_extension(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let mut reader = Reader {
            rest: self.extensions,
        };
        std::iter::from_fn(move || Some((reader.u16()?, reader.list_u16()?)))
    }

    /// The content of the first extension with this number.
    pub fn extension(&self, number: u16) -> Option<&'a [u8]> {
        let mut all = self.each_extension();
        all.find(|(found, _)| *found == number)
            .map(|(_, content)| content)
    }

    /// The host name of `server_name` (RFC 6066, section 3); `None` without one or when it
    /// is empty or malformed.
    pub fn server_name(&self) -> Option<&'a [u8]> {
        let mut names = Reader {
            rest: Reader::whole_list_u16(self.extension(SERVER_NAME)?)?,
        };
        loop {
            let is_host_name = names.u8()? == HOST_NAME;
            let name = names.list_u16()?;
            if is_host_name {
                return (!name.is_empty()).then_some(name);
            }
        }
    }

    /// The protocols of ALPN (RFC 7301, section 3.1), in the client's order.
    pub fn alpn(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let list = self.extension(ALPN).and_then(Reader::whole_list_u16);
        let mut reader = Reader {
            rest: list.unwrap_or_default(),
        };
        std::iter::from_fn(move || reader.list_u8().filter(|name| !name.is_empty()))
    }

    /// `supported_groups`, two bytes for each (RFC 8422, section 5.1.1).
    pub fn supported_groups(&self) -> Option<&'a [u8]> {
        self.extension(SUPPORTED_GROUPS)
            .and_then(Reader::whole_list_u16)
    }

    /// `ec_point_formats`, one byte for each (RFC 8422, section 5.1.2).
    pub fn ec_point_formats(&self) -> Option<&'a [u8]> {
        Reader {
            rest: self.extension(EC_POINT_FORMATS)?,
        }
        .whole_list_u8()
    }

    /// The highest version that the client takes: out of `supported_versions` from TLS 1.3 on
    /// (RFC 8446, section 4.2.1), values reserved by RFC 8701 aside, else
    /// [`version`](Self::version).
    pub fn highest_version(&self) -> u16 {
        let content = self.extension(SUPPORTED_VERSIONS);
        let list = content.and_then(|rest| Reader { rest }.whole_list_u8());
        let versions = numbers(list.unwrap_or_default());
        let known = versions.filter(|version| version >> 8 == 3);
        known.max().unwrap_or(self.version)
    }
}

/// The numbers of a list of two bytes each, such as cipher suites or groups.
pub fn numbers(list: &[u8]) -> impl Iterator<Item = u16> + '_ {
    let (pairs, _) = list.as_chunks();
    pairs.iter().map(|pair| u16::from_be_bytes(*pair))
}

/// Reads a ClientHello. `joined` takes the hello when several records carry it, and loses
/// what it held; otherwise the parts lie in `bytes`.
pub fn parse_client_hello<'a>(bytes: &'a [u8], joined: &'a mut Vec<u8>) -> Parsed<ClientHello<'a>> {
    let hello = match handshake(bytes, joined) {
        Parsed::NeedMore => return Parsed::NeedMore,
        Parsed::Invalid => return Parsed::Invalid,
        Parsed::Complete(hello) => hello,
    };
    let mut reader = Reader { rest: hello };
    if reader.u8() != Some(CLIENT_HELLO) || reader.take(LENGTH_SIZE).is_none() {
        return Parsed::Invalid;
    }
    let record_version = bytes
        .get(1..3)
        .and_then(|version| numbers(version).next())
        .unwrap_or_default();
    match read_client_hello(reader, record_version) {
        Some(hello) => Parsed::Complete(hello),
        None => Parsed::Invalid,
    }
}

/// The type of the first handshake message: 1 is a ClientHello, 2 a ServerHello
/// (`req.ssl_hello_type`, `rep.ssl_hello_type`). Its first bytes are enough.
pub fn hello_type(bytes: &[u8]) -> Parsed<u8> {
    match record(bytes) {
        Err(fault) => fault,
        Ok((Record { present: [], .. }, _)) => Parsed::NeedMore,
        Ok((
            Record {
                present: [kind, ..],
                ..
            },
            _,
        )) => Parsed::Complete(*kind),
    }
}

/// The first handshake message with its type and length, out of as many records as it takes.
fn handshake<'a>(bytes: &'a [u8], joined: &'a mut Vec<u8>) -> Parsed<&'a [u8]> {
    let (first, mut rest) = match record(bytes) {
        Ok(found) => found,
        Err(fault) => return fault,
    };
    if first
        .present
        .first()
        .is_some_and(|kind| *kind != CLIENT_HELLO)
    {
        return Parsed::Invalid; // told at once: a server's hello may be long in coming
    }
    match message_length(first.present) {
        Some(length) if length > HELLO_LEN_MAX => return Parsed::Invalid,
        Some(length) if first.present.len() >= length => {
            return first
                .present
                .get(..length)
                .map_or(Parsed::Invalid, Parsed::Complete);
        }
        _ if first.is_partial => return Parsed::NeedMore,
        _ => {}
    }
    joined.clear();
    joined.extend_from_slice(first.present);
    loop {
        let (next, after) = match record(rest) {
            Ok(found) => found,
            Err(fault) => return fault,
        };
        joined.extend_from_slice(next.present);
        rest = after;
        match message_length(joined) {
            Some(length) if length > HELLO_LEN_MAX => return Parsed::Invalid,
            Some(length) if joined.len() >= length => {
                return joined
                    .get(..length)
                    .map_or(Parsed::Invalid, Parsed::Complete);
            }
            _ if next.is_partial => return Parsed::NeedMore,
            _ => {}
        }
    }
}

/// A record's content as far as it is there.
struct Record<'a> {
    present: &'a [u8],
    is_partial: bool,
}

/// The handshake record at the beginning of `bytes`, and what follows it. Each byte is judged
/// as soon as it is there, so that other protocols are told from a slow client at once.
fn record<T>(bytes: &[u8]) -> Result<(Record<'_>, &[u8]), Parsed<T>> {
    let is_other = bytes.first().is_some_and(|kind| *kind != HANDSHAKE)
        || bytes.get(1).is_some_and(|major| *major != 3);
    if is_other {
        return Err(Parsed::Invalid);
    }
    let mut reader = Reader { rest: bytes };
    let header = reader.take(3).and_then(|_| reader.u16());
    let length = usize::from(header.ok_or(Parsed::NeedMore)?);
    if length == 0 || length > RECORD_LEN_MAX {
        return Err(Parsed::Invalid);
    }
    Ok(match reader.rest.split_at_checked(length) {
        Some((present, rest)) => (
            Record {
                present,
                is_partial: false,
            },
            rest,
        ),
        None => (
            Record {
                present: reader.rest,
                is_partial: true,
            },
            &[],
        ),
    })
}

/// The length of a handshake message with its own header, once that is there.
fn message_length(message: &[u8]) -> Option<usize> {
    let [_, high, middle, low, ..] = message else {
        return None;
    };
    let length = u32::from_be_bytes([0, *high, *middle, *low]);
    usize::try_from(length).ok()?.checked_add(1 + LENGTH_SIZE)
}

/// The parts of a hello whose type and length were read already.
fn read_client_hello(mut reader: Reader<'_>, record_version: u16) -> Option<ClientHello<'_>> {
    let hello = ClientHello {
        record_version,
        version: reader.u16()?,
        random: reader.take(32)?,
        session_id: reader.list_u8().filter(|id| id.len() <= 32)?,
        cipher_suites: reader
            .list_u16()
            .filter(|list| list.len().is_multiple_of(2))?,
        compression_methods: reader.list_u8()?,
        extensions: match reader.rest {
            [] => &[], // before RFC 3546 there were none
            rest => Reader::whole_list_u16(rest)?,
        },
    };
    let is_old_ssl = hello.version >> 8 != 3;
    let mut extensions = Reader {
        rest: hello.extensions,
    };
    while !extensions.rest.is_empty() {
        extensions.u16()?;
        extensions.list_u16()?;
    }
    (!is_old_ssl).then_some(hello)
}

/// What is not read yet of a structure; each method takes from its beginning.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    fn u16(&mut self) -> Option<u16> {
        let (pair, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u16::from_be_bytes(*pair))
    }

    /// What follows a length of one byte.
    fn list_u8(&mut self) -> Option<&'a [u8]> {
        let length = self.u8()?;
        self.take(usize::from(length))
    }

    /// What follows a length of two bytes.
    fn list_u16(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    /// As [`list_u8`](Self::list_u8), when nothing comes after it.
    fn whole_list_u8(mut self) -> Option<&'a [u8]> {
        self.list_u8().filter(|_| self.rest.is_empty())
    }

    /// The list of two bytes' length that is all of `content`.
    fn whole_list_u16(content: &'a [u8]) -> Option<&'a [u8]> {
        let mut reader = Reader { rest: content };
        reader.list_u16().filter(|_| reader.rest.is_empty())
    }
}

/// The longest hello that is put together, in bytes.
pub const HELLO_LEN_MAX: usize = 65_536;

/// RFC 5246, section 6.2.1.
const RECORD_LEN_MAX: usize = 16_384;
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// Bytes of a handshake message's length.
const LENGTH_SIZE: usize = 3;
const HOST_NAME: u8 = 0;
const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const EC_POINT_FORMATS: u16 = 11;
const ALPN: u16 = 16;
const SUPPORTED_VERSIONS: u16 = 43;

#[cfg(test)]
mod tests;

//! Fields of protocol buffers: the converters `protobuf` and `ungrpc`.
//!
//! Walks a message in its wire format (protobuf.dev, "Encoding") along a path of field
//! numbers, such as `48.59.1`; of repeated fields the first counts.
//! Invariant: one pass for each step of the path; a broken field ends the search.

/// A field as it lies in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// Wire type 0: its value, and its bytes as they are written.
    Varint(u64, &'a [u8]),
    /// Wire type 1.
    Fixed64([u8; 8], &'a [u8]),
    /// Wire type 2: a text, bytes, or a message within.
    Delimited(&'a [u8]),
    /// Wire type 5.
    Fixed32([u8; 4], &'a [u8]),
}

/// How a field without a type of its own is read: the second argument of the converters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    /// `int32`
    Int32,
    /// `int64`
    Int64,
    /// `uint32`
    Uint32,
    /// `uint64`; what is beyond the range of a sample turns negative, as in 2.6.
    Uint64,
    /// `sint32`, `sint64`: the sign in the lowest bit.
    Zigzag,
    /// `bool`, `enum`
    Plain,
    /// `fixed64`, `sfixed64`
    Fixed64,
    /// `double`, cut to an integer.
    Double,
    /// `fixed32`
    Fixed32,
    /// `sfixed32`
    SignedFixed32,
    /// `float`, cut to an integer.
    Float,
}

impl FieldType {
    /// By its name in the configuration.
    pub fn by_name(name: &str) -> Option<Self> {
        match name {
            "int32" => Some(Self::Int32),
            "int64" => Some(Self::Int64),
            "uint32" => Some(Self::Uint32),
            "uint64" => Some(Self::Uint64),
            "sint32" | "sint64" => Some(Self::Zigzag),
            "bool" | "enum" => Some(Self::Plain),
            "fixed64" | "sfixed64" => Some(Self::Fixed64),
            "double" => Some(Self::Double),
            "fixed32" => Some(Self::Fixed32),
            "sfixed32" => Some(Self::SignedFixed32),
            "float" => Some(Self::Float),
            _ => None,
        }
    }
}

impl<'a> Field<'a> {
    /// The field's bytes: what the converters give without a type.
    pub fn raw(&self) -> &'a [u8] {
        match self {
            Self::Varint(_, raw)
            | Self::Fixed64(_, raw)
            | Self::Delimited(raw)
            | Self::Fixed32(_, raw) => raw,
        }
    }

    /// The field as a number; `None` when its wire type is not that of `kind`.
    pub fn integer(&self, kind: FieldType) -> Option<i64> {
        match (kind, *self) {
            (FieldType::Int32, Self::Varint(value, _)) => {
                Some(i64::from(low_half(value).cast_signed()))
            }
            (FieldType::Uint32, Self::Varint(value, _)) => Some(i64::from(low_half(value))),
            (FieldType::Int64 | FieldType::Uint64 | FieldType::Plain, Self::Varint(value, _)) => {
                Some(value.cast_signed())
            }
            (FieldType::Zigzag, Self::Varint(value, _)) => {
                let sign = (value & 1).cast_signed();
                Some((value >> 1).cast_signed() ^ -sign)
            }
            (FieldType::Fixed64, Self::Fixed64(bytes, _)) => Some(i64::from_le_bytes(bytes)),
            (FieldType::Double, Self::Fixed64(bytes, _)) => Some(cut(f64::from_le_bytes(bytes))),
            (FieldType::Fixed32, Self::Fixed32(bytes, _)) => {
                Some(i64::from(u32::from_le_bytes(bytes)))
            }
            (FieldType::SignedFixed32, Self::Fixed32(bytes, _)) => {
                Some(i64::from(i32::from_le_bytes(bytes)))
            }
            (FieldType::Float, Self::Fixed32(bytes, _)) => {
                Some(cut(f64::from(f32::from_le_bytes(bytes))))
            }
            _ => None,
        }
    }
}

/// The numbers of a path such as `48.59.1`; `None` unless each is from 1 to 2^29 - 1.
pub fn parse_path(path: &str) -> Option<Vec<u32>> {
    let numbers = path.split('.').map(|number| number.parse().ok());
    let numbers = numbers.map(|number| number.filter(|n| (1..1 << 29).contains(n)));
    numbers.collect()
}

/// The field at `path` of a message (converter `protobuf`).
pub fn protobuf_field<'a>(message: &'a [u8], path: &[u32]) -> Option<Field<'a>> {
    let (&number, deeper) = path.split_first()?;
    let mut field = first_field(message, number)?;
    for &number in deeper {
        let Field::Delimited(inner) = field else {
            return None;
        };
        field = first_field(inner, number)?;
    }
    Some(field)
}

/// The field at `path` of the first gRPC message in `body` that has it (converter `ungrpc`).
/// A compressed message ends the search; the last may be cut short.
pub fn grpc_field<'a>(body: &'a [u8], path: &[u32]) -> Option<Field<'a>> {
    let mut rest = body;
    loop {
        let (&[compressed, length @ ..], after) = rest.split_first_chunk::<5>()?;
        if compressed != 0 {
            return None;
        }
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        let (message, after) = after.split_at_checked(length).unwrap_or((after, &[]));
        if let Some(field) = protobuf_field(message, path) {
            return Some(field);
        }
        rest = after;
    }
}

fn first_field(message: &[u8], wanted: u32) -> Option<Field<'_>> {
    let mut rest = message;
    loop {
        let (key, _, after) = varint(rest)?;
        let (field, after) = match key & 7 {
            0 => {
                let (value, raw, after) = varint(after)?;
                (Field::Varint(value, raw), after)
            }
            1 => {
                let (bytes, tail) = after.split_first_chunk::<8>()?;
                (Field::Fixed64(*bytes, bytes), tail)
            }
            2 => {
                let (length, _, after) = varint(after)?;
                let (inner, after) = after.split_at_checked(usize::try_from(length).ok()?)?;
                (Field::Delimited(inner), after)
            }
            5 => {
                let (bytes, tail) = after.split_first_chunk::<4>()?;
                (Field::Fixed32(*bytes, bytes), tail)
            }
            _ => return None, // 3 and 4 are groups, which no version that is in use writes
        };
        if key >> 3 == u64::from(wanted) {
            return Some(field);
        }
        rest = after;
    }
}

/// A number of seven bits for each byte, its bytes, and what follows.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8], &[u8])> {
    let last = bytes
        .iter()
        .take(VARINT_LEN_MAX)
        .position(|byte| byte & 0x80 == 0)?;
    let (raw, rest) = bytes.split_at_checked(last + 1)?;
    let value = raw
        .iter()
        .rev()
        .fold(0_u64, |value, byte| value << 7 | u64::from(byte & 0x7f));
    Some((value, raw, rest))
}

fn low_half(value: u64) -> u32 {
    u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the integer part is asked for; beyond the range it stays at its end"
)]
fn cut(value: f64) -> i64 {
    value as i64
}

/// Bytes that 64 bits take.
const VARINT_LEN_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn integer(message: &[u8], path: &str, kind: &str) -> Option<i64> {
        let field = protobuf_field(message, &parse_path(path).unwrap())?;
        field.integer(FieldType::by_name(kind).unwrap())
    }

    #[test]
    fn fields_as_the_reference_reads_them() {
        let message = b"\x0a\x05abcde\x12\x02\x08\x01";
        assert_eq!(protobuf_field(message, &[1]).unwrap().raw(), b"abcde");
        assert_eq!(protobuf_field(message, &[2]).unwrap().raw(), b"\x08\x01");
        assert_eq!(protobuf_field(message, &[3]), None);
        assert_eq!(integer(message, "2.1", "int32"), Some(1));
        assert_eq!(
            integer(b"\x08\x95\x9a\xef\x3a", "1", "int32"),
            Some(123_456_789)
        );
        let minus_one = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        assert_eq!(integer(minus_one, "1", "int32"), Some(-1));
        assert_eq!(integer(minus_one, "1", "uint64"), Some(-1));
        assert_eq!(integer(minus_one, "1", "uint32"), Some(4_294_967_295));
        assert_eq!(integer(b"\x08\x03", "1", "sint32"), Some(-2));
        assert_eq!(
            integer(b"\x0d\xff\xff\xff\xff", "1", "fixed32"),
            Some(4_294_967_295)
        );
        assert_eq!(integer(b"\x0d\xff\xff\xff\xff", "1", "sfixed32"), Some(-1));
        assert_eq!(integer(b"\x0d\0\0\xc0\x3f", "1", "float"), Some(1));
        assert_eq!(integer(b"\x09\0\0\0\0\0\0\xf8\x3f", "1", "double"), Some(1));
        assert_eq!(integer(b"\x0a\x01a", "1", "int32"), None);
    }

    #[test]
    fn a_grpc_body_is_searched_message_by_message() {
        let body = b"\0\0\0\0\x02\x08\x05\0\0\0\0\x02\x10\x06";
        assert_eq!(grpc_field(body, &[2]).unwrap().raw(), b"\x06");
        assert_eq!(grpc_field(b"\x01\0\0\0\x02\x08\x05", &[1]), None);
        assert_eq!(
            grpc_field(b"\0\0\0\0\x09\x08\x05", &[1]).unwrap().raw(),
            b"\x05"
        );
        assert_eq!(grpc_field(b"\0\0\0", &[1]), None);
    }

    #[test]
    fn paths() {
        assert_eq!(parse_path("48.59.1"), Some(vec![48, 59, 1]));
        for bad in ["", "1.", "0", "1.x", "536870912"] {
            assert_eq!(parse_path(bad), None, "{bad}");
        }
        assert_eq!(FieldType::by_name("string"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = protobuf_field(&bytes, &[1, 2]);
            let _ = grpc_field(&[&[0, 0, 0, 0, 9][..], &bytes].concat(), &[1]);
        }
    }
}

//! MQTT's first packets: `mqtt_is_valid` and `mqtt_field_value`.
//!
//! Reads CONNECT and CONNACK of MQTT 3.1, 3.1.1 and 5.0 (OASIS, "MQTT Version 5.0", sections
//! 3.1 and 3.2). Values are sub-slices of the packet.
//! Invariant: a packet is checked as a whole before any field of it is given.

/// A field or, by number, a property of MQTT 5.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MqttField {
    /// `flags`
    Flags,
    /// `protocol_name`
    ProtocolName,
    /// `protocol_version`
    ProtocolVersion,
    /// `client_identifier`
    ClientIdentifier,
    /// `will_topic`
    WillTopic,
    /// `will_payload`
    WillPayload,
    /// `username`
    Username,
    /// `password`
    Password,
    /// `keepalive`, in seconds
    Keepalive,
    /// `reason_code`
    ReasonCode,
    /// Any property but 38, which comes in pairs.
    Property(u8),
}

impl MqttField {
    /// By its name, without case, or the number of a property.
    pub fn by_name(name: &str) -> Option<Self> {
        let known = FIELDS
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        match known {
            Some((_, field)) => Some(*field),
            None => {
                let number = name.parse().ok().filter(|number| *number != USER_PROPERTY);
                number
                    .filter(|number| kind_of(*number).is_some())
                    .map(Self::Property)
            }
        }
    }
}

/// Which packet a field is looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketType {
    /// `connect` or 1
    Connect,
    /// `connack` or 2
    Connack,
}

impl PacketType {
    /// By its name, without case, or its number.
    pub fn by_name(name: &str) -> Option<Self> {
        if name == "1" || name.eq_ignore_ascii_case("connect") {
            return Some(Self::Connect);
        }
        (name == "2" || name.eq_ignore_ascii_case("connack")).then_some(Self::Connack)
    }
}

/// A field's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MqttValue<'a> {
    /// A text or bytes.
    Bytes(&'a [u8]),
    /// A number or a byte of flags.
    Integer(u32),
}

/// Whether `bytes` are a valid CONNECT or CONNACK (converter `mqtt_is_valid`).
pub fn mqtt_is_valid(bytes: &[u8]) -> bool {
    read_packet(bytes, None).is_some()
}

/// A field of a valid packet of this type (converter `mqtt_field_value`); `None` when the
/// packet is invalid, of another type, or lacks the field.
pub fn mqtt_field_value(
    bytes: &[u8],
    packet: PacketType,
    field: MqttField,
) -> Option<MqttValue<'_>> {
    let (found, value) = read_packet(bytes, Some(field))?;
    value.filter(|_| found == packet)
}

/// Reads a whole packet; its type, and the wanted field's value if it has one.
fn read_packet(
    bytes: &[u8],
    wanted: Option<MqttField>,
) -> Option<(PacketType, Option<MqttValue<'_>>)> {
    let mut header = Reader {
        rest: bytes,
        wanted: None,
        value: None,
    };
    let kind = match header.u8()? {
        0x10 => PacketType::Connect,
        0x20 => PacketType::Connack,
        _ => return None,
    };
    let length = usize::try_from(header.varint()?).ok()?;
    let mut reader = Reader {
        rest: header.rest.get(..length)?,
        wanted,
        value: None,
    };
    match kind {
        PacketType::Connect => reader.connect()?,
        PacketType::Connack => reader.connack()?,
    }
    reader.rest.is_empty().then_some((kind, reader.value))
}

/// What of a packet is not read yet, and the value of the wanted field once it came by.
struct Reader<'a> {
    rest: &'a [u8],
    wanted: Option<MqttField>,
    value: Option<MqttValue<'a>>,
}

impl<'a> Reader<'a> {
    fn connect(&mut self) -> Option<()> {
        let name = self.bytes()?;
        self.note(MqttField::ProtocolName, MqttValue::Bytes(name));
        let version = self.u8()?;
        self.note(
            MqttField::ProtocolVersion,
            MqttValue::Integer(version.into()),
        );
        if !matches!((name, version), (b"MQIsdp", 3) | (b"MQTT", 4 | 5)) {
            return None;
        }
        let flags = self.u8().filter(|flags| is_valid_flags(*flags, version))?;
        self.note(MqttField::Flags, MqttValue::Integer(flags.into()));
        let keepalive = self.u16()?;
        self.note(MqttField::Keepalive, MqttValue::Integer(keepalive.into()));
        if version == 5 {
            self.properties(&CONNECT_PROPERTIES)?;
        }
        self.noted_bytes(MqttField::ClientIdentifier)?;
        if flags & WILL != 0 {
            if version == 5 {
                self.properties(&WILL_PROPERTIES)?;
            }
            self.noted_bytes(MqttField::WillTopic)?;
            self.noted_bytes(MqttField::WillPayload)?;
        }
        if flags & USERNAME != 0 {
            self.noted_bytes(MqttField::Username)?;
        }
        if flags & PASSWORD != 0 {
            self.noted_bytes(MqttField::Password)?;
        }
        Some(())
    }

    /// The packet does not tell its version: only 5.0 has properties.
    fn connack(&mut self) -> Option<()> {
        let flags = self.u8().filter(|flags| flags & !1 == 0)?;
        self.note(MqttField::Flags, MqttValue::Integer(flags.into()));
        let reason = self.u8()?;
        self.note(MqttField::ReasonCode, MqttValue::Integer(reason.into()));
        let version = if self.rest.is_empty() { 4 } else { 5 };
        self.note(MqttField::ProtocolVersion, MqttValue::Integer(version));
        if version == 5 {
            self.properties(&CONNACK_PROPERTIES)?;
        }
        Some(())
    }

    fn properties(&mut self, allowed: &[u8]) -> Option<()> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (list, after) = self.rest.split_at_checked(length)?;
        self.rest = list;
        while !self.rest.is_empty() {
            let number = self.u8().filter(|number| allowed.contains(number))?;
            let value = match kind_of(number)? {
                Kind::Byte => MqttValue::Integer(self.u8()?.into()),
                Kind::Short => MqttValue::Integer(self.u16()?.into()),
                Kind::Long => MqttValue::Integer(self.u32()?),
                Kind::Bytes => MqttValue::Bytes(self.bytes()?),
                Kind::Pair => {
                    self.bytes()?;
                    self.bytes()?;
                    continue;
                }
            };
            self.note(MqttField::Property(number), value);
        }
        self.rest = after;
        Some(())
    }

    fn note(&mut self, field: MqttField, value: MqttValue<'a>) {
        if self.wanted == Some(field) && self.value.is_none() {
            self.value = Some(value);
        }
    }

    fn noted_bytes(&mut self, field: MqttField) -> Option<()> {
        let value = self.bytes()?;
        self.note(field, MqttValue::Bytes(value));
        Some(())
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

    fn u32(&mut self) -> Option<u32> {
        let (four, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u32::from_be_bytes(*four))
    }

    /// Seven bits for each byte, four bytes at most, the lowest first.
    fn varint(&mut self) -> Option<u32> {
        let mut value = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.u8()?;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::from(self.u16()?);
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }
}

/// Section 3.1.2.3: the reserved bit is 0, a quality and a retain flag need a will, and before
/// 5.0 a password needs a name.
fn is_valid_flags(flags: u8, version: u8) -> bool {
    let quality = flags >> 3 & 3;
    let has_stray_will = flags & WILL == 0 && (quality != 0 || flags & WILL_RETAIN != 0);
    let has_stray_password = version < 5 && flags & PASSWORD != 0 && flags & USERNAME == 0;
    flags & 1 == 0 && quality < 3 && !has_stray_will && !has_stray_password
}

/// How a property's value is written.
enum Kind {
    Byte,
    Short,
    Long,
    Bytes,
    Pair,
}

/// Section 2.2.2.2.
fn kind_of(property: u8) -> Option<Kind> {
    match property {
        1 | 23 | 25 | 36 | 37 | 40 | 41 | 42 => Some(Kind::Byte),
        19 | 33 | 34 => Some(Kind::Short),
        2 | 17 | 24 | 39 => Some(Kind::Long),
        3 | 8 | 9 | 18 | 21 | 22 | 26 | 28 | 31 => Some(Kind::Bytes),
        USER_PROPERTY => Some(Kind::Pair),
        _ => None,
    }
}

const USER_PROPERTY: u8 = 38;
const CONNECT_PROPERTIES: [u8; 9] = [17, 21, 22, 23, 25, 33, 34, USER_PROPERTY, 39];
const WILL_PROPERTIES: [u8; 7] = [1, 2, 3, 8, 9, 24, USER_PROPERTY];
const CONNACK_PROPERTIES: [u8; 17] = [
    17,
    18,
    19,
    21,
    22,
    26,
    28,
    31,
    33,
    34,
    36,
    37,
    USER_PROPERTY,
    39,
    40,
    41,
    42,
];
const WILL: u8 = 0x04;
const WILL_RETAIN: u8 = 0x20;
const PASSWORD: u8 = 0x40;
const USERNAME: u8 = 0x80;
const FIELDS: [(&str, MqttField); 10] = [
    ("client_identifier", MqttField::ClientIdentifier),
    ("flags", MqttField::Flags),
    ("keepalive", MqttField::Keepalive),
    ("password", MqttField::Password),
    ("protocol_name", MqttField::ProtocolName),
    ("protocol_version", MqttField::ProtocolVersion),
    ("reason_code", MqttField::ReasonCode),
    ("username", MqttField::Username),
    ("will_payload", MqttField::WillPayload),
    ("will_topic", MqttField::WillTopic),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONNECT: &[u8] = b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04test";

    fn value<'a>(bytes: &'a [u8], packet: &str, field: &str) -> Option<MqttValue<'a>> {
        let packet = PacketType::by_name(packet).unwrap();
        mqtt_field_value(bytes, packet, MqttField::by_name(field).unwrap())
    }

    #[test]
    fn fields_of_connect_as_the_reference_reads_them() {
        assert!(mqtt_is_valid(CONNECT));
        assert_eq!(
            value(CONNECT, "connect", "client_identifier"),
            Some(MqttValue::Bytes(b"test"))
        );
        assert_eq!(
            value(CONNECT, "1", "Protocol_Name"),
            Some(MqttValue::Bytes(b"MQTT"))
        );
        assert_eq!(
            value(CONNECT, "1", "protocol_version"),
            Some(MqttValue::Integer(4))
        );
        assert_eq!(value(CONNECT, "1", "flags"), Some(MqttValue::Integer(2)));
        assert_eq!(
            value(CONNECT, "1", "keepalive"),
            Some(MqttValue::Integer(60))
        );
        assert_eq!(value(CONNECT, "1", "username"), None);
        assert_eq!(value(CONNECT, "connack", "flags"), None);
    }

    #[test]
    fn version_five_has_properties_wills_and_passwords() {
        let packet = b"\x10\x25\0\x04MQTT\x05\xc6\0\x3c\x05\x11\0\0\0\x09\
                       \0\x01c\x05\x18\0\0\0\x07\0\x01t\0\x01p\0\x01u\0\x01w";
        assert!(mqtt_is_valid(packet));
        assert_eq!(value(packet, "connect", "17"), Some(MqttValue::Integer(9)));
        assert_eq!(value(packet, "connect", "24"), Some(MqttValue::Integer(7)));
        for (field, text) in [
            ("will_topic", b"t"),
            ("will_payload", b"p"),
            ("username", b"u"),
            ("password", b"w"),
        ] {
            assert_eq!(
                value(packet, "connect", field),
                Some(MqttValue::Bytes(text)),
                "{field}"
            );
        }
        assert_eq!(
            (MqttField::by_name("38"), MqttField::by_name("99")),
            (None, None)
        );
    }

    #[test]
    fn connack_with_and_without_properties() {
        assert_eq!(
            value(b"\x20\x02\0\x04", "connack", "reason_code"),
            Some(MqttValue::Integer(4))
        );
        assert_eq!(
            value(b"\x20\x02\x01\0", "2", "flags"),
            Some(MqttValue::Integer(1))
        );
        assert!(mqtt_is_valid(b"\x20\x03\0\0\0"));
        let limited = b"\x20\x06\0\0\x03\x21\0\xff";
        assert_eq!(value(limited, "2", "33"), Some(MqttValue::Integer(255)));
        assert_eq!(
            value(limited, "2", "protocol_version"),
            Some(MqttValue::Integer(5))
        );
    }

    #[test]
    fn broken_packets_are_invalid() {
        for broken in [
            &b"\x20\x08\0\0\x05\x21\0\x14\x27\0"[..],
            b"\x10\x10\0\x04MQTT\x04\x03\0\x3c\0\x04test",
            b"\x10\x10\0\x04MQTX\x04\x02\0\x3c\0\x04test",
            b"\x10\x10\0\x04MQTT\x04\x42\0\x3c\0\x04test",
            b"\x10\x11\0\x04MQTT\x04\x02\0\x3c\0\x04test",
            b"\x10\x11\0\x04MQTT\x04\x02\0\x3c\0\x04testx",
            b"\x30\x00",
            b"\x10\xff\xff\xff\xff\x01",
        ] {
            assert!(!mqtt_is_valid(broken), "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0..CONNECT.len(), byte in any::<u8>()) {
            let mut packet = CONNECT.to_vec();
            packet[at] = byte;
            let _ = value(&packet, "connect", "client_identifier");
        }
    }
}

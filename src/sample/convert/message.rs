//! Converters that read messages of other protocols: FIX, MQTT, protocol buffers (manual,
//! section 7.3.1).

use super::super::arg::{Arg, ArgKind};
use super::super::compute::fix;
use super::super::compute::mqtt::{self, MqttField, MqttValue, PacketType};
use super::super::compute::protobuf::{self, Field, FieldType};
use super::super::context::Context;
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::prepared::{self, Prepared};
use super::{Converter, lossy_at, replace};

fn fix_tag_value<'a>(
    _context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let Some(Prepared::Tag(tag)) = prepared::at(args, 0) else {
        return None;
    };
    fix::fix_tag_value(sample.raw()?, *tag).map(Sample::Bin)
}

fn check_tag(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let name = lossy_at(args, 0);
    let tag = fix::tag_named(&name).ok_or_else(|| format!("Unknown FIX tag name '{name}'"))?;
    replace(args, 0, Arg::Prepared(Prepared::Tag(tag)));
    Ok(())
}

fn mqtt_field_value<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let (Some(Prepared::Packet(packet)), Some(Prepared::MqttField(field))) =
        (prepared::at(args, 0), prepared::at(args, 1))
    else {
        return None;
    };
    Some(
        match mqtt::mqtt_field_value(sample.raw()?, *packet, *field)? {
            MqttValue::Bytes(bytes) => Sample::Str(bytes),
            MqttValue::Integer(number) => {
                Sample::Str(Sample::Int(i64::from(number)).as_text(context.arena))
            }
        },
    )
}

fn check_mqtt(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let (type_name, field_name) = (lossy_at(args, 0), lossy_at(args, 1));
    let packet = PacketType::by_name(&type_name)
        .ok_or_else(|| format!("Unknown MQTT type '{type_name}'"))?;
    let field = MqttField::by_name(&field_name).filter(|field| has_field(packet, *field));
    let field = field.ok_or_else(|| {
        format!("Unknown MQTT field name '{field_name}' for packet type '{type_name}'")
    })?;
    replace(args, 0, Arg::Prepared(Prepared::Packet(packet)));
    replace(args, 1, Arg::Prepared(Prepared::MqttField(field)));
    Ok(())
}

const fn has_field(packet: PacketType, field: MqttField) -> bool {
    match packet {
        PacketType::Connect => !matches!(field, MqttField::ReasonCode),
        PacketType::Connack => matches!(
            field,
            MqttField::Flags
                | MqttField::ProtocolVersion
                | MqttField::ReasonCode
                | MqttField::Property(_)
        ),
    }
}

/// A field of a protocol buffer: its bytes, or its number when a type is given.
fn field<'a>(
    args: &'a [Arg],
    sample: Sample<'a>,
    find: for<'m> fn(&'m [u8], &[u32]) -> Option<Field<'m>>,
) -> Option<Sample<'a>> {
    let Some(Prepared::FieldPath(path)) = prepared::at(args, 0) else {
        return None;
    };
    let found = find(sample.raw()?, path)?;
    match prepared::at(args, 1) {
        Some(Prepared::FieldType(kind)) => found.integer(*kind).map(Sample::Int),
        _ => Some(Sample::Bin(found.raw())),
    }
}

fn check_field(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    let (path, kind) = (lossy_at(args, 0), lossy_at(args, 1));
    let numbers = protobuf::parse_path(&path).ok_or_else(|| {
        format!("failed to parse '{path}' as type 'Protocol buffers field number'")
    })?;
    replace(args, 0, Arg::Prepared(Prepared::FieldPath(numbers.into())));
    if kind.is_empty() {
        return Ok(());
    }
    let known = FieldType::by_name(&kind);
    let known = known.ok_or_else(|| format!("Wrong protocol buffer type '{kind}'"))?;
    replace(args, 1, Arg::Prepared(Prepared::FieldType(known)));
    Ok(())
}

const BYTES: (Type, Type) = (Type::Bin, Type::Bin);
const TEST: (Type, Type) = (Type::Bin, Type::Bool);
const FIELD: &[ArgKind] = &[ArgKind::Str, ArgKind::Str];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("fix_is_valid", TEST, |_, _, sample| {
        Some(Sample::Bool(fix::fix_is_valid(sample.raw()?)))
    })
    .says("fix_is_valid", "True for a valid FIX message."),
    Converter::new("fix_tag_value", BYTES, fix_tag_value)
        .takes(1, &[ArgKind::Str])
        .checked(check_tag)
        .says(
            "fix_tag_value(<tag>)",
            "The value of a tag of a FIX message.",
        ),
    Converter::new("mqtt_field_value", (Type::Bin, Type::Str), mqtt_field_value)
        .takes(2, &[ArgKind::Str, ArgKind::Str])
        .checked(check_mqtt)
        .says(
            "mqtt_field_value(<packettype>,<fieldname_or_property_ID>)",
            "The value of a field of an MQTT packet.",
        ),
    Converter::new("mqtt_is_valid", TEST, |_, _, sample| {
        Some(Sample::Bool(mqtt::mqtt_is_valid(sample.raw()?)))
    })
    .says(
        "mqtt_is_valid",
        "True for a valid CONNECT or CONNACK of MQTT.",
    ),
    Converter::new("protobuf", (Type::Bin, Type::Any), |_, args, sample| {
        field(args, sample, protobuf::protobuf_field)
    })
    .takes(1, FIELD)
    .checked(check_field)
    .says(
        "protobuf(<field_number>[,<field_type>])",
        "A field of a protocol buffer.",
    ),
    Converter::new("ungrpc", (Type::Bin, Type::Any), |_, args, sample| {
        field(args, sample, protobuf::grpc_field)
    })
    .takes(1, FIELD)
    .checked(check_field)
    .says(
        "ungrpc(<field_number>[,<field_type>])",
        "A field of the messages in a gRPC body.",
    ),
];

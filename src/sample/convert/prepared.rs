//! What checks make of arguments, so that evaluation reads no words.

use std::ffi::CStr;
use std::sync::Arc;

use super::super::arg::Arg;
use super::super::compute::date::Unit;
use super::super::compute::digest::Algorithm;
use super::super::compute::json_escape::Charset;
use super::super::compute::jwt::PublicKey;
use super::super::compute::mqtt::{MqttField, PacketType};
use super::super::compute::protobuf::FieldType;
use super::regsub::Substitution;
use super::variable::SetIf;

/// An argument of a converter after its check.
#[derive(Clone, Debug)]
pub enum Prepared {
    /// A digest's name.
    Algorithm(Algorithm),
    /// How `json` reads its input.
    Charset(Charset),
    /// The unit of a date.
    Unit(Unit),
    /// A format of strftime(3).
    DateFormat(Arc<CStr>),
    /// The numbers of a field of a protocol buffer.
    FieldPath(Arc<[u32]>),
    /// How such a field is read.
    FieldType(FieldType),
    /// The tag of a FIX message.
    Tag(u32),
    /// A packet of MQTT.
    Packet(PacketType),
    /// A field of such a packet.
    MqttField(MqttField),
    /// The key that tokens are verified with.
    PublicKey(Arc<PublicKey>),
    /// What `regsub` replaces, and by what.
    Substitution(Arc<Substitution>),
    /// Condition of `set-var`.
    SetIf(SetIf),
}

/// The argument at `index` as a check left it.
pub(super) fn at(args: &[Arg], index: usize) -> Option<&Prepared> {
    match args.get(index) {
        Some(Arg::Prepared(prepared)) => Some(prepared),
        _ => None,
    }
}

//! FIX messages (Financial Information eXchange): `fix_is_valid` and `fix_tag_value`.
//!
//! A message is a row of fields `tag=value`, each ended by the byte 1.
//! Invariant: one pass; sums and lengths are checked, never trusted.

/// The tag of a name or number in the configuration (argument of `fix_tag_value`).
pub fn tag_named(name: &str) -> Option<u32> {
    let known = NAMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    match known {
        Some((_, tag)) => Some(*tag),
        None => decimal(name.as_bytes()).filter(|tag| *tag > 0),
    }
}

/// The value of the first field with this tag (converter `fix_tag_value`); nothing else of
/// the message is looked at.
pub fn fix_tag_value(message: &[u8], tag: u32) -> Option<&[u8]> {
    let mut rest = message;
    while let Some((field, after)) = next_field(rest) {
        if field.tag == tag {
            return Some(field.value);
        }
        rest = after;
    }
    None
}

/// Whether `message` is one whole valid message (converter `fix_is_valid`): version, length
/// of the body and type come first, in this order, a right checksum last.
pub fn fix_is_valid(message: &[u8]) -> bool {
    is_valid(message).is_some()
}

fn is_valid(message: &[u8]) -> Option<()> {
    let (begin, rest) = next_field(message)?;
    let (length, body) = next_field(rest)?;
    let (kind, mut rest) = next_field(body)?;
    let is_head = (begin.tag, length.tag, kind.tag) == (BEGIN_STRING, BODY_LENGTH, MSG_TYPE);
    if !is_head || !VERSIONS.contains(&begin.value) {
        return None;
    }
    let body_length = usize::try_from(decimal(length.value)?).ok()?;
    loop {
        let (field, after) = next_field(rest)?;
        if field.tag == CHECK_SUM {
            let summed = message.get(..message.len() - rest.len())?;
            let sum = summed
                .iter()
                .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
            let is_right = body.len() - rest.len() == body_length
                && field.value.len() == 3
                && decimal(field.value)? == u32::from(sum)
                && after.is_empty();
            return is_right.then_some(());
        }
        rest = after;
    }
}

struct Field<'a> {
    tag: u32,
    value: &'a [u8],
}

/// The field at the beginning and what follows it; `None` when tag or value are not whole.
fn next_field(message: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (field, rest) = message.split_at_checked(memchr::memchr(END, message)?)?;
    let (tag, value) = field.split_at_checked(memchr::memchr(b'=', field)?)?;
    let value = value.get(1..).filter(|value| !value.is_empty())?;
    let tag = decimal(tag)?;
    Some((Field { tag, value }, rest.get(1..)?))
}

fn decimal(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(10)?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

const END: u8 = 1;
const BEGIN_STRING: u32 = 8;
const BODY_LENGTH: u32 = 9;
const CHECK_SUM: u32 = 10;
const MSG_TYPE: u32 = 35;
const NAMES: [(&str, u32); 6] = [
    ("BeginString", BEGIN_STRING),
    ("BodyLength", BODY_LENGTH),
    ("CheckSum", CHECK_SUM),
    ("MsgType", MSG_TYPE),
    ("SenderCompID", 49),
    ("TargetCompID", 56),
];
const VERSIONS: [&[u8]; 7] = [
    b"FIX.4.0",
    b"FIX.4.1",
    b"FIX.4.2",
    b"FIX.4.3",
    b"FIX.4.4",
    b"FIX.5.0",
    b"FIXT.1.1",
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MESSAGE: &[u8] = b"8=FIX.4.2\x019=5\x0135=A\x0110=178\x01";

    #[test]
    fn values_by_tag_and_by_name() {
        assert_eq!(
            fix_tag_value(MESSAGE, tag_named("MsgType").unwrap()),
            Some(&b"A"[..])
        );
        assert_eq!(
            fix_tag_value(MESSAGE, tag_named("9").unwrap()),
            Some(&b"5"[..])
        );
        assert_eq!(fix_tag_value(MESSAGE, 99), None);
        assert_eq!(
            (tag_named("Nope"), tag_named("0"), tag_named("")),
            (None, None, None)
        );
    }

    #[test]
    fn a_message_is_valid_as_a_whole_only() {
        assert!(fix_is_valid(MESSAGE));
        for broken in [
            &b"8=FIX.4.2\x019=5\x0135=A\x0110=179\x01"[..],
            b"8=FIX.4.2\x019=6\x0135=A\x0110=179\x01",
            b"8=FIX.9.2\x019=5\x0135=A\x0110=183\x01",
            b"9=5\x018=FIX.4.2\x0135=A\x0110=178\x01",
            b"8=FIX.4.2\x019=5\x0135=A\x01",
            b"8=FIX.4.2\x019=5\x0135=A\x0110=178\x01x",
            b"8=FIX.4.2\x019=5\x0135=\x0110=113\x01",
        ] {
            assert!(!fix_is_valid(broken), "{broken:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(tail in "[0-9=a\x01]{0,30}") {
            let _ = fix_tag_value(tail.as_bytes(), 9);
            let message = [&MESSAGE[..18], tail.as_bytes()].concat();
            let _ = fix_is_valid(&message);
        }
    }
}

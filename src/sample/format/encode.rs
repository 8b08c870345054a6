//! Flags of format variables, and how values are written under them.

use bumpalo::collections::Vec as ArenaVec;

use super::Purpose;

/// `%{+Q+X+E}`: how a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `Q`: in quotes.
    pub quoted: bool,
    /// `X`: numbers in hexadecimal digits.
    pub hexadecimal: bool,
    /// `E`: quotes, backslashes and closing brackets get a backslash.
    pub escaped: bool,
}

impl Flags {
    /// These flags after `+Q,-X` was read.
    ///
    /// # Errors
    /// An unknown flag.
    pub(super) fn changed_by(mut self, text: &[u8]) -> Result<Self, String> {
        let mut on = true;
        for &byte in text {
            match byte {
                b'+' => on = true,
                b'-' => on = false,
                // What is absent is a dash in log lines anyway, with `M` or without.
                b',' | b' ' | b'M' => {}
                b'Q' => self.quoted = on,
                b'X' => self.hexadecimal = on,
                b'E' => self.escaped = on,
                other => {
                    let shown = char::from(other);
                    return Err(format!("unknown flag '{shown}' of a format variable"));
                }
            }
        }
        Ok(self)
    }
}

/// Writes a value that may be absent.
pub(super) fn push(
    out: &mut ArenaVec<'_, u8>,
    value: Option<&[u8]>,
    flags: Flags,
    purpose: Purpose,
) {
    let is_log = purpose == Purpose::Log;
    let value = value.unwrap_or_default();
    if flags.quoted {
        out.push(b'"');
    } else if value.is_empty() && is_log {
        out.push(b'-');
        return;
    }
    for &byte in value {
        if flags.escaped && matches!(byte, b'"' | b'\\' | b']') {
            out.push(b'\\');
            out.push(byte);
        } else if needs_encoding(byte, flags, purpose) {
            push_encoded(out, byte, purpose);
        } else {
            out.push(byte);
        }
    }
    if flags.quoted {
        out.push(b'"');
    }
}

/// Bytes that never stand in a line or a message as they are.
const fn needs_encoding(byte: u8, flags: Flags, purpose: Purpose) -> bool {
    match purpose {
        Purpose::Log => byte < b' ' || byte >= 0x7f || (byte == b'"' && flags.quoted),
        Purpose::Http => (byte < b' ' && byte != b'\t') || byte == 0x7f,
    }
}

fn push_encoded(out: &mut ArenaVec<'_, u8>, byte: u8, purpose: Purpose) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push(match purpose {
        Purpose::Log => b'#',
        Purpose::Http => b'%',
    });
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}

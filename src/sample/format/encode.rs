//! Flags of format variables, and how values are written under them.

use bumpalo::collections::Vec as ArenaVec;

use super::Purpose;
use crate::log::line::escape::{Escape, push_escaped};
use crate::log::line::text::{push_hexadecimal, push_host, push_port, push_u64};
use crate::net::address::PeerAddress;

/// `%{+Q+X+E}`: how a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `Q`: in quotes.
    pub quoted: bool,
    /// `X`: numbers in hexadecimal digits.
    pub hexadecimal: bool,
    /// `E`: quotes, backslashes and closing brackets get a backslash.
    pub escaped: bool,
    /// `M`: an absent value is a dash, as in log lines.
    pub dashed: bool,
}

impl Flags {
    /// What applies unless a format says otherwise.
    pub(super) fn of(purpose: Purpose) -> Self {
        Self {
            dashed: purpose == Purpose::Log,
            ..Self::default()
        }
    }

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
                b',' | b' ' => {}
                b'Q' => self.quoted = on,
                b'X' => self.hexadecimal = on,
                b'E' => self.escaped = on,
                b'M' => self.dashed = on,
                other => {
                    let shown = char::from(other);
                    return Err(format!("unknown flag '{shown}' of a format variable"));
                }
            }
        }
        Ok(self)
    }
}

/// Where the value of one variable is written, and how.
pub struct Field<'o, 'b> {
    /// What the format has made so far.
    pub out: &'o mut ArenaVec<'b, u8>,
    /// The flags of this variable.
    pub flags: Flags,
}

impl Field<'_, '_> {
    /// A text as it is, control bytes included: what sends the line deals with those.
    pub fn text(&mut self, value: Option<&[u8]>) {
        let value = value.unwrap_or_default();
        if !self.flags.quoted {
            match value {
                [] if self.flags.dashed => self.out.push(b'-'),
                value => self.escaped(value),
            }
            return;
        }
        self.out.push(b'"');
        self.escaped(value);
        self.out.push(b'"');
    }

    /// A part of the request line, with `#XX` for what must not stand in a line.
    pub fn request_part(&mut self, value: &[u8]) {
        self.in_quotes(|field| field.encoded(value, Escape::Quoted));
    }

    /// Values of captures, with `#XX` for what would look like their braces.
    pub fn captured(&mut self, value: &[u8]) {
        self.encoded(value, Escape::Header);
    }

    /// What `write` makes, in quotes if asked for.
    pub fn in_quotes(&mut self, write: impl FnOnce(&mut Self)) {
        if self.flags.quoted {
            self.out.push(b'"');
        }
        write(self);
        if self.flags.quoted {
            self.out.push(b'"');
        }
    }

    /// A number that no flag changes.
    pub fn number(&mut self, value: u64) {
        push_u64(self.out, value);
    }

    /// A duration, -1 when there is none.
    pub fn duration(&mut self, value_ms: i32) {
        crate::log::line::text::push_i32(self.out, value_ms);
    }

    /// A number that may be wanted in hexadecimal digits, `width` of them at least.
    pub fn number_or_hexadecimal(&mut self, value: u64, width: usize) {
        match self.flags.hexadecimal {
            true => push_hexadecimal(self.out, width, value),
            false => push_u64(self.out, value),
        }
    }

    /// The host of an end.
    pub fn host(&mut self, end: PeerAddress) {
        match (end, self.flags.hexadecimal) {
            (PeerAddress::None, _) => self.text(None),
            (PeerAddress::V4(ip, _), true) => self.in_quotes(|field| field.octets(&ip.octets())),
            (PeerAddress::V6(ip, _), true) => self.in_quotes(|field| field.octets(&ip.octets())),
            (end, _) => self.in_quotes(|field| push_host(field.out, end)),
        }
    }

    /// The port of an end; that of a unix client is its listener's number.
    pub fn port(&mut self, end: PeerAddress, listener_id: u32) {
        match (end, self.flags.hexadecimal) {
            (PeerAddress::None, _) => self.text(None),
            (PeerAddress::V4(_, port) | PeerAddress::V6(_, port), true) => {
                push_hexadecimal(self.out, 4, u64::from(port));
            }
            (end, _) => push_port(self.out, end, listener_id),
        }
    }

    fn octets(&mut self, octets: &[u8]) {
        for octet in octets {
            push_hexadecimal(self.out, 2, u64::from(*octet));
        }
    }

    /// Appends bytes, with backslashes under `E` (RFC 5424, section 6.3.3).
    fn escaped(&mut self, value: &[u8]) {
        if !self.flags.escaped {
            self.out.extend_from_slice_copy(value);
            return;
        }
        for &byte in value {
            if is_special(byte) {
                self.out.push(b'\\');
            }
            self.out.push(byte);
        }
    }

    /// Appends bytes of which some become `#XX`, and others get a backslash under `E`.
    fn encoded(&mut self, value: &[u8], set: Escape) {
        if !self.flags.escaped {
            push_escaped(self.out, value, set);
            return;
        }
        for &byte in value {
            if is_special(byte) && byte != b'"' {
                self.out.push(b'\\');
            }
            push_escaped(self.out, &[byte], set);
        }
    }
}

/// Writes the value of an expression, which may be absent.
pub(super) fn push_sample(
    out: &mut ArenaVec<'_, u8>,
    value: Option<&[u8]>,
    flags: Flags,
    purpose: Purpose,
) {
    if purpose == Purpose::Log {
        Field { out, flags }.text(value);
        return;
    }
    // In messages nothing is quoted, and nothing stands for an absent value.
    let value = value.unwrap_or_default();
    if !flags.escaped && !value.iter().any(|&byte| is_control(byte)) {
        out.extend_from_slice_copy(value);
        return;
    }
    for &byte in value {
        if flags.escaped && is_special(byte) {
            out.push(b'\\');
            out.push(byte);
        } else if is_control(byte) {
            out.push(b'%');
            push_hexadecimal(out, 2, u64::from(byte));
        } else {
            out.push(byte);
        }
    }
}

/// Bytes that never stand in a header's value as they are.
const fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

/// What a backslash must precede inside a parameter of structured data.
const fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b']')
}

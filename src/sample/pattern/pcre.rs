//! Regular expressions as people write them for PCRE, in the dialect of the `regex` crate.
//!
//! Called for every pattern of `reg`. Translates what only looks different (bytes outside of
//! ASCII, `\Q..\E`, `\<`, a brace that repeats nothing, brackets within a class) and names
//! what needs backtracking. Whatever else is wrong, the compiler of expressions reports.

use std::fmt::Write;

use super::error::{PatternError, shown};

/// The same expression for the `regex` crate.
///
/// # Errors
/// [`PatternError::Construct`] with the name of what cannot be matched in linear time.
pub(super) fn translate(pattern: &[u8]) -> Result<String, PatternError> {
    let mut translation = Translation {
        rest: pattern,
        out: String::with_capacity(pattern.len()),
    };
    match translation.run() {
        Ok(()) => Ok(translation.out),
        Err(what) => Err(PatternError::Construct {
            pattern: shown(pattern),
            what,
        }),
    }
}

/// The name of a construct that is not supported.
type Unsupported = &'static str;

struct Translation<'a> {
    rest: &'a [u8],
    out: String,
}

impl Translation<'_> {
    fn run(&mut self) -> Result<(), Unsupported> {
        while let Some(byte) = self.take() {
            match byte {
                b'\\' => self.escape(false)?,
                b'[' => self.class()?,
                b'(' => self.group()?,
                b'*' | b'+' | b'?' => {
                    self.out.push(char::from(byte));
                    self.after_repetition()?;
                }
                b'{' => self.brace()?,
                b'}' | b']' => self.literal(byte),
                _ => self.plain(byte),
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// A byte that may stand as it is, or must be spelt because it is not ASCII.
    fn plain(&mut self, byte: u8) {
        if byte.is_ascii() && byte != 0 {
            self.out.push(char::from(byte));
            return;
        }
        // Writing to a string cannot fail.
        let _ = write!(self.out, "\\x{byte:02x}");
    }

    /// A byte that means itself, whatever it would mean to the compiler.
    fn literal(&mut self, byte: u8) {
        if byte.is_ascii_punctuation() && !matches!(byte, b'<' | b'>') {
            self.out.push('\\');
        }
        self.plain(byte);
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), Unsupported> {
        let Some(byte) = self.take() else {
            self.out.push('\\');
            return Ok(());
        };
        match byte {
            b'Q' => self.quoted(),
            b'E' => {}
            b'e' => self.out.push_str("\\x1b"),
            b'h' if in_class => self.out.push_str(" \\t"),
            b'h' => self.out.push_str("[ \\t]"),
            b'0' => self.octal(),
            b'1'..=b'9' | b'k' | b'g' if !in_class => return Err("a back-reference"),
            b'K' if !in_class => return Err("\\K"),
            b'G' if !in_class => return Err("\\G"),
            b'X' | b'C' if !in_class => return Err("matching a character of several bytes"),
            b'R' if !in_class => self.out.push_str("(?:\\r\\n|[\\n\\x0b\\f\\r])"),
            b'N' if !in_class => self.out.push_str("[^\\n]"),
            b'Z' if !in_class => self.out.push_str("(?:\\n?\\z)"),
            _ if byte.is_ascii_alphanumeric() => {
                self.out.push('\\');
                self.plain(byte);
            }
            _ => self.literal(byte),
        }
        Ok(())
    }

    /// Everything up to `\E` means itself.
    fn quoted(&mut self) {
        while !self.rest.is_empty() && !self.rest.starts_with(b"\\E") {
            if let Some(byte) = self.take() {
                self.literal(byte);
            }
        }
        self.rest = self.rest.get(2..).unwrap_or_default();
    }

    /// A zero and up to two more octal digits.
    fn octal(&mut self) {
        let mut value = 0_u8;
        for _ in 0..2 {
            let Some(digit @ b'0'..=b'7') = self.rest.first().copied() else {
                break;
            };
            value = (value << 3) | (digit - b'0');
            self.take();
        }
        let _ = write!(self.out, "\\x{value:02x}");
    }

    /// A class: only a named class may begin with a bracket inside, all else is literal.
    fn class(&mut self) -> Result<(), Unsupported> {
        self.out.push('[');
        if self.rest.first() == Some(&b'^') {
            self.take();
            self.out.push('^');
        }
        if self.rest.first() == Some(&b']') {
            self.take();
            self.out.push_str("\\]");
        }
        while let Some(byte) = self.take() {
            match byte {
                b']' => {
                    self.out.push(']');
                    return Ok(());
                }
                b'\\' => self.escape(true)?,
                b'[' if self.rest.starts_with(b":") => self.named_class(),
                b'[' | b'&' | b'~' => self.literal(byte),
                b'-' if self.rest.starts_with(b"-") => self.literal(byte),
                _ => self.plain(byte),
            }
        }
        Ok(())
    }

    /// `[:name:]`, of which the opening bracket was taken.
    fn named_class(&mut self) {
        let Some(end) = memchr::memmem::find(self.rest, b":]") else {
            return self.literal(b'[');
        };
        let (name, rest) = self.rest.split_at_checked(end + 2).unwrap_or_default();
        self.out.push('[');
        for byte in name {
            self.plain(*byte);
        }
        self.rest = rest;
    }

    /// What follows an opening parenthesis.
    fn group(&mut self) -> Result<(), Unsupported> {
        for (start, what) in UNSUPPORTED_GROUPS {
            if self.rest.starts_with(start) {
                return Err(what);
            }
        }
        if self.rest.starts_with(b"?#") {
            let end = memchr::memchr(b')', self.rest).map_or(self.rest.len(), |at| at + 1);
            self.rest = self.rest.get(end..).unwrap_or_default();
            return Ok(());
        }
        self.out.push('(');
        if self.rest.starts_with(b"?'") {
            return self.quoted_name();
        }
        if self.rest.first() == Some(&b'?') {
            self.take();
            self.out.push('?');
            if self
                .rest
                .first()
                .is_some_and(|byte| matches!(byte, b'R' | b'0'..=b'9' | b'&'))
            {
                return Err("a recursion");
            }
        }
        Ok(())
    }

    /// `?'name'`, which is `?<name>`.
    fn quoted_name(&mut self) -> Result<(), Unsupported> {
        let name = self.rest.get(2..).unwrap_or_default();
        let end = memchr::memchr(b'\'', name).ok_or("a group name without its end")?;
        let (name, rest) = name.split_at_checked(end).unwrap_or_default();
        self.out.push_str("?<");
        for byte in name {
            self.plain(*byte);
        }
        self.out.push('>');
        self.rest = rest.get(1..).unwrap_or_default();
        Ok(())
    }

    /// A brace repeats only as `{n}`, `{n,}` or `{n,m}`; else it means itself.
    fn brace(&mut self) -> Result<(), Unsupported> {
        let Some(length) = repetition_length(self.rest) else {
            self.literal(b'{');
            return Ok(());
        };
        self.out.push('{');
        for _ in 0..length {
            if let Some(byte) = self.take() {
                self.plain(byte);
            }
        }
        self.after_repetition()
    }

    /// After a repetition, a plus makes it possessive and a question mark lazy.
    fn after_repetition(&mut self) -> Result<(), Unsupported> {
        match self.rest.first() {
            Some(b'+') => Err("a possessive repetition"),
            Some(b'?') => {
                self.take();
                self.out.push('?');
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Length of `n}`, `n,}` or `n,m}` at the beginning.
fn repetition_length(rest: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b'}', rest)?;
    let inner = rest.get(..end)?;
    let (low, high) = match memchr::memchr(b',', inner) {
        Some(comma) => (inner.get(..comma)?, inner.get(comma + 1..)?),
        None => (inner, &b""[..]),
    };
    let is_number = |text: &[u8]| text.iter().all(u8::is_ascii_digit);
    (!low.is_empty() && is_number(low) && is_number(high)).then_some(end + 1)
}

/// How groups begin that need backtracking, behind the parenthesis.
const UNSUPPORTED_GROUPS: [(&[u8], Unsupported); 10] = [
    (b"?=", "a look-ahead"),
    (b"?!", "a look-ahead"),
    (b"?<=", "a look-behind"),
    (b"?<!", "a look-behind"),
    (b"?>", "an atomic group"),
    (b"?|", "a branch reset"),
    (b"?(", "a condition"),
    (b"?P=", "a back-reference"),
    (b"?P>", "a recursion"),
    (b"*", "a verb"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    fn is_match(pattern: &str, text: &[u8]) -> bool {
        let translated = translate(pattern.as_bytes()).unwrap();
        let mut builder = RegexBuilder::new(&translated);
        builder.unicode(false).build().unwrap().is_match(text)
    }

    #[test]
    fn what_only_looks_different_is_translated() {
        assert!(is_match("^\\Qa.b[\\E+$", b"a.b[["));
        assert!(is_match("\\<script\\>", b"<script>"));
        assert!(is_match("^/api/{id}/x{,2}$", b"/api/{id}/x{,2}"));
        assert!(is_match("^[[&&~~a--z]+$", b"[&~a-z"));
        assert!(is_match("^[]a]+$", b"]a"));
        assert!(is_match("^[^]]$", b"a"));
        assert!(is_match("^[[:alpha:][:digit:]]+$", b"a1"));
        assert!(is_match("^\\/a\\-b\\_\\\"\\h$", b"/a-b_\" "));
        assert!(is_match("^(?'n'a)(?#note)b$", b"ab"));
        assert!(is_match("^[\u{e9}]$", b"\xa9"));
        assert!(is_match("\\.(png|jpe?g)$", b"/x.jpg"));
        assert!(is_match("^\\012$", b"\n") && is_match("^\\x41\\e$", b"A\x1b"));
        assert!(is_match("a]b}", b"a]b}"));
        assert!(is_match("^a{2,3}?$", b"aa"));
    }

    #[test]
    fn what_needs_backtracking_is_named() {
        for (pattern, what) in [
            ("a(?=b)", "a look-ahead"),
            ("(?<!a)b", "a look-behind"),
            ("(a)\\1", "a back-reference"),
            ("(?<n>a)\\k<n>", "a back-reference"),
            ("a++", "a possessive repetition"),
            ("a{2}+", "a possessive repetition"),
            ("(?>a)", "an atomic group"),
            ("(?R)", "a recursion"),
        ] {
            let text = translate(pattern.as_bytes()).unwrap_err().to_string();
            assert!(text.contains(what), "{pattern}: {text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_translate_or_are_refused(pattern: Vec<u8>) {
            if let Ok(text) = translate(&pattern) {
                prop_assert!(text.is_ascii());
            }
        }
    }
}

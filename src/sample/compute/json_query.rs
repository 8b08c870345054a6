//! One value out of a JSON document: the converter `json_query`.
//!
//! Owns a scanner (RFC 8259) that walks to the place of a path and copies nothing on its way;
//! called by the converter table, on the parts of tokens too.
//! Paths are `$`, `.key`, `['key']` and `[index]`; a backslash takes the next byte of a key
//! as it is. Of equal keys the first counts.
//! Invariant: one pass, no recursion; nesting deeper than [`DEPTH_MAX`] finds nothing.

/// What stands at the place of a path, as slices of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonValue<'a> {
    /// The inside of a string, escapes and all: [`push_string`] decodes it.
    String(&'a [u8]),
    /// A number as it is written: the reference hands one on as a text.
    Number(&'a [u8]),
    /// `true` or `false`.
    Boolean(bool),
    /// `null`, for which the converter fails.
    Null,
    /// An array or an object, with its brackets; 2.6 fails, 2.8 hands on the text.
    Composite(&'a [u8]),
}

impl JsonValue<'_> {
    /// The value under the output type `int`: numbers, texts that begin with one, and
    /// booleans. `None` when there is no number or it does not fit.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(text) | Self::String(text) => leading_integer(text),
            Self::Boolean(value) => Some(i64::from(*value)),
            Self::Null | Self::Composite(_) => None,
        }
    }
}

/// The value at `path` in `document`; `None` when there is none, or the document is broken on
/// the way to it.
pub fn json_query<'a>(document: &'a [u8], path: &[u8]) -> Option<JsonValue<'a>> {
    let mut path = path.strip_prefix(b"$")?;
    let mut scanner = Scanner { rest: document };
    while let Some((step, rest)) = next_step(path)? {
        path = rest;
        match step {
            Step::Key(key) => scanner.enter_object(key)?,
            Step::Index(index) => scanner.enter_array(index)?,
        }
    }
    scanner.value()
}

/// Whether `path` can be read at all: checked when the configuration is.
pub fn is_valid_path(path: &[u8]) -> bool {
    let Some(mut path) = path.strip_prefix(b"$") else {
        return false;
    };
    loop {
        match next_step(path) {
            Some(Some((_, rest))) => path = rest,
            Some(None) => return true,
            None => return false,
        }
    }
}

/// Appends the text that `inside`, the inside of a JSON string, stands for, in UTF-8. False,
/// with `out` as it was, for a broken escape or half a surrogate pair.
#[must_use]
pub fn push_string(inside: &[u8], out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let mut rest = inside;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (plain, escape) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some(after) = push_escape(escape.get(1..).unwrap_or_default(), out) else {
            out.truncate(start);
            return false;
        };
        rest = after;
    }
    out.extend_from_slice(rest);
    true
}

enum Step<'a> {
    Key(&'a [u8]),
    Index(usize),
}

/// The first step of a path and the rest of the path; `Some(None)` at its end, `None` when it
/// cannot be read.
fn next_step(path: &[u8]) -> Option<Option<(Step<'_>, &[u8])>> {
    match path {
        [] => Some(None),
        [b'.', rest @ ..] => {
            let end = end_of_key(rest);
            let (key, rest) = rest.split_at(end);
            (!key.is_empty()).then_some(Some((Step::Key(key), rest)))
        }
        [b'[', quote @ (b'\'' | b'"'), rest @ ..] => {
            let end = memchr::memchr(*quote, rest)?;
            let (key, rest) = rest.split_at(end);
            let rest = rest.get(1..)?.strip_prefix(b"]")?;
            Some(Some((Step::Key(key), rest)))
        }
        [b'[', rest @ ..] => {
            let end = memchr::memchr(b']', rest)?;
            let (digits, rest) = rest.split_at(end);
            let digits = std::str::from_utf8(digits).ok()?;
            let index = digits.parse().ok()?;
            Some(Some((Step::Index(index), rest.get(1..)?)))
        }
        _ => None,
    }
}

fn end_of_key(path: &[u8]) -> usize {
    let mut is_escaped = false;
    let end = path.iter().position(|&byte| {
        let ends = !is_escaped && matches!(byte, b'.' | b'[');
        is_escaped = !is_escaped && byte == b'\\';
        ends
    });
    end.unwrap_or(path.len())
}

/// Whether the inside of a document's key is what a step asks for: equal as written, or once
/// the path's backslashes are taken away.
fn is_key(found: &[u8], wanted: &[u8]) -> bool {
    if found == wanted {
        return true;
    }
    let mut found = found.iter();
    let mut is_escaped = false;
    for byte in wanted {
        if *byte == b'\\' && !is_escaped {
            is_escaped = true;
            continue;
        }
        is_escaped = false;
        if found.next() != Some(byte) {
            return false;
        }
    }
    found.next().is_none()
}

/// What of a document is not read yet.
struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// Goes to the value of `key` in the object that begins here.
    fn enter_object(&mut self, key: &[u8]) -> Option<()> {
        self.pass(b'{')?;
        loop {
            self.skip_blanks();
            let found = self.string()?;
            self.pass(b':')?;
            if is_key(found, key) {
                return Some(());
            }
            self.value()?;
            self.pass(b',')?;
        }
    }

    /// Goes to the value number `index` of the array that begins here.
    fn enter_array(&mut self, index: usize) -> Option<()> {
        self.pass(b'[')?;
        for _ in 0..index {
            self.value()?;
            self.pass(b',')?;
        }
        self.skip_blanks();
        (self.rest.first() != Some(&b']')).then_some(())
    }

    /// Reads one value, whatever it is.
    fn value(&mut self) -> Option<JsonValue<'a>> {
        self.skip_blanks();
        match self.rest.first()? {
            b'"' => Some(JsonValue::String(self.string()?)),
            b'{' | b'[' => Some(JsonValue::Composite(self.composite()?)),
            b't' => self.literal(b"true", JsonValue::Boolean(true)),
            b'f' => self.literal(b"false", JsonValue::Boolean(false)),
            b'n' => self.literal(b"null", JsonValue::Null),
            b'-' | b'0'..=b'9' => {
                let is_part =
                    |b: &u8| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E');
                let length = self.rest.iter().take_while(|b| is_part(b)).count();
                Some(JsonValue::Number(self.take(length)?))
            }
            _ => None,
        }
    }

    /// An array or an object with all that it holds. Brackets are counted, by kind; commas and
    /// colons are not looked at, since nothing of it is taken apart.
    fn composite(&mut self) -> Option<&'a [u8]> {
        let start = self.rest;
        let mut kinds = 0_u64; // one bit for each open bracket: 1 for an object
        let mut depth = 0;
        loop {
            let byte = *self.rest.first()?;
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => {
                    depth += 1;
                    kinds = kinds << 1 | u64::from(byte == b'{');
                    if depth > DEPTH_MAX {
                        return None;
                    }
                }
                b'}' | b']' => {
                    if (kinds & 1 == 1) != (byte == b'}') {
                        return None;
                    }
                    depth -= 1;
                    kinds >>= 1;
                }
                _ => {}
            }
            self.take(1)?;
            if depth == 0 {
                return start.get(..start.len() - self.rest.len());
            }
        }
    }

    /// The inside of a string.
    fn string(&mut self) -> Option<&'a [u8]> {
        let inside = self.rest.strip_prefix(b"\"")?;
        let mut end = 0;
        loop {
            let tail = inside.get(end..)?;
            end += memchr::memchr2(b'"', b'\\', tail)?;
            if inside.get(end) == Some(&b'"') {
                break;
            }
            end += 2;
        }
        self.rest = inside.get(end + 1..)?;
        inside.get(..end)
    }

    fn literal(&mut self, word: &[u8], value: JsonValue<'a>) -> Option<JsonValue<'a>> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(value)
    }

    fn pass(&mut self, byte: u8) -> Option<()> {
        self.skip_blanks();
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    fn skip_blanks(&mut self) {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
        let count = self.rest.iter().take_while(|byte| is_blank(byte)).count();
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

/// Appends the character of an escape, given without its backslash; what follows it.
fn push_escape<'a>(escape: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&letter, rest) = escape.split_first()?;
    let byte = match letter {
        b'"' | b'\\' | b'/' => letter,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => return push_unicode(rest, out),
        _ => return None,
    };
    out.push(byte);
    Some(rest)
}

fn push_unicode<'a>(digits: &'a [u8], out: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (unit, mut rest) = four_digits(digits)?;
    let mut units = [unit, 0];
    let mut count = 1;
    if (0xd800..0xdc00).contains(&unit) {
        let (low, after) = four_digits(rest.strip_prefix(b"\\u")?)?;
        units = [unit, low];
        count = 2;
        rest = after;
    }
    let units = units.into_iter().take(count);
    for character in char::decode_utf16(units) {
        let mut room = [0; 4];
        let text = character.ok()?.encode_utf8(&mut room);
        out.extend_from_slice(text.as_bytes());
    }
    Some(rest)
}

fn four_digits(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let unit = digits.iter().try_fold(0_u16, |unit, &digit| {
        Some(unit << 4 | u16::from(crate::http::uri::parameters::hex_digit(digit)?))
    })?;
    Some((unit, rest))
}

/// The number at the beginning of a text, as strtoll(3) reads it.
fn leading_integer(text: &[u8]) -> Option<i64> {
    let digits_at = usize::from(text.first() == Some(&b'-'));
    let digits = text.get(digits_at..)?;
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let number = text.get(..digits_at + count)?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

/// Brackets that may stand open at once in what is passed over.
const DEPTH_MAX: u32 = 63;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn query<'a>(document: &'a str, path: &str) -> Option<JsonValue<'a>> {
        json_query(document.as_bytes(), path.as_bytes())
    }

    fn integer(document: &str, path: &str) -> Option<i64> {
        query(document, path)?.integer()
    }

    #[test]
    fn integers_as_the_reference_reads_them() {
        assert_eq!(integer(r#"{"a":4}"#, "$.a"), Some(4));
        assert_eq!(integer(r#"{"a":4.5}"#, "$.a"), Some(4));
        assert_eq!(integer(r#"{"a":"4"}"#, "$.a"), Some(4));
        assert_eq!(integer(r#"{"a":true}"#, "$.a"), Some(1));
        assert_eq!(integer(r#"{"a":-5}"#, "$.a"), Some(-5));
        assert_eq!(integer(r#"{"a":99999999999999999999}"#, "$.a"), None);
        assert_eq!(integer(r#"{"a":1,"a":2}"#, "$.a"), Some(1));
        assert_eq!(integer(r#"{"b":{"a":1},"a":2}"#, "$.a"), Some(2));
        assert_eq!(integer("[5, 6]", "$[1]"), Some(6));
        assert_eq!(integer("7", "$"), Some(7));
    }

    #[test]
    fn paths_lead_into_arrays_and_objects() {
        let document = r#"{"a" : [1, "2}", {"b": [3]} ], "x.y": "z", "s": "]\"[" }"#;
        assert_eq!(
            query(document, "$.a[2].b[0]"),
            Some(JsonValue::Number(b"3"))
        );
        assert_eq!(
            query(document, "$.a[2]"),
            Some(JsonValue::Composite(br#"{"b": [3]}"#))
        );
        assert_eq!(query(document, r"$.x\.y"), Some(JsonValue::String(b"z")));
        assert_eq!(query(document, "$['x.y']"), Some(JsonValue::String(b"z")));
        assert_eq!(query(document, "$.s"), Some(JsonValue::String(br#"]\"["#)));
        for path in [
            "$.a[3]", "$.b", "$.a.b", "$[0]", "a", "$a", "$.", "$[", "$[x]",
        ] {
            assert_eq!(query(document, path), None, "{path}");
        }
        assert!(is_valid_path(b"$.a[0]['b c'].d") && !is_valid_path(b"$.a["));
        assert_eq!(query("[]", "$[0]"), None);
    }

    #[test]
    fn strings_are_decoded() {
        let decoded = |inside: &str| {
            let mut out = Vec::new();
            push_string(inside.as_bytes(), &mut out).then_some(out)
        };
        assert_eq!(
            decoded(r#"x\u0041\u00e9\n\"y\/"#).unwrap(),
            "xA\u{e9}\n\"y/".as_bytes()
        );
        assert_eq!(decoded(r"\ud83d\ude00").unwrap(), "\u{1f600}".as_bytes());
        for broken in [r"\ud83d", r"\ude00", r"\u12", r"\x", "\\"] {
            assert_eq!(decoded(broken), None, "{broken}");
        }
    }

    #[test]
    fn deep_and_broken_documents_find_nothing() {
        let deep = format!(r#"{{"a":{}, "b":1}}"#, "[".repeat(10_000));
        assert_eq!(query(&deep, "$.b"), None);
        for broken in [
            r#"{"a" 1}"#,
            r#"{"b":[}],"a":1}"#,
            r#"{"b":tru,"a":1}"#,
            r#"{"b":"\"#,
            "{",
        ] {
            assert_eq!(query(broken, "$.a"), None, "{broken}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            document in "[\\[\\]{}\":,a0\\\\ ]{0,30}",
            path in "[$.\\[\\]a0'\\\\]{0,8}",
        ) {
            let _ = query(&document, &path);
            let _ = query(&document, "$.a[0].a");
        }

        #[test]
        fn a_string_that_was_escaped_is_found_again(text in "\\PC{0,20}") {
            let document = serde_json::json!({ "x": [null, {"k": text}] }).to_string();
            let Some(JsonValue::String(inside)) = query(&document, "$.x[1].k") else {
                return Err(TestCaseError::fail(document));
            };
            let mut out = Vec::new();
            prop_assert!(push_string(inside, &mut out));
            prop_assert_eq!(out, text.into_bytes());
        }
    }
}

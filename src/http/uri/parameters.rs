//! Parameters of a query string or of an urlencoded body, and percent decoding.
//!
//! Called by the fetches `url_param`, `urlp`, `req.body_param`, the converters `url_dec` and
//! `param`, and `balance url_param`. Pure: values are sub-slices, still encoded.
//! Invariant: one pass over the list for one parameter, whatever the bytes.

/// The parameters of one list, in its order; pieces without `=` have no value.
#[derive(Clone, Debug)]
pub struct Parameters<'a> {
    rest: Option<&'a [u8]>,
    delimiters: [u8; 3],
}

impl<'a> Parameters<'a> {
    /// Parameters divided by `&`, by `;` and by `delimiter` (fetch `url_param`: `?` stands
    /// for the query string, any other byte such as `;` for parameters in the path).
    pub fn of_url(list: &'a [u8], delimiter: u8) -> Self {
        Self {
            rest: Some(list),
            delimiters: [b'&', b';', delimiter],
        }
    }

    /// Parameters of a body `application/x-www-form-urlencoded` (fetch `req.body_param`).
    pub fn of_body(body: &'a [u8]) -> Self {
        Self::of_url(body, b'&')
    }

    /// Parameters divided by `delimiter` alone (converter `param`).
    pub fn divided_by(list: &'a [u8], delimiter: u8) -> Self {
        Self {
            rest: Some(list),
            delimiters: [delimiter; 3],
        }
    }

    /// What of the list was not given yet; `None` at its end.
    pub const fn rest(&self) -> Option<&'a [u8]> {
        self.rest
    }

    /// The value of the first parameter `name`, compared byte by byte or, with
    /// `ignore_case`, without ASCII case. A parameter without `=` does not count.
    pub fn value(self, name: &[u8], ignore_case: bool) -> Option<&'a [u8]> {
        self.values(name, ignore_case).next()
    }

    /// The values of all parameters `name`, in their order.
    pub fn values(
        self,
        name: &[u8],
        ignore_case: bool,
    ) -> impl Iterator<Item = &'a [u8]> + use<'a, '_> {
        self.filter(move |(found, _)| match ignore_case {
            true => found.eq_ignore_ascii_case(name),
            false => *found == name,
        })
        .filter_map(|(_, value)| value)
    }
}

impl<'a> Iterator for Parameters<'a> {
    /// Name and value.
    type Item = (&'a [u8], Option<&'a [u8]>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest?;
        let [first, second, third] = self.delimiters;
        let piece = match memchr::memchr3(first, second, third, rest) {
            Some(at) => {
                let (piece, after) = rest.split_at(at);
                self.rest = after.get(1..);
                piece
            }
            None => {
                self.rest = None;
                rest
            }
        };
        match memchr::memchr(b'=', piece) {
            Some(at) => {
                let (name, value) = piece.split_at(at);
                Some((name, value.get(1..)))
            }
            None => Some((piece, None)),
        }
    }
}

/// The list of parameters of a URI: what follows the first `delimiter`, `?` as a rule
/// (second argument of `url_param`).
pub fn parameter_list(uri: &[u8], delimiter: u8) -> Option<&[u8]> {
    memchr::memchr(delimiter, uri).and_then(|at| uri.get(at + 1..))
}

/// The converter `param(name,delimiter)`: the first parameter `name`; without `=` its value
/// is empty.
pub fn param<'a>(list: &'a [u8], name: &[u8], delimiter: u8) -> Option<&'a [u8]> {
    Parameters::divided_by(list, delimiter)
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.unwrap_or_default())
}

/// Appends the percent-decoded form of `text` (converter `url_dec`). `+` becomes a blank
/// after the first `?`, or everywhere when `in_form`.
///
/// Answers false when a `%` is not followed by two hexadecimal digits: the converter fails,
/// and what was appended is to be dropped.
#[must_use]
pub fn url_decode(text: &[u8], in_form: bool, out: &mut Vec<u8>) -> bool {
    let mut in_form = in_form;
    let mut bytes = text.iter();
    while let Some(&byte) = bytes.next() {
        let decoded = match byte {
            b'+' if in_form => Some(b' '),
            b'%' => match (bytes.next(), bytes.next()) {
                (Some(&high), Some(&low)) => hex_byte(high, low),
                _ => None,
            },
            _ => Some(byte),
        };
        let Some(decoded) = decoded else {
            return false;
        };
        in_form |= byte == b'?';
        out.push(decoded);
    }
    true
}

/// Two hexadecimal digits of any case as one byte.
pub fn hex_byte(high: u8, low: u8) -> Option<u8> {
    Some(hex_digit(high)? << 4 | hex_digit(low)?)
}

/// The value of a hexadecimal digit.
pub fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(text: &str, in_form: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        url_decode(text.as_bytes(), in_form, &mut out).then_some(out)
    }

    #[test]
    fn a_query_is_divided_by_ampersands_and_semicolons() {
        let list = parameter_list(b"/p?a=1&b=2;c;a=3&=x&", b'?').unwrap();
        let value = |name: &str| Parameters::of_url(list, b'?').value(name.as_bytes(), false);
        assert_eq!(value("a"), Some(&b"1"[..]));
        assert_eq!(value("b"), Some(&b"2"[..]));
        assert_eq!(value("c"), None);
        assert_eq!(value("A"), None);
        assert_eq!(value(""), Some(&b"x"[..]));
        let all = Parameters::of_url(list, b'?').values(b"A", true);
        assert_eq!(all.collect::<Vec<_>>(), [b"1", b"3"]);
    }

    #[test]
    fn parameters_of_the_path_have_their_own_delimiter() {
        let list = parameter_list(b"/p;id=7;x=8", b';').unwrap();
        assert_eq!(
            Parameters::of_url(list, b';').value(b"x", false),
            Some(&b"8"[..])
        );
        assert_eq!(parameter_list(b"/p", b';'), None);
    }

    #[test]
    fn param_takes_a_lone_name_as_empty() {
        assert_eq!(param(b"a=b&c=d&e", b"e", b'&'), Some(&b""[..]));
        assert_eq!(param(b"a=b&c=d&e", b"c", b'&'), Some(&b"d"[..]));
        assert_eq!(param(b"a=b;c=d&e", b"c", b';'), Some(&b"d&e"[..]));
        assert_eq!(param(b"a=b", b"x", b'&'), None);
    }

    #[test]
    fn a_plus_is_a_blank_in_a_form_or_after_a_question_mark() {
        assert_eq!(decoded("a+b%20c?d+e%20", false).unwrap(), b"a+b c?d e ");
        assert_eq!(decoded("a+b%20c?d+e", true).unwrap(), b"a b c?d e");
        assert_eq!(decoded("a%00c", false).unwrap(), b"a\0c");
        assert_eq!(decoded("a%zz", true), None);
        assert_eq!(decoded("a%4", false), None);
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let encoded: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(decoded(&encoded, true).unwrap(), bytes);
        }

        #[test]
        fn pieces_cover_the_list(list in "[ab=&;]{0,30}") {
            let count = Parameters::of_url(list.as_bytes(), b'&').count();
            prop_assert_eq!(count, list.matches(['&', ';']).count() + 1);
        }
    }
}

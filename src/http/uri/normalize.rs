//! The normalizers of `http-request normalize-uri` (manual 2.6, RFC 3986 section 6.2.2).
//!
//! Pure functions: each takes path, query and fragment of a URI (the second half of
//! [`super::split_at_path`]) and appends the normalized form to `out`. Called by the action.
//! Invariant: the output never grows beyond three times the input (fragment-encode), one pass
//! over the bytes, except for the sort of the query.

use std::ops::Range;

/// The normalizers by the names of the manual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalizer {
    /// `fragment-encode`: `#` becomes `%23`.
    FragmentEncode,
    /// `fragment-strip`: the fragment goes.
    FragmentStrip,
    /// `path-merge-slashes`: neighbouring slashes of the path become one.
    PathMergeSlashes,
    /// `path-strip-dot`: segments `.` of the path go.
    PathStripDot,
    /// `path-strip-dotdot`: segments `..` take away the one before; `full` drops those at
    /// the beginning, which have none.
    PathStripDotdot {
        /// The word `full`.
        full: bool,
    },
    /// `percent-decode-unreserved`: `%61` becomes `a`.
    PercentDecodeUnreserved {
        /// The word `strict`: an invalid sequence is an error.
        strict: bool,
    },
    /// `percent-to-uppercase`: `%6f` becomes `%6F`.
    PercentToUppercase {
        /// The word `strict`: an invalid sequence is an error.
        strict: bool,
    },
    /// `query-sort-by-name`: parameters in the order of their names.
    QuerySortByName,
}

/// A percent sign without two hexadecimal digits behind it, where `strict` asked for them: the
/// request is answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPercentEncoding;

impl Normalizer {
    /// Appends the normalized form of `path` (which holds query and fragment too) to `out`.
    /// `order` is scratch memory for the sort.
    ///
    /// # Errors
    /// [`InvalidPercentEncoding`] in strict mode; `out` holds half a path then.
    pub fn apply(
        self,
        path: &[u8],
        out: &mut Vec<u8>,
        order: &mut Vec<Range<usize>>,
    ) -> Result<(), InvalidPercentEncoding> {
        match self {
            Self::FragmentEncode => fragment_encode(path, out),
            Self::FragmentStrip => fragment_strip(path, out),
            Self::PathMergeSlashes => path_merge_slashes(path, out),
            Self::PathStripDot => path_strip_dot(path, out),
            Self::PathStripDotdot { full } => path_strip_dotdot(path, full, out),
            Self::PercentDecodeUnreserved { strict } => {
                return percent_decode_unreserved(path, strict, out);
            }
            Self::PercentToUppercase { strict } => return percent_to_uppercase(path, strict, out),
            Self::QuerySortByName => query_sort_by_name(path, out, order),
        }
        Ok(())
    }
}

/// `/#foo` becomes `/%23foo`.
pub fn fragment_encode(path: &[u8], out: &mut Vec<u8>) {
    for &byte in path {
        match byte {
            b'#' => out.extend_from_slice(b"%23"),
            _ => out.push(byte),
        }
    }
}

/// `/#foo` becomes `/`.
pub fn fragment_strip(path: &[u8], out: &mut Vec<u8>) {
    let end = memchr::memchr(b'#', path).unwrap_or(path.len());
    out.extend_from_slice(path.get(..end).unwrap_or(path));
}

/// `/foo//bar` becomes `/foo/bar`; the query stays.
pub fn path_merge_slashes(path: &[u8], out: &mut Vec<u8>) {
    let (path, query) = split_query(path);
    let mut after_slash = false;
    for &byte in path {
        if byte != b'/' || !after_slash {
            out.push(byte);
        }
        after_slash = byte == b'/';
    }
    out.extend_from_slice(query);
}

/// `/a/./b` becomes `/a/b`; the query stays.
pub fn path_strip_dot(path: &[u8], out: &mut Vec<u8>) {
    let (path, query) = split_query(path);
    if let Some(relative) = path.strip_prefix(b"/") {
        out.push(b'/');
        for segment in relative.split_inclusive(|&byte| byte == b'/') {
            if !matches!(segment, b"." | b"./") {
                out.extend_from_slice(segment);
            }
        }
    } else {
        out.extend_from_slice(path);
    }
    out.extend_from_slice(query);
}

/// `/foo/../bar` becomes `/bar`, and with `full` `/../bar` too; the query stays.
pub fn path_strip_dotdot(path: &[u8], full: bool, out: &mut Vec<u8>) {
    let (path, query) = split_query(path);
    let Some(relative) = path.strip_prefix(b"/") else {
        out.extend_from_slice(path);
        out.extend_from_slice(query);
        return;
    };
    out.push(b'/');
    let mut floor = out.len(); // below stand the slash and the `../` that found no parent
    for segment in relative.split_inclusive(|&byte| byte == b'/') {
        if !matches!(segment, b".." | b"../") {
            out.extend_from_slice(segment);
            continue;
        }
        if out.len() > floor {
            let parents = out.get(floor..out.len() - 1).unwrap_or_default();
            let kept = memchr::memrchr(b'/', parents).map_or(0, |at| at + 1);
            out.truncate(floor + kept);
        } else if !full {
            out.extend_from_slice(b"../");
            floor = out.len();
        }
    }
    out.extend_from_slice(query);
}

/// `/%61dmin` becomes `/admin`: letters, digits and `-._~` only (RFC 3986, section 2.3).
///
/// # Errors
/// [`InvalidPercentEncoding`] when `strict`.
pub fn percent_decode_unreserved(
    path: &[u8],
    strict: bool,
    out: &mut Vec<u8>,
) -> Result<(), InvalidPercentEncoding> {
    each_percent(path, strict, out, |out, digits, byte| {
        if is_unreserved(byte) {
            return out.push(byte);
        }
        out.push(b'%');
        out.extend_from_slice(&digits);
    })
}

/// `/%6f` becomes `/%6F`.
///
/// # Errors
/// [`InvalidPercentEncoding`] when `strict`.
pub fn percent_to_uppercase(
    path: &[u8],
    strict: bool,
    out: &mut Vec<u8>,
) -> Result<(), InvalidPercentEncoding> {
    each_percent(path, strict, out, |out, digits, _| {
        out.push(b'%');
        out.extend_from_slice(&digits.map(|digit| digit.to_ascii_uppercase()));
    })
}

/// `/?c=3&a=1&b=2` becomes `/?a=1&b=2&c=3`; equal names keep their order. `order` is scratch
/// memory: what it held goes, what it allocated stays for the next call.
pub fn query_sort_by_name(path: &[u8], out: &mut Vec<u8>, order: &mut Vec<Range<usize>>) {
    let (before, query) = split_query(path);
    out.extend_from_slice(before);
    let Some(list) = query.strip_prefix(b"?") else {
        return;
    };
    out.push(b'?');
    order.clear();
    let mut start = 0;
    for piece in list.split_inclusive(|&byte| byte == b'&') {
        let end = start + piece.len();
        let is_delimited = piece.last() == Some(&b'&');
        order.push(start..end - usize::from(is_delimited));
        start = end;
    }
    let name = |range: &Range<usize>| {
        let parameter = list.get(range.clone()).unwrap_or_default();
        let end = memchr::memchr(b'=', parameter).unwrap_or(parameter.len());
        parameter.get(..end).unwrap_or_default()
    };
    // The place breaks ties, so that the sort that allocates nothing keeps their order.
    order.sort_unstable_by(|a, b| name(a).cmp(name(b)).then(a.start.cmp(&b.start)));
    for (index, range) in order.drain(..).enumerate() {
        if index > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(list.get(range).unwrap_or_default());
    }
}

/// Copies `path`, handing each valid `%xx` to `sequence` with its digits and its value.
fn each_percent(
    path: &[u8],
    strict: bool,
    out: &mut Vec<u8>,
    mut sequence: impl FnMut(&mut Vec<u8>, [u8; 2], u8),
) -> Result<(), InvalidPercentEncoding> {
    let mut rest = path;
    while let Some(at) = memchr::memchr(b'%', rest) {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        if let [_, high, low, after @ ..] = tail
            && let Some(byte) = super::parameters::hex_byte(*high, *low)
        {
            sequence(out, [*high, *low], byte);
            rest = after;
            continue;
        }
        if strict {
            return Err(InvalidPercentEncoding);
        }
        out.push(b'%');
        rest = tail.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    Ok(())
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// The path, and the query with its question mark. As in 2.6 a fragment counts as part of
/// whichever comes last; `fragment-strip` is meant to run first.
fn split_query(path: &[u8]) -> (&[u8], &[u8]) {
    path.split_at(memchr::memchr(b'?', path).unwrap_or(path.len()))
}

#[cfg(test)]
mod tests;

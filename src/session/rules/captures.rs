//! Memory for the groups of regular expressions, kept from one match to the next.
//!
//! The expressions of rules live as long as the process, so each keeps its own place here: a
//! match allocates on its first use only. Owned by the core, lent to the rules that replace.

use std::collections::HashMap;

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;
use regex::bytes::{CaptureLocations, Regex};

use crate::http::uri::parameters::hex_byte;

/// Places of groups, by expression.
#[derive(Debug, Default)]
pub struct CaptureMemory {
    kept: HashMap<usize, CaptureLocations>,
}

/// What a rule that replaces text works with.
pub(super) struct Scratch<'a, 'c> {
    /// Memory for the new text.
    pub(super) arena: &'a Bump,
    /// Memory for the groups.
    pub(super) captures: &'c mut CaptureMemory,
}

impl<'a> Scratch<'a, '_> {
    /// The template with `\1`, `\x41` and the like filled in; `None` when nothing matches. The
    /// match has not to span the text: what stands around it is dropped, as the manual has it.
    pub(super) fn replaced(
        &mut self,
        regex: &'static Regex,
        old: &[u8],
        template: &[u8],
    ) -> Option<&'a [u8]> {
        let address = std::ptr::from_ref(regex).addr();
        let kept = &mut self.captures.kept;
        let locations = kept
            .entry(address)
            .or_insert_with(|| regex.capture_locations());
        regex.captures_read(locations, old)?;
        let mut out = ArenaVec::with_capacity_in(old.len() + template.len(), self.arena);
        let group = |number| {
            let range = locations.get(number);
            let text = range.and_then(|(from, to)| old.get(from..to));
            text.unwrap_or_default()
        };
        let mut rest = template;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (plain, escape) = rest.split_at(at);
            out.extend_from_slice(plain);
            rest = match escape {
                [_, digit @ b'0'..=b'9', after @ ..] => {
                    out.extend_from_slice(group(usize::from(digit - b'0')));
                    after
                }
                [_, b'x', high, low, after @ ..] if hex_byte(*high, *low).is_some() => {
                    out.extend(hex_byte(*high, *low));
                    after
                }
                [_, other, after @ ..] => {
                    out.push(*other);
                    after
                }
                other => {
                    out.extend_from_slice(other);
                    &[]
                }
            };
        }
        out.extend_from_slice(rest);
        Some(out.into_bump_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(pattern: &str, old: &str, template: &str) -> Option<String> {
        let regex: &'static Regex = Box::leak(Box::new(Regex::new(pattern).unwrap()));
        let (arena, mut captures) = (Bump::new(), CaptureMemory::default());
        let mut scratch = Scratch {
            arena: &arena,
            captures: &mut captures,
        };
        let new = scratch.replaced(regex, old.as_bytes(), template.as_bytes())?;
        Some(String::from_utf8(new.to_vec()).unwrap())
    }

    #[test]
    fn groups_fill_the_template() {
        let new = replaced("^([^ ]*) /a/(.*)", "GET /a/b HTTP/1.1", r"\1 /\2 \\\9\x");
        assert_eq!(new.as_deref(), Some(r"GET /b HTTP/1.1 \x"));
    }

    #[test]
    fn without_a_match_nothing_is_replaced() {
        assert_eq!(replaced("^x", "abc", "y"), None);
    }

    #[test]
    fn a_last_backslash_stays() {
        assert_eq!(replaced("b", "abc", r"y\").as_deref(), Some(r"y\"));
    }
}

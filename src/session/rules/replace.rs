//! Replacing what a regular expression matches (`replace-header` and its relatives).

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use crate::config::model::Replacer;
use crate::http::uri::parameters::hex_byte;

impl Replacer {
    /// The template with its groups filled in; `None` when nothing matches. The match has not
    /// to span the text: what stands around it is dropped, as the manual has it.
    pub(super) fn replaced<'a>(
        &self,
        old: &[u8],
        template: &[u8],
        arena: &'a Bump,
    ) -> Option<&'a [u8]> {
        // Nobody holds the lock while it could be poisoned, and a process has one thread.
        let mut locations = self.locations.try_lock().ok()?;
        self.regex.captures_read(&mut locations, old)?;
        let group = |number| {
            let range = locations.get(number);
            let text = range.and_then(|(start, end)| old.get(start..end));
            text.unwrap_or_default()
        };
        let mut out = ArenaVec::with_capacity_in(old.len() + template.len(), arena);
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

    fn replaced(regex: &str, old: &str, template: &str) -> Option<String> {
        let replacer = Replacer::new(regex::bytes::Regex::new(regex).unwrap());
        let arena = Bump::new();
        let new = replacer.replaced(old.as_bytes(), template.as_bytes(), &arena)?;
        Some(String::from_utf8(new.to_vec()).unwrap())
    }

    #[test]
    fn groups_and_escapes_are_filled_in_and_the_rest_is_dropped() {
        assert_eq!(replaced("b(.)", "abcabd", r"<\1>").unwrap(), "<c>");
        assert_eq!(replaced("(a)|(b)", "b", r"[\1\2\9\0]").unwrap(), "[bb]");
        assert_eq!(replaced("a", "a", r"\x41\\\n\xzz").unwrap(), "A\\nxzz");
        assert_eq!(replaced("a", "a", "x\\").unwrap(), "x\\");
        assert_eq!(replaced("z", "a", "x"), None);
    }
}

//! `h1-case-adjust`: the letters, upper or lower case, in which header names are sent.
//!
//! Built when the configuration is read; the analysers that rewrite a head for a server or a
//! client call [`HeaderCases::apply`] last, where `option h1-case-adjust-bogus-server` or
//! `-client` says so. Only letters change, so that every line stays where it is.

use std::cmp::Ordering;
use std::fmt;

use super::rewrite::Rewriter;

/// Names and how they are spelled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderCases {
    /// The spellings to send, sorted without the case of letters.
    names: Vec<String>,
}

/// Why a pair of names cannot serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseError {
    /// The two are not the same name.
    Differ,
    /// The name has a spelling already.
    Duplicate,
}

impl fmt::Display for CaseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Differ => "<from> and <to> must not differ except the case",
            Self::Duplicate => "duplicate entry",
        })
    }
}

impl HeaderCases {
    /// Adds a spelling.
    ///
    /// # Errors
    /// [`CaseError`]; nothing is added then.
    pub fn add(&mut self, from: &str, to: &str) -> Result<(), CaseError> {
        if !from.eq_ignore_ascii_case(to) {
            return Err(CaseError::Differ);
        }
        match self.position(to.as_bytes()) {
            Ok(_) => Err(CaseError::Duplicate),
            Err(at) => {
                self.names.insert(at, to.to_owned());
                Ok(())
            }
        }
    }

    /// The spelling of a name, if it has one.
    pub fn find(&self, name: &[u8]) -> Option<&str> {
        let at = self.position(name).ok()?;
        self.names.get(at).map(String::as_str)
    }

    /// Respells the header names of a head.
    pub fn apply(&self, message: &mut Rewriter<'_>) {
        if self.names.is_empty() {
            return;
        }
        for index in 0..message.head().count() {
            let spelling = message
                .view()
                .line(index)
                .and_then(|(name, _)| self.find(name));
            if let Some(spelling) = spelling {
                message.respell(index, spelling.as_bytes());
            }
        }
    }

    fn position(&self, name: &[u8]) -> Result<usize, usize> {
        self.names
            .binary_search_by(|known| ordered(known.as_bytes(), name))
    }
}

fn ordered(one: &[u8], other: &[u8]) -> Ordering {
    let one = one.iter().map(u8::to_ascii_lowercase);
    one.cmp(other.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::buffer::Buffer;
    use crate::http::head::Head;
    use crate::http::parse::{Policy, parse_request};

    #[test]
    fn pairs_are_one_name_each_and_given_once() {
        let mut cases = HeaderCases::default();
        assert_eq!(cases.add("b-c", "B-C"), Ok(()));
        assert_eq!(cases.add("a", "A"), Ok(()));
        assert_eq!(cases.add("x", "y"), Err(CaseError::Differ));
        assert_eq!(cases.add("a", "a"), Err(CaseError::Duplicate));
        assert_eq!(cases.find(b"B-c"), Some("B-C"));
        assert_eq!(cases.find(b"b"), None);
    }

    #[test]
    fn names_are_respelled_in_place() {
        let mut cases = HeaderCases::default();
        cases.add("x-name", "X-NAME").unwrap();
        let text = b"GET / HTTP/1.1\r\nx-names: 1\r\nX-Name: 2\r\nhost: h\r\n\r\n";
        let mut buffer = Buffer::new(256);
        buffer.push(text).unwrap();
        let mut head = Head::new();
        parse_request(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
        cases.apply(&mut Rewriter::new(&mut buffer, 0, &mut head));
        assert_eq!(
            buffer.bytes(),
            b"GET / HTTP/1.1\r\nx-names: 1\r\nX-NAME: 2\r\nhost: h\r\n\r\n"
        );
    }
}

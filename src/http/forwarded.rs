//! The headers that tell a server who its client really is: X-Forwarded-For and
//! X-Original-To.
//!
//! Called by the analyser that makes a request ready for its server. Which proxy's options
//! count and whether `except` spares the address is decided by the caller. The address is
//! always appended as a line of its own behind all others, never joined to one the client
//! sent.

use std::fmt::Write;
use std::net::IpAddr;

use super::rewrite::{RewriteError, Rewriter};

/// Name of the header of `option forwardfor`, unless `header` names another.
pub const FORWARDED_FOR: &[u8] = b"X-Forwarded-For";
/// Name of the header of `option originalto`, unless `header` names another.
pub const ORIGINAL_TO: &[u8] = b"X-Original-To";

/// Appends header `name` with `address`; with `if_none` only when no such header is there.
///
/// # Errors
/// [`RewriteError`] when the line does not fit or the name is no header name.
pub fn add_address(
    message: &mut Rewriter<'_>,
    name: &[u8],
    address: IpAddr,
    if_none: bool,
) -> Result<(), RewriteError> {
    if if_none && message.view().find_name(name, 0).is_some() {
        return Ok(());
    }
    let mut text = AddressText::default();
    // The longest address fits; a failed write would leave a shorter text behind.
    write!(text, "{address}").map_err(|_| RewriteError::NoRoom)?;
    message.add(name, text.bytes.get(..text.len).unwrap_or_default())
}

/// Room for the longest IPv6 address, IPv4-mapped form included.
struct AddressText {
    bytes: [u8; 45],
    len: usize,
}

impl Default for AddressText {
    fn default() -> Self {
        Self {
            bytes: [0; 45],
            len: 0,
        }
    }
}

impl Write for AddressText {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        let end = self.len + part.len();
        let target = self.bytes.get_mut(self.len..end);
        target
            .ok_or(std::fmt::Error)?
            .copy_from_slice(part.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::buffer::Buffer;
    use crate::http::head::Head;
    use crate::http::parse::{Policy, parse_request};

    fn add(lines: &str, name: &[u8], address: &str, if_none: bool) -> String {
        let text = format!("GET / HTTP/1.1\r\n{lines}\r\n");
        let mut buffer = Buffer::new(1024);
        buffer.push(text.as_bytes()).unwrap();
        let mut head = Head::new();
        parse_request(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
        let mut message = Rewriter::new(&mut buffer, 0, &mut head);
        add_address(&mut message, name, address.parse().unwrap(), if_none).unwrap();
        let text = String::from_utf8_lossy(buffer.bytes()).into_owned();
        text.strip_prefix("GET / HTTP/1.1\r\n").unwrap().to_owned()
    }

    #[test]
    fn the_address_stands_behind_all_other_headers() {
        assert_eq!(
            add(
                "X-Forwarded-For: 1.1.1.1\r\nA: b\r\n",
                FORWARDED_FOR,
                "10.0.0.1",
                false
            ),
            "X-Forwarded-For: 1.1.1.1\r\nA: b\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n"
        );
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
        assert_eq!(
            add("", b"X-Client", longest, false),
            format!("X-Client: {longest}\r\n\r\n")
        );
        let mapped = "::ffff:255.255.255.255";
        assert!(add("", ORIGINAL_TO, mapped, false).contains(mapped));
    }

    #[test]
    fn if_none_leaves_a_header_of_the_client_alone() {
        let sent = "x-forwarded-for: 1.1.1.1\r\n";
        assert_eq!(
            add(sent, FORWARDED_FOR, "10.0.0.1", true),
            format!("{sent}\r\n")
        );
        assert_eq!(
            add(sent, b"X-Client", "10.0.0.1", true),
            format!("{sent}X-Client: 10.0.0.1\r\n\r\n")
        );
    }
}

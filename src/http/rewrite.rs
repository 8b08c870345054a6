//! Changes to a message head in its buffer, with the header index kept right.
//!
//! A [`Rewriter`] is made by whoever changes a head (rules, cookies, connection modes,
//! framing) and holds the buffer, the head and the growth it may still cause. Each change is
//! one splice of the buffer and one pass over the positions behind it; a change that changes
//! nothing costs a comparison. Invariants: the head stays canonical, so a later parse of the
//! bytes yields the same index; text with CR, LF or NUL never gets in.

use memchr::memchr3;

use super::head::{Head, HeadView, HeaderLine, Method, Span, Version};
use super::known::KnownHeader;
use super::scan::is_token;
use super::slow::status_code;
use crate::engine::buffer::{Buffer, NoRoom};

/// Why a change was refused; nothing was changed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RewriteError {
    /// The result would not fit into the buffer or the growth allowed.
    NoRoom,
    /// The text holds bytes that cannot stand in that place.
    BadText,
    /// There is no such line.
    NoLine,
}

impl From<NoRoom> for RewriteError {
    fn from(_: NoRoom) -> Self {
        Self::NoRoom
    }
}

/// One head opened for changes.
pub struct Rewriter<'a> {
    buffer: &'a mut Buffer,
    base: usize,
    head: &'a mut Head,
    /// Bytes by which the head may still grow.
    growth_left: usize,
}

impl<'a> Rewriter<'a> {
    /// Opens the head that stands at `base` of `buffer`; it may grow by all room there is.
    pub const fn new(buffer: &'a mut Buffer, base: usize, head: &'a mut Head) -> Self {
        Self {
            buffer,
            base,
            head,
            growth_left: usize::MAX,
        }
    }

    /// Allows a growth of `bytes` at most, as `tune.maxrewrite` does.
    #[must_use]
    pub const fn with_growth(mut self, bytes: usize) -> Self {
        self.growth_left = bytes;
        self
    }

    /// Bytes by which the head may still grow.
    pub fn growth_left(&self) -> usize {
        self.growth_left.min(self.buffer.room())
    }

    /// The head as it is now.
    pub fn view(&self) -> HeadView<'_> {
        self.head.view(self.buffer, self.base)
    }

    /// The index as it is now.
    pub const fn head(&self) -> &Head {
        self.head
    }

    pub(super) const fn head_mut(&mut self) -> &mut Head {
        self.head
    }

    /// Appends a header line behind all others.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn add(&mut self, name: &[u8], value: &[u8]) -> Result<(), RewriteError> {
        self.insert(self.head.count(), name, &[value])
    }

    /// Appends a header line whose value is the concatenation of `parts`.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn add_parts(&mut self, name: &[u8], parts: &[&[u8]]) -> Result<(), RewriteError> {
        self.insert(self.head.count(), name, parts)
    }

    /// Inserts a header line before line `index`.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn insert(
        &mut self,
        index: usize,
        name: &[u8],
        parts: &[&[u8]],
    ) -> Result<(), RewriteError> {
        let name_len = valid_name(name)?;
        let mut value_len = 0;
        for part in parts {
            valid_text(part)?;
            value_len += part.len();
        }
        let index = index.min(self.head.count());
        let at = match index.checked_sub(1) {
            Some(previous) => self.head.line_end(previous),
            None => self.first_line_at(),
        };
        let len = name.len() + value_len + LINE_OVERHEAD;
        self.open_gap(at, len)?;
        self.write(at, name);
        self.write(at + name.len(), b": ");
        let mut place = at + name.len() + 2;
        for part in parts {
            self.write(place, part);
            place += part.len();
        }
        self.write(place, b"\r\n");
        self.shift_lines(index, 0, len);
        let line = self.measured(at, name_len, place);
        self.head.known.insert(line.known);
        self.head.lines.insert(index, line);
        Ok(())
    }

    /// Removes line `index`.
    ///
    /// # Errors
    /// [`RewriteError::NoLine`].
    pub fn remove(&mut self, index: usize) -> Result<(), RewriteError> {
        let line = *self.head.lines.get(index).ok_or(RewriteError::NoLine)?;
        let at = line.name_at as usize;
        let len = self.head.line_end(index).saturating_sub(at);
        self.splice(at, len, b"")?;
        self.head.lines.remove(index);
        self.shift_lines(index, len, 0);
        Ok(())
    }

    /// Removes all lines of a known header and returns how many there were.
    pub fn remove_all(&mut self, header: KnownHeader) -> usize {
        self.remove_from(header, 0)
    }

    /// Removes all lines of a known header at or after line `from`.
    pub fn remove_from(&mut self, header: KnownHeader, from: usize) -> usize {
        let mut removed = 0;
        let mut from = from;
        while let Some(index) = self.head.find(header, from) {
            from = index;
            if self.remove(index).is_err() {
                break;
            }
            removed += 1;
        }
        removed
    }

    /// Removes all lines named `name` and returns how many there were.
    pub fn remove_named(&mut self, name: &[u8]) -> usize {
        let mut removed = 0;
        let mut from = 0;
        while let Some(index) = self.view().find_name(name, from) {
            from = index;
            if self.remove(index).is_err() {
                break;
            }
            removed += 1;
        }
        removed
    }

    /// Writes the name of line `index` in other letters, upper or lower case; a name that is
    /// not the same one changes nothing.
    pub fn respell(&mut self, index: usize, name: &[u8]) {
        let old = self.view().line(index).map(|(old, _)| old);
        let is_same = old.is_some_and(|old| old.eq_ignore_ascii_case(name));
        if let (true, Some(line)) = (is_same, self.head.lines.get(index)) {
            self.write(line.name_at as usize, name);
        }
    }

    /// Gives line `index` another value.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn set_value(&mut self, index: usize, value: &[u8]) -> Result<(), RewriteError> {
        valid_text(value)?;
        let line = *self.head.lines.get(index).ok_or(RewriteError::NoLine)?;
        let (name, old) = self.view().line(index).ok_or(RewriteError::NoLine)?;
        if old == value {
            return Ok(());
        }
        let colon_end = line.name_at as usize + name.len() + 1;
        let end = self.head.line_end(index).saturating_sub(2);
        if line.value_at as usize > colon_end {
            let at = line.value_at as usize;
            return self.splice_line(index, at, end.saturating_sub(at), value);
        }
        // No blank stands between colon and value: one is added, room permitting for both.
        let removed = end.saturating_sub(colon_end);
        if value.len() + 1 > removed.saturating_add(self.growth_left()) {
            return Err(RewriteError::NoRoom);
        }
        self.splice_line(index, colon_end, removed, b" ")?;
        self.splice_line(index, colon_end + 1, 0, value)
    }

    /// Replaces the range `from..from + len` of the value of line `index`.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn splice_value(
        &mut self,
        index: usize,
        from: usize,
        len: usize,
        text: &[u8],
    ) -> Result<(), RewriteError> {
        valid_text(text)?;
        let line = *self.head.lines.get(index).ok_or(RewriteError::NoLine)?;
        let from = from.min(line.value_len as usize);
        let len = len.min(line.value_len as usize - from);
        self.splice_line(index, line.value_at as usize + from, len, text)
    }

    /// Replaces line `index` whole by `text`, which holds a name, a colon and a value.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn set_line(&mut self, index: usize, text: &[u8]) -> Result<(), RewriteError> {
        valid_text(text)?;
        let colon = memchr::memchr(b':', text).ok_or(RewriteError::BadText)?;
        let name_len = valid_name(text.get(..colon).unwrap_or_default())?;
        let old = *self.head.lines.get(index).ok_or(RewriteError::NoLine)?;
        let at = old.name_at as usize;
        let len = self.head.line_end(index).saturating_sub(at + 2);
        self.splice(at, len, text)?;
        self.shift_lines(index + 1, len, text.len());
        let line = self.measured(at, name_len, at + text.len());
        self.head.known.insert(line.known);
        if let Some(slot) = self.head.lines.get_mut(index) {
            *slot = line;
        }
        Ok(())
    }

    /// Gives a request another method.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn set_method(&mut self, name: &[u8]) -> Result<(), RewriteError> {
        if name.is_empty() || !name.iter().all(|&byte| is_token(byte)) {
            return Err(RewriteError::BadText);
        }
        self.set_start(0, name)?;
        self.head.method = Method::of(name);
        Ok(())
    }

    /// Gives a request another URI.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn set_uri(&mut self, uri: &[u8]) -> Result<(), RewriteError> {
        if uri.is_empty() || !uri.iter().all(|&byte| byte > b' ') {
            return Err(RewriteError::BadText);
        }
        self.set_start(1, uri)
    }

    /// Gives the message another version.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn set_version(&mut self, version: Version) -> Result<(), RewriteError> {
        let name: &[u8] = match version {
            Version::Http10 => b"HTTP/1.0",
            Version::Http11 => b"HTTP/1.1",
        };
        let part = if self.head.status == 0 { 2 } else { 0 };
        self.set_start(part, name)?;
        self.head.version = version;
        Ok(())
    }

    /// Gives a response another status, from 100 to 999, and reason phrase.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn set_status(&mut self, status: u16, reason: &[u8]) -> Result<(), RewriteError> {
        valid_text(reason)?;
        if !(100..=999).contains(&status) {
            return Err(RewriteError::BadText);
        }
        self.set_start(2, reason)?;
        let digits = [digit(status / 100), digit(status / 10), digit(status)];
        self.set_start(1, &digits)?;
        self.head.status = status;
        Ok(())
    }

    /// Replaces the start line whole, as the old `reqrep` and `rsprep` rules do: three parts
    /// separated by single spaces, the last of a response with spaces of its own.
    ///
    /// # Errors
    /// [`RewriteError`]; the head is then unchanged.
    pub fn set_start_line(&mut self, line: &[u8]) -> Result<(), RewriteError> {
        valid_text(line)?;
        let mut words = line.splitn(3, |&byte| byte == b' ');
        let mut word = || words.next().ok_or(RewriteError::BadText);
        let parts = [word()?, word()?, word()?];
        let is_request = self.head.status == 0;
        let (status, version) = match is_request {
            true => (0, valid_request_line(parts)?),
            false => valid_status_line(parts)?,
        };
        let old_len = self.first_line_at().saturating_sub(2);
        self.splice(0, old_len, line)?;
        let mut at = 0;
        for (span, part) in self.head.start.iter_mut().zip(parts) {
            span.at = position(at);
            span.len = position(part.len());
            at += part.len() + 1;
        }
        self.shift_lines(0, old_len, line.len());
        self.head.status = status;
        self.head.version = version;
        if is_request {
            self.head.method = Method::of(parts[0]);
        }
        Ok(())
    }

    /// Replaces part `part` of the start line.
    fn set_start(&mut self, part: usize, text: &[u8]) -> Result<(), RewriteError> {
        let span = *self.head.start.get(part).ok_or(RewriteError::NoLine)?;
        let (at, len) = (span.at as usize, span.len as usize);
        self.splice(at, len, text)?;
        for (index, span) in self.head.start.iter_mut().enumerate() {
            if index == part {
                span.len = position(text.len());
            } else if index > part {
                span.at = moved(span.at, len, text.len());
            }
        }
        self.shift_lines(0, len, text.len());
        Ok(())
    }

    /// Replaces bytes of the value of line `index` and measures the line again.
    fn splice_line(
        &mut self,
        index: usize,
        at: usize,
        len: usize,
        text: &[u8],
    ) -> Result<(), RewriteError> {
        let line = *self.head.lines.get(index).ok_or(RewriteError::NoLine)?;
        self.splice(at, len, text)?;
        self.shift_lines(index + 1, len, text.len());
        let end = self.head.line_end(index).saturating_sub(2);
        let line = self.measured(line.name_at as usize, line.name_len, end);
        if let Some(slot) = self.head.lines.get_mut(index) {
            *slot = line;
        }
        Ok(())
    }

    /// The index entry of the line that stands at `at` and ends, without CRLF, at `end`.
    fn measured(&self, at: usize, name_len: u8, end: usize) -> HeaderLine {
        let bytes = self.buffer.bytes().get(self.base..).unwrap_or_default();
        index_line(bytes, at, name_len, end)
    }

    /// Replaces bytes of the message; unchanged bytes cost no move.
    fn splice(&mut self, at: usize, len: usize, text: &[u8]) -> Result<(), RewriteError> {
        if len == text.len() {
            self.write(at, text);
            return Ok(());
        }
        let grown = text.len().saturating_sub(len);
        if grown > self.growth_left {
            return Err(RewriteError::NoRoom);
        }
        self.buffer.splice(self.base + at, len, text)?;
        self.account(len, text.len());
        Ok(())
    }

    /// Moves what follows `at` away by `len` bytes, which the caller then writes.
    fn open_gap(&mut self, at: usize, len: usize) -> Result<(), RewriteError> {
        if len > self.growth_left() {
            return Err(RewriteError::NoRoom);
        }
        self.buffer.open_gap(self.base + at, len)?;
        self.account(0, len);
        Ok(())
    }

    fn account(&mut self, removed: usize, added: usize) {
        self.growth_left = self
            .growth_left
            .saturating_add(removed)
            .saturating_sub(added);
        self.head.len = moved(self.head.len, removed, added);
    }

    fn write(&mut self, at: usize, text: &[u8]) {
        let from = self.base + at;
        let target = self.buffer.bytes_mut().get_mut(from..from + text.len());
        if let Some(target) = target {
            target.copy_from_slice(text);
        }
    }

    /// Adjusts the lines from `first` on after `removed` bytes before them became `added`.
    fn shift_lines(&mut self, first: usize, removed: usize, added: usize) {
        if removed == added {
            return;
        }
        for line in self.head.lines.iter_mut().skip(first) {
            line.name_at = moved(line.name_at, removed, added);
            line.value_at = moved(line.value_at, removed, added);
        }
    }

    fn first_line_at(&self) -> usize {
        let Span { at, len } = self.head.start[2];
        at as usize + len as usize + 2
    }
}

/// The index entry of the header line at `at..end`, whose name is `name_len` bytes long and
/// followed by a colon.
pub(super) fn index_line(bytes: &[u8], at: usize, name_len: u8, end: usize) -> HeaderLine {
    let name_end = at + usize::from(name_len);
    let name = bytes.get(at..name_end).unwrap_or_default();
    let raw = bytes.get(name_end + 1..end).unwrap_or_default();
    let value = trim_end(raw);
    let blank = value.len() - trim_start(value).len();
    HeaderLine {
        name_at: position(at),
        value_at: position(name_end + 1 + blank),
        value_len: position(value.len() - blank),
        name_len,
        known: KnownHeader::of(name),
    }
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let blank = bytes.iter().take_while(|&&byte| is_blank(byte)).count();
    bytes.get(blank..).unwrap_or_default()
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let blank = bytes.iter().rev().take_while(|&&byte| is_blank(byte));
    bytes.get(..bytes.len() - blank.count()).unwrap_or_default()
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A position in a message as the index stores it. Buffers are far below 4 GiB; a position
/// that did not fit would read as empty, never as other bytes.
pub(super) fn position(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn moved(at: u32, removed: usize, added: usize) -> u32 {
    at.saturating_sub(position(removed))
        .saturating_add(position(added))
}

fn valid_request_line([method, uri, version]: [&[u8]; 3]) -> Result<Version, RewriteError> {
    let method_ok = !method.is_empty() && method.iter().all(|&byte| is_token(byte));
    let uri_ok = !uri.is_empty() && uri.iter().all(|&byte| byte > b' ');
    match method_ok && uri_ok {
        true => valid_version(version),
        false => Err(RewriteError::BadText),
    }
}

fn valid_status_line([version, status, _]: [&[u8]; 3]) -> Result<(u16, Version), RewriteError> {
    let status = status_code(status).ok_or(RewriteError::BadText)?;
    Ok((status, valid_version(version)?))
}

fn valid_version(name: &[u8]) -> Result<Version, RewriteError> {
    match name {
        b"HTTP/1.0" => Ok(Version::Http10),
        b"HTTP/1.1" => Ok(Version::Http11),
        _ => Err(RewriteError::BadText),
    }
}

fn valid_name(name: &[u8]) -> Result<u8, RewriteError> {
    let len = u8::try_from(name.len()).map_err(|_| RewriteError::BadText)?;
    if len == 0 || !name.iter().all(|&byte| is_token(byte)) {
        return Err(RewriteError::BadText);
    }
    Ok(len)
}

fn valid_text(text: &[u8]) -> Result<(), RewriteError> {
    match memchr3(b'\r', b'\n', 0, text) {
        Some(_) => Err(RewriteError::BadText),
        None => Ok(()),
    }
}

fn digit(number: u16) -> u8 {
    b"0123456789"
        .get(usize::from(number % 10))
        .copied()
        .unwrap_or(b'0')
}

/// Colon, space and CRLF of a line.
const LINE_OVERHEAD: usize = 4;

#[cfg(test)]
mod tests;

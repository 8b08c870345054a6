//! Cookies in request and response heads: where they stand, and how they are taken out or
//! given another value.
//!
//! Iterators over one line ([`RequestCookies`], [`SetCookies`]) or a whole head
//! ([`request_cookies`], [`response_cookies`]) for persistence, captures and fetches; changes
//! go through the [`Rewriter`]. The grammar is the tolerant one that HAProxy accepts: pairs
//! are separated by `;` or `,`, white space around names and values does not count, and a
//! separator inside double quotes, where a backslash escapes, separates nothing. Invariant:
//! every position lies within the line's value, and each step of an iterator moves on.

use super::head::HeadView;
use super::known::KnownHeader;
use super::rewrite::{RewriteError, Rewriter};

/// One cookie of a line; positions count from the first byte of the line's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cookie<'a> {
    /// Its name, which is case-sensitive; empty names occur.
    pub name: &'a [u8],
    /// Its value, quotes included; `None` when there is no equals sign.
    pub value: Option<&'a [u8]>,
    /// Where it stands.
    pub place: CookiePlace,
}

/// Where a cookie stands in its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CookiePlace {
    /// First byte of the name.
    pub name_at: usize,
    /// Behind the name.
    pub name_end: usize,
    /// First byte of the value; the end of the name without one.
    pub value_at: usize,
    /// Behind the value, or the name without one.
    pub end: usize,
    /// The separator before it.
    before: Option<usize>,
    /// The separator behind it, and its attributes in a response.
    after: Option<usize>,
}

impl<'a> Cookie<'a> {
    /// The value, if this is the cookie `name` and it has one.
    pub fn value_of(&self, name: &[u8]) -> Option<&'a [u8]> {
        self.value.filter(|_| !name.is_empty() && self.name == name)
    }

    /// `$Version`, `$Path` and the like describe the cookie before them, or all of them
    /// (RFC 2109 section 4.3.4).
    pub fn is_attribute(&self) -> bool {
        self.name.first() == Some(&b'$')
    }

    /// Where the next cookie of the line may begin.
    pub fn next_at(&self) -> Option<usize> {
        self.place.after.map(|separator| separator + 1)
    }

    /// True for the nothing between two separators.
    const fn is_nothing(&self) -> bool {
        self.name.is_empty() && self.value.is_none()
    }
}

/// What separates the pairs of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `Cookie`: every pair is a cookie.
    Request,
    /// `Set-Cookie`: the first pair is the cookie, the rest are its attributes.
    SetCookie,
    /// `Set-Cookie2`: the same, again behind each comma.
    SetCookie2,
}

impl Shape {
    const fn of(header: KnownHeader) -> Self {
        match header {
            KnownHeader::SetCookie => Self::SetCookie,
            KnownHeader::SetCookie2 => Self::SetCookie2,
            _ => Self::Request,
        }
    }
}

/// The cookies of a `Cookie` line's value.
#[derive(Clone, Debug)]
pub struct RequestCookies<'a>(Pairs<'a>);

impl<'a> RequestCookies<'a> {
    /// The cookies of `value`.
    pub const fn of(value: &'a [u8]) -> Self {
        Self(Pairs::new(value, Shape::Request))
    }

    /// The same from position `at` on, which [`Cookie::next_at`] told.
    pub const fn from(value: &'a [u8], at: usize) -> Self {
        Self(Pairs::from(value, Shape::Request, at))
    }
}

impl<'a> Iterator for RequestCookies<'a> {
    type Item = Cookie<'a>;

    fn next(&mut self) -> Option<Cookie<'a>> {
        self.0.next()
    }
}

/// The cookies of a `Set-Cookie` line's value, which holds one, or of a `Set-Cookie2` line's.
#[derive(Clone, Debug)]
pub struct SetCookies<'a>(Pairs<'a>);

impl<'a> SetCookies<'a> {
    /// The cookies of `value`, which stands in a line of `header`.
    pub fn of(value: &'a [u8], header: KnownHeader) -> Self {
        Self(Pairs::new(value, Shape::of(header)))
    }

    /// The same from position `at` on, which [`Cookie::next_at`] told.
    pub fn from(value: &'a [u8], header: KnownHeader, at: usize) -> Self {
        Self(Pairs::from(value, Shape::of(header), at))
    }
}

impl<'a> Iterator for SetCookies<'a> {
    type Item = Cookie<'a>;

    fn next(&mut self) -> Option<Cookie<'a>> {
        self.0.next()
    }
}

#[derive(Clone, Debug)]
struct Pairs<'a> {
    line: &'a [u8],
    shape: Shape,
    /// Where the next pair begins.
    next: Option<usize>,
    /// The separator before it.
    before: Option<usize>,
}

impl<'a> Pairs<'a> {
    const fn new(line: &'a [u8], shape: Shape) -> Self {
        Self {
            line,
            shape,
            next: Some(0),
            before: None,
        }
    }

    /// The same from position `at` on, which is the start of the value or behind a separator.
    const fn from(line: &'a [u8], shape: Shape, at: usize) -> Self {
        Self {
            line,
            shape,
            next: Some(at),
            before: at.checked_sub(1),
        }
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Cookie<'a>;

    fn next(&mut self) -> Option<Cookie<'a>> {
        let line = self.line;
        let from = self.next.take()?;
        let before = self.before;
        let name_at = skip_blanks(line, from);
        let is_end = |byte: &u8| matches!(byte, b'=' | b';' | b',');
        let rest = line.get(name_at..).unwrap_or_default();
        let stop = name_at + rest.iter().position(is_end).unwrap_or(rest.len());
        let name = slice(line, name_at, stop).trim_ascii_end();
        let name_end = name_at + name.len();
        let has_value = line.get(stop) == Some(&b'=');
        let (value_at, pair_end) = match has_value {
            true => (
                skip_blanks(line, stop + 1),
                value_end(line, stop + 1, b";,"),
            ),
            false => (name_end, stop),
        };
        let value_at = value_at.min(pair_end.max(name_end));
        let value = slice(line, value_at, pair_end).trim_ascii_end();
        let end = if has_value {
            value_at + value.len()
        } else {
            name_end
        };
        let after = match self.shape {
            Shape::Request => pair_end,
            Shape::SetCookie => line.len(),
            Shape::SetCookie2 => value_end(line, pair_end, b","),
        };
        let after = (after < line.len()).then_some(after);
        self.next = after.map(|separator| separator + 1);
        self.before = after;
        Some(Cookie {
            name,
            value: has_value.then_some(value),
            place: CookiePlace {
                name_at,
                name_end,
                value_at,
                end,
                before,
                after,
            },
        })
    }
}

/// All cookies of a request, over all its `Cookie` lines.
pub fn request_cookies<'a>(view: HeadView<'a>) -> impl Iterator<Item = Cookie<'a>> + use<'a> {
    view.values(KnownHeader::Cookie)
        .flat_map(RequestCookies::of)
}

/// All cookies that a response sets, over all its `Set-Cookie` lines, then those of the
/// `Set-Cookie2` lines.
pub fn response_cookies<'a>(view: HeadView<'a>) -> impl Iterator<Item = Cookie<'a>> + use<'a> {
    [KnownHeader::SetCookie, KnownHeader::SetCookie2]
        .into_iter()
        .flat_map(move |header| {
            view.values(header)
                .flat_map(move |value| SetCookies::of(value, header))
        })
}

/// Takes every cookie `name` out of a request, with the `$` attributes behind it. The
/// separator before stays, so that its neighbours never become one; a line in which nothing
/// but `$` attributes is left is removed. Returns how many cookies there were.
///
/// # Errors
/// [`RewriteError`]; what was taken out until then is gone.
pub fn remove_request_cookies(
    rewriter: &mut Rewriter<'_>,
    name: &[u8],
) -> Result<usize, RewriteError> {
    let mut removed = 0;
    let mut from = 0;
    while let Some(index) = rewriter.head().find(KnownHeader::Cookie, from) {
        let count = remove_from_line(rewriter, index, name)?;
        removed += count;
        from = index + 1;
        if count > 0 && is_bare(rewriter, index) {
            rewriter.remove(index)?;
            from = index;
        }
    }
    Ok(removed)
}

fn remove_from_line(
    rewriter: &mut Rewriter<'_>,
    index: usize,
    name: &[u8],
) -> Result<usize, RewriteError> {
    let mut removed = 0;
    let mut at = 0;
    while let Some(run) = find_run(rewriter, index, name, at) {
        removed += run.count;
        at = take_out(rewriter, index, run.before, run.after)?;
    }
    Ok(removed)
}

/// Neighbouring cookies that are to go together.
struct Run {
    count: usize,
    before: Option<usize>,
    after: Option<usize>,
}

fn find_run(rewriter: &Rewriter<'_>, index: usize, name: &[u8], at: usize) -> Option<Run> {
    let line = line_value(rewriter, index);
    let mut run: Option<Run> = None;
    for cookie in Pairs::from(line, Shape::Request, at) {
        let goes = cookie.value_of(name).is_some();
        let place = cookie.place;
        match run.as_mut() {
            None if goes => {
                run = Some(Run {
                    count: 1,
                    before: place.before,
                    after: place.after,
                });
            }
            None => {}
            Some(run) if goes || cookie.is_attribute() => {
                run.count += usize::from(goes);
                run.after = place.after;
            }
            Some(_) => break,
        }
    }
    run
}

/// Takes what stands between two separators out of a line; returns where to go on. The
/// separator before stays, one blank behind it, and what follows joins there.
fn take_out(
    rewriter: &mut Rewriter<'_>,
    index: usize,
    before: Option<usize>,
    after: Option<usize>,
) -> Result<usize, RewriteError> {
    let line = line_value(rewriter, index);
    let from = before.map_or(0, |at| slice(line, 0, at).trim_ascii_end().len());
    let to = after.map_or(line.len(), |at| skip_blanks(line, at + 1));
    let separator = before.and_then(|at| line.get(at).copied());
    let kept = [separator.unwrap_or(b';'), b' '];
    let glue: &[u8] = match (separator, to < line.len()) {
        (Some(_), true) => &kept,
        (None, _) | (_, false) => b"",
    };
    rewriter.splice_value(index, from, to.saturating_sub(from), glue)?;
    // Behind the separator that was kept, so that the next one out has it before it.
    Ok(from + glue.len().min(1))
}

/// True when a `Cookie` line holds no cookie, at most attributes.
fn is_bare(rewriter: &Rewriter<'_>, index: usize) -> bool {
    let line = line_value(rewriter, index);
    RequestCookies::of(line).all(|cookie| cookie.is_attribute() || cookie.is_nothing())
}

/// Takes what stands before `separator`, and the separator, off the values of every cookie
/// `name` of a request; values without it stay. Returns how many were changed.
///
/// # Errors
/// [`RewriteError`]; what was changed until then stays changed.
pub fn strip_request_prefixes(
    rewriter: &mut Rewriter<'_>,
    name: &[u8],
    separator: u8,
) -> Result<usize, RewriteError> {
    let mut changed = 0;
    let mut from = 0;
    while let Some(index) = rewriter.head().find(KnownHeader::Cookie, from) {
        from = index + 1;
        let mut at = Some(0);
        while let Some(place) = next_named(rewriter, index, name, at) {
            let value = slice(line_value(rewriter, index), place.value_at, place.end);
            if let Some(len) = memchr::memchr(separator, value) {
                rewriter.splice_value(index, place.value_at, len + 1, b"")?;
                changed += 1;
            }
            at = behind(rewriter, index, place);
        }
    }
    Ok(changed)
}

/// What happens to a cookie that a server sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetCookieChange<'a> {
    /// It goes: the whole line, or out of several in a `Set-Cookie2` line with its attributes.
    Remove,
    /// It gets this value; white space around its equals sign goes.
    Replace(&'a [u8]),
    /// This text and a separator precede its value.
    Prepend(&'a [u8], u8),
}

/// Changes every cookie `name` that a response sets; returns how many there were.
///
/// # Errors
/// [`RewriteError`]; what was changed until then stays changed.
pub fn change_set_cookies(
    rewriter: &mut Rewriter<'_>,
    name: &[u8],
    change: SetCookieChange<'_>,
) -> Result<usize, RewriteError> {
    let mut changed = 0;
    for header in [KnownHeader::SetCookie, KnownHeader::SetCookie2] {
        let mut from = 0;
        while let Some(index) = rewriter.head().find(header, from) {
            from = index + 1;
            let mut at = Some(0);
            while let Some(place) = next_named(rewriter, index, name, at) {
                changed += 1;
                at = match change {
                    SetCookieChange::Remove => remove_set_cookie(rewriter, index, place)?,
                    SetCookieChange::Replace(value) => {
                        let len = place.end.saturating_sub(place.value_at);
                        rewriter.splice_value(index, place.value_at, len, value)?;
                        close_gap(rewriter, index, place)?;
                        behind(rewriter, index, place)
                    }
                    SetCookieChange::Prepend(text, separator) => {
                        rewriter.splice_value(index, place.value_at, 0, &[separator])?;
                        rewriter.splice_value(index, place.value_at, 0, text)?;
                        close_gap(rewriter, index, place)?;
                        behind(rewriter, index, place)
                    }
                };
                if at.is_none() && change == SetCookieChange::Remove {
                    from = index;
                }
            }
        }
    }
    Ok(changed)
}

/// Where to go on in the line; nowhere when the line is gone with its only cookie.
fn remove_set_cookie(
    rewriter: &mut Rewriter<'_>,
    index: usize,
    place: CookiePlace,
) -> Result<Option<usize>, RewriteError> {
    if place.before.is_none() && place.after.is_none() {
        rewriter.remove(index)?;
        return Ok(None);
    }
    take_out(rewriter, index, place.before, place.after).map(Some)
}

/// Leaves the equals sign alone between name and value.
fn close_gap(
    rewriter: &mut Rewriter<'_>,
    index: usize,
    place: CookiePlace,
) -> Result<(), RewriteError> {
    let gap = place.value_at.saturating_sub(place.name_end);
    rewriter.splice_value(index, place.name_end, gap, b"=")
}

/// The first cookie `name` at or behind position `at` of a line.
fn next_named(
    rewriter: &Rewriter<'_>,
    index: usize,
    name: &[u8],
    at: Option<usize>,
) -> Option<CookiePlace> {
    Pairs::from(
        line_value(rewriter, index),
        line_shape(rewriter, index),
        at?,
    )
    .find(|cookie| cookie.value_of(name).is_some())
    .map(|cookie| cookie.place)
}

/// Where the pair behind the one at `place` begins, after a change of its value.
fn behind(rewriter: &Rewriter<'_>, index: usize, place: CookiePlace) -> Option<usize> {
    let shape = line_shape(rewriter, index);
    let mut pairs = Pairs::from(line_value(rewriter, index), shape, place.name_at);
    pairs.next();
    pairs.next
}

fn line_shape(rewriter: &Rewriter<'_>, index: usize) -> Shape {
    let name = rewriter
        .view()
        .line(index)
        .map_or(&[][..], |(name, _)| name);
    Shape::of(KnownHeader::of(name))
}

fn line_value<'a>(rewriter: &'a Rewriter<'_>, index: usize) -> &'a [u8] {
    rewriter.view().line(index).map_or(&[], |(_, value)| value)
}

/// The first of `ends` at or behind `from` that is not quoted, or the end of the line.
fn value_end(line: &[u8], from: usize, ends: &[u8]) -> usize {
    let mut quoted = false;
    let mut escaped = false;
    for (at, &byte) in line.iter().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if !quoted && ends.contains(&byte) => return at,
            _ => {}
        }
    }
    line.len()
}

fn skip_blanks(line: &[u8], from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    let blanks = rest
        .iter()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    from.saturating_add(blanks).min(line.len())
}

fn slice(line: &[u8], from: usize, to: usize) -> &[u8] {
    line.get(from..to).unwrap_or_default()
}

#[cfg(test)]
mod tests;

//! Rules that change the head of a message, in its buffer.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use regex::bytes::Regex;

use super::captures::Scratch;
use super::{Flow, Scene};
use crate::config::model::{Edit, NameMatch, RuleSet, UriPart};
use crate::http::head::{Method, element_ranges};
use crate::http::known::KnownHeader;
use crate::http::rewrite::{RewriteError, Rewriter};
use crate::http::status;
use crate::http::uri::normalize::Normalizer;
use crate::http::uri::{UriParts, split_at_path};
use crate::session::Session;
use crate::session::analyser::Verdict;
use crate::worker::Core;

impl Session {
    pub(super) fn edit(
        &mut self,
        edit: &'static Edit,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Flow {
        match self.try_edit(edit, scene, arena, core) {
            Ok(()) => Flow::Next,
            Err(RewriteError::BadText) if matches!(edit, Edit::NormalizeUri(_)) => {
                Flow::End(self.refuse_uri(core))
            }
            Err(error) => {
                log::debug!("a rule could not change the head: {error:?}");
                self.after_failed_edit(scene, core)
            }
        }
    }

    /// What becomes of a message that a rule could not change (`strict-mode`).
    fn after_failed_edit(&mut self, scene: Scene, core: &mut Core) -> Flow {
        let said = self
            .transaction
            .as_deref()
            .map(|transaction| transaction.said);
        if said.is_some_and(|said| said.lenient) {
            return Flow::Next;
        }
        Flow::End(match scene.set {
            // Whoever runs these rules puts an error in the answer's place.
            RuleSet::HttpAfterResponse => Verdict::Wait,
            set if set.is_response() => self.fail_response_rewrite(core),
            _ => self.fail_request_rewrite(core),
        })
    }

    fn try_edit(
        &mut self,
        edit: &'static Edit,
        scene: Scene,
        arena: &Bump,
        core: &mut Core,
    ) -> Result<(), RewriteError> {
        let text = match edit {
            Edit::AddHeader(_, format)
            | Edit::SetHeader(_, format)
            | Edit::ReplaceHeader(_, _, format)
            | Edit::ReplaceValue(_, _, format)
            | Edit::SetMethod(format)
            | Edit::SetUri(_, format)
            | Edit::ReplaceUri(_, _, format) => self.rendered(format, scene, arena, core),
            Edit::DeleteHeader(_) | Edit::SetStatus(..) => b"",
            Edit::NormalizeUri(normalizer) => return self.normalize_uri(*normalizer, scene),
        };
        let mut captures = std::mem::take(&mut core.captures);
        let mut scratch = Scratch {
            arena,
            captures: &mut captures,
        };
        let done = match self.rewriter(scene) {
            Some(mut rewriter) => apply(edit, &mut rewriter, text, &mut scratch),
            None => Ok(()),
        };
        core.captures = captures;
        done
    }

    /// Brings the URI into a normal form; the memory for it is the transaction's.
    fn normalize_uri(&mut self, normalizer: Normalizer, scene: Scene) -> Result<(), RewriteError> {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return Ok(());
        };
        let mut uri = std::mem::take(&mut transaction.answer);
        let mut ranges = std::mem::take(&mut transaction.ranges);
        let done = self.rewriter(scene).map_or(Ok(()), |mut rewriter| {
            let (before, path) = split_at_path(rewriter.view().uri());
            uri.clear();
            uri.extend_from_slice(before);
            normalizer
                .apply(path, &mut uri, &mut ranges)
                .map_err(|_| RewriteError::BadText)?;
            rewriter.set_uri(&uri)
        });
        uri.clear();
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.answer = uri;
            transaction.ranges = ranges;
        }
        done
    }

    /// The head that the rules of a set change; `None` when it is not here.
    pub(super) fn rewriter(&mut self, scene: Scene) -> Option<Rewriter<'_>> {
        let transaction = self.transaction.as_deref_mut()?;
        let (channel, message) = match scene.set.is_response() {
            false => (&mut self.request, &mut transaction.request),
            true => (&mut self.response, &mut transaction.response),
        };
        let (buffer, base) = channel.message()?;
        Some(Rewriter::new(buffer, base, &mut message.head))
    }
}

/// Changes a head; `text` is the rendered format of the rule.
fn apply(
    edit: &'static Edit,
    rewriter: &mut Rewriter<'_>,
    text: &[u8],
    scratch: &mut Scratch<'_, '_>,
) -> Result<(), RewriteError> {
    match edit {
        Edit::AddHeader(name, _) => rewriter.add(name, text),
        Edit::SetHeader(name, _) => {
            rewriter.remove_named(name);
            rewriter.add(name, text)
        }
        Edit::DeleteHeader(name) => delete(rewriter, name),
        Edit::ReplaceHeader(name, regex, _) => replace_values(rewriter, name, regex, text, scratch),
        Edit::ReplaceValue(name, regex, _) => {
            replace_elements(rewriter, name, regex, text, scratch)
        }
        Edit::SetMethod(_) => rewriter.set_method(text),
        Edit::SetUri(part, _) => set_uri(rewriter, *part, text, scratch.arena),
        Edit::ReplaceUri(part, regex, _) => {
            let old = part_of(rewriter, *part);
            match scratch.replaced(regex, old, text) {
                Some(new) => set_uri(rewriter, *part, new, scratch.arena),
                None => Ok(()),
            }
        }
        Edit::NormalizeUri(_) => Ok(()),
        Edit::SetStatus(code, reason) => {
            let reason = reason
                .as_deref()
                .unwrap_or_else(|| status::reason(*code).as_bytes());
            rewriter.set_status(*code, reason)
        }
    }
}

fn delete(rewriter: &mut Rewriter<'_>, name: &NameMatch) -> Result<(), RewriteError> {
    if let NameMatch::Str(name) = name {
        rewriter.remove_named(name);
        return Ok(());
    }
    let mut index = 0;
    while let Some((present, _)) = rewriter.view().line(index) {
        if name.matches(present) {
            rewriter.remove(index)?;
        } else {
            index += 1;
        }
    }
    Ok(())
}

impl NameMatch {
    fn matches(&self, name: &[u8]) -> bool {
        let same = |part: Option<&[u8]>, wanted: &[u8]| {
            part.is_some_and(|part| part.eq_ignore_ascii_case(wanted))
        };
        match self {
            Self::Str(wanted) => name.eq_ignore_ascii_case(wanted),
            Self::Beg(wanted) => same(name.get(..wanted.len()), wanted),
            Self::End(wanted) => {
                let from = name.len().checked_sub(wanted.len());
                same(from.and_then(|from| name.get(from..)), wanted)
            }
            Self::Sub(wanted) => name
                .windows(wanted.len().max(1))
                .any(|part| part.eq_ignore_ascii_case(wanted)),
            Self::Reg(regex) => regex.is_match(name),
        }
    }
}

fn replace_values(
    rewriter: &mut Rewriter<'_>,
    name: &[u8],
    regex: &'static Regex,
    template: &[u8],
    scratch: &mut Scratch<'_, '_>,
) -> Result<(), RewriteError> {
    let mut from = 0;
    while let Some(index) = rewriter.view().find_name(name, from) {
        from = index + 1;
        let Some((_, old)) = rewriter.view().line(index) else {
            break;
        };
        if let Some(new) = scratch.replaced(regex, old, template) {
            rewriter.set_value(index, new)?;
        }
    }
    Ok(())
}

/// From the last element to the first, so that the places of the others stay.
fn replace_elements(
    rewriter: &mut Rewriter<'_>,
    name: &[u8],
    regex: &'static Regex,
    template: &[u8],
    scratch: &mut Scratch<'_, '_>,
) -> Result<(), RewriteError> {
    let mut from = 0;
    while let Some(index) = rewriter.view().find_name(name, from) {
        from = index + 1;
        let Some((_, value)) = rewriter.view().line(index) else {
            break;
        };
        let mut ranges = ArenaVec::new_in(scratch.arena);
        ranges.extend(element_ranges(value));
        while let Some(range) = ranges.pop() {
            let Some((_, value)) = rewriter.view().line(index) else {
                break;
            };
            let old = value.get(range.clone()).unwrap_or_default();
            if let Some(new) = scratch.replaced(regex, old, template) {
                // The white space around an element goes with it.
                let before = value.get(..range.start).unwrap_or_default();
                let start = before.trim_ascii_end().len();
                let behind = value.get(range.end..).unwrap_or_default();
                let blank = behind.len() - behind.trim_ascii_start().len();
                let len = range.end + blank - start;
                rewriter.splice_value(index, start, len, new)?;
            }
        }
    }
    Ok(())
}

fn part_of<'a>(rewriter: &'a Rewriter<'_>, part: UriPart) -> &'a [u8] {
    let view = rewriter.view();
    match part {
        UriPart::Whole => view.uri(),
        UriPart::Path => view.path(),
        UriPart::PathAndQuery => view.path_and_query(),
        UriPart::Query => view.query().unwrap_or_default(),
    }
}

/// Puts a new part into the URI of the request.
fn set_uri(
    rewriter: &mut Rewriter<'_>,
    part: UriPart,
    new: &[u8],
    arena: &Bump,
) -> Result<(), RewriteError> {
    if new.is_empty() && part != UriPart::Query {
        return Err(RewriteError::BadText);
    }
    let view = rewriter.view();
    let uri = view.uri();
    let full = view.path_and_query();
    let before = uri.len() - full.len();
    let path_len = view.path().len();
    let (from, to, mark): (usize, usize, &[u8]) = match part {
        UriPart::Whole => (0, uri.len(), b""),
        UriPart::Path => (before, before + path_len, b""),
        UriPart::PathAndQuery => (before, uri.len(), b""),
        UriPart::Query => (before + path_len, uri.len(), b"?"),
    };
    let mut out = ArenaVec::with_capacity_in(uri.len() + new.len() + 1, arena);
    out.extend_from_slice(uri.get(..from).unwrap_or_default());
    out.extend_from_slice(mark);
    out.extend_from_slice(new);
    out.extend_from_slice(uri.get(to..).unwrap_or_default());
    rewriter.set_uri(&out)?;
    match part {
        UriPart::Whole => follow_authority(rewriter, &out),
        UriPart::Path | UriPart::PathAndQuery | UriPart::Query => Ok(()),
    }
}

/// The Host of a request in absolute form is that of its URI (RFC 9112, section 3.2.2).
fn follow_authority(rewriter: &mut Rewriter<'_>, uri: &[u8]) -> Result<(), RewriteError> {
    let parts = UriParts::parse(uri);
    let (Some(_), Some(authority)) = (parts.scheme, parts.authority) else {
        return Ok(());
    };
    if rewriter.head().method() == Method::Connect {
        return Ok(());
    }
    let host = match memchr::memrchr(b'@', authority) {
        Some(at) => authority.get(at + 1..).unwrap_or_default(),
        None => authority,
    };
    match rewriter.head().find(KnownHeader::Host, 0) {
        Some(index) => rewriter.set_value(index, host),
        None => rewriter.add(b"host", host),
    }
}

#[cfg(test)]
mod tests;

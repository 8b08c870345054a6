//! The heads of answers that the proxy makes, on their way to the client: the
//! `http-after-response` rules run over them as over those of servers.
//!
//! Called by `reply` alone for answers, and by `http_process_res_common` for the rules. A head
//! with rules stands in the response's channel as if a server had sent it, is changed there,
//! gets its Connection header last and is scheduled. Invariant: when it cannot be made, the
//! channel holds nothing of it.

use super::Session;
use super::rules::Flow;
use super::transaction::MessageState;
use crate::config::model::RuleSet;
use crate::http::parse::{Policy, parse_response};
use crate::http::rewrite::Rewriter;
use crate::worker::Core;

/// A head without its Connection header and the empty line, in parts.
pub(super) struct LocalHead<'a> {
    /// Status line and header lines.
    pub(super) lines: [&'a [u8]; 3],
    /// The line of the Connection header, empty without one.
    pub(super) connection: &'static [u8],
}

/// There is no room for a head, or rules have failed over it.
#[derive(Debug)]
pub(super) struct NoHead;

impl Session {
    /// True when rules over answers concern this one: its request was understood.
    pub(super) fn has_after_rules(&self, core: &Core) -> bool {
        let Some(transaction) = self.transaction.as_deref() else {
            return false;
        };
        let is_request = transaction.request.state != MessageState::Head;
        let has_rules = |proxy| {
            let rules = &core.config.proxy(proxy).rules;
            !rules.of(RuleSet::HttpAfterResponse).is_empty()
        };
        is_request
            && !transaction.said.after_rules_failed
            && (has_rules(self.backend) || has_rules(self.frontend))
    }

    /// Puts a head into the response and schedules it, without the empty line that ends it;
    /// its status after the rules comes back.
    pub(super) fn place_head(
        &mut self,
        head: &LocalHead<'_>,
        core: &mut Core,
    ) -> Result<u16, NoHead> {
        let has_rules = self.has_after_rules(core);
        let connection = head.connection;
        let buffer = self.response.attach(&mut core.buffers).ok_or(NoHead)?;
        let lines_len: usize = head.lines.iter().map(|part| part.len()).sum();
        if lines_len + connection.len() + END.len() > buffer.room() {
            return Err(NoHead);
        }
        // The parser wants the end; whoever sends the body sends it then.
        let early: [&[u8]; 2] = match has_rules {
            true => [b"", END],
            false => [connection, b""],
        };
        let [first, second, third] = head.lines;
        for part in [first, second, third, early[0], early[1]] {
            buffer.push(part).map_err(|_| NoHead)?;
        }
        let len = lines_len + early[0].len() + early[1].len();
        self.response.to_forward = 0;
        self.response.received(len);
        if !has_rules {
            self.response.forward(len as u64);
            return Ok(status_of(first));
        }
        self.change_head(len, connection, core).inspect_err(|_| {
            let held = self.response.input_len();
            self.response.skip_input(held);
        })
    }

    /// Runs the rules over the head of `len` bytes that stands in the response.
    fn change_head(
        &mut self,
        len: usize,
        connection: &[u8],
        core: &mut Core,
    ) -> Result<u16, NoHead> {
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return Err(NoHead);
        };
        let message = &mut transaction.response;
        message.reset();
        parse_response(buffer, base, len, Policy::default(), &mut message.head)
            .map_err(|_| NoHead)?;
        message.head_received();
        transaction.status = i32::from(message.head.status());
        let changed = self.run_after_rules(core);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return Err(NoHead);
        };
        let message = &mut transaction.response;
        message.state = MessageState::Head;
        changed?;
        let mut rewriter = Rewriter::new(buffer, base, &mut message.head);
        if let Some((name, value)) = split_line(connection) {
            rewriter.add(name, value).map_err(|_| NoHead)?;
        }
        let status = message.head.status();
        let len = message.head.len().saturating_sub(END.len());
        self.response.forward(len as u64);
        self.response.skip_input(END.len());
        Ok(status)
    }

    /// The `http-after-response` rules of the backend, then of the frontend.
    pub(super) fn run_after_rules(&mut self, core: &mut Core) -> Result<(), NoHead> {
        let frontend = (self.frontend != self.backend).then_some(self.frontend);
        for proxy in [Some(self.backend), frontend].into_iter().flatten() {
            let flow = self.run_rules(RuleSet::HttpAfterResponse, proxy, core);
            if let Flow::End(_) = flow {
                if let Some(transaction) = self.transaction.as_deref_mut() {
                    transaction.said.after_rules_failed = true;
                }
                return Err(NoHead);
            }
        }
        if let Some(transaction) = self.transaction.as_deref_mut() {
            transaction.status = i32::from(transaction.response.head.status());
        }
        Ok(())
    }
}

/// Name and value of a header line with its end.
fn split_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_suffix(END)?;
    let colon = memchr::memchr(b':', line)?;
    let value = line.get(colon + 1..)?.trim_ascii();
    Some((line.get(..colon)?, value))
}

/// The status in a status line.
fn status_of(line: &[u8]) -> u16 {
    let digits = line.get(9..12).unwrap_or_default();
    let text = std::str::from_utf8(digits).unwrap_or_default();
    text.parse().unwrap_or(0)
}

const END: &[u8] = b"\r\n";

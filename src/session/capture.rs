//! What a frontend captures of its requests and responses: headers and rules' values.
//!
//! Kept in the transaction, one text per slot, until the line is logged. Invariants: a slot
//! never grows beyond its `len`; its memory is kept from request to request.

use std::cell::RefCell;
use std::ops::Range;

use super::Session;
use crate::config::model::{CaptureInto, CaptureSlot};
use crate::http::head::HeadView;
use crate::worker::Core;

/// Captured values; empty where nothing was captured.
#[derive(Debug, Default)]
pub struct CapturedValues {
    /// Of the request, by slot; as many as the frontend has once one was captured.
    request: Vec<Vec<u8>>,
    /// Of the response.
    response: Vec<Vec<u8>>,
    /// Slots that are in use for this request.
    counts: (usize, usize),
    /// What converters captured while everything was borrowed.
    noted: RefCell<Noted>,
}

/// Captures that wait to be put into their slots.
#[derive(Debug, Default)]
struct Noted {
    bytes: Vec<u8>,
    values: Vec<(CaptureInto, Range<usize>)>,
}

impl CapturedValues {
    /// Forgets the values.
    pub fn reset(&mut self) {
        for value in self.request.iter_mut().chain(&mut self.response) {
            value.clear();
        }
        self.counts = (0, 0);
        let noted = self.noted.get_mut();
        noted.bytes.clear();
        noted.values.clear();
    }

    /// The values of the request's slots.
    pub fn of_request(&self) -> &[Vec<u8>] {
        self.request.get(..self.counts.0).unwrap_or_default()
    }

    /// The values of the response's slots.
    pub fn of_response(&self) -> &[Vec<u8>] {
        self.response.get(..self.counts.1).unwrap_or_default()
    }

    /// Keeps a value until [`Session::settle_captures`] puts it into its slot. Past a
    /// generous bound values are lost.
    pub fn note(&self, into: CaptureInto, value: &[u8]) {
        // Nobody keeps this borrowed.
        let mut noted = self.noted.borrow_mut();
        if noted.bytes.len().saturating_add(value.len()) > NOTED_MAX {
            return;
        }
        let start = noted.bytes.len();
        noted.bytes.extend_from_slice(value);
        let end = noted.bytes.len();
        noted.values.push((into, start..end));
    }

    /// Gets ready for a frontend's slots.
    pub fn open(&mut self, request: usize, response: usize) {
        for (values, count) in [(&mut self.request, request), (&mut self.response, response)] {
            if values.len() < count {
                values.resize_with(count, Vec::new);
            }
        }
        self.counts = (request, response);
    }

    /// Captures the headers that the slots of a request name.
    pub fn capture_request(&mut self, slots: &[CaptureSlot], head: HeadView<'_>) {
        capture_headers(&mut self.request, slots, head);
    }

    /// Captures the headers that the slots of a response name.
    pub fn capture_response(&mut self, slots: &[CaptureSlot], head: HeadView<'_>) {
        capture_headers(&mut self.response, slots, head);
    }
}

impl Session {
    /// Captures a value; where the frontend has no such slot nothing happens.
    pub(super) fn capture(&mut self, into: CaptureInto, value: &[u8], core: &mut Core) {
        let slots = &core.config.proxy(self.frontend).captures;
        let of_direction = match into.of_response {
            false => &slots.request,
            true => &slots.response,
        };
        let Some(slot) = of_direction.get(into.slot) else {
            return;
        };
        if self.transaction.is_none() {
            self.transaction = core.transactions.take();
        }
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return;
        };
        transaction
            .captures
            .open(slots.request.len(), slots.response.len());
        let values = match into.of_response {
            false => &mut transaction.captures.request,
            true => &mut transaction.captures.response,
        };
        if let Some(kept) = values.get_mut(into.slot) {
            keep(kept, value, slot.len);
        }
    }
}

impl Session {
    /// Puts what converters captured into the slots.
    pub(in crate::session) fn settle_captures(&mut self, core: &mut Core) {
        let Some(transaction) = self.transaction.as_deref_mut() else {
            return;
        };
        let waiting = transaction.captures.noted.get_mut();
        if waiting.values.is_empty() {
            return;
        }
        let mut noted = std::mem::take(waiting);
        for (into, range) in noted.values.drain(..) {
            let value = noted.bytes.get(range).unwrap_or_default();
            self.capture(into, value, core);
        }
        noted.bytes.clear();
        if let Some(transaction) = self.transaction.as_deref_mut() {
            *transaction.captures.noted.get_mut() = noted;
        }
    }
}

/// The whole value of the last line of each header.
fn capture_headers(values: &mut [Vec<u8>], slots: &[CaptureSlot], head: HeadView<'_>) {
    for (slot, kept) in slots.iter().zip(values) {
        let Some(name) = slot.header.as_deref() else {
            continue;
        };
        if let Some(value) = head.values_named(name).last() {
            keep(kept, value, slot.len);
        }
    }
}

fn keep(kept: &mut Vec<u8>, value: &[u8], len: usize) {
    kept.clear();
    kept.extend_from_slice(value.get(..len).unwrap_or(value));
}

/// Bytes that converters may capture between two rules.
const NOTED_MAX: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_and_forgotten() {
        let mut values = CapturedValues::default();
        values.open(2, 0);
        keep(&mut values.request[1], b"abcdef", 3);
        assert_eq!(values.of_request(), [b"".to_vec(), b"abc".to_vec()]);
        assert!(values.of_response().is_empty());
        values.reset();
        assert!(values.of_request().is_empty());
        values.open(2, 1);
        assert_eq!(values.of_request(), [b"".to_vec(), b"".to_vec()]);
    }
}

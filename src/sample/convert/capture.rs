//! Converters that capture what passes through them.

use super::super::arg::{Arg, ArgKind, ArgSpec, int_at};
use super::super::context::Context;
use super::super::value::{Sample, Type};
use super::Converter;
use crate::config::model::CaptureInto;

fn request<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    capture(context, args, sample, false)
}

fn response<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    capture(context, args, sample, true)
}

/// Leaves a note, since nothing changes while expressions are evaluated: the slot is filled
/// once the rule is through. Where there is no such slot nothing happens.
fn capture<'a>(
    context: &Context<'a>,
    args: &[Arg],
    sample: Sample<'a>,
    of_response: bool,
) -> Option<Sample<'a>> {
    let slot = int_at(args, 0).and_then(|slot| usize::try_from(slot).ok());
    let transaction = context.session.and_then(|s| s.transaction.as_deref());
    if let (Some(slot), Some(transaction), Some(text)) = (slot, transaction, sample.raw()) {
        let into = CaptureInto { slot, of_response };
        transaction.captures.note(into, text);
    }
    Some(sample)
}

const SLOT: ArgSpec = ArgSpec::all(&[ArgKind::Int]);

/// Sorted by name.
pub(super) static CONVERTERS: &[Converter] = &[
    Converter {
        name: "capture-req",
        args: SLOT,
        input: Type::Str,
        output: Type::Str,
        usage: "capture-req(<slot>)",
        doc: "Captures the text in a slot of the request and returns it.",
        check: None,
        run: request,
    },
    Converter {
        name: "capture-res",
        args: SLOT,
        input: Type::Str,
        output: Type::Str,
        usage: "capture-res(<slot>)",
        doc: "Captures the text in a slot of the response and returns it.",
        check: None,
        run: response,
    },
];

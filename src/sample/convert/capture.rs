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
/// once the rule is through. Where the frontend has no such slot the value is lost.
fn capture<'a>(
    context: &Context<'a>,
    args: &[Arg],
    sample: Sample<'a>,
    of_response: bool,
) -> Option<Sample<'a>> {
    let slot = usize::try_from(int_at(args, 0)?).ok()?;
    let session = context.session?;
    let slots = &context.core.config.proxy(session.frontend).captures;
    let known = match of_response {
        false => &slots.request,
        true => &slots.response,
    };
    known.get(slot)?;
    let into = CaptureInto { slot, of_response };
    session
        .transaction
        .as_deref()?
        .captures
        .note(into, sample.raw()?);
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

//! Converters of numbers: arithmetic, bits, truth (manual, section 7.3.1).

use super::super::arg::{Arg, ArgKind};
use super::super::compute::number;
use super::super::context::Context;
use super::super::pending::value_of;
use super::super::value::{Sample, Type};
use super::Converter;

/// With the argument or the variable that it names; lost when that is no number.
fn with_operand<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    sample: Sample<'a>,
    apply: fn(i64, i64) -> i64,
) -> Option<Sample<'a>> {
    let operand = match args.first()? {
        Arg::Int(number) => *number,
        Arg::Variable(variable) => value_of(context, *variable)?.as_int()?,
        _ => return None,
    };
    Some(Sample::Int(apply(sample.as_int()?, operand)))
}

const INTS: (Type, Type) = (Type::Int, Type::Int);
const TRUTH: (Type, Type) = (Type::Int, Type::Bool);
const OPERAND: &[ArgKind] = &[ArgKind::IntOrVariable];

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("add", INTS, |c, a, s| with_operand(c, a, s, number::add))
        .takes(1, OPERAND)
        .says("add(<value>)", "The sum."),
    Converter::new("and", INTS, |c, a, s| with_operand(c, a, s, number::and))
        .takes(1, OPERAND)
        .says("and(<value>)", "The bits that both have."),
    Converter::new("bool", TRUTH, |_, _, sample| {
        Some(Sample::Bool(sample.as_int()? != 0))
    })
    .says("bool", "True unless the number is 0."),
    Converter::new("cpl", INTS, |_, _, sample| {
        Some(Sample::Int(number::cpl(sample.as_int()?)))
    })
    .says("cpl", "All bits the other way."),
    Converter::new("div", INTS, |c, a, s| with_operand(c, a, s, number::div))
        .takes(1, OPERAND)
        .says("div(<value>)", "The quotient."),
    Converter::new("even", TRUTH, |_, _, sample| {
        Some(Sample::Bool(number::even(sample.as_int()?)))
    })
    .says("even", "True for even numbers."),
    Converter::new("mod", INTS, |c, a, s| with_operand(c, a, s, number::modulo))
        .takes(1, OPERAND)
        .says("mod(<value>)", "The remainder of the division."),
    Converter::new("mul", INTS, |c, a, s| with_operand(c, a, s, number::mul))
        .takes(1, OPERAND)
        .says("mul(<value>)", "The product."),
    Converter::new("neg", INTS, |_, _, sample| {
        Some(Sample::Int(number::neg(sample.as_int()?)))
    })
    .says("neg", "The number with the other sign."),
    Converter::new("not", TRUTH, |_, _, sample| {
        Some(Sample::Bool(sample.as_int()? == 0))
    })
    .says("not", "True when the number is 0."),
    Converter::new("odd", TRUTH, |_, _, sample| {
        Some(Sample::Bool(number::odd(sample.as_int()?)))
    })
    .says("odd", "True for odd numbers."),
    Converter::new("or", INTS, |c, a, s| with_operand(c, a, s, number::or))
        .takes(1, OPERAND)
        .says("or(<value>)", "The bits that one of both has."),
    Converter::new("sub", INTS, |c, a, s| with_operand(c, a, s, number::sub))
        .takes(1, OPERAND)
        .says("sub(<value>)", "The difference."),
    Converter::new("xor", INTS, |c, a, s| with_operand(c, a, s, number::xor))
        .takes(1, OPERAND)
        .says("xor(<value>)", "The bits that only one of both has."),
];

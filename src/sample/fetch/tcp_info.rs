//! Fetches over what the kernel measures of the client's connection (manual, section 7.3.3).

use super::super::arg::{Arg, ArgKind, ArgSpec, text_at};
use super::super::context::{Context, Cursor, Fetched};
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};
use crate::sys::socket_info::{TcpInfo, tcp_info};

fn measured(context: &Context<'_>, value: fn(&TcpInfo) -> u32) -> Option<u32> {
    let fd = context.session?.client.fd()?;
    tcp_info(fd).ok().map(|info| value(&info))
}

fn count<'a>(context: &Context<'a>, value: fn(&TcpInfo) -> u32) -> Fetched<'a> {
    measured(context, value)
        .map(|count| Sample::Int(i64::from(count)))
        .into()
}

/// A time; milliseconds unless asked for microseconds.
fn time<'a>(context: &Context<'a>, args: &'a [Arg], value: fn(&TcpInfo) -> u32) -> Fetched<'a> {
    let in_micros = text_at(args, 0) == Some(b"us");
    measured(context, value)
        .map(|micros| Sample::Int(i64::from(if in_micros { micros } else { micros / 1_000 })))
        .into()
}

/// Declares fetches of one counter each.
macro_rules! counters {
    ($($name:ident: $field:ident),+) => {
        $(fn $name<'a>(
            context: &Context<'a>,
            _args: &'a [Arg],
            _cursor: &mut Cursor,
        ) -> Fetched<'a> {
            count(context, |info| info.$field)
        })+
    };
}

counters!(
    fc_fackets: fackets,
    fc_lost: lost,
    fc_reordering: reordering,
    fc_retrans: retransmits,
    fc_sacked: sacked,
    fc_unacked: unacked
);

fn fc_rtt<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    time(context, args, |info| info.rtt_us)
}

fn fc_rttvar<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    time(context, args, |info| info.rttvar_us)
}

fn check_unit(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match text_at(args, 0) {
        None | Some(b"us" | b"ms") => Ok(()),
        Some(_) => Err(String::from("this argument is expected to be 'us' or 'ms'")),
    }
}

const UNIT: ArgSpec = ArgSpec::some(0, &[ArgKind::Str]);
const CLIENT: Needs = Needs::CLIENT;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("fc_fackets", Type::Int, CLIENT, fc_fackets)
        .doc("Segments acknowledged ahead, as the kernel counts them."),
    Fetch::new("fc_lost", Type::Int, CLIENT, fc_lost)
        .doc("Segments thought lost, as the kernel counts them."),
    Fetch::new("fc_reordering", Type::Int, CLIENT, fc_reordering)
        .doc("How far segments arrive out of order, as the kernel measures it."),
    Fetch::new("fc_retrans", Type::Int, CLIENT, fc_retrans)
        .doc("Segments sent again and not acknowledged, as the kernel counts them."),
    Fetch::new("fc_rtt", Type::Int, CLIENT, fc_rtt)
        .args(UNIT, "fc_rtt([<unit>])")
        .checked(check_unit)
        .doc("The round trip to the client, in milliseconds (ms) or microseconds (us)."),
    Fetch::new("fc_rttvar", Type::Int, CLIENT, fc_rttvar)
        .args(UNIT, "fc_rttvar([<unit>])")
        .checked(check_unit)
        .doc("How much the round trip to the client varies, in ms or us."),
    Fetch::new("fc_sacked", Type::Int, CLIENT, fc_sacked)
        .doc("Segments acknowledged selectively, as the kernel counts them."),
    Fetch::new("fc_unacked", Type::Int, CLIENT, fc_unacked)
        .doc("Segments not acknowledged yet, as the kernel counts them."),
];

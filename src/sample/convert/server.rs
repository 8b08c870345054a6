//! Converters of names into what is known about servers (manual, section 7.3.1), and the one
//! that shows what passes by.

use std::io::Write;

use super::super::arg::{Arg, ArgKind, text_at};
use super::super::context::Context;
use super::super::language::Language;
use super::super::value::{Sample, Type};
use super::{Converter, lossy_at, with_scratch};
use crate::config::model::{Proxy, ServerId};

fn nbsrv<'a>(context: &Context<'a>, _args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let backend = backend_named(context, sample.raw()?)?;
    let state = &context.core.state;
    let usable = backend
        .servers
        .iter()
        .filter(|server| state.server(**server).is_usable());
    i64::try_from(usable.count()).ok().map(Sample::Int)
}

fn srv_queue<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    sample: Sample<'a>,
) -> Option<Sample<'a>> {
    let server = server_named(context, sample.raw()?)?;
    let queued = context.core.state.server(server).queued;
    Some(Sample::Int(i64::from(queued)))
}

/// The server `backend/name`, or `name` of the proxy at work.
fn server_named(context: &Context<'_>, path: &[u8]) -> Option<ServerId> {
    let config = context.core.config;
    let (backend, name) = match memchr::memchr(b'/', path) {
        None => (config.proxy(context.proxy), path),
        Some(at) => {
            let (backend, name) = path.split_at_checked(at)?;
            (backend_named(context, backend)?, name.get(1..)?)
        }
    };
    let mut servers = backend.servers.iter().copied();
    servers.find(|server| config.server(*server).name.as_bytes() == name)
}

fn backend_named<'a>(context: &Context<'a>, name: &[u8]) -> Option<&'a Proxy> {
    let mut proxies = context.core.config.proxies.iter();
    proxies.find(|proxy| proxy.capabilities.backend && proxy.name.as_bytes() == name)
}

/// Shows a sample: on the output that was asked for, else among the developers' diagnostics.
fn debug<'a>(context: &Context<'a>, args: &'a [Arg], sample: Sample<'a>) -> Option<Sample<'a>> {
    let prefix = String::from_utf8_lossy(text_at(args, 0).unwrap_or(b"debug"));
    let kind = sample.kind().name();
    let text = String::from_utf8_lossy(sample.as_text(context.arena));
    with_scratch(context, |line| {
        // A vector takes whatever is written, and nobody waits for these lines.
        let _ = writeln!(line, "[{prefix}] type={kind} <{}>", text.escape_debug());
        let _ = match text_at(args, 1) {
            Some(b"stdout") => std::io::stdout().write_all(line),
            Some(b"stderr") => std::io::stderr().write_all(line),
            _ => {
                log::info!("{}", String::from_utf8_lossy(line).trim_end());
                Ok(())
            }
        };
    });
    Some(sample)
}

fn check_sink(_language: &mut Language, args: &mut Vec<Arg>) -> Result<(), String> {
    match lossy_at(args, 1).as_str() {
        "" | "buf0" | "stdout" | "stderr" => Ok(()),
        other => Err(format!("No such sink '{other}'")),
    }
}

pub(super) static CONVERTERS: &[Converter] = &[
    Converter::new("debug", (Type::Any, Type::Any), debug)
        .takes(0, &[ArgKind::Str, ArgKind::Str])
        .checked(check_sink)
        .says(
            "debug([<prefix>[,<destination>]])",
            "Shows the value and hands it on.",
        ),
    Converter::new("nbsrv", (Type::Str, Type::Int), nbsrv)
        .says("nbsrv", "The number of usable servers of a backend."),
    Converter::new("srv_queue", (Type::Str, Type::Int), srv_queue)
        .says("srv_queue", "The number of sessions queued for a server."),
];

//! `tune.*` in the `global` section: sizes of buffers and batches.

use std::ops::RangeInclusive;

use super::Build;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line};
use crate::config::section::global::entry;
use crate::config::unit::Unit;

/// The keywords.
pub(super) static TABLE: &[Keyword<Build>] = &[
    entry(
        "tune.bufsize",
        "tune.bufsize <size>",
        "Size of the buffers that requests and responses pass through.",
        "1.3",
        |build, line| {
            build.config.global.tuning.bufsize = bytes(line, BUFSIZE_MIN..=SIZE_MAX)?;
            Ok(())
        },
    ),
    entry(
        "tune.chksize",
        "tune.chksize <size>",
        "Size of the buffers of health checks.",
        "1.4",
        |build, line| {
            build.config.global.tuning.chksize = bytes(line, BUFSIZE_MIN..=SIZE_MAX)?;
            Ok(())
        },
    ),
    entry(
        "tune.http.cookielen",
        "tune.http.cookielen <number>",
        "Longest capture of a cookie, in bytes.",
        "1.5",
        |build, line| {
            build.config.global.tuning.http_cookielen = line.words.uint(1, 1..=65_535)?;
            line.words.end(2)
        },
    ),
    entry(
        "tune.http.maxhdr",
        "tune.http.maxhdr <number>",
        "Most header lines that a request or response may have.",
        "1.5",
        |build, line| {
            build.config.global.tuning.http_maxhdr = line.words.uint(1, 1..=32_767)?;
            line.words.end(2)
        },
    ),
    entry(
        "tune.idletimer",
        "tune.idletimer <time>",
        "Silence after which a stream that was bulk counts as interactive again.",
        "1.6",
        idletimer,
    ),
    entry(
        "tune.maxaccept",
        "tune.maxaccept <number>",
        "Connections accepted in a row on one listening socket, -1 for all there are.",
        "1.3",
        |build, line| {
            build.config.global.tuning.maxaccept = line.words.int(1, -1..=i32::MAX)?;
            line.words.end(2)
        },
    ),
    entry(
        "tune.maxpollevents",
        "tune.maxpollevents <number>",
        "Events taken from the kernel per turn of the loop.",
        "1.3",
        |build, line| {
            build.config.global.tuning.maxpollevents = line.words.uint(1, 1..=1_000_000)?;
            line.words.end(2)
        },
    ),
    entry(
        "tune.maxrewrite",
        "tune.maxrewrite <size>",
        "Room kept free in a buffer for headers that are added; at most half the buffer.",
        "1.3",
        |build, line| {
            build.config.global.tuning.maxrewrite = bytes(line, 0..=SIZE_MAX)?;
            Ok(())
        },
    ),
    entry(
        "tune.pipesize",
        "tune.pipesize <size>",
        "Size of the kernel pipes that spliced data passes through.",
        "1.5",
        |build, line| {
            build.config.global.tuning.pipesize = bytes(line, 0..=SIZE_MAX)?;
            Ok(())
        },
    ),
    entry(
        "tune.rcvbuf.client",
        "tune.rcvbuf.client <size>",
        "Receive buffer of the kernel for client connections.",
        "1.3",
        |build, line| {
            build.config.global.tuning.rcvbuf_client = socket_bytes(line)?;
            Ok(())
        },
    ),
    entry(
        "tune.rcvbuf.server",
        "tune.rcvbuf.server <size>",
        "Receive buffer of the kernel for server connections.",
        "1.3",
        |build, line| {
            build.config.global.tuning.rcvbuf_server = socket_bytes(line)?;
            Ok(())
        },
    ),
    entry(
        "tune.sndbuf.client",
        "tune.sndbuf.client <size>",
        "Send buffer of the kernel for client connections.",
        "1.3",
        |build, line| {
            build.config.global.tuning.sndbuf_client = socket_bytes(line)?;
            Ok(())
        },
    ),
    entry(
        "tune.sndbuf.server",
        "tune.sndbuf.server <size>",
        "Send buffer of the kernel for server connections.",
        "1.3",
        |build, line| {
            build.config.global.tuning.sndbuf_server = socket_bytes(line)?;
            Ok(())
        },
    ),
];

fn idletimer(build: &mut Build, line: &Line) -> Parse<()> {
    let time_ms = line.words.time(1, Unit::Ms)?;
    line.words.end(2)?;
    if time_ms > IDLETIMER_MS_MAX {
        let message = format!("'tune.idletimer' expects a time up to {IDLETIMER_MS_MAX} ms.");
        return Err(line.words.error(1, message));
    }
    build.config.global.tuning.idletimer_ms = time_ms;
    Ok(())
}

/// The one argument of the line, a size within `range`.
fn bytes(line: &Line, range: RangeInclusive<usize>) -> Parse<usize> {
    let size = line.words.size(1)?;
    line.words.end(2)?;
    if range.contains(&size) {
        return Ok(size);
    }
    let (name, low, high) = (line.words.name(), range.start(), range.end());
    Err(line.words.error(
        1,
        format!("'{name}' must be between {low} and {high} bytes."),
    ))
}

/// The one argument of the line, a size that the kernel's signed options can hold.
fn socket_bytes(line: &Line) -> Parse<u32> {
    let size = bytes(line, 0..=SIZE_MAX)?;
    Ok(u32::try_from(size).unwrap_or(u32::MAX))
}

/// Smallest buffer that a request line and some headers fit in.
const BUFSIZE_MIN: usize = 1_024;

/// Largest size of anything, 1 GiB.
const SIZE_MAX: usize = 1 << 30;

const IDLETIMER_MS_MAX: u32 = 65_535;

//! `show errors`: the last refused message of each proxy and direction, with the place of the
//! fault and a dump.

use std::fmt::Write;

use super::command::{Answer, Call, Dump, Scene, Step};
use super::format::date;
use super::stat::proxy_number;
use crate::config::model::ProxyId;
use crate::session::errors::{Direction, ErrorCapture};
use crate::worker::Core;

/// `show errors [<proxy>] [request|response]`.
pub(super) fn show_errors(call: &mut Call<'_>) -> Answer {
    let core = &call.worker.core;
    let mut words = call.words.from(2);
    let mut direction = direction_of(words.first());
    let mut proxy = None;
    if direction.is_none()
        && let Some(word) = words.first()
    {
        words = words.get(1..).unwrap_or_default();
        direction = direction_of(words.first());
        proxy = match proxy_number(word, core) {
            Some(-1) => None,
            Some(0) | None => return Answer::text("No such proxy.\n"),
            number => number,
        };
    }
    Answer::Dump(Box::new(ShowErrors {
        proxy,
        direction,
        is_begun: false,
        shown: 0,
    }))
}

fn direction_of(word: Option<&String>) -> Option<Direction> {
    match word.map(String::as_str) {
        Some("request") => Some(Direction::Request),
        Some("response") => Some(Direction::Response),
        Some(_) | None => None,
    }
}

struct ShowErrors {
    proxy: Option<i64>,
    direction: Option<Direction>,
    is_begun: bool,
    /// Captures passed.
    shown: usize,
}

impl Dump for ShowErrors {
    fn step(&mut self, scene: &Scene<'_>, out: &mut String) -> Step {
        let core = scene.core;
        if !self.is_begun {
            self.is_begun = true;
            let now = date(core.engine.clock.date(), 3);
            let events = core.errors.events();
            // Writing into a string cannot fail.
            let _ = writeln!(out, "Total events captured on [{now}] : {events}");
        }
        let Some((proxy, direction, capture)) = core.errors.iter().nth(self.shown) else {
            return Step::Done;
        };
        self.shown += 1;
        let is_wanted = self.proxy.is_none_or(|wanted| {
            wanted == i64::from(core.config.proxy(proxy).numeric_id)
                || wanted == i64::from(core.config.proxy(capture.other).numeric_id)
        });
        if is_wanted && self.direction.is_none_or(|wanted| wanted == direction) {
            write_capture(core, proxy, direction, capture, out);
        }
        Step::More
    }
}

fn write_capture(
    core: &Core,
    proxy: ProxyId,
    direction: Direction,
    capture: &ErrorCapture,
    out: &mut String,
) {
    let settings = core.config.proxy(proxy);
    let other = core.config.proxy(capture.other);
    let (side, what, other_side) = match direction {
        Direction::Request => ("frontend", "request", "backend"),
        Direction::Response => ("backend", "response", "frontend"),
    };
    let is_unassigned = direction == Direction::Request && capture.other == proxy;
    let (other_name, other_id) = match is_unassigned && !settings.capabilities.backend {
        true => ("<NONE>", -1),
        false => (other.name.as_str(), i64::from(other.numeric_id)),
    };
    let server = capture.server.map(|server| core.config.server(server));
    let server_name = server.map_or("<NONE>", |server| server.name.as_str());
    let server_id = server.map_or(-1, |server| i64::from(server.numeric_id));
    // Writing into a string cannot fail.
    let _ = write!(
        out,
        " \n[{}] {side} {} (#{}): invalid {what}\n  {other_side} {other_name} (#{other_id}), \
         server {server_name} (#{server_id}), event #{}, src {}\n  session #{}, session flags \
         {:#010x}, channel flags {:#010x}, total {} bytes\n  len {} bytes, error at position {}\n  \
         {} :\n  \n",
        date(capture.date, 3),
        settings.name,
        settings.numeric_id,
        capture.event.saturating_sub(1),
        capture.source,
        capture.session,
        capture.session_flags,
        capture.channel_flags,
        capture.total,
        capture.bytes.len(),
        capture.position,
        capture.reason,
    );
    write_dump(&capture.bytes, out);
}

/// The bytes in lines as they stood in the message, offsets in front; a line too long for one
/// goes on behind a `+`.
fn write_dump(bytes: &[u8], out: &mut String) {
    let mut offset = 0;
    let mut sign = ' ';
    while offset < bytes.len() {
        let _ = write!(out, "  {offset:05}{sign} ");
        let start = out.len();
        sign = '+';
        while let Some(byte) = bytes.get(offset) {
            let width = out.len() - start;
            let mut text = String::new();
            write_escaped(*byte, &mut text);
            if width + text.len() > DUMP_WIDTH {
                break;
            }
            out.push_str(&text);
            offset += 1;
            if *byte == b'\n' {
                sign = ' ';
                break;
            }
        }
        out.push('\n');
    }
}

fn write_escaped(byte: u8, out: &mut String) {
    match byte {
        b'\r' => out.push_str("\\r"),
        b'\n' => out.push_str("\\n"),
        b'\t' => out.push_str("\\t"),
        0x1b => out.push_str("\\e"),
        b'\\' => out.push_str("\\\\"),
        0x20..=0x7e => out.push(char::from(byte)),
        _ => {
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
}

/// Columns of a dumped line behind its offset.
const DUMP_WIDTH: usize = 70;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_keeps_lines_and_escapes_bytes() {
        let mut out = String::new();
        write_dump(
            b"GET / HTTP/1.1\r\nbad name: x\xff\t\\\x01y\r\n\r\n",
            &mut out,
        );
        assert_eq!(
            out,
            "  00000  GET / HTTP/1.1\\r\\n\n  00016  bad name: x\\xFF\\t\\\\\\x01y\\r\\n\n  \
             00034  \\r\\n\n"
        );
    }

    #[test]
    fn long_lines_go_on() {
        let mut out = String::new();
        let line = [b"long: ".as_slice(), &b"0123456789".repeat(8), b"\r\n"].concat();
        write_dump(&line, &mut out);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines[0],
            format!("  00000  long: {}0123", "0123456789".repeat(6))
        );
        assert_eq!(lines[1], "  00070+ 4567890123456789\\r\\n");
        assert_eq!(lines.len(), 2);
    }
}

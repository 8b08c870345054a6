//! `-d`: what each session does, on standard output, one line per event.
//!
//! The lines have dev7's shape: session number, proxy, event and the two descriptors. A
//! terminal that cannot be written to is no reason to end a session.

use std::io::Write;

use super::Session;
use crate::http::head::HeadView;
use crate::sys::Fd;
use crate::worker::Core;

/// Who a traced line is about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// Number of the session.
    id: u32,
    /// Name of the proxy.
    proxy: &'a str,
    /// Descriptors of the client's and the server's end, -1 when closed.
    ends: (i32, i32),
}

/// What the lines of a head are called.
#[derive(Clone, Copy)]
pub(super) enum Traced {
    /// `clireq` and `clihdr`
    Request,
    /// `srvrep` and `srvhdr`
    Response,
}

impl Session {
    /// The session as its frontend's traces show it.
    pub(super) fn subject(&self, core: &Core) -> Subject<'static> {
        let number = |fd: Option<Fd>| fd.map_or(-1, Fd::raw);
        Subject {
            id: self.unique_id,
            proxy: &core.config.proxy(self.backend).name,
            ends: (number(self.client.fd()), number(self.server_side.fd())),
        }
    }

    /// A connection was accepted.
    pub(super) fn trace_accept(&self, fd: Fd, core: &Core) {
        let source = self.source;
        let fd = fd.raw();
        write_line(
            self.subject(core),
            format_args!(".accept={fd:04x} from [{source}]"),
        );
    }

    /// The session ended.
    pub(super) fn trace_closed(&self, core: &Core) {
        let subject = self.subject(core);
        let (client, server) = subject.ends;
        write_line(subject, format_args!(".closed[{client:04x}:{server:04x}]"));
    }
}

/// A head was parsed: its start line and header lines.
pub(super) fn head(subject: Subject<'_>, what: Traced, view: HeadView<'_>) {
    let (start, header) = match what {
        Traced::Request => ("clireq", "clihdr"),
        Traced::Response => ("srvrep", "srvhdr"),
    };
    let (client, server) = subject.ends;
    let line = String::from_utf8_lossy(view.start_line());
    write_line(
        subject,
        format_args!(".{start}[{client:04x}:{server:04x}]: {line}"),
    );
    for (name, value) in view.lines() {
        let (name, value) = (
            String::from_utf8_lossy(name),
            String::from_utf8_lossy(value),
        );
        write_line(
            subject,
            format_args!(".{header}[{client:04x}:{server:04x}]: {name}: {value}"),
        );
    }
}

fn write_line(subject: Subject<'_>, text: std::fmt::Arguments<'_>) {
    let mut output = std::io::stdout().lock();
    let _ = writeln!(output, "{:08x}:{}{text}", subject.id, subject.proxy);
    let _ = output.flush();
}

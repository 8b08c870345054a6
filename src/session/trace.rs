//! `-d`: what each session does, on standard output, one line per event.
//!
//! The lines have dev7's shape: session number, proxy, event and the two descriptors. A
//! terminal that cannot be written to is no reason to end a session.

use std::io::Write;

use super::Session;
use crate::http::head::HeadView;
use crate::sys::Fd;
use crate::worker::Core;

/// Which message a trace shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traced {
    /// A request.
    Request,
    /// A response.
    Response,
}

impl Session {
    /// A connection was accepted.
    pub(super) fn trace_accept(&self, fd: Fd, core: &Core) {
        let name = &core.config.proxy(self.frontend).name;
        let source = self.source;
        self.trace_line(format_args!(
            "{name}.accept={:04x} from [{source}]",
            fd.raw()
        ));
    }

    /// A head was parsed: its start line and header lines.
    pub(super) fn trace_head(&self, what: Traced, view: HeadView<'_>, core: &Core) {
        let proxy = match what {
            Traced::Request => self.frontend,
            Traced::Response => self.backend,
        };
        let name = &core.config.proxy(proxy).name;
        let (start, header) = match what {
            Traced::Request => ("clireq", "clihdr"),
            Traced::Response => ("srvrep", "srvhdr"),
        };
        let (client, server) = self.trace_descriptors();
        let line = String::from_utf8_lossy(view.start_line());
        self.trace_line(format_args!(
            "{name}.{start}[{client:04x}:{server:04x}]: {line}"
        ));
        for (field, value) in view.lines() {
            let (field, value) = (
                String::from_utf8_lossy(field),
                String::from_utf8_lossy(value),
            );
            self.trace_line(format_args!(
                "{name}.{header}[{client:04x}:{server:04x}]: {field}: {value}"
            ));
        }
    }

    /// The session ended.
    pub(super) fn trace_closed(&self, core: &Core) {
        let name = &core.config.proxy(self.frontend).name;
        let (client, server) = self.trace_descriptors();
        self.trace_line(format_args!("{name}.closed[{client:04x}:{server:04x}]"));
    }

    fn trace_descriptors(&self) -> (i32, i32) {
        let number = |fd: Option<Fd>| fd.map_or(-1, Fd::raw);
        (number(self.client.fd()), number(self.server_side.fd()))
    }

    fn trace_line(&self, text: std::fmt::Arguments<'_>) {
        let mut output = std::io::stdout().lock();
        let _ = writeln!(output, "{:08x}:{text}", self.unique_id);
        let _ = output.flush();
    }
}

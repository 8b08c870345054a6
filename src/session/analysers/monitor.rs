//! `monitor-uri`, `monitor-net`: those who ask whether weir itself is alive are told so.
//!
//! Called when a request head was parsed, before any rule, and for `monitor-net` when a
//! connection was accepted. Neither is ever logged; a server is never asked.

use crate::config::model::{Mode, Proxy};
use crate::http::head::HeadView;
use crate::session::analyser::Verdict;
use crate::session::outcome::{Cause, Stage};
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// True for a request that is answered by [`Self::answer_monitor`].
    pub(super) fn is_monitor_request(&mut self, core: &Core) -> bool {
        let proxy = core.config.proxy(self.frontend);
        if proxy.monitor_uri.is_none() && proxy.monitor_net.is_none() {
            return false;
        }
        self.comes_from_monitor(proxy) || self.asks_monitor_uri(proxy)
    }

    /// Answers with the page of status 200, or of 503 while `monitor fail` says so.
    pub(super) fn answer_monitor(&mut self, core: &mut Core) -> Verdict {
        self.flags.insert(SessionFlags::LOGGED);
        self.outcome.note(Cause::Local, Stage::Request);
        let status = match self.monitor_fails(core) {
            true => STATUS_FAILING,
            false => STATUS_ALIVE,
        };
        self.answer_with_page(status, core)
    }

    /// A connection from the monitors' network leaves no trace; where bytes are relayed it is
    /// closed at once, as there is no request to answer.
    pub(in crate::session) fn accept_monitor(&mut self, core: &mut Core) {
        let proxy = core.config.proxy(self.frontend);
        if !self.comes_from_monitor(proxy) {
            return;
        }
        self.flags.insert(SessionFlags::LOGGED);
        if proxy.mode == Mode::Tcp {
            self.http_reply_and_close(None, core);
        }
    }

    fn comes_from_monitor(&self, proxy: &Proxy) -> bool {
        match (proxy.monitor_net, self.source.ip()) {
            (Some(network), Some(address)) => network.contains(address),
            (Some(_) | None, _) => false,
        }
    }

    fn asks_monitor_uri(&mut self, proxy: &Proxy) -> bool {
        let (Some(uri), Some(transaction), Some((buffer, base))) = (
            proxy.monitor_uri.as_deref(),
            self.transaction.as_deref(),
            self.request.message(),
        ) else {
            return false;
        };
        is_for(uri.as_bytes(), transaction.request.head.view(buffer, base))
    }
}

/// A monitor URI that is a path stands for that path in every form of a request target.
fn is_for(uri: &[u8], request: HeadView<'_>) -> bool {
    if uri.first() == Some(&b'/') {
        return request.path_and_query() == uri;
    }
    request.uri() == uri
}

/// What monitors are answered while nothing makes them fail.
const STATUS_ALIVE: u16 = 200;
/// What they are answered while a condition of `monitor fail` holds.
const STATUS_FAILING: u16 = 503;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::buffer::Buffer;
    use crate::http::head::Head;
    use crate::http::parse::{Policy, parse_request};

    fn is_monitor(monitor: &str, target: &str) -> bool {
        let text = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        let mut buffer = Buffer::new(256);
        buffer.push(text.as_bytes()).unwrap();
        let mut head = Head::new();
        parse_request(&mut buffer, 0, text.len(), Policy::default(), &mut head).unwrap();
        is_for(monitor.as_bytes(), head.view(&buffer, 0))
    }

    #[test]
    fn the_uri_must_be_the_same_byte_for_byte() {
        assert!(is_monitor("/alive", "/alive"));
        assert!(!is_monitor("/alive", "/alive?x"));
        assert!(!is_monitor("/alive", "/Alive"));
        assert!(is_monitor("/alive?x", "/alive?x"));
    }

    #[test]
    fn a_path_is_found_in_an_absolute_uri_and_not_the_other_way_round() {
        assert!(is_monitor("/alive", "http://h/alive"));
        assert!(is_monitor("http://h/alive", "http://h/alive"));
        assert!(!is_monitor("http://h/alive", "/alive"));
    }
}

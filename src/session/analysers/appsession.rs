//! `appsession`: brings clients back by a session cookie that the application sets itself.
//!
//! Called by the cookie analysers. A request's identifier is looked for in its cookies, then
//! in its URL (manual of 1.5, "appsession"), and is kept in the transaction until the answer
//! tells which server knows it.

use crate::config::model::{Appsession, AppsessionMode, ProxyOption, ServerId};
use crate::http::cookie::{Cookie, request_cookies, response_cookies};
use crate::http::head::HeadView;
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Assigns the server that knows the request's application session, unless another way
    /// of persistence has chosen one.
    pub(in crate::session) fn find_appsession(&mut self, core: &mut Core) {
        let Some(settings) = core.config.proxy(self.backend).appsession.as_ref() else {
            return;
        };
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.request.message())
        else {
            return;
        };
        let view = transaction.request.head.view(buffer, base);
        let kept = &mut transaction.cookies.appsession;
        kept.clear();
        let in_cookies = request_cookies(view).any(|cookie| keep(kept, settings, &cookie));
        if !in_cookies {
            find_in_url(kept, settings, view);
        }
        let unused = SessionFlags::IGNORE_PERSIST.union(SessionFlags::ASSIGNED);
        if kept.is_empty() || self.flags.any(unused) {
            return;
        }
        let now_ms = core.engine.clock.monotonic_us() / 1_000;
        let found = core
            .appsession_table(self.backend)
            .and_then(|table| table.find(kept, now_ms));
        if let Some(server) = found.filter(|&server| self.honours(server, core)) {
            self.assign_persistent(server);
        }
    }

    fn honours(&self, server: ServerId, core: &Core) -> bool {
        core.state.server(server).is_up()
            || self.flags.any(SessionFlags::FORCE_PERSIST)
            || core
                .config
                .proxy(self.backend)
                .options
                .has(ProxyOption::Persist)
    }

    /// Learns the application session that the response sets or, with `request-learn`, the
    /// one that the request named.
    pub(in crate::session) fn learn_appsession(&mut self, core: &mut Core) {
        let settings = core.config.proxy(self.backend).appsession.as_ref();
        let (Some(settings), Some(server)) = (settings, self.server) else {
            return;
        };
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return;
        };
        let view = transaction.response.head.view(buffer, base);
        let kept = &mut transaction.cookies.appsession;
        let is_set = response_cookies(view).any(|cookie| keep(kept, settings, &cookie));
        if kept.is_empty() || !(is_set || settings.request_learn) {
            return;
        }
        let now_ms = core.engine.clock.monotonic_us() / 1_000;
        if let Some(table) = core.appsession_table(self.backend) {
            table.learn(kept, server, now_ms);
        }
    }
}

/// Keeps the identifier if this is the application's cookie.
fn keep(kept: &mut Vec<u8>, settings: &Appsession, cookie: &Cookie<'_>) -> bool {
    let Some(value) = cookie.value else {
        return false;
    };
    keep_pair(kept, settings, cookie.name, value)
}

/// With `prefix` the rest of the name counts too: `rest=value`.
fn keep_pair(kept: &mut Vec<u8>, settings: &Appsession, name: &[u8], value: &[u8]) -> bool {
    let Some(rest) = name.strip_prefix(settings.name.as_bytes()) else {
        return false;
    };
    if !rest.is_empty() && !settings.prefix {
        return false;
    }
    kept.clear();
    if settings.prefix {
        let pair = rest.iter().chain(b"=").chain(value);
        kept.extend(pair.take(settings.len));
        return true;
    }
    kept.extend(value.iter().take(settings.len));
    !value.is_empty()
}

fn find_in_url(kept: &mut Vec<u8>, settings: &Appsession, view: HeadView<'_>) {
    let (text, separator) = match settings.mode {
        AppsessionMode::PathParameters => {
            let path = view.path();
            let first = memchr::memchr(b';', path);
            let text = first.and_then(|at| path.get(at + 1..));
            (text.unwrap_or_default(), b';')
        }
        AppsessionMode::QueryString => (view.query().unwrap_or_default(), b'&'),
    };
    for pair in text.split(|&byte| byte == separator) {
        let Some(equals) = memchr::memchr(b'=', pair) else {
            continue;
        };
        let (name, value) = pair.split_at(equals);
        if keep_pair(kept, settings, name, value.get(1..).unwrap_or_default()) {
            return;
        }
    }
}

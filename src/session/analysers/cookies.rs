//! Cookie persistence: `manage_client_side_cookies` finds the server that a request's cookie
//! names, `manage_server_side_cookies` sees to it that the client has the right one.
//!
//! Called by `http_process_request` and `http_process_res_common`, before they settle the
//! connection headers. Both first read all cookies, then change what the configuration says
//! (manual, "cookie"); captures are read in the same pass. Without any such keyword nothing
//! is looked at.

use crate::config::model::{
    CookieCapture, CookieMode, CookieSettings, ProxyId, ProxyOption, ServerId,
};
use crate::http::cacheable::is_cacheable;
use crate::http::cookie::{
    Cookie, SetCookieChange, change_set_cookies, remove_request_cookies, request_cookies,
    response_cookies, strip_request_prefixes,
};
use crate::http::head::Method;
use crate::http::rewrite::{RewriteError, Rewriter};
use crate::session::persistence::{
    ClientCookie, CookieDates, CookieState, ServerCookie, encode_date,
};
use crate::session::transaction::Transaction;
use crate::session::{Session, SessionFlags};
use crate::worker::Core;

impl Session {
    /// Looks at the request's cookies: captures one, assigns the server that one names, and
    /// takes out what servers are not to see.
    ///
    /// # Errors
    /// When the head could not be changed.
    #[inline(never)]
    pub(in crate::session) fn manage_client_side_cookies(
        &mut self,
        core: &mut Core,
    ) -> Result<(), RewriteError> {
        let backend = core.config.proxy(self.backend);
        let settings = backend.cookie.as_ref();
        let capture = core.config.proxy(self.frontend).cookie_capture.as_ref();
        if settings.is_none() && capture.is_none() && backend.appsession.is_none() {
            return Ok(());
        }
        log::trace!("manage_client_side_cookies");
        if let Some(server) = self.read_request_cookies(settings, capture, core) {
            self.assign_persistent(server);
        }
        self.find_appsession(core);
        let (Some(transaction), Some((buffer, base)), Some(settings)) = (
            self.transaction.as_deref_mut(),
            self.request.message(),
            settings,
        ) else {
            return Ok(());
        };
        let mut rewriter = Rewriter::new(buffer, base, &mut transaction.request.head);
        let name = settings.name.as_bytes();
        match settings.mode {
            CookieMode::Prefix => strip_request_prefixes(&mut rewriter, name, PREFIX_SEPARATOR)?,
            CookieMode::Insert if settings.indirect => remove_request_cookies(&mut rewriter, name)?,
            CookieMode::Insert | CookieMode::Passive | CookieMode::Rewrite => 0,
        };
        Ok(())
    }

    /// The server that the request is bound to from here on, whatever load balancing says.
    pub(in crate::session) fn assign_persistent(&mut self, server: ServerId) {
        self.server = Some(server);
        self.flags
            .insert(SessionFlags::DIRECT.union(SessionFlags::ASSIGNED));
    }

    fn read_request_cookies(
        &mut self,
        settings: Option<&CookieSettings>,
        capture: Option<&CookieCapture>,
        core: &Core,
    ) -> Option<ServerId> {
        let finder = Finder {
            core,
            backend: self.backend,
            flags: self.flags,
            now_s: core.engine.clock.date().0,
        };
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.request.message())
        else {
            return None;
        };
        let Transaction {
            request, cookies, ..
        } = transaction;
        let mut found = None;
        for cookie in request_cookies(request.head.view(buffer, base)) {
            if cookie.is_attribute() {
                continue;
            }
            if let Some(capture) = capture {
                keep_first(&mut cookies.captured_request, capture, &cookie);
            }
            if found.is_some() {
                continue;
            }
            let named = settings
                .and_then(|settings| Some((settings, cookie.value_of(settings.name.as_bytes())?)));
            if let Some((settings, value)) = named {
                found = finder.judge(settings, value, cookies);
            }
        }
        found
    }

    /// Looks at the cookies that the response sets: captures one, changes or takes out the
    /// server's persistence cookie, and adds one where the client needs it.
    ///
    /// # Errors
    /// When the head could not be changed.
    #[inline(never)]
    pub(in crate::session) fn manage_server_side_cookies(
        &mut self,
        core: &mut Core,
    ) -> Result<(), RewriteError> {
        let backend = core.config.proxy(self.backend);
        let settings = backend.cookie.as_ref();
        let capture = core.config.proxy(self.frontend).cookie_capture.as_ref();
        if settings.is_none() && capture.is_none() && backend.appsession.is_none() {
            return Ok(());
        }
        log::trace!("manage_server_side_cookies");
        self.learn_appsession(core);
        let (Some(transaction), Some((buffer, base))) =
            (self.transaction.as_deref_mut(), self.response.message())
        else {
            return Ok(());
        };
        let Transaction {
            request,
            response,
            cookies,
            ..
        } = transaction;
        let mut rewriter = Rewriter::new(buffer, base, &mut response.head)
            .with_growth(core.config.global.tuning.maxrewrite);
        if let Some(capture) = capture {
            for cookie in response_cookies(rewriter.view()) {
                keep_first(&mut cookies.captured_response, capture, &cookie);
            }
        }
        let Some(settings) = settings.filter(|_| !self.flags.any(SessionFlags::IGNORE_PERSIST))
        else {
            return Ok(());
        };
        let answer = Answer {
            settings,
            name: self
                .server
                .map(|server| core.config.server(server).cookie.as_deref()),
            direct: self.flags.any(SessionFlags::DIRECT),
            method: request.head.method(),
            now_s: core.engine.clock.date().0,
        };
        cookies.server = answer.change_set(&mut rewriter)?;
        answer.add(&mut rewriter, cookies)
    }
}

/// What the value of a persistence cookie is looked up in.
struct Finder<'a> {
    core: &'a Core,
    backend: ProxyId,
    flags: SessionFlags,
    now_s: i64,
}

impl Finder<'_> {
    /// The server that the cookie names, if it may be used; what is wrong with the cookie
    /// otherwise goes into the state.
    fn judge(
        &self,
        settings: &CookieSettings,
        value: &[u8],
        state: &mut CookieState,
    ) -> Option<ServerId> {
        let (name, dates) = match settings.mode {
            CookieMode::Prefix => {
                let end = memchr::memchr(PREFIX_SEPARATOR, value).unwrap_or(value.len());
                (value.get(..end).unwrap_or_default(), CookieDates::default())
            }
            CookieMode::Passive | CookieMode::Rewrite | CookieMode::Insert => {
                CookieDates::split(value)
            }
        };
        if let Some(verdict) = dates.verdict(settings, self.now_s) {
            state.client = verdict;
            state.dates = CookieDates::default();
            return None;
        }
        state.dates = dates;
        let unused = SessionFlags::IGNORE_PERSIST.union(SessionFlags::ASSIGNED);
        let is_unused = self.flags.any(unused);
        if !is_unused && let Some(server) = self.server_named(name, state) {
            return Some(server);
        }
        let is_telling = matches!(
            state.client,
            ClientCookie::Down | ClientCookie::Expired | ClientCookie::Old
        );
        if !is_telling {
            state.client = match is_unused {
                true => ClientCookie::Unused,
                false => ClientCookie::Invalid,
            };
        }
        None
    }

    /// The first usable server with this cookie value. Several may share it, a server and
    /// its spare for instance. Weights do not matter: a draining server keeps its clients.
    fn server_named(&self, name: &[u8], state: &mut CookieState) -> Option<ServerId> {
        let config = self.core.config;
        let proxy = config.proxy(self.backend);
        let honours_down =
            proxy.options.has(ProxyOption::Persist) || self.flags.any(SessionFlags::FORCE_PERSIST);
        for &server in &proxy.servers {
            let cookie = config.server(server).cookie.as_deref();
            if name.is_empty() || cookie.is_none_or(|cookie| cookie.as_bytes() != name) {
                continue;
            }
            let is_up = self.core.state.server(server).is_up();
            state.client = match is_up {
                true => ClientCookie::Valid,
                false => ClientCookie::Down,
            };
            if is_up || honours_down {
                return Some(server);
            }
        }
        None
    }
}

/// What a response's cookies depend on.
struct Answer<'a> {
    settings: &'a CookieSettings,
    /// The server that answered, and its cookie value if it has one.
    name: Option<Option<&'a str>>,
    /// The client's cookie had chosen it.
    direct: bool,
    /// Of the request.
    method: Method,
    now_s: i64,
}

impl Answer<'_> {
    /// Treats the persistence cookie that the server set itself.
    fn change_set(&self, rewriter: &mut Rewriter<'_>) -> Result<ServerCookie, RewriteError> {
        let settings = self.settings;
        let name = settings.name.as_bytes();
        let inserts = settings.mode == CookieMode::Insert && self.name.is_some();
        let is_known = self.direct && settings.indirect;
        let value = self.name.flatten().map(str::as_bytes);
        let (change, done) = match (settings.mode, value) {
            _ if settings.preserve => (None, ServerCookie::Passed),
            _ if inserts || is_known => (Some(SetCookieChange::Remove), ServerCookie::Deleted),
            (CookieMode::Rewrite, Some(value)) => (
                Some(SetCookieChange::Replace(value)),
                ServerCookie::Rewritten,
            ),
            (CookieMode::Prefix, Some(value)) => (
                Some(SetCookieChange::Prepend(value, PREFIX_SEPARATOR)),
                ServerCookie::Rewritten,
            ),
            (
                CookieMode::Rewrite | CookieMode::Prefix | CookieMode::Passive | CookieMode::Insert,
                _,
            ) => (None, ServerCookie::Passed),
        };
        let was_set = match change {
            Some(change) => change_set_cookies(rewriter, name, change)? > 0,
            None => response_cookies(rewriter.view()).any(|cookie| cookie.value_of(name).is_some()),
        };
        Ok(if was_set { done } else { ServerCookie::None })
    }

    /// Adds the proxy's own cookie in insert mode: for clients whose cookie did not choose
    /// this server, or whose dates are due. A server without a value of its own takes the
    /// client's cookie away.
    fn add(
        &self,
        rewriter: &mut Rewriter<'_>,
        state: &mut CookieState,
    ) -> Result<(), RewriteError> {
        let settings = self.settings;
        let Some(value) = self.name.filter(|_| settings.mode == CookieMode::Insert) else {
            return Ok(());
        };
        let is_preserved = settings.preserve && state.server == ServerCookie::Passed;
        let is_due = !self.direct || state.dates.need_update(settings, self.now_s);
        let is_excluded = settings.postonly && self.method != Method::Post;
        if is_preserved || !is_due || is_excluded {
            return Ok(());
        }
        let is_private = settings.nocache && is_cacheable(self.method, rewriter.view());
        self.write(rewriter, value, state.dates)?;
        state.server = match value.is_some() && self.direct {
            true => ServerCookie::Updated,
            false => ServerCookie::Inserted,
        };
        if is_private {
            rewriter.add(b"cache-control", b"private")?;
        }
        Ok(())
    }

    fn write(
        &self,
        rewriter: &mut Rewriter<'_>,
        value: Option<&str>,
        dates: CookieDates,
    ) -> Result<(), RewriteError> {
        let settings = self.settings;
        let (name, attributes) = (settings.name.as_bytes(), settings.attributes.as_bytes());
        let Some(value) = value else {
            return rewriter.add_parts(b"set-cookie", &[name, DELETED, attributes]);
        };
        let last = encode_date(self.now_s);
        let first = match dates.first_s {
            0 => last,
            first_s => encode_date(first_s),
        };
        let has_first = settings.maxlife_s > 0;
        let has_last = has_first || settings.maxidle_s > 0;
        let last: &[u8] = if has_last { &last } else { b"" };
        let first: &[u8] = if has_first { &first } else { b"" };
        let parts = [name, b"=", value.as_bytes(), last, first, attributes];
        rewriter.add_parts(b"set-cookie", &parts)
    }
}

/// Keeps `name=value` of the first cookie that a capture asks for.
fn keep_first(kept: &mut Vec<u8>, capture: &CookieCapture, cookie: &Cookie<'_>) {
    let Some(value) = cookie.value.filter(|_| !cookie.name.is_empty()) else {
        return;
    };
    if !kept.is_empty() {
        return;
    }
    let prefix = capture.prefix.as_bytes();
    let pair = cookie.name.iter().chain(b"=").chain(value);
    if pair.clone().take(prefix.len()).eq(prefix) {
        kept.extend(pair.take(capture.len));
    }
}

/// Between the server's name and the application's value (`cookie <name> prefix`).
const PREFIX_SEPARATOR: u8 = b'~';
/// Makes clients forget the cookie.
const DELETED: &[u8] = b"=; Expires=Thu, 01-Jan-1970 00:00:01 GMT";

//! Connection modes: which of the two connections lives on after a message, and what the
//! Connection headers say about it.
//!
//! The analysers call [`request`] when a request is ready to leave and [`response`] when a
//! response is; both rewrite the head. dev7 knew tunnel, passive close, server close and
//! forced close; keep-alive on both sides is the default of today and weir's. What is sent
//! equals what HAProxy 2.6 sends, with one exception: a chunked response to an HTTP/1.0
//! client ends its connection, because that client cannot see the end of the body.
//! Invariant: a connection whose next byte could be read differently by the two ends is
//! never kept.

use super::framing::BodyLength;
use super::head::{Elements, Head, Version, element_end};
use super::known::KnownHeader;
use super::rewrite::{RewriteError, Rewriter};

/// How connections are kept, in rising order: where frontend and backend differ, the later
/// one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Mode {
    /// `option http-tunnel`: after the first request and response everything is relayed.
    Tunnel,
    /// `option http-keep-alive`: both connections are kept.
    #[default]
    KeepAlive,
    /// `option http-server-close`: only the client's connection is kept.
    ServerClose,
    /// `option httpclose` and `option forceclose`: both are closed.
    Close,
}

impl Mode {
    /// The mode of a session whose frontend and backend ask for these.
    #[must_use]
    pub fn combine(self, backend: Self) -> Self {
        self.max(backend)
    }
}

/// What the configuration and the state of the process say about connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Options {
    /// The combined mode of frontend and backend.
    pub mode: Mode,
    /// `option http-pretend-keepalive`: do not tell the server that it will be closed.
    pub pretend_keepalive: bool,
    /// `option http-use-proxy-header`: use Proxy-Connection for requests to a proxy.
    pub proxy_header: bool,
    /// The frontend is being stopped: no client connection is kept any more.
    pub stopping: bool,
    /// Only the backend asks for closing: the client's connection is kept all the same, as
    /// HAProxy 2.6 does.
    pub spare_client: bool,
}

impl Options {
    /// True when the mode lets the client's connection live on.
    fn may_keep_client(self) -> bool {
        match self.mode {
            Mode::KeepAlive | Mode::ServerClose => true,
            Mode::Close => self.spare_client,
            Mode::Tunnel => false,
        }
    }
}

/// What was decided when the request left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestPlan {
    /// The client's connection may be kept, as far as the request is concerned.
    pub keep_client: bool,
    /// The server's connection may be kept, as far as the request is concerned.
    pub keep_server: bool,
    /// The client offers to change the protocol. Without it a status 101 is an invalid
    /// response, to be answered with 502.
    pub upgrade: bool,
    /// The version of the request.
    pub version: Version,
    /// The header that carries the tokens: Connection or Proxy-Connection.
    pub header: KnownHeader,
}

/// What was decided when the response left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponsePlan {
    /// The client's connection is kept for a next request.
    pub keep_client: bool,
    /// The server's connection is kept for a next request.
    pub keep_server: bool,
}

/// Decides about both connections from the request and writes its Connection header for the
/// server.
///
/// # Errors
/// [`RewriteError::NoRoom`] when the header does not fit.
pub fn request(message: &mut Rewriter<'_>, options: Options) -> Result<RequestPlan, RewriteError> {
    let view = message.view();
    let version = view.head().version();
    let to_proxy = options.proxy_header && !matches!(view.uri().first(), Some(b'/' | b'*'));
    let header = match to_proxy {
        true => KnownHeader::ProxyConnection,
        false => KnownHeader::Connection,
    };
    let has_upgrade = view.head().find(KnownHeader::Upgrade, 0).is_some();
    let upgrade = version == Version::Http11
        && has_upgrade
        && view.has_token(KnownHeader::Connection, b"upgrade");
    let close_after = view.head().framing().close_after;
    let unframed = close_after && version == Version::Http10;
    let plan = RequestPlan {
        keep_client: wants_keep_alive(message, header)
            && options.may_keep_client()
            && !close_after
            && !options.stopping,
        keep_server: options.mode == Mode::KeepAlive && !unframed,
        upgrade,
        version,
        header,
    };
    if options.mode == Mode::Tunnel {
        return Ok(plan);
    }
    let keep = plan.keep_server || (options.pretend_keepalive && !unframed);
    let wanted = match (keep, version) {
        (true, Version::Http10) => Some(KEEP_ALIVE),
        (false, Version::Http11) if !upgrade => Some(CLOSE),
        (true | false, _) => None,
    };
    write_header(message, header, wanted, !has_upgrade)?;
    Ok(plan)
}

/// Decides about both connections from the response and writes its Connection header for the
/// client. `body` is how the response's body ends. Interim responses stay as they are.
///
/// # Errors
/// [`RewriteError::NoRoom`] when the header does not fit.
pub fn response(
    message: &mut Rewriter<'_>,
    options: Options,
    request: RequestPlan,
    body: BodyLength,
) -> Result<ResponsePlan, RewriteError> {
    let head = message.head();
    if body == BodyLength::Tunnel || options.mode == Mode::Tunnel {
        return Ok(ResponsePlan {
            keep_client: false,
            keep_server: false,
        });
    }
    if is_interim(head) {
        return Ok(ResponsePlan {
            keep_client: request.keep_client,
            keep_server: request.keep_server,
        });
    }
    let version = head.version();
    let framed = body != BodyLength::UntilClose;
    // A chunked HTTP/1.0 response may be read either way by the client; one whose
    // Content-Length was dropped is clear again for it, but its server is not trusted.
    let doubtful = head.framing().close_after;
    let readable = match body {
        BodyLength::Chunked => {
            request.version == Version::Http11 && !(doubtful && version == Version::Http10)
        }
        BodyLength::None | BodyLength::Length(_) => true,
        BodyLength::UntilClose | BodyLength::Tunnel => false,
    };
    let plan = ResponsePlan {
        keep_client: request.keep_client
            && readable
            && options.may_keep_client()
            && !options.stopping,
        keep_server: request.keep_server
            && framed
            && !doubtful
            && options.mode == Mode::KeepAlive
            && wants_keep_alive(message, request.header),
    };
    let old = request.version == Version::Http10 || version == Version::Http10;
    let wanted = match (plan.keep_client, version) {
        (true, _) if old => Some(KEEP_ALIVE),
        (false, Version::Http11) => Some(CLOSE),
        (true | false, _) => None,
    };
    write_header(message, request.header, wanted, false)?;
    Ok(plan)
}

/// True for a response that another one follows (RFC 9110 section 15.2).
pub const fn is_interim(head: &Head) -> bool {
    matches!(head.status(), 100 | 102..=199)
}

/// What the sender asks for: HTTP/1.1 keeps unless told otherwise, HTTP/1.0 closes.
fn wants_keep_alive(message: &Rewriter<'_>, header: KnownHeader) -> bool {
    let view = message.view();
    if view.has_token(header, CLOSE) {
        return false;
    }
    view.head().version() == Version::Http11 || view.has_token(header, KEEP_ALIVE)
}

/// Takes the tokens that concern one hop only out of `header` and puts `wanted` in.
fn write_header(
    message: &mut Rewriter<'_>,
    header: KnownHeader,
    wanted: Option<&'static [u8]>,
    no_upgrade: bool,
) -> Result<(), RewriteError> {
    let dropped = |token: &[u8]| {
        token.is_empty()
            || token.eq_ignore_ascii_case(CLOSE)
            || token.eq_ignore_ascii_case(KEEP_ALIVE)
            || (no_upgrade && is_upgrade_token(token))
    };
    let mut wanted = wanted;
    let mut from = 0;
    while let Some(index) = message.head().find(header, from) {
        let (_, value) = message.view().line(index).ok_or(RewriteError::NoLine)?;
        if Elements::of(value).all(dropped) {
            match wanted.take() {
                Some(token) => message.set_value(index, token)?,
                None => {
                    message.remove(index)?;
                    continue;
                }
            }
        } else {
            drop_elements(message, index, dropped)?;
        }
        from = index + 1;
    }
    match wanted {
        Some(token) if header == KnownHeader::ProxyConnection => {
            message.add(b"Proxy-Connection", token)
        }
        Some(token) => message.add(b"Connection", token),
        None => Ok(()),
    }
}

/// Tokens that mean nothing without an Upgrade header; h2c offers lose theirs when parsed.
fn is_upgrade_token(token: &[u8]) -> bool {
    token.eq_ignore_ascii_case(b"upgrade") || token.eq_ignore_ascii_case(b"http2-settings")
}

/// Takes elements out of a value of which at least one stays.
fn drop_elements(
    message: &mut Rewriter<'_>,
    index: usize,
    dropped: impl Fn(&[u8]) -> bool,
) -> Result<(), RewriteError> {
    loop {
        let (_, value) = message.view().line(index).ok_or(RewriteError::NoLine)?;
        let Some((at, len)) = first_dropped(value, &dropped) else {
            return Ok(());
        };
        message.splice_value(index, at, len, b"")?;
    }
}

/// The first element to drop, with the comma that leaves with it.
fn first_dropped(value: &[u8], dropped: impl Fn(&[u8]) -> bool) -> Option<(usize, usize)> {
    let mut at = 0;
    loop {
        let rest = value.get(at..)?;
        let end = element_end(rest);
        let element = rest.get(..end)?;
        let is_last = end == rest.len();
        if dropped(element.trim_ascii()) {
            if is_last {
                let comma = at.checked_sub(1)?;
                return Some((comma, value.len() - comma));
            }
            let blanks_after = leading_blanks(rest.get(end + 1..)?);
            let blanks_before = leading_blanks(element);
            let len = end + 1 + blanks_after - blanks_before;
            return Some((at + blanks_before, len));
        }
        if is_last {
            return None;
        }
        at += end + 1;
    }
}

fn leading_blanks(text: &[u8]) -> usize {
    text.len() - text.trim_ascii_start().len()
}

/// The token that ends a connection.
const CLOSE: &[u8] = b"close";
/// The token that keeps an HTTP/1.0 connection.
const KEEP_ALIVE: &[u8] = b"keep-alive";

#[cfg(test)]
mod tests;

//! A proxy: what a `frontend`, `backend` or `listen` section says, defaults applied.
//!
//! Filled by the proxy sections and completed by `check`; read by everything that serves,
//! never changed. What traffic changes about a proxy is in `crate::state`.

use std::net::IpAddr;
use std::sync::Arc;

use crate::http::compression::Algorithm;
use crate::http::connection::Mode as ConnectionMode;
use crate::http::errors::ErrorPage;
use crate::sample::format::Format;

use super::{
    Appsession, BindId, CookieCapture, CookieSettings, LogFormat, LogTarget, PersistRule, Place,
    ProxyId, RuleLists, ServerId, ServerRule, Source, SwitchRule,
};
use crate::sample::acl::Condition;

/// What a section may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Accepts connections.
    pub frontend: bool,
    /// Has servers.
    pub backend: bool,
}

/// `mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Bytes are relayed.
    #[default]
    Tcp,
    /// HTTP/1 messages are processed.
    Http,
    /// dev7's `health`: every connection is answered "OK" and closed.
    Health,
}

/// `http-reuse`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HttpReuse {
    /// A connection serves the session that opened it only.
    Never,
    /// A session's first request goes out on a fresh connection or one known to be alive.
    #[default]
    Safe,
    /// First requests too, on connections that were reused before.
    Aggressive,
    /// Any request on any idle connection.
    Always,
}

/// `balance`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Balance {
    /// Smooth weighted turns; weights may change at run time.
    #[default]
    RoundRobin,
    /// Weighted turns over a fixed map.
    StaticRoundRobin,
    /// By hash of the client's address.
    Source,
    /// By hash of a terminal client's cookie.
    RdpCookie,
    /// The server with the fewest connections for its weight.
    LeastConnections,
}

/// `option X` that is on or off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProxyOption {
    /// `option abortonclose`
    AbortOnClose,
    /// `option accept-invalid-http-request`
    AcceptInvalidHttpRequest,
    /// `option accept-invalid-http-response`
    AcceptInvalidHttpResponse,
    /// `option allbackups`
    AllBackups,
    /// `option clitcpka`, also set by `tcpka`
    ClientTcpKeepAlive,
    /// `option srvtcpka`, also set by `tcpka`
    ServerTcpKeepAlive,
    /// `option checkcache`
    CheckCache,
    /// `option contstats`
    ContStats,
    /// `option disable-h2-upgrade`
    DisableH2Upgrade,
    /// `option dontlog-normal`
    DontLogNormal,
    /// `option dontlognull`
    DontLogNull,
    /// `option h1-case-adjust-bogus-client`
    CaseAdjustClient,
    /// `option h1-case-adjust-bogus-server`
    CaseAdjustServer,
    /// `option http-buffer-request`
    HttpBufferRequest,
    /// `option http-ignore-probes`
    HttpIgnoreProbes,
    /// `option http-no-delay`
    HttpNoDelay,
    /// `option http-pretend-keepalive`
    HttpPretendKeepAlive,
    /// `option http-use-proxy-header`
    HttpUseProxyHeader,
    /// `option independent-streams`
    IndependentStreams,
    /// `option logasap`
    LogAsap,
    /// `option log-reason`
    LogReason,
    /// `option log-separate-errors`
    LogSeparateErrors,
    /// `option nolinger`
    NoLinger,
    /// `option persist`
    Persist,
    /// `option prefer-last-server`
    PreferLastServer,
    /// `option redispatch`
    Redispatch,
    /// `option socket-stats`
    SocketStats,
    /// `option splice-auto`
    SpliceAuto,
    /// `option splice-request`
    SpliceRequest,
    /// `option splice-response`
    SpliceResponse,
    /// `option tcp-smart-accept`
    TcpSmartAccept,
    /// `option tcp-smart-connect`
    TcpSmartConnect,
    /// `option transparent`
    Transparent,
}

/// A set of [`ProxyOption`]s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ProxyOptions(u64);

impl Proxy {
    /// `option contstats`: bytes are counted while they flow, not at the end.
    pub const fn counts_continuously(&self) -> bool {
        self.options.has(ProxyOption::ContStats)
    }
}

impl ProxyOptions {
    /// True when the option is on.
    pub const fn has(self, option: ProxyOption) -> bool {
        self.0 & (1 << option as u8) != 0
    }

    /// Switches the option.
    pub const fn set(&mut self, option: ProxyOption, on: bool) {
        if on {
            self.0 |= 1 << option as u8;
            return;
        }
        self.0 &= !(1 << option as u8);
    }
}

/// `option http-restrict-req-hdr-names`: request headers with other than letters, digits and
/// hyphens in their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HeaderNames {
    /// They pass.
    #[default]
    Preserve,
    /// They are taken out.
    Delete,
    /// The request is answered with 403.
    Reject,
}

/// The `timeout` keywords in milliseconds, 0 when not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Timeouts {
    /// `timeout client`
    pub client_ms: u32,
    /// `timeout client-fin`
    pub client_fin_ms: u32,
    /// `timeout server`
    pub server_ms: u32,
    /// `timeout server-fin`
    pub server_fin_ms: u32,
    /// `timeout connect`
    pub connect_ms: u32,
    /// `timeout queue`; the connect timeout applies when unset
    pub queue_ms: u32,
    /// `timeout http-request`
    pub http_request_ms: u32,
    /// `timeout http-keep-alive`; the http-request timeout applies when unset
    pub http_keep_alive_ms: u32,
    /// `timeout tarpit`; the connect timeout applies when unset
    pub tarpit_ms: u32,
    /// `timeout tunnel`
    pub tunnel_ms: u32,
    /// `timeout check`
    pub check_ms: u32,
}

/// An address block for `except`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its first address.
    pub address: IpAddr,
    /// Bits that count.
    pub prefix_len: u8,
}

impl Network {
    /// True when `address` is of the same family and inside the block.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(block), IpAddr::V4(address)) => {
                let shift = 32u32.saturating_sub(u32::from(self.prefix_len));
                let differ = block.to_bits() ^ address.to_bits();
                differ.checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(block), IpAddr::V6(address)) => {
                let shift = 128u32.saturating_sub(u32::from(self.prefix_len));
                let differ = block.to_bits() ^ address.to_bits();
                differ.checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// `option forwardfor` or `option originalto`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Header name.
    pub header: String,
    /// `except`.
    pub except: Option<Network>,
    /// `if-none`.
    pub if_none: bool,
}

/// The `compression` keywords.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CompressionRules {
    /// `compression algo`.
    pub algorithms: Vec<Algorithm>,
    /// `compression type`: what Content-Type begins with; none for any.
    pub types: Vec<String>,
    /// `compression offload`.
    pub offload: bool,
}

/// What is logged per connection or request, and how.
#[derive(Clone, Debug, Default)]
pub struct LogLine {
    /// Shape of the line.
    pub format: LogFormat,
    /// `log` lines of this proxy, those of `log global` included.
    pub targets: Vec<LogTarget>,
    /// `log-tag` of this proxy.
    pub tag: Option<String>,
    /// `log-format`, where that is the shape.
    pub custom: Option<Arc<Format>>,
    /// `error-log-format`: the shape of lines about connections that failed before a
    /// request was read.
    pub error: Option<Arc<Format>>,
    /// `log-format-sd`: the structured data for receivers that take them.
    pub structured: Option<Arc<Format>>,
    /// A format of this proxy shows the address that clients connected to.
    pub shows_destination: bool,
    /// A format of this proxy shows the address that servers are reached from.
    pub shows_server_source: bool,
}

impl LogLine {
    /// Every format that may make a line or a part of it.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        let formats = [&self.custom, &self.error, &self.structured];
        formats.into_iter().filter_map(|format| format.as_deref())
    }
}

/// A place that a value of a request or response is captured into.
#[derive(Clone, Debug)]
pub struct CaptureSlot {
    /// The header that is captured; none for a slot that rules fill.
    pub header: Option<Arc<[u8]>>,
    /// Bytes that are kept at most.
    pub len: usize,
}

/// `capture` and `declare capture`.
#[derive(Clone, Debug, Default)]
pub struct CaptureSlots {
    /// Of requests.
    pub request: Vec<CaptureSlot>,
    /// Of responses.
    pub response: Vec<CaptureSlot>,
}

/// `unique-id-format` and `unique-id-header`.
#[derive(Clone, Debug, Default)]
pub struct UniqueId {
    /// What it is made of.
    pub format: Option<Arc<Format>>,
    /// The header that tells it to servers.
    pub header: Option<Arc<[u8]>>,
}

/// One frontend, backend or listen.
#[derive(Clone, Debug, Default)]
pub struct Proxy {
    /// Name in the file.
    pub name: String,
    /// `id`, given or assigned.
    pub numeric_id: u32,
    /// Frontend, backend or both.
    pub capabilities: Capabilities,
    /// `mode`.
    pub mode: Mode,
    /// `disabled`.
    pub disabled: bool,
    /// `description`.
    pub description: Option<String>,
    /// `option X` switches.
    pub options: ProxyOptions,
    /// `option http-keep-alive` and its alternatives.
    pub connection_mode: ConnectionMode,
    /// `option http-restrict-req-hdr-names`.
    pub header_names: HeaderNames,
    /// `monitor-uri`.
    pub monitor_uri: Option<String>,
    /// `monitor-net`.
    pub monitor_net: Option<Network>,
    /// `http-reuse`.
    pub http_reuse: HttpReuse,
    /// `timeout X`.
    pub timeouts: Timeouts,
    /// `maxconn` of the frontend; 0 takes the process's default.
    pub maxconn: u32,
    /// `fullconn` of the backend; 0 derives it.
    pub fullconn: u32,
    /// `backlog`; 0 takes maxconn.
    pub backlog: u32,
    /// `rate-limit sessions` per second; 0 unlimited.
    pub rate_limit_sessions: u32,
    /// `retries`.
    pub retries: u32,
    /// `option redispatch N`: every N-th retry when positive, the N-th before the last when
    /// negative; -1, the last one, by default. Meaningful with the option, which 0 switches off.
    pub redispatch_after: i32,
    /// `balance`.
    pub balance: Balance,
    /// `bind-process` or `process`: bit 0 is process 1; 0 means all.
    pub process_mask: u64,
    /// `grace` in milliseconds.
    pub grace_ms: u32,
    /// `source`.
    pub source: Option<Source>,
    /// `dispatch`.
    pub dispatch: Option<std::net::SocketAddr>,
    /// `option forwardfor`.
    pub forwardfor: Option<Forwarded>,
    /// `option originalto`.
    pub originalto: Option<Forwarded>,
    /// `compression`.
    pub compression: CompressionRules,
    /// `cookie`.
    pub cookie: Option<CookieSettings>,
    /// `dynamic-cookie-key`.
    pub dynamic_cookie_key: Option<String>,
    /// `capture cookie`.
    pub cookie_capture: Option<CookieCapture>,
    /// `appsession`.
    pub appsession: Option<Appsession>,
    /// `balance rdp-cookie`: the cookie's name.
    pub balance_cookie: String,
    /// `persist rdp-cookie`: the cookie's name.
    pub rdp_cookie: Option<String>,
    /// `errorfile`: status and the page.
    pub errorfiles: Vec<(u16, Arc<ErrorPage>)>,
    /// Rules over connections and messages, by set and in order.
    pub rules: RuleLists,
    /// `tcp-request inspect-delay` in milliseconds: how long content rules wait for data.
    pub request_inspect_ms: u32,
    /// `tcp-response inspect-delay` in milliseconds.
    pub response_inspect_ms: u32,
    /// `use_backend`, in order.
    pub switch_rules: Vec<SwitchRule>,
    /// `use-server`, in order.
    pub server_rules: Vec<ServerRule>,
    /// `ignore-persist` and `force-persist` rules in order.
    pub persist_rules: Vec<PersistRule>,
    /// `monitor fail`: the proxy calls itself down while any of them holds.
    pub monitor_fail: Vec<Condition>,
    /// Logging.
    pub log: LogLine,
    /// `capture`.
    pub captures: CaptureSlots,
    /// `unique-id-format`, `unique-id-header`.
    pub unique_id: UniqueId,
    /// `default_backend`, or the proxy itself for a `listen`.
    pub default_backend: Option<ProxyId>,
    /// Its sockets.
    pub binds: Vec<BindId>,
    /// Its servers.
    pub servers: Vec<ServerId>,
    /// The line of its section.
    pub place: Place,
}

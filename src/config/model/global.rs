//! The `global` section, parsed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::{AddressSpec, LogTarget, Place, UnixPermissions};

/// Rights of a command socket's users (manual, "stats socket", `level`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum CliLevel {
    /// Reads what is not sensitive.
    User,
    /// Reads everything, changes little.
    #[default]
    Operator,
    /// May do everything.
    Admin,
}

/// A `stats socket` line.
#[derive(Clone, Debug)]
pub struct StatsSocket {
    /// Where it listens.
    pub address: AddressSpec,
    /// Owner and mode of its file.
    pub unix: UnixPermissions,
    /// Rights it gives.
    pub level: CliLevel,
    /// `expose-fd listeners`: a successor may fetch the listening sockets here.
    pub expose_fd_listeners: bool,
    /// `process`: the worker numbers (bit 0 is process 1) that serve it; 0 means all.
    pub process_mask: u64,
    /// The line that declared it.
    pub place: Place,
}

pub use crate::engine::poller::PollerKind;
use crate::http::case::HeaderCases;

/// The `tune.*` keywords. Sizes in bytes; 0 means "derive it" where the manual has such.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// `tune.bufsize`.
    pub bufsize: usize,
    /// `tune.maxrewrite`.
    pub maxrewrite: usize,
    /// `tune.maxaccept`, connections accepted per wake-up of a listener; -1 unlimited, 0 default.
    pub maxaccept: i32,
    /// `tune.maxpollevents`, events fetched per poll.
    pub maxpollevents: usize,
    /// `tune.http.cookielen`: bytes of a cookie that are captured at most.
    pub http_cookielen: usize,
    /// `tune.http.maxhdr`, header lines per head.
    pub http_maxhdr: usize,
    /// `tune.rcvbuf.client`.
    pub rcvbuf_client: u32,
    /// `tune.rcvbuf.server`.
    pub rcvbuf_server: u32,
    /// `tune.sndbuf.client`.
    pub sndbuf_client: u32,
    /// `tune.sndbuf.server`.
    pub sndbuf_server: u32,
    /// `tune.chksize`.
    pub chksize: usize,
    /// `tune.pipesize`.
    pub pipesize: usize,
    /// `tune.idletimer` in milliseconds.
    pub idletimer_ms: u32,
    /// `tune.comp.maxlevel`, from 1 to 9.
    pub compression_level_max: u8,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            bufsize: 16_384,
            maxrewrite: 1_024,
            maxaccept: 0,
            maxpollevents: 200,
            http_cookielen: 63,
            http_maxhdr: 101,
            rcvbuf_client: 0,
            rcvbuf_server: 0,
            sndbuf_client: 0,
            sndbuf_server: 0,
            chksize: 16_384,
            pipesize: 0,
            idletimer_ms: 1_000,
            compression_level_max: 1,
        }
    }
}

/// The process-wide settings.
#[derive(Clone, Debug, Default)]
pub struct Global {
    /// `chroot`.
    pub chroot: Option<PathBuf>,
    /// `daemon` or `-D`.
    pub daemon: bool,
    /// `debug` or `-d`.
    pub debug: bool,
    /// `quiet` or `-q`.
    pub quiet: bool,
    /// `uid` or the number behind `user`.
    pub uid: Option<u32>,
    /// `gid` or the number behind `group`.
    pub gid: Option<u32>,
    /// `nbproc`; 0 when not given (1).
    pub nbproc: u32,
    /// `pidfile` or `-p`.
    pub pidfile: Option<PathBuf>,
    /// `ulimit-n`; 0 derives it from maxconn.
    pub ulimit_n: u64,
    /// `no strict-limits`: limits that cannot be had are warned about.
    pub loose_limits: bool,
    /// `node`.
    pub node: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `maxconn` or `-n`; 0 when not given.
    pub maxconn: u32,
    /// `maxconnrate`; 0 unlimited.
    pub maxconnrate: u32,
    /// `maxsessrate`; 0 unlimited.
    pub maxsessrate: u32,
    /// `maxpipes`; 0 derives it.
    pub maxpipes: u32,
    /// `-m`, megabytes; 0 unlimited.
    pub memory_limit_mb: u64,
    /// `noepoll`, `nosepoll`, `nopoll` and the flags of the command line.
    pub disabled_pollers: BTreeSet<PollerKind>,
    /// `nosplice` or `-dS`.
    pub nosplice: bool,
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `log-send-hostname`: `Some(None)` is the machine's own name.
    pub log_send_hostname: Option<Option<String>>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `stats socket` lines.
    pub stats_sockets: Vec<StatsSocket>,
    /// `stats timeout` in milliseconds.
    pub stats_timeout_ms: u32,
    /// `stats maxconn`; 0 when not given (10).
    pub stats_maxconn: u32,
    /// `spread-checks` in percent.
    pub spread_checks: u32,
    /// `hard-stop-after` in milliseconds; 0 never.
    pub hard_stop_after_ms: u32,
    /// `grace` in milliseconds.
    pub grace_ms: u32,
    /// `h1-case-adjust` and `h1-case-adjust-file`.
    pub header_cases: HeaderCases,
    /// `maxcomprate` in bytes per second; 0 unlimited.
    pub compression_rate_max: u32,
    /// 100 less `maxcompcpuusage`: no compression while less than this percentage is idle.
    pub compression_idle_min: u32,
    /// `maxzlibmem` in megabytes; 0 unlimited.
    pub compression_memory_mb: u32,
    /// `tune.*`.
    pub tuning: Tuning,
}

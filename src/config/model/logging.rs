//! Where traffic logs go and how their lines look.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Syslog severities (RFC 5424, table 2), most severe first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum LogLevel {
    /// 0
    Emerg,
    /// 1
    Alert,
    /// 2
    Crit,
    /// 3
    Err,
    /// 4
    Warning,
    /// 5
    Notice,
    /// 6
    Info,
    /// 7
    Debug,
}

/// Syslog facility, 0 to 23 (RFC 5424, table 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFacility(pub u8);

/// How a line travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTransport {
    /// A datagram to this address.
    Udp(SocketAddr),
    /// A datagram to this unix socket.
    UnixDatagram(PathBuf),
    /// A write to an inherited descriptor (`fd@N`, `stdout`, `stderr`).
    Descriptor(i32),
}

/// The header before the message (manual, "log", `format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum SyslogFormat {
    /// `<pri>Mon dd hh:mm:ss host tag[pid]: `
    Rfc3164,
    /// `<pri>1 timestamp host tag pid - - `
    Rfc5424,
    /// `<level>` only, as systemd reads it.
    Short,
    /// The bare message.
    Raw,
    /// `<level>` and a timestamp.
    Timed,
    /// An ISO date and the message.
    Iso,
    /// As rfc3164 without the host.
    Local,
    /// None was named: local, or rfc3164 with `log-send-hostname`; also for descriptors.
    #[default]
    Unspecified,
    /// `<pri>` only.
    Priority,
}

/// A `log` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTarget {
    /// Where to.
    pub transport: LogTransport,
    /// Header format.
    pub format: SyslogFormat,
    /// `len`: longest line in bytes.
    pub len_max: usize,
    /// Facility.
    pub facility: LogFacility,
    /// Least severe level still sent.
    pub level_max: LogLevel,
    /// Severity that more severe lines are lowered to.
    pub level_min: LogLevel,
}

/// Which line a frontend logs per connection or request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// "Connect from ..." at accept.
    #[default]
    Default,
    /// `option tcplog`.
    Tcp,
    /// `option httplog`.
    Http,
    /// `option httplog clf`.
    HttpClf,
    /// `option httplog json`.
    HttpJson,
    /// `option httpslog`.
    Https,
    /// `log-format`.
    Custom,
}

impl LogFormat {
    /// The line that chooses it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default | Self::Custom => "log-format",
            Self::Tcp => "option tcplog",
            Self::Http => "option httplog",
            Self::HttpClf => "option httplog clf",
            Self::HttpJson => "option httplog json",
            Self::Https => "option httpslog",
        }
    }

    /// True for the lines that only HTTP can fill.
    pub const fn is_http(self) -> bool {
        matches!(
            self,
            Self::Http | Self::HttpClf | Self::HttpJson | Self::Https
        )
    }
}

//! What a configuration says, parsed: immutable, leaked once at start, read by everything.
//!
//! The sections' keyword handlers fill it, `config::check` completes it (identifiers,
//! references between proxies, defaults that depend on others). What traffic, checks and
//! commands change lives in the worker's state instead, under the same identifiers.

use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::sample::language::PatternSource;

mod bind;
mod global;
mod logging;
mod persistence;
mod proxy;
mod rules;
mod server;
mod userlist;

pub use crate::http::connection::Mode as ConnectionMode;
pub use bind::{AddressSpec, Bind, BindOptions, UnixPermissions};
pub use global::{CliLevel, Global, PollerKind, StatsSocket, Tuning};
pub use logging::{LogFacility, LogFormat, LogLevel, LogTarget, LogTransport, SyslogFormat};
pub use persistence::{Appsession, AppsessionMode, CookieCapture, CookieMode, CookieSettings};
pub use proxy::{
    Balance, Capabilities, CaptureSlot, CaptureSlots, CompressionRules, Forwarded, HeaderNames,
    HttpReuse, LogLine, Mode, Network, Proxy, ProxyOption, ProxyOptions, Timeouts, UniqueId,
};
pub use rules::{
    Action, AddressPart, CaptureInto, Decision, Edit, LineEffect, LineFilter, NameMatch,
    PatternChange, Persist, PersistRule, Redirect, RedirectTarget, Reply, ReplyBody, ReplyPage,
    Rule, RuleLists, RuleSet, ServerRule, ServerTarget, Setting, SwitchRule, SwitchTarget, UriPart,
};
pub use server::{CheckSettings, PortRule, ProxyProtocol, Server, Source, SourceAddress};
pub use userlist::{GroupSet, Password, User, Userlist};

/// Declares a typed index into one of the configuration's tables.
macro_rules! table_index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in its table.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// The identifier of the item at `index`; tables stay far below 2^32 items.
            pub fn of_index(index: usize) -> Self {
                Self(u32::try_from(index).unwrap_or(u32::MAX))
            }
        }
    };
}

table_index!(
    /// A proxy: position in [`Config::proxies`].
    ProxyId
);
/// A server: position in [`Config::servers`], across all backends. Kept plus one, so that
/// an optional server takes no more room than a server: every session has several.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ServerId(NonZeroU32);

impl ServerId {
    /// The position in its table.
    pub const fn index(self) -> usize {
        self.0.get() as usize - 1
    }

    /// The identifier of the item at `index`; tables stay far below 2^32 items.
    pub fn of_index(index: usize) -> Self {
        let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
        Self(NonZeroU32::new(number).unwrap_or(NonZeroU32::MAX))
    }
}

table_index!(
    /// A listening socket to be: position in [`Config::binds`].
    BindId
);

/// One place in a configuration file, for messages and dumps.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Position in [`Config::files`].
    pub file: u32,
    /// Line, from 1.
    pub line: u32,
}

/// A whole configuration.
#[derive(Debug, Default)]
pub struct Config {
    /// Names of the files read, in order.
    pub files: Vec<String>,
    /// The `global` section.
    pub global: Global,
    /// All frontends, backends and listens, in declaration order.
    pub proxies: Vec<Proxy>,
    /// All servers, grouped by proxy in declaration order.
    pub servers: Vec<Server>,
    /// All sockets to listen on, one entry per address and port.
    pub binds: Vec<Bind>,
    /// The enabled and disabled backends by name, for rules that name one by a format.
    pub backend_names: HashMap<String, ProxyId>,
    /// All lists of patterns and maps.
    pub patterns: Vec<PatternSource>,
    /// Names of variables, by number.
    pub variables: Vec<String>,
    /// All `userlist` sections.
    pub userlists: Vec<Userlist>,
}

impl Config {
    /// The proxy with this identifier.
    pub fn proxy(&self, id: ProxyId) -> &Proxy {
        &self.proxies[id.index()]
    }

    /// The server with this identifier.
    pub fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.index()]
    }

    /// The listening address with this identifier.
    pub fn bind(&self, id: BindId) -> &Bind {
        &self.binds[id.index()]
    }
}

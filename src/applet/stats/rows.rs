//! The rows of the statistics, in the order in which they are shown.
//!
//! A cursor walks over all proxies: frontend, listeners (`option socket-stats`), servers,
//! backend. It holds numbers only, so that a dump may go on after the tables have changed.

use crate::config::model::{ProxyId, ProxyOption, ServerId};
use crate::net::listener::ListenerId;
use crate::worker::Core;

/// What a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The frontend side of a proxy.
    Frontend,
    /// The backend side of a proxy.
    Backend,
    /// A server.
    Server(ServerId),
    /// A listener.
    Listener(ListenerId),
}

impl RowKind {
    /// Its bit in the set of types that `show stat` takes.
    pub const fn bit(self) -> u8 {
        1 << self.number()
    }

    /// What the column `type` says.
    pub const fn number(self) -> u8 {
        match self {
            Self::Frontend => 0,
            Self::Backend => 1,
            Self::Server(_) => 2,
            Self::Listener(_) => 3,
        }
    }

    /// Its letter in the typed format.
    pub const fn letter(self) -> char {
        match self {
            Self::Frontend => 'F',
            Self::Backend => 'B',
            Self::Server(_) => 'S',
            Self::Listener(_) => 'L',
        }
    }

    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frontend => "Frontend",
            Self::Backend => "Backend",
            Self::Server(_) => "Server",
            Self::Listener(_) => "Listener",
        }
    }
}

/// A row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its proxy.
    pub proxy: ProxyId,
    /// What of it.
    pub kind: RowKind,
}

/// A place between two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCursor {
    proxy: usize,
    part: Part,
    item: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Frontend,
    Listeners,
    Servers,
    Backend,
}

impl RowCursor {
    /// The row behind the cursor, which then stands behind that; `None` at the end.
    pub fn next(&mut self, core: &Core) -> Option<Row> {
        loop {
            let settings = core.config.proxies.get(self.proxy)?;
            let proxy = ProxyId::of_index(self.proxy);
            let row = |kind| Some(Row { proxy, kind });
            match self.part {
                Part::Frontend => {
                    self.part = Part::Listeners;
                    if settings.disabled {
                        self.skip_proxy();
                    } else if settings.capabilities.frontend {
                        return row(RowKind::Frontend);
                    }
                }
                Part::Listeners => match self.listener(core, proxy) {
                    Some(listener) => return row(RowKind::Listener(listener)),
                    None => self.enter(Part::Servers),
                },
                Part::Servers => {
                    self.item += 1;
                    match settings.servers.get(self.item - 1) {
                        Some(server) => return row(RowKind::Server(*server)),
                        None => self.enter(Part::Backend),
                    }
                }
                Part::Backend => {
                    self.skip_proxy();
                    if settings.capabilities.backend {
                        return row(RowKind::Backend);
                    }
                }
            }
        }
    }

    fn listener(&mut self, core: &Core, proxy: ProxyId) -> Option<ListenerId> {
        if !core
            .config
            .proxy(proxy)
            .options
            .has(ProxyOption::SocketStats)
        {
            return None;
        }
        let listener = core.listeners.of_proxy(proxy).nth(self.item)?;
        self.item += 1;
        Some(listener.id)
    }

    const fn enter(&mut self, part: Part) {
        self.part = part;
        self.item = 0;
    }

    const fn skip_proxy(&mut self) {
        self.proxy += 1;
        self.enter(Part::Frontend);
    }
}

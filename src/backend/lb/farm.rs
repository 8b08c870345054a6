//! The servers of one backend as its balancer knows them: who is usable, at which weight,
//! and whether the active servers or the backups serve.
//!
//! Servers go by their slot, their position in the declaration order of the backend.
//! Invariant: the counts and the first backup always agree with the members.

use crate::config::model::{Config, ProxyId, ProxyOption, ServerId};
use crate::state::State;

/// The servers that may be chosen from at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// Nobody is usable.
    Nobody,
    /// The usable active servers.
    Active,
    /// One backup alone.
    FirstBackup(usize),
    /// All usable backups.
    Backups,
}

/// What happened to a server, as far as balancing cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    Nothing,
    /// It became usable.
    Up,
    /// It is not usable any more.
    Down,
    /// It stays usable at another weight.
    Weight,
}

/// A server of the backend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// Its identifier.
    pub(super) server: ServerId,
    /// `backup`.
    pub(super) backup: bool,
    /// Load balancing may choose it.
    pub(super) usable: bool,
    /// Weight in force, 0 to 256; above 0 while it is usable.
    pub(super) weight: u16,
}

/// All servers of a backend.
#[derive(Debug)]
pub(super) struct Farm {
    members: Vec<Member>,
    active_count: usize,
    backup_count: usize,
    first_backup: Option<usize>,
    all_backups: bool,
}

impl Farm {
    /// The proxy's servers as configured.
    pub(super) fn new(config: &Config, proxy: ProxyId) -> Self {
        let settings = config.proxy(proxy);
        let members = settings
            .servers
            .iter()
            .map(|&server| Member::new(config, server));
        let mut farm = Self {
            members: members.collect(),
            active_count: 0,
            backup_count: 0,
            first_backup: None,
            all_backups: settings.options.has(ProxyOption::AllBackups),
        };
        farm.count();
        farm
    }

    /// Who may be chosen from now.
    pub(super) fn layer(&self) -> Layer {
        match self.first_backup {
            _ if self.active_count > 0 => Layer::Active,
            None => Layer::Nobody,
            Some(_) if self.all_backups => Layer::Backups,
            Some(slot) => Layer::FirstBackup(slot),
        }
    }

    /// True when the server at `slot` belongs to the layer that serves now.
    pub(super) fn is_in_layer(&self, slot: usize) -> bool {
        let member = self.member(slot);
        match self.layer() {
            Layer::Nobody => false,
            Layer::Active => member.usable && !member.backup,
            Layer::FirstBackup(first) => slot == first,
            Layer::Backups => member.usable && member.backup,
        }
    }

    /// Takes over the server's state and weight.
    pub(super) fn update(&mut self, slot: usize, state: &State) -> Change {
        let old = self.members[slot];
        let server = state.server(old.server);
        let member = Member {
            usable: server.is_usable(),
            weight: server.weight,
            ..old
        };
        self.members[slot] = member;
        match (old.usable, member.usable) {
            (true, true) if old.weight != member.weight => Change::Weight,
            (true, true) | (false, false) => Change::Nothing,
            (false, true) => {
                self.count();
                Change::Up
            }
            (true, false) => {
                self.count();
                Change::Down
            }
        }
    }

    /// The slot of a server, if it belongs to this backend. Servers are grouped by proxy,
    /// so that the distance to the first one finds it.
    pub(super) fn slot(&self, server: ServerId) -> Option<usize> {
        let first = self.members.first()?.server;
        let slot = server.index().checked_sub(first.index())?;
        self.members
            .get(slot)
            .filter(|member| member.server == server)
            .map(|_| slot)
    }

    /// The server at `slot`.
    pub(super) fn server(&self, slot: usize) -> ServerId {
        self.members[slot].server
    }

    /// What is known about the server at `slot`.
    pub(super) fn member(&self, slot: usize) -> &Member {
        &self.members[slot]
    }

    /// All servers, in declaration order.
    pub(super) fn members(&self) -> &[Member] {
        &self.members
    }

    fn count(&mut self) {
        let usable = |backup| move |member: &&Member| member.usable && member.backup == backup;
        self.active_count = self.members.iter().filter(usable(false)).count();
        self.backup_count = self.members.iter().filter(usable(true)).count();
        self.first_backup = self.members.iter().position(|member| usable(true)(&member));
    }
}

impl Member {
    fn new(config: &Config, server: ServerId) -> Self {
        let settings = config.server(server);
        Self {
            server,
            backup: settings.backup,
            usable: !settings.disabled && settings.weight > 0,
            weight: settings.weight,
        }
    }
}

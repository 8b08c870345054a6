//! Giving up rights: chroot, then supplementary groups, group, user.
//!
//! Called by start-up after everything that needs rights is open: listeners, pid file, null
//! device. Owns the order and the checks, the calls themselves are behind [`Rights`], so that
//! a test can pretend to be any user. Invariant: when [`drop_identity`] succeeds, the process
//! cannot become the former user again.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::model::Global;
use crate::sys::process::{self, error_text};

/// What the configuration wants the process to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `chroot`.
    pub chroot: Option<PathBuf>,
    /// `uid` or `user`; 0 changes nothing.
    pub uid: Option<u32>,
    /// `gid` or `group`; 0 changes nothing.
    pub gid: Option<u32>,
    /// Some server or backend uses `source ... usesrc` or `source ... interface`, which the
    /// kernel checks at each connection and not only at start.
    pub needs_network_rights: bool,
}

/// What the steps here ask of the kernel.
pub trait Rights {
    /// True for the superuser.
    fn is_superuser(&self) -> bool;
    /// True when addresses and devices that are not the process's own may be used.
    fn may_administer_network(&self) -> bool;
    /// Confines the process to `directory`.
    ///
    /// # Errors
    /// Those of chroot(2) and chdir(2).
    fn change_root(&mut self, directory: &Path) -> io::Result<()>;
    /// Gives up supplementary groups, if there are any.
    ///
    /// # Errors
    /// Those of setgroups(2).
    fn drop_supplementary_groups(&mut self) -> io::Result<()>;
    /// Changes the group for good.
    ///
    /// # Errors
    /// Those of setresgid(2).
    fn set_group(&mut self, gid: u32) -> io::Result<()>;
    /// Changes the user for good.
    ///
    /// # Errors
    /// Those of setresuid(2).
    fn set_user(&mut self, uid: u32) -> io::Result<()>;
}

/// The rights of this very process.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnRights;

/// Why the process cannot be what it should be; shows as the text of the alert.
#[derive(Debug)]
pub enum PrivilegeError {
    /// A user is to be taken on that could not do what the configuration needs.
    NetworkRightsNeeded,
    /// The chroot failed.
    Chroot(PathBuf, io::Error),
    /// The group was refused.
    Group(u32, io::Error),
    /// The user was refused.
    User(u32, io::Error),
    /// The superuser's rights could be had back after they were given up.
    Reversible,
}

/// What works but may not be meant; shows as the text of the warning.
#[derive(Debug)]
pub enum PrivilegeWarning {
    /// Rights that the configuration needs are missing already.
    NetworkRightsMissing,
    /// Groups of the caller are kept.
    SupplementaryGroups(io::Error),
}

impl Identity {
    /// What the `global` section wants; `needs_network_rights` comes from the proxies.
    pub fn of(global: &Global, needs_network_rights: bool) -> Self {
        Self {
            chroot: global.chroot.clone(),
            uid: global.uid.filter(|uid| *uid != 0),
            gid: global.gid.filter(|gid| *gid != 0),
            needs_network_rights,
        }
    }
}

/// Looks for contradictions before anything is given up.
///
/// # Errors
/// [`PrivilegeError::NetworkRightsNeeded`].
pub fn check(
    identity: &Identity,
    rights: &impl Rights,
) -> Result<Option<PrivilegeWarning>, PrivilegeError> {
    if !identity.needs_network_rights {
        return Ok(None);
    }
    if identity.uid.is_some() && rights.is_superuser() {
        return Err(PrivilegeError::NetworkRightsNeeded);
    }
    let missing = !rights.may_administer_network();
    Ok(missing.then_some(PrivilegeWarning::NetworkRightsMissing))
}

/// Confines the process to the configured directory, if there is one.
///
/// # Errors
/// [`PrivilegeError::Chroot`].
pub fn enter_chroot(identity: &Identity, rights: &mut impl Rights) -> Result<(), PrivilegeError> {
    let Some(directory) = &identity.chroot else {
        return Ok(());
    };
    let refused = |error| PrivilegeError::Chroot(directory.clone(), error);
    rights.change_root(directory).map_err(refused)
}

/// Takes on the configured group and user, groups first: the user could not any more.
///
/// # Errors
/// [`PrivilegeError::Group`], [`PrivilegeError::User`], [`PrivilegeError::Reversible`].
pub fn drop_identity(
    identity: &Identity,
    rights: &mut impl Rights,
) -> Result<Option<PrivilegeWarning>, PrivilegeError> {
    let mut warning = None;
    if identity.gid.is_some() || identity.uid.is_some() {
        let kept = rights.drop_supplementary_groups().err();
        warning = kept.map(PrivilegeWarning::SupplementaryGroups);
    }
    if let Some(gid) = identity.gid {
        let refused = |error| PrivilegeError::Group(gid, error);
        rights.set_group(gid).map_err(refused)?;
    }
    if let Some(uid) = identity.uid {
        let refused = |error| PrivilegeError::User(uid, error);
        rights.set_user(uid).map_err(refused)?;
        if rights.set_user(SUPERUSER).is_ok() {
            return Err(PrivilegeError::Reversible);
        }
    }
    Ok(warning)
}

impl Rights for OwnRights {
    fn is_superuser(&self) -> bool {
        process::is_superuser()
    }

    fn may_administer_network(&self) -> bool {
        process::may_administer_network()
    }

    fn change_root(&mut self, directory: &Path) -> io::Result<()> {
        process::change_root(directory)
    }

    fn drop_supplementary_groups(&mut self) -> io::Result<()> {
        if process::supplementary_group_count()? == 0 {
            return Ok(());
        }
        process::drop_supplementary_groups()
    }

    fn set_group(&mut self, gid: u32) -> io::Result<()> {
        process::set_group(gid)
    }

    fn set_user(&mut self, uid: u32) -> io::Result<()> {
        process::set_user(uid)
    }
}

impl fmt::Display for PrivilegeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NetworkRightsNeeded => f.write_str(
                "'source' with 'usesrc' or 'interface' needs full privileges for good, \
                 so the user of 'uid' or 'user' cannot be taken on.",
            ),
            Self::Chroot(directory, error) => {
                let directory = directory.display();
                write!(f, "Cannot chroot({directory}) : {}.", error_text(error))
            }
            Self::Group(gid, error) => {
                write!(f, "Cannot set gid {gid} : {}.", error_text(error))
            }
            Self::User(uid, error) => {
                write!(f, "Cannot set uid {uid} : {}.", error_text(error))
            }
            Self::Reversible => f.write_str(
                "Privileges were dropped but could be taken back, which the system must not allow.",
            ),
        }
    }
}

impl std::error::Error for PrivilegeError {}

impl fmt::Display for PrivilegeWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NetworkRightsMissing => f.write_str(
                "'source' with 'usesrc' or 'interface' needs privileges that this process \
                 lacks; such connections are likely to fail.",
            ),
            Self::SupplementaryGroups(error) => write!(
                f,
                "Cannot give up supplementary groups : {}. Their rights are kept.",
                error_text(error)
            ),
        }
    }
}

const SUPERUSER: u32 = 0;

#[cfg(test)]
mod tests;

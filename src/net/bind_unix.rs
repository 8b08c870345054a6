//! Binding unix listeners: paths that replace older sockets without a gap, abstract names.
//!
//! A path is bound under a temporary name, given its owner and mode, made to listen, and
//! only then renamed over the final path: clients find either the old socket or the new
//! one, ready. The old one stays reachable as `.bak`, so that [`UnixBackup`] can put it
//! back when the start fails later; committing removes it.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process;

use super::address::PeerAddress;
use super::bind::{BindFailure, Bound, Stage, describe};
use crate::config::model::UnixPermissions;
use crate::sys::socket::{self, stream_socket};
use crate::sys::{self, Endpoint, Family, Fd, UNIX_NAME_LEN_MAX};

/// The way back to what a path was before.
#[derive(Debug)]
pub struct UnixBackup {
    path: PathBuf,
    /// Where the previous socket is; `None` when there was none.
    previous: Option<PathBuf>,
}

impl UnixBackup {
    /// The start succeeded: the previous socket is not needed any more.
    pub(super) fn commit(self) {
        if let Some(previous) = self.previous {
            // A leftover harms nobody, and the next start removes it.
            let _ = fs::remove_file(previous);
        }
    }

    /// The start failed: the previous socket gets its path back.
    pub(super) fn roll_back(self) {
        let _ = match self.previous {
            Some(previous) => fs::rename(previous, &self.path),
            None => fs::remove_file(&self.path),
        };
    }
}

/// Binds a path in the file system (dev7: `uxst_bind_listener`).
///
/// # Errors
/// The failure in HAProxy's words; the path is as before.
pub(super) fn bind_path(
    path: &Path,
    permissions: &UnixPermissions,
    backlog: u32,
) -> Result<Bound, BindFailure> {
    let failure = |text: &str, error: &io::Error| BindFailure {
        stage: Stage::Binding,
        text: format!("{text} ({}) [{}]", describe(error), path.display()),
        is_retryable: false,
    };
    let temporary = sibling(path, "tmp");
    if temporary.as_os_str().as_bytes().len() > UNIX_NAME_LEN_MAX {
        return Err(BindFailure {
            stage: Stage::Binding,
            text: format!(
                "name too long for UNIX socket (limit usually 97) [{}]",
                path.display()
            ),
            is_retryable: false,
        });
    }
    let previous = preserve(path).map_err(|(text, error)| failure(text, &error))?;
    let backup = UnixBackup {
        path: path.to_path_buf(),
        previous,
    };
    let started = start(&temporary, permissions, backlog).and_then(|fd| {
        fs::rename(&temporary, path)
            .inspect_err(|_| {
                let _ = sys::close(fd);
            })
            .map(|()| fd)
            .map_err(|error| ("cannot switch final and temporary UNIX sockets", error))
    });
    match started {
        Ok(fd) => Ok(Bound {
            fd,
            local: PeerAddress::Unix,
            backup: Some(backup),
            warnings: Vec::new(),
        }),
        Err((text, error)) => {
            let _ = fs::remove_file(&temporary);
            // The path itself was not touched: only the second name of the old socket goes.
            backup.commit();
            Err(failure(text, &error))
        }
    }
}

/// Binds a name of the abstract name space (`abns@`).
///
/// # Errors
/// The failure in HAProxy's words. EADDRINUSE may pass: the old process frees the name.
pub(super) fn bind_abstract(name: &[u8], backlog: u32) -> Result<Bound, BindFailure> {
    let failure = |error: &io::Error| BindFailure {
        stage: Stage::Binding,
        text: format!(
            "cannot bind UNIX socket ({}) [abns@{}]",
            describe(error),
            name.escape_ascii()
        ),
        is_retryable: error.kind() == io::ErrorKind::AddrInUse,
    };
    let fd = stream_socket(Family::Unix).map_err(|error| failure(&error))?;
    let started =
        socket::bind(fd, &Endpoint::Abstract(name)).and_then(|()| socket::listen(fd, backlog));
    if let Err(error) = started {
        let _ = sys::close(fd);
        return Err(failure(&error));
    }
    Ok(Bound {
        fd,
        local: PeerAddress::Unix,
        backup: None,
        warnings: Vec::new(),
    })
}

type Step<T> = Result<T, (&'static str, io::Error)>;

/// Gives the socket now at `path` a second name, so that it survives being renamed over.
fn preserve(path: &Path) -> Step<Option<PathBuf>> {
    let backup = sibling(path, "bak");
    if let Err(error) = remove_if_there(&sibling(path, "tmp")).and(remove_if_there(&backup)) {
        return Err(("error when trying to unlink previous UNIX socket", error));
    }
    match fs::hard_link(path, &backup) {
        Ok(()) => Ok(Some(backup)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(("error when trying to preserve previous UNIX socket", error)),
    }
}

fn start(temporary: &Path, permissions: &UnixPermissions, backlog: u32) -> Step<Fd> {
    let fd = stream_socket(Family::Unix).map_err(|error| ("cannot create UNIX socket", error))?;
    let started = socket::bind(fd, &Endpoint::Unix(temporary))
        .map_err(|error| ("cannot bind UNIX socket", error))
        .and_then(|()| {
            give_away(temporary, permissions)
                .map_err(|error| ("cannot change UNIX socket ownership", error))
        })
        .and_then(|()| {
            socket::listen(fd, backlog).map_err(|error| ("cannot listen to UNIX socket", error))
        });
    if let Err(failed) = started {
        let _ = sys::close(fd);
        return Err(failed);
    }
    Ok(fd)
}

fn give_away(path: &Path, permissions: &UnixPermissions) -> io::Result<()> {
    if permissions.uid.is_some() || permissions.gid.is_some() {
        chown(path, permissions.uid, permissions.gid)?;
    }
    match permissions.mode {
        Some(mode) => fs::set_permissions(path, fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// `PATH.PID.SUFFIX`: beside the path, since renaming works within one file system only.
fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(format!(".{}.{suffix}", process::id()));
    name.into()
}

//! What a process asks of the kernel about itself: forking, sessions, identity, limits, signals.
//!
//! Owns nothing: every function is one request, errno becomes `io::Error` here. Called by
//! `process/` during start-up and by the worker's reaction to signals. Invariant: nothing
//! here keeps state or retries; policy lives in the callers.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use nix::sys::resource::{self, Resource};
use nix::sys::stat::{self, Mode};
use nix::unistd;

pub use nix::sys::signal::Signal;
pub use nix::unistd::Pid;

/// Which of the two processes returned from [`fork`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkSide {
    /// The new process.
    Child,
    /// The old process, with the number of the new one.
    Parent(Pid),
}

/// Splits the process in two. Only for single-threaded callers, which weir's start-up is.
///
/// # Errors
/// `EAGAIN` at the process limit, `ENOMEM` without memory.
pub fn fork() -> io::Result<ForkSide> {
    // SAFETY: start-up runs one thread, so the child inherits no lock held by another.
    let result = unsafe { unistd::fork() };
    match result? {
        unistd::ForkResult::Child => Ok(ForkSide::Child),
        unistd::ForkResult::Parent { child } => Ok(ForkSide::Parent(child)),
    }
}

/// Makes the process the leader of a new session without a terminal.
///
/// # Errors
/// `EPERM` when it already leads a process group.
pub fn start_session() -> io::Result<()> {
    unistd::setsid()?;
    Ok(())
}

/// The number of this process.
pub fn current_pid() -> Pid {
    unistd::getpid()
}

/// True when the process may do what only the superuser may.
pub fn is_superuser() -> bool {
    unistd::geteuid().is_root()
}

/// The effective user number, for comparing owners of files.
pub fn effective_uid() -> u32 {
    unistd::geteuid().as_raw()
}

/// Opens the null device, to be put over the standard streams later (after a chroot it is
/// out of reach).
///
/// # Errors
/// Those of open(2); a chroot or container may lack the device.
pub fn open_null() -> io::Result<File> {
    File::options().read(true).write(true).open("/dev/null")
}

/// Puts the null device over descriptors 0, 1 and 2, so that their numbers stay taken and
/// no client's socket is ever written to as "standard error".
///
/// # Errors
/// Those of dup2(2).
pub fn redirect_standard_streams(null: &File) -> io::Result<()> {
    unistd::dup2_stdin(null.as_fd())?;
    unistd::dup2_stdout(null.as_fd())?;
    unistd::dup2_stderr(null.as_fd())?;
    Ok(())
}

/// Makes `directory` the root of the process's view of files, then its working directory.
///
/// # Errors
/// `EPERM` without the capability, `ENOENT` and `ENOTDIR` for a bad path.
pub fn change_root(directory: &Path) -> io::Result<()> {
    unistd::chroot(directory)?;
    unistd::chdir("/")?;
    Ok(())
}

/// Changes the working directory.
///
/// # Errors
/// Those of chdir(2).
pub fn change_directory(directory: &Path) -> io::Result<()> {
    unistd::chdir(directory)?;
    Ok(())
}

/// Sets the mask of permissions that new files do not get, and returns the former one.
pub fn set_umask(mask: u32) -> u32 {
    stat::umask(Mode::from_bits_truncate(mask)).bits()
}

/// The number of supplementary groups of the process.
///
/// # Errors
/// Those of getgroups(2).
pub fn supplementary_group_count() -> io::Result<usize> {
    Ok(unistd::getgroups()?.len())
}

/// Gives up all supplementary groups.
///
/// # Errors
/// `EPERM` without the capability.
pub fn drop_supplementary_groups() -> io::Result<()> {
    unistd::setgroups(&[])?;
    Ok(())
}

/// Sets real, effective and saved group.
///
/// # Errors
/// `EPERM` without the capability.
pub fn set_group(gid: u32) -> io::Result<()> {
    let gid = unistd::Gid::from_raw(gid);
    unistd::setresgid(gid, gid, gid)?;
    Ok(())
}

/// Sets real, effective and saved user.
///
/// # Errors
/// `EPERM` without the capability, `EAGAIN` at the user's process limit.
pub fn set_user(uid: u32) -> io::Result<()> {
    let uid = unistd::Uid::from_raw(uid);
    unistd::setresuid(uid, uid, uid)?;
    Ok(())
}

/// True when the kernel would let the process configure network addresses and devices
/// (`CAP_NET_ADMIN` among its effective capabilities).
pub fn may_administer_network() -> bool {
    let header = CapabilityHeader {
        version: CAPABILITY_VERSION_3,
        pid: 0,
    };
    let mut sets = [CapabilitySets::default(); 2];
    // SAFETY: both pointers are to live values laid out as version 3 of capget(2) wants.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw const header, sets.as_mut_ptr()) };
    let [low, _high] = sets;
    result == 0 && low.effective & (1 << CAP_NET_ADMIN) != 0
}

/// A soft and a hard limit; `None` means unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What the kernel enforces.
    pub soft: Option<u64>,
    /// How far the process may raise the soft limit by itself.
    pub hard: Option<u64>,
}

/// The limits that weir reads and sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitKind {
    /// Open file descriptors.
    OpenFiles,
    /// Size of a core file in bytes.
    CoreSize,
    /// Address space in bytes.
    AddressSpace,
}

/// Reads a limit.
///
/// # Errors
/// Those of getrlimit(2).
pub fn limit(kind: LimitKind) -> io::Result<Limit> {
    let (soft, hard) = resource::getrlimit(kind.resource())?;
    Ok(Limit {
        soft: finite(soft),
        hard: finite(hard),
    })
}

/// Sets a limit.
///
/// # Errors
/// `EPERM` when the hard limit would grow without the capability, `EINVAL` for soft > hard.
pub fn set_limit(kind: LimitKind, limit: Limit) -> io::Result<()> {
    let soft = limit.soft.unwrap_or(resource::RLIM_INFINITY);
    let hard = limit.hard.unwrap_or(resource::RLIM_INFINITY);
    resource::setrlimit(kind.resource(), soft, hard)?;
    Ok(())
}

/// Lets the kernel write a core file of this process although it changed its identity.
///
/// # Errors
/// Those of prctl(2).
pub fn set_dumpable() -> io::Result<()> {
    // SAFETY: PR_SET_DUMPABLE takes plain numbers and touches no memory of the caller.
    let result = unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0) };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Sends `signal` to one process.
///
/// # Errors
/// `ESRCH` when there is no such process, `EPERM` when it belongs to somebody else,
/// `EINVAL` for a number that names a group of processes.
pub fn send_signal(pid: Pid, signal: Signal) -> io::Result<()> {
    if pid.as_raw() <= 0 {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    nix::sys::signal::kill(pid, signal)?;
    Ok(())
}

/// The machine's name; empty when the kernel tells none.
pub fn host_name() -> String {
    unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_default()
}

/// One line about the running system: name, release, version, machine.
pub fn system_description() -> String {
    let Ok(names) = nix::sys::utsname::uname() else {
        return String::from("unknown");
    };
    let parts = [
        names.sysname(),
        names.release(),
        names.version(),
        names.machine(),
    ];
    let words: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
    words.join(" ")
}

/// The system's words for an error, as users know them ("Permission denied"), without the
/// number that `io::Error` appends.
pub fn error_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_owned(),
        None => error.to_string(),
    }
}

impl LimitKind {
    const fn resource(self) -> Resource {
        match self {
            Self::OpenFiles => Resource::RLIMIT_NOFILE,
            Self::CoreSize => Resource::RLIMIT_CORE,
            Self::AddressSpace => Resource::RLIMIT_AS,
        }
    }
}

fn finite(limit: u64) -> Option<u64> {
    (limit != resource::RLIM_INFINITY).then_some(limit)
}

/// The first argument of capget(2).
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

/// One of the two halves that capget(2) fills, 32 capabilities each.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct CapabilitySets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3` of linux/capability.h.
const CAPABILITY_VERSION_3: u32 = 0x2008_0522;

/// `CAP_NET_ADMIN` of linux/capability.h, in the lower half of the sets.
const CAP_NET_ADMIN: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_can_be_lowered_and_read_back() {
        let old = limit(LimitKind::CoreSize).unwrap();
        set_limit(
            LimitKind::CoreSize,
            Limit {
                soft: Some(0),
                ..old
            },
        )
        .unwrap();
        assert_eq!(limit(LimitKind::CoreSize).unwrap().soft, Some(0));
        set_limit(LimitKind::CoreSize, old).unwrap();
        assert_eq!(limit(LimitKind::CoreSize).unwrap(), old);
    }

    #[test]
    fn a_signal_never_goes_to_a_group() {
        for group in [0, -1, -77] {
            let error = send_signal(Pid::from_raw(group), Signal::SIGCONT).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        }
    }

    #[test]
    fn errors_speak_the_systems_words() {
        let error = io::Error::from_raw_os_error(libc::ENOENT);
        assert_eq!(error_text(&error), "No such file or directory");
        assert_eq!(error_text(&io::Error::other("odd")), "odd");
    }

    #[test]
    fn the_system_has_a_name() {
        assert!(system_description().starts_with("Linux "));
    }

    #[test]
    fn network_rights_agree_with_what_proc_says() {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("CapEff:"))
            .unwrap();
        let hex = line.trim_start_matches("CapEff:").trim();
        let effective = u64::from_str_radix(hex, 16).unwrap();
        assert_eq!(
            may_administer_network(),
            effective >> CAP_NET_ADMIN & 1 == 1
        );
    }
}

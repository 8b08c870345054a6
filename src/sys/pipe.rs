//! Pipes, the kernel buffers that splicing goes through.

use std::io;
use std::os::fd::IntoRawFd;

use nix::fcntl::OFlag;

use super::Fd;
use super::fd::check;

/// Opens a pipe, non-blocking and close-on-exec: its reading and its writing end.
///
/// # Errors
/// EMFILE, ENFILE when descriptors ran out.
pub fn pipe() -> io::Result<(Fd, Fd)> {
    let (read, write) = nix::unistd::pipe2(OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
    Ok((Fd::new(read.into_raw_fd()), Fd::new(write.into_raw_fd())))
}

/// Resizes a pipe (F_SETPIPE_SZ, `tune.pipesize`) and returns the size the kernel chose.
///
/// # Errors
/// EPERM above the system's limit, EBUSY when it holds more than that.
pub fn set_pipe_size(fd: Fd, size: u32) -> io::Result<usize> {
    let size = libc::c_int::try_from(size).unwrap_or(libc::c_int::MAX);
    // SAFETY: F_SETPIPE_SZ takes an integer and touches no memory of ours.
    let chosen = check(unsafe { libc::fcntl(fd.raw(), libc::F_SETPIPE_SZ, size) })?;
    Ok(usize::try_from(chosen).unwrap_or(0))
}

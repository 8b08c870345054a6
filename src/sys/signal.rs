//! Signals as readable events: blocked in the process, read from a `signalfd`.

use super::Fd;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::SfdFlags;
use std::io;
use std::mem::MaybeUninit;

/// A set of signals that are read from a descriptor instead of interrupting the process.
#[derive(Clone, Copy, Debug)]
pub struct SignalMask(SigSet);

impl SignalMask {
    /// A set of no signal.
    pub fn empty() -> Self {
        Self(SigSet::empty())
    }

    /// Adds `signo`.
    ///
    /// # Errors
    /// EINVAL for a number that is no standard signal.
    pub fn insert(&mut self, signo: i32) -> io::Result<()> {
        self.0.add(Signal::try_from(signo)?);
        Ok(())
    }

    /// Blocks the signals of the set in this thread; a child inherits that over `fork`.
    ///
    /// # Errors
    /// What `sigprocmask(2)` reports.
    pub fn block(&self) -> io::Result<()> {
        Ok(self.0.thread_block()?)
    }
}

/// Opens a descriptor that delivers the signals of `mask` to this process.
///
/// # Errors
/// What `signalfd(2)` reports.
pub fn open(mask: &SignalMask) -> io::Result<Fd> {
    set_mask(Fd::new(-1), mask)
}

/// Changes the signals that `fd`, a descriptor of [`open`], delivers.
///
/// # Errors
/// What `signalfd(2)` reports.
pub fn set_mask(fd: Fd, mask: &SignalMask) -> io::Result<Fd> {
    let flags = (SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).bits();
    // SAFETY: the mask is a valid signal set for the length of the call.
    let raw = unsafe { libc::signalfd(fd.raw(), mask.0.as_ref(), flags) };
    super::fd::check(raw).map(Fd::new)
}

/// Takes one pending signal from a descriptor of [`open`]; `None` when there is none left.
pub fn read(fd: Fd) -> Option<i32> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of::<libc::signalfd_siginfo>();
    // SAFETY: pointer and size describe one structure that we may write.
    let got = unsafe { libc::read(fd.raw(), info.as_mut_ptr().cast(), size) };
    if usize::try_from(got) != Ok(size) {
        return None;
    }
    // SAFETY: the kernel has written the whole structure.
    let info = unsafe { info.assume_init() };
    i32::try_from(info.ssi_signo).ok()
}

/// Ignores `signo`, such as SIGPIPE: a write to a closed connection is then an error code.
///
/// # Errors
/// EINVAL for a number that is no signal or cannot be ignored.
pub fn ignore(signo: i32) -> io::Result<()> {
    let ignored = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    let signal = Signal::try_from(signo)?;
    // SAFETY: SIG_IGN runs no code, so no handler can break an invariant.
    unsafe { nix::sys::signal::sigaction(signal, &ignored) }?;
    Ok(())
}

/// Unblocks every signal, for a process that leaves the event loop behind.
///
/// # Errors
/// What `sigprocmask(2)` reports.
pub fn unblock_all() -> io::Result<()> {
    Ok(nix::sys::signal::sigprocmask(
        SigmaskHow::SIG_UNBLOCK,
        Some(&SigSet::all()),
        None,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::close;

    #[test]
    fn a_blocked_signal_is_read_from_the_descriptor() {
        let mut mask = SignalMask::empty();
        mask.insert(libc::SIGWINCH).unwrap();
        mask.block().unwrap();
        let fd = open(&mask).unwrap();
        assert_eq!(read(fd), None);
        nix::sys::signal::raise(Signal::SIGWINCH).unwrap();
        assert_eq!(read(fd), Some(libc::SIGWINCH));
        assert_eq!(read(fd), None);
        close(fd).unwrap();
    }

    #[test]
    fn numbers_that_are_no_signal_are_refused() {
        assert!(SignalMask::empty().insert(0).is_err());
        assert!(SignalMask::empty().insert(4000).is_err());
        assert!(ignore(libc::SIGKILL).is_err());
        ignore(libc::SIGPIPE).unwrap();
    }
}

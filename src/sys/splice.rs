//! Moving bytes between a socket and a pipe without copying them through the process.

use std::io;
use std::ptr;

use super::Fd;

/// Moves up to `len` bytes from a socket into a pipe. 0 is the end of the stream.
///
/// # Errors
/// `WouldBlock` when the socket is empty or the pipe is full; EINVAL or ENOSYS where the
/// kernel cannot splice this socket.
pub fn splice_in(socket: Fd, pipe: Fd, len: usize) -> io::Result<usize> {
    splice(socket, pipe, len, FLAGS)
}

/// Moves up to `len` bytes from a pipe to a socket; `more` tells the kernel to wait with a
/// partial segment.
///
/// # Errors
/// `WouldBlock` when the socket's send buffer is full or the pipe empty; EPIPE and the like.
pub fn splice_out(pipe: Fd, socket: Fd, len: usize, more: bool) -> io::Result<usize> {
    let flags = if more {
        FLAGS | libc::SPLICE_F_MORE
    } else {
        FLAGS
    };
    splice(pipe, socket, len, flags)
}

fn splice(from: Fd, to: Fd, len: usize, flags: libc::c_uint) -> io::Result<usize> {
    let none = ptr::null_mut();
    // SAFETY: both offsets are null, so the kernel touches no memory of ours.
    let moved = unsafe { libc::splice(from.raw(), none, to.raw(), none, len, flags) };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}

const FLAGS: libc::c_uint = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK;

#[cfg(test)]
mod tests {
    use super::super::fd::close;
    use super::super::pipe::{pipe, set_pipe_size};
    use super::super::socket::{recv, send, socketpair};
    use super::*;

    #[test]
    fn bytes_pass_a_pipe_unseen() {
        let (client, from) = socketpair().unwrap();
        let (to, server) = socketpair().unwrap();
        let (read, write) = pipe().unwrap();
        send(client, b"hello", false).unwrap();
        assert_eq!(splice_in(from, write, 4096).unwrap(), 5);
        assert_eq!(splice_out(read, to, 5, false).unwrap(), 5);
        let mut buffer = [0; 16];
        assert_eq!(recv(server, &mut buffer).unwrap(), 5);
        assert_eq!(&buffer[..5], b"hello");
        let empty = splice_in(from, write, 4096).unwrap_err();
        assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
        close(client).unwrap();
        assert_eq!(splice_in(from, write, 4096).unwrap(), 0, "end of stream");
        for fd in [from, to, server, read, write] {
            close(fd).unwrap();
        }
    }

    #[test]
    fn a_full_pipe_blocks_and_its_size_can_be_set() {
        let (client, from) = socketpair().unwrap();
        let (read, write) = pipe().unwrap();
        let size = set_pipe_size(write, 8192).unwrap();
        assert!(size >= 8192);
        let block = vec![7; size];
        assert_eq!(send(client, &block, false).unwrap(), size);
        let mut moved = 0;
        while let Ok(count) = splice_in(from, write, size) {
            assert!(count > 0);
            moved += count;
            if moved >= size {
                break;
            }
        }
        send(client, b"x", false).unwrap();
        while splice_in(from, write, 1).is_ok() {}
        let full = splice_in(from, write, 1).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::WouldBlock);
        for fd in [client, from, read, write] {
            close(fd).unwrap();
        }
    }
}

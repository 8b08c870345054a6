//! Log receivers: datagram sockets that count lines and throw them away.
//!
//! Called by `measure` for the log rows. Owns one thread and one socket, which end with the guard.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use crate::process::Outcome;

/// A receiver that runs until it is dropped.
pub(crate) struct Sink {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    lines: AtomicU64,
    stop: AtomicBool,
}

impl Sink {
    /// Receives datagrams on `port` of 127.0.0.1.
    pub(crate) fn udp(port: u16) -> Outcome<Self> {
        let failed = |error: io::Error| format!("log sink: {error}");
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
        // Root may exceed the system's limit of the buffer; for others the usual one has to do.
        if setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER_SIZE).is_err() {
            let _ = setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER_SIZE);
        }
        socket.set_read_timeout(Some(STOP_CHECK)).map_err(failed)?;
        Ok(Self::start(move |buffer| socket.recv(buffer)))
    }

    /// Receives datagrams on the unix socket `path`, which is created.
    pub(crate) fn unix(path: &Path) -> Outcome<Self> {
        let failed = |error: io::Error| format!("log sink: {error}");
        let _ = std::fs::remove_file(path);
        let socket = UnixDatagram::bind(path).map_err(failed)?;
        socket.set_read_timeout(Some(STOP_CHECK)).map_err(failed)?;
        Ok(Self::start(move |buffer| socket.recv(buffer)))
    }

    /// Log lines received so far.
    pub(crate) fn lines(&self) -> u64 {
        self.shared.lines.load(Ordering::Relaxed)
    }

    fn start(mut receive: impl FnMut(&mut [u8]) -> io::Result<usize> + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let ours = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while !ours.stop.load(Ordering::Relaxed) {
                if receive(&mut buffer).is_ok() {
                    ours.lines.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self {
            shared,
            thread: Some(thread),
        }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

const RECEIVE_BUFFER_SIZE: usize = 8 << 20;
const STOP_CHECK: Duration = Duration::from_millis(50);

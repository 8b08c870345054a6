//! Downloads of a large object: clients that count the bytes and throw them away.
//!
//! Called by `measure`. The kernel discards the bytes itself (`MSG_TRUNC`), so that the clients
//! cost little of the core that they share with the origin, and the proxy is what is saturated.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, recv};

use crate::lab::{BULK_BYTES, Proxy, Window};
use crate::process::Outcome;

/// Downloads through `proxy` for `seconds` after a warm-up; returns the proxy's CPU time and the
/// bytes received, both between the same two moments.
///
/// # Errors
/// A connection failed, an answer was not 200, or an object came incomplete.
pub(crate) fn download(proxy: &Proxy, seconds: u64) -> Outcome<(Window, u64)> {
    let meter = Meter::default();
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| meter.work(proxy.port));
        }
        let measured = meter.measure(proxy, seconds);
        meter.stop.store(true, Ordering::Relaxed);
        measured
    })
    .and_then(|measured| match meter.error.into_inner() {
        Ok(None) => Ok(measured),
        Ok(Some(error)) => Err(format!("download: {error}")),
        Err(_) => Err(String::from("download: a client panicked")),
    })
}

/// What the clients and the measuring thread share.
#[derive(Default)]
struct Meter {
    bytes: AtomicU64,
    stop: AtomicBool,
    error: Mutex<Option<io::Error>>,
}

impl Meter {
    fn measure(&self, proxy: &Proxy, seconds: u64) -> Outcome<(Window, u64)> {
        thread::sleep(WARM_UP);
        let (before, start) = (self.bytes.load(Ordering::Relaxed), Window::open(proxy)?);
        thread::sleep(Duration::from_secs(seconds));
        let bytes = self.bytes.load(Ordering::Relaxed) - before;
        Ok((start.close(proxy)?, bytes))
    }

    /// One client: fetches object after object until it is told to stop.
    fn work(&self, port: u16) {
        let mut buffer = vec![0; BUFFER_SIZE];
        while !self.stop.load(Ordering::Relaxed) {
            if let Err(error) = self.fetch(port, &mut buffer) {
                if let Ok(mut first) = self.error.lock() {
                    first.get_or_insert(error);
                }
                return;
            }
        }
    }

    fn fetch(&self, port: u16, buffer: &mut [u8]) -> io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(READ_WAIT))?;
        stream.write_all(REQUEST)?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        if &status != b"HTTP/1.1 200" {
            let line = String::from_utf8_lossy(&status).into_owned();
            return Err(io::Error::new(ErrorKind::InvalidData, line));
        }
        let mut received = 0_u64;
        while !self.stop.load(Ordering::Relaxed) {
            let count = recv(stream.as_raw_fd(), buffer, MsgFlags::MSG_TRUNC)? as u64;
            if count == 0 && received < BULK_BYTES {
                return Err(io::Error::new(
                    ErrorKind::UnexpectedEof,
                    "incomplete object",
                ));
            }
            if count == 0 {
                return Ok(());
            }
            received += count;
            self.bytes.fetch_add(count, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Connection close, because then the end of the object needs no parsing; once in 64 MiB.
const REQUEST: &[u8] = b"GET /bulk HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
/// Enough to keep a proxy busy while one client is between two objects.
const CLIENTS: usize = 8;
const BUFFER_SIZE: usize = 1 << 20;
const READ_WAIT: Duration = Duration::from_secs(5);
const WARM_UP: Duration = Duration::from_millis(300);

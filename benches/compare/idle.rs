//! Memory of idle connections: clients that send one request each and then stay connected.
//!
//! Called by `measure`. `Held` is an origin that keeps all requests waiting until the last has
//! come, so that every session of the proxy is busy at the same moment, and then closes its side,
//! so that what stays in the proxy are the client connections alone.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::process::{Outcome, Program};

/// Opens `CLIENTS` connections one by one, each after the response to the one before; returns the
/// resident bytes that each of them added.
pub(crate) fn one_by_one(proxy: &Program, port: u16) -> Outcome<f64> {
    let _first = ask_once(port).map_err(request_failed)?;
    let before = settled(proxy)?;
    let clients: io::Result<Vec<TcpStream>> = (0..CLIENTS).map(|_| ask_once(port)).collect();
    let clients = clients.map_err(request_failed)?;
    added(proxy, before, &clients)
}

/// Opens `CLIENTS` connections, sends a request on all of them before any is answered, and returns
/// the resident bytes that each still takes once all are answered and idle.
pub(crate) fn all_at_once(proxy: &Program, port: u16) -> Outcome<f64> {
    let _first = ask_once(port).map_err(request_failed)?;
    let before = settled(proxy)?;
    let clients = burst(port).map_err(request_failed)?;
    added(proxy, before, &clients)
}

/// Each client asks as soon as it is connected, as clients do: what a session allocates for the
/// connection and for the request then lies side by side, which decides what can be returned.
fn burst(port: u16) -> io::Result<Vec<TcpStream>> {
    let mut clients = Vec::with_capacity(CLIENTS);
    for _ in 0..CLIENTS {
        let mut client = connect(port)?;
        client.write_all(REQUEST)?;
        clients.push(client);
    }
    for client in &mut clients {
        read_response(client)?;
    }
    Ok(clients)
}

/// Resident bytes per client since `before`, provided that all are still connected.
fn added(proxy: &Program, before: u64, clients: &[TcpStream]) -> Outcome<f64> {
    let after = settled(proxy)?;
    let closed = clients.iter().filter(|client| !is_open(client)).count();
    if closed > 0 {
        return Err(format!("closed {closed} of {CLIENTS} idle connections"));
    }
    Ok((after as f64 - before as f64) / CLIENTS as f64)
}

/// The resident memory once two readings agree, or after two seconds.
fn settled(proxy: &Program) -> Outcome<u64> {
    let deadline = Instant::now() + SETTLE_LIMIT;
    let mut last = proxy.resident_bytes()?;
    loop {
        thread::sleep(SETTLE_STEP);
        let now = proxy.resident_bytes()?;
        if now == last || Instant::now() > deadline {
            return Ok(now);
        }
        last = now;
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(READ_WAIT))?;
    Ok(stream)
}

fn ask_once(port: u16) -> io::Result<TcpStream> {
    let mut stream = connect(port)?;
    stream.write_all(REQUEST)?;
    read_response(&mut stream)?;
    Ok(stream)
}

/// Reads one response of 200 with a Content-Length to its end.
fn read_response(stream: &mut TcpStream) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(1024);
    let head = read_head(stream, &mut bytes)?;
    let text = String::from_utf8_lossy(bytes.get(..head).unwrap_or_default()).to_ascii_lowercase();
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|value| value.trim().parse::<usize>().ok());
    let invalid = || io::Error::new(ErrorKind::InvalidData, first_line(&bytes));
    if !text.starts_with("http/1.1 200") {
        return Err(invalid());
    }
    let have = bytes.len() - head;
    let missing = length
        .and_then(|length| length.checked_sub(have))
        .ok_or_else(invalid)?;
    stream.read_exact(&mut vec![0; missing])
}

/// Reads until the empty line that ends a head; returns the size of the head.
fn read_head(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut part = [0; 1024];
    loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            return Ok(at + 4);
        }
        let count = stream.read(&mut part)?;
        if count == 0 || bytes.len() > HEAD_MAX {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "no complete head"));
        }
        bytes.extend_from_slice(part.get(..count).unwrap_or_default());
    }
}

fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines().next().unwrap_or_default().to_owned()
}

fn is_open(stream: &TcpStream) -> bool {
    let peeked = stream
        .set_nonblocking(true)
        .and_then(|()| stream.peek(&mut [0; 1]));
    matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

fn request_failed(error: io::Error) -> String {
    format!("request: {error}")
}

/// The origin of `all_at_once`: answers the first request at once, then holds the next `CLIENTS`
/// and answers them together.
pub(crate) struct Held {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Held {
    /// Serves `listener` on a thread of its own, which ends with its work or with the guard.
    pub(crate) fn serve(listener: TcpListener) -> Outcome<Self> {
        listener.set_nonblocking(true).map_err(|e| e.to_string())?;
        let stop = Arc::new(AtomicBool::new(false));
        let ours = Arc::clone(&stop);
        let thread = thread::spawn(move || hold(&listener, &ours));
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn hold(listener: &TcpListener, stop: &AtomicBool) {
    let mut waiting = Vec::with_capacity(CLIENTS);
    let mut answered_first = false;
    while !stop.load(Ordering::Relaxed) && waiting.len() < CLIENTS {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        let Some(stream) = with_request(stream) else {
            continue;
        };
        if answered_first {
            waiting.push(stream);
            continue;
        }
        answer(stream);
        answered_first = true;
    }
    waiting.into_iter().for_each(answer);
}

/// The connection, once its request has been read; `None` when it closed without one.
fn with_request(mut stream: TcpStream) -> Option<TcpStream> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(READ_WAIT)).ok()?;
    read_head(&mut stream, &mut Vec::new()).ok()?;
    Some(stream)
}

fn answer(mut stream: TcpStream) {
    let _ = stream.write_all(RESPONSE);
}

/// Connections of both rows, as in the table of budgets.
const CLIENTS: usize = 4_000;
const REQUEST: &[u8] = b"GET /small HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 16\r\n\r\n\
                          0123456789abcdef";
const HEAD_MAX: usize = 16_384;
const READ_WAIT: Duration = Duration::from_secs(10);
const SETTLE_LIMIT: Duration = Duration::from_secs(2);
const SETTLE_STEP: Duration = Duration::from_millis(200);

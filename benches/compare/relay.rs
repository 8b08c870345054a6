//! Small messages through a TCP relay: the clients and the echoing origin, in one loop.
//!
//! Called by `measure`. Each of the connections always has one message under way: the client sends
//! it, the origin echoes it, the client reads it back and sends the next. Everything is one thread
//! over non-blocking sockets; it sleeps in poll(2) only when no socket had anything.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};

use crate::lab::{Proxy, Window};
use crate::load::CONNECTIONS;
use crate::process::Outcome;

/// The relay's two outer ends: what connects to the proxy and what the proxy connected to.
pub(crate) struct Exchange {
    clients: Vec<Client>,
    echoes: Vec<TcpStream>,
    pairs: u64,
}

/// A client and how much of its echo has come back.
struct Client {
    stream: TcpStream,
    received: usize,
}

impl Exchange {
    /// Connects through the proxy at `port`, one connection after the other.
    ///
    /// # Errors
    /// The proxy does not relay a connection to `listener` within two seconds.
    pub(crate) fn connect(port: u16, listener: &TcpListener) -> Outcome<Self> {
        let mut exchange = Self {
            clients: Vec::new(),
            echoes: Vec::new(),
            pairs: 0,
        };
        for _ in 0..CONNECTIONS {
            exchange
                .add(port, listener)
                .map_err(|e| format!("relay: {e}"))?;
        }
        Ok(exchange)
    }

    fn add(&mut self, port: u16, listener: &TcpListener) -> io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.write_all(&MESSAGE)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        listener.set_nonblocking(true)?;
        let before = self.echoes.len();
        let deadline = Instant::now() + CONNECT_WAIT;
        while self.echoes.len() == before {
            if Instant::now() > deadline {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    "no connection to the origin",
                ));
            }
            let mut wanted = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
            poll(&mut wanted, 100_u8)?;
            match listener.accept() {
                Ok((echo, _)) => self.welcome(echo)?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        self.clients.push(Client {
            stream,
            received: 0,
        });
        Ok(())
    }

    /// Keeps an accepted connection if a message arrives on it. The probe that waited for the proxy
    /// to listen has left one that was closed without a message.
    fn welcome(&mut self, echo: TcpStream) -> io::Result<()> {
        echo.set_nonblocking(false)?;
        echo.set_read_timeout(Some(CONNECT_WAIT))?;
        if echo.peek(&mut [0; 1]).unwrap_or(0) == 0 {
            return Ok(());
        }
        echo.set_nodelay(true)?;
        echo.set_nonblocking(true)?;
        self.echoes.push(echo);
        Ok(())
    }

    /// Exchanges messages for `seconds` after a short warm-up; returns the proxy's CPU time and the
    /// pairs of messages, both between the same two moments.
    pub(crate) fn run(&mut self, proxy: &Proxy, seconds: u64) -> Outcome<(Window, u64)> {
        self.run_until(Instant::now() + WARM_UP)?;
        let (before, start) = (self.pairs, Window::open(proxy)?);
        self.run_until(Instant::now() + Duration::from_secs(seconds))?;
        Ok((start.close(proxy)?, self.pairs - before))
    }

    fn run_until(&mut self, deadline: Instant) -> Outcome<()> {
        while Instant::now() < deadline {
            let moved = self.turn().map_err(|e| format!("relay: {e}"))?;
            if !moved {
                self.sleep().map_err(|e| format!("relay: {e}"))?;
            }
        }
        Ok(())
    }

    /// Serves each socket once; says whether any had something.
    fn turn(&mut self) -> io::Result<bool> {
        let mut moved = false;
        let mut buffer = [0; 4096];
        for echo in &mut self.echoes {
            let count = receive(echo, &mut buffer)?;
            if let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) {
                echo.write_all(bytes)?;
                moved = true;
            }
        }
        for client in &mut self.clients {
            client.received += receive(&mut client.stream, &mut buffer)?;
            if client.received >= MESSAGE.len() {
                client.received = 0;
                client.stream.write_all(&MESSAGE)?;
                self.pairs += 1;
                moved = true;
            }
        }
        Ok(moved)
    }

    fn sleep(&self) -> io::Result<()> {
        let clients = self.clients.iter().map(|client| &client.stream);
        let mut wanted: Vec<PollFd<'_>> = clients
            .chain(&self.echoes)
            .map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN))
            .collect();
        poll(&mut wanted, 100_u8)?;
        Ok(())
    }
}

/// Bytes read, 0 when there are none yet. The end of the stream is an error: nobody may close.
fn receive(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    match stream.read(buffer) {
        Ok(0) => Err(io::Error::new(
            ErrorKind::UnexpectedEof,
            "the proxy closed a connection",
        )),
        Ok(count) => Ok(count),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        Err(error) => Err(error),
    }
}

const MESSAGE: [u8; 100] = [b'm'; 100];
const CONNECT_WAIT: Duration = Duration::from_secs(2);
const WARM_UP: Duration = Duration::from_millis(200);

//! The ends of connections that a test plays itself: clients and servers, never blocking.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use weir::sys::{self, Family, Fd, socket};

/// One end of a TCP connection and what came in on it.
pub(crate) struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
    end: Option<End>,
}

/// How the other end closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a FIN.
    Closed,
    /// With a reset.
    Reset,
}

impl Peer {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::new(TcpStream::connect(address).unwrap())
    }

    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nonblocking(true).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            received: Vec::with_capacity(4096),
            end: None,
        }
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends all of `bytes`; they are few enough for the socket.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.try_send(bytes).unwrap();
    }

    /// The same towards an end that may be gone.
    pub(crate) fn try_send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// Sends the end of the stream; the other direction stays open.
    pub(crate) fn shut(&self) {
        // The other end may have closed already.
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    /// Takes in what has arrived.
    pub(crate) fn pump(&mut self) {
        let mut buffer = [0; 16384];
        while self.end.is_none() {
            match self.stream.read(&mut buffer) {
                Ok(0) => self.end = Some(End::Closed),
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.end = Some(End::Reset),
            }
        }
    }

    /// Everything received and not taken yet.
    pub(crate) fn bytes(&mut self) -> &[u8] {
        self.pump();
        &self.received
    }

    pub(crate) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    pub(crate) fn take_text(&mut self) -> String {
        let text = self.text();
        self.received.clear();
        text
    }

    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        self.pump();
        std::mem::take(&mut self.received)
    }

    /// Forgets what was received, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.received.clear();
    }

    pub(crate) fn is_closed(&mut self) -> bool {
        self.pump();
        self.end.is_some()
    }

    pub(crate) fn end(&mut self) -> Option<End> {
        self.pump();
        self.end
    }
}

/// A port with a full queue of connections: the kernel drops each further SYN.
pub(crate) struct Silent {
    listener: Fd,
    fillers: [Fd; 3],
}

impl Silent {
    pub(crate) fn new() -> Self {
        let listener = socket::stream_socket(Family::V4).unwrap();
        let any = sys::Endpoint::Ip("127.0.0.1:0".parse().unwrap());
        socket::bind(listener, &any).unwrap();
        socket::listen(listener, 0).unwrap();
        let address = address_of(listener);
        let fillers = [(); 3].map(|()| {
            let filler = socket::stream_socket(Family::V4).unwrap();
            // Under way, which is all that is wanted of the last ones.
            let _ = socket::connect(filler, &sys::Endpoint::Ip(address));
            filler
        });
        assert!(
            socket::getpeername(fillers[2]).is_err(),
            "the queue takes more connections than it should"
        );
        Self { listener, fillers }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        address_of(self.listener)
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        for fd in self.fillers.into_iter().chain([self.listener]) {
            let _ = sys::close(fd);
        }
    }
}

fn address_of(fd: Fd) -> SocketAddr {
    let name = socket::getsockname(fd).unwrap();
    name.socket_addr().unwrap()
}

/// A server that the test plays.
pub(crate) struct Origin {
    listener: TcpListener,
}

impl Origin {
    pub(crate) fn new() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap())
    }

    /// One at a given address, such as one that refused so far.
    pub(crate) fn at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// The next connection, if one is there.
    pub(crate) fn accept(&self) -> Option<Peer> {
        self.listener
            .accept()
            .ok()
            .map(|(stream, _)| Peer::new(stream))
    }
}

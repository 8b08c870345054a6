//! Where a proxy sends its log: a UDP socket read by a thread of its own, so that nothing is lost.

use std::net::{SocketAddr, UdpSocket};
use std::thread::{self, JoinHandle};

/// A receiver of log lines.
pub(crate) struct Syslog {
    address: SocketAddr,
    thread: JoinHandle<Vec<String>>,
}

impl Syslog {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let thread = thread::spawn(move || lines(&socket));
        Self { address, thread }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All lines but those about the proxy's own end, which it has met by now.
    pub(crate) fn finish(self) -> Vec<String> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(END, self.address).unwrap();
        self.thread.join().unwrap()
    }
}

fn lines(socket: &UdpSocket) -> Vec<String> {
    let mut lines = Vec::new();
    let mut buffer = vec![0; 65536];
    while let Ok(count) = socket.recv(&mut buffer) {
        let datagram = &buffer[..count];
        if datagram == END {
            break;
        }
        let text = datagram.escape_ascii().to_string();
        if text.contains("Stopping ") || text.contains(" stopped (") {
            continue;
        }
        lines.push(text.trim_end_matches("\\n").replace("\\\"", "\""));
    }
    lines
}

/// What the test itself sends at the end; no log line looks like it.
const END: &[u8] = b"the end";

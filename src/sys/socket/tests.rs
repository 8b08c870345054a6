//! Stream sockets against the real kernel, on port 0 and in temporary directories.

use std::net::SocketAddr;
use std::path::Path;

use super::super::fd::close;
use super::*;

fn listening(endpoint: &Endpoint<'_>) -> Fd {
    let fd = stream_socket(endpoint.family()).unwrap();
    bind(fd, endpoint).unwrap();
    listen(fd, 16).unwrap();
    fd
}

/// Connects to a listening socket; the handshake on loopback ends before `connect` returns
/// or soon after, so accepting polls for it.
fn pair(listener: Fd, endpoint: &Endpoint<'_>) -> (Fd, Fd, PeerAddress) {
    let client = stream_socket(endpoint.family()).unwrap();
    match connect(client, endpoint) {
        Ok(()) => {}
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EINPROGRESS)),
    }
    loop {
        match accept4(listener) {
            Ok((server, peer)) => return (client, server, peer),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        std::thread::yield_now();
    }
}

fn local_addr(fd: Fd) -> SocketAddr {
    getsockname(fd).unwrap().socket_addr().unwrap()
}

fn wait_recv(fd: Fd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match recv(fd, buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::yield_now(),
            result => return result,
        }
    }
}

#[test]
fn tcp_connections_carry_addresses_and_bytes() {
    for text in ["127.0.0.1:0", "[::1]:0"] {
        let listener = listening(&Endpoint::Ip(text.parse().unwrap()));
        assert!(is_listening(listener).unwrap());
        assert!(is_stream(listener).unwrap());
        let address = local_addr(listener);
        let (client, server, peer) = pair(listener, &Endpoint::Ip(address));
        assert_eq!(peer, getsockname(client).unwrap());
        assert_eq!(getsockname(server).unwrap(), address.into());
        assert_eq!(getpeername(client).unwrap(), address.into());
        assert!(!is_listening(server).unwrap());
        assert_eq!(sendv(client, [b"hel", b"lo"], false).unwrap(), 5);
        let mut buffer = [0; 16];
        assert_eq!(wait_recv(server, &mut buffer).unwrap(), 5);
        assert_eq!(&buffer[..5], b"hello");
        take_error(client).unwrap();
        for fd in [listener, client, server] {
            close(fd).unwrap();
        }
    }
}

#[test]
fn nothing_to_accept_or_receive_is_would_block() {
    let listener = listening(&Endpoint::Ip("127.0.0.1:0".parse().unwrap()));
    let nothing = accept4(listener).unwrap_err();
    assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    let (left, right) = socketpair().unwrap();
    let empty = recv(left, &mut [0; 4]).unwrap_err();
    assert_eq!(empty.kind(), io::ErrorKind::WouldBlock);
    for fd in [listener, left, right] {
        close(fd).unwrap();
    }
}

#[test]
fn peeked_bytes_stay() {
    let (left, right) = socketpair().unwrap();
    send(left, b"GET", false).unwrap();
    let mut buffer = [0; 8];
    assert_eq!(peek(right, &mut buffer).unwrap(), 3);
    assert_eq!(recv(right, &mut buffer).unwrap(), 3);
    close(left).unwrap();
    assert_eq!(recv(right, &mut buffer).unwrap(), 0);
    let broken = send(right, b"x", true).unwrap_err();
    assert_eq!(
        broken.kind(),
        io::ErrorKind::BrokenPipe,
        "an error, not a signal"
    );
    close(right).unwrap();
}

#[test]
fn each_direction_shuts_alone() {
    let (left, right) = socketpair().unwrap();
    shutdown(left, How::Write).unwrap();
    assert_eq!(recv(right, &mut [0; 4]).unwrap(), 0);
    send(right, b"x", false).unwrap();
    assert_eq!(recv(left, &mut [0; 4]).unwrap(), 1);
    shutdown(right, How::Both).unwrap();
    shutdown(left, How::Read).unwrap();
    close(left).unwrap();
    close(right).unwrap();
}

#[test]
fn unix_sockets_have_paths_or_abstract_names() {
    let directory = std::env::temp_dir().join(format!("weir-socket-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("s");
    let name = format!("weir-test-{}", std::process::id()).into_bytes();
    let endpoints = [
        (Endpoint::Unix(&path), SocketName::Unix(path.clone())),
        (
            Endpoint::Abstract(&name),
            SocketName::Abstract(name.clone()),
        ),
    ];
    for (endpoint, expected) in endpoints {
        let listener = listening(&endpoint);
        assert_eq!(socket_name(listener).unwrap(), expected);
        let (client, server, peer) = pair(listener, &endpoint);
        assert_eq!(peer, PeerAddress::Unix);
        assert_eq!(getsockname(server).unwrap(), PeerAddress::Unix);
        assert_eq!(socket_name(client).unwrap(), SocketName::Unnamed);
        for fd in [listener, client, server] {
            close(fd).unwrap();
        }
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn failures_keep_their_errno() {
    let listener = listening(&Endpoint::Ip("127.0.0.1:0".parse().unwrap()));
    let address = local_addr(listener);
    let second = stream_socket(Family::V4).unwrap();
    let busy = bind(second, &Endpoint::Ip(address)).unwrap_err();
    assert_eq!(busy.raw_os_error(), Some(libc::EADDRINUSE));
    assert!(original_destination(listener).is_err());
    assert!(getpeername(listener).is_err());
    let missing = connect(second, &Endpoint::Unix(Path::new("/nonexistent/weir")));
    assert!(missing.is_err());
    close(listener).unwrap();
    close(second).unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    let no_socket = Fd::new(std::os::fd::AsRawFd::as_raw_fd(&file));
    assert!(is_listening(no_socket).is_err());
}

#[test]
fn a_disconnected_listener_keeps_its_address_and_listens_again() {
    let listener = listening(&Endpoint::Ip("127.0.0.1:0".parse().unwrap()));
    let address = local_addr(listener);
    // A port chosen by the kernel goes with the first disconnect: bind it by number.
    close(listener).unwrap();
    let endpoint = Endpoint::Ip(address);
    let listener = stream_socket(endpoint.family()).unwrap();
    socket_option::set_reuse_address(listener, true).unwrap();
    bind(listener, &endpoint).unwrap();
    listen(listener, 16).unwrap();
    for _again in 0..2 {
        disconnect(listener).unwrap();
        assert!(!is_listening(listener).unwrap());
    }
    listen(listener, 16).unwrap();
    assert_eq!(local_addr(listener), address);
    let (client, server, _) = pair(listener, &endpoint);
    // Nothing of the pause sticks to what is accepted afterwards.
    assert_eq!(send(server, b"x", false).unwrap(), 1);
    let mut buffer = [0; 4];
    assert_eq!(wait_recv(client, &mut buffer).unwrap(), 1);
    for fd in [listener, client, server] {
        close(fd).unwrap();
    }
}

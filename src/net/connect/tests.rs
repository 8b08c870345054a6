//! Connecting to real listeners on loopback; foreign addresses need root, as in production.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::path::Path;

use super::*;
use crate::net::address::PeerAddress;

fn plan(address: Endpoint<'_>) -> ConnectPlan<'_> {
    ConnectPlan {
        address,
        source: None,
        options: ConnectOptions::default(),
    }
}

fn from(bind: &str) -> Option<OutgoingSource<'static>> {
    Some(OutgoingSource {
        bind: Some(bind.parse().unwrap()),
        ..OutgoingSource::default()
    })
}

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The accepted end of a connection made by `plan`, and the client's address.
fn accepted(listener: &TcpListener, connecting: Connecting) -> (TcpStream, SocketAddr) {
    let accepted = listener.accept().unwrap();
    socket::take_error(connecting.fd).unwrap();
    accepted
}

#[test]
fn a_connection_carries_data_with_every_option_set() {
    let (listener, address) = listener();
    let mut plan = plan(Endpoint::Ip(address));
    plan.options = ConnectOptions {
        nodelay: true,
        keepalive: true,
        smart_connect: true,
        fast_open: false,
        receive_buffer: 16_384,
        send_buffer: 16_384,
    };
    let connecting = connect_server(&plan, None).unwrap();
    let (mut server, _) = accepted(&listener, connecting);
    assert_eq!(socket::send(connecting.fd, b"ping", false).unwrap(), 4);
    let mut buffer = [0; 4];
    server.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"ping");
    sys::close(connecting.fd).unwrap();
}

#[test]
fn fast_open_lets_data_go_first() {
    let (listener, address) = listener();
    let mut plan = plan(Endpoint::Ip(address));
    plan.options.fast_open = true;
    let connecting = connect_server(&plan, None).unwrap();
    if connecting.already {
        // Without a cookie of an earlier connection the data follows the handshake.
        let _ = socket::send(connecting.fd, b"x", false);
    }
    let _server = listener.accept().unwrap();
    sys::close(connecting.fd).unwrap();
}

#[test]
fn unix_and_abstract_servers_are_connected_at_once() {
    let directory = std::env::temp_dir().join(format!("weir-connect-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("server");
    let listener = UnixListener::bind(&path).unwrap();
    let connecting = connect_server(&plan(Endpoint::Unix(&path)), None).unwrap();
    assert!(connecting.already);
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"hi").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(socket::recv(connecting.fd, &mut buffer).unwrap(), 2);
    sys::close(connecting.fd).unwrap();

    let name = format!("weir-connect-{}", std::process::id());
    let abstract_listener = stream_socket(Family::Unix).unwrap();
    let endpoint = Endpoint::Abstract(name.as_bytes());
    socket::bind(abstract_listener, &endpoint).unwrap();
    socket::listen(abstract_listener, 0).unwrap();
    let first = connect_server(&plan(endpoint), None).unwrap();
    let full = connect_server(&plan(endpoint), None).unwrap_err();
    assert_eq!(full.cause, ConnectCause::Backlog);
    assert!(full.cause.is_local());
    for fd in [first.fd, abstract_listener] {
        sys::close(fd).unwrap();
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_missing_server_refuses() {
    let missing = Endpoint::Unix(Path::new("/nonexistent/weir"));
    let error = connect_server(&plan(missing), None).unwrap_err();
    assert_eq!(error.cause, ConnectCause::Refused);
    assert!(!error.cause.is_local());
    let (listener, address) = listener();
    drop(listener);
    match connect_server(&plan(Endpoint::Ip(address)), None) {
        Err(error) => assert_eq!(error.cause, ConnectCause::Refused),
        Ok(connecting) => {
            let error = socket::take_error(connecting.fd).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            sys::close(connecting.fd).unwrap();
        }
    }
}

#[test]
fn the_source_address_is_what_the_server_sees() {
    let (listener, address) = listener();
    let mut plan = plan(Endpoint::Ip(address));
    plan.source = from("127.0.0.9:0");
    let connecting = connect_server(&plan, None).unwrap();
    let (_server, client) = accepted(&listener, connecting);
    assert_eq!(client.ip(), IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9)));
    sys::close(connecting.fd).unwrap();
    plan.source = from("192.0.2.1:0");
    let error = connect_server(&plan, None).unwrap_err();
    assert_eq!(
        (error.cause, error.step),
        (ConnectCause::Source, ConnectStep::BindSource)
    );
    assert_eq!(
        error.to_string(),
        "Cannot bind to source address before connect()"
    );
}

#[test]
fn ports_of_a_range_are_used_in_turn_and_come_back() {
    let (listener, address) = listener();
    // A port somebody holds without SO_REUSEADDR is passed over.
    let holder = TcpListener::bind("127.0.0.8:0").unwrap();
    let busy = holder.local_addr().unwrap().port();
    let low = busy.min(65_530);
    let mut ports = PortRange::new(low, low + 3);
    let size = ports.size();
    let mut plan = plan(Endpoint::Ip(address));
    plan.source = from("127.0.0.8:0");
    let connecting = connect_server(&plan, Some(&mut ports)).unwrap();
    let port = connecting.source_port.unwrap();
    assert_ne!(port, busy);
    assert_eq!(accepted(&listener, connecting).1.port(), port);
    assert_eq!(ports.available(), size - 1);
    let local = socket::getsockname(connecting.fd).unwrap();
    assert_eq!(local, PeerAddress::V4(Ipv4Addr::new(127, 0, 0, 8), port));
    sys::close(connecting.fd).unwrap();
    ports.put(port);
    assert_eq!(ports.available(), size);

    let mut only_busy = PortRange::new(busy, busy);
    let error = connect_server(&plan, Some(&mut only_busy)).unwrap_err();
    assert_eq!(error.cause, ConnectCause::Ports);
    assert_eq!(only_busy.available(), 1, "the port came back");
    only_busy.take();
    let error = connect_server(&plan, Some(&mut only_busy)).unwrap_err();
    assert_eq!(error.to_string(), "Connect() failed: no free ports");
}

#[test]
fn a_foreign_address_can_be_shown_where_the_privilege_is_there() {
    let probe = stream_socket(Family::V4).unwrap();
    let is_privileged = nix::unistd::geteuid().is_root();
    let (listener, address) = listener();
    let mut plan = plan(Endpoint::Ip(address));
    plan.source = Some(OutgoingSource {
        foreign: Some("127.1.2.3:0".parse().unwrap()),
        ..OutgoingSource::default()
    });
    let connecting = connect_server(&plan, None).unwrap();
    let (_server, client) = accepted(&listener, connecting);
    assert_eq!(client.ip().to_string(), "127.1.2.3");
    sys::close(connecting.fd).unwrap();
    if is_privileged {
        // Nothing on this host owns 192.0.2.7: only a transparent socket may bind it.
        option::set_transparent(probe, Family::V4).unwrap();
        let foreign = Endpoint::Ip("192.0.2.7:0".parse().unwrap());
        socket::bind(probe, &foreign).unwrap();
    }
    sys::close(probe).unwrap();
}

#[test]
fn an_interface_that_is_missing_stops_the_connection() {
    let (listener, address) = listener();
    let mut plan = plan(Endpoint::Ip(address));
    plan.source = Some(OutgoingSource {
        interface: Some("weir-none"),
        ..OutgoingSource::default()
    });
    let error = connect_server(&plan, None).unwrap_err();
    assert_eq!(error.cause, ConnectCause::Source);
    plan.source = Some(OutgoingSource {
        interface: Some("lo"),
        ..OutgoingSource::default()
    });
    match connect_server(&plan, None) {
        Ok(connecting) => {
            accepted(&listener, connecting);
            sys::close(connecting.fd).unwrap();
        }
        // Old kernels ask for a privilege.
        Err(error) => assert_eq!(error.error.kind(), io::ErrorKind::PermissionDenied),
    }
}

#[test]
fn errors_are_sorted_by_errno() {
    let cases = [
        (ConnectStep::Socket, Errno::EMFILE, ConnectCause::Resources),
        (ConnectStep::Socket, Errno::ENFILE, ConnectCause::Resources),
        (ConnectStep::Socket, Errno::ENOBUFS, ConnectCause::Resources),
        (ConnectStep::Socket, Errno::ENOMEM, ConnectCause::Resources),
        (
            ConnectStep::Socket,
            Errno::EAFNOSUPPORT,
            ConnectCause::Other,
        ),
        (
            ConnectStep::BindSource,
            Errno::EADDRINUSE,
            ConnectCause::Ports,
        ),
        (ConnectStep::BindForeign, Errno::EPERM, ConnectCause::Source),
        (ConnectStep::Connect, Errno::EAGAIN, ConnectCause::Ports),
        (ConnectStep::Connect, Errno::EADDRINUSE, ConnectCause::Ports),
        (
            ConnectStep::Connect,
            Errno::EADDRNOTAVAIL,
            ConnectCause::Ports,
        ),
        (
            ConnectStep::Connect,
            Errno::ETIMEDOUT,
            ConnectCause::TimedOut,
        ),
        (
            ConnectStep::Connect,
            Errno::ECONNREFUSED,
            ConnectCause::Refused,
        ),
        (
            ConnectStep::Connect,
            Errno::EHOSTUNREACH,
            ConnectCause::Unreachable,
        ),
        (
            ConnectStep::Connect,
            Errno::ENETUNREACH,
            ConnectCause::Unreachable,
        ),
    ];
    for (step, errno, cause) in cases {
        assert_eq!(failed(step, errno.into()).cause, cause, "{step:?} {errno}");
    }
}

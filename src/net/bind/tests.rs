//! Binding real sockets: every kind of address, every failure that can be had on loopback.

use std::fs;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::*;
use crate::config::model::UnixPermissions;

fn bind(address: &AddressSpec, options: &BindOptions) -> Result<Bound, BindFailure> {
    bind_address(address, options, 16, &mut HandedOver::default())
}

fn bind_plain(address: &AddressSpec) -> Result<Bound, BindFailure> {
    bind(address, &BindOptions::default())
}

fn ip(text: &str) -> AddressSpec {
    AddressSpec::Ip(text.parse().unwrap())
}

/// A directory of its own for a test, removed at the end.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let name = format!("weir-bind-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> (PathBuf, AddressSpec) {
        let path = self.0.join("s");
        (path.clone(), AddressSpec::Unix(path))
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn accepts(bound: &Bound) -> bool {
    socket::accept4(bound.fd)
        .map(|(fd, _)| sys::close(fd))
        .is_ok()
}

#[test]
fn a_tcp_address_listens_with_all_its_options() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let options = BindOptions {
            defer_accept: true,
            interface: Some("lo".into()),
            mss: 1_200,
            tcp_fast_open: true,
            transparent: true,
            v6only: Some(true),
            ..BindOptions::default()
        };
        let bound = bind(&ip(address), &options).unwrap();
        assert!(bound.warnings.is_empty(), "{:?}", bound.warnings);
        assert_ne!(bound.local.port(), 0);
        assert!(socket::is_listening(bound.fd).unwrap());
        assert_eq!(socket_option::max_segment(bound.fd).unwrap(), 1_200);
        assert!(socket_option::is_bound_to_device(bound.fd, "lo"));
        sys::close(bound.fd).unwrap();
    }
}

#[test]
fn a_negative_mss_counts_down_from_a_full_segment() {
    for (address, size) in [("127.0.0.1:0", 1_420), ("[::1]:0", 1_400)] {
        let options = BindOptions {
            mss: -40,
            ..BindOptions::default()
        };
        let bound = bind(&ip(address), &options).unwrap();
        assert_eq!(socket_option::max_segment(bound.fd).unwrap(), size);
        sys::close(bound.fd).unwrap();
    }
}

#[test]
fn a_busy_address_is_told_in_haproxys_words_and_may_be_retried() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let holder = TcpListener::bind(address).unwrap();
        let address: SocketAddr = holder.local_addr().unwrap();
        let failure = bind_plain(&AddressSpec::Ip(address)).unwrap_err();
        let place = format!("{}:{}", address.ip(), address.port());
        let text = format!("cannot bind socket (Address already in use) for [{place}]");
        assert_eq!((failure.text, failure.stage), (text, Stage::Binding));
        assert!(failure.is_retryable);
    }
}

#[test]
fn what_the_kernel_refuses_beside_the_address_is_a_warning() {
    let options = BindOptions {
        interface: Some("weir-none".into()),
        mss: 1,
        ..BindOptions::default()
    };
    let bound = bind(&ip("127.0.0.1:0"), &options).unwrap();
    let texts: Vec<_> = bound
        .warnings
        .iter()
        .map(|warning| warning.text.as_str())
        .collect();
    assert_eq!(texts.len(), 2);
    assert!(texts[0].starts_with("cannot bind receiver to device 'weir-none' (No such device)"));
    assert!(texts[1].starts_with("cannot set MSS to 1 for [127.0.0.1:"));
    sys::close(bound.fd).unwrap();
    let foreign = bind_plain(&ip("192.0.2.1:80")).unwrap_err();
    assert!(
        foreign.text.contains("(Cannot assign requested address)"),
        "{}",
        foreign.text
    );
    assert!(!foreign.is_retryable);
}

#[test]
fn a_path_gets_its_mode_and_owner_and_leaves_no_other_name() {
    let directory = Directory::new("mode");
    let (path, address) = directory.socket();
    let metadata = fs::metadata(&directory.0).unwrap();
    let options = BindOptions {
        unix: UnixPermissions {
            mode: Some(0o640),
            uid: Some(metadata.uid()),
            gid: Some(metadata.gid()),
        },
        ..BindOptions::default()
    };
    let bound = bind(&address, &options).unwrap();
    assert_eq!(directory.names(), ["s"]);
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
    let _client = UnixStream::connect(&path).unwrap();
    assert!(accepts(&bound));
    bound.backup.unwrap().commit();
    assert_eq!(directory.names(), ["s"]);
    sys::close(bound.fd).unwrap();
}

#[test]
fn a_replaced_socket_keeps_serving_until_the_start_is_committed() {
    let directory = Directory::new("replace");
    let (path, address) = directory.socket();
    let old = UnixListener::bind(&path).unwrap();
    let new = bind_plain(&address).unwrap();
    assert_eq!(directory.names().len(), 2, "the old one has a second name");
    let _client = UnixStream::connect(&path).unwrap();
    assert!(accepts(&new));
    new.backup.unwrap().roll_back();
    sys::close(new.fd).unwrap();
    let _client = UnixStream::connect(&path).unwrap();
    old.set_nonblocking(true).unwrap();
    assert!(old.accept().is_ok(), "the old one is back");
    let newer = bind_plain(&address).unwrap();
    newer.backup.unwrap().commit();
    assert_eq!(directory.names(), ["s"]);
    sys::close(newer.fd).unwrap();
}

#[test]
fn rolling_back_a_first_start_removes_the_path() {
    let directory = Directory::new("first");
    let (path, address) = directory.socket();
    let bound = bind_plain(&address).unwrap();
    assert!(path.exists());
    bound.backup.unwrap().roll_back();
    assert!(directory.names().is_empty());
    sys::close(bound.fd).unwrap();
}

#[test]
fn paths_that_cannot_be_had_are_told_in_haproxys_words() {
    let directory = Directory::new("bad");
    let missing = AddressSpec::Unix("/nonexistent/weir.sock".into());
    let text = "cannot bind UNIX socket (No such file or directory) [/nonexistent/weir.sock]";
    assert_eq!(bind_plain(&missing).unwrap_err().text, text);
    let below_file = AddressSpec::Unix("/etc/passwd/weir.sock".into());
    let failure = bind_plain(&below_file).unwrap_err();
    let text = "error when trying to unlink previous UNIX socket (Not a directory)";
    assert!(failure.text.starts_with(text), "{}", failure.text);
    let failure = bind_plain(&AddressSpec::Unix(directory.0.clone())).unwrap_err();
    let text = "error when trying to preserve previous UNIX socket (Operation not permitted)";
    assert!(failure.text.starts_with(text), "{}", failure.text);
    let long = directory.0.join("x".repeat(UNIX_LONG));
    let failure = bind_plain(&AddressSpec::Unix(long)).unwrap_err();
    assert!(
        failure.text.starts_with("name too long for UNIX socket"),
        "{}",
        failure.text
    );
    assert!(directory.names().is_empty());
}

#[test]
fn a_failure_after_the_old_socket_was_saved_leaves_it_alone() {
    let directory = Directory::new("keep");
    let (path, address) = directory.socket();
    let old = UnixListener::bind(&path).unwrap();
    let options = BindOptions {
        unix: UnixPermissions {
            mode: None,
            uid: Some(u32::MAX - 1),
            gid: None,
        },
        ..BindOptions::default()
    };
    if nix::unistd::geteuid().is_root() {
        let bound = bind(&address, &options).unwrap();
        bound.backup.unwrap().roll_back();
        sys::close(bound.fd).unwrap();
    } else {
        let failure = bind(&address, &options).unwrap_err();
        assert!(
            failure
                .text
                .starts_with("cannot change UNIX socket ownership")
        );
    }
    assert_eq!(directory.names(), ["s"]);
    UnixStream::connect(&path).unwrap();
    drop(old);
}

#[test]
fn an_abstract_name_is_taken_once() {
    let address = AddressSpec::Abstract(format!("weir-bind-{}", std::process::id()).into_bytes());
    let bound = bind_plain(&address).unwrap();
    let failure = bind_plain(&address).unwrap_err();
    assert!(failure.is_retryable);
    assert!(
        failure
            .text
            .starts_with("cannot bind UNIX socket (Address already in use) [abns@")
    );
    sys::close(bound.fd).unwrap();
    sys::close(bind_plain(&address).unwrap().fd).unwrap();
}

#[test]
fn an_inherited_socket_is_used_as_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let local = listener.local_addr().unwrap();
    let bound = bind_plain(&AddressSpec::Inherited(listener.as_raw_fd())).unwrap();
    assert_eq!(bound.local, local.into());
    assert_eq!(bound.fd.raw(), listener.as_raw_fd());
    let mut client = TcpStream::connect(local).unwrap();
    assert!(accepts(&bound));
    assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
    // Bound but not listening yet, as some supervisors hand sockets over.
    let quiet = socket::stream_socket(sys::Family::V4).unwrap();
    socket::bind(quiet, &sys::Endpoint::Ip("127.0.0.1:0".parse().unwrap())).unwrap();
    let bound = bind_plain(&AddressSpec::Inherited(quiet.raw())).unwrap();
    assert!(socket::is_listening(bound.fd).unwrap());
    sys::close(quiet).unwrap();
}

#[test]
fn a_descriptor_that_is_no_stream_socket_is_refused() {
    let file = fs::File::open("/dev/null").unwrap();
    let number = file.as_raw_fd();
    let failure = bind_plain(&AddressSpec::Inherited(number)).unwrap_err();
    let reason = "Socket operation on non-socket";
    assert_eq!(
        failure.text,
        format!("cannot use file descriptor '{number}' : {reason}.")
    );
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    assert!(bind_plain(&AddressSpec::Inherited(datagrams.as_raw_fd())).is_err());
    let failure = bind_plain(&AddressSpec::Inherited(-1)).unwrap_err();
    assert!(
        failure.text.contains("Bad file descriptor"),
        "{}",
        failure.text
    );
}

#[test]
fn sockets_handed_over_are_found_by_name_and_never_bound_again() {
    let directory = Directory::new("handed");
    let (path, unix) = directory.socket();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp_address = tcp.local_addr().unwrap();
    let tcp = Fd::new(tcp.into_raw_fd());
    let old = Fd::new(UnixListener::bind(&path).unwrap().into_raw_fd());
    let unwanted = Fd::new(TcpListener::bind("127.0.0.1:0").unwrap().into_raw_fd());
    let mut handed_over = HandedOver::default();
    assert!(
        [tcp, old, unwanted]
            .into_iter()
            .all(|fd| handed_over.add(fd))
    );
    let file = fs::File::open("/dev/null").unwrap();
    assert!(!handed_over.add(Fd::new(file.as_raw_fd())));

    let elsewhere = BindOptions {
        interface: Some("lo".into()),
        ..BindOptions::default()
    };
    let address = AddressSpec::Ip(tcp_address);
    let other_scope = bind_address(&address, &elsewhere, 16, &mut handed_over);
    assert!(
        other_scope.is_err(),
        "another interface needs another socket"
    );
    let options = BindOptions {
        mss: 1_000,
        ..BindOptions::default()
    };
    let bound = bind_address(&address, &options, 16, &mut handed_over).unwrap();
    assert_eq!((bound.fd, bound.local), (tcp, tcp_address.into()));
    assert_eq!(socket_option::max_segment(tcp).unwrap(), 1_000);
    let bound = bind_address(&unix, &options, 16, &mut handed_over).unwrap();
    assert_eq!(bound.fd, old);
    assert!(bound.backup.is_none());
    assert_eq!(handed_over.len(), 1);
    let unwanted_address = socket::getsockname(unwanted)
        .unwrap()
        .socket_addr()
        .unwrap();
    drop(handed_over);
    assert!(
        TcpStream::connect(unwanted_address).is_err(),
        "it was closed"
    );
    for fd in [tcp, old] {
        sys::close(fd).unwrap();
    }
    assert!(Path::new(&path).exists());
}

const UNIX_LONG: usize = 108;

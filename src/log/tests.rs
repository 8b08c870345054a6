//! Lines on real sockets and pipes: headers, limits, order, what a stuck receiver costs.

use std::io::Read;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::config::model::{LogFacility, LogLine, LogTarget, Mode, Proxy, SyslogFormat};
use crate::sys::allocation::allocations_of;
use crate::sys::clock::local_time;
use crate::sys::{self, Fd};

const NOW: Date = (1_795_225_010, 732_541);
const PROXY: ProxyId = ProxyId(0);
const IDENTITY: Identity<'static> = Identity {
    tag: "weir",
    pid: 1471,
    hostname: "vm",
};

fn target(transport: LogTransport, format: SyslogFormat) -> LogTarget {
    LogTarget {
        transport,
        format,
        len_max: 1024,
        facility: LogFacility(19),
        level_max: LogLevel::Debug,
        level_min: LogLevel::Emerg,
    }
}

fn config(targets: Vec<LogTarget>, tag: Option<&str>) -> Config {
    let log = LogLine {
        targets,
        tag: tag.map(str::to_owned),
        ..LogLine::default()
    };
    Config {
        proxies: vec![Proxy {
            log,
            ..Proxy::default()
        }],
        ..Config::default()
    }
}

fn logs(targets: Vec<LogTarget>) -> Logs {
    Logs::new(&config(targets, None), &IDENTITY)
}

fn send(logs: &mut Logs, level: LogLevel, line: &str) {
    let targets = logs.proxy_targets(PROXY);
    logs.send(targets, level, NOW, line.as_bytes());
}

fn udp() -> (UdpSocket, LogTransport) {
    udp_at("127.0.0.1:0".parse().unwrap())
}

fn udp_at(address: SocketAddr) -> (UdpSocket, LogTransport) {
    let socket = UdpSocket::bind(address).unwrap();
    let patience = Duration::from_secs(5);
    socket.set_read_timeout(Some(patience)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, LogTransport::Udp(address))
}

fn next(socket: &UdpSocket) -> Option<String> {
    let mut buffer = [0; 2048];
    let len = socket.recv(&mut buffer).ok()?;
    Some(String::from_utf8_lossy(&buffer[..len]).into_owned())
}

/// A directory of its own for each test.
fn directory(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("weir-log-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Dates of [`NOW`] as RFC 3164 and RFC 3339 write them.
fn dates() -> (String, String) {
    let time = local_time(NOW.0).unwrap();
    let clock = format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second);
    let offset_minutes = time.gmt_offset_secs.abs() / 60;
    let sign = if time.gmt_offset_secs < 0 { '-' } else { '+' };
    let offset = format!(
        "{sign}{:02}:{:02}",
        offset_minutes / 60,
        offset_minutes % 60
    );
    (
        format!("Nov {} {clock}", time.day),
        format!("{}-11-{}T{clock}.732541{offset}", time.year, time.day),
    )
}

#[test]
fn each_format_has_the_header_of_haproxy() {
    let (bsd, iso) = dates();
    let table = [
        (SyslogFormat::Local, format!("<158>{bsd} mytag[1471]: ")),
        (
            SyslogFormat::Rfc3164,
            format!("<158>{bsd} my.host mytag[1471]: "),
        ),
        (
            SyslogFormat::Rfc5424,
            format!("<158>1 {iso} my.host mytag 1471 - - "),
        ),
        (SyslogFormat::Priority, "<158>".to_owned()),
        (SyslogFormat::Short, "<6>".to_owned()),
        (SyslogFormat::Timed, format!("<6>{iso} ")),
        (SyslogFormat::Iso, format!("{iso} ")),
        (SyslogFormat::Raw, String::new()),
    ];
    let (socket, transport) = udp();
    let target = |format: &SyslogFormat| target(transport.clone(), *format);
    let formats = table.iter().map(|(format, _)| target(format));
    let mut config = config(formats.collect(), Some("mytag"));
    config.global.log_send_hostname = Some(Some("my.host".to_owned()));
    let mut logs = Logs::new(&config, &IDENTITY);
    send(&mut logs, LogLevel::Info, "text");
    assert!(!logs.flush());
    for (_, header) in &table {
        assert_eq!(next(&socket).unwrap(), format!("{header}text\n"));
    }
    assert_eq!(logs.counts().count(), 1, "equal transports share a sender");
}

#[test]
fn hostname_and_tag_have_their_defaults() {
    let (socket, transport) = udp();
    let formats = [SyslogFormat::Rfc3164, SyslogFormat::Rfc5424];
    let targets = formats.map(|format| target(transport.clone(), format));
    let mut config = config(targets.to_vec(), None);
    config.global.logs = targets[..1].to_vec();
    let (bsd, iso) = dates();
    let sent = |config: &Config| {
        let mut logs = Logs::new(config, &IDENTITY);
        send(&mut logs, LogLevel::Info, "a");
        logs.send(logs.global_targets(), LogLevel::Alert, NOW, b"b\n");
        logs.flush();
        [next(&socket), next(&socket), next(&socket)].map(Option::unwrap)
    };
    assert_eq!(
        sent(&config),
        [
            format!("<158>{bsd} weir[1471]: a\n"),
            format!("<158>1 {iso} - weir 1471 - - a\n"),
            format!("<153>{bsd} weir[1471]: b\n"),
        ]
    );
    config.global.log_send_hostname = Some(None);
    config.global.log_tag = Some("all".to_owned());
    config.proxies[0].log.tag = Some("mine".to_owned());
    assert_eq!(
        sent(&config),
        [
            format!("<158>{bsd} vm mine[1471]: a\n"),
            format!("<158>1 {iso} vm mine 1471 - - a\n"),
            format!("<153>{bsd} vm all[1471]: b\n"),
        ]
    );
}

#[test]
fn levels_filter_and_are_lowered() {
    let (socket, transport) = udp();
    let target = LogTarget {
        level_max: LogLevel::Notice,
        level_min: LogLevel::Err,
        ..target(transport, SyslogFormat::Short)
    };
    let mut logs = logs(vec![target]);
    assert!(logs.wants(PROXY, LogLevel::Notice));
    assert!(!logs.wants(PROXY, LogLevel::Info));
    assert!(
        !logs.wants(ProxyId(7), LogLevel::Emerg),
        "an unknown proxy logs nowhere"
    );
    send(&mut logs, LogLevel::Info, "filtered");
    send(&mut logs, LogLevel::Emerg, "lowered");
    send(&mut logs, LogLevel::Notice, "as it is");
    logs.flush();
    assert_eq!(next(&socket).unwrap(), "<3>lowered\n");
    assert_eq!(next(&socket).unwrap(), "<5>as it is\n");
}

/// Lengths as 2.6 sent them for `len 120` over UDP and `len 80` to stdout.
#[test]
fn long_lines_are_cut_to_len() {
    let (socket, transport) = udp();
    let (writer, mut reader) = UnixStream::pair().unwrap();
    let descriptor = LogTransport::Descriptor(writer.as_raw_fd());
    let with_len = |transport, format, len_max| LogTarget {
        len_max,
        ..target(transport, format)
    };
    let mut logs = logs(vec![
        with_len(transport.clone(), SyslogFormat::Short, 120),
        with_len(transport, SyslogFormat::Local, 10),
        with_len(descriptor, SyslogFormat::Raw, 80),
    ]);
    send(&mut logs, LogLevel::Info, &"x".repeat(300));
    logs.flush();
    assert_eq!(next(&socket).unwrap(), format!("<6>{}\n", "x".repeat(117)));
    assert_eq!(
        next(&socket).unwrap().len(),
        11,
        "a header that is too long is cut too"
    );
    let mut line = [0; 80];
    reader.read_exact(&mut line).unwrap();
    assert_eq!(line[..], *format!("{}\n", "x".repeat(79)).as_bytes());
    assert_eq!(logs.dropped(), 0);
}

#[test]
fn text_with_control_bytes_is_escaped() {
    let (socket, transport) = udp();
    let mut logs = logs(vec![target(transport, SyslogFormat::Raw)]);
    send(&mut logs, LogLevel::Info, "a\n<0>forged\x1b[2J\t\u{e4}#");
    logs.flush();
    assert_eq!(next(&socket).unwrap(), "a#0A<0>forged#1B[2J#09\u{e4}#\n");
}

#[test]
fn more_lines_than_a_queue_holds_leave_in_order() {
    let (socket, transport) = udp();
    let mut logs = logs(vec![target(transport, SyslogFormat::Raw)]);
    for number in 0..200 {
        send(&mut logs, LogLevel::Info, &number.to_string());
    }
    assert_eq!(
        next(&socket).unwrap(),
        "0\n",
        "a full queue does not wait for the turn's end"
    );
    logs.flush();
    for number in 1..200 {
        assert_eq!(next(&socket).unwrap(), format!("{number}\n"));
    }
    let counts = logs.counts().next().unwrap().1;
    assert_eq!((counts.sent, counts.dropped), (200, 0));
}

#[test]
fn an_absent_udp_receiver_costs_lines_and_is_found_again() {
    // Other tests take ports of another address, so nobody else gets this one.
    let (socket, transport) = udp_at("127.0.0.77:0".parse().unwrap());
    let address = socket.local_addr().unwrap();
    drop(socket);
    let mut logs = logs(vec![target(transport, SyslogFormat::Raw)]);
    for _ in 0..1000 {
        send(&mut logs, LogLevel::Info, "lost");
        send(&mut logs, LogLevel::Info, "lost");
        assert!(!logs.flush());
    }
    let counts = logs.counts().next().unwrap().1;
    assert!(counts.dropped > 0, "the kernel tells that nobody listens");
    assert_eq!(counts.sent + counts.dropped, 2000);
    let (socket, _) = udp_at(address);
    send(&mut logs, LogLevel::Info, "found");
    logs.flush();
    assert_eq!(next(&socket).unwrap(), "found\n");
}

#[test]
fn a_unix_receiver_that_restarts_is_found_within_a_second() {
    let directory = directory("restart");
    let path = directory.join("log");
    let mut logs = logs(vec![target(
        LogTransport::UnixDatagram(path.clone()),
        SyslogFormat::Raw,
    )]);
    let mut send_at = |secs: i64, line: &str| {
        let now = (NOW.0 + secs, NOW.1);
        let before = logs.dropped();
        logs.send(
            logs.proxy_targets(PROXY),
            LogLevel::Info,
            now,
            line.as_bytes(),
        );
        logs.flush();
        logs.dropped() - before
    };
    assert_eq!(send_at(0, "nobody"), 1);
    let receiver = UnixDatagram::bind(&path).unwrap();
    assert_eq!(send_at(0, "too early"), 1);
    assert_eq!(send_at(1, "first"), 0);
    let mut buffer = [0; 64];
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 6);
    drop(receiver);
    std::fs::remove_file(&path).unwrap();
    let receiver = UnixDatagram::bind(&path).unwrap();
    assert_eq!(send_at(2, "second"), 0);
    assert_eq!(receiver.recv(&mut buffer).unwrap(), 7);
    assert_eq!(&buffer[..7], b"second\n");
    drop(receiver);
    assert_eq!(send_at(2, "gone"), 1);
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_busy_unix_receiver_gets_the_oldest_lines_in_order() {
    let directory = directory("busy");
    let path = directory.join("log");
    let receiver = UnixDatagram::bind(&path).unwrap();
    receiver.set_nonblocking(true).unwrap();
    let transport = LogTransport::UnixDatagram(path);
    let mut logs = logs(vec![target(transport, SyslogFormat::Raw)]);
    for number in 0..5000 {
        send(&mut logs, LogLevel::Info, &number.to_string());
    }
    let mut buffer = [0; 64];
    let mut received = 0;
    let mut is_waiting = true;
    while is_waiting {
        is_waiting = logs.flush();
        while let Ok(len) = receiver.recv(&mut buffer) {
            assert_eq!(buffer[..len], *format!("{received}\n").as_bytes());
            received += 1;
        }
    }
    let counts = logs.counts().next().unwrap().1;
    assert!(
        counts.dropped > 0,
        "a receiver's queue is shorter than this"
    );
    assert_eq!(
        (counts.sent, counts.sent + counts.dropped),
        (received, 5000)
    );
    std::fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_pipe_that_blocks_loses_whole_lines_only() {
    let (reader, writer) = sys::pipe::pipe().unwrap();
    let mut logs = logs(vec![LogTarget {
        len_max: 6000,
        ..target(LogTransport::Descriptor(writer.raw()), SyslogFormat::Raw)
    }]);
    let line = |number: usize| format!("{number}:{}\n", "y".repeat(number % 5990));
    for number in 0..600 {
        send(&mut logs, LogLevel::Info, &line(number * 97));
    }
    assert!(logs.flush(), "lines wait for the reader");
    let dropped = logs.dropped();
    assert!(dropped > 0);
    let mut received = Vec::new();
    let mut stream = std::fs::File::open(format!("/proc/self/fd/{}", reader.raw())).unwrap();
    sys::set_nonblocking(reader).unwrap();
    let mut buffer = vec![0; 1 << 16];
    while logs.flush() {
        let len = stream.read(&mut buffer).unwrap();
        received.extend_from_slice(&buffer[..len]);
    }
    sys::close(writer).unwrap();
    stream.read_to_end(&mut received).unwrap();
    sys::close(reader).unwrap();
    let received = String::from_utf8(received).unwrap();
    let mut last = None;
    for text in received.split_inclusive('\n') {
        let number: usize = text.split(':').next().unwrap().parse().unwrap();
        assert_eq!(text, line(number));
        assert!(last < Some(number), "{number} after {last:?}");
        last = Some(number);
    }
    let count = u64::try_from(received.lines().count()).unwrap();
    assert_eq!((logs.dropped(), count), (dropped, 600 - dropped));
}

#[test]
fn a_pipe_without_reader_and_a_bad_descriptor_drop_lines() {
    sys::signal::ignore(libc::SIGPIPE).unwrap();
    let (reader, writer) = sys::pipe::pipe().unwrap();
    sys::close(reader).unwrap();
    for fd in [writer, Fd::new(-1)] {
        let transport = LogTransport::Descriptor(fd.raw());
        let mut logs = logs(vec![target(transport, SyslogFormat::Raw)]);
        send(&mut logs, LogLevel::Info, "a");
        send(&mut logs, LogLevel::Info, "b");
        assert!(!logs.flush());
        assert_eq!(logs.dropped(), 2);
    }
    sys::close(writer).unwrap();
}

#[test]
fn a_datagram_that_is_too_long_is_dropped_alone() {
    let (socket, transport) = udp();
    let target = LogTarget {
        len_max: 65_535,
        ..target(transport, SyslogFormat::Raw)
    };
    let mut logs = logs(vec![target]);
    for line in ["before", &"z".repeat(65_535), "after"] {
        send(&mut logs, LogLevel::Info, line);
    }
    logs.flush();
    assert_eq!(next(&socket).unwrap(), "before\n");
    assert_eq!(next(&socket).unwrap(), "after\n");
    assert_eq!(logs.dropped(), 1);
}

#[test]
fn closing_logs_closes_their_sockets() {
    let (receiver, transport) = udp();
    let (writer, _reader) = UnixStream::pair().unwrap();
    let writer = writer.into_raw_fd();
    let descriptor = LogTransport::Descriptor(writer);
    let mut logs = logs(vec![
        target(transport, SyslogFormat::Raw),
        target(descriptor, SyslogFormat::Raw),
    ]);
    send(&mut logs, LogLevel::Info, "x");
    logs.flush();
    assert!(next(&receiver).is_some());
    drop(logs);
    sys::close(Fd::new(writer)).expect("a descriptor that was inherited stays open");
}

#[test]
fn a_steady_load_allocates_nothing() {
    let (socket, udp) = udp();
    let (writer, mut reader) = UnixStream::pair().unwrap();
    let descriptor = LogTransport::Descriptor(writer.as_raw_fd());
    let mut logs = logs(vec![
        target(udp.clone(), SyslogFormat::Rfc5424),
        target(udp, SyslogFormat::Local),
        target(descriptor, SyslogFormat::Raw),
    ]);
    let headers = [b"a|b\x01".to_vec()];
    let record = Record {
        client: "[2001:db8::1]:4000".parse::<SocketAddr>().unwrap().into(),
        destination: "127.0.0.1:80".parse::<SocketAddr>().unwrap().into(),
        listener_id: 1,
        accept_date: NOW,
        request_date: NOW,
        mode: Mode::Http,
        frontend: "fe",
        is_tls: false,
        backend: "be",
        server: Some("s1"),
        timers: Timers::default(),
        status: 200,
        bytes_out: 1 << 40,
        captures: Captures {
            request_headers: &headers,
            ..Captures::default()
        },
        termination: *b"----",
        connections: ConnectionCounts::default(),
        server_queue: 0,
        backend_queue: 0,
        request_line: b"GET /\"quoted\" HTTP/1.1",
        is_early: false,
        ..Record::default()
    };
    let formats = [
        LogFormat::Http,
        LogFormat::Tcp,
        LogFormat::HttpClf,
        LogFormat::HttpJson,
        LogFormat::Https,
        LogFormat::Default,
    ];
    let mut turn = |seconds: i64| {
        for format in formats {
            let now = (NOW.0 + seconds, NOW.1);
            let targets = logs.proxy_targets(PROXY);
            logs.send_record(targets, (LogLevel::Info, now), format, &record, b"");
            logs.send(targets, LogLevel::Notice, now, b"Proxy \x07 started.");
        }
        logs.flush();
    };
    turn(0);
    let mut buffer = vec![0; 1 << 16];
    for seconds in 1..40 {
        assert_eq!(allocations_of(|| turn(seconds)), 0);
        assert!(reader.read(&mut buffer).unwrap() > 0);
        assert!(next(&socket).is_some());
    }
    assert_eq!(logs.dropped(), 0);
}

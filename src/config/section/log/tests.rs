//! `log` lines.

use super::*;
use crate::config::diagnostic::Span;
use crate::config::model::Place;

fn parse(text: &str) -> Result<LogTarget, String> {
    let words = text
        .split(' ')
        .map(|part| Word::new(part.into(), Span::default()));
    let mut words = Words::new(words.collect(), Place::default());
    words.recognise("log", "log <target> <facility>");
    parse_log(&words).map_err(|error| error.message)
}

fn udp(address: &str) -> LogTransport {
    LogTransport::Udp(address.parse().unwrap())
}

#[test]
fn targets() {
    for (text, transport) in [
        ("127.0.0.1", udp("127.0.0.1:514")),
        ("127.0.0.1:", udp("127.0.0.1:514")),
        ("127.0.0.1:33", udp("127.0.0.1:33")),
        ("udp@127.0.0.1:33", udp("127.0.0.1:33")),
        ("[::1]:33", udp("[::1]:33")),
        ("ipv6@::1:33", udp("[::1]:33")),
        ("::1:", udp("[::1]:514")),
        ("/dev/log", LogTransport::UnixDatagram("/dev/log".into())),
        (
            "unix@/dev/log",
            LogTransport::UnixDatagram("/dev/log".into()),
        ),
        ("stdout", LogTransport::Descriptor(1)),
        ("stderr", LogTransport::Descriptor(2)),
        ("fd@7", LogTransport::Descriptor(7)),
    ] {
        let target = parse(&format!("log {text} local0"));
        assert_eq!(
            target.map(|target| target.transport),
            Ok(transport),
            "{text}"
        );
    }
}

#[test]
fn defaults_and_parameters() {
    let target = parse("log /dev/log daemon").unwrap();
    assert_eq!(
        (target.len_max, target.format),
        (1_024, SyslogFormat::Unspecified)
    );
    assert_eq!(target.facility, LogFacility(3));
    assert_eq!(
        (target.level_max, target.level_min),
        (LogLevel::Debug, LogLevel::Emerg)
    );
    let target = parse("log /dev/log format rfc5424 len 80 local7 notice err").unwrap();
    assert_eq!((target.len_max, target.format), (80, SyslogFormat::Rfc5424));
    assert_eq!(target.facility, LogFacility(23));
    assert_eq!(
        (target.level_max, target.level_min),
        (LogLevel::Notice, LogLevel::Err)
    );
}

#[test]
fn refused_lines() {
    for (text, message) in [
        (
            "log",
            "'log' : an argument is missing, expects 'log <target> <facility>'",
        ),
        ("log a.b", "log : invalid address: 'a.b'"),
        (
            "log 127.0.0.1",
            "'log' : an argument is missing, expects 'log <target> <facility>'",
        ),
        ("log 127.0.0.1 foo", "log : unknown log facility 'foo'"),
        (
            "log 127.0.0.1 local0 foo",
            "log : unknown optional log level 'foo'",
        ),
        (
            "log 127.0.0.1 local0 info foo",
            "log : unknown optional minimum log level 'foo'",
        ),
        (
            "log 127.0.0.1 local0 info err x",
            "'log' cannot handle unexpected argument 'x'.",
        ),
        (
            "log 127.0.0.1 len 79 local0",
            "'log' : '79' must be between 80 and 65535.",
        ),
        (
            "log 127.0.0.1 format foo local0",
            "log : unknown log format 'foo'",
        ),
        (
            "log 127.0.0.1:+5 local0",
            "log : port offset not permitted here in '127.0.0.1:+5'",
        ),
        (
            "log 127.0.0.1:1-5 local0",
            "log : port range not permitted here in '127.0.0.1:1-5'",
        ),
        (
            "log /dev/log sample 1:2 local0",
            "log : 'sample' is not supported",
        ),
        (
            "log ring@a local0",
            "log : ring buffers are not supported in 'ring@a'",
        ),
        (
            "log tcp@1.2.3.4:5 local0",
            "log : TCP is not supported in 'tcp@1.2.3.4:5'",
        ),
        (
            "log abns@a local0",
            "log : 'abns@a' is not supported as a target",
        ),
    ] {
        assert_eq!(parse(text), Err(message.to_owned()), "{text}");
    }
}

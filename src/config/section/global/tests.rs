//! Every keyword of the section, by name.

use super::*;
use crate::config::diagnostic::{Level, Report, Source};
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::{AddressSpec, CliLevel, Config, LogFacility};

fn load(lines: &str) -> (Config, Report) {
    let source = Source::new("g.cfg", format!("global\n{lines}\n").into_bytes());
    let environment = Environment::from([("KEEP", "1"), ("DROP", "2")]);
    load_sources(
        vec![source],
        &environment,
        Options::default(),
        Report::default(),
    )
}

fn global(lines: &str) -> Global {
    let (config, report) = load(lines);
    assert_eq!(report.render(1), "", "{lines}");
    config.global
}

fn first_message(lines: &str) -> String {
    let (_, report) = load(lines);
    let first = report.diagnostics().first();
    first
        .map(|diagnostic| diagnostic.message.clone())
        .unwrap_or_default()
}

#[test]
fn tables_are_sorted() {
    assert_eq!(KEYWORDS.misplaced(), None);
}

#[test]
fn switches() {
    assert!(global("daemon").daemon);
    assert!(global("debug").debug);
    assert!(global("quiet").quiet);
    assert!(global("nosplice").nosplice);
    let disabled = global("noepoll\nnosepoll\nnopoll\nnokqueue").disabled_pollers;
    let all = [PollerKind::Sepoll, PollerKind::Epoll, PollerKind::Poll];
    assert_eq!(disabled.into_iter().collect::<Vec<_>>(), all);
    for name in [
        "daemon", "debug", "quiet", "nosplice", "noepoll", "nokqueue",
    ] {
        let message = format!("'{name}' cannot handle unexpected argument 'x'.");
        assert_eq!(first_message(&format!("{name} x")), message);
    }
}

#[test]
fn numbers() {
    assert_eq!(global("maxconn 5").maxconn, 5);
    assert_eq!(global("maxconnrate 6").maxconnrate, 6);
    assert_eq!(global("maxsessrate 7").maxsessrate, 7);
    assert_eq!(global("maxpipes 8").maxpipes, 8);
    assert_eq!(global("nbproc 9").nbproc, 9);
    assert_eq!(global("ulimit-n 10").ulimit_n, 10);
    assert_eq!(global("spread-checks 50").spread_checks, 50);
    assert_eq!(global("uid 11").uid, Some(11));
    assert_eq!(global("gid 12").gid, Some(12));
    assert_eq!(global("stats maxconn 13").stats_maxconn, 13);
    for line in [
        "nbproc 0",
        "nbproc 65",
        "spread-checks 51",
        "stats maxconn 0",
        "nbthread 0",
    ] {
        assert!(first_message(line).contains("must be between"), "{line}");
    }
    for line in [
        "maxconn x",
        "maxconnrate -1",
        "ulimit-n 5x",
        "uid root",
        "gid 1.5",
    ] {
        assert!(
            first_message(line).contains("expects an integer argument"),
            "{line}"
        );
    }
    assert!(first_message("uid 4294967295").contains("must be between"));
}

#[test]
fn times() {
    assert_eq!(global("grace 3s").grace_ms, 3_000);
    assert_eq!(global("hard-stop-after 1m").hard_stop_after_ms, 60_000);
    assert_eq!(global("stats timeout 2m").stats_timeout_ms, 120_000);
    assert_eq!(global("").stats_timeout_ms, 10_000);
    assert!(first_message("hard-stop-after x").starts_with("unexpected character 'x'"));
}

#[test]
fn texts() {
    assert_eq!(
        global("chroot /var/empty").chroot,
        Some("/var/empty".into())
    );
    assert_eq!(
        global("pidfile /run/w.pid").pidfile,
        Some("/run/w.pid".into())
    );
    assert_eq!(global("node a-1.b_c").node.as_deref(), Some("a-1.b_c"));
    assert_eq!(
        global("description a b  c").description.as_deref(),
        Some("a b c")
    );
    assert_eq!(global("log-tag edge").log_tag.as_deref(), Some("edge"));
    assert_eq!(global("log-send-hostname").log_send_hostname, Some(None));
    assert_eq!(
        global("log-send-hostname a").log_send_hostname,
        Some(Some("a".into()))
    );
    assert!(first_message("node a/b").starts_with("'node' requires valid node name"));
    for name in ["chroot", "pidfile", "node", "description", "log-tag"] {
        assert!(
            first_message(name).contains("an argument is missing"),
            "{name}"
        );
    }
}

#[test]
fn users_and_groups_are_looked_up() {
    assert_eq!(global("user root").uid, Some(0));
    assert_eq!(global("group root").gid, Some(0));
    let message = "cannot find user id for 'no-such-user'";
    assert_eq!(first_message("user no-such-user"), message);
    let message = "cannot find group id for 'no-such-group'";
    assert_eq!(first_message("group no-such-group"), message);
}

#[test]
fn single_values_count_once() {
    for (lines, key) in [
        ("chroot /a\nchroot /b", "chroot"),
        ("grace 1\ngrace 2", "grace"),
        ("hard-stop-after 1\nhard-stop-after 2", "hard-stop-after"),
        ("maxconnrate 1\nmaxconnrate 2", "maxconnrate"),
        ("maxpipes 1\nmaxpipes 2", "maxpipes"),
        ("maxsessrate 1\nmaxsessrate 2", "maxsessrate"),
        ("nbproc 1\nnbproc 2", "nbproc"),
        ("node a\nnode b", "node"),
        ("pidfile a\npidfile b", "pidfile"),
        ("spread-checks 1\nspread-checks 2", "spread-checks"),
        ("ulimit-n 1\nulimit-n 2", "ulimit-n"),
        ("gid 1\ngroup root", "group/gid"),
    ] {
        let (_, report) = load(lines);
        assert_eq!(report.worst(), Some(Level::Warning), "{lines}");
        let message = format!("'{key}' already specified. Continuing.");
        assert_eq!(first_message(lines), message);
    }
}

#[test]
fn nbthread_is_accepted_and_explained() {
    let (_, report) = load("nbthread 1");
    assert_eq!(report.worst(), None);
    let (_, report) = load("nbthread 4");
    assert_eq!(report.worst(), Some(Level::Warning));
}

#[test]
fn log_targets_add_up() {
    let logs = global("log /dev/log local0\nlog stdout local1").logs;
    let facilities: Vec<LogFacility> = logs.iter().map(|log| log.facility).collect();
    assert_eq!(facilities, [LogFacility(16), LogFacility(17)]);
    let message = "log : 'global' is not supported for a global syslog server";
    assert_eq!(first_message("log global"), message);
    assert_eq!(
        first_message("no log"),
        "'log' supports neither 'no' nor 'default' before it"
    );
}

#[test]
fn environment_keywords_change_the_lines_below() {
    let lines = "setenv A 1\npresetenv A 2\npresetenv B 3\nunsetenv DROP\n\
                 description \"$A $B ${DROP-none} $KEEP\"";
    assert_eq!(global(lines).description.as_deref(), Some("1 3 none 1"));
    let lines = "resetenv KEEP\ndescription \"${DROP-none} $KEEP\"";
    assert_eq!(global(lines).description.as_deref(), Some("none 1"));
    assert!(first_message("unsetenv").contains("an argument is missing"));
}

#[test]
fn unix_bind_sets_defaults() {
    let line = "unix-bind prefix /run/x mode 660 user root gid 7";
    let mut build = Build::default();
    let place = Place::default();
    let words = line
        .split(' ')
        .map(|part| crate::config::word::Word::new(part.into(), place.into()));
    let words = crate::config::word::Words::new(words.collect(), place);
    KEYWORDS
        .dispatch(Sections::GLOBAL, &mut build, Line::new(words))
        .unwrap();
    assert_eq!(build.unix_defaults.prefix, "/run/x");
    let permissions = &build.unix_defaults.permissions;
    assert_eq!((permissions.mode, permissions.uid), (Some(0o660), Some(0)));
    assert_eq!(permissions.gid, Some(7));
    assert!(first_message("unix-bind foo").contains("only supports"));
    assert!(first_message("unix-bind prefix").contains("an argument is missing"));
    assert!(first_message("unix-bind mode 9").contains("octal integer expected"));
}

#[test]
fn command_sockets() {
    let sockets = global(
        "stats socket /run/a,abns@b mode 660 user root gid 5 level admin expose-fd listeners\n\
         stats socket 127.0.0.1:9999 process odd level user\nstats socket fd@5",
    )
    .stats_sockets;
    let addresses: Vec<AddressSpec> = sockets.iter().map(|one| one.address.clone()).collect();
    let expected = [
        AddressSpec::Unix("/run/a".into()),
        AddressSpec::Abstract(b"b".to_vec()),
        AddressSpec::Ip("127.0.0.1:9999".parse().unwrap()),
        AddressSpec::Inherited(5),
    ];
    assert_eq!(addresses, expected);
    let levels: Vec<CliLevel> = sockets.iter().map(|one| one.level).collect();
    let expected = [
        CliLevel::Admin,
        CliLevel::Admin,
        CliLevel::User,
        CliLevel::Operator,
    ];
    assert_eq!(levels, expected);
    let first = &sockets[0];
    assert_eq!((first.unix.mode, first.unix.uid), (Some(0o660), Some(0)));
    assert!(first.expose_fd_listeners && !sockets[2].expose_fd_listeners);
    assert_eq!(sockets[2].process_mask, 0x5555_5555_5555_5555);
}

#[test]
fn refused_command_sockets() {
    for (line, message) in [
        ("stats socket", "an argument is missing"),
        ("stats socket /a mode", "an argument is missing"),
        (
            "stats socket /a foo",
            "'stats socket' : unknown keyword 'foo'.",
        ),
        (
            "stats socket /a level foo",
            "'stats socket' only supports 'user', 'operator'",
        ),
        (
            "stats socket /a expose-fd foo",
            "only supports 'listeners' (got 'foo')",
        ),
        (
            "stats socket /a process 65",
            "'65' is not a valid number or range",
        ),
        (
            "stats socket localhost",
            "'stats socket' : missing port specification in",
        ),
        (
            "stats socket :1-2",
            "'stats socket' : port range not permitted here in ':1-2'",
        ),
        (
            "stats foo",
            "unknown keyword 'stats foo' in 'global' section",
        ),
    ] {
        let told = first_message(line);
        assert!(told.contains(message), "{line}: {told}");
    }
}

#[test]
fn tuning() {
    let tuning = global(
        "tune.bufsize 32k\ntune.chksize 2048\ntune.http.maxhdr 200\ntune.idletimer 2s\n\
         tune.maxaccept -1\ntune.maxpollevents 50\ntune.maxrewrite 2k\ntune.pipesize 64k\n\
         tune.rcvbuf.client 1k\ntune.rcvbuf.server 2k\ntune.sndbuf.client 3k\n\
         tune.sndbuf.server 4k",
    )
    .tuning;
    assert_eq!(
        (tuning.bufsize, tuning.chksize, tuning.maxrewrite),
        (32_768, 2_048, 2_048)
    );
    assert_eq!((tuning.http_maxhdr, tuning.idletimer_ms), (200, 2_000));
    assert_eq!((tuning.maxaccept, tuning.maxpollevents), (-1, 50));
    assert_eq!((tuning.pipesize, tuning.rcvbuf_client), (65_536, 1_024));
    assert_eq!((tuning.rcvbuf_server, tuning.sndbuf_client), (2_048, 3_072));
    assert_eq!(tuning.sndbuf_server, 4_096);
    for line in [
        "tune.bufsize 10",
        "tune.bufsize 2g",
        "tune.chksize 1",
        "tune.maxaccept -2",
    ] {
        assert!(first_message(line).contains("must be between"), "{line}");
    }
    assert!(first_message("tune.idletimer 70s").contains("up to 65535 ms"));
    assert!(first_message("tune.maxrewrite -1").contains("unexpected character '-'"));
}

#[test]
fn the_rewrite_room_is_at_most_half_a_buffer() {
    assert_eq!(global("tune.bufsize 1024").tuning.maxrewrite, 512);
    assert_eq!(global("tune.maxrewrite 20000").tuning.maxrewrite, 8_192);
}

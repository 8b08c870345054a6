//! Every flag by name, and the odd ways in which command lines are written.

use super::*;
use proptest::prelude::*;

fn parse(line: &str) -> Result<Arguments, ArgumentError> {
    Arguments::parse(line.split(' ').map(OsString::from))
}

fn with(line: &str) -> Arguments {
    parse(&format!("-f x.cfg {line}")).unwrap()
}

fn refusal(line: &str) -> String {
    let error = parse(line).unwrap_err();
    assert!(error.show_usage, "{error}");
    error.message
}

fn pids(numbers: &[i32]) -> Vec<Pid> {
    numbers.iter().copied().map(Pid::from_raw).collect()
}

#[test]
fn files_keep_their_order_and_may_follow_a_double_dash() {
    let arguments = parse("-f a -f b.cfg -V -- c -f d").unwrap();
    let names: Vec<_> = ["a", "b.cfg", "c", "-f", "d"].map(PathBuf::from).into();
    assert_eq!(arguments.configuration, names);
    assert!(arguments.verbose);
}

#[test]
fn switches_set_their_fields() {
    let d = parse("-f x.cfg").unwrap();
    let expect = |line: &str, change: fn(&mut Arguments)| {
        let mut expected = d.clone();
        change(&mut expected);
        assert_eq!(with(line), expected, "{line}");
    };
    expect("-d", |a| a.debug = true);
    expect("-db", |a| a.foreground = true);
    expect("-D", |a| a.daemon = true);
    expect("-q", |a| a.quiet = true);
    expect("-V", |a| a.verbose = true);
    expect("-dW", |a| a.warnings_are_errors = true);
    expect("-dD", |a| a.diagnostics = true);
    expect("-dr", |a| a.ignore_resolution_failures = true);
    expect("-dR", |a| a.no_reuseport = true);
    expect("-dV", |a| a.no_server_verify = true);
    expect("-dS", |a| a.nosplice = true);
    expect("-dk", |_| ());
    expect("-dG", |_| ());
    expect("-dM", |_| ());
    expect("-dM0x50,help", |_| ());
    expect("-dKcfg,smp", |a| a.keyword_classes = Some("cfg,smp".into()));
    expect("-c", |a| a.action = Action::Check);
}

#[test]
fn values_are_typed() {
    let arguments = with("-n 12 -N 7 -m 64 -L me -p /run/x.pid -C /etc");
    assert_eq!(arguments.maxconn, Some(12));
    assert_eq!(arguments.proxy_maxconn, Some(7));
    assert_eq!(arguments.memory_limit_mb, Some(64));
    assert_eq!(arguments.local_peer.as_deref(), Some("me"));
    assert_eq!(arguments.pidfile, Some(PathBuf::from("/run/x.pid")));
    assert_eq!(arguments.directory, Some(PathBuf::from("/etc")));
}

#[test]
fn a_value_may_look_like_a_flag_and_be_glued_on() {
    assert_eq!(parse("-f -c").unwrap().configuration, [PathBuf::from("-c")]);
    let glued = parse("-Vffile -n5").unwrap();
    assert_eq!(glued.configuration, [PathBuf::from("file")]);
    assert_eq!((glued.verbose, glued.maxconn), (true, Some(5)));
    let cluster = parse("-cqf x").unwrap();
    assert_eq!((cluster.action, cluster.quiet), (Action::Check, true));
}

#[test]
fn pollers_are_disabled_one_by_one() {
    let disabled = |line| Vec::from_iter(with(line).disabled_pollers);
    assert_eq!(disabled("-de"), [PollerKind::Sepoll, PollerKind::Epoll]);
    assert_eq!(disabled("-ds"), [PollerKind::Sepoll]);
    assert_eq!(disabled("-dp"), [PollerKind::Poll]);
}

#[test]
fn old_processes_are_listed_up_to_the_next_flag() {
    let arguments = parse("-sf 12 13 -f x -D").unwrap();
    let replaced = arguments.replaced.unwrap();
    assert_eq!(replaced.departure, Departure::Finish);
    assert_eq!(replaced.pids, pids(&[12, 13]));
    assert!(arguments.daemon);

    let replaced = with("-st 4").replaced.unwrap();
    assert_eq!(
        (replaced.departure, replaced.pids),
        (Departure::Terminate, pids(&[4]))
    );
    assert_eq!(with("-sf").replaced.unwrap().pids, []);

    let words = ["-f", "x", "-sf", "7\n8\n", ""].map(OsString::from);
    let replaced = Arguments::parse(words).unwrap().replaced.unwrap();
    assert_eq!(replaced.pids, pids(&[7, 8]));
}

#[test]
fn bad_process_numbers_are_refused() {
    for bad in ["abc", "0", "12x", "99999999999"] {
        let message = refusal(&format!("-f x -sf {bad}"));
        assert_eq!(message, format!("'{bad}' is not the number of a process"));
    }
    assert_eq!(refusal("-f x -sf -5"), "unknown flag '-5'");
}

#[test]
fn informing_flags_need_no_file() {
    assert_eq!(parse("-v").unwrap().action, Action::Version);
    assert_eq!(parse("--version").unwrap().action, Action::Version);
    assert_eq!(parse("-vv").unwrap().action, Action::VersionDetails);
    assert_eq!(parse("--help").unwrap().action, Action::Help);
    assert_eq!(parse("--manual").unwrap().action, Action::Manual(None));
    let manual = parse("--manual bind").unwrap().action;
    assert_eq!(manual, Action::Manual(Some("bind".into())));
    let condition = parse("-cc a=b -q").unwrap().action;
    assert_eq!(condition, Action::Condition("a=b".into()));
    assert_eq!(with("-v -c").action, Action::Version);
}

#[test]
fn what_cannot_be_read_is_named() {
    assert_eq!(refusal("-f x -z"), "unknown flag '-z'");
    assert_eq!(refusal("-f x -dZ"), "unknown flag '-dZ'");
    assert_eq!(refusal("-f x -dbx"), "unknown flag '-dbx'");
    assert_eq!(refusal("-f x --db"), "unknown flag '--db'");
    assert_eq!(refusal("-f"), "'-f' needs a value");
    assert_eq!(refusal("-f x -cc"), "'-cc' needs a value");
    assert_eq!(
        refusal("-f x -n abc"),
        "'-n' : 'abc' is not a usable number"
    );
    assert_eq!(refusal("-f x -n -5"), "'-n' : '-5' is not a usable number");
    assert_eq!(refusal("-c"), "no configuration file given (-f)");
    assert!(refusal("-f x y").starts_with("'y' is no flag"));
    assert!(refusal("-f x -").starts_with("'-' is no flag"));
    let empty = ["-f", "x", "-p", ""].map(OsString::from);
    assert_eq!(
        Arguments::parse(empty).unwrap_err().message,
        "'-p' needs a value"
    );
}

#[test]
fn bytes_outside_utf8_are_refused_except_for_files_after_the_dashes() {
    use std::os::unix::ffi::OsStringExt;
    let odd = OsString::from_vec(vec![b'a', 0xff]);
    let error = Arguments::parse(["-f".into(), odd.clone()]).unwrap_err();
    assert!(error.message.ends_with("is not valid UTF-8"));
    let arguments = Arguments::parse(["--".into(), odd.clone()]).unwrap();
    assert_eq!(arguments.configuration, [PathBuf::from(odd)]);
}

#[test]
fn flags_of_later_versions_say_so_in_one_line() {
    for line in ["-W -f x", "-Ws -f x", "-S /run/m -f x", "-x /run/s -f x"] {
        let error = parse(line).unwrap_err();
        assert!(!error.show_usage);
        assert!(error.message.contains("later version"), "{error}");
        assert_eq!(error.message.lines().count(), 1);
    }
}

#[test]
fn the_table_is_whole() {
    for (index, flag) in FLAGS.iter().enumerate() {
        assert!(flag.name.starts_with('-'), "{}", flag.name);
        assert!(
            !flag.doc.is_empty() && !flag.doc.ends_with('.'),
            "{}",
            flag.name
        );
        let twin = FLAGS
            .iter()
            .skip(index + 1)
            .find(|other| other.key() == flag.key());
        assert!(twin.is_none(), "{} appears twice", flag.name);
    }
}

#[test]
fn the_usage_shows_every_flag_once() {
    let usage = flags::usage("weir");
    assert!(usage.starts_with("Usage: weir "));
    for flag in FLAGS {
        let start = format!("  {}", flag.name);
        let shown = usage
            .lines()
            .filter(|line| line.starts_with(&start) && line.ends_with(flag.doc));
        assert_eq!(shown.count(), 1, "{}", flag.name);
    }
}

#[test]
fn the_command_line_wins_over_the_global_section() {
    let mut global = Global {
        maxconn: 10,
        memory_limit_mb: 3,
        ..Global::default()
    };
    with("-n 20 -p /x -ds -dS").override_global(&mut global);
    assert_eq!((global.maxconn, global.memory_limit_mb), (20, 3));
    assert_eq!(global.pidfile, Some(PathBuf::from("/x")));
    assert!(global.nosplice && global.disabled_pollers.contains(&PollerKind::Sepoll));
}

#[test]
fn a_directory_stands_for_its_visible_cfg_files_in_order() {
    let directory = std::env::temp_dir().join(format!("weir-args-{}", std::process::id()));
    std::fs::create_dir_all(directory.join("sub.cfg")).unwrap();
    for name in ["b.cfg", "a.cfg", ".h.cfg", "c.txt"] {
        std::fs::write(directory.join(name), "").unwrap();
    }
    let file = directory.join("c.txt");
    let found = expand_directories(&[directory.clone(), file.clone()]);
    let missing = expand_directories(&[directory.join("none")]);
    std::fs::remove_dir_all(&directory).unwrap();
    let expected = [directory.join("a.cfg"), directory.join("b.cfg"), file];
    assert_eq!(found.unwrap(), expected);
    let message = missing.unwrap_err();
    assert!(message.starts_with("Cannot open configuration file/directory "));
    assert!(
        message.ends_with(" : No such file or directory"),
        "{message}"
    );
}

#[test]
fn a_program_is_known_by_the_end_of_its_path() {
    assert_eq!(
        program_name(Some(&OsString::from("/usr/sbin/haproxy"))),
        "haproxy"
    );
    assert_eq!(program_name(None), "weir");
}

proptest! {
    #[test]
    fn any_words_give_arguments_or_one_line(words in prop::collection::vec(".{0,8}", 0..8)) {
        if let Err(error) = Arguments::parse(words.iter().map(OsString::from)) {
            prop_assert!(!error.message.is_empty());
        }
    }

    #[test]
    fn any_flags_give_arguments_or_one_line(
        picks in prop::collection::vec((0..FLAGS.len(), "[-a-z0-9=]{0,4}"), 0..8),
    ) {
        let words = picks.iter().flat_map(|(index, value)| [FLAGS[*index].name, value]);
        if let Err(error) = Arguments::parse(words.map(OsString::from)) {
            prop_assert_eq!(error.message.lines().count(), 1);
        }
    }
}

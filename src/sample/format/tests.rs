//! Formats rendered over a session that no connection carries.

use std::collections::HashSet;

use bumpalo::Bump;
use proptest::prelude::*;

use super::*;
use crate::config::diagnostic::{Report, Source};
use crate::config::environment::Environment;
use crate::config::loader::{Options, load_sources};
use crate::config::model::{Place, ProxyId};
use crate::engine::clock::Clock;
use crate::engine::poller::PollerChoice;
use crate::net::listener::ListenerId;
use crate::net::listeners::Listeners;
use crate::session::Session;
use crate::session::transaction::Transaction;
use crate::worker::{ProcessInfo, Worker};

struct Stage {
    worker: Worker,
    session: Session,
}

fn stage(request_line: &[u8]) -> Stage {
    let text = "frontend fe\n mode http\n bind 127.0.0.1:1\n unique-id-format id\n";
    let (config, report) = load_sources(
        vec![Source::new("t.cfg", text.as_bytes())],
        &Environment::default(),
        Options::default(),
        Report::default(),
    );
    assert!(!report.has_errors(), "{}", report.render(1));
    let config = Box::leak(Box::new(config));
    let setup = (
        Listeners::new(config, 0),
        ProcessInfo {
            pid: 7,
            host: "host".into(),
            ..ProcessInfo::default()
        },
    );
    let mut worker =
        Worker::with_clock(config, PollerChoice::default(), setup, Clock::new()).unwrap();
    let scheduler = &mut worker.core.engine.scheduler;
    let task = scheduler.spawn(crate::session::process_session, 0, 0);
    let mut session = Session::new(task, ProxyId(0));
    session.source = std::net::SocketAddr::from(([127, 0, 0, 1], 256)).into();
    session.listener = ListenerId(0);
    session.transaction = Some(Box::new(Transaction {
        request_line: request_line.to_vec(),
        status: 200,
        ..Transaction::default()
    }));
    Stage { worker, session }
}

fn compiled(text: &str, purpose: Purpose) -> Parse<Format> {
    let mut language = Language::default();
    Format::parse(
        &mut language,
        text.as_bytes(),
        Place::default().into(),
        purpose,
    )
}

fn rendered(stage: &Stage, text: &str, purpose: Purpose) -> String {
    let format = compiled(text, purpose).unwrap();
    let arena = Bump::new();
    let context = stage.session.log_context(&arena, &stage.worker.core);
    let mut out = ArenaVec::new_in(&arena);
    format.append(&context, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn every_variable_is_rendered_with_and_without_flags() {
    let stage = stage(b"GET /a?b HTTP/1.1");
    let mut names = HashSet::new();
    for alias in all_aliases() {
        assert!(names.insert(alias.name), "{} twice", alias.name);
        assert!(!alias.doc.is_empty());
        for flags in ["", "{+Q}", "{+X}", "{+E}", "{+Q,+X,+E}", "{-M}"] {
            let text = format!("<%{flags}{}>", alias.name);
            let shown = rendered(&stage, &text, Purpose::Log);
            assert!(
                shown.starts_with('<') && shown.ends_with('>'),
                "{text}: {shown}"
            );
            assert!(!shown.contains(' ') || alias.name.starts_with(['T', 't', 'r']));
        }
    }
    assert_eq!(names.len(), VARIABLES);
}

#[test]
fn values_are_those_of_the_session() {
    let stage = stage(b"GET http://h/p?q HTTP/1.0");
    for (text, expected) in [
        ("%ci:%cp", "127.0.0.1:256"),
        ("%{+X}ci:%cp", "7F000001:256"),
        ("%{+X}o%ci:%cp_%pid_%rt", "7F000001:0100_0007_0000"),
        (
            "%HM %HU %HP %HPO %HQ %HV",
            "GET http://h/p?q http://h/p /p ?q HTTP/1.0",
        ),
        ("%r", "GET http://h/p?q HTTP/1.0"),
        ("%H %pid %f %b %s", "host 7 fe fe <NOSRV>"),
        ("%ST %ts %tsc %CC %{+Q}CC", "200 -- ---- - \"\""),
        ("%sslv%sslc", "--"),
        ("%Tw/%Tc/%Tr/%Td", "-1/-1/-1/-1"),
        ("%[int(5)] %{+Q}[str(a)]", "5 \"a\""),
        ("%{+Q,+E}[str('a]b')]%{-Q}o", "\"a\\]b\""),
    ] {
        assert_eq!(rendered(&stage, text, Purpose::Log), expected, "{text}");
    }
}

#[test]
fn blanks_merge_in_lines_and_stay_in_messages() {
    let stage = stage(b"GET / HTTP/1.1");
    let text = "  a  b   %hr   %%c  ";
    assert_eq!(rendered(&stage, text, Purpose::Log), "a b %c ");
    assert_eq!(rendered(&stage, text, Purpose::UniqueId), "a b %c ");
    assert_eq!(rendered(&stage, text, Purpose::Http), "  a  b      %c  ");
}

#[test]
fn absent_values_are_dashes_in_lines_only() {
    let stage = stage(b"");
    let text = "%[var(txn.a)]%CC%{+Q}CC";
    assert_eq!(rendered(&stage, text, Purpose::Log), "--\"\"");
    assert_eq!(rendered(&stage, text, Purpose::Http), "\"\"");
    assert_eq!(rendered(&stage, "%{-M}CC", Purpose::Log), "");
    assert_eq!(
        rendered(&stage, "%r %{+Q}HM", Purpose::Log),
        "<BADREQ> \"<BADREQ>\""
    );
}

#[test]
fn faulty_formats_say_what_is_wrong() {
    for (text, expected) in [
        ("%foo", "no such format variable 'foo'"),
        ("a%", "truncated line after '%'"),
        ("%{+Qci", "truncated line after '+Qci'"),
        ("%[int(1)", "missing ']' after 'int(1)'"),
        ("%{+Z}ci", "unknown flag 'Z'"),
        ("%[nothing]", "unknown fetch method 'nothing'"),
    ] {
        let error = compiled(text, Purpose::Log).unwrap_err();
        assert!(
            error.message.contains(expected),
            "{text}: {}",
            error.message
        );
    }
}

#[test]
fn variables_of_http_are_told() {
    let variable = |text| compiled(text, Purpose::Log).unwrap().http_variable();
    assert_eq!(variable("%ci %HM %TR"), Some("HM"));
    assert_eq!(variable("%ci %ST %tsc %hr"), None);
    assert!(
        compiled("%fi", Purpose::Log)
            .unwrap()
            .shows(Shows::Destination)
    );
    assert!(
        compiled("%bp", Purpose::Log)
            .unwrap()
            .shows(Shows::ServerSource)
    );
    assert!(
        !compiled("%ci", Purpose::Log)
            .unwrap()
            .shows(Shows::Destination)
    );
}

proptest! {
    #[test]
    fn any_text_is_a_format_or_an_error(text in "[ %a-zA-Z{}+\\[\\]()\"'\\\\,]{0,24}") {
        for purpose in [Purpose::Log, Purpose::Http, Purpose::UniqueId] {
            if let Err(error) = compiled(&text, purpose) {
                prop_assert!(!error.message.is_empty());
            }
        }
    }
}

/// Those of the manual's table but `%o`.
const VARIABLES: usize = 63;

//! Configuration files and the verdict on them, compared with HAProxy's.
//!
//! Every row is a small file, what is thought of it, and a piece of the message. With
//! `REFERENCE=/usr/sbin/haproxy cargo test --test config_compat` the same table runs on that
//! program; rows on which the two disagree on purpose carry the other verdict and a reason.

mod rows;

use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use weir::config::diagnostic::Level;
use weir::config::environment::Environment;
use weir::config::loader;
use weir::config::model::{Action, Decision, ReplyBody, RuleSet};

use rows::ROWS;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Fine,
    Warning,
    Alert,
}
use Verdict::{Alert, Fine, Warning};

/// A file and what is said about it.
struct Row {
    name: &'static str,
    text: &'static str,
    verdict: Verdict,
    /// A piece of the message, on both programs unless the row differs.
    fragment: &'static str,
    /// What the reference says instead, and why weir does not.
    differs: Option<(Verdict, &'static str)>,
}

const fn same(
    name: &'static str,
    text: &'static str,
    verdict: Verdict,
    fragment: &'static str,
) -> Row {
    Row {
        name,
        text,
        verdict,
        fragment,
        differs: None,
    }
}

const fn but(row: Row, reference: Verdict, reason: &'static str) -> Row {
    Row {
        differs: Some((reference, reason)),
        ..row
    }
}

#[test]
fn verdicts_and_messages() {
    let directory = Scratch::new("config-compat");
    let mut failures = Vec::new();
    for row in ROWS {
        let file = directory.write("c.cfg", &expand(row.text, &directory.0));
        let (_, report) = loader::load(&[file], &Environment::default());
        let verdict = match report.worst() {
            None | Some(Level::Notice) => Fine,
            Some(Level::Warning) => Warning,
            Some(Level::Alert) => Alert,
        };
        let text = report.render(1);
        if verdict != row.verdict || !text.contains(row.fragment) {
            failures.push(format!("{}: {verdict:?}\n{text}", row.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_reference_agrees() {
    let Some(reference) = std::env::var_os("REFERENCE") else {
        return;
    };
    let directory = Scratch::new("config-reference");
    let mut failures = Vec::new();
    for row in ROWS {
        let file = directory.write("c.cfg", &expand(row.text, &directory.0));
        let output = Command::new(&reference)
            .arg("-c")
            .arg("-f")
            .arg(&file)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let verdict = match output.status.code() {
            Some(1) => Alert,
            _ if text.contains("[WARNING]") => Warning,
            _ => Fine,
        };
        let agrees = match row.differs {
            Some((other, _)) => verdict == other && verdict != row.verdict,
            None => verdict == row.verdict && text.contains(row.fragment),
        };
        if !agrees {
            failures.push(format!("{}: {verdict:?}\n{text}", row.name));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What `http-request return` puts on the wire, byte for byte.
#[test]
fn replies_are_those_of_the_reference() {
    let directory = Scratch::new("config-replies");
    let socket = directory.0.join("s");
    for (rule, expected) in REPLIES {
        let text = format!(
            "defaults\n mode http\n@T\nfrontend f\n bind {}\n http-request return {rule}\n",
            socket.display()
        );
        let file = directory.write("c.cfg", &expand(&text, &directory.0));
        let (config, report) = loader::load(std::slice::from_ref(&file), &Environment::default());
        assert!(!report.has_errors(), "{}", report.render(1));
        let Action::Decide(Decision::Return(reply)) =
            &config.proxies[0].rules.of(RuleSet::HttpRequest)[0].action
        else {
            panic!("no return rule");
        };
        let mut own = reply.head.clone();
        own.extend_from_slice(b"\r\n");
        if let ReplyBody::Bytes(body) = &reply.body {
            own.extend_from_slice(body);
        }
        assert_eq!(String::from_utf8_lossy(&own), *expected, "{rule}");
        if let Some(reference) = std::env::var_os("REFERENCE") {
            let answer = ask_reference(&reference, &file, &socket, expected.len());
            assert_eq!(answer, *expected, "{rule}");
        }
    }
}

/// The first `len` bytes that the reference answers to a GET on `socket`.
fn ask_reference(reference: &OsStr, file: &Path, socket: &Path, len: usize) -> String {
    let _running = Running::start(reference, file, socket);
    let deadline = Instant::now() + WAIT_MAX;
    let mut stream = loop {
        match UnixStream::connect(socket) {
            Ok(stream) => break stream,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        std::thread::yield_now();
    };
    let mut answer = vec![0; len];
    stream
        .set_read_timeout(Some(WAIT_MAX))
        .and_then(|()| stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
        .and_then(|()| stream.read_exact(&mut answer))
        .expect("the reference answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// The reference while it runs; its end takes its socket along.
struct Running(Child, PathBuf);

impl Running {
    fn start(reference: &OsStr, file: &Path, socket: &Path) -> Self {
        let child = Command::new(reference)
            .args([OsStr::new("-db"), OsStr::new("-f"), file.as_os_str()])
            .stderr(Stdio::null())
            .spawn()
            .expect("the reference starts");
        Self(child, socket.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = fs::remove_file(&self.1);
    }
}

/// Longest wait for the reference.
const WAIT_MAX: Duration = Duration::from_secs(10);

/// Rules and the whole answers to a request on a connection that stays open.
const REPLIES: &[(&str, &str)] = &[
    ("", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
    (
        "status 404 content-type text/plain string \"a b\" hdr X-One y hdr x-two 100%%",
        "HTTP/1.1 404 Not Found\r\nx-one: y\r\nx-two: 100%\r\ncontent-length: 3\r\n\
         content-type: text/plain\r\n\r\na b",
    ),
    (
        "status 204 hdr a b",
        "HTTP/1.1 204 No Content\r\na: b\r\n\r\n",
    ),
    (
        "status 304 hdr a b",
        "HTTP/1.1 304 Not Modified\r\na: b\r\ncontent-length: 0\r\n\r\n",
    ),
    (
        "status 503 content-type text/html file @DIR/text.http",
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 6\r\n\
         content-type: text/html\r\n\r\nhello\n",
    ),
    (
        "status 299 content-type text/html",
        "HTTP/1.1 299 Success\r\ncontent-length: 0\r\n\r\n",
    ),
];

#[test]
fn the_files_in_conf_are_clean() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("conf");
    let mut count = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "cfg") {
            let (config, report) =
                loader::load(std::slice::from_ref(&path), &Environment::default());
            assert_eq!(report.render(1), "", "{}", path.display());
            assert!(!config.proxies.is_empty(), "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 3);
}

#[test]
fn rows_have_unique_names() {
    let mut names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// A directory of this test alone, removed at its end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("weir-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary directory is writable");
        for (name, content) in FILES {
            fs::write(path.join(name), content).expect("the directory is new");
        }
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("the directory is ours");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Replaces `@D` by a defaults section for HTTP, `@T` by the three timeouts, `@L` by the
/// head of a `listen` section and `@DIR/` by the directory of [`FILES`].
fn expand(text: &str, directory: &Path) -> String {
    text.trim_start_matches('\n')
        .replace("@D\n", "defaults\n mode http\n@T\n")
        .replace(
            "@T\n",
            " timeout client 1s\n timeout server 1s\n timeout connect 1s\n",
        )
        .replace("@L\n", "listen l\n bind 127.0.0.1:8080\n")
        .replace("@DIR/", &format!("{}/", directory.display()))
}

const FILES: [(&str, &str); 5] = [
    (
        "good.http",
        "HTTP/1.0 503 Service Unavailable\r\nConnection: close\r\n\r\n<html>\n",
    ),
    ("empty.http", ""),
    ("text.http", "hello\n"),
    (
        "short.http",
        "HTTP/1.0 503 x\r\nContent-Length: 10\r\n\r\nabc",
    ),
    (
        "chunked.http",
        "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
];

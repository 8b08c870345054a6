//! Every converter, over one table: through weir, and through Debian's haproxy where it is.
//!
//! Each expression of `table.txt` becomes a header of one request; what a server receives is
//! compared. The property test feeds random bytes to the same converters.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "../harness/mod.rs"]
mod harness;

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bumpalo::Bump;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, poll};
use proptest::prelude::*;
use weir::config::model::{Action, ProxyId, RuleSet, Setting};
use weir::sample::context::{Context, Direction};
use weir::sample::convert;
use weir::sample::value::Sample;

/// A row of the table.
struct Row {
    /// The converter that it is about.
    name: &'static str,
    expression: &'static str,
    /// With escapes for what is not printable.
    value: &'static str,
    /// What haproxy gives instead, if it does.
    differs: Option<&'static str>,
}

fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some(other) = line.strip_prefix("  haproxy: ") {
            let (value, _) = other.rsplit_once("; ").unwrap();
            rows.last_mut().unwrap().differs = Some(value);
            continue;
        }
        let (name, rest) = line.split_once(": ").unwrap();
        let (expression, value) = rest.split_once(" => ").unwrap();
        rows.push(Row {
            name,
            expression,
            value,
            differs: None,
        });
    }
    rows
}

#[test]
fn every_converter_has_a_row() {
    let rows = rows();
    let named: HashSet<_> = rows.iter().map(|row| row.name).collect();
    let missing: Vec<_> = convert::all()
        .filter(|converter| !named.contains(converter.name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    for row in &rows {
        assert!(convert::find(row.name).is_some(), "{}", row.name);
    }
}

#[test]
fn converters_give_the_values_of_the_table() {
    let rows = rows();
    let all: Vec<_> = rows.iter().map(|row| row.expression).collect();
    let found = values(env!("CARGO_BIN_EXE_weir"), "weir", &all);
    let wrong: Vec<_> = rows
        .iter()
        .zip(&found)
        .filter(|(row, found)| row.value != *found)
        .map(|(row, found)| format!("{} => {found}, not {}", row.expression, row.value))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reference_gives_the_same_values() {
    if !Path::new(REFERENCE).exists() {
        return;
    }
    let rows = rows();
    let known: Vec<_> = rows
        .iter()
        .filter(|row| row.differs != Some("none"))
        .collect();
    let all: Vec<_> = known.iter().map(|row| row.expression).collect();
    let found = values(REFERENCE, "reference", &all);
    let wrong: Vec<_> = known
        .iter()
        .zip(&found)
        .filter(|(row, found)| row.differs.unwrap_or(row.value) != *found)
        .map(|(row, found)| format!("{} => {found}, not {}", row.expression, row.value))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_bytes_convert_or_are_lost(bytes: Vec<u8>, is_text: bool, repeat in 1_usize..200) {
        let bytes = bytes.repeat(repeat);
        let bytes = &bytes[..bytes.len().min(BUFSIZE)];
        STEPS.with(|steps| steps.assert_bounded(match is_text {
            true => Sample::Str(bytes),
            false => Sample::Bin(bytes),
        }));
    }

    #[test]
    fn any_number_converts_or_is_lost(number: i64) {
        STEPS.with(|steps| steps.assert_bounded(Sample::Int(number)));
    }
}

#[test]
fn what_is_larger_than_a_buffer_is_lost() {
    STEPS.with(|steps| {
        let text = vec![b'%'; BUFSIZE];
        let is_lost = |name: &str| {
            let lost = steps.values_of(Sample::Str(&text), name);
            assert!(
                !lost.is_empty() && lost.iter().all(|is_found| !is_found),
                "{name}"
            );
        };
        ["url_enc", "base64", "hex"].into_iter().for_each(is_lost);
    });
}

thread_local! {
    static STEPS: Steps = Steps::new();
}

/// The converters of all rows, behind a variable of the process.
struct Steps {
    harness: std::cell::RefCell<harness::Harness>,
    _directory: Scratch,
}

impl Steps {
    fn new() -> Self {
        let directory = Scratch::new("steps");
        let mut text = String::from("defaults\n mode http\nlisten main\n bind LISTENER\n");
        for row in rows() {
            let place = row.expression.rfind(&format!(",{}", row.name));
            // The converter alone; a row may also read a variable that one has set.
            let Some(place) = place else { continue };
            if row.expression.contains("std") {
                // Those that write among the lines of the test.
                continue;
            }
            let step = &row.expression[place..];
            let step = step.replace("DIR", &directory.0.display().to_string());
            text += &format!(" http-request set-var(txn.out) 'var(proc.in){step}'\n");
        }
        Self {
            harness: std::cell::RefCell::new(harness::Harness::new(&text)),
            _directory: directory,
        }
    }

    /// All of them have no value, or one that fits into a buffer.
    fn assert_bounded(&self, input: Sample<'_>) {
        self.each(input, |name, found| {
            let len = found.and_then(|sample| sample.raw()).map_or(0, <[u8]>::len);
            assert!(len <= BUFSIZE, "{name}");
        });
    }

    /// Whether those that begin with this name have a value.
    fn values_of(&self, input: Sample<'_>, name: &str) -> Vec<bool> {
        let mut found = Vec::new();
        self.each(input, |step, value| {
            if step.contains(&format!(": {name},")) {
                found.push(value.is_some());
            }
        });
        found
    }

    fn each(&self, input: Sample<'_>, mut look: impl FnMut(&str, Option<Sample<'_>>)) {
        let mut harness = self.harness.borrow_mut();
        let core = &mut harness.worker.core;
        let config = core.config;
        let at = config.variables.iter().position(|name| name == "in");
        let number = u32::try_from(at.unwrap()).unwrap();
        core.variables.set(number, input, 0).unwrap();
        let proxy = ProxyId::of_index(0);
        let arena = Bump::new();
        let context = Context {
            arena: &arena,
            core,
            session: None,
            request: None,
            response: None,
            proxy,
            direction: Direction::Request,
            is_final: true,
        };
        for rule in config.proxy(proxy).rules.of(RuleSet::HttpRequest) {
            let Action::Set(Setting::Variable(_, expression)) = &rule.action else {
                continue;
            };
            let name = format!("{expression:?}");
            let name = name.replace("converter: ", ": ");
            look(&name, expression.eval(&context).sample());
        }
    }
}

/// The values that a program gives expressions, in their order.
fn values(program: &str, name: &str, expressions: &[&str]) -> Vec<String> {
    let directory = Scratch::new(name);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    fcntl(&listener, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let text = configuration(&listener, &origin, expressions);
    let text = text.replace("DIR", &directory.0.display().to_string());
    let file = directory.0.join("test.cfg");
    fs::write(&file, text).unwrap();
    let mut child = Command::new(program)
        .args(["-db", "-f"])
        .arg(&file)
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        .unwrap();
    let head = received(&origin);
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let Some(head) = head else {
        panic!(
            "no request came: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let lines: HashMap<_, _> = head
        .split(|&byte| byte == b'\n')
        .filter_map(|line| Some((line.get(..5)?, line.get(6..)?.trim_ascii().escape_ascii())))
        .collect();
    (0..expressions.len())
        .map(|index| {
            let value = lines.get(format!("x-{index:03}").as_bytes());
            value.map_or_else(|| String::from("no header"), ToString::to_string)
        })
        .collect()
}

/// The head of the request that a server gets; `None` when it gets none.
fn received(origin: &TcpListener) -> Option<Vec<u8>> {
    let mut waits = [PollFd::new(origin.as_fd(), PollFlags::POLLIN)];
    if poll(&mut waits, PATIENCE_MS).unwrap() == 0 {
        return None;
    }
    let (mut server, _) = origin.accept().unwrap();
    server
        .set_read_timeout(Some(Duration::from_millis(PATIENCE_MS.into())))
        .unwrap();
    let mut head = Vec::new();
    let mut piece = [0; 16384];
    while !head.ends_with(b"\r\n\r\n") {
        let count = server.read(&mut piece).unwrap();
        assert!(count > 0, "the request ends in its head");
        head.extend_from_slice(&piece[..count]);
    }
    Some(head)
}

fn configuration(listener: &TcpListener, origin: &TcpListener, expressions: &[&str]) -> String {
    let mut text = format!(
        "
global
 tune.http.maxhdr 1000
 tune.bufsize 65536
 tune.maxrewrite 49152
defaults
 mode http
 timeout client 10s
 timeout server 10s
 timeout connect 10s
frontend main
 bind fd@{}
 default_backend farm
",
        listener.as_raw_fd()
    );
    for setting in VARIABLES {
        text += &format!(" http-request set-var{setting}\n");
    }
    for (index, expression) in expressions.iter().enumerate() {
        text += &format!(" http-request set-header x-{index:03} '%[{expression}]'\n");
    }
    let address = origin.local_addr().unwrap();
    text += &format!("backend farm\n server s1 {address}\n server s2 {address} weight 0\n");
    text
}

/// A directory with the maps and the key, gone with its owner.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("weir-converters-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        for (name, keys) in MAPS {
            let suffixes = [("", TEXTS), ("_int", NUMBERS), ("_ip", ADDRESSES)];
            for (suffix, values) in suffixes {
                let mut text = String::from("# comment\n\n");
                for (key, value) in keys.iter().zip(values) {
                    let is_template = *name == "reg" && suffix.is_empty();
                    let value = if is_template { TEMPLATE } else { value };
                    text += &format!("{key}  {value} \n");
                }
                fs::write(path.join(format!("{name}{suffix}.map")), text).unwrap();
            }
        }
        fs::write(path.join("rsa.pem"), RSA).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const TABLE: &str = include_str!("table.txt");
const REFERENCE: &str = "/usr/sbin/haproxy";
const PATIENCE_MS: u16 = 20_000;
/// The default of `tune.bufsize`.
const BUFSIZE: usize = 16_384;

/// The maps: name and keys; their values are below.
const MAPS: &[(&str, &[&str])] = &[
    ("beg", &["/api", "/ap"]),
    ("dir", &["x"]),
    ("dom", &["shop.example"]),
    ("end", &[".png"]),
    ("int", &["10:20", "5"]),
    ("ip", &["10.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"]),
    ("reg", &["^/v([0-9]+)/(.*)$"]),
    ("str", &["alpha", "beta"]),
    ("sub", &["needle"]),
];
const TEXTS: [&str; 3] = ["first value", "second", "third"];
const NUMBERS: [&str; 3] = ["41", "-7", "3"];
const ADDRESSES: [&str; 3] = ["192.0.2.77", "198.51.100.1", "2001:db8:5:6::7"];
const TEMPLATE: &str = "\\2 of \\1, \\0\\\\";

/// The public key of the token in the table.
const RSA: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAw6+rPhWzV4wDpWV1hlqr
/5gnQMPDY3tWiOf4CGGzMvT7h0QUgJOSspi8rWMqM0bou2mOGvAFFY3+ncDEI9tj
4eK5ooa9FcLqVfGLXxTYgE+wfVSV36uAP0yv/2IGhz1j7MRF0hDrV8bVu6AUlgnI
cByNMfJlDQhIev4S0BOFQo9bvmyJ1pMLuou/38W+D1Galdlcszfn4C2mly0L9JeW
MsYeP8KjUCdcFhzXgkoQVKKAZBH+PewzFtI0s+kU+wMxJ4VP3IWaqiaLc2lpMEGX
w9KB3PNAR3nWqaWIZtLSqoy9C4uR5TIRobhBM4vMqa3D9nR4rNJdT4J/GHT8sCAv
GQIDAQAB
-----END PUBLIC KEY-----
";

/// Variables that the table reads: a JSON document, and text that is UTF-8 and that is not.
const VARIABLES: &[&str] = &[
    "(txn.num) int(5)",
    "(txn.num2) int(5)",
    "(txn.text) str(abc)",
    "(txn.key) str(a2V5)",
    "(txn.nonce) str(bm9uY2Ugb2YgMTJi)",
    "(txn.tag) str(XBXmaOB4iB6aX2+FinHrDA==)",
    "(txn.alg) str(HS256)",
    "(txn.rs) str(RS256)",
    "(txn.doc) str(%7B%22a%22%3A%7B%22b%22%3A%5B1%2C2%2E5%2C%22x%2Fy%22%5D%7D%2C%22t%22%3Atrue%2C\
     %22n%22%3Anull%2C%22s%22%3A%2212x%22%2C%22i%22%3A42%7D),url_dec",
    "(txn.utf8) str(a%22b%5C%2F%09%20%C3%A9%20%E2%82%AC%20x),url_dec",
    "(txn.latin) str(a%E9b%20%C0%AFz),url_dec",
];

//! What a million patterns cost: memory, time to load, time of a look-up.
//!
//! The lists are files of random networks and host names from a fixed seed. Acceptable are
//! 100 MB, two seconds and 300 ns; a list is only as good as its slowest method here.
//! Look-ups go round many values, half of which match, so that the caches of the processor
//! help no more than they would under traffic.

use criterion::{Criterion, criterion_group, criterion_main};
use std::fmt::Write;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Instant;
use weir::sample::pattern::{Input, MatchMethod, Options, PatternList, load_file};

fn patterns(criterion: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("weir-patterns-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the files");
    networks(criterion, &folder);
    networks_v6(criterion, &folder);
    host_names(criterion, &folder);
    std::fs::remove_dir_all(&folder).expect("the folder is removed");
}

fn networks(criterion: &mut Criterion, folder: &Path) {
    let mut random = Random(1);
    let mut text = String::new();
    for _ in 0..COUNT {
        let (bits, length) = (random.next_u32(), 12 + random.next_u32() % 21);
        let network = Ipv4Addr::from_bits(bits & (u32::MAX << (32 - length)));
        writeln!(text, "{network}/{length} value-{}", bits % 1000).expect("memory");
    }
    let list = load(folder, "networks of IPv4, a map", &text, MatchMethod::Ip);
    let values: Vec<IpAddr> = (0..VALUES)
        .map(|_| IpAddr::V4(Ipv4Addr::from_bits(random.next_u32())))
        .collect();
    let inputs: Vec<Input<'_>> = values.iter().map(|value| Input::Ip(*value)).collect();
    measure(criterion, "ip, IPv4", &list, &inputs);
}

fn networks_v6(criterion: &mut Criterion, folder: &Path) {
    let mut random = Random(2);
    let address = |bits: u32, host: u32| {
        Ipv6Addr::from_bits((0x2001_u128 << 112) | (u128::from(bits) << 72) | u128::from(host))
    };
    let mut text = String::new();
    let mut values = Vec::new();
    for number in 0..COUNT {
        let bits = random.next_u32();
        let length = 40 + random.next_u32() % 25;
        writeln!(text, "{}/{length}", address(bits, 0)).expect("memory");
        if number % 15 == 0 {
            values.push(IpAddr::V6(address(bits, bits)));
            values.push(IpAddr::V6(address(random.next_u32(), bits)));
        }
    }
    let list = load(folder, "networks of IPv6", &text, MatchMethod::Ip);
    let inputs: Vec<Input<'_>> = values.iter().map(|value| Input::Ip(*value)).collect();
    measure(criterion, "ip, IPv6", &list, &inputs);
}

fn host_names(criterion: &mut Criterion, folder: &Path) {
    let mut random = Random(3);
    let names: Vec<String> = (0..COUNT).map(|_| random.host_name()).collect();
    let text: String = names.iter().flat_map(|name| [name, "\n"]).collect();
    let with_hosts: Vec<String> = names
        .iter()
        .step_by(15)
        .flat_map(|name| [name.clone(), random.host_name()])
        .collect();
    let inputs: Vec<Input<'_>> = with_hosts
        .iter()
        .map(|name| Input::Bytes(name.as_bytes()))
        .collect();
    for method in [
        MatchMethod::Str,
        MatchMethod::Beg,
        MatchMethod::End,
        MatchMethod::Dom,
    ] {
        let what = format!("host names for {}", method.name());
        let list = load(folder, &what, &text, method);
        measure(criterion, method.name(), &list, &inputs);
    }
}

/// Writes the file, loads it and prints what that took.
fn load(folder: &Path, what: &str, text: &str, method: MatchMethod) -> PatternList {
    let path: PathBuf = folder.join("patterns");
    std::fs::write(&path, text).expect("the file is written");
    let is_map = text.lines().next().is_some_and(|line| line.contains(' '));
    let resident_before = resident_kib();
    let start = Instant::now();
    let list = load_file(&path, Options::new(method), is_map).expect("a valid file");
    let elapsed = start.elapsed();
    let added = resident_kib().saturating_sub(resident_before);
    println!(
        "{} {what}: file of {} kB, loaded in {} ms, resident + {} kB, {} kB at most so far",
        list.count(),
        text.len() / 1000,
        elapsed.as_millis(),
        added,
        status_kib("VmHWM:"),
    );
    list
}

/// Measures one look-up after the other; the time is that of one.
fn measure(criterion: &mut Criterion, name: &str, list: &PatternList, inputs: &[Input<'_>]) {
    let hits = inputs.iter().filter(|input| list.lookup(**input).is_some());
    println!("{name}: {} of {} values match", hits.count(), inputs.len());
    let mut next = inputs.iter().cycle();
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| {
            let input = next.next().expect("a cycle has no end");
            list.lookup(black_box(*input)).is_some()
        });
    });
}

fn resident_kib() -> u64 {
    status_kib("VmRSS:")
}

fn status_kib(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// The same numbers in every run (xorshift64*).
struct Random(u64);

impl Random {
    fn next_u32(&mut self) -> u32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        u32::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32).unwrap_or(0)
    }

    /// Two to four labels, the last of a few that many share.
    fn host_name(&mut self) -> String {
        let mut name = String::new();
        for _ in 0..1 + self.next_u32() % 3 {
            for _ in 0..4 + self.next_u32() % 9 {
                name.push(char::from(
                    b'a' + u8::try_from(self.next_u32() % 26).unwrap_or(0),
                ));
            }
            name.push('.');
        }
        name.push_str(["com", "org", "net", "de", "example"][self.next_u32() as usize % 5]);
        name
    }
}

const COUNT: u32 = 1_000_000;
const VALUES: u32 = 130_000;

criterion_group!(benches, patterns);
criterion_main!(benches);

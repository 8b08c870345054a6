//! The examples of conf/ keep the promises of their comments, with real traffic.
//!
//! One module per example, each named like its file; [`stage`] puts one on stage. All of
//! them run on the reference too: `REFERENCE=/usr/sbin/haproxy cargo test --test examples`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod api_gateway;
mod shop;
mod stage;
mod tcp_sni_router;
mod website;
mod websocket;

use std::path::Path;
use std::process::Command;

use stage::{files, root};

#[test]
fn every_example_is_valid_here_and_in_haproxy() {
    let haproxy = Path::new("/usr/sbin/haproxy");
    let programs = [Path::new(env!("CARGO_BIN_EXE_weir")), haproxy];
    for program in programs.iter().filter(|program| program.exists()) {
        for file in files("cfg") {
            let mut command = Command::new(program);
            // Maps are named by their path from here.
            command.current_dir(root()).args(["-c", "-f"]).arg(&file);
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(
                output.status.code(),
                Some(0),
                "{program:?} {file:?}\n{said}"
            );
            assert!(!said.contains("[WARNING]"), "{program:?} {file:?}\n{said}");
        }
    }
}

#[test]
fn every_example_says_what_it_is_for_and_how_to_check_or_start_it() {
    for file in files("cfg") {
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# A") || text.starts_with("# S") || text.starts_with("# W"));
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(text.contains(&format!("-f conf/{name}`")), "{name}");
        assert!(text.is_ascii(), "{name}");
    }
}

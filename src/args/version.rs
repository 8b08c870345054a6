//! What `-v` and `-vv` print.
//!
//! Owns the version numbers; called by start-up and by `show info`. The first line begins
//! as HAProxy's does, because scripts take its third word for the version of the language
//! that they may use; the same line says which program this is.

use std::fmt::Write;

use crate::config::model::Tuning;
use crate::sys::process::system_description;

pub use crate::config::COMPATIBLE_VERSION;
pub use crate::config::condition::FEATURES;

/// The version as `show info` and the banner give it.
pub const REPORTED_VERSION: &str = "2.6.12-compatible";

/// The version of weir itself.
pub const WEIR_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The day of the release.
pub const RELEASE_DATE: &str = "2026/11/21";

/// A poller as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollerStatus {
    /// Its name.
    pub name: &'static str,
    /// The usable one with the highest preference is taken.
    pub preference: u32,
    /// Whether it can be used.
    pub state: PollerState,
}

/// Whether a poller can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PollerState {
    /// It was tried and works.
    Works,
    /// It was tried and failed.
    Failed,
    /// The user does not want it.
    Disabled,
}

/// The text of `-v`, also shown above the usage.
pub fn banner() -> String {
    let system = system_description();
    format!(
        "HAProxy version {REPORTED_VERSION} {RELEASE_DATE} - this is weir {WEIR_VERSION}\n\
         weir is a program of its own that reads HAProxy's configuration files.\n\
         Running on: {system}\n"
    )
}

/// The text of `-vv`.
pub fn details(pollers: &[PollerStatus]) -> String {
    let mut text = banner();
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let _ = writeln!(text, "Build options :");
    let _ = writeln!(text, "  TARGET  = {os}-{arch}");
    let _ = writeln!(text, "  PROFILE = {profile}");
    let _ = write!(text, "\nFeature list :");
    for (name, built_in) in FEATURES {
        let sign = if *built_in { '+' } else { '-' };
        let _ = write!(text, " {sign}{name}");
    }
    let defaults = Tuning::default();
    let _ = write!(
        text,
        "\n\nDefault settings :\n  maxconn = from the fd limit, bufsize = {}, maxrewrite = {}, \
         maxpollevents = {}\n\n",
        defaults.bufsize, defaults.maxrewrite, defaults.maxpollevents
    );
    text.push_str(&poller_list(pollers));
    text
}

/// The list of pollers, shown by `-vv` and, in verbose and debug mode, at start.
pub fn poller_list(pollers: &[PollerStatus]) -> String {
    let mut text = String::from("Available polling systems :\n");
    for poller in pollers {
        let state = match poller.state {
            PollerState::Works => " test result OK",
            PollerState::Failed => " test result FAILED",
            PollerState::Disabled => "disabled, ",
        };
        let (name, preference) = (poller.name, poller.preference);
        let _ = writeln!(text, "{name:>10} : pref={preference:>3}, {state}");
    }
    let usable = pollers
        .iter()
        .filter(|poller| poller.state == PollerState::Works);
    let best = usable.clone().max_by_key(|poller| poller.preference);
    let _ = write!(text, "Total: {} ({} usable)", pollers.len(), usable.count());
    let _ = match best {
        Some(poller) => writeln!(text, ", will use {}.", poller.name),
        None => writeln!(text, "."),
    };
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_word_of_the_first_line_is_a_version() {
        let banner = banner();
        let words: Vec<_> = banner.split_whitespace().collect();
        assert_eq!(words.first(), Some(&"HAProxy"));
        assert_eq!(words.get(2), Some(&REPORTED_VERSION));
        assert!(REPORTED_VERSION.starts_with(COMPATIBLE_VERSION));
        let first_line = banner.lines().next().unwrap();
        assert!(first_line.contains(&format!("weir {WEIR_VERSION}")));
    }

    #[test]
    fn the_usable_poller_with_the_highest_preference_is_named() {
        let poller = |name, preference, state| PollerStatus {
            name,
            preference,
            state,
        };
        let pollers = [
            poller("sepoll", 400, PollerState::Disabled),
            poller("epoll", 300, PollerState::Works),
            poller("poll", 200, PollerState::Failed),
        ];
        assert_eq!(
            poller_list(&pollers),
            "Available polling systems :\n    sepoll : pref=400, disabled, \n     \
             epoll : pref=300,  test result OK\n      poll : pref=200,  test result FAILED\n\
             Total: 3 (1 usable), will use epoll.\n"
        );
        assert!(details(&pollers).contains("bufsize = 16384, maxrewrite = 1024"));
        assert!(poller_list(&[]).ends_with("Total: 0 (0 usable).\n"));
    }

    #[test]
    fn features_are_sorted_by_name() {
        assert!(FEATURES.is_sorted_by_key(|(name, _)| *name));
    }
}

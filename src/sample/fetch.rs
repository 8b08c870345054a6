//! Fetches: where samples come from.
//!
//! One static table per layer, one entry per keyword; [`find`] looks a name up when the
//! configuration is read, evaluation calls the entry's function. A fetch never allocates and
//! never fails loudly: what is not there is [`Fetched::Missing`], what has not arrived yet
//! [`Fetched::NotYet`].

#![expect(
    clippy::ptr_arg,
    reason = "checks of arguments share one signature, and some replace what they look at"
)]

use super::arg::{Arg, ArgSpec};
use super::context::{Context, Cursor, Fetched};
use super::language::Language;
use super::value::Type;
use crate::config::suggest;

mod address;
mod auth;
mod body;
mod capture;
mod connection;
mod content;
mod cookie;
mod distcc;
mod header;
mod hello;
mod http;
mod internal;
mod state;
mod tcp_info;
mod tls;
mod url;

/// Finds a sample.
pub type FetchFn = for<'a> fn(&Context<'a>, &'a [Arg], &mut Cursor) -> Fetched<'a>;

/// Looks at the arguments of a fetch when they are read, and may replace them.
pub type CheckArgs = fn(&mut Language, &mut Vec<Arg>) -> Result<(), String>;

/// One keyword that fetches.
pub struct Fetch {
    /// Its name.
    pub name: &'static str,
    /// What stands between the parentheses.
    pub args: ArgSpec,
    /// The type of what it finds.
    pub output: Type,
    /// What must be there for it to find anything.
    pub needs: Needs,
    /// How it is written: `req.hdr([<name>[,<occ>]])`.
    pub usage: &'static str,
    /// What it returns, in one sentence.
    pub doc: &'static str,
    /// Checks and completes the arguments; most need nothing.
    pub check: Option<CheckArgs>,
    /// Finds the sample.
    pub run: FetchFn,
}

impl std::fmt::Debug for Fetch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Fetch {
    /// A fetch without arguments.
    const fn new(name: &'static str, output: Type, needs: Needs, run: FetchFn) -> Self {
        Self {
            name,
            args: ArgSpec::NONE,
            output,
            needs,
            usage: name,
            doc: "",
            check: None,
            run,
        }
    }

    /// What stands between its parentheses, and how the whole is written.
    const fn args(mut self, args: ArgSpec, usage: &'static str) -> Self {
        self.args = args;
        self.usage = usage;
        self
    }

    /// Looks at its arguments when they are read.
    const fn checked(mut self, check: CheckArgs) -> Self {
        self.check = Some(check);
        self
    }

    /// What it returns.
    const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}

/// What a fetch reads, and what is there where rules run: a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs(u16);

impl Needs {
    /// Nothing but the process.
    pub const NOTHING: Self = Self(0);
    /// The client's connection.
    pub const CLIENT: Self = Self(0x1);
    /// Bytes of the request.
    pub const REQUEST_BYTES: Self = Self(0x2);
    /// The head of the request.
    pub const REQUEST_HEAD: Self = Self(0x4);
    /// The body of the request.
    pub const REQUEST_BODY: Self = Self(0x8);
    /// The server's connection.
    pub const SERVER: Self = Self(0x10);
    /// Bytes of the response.
    pub const RESPONSE_BYTES: Self = Self(0x20);
    /// The head of the response.
    pub const RESPONSE_HEAD: Self = Self(0x40);
    /// The body of the response.
    pub const RESPONSE_BODY: Self = Self(0x80);
    /// A transaction whose request line was read once, though it may be gone.
    pub const TRANSACTION: Self = Self(0x100);

    /// The backend, once it was chosen.
    pub const BACKEND: Self = Self(0x200);
    /// The server, once it was chosen.
    pub const CHOSEN_SERVER: Self = Self(0x400);
    /// What the client's connection told in its handshakes.
    pub const HANDSHAKE: Self = Self(0x800);

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// True when one of them is in `available`: a fetch that reads several sources reads
    /// the one that is there.
    pub const fn is_met_by(self, available: Self) -> bool {
        self.0 == 0 || self.0 & available.0 != 0
    }

    /// What it needs, in words, for a message.
    pub const fn describe(self) -> &'static str {
        if self.0 & Self::RESPONSE_BODY.0 != 0 {
            "HTTP response body"
        } else if self.0 & Self::RESPONSE_HEAD.0 != 0 {
            "HTTP response headers"
        } else if self.0 & Self::RESPONSE_BYTES.0 != 0 {
            "response buffer"
        } else if self.0 & Self::SERVER.0 != 0 {
            "server-side connection"
        } else if self.0 & Self::CHOSEN_SERVER.0 != 0 {
            "server"
        } else if self.0 & Self::BACKEND.0 != 0 {
            "backend"
        } else if self.0 & Self::REQUEST_BODY.0 != 0 {
            "HTTP request body"
        } else if self.0 & Self::REQUEST_HEAD.0 != 0 {
            "HTTP request headers"
        } else if self.0 & Self::REQUEST_BYTES.0 != 0 {
            "request buffer"
        } else if self.0 & Self::TRANSACTION.0 != 0 {
            "HTTP request"
        } else {
            "client-side connection"
        }
    }
}

/// The fetch of this name.
pub fn find(name: &str) -> Option<&'static Fetch> {
    all().find(|fetch| fetch.name == name)
}

/// Every fetch there is.
pub fn all() -> impl Iterator<Item = &'static Fetch> {
    TABLES.iter().flat_map(|table| table.iter())
}

/// The fetch whose name is most like this one, for a message.
pub fn closest(name: &str) -> Option<&'static str> {
    suggest::closest(name, all().map(|fetch| fetch.name))
}

static TABLES: &[&[Fetch]] = &[
    address::FETCHES,
    auth::FETCHES,
    body::FETCHES,
    capture::FETCHES,
    connection::FETCHES,
    content::FETCHES,
    cookie::FETCHES,
    distcc::FETCHES,
    header::FETCHES,
    hello::FETCHES,
    http::FETCHES,
    internal::FETCHES,
    state::FETCHES,
    tcp_info::FETCHES,
    tls::FETCHES,
    url::FETCHES,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fetch_has_its_own_name_and_says_what_it_is() {
        let mut names: Vec<&str> = all().map(|fetch| fetch.name).collect();
        names.sort_unstable();
        assert!(names.is_sorted_by(|one, other| one < other), "a name twice");
        for fetch in all() {
            assert!(fetch.doc.ends_with('.'), "{}", fetch.name);
            assert!(fetch.usage.starts_with(fetch.name), "{}", fetch.name);
            let has_parentheses = fetch.usage.contains('(');
            assert_eq!(
                has_parentheses,
                !fetch.args.kinds.is_empty(),
                "{}",
                fetch.name
            );
        }
    }

    #[test]
    fn the_tables_are_sorted() {
        for table in TABLES {
            assert!(table.is_sorted_by_key(|fetch| fetch.name));
        }
    }
}

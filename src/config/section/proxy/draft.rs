//! A proxy section while its lines are read.
//!
//! The keyword handlers fill the [`Draft`] of the open section through a [`ProxyContext`];
//! `mod.rs` opens and closes drafts, `config::check` turns the closed ones into the model.
//! A `defaults` section is a draft too: a proxy starts as a copy of it.

use std::sync::Arc;

use super::order::StagesSeen;
use crate::config::diagnostic::{Diagnostic, Span};
use crate::config::keyword::Sections;
use crate::config::model::{
    AddressSpec, Bind, Capabilities, CheckSettings, Place, PortRule, Proxy, ProxyId, ProxyProtocol,
    RuleSet, Server, ServerId, Timeouts,
};
use crate::config::section::UnixDefaults;
use crate::http::errors::ErrorPage;
use crate::sample::arg::Late;
use crate::sample::language::Language;

/// What the handlers of one line work on.
#[derive(Debug)]
pub(crate) struct ProxyContext {
    /// The section.
    pub(crate) draft: Draft,
    /// Warnings of this line; the section's line function moves them to the report.
    pub(crate) warnings: Vec<Diagnostic>,
    /// `tune.bufsize` so far: the longest answer a file may hold.
    pub(crate) bufsize: usize,
    /// `unix-bind` so far.
    pub(crate) unix: UnixDefaults,
    /// Names and patterns that expressions share.
    pub(crate) language: Language,
}

/// The name of another proxy, resolved once all files are read.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    /// The name.
    pub(crate) name: String,
    /// Where it is used.
    pub(crate) span: Span,
}

/// A server with the words that messages about it underline.
#[derive(Clone, Debug)]
pub(crate) struct ServerDraft {
    /// What is known of it.
    pub(crate) server: Server,
    /// Its name on the line.
    pub(crate) span: Span,
    /// The value of `id`.
    pub(crate) id_span: Option<Span>,
}

/// A listening address with the words that messages about it underline.
#[derive(Clone, Debug)]
pub(crate) struct BindDraft {
    /// What is known of it.
    pub(crate) bind: Bind,
    /// The value of `id`.
    pub(crate) id_span: Option<Span>,
}

/// What one line says about error pages.
#[derive(Clone, Debug)]
pub(crate) enum ErrorPages {
    /// This page for a status.
    Page(u16, Arc<ErrorPage>),
    /// The pages of an `http-errors` section, which may follow further down.
    Import(ErrorImport),
    /// No page of its own for a status.
    Reset(u16),
}

/// `errorfiles`.
#[derive(Clone, Debug)]
pub(crate) struct ErrorImport {
    /// The section.
    pub(crate) section: Reference,
    /// The statuses to take; all of the section when there are none.
    pub(crate) statuses: Vec<u16>,
    /// A status that the section does not have is worth a warning.
    pub(crate) is_strict: bool,
}

/// Where formats stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FormatSpans {
    /// `error-log-format`.
    pub(crate) error: Option<Span>,
    /// `log-format-sd`.
    pub(crate) structured: Option<Span>,
    /// `unique-id-format`.
    pub(crate) unique_id: Option<Span>,
}

/// A rule's reference to a capture slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaptureId {
    /// Its number.
    pub(crate) slot: usize,
    /// The set of the rule.
    pub(crate) set: RuleSet,
    /// Where it stands.
    pub(crate) span: Span,
}

/// A section's settings so far.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Its kind.
    pub(crate) kind: Sections,
    /// Its name, or the line for an anonymous `defaults`.
    pub(crate) span: Span,
    /// The proxy to be; its binds and servers are still below.
    pub(crate) proxy: Proxy,
    /// `default_backend`.
    pub(crate) default_backend: Option<Reference>,
    /// `default-server`.
    pub(crate) default_server: Server,
    /// What was said about error pages, the later lines before the earlier ones in force.
    pub(crate) error_pages: Vec<ErrorPages>,
    /// `log global` was given.
    pub(crate) log_global: bool,
    /// The line that chose the log format.
    pub(crate) log_format_span: Option<Span>,
    /// The `cookie` line.
    pub(crate) cookie_span: Option<Span>,
    /// The `capture cookie` line.
    pub(crate) cookie_capture_span: Option<Span>,
    /// The lines that gave the other formats.
    pub(crate) format_spans: FormatSpans,
    /// Slots that rules name.
    pub(crate) capture_ids: Vec<CaptureId>,
    /// The value of `id`.
    pub(crate) id_span: Option<Span>,
    /// A line of it was refused: what seems missing may have been on that line.
    pub(crate) has_errors: bool,
    /// `option tcp-smart-accept` or its `no` form, if either was given.
    pub(crate) smart_accept: Option<bool>,
    /// `balance` was given.
    pub(crate) balance_given: bool,
    /// What `use_backend` lines name.
    pub(crate) used_backends: Vec<(Reference, Late<ProxyId>)>,
    /// What `use-server` lines name.
    pub(crate) used_servers: Vec<(Reference, Late<ServerId>)>,
    /// How many `block` rules stand before the others of their set.
    pub(crate) blocks: usize,
    /// Stages of rules that have a line in this section.
    pub(crate) stages_seen: StagesSeen,
    /// Timeouts as inherited, to tell a second line from a first.
    pub(crate) inherited_timeouts: Timeouts,
    /// Its listening addresses.
    pub(crate) binds: Vec<BindDraft>,
    /// Its servers.
    pub(crate) servers: Vec<ServerDraft>,
}

impl Draft {
    /// A section without any setting.
    pub(crate) fn new(kind: Sections, name: &str, span: Span) -> Self {
        let proxy = Proxy {
            retries: RETRIES_DEFAULT,
            redispatch_after: -1,
            ..Proxy::default()
        };
        let mut draft = Self {
            kind,
            span,
            proxy,
            default_backend: None,
            default_server: server_template(),
            error_pages: Vec::new(),
            log_global: false,
            log_format_span: None,
            cookie_span: None,
            cookie_capture_span: None,
            format_spans: FormatSpans::default(),
            capture_ids: Vec::new(),
            id_span: None,
            has_errors: false,
            smart_accept: None,
            balance_given: false,
            used_backends: Vec::new(),
            used_servers: Vec::new(),
            blocks: 0,
            stages_seen: StagesSeen::default(),
            inherited_timeouts: Timeouts::default(),
            binds: Vec::new(),
            servers: Vec::new(),
        };
        draft.become_section(kind, name, span);
        draft
    }

    /// A new section that starts with the settings of this one.
    pub(crate) fn heir(&self, kind: Sections, name: &str, span: Span) -> Self {
        let mut heir = self.clone();
        heir.become_section(kind, name, span);
        heir.inherited_timeouts = heir.proxy.timeouts;
        heir.stages_seen = StagesSeen::default();
        if !heir.proxy.capabilities.frontend && kind != Sections::DEFAULTS {
            heir.default_backend = None;
        }
        heir
    }

    /// What messages call it: `frontend`, `backend`, and `proxy` for a `listen`.
    pub(crate) fn type_name(&self) -> &'static str {
        type_name(self.proxy.capabilities)
    }

    /// True for a `defaults` section.
    pub(crate) fn is_defaults(&self) -> bool {
        self.kind == Sections::DEFAULTS
    }

    fn become_section(&mut self, kind: Sections, name: &str, span: Span) {
        self.kind = kind;
        self.span = span;
        self.proxy.name = name.to_owned();
        self.proxy.place = span.place();
        self.proxy.capabilities = Capabilities {
            frontend: kind.overlaps(Sections::FRONT),
            backend: kind.overlaps(Sections::BACK),
        };
    }
}

/// What messages call a proxy with these capabilities.
pub(crate) const fn type_name(capabilities: Capabilities) -> &'static str {
    match (capabilities.frontend, capabilities.backend) {
        (true, false) => "frontend",
        (false, true) => "backend",
        (true, true) | (false, false) => "proxy",
    }
}

/// A server as `default-server` begins (manual, "Server and default-server options").
fn server_template() -> Server {
    Server {
        proxy: ProxyId(0),
        name: String::new(),
        numeric_id: 0,
        address: AddressSpec::Ip(std::net::SocketAddr::from(([0, 0, 0, 0], 0))),
        port_rule: PortRule::Fixed,
        weight: 1,
        maxconn: 0,
        minconn: 0,
        maxqueue: 0,
        backup: false,
        disabled: false,
        check: false,
        check_settings: CheckSettings::default(),
        send_proxy: ProxyProtocol::None,
        source: None,
        tcp_fast_open: false,
        pool_max_conn: None,
        pool_purge_delay_ms: POOL_PURGE_DELAY_DEFAULT_MS,
        pool_low_conn: 0,
        cookie: None,
        place: Place::default(),
    }
}

/// `retries` when it is not given.
const RETRIES_DEFAULT: u32 = 3;

/// `pool-purge-delay` when it is not given.
const POOL_PURGE_DELAY_DEFAULT_MS: u32 = 5_000;

//! The rules that connections and messages run through, compiled when the file is read.
//!
//! One type for all rule sets: [`RuleSet`] says where a rule stands, [`Action`] what it does.
//! The actions are grouped by what carries them out (`session::rules`).

use std::sync::Arc;

use super::{LogLevel, Place, ProxyId, ServerId};
use crate::http::errors::ErrorPage;
use crate::sample::acl::Condition;
use crate::sample::arg::Late;
use crate::sample::expression::Expression;
use crate::sample::format::Format;
use crate::sample::language::PatternId;
use crate::sample::variables::Variable;

/// Where a rule stands, in the order in which a connection meets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleSet {
    /// `tcp-request connection`: right after the accept.
    TcpConnection,
    /// `tcp-request session`: once the PROXY header was read.
    TcpSession,
    /// `tcp-request content`: over the bytes that arrive.
    TcpContent,
    /// `http-request`, and before them `block`.
    HttpRequest,
    /// `reqrep` and its relatives.
    LegacyRequest,
    /// `redirect`.
    Redirect,
    /// `tcp-response content`.
    TcpResponse,
    /// `http-response`.
    HttpResponse,
    /// `rsprep` and its relatives.
    LegacyResponse,
    /// `http-after-response`: over answers of the proxy too.
    HttpAfterResponse,
}

impl RuleSet {
    /// How many there are.
    pub const COUNT: usize = 10;

    /// The words that begin a rule of this set.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TcpConnection => "tcp-request connection",
            Self::TcpSession => "tcp-request session",
            Self::TcpContent => "tcp-request content",
            Self::HttpRequest => "http-request",
            Self::LegacyRequest => "req",
            Self::Redirect => "redirect",
            Self::TcpResponse => "tcp-response content",
            Self::HttpResponse => "http-response",
            Self::LegacyResponse => "rsp",
            Self::HttpAfterResponse => "http-after-response",
        }
    }

    /// True for the sets that look at responses.
    pub const fn is_response(self) -> bool {
        matches!(
            self,
            Self::TcpResponse | Self::HttpResponse | Self::LegacyResponse | Self::HttpAfterResponse
        )
    }
}

/// The rules of one proxy, by set.
#[derive(Clone, Debug, Default)]
pub struct RuleLists {
    lists: [Vec<Rule>; RuleSet::COUNT],
}

impl RuleLists {
    /// The rules of a set, in order.
    pub fn of(&self, set: RuleSet) -> &[Rule] {
        &self.lists[set as usize]
    }

    /// The rules of a set, to be added to.
    pub const fn of_mut(&mut self, set: RuleSet) -> &mut Vec<Rule> {
        &mut self.lists[set as usize]
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its effect.
    pub action: Action,
    /// When it applies; always without.
    pub condition: Option<Condition>,
    /// The line that declared it.
    pub place: Place,
}

/// What a rule does.
#[derive(Clone, Debug)]
pub enum Action {
    /// Decides what becomes of the connection or message.
    Decide(Decision),
    /// Changes the head of the message.
    Edit(Edit),
    /// Sets something that belongs to the session.
    Set(Setting),
    /// Changes patterns or a map of this process.
    Patterns(PatternChange),
    /// Looks at every line of the head (`reqrep`, `rspdel` and their relatives).
    Lines(LineFilter),
}

/// What ends the walk over a set of rules.
#[derive(Clone, Debug)]
pub enum Decision {
    /// `allow`, `accept`: no further rule of the set is looked at.
    Allow,
    /// `deny`, `block`: answers with an error.
    Deny(Reply),
    /// `tarpit`: the same after `timeout tarpit`.
    Tarpit(Reply),
    /// `reject`: closes the connection.
    Reject,
    /// `silent-drop`: forgets the connection without telling the client.
    SilentDrop,
    /// `close`: closes the server's connection (`tcp-response content`).
    CloseServer,
    /// `return`: answers the request here.
    Return(Reply),
    /// `redirect`.
    Redirect(Redirect),
    /// `auth`: asks the client for a password.
    Auth {
        /// What the client is told it is for; the proxy's name without.
        realm: Option<Format>,
    },
}

/// A change of a message's head.
#[derive(Clone, Debug)]
pub enum Edit {
    /// `add-header`.
    AddHeader(Arc<[u8]>, Format),
    /// `set-header`.
    SetHeader(Arc<[u8]>, Format),
    /// `del-header`, with how its name is matched.
    DeleteHeader(NameMatch),
    /// `replace-header`: over the whole value.
    ReplaceHeader(Arc<[u8]>, Arc<regex::bytes::Regex>, Format),
    /// `replace-value`: over every element.
    ReplaceValue(Arc<[u8]>, Arc<regex::bytes::Regex>, Format),
    /// `set-method`.
    SetMethod(Format),
    /// `set-path`, `set-pathq`, `set-query`, `set-uri`.
    SetUri(UriPart, Format),
    /// `replace-path`, `replace-pathq`, `replace-uri`.
    ReplaceUri(UriPart, Arc<regex::bytes::Regex>, Format),
    /// `set-status`.
    SetStatus(u16, Option<Arc<[u8]>>),
}

/// A part of a request's URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriPart {
    /// All of it.
    Whole,
    /// The path without the query.
    Path,
    /// The path with the query.
    PathAndQuery,
    /// What stands behind the question mark.
    Query,
}

/// How `del-header` finds headers by name.
#[derive(Clone, Debug)]
pub enum NameMatch {
    /// The name in any case of letters.
    Str(Arc<[u8]>),
    /// Names that begin like this.
    Beg(Arc<[u8]>),
    /// Names that end like this.
    End(Arc<[u8]>),
    /// Names that hold this.
    Sub(Arc<[u8]>),
    /// Names that match.
    Reg(Arc<regex::bytes::Regex>),
}

/// Something that belongs to the session.
#[derive(Clone, Debug)]
pub enum Setting {
    /// `set-var(name) expression`.
    Variable(Variable, Expression),
    /// `set-var-fmt(name) format`.
    VariableFormat(Variable, Format),
    /// `unset-var(name)`.
    Unset(Variable),
    /// `set-src`, `set-src-port`, `set-dst`, `set-dst-port`.
    Address(AddressPart, Expression),
    /// `set-mark`: the mark of the client's packets.
    Mark(u32),
    /// `set-tos`: the type of service of the client's packets.
    TypeOfService(u8),
    /// `set-nice`.
    Nice(i16),
    /// `expect-proxy layer4`: a PROXY header precedes the client's bytes.
    ExpectProxy,
    /// `capture`, into this slot of the frontend.
    Capture(CaptureInto, Expression),
    /// `set-log-level`; `None` is `silent`.
    LogLevel(Option<LogLevel>),
}

/// A part of a client connection's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPart {
    /// The client's address.
    Source,
    /// The client's port.
    SourcePort,
    /// The address that the client connected to.
    Destination,
    /// The port that the client connected to.
    DestinationPort,
}

/// An old filter over the lines of a head, the start line included.
#[derive(Clone, Debug)]
pub struct LineFilter {
    /// What a line must match; nothing for a line that is added.
    pub regex: Option<Arc<regex::bytes::Regex>>,
    /// What becomes of it, or of the message.
    pub effect: LineEffect,
}

/// What an old filter does where it matches.
#[derive(Clone, Debug)]
pub enum LineEffect {
    /// `reqallow`: later filters that refuse are passed over.
    Allow,
    /// `reqdeny`, `rspdeny`.
    Deny,
    /// `reqtarpit`: what is then done.
    Tarpit(Box<Decision>),
    /// `reqpass`: nothing.
    Pass,
    /// `reqdel`, `rspdel`: the line goes, unless it is the start line.
    Delete,
    /// `reqrep`, `rsprep`: what matched becomes this, `\1` being the first group.
    Replace(Arc<[u8]>),
    /// `reqsetbe`: the request goes to this backend.
    Backend(Late<ProxyId>),
    /// `reqadd`, `rspadd`: this line, name and value, is added whatever the others are.
    Add(Arc<[u8]>, Arc<[u8]>),
}

/// Where a rule captures to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureInto {
    /// Position among the frontend's slots; frontends with fewer ignore the rule.
    pub slot: usize,
    /// Among those of responses.
    pub of_response: bool,
}

/// A change of a pattern list or map.
#[derive(Clone, Debug)]
pub enum PatternChange {
    /// `add-acl(file) key`.
    Add(PatternId, Format),
    /// `del-acl(file) key`, `del-map(file) key`.
    Delete(PatternId, Format),
    /// `set-map(file) key value`.
    SetMap(PatternId, Format, Format),
}

/// `redirect`: where to, and how.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// What the location is made of.
    pub target: RedirectTarget,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// `set-cookie`, as the header's value.
    pub set_cookie: Option<Arc<[u8]>>,
    /// `drop-query`.
    pub drop_query: bool,
    /// `append-slash`.
    pub append_slash: bool,
    /// `ignore-empty`: no redirect to an empty location.
    pub ignore_empty: bool,
}

/// What a redirect's location is made of.
#[derive(Clone, Debug)]
pub enum RedirectTarget {
    /// `location`: this.
    Location(Format),
    /// `prefix`: this, and the request's URI behind it.
    Prefix(Format),
    /// `scheme`: this, and the request's host and URI behind it.
    Scheme(Format),
}

/// Where a reply's body comes from.
#[derive(Clone, Debug)]
pub enum ReplyBody {
    /// None at all.
    Empty,
    /// These bytes (`string`, or `file` read at start).
    Bytes(Vec<u8>),
    /// Rendered for each answer (`lf-string`, `lf-file`).
    Format(Format),
}

/// A complete answer made by the proxy.
#[derive(Clone, Debug)]
pub struct Reply {
    /// `status`, 200 to 599.
    pub status: u16,
    /// `content-type`.
    pub content_type: Option<String>,
    /// `hdr` lines, name and value, that differ from answer to answer.
    pub headers: Vec<(String, Format)>,
    /// The body.
    pub body: ReplyBody,
    /// The head without its final empty line, and without Connection: made at load, except
    /// for what is rendered. Empty for an empty error file: the connection is closed without
    /// an answer.
    pub head: Vec<u8>,
    /// The error page of the status answers instead: the proxy's own or this one.
    pub page: ReplyPage,
}

/// Whether a reply is an error page.
#[derive(Clone, Debug)]
pub enum ReplyPage {
    /// No: head and body are here.
    Own,
    /// The page of the backend, the frontend, or the built-in one.
    Default,
    /// The page of an `http-errors` section, or an `errorfile`.
    Page(Arc<ErrorPage>),
}

/// `use_backend`.
#[derive(Clone, Debug)]
pub struct SwitchRule {
    /// The backend.
    pub target: SwitchTarget,
    /// When it applies; always without.
    pub condition: Option<Condition>,
    /// The line that declared it.
    pub place: Place,
}

/// Which backend a `use_backend` names.
#[derive(Clone, Debug)]
pub enum SwitchTarget {
    /// This one.
    Backend(Late<ProxyId>),
    /// The one of this name; without such a backend the rule is passed over.
    Format(Format),
}

/// What `force-persist` and `ignore-persist` say about persistence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Persist {
    /// Neither applies.
    #[default]
    Normal,
    /// `ignore-persist`: cookies count for nothing.
    Ignored,
    /// `force-persist`: even a server that is down is kept to.
    Forced,
}

/// One `ignore-persist` or `force-persist` line.
#[derive(Clone, Debug)]
pub struct PersistRule {
    /// What it decides.
    pub persist: Persist,
    /// When it applies.
    pub condition: Condition,
}

/// `use-server`.
#[derive(Clone, Debug)]
pub struct ServerRule {
    /// The server.
    pub target: ServerTarget,
    /// When it applies; always without.
    pub condition: Option<Condition>,
    /// The line that declared it.
    pub place: Place,
}

/// Which server a `use-server` names.
#[derive(Clone, Debug)]
pub enum ServerTarget {
    /// This one.
    Server(Late<ServerId>),
    /// The one of this name in the backend.
    Format(Format),
}

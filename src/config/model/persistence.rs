//! What a proxy says about persistence: which request goes back to which server.

/// How `cookie` treats the persistence cookie (manual, "cookie").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum CookieMode {
    /// It is read and left alone.
    #[default]
    Passive,
    /// `rewrite`: the server sets it, its value is replaced.
    Rewrite,
    /// `insert`: the proxy sets it.
    Insert,
    /// `prefix`: a cookie of the application carries the server's name before its value.
    Prefix,
}

/// `cookie <name> ...` of a backend.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct CookieSettings {
    /// The cookie's name.
    pub name: String,
    /// What is done with it.
    pub mode: CookieMode,
    /// `indirect`: servers see none of it, clients get none that they have.
    pub indirect: bool,
    /// `nocache`: a response that got a cookie is not to be cached.
    pub nocache: bool,
    /// `postonly`: only answers to POST get one.
    pub postonly: bool,
    /// `preserve`: one that the server sets stays.
    pub preserve: bool,
    /// `dynamic`: servers without a value get one made of their address.
    pub dynamic: bool,
    /// `maxidle` in seconds, 0 for none.
    pub maxidle_s: u32,
    /// `maxlife` in seconds, 0 for none.
    pub maxlife_s: u32,
    /// What follows the value when it is set: path, `domain`, `httponly`, `secure`, `attr`.
    pub attributes: String,
}

impl CookieSettings {
    /// True when the log tells about the cookie: always but in purely passive mode.
    pub fn is_logged(&self) -> bool {
        self.mode != CookieMode::Passive || self.indirect
    }
}

/// `capture cookie <name> len <length>` of a frontend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CookieCapture {
    /// What `name=value` begins with: the start of the name, or all of it with its `=`.
    pub prefix: String,
    /// Bytes of `name=value` kept.
    pub len: usize,
}

/// Where an application's session identifier stands in a URL (manual of 1.5, "appsession").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AppsessionMode {
    /// Behind a semicolon of the path.
    #[default]
    PathParameters,
    /// In the query string.
    QueryString,
}

/// `appsession <cookie> len <length> timeout <holdtime> ...` of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appsession {
    /// The application's cookie.
    pub name: String,
    /// Bytes of the value that tell sessions apart.
    pub len: usize,
    /// How long an unused session is remembered, in milliseconds.
    pub timeout_ms: u32,
    /// `request-learn`: unknown sessions are learned from requests too.
    pub request_learn: bool,
    /// `prefix`: the cookie's name begins with `name`; its rest and the value tell sessions
    /// apart.
    pub prefix: bool,
    /// Where in the URL it is looked for.
    pub mode: AppsessionMode,
}

//! The ways of comparing (`-m`) and the flags that go with them.
//!
//! Called by the parsers of ACLs and map converters, and by the builder of a list.

/// How values are matched (manual, 7.1: `-m`, or the suffix of a keyword).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchMethod {
    /// There is a value, whatever it is.
    Found,
    /// The value is true, or a number other than 0.
    Bool,
    /// The value is in a range of integers.
    Int,
    /// The address is in a network.
    Ip,
    /// The bytes equal those that the pattern spells in hexadecimal.
    Bin,
    /// The length of the value, in bytes, is in a range.
    Len,
    /// The value equals the pattern.
    Str,
    /// The value begins with the pattern.
    Beg,
    /// The pattern is somewhere in the value.
    Sub,
    /// The pattern is a part between slashes.
    Dir,
    /// The pattern is a part between dots, colons, slashes and question marks.
    Dom,
    /// The value ends with the pattern.
    End,
    /// The regular expression matches.
    Reg,
}

impl MatchMethod {
    /// All methods, in the order of the manual.
    pub const ALL: [Self; 13] = [
        Self::Found,
        Self::Bool,
        Self::Int,
        Self::Ip,
        Self::Bin,
        Self::Len,
        Self::Str,
        Self::Beg,
        Self::Sub,
        Self::Dir,
        Self::Dom,
        Self::End,
        Self::Reg,
    ];

    /// The name after `-m`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Ip => "ip",
            Self::Bin => "bin",
            Self::Len => "len",
            Self::Str => "str",
            Self::Beg => "beg",
            Self::Sub => "sub",
            Self::Dir => "dir",
            Self::Dom => "dom",
            Self::End => "end",
            Self::Reg => "reg",
        }
    }

    /// The method of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// What holds for every pattern of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    /// How values are matched.
    pub method: MatchMethod,
    /// ASCII letters match whatever their case (`-i`).
    pub ignore_case: bool,
    /// Host names among addresses are refused instead of resolved (`-n`).
    pub no_dns: bool,
    /// Integers may be versions such as `3.1` (manual, 7.1.2: `req.ssl_ver`).
    pub dotted: bool,
}

impl Options {
    /// A method with no flag.
    #[must_use]
    pub const fn new(method: MatchMethod) -> Self {
        Self {
            method,
            ignore_case: false,
            no_dns: false,
            dotted: false,
        }
    }
}

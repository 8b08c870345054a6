//! Patterns by plain comparison: a placeholder of this branch, replaced before it is merged.

use bumpalo::Bump;
use std::net::IpAddr;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MatchMethod {
    Found,
    Bool,
    Int,
    Ip,
    Bin,
    Len,
    Str,
    Beg,
    Sub,
    Dir,
    Dom,
    End,
    Reg,
}
impl MatchMethod {
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
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.name() == name)
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Options {
    pub method: MatchMethod,
    pub ignore_case: bool,
    pub no_dns: bool,
    pub dotted: bool,
}
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    Bytes(&'a [u8]),
    Int(i64),
    Ip(IpAddr),
    Bool(bool),
}
#[derive(Debug)]
pub struct PatternList {
    options: Options,
    items: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}
pub struct Builder(PatternList);
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    pub value: Option<&'a [u8]>,
}
impl PatternList {
    pub fn builder(options: Options) -> Builder {
        Builder(Self {
            options,
            items: Vec::new(),
        })
    }
    fn find(&self, input: Input<'_>) -> Option<Hit<'_>> {
        if self.options.method == MatchMethod::Found {
            return Some(Hit { value: None });
        }
        if let Input::Bool(b) = input
            && self.items.is_empty()
        {
            return b.then_some(Hit { value: None });
        }
        self.items
            .iter()
            .find(|(p, _)| {
                let s = String::from_utf8_lossy(p);
                match input {
                    Input::Int(i) => s.parse() == Ok(i),
                    Input::Ip(ip) => s.parse() == Ok(ip),
                    Input::Bool(b) => b,
                    Input::Bytes(b) => match self.options.method {
                        MatchMethod::Beg => b.starts_with(p),
                        MatchMethod::End => b.ends_with(p),
                        MatchMethod::Sub => memchr::memmem::find(b, p).is_some(),
                        MatchMethod::Reg => {
                            regex::bytes::Regex::new(&s).is_ok_and(|r| r.is_match(b))
                        }
                        _ => {
                            if self.options.ignore_case {
                                b.eq_ignore_ascii_case(p)
                            } else {
                                b == p.as_slice()
                            }
                        }
                    },
                }
            })
            .map(|(_, v)| Hit {
                value: v.as_deref(),
            })
    }
}
impl Builder {
    pub fn add(&mut self, p: &[u8], v: Option<&[u8]>, _line: u32) -> Result<(), std::fmt::Error> {
        self.0.items.push((p.to_vec(), v.map(<[u8]>::to_vec)));
        Ok(())
    }
    pub fn finish(self) -> PatternList {
        self.0
    }
}
pub fn add_file(b: &mut Builder, file: &str, _is_map: bool) -> Result<(), std::io::Error> {
    for l in std::fs::read_to_string(file)?.lines() {
        let _ = b.add(l.as_bytes(), None, 0);
    }
    Ok(())
}
#[derive(Debug)]
pub struct LivePatterns {
    base: Arc<PatternList>,
}
impl LivePatterns {
    pub fn new(base: Arc<PatternList>) -> Self {
        Self { base }
    }
    pub fn lookup<'a>(&'a self, input: Input<'_>, _arena: &'a Bump) -> Option<Hit<'a>> {
        self.base.find(input)
    }
    pub fn add(&mut self, _k: &[u8], _v: Option<&[u8]>) {}
    pub fn delete(&mut self, _k: &[u8]) {}
    pub fn set(&mut self, _k: &[u8], _v: &[u8]) {}
}

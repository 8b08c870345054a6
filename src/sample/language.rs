//! What expressions, ACLs and formats share while a configuration is read: names of
//! variables, pattern lists, and references to what may be declared further down.
//!
//! One [`Language`] accompanies the reading of all files; `config::check` resolves what is
//! left open, and what evaluation needs of it goes into the configuration.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::acl::Acl;
use super::arg::Late;
use super::pattern::{Options, PatternList};
use super::variables::{Scope, Variable};
use crate::config::diagnostic::Span;
use crate::config::environment::Environment;
use crate::config::model::{ProxyId, ServerId};

/// A list of patterns: position in the configuration's table of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PatternId(pub u32);

impl PatternId {
    /// Position in the table.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A list of patterns as the configuration holds it: shared by all who name its file.
#[derive(Clone, Debug)]
pub struct PatternSource {
    /// The file, or empty for patterns written on a line.
    pub file: String,
    /// `-u`: the number that commands know it by.
    pub number: Option<u32>,
    /// What was loaded.
    pub list: Arc<PatternList>,
}

/// A reference that waits for the end of reading.
#[derive(Clone, Debug)]
pub(crate) struct Open<T> {
    /// The name it goes by; empty for the current proxy.
    pub(crate) name: String,
    /// Where it stands.
    pub(crate) span: Span,
    /// What to fill in.
    pub(crate) target: Late<T>,
}

/// What is shared while files are read.
#[derive(Clone, Debug, Default)]
pub struct Language {
    /// All pattern lists.
    pub patterns: Vec<PatternSource>,
    /// Those that come from files.
    files: HashMap<(String, Options, bool), PatternId>,
    /// Names of variables, by number.
    pub variables: Vec<String>,
    /// Named ACLs of the section that is open.
    pub acls: HashMap<String, Arc<Acl>>,
    /// Open references to frontends and backends, with true for a backend.
    pub(crate) proxies: Vec<(Open<ProxyId>, bool)>,
    /// Open references to servers, `backend/server` or `server`, with the section's name.
    pub(crate) servers: Vec<(Open<ServerId>, String)>,
    /// Open references to userlists.
    pub(crate) userlists: Vec<Open<usize>>,
    /// Name of the proxy whose section is open.
    pub(crate) here: String,
    /// The environment as the open section sees it.
    pub(crate) environment: Environment,
    /// Memory bound of values made by converters.
    pub bufsize: usize,
}

impl Language {
    /// A new section: its own ACLs.
    pub(crate) fn open_section(&mut self, name: &str) {
        self.acls.clear();
        name.clone_into(&mut self.here);
    }

    /// The number of a variable's name; the variable becomes known.
    ///
    /// # Errors
    /// No scope, or a character that names do not have.
    pub fn variable(&mut self, text: &str) -> Result<Variable, String> {
        let (scope, name) = text.split_once('.').unwrap_or_default();
        let scope = match scope {
            "proc" => Scope::Process,
            "sess" => Scope::Session,
            "txn" => Scope::Transaction,
            "req" => Scope::Request,
            "res" => Scope::Response,
            _ => {
                return Err(format!(
                    "invalid variable name '{text}': it begins with a scope, one of 'proc.', \
                     'sess.', 'txn.', 'req.' and 'res.'"
                ));
            }
        };
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
        if name.is_empty() || !name.bytes().all(is_name) {
            return Err(format!(
                "invalid variable name at '{name}': letters, digits, '_' and '.' are allowed"
            ));
        }
        let known = self.variables.iter().position(|known| known == name);
        let number = known.unwrap_or_else(|| {
            self.variables.push(name.to_owned());
            self.variables.len() - 1
        });
        Ok(Variable {
            scope,
            name: u32::try_from(number).unwrap_or(u32::MAX),
        })
    }

    /// Takes a pattern list into the table.
    pub fn add_patterns(&mut self, source: PatternSource) -> PatternId {
        self.patterns.push(source);
        PatternId(u32::try_from(self.patterns.len() - 1).unwrap_or(u32::MAX))
    }

    /// The patterns of a file, loaded once for all who match them the same way.
    ///
    /// # Errors
    /// Why the file cannot be read, or which line is wrong.
    pub fn load_patterns(
        &mut self,
        file: &str,
        options: Options,
        is_map: bool,
        number: Option<u32>,
    ) -> Result<PatternId, String> {
        let key = (file.to_owned(), options, is_map);
        if let Some(&present) = self.files.get(&key) {
            return Ok(present);
        }
        let mut builder = PatternList::builder(options);
        builder
            .add_file(Path::new(file), is_map)
            .map_err(|error| error.to_string())?;
        let id = self.add_patterns(PatternSource {
            file: file.to_owned(),
            number,
            list: Arc::new(builder.finish().map_err(|error| error.to_string())?),
        });
        self.files.insert(key, id);
        Ok(id)
    }

    /// A proxy by its name, which may be declared later.
    pub(crate) fn late_proxy(&mut self, name: &str, is_backend: bool, span: Span) -> Late<ProxyId> {
        let target = Late::new();
        let open = Open {
            name: name.to_owned(),
            span,
            target: target.clone(),
        };
        self.proxies.push((open, is_backend));
        target
    }

    /// A server by its name, `backend/server` or `server` of the open section.
    pub(crate) fn late_server(&mut self, name: &str, span: Span) -> Late<ServerId> {
        let target = Late::new();
        let open = Open {
            name: name.to_owned(),
            span,
            target: target.clone(),
        };
        self.servers.push((open, self.here.clone()));
        target
    }

    /// A userlist by its name.
    pub(crate) fn late_userlist(&mut self, name: &str, span: Span) -> Late<usize> {
        let target = Late::new();
        self.userlists.push(Open {
            name: name.to_owned(),
            span,
            target: target.clone(),
        });
        target
    }
}

//! The environment variables a configuration sees: a snapshot, so that tests and `setenv`
//! never touch the process's own.
//!
//! The loader owns one; `token` expands `"$NAME"` from it, `condition` asks `defined()`.

use std::collections::BTreeMap;

/// Variables by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    variables: BTreeMap<String, Vec<u8>>,
}

impl Environment {
    /// What the process was started with. Names that are not UTF-8 cannot be written in a
    /// configuration and are left out.
    pub fn of_process() -> Self {
        use std::os::unix::ffi::OsStringExt;
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_vec())))
            .collect();
        Self { variables }
    }

    /// The value of a variable; `None` when it does not exist.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.variables.get(name).map(Vec::as_slice)
    }

    /// Creates or replaces a variable.
    pub fn set(&mut self, name: &str, value: &[u8]) {
        self.variables.insert(name.to_owned(), value.to_vec());
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Keeps only the named variables (`resetenv`).
    pub fn retain(&mut self, names: &[&str]) {
        self.variables
            .retain(|name, _| names.contains(&name.as_str()));
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(pairs: [(&str, &str); N]) -> Self {
        let mut environment = Self::default();
        for (name, value) in pairs {
            environment.set(name, value.as_bytes());
        }
        environment
    }
}

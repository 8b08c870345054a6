//! The named variables of formats, `%ci` to `%Ts`: one table.

use super::encode::Flags;
use crate::sample::context::Context;

/// One variable.
pub struct Alias {
    /// Its name, without the percent sign.
    pub name: &'static str,
    /// What it shows, in a few words.
    pub doc: &'static str,
    /// Its text; `None` when it has none.
    pub run: for<'a> fn(&Context<'a>, Flags) -> Option<&'a [u8]>,
}

impl std::fmt::Debug for Alias {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// The variable of this name.
pub(super) fn find(name: &str) -> Option<&'static Alias> {
    ALIASES.iter().find(|alias| alias.name == name)
}

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Alias> {
    ALIASES.iter()
}

static ALIASES: &[Alias] = &[];

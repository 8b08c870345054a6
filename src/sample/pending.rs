//! Variables that an expression sets on its way (`set-var` and `unset-var` as converters).
//!
//! Evaluation changes nothing: the converters note here what is to be set, whoever evaluated
//! takes it over by `Session::settle_variables` when the expression's values are not in use
//! any more. Until then [`value_of`] lets reads of the same session see what is noted.
//! Invariants: what is noted belongs to one session, notes of another one replace it, so
//! that nothing reaches a stranger; a variable is noted once; memory is kept and used again.

use std::cell::Cell;

use bumpalo::Bump;

use super::context::Context;
use super::value::Sample;
use super::variables::{Scope, Variable, Variables};

/// What is to be set, in the process.
#[derive(Default)]
pub struct Pending {
    notes: Cell<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// The session, by its key; none for what no connection carries.
    owner: Option<u64>,
    /// What is noted, each variable once.
    changed: Vec<Variable>,
    /// The new values by position in `changed`; a variable without one is to be unset.
    values: Variables,
}

impl Pending {
    /// True when nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.with(|notes| notes.changed.is_empty())
    }

    /// Notes the new value of a variable, or that it is to be unset.
    pub fn note(&self, owner: Option<u64>, variable: Variable, sample: Option<Sample<'_>>) {
        self.with(|notes| notes.note(owner, variable, sample));
    }

    /// What is noted about a variable: `None` for nothing, else its value, if it has one.
    pub fn value<'a>(
        &self,
        owner: Option<u64>,
        variable: Variable,
        arena: &'a Bump,
    ) -> Option<Option<Sample<'a>>> {
        self.with(|notes| {
            let place = notes.place(owner, variable)?;
            Some(notes.values.get(place, arena))
        })
    }

    /// Takes all notes of a session out, in their order; those of another are forgotten.
    pub fn take<'a>(
        &self,
        owner: u64,
        arena: &'a Bump,
    ) -> bumpalo::collections::Vec<'a, (Variable, Option<Sample<'a>>)> {
        let mut taken = bumpalo::collections::Vec::new_in(arena);
        self.with(|notes| {
            if notes.owner == Some(owner) {
                let numbered = (0..).zip(&notes.changed);
                taken.extend(
                    numbered.map(|(at, variable)| (*variable, notes.values.get(at, arena))),
                );
            }
            notes.clear();
        });
        taken
    }

    fn with<R>(&self, work: impl FnOnce(&mut Notes) -> R) -> R {
        let mut notes = self.notes.take();
        let result = work(&mut notes);
        self.notes.set(notes);
        result
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.with(|notes| notes.fmt(f))
    }
}

impl Notes {
    fn note(&mut self, owner: Option<u64>, variable: Variable, sample: Option<Sample<'_>>) {
        if self.owner != owner {
            self.clear();
            self.owner = owner;
        }
        let place = self.place(owner, variable).unwrap_or_else(|| {
            self.changed.push(variable);
            u32::try_from(self.changed.len() - 1).unwrap_or(u32::MAX)
        });
        match sample {
            None => self.values.unset(place),
            // A store without a bound takes everything.
            Some(sample) => _ = self.values.set(place, sample, 0),
        }
    }

    fn place(&self, owner: Option<u64>, variable: Variable) -> Option<u32> {
        let mut changed = self.changed.iter();
        let found = changed.position(|known| *known == variable && self.owner == owner)?;
        u32::try_from(found).ok()
    }

    fn clear(&mut self) {
        self.owner = None;
        self.changed.clear();
        self.values.clear();
    }
}

/// The value of a variable as the expression that is evaluated sees it.
pub fn value_of<'a>(context: &Context<'a>, variable: Variable) -> Option<Sample<'a>> {
    let noted = context
        .core
        .pending
        .value(owner_of(context), variable, context.arena);
    match noted {
        Some(value) => value,
        None => store_of(context, variable.scope)?.get(variable.name, context.arena),
    }
}

/// True when the variable has or had a value; those of the process always exist.
pub fn exists(context: &Context<'_>, variable: Variable) -> bool {
    let owner = owner_of(context);
    let noted = context.core.pending.value(owner, variable, context.arena);
    variable.scope == Scope::Process
        || noted.is_some()
        || store_of(context, variable.scope).is_some_and(|store| store.knows(variable.name))
}

/// Notes the new value of a variable, or that it is to be unset.
pub fn note(context: &Context<'_>, variable: Variable, sample: Option<Sample<'_>>) {
    let owner = owner_of(context);
    context.core.pending.note(owner, variable, sample);
}

fn owner_of(context: &Context<'_>) -> Option<u64> {
    context.session.map(|session| session.owner)
}

/// Where the variables of a scope are kept.
fn store_of<'a>(context: &Context<'a>, scope: Scope) -> Option<&'a Variables> {
    match scope {
        Scope::Process => Some(&context.core.variables),
        scope => context.session?.variables(scope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Variable = Variable {
        scope: Scope::Transaction,
        name: 3,
    };
    const SECOND: Variable = Variable {
        scope: Scope::Session,
        name: 3,
    };

    #[test]
    fn notes_are_seen_by_their_session_and_taken_once() {
        let arena = Bump::new();
        let pending = Pending::default();
        pending.note(Some(1), FIRST, Some(Sample::Str(b"one")));
        pending.note(Some(1), SECOND, Some(Sample::Int(2)));
        pending.note(Some(1), FIRST, Some(Sample::Str(b"two")));
        pending.note(Some(1), SECOND, None);
        let seen = pending.value(Some(1), FIRST, &arena);
        assert_eq!(seen, Some(Some(Sample::Str(b"two"))));
        assert_eq!(pending.value(Some(1), SECOND, &arena), Some(None));
        assert_eq!(pending.value(Some(2), FIRST, &arena), None);
        let taken = pending.take(1, &arena);
        let wanted = [(FIRST, Some(Sample::Str(&b"two"[..]))), (SECOND, None)];
        assert_eq!(taken.as_slice(), wanted);
        assert!(pending.is_empty() && pending.take(1, &arena).is_empty());
    }

    #[test]
    fn notes_never_reach_another_session() {
        let arena = Bump::new();
        let pending = Pending::default();
        pending.note(Some(1), FIRST, Some(Sample::Int(1)));
        assert!(pending.take(2, &arena).is_empty());
        pending.note(Some(1), FIRST, Some(Sample::Int(1)));
        pending.note(Some(2), SECOND, Some(Sample::Int(2)));
        let taken = pending.take(2, &arena);
        assert_eq!(taken.as_slice(), [(SECOND, Some(Sample::Int(2)))]);
    }
}

//! Variables: `proc.`, `sess.`, `txn.`, `req.` and `res.`, set by rules and read by
//! expressions (manual, section 2.8).
//!
//! Names become numbers when the configuration is read. A [`Variables`] store lives with
//! what its scope is bound to: the process, the session, the transaction. It keeps the
//! memory of what it held, so that setting the same variables for every request allocates
//! nothing. Sizes are accounted like HAProxy's `tune.vars.*-max-size`.

use std::net::{Ipv4Addr, Ipv6Addr};

use bumpalo::Bump;

use super::value::Sample;

/// How long a variable lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `proc`: as long as the process.
    Process,
    /// `sess`: as long as the client's connection.
    Session,
    /// `txn`: for a request and its response.
    Transaction,
    /// `req`: while the request is processed.
    Request,
    /// `res`: while the response is processed.
    Response,
}

/// A variable as expressions name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// How long it lives.
    pub scope: Scope,
    /// The number of its name.
    pub name: u32,
}

/// The variables of one scope.
#[derive(Debug, Default)]
pub struct Variables {
    /// Slots in use come first.
    slots: Vec<Slot>,
    used: usize,
    size: usize,
}

#[derive(Debug)]
struct Slot {
    name: u32,
    value: Value,
    /// The bytes of a value that is made of bytes; kept for the next one.
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum Value {
    Unset,
    Bool(bool),
    Int(i64),
    Ip4(Ipv4Addr),
    Ip6(Ipv6Addr),
    Str,
    Bin,
    Method,
}

/// A value that the scope's memory limit does not admit (`tune.vars.*-max-size`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRoom;

impl Variables {
    /// An empty store.
    pub const fn new() -> Self {
        Self {
            slots: Vec::new(),
            used: 0,
            size: 0,
        }
    }

    /// Bytes that it accounts for.
    pub const fn size(&self) -> usize {
        self.size
    }

    /// The value of a variable, in the arena where it is made of bytes: rules may set the
    /// variable again while its former value is in use.
    pub fn get<'a>(&self, name: u32, arena: &'a Bump) -> Option<Sample<'a>> {
        let slot = self.live().iter().find(|slot| slot.name == name)?;
        let bytes = || &*arena.alloc_slice_copy(&slot.bytes);
        match slot.value {
            Value::Unset => None,
            Value::Bool(value) => Some(Sample::Bool(value)),
            Value::Int(number) => Some(Sample::Int(number)),
            Value::Ip4(address) => Some(Sample::Ip4(address)),
            Value::Ip6(address) => Some(Sample::Ip6(address)),
            Value::Str => Some(Sample::Str(bytes())),
            Value::Bin => Some(Sample::Bin(bytes())),
            Value::Method => Some(Sample::Method(bytes())),
        }
    }

    /// True when the variable has a value.
    pub fn is_set(&self, name: u32) -> bool {
        let found = self.live().iter().find(|slot| slot.name == name);
        found.is_some_and(|slot| !matches!(slot.value, Value::Unset))
    }

    /// True when the variable has a value, or had one until it was unset.
    pub fn knows(&self, name: u32) -> bool {
        self.live().iter().any(|slot| slot.name == name)
    }

    /// Sets a variable; `size_max` bounds the store, 0 for no bound.
    ///
    /// # Errors
    /// [`NoRoom`]; the variable is then unset.
    pub fn set(&mut self, name: u32, sample: Sample<'_>, size_max: usize) -> Result<(), NoRoom> {
        self.unset(name);
        let cost = OVERHEAD + sample.raw().map_or(0, <[u8]>::len);
        if size_max > 0 && self.size + cost > size_max {
            return Err(NoRoom);
        }
        self.size += cost;
        let slot = self.slot(name);
        slot.bytes
            .extend_from_slice(sample.raw().unwrap_or_default());
        slot.value = match sample {
            Sample::Bool(value) => Value::Bool(value),
            Sample::Int(number) => Value::Int(number),
            Sample::Ip4(address) => Value::Ip4(address),
            Sample::Ip6(address) => Value::Ip6(address),
            Sample::Str(_) => Value::Str,
            Sample::Bin(_) => Value::Bin,
            Sample::Method(_) => Value::Method,
        };
        Ok(())
    }

    /// Takes a variable's value away.
    pub fn unset(&mut self, name: u32) {
        let used = self.used;
        let found = self
            .slots
            .iter_mut()
            .take(used)
            .find(|slot| slot.name == name);
        if let Some(slot) = found
            && !matches!(slot.value, Value::Unset)
        {
            self.size = self.size.saturating_sub(OVERHEAD + slot.bytes.len());
            slot.value = Value::Unset;
            slot.bytes.clear();
        }
    }

    /// Forgets all variables and keeps their memory.
    pub fn clear(&mut self) {
        self.used = 0;
        self.size = 0;
    }

    fn live(&self) -> &[Slot] {
        self.slots.get(..self.used).unwrap_or_default()
    }

    /// The slot of a name: the present one, a spare one, or a new one.
    fn slot(&mut self, name: u32) -> &mut Slot {
        let present = self.live().iter().position(|slot| slot.name == name);
        let index = present.unwrap_or_else(|| {
            if self.used == self.slots.len() {
                self.slots.push(Slot {
                    name,
                    value: Value::Unset,
                    bytes: Vec::new(),
                });
            }
            self.used += 1;
            self.used - 1
        });
        let slot = &mut self.slots[index];
        slot.name = name;
        slot.bytes.clear();
        slot
    }
}

/// What a variable costs besides its bytes, as accounted.
const OVERHEAD: usize = 56;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_read_as_it_was_set() {
        let arena = Bump::new();
        let mut variables = Variables::new();
        variables.set(3, Sample::Str(b"one"), 0).unwrap();
        variables.set(5, Sample::Int(-4), 0).unwrap();
        variables.set(3, Sample::Str(b"two"), 0).unwrap();
        assert_eq!(variables.get(3, &arena), Some(Sample::Str(b"two")));
        assert_eq!(variables.get(5, &arena), Some(Sample::Int(-4)));
        assert_eq!(variables.get(4, &arena), None);
        variables.unset(5);
        assert!(!variables.is_set(5));
        variables.clear();
        assert_eq!(variables.get(3, &arena), None);
        assert_eq!(variables.size(), 0);
    }

    #[test]
    fn a_full_store_takes_nothing_more() {
        let mut variables = Variables::new();
        variables.set(1, Sample::Str(&[b'x'; 100]), 200).unwrap();
        assert_eq!(variables.set(2, Sample::Str(b"y"), 200), Err(NoRoom));
        assert_eq!(
            variables.set(1, Sample::Str(&[b'x'; 300]), 200),
            Err(NoRoom)
        );
        assert!(!variables.is_set(1));
    }
}

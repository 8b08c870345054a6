//! Lists of users who may log in: section `userlist`.
//!
//! Filled by the section's handlers, read by [`crate::http::auth`].
//! Invariant: a bit of a user's groups is the position of the group in its list.

use super::Place;
use std::fmt;

/// A section `userlist`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Userlist {
    /// Its name; no two lists share one.
    pub name: String,
    /// Where it begins.
    pub place: Place,
    /// Names of the groups, in order of declaration.
    pub groups: Vec<String>,
    /// The users, in order of declaration.
    pub users: Vec<User>,
}

impl Userlist {
    /// The user with this name, compared byte by byte.
    pub fn user(&self, name: &[u8]) -> Option<&User> {
        self.users.iter().find(|user| user.name.as_bytes() == name)
    }

    /// The position of a group.
    pub fn group(&self, name: &[u8]) -> Option<usize> {
        self.groups
            .iter()
            .position(|group| group.as_bytes() == name)
    }

    /// The names of a user's groups, in the order of the list.
    pub fn groups_of<'a>(&'a self, user: &'a User) -> impl Iterator<Item = &'a str> {
        let named = self.groups.iter().enumerate();
        named
            .filter(|(index, _)| user.groups.contains(*index))
            .map(|(_, name)| name.as_str())
    }
}

/// One `user` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// What it logs in with.
    pub password: Password,
    /// The groups it belongs to.
    pub groups: GroupSet,
}

/// What a password is compared with.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// None was given: nobody logs in under this name.
    Absent,
    /// `insecure-password`: as it is.
    Plain(Vec<u8>),
    /// `password`: as crypt(3) writes it.
    Hashed(String),
}

impl fmt::Debug for Password {
    /// Says which kind it is: dumps are no place for passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Plain(_) => "Plain",
            Self::Hashed(_) => "Hashed",
        })
    }
}

/// A set of groups of one list, by position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupSet(Vec<u64>);

impl GroupSet {
    /// Adds a group.
    pub fn insert(&mut self, group: usize) {
        let (word, bit) = (group / 64, group % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(word) {
            *bits |= 1 << bit;
        }
    }

    /// Whether a group is in the set.
    pub fn contains(&self, group: usize) -> bool {
        let bits = self.0.get(group / 64).copied().unwrap_or(0);
        bits >> (group % 64) & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_groups_beyond_the_first_word() {
        let mut set = GroupSet::default();
        set.insert(0);
        set.insert(130);
        assert!(set.contains(0) && set.contains(130));
        assert!(!set.contains(2) && !set.contains(129) && !set.contains(500));
    }

    #[test]
    fn a_dump_keeps_passwords_to_itself() {
        let text = format!("{:?}", Password::Plain(b"secret".to_vec()));
        assert_eq!(text, "Plain");
    }
}

//! Small bit sets with named members, one type per object that carries flags.

/// Declares a bit-set type over an integer with documented members.
macro_rules! flag_set {
    ($(#[$doc:meta])* $name:ident : $bits:ty {
        $($(#[$member_doc:meta])* $member:ident = $value:expr;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name($bits);

        #[allow(dead_code, reason = "every set offers the same small interface")]
        impl $name {
            $($(#[$member_doc])* pub const $member: Self = Self($value);)*

            /// No member.
            pub const EMPTY: Self = Self(0);

            /// The bits, for dumps.
            pub const fn bits(self) -> $bits {
                self.0
            }

            /// True when no member is in the set.
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }

            /// True when any member of `other` is in the set.
            pub const fn any(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// True when every member of `other` is in the set.
            pub const fn all(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Adds members.
            pub const fn insert(&mut self, other: Self) {
                self.0 |= other.0;
            }

            /// Takes members out.
            pub const fn remove(&mut self, other: Self) {
                self.0 &= !other.0;
            }

            /// Adds or takes out members.
            pub const fn set(&mut self, other: Self, on: bool) {
                if on {
                    self.insert(other);
                    return;
                }
                self.remove(other);
            }

            /// The members of both sets.
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The members common to both sets.
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({:#x})", stringify!($name), self.0)
            }
        }
    };
}

pub(crate) use flag_set;

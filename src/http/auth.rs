//! Who a request says it is from: `Authorization` headers, and passwords against a userlist.
//!
//! Owns the parsing of the schemes Basic (RFC 7617) and Bearer (RFC 6750), and a process's
//! memory of passwords verified lately: hashes are slow on purpose, and browsers send their
//! password with every request. Called by the fetches `http_auth`, `http_auth_group`,
//! `http_auth_user`, `http_auth_pass`, `http_auth_bearer` and by the statistics page.
//! Invariant: the memory holds keyed digests only, never a password, and never grows.

use crate::config::model::{Password, User, Userlist};
use crate::sample::compute::digest::{self, Algorithm};
use crate::sample::compute::encode::{base64_decode, base64_decode_slice};
use crate::sys::random;
use bumpalo::Bump;
use std::io;

/// User and password of a Basic header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// What stands before the first colon.
    pub user: &'a [u8],
    /// What stands after it.
    pub password: &'a [u8],
}

/// Reads an `Authorization` value of the scheme Basic. `decoded` takes what it encodes and
/// loses what it held; the answer lies in it. `None` for another scheme, for bad base64 and
/// without a colon.
pub fn parse_basic<'a>(value: &[u8], decoded: &'a mut Vec<u8>) -> Option<Credentials<'a>> {
    decoded.clear();
    if !base64_decode(after_scheme(value, b"Basic")?, decoded) {
        return None;
    }
    split_pair(decoded)
}

/// [`parse_basic`] that decodes into the memory of one evaluation.
pub fn basic_in<'a>(value: &[u8], arena: &'a Bump) -> Option<Credentials<'a>> {
    let encoded = after_scheme(value, b"Basic")?;
    let room = arena.alloc_slice_fill_copy(encoded.len().saturating_add(3), 0);
    let len = base64_decode_slice(encoded, room)?;
    split_pair(room.get(..len)?)
}

fn split_pair(decoded: &[u8]) -> Option<Credentials<'_>> {
    let at = memchr::memchr(b':', decoded)?;
    let (user, password) = decoded.split_at_checked(at)?;
    Some(Credentials {
        user,
        password: password.get(1..)?,
    })
}

/// The token of an `Authorization` value of the scheme Bearer.
pub fn parse_bearer(value: &[u8]) -> Option<&[u8]> {
    after_scheme(value, b"Bearer").filter(|token| !token.is_empty())
}

/// The passwords that were verified lately, as keyed digests.
#[derive(Debug)]
pub struct VerifiedPasswords {
    key: [u8; DIGEST_SIZE],
    digests: Vec<[u8; DIGEST_SIZE]>,
    /// Where the next one goes: the oldest of them, once all places are taken.
    next: usize,
    scratch: Vec<u8>,
    code: Vec<u8>,
}

impl VerifiedPasswords {
    /// An empty memory under a random key.
    ///
    /// # Errors
    /// When the kernel has no randomness.
    pub fn new() -> io::Result<Self> {
        let mut key = [0; DIGEST_SIZE];
        random::fill(&mut key)?;
        Ok(Self {
            key,
            digests: Vec::with_capacity(REMEMBERED_MAX),
            next: 0,
            scratch: Vec::new(),
            code: Vec::with_capacity(DIGEST_SIZE),
        })
    }

    /// The user of `list` who logs in with these credentials.
    pub fn authenticate<'a>(
        &mut self,
        list: &'a Userlist,
        credentials: Credentials<'_>,
    ) -> Option<&'a User> {
        let user = list.user(credentials.user)?;
        let is_right = match &user.password {
            Password::Absent => false,
            Password::Plain(password) => digest::secure_memcmp(password, credentials.password),
            Password::Hashed(hash) => self.verify(hash, credentials.password),
        };
        is_right.then_some(user)
    }

    /// Whether `password` has this hash; only the first time of a pair costs its price. A pair
    /// counts, not the user: the same password under another hash is verified anew.
    fn verify(&mut self, hash: &str, password: &[u8]) -> bool {
        // crypt(3) takes no NUL, and the old kinds pad passwords with it.
        if password.len() > PASSWORD_LEN_MAX || password.contains(&0) {
            return false;
        }
        let digest = self.digest(hash, password);
        if self.digests.contains(&digest) {
            return true;
        }
        if !pwhash::unix::verify(password, hash) {
            return false;
        }
        match self.digests.get_mut(self.next) {
            Some(oldest) => *oldest = digest,
            None => self.digests.push(digest),
        }
        self.next = (self.next + 1) % REMEMBERED_MAX;
        true
    }

    fn digest(&mut self, hash: &str, password: &[u8]) -> [u8; DIGEST_SIZE] {
        self.scratch.clear();
        self.scratch.extend_from_slice(hash.as_bytes());
        self.scratch.push(0); // no hash holds one, so that pairs do not run into each other
        self.scratch.extend_from_slice(password);
        self.code.clear();
        digest::hmac(Algorithm::Sha256, &self.key, &self.scratch, &mut self.code);
        self.scratch.fill(0);
        let mut digest = [0; DIGEST_SIZE];
        digest.copy_from_slice(self.code.get(..DIGEST_SIZE).unwrap_or(&[0; DIGEST_SIZE]));
        digest
    }
}

/// Whether a hash of crypt(3) is of a kind that can be verified.
pub fn is_known_hash(hash: &str) -> bool {
    let is_salted = |prefix: &&str| hash.starts_with(prefix);
    if hash.starts_with('$') {
        return ["$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$"]
            .iter()
            .any(is_salted);
    }
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    hash.len() == DES_LEN && hash.bytes().all(is_digit)
}

/// What follows a scheme, whose name has no case, and blanks.
fn after_scheme<'a>(value: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (name, rest) = value.trim_ascii().split_at_checked(scheme.len())?;
    let is_alone = rest.first().is_none_or(u8::is_ascii_whitespace);
    (name.eq_ignore_ascii_case(scheme) && is_alone).then(|| rest.trim_ascii_start())
}

const DIGEST_SIZE: usize = 32;
/// Two characters of salt and eleven of hash.
const DES_LEN: usize = 13;
/// As crypt(3) of Linux: hashing takes longer the longer a password is, and anybody may send one.
const PASSWORD_LEN_MAX: usize = 512;
/// How many passwords are remembered: the users of a few seconds.
const REMEMBERED_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::GroupSet;
    use proptest::prelude::*;

    fn list_with(password: Password) -> Userlist {
        let name = "joe".to_owned();
        let groups = GroupSet::default();
        Userlist {
            users: vec![User {
                name,
                password,
                groups,
            }],
            ..Userlist::default()
        }
    }

    fn logs_in(list: &Userlist, memory: &mut VerifiedPasswords, password: &[u8]) -> bool {
        let credentials = Credentials {
            user: b"joe",
            password,
        };
        memory.authenticate(list, credentials).is_some()
    }

    #[test]
    fn headers_of_both_schemes() {
        let mut room = Vec::new();
        let basic = parse_basic(b"basic  am9lOmE6Yg==", &mut room).unwrap();
        assert_eq!((basic.user, basic.password), (&b"joe"[..], &b"a:b"[..]));
        for bad in [
            "Basic",
            "Basic am9l",
            "Basic !",
            "Basicam9lOmE6Yg==",
            "Bearer am9lOmE=",
        ] {
            assert_eq!(parse_basic(bad.as_bytes(), &mut room), None, "{bad}");
        }
        assert_eq!(parse_bearer(b"Bearer a.b.c"), Some(&b"a.b.c"[..]));
        assert_eq!(
            (parse_bearer(b"Bearer"), parse_bearer(b"Basic x")),
            (None, None)
        );
    }

    #[test]
    fn passwords_of_every_kind_are_verified() {
        let mut memory = VerifiedPasswords::new().unwrap();
        for hash in HASHES_OF_SECRET {
            assert!(is_known_hash(hash), "{hash}");
            let list = list_with(Password::Hashed((*hash).to_owned()));
            assert!(!logs_in(&list, &mut memory, b"Secret"), "{hash}");
            assert!(logs_in(&list, &mut memory, b"secret"), "{hash}");
            assert!(logs_in(&list, &mut memory, b"secret"), "{hash}");
        }
        let plain = list_with(Password::Plain(b"secret".to_vec()));
        assert!(logs_in(&plain, &mut memory, b"secret"));
        assert!(!logs_in(&plain, &mut memory, b"secret2"));
        assert!(!logs_in(&list_with(Password::Absent), &mut memory, b""));
        assert_eq!(memory.digests.len(), HASHES_OF_SECRET.len());
    }

    #[test]
    fn the_memory_stays_bounded_and_holds_no_password() {
        let mut memory = VerifiedPasswords::new().unwrap();
        let list = list_with(Password::Hashed(HASHES_OF_SECRET[0].to_owned()));
        assert!(logs_in(&list, &mut memory, b"secret"));
        assert!(!format!("{memory:?}").contains("secret"));
        assert!(memory.scratch.iter().all(|&byte| byte == 0));
        memory.digests.resize(REMEMBERED_MAX, [1; DIGEST_SIZE]);
        memory.next = REMEMBERED_MAX - 1;
        let list = list_with(Password::Hashed(HASHES_OF_SECRET[1].to_owned()));
        assert!(logs_in(&list, &mut memory, b"secret"));
        assert_eq!((memory.digests.len(), memory.next), (REMEMBERED_MAX, 0));
    }

    #[test]
    fn odd_passwords_let_nobody_in() {
        let mut memory = VerifiedPasswords::new().unwrap();
        for hash in HASHES_OF_SECRET {
            let list = list_with(Password::Hashed((*hash).to_owned()));
            for password in [&b""[..], b"secret\0", b"\0", b"\xff\xfe", &[b's'; 513]] {
                assert!(
                    !logs_in(&list, &mut memory, password),
                    "{hash} {password:?}"
                );
            }
        }
    }

    #[test]
    fn broken_hashes_let_nobody_in() {
        let mut memory = VerifiedPasswords::new().unwrap();
        for hash in [
            "",
            "*",
            "$6$",
            "$5$x",
            "$1$",
            "$2y$04$",
            "$2y$99$a",
            "ab",
            "$6$rounds=x$a$b",
        ] {
            let list = list_with(Password::Hashed(hash.to_owned()));
            assert!(!logs_in(&list, &mut memory, b""), "{hash}");
        }
        assert!(!is_known_hash("$9$x") && !is_known_hash("plain"));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(value in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut room = Vec::new();
            let _ = (parse_basic(&value, &mut room), parse_bearer(&value));
            let value = [b"Basic ", &value[..]].concat();
            let _ = parse_basic(&value, &mut room);
        }
    }

    /// `secret` by crypt(3) of Debian's libxcrypt.
    const HASHES_OF_SECRET: &[&str] = &[
        "abNANd1rDfiNc",
        "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
        "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2",
        "$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/otop\
         /Zok96Hr8Q13LEv0DRY/x8v0/crpIjl8NJSAqXV/",
        "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW",
    ];
}

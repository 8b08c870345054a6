//! The kernel's randomness.

use std::io;

/// Fills `bytes` with random bytes of the kernel (`getrandom(2)`).
///
/// # Errors
/// What the system call reports; never EINTR.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        // SAFETY: the pointer and the length describe one slice that we may write.
        let got = unsafe { libc::getrandom(rest.as_mut_ptr().cast(), rest.len(), 0) };
        match usize::try_from(got) {
            Ok(count) => filled += count,
            Err(_) => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
        }
    }
    Ok(())
}

/// Eight random bytes as a number, such as a seed.
///
/// # Errors
/// As [`fill`].
pub fn seed() -> io::Result<u64> {
    let mut bytes = [0; 8];
    fill(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seeds_differ() {
        assert_ne!(seed().unwrap(), seed().unwrap());
    }

    #[test]
    fn a_large_slice_is_filled_to_its_end() {
        let mut bytes = [0; 4096];
        fill(&mut bytes).unwrap();
        assert!(bytes[4000..].iter().any(|&byte| byte != 0));
    }
}

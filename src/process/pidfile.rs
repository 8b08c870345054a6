//! The pid file: the numbers of all workers, one per line.
//!
//! Owns the open file between start-up's two moments: it is opened before the chroot hides
//! its directory and while the rights to create it are still there, and written after the
//! fork. Invariant: the former content stays until the new one is known, so that a start
//! that fails between the two loses nothing.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::sys::process::{Pid, effective_uid, error_text};

/// An open pid file.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

/// Why there is no pid file; it shows as the text of the alert.
#[derive(Debug)]
pub struct PidFileError {
    verb: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl PidFile {
    /// Opens or creates the file. One that is a link, or belongs to somebody else, is
    /// replaced instead of followed: the caller is often the superuser.
    ///
    /// # Errors
    /// Those of open(2) and unlink(2).
    pub fn open(path: &Path) -> Result<Self, PidFileError> {
        let file = open_own(path).or_else(|_unusable| create_anew(path));
        let file = file.map_err(|error| PidFileError {
            verb: "create",
            path: path.to_owned(),
            error,
        })?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Replaces the content by these numbers.
    ///
    /// # Errors
    /// Those of write(2), a full disk among them.
    pub fn write(mut self, pids: &[Pid]) -> Result<(), PidFileError> {
        let lines: String = pids.iter().map(|pid| format!("{pid}\n")).collect();
        let result = self.replace_content(&lines);
        result.map_err(|error| PidFileError {
            verb: "write",
            path: self.path,
            error,
        })
    }

    fn replace_content(&mut self, lines: &str) -> io::Result<()> {
        if self.file.metadata()?.is_file() {
            self.file.set_len(0)?;
            self.file.rewind()?;
        }
        self.file.write_all(lines.as_bytes())
    }
}

impl fmt::Display for PidFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, path) = (self.verb, self.path.display());
        write!(
            f,
            "Cannot {verb} pidfile {path} : {}.",
            error_text(&self.error)
        )
    }
}

impl std::error::Error for PidFileError {}

/// Opens an existing regular file that is ours and known by one name only, or a device such
/// as the null device.
fn open_own(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)?;
    let metadata = file.metadata()?;
    let ours = metadata.is_file() && metadata.nlink() == 1 && metadata.uid() == effective_uid();
    if !ours && !metadata.file_type().is_char_device() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    Ok(file)
}

/// Creates the file after removing the file or link that stands in its place.
fn create_anew(path: &Path) -> io::Result<File> {
    if let Ok(metadata) = fs::symlink_metadata(path) {
        if !metadata.is_file() && !metadata.is_symlink() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        fs::remove_file(path)?;
    }
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(PIDFILE_MODE)
        .open(path)
}

/// Readable by all, for the scripts that stop and reload.
const PIDFILE_MODE: u32 = 0o644;

#[cfg(test)]
mod tests {
    use super::*;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let unique = format!("weir-pidfile-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(unique);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn write(path: &Path, numbers: &[i32]) {
        let pids: Vec<_> = numbers.iter().copied().map(Pid::from_raw).collect();
        PidFile::open(path).unwrap().write(&pids).unwrap();
    }

    #[test]
    fn each_process_has_a_line_and_longer_leftovers_vanish() {
        let scratch = Scratch::new("lines");
        let path = scratch.file("a.pid");
        write(&path, &[100_000, 100_001, 100_002]);
        write(&path, &[7, 8]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "7\n8\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o133, 0);
    }

    #[test]
    fn a_start_that_fails_keeps_the_old_numbers() {
        let scratch = Scratch::new("kept");
        let path = scratch.file("a.pid");
        write(&path, &[5]);
        drop(PidFile::open(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "5\n");
    }

    #[test]
    fn links_are_replaced_and_their_targets_spared() {
        let scratch = Scratch::new("links");
        let victim = scratch.file("victim");
        fs::write(&victim, "precious").unwrap();
        let soft = scratch.file("soft.pid");
        std::os::unix::fs::symlink(&victim, &soft).unwrap();
        let hard = scratch.file("hard.pid");
        fs::hard_link(&victim, &hard).unwrap();
        write(&soft, &[1]);
        write(&hard, &[2]);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        assert_eq!(fs::read_to_string(&soft).unwrap(), "1\n");
        assert_eq!(fs::read_to_string(&hard).unwrap(), "2\n");
    }

    #[test]
    fn only_files_and_links_are_ever_removed() {
        PidFile::open(Path::new("/dev/null"))
            .unwrap()
            .write(&[])
            .unwrap();
        assert!(Path::new("/dev/null").exists());
        let scratch = Scratch::new("directory");
        assert!(PidFile::open(&scratch.0).is_err());
        assert!(scratch.0.is_dir());
    }

    #[test]
    fn a_missing_directory_is_told() {
        let error = PidFile::open(Path::new("/nonexistent/x.pid")).unwrap_err();
        let text = "Cannot create pidfile /nonexistent/x.pid : No such file or directory.";
        assert_eq!(error.to_string(), text);
    }
}

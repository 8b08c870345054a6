//! User and group names to numbers, and file modes: `user`, `uid`, `group`, `gid`, `mode`.

use nix::unistd::{Group, User};

use super::diagnostic::Parse;
use super::model::UnixPermissions;
use super::word::Words;

/// The number of the user named at `index`.
pub fn user_id(words: &Words, index: usize) -> Parse<u32> {
    let name = words.text(index)?;
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user.uid.as_raw()),
        Ok(None) => Err(words.error(index, format!("cannot find user id for '{name}'"))),
        Err(error) => {
            let reason = error.desc();
            Err(words.error(
                index,
                format!("cannot find user id for '{name}' ({reason})"),
            ))
        }
    }
}

/// The number of the group named at `index`.
pub fn group_id(words: &Words, index: usize) -> Parse<u32> {
    let name = words.text(index)?;
    match Group::from_name(name) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        Ok(None) => Err(words.error(index, format!("cannot find group id for '{name}'"))),
        Err(error) => {
            let reason = error.desc();
            Err(words.error(
                index,
                format!("cannot find group id for '{name}' ({reason})"),
            ))
        }
    }
}

/// Reads the parameter at `index` and its value into `unix`; false when it is none of
/// `mode`, `user`, `uid`, `group`, `gid`.
pub fn parse_permission(words: &Words, index: usize, unix: &mut UnixPermissions) -> Parse<bool> {
    let value = index.saturating_add(1);
    match words.word(index)?.text() {
        "mode" => unix.mode = Some(file_mode(words, value)?),
        "user" => unix.uid = Some(user_id(words, value)?),
        "uid" => unix.uid = Some(words.uint(value, 0..=ID_MAX)?),
        "group" => unix.gid = Some(group_id(words, value)?),
        "gid" => unix.gid = Some(words.uint(value, 0..=ID_MAX)?),
        _ => return Ok(false),
    }
    Ok(true)
}

fn file_mode(words: &Words, index: usize) -> Parse<u32> {
    let text = words.text(index)?;
    let octal = text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let mode = u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| octal && *mode <= 0o7777);
    mode.ok_or_else(|| {
        let name = words.name();
        let message = format!("'{name}' : invalid mode '{text}' (octal integer expected)");
        words.error(index, message)
    })
}

/// The largest user or group number; the one above means "unchanged" to the kernel.
pub const ID_MAX: u32 = u32::MAX - 1;

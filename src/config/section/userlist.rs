//! Section `userlist`: groups and users for HTTP authentication.
//!
//! Users name groups and groups name users, in any order; the names are looked up when the
//! section ends. A second `user` or `group` of the same name is left out, as in 2.6.

use super::{Build, Section};
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::keyword::{Keyword, KeywordInfo, KeywordList, Line, Sections};
use crate::config::model::{GroupSet, Password, User, Userlist};
use crate::config::word::{Word, Words};

/// The section.
pub(super) static SECTION: Section = Section {
    name: "userlist",
    kind: Sections::USERLIST,
    usage: "userlist <name>",
    doc: "Users, their passwords and their groups, for HTTP authentication.",
    open,
    line: |build, line| KEYWORDS.dispatch(Sections::USERLIST, build, line),
    close,
    keywords: infos,
};

/// The section that is open, and what it says about names that may come later.
#[derive(Debug, Default)]
pub struct UserlistDraft {
    list: Userlist,
    /// A second list of one name: its lines are read and left out.
    is_duplicate: bool,
    /// Group and user of `group <group> users <user>`, and the word of the user.
    users_of_groups: Vec<(usize, Word)>,
    /// User and group of `user <user> groups <group>`, and the word of the group.
    groups_of_users: Vec<(usize, Word)>,
}

fn infos() -> Vec<KeywordInfo> {
    KEYWORDS.infos().collect()
}

static KEYWORDS: KeywordList<Build> = KeywordList {
    tables: &[&[
        Keyword {
            name: "group",
            sections: Sections::USERLIST,
            usage: "group <name> [users <user>[,<user>]*]",
            doc: "Declares a group, and users that belong to it.",
            since: "1.4",
            negatable: false,
            parse: parse_group,
        },
        Keyword {
            name: "user",
            sections: Sections::USERLIST,
            usage: "user <name> [password|insecure-password <password>] \
                    [groups <group>[,<group>]*]",
            doc: "Declares a user, its password (hashed or plain) and its groups.",
            since: "1.4",
            negatable: false,
            parse: parse_user,
        },
    ]],
    retired: &[],
};

fn open(build: &mut Build, line: &Line) -> Parse<()> {
    let name = parse_name(&line.words, "userlist")?;
    line.words.end(2)?;
    let text = name.utf8()?;
    text.clone_into(&mut build.section_name);
    let is_duplicate = build.config.userlists.iter().any(|list| list.name == text);
    if is_duplicate {
        let message = format!("ignoring duplicated userlist '{text}'.");
        build.report.push(name.warning(message));
    }
    build.userlist = UserlistDraft {
        is_duplicate,
        ..UserlistDraft::default()
    };
    build.userlist.list.name = text.to_owned();
    build.userlist.list.place = line.place;
    Ok(())
}

fn parse_group(build: &mut Build, line: &Line) -> Parse<()> {
    let words = &line.words;
    let name = parse_name(words, "group")?;
    let draft = &mut build.userlist;
    if draft.list.group(name.bytes()).is_some() {
        build.report.push(duplicate(name, "group", &draft.list));
        return Ok(());
    }
    let mut users = Vec::new();
    let mut at = 2;
    while words.has(at) {
        if !words.is(at, "users") {
            return Err(words.error(at, "'group' only supports 'users' option."));
        }
        users.extend(words.get(at + 1).into_iter().flat_map(names));
        at += 2;
    }
    let index = draft.list.groups.len();
    draft.list.groups.push(name.utf8()?.to_owned());
    let users = users.into_iter().map(|user| (index, user));
    draft.users_of_groups.extend(users);
    Ok(())
}

fn parse_user(build: &mut Build, line: &Line) -> Parse<()> {
    let words = &line.words;
    let name = parse_name(words, "user")?;
    let draft = &mut build.userlist;
    if draft.list.user(name.bytes()).is_some() {
        build.report.push(duplicate(name, "user", &draft.list));
        return Ok(());
    }
    let mut password = Password::Absent;
    let mut groups = Vec::new();
    let mut at = 2;
    while let Some(option) = words.get(at) {
        match option.text() {
            "password" => password = Password::Hashed(words.word(at + 1)?.utf8()?.to_owned()),
            "insecure-password" => password = Password::Plain(words.bytes(at + 1)?.to_vec()),
            "groups" => groups.extend(words.get(at + 1).into_iter().flat_map(names)),
            _ => {
                let message = "'user' only supports 'password', 'insecure-password' and 'groups' \
                               options.";
                return Err(option.error(message));
            }
        }
        at += 2;
    }
    if let Password::Hashed(hash) = &password
        && !crate::http::auth::is_known_hash(hash)
    {
        let message = format!(
            "'user' : the password of '{}' has no known hash.",
            name.text()
        );
        let hint = "DES, $1$, $5$, $6$ and bcrypt ($2y$) are known; nobody can log in under this";
        build.report.push(name.warning(message).hint(hint));
    }
    let index = draft.list.users.len();
    draft.list.users.push(User {
        name: name.utf8()?.to_owned(),
        password,
        groups: GroupSet::default(),
    });
    let groups = groups.into_iter().map(|group| (index, group));
    draft.groups_of_users.extend(groups);
    Ok(())
}

/// Looks up the names that groups and users call each other by.
fn close(build: &mut Build) -> Parse<()> {
    let draft = std::mem::take(&mut build.userlist);
    let mut list = draft.list;
    for (group, word) in draft.users_of_groups {
        let users = &mut list.users;
        match users
            .iter_mut()
            .find(|user| user.name.as_bytes() == word.bytes())
        {
            Some(user) => user.groups.insert(group),
            None => {
                let group = list.groups.get(group).map_or("", String::as_str);
                let user = word.text();
                let message = format!(
                    "userlist '{}': no such user '{user}' specified in group '{group}'",
                    list.name
                );
                build.report.push(word.error(message));
            }
        }
    }
    for (user, word) in draft.groups_of_users {
        let group = list.group(word.bytes());
        let Some(user) = list.users.get_mut(user) else {
            continue;
        };
        match group {
            Some(group) => user.groups.insert(group),
            None => {
                let message = format!(
                    "userlist '{}': no such group '{}' specified in user '{}'",
                    list.name,
                    word.text(),
                    user.name
                );
                build.report.push(word.error(message));
            }
        }
    }
    if !draft.is_duplicate && !list.name.is_empty() {
        build.config.userlists.push(list);
    }
    Ok(())
}

/// The name that follows a section's or a line's first word.
fn parse_name<'a>(words: &'a Words, keyword: &str) -> Parse<&'a Word> {
    let Some(name) = words.get(1).filter(|name| !name.is_empty()) else {
        return Err(words.error(1, format!("'{keyword}' expects <name> as arguments.")));
    };
    let text = name.utf8()?;
    let is_known = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    match text.chars().find(|character| !is_known(character)) {
        None => Ok(name),
        Some(bad) => {
            let message =
                format!("character '{bad}' is not permitted in '{keyword}' name '{text}'.");
            Err(name.error(message))
        }
    }
}

/// The names of a list `a,b,c`; each points at the whole list.
fn names(list: &Word) -> impl Iterator<Item = Word> {
    let pieces = list.bytes().split(|&byte| byte == b',');
    let pieces = pieces.filter(|piece| !piece.is_empty());
    pieces.map(|piece| Word::new(piece.to_vec(), list.span()))
}

fn duplicate(name: &Word, what: &str, list: &Userlist) -> Diagnostic {
    let (text, list) = (name.text(), &list.name);
    name.warning(format!(
        "ignoring duplicated {what} '{text}' in userlist '{list}'."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::diagnostic::{Report, Source};
    use crate::config::environment::Environment;
    use crate::config::loader::{Options, load_sources};
    use crate::config::model::Config;

    fn load(lines: &str) -> (Config, Report) {
        let source = Source::new("u.cfg", format!("global\n{lines}\n").into_bytes());
        let environment = Environment::default();
        load_sources(
            vec![source],
            &environment,
            Options::default(),
            Report::default(),
        )
    }

    fn first_message(lines: &str) -> String {
        let (_, report) = load(&format!("userlist L\n{lines}"));
        let first = report.diagnostics().first();
        first
            .map(|diagnostic| diagnostic.message.clone())
            .unwrap_or_default()
    }

    #[test]
    fn both_ways_of_naming_members_are_the_same() {
        let (config, report) = load(
            "userlist L1\n group G1 users tiger,scott\n group G2 users xdb,scott\n \
             user tiger insecure-password a\n user scott insecure-password b\n \
             user xdb insecure-password c\n\
             userlist L2\n user tiger insecure-password a groups G1\n \
             user scott insecure-password b groups G1,G2\n \
             user xdb insecure-password c groups G2\n group G1\n group G2",
        );
        assert_eq!(report.render(1), "");
        let [one, other] = config.userlists.as_slice() else {
            panic!("{config:?}");
        };
        assert_eq!(one.users, other.users);
        let scott = one.user(b"scott").unwrap();
        assert_eq!(one.groups_of(scott).collect::<Vec<_>>(), ["G1", "G2"]);
        assert_eq!(one.user(b"Scott"), None);
    }

    #[test]
    fn faults_read_as_in_the_reference() {
        for (lines, message) in [
            ("group", "'group' expects <name> as arguments."),
            ("group G foo", "'group' only supports 'users' option."),
            (
                "group G,1",
                "character ',' is not permitted in 'group' name 'G,1'.",
            ),
            (
                "group G users a",
                "userlist 'L': no such user 'a' specified in group 'G'",
            ),
            ("user", "'user' expects <name> as arguments."),
            (
                "user a foo",
                "'user' only supports 'password', 'insecure-password' and 'groups' options.",
            ),
            (
                "user a groups Z",
                "userlist 'L': no such group 'Z' specified in user 'a'",
            ),
            (
                "user a\n user a",
                "ignoring duplicated user 'a' in userlist 'L'.",
            ),
            (
                "group a\n group a",
                "ignoring duplicated group 'a' in userlist 'L'.",
            ),
            ("userlist L", "ignoring duplicated userlist 'L'."),
            ("userlist", "'userlist' expects <name> as arguments."),
            (
                "user a password $9$x",
                "'user' : the password of 'a' has no known hash.",
            ),
        ] {
            assert_eq!(first_message(lines), message, "{lines}");
        }
        assert!(KEYWORDS.misplaced().is_none());
    }

    #[test]
    fn a_second_list_of_one_name_changes_nothing() {
        let (config, _) = load("userlist L\n user a\nuserlist L\n user b");
        assert_eq!(config.userlists.len(), 1);
        assert_eq!(config.userlists[0].users.len(), 1);
    }
}

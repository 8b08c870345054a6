//! Cookies are found, taken out and changed without harm to their neighbours.

use proptest::prelude::*;

use super::*;
use crate::engine::buffer::Buffer;
use crate::http::head::Head;
use crate::http::parse::{Policy, parse_request, parse_response};

fn pairs(value: &str) -> Vec<(String, Option<String>)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    RequestCookies::of(value.as_bytes())
        .map(|cookie| (text(cookie.name), cookie.value.map(text)))
        .collect()
}

fn pair(name: &str, value: &str) -> (String, Option<String>) {
    (name.to_owned(), Some(value.to_owned()))
}

/// A head with these lines, changed by `work`; its lines then.
fn changed(start: &str, lines: &[&str], work: impl FnOnce(&mut Rewriter<'_>)) -> Vec<String> {
    let mut text = format!("{start}\r\n");
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    let mut buffer = Buffer::new(16_384);
    buffer.push(text.as_bytes()).unwrap();
    let mut head = Head::new();
    let policy = Policy {
        accept_invalid: true,
        ..Policy::default()
    };
    match start.starts_with("HTTP") {
        true => parse_response(&mut buffer, 0, text.len(), policy, &mut head).unwrap(),
        false => parse_request(&mut buffer, 0, text.len(), policy, &mut head).unwrap(),
    }
    work(&mut Rewriter::new(&mut buffer, 0, &mut head));
    let view = head.view(&buffer, 0);
    (0..head.count())
        .map(|index| String::from_utf8_lossy(view.whole_line(index).unwrap()).into_owned())
        .collect()
}

fn without_srv(lines: &[&str]) -> Vec<String> {
    let mut all = vec!["Host: x"];
    all.extend_from_slice(lines);
    let mut left = changed("GET / HTTP/1.1", &all, |rewriter| {
        remove_request_cookies(rewriter, b"SRV").unwrap();
    });
    left.remove(0);
    left
}

#[test]
fn pairs_are_separated_by_semicolons_and_commas() {
    assert_eq!(
        pairs("a=b; c=d,e=f"),
        [pair("a", "b"), pair("c", "d"), pair("e", "f")]
    );
    assert_eq!(pairs(" a = b ;c\t=\td "), [pair("a", "b"), pair("c", "d")]);
    assert_eq!(pairs("a=b=c"), [pair("a", "b=c")]);
    assert_eq!(pairs("a="), [pair("a", "")]);
    assert_eq!(pairs("=a"), [pair("", "a")]);
    assert_eq!(
        pairs("a b; c"),
        [("a b".to_owned(), None), ("c".to_owned(), None)]
    );
    assert_eq!(pairs(""), [(String::new(), None)]);
    assert_eq!(pairs("=;;,=").len(), 4);
}

#[test]
fn quoted_separators_separate_nothing() {
    assert_eq!(
        pairs("x=\"a;b,c\"; d=e"),
        [pair("x", "\"a;b,c\""), pair("d", "e")]
    );
    assert_eq!(
        pairs(r#"x="a\";b"; d=e"#),
        [pair("x", r#""a\";b""#), pair("d", "e")]
    );
    assert_eq!(pairs("x=\"a; d=e"), [pair("x", "\"a; d=e")]);
}

#[test]
fn a_set_cookie_line_holds_one_cookie_and_a_set_cookie2_line_several() {
    let names = |value: &str, header| {
        SetCookies::of(value.as_bytes(), header)
            .map(|cookie| String::from_utf8_lossy(cookie.name).into_owned())
            .collect::<Vec<_>>()
    };
    let value = "a=b; path=/; expires=Thu, 01 Jan 1970, c=d";
    assert_eq!(names(value, KnownHeader::SetCookie), ["a"]);
    assert_eq!(
        names("a=b; v=1, c=\"d,e\"; f, g=h", KnownHeader::SetCookie2),
        ["a", "c", "g"]
    );
}

#[test]
fn removal_keeps_the_neighbours_apart() {
    assert_eq!(
        without_srv(&["Cookie: a=b; SRV=A; c=d"]),
        ["Cookie: a=b; c=d"]
    );
    assert_eq!(
        without_srv(&["Cookie: a=b;SRV=A;c=d"]),
        ["Cookie: a=b; c=d"]
    );
    assert_eq!(
        without_srv(&["Cookie: a=b,SRV=A,c=d"]),
        ["Cookie: a=b, c=d"]
    );
    assert_eq!(
        without_srv(&["Cookie: a=b ; SRV = A ; c=d"]),
        ["Cookie: a=b; c=d"]
    );
    assert_eq!(without_srv(&["Cookie: SRV=A; c=d"]), ["Cookie: c=d"]);
    assert_eq!(without_srv(&["Cookie: a=b; SRV=A"]), ["Cookie: a=b"]);
    assert_eq!(
        without_srv(&["Cookie: a=b; SRV=A; SRV=B; c=d"]),
        ["Cookie: a=b; c=d"]
    );
    assert_eq!(
        without_srv(&["Cookie: SRV=A; a=b; SRV=B; c=d; SRV="]),
        ["Cookie: a=b; c=d"]
    );
    assert_eq!(
        without_srv(&["Cookie: a=b;; SRV=A; c=d"]),
        ["Cookie: a=b;; c=d"]
    );
}

#[test]
fn only_whole_names_in_their_case_are_removed() {
    let line = "Cookie: SRVX=A; XSRV=B; srv=C; SRV; $SRV=D";
    assert_eq!(without_srv(&[line]), [line]);
}

#[test]
fn a_line_without_cookies_left_is_removed() {
    assert!(without_srv(&["Cookie: SRV=A", "Cookie: SRV=A;", "Cookie: ; SRV=B;"]).is_empty());
    assert!(without_srv(&["Cookie: $Version=1; SRV=A; $Path=/"]).is_empty());
    assert_eq!(
        without_srv(&["Cookie: a=b", "Cookie: SRV=B", "Cookie: c=d"]).len(),
        2
    );
    assert_eq!(without_srv(&["Cookie: ;;"]), ["Cookie: ;;"]);
}

#[test]
fn attributes_go_with_their_cookie() {
    assert_eq!(
        without_srv(&["Cookie: $Version=1; SRV=A; $Path=/; x=y; $Path=/z"]),
        ["Cookie: $Version=1; x=y; $Path=/z"]
    );
    assert_eq!(
        without_srv(&["Cookie: a=b; SRV=A; $Path=/; SRV=B; $Path=/; e=f"]),
        ["Cookie: a=b; e=f"]
    );
}

fn response_changed(line: &str, name: &str, change: SetCookieChange<'_>) -> Vec<String> {
    changed("HTTP/1.1 200 OK", &[line], |rewriter| {
        change_set_cookies(rewriter, name.as_bytes(), change).unwrap();
    })
}

#[test]
fn a_set_cookie_is_removed_with_its_attributes() {
    let remove = |line, name| response_changed(line, name, SetCookieChange::Remove);
    assert!(remove("Set-Cookie: a=b; path=/", "a").is_empty());
    assert_eq!(remove("Set-Cookie: a=b; path=/", "path").len(), 1);
    let list = "Set-Cookie2: a=b; v=1, c=d; v=1,e=f";
    assert_eq!(remove(list, "a"), ["Set-Cookie2: c=d; v=1,e=f"]);
    assert_eq!(remove(list, "c"), ["Set-Cookie2: a=b; v=1, e=f"]);
    assert_eq!(remove(list, "e"), ["Set-Cookie2: a=b; v=1, c=d; v=1"]);
    assert!(remove("Set-Cookie2: a=b, a=c,a=d", "a").is_empty());
    assert_eq!(
        remove("Set-Cookie2: a=b, x=y, a=d", "a"),
        ["Set-Cookie2: x=y"]
    );
    let lines = [
        "Set-Cookie: a=b",
        "Set-Cookie: a=c",
        "X: y",
        "Set-Cookie: c=d",
    ];
    let left = changed("HTTP/1.1 200 OK", &lines, |rewriter| {
        let count = change_set_cookies(rewriter, b"a", SetCookieChange::Remove).unwrap();
        assert_eq!(count, 2);
    });
    assert_eq!(left, ["X: y", "Set-Cookie: c=d"]);
}

#[test]
fn values_are_replaced_and_prefixed_in_place() {
    let replace = |line| response_changed(line, "a", SetCookieChange::Replace(b"new"));
    assert_eq!(replace("Set-Cookie: a=b; p"), ["Set-Cookie: a=new; p"]);
    assert_eq!(replace("Set-Cookie: a = b ; p"), ["Set-Cookie: a=new ; p"]);
    assert_eq!(replace("Set-Cookie: a="), ["Set-Cookie: a=new"]);
    assert_eq!(
        replace("Set-Cookie2: a=b; v,c=d, a=e"),
        ["Set-Cookie2: a=new; v,c=d, a=new"]
    );
    let prefix = |line| response_changed(line, "a", SetCookieChange::Prepend(b"s1", b'~'));
    assert_eq!(prefix("Set-Cookie: a= b; p"), ["Set-Cookie: a=s1~b; p"]);
    assert_eq!(
        prefix("Set-Cookie2: a=b, a=c"),
        ["Set-Cookie2: a=s1~b, a=s1~c"]
    );
}

#[test]
fn prefixes_are_stripped_from_requests() {
    let lines = ["Cookie: a=s1~b; c=s1~d; a=~; a=x", "Cookie: a=s2~b~c"];
    let left = changed("GET / HTTP/1.1", &lines, |rewriter| {
        assert_eq!(strip_request_prefixes(rewriter, b"a", b'~'), Ok(3));
    });
    assert_eq!(left, ["Cookie: a=b; c=s1~d; a=; a=x", "Cookie: a=b~c"]);
}

#[test]
fn heads_are_iterated_over_all_lines() {
    changed(
        "GET / HTTP/1.1",
        &["Cookie: a=1; b=2", "X: y", "cookie: a=3"],
        |rewriter| {
            let values: Vec<_> = request_cookies(rewriter.view())
                .filter_map(|cookie| cookie.value_of(b"a"))
                .collect();
            assert_eq!(values, [b"1", b"3"]);
        },
    );
    changed(
        "HTTP/1.1 200 OK",
        &["Set-Cookie2: a=1, b=2", "Set-Cookie: a=3"],
        |rewriter| {
            assert_eq!(response_cookies(rewriter.view()).count(), 3);
        },
    );
}

proptest! {
    #[test]
    fn removal_leaves_all_others_as_they_were(
        line in "[abS RV=;,\"$\\\\]{0,60}|((SRV|a|\\$P|)=?[ab]?[;,] ?){0,12}"
    ) {
        let line = line.trim();
        let others = |value: &str| {
            pairs(value)
                .into_iter()
                .filter(|(name, value)| {
                    let attribute = name.starts_with('$');
                    let nothing = name.is_empty() && value.is_none();
                    !(attribute || nothing || name == "SRV" && value.is_some())
                })
                .collect::<Vec<_>>()
        };
        let left = without_srv(&[&format!("Cookie: {line}")]);
        let left = left.first().map_or("", |line| line.get(7..).unwrap_or("").trim());
        prop_assert_eq!(others(line), others(left));
        let gone = pairs(left).iter().all(|(name, value)| name != "SRV" || value.is_none());
        prop_assert!(gone, "{:?}", left);
    }

    #[test]
    fn positions_stay_within_the_line(line in "[ab =;,\"\\\\\t]{0,40}") {
        let mut steps = 0;
        for cookie in RequestCookies::of(line.as_bytes()) {
            let place = cookie.place;
            prop_assert!(place.name_at <= place.name_end);
            prop_assert!(place.name_end <= place.value_at && place.value_at <= place.end);
            prop_assert!(place.end <= line.len());
            steps += 1;
        }
        prop_assert!(steps <= line.len() + 1);
    }
}

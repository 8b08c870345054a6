//! Fetches over the credentials of a request (manual, section 7.3.6).

use super::super::arg::{Arg, ArgKind, ArgSpec, text_at};
use super::super::context::{Context, Cursor, Fetched, MessageView};
use super::super::value::{Sample, Type};
use super::http::{find, request};
use super::{Fetch, Needs};
use crate::config::model::{User, Userlist};
use crate::http::auth::{Credentials, basic_in, parse_bearer};

/// The first Authorization header.
fn authorization(message: MessageView<'_>) -> Option<&[u8]> {
    message.head.values_named(b"authorization").next()
}

/// User and password of the Basic scheme.
fn credentials<'a>(context: &Context<'a>, message: MessageView<'a>) -> Option<Credentials<'a>> {
    basic_in(authorization(message)?, context.arena)
}

/// The userlist that an argument names.
fn userlist<'a>(context: &Context<'a>, args: &[Arg]) -> Option<&'a Userlist> {
    let Some(Arg::Userlist(list)) = args.first() else {
        return None;
    };
    context.core.config.userlists.get(list.get()?)
}

/// The user who logs in, if these are the right credentials.
fn user<'a>(
    context: &Context<'a>,
    list: &'a Userlist,
    credentials: Credentials<'_>,
) -> Option<&'a User> {
    // The list of passwords verified is borrowed for this call only.
    let mut passwords = context.core.passwords.try_borrow_mut().ok()?;
    passwords.authenticate(list, credentials)
}

fn http_auth<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        let list = userlist(context, args)?;
        let credentials = credentials(context, message)?;
        Some(Sample::Bool(user(context, list, credentials).is_some()))
    })
}

/// The user's name; a walk goes over the groups instead, since these are what an ACL names.
fn http_auth_group<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    find(request(context), |message| {
        let list = userlist(context, args)?;
        let user = user(context, list, credentials(context, message)?)?;
        if !cursor.walks {
            return Some(Sample::Str(user.name.as_bytes()));
        }
        let group = list.groups_of(user).nth(cursor.given)?;
        cursor.has_more = true;
        Some(Sample::Str(group.as_bytes()))
    })
}

fn http_auth_user<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        credentials(context, message).map(|found| Sample::Str(found.user))
    })
}

fn http_auth_pass<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        credentials(context, message).map(|found| Sample::Str(found.password))
    })
}

fn http_auth_type<'a>(
    context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        let value = authorization(message)?;
        let scheme = value.split(u8::is_ascii_whitespace).next()?;
        let known = SCHEMES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(scheme));
        known.map(|known| Sample::Str(known))
    })
}

fn http_auth_bearer<'a>(
    context: &Context<'a>,
    args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    find(request(context), |message| {
        let name = text_at(args, 0).unwrap_or(b"authorization");
        let value = message.head.values_named(name).next()?;
        parse_bearer(value).map(Sample::Str)
    })
}

/// The schemes that are told apart, as they are written.
const SCHEMES: &[&[u8]] = &[b"Basic", b"Bearer"];

const LIST: ArgSpec = ArgSpec::all(&[ArgKind::Userlist]);
const HEAD: Needs = Needs::REQUEST_HEAD;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("http_auth", Type::Bool, HEAD, http_auth)
        .args(LIST, "http_auth(<userlist>)")
        .doc("True when user and password are those of a user in the list."),
    Fetch::new("http_auth_bearer", Type::Str, HEAD, http_auth_bearer)
        .args(
            ArgSpec::some(0, &[ArgKind::Str]),
            "http_auth_bearer([<header>])",
        )
        .doc("The token of the scheme Bearer."),
    Fetch::new("http_auth_group", Type::Str, HEAD, http_auth_group)
        .args(LIST, "http_auth_group(<userlist>)")
        .doc("The user who logs in; ACLs compare the groups of the user."),
    Fetch::new("http_auth_pass", Type::Str, HEAD, http_auth_pass)
        .doc("The password of the scheme Basic, not verified."),
    Fetch::new("http_auth_type", Type::Str, HEAD, http_auth_type)
        .doc("The scheme of the credentials: Basic or Bearer."),
    Fetch::new("http_auth_user", Type::Str, HEAD, http_auth_user)
        .doc("The user of the scheme Basic, not verified."),
];

//! Fetches over cookies (manual, section 7.3.6).
//!
//! A plain expression means the last cookie of a name, or the first of all without one; an
//! ACL walks over all. The cursor keeps the line and the place in it.

use super::super::arg::{Arg, ArgKind, ArgSpec, text_at};
use super::super::context::{Context, Cursor, Direction, Fetched, MessageView};
use super::super::value::{Sample, Type, parse_int};
use super::http::{Message, find, request, response};
use super::{Fetch, Needs};
use crate::http::cookie::{Cookie, RequestCookies, SetCookies, request_cookies, response_cookies};
use crate::http::known::KnownHeader;

/// The cookies of one direction.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
}

impl Side {
    const fn of(context: &Context<'_>) -> Self {
        match context.direction {
            Direction::Request => Self::Request,
            Direction::Response => Self::Response,
        }
    }

    fn message<'a>(self, context: &Context<'a>) -> Message<'a> {
        match self {
            Self::Request => request(context),
            Self::Response => response(context),
        }
    }

    /// The value of the last cookie of this name, or of the first at all.
    fn chosen<'a>(self, message: MessageView<'a>, name: Option<&[u8]>) -> Option<&'a [u8]> {
        let value = |cookie: Cookie<'a>| value_of(&cookie, name);
        match (self, name) {
            (Self::Request, Some(_)) => request_cookies(message.head).filter_map(value).last(),
            (Self::Request, None) => request_cookies(message.head).find_map(value),
            (Self::Response, Some(_)) => response_cookies(message.head).filter_map(value).last(),
            (Self::Response, None) => response_cookies(message.head).find_map(value),
        }
    }

    fn count(self, message: MessageView<'_>, name: Option<&[u8]>) -> usize {
        let is_one = |cookie: &Cookie<'_>| value_of(cookie, name).is_some();
        match self {
            Self::Request => request_cookies(message.head).filter(is_one).count(),
            Self::Response => response_cookies(message.head).filter(is_one).count(),
        }
    }

    /// The next cookie of a walk.
    fn next<'a>(
        self,
        message: MessageView<'a>,
        name: Option<&[u8]>,
        cursor: &mut Cursor,
    ) -> Option<&'a [u8]> {
        loop {
            let (line, at) = cursor.place;
            let (header, value) = message.head.line(line)?;
            let cookie = self.cookie_at(header, value, at);
            let next_at = cookie.as_ref().and_then(Cookie::next_at);
            cursor.place = match next_at {
                Some(next_at) => (line, next_at),
                None => (line + 1, 0),
            };
            if let Some(found) = cookie.and_then(|cookie| value_of(&cookie, name)) {
                cursor.has_more = true;
                return Some(found);
            }
        }
    }

    fn cookie_at<'a>(self, header: &[u8], value: &'a [u8], at: usize) -> Option<Cookie<'a>> {
        let known = KnownHeader::of(header);
        match (self, known) {
            (Self::Request, KnownHeader::Cookie) => RequestCookies::from(value, at).next(),
            (Self::Response, KnownHeader::SetCookie | KnownHeader::SetCookie2) => {
                SetCookies::from(value, known, at).next()
            }
            _ => None,
        }
    }
}

/// The cookie's value when it has this name, or when any name will do.
fn value_of<'a>(cookie: &Cookie<'a>, name: Option<&[u8]>) -> Option<&'a [u8]> {
    match name {
        Some(name) => cookie.value_of(name),
        None => cookie.value,
    }
}

fn name_of(args: &[Arg]) -> Option<&[u8]> {
    text_at(args, 0).filter(|name| !name.is_empty())
}

fn value<'a>(
    context: &Context<'a>,
    side: Side,
    args: &'a [Arg],
    cursor: &mut Cursor,
    sample: fn(&'a [u8]) -> Sample<'a>,
) -> Fetched<'a> {
    find(side.message(context), |message| {
        let found = match cursor.walks {
            true => side.next(message, name_of(args), cursor),
            false => side.chosen(message, name_of(args)),
        };
        found.map(sample)
    })
}

fn number(text: &[u8]) -> Sample<'_> {
    Sample::Int(parse_int(text).unwrap_or(0))
}

fn count<'a>(context: &Context<'a>, side: Side, args: &'a [Arg]) -> Fetched<'a> {
    find(side.message(context), |message| {
        let count = side.count(message, name_of(args));
        i64::try_from(count).ok().map(Sample::Int)
    })
}

fn request_cookie<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    value(context, Side::Request, args, cursor, Sample::Str)
}

fn response_cookie<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    value(context, Side::Response, args, cursor, Sample::Str)
}

fn current_cookie<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    value(context, Side::of(context), args, cursor, Sample::Str)
}

fn request_number<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    value(context, Side::Request, args, cursor, number)
}

fn response_number<'a>(context: &Context<'a>, args: &'a [Arg], cursor: &mut Cursor) -> Fetched<'a> {
    value(context, Side::Response, args, cursor, number)
}

fn request_count<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    count(context, Side::Request, args)
}

fn response_count<'a>(context: &Context<'a>, args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    count(context, Side::Response, args)
}

const NAME: ArgSpec = ArgSpec::some(0, &[ArgKind::Str]);
const REQ: Needs = Needs::REQUEST_HEAD;
const RES: Needs = Needs::RESPONSE_HEAD;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("cook", Type::Str, REQ, request_cookie)
        .args(NAME, "cook([<name>])")
        .doc("As req.cook."),
    Fetch::new("cook_cnt", Type::Int, REQ, request_count)
        .args(NAME, "cook_cnt([<name>])")
        .doc("As req.cook_cnt."),
    Fetch::new("cook_val", Type::Int, REQ, request_number)
        .args(NAME, "cook_val([<name>])")
        .doc("As req.cook_val."),
    Fetch::new("cookie", Type::Str, REQ.and(RES), current_cookie)
        .args(NAME, "cookie([<name>])")
        .doc("The value of a cookie of the message whose rules run."),
    Fetch::new("req.cook", Type::Str, REQ, request_cookie)
        .args(NAME, "req.cook([<name>])")
        .doc("The value of a cookie that the client sent."),
    Fetch::new("req.cook_cnt", Type::Int, REQ, request_count)
        .args(NAME, "req.cook_cnt([<name>])")
        .doc("How many cookies of this name, or at all, the client sent."),
    Fetch::new("req.cook_val", Type::Int, REQ, request_number)
        .args(NAME, "req.cook_val([<name>])")
        .doc("The value of a cookie that the client sent, as a number."),
    Fetch::new("res.cook", Type::Str, RES, response_cookie)
        .args(NAME, "res.cook([<name>])")
        .doc("The value of a cookie that the server sets."),
    Fetch::new("res.cook_cnt", Type::Int, RES, response_count)
        .args(NAME, "res.cook_cnt([<name>])")
        .doc("How many cookies of this name, or at all, the server sets."),
    Fetch::new("res.cook_val", Type::Int, RES, response_number)
        .args(NAME, "res.cook_val([<name>])")
        .doc("The value of a cookie that the server sets, as a number."),
    Fetch::new("scook", Type::Str, RES, response_cookie)
        .args(NAME, "scook([<name>])")
        .doc("As res.cook."),
    Fetch::new("scook_cnt", Type::Int, RES, response_count)
        .args(NAME, "scook_cnt([<name>])")
        .doc("As res.cook_cnt."),
    Fetch::new("scook_val", Type::Int, RES, response_number)
        .args(NAME, "scook_val([<name>])")
        .doc("As res.cook_val."),
    Fetch::new("set-cookie", Type::Str, RES, response_cookie)
        .args(NAME, "set-cookie([<name>])")
        .doc("As res.cook."),
];

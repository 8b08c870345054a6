//! Which of the configured algorithms a request asks for.
//!
//! Called when the request is ready to leave, with the list of the backend or the frontend.
//! Where several algorithms are as good, the one configured last is taken, as HAProxy does.

use super::Algorithm;
use crate::http::head::HeadView;
use crate::http::known::KnownHeader;

/// What is to be done with the response, if it qualifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// How its body will be coded.
    pub algorithm: Algorithm,
    /// Accept-Encoding asks for it; `identity` needs no asking.
    pub is_asked: bool,
}

/// The algorithm for the response to `request`; `None` when it is to stay as it is.
pub fn choose(request: HeadView<'_>, algorithms: &[Algorithm]) -> Option<Choice> {
    if algorithms.is_empty() || has_old_agent(request) {
        return None;
    }
    if let Some(algorithm) = asked_for(request, algorithms) {
        return Some(Choice {
            algorithm,
            is_asked: true,
        });
    }
    algorithms.contains(&Algorithm::Identity).then_some(Choice {
        algorithm: Algorithm::Identity,
        is_asked: false,
    })
}

/// The algorithm with the highest weight, the first in the header among equal ones.
fn asked_for(request: HeadView<'_>, algorithms: &[Algorithm]) -> Option<Algorithm> {
    let mut best = None;
    let mut best_weight = 0;
    let wildcard = unnamed(request, algorithms);
    for element in request.elements(KnownHeader::AcceptEncoding) {
        let (token, weight) = split_weight(element);
        if weight <= best_weight {
            continue;
        }
        let candidate = match token {
            b"*" => wildcard,
            _ => algorithms
                .iter()
                .rev()
                .copied()
                .find(|algorithm| token.eq_ignore_ascii_case(algorithm.token())),
        };
        if let Some(candidate) = candidate {
            best = Some(candidate);
            best_weight = weight;
        }
    }
    best
}

/// What the asterisk stands for: an algorithm that the header does not name (RFC 9110 section
/// 12.5.3). Found once, or a long row of asterisks would cost its square.
fn unnamed(request: HeadView<'_>, algorithms: &[Algorithm]) -> Option<Algorithm> {
    let is_named = |algorithm: &Algorithm| {
        request
            .elements(KnownHeader::AcceptEncoding)
            .any(|element| {
                let (token, _) = split_weight(element);
                token.eq_ignore_ascii_case(algorithm.token())
            })
    };
    algorithms
        .iter()
        .rev()
        .copied()
        .find(|algorithm| !is_named(algorithm))
}

/// The coding and its weight in thousandths (RFC 9110 section 12.4.2).
fn split_weight(element: &[u8]) -> (&[u8], u16) {
    let mut parts = element.split(|byte| *byte == b';');
    let token = parts.next().unwrap_or_default().trim_ascii();
    let weight = parts.find_map(|part| match part.trim_ascii() {
        [b'q' | b'Q', rest @ ..] => rest.trim_ascii_start().strip_prefix(b"="),
        _ => None,
    });
    (token, weight.map_or(WEIGHT_MAX, parse_weight))
}

/// `0.25` is 250; what is not a weight counts as none given, as HAProxy has it.
fn parse_weight(text: &[u8]) -> u16 {
    let (whole, digits) = match text.trim_ascii() {
        [whole @ (b'0' | b'1')] => (*whole, &b""[..]),
        [whole @ (b'0' | b'1'), b'.', digits @ ..] => (*whole, digits),
        _ => return WEIGHT_MAX,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return WEIGHT_MAX;
    }
    if whole == b'1' {
        return WEIGHT_MAX;
    }
    let mut weight = 0;
    for at in 0..3 {
        let digit = digits.get(at).map_or(0, |digit| u16::from(digit - b'0'));
        weight = weight * 10 + digit;
    }
    weight
}

/// Browsers that call themselves Mozilla/4 and fail on compressed answers: all but MSIE 6 with
/// the second service pack of XP, and MSIE 7 and later (manual, "compression").
fn has_old_agent(request: HeadView<'_>) -> bool {
    let Some(agent) = request.value(KnownHeader::UserAgent) else {
        return false;
    };
    if !agent.starts_with(b"Mozilla/4") {
        return false;
    }
    let Some(rest) = agent
        .get(MSIE_AT..)
        .and_then(|rest| rest.strip_prefix(b"MSIE "))
    else {
        return true;
    };
    match rest {
        [b'6', ..] => !rest.windows(3).any(|word| word == b"SV1"),
        [b'1'..=b'9', b'0'..=b'9', ..] | [b'7'..=b'9', ..] => false,
        _ => true,
    }
}

/// The weight of a coding that has none.
const WEIGHT_MAX: u16 = 1000;
/// Where `MSIE` stands in `Mozilla/4.0 (compatible; MSIE 6.0; ...`.
const MSIE_AT: usize = 25;

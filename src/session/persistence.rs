//! What became of the persistence cookie of a request: the two letters the log shows, the
//! dates it carried, and what `capture cookie` kept.
//!
//! Part of the transaction, so that an idle client costs none of it; filled by the cookie
//! analysers and read by logging and by redispatch. The dates are those of `maxidle` and
//! `maxlife`: behind a `|`, five base64 digits that count units of four seconds.

use crate::config::model::CookieSettings;

/// What the client's cookie said (manual, "Session state at disconnection", third letter).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ClientCookie {
    /// There was none.
    #[default]
    None,
    /// It named no server.
    Invalid,
    /// Its server is down.
    Down,
    /// Its server serves the request.
    Valid,
    /// It was idle for too long (`maxidle`).
    Expired,
    /// It is too old (`maxlife`).
    Old,
    /// Something else had chosen the server, or it was to be ignored.
    Unused,
}

impl ClientCookie {
    /// The letter in the log.
    pub const fn letter(self) -> u8 {
        match self {
            Self::None => b'N',
            Self::Invalid => b'I',
            Self::Down => b'D',
            Self::Valid => b'V',
            Self::Expired => b'E',
            Self::Old => b'O',
            Self::Unused => b'U',
        }
    }
}

/// What was done with the response's cookie (fourth letter).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ServerCookie {
    /// The server set none and none was added.
    #[default]
    None,
    /// The server's passed as it was.
    Passed,
    /// The server's was taken out.
    Deleted,
    /// One was added.
    Inserted,
    /// The server's got another value.
    Rewritten,
    /// The client's was sent again with new dates.
    Updated,
}

impl ServerCookie {
    /// The letter in the log.
    pub const fn letter(self) -> u8 {
        match self {
            Self::None => b'N',
            Self::Passed => b'P',
            Self::Deleted => b'D',
            Self::Inserted => b'I',
            Self::Rewritten => b'R',
            Self::Updated => b'U',
        }
    }
}

/// The cookies of one request and its response.
#[derive(Debug, Default)]
pub struct CookieState {
    /// What the client's cookie said.
    pub client: ClientCookie,
    /// What was done with the response's.
    pub server: ServerCookie,
    /// The dates of the client's cookie.
    pub dates: CookieDates,
    /// `name=value` captured from the request; empty for none.
    pub captured_request: Vec<u8>,
    /// `name=value` captured from the response; empty for none.
    pub captured_response: Vec<u8>,
    /// The application's session identifier in the request, for `appsession`.
    pub appsession: Vec<u8>,
}

impl CookieState {
    /// Gets ready for the next request, keeping memory.
    pub fn reset(&mut self) {
        self.client = ClientCookie::None;
        self.server = ServerCookie::None;
        self.dates = CookieDates::default();
        self.captured_request.clear();
        self.captured_response.clear();
        self.appsession.clear();
    }

    /// A redispatch left the server that the cookie named.
    pub fn note_redispatch(&mut self) {
        if self.client == ClientCookie::Valid {
            self.client = ClientCookie::Down;
        }
    }
}

/// When a cookie was issued, in seconds since 1970; 0 where it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CookieDates {
    /// First issued (`maxlife`).
    pub first_s: i64,
    /// Last issued (`maxidle`).
    pub last_s: i64,
}

impl CookieDates {
    /// The server's name in a cookie's value, and the dates behind it.
    pub fn split(value: &[u8]) -> (&[u8], Self) {
        let Some(bar) = memchr::memchr(DATE_SEPARATOR, value) else {
            return (value, Self::default());
        };
        let (name, rest) = value.split_at(bar);
        let rest = rest.get(1..).unwrap_or_default();
        let mut dates = Self {
            first_s: 0,
            last_s: decode(rest),
        };
        if dates.last_s != 0
            && let Some(bar) = memchr::memchr(DATE_SEPARATOR, rest)
        {
            dates.first_s = decode(rest.get(bar + 1..).unwrap_or_default());
        }
        (name, dates)
    }

    /// What the dates make of a cookie that is too old, idle for too long or from a future
    /// that no wrong clock explains.
    pub fn verdict(self, settings: &CookieSettings, now_s: i64) -> Option<ClientCookie> {
        let is_off = |date_s: i64, age_max_s: u32| {
            let age_s = now_s.saturating_sub(date_s);
            age_max_s > 0 && date_s != 0 && (age_s > i64::from(age_max_s) || age_s < -FUTURE_MAX_S)
        };
        if is_off(self.first_s, settings.maxlife_s) {
            return Some(ClientCookie::Old);
        }
        is_off(self.last_s, settings.maxidle_s).then_some(ClientCookie::Expired)
    }

    /// True when a client whose cookie is right must still get it again: its dates are not
    /// those that the configuration asks for now.
    pub fn need_update(self, settings: &CookieSettings, now_s: i64) -> bool {
        let is_dated = settings.maxidle_s > 0 || self.last_s != 0;
        let is_stale = is_dated && self.last_s < now_s;
        is_stale || (settings.maxlife_s > 0) != (self.first_s != 0)
    }
}

/// A date as it stands behind the separator; 0 when it is not one.
fn decode(text: &[u8]) -> i64 {
    let Some(digits) = text.get(..DATE_DIGITS) else {
        return 0;
    };
    let value = digits.iter().try_fold(0i64, |value, byte| {
        let digit = ALPHABET.iter().position(|known| known == byte)?;
        Some(value << 6 | i64::try_from(digit).ok()?)
    });
    value.map_or(0, |units| units << 2)
}

/// A separator and a date rounded up to the next unit.
pub fn encode_date(seconds: i64) -> [u8; 1 + DATE_DIGITS] {
    let mut units = seconds.saturating_add(3) >> 2;
    let mut text = [DATE_SEPARATOR; 1 + DATE_DIGITS];
    for digit in text.iter_mut().skip(1).rev() {
        let index = usize::try_from(units & 63).unwrap_or(0);
        *digit = ALPHABET.get(index).copied().unwrap_or(b'A');
        units >>= 6;
    }
    text
}

/// Before each date.
const DATE_SEPARATOR: u8 = b'|';
/// Digits of a date.
const DATE_DIGITS: usize = 5;
/// Dates further in the future are no matter of time zones (manual, "maxidle").
const FUTURE_MAX_S: i64 = 86_400;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW_S: i64 = 1_795_235_129;

    fn settings(maxidle_s: u32, maxlife_s: u32) -> CookieSettings {
        CookieSettings {
            maxidle_s,
            maxlife_s,
            ..CookieSettings::default()
        }
    }

    fn dates(last_s: i64, first_s: i64) -> CookieDates {
        CookieDates { first_s, last_s }
    }

    #[test]
    fn dates_are_read_behind_bars() {
        assert_eq!(CookieDates::split(b"A"), (&b"A"[..], dates(0, 0)));
        assert_eq!(CookieDates::split(b"A|AAAAB"), (&b"A"[..], dates(4, 0)));
        assert_eq!(
            CookieDates::split(b"A|AAABAxx|AAAAC"),
            (&b"A"[..], dates(256, 8))
        );
        for value in ["A|abc", "A||", "A|!!!!!", "A|"] {
            assert_eq!(
                CookieDates::split(value.as_bytes()),
                (&b"A"[..], dates(0, 0))
            );
        }
        assert_eq!(CookieDates::split(b"|").0, b"");
    }

    #[test]
    fn ages_are_judged_by_their_limits() {
        let both = settings(60, 600);
        assert_eq!(dates(NOW_S - 30, NOW_S - 50).verdict(&both, NOW_S), None);
        let idle = dates(NOW_S - 61, 0);
        assert_eq!(idle.verdict(&both, NOW_S), Some(ClientCookie::Expired));
        assert_eq!(idle.verdict(&settings(0, 600), NOW_S), None);
        let old = dates(NOW_S - 300, NOW_S - 601);
        assert_eq!(old.verdict(&both, NOW_S), Some(ClientCookie::Old));
        assert_eq!(dates(NOW_S + 86_400, 0).verdict(&both, NOW_S), None);
        let future = dates(NOW_S + 86_401, 0);
        assert_eq!(future.verdict(&both, NOW_S), Some(ClientCookie::Expired));
        assert_eq!(dates(0, 0).verdict(&both, NOW_S), None);
    }

    #[test]
    fn dates_are_refreshed_when_they_are_not_what_is_asked_for() {
        let none = settings(0, 0);
        assert!(!dates(0, 0).need_update(&none, NOW_S));
        assert!(dates(NOW_S - 1, 0).need_update(&none, NOW_S));
        assert!(dates(NOW_S + 1, NOW_S).need_update(&none, NOW_S));
        let idle = settings(60, 0);
        assert!(dates(0, 0).need_update(&idle, NOW_S));
        assert!(!dates(NOW_S, 0).need_update(&idle, NOW_S));
        assert!(dates(NOW_S - 1, 0).need_update(&idle, NOW_S));
        let life = settings(0, 600);
        assert!(dates(NOW_S, 0).need_update(&life, NOW_S));
        assert!(!dates(NOW_S, NOW_S - 50).need_update(&life, NOW_S));
    }

    #[test]
    fn a_redispatch_tells_of_a_server_down() {
        let mut state = CookieState::default();
        state.note_redispatch();
        assert_eq!(state.client, ClientCookie::None);
        state.client = ClientCookie::Valid;
        state.note_redispatch();
        assert_eq!(state.client, ClientCookie::Down);
    }

    proptest! {
        #[test]
        fn dates_come_back_rounded_up(seconds in 1i64..4_294_967_290) {
            let text = encode_date(seconds);
            let (name, dates) = CookieDates::split(&text);
            prop_assert!(name.is_empty());
            prop_assert!((seconds..seconds + 4).contains(&dates.last_s));
        }

        #[test]
        fn any_value_is_split(value in proptest::collection::vec(any::<u8>(), 0..40)) {
            let (name, dates) = CookieDates::split(&value);
            prop_assert!(value.starts_with(name));
            prop_assert!(dates.last_s >= 0 && dates.first_s >= 0);
        }
    }
}

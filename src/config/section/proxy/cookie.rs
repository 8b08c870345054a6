//! `cookie`, `dynamic-cookie-key` and `capture cookie`.

use super::draft::ProxyContext;
use crate::config::diagnostic::{Diagnostic, Parse};
use crate::config::keyword::{Keyword, Line, Sections};
use crate::config::model::{CookieCapture, CookieMode, CookieSettings};
use crate::config::suggest;
use crate::config::unit::{self, UnitError};
use crate::config::word::Word;

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "capture cookie",
        sections: Sections::FRONT,
        usage: "capture cookie <name> len <length>",
        doc: "Logs a cookie of requests and responses.",
        since: "1.0",
        negatable: false,
        parse: parse_capture,
    },
    Keyword {
        name: "cookie",
        sections: Sections::DEFAULTS_BACK,
        usage: "cookie <name> [rewrite|insert|prefix] [indirect] [nocache] [postonly] [preserve] \
                [httponly] [secure] [domain <domain>]* [maxidle <time>] [maxlife <time>] [dynamic] \
                [attr <value>]*",
        doc: "Brings clients back to their server by a cookie.",
        since: "1.0",
        negatable: false,
        parse: parse_cookie,
    },
    Keyword {
        name: "dynamic-cookie-key",
        sections: Sections::DEFAULTS_BACK,
        usage: "dynamic-cookie-key <key>",
        doc: "Is the secret that the cookies of servers are made of with 'cookie dynamic'.",
        since: "1.8",
        negatable: false,
        parse: parse_key,
    },
];

fn parse_cookie(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let name = parse_name(line)?;
    let mut reader = Reader {
        settings: CookieSettings {
            name,
            ..CookieSettings::default()
        },
        modes: 0,
        domains: String::new(),
        flags: ("", ""),
        attributes: String::new(),
    };
    let mut at = 2;
    while let Some(word) = line.words.get(at).filter(|word| !word.is_empty()) {
        at += reader.option(context, line, word, at)?;
    }
    let settings = reader.finish(line)?;
    context.draft.cookie_span = Some(line.words.keyword_span());
    context.draft.proxy.cookie = Some(settings);
    Ok(())
}

/// A name that could never be a cookie's, or that would end the header line, is refused.
fn parse_name(line: &Line) -> Parse<String> {
    let word = line.words.get(1).filter(|word| !word.is_empty());
    let Some(word) = word else {
        let message = "'cookie' expects <cookie_name> as argument.";
        return Err(line.words.error(1, message));
    };
    let separates = |byte: &u8| byte.is_ascii_control() || b" ;,=\"".contains(byte);
    if let Some(&byte) = word.bytes().iter().find(|byte| separates(byte)) {
        let message = format!("'cookie' : character '%x{byte:02X}' cannot be part of a name");
        return Err(word.error(message));
    }
    Ok(word.utf8()?.to_owned())
}

/// The options read so far; those that become attributes are joined in a fixed order.
struct Reader {
    settings: CookieSettings,
    /// How often one of the exclusive modes was given.
    modes: u32,
    domains: String,
    /// `httponly` and `secure` as they are sent.
    flags: (&'static str, &'static str),
    attributes: String,
}

impl Reader {
    /// Reads the option at `at`; returns how many words it takes.
    fn option(
        &mut self,
        context: &mut ProxyContext,
        line: &Line,
        word: &Word,
        at: usize,
    ) -> Parse<usize> {
        let settings = &mut self.settings;
        match word.text() {
            "rewrite" => self.mode(CookieMode::Rewrite),
            "insert" => self.mode(CookieMode::Insert),
            "prefix" => self.mode(CookieMode::Prefix),
            "indirect" => settings.indirect = true,
            "nocache" => settings.nocache = true,
            "postonly" => settings.postonly = true,
            "preserve" => settings.preserve = true,
            "dynamic" => settings.dynamic = true,
            "httponly" => self.flags.0 = "; HttpOnly",
            "secure" => self.flags.1 = "; Secure",
            "domain" => {
                self.domain(context, line, at + 1)?;
                return Ok(2);
            }
            "maxidle" => {
                settings.maxidle_s = age(line, at + 1, "maxidle", "<idletime>")?;
                return Ok(2);
            }
            "maxlife" => {
                settings.maxlife_s = age(line, at + 1, "maxlife", "<lifetime>")?;
                return Ok(2);
            }
            "attr" => {
                self.attribute(line, at + 1)?;
                return Ok(2);
            }
            _ => return Err(unknown(word)),
        }
        Ok(1)
    }

    const fn mode(&mut self, mode: CookieMode) {
        self.settings.mode = mode;
        self.modes += 1;
    }

    fn domain(&mut self, context: &mut ProxyContext, line: &Line, at: usize) -> Parse<()> {
        let word = value(line, at, "'domain' expects <domain> as argument.")?;
        let text = word.utf8()?;
        let is_bad = |character: &char| !is_domain_character(*character);
        if let Some(bad) = text.chars().find(is_bad) {
            let message = format!("character '{bad}' is not permitted in domain name '{text}'.");
            return Err(word.error(message));
        }
        if !text.get(1..).unwrap_or_default().contains('.') {
            let message = format!(
                "domain '{text}' contains no embedded dot, this configuration may not work \
                 properly (see RFC6265#5.2.3)."
            );
            context.warnings.push(word.warning(message));
        }
        self.domains.push_str("; domain=");
        self.domains.push_str(text);
        Ok(())
    }

    fn attribute(&mut self, line: &Line, at: usize) -> Parse<()> {
        let word = value(line, at, "'attr' expects <value> as argument.")?;
        let is_bad = |byte: &&u8| byte.is_ascii_control() || **byte == b';';
        if let Some(bad) = word.bytes().iter().find(is_bad) {
            let message = format!("character '%x{bad:02X}' is not permitted in attribute value.");
            return Err(word.error(message));
        }
        self.attributes.push_str("; ");
        self.attributes.push_str(word.utf8()?);
        Ok(())
    }

    fn finish(self, line: &Line) -> Parse<CookieSettings> {
        let mut settings = self.settings;
        let error = |message: &str| Err(line.words.keyword_error(message));
        if self.modes > 1 {
            return error("cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.");
        }
        if settings.mode == CookieMode::Rewrite && settings.indirect {
            return error("cookie 'rewrite' and 'indirect' modes are incompatible.");
        }
        if settings.preserve && settings.mode != CookieMode::Insert && !settings.indirect {
            return error("cookie 'preserve' requires at least 'insert' or 'indirect'.");
        }
        let (httponly, secure) = self.flags;
        let (domains, extra) = (self.domains, self.attributes);
        settings.attributes = format!("; path=/{domains}{httponly}{secure}{extra}");
        Ok(settings)
    }
}

const fn is_domain_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | ':')
}

fn value<'a>(line: &'a Line, at: usize, missing: &str) -> Parse<&'a Word> {
    let word = line.words.get(at).filter(|word| !word.is_empty());
    word.ok_or_else(|| line.words.error(at, missing))
}

/// The seconds at `at`.
fn age(line: &Line, at: usize, name: &str, what: &str) -> Parse<u32> {
    let missing = format!("'{name}' expects {what} in seconds as argument.");
    let word = value(line, at, &missing)?;
    let text = word.text();
    unit::parse_time_s(text).map_err(|error| match error {
        UnitError::Overflow => word.error(format!(
            "timer overflow in argument <{text}> to <{name}>, maximum value is {} s (~68 years).",
            unit::TIME_S_MAX
        )),
        UnitError::Empty | UnitError::Unexpected { .. } | UnitError::Suffix { .. } => {
            let rest = text.get(error.offset()..).unwrap_or_default();
            let bad = rest.chars().next().unwrap_or('?');
            word.error(format!(
                "unexpected character '{bad}' in argument to <{name}>."
            ))
            .hint("times are <number>[us|ms|s|m|h|d]")
        }
    })
}

fn unknown(word: &Word) -> Diagnostic {
    let error = word.error(
        "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', \
         'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options.",
    );
    match suggest::closest(word.text(), OPTIONS.into_iter()) {
        Some(close) => error.hint(format!("did you mean '{close}'?")),
        None => error,
    }
}

fn parse_key(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let missing = "'dynamic-cookie-key' expects <secret_key> as argument.";
    let key = value(line, 1, missing)?.utf8()?.to_owned();
    line.words.end(2)?;
    context.draft.proxy.dynamic_cookie_key = Some(key);
    Ok(())
}

fn parse_capture(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    if !line.words.has(2) || !line.words.is(3, "len") || !line.words.has(4) {
        let message = "'capture' expects 'cookie' <cookie_name> 'len' <len>.";
        let missing = (2..=4).find(|&at| !line.words.has(at)).unwrap_or(3);
        return Err(line.words.error(missing, message));
    }
    let prefix = line.words.text(2)?.to_owned();
    let len = line.words.uint(4, 0..=usize::from(u16::MAX))?;
    line.words.end(5)?;
    context.draft.cookie_capture_span = Some(line.words.keyword_span());
    context.draft.proxy.cookie_capture = Some(CookieCapture { prefix, len });
    Ok(())
}

const OPTIONS: [&str; 13] = [
    "rewrite", "insert", "prefix", "indirect", "nocache", "postonly", "preserve", "httponly",
    "secure", "domain", "maxidle", "maxlife", "attr",
];

#[cfg(test)]
mod tests;

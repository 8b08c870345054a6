//! `monitor-uri` and `monitor-net`: requests of those who watch over weir itself.

use super::draft::ProxyContext;
use super::network;
use crate::config::diagnostic::Parse;
use crate::config::keyword::{Keyword, Line, Sections};

/// Sorted by name.
pub(super) static KEYWORDS: &[Keyword<ProxyContext>] = &[
    Keyword {
        name: "monitor-net",
        sections: Sections::DEFAULTS_FRONT,
        usage: "monitor-net <address>[/<mask>]",
        doc: "Answers requests from this network with 200, without rules, server or log.",
        since: "1.2",
        negatable: false,
        parse: parse_monitor_net,
    },
    Keyword {
        name: "monitor-uri",
        sections: Sections::DEFAULTS_FRONT,
        usage: "monitor-uri <uri>",
        doc: "Answers requests for this URI with 200, without rules, server or log.",
        since: "1.3",
        negatable: false,
        parse: parse_monitor_uri,
    },
];

fn parse_monitor_uri(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let uri = line.words.get(1).filter(|uri| !uri.is_empty());
    let uri = uri.ok_or_else(|| line.words.error(1, "'monitor-uri' expects an URI."))?;
    line.words.end(2)?;
    context.draft.proxy.monitor_uri = Some(uri.utf8()?.to_owned());
    Ok(())
}

fn parse_monitor_net(context: &mut ProxyContext, line: &Line) -> Parse<()> {
    let word = line.words.get(1);
    let network = word.and_then(|word| network::parse(word.text()));
    let network = network.ok_or_else(|| {
        let message = "'monitor-net' expects address[/mask].";
        line.words.error(1, message)
    })?;
    line.words.end(2)?;
    context.draft.proxy.monitor_net = Some(network);
    Ok(())
}

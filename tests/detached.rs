//! Rules evaluated on a request that no connection carries: what trying a configuration without
//! traffic stands on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod harness;

use bumpalo::Bump;
use harness::Harness;
use weir::config::model::{ProxyId, RuleSet};
use weir::engine::buffer::Buffer;
use weir::http::head::Head;
use weir::http::parse::{Policy, parse_request};
use weir::sample::acl::Answer;
use weir::sample::context::{Context, Direction, MessageView};

const CONFIG: &str = "
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend f
    bind LISTENER
    acl is_api path_beg /api/
    acl is_inside src 10.0.0.0/8
    http-request deny if is_api { req.hdr(host) -i -m end .example.com }
    http-request deny if is_inside
    http-request deny if { var(txn.a) -m found }
";

/// What the conditions of all rules say about a request.
fn answers(request: &str) -> Vec<Answer> {
    let harness = Harness::new(CONFIG);
    let core = &harness.worker.core;
    let mut buffer = Buffer::new(4096);
    buffer.push(request.as_bytes()).unwrap();
    let mut head = Head::new();
    parse_request(&mut buffer, 0, request.len(), Policy::default(), &mut head).unwrap();
    let arena = Bump::new();
    let proxy = ProxyId::of_index(0);
    let context = Context {
        arena: &arena,
        core,
        session: None,
        request: Some(MessageView {
            head: head.view(&buffer, 0),
            body: b"",
            body_is_whole: true,
            is_chunked: false,
        }),
        response: None,
        proxy,
        direction: Direction::Request,
        is_final: true,
    };
    let rules = core.config.proxy(proxy).rules.of(RuleSet::HttpRequest);
    let conditions = rules.iter().filter_map(|rule| rule.condition.as_ref());
    conditions
        .map(|condition| condition.eval(&context))
        .collect()
}

#[test]
fn a_request_without_a_connection_is_decided_by_what_it_says() {
    use Answer::{Fail, Pass};
    let request = "GET /api/x HTTP/1.1\r\nHost: www.EXAMPLE.com\r\n\r\n";
    assert_eq!(answers(request), [Pass, Fail, Fail]);
    let request = "GET /other HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    assert_eq!(answers(request), [Fail, Fail, Fail]);
}

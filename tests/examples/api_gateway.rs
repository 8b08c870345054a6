//! conf/api-gateway.cfg: versions, passwords, preflights, JSON errors and log.

use crate::stage::{Answer, Stage};

// "billing:secret" and "reports:reader".
const WRITER: &str = "Authorization: Basic YmlsbGluZzpzZWNyZXQ=";
const READER: &str = "Authorization: Basic cmVwb3J0czpyZWFkZXI=";
const HOST: &str = "Host: api.example.com";

fn assert_is_json_error(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    assert_eq!(answer.text(), format!("{{\"error\":\"{text}\"}}"));
    assert!(answer.header("X-Request-ID").is_some(), "{}", answer.head);
}

#[test]
fn path_and_version_choose_the_servers_which_see_neither_version_nor_password() {
    let stage = Stage::of("api-gateway");
    for (path, server, seen) in [
        ("/v1/users/7?a=b", 8001, "GET /users/7?a=b HTTP/1.1"),
        ("/v2/users/7", 8002, "GET /users/7 HTTP/1.1"),
        ("/v1/orders/1", 8003, "GET /orders/1 HTTP/1.1"),
        ("/v2/users/exports/1", 8003, "GET /users/exports/1 HTTP/1.1"),
    ] {
        let answer = stage.ask(&format!("GET {path}"), &[HOST, READER]);
        assert_eq!(
            (answer.status, answer.server()),
            (200, Some(server)),
            "{path}"
        );
        assert!(answer.server_saw(seen), "{}", answer.text());
        assert!(!answer.text().to_ascii_lowercase().contains("authorization"));
    }
}

#[test]
fn what_is_in_no_line_of_the_map_does_not_exist_whoever_asks() {
    let stage = Stage::of("api-gateway");
    for path in ["/", "/v3/users/7", "/v1/users", "/users/7"] {
        let answer = stage.ask(&format!("GET {path}"), &[HOST]);
        assert_is_json_error(&answer, 404, "no such resource");
    }
}

#[test]
fn everybody_needs_a_password_and_only_writers_change_things() {
    let stage = Stage::of("api-gateway");
    let answer = stage.ask("GET /v1/users/7", &[HOST]);
    assert_is_json_error(&answer, 401, "who are you?");
    assert_eq!(
        answer.header("WWW-Authenticate"),
        Some("Basic realm=\"api\"")
    );
    // "reports:secret": the password of somebody else.
    let wrong = "Authorization: Basic cmVwb3J0czpzZWNyZXQ=";
    assert_eq!(stage.ask("GET /v1/users/7", &[HOST, wrong]).status, 401);
    let refused = stage.ask("DELETE /v1/users/7", &[HOST, READER]);
    assert_is_json_error(&refused, 403, "not allowed");
    assert_eq!(stage.ask("DELETE /v1/users/7", &[HOST, WRITER]).status, 200);
}

#[test]
fn methods_that_nobody_listed_are_refused() {
    let stage = Stage::of("api-gateway");
    for method in ["TRACE", "BREW", "get"] {
        let answer = stage.ask(&format!("{method} /v1/users/7"), &[HOST, WRITER]);
        assert_is_json_error(&answer, 405, "no such method");
        assert!(
            answer
                .header("Allow")
                .unwrap()
                .starts_with("GET, HEAD, POST")
        );
    }
}

#[test]
fn our_pages_may_ask_first_and_then_read_the_answer() {
    let stage = Stage::of("api-gateway");
    let origin = "Origin: https://app.example.com";
    let answer = stage.ask("OPTIONS /v1/users/7", &[HOST, origin]);
    assert_eq!(answer.status, 204);
    let allowed = answer.header("Access-Control-Allow-Origin");
    assert_eq!(allowed, Some("https://app.example.com"));
    assert!(
        answer
            .header("Access-Control-Allow-Methods")
            .unwrap()
            .contains("DELETE")
    );
    let headers = answer.header("Access-Control-Allow-Headers");
    assert_eq!(headers, Some("Authorization, Content-Type"));
    let answer = stage.ask("GET /v1/users/7", &[HOST, origin, READER]);
    let allowed = answer.header("Access-Control-Allow-Origin");
    assert_eq!(
        (answer.status, allowed),
        (200, Some("https://app.example.com"))
    );
    assert_eq!(answer.header("Vary"), Some("Origin"));
}

#[test]
fn pages_of_others_get_no_permission() {
    let stage = Stage::of("api-gateway");
    for origin in ["Origin: https://evil.example", "X-None: 1"] {
        let answer = stage.ask("OPTIONS /v1/users/7", &[HOST, origin]);
        assert_is_json_error(&answer, 403, "not allowed");
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
        let answer = stage.ask("GET /v1/users/7", &[HOST, origin, READER]);
        assert_eq!(answer.header("Access-Control-Allow-Origin"), None);
    }
}

#[test]
fn servers_log_and_client_know_a_request_by_one_number() {
    let stage = Stage::of("api-gateway");
    let answer = stage.ask("GET /v1/users/7", &[HOST, READER]);
    let made = answer.header("X-Request-ID").unwrap();
    assert_eq!((made.len(), made.matches('-').count()), (36, 4), "{made}");
    let text = answer.text().to_ascii_lowercase();
    assert!(
        text.contains(&format!("x-request-id: {made}\r\n")),
        "{text}"
    );
    stage.printed(made);
    let own = [HOST, READER, "X-Request-ID: order-4711"];
    let answer = stage.ask("GET /v1/users/7", &own);
    assert_eq!(answer.header("X-Request-ID"), Some("order-4711"));
    stage.printed("\"id\":\"order-4711\"");
    let bad = [HOST, READER, "X-Request-ID: a\",\"admin\":\"b"];
    let answer = stage.ask("GET /v1/users/7", &bad);
    assert_eq!(answer.header("X-Request-ID").unwrap().len(), 36);
}

#[test]
fn the_log_is_one_json_object_per_line() {
    let stage = Stage::of("api-gateway");
    stage.ask("GET /v1/users/a\"b", &[HOST, READER]);
    // JSON lets slashes be escaped, and json() does.
    let line = stage.printed("GET").replace("\\/", "/");
    assert!(
        line.starts_with("{\"time\":\"") && line.ends_with("}"),
        "{line}"
    );
    for part in [
        "\"client\":\"127.0.0.1\"",
        "\"method\":\"GET\"",
        "\"path\":\"/v1/users/a\\\"b\"",
        "\"status\":200",
        "\"backend\":\"users_v1\"",
        "\"server\":\"users1\"",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

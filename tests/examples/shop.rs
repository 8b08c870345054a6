//! conf/shop.cfg: carts on their servers, a closed shop, an administration.

use crate::stage::{Setting, Stage, ask_on};

const HOST: &str = "Host: www.example.com";
// "anna:open sesame".
const ANNA: &str = "Authorization: Basic YW5uYTpvcGVuIHNlc2FtZQ==";

#[test]
fn customers_stay_on_their_server_which_never_sees_the_cookie() {
    let stage = Stage::of("shop");
    let first = stage.ask("GET /", &[HOST]);
    let cookie = first.header("Set-Cookie").unwrap();
    let name = match first.server() {
        Some(8001) => "c1",
        _ => "c2",
    };
    assert!(cookie.starts_with(&format!("SERVERID={name};")), "{cookie}");
    assert!(cookie.contains("HttpOnly"), "{cookie}");
    let cache = first.header("Cache-Control").unwrap();
    assert!(cache.contains("private"), "{cache}");
    for (server, name) in [(8001, "c1"), (8002, "c2"), (8001, "c1")] {
        let cookies = format!("Cookie: a=b; SERVERID={name}; SESSION=x");
        let answer = stage.ask("GET /cart", &[HOST, &cookies]);
        assert_eq!(answer.server(), Some(server));
        assert_eq!(answer.header("Set-Cookie"), None);
        assert!(!answer.text().contains("SERVERID"), "{}", answer.text());
        assert!(
            answer.text().contains("a=b; SESSION=x"),
            "{}",
            answer.text()
        );
    }
}

#[test]
fn customers_of_a_server_that_is_gone_get_another_and_its_cookie() {
    let setting = Setting {
        missing: &[8001],
        ..Setting::HTTP
    };
    let stage = Stage::with("shop", &setting);
    let answer = stage.ask("GET /cart", &[HOST, "Cookie: SERVERID=c1"]);
    assert_eq!((answer.status, answer.server()), (200, Some(8002)));
    let cookie = answer.header("Set-Cookie").unwrap();
    assert!(cookie.starts_with("SERVERID=c2;"), "{cookie}");
}

#[test]
fn the_log_has_enough_of_the_session_to_find_it() {
    let stage = Stage::of("shop");
    stage.ask("GET /cart", &[HOST, "Cookie: SESSION=0123456789abcdef"]);
    let line = stage.logged("/cart");
    assert!(line.contains(" SESSION=0123456789ab "), "{line}");
}

#[test]
fn a_shop_is_closed_by_its_line_but_not_its_administration() {
    let stage = Stage::of("shop");
    for host in ["Host: outlet.example.com", "Host: Outlet.Example.com:8080"] {
        let answer = stage.ask("GET /", &[host]);
        assert_eq!(
            (answer.status, answer.header("Retry-After")),
            (503, Some("3600"))
        );
        assert_eq!(answer.text(), "<h1>We are counting our stock</h1>\n");
        assert_eq!(stage.ask("GET /admin", &[host, ANNA]).server(), Some(8003));
    }
    assert_eq!(stage.ask("GET /", &[HOST]).status, 200);
    assert_eq!(stage.ask("GET /", &["Host: new.example.com"]).status, 200);
}

#[test]
fn a_changed_file_opens_and_closes() {
    let setting = Setting {
        changes: &[
            ("outlet.example.com  closed", "outlet.example.com open"),
            ("www.example.com     open", "www.example.com closed"),
        ],
        ..Setting::HTTP
    };
    let stage = Stage::with("shop", &setting);
    assert_eq!(
        stage.ask("GET /", &["Host: outlet.example.com"]).status,
        200
    );
    assert_eq!(stage.ask("GET /", &[HOST]).status, 503);
}

#[test]
fn the_administration_is_for_the_office_and_its_password() {
    let stage = Stage::of("shop");
    let mut outsider = stage.client_from([127, 0, 0, 2]);
    assert_eq!(
        ask_on(&mut outsider, "GET /admin", &[HOST, ANNA]).status,
        404
    );
    let mut customer = stage.client_from([127, 0, 0, 2]);
    assert_eq!(ask_on(&mut customer, "GET /", &[HOST]).status, 200);
    let answer = stage.ask("GET /admin/users", &[HOST]);
    let realm = answer.header("WWW-Authenticate");
    assert_eq!(
        (answer.status, realm),
        (401, Some("Basic realm=\"Shop administration\""))
    );
    let answer = stage.ask("GET /admin/users", &[HOST, ANNA]);
    assert_eq!((answer.status, answer.server()), (200, Some(8003)));
    assert!(!answer.text().to_ascii_lowercase().contains("authorization"));
}

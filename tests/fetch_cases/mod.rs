//! Expressions and the values that they have, for `fetches.rs`.

/// What an expression is to give.
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    /// This text; `MISSING` for no value.
    Is(&'static str),
    /// A number from here to there.
    Between(i64, i64),
    /// This text, where HAProxy 2.6 gives another or nothing.
    OnlyHere(&'static str),
    /// A text of this form: `#` is a hexadecimal digit, the rest stands for itself.
    Form(&'static str),
    /// The number of this process, which HAProxy 2.6 does not tell.
    PidHere,
    /// Any text but none.
    Some,
    /// These bytes, in hexadecimal digits.
    Bytes(&'static str),
}

/// An expression and its value.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) expression: &'static str,
    pub(crate) expected: Expected,
}

impl Case {
    /// True when it is the value expected.
    pub(crate) fn is(&self, found: &str) -> bool {
        match self.expected {
            Expected::Is(text) | Expected::OnlyHere(text) => found == text,
            Expected::Between(low, high) => found
                .parse::<i64>()
                .is_ok_and(|number| (low..=high).contains(&number)),
            Expected::Form(form) => {
                let fits = |(form, byte): (u8, u8)| match form {
                    b'#' => byte.is_ascii_hexdigit(),
                    other => other == byte,
                };
                form.len() == found.len() && form.bytes().zip(found.bytes()).all(fits)
            }
            Expected::Bytes(_) => found == "yes",
            Expected::PidHere => found == std::process::id().to_string(),
            Expected::Some => !found.is_empty() && found != "MISSING",
        }
    }
}

const fn is(expression: &'static str, text: &'static str) -> Case {
    Case {
        expression,
        expected: Expected::Is(text),
    }
}

const fn bytes(expression: &'static str, digits: &'static str) -> Case {
    Case {
        expression,
        expected: Expected::Bytes(digits),
    }
}

const fn here(expression: &'static str, text: &'static str) -> Case {
    Case {
        expression,
        expected: Expected::OnlyHere(text),
    }
}

const fn between(expression: &'static str, low: i64, high: i64) -> Case {
    Case {
        expression,
        expected: Expected::Between(low, high),
    }
}

const fn other(expression: &'static str, expected: Expected) -> Case {
    Case {
        expression,
        expected,
    }
}

pub(crate) const REQUEST: &[Case] = &[
    is("req.hdr(List)", "four"),
    is("req.hdr(List,1)", "one"),
    is("req.hdr(List,2)", "two"),
    is("req.hdr(List,3)", ""),
    is("req.hdr(List,-2)", "three"),
    is("req.hdr(List,9)", "MISSING"),
    is("req.hdr(List,-9)", "MISSING"),
    is("req.hdr(None)", "MISSING"),
    is("req.hdr(Empty)", ""),
    is("hdr(List)", "four"),
    is("req.hdr_cnt(List)", "5"),
    is("req.hdr_cnt(Empty)", "1"),
    is("req.hdr_cnt(None)", "0"),
    is("req.hdr_cnt", "20"),
    is("hdr_cnt(List)", "5"),
    is("req.fhdr(List)", "four"),
    is("req.fhdr(List,1)", "one, two ,,three"),
    is("req.fhdr_cnt(List)", "2"),
    is("req.fhdr_cnt", "16"),
    is("req.hdr_ip(Ip4)", "1.2.3.4"),
    is("req.hdr_ip(Ip4p)", "1.2.3.4"),
    is("req.hdr_ip(Ip6)", "::1"),
    is("req.hdr_ip(Ip6b)", "MISSING"),
    is("req.hdr_ip(Ip4x)", "MISSING"),
    is("hdr_ip(Ip4)", "1.2.3.4"),
    is("req.hdr_val(Num)", "34"),
    is("req.hdr_val(NumX)", "12"),
    is("req.hdr_val(Empty)", "0"),
    is("hdr_val(Num)", "34"),
    is(
        "req.hdr_names",
        "host,list,list,empty,ip4,ip4p,ip6,ip6b,ip4x,num,numx,cookie,cookie,authorization,bear,c\
        ontent-length",
    ),
    is(
        "req.hdr_names(;x)",
        "host;list;list;empty;ip4;ip4p;ip6;ip6b;ip4x;num;numx;cookie;cookie;authorization;bear;c\
        ontent-length",
    ),
    is("base", "10.1.2.3:8081/a/b;x=1;y=2"),
    is("baseq", "10.1.2.3:8081/a/b;x=1;y=2?a=12&b=&a=3&c"),
    is("base32", "3338630317"),
    bytes("base32+src", "C6FF74AD7F000001"),
    is("url32", "3188836133"),
    bytes("url32+src", "BE11C7257F000001"),
    is("path", "/a/b;x=1;y=2"),
    is("capture.req.hdr(0)", "MISSING"),
    here("capture.req.method", "POST"),
    here("capture.req.uri", "/a/b;x=1;y=2?a=12&b=&a=3&c"),
    is("capture.req.ver", "HTTP/1.1"),
    is("pathq", "/a/b;x=1;y=2?a=12&b=&a=3&c"),
    is("query", "a=12&b=&a=3&c"),
    is("url", "http://10.1.2.3:8081/a/b;x=1;y=2?a=12&b=&a=3&c"),
    is("url_ip", "10.1.2.3"),
    is("url_port", "8081"),
    is("url_param(a)", "12"),
    is("url_param", "12"),
    is("url_param(b)", ""),
    is("url_param(c)", "MISSING"),
    is("url_param(none)", "MISSING"),
    is("urlp(x,;)", "1"),
    is("urlp(y,;)", "2?a=12"),
    is("urlp_val(a)", "12"),
    is("req.cook(c1)", "v3"),
    is("req.cook(c2)", "v2"),
    is("req.cook", "v1"),
    is("req.cook(q)", "\"a b\""),
    is("req.cook(e)", ""),
    is("req.cook(none)", "MISSING"),
    is("req.cook_cnt(c1)", "2"),
    is("req.cook_cnt", "6"),
    is("req.cook_val(n)", "42"),
    is("cook(c1)", "v3"),
    is("cook_cnt(c1)", "2"),
    is("cook_val(n)", "42"),
    is("cookie(c1)", "v3"),
    is("req.ver", "1.1"),
    is("req_ver", "1.1"),
    is("method", "POST"),
    is("http_first_req", "1"),
    is("req.proto_http", "1"),
    is("req_proto_http", "1"),
    is("http_auth(L)", "1"),
    is("http_auth_user", "u1"),
    is("http_auth_pass", "p1"),
    is("http_auth_type", "Basic"),
    is("http_auth_group(L)", "u1"),
    is("http_auth_bearer", "MISSING"),
    is("http_auth_bearer(Bear)", "tok"),
    bytes("req.body", "703D3126713D3226703D333333"),
    is("req.body_len", "13"),
    is("req.body_size", "13"),
    is("req.body_param(p)", "1"),
    is("req.body_param", "1"),
    is("req.body_param(none)", "MISSING"),
    is("fc_http_major", "1"),
    is("fc_err", "0"),
    is("fc_err_str", "Success"),
    is("fc_rcvd_proxy", "0"),
    is("fc_pp_authority", "MISSING"),
    is("fc_pp_unique_id", "MISSING"),
    is("src", "127.0.0.1"),
    is("src_is_local", "1"),
    is("dst", "127.0.0.1"),
    is("dst_is_local", "1"),
    is("fc_src", "127.0.0.1"),
    is("fc_src_is_local", "1"),
    is("fc_dst", "127.0.0.1"),
    is("fc_dst_is_local", "1"),
    is("fe_name", "main"),
    is("fe_id", "55"),
    is("fe_defbe", "own"),
    is("fe_client_timeout", "10000"),
    is("be_name", "own"),
    is("be_id", "66"),
    is("be_server_timeout", "20000"),
    is("be_tunnel_timeout", "40000"),
    here("cur_server_timeout", "20000"),
    here("cur_tunnel_timeout", "40000"),
    is("so_id", "7"),
    is("so_name", "sock"),
    is("dst_conn", "1"),
    is("nbproc", "1"),
    is("proc", "1"),
    is("stopping", "0"),
    is("bool(true)", "1"),
    is("bool(0)", "0"),
    bytes("bin(0aff)", "0AFF"),
    is("ipv4(1.2.3.4)", "1.2.3.4"),
    is("ipv6(::1)", "::1"),
    is("int(-12)", "-12"),
    is("str(text)", "text"),
    is("meth(GET)", "GET"),
    is("always_true", "1"),
    is("always_false", "0"),
    is("env(WEIR_NONE)", "MISSING"),
    is("var(txn.none)", "MISSING"),
    is("var(txn.none,default)", "default"),
    is("nbsrv", "1"),
    is("nbsrv(other)", "2"),
    is("queue", "0"),
    is("queue(other)", "0"),
    is("avg_queue", "0"),
    is("avg_queue(other)", "0"),
    is("connslots", "-1"),
    is("connslots(other)", "11"),
    is("be_conn_free", "-1"),
    is("be_conn_free(other)", "7"),
    is("be_conn", "1"),
    is("be_conn(other)", "0"),
    is("fe_conn(main)", "1"),
    is("fe_req_rate(main)", "1"),
    is("fe_sess_rate(main)", "1"),
    is("be_sess_rate", "1"),
    is("srv_conn(s1)", "0"),
    is("srv_conn(other/o1)", "0"),
    is("srv_conn_free(s1)", "-1"),
    is("srv_conn_free(other/o2)", "4"),
    is("srv_is_up(s1)", "1"),
    is("srv_is_up(other/o3)", "0"),
    is("srv_queue(s1)", "0"),
    is("srv_sess_rate(s1)", "0"),
    is("srv_iweight(other/o1)", "7"),
    is("srv_uweight(other/o1)", "7"),
    is("srv_weight(other/o1)", "7"),
    is("wait_end", "1"),
    is("last_rule_file", "MISSING"),
    is("last_rule_line", "MISSING"),
    is("fc_lost", "0"),
    is("fc_retrans", "0"),
    is("fc_fackets", "0"),
    is("fc_sacked", "0"),
    is("fc_unacked", "0"),
    between("fc_reordering", 1, 300),
    is("ssl_fc", "0"),
    is("ssl_fc_has_sni", "0"),
    is("ssl_fc_is_resumed", "0"),
    is("ssl_c_used", "MISSING"),
    is("ssl_fc_sni", "MISSING"),
    is("ssl_fc_protocol", "MISSING"),
    is("ssl_c_verify", "MISSING"),
    bytes(
        "req.hdrs",
        "686F73743A2031302E312E322E333A383038310D0A6C6973743A206F6E652C2074776F202C2C74687265650\
        D0A6C6973743A20666F75720D0A656D7074793A200D0A6970343A20312E322E332E340D0A697034703A20312\
        E322E332E343A38300D0A6970363A203A3A310D0A697036623A205B3A3A315D0D0A697034783A20312E322E3\
        32E34780D0A6E756D3A2031322C2033340D0A6E756D783A2031326162630D0A636F6F6B69653A2063313D763\
        13B2063323D76323B206331203D2076330D0A636F6F6B69653A20713D22612062223B20653D3B206E3D34320\
        D0A617574686F72697A6174696F6E3A20426173696320645445366344453D0D0A626561723A2042656172657\
        220746F6B0D0A636F6E74656E742D6C656E6774683A2031330D0A0D0A",
    ),
    bytes(
        "req.hdrs_bin",
        "04686F73740D31302E312E322E333A38303831046C697374106F6E652C2074776F202C2C7468726565046C6\
        9737404666F757205656D707479000369703407312E322E332E3404697034700A312E322E332E343A3830036\
        97036033A3A310469703662055B3A3A315D046970347808312E322E332E3478036E756D0631322C203334046\
        E756D7805313261626306636F6F6B69651563313D76313B2063323D76323B206331203D20763306636F6F6B6\
        96511713D22612062223B20653D3B206E3D34320D617574686F72697A6174696F6E0E4261736963206454453\
        66344453D04626561720A42656172657220746F6B0E636F6E74656E742D6C656E6774680231330000",
    ),
    between("src_port", 1, 65_535),
    between("dst_port", 1, 65_535),
    between("fc_src_port", 1, 65_535),
    between("fc_dst_port", 1, 65_535),
    between("thread", 0, 64),
    between("date", 1_700_000_000, 9_000_000_000),
    between("date(-1000)", 1_690_000_000, 9_000_000_000),
    between("date(0,ms)", 1_700_000_000_000, 9_000_000_000_000),
    between("date(0,us)", 1_700_000_000_000_000, 9_000_000_000_000_000),
    between("date_us", 0, 999_999),
    between("rand", 0, 1 << 32),
    between("rand(7)", 0, 6),
    is("rand(1)", "0"),
    other(
        "uuid",
        Expected::Form("########-####-4###-####-############"),
    ),
    other("hostname", Expected::Some),
    is("env(WEIR_SET)", "a value"),
    between("fc_rtt", 0, 1_000),
    between("fc_rtt(us)", 1, 1_000_000),
    between("fc_rttvar(us)", 0, 1_000_000),
    between("cpu_calls", 1, 100),
    is("cpu_ns_avg", "0"),
    is("cpu_ns_tot", "0"),
    is("lat_ns_avg", "0"),
    is("lat_ns_tot", "0"),
    here("act_conn", "1"),
    other("pid", Expected::PidHere),
];

pub(crate) const RESPONSE: &[Case] = &[
    is("status", "203"),
    is("res.comp", "0"),
    is("res.comp_algo", "MISSING"),
    is("res.ver", "1.1"),
    is("resp_ver", "1.1"),
    is("res.hdr(List)", "three"),
    is("res.hdr(List,1)", "one"),
    is("shdr(List)", "three"),
    is("hdr(List)", "three"),
    is("res.fhdr(List,1)", "one, two"),
    is("res.hdr_cnt(List)", "3"),
    is("shdr_cnt(List)", "3"),
    is("res.fhdr_cnt(List)", "2"),
    is("res.hdr_ip(Ip4)", "1.2.3.4"),
    is("shdr_ip(Ip4)", "1.2.3.4"),
    is("res.hdr_val(Num)", "12"),
    is("shdr_val(Num)", "12"),
    is(
        "res.hdr_names",
        "list,list,num,ip4,set-cookie,set-cookie,set-cookie,content-length",
    ),
    is("res.cook(a)", "333"),
    is("res.cook(b)", "22"),
    is("res.cook", "1"),
    is("res.cook_cnt(a)", "2"),
    here("res.cook_cnt", "3"),
    is("res.cook_val(b)", "22"),
    is("scook(a)", "333"),
    is("scook_cnt(a)", "2"),
    is("scook_val(b)", "22"),
    is("cookie(b)", "22"),
    here("set-cookie(b)", "22"),
    bytes("res.body", "616263"),
    is("res.body_len", "3"),
    is("res.body_size", "3"),
    is("method", "POST"),
    here("req.proto_http", "1"),
    is("http_first_req", "1"),
    is("srv_name", "s1"),
    is("srv_id", "9"),
    is("be_name", "own"),
    is("bc_http_major", "1"),
    is("bc_err", "0"),
    is("bc_err_str", "Success"),
    is("bc_src", "127.0.0.1"),
    is("bc_dst", "127.0.0.1"),
    is("ssl_bc", "0"),
    is("ssl_bc_cipher", "MISSING"),
    is("ssl_s_der", "MISSING"),
    is("srv_conn(own/s1)", "1"),
    is("capture.res.hdr(0)", "MISSING"),
    is("capture.res.ver", "HTTP/1.1"),
    is("unique-id", "MISSING"),
    here("weir.reason", "MISSING"),
    bytes(
        "res.hdrs",
        "6C6973743A206F6E652C2074776F0D0A6C6973743A2074687265650D0A6E756D3A2031320D0A6970343A203\
        12E322E332E340D0A7365742D636F6F6B69653A20613D313B20706174683D2F0D0A7365742D636F6F6B69653\
        A20623D32323B207365637572650D0A7365742D636F6F6B69653A20613D3333330D0A636F6E74656E742D6C6\
        56E6774683A20330D0A0D0A",
    ),
    bytes(
        "res.hdrs_bin",
        "046C697374086F6E652C2074776F046C697374057468726565036E756D0231320369703407312E322E332E3\
        40A7365742D636F6F6B69650B613D313B20706174683D2F0A7365742D636F6F6B69650C623D32323B2073656\
        37572650A7365742D636F6F6B696505613D3333330E636F6E74656E742D6C656E67746801330000",
    ),
    between("bc_src_port", 1, 65_535),
    between("bc_dst_port", 1, 65_535),
];

/// Bytes in a channel, an expression, whether nothing more will come, and the value.
pub(crate) const BYTES: &[(&[u8], &str, bool, &str)] = &[
    (HELLO, "req.ssl_sni", false, "example.org"),
    (HELLO, "req_ssl_sni", false, "example.org"),
    (HELLO, "req.ssl_alpn", false, "h2"),
    (HELLO, "req.ssl_ec_ext", false, "1"),
    (HELLO, "req.ssl_st_ext", false, "1"),
    (HELLO, "req.ssl_ver", false, "196611"),
    (HELLO, "req_ssl_ver", false, "196611"),
    (HELLO, "req.ssl_hello_type", false, "1"),
    (HELLO, "req_ssl_hello_type", false, "1"),
    (b"\x16\x03", "req.ssl_sni", false, "NOT YET"),
    (b"\x16\x03", "req.ssl_sni", true, "MISSING"),
    (b"GET / HTTP", "req.ssl_sni", false, "MISSING"),
    (b"GET / HTTP", "req.ssl_hello_type", false, "MISSING"),
    (SERVER_HELLO, "res.ssl_hello_type", false, "2"),
    (SERVER_HELLO, "rep_ssl_hello_type", false, "2"),
    (RDP, "req.rdp_cookie", false, "user1"),
    (RDP, "req.rdp_cookie(mstshash)", false, "user1"),
    (RDP, "req.rdp_cookie(other)", false, "MISSING"),
    (RDP, "rdp_cookie", false, "user1"),
    (RDP, "rdp_cookie(mstshash)", false, "user1"),
    (RDP, "rdp_cookie(other)", false, "MISSING"),
    (RDP, "req_rdp_cookie", false, "user1"),
    (RDP, "req_rdp_cookie(mstshash)", false, "user1"),
    (RDP, "req_rdp_cookie(other)", false, "MISSING"),
    (RDP, "req.rdp_cookie_cnt", false, "1"),
    (b"SSH-2", "req.rdp_cookie_cnt", false, "0"),
    (b"\x03\x00", "req.rdp_cookie_cnt", false, "NOT YET"),
    (RDP, "rdp_cookie_cnt", false, "1"),
    (b"SSH-2", "rdp_cookie_cnt", false, "0"),
    (b"\x03\x00", "rdp_cookie_cnt", false, "NOT YET"),
    (RDP, "req_rdp_cookie_cnt", false, "1"),
    (b"SSH-2", "req_rdp_cookie_cnt", false, "0"),
    (b"\x03\x00", "req_rdp_cookie_cnt", false, "NOT YET"),
    (DISTCC, "distcc_param(DOTI)", false, "5"),
    (DISTCC, "distcc_body(DOTI)", false, "hello"),
    (DISTCC, "distcc_param(ARGC)", false, "1"),
    (b"DIST0000", "distcc_param(DOTI)", false, "NOT YET"),
    (
        b"garbage that is none",
        "distcc_param(DOTI)",
        false,
        "MISSING",
    ),
    (DISTCC, "distcc_param(DOTI,2)", false, "NOT YET"),
    (b"abc", "req.len", false, "3"),
    (b"", "req.len", false, "0"),
    (b"", "req.len", true, "0"),
    (b"abc", "req_len", false, "3"),
    (b"", "req_len", false, "0"),
    (b"", "req_len", true, "0"),
    (b"abc", "res.len", false, "3"),
    (b"", "res.len", false, "0"),
    (b"", "res.len", true, "0"),
    (b"abcdef", "payload(1,2)", false, "bc"),
    (b"abcdef", "payload(4,0)", false, "ef"),
    (b"abcdef", "payload(4,4)", false, "NOT YET"),
    (b"abcdef", "payload(4,4)", true, "MISSING"),
    (b"abcdef", "payload(400000,1)", false, "MISSING"),
    (b"abcdef", "req.payload(1,2)", false, "bc"),
    (b"abcdef", "req.payload(4,0)", false, "ef"),
    (b"abcdef", "req.payload(4,4)", false, "NOT YET"),
    (b"abcdef", "req.payload(4,4)", true, "MISSING"),
    (b"abcdef", "req.payload(400000,1)", false, "MISSING"),
    (b"abcdef", "res.payload(1,2)", false, "bc"),
    (b"abcdef", "res.payload(4,0)", false, "ef"),
    (b"abcdef", "res.payload(4,4)", false, "NOT YET"),
    (b"abcdef", "res.payload(4,4)", true, "MISSING"),
    (b"abcdef", "res.payload(400000,1)", false, "MISSING"),
    (b"\x00\x02abcdef", "payload_lv(0,2)", false, "ab"),
    (b"\x00\x02abcdef", "payload_lv(0,2,+1)", false, "bc"),
    (b"\x00\x02abcdef", "payload_lv(0,2,5)", false, "de"),
    (b"\xff\xff\xff", "payload_lv(0,2)", false, "MISSING"),
    (b"\x00\x09a", "payload_lv(0,2)", false, "NOT YET"),
    (b"\x00\x02abcdef", "req.payload_lv(0,2)", false, "ab"),
    (b"\x00\x02abcdef", "req.payload_lv(0,2,+1)", false, "bc"),
    (b"\x00\x02abcdef", "req.payload_lv(0,2,5)", false, "de"),
    (b"\xff\xff\xff", "req.payload_lv(0,2)", false, "MISSING"),
    (b"\x00\x09a", "req.payload_lv(0,2)", false, "NOT YET"),
    (b"\x00\x02abcdef", "res.payload_lv(0,2)", false, "ab"),
    (b"\x00\x02abcdef", "res.payload_lv(0,2,+1)", false, "bc"),
    (b"\x00\x02abcdef", "res.payload_lv(0,2,5)", false, "de"),
    (b"\xff\xff\xff", "res.payload_lv(0,2)", false, "MISSING"),
    (b"\x00\x09a", "res.payload_lv(0,2)", false, "NOT YET"),
    (b"a", "wait_end", false, "NOT YET"),
    (b"a", "wait_end", true, "1"),
    (b"a", "req.proto_http", false, "NOT YET"),
    (b"\x16\x03", "req.proto_http", false, "0"),
    (b"\x16\x03", "path", false, "MISSING"),
    (PLAIN, "req.proto_http", false, "1"),
    (PLAIN, "req.hdr(host)", false, "h"),
    (PLAIN, "path", false, "/x"),
    (PLAIN, "req.body", false, "ab"),
    (PLAIN, "req.body_len", false, "2"),
    (PLAIN, "req.body_size", false, "2"),
    (PLAIN, "method", false, "POST"),
    (b"a", "req.proto_http", true, "0"),
    (b"a", "path", false, "NOT YET"),
    (b"a", "path", true, "MISSING"),
];

const HELLO: &[u8] = b"\x16\x03\x01\x00a\x01\x00\x00]\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\
    \x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\
    \x00\x00\x00\x02\x13\x01\x01\x00\x002\x00\x00\x00\x10\x00\x0e\x00\x00\x0bexample.org\x00\x10\
    \x00\x0e\x00\x0c\x02h2\x08http/1.1\x00\x0a\x00\x04\x00\x02\x00\x1d\x00#\x00\x00";
const SERVER_HELLO: &[u8] = b"\x16\x03\x03\x00\x04\x02\x00\x00\x00";
const PLAIN: &[u8] =
    b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb";
const RDP: &[u8] = b"\x03\x00\x00#\x1e\xe0\x00\x00\x00\x00\x00Cookie: mstshash=user1\x0d\x0a";
const DISTCC: &[u8] = b"DIST00000002ARGC00000001ARGV00000003gccDOTI00000005hello";

/// Names of fetches without a case begin like this, and why they have none.
pub(crate) const UNTESTED: &[(&str, &str)] = &[(
    "ssl_",
    "all that a connection without TLS answers alike are tested by some",
)];

//! Requests from a seed: what clients send, odd but legal things included, and some attacks.
//!
//! The words are those that the configurations speak about, so that every rule is met. The n-th
//! exchange of a configuration depends on the seed, the configuration's name and n alone.

use crate::hostile::HOSTILE;
use crate::message::{Kind, sum_of};

/// What one client does on one connection.
pub(crate) struct Exchange {
    pub(crate) number: usize,
    /// Which of the configuration's listeners it connects to.
    pub(crate) listener: usize,
    pub(crate) steps: Vec<Step>,
    /// The name of the attack, when it is one.
    pub(crate) hostile: Option<&'static str>,
    /// Whether the client closes its side as soon as it has sent everything.
    pub(crate) shuts_early: bool,
}

/// What requests are generated for.
pub(crate) struct Target<'a> {
    /// The name of the configuration.
    pub(crate) name: &'a str,
    pub(crate) listeners: usize,
    /// Not where the way of one request depends on those before: an attack that only one of
    /// the two refuses would change all that follow.
    pub(crate) takes_attacks: bool,
    /// Whether servers fail: what follows is told apart by few configurations.
    pub(crate) servers_fail: bool,
}

/// Bytes that leave together, and how many responses are awaited after them.
pub(crate) struct Step {
    pub(crate) bytes: Vec<u8>,
    pub(crate) responses: Vec<Kind>,
}

impl Exchange {
    /// The exchange of this number for a configuration.
    pub(crate) fn generate(seed: u64, target: &Target<'_>, number: usize) -> Self {
        let mixed = (u64::from(sum_of(target.name.as_bytes())) << 32) ^ (number as u64);
        let mut random = Random(seed ^ mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let listener = random.below(target.listeners);
        let mut exchange = Self {
            number,
            listener,
            steps: Vec::new(),
            hostile: None,
            shuts_early: false,
        };
        match random.below(20) {
            0 | 1 if target.takes_attacks => exchange.attack(&mut random),
            2..=5 => exchange.pipeline(&mut random, target),
            _ => exchange.keep_alive(&mut random, target),
        }
        exchange
    }

    /// One to four requests, each sent after the response to the one before.
    fn keep_alive(&mut self, random: &mut Random, target: &Target<'_>) {
        for _ in 0..[1, 1, 1, 2, 3, 4][random.below(6)] {
            let (bytes, kind) = request(random, self.number, target);
            self.steps.push(Step {
                bytes,
                responses: vec![kind],
            });
        }
    }

    /// Two requests at once.
    fn pipeline(&mut self, random: &mut Random, target: &Target<'_>) {
        let (mut bytes, first) = request(random, self.number, target);
        let (more, second) = request(random, self.number, target);
        bytes.extend(more);
        self.steps.push(Step {
            bytes,
            responses: vec![first, second],
        });
    }

    fn attack(&mut self, random: &mut Random) {
        let attack = random.one_of(HOSTILE);
        self.hostile = Some(attack.name);
        self.shuts_early = attack.shuts_early;
        let id = format!("X-Id: {}\r\n", self.number);
        let marker = b"X-Id\r\n";
        let at = attack
            .bytes
            .windows(marker.len())
            .position(|bytes| bytes == marker);
        let mut bytes = attack.bytes.to_vec();
        if let Some(at) = at {
            bytes.splice(at..at + marker.len(), id.into_bytes());
        }
        self.steps.push(Step {
            bytes,
            responses: vec![Kind::Response],
        });
    }
}

/// A whole request, and what its response is.
fn request(random: &mut Random, id: usize, configuration: &Target<'_>) -> (Vec<u8>, Kind) {
    let method = random.one_of(METHODS);
    let is_old = random.once_in(8);
    let version = if is_old { "HTTP/1.0" } else { "HTTP/1.1" };
    let mut head = format!("{method} {} {version}\r\n", target(random));
    let mut lines = vec![
        format!("X-Id: {id}"),
        format!("X-Want: {}", wishes(random, configuration)),
    ];
    if !is_old || random.once_in(2) {
        let name = random.one_of(&["Host", "Host", "Host", "host", "HOST"]);
        lines.push(format!("{name}: {}", random.one_of(HOSTS)));
    }
    for _ in 0..random.below(7) {
        lines.push(random.one_of(HEADERS).to_owned());
    }
    if random.once_in(3) {
        lines.push(cookies(random));
    }
    let body = match method {
        "POST" | "PUT" | "PATCH" => body(random, is_old, &mut lines),
        "DELETE" | "OPTIONS" if random.once_in(3) => body(random, is_old, &mut lines),
        _ => Vec::new(),
    };
    random.shuffle(&mut lines);
    for line in lines {
        head.push_str(&line);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend(body);
    let kind = if method == "HEAD" {
        Kind::Bodiless
    } else {
        Kind::Response
    };
    (bytes, kind)
}

fn target(random: &mut Random) -> String {
    let mut target = String::new();
    if random.once_in(12) {
        target.push_str("http://www.example.com");
    }
    target.push_str(random.one_of(PATHS));
    if random.once_in(2) {
        target.push('?');
        target.push_str(random.one_of(QUERIES));
    }
    target
}

fn cookies(random: &mut Random) -> String {
    let name = random.one_of(&["Cookie", "Cookie", "cookie"]);
    let count = 1 + random.below(3);
    let pairs: Vec<&str> = (0..count).map(|_| random.one_of(COOKIES)).collect();
    format!(
        "{name}: {}",
        pairs.join(random.one_of(&["; ", "; ", ";", " ; "]))
    )
}

/// The body of a request; its headers go to `lines`.
fn body(random: &mut Random, is_old: bool, lines: &mut Vec<String>) -> Vec<u8> {
    let text = match random.below(5) {
        0 => String::new(),
        1 => "user=alice&password=secret&lang=fr".to_owned(),
        2 => "{\"user\":{\"name\":\"bob\",\"id\":42},\"list\":[1,2,3]}".to_owned(),
        3 => "line of text\n".repeat(1 + random.below(90)),
        _ => "x".repeat(random.below(6000)),
    };
    lines.push(format!("Content-Type: {}", random.one_of(BODY_TYPES)));
    if random.once_in(10) {
        lines.push("Expect: 100-continue".to_owned());
    }
    if is_old || random.below(3) > 0 {
        lines.push(format!("Content-Length: {}", text.len()));
        return text.into_bytes();
    }
    lines.push("Transfer-Encoding: chunked".to_owned());
    let mut bytes = Vec::new();
    for piece in text.as_bytes().chunks(1 + random.below(2000)) {
        bytes.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        bytes.extend(piece);
        bytes.extend(b"\r\n");
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}

/// What the origin is to answer.
fn wishes(random: &mut Random, target: &Target<'_>) -> String {
    if target.servers_fail && random.once_in(25) {
        return random.one_of(BAD_ANSWERS).to_owned();
    }
    let mut wishes = Vec::new();
    if random.once_in(3) {
        wishes.push(random.one_of(STATUSES).to_owned());
    }
    wishes.push(format!("l{}", random.one_of(LENGTHS)));
    wishes.push(
        random
            .one_of(&["html", "html", "plain", "json", "png"])
            .to_owned(),
    );
    for _ in 0..random.below(4) {
        wishes.push(random.one_of(EXTRAS).to_owned());
    }
    wishes.join(",")
}

/// Numbers that follow from a seed alone (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit as u64)).unwrap()
    }

    fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn shuffle<T>(&mut self, all: &mut [T]) {
        for at in (1..all.len()).rev() {
            let other = self.below(at + 1);
            all.swap(at, other);
        }
    }
}

const METHODS: &[&str] = &[
    "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE",
    "OPTIONS", "TRACE", "PURGE",
];

const PATHS: &[&str] = &[
    "/",
    "/",
    "/index.html",
    "/static/logo.png",
    "/static/css/site.css",
    "/img/photo.JPG",
    "/api/v1/users",
    "/api/v2/items/42",
    "/api/v2/items/42/",
    "/admin",
    "/admin/panel/users",
    "/login",
    "/logout",
    "/old/page",
    "/old/deep/page.php",
    "/blog/2026/11/21/title",
    "/search",
    "/health",
    "/monitor",
    "/deny",
    "/tarpit",
    "/private/report.pdf",
    "/a%20b/c%2Fd",
    "/UPPER/Case",
    "/a//b/./c/../d",
    "/%7Euser/",
    "/app",
    "/app/start",
    "/download/file.tar.gz",
    "/redirect/me",
    "/~bob/x;param=1",
    "/q\"uote'd",
    "/long/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

const QUERIES: &[&str] = &[
    "",
    "id=42",
    "id=-7",
    "q=hello+world",
    "q=a%26b%3Dc",
    "user=bob&lang=fr",
    "a=1&a=2&b=3",
    "token=YWxhZGRpbjpvcGVu",
    "debug",
    "debug=1&x=",
    "=x&y",
    "lang=de&id=100000",
    "next=http://evil/",
    "ip=10.1.2.3",
    "z=%zz&w=%4",
    "c=3&b=2&a=1",
    "list=one,two,three",
    "utf=%C3%A9t%C3%A9",
    "n=007",
];

const HOSTS: &[&str] = &[
    "www.example.com",
    "www.example.com",
    "EXAMPLE.com:8080",
    "api.example.org",
    "static.example.com",
    "127.0.0.1",
    "[::1]:80",
    "shop.example.net:443",
    "unknown.test",
    "a.b.c.example.com",
];

const HEADERS: &[&str] = &[
    "User-Agent: curl/7.88.1",
    "User-Agent: Mozilla/5.0 (X11; Linux) Gecko/20100101 Firefox/115.0",
    "user-agent: Mozilla/4.0 (compatible; MSIE 6.0)",
    "User-Agent: GoogleBot/2.1",
    "Accept: */*",
    "Accept: text/html,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language: fr-FR,fr;q=0.9,en;q=0.5",
    "accept-language: de",
    "Accept-Encoding: gzip",
    "Accept-Encoding: deflate, gzip;q=0.5",
    "Accept-Encoding: gzip;q=0, identity",
    "X-Forwarded-For: 10.1.2.3",
    "X-Forwarded-For: 192.168.7.9, 10.0.0.1",
    "x-forwarded-for:  172.16.0.5",
    "X-Forwarded-Proto: https",
    "Referer: http://www.example.com/from?x=y",
    "Referer: https://evil.test/",
    "X-Custom: one",
    "X-Custom: two, three",
    "x-CUSTOM:four",
    "X-Custom:   five   ",
    "X-Empty:",
    "X-Number: 42",
    "X-Number: -3",
    "X-Number: 99999999999",
    "X-Number: 4 2",
    "X-Hex: 48656c6c6f",
    "X-Base: SGVsbG8gd29ybGQ=",
    "X-Url: %48ello%20w%6frld",
    "X-Json: {\"a\":{\"b\":[10,20]},\"s\":\"t\"}",
    "X-Ip: 10.20.30.40",
    "X-Ip: 2001:db8::1",
    "X-Ip: not.an.ip",
    "X-Path: /a/b/c/d.e",
    "X-Fields: a|b||d",
    "X-Words: one two  three",
    "X-Mixed: MiXeD CaSe",
    "X-Quote: say \"hi\" \\ back",
    "X-Time: 1700000000",
    "X-List: a,b, c ,\"d,e\"",
    "If-None-Match: \"abc123\"",
    "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT",
    "Range: bytes=0-9",
    "Cache-Control: no-cache",
    "Pragma: no-cache",
    "Authorization: Basic YWxpY2U6c2VjcmV0",
    "Authorization: Basic Ym9iOndyb25n",
    "Authorization: Bearer abc.def.ghi",
    "Connection: keep-alive",
    "Connection: close",
    "connection: Keep-Alive, X-Custom",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: close",
    "Via: 1.0 other",
    "Origin: http://app.example.com",
    "DNT: 1",
    "TE: trailers",
    "X-Debug: on",
    "X-Role: admin",
    "X-Role: Guest",
    "X-Tab:\tvalue\twith\ttabs",
    "X-Utf: \u{e9}t\u{e9}",
    "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

const COOKIES: &[&str] = &[
    "SERVERID=s0",
    "SERVERID=s1",
    "SERVERID=gone",
    "SERVERID=",
    "SESSION=abc123",
    "SESSION=\"quo ted\"",
    "A=1",
    "B=2",
    "theme=dark",
    "lang=en",
    "novalue",
    "=noname",
    "SERVERID=s1~abc",
    "track=x=y=z",
];

const BODY_TYPES: &[&str] = &[
    "application/x-www-form-urlencoded",
    "application/json",
    "text/plain",
    "application/octet-stream",
];

const STATUSES: &[&str] = &[
    "s201", "s204", "s206", "s301", "s302", "s304", "s400", "s401", "s403", "s404", "s410", "s429",
    "s500", "s503", "s599",
];

const LENGTHS: &[usize] = &[0, 1, 20, 20, 76, 77, 500, 1400, 5000];

const EXTRAS: &[&str] = &[
    "chunked",
    "chunked",
    "chunked,trailer",
    "close",
    "interim",
    "cookie",
    "cookies",
    "affinity",
    "cache",
    "nocache",
    "private",
    "transform",
    "etag",
    "weak",
    "vary",
    "location",
    "moved",
    "server",
    "powered",
    "odd",
    "list",
    "encoded",
    "debug",
    "date",
    "modified",
];

const BAD_ANSWERS: &[&str] = &[
    "nothing",
    "garbage",
    "halfhead",
    "badname",
    "shortbody",
    "twolengths",
    "old",
];

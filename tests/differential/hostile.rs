//! Requests that attack the framing, and other things that no client should send.
//!
//! A table: one entry per attack. `X-Id` alone on a line becomes the header that tells the origin
//! which exchange it sees.

/// One attack.
#[derive(Clone, Copy)]
pub(crate) struct Hostile {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'static [u8],
    /// Whether the client closes its side right after it.
    pub(crate) shuts_early: bool,
}

const fn attack(name: &'static str, bytes: &'static [u8]) -> Hostile {
    Hostile {
        name,
        bytes,
        shuts_early: false,
    }
}

const fn cut(name: &'static str, bytes: &'static [u8]) -> Hostile {
    Hostile {
        name,
        bytes,
        shuts_early: true,
    }
}

/// All of them.
pub(crate) const HOSTILE: &[Hostile] = &[
    attack(
        "two lengths",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 5\r\nContent-Length: 6\r\n\
          \r\nhello!",
    ),
    attack(
        "length list",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 5, 6\r\n\r\nhello!",
    ),
    attack(
        "length plus",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: +5\r\n\r\nhello",
    ),
    attack(
        "length minus",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: -5\r\n\r\nhello",
    ),
    attack(
        "length hex",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 0x5\r\n\r\nhello",
    ),
    attack(
        "length huge",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 18446744073709551621\r\n\r\n\
          hello",
    ),
    attack(
        "length empty",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length:\r\n\r\n",
    ),
    attack(
        "same length twice",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 5\r\nContent-Length: 5\r\n\
          \r\nhello",
    ),
    attack(
        "length and chunked",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 5\r\n\
          Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    attack(
        "coding behind VT",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: \x0bchunked\r\n\
          Content-Length: 5\r\n\r\nhello",
    ),
    attack(
        "xchunked",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    attack(
        "chunked, identity",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: chunked, identity\r\n\r\n\
          0\r\n\r\n",
    ),
    attack(
        "chunked twice",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: chunked\r\n\
          Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    attack(
        "coding empty",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
    ),
    attack(
        "chunked 1.0",
        b"POST / HTTP/1.0\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\
          hello\r\n0\r\n\r\n",
    ),
    attack(
        "space before colon",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nX-A : b\r\n\r\n",
    ),
    attack(
        "NUL in a name",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nX-\0A: b\r\n\r\n",
    ),
    attack(
        "no colon",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nnonsense\r\n\r\n",
    ),
    attack(
        "leading space",
        b"GET / HTTP/1.1\r\n Host: h\r\nX-Id\r\n\r\n",
    ),
    attack(
        "empty name",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\n: b\r\n\r\n",
    ),
    attack(
        "hash in the path",
        b"GET /a#b.png HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n",
    ),
    attack(
        "NUL in a value",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nX-A: b\0c\r\n\r\n",
    ),
    attack(
        "CR in a value",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nX-A: b\rc\r\n\r\n",
    ),
    attack(
        "LF line ends",
        b"GET /index.html HTTP/1.1\nHost: h\nX-Want: l20\n\n",
    ),
    attack(
        "folded value",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nX-A: b\r\n  c\r\n\r\n",
    ),
    attack(
        "chunk size LF",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: chunked\r\n\r\n\
          5\nhello\r\n0\r\n\r\n",
    ),
    attack(
        "chunk size 0x",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: chunked\r\n\r\n0x5\r\n\
          hello\r\n0\r\n\r\n",
    ),
    attack(
        "chunk size minus",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n\
          hello\r\n0\r\n\r\n",
    ),
    attack(
        "chunk size long",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nTransfer-Encoding: chunked\r\n\r\n\
          FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    ),
    attack("no host", b"GET / HTTP/1.1\r\nX-Id\r\n\r\n"),
    attack(
        "two hosts",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Id\r\n\r\n",
    ),
    attack(
        "other host in the URI",
        b"GET http://a/ HTTP/1.1\r\nHost: b\r\nX-Id\r\n\r\n",
    ),
    attack(
        "path without slash",
        b"GET foo HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n",
    ),
    attack("star", b"GET * HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n"),
    attack(
        "options star",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n",
    ),
    attack("HTTP/0.9", b"GET /\r\n"),
    attack("HTTP/1.2", b"GET / HTTP/1.2\r\nHost: h\r\nX-Id\r\n\r\n"),
    attack("HTTP/2.0", b"GET / HTTP/2.0\r\nHost: h\r\nX-Id\r\n\r\n"),
    attack("HTTP/01.1", b"GET / HTTP/01.1\r\nHost: h\r\nX-Id\r\n\r\n"),
    attack(
        "tab in the request line",
        b"GET\t/\tHTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n",
    ),
    attack("two spaces", b"GET  /  HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n"),
    cut("preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    attack(
        "body on 1.0 GET",
        b"GET / HTTP/1.0\r\nHost: h\r\nX-Id\r\nContent-Length: 5\r\n\r\nhello",
    ),
    attack(
        "body on GET",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 5\r\n\r\nhello",
    ),
    attack(
        "8-bit URI",
        b"GET /\xe9t\xe9 HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n",
    ),
    attack(
        "h2c",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nConnection: Upgrade, HTTP2-Settings\r\n\
          Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    ),
    attack(
        "odd cookies",
        b"GET / HTTP/1.1\r\nHost: h\r\nX-Id\r\nCookie: ;a=b\r\nCookie: =;;,=\r\n\r\n",
    ),
    attack(
        "leading CRLF",
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n",
    ),
    attack("lower method", b"get / HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n"),
    attack(
        "colon in method",
        b"GE:T / HTTP/1.1\r\nHost: h\r\nX-Id\r\n\r\n",
    ),
    cut("cut in the line", b"GET /index"),
    cut("cut in the head", b"GET / HTTP/1.1\r\nHost: h\r\nX-A: b"),
    cut(
        "cut in the body",
        b"POST / HTTP/1.1\r\nHost: h\r\nX-Id\r\nContent-Length: 50\r\n\r\nhello",
    ),
    cut("nothing", b""),
    cut("TLS hello", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
];

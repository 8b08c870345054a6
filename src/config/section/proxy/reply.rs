//! The heads of answers that the proxy makes itself, rendered when the file is read.
//!
//! `http-request return` calls [`head`] once; requests only copy the bytes. The order and the
//! case of the lines are those HAProxy 2.6 puts on the wire: the configured headers, then the
//! length, then the type, names in lower case.

/// The status line and headers of an answer, without Connection and without the empty line.
///
/// `headers` must hold valid names and values. A 204 carries no length (RFC 9110, section 8.6);
/// the type is announced only together with a body.
pub(super) fn head(
    status: u16,
    headers: &[(String, String)],
    content_type: Option<&str>,
    body_len: usize,
) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in headers {
        text.push_str(&format!("{}: {value}\r\n", name.to_ascii_lowercase()));
    }
    if status != 204 {
        text.push_str(&format!("content-length: {body_len}\r\n"));
    }
    if let (Some(content_type), true) = (content_type, body_len > 0) {
        text.push_str(&format!("content-type: {content_type}\r\n"));
    }
    text.into_bytes()
}

/// The phrase behind a status code: IANA's where it has one, the name of the class otherwise.
pub(super) fn reason(status: u16) -> &'static str {
    let known = REASONS.binary_search_by_key(&status, |(code, _)| *code);
    if let Some((_, phrase)) = known.ok().and_then(|index| REASONS.get(index)) {
        return phrase;
    }
    match status / 100 {
        1 => "Informational",
        2 => "Success",
        3 => "Redirection",
        4 => "Client Error",
        5 => "Server Error",
        _ => "Other",
    }
}

/// Sorted by code.
const REASONS: &[(u16, &str)] = &[
    (200, "OK"),
    (201, "Created"),
    (202, "Accepted"),
    (203, "Non-Authoritative Information"),
    (204, "No Content"),
    (205, "Reset Content"),
    (206, "Partial Content"),
    (207, "Multi-Status"),
    (208, "Already Reported"),
    (226, "IM Used"),
    (300, "Multiple Choices"),
    (301, "Moved Permanently"),
    (302, "Found"),
    (303, "See Other"),
    (304, "Not Modified"),
    (305, "Use Proxy"),
    (307, "Temporary Redirect"),
    (308, "Permanent Redirect"),
    (400, "Bad Request"),
    (401, "Unauthorized"),
    (402, "Payment Required"),
    (403, "Forbidden"),
    (404, "Not Found"),
    (405, "Method Not Allowed"),
    (406, "Not Acceptable"),
    (407, "Proxy Authentication Required"),
    (408, "Request Time-out"),
    (409, "Conflict"),
    (410, "Gone"),
    (411, "Length Required"),
    (412, "Precondition Failed"),
    (413, "Content Too Large"),
    (414, "URI Too Long"),
    (415, "Unsupported Media Type"),
    (416, "Range Not Satisfiable"),
    (417, "Expectation Failed"),
    (418, "I'm a teapot"),
    (421, "Misdirected Request"),
    (422, "Unprocessable Content"),
    (423, "Locked"),
    (424, "Failed Dependency"),
    (425, "Too Early"),
    (426, "Upgrade Required"),
    (428, "Precondition Required"),
    (429, "Too Many Requests"),
    (431, "Request Header Fields Too Large"),
    (451, "Unavailable For Legal Reasons"),
    (500, "Internal Server Error"),
    (501, "Not Implemented"),
    (502, "Bad Gateway"),
    (503, "Service Unavailable"),
    (504, "Gateway Time-out"),
    (505, "HTTP Version Not Supported"),
    (506, "Variant Also Negotiates"),
    (507, "Insufficient Storage"),
    (508, "Loop Detected"),
    (510, "Not Extended"),
    (511, "Network Authentication Required"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(status: u16, content_type: Option<&str>, body_len: usize) -> String {
        let headers = [("X-One".to_owned(), "y".to_owned())];
        String::from_utf8(head(status, &headers, content_type, body_len)).unwrap()
    }

    #[test]
    fn headers_come_first_then_length_then_type() {
        let expected = "HTTP/1.1 200 OK\r\nx-one: y\r\ncontent-length: 3\r\n\
                        content-type: text/plain\r\n";
        assert_eq!(text(200, Some("text/plain"), 3), expected);
    }

    #[test]
    fn an_empty_body_has_a_length_and_no_type() {
        let expected = "HTTP/1.1 404 Not Found\r\nx-one: y\r\ncontent-length: 0\r\n";
        assert_eq!(text(404, Some("text/plain"), 0), expected);
    }

    #[test]
    fn no_content_has_no_length() {
        assert_eq!(
            text(204, None, 0),
            "HTTP/1.1 204 No Content\r\nx-one: y\r\n"
        );
    }

    #[test]
    fn unknown_codes_take_the_name_of_their_class() {
        assert_eq!(reason(299), "Success");
        assert_eq!(reason(599), "Server Error");
    }

    #[test]
    fn phrases_are_sorted() {
        assert!(REASONS.is_sorted_by(|a, b| a.0 < b.0));
    }
}

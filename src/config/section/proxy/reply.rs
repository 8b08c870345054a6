//! The heads of answers that the proxy makes itself, rendered when the file is read.
//!
//! `http-request return` calls [`head`] once; requests only copy the bytes. The order and the
//! case of the lines are those HAProxy 2.6 puts on the wire: the configured headers, then the
//! length, then the type, names in lower case.

use crate::http::status;
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
    let mut text = format!("HTTP/1.1 {status} {}\r\n", status::reason(status));
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
}

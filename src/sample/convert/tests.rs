//! What checks of arguments refuse, and with which message; the values that converters give
//! are in `tests/converters`.

use super::*;
use crate::config::diagnostic::Span;
use crate::sample::expression::Expression;
use crate::sample::language::Language;

fn message(expression: &str) -> String {
    let mut language = Language::default();
    let read = Expression::parse_text(&mut language, expression.as_bytes(), Span::default());
    match read {
        Ok(_) => String::from("accepted"),
        Err(diagnostic) => diagnostic.message,
    }
}

#[test]
fn a_bad_argument_gets_a_message() {
    for (expression, wanted) in REFUSED {
        let found = message(expression);
        assert!(found.contains(wanted), "{expression}: {found}");
    }
}

#[test]
fn every_converter_that_reads_arguments_refuses_one() {
    let is_refused = |name: &str| {
        let mut refused = REFUSED.iter().map(|(expression, _)| expression);
        refused.any(|expression| expression.contains(&format!(",{name}")))
    };
    for converter in all() {
        // Those whose arguments are optional texts take whatever is written.
        let takes_any = converter.check.is_none()
            && converter.args.required == 0
            && converter
                .args
                .kinds
                .iter()
                .all(|kind| *kind == ArgKind::Str);
        assert!(takes_any || is_refused(converter.name), "{converter:?}");
    }
}

#[test]
fn tables_are_sorted_and_names_unique() {
    for table in TABLES {
        assert!(table.is_sorted_by(|a, b| a.name < b.name), "{table:?}");
    }
    let mut names: Vec<_> = all().map(|converter| converter.name).collect();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b));
    for converter in all() {
        assert!(converter.usage.starts_with(converter.name));
        assert!(converter.doc.ends_with('.'), "{converter:?}");
    }
}

#[test]
fn values_of_a_map_are_checked_when_it_is_loaded() {
    let file = std::env::temp_dir().join(format!("weir-map-{}.map", std::process::id()));
    std::fs::write(&file, "a 1\nb x\n").unwrap();
    let name = file.display();
    let wanted = format!("unable to parse 'x' at line 2 of file '{name}'");
    let found = message(&format!("str(a),map_str_int({name})"));
    assert!(found.contains(&wanted), "{found}");
    let found = message(&format!("str(a),map_int({name})"));
    assert!(found.contains("'a' is not a number at line 1"), "{found}");
    assert_eq!(message(&format!("str(a),map({name},d)")), "accepted");
    let found = message(&format!("str(a),map_str_int({name},d)"));
    assert!(found.contains("failed to parse 'd' as type"), "{found}");
    std::fs::remove_file(&file).unwrap();
}

/// Expressions, and a piece of the message about them.
const REFUSED: &[(&str, &str)] = &[
    ("int(1),add(x)", "failed to parse 'x'"),
    ("int(1),and(x)", "failed to parse 'x'"),
    ("str(a),capture-req(x)", "failed to parse 'x'"),
    ("str(a),capture-res(x)", "failed to parse 'x'"),
    ("int(1),div(x)", "failed to parse 'x'"),
    ("int(1),mod(x)", "failed to parse 'x'"),
    ("int(1),mul(x)", "failed to parse 'x'"),
    ("int(1),or(x)", "failed to parse 'x'"),
    ("int(1),sub(x)", "failed to parse 'x'"),
    ("int(1),xor(x)", "failed to parse 'x'"),
    ("str(a),add_item(;)", "missing arguments"),
    ("str(a),add_item(;,foo)", "invalid variable name 'foo'"),
    (
        "str(a),aes_gcm_dec(129,a,b,c)",
        "key size must be 128, 192 or 256 (bits)",
    ),
    ("str(a),aes_gcm_dec(128,a,b)", "missing arguments (got 3/4)"),
    (
        "str(a),aes_gcm_dec(128,YQ==,YQ==,YQ==)",
        "the key has less than 128 bits",
    ),
    ("str(a),be2dec(:,9)", "chunk_size out of [1..8] range (9)"),
    ("str(a),be2dec(:)", "chunk_size out of [1..8] range (0)"),
    ("str(a),be2dec(:,2,3)", "Unsupported truncate value (3)"),
    ("str(a),be2hex(:)", "chunk_size needs to be positive (0)"),
    (
        "str(a),be2hex(:,-1)",
        "chunk_size needs to be positive (-1)",
    ),
    ("str(a),bytes", "missing arguments"),
    ("str(a),bytes(x)", "failed to parse 'x' as type"),
    ("str(a),concat(a,b)", "invalid variable name 'b'"),
    ("str(a),crc32(x)", "failed to parse 'x' as type"),
    ("str(a),crc32c(x)", "failed to parse 'x' as type"),
    ("str(a),djb2(x)", "failed to parse 'x' as type"),
    ("str(a),sdbm(x)", "failed to parse 'x' as type"),
    ("str(a),wt6(x)", "failed to parse 'x' as type"),
    ("str(a),xxh3(x)", "failed to parse 'x' as type"),
    ("str(a),xxh32(x)", "failed to parse 'x' as type"),
    ("str(a),xxh64(x)", "failed to parse 'x' as type"),
    ("str(a),url_dec(x)", "failed to parse 'x' as type"),
    ("str(a),debug(a,b)", "No such sink 'b'"),
    (
        "str(a),digest(nope)",
        "algorithm must be a valid OpenSSL message digest name",
    ),
    ("str(a),field(0,x)", "Unexpected value 0 for index"),
    ("str(a),field(1,)", "Empty separators list"),
    ("str(a),field(1)", "missing arguments (got 1/2)"),
    ("str(a),fix_tag_value(x)", "Unknown FIX tag name 'x'"),
    (
        "str(a),hmac(nope,a2V5)",
        "algorithm must be a valid OpenSSL",
    ),
    (
        "str(a),hmac(sha256,!!)",
        "failed to parse key : argument needs to be base64 encoded",
    ),
    (
        "int(1),http_date(1,h)",
        "expects 's', 'ms' or 'us', got 'h'",
    ),
    ("int(1),iif(a)", "missing arguments (got 1/2)"),
    (
        "str(a),ipmask(33)",
        "failed to parse '33' as type 'IPv4 mask'",
    ),
    ("str(a),json(x)", "Unexpected input code type."),
    ("str(a),json_query", "json_path must not be empty"),
    ("str(a),json_query($.a,x)", "output_type only supports"),
    ("str(a),json_query(x)", "is not a json_path"),
    ("str(a),jwt_header_query(x)", "is not a json_path"),
    (
        "str(a),jwt_payload_query($.a,x)",
        "output_type only supports",
    ),
    ("str(a),jwt_verify(XX256,a)", "unknown JWT algorithm: XX256"),
    (
        "str(a),jwt_verify(RS256,/nonexistent)",
        "unable to read the key '/nonexistent'",
    ),
    ("int(1),ltime(%Y,x)", "failed to parse 'x' as type"),
    ("int(1),ms_ltime(%Y,x)", "failed to parse 'x' as type"),
    ("int(1),ms_utime(%Y,x)", "failed to parse 'x' as type"),
    ("int(1),us_ltime(%Y,x)", "failed to parse 'x' as type"),
    ("int(1),us_utime(%Y,x)", "failed to parse 'x' as type"),
    ("int(1),utime(%Y,x)", "failed to parse 'x' as type"),
    (
        "str(a),map_beg(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_beg_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_beg_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_dir(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_dir_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_dir_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_dom(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_dom_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_dom_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_end(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_end_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_end_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "int(1),map_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "int(1),map_int_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "int(1),map_int_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_ip_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_ip_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_reg(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_reg_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_reg_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_str(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_str_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_str_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_sub(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_sub_int(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    (
        "str(a),map_sub_ip(/nonexistent)",
        "failed to open pattern file </nonexistent>",
    ),
    ("str(a),map", "missing arguments"),
    (
        "str(a),map_regm(/nonexistent)",
        "failed to open pattern file",
    ),
    ("str(a),mqtt_field_value(x,flags)", "Unknown MQTT type 'x'"),
    (
        "str(a),mqtt_field_value(connect,reason_code)",
        "Unknown MQTT field name 'reason_code' for packet type 'connect'",
    ),
    ("str(a),param(a,bc)", "Delimiter must be a single character"),
    ("str(a),protobuf(0)", "Protocol buffers field number"),
    ("str(a),protobuf(1,x)", "Wrong protocol buffer type 'x'"),
    ("str(a),ungrpc(1.)", "Protocol buffers field number"),
    ("str(a),regsub(a,b,x)", "invalid regex flag 'x'"),
    ("str(a),regsub('(',a)", "regex '(' is invalid"),
    ("str(a),regsub(a)", "missing arguments (got 1/2)"),
    ("str(a),secure_memcmp(x)", "invalid variable name 'x'"),
    ("str(a),set-var(x)", "invalid variable name 'x'"),
    ("str(a),set-var(txn.x,foo)", "unknown condition \"foo\""),
    ("str(a),sha2(1)", "Unsupported number of bits: '1'"),
    ("str(a),strcmp(x)", "invalid variable name 'x'"),
    ("str(a),unset-var(x)", "invalid variable name 'x'"),
    (
        "str(a),url_enc(x)",
        "Unexpected encode type. Allowed value is 'query'",
    ),
    ("str(a),word(0,x)", "Unexpected value 0 for index"),
    ("int(1),even(1)", "no argument supported"),
];

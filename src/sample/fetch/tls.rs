//! Fetches over TLS connections and their certificates, as a connection without TLS answers
//! them (manual, section 7.3.4).
//!
//! Listeners and servers speak no TLS here, so that these say once and for all that there
//! is none: configurations that ask are right.

use super::super::arg::{Arg, ArgKind, ArgSpec};
use super::super::context::{Context, Cursor, Fetched};
use super::super::value::{Sample, Type};
use super::{Fetch, Needs};

/// What only a TLS connection has.
const fn nothing<'a>(
    _context: &Context<'a>,
    _args: &'a [Arg],
    _cursor: &mut Cursor,
) -> Fetched<'a> {
    Fetched::Missing
}

/// What is true of TLS connections only.
fn never<'a>(context: &Context<'a>, _args: &'a [Arg], _cursor: &mut Cursor) -> Fetched<'a> {
    context.session.map(|_| Sample::Bool(false)).into()
}

const DN: ArgSpec = ArgSpec::some(0, &[ArgKind::Str, ArgKind::Int, ArgKind::Str]);
const FILTER: ArgSpec = ArgSpec::some(0, &[ArgKind::Int]);
const CLIENT: Needs = Needs::HANDSHAKE;
const SERVER: Needs = Needs::SERVER;

pub(super) static FETCHES: &[Fetch] = &[
    Fetch::new("ssl_bc", Type::Bool, SERVER, never)
        .doc("False: the server is talked to without TLS."),
    Fetch::new("ssl_bc_alg_keysize", Type::Int, SERVER, nothing)
        .doc("Missing without TLS: alg keysize of the server's TLS connection."),
    Fetch::new("ssl_bc_alpn", Type::Str, SERVER, nothing)
        .doc("Missing without TLS: alpn of the server's TLS connection."),
    Fetch::new("ssl_bc_cipher", Type::Str, SERVER, nothing)
        .doc("Missing without TLS: cipher of the server's TLS connection."),
    Fetch::new("ssl_bc_client_random", Type::Bin, SERVER, nothing)
        .doc("Missing without TLS: client random of the server's TLS connection."),
    Fetch::new("ssl_bc_err", Type::Int, SERVER, nothing)
        .doc("Missing without TLS: err of the server's TLS connection."),
    Fetch::new("ssl_bc_err_str", Type::Str, SERVER, nothing)
        .doc("Missing without TLS: err str of the server's TLS connection."),
    Fetch::new("ssl_bc_is_resumed", Type::Bool, SERVER, never)
        .doc("False: no TLS session with the server was resumed."),
    Fetch::new("ssl_bc_npn", Type::Str, SERVER, nothing)
        .doc("Missing without TLS: npn of the server's TLS connection."),
    Fetch::new("ssl_bc_protocol", Type::Str, SERVER, nothing)
        .doc("Missing without TLS: protocol of the server's TLS connection."),
    Fetch::new("ssl_bc_server_random", Type::Bin, SERVER, nothing)
        .doc("Missing without TLS: server random of the server's TLS connection."),
    Fetch::new("ssl_bc_session_id", Type::Bin, SERVER, nothing)
        .doc("Missing without TLS: session id of the server's TLS connection."),
    Fetch::new("ssl_bc_session_key", Type::Bin, SERVER, nothing)
        .doc("Missing without TLS: session key of the server's TLS connection."),
    Fetch::new("ssl_bc_unique_id", Type::Bin, SERVER, nothing)
        .doc("Missing without TLS: unique id of the server's TLS connection."),
    Fetch::new("ssl_bc_use_keysize", Type::Int, SERVER, nothing)
        .doc("Missing without TLS: use keysize of the server's TLS connection."),
    Fetch::new("ssl_c_ca_err", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: ca err of the client's certificate."),
    Fetch::new("ssl_c_ca_err_depth", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: ca err depth of the client's certificate."),
    Fetch::new("ssl_c_chain_der", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: chain der of the client's certificate."),
    Fetch::new("ssl_c_der", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: der of the client's certificate."),
    Fetch::new("ssl_c_err", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: err of the client's certificate."),
    Fetch::new("ssl_c_i_dn", Type::Str, CLIENT, nothing)
        .args(DN, "ssl_c_i_dn([<entry>[,<occ>[,<format>]]])")
        .doc("Missing without TLS: i dn of the client's certificate."),
    Fetch::new("ssl_c_key_alg", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: key alg of the client's certificate."),
    Fetch::new("ssl_c_notafter", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: notafter of the client's certificate."),
    Fetch::new("ssl_c_notbefore", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: notbefore of the client's certificate."),
    Fetch::new("ssl_c_s_dn", Type::Str, CLIENT, nothing)
        .args(DN, "ssl_c_s_dn([<entry>[,<occ>[,<format>]]])")
        .doc("Missing without TLS: s dn of the client's certificate."),
    Fetch::new("ssl_c_serial", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: serial of the client's certificate."),
    Fetch::new("ssl_c_sha1", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: sha1 of the client's certificate."),
    Fetch::new("ssl_c_sig_alg", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: sig alg of the client's certificate."),
    Fetch::new("ssl_c_used", Type::Bool, CLIENT, nothing)
        .doc("Missing without TLS: used of the client's certificate."),
    Fetch::new("ssl_c_verify", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: verify of the client's certificate."),
    Fetch::new("ssl_c_version", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: version of the client's certificate."),
    Fetch::new("ssl_f_der", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: der of the certificate shown to the client."),
    Fetch::new("ssl_f_i_dn", Type::Str, CLIENT, nothing)
        .args(DN, "ssl_f_i_dn([<entry>[,<occ>[,<format>]]])")
        .doc("Missing without TLS: i dn of the certificate shown to the client."),
    Fetch::new("ssl_f_key_alg", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: key alg of the certificate shown to the client."),
    Fetch::new("ssl_f_notafter", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: notafter of the certificate shown to the client."),
    Fetch::new("ssl_f_notbefore", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: notbefore of the certificate shown to the client."),
    Fetch::new("ssl_f_s_dn", Type::Str, CLIENT, nothing)
        .args(DN, "ssl_f_s_dn([<entry>[,<occ>[,<format>]]])")
        .doc("Missing without TLS: s dn of the certificate shown to the client."),
    Fetch::new("ssl_f_serial", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: serial of the certificate shown to the client."),
    Fetch::new("ssl_f_sha1", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: sha1 of the certificate shown to the client."),
    Fetch::new("ssl_f_sig_alg", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: sig alg of the certificate shown to the client."),
    Fetch::new("ssl_f_version", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: version of the certificate shown to the client."),
    Fetch::new("ssl_fc", Type::Bool, CLIENT, never).doc("False: the client uses no TLS."),
    Fetch::new("ssl_fc_alg_keysize", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: alg keysize of the client's TLS connection."),
    Fetch::new("ssl_fc_alpn", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: alpn of the client's TLS connection."),
    Fetch::new("ssl_fc_cipher", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: cipher of the client's TLS connection."),
    Fetch::new("ssl_fc_cipherlist_bin", Type::Bin, CLIENT, nothing)
        .args(FILTER, "ssl_fc_cipherlist_bin([<filter_option>])")
        .doc("Missing without TLS: cipherlist bin of the client's TLS connection."),
    Fetch::new("ssl_fc_cipherlist_hex", Type::Str, CLIENT, nothing)
        .args(FILTER, "ssl_fc_cipherlist_hex([<filter_option>])")
        .doc("Missing without TLS: cipherlist hex of the client's TLS connection."),
    Fetch::new("ssl_fc_cipherlist_str", Type::Str, CLIENT, nothing)
        .args(FILTER, "ssl_fc_cipherlist_str([<filter_option>])")
        .doc("Missing without TLS: cipherlist str of the client's TLS connection."),
    Fetch::new("ssl_fc_cipherlist_xxh", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: cipherlist xxh of the client's TLS connection."),
    Fetch::new(
        "ssl_fc_client_early_traffic_secret",
        Type::Str,
        CLIENT,
        nothing,
    )
    .doc("Missing without TLS: client early traffic secret of the client's TLS connection."),
    Fetch::new(
        "ssl_fc_client_handshake_traffic_secret",
        Type::Str,
        CLIENT,
        nothing,
    )
    .doc("Missing without TLS: client handshake traffic secret of the client's TLS connection."),
    Fetch::new("ssl_fc_client_random", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: client random of the client's TLS connection."),
    Fetch::new("ssl_fc_client_traffic_secret_0", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: client traffic secret 0 of the client's TLS connection."),
    Fetch::new("ssl_fc_early_exporter_secret", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: early exporter secret of the client's TLS connection."),
    Fetch::new("ssl_fc_ecformats_bin", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: ecformats bin of the client's TLS connection."),
    Fetch::new("ssl_fc_eclist_bin", Type::Bin, CLIENT, nothing)
        .args(FILTER, "ssl_fc_eclist_bin([<filter_option>])")
        .doc("Missing without TLS: eclist bin of the client's TLS connection."),
    Fetch::new("ssl_fc_err", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: err of the client's TLS connection."),
    Fetch::new("ssl_fc_err_str", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: err str of the client's TLS connection."),
    Fetch::new("ssl_fc_exporter_secret", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: exporter secret of the client's TLS connection."),
    Fetch::new("ssl_fc_extlist_bin", Type::Bin, CLIENT, nothing)
        .args(FILTER, "ssl_fc_extlist_bin([<filter_option>])")
        .doc("Missing without TLS: extlist bin of the client's TLS connection."),
    Fetch::new("ssl_fc_has_crt", Type::Bool, CLIENT, nothing)
        .doc("Missing without TLS: has crt of the client's TLS connection."),
    Fetch::new("ssl_fc_has_early", Type::Bool, CLIENT, nothing)
        .doc("Missing without TLS: has early of the client's TLS connection."),
    Fetch::new("ssl_fc_has_sni", Type::Bool, CLIENT, never)
        .doc("False: the client sent no server name by TLS."),
    Fetch::new("ssl_fc_is_resumed", Type::Bool, CLIENT, never)
        .doc("False: the client resumed no TLS session."),
    Fetch::new("ssl_fc_npn", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: npn of the client's TLS connection."),
    Fetch::new("ssl_fc_protocol", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: protocol of the client's TLS connection."),
    Fetch::new("ssl_fc_protocol_hello_id", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: protocol hello id of the client's TLS connection."),
    Fetch::new(
        "ssl_fc_server_handshake_traffic_secret",
        Type::Str,
        CLIENT,
        nothing,
    )
    .doc("Missing without TLS: server handshake traffic secret of the client's TLS connection."),
    Fetch::new("ssl_fc_server_random", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: server random of the client's TLS connection."),
    Fetch::new("ssl_fc_server_traffic_secret_0", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: server traffic secret 0 of the client's TLS connection."),
    Fetch::new("ssl_fc_session_id", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: session id of the client's TLS connection."),
    Fetch::new("ssl_fc_session_key", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: session key of the client's TLS connection."),
    Fetch::new("ssl_fc_sni", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: sni of the client's TLS connection."),
    Fetch::new("ssl_fc_unique_id", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: unique id of the client's TLS connection."),
    Fetch::new("ssl_fc_use_keysize", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: use keysize of the client's TLS connection."),
    Fetch::new("ssl_s_chain_der", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: chain der of the server's certificate."),
    Fetch::new("ssl_s_der", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: der of the server's certificate."),
    Fetch::new("ssl_s_i_dn", Type::Str, CLIENT, nothing)
        .args(DN, "ssl_s_i_dn([<entry>[,<occ>[,<format>]]])")
        .doc("Missing without TLS: i dn of the server's certificate."),
    Fetch::new("ssl_s_key_alg", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: key alg of the server's certificate."),
    Fetch::new("ssl_s_notafter", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: notafter of the server's certificate."),
    Fetch::new("ssl_s_notbefore", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: notbefore of the server's certificate."),
    Fetch::new("ssl_s_s_dn", Type::Str, CLIENT, nothing)
        .args(DN, "ssl_s_s_dn([<entry>[,<occ>[,<format>]]])")
        .doc("Missing without TLS: s dn of the server's certificate."),
    Fetch::new("ssl_s_serial", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: serial of the server's certificate."),
    Fetch::new("ssl_s_sha1", Type::Bin, CLIENT, nothing)
        .doc("Missing without TLS: sha1 of the server's certificate."),
    Fetch::new("ssl_s_sig_alg", Type::Str, CLIENT, nothing)
        .doc("Missing without TLS: sig alg of the server's certificate."),
    Fetch::new("ssl_s_version", Type::Int, CLIENT, nothing)
        .doc("Missing without TLS: version of the server's certificate."),
];

//! Tokens signed by Python's cryptography, verified and tampered with.

use super::*;
use proptest::prelude::*;

fn public(pem: &str) -> PublicKey {
    PublicKey::from_pem(pem).unwrap()
}

fn verdict(algorithm: &str, key: Key<'_>, token: &str) -> Verdict {
    verify(algorithm.as_bytes(), key, token.as_bytes(), &mut Vec::new())
}

#[test]
fn secrets_verify_tokens_of_the_hmac_family() {
    assert_eq!(
        verdict("HS256", Key::Secret(b"secret"), HS256),
        Verdict::Valid
    );
    assert_eq!(
        verdict("HS256", Key::Secret(b"Secret"), HS256),
        Verdict::Invalid
    );
    assert_eq!(
        verdict("HS512", Key::Secret(b"secret"), HS256),
        Verdict::Invalid
    );
}

#[test]
fn public_keys_verify_tokens_of_all_other_families() {
    for (algorithm, pem, token) in [
        ("RS256", RSA, RS256),
        ("PS512", RSA, PS512),
        ("ES256", P256, ES256),
        ("ES256", P256_CERTIFICATE, ES256),
        ("ES384", P384, ES384),
    ] {
        let key = public(pem);
        assert_eq!(
            verdict(algorithm, Key::Public(&key), token),
            Verdict::Valid,
            "{algorithm}"
        );
        let tampered = token.replacen('.', ".e", 1);
        let found = verdict(algorithm, Key::Public(&key), &tampered);
        assert_eq!(found, Verdict::Invalid, "{algorithm}");
    }
}

#[test]
fn a_public_key_is_no_secret_and_no_key_of_another_family() {
    let rsa = public(RSA);
    assert_eq!(
        verdict("HS256", Key::Public(&rsa), HS256),
        Verdict::UnknownCertificate
    );
    assert_eq!(
        verdict("ES256", Key::Public(&rsa), ES256),
        Verdict::UnknownCertificate
    );
    assert_eq!(
        verdict("RS256", Key::Secret(b"x"), RS256),
        Verdict::UnknownCertificate
    );
}

#[test]
fn other_faults_have_their_numbers() {
    let key = Key::Secret(b"secret");
    assert_eq!(verdict("HS1", key, HS256).code(), -1);
    assert_eq!(verdict("ES512", key, HS256).code(), -2);
    assert_eq!(verdict("HS256", key, "a.b").code(), -3);
    assert_eq!(verdict("HS256", key, "a.b.c.d").code(), -3);
    assert_eq!(verdict("HS256", key, "a.b.!").code(), -3);
    assert_eq!(verdict("none", key, "a.b.").code(), 1);
    assert_eq!(verdict("none", key, "a.b.xx").code(), 0);
}

#[test]
fn parts_are_decoded() {
    let mut out = Vec::new();
    assert!(push_header(HS256.as_bytes(), &mut out));
    assert_eq!(out, br#"{"alg":"HS256"}"#);
    out.clear();
    assert!(push_payload(HS256.as_bytes(), &mut out));
    assert_eq!(out, br#"{"iss":"joe","n":5}"#);
    assert!(!push_payload(b"abcd", &mut out));
}

proptest! {
    #[test]
    fn any_token_gets_a_verdict(token in "[a-z.=]{0,20}") {
        let found = verdict("HS256", Key::Secret(b""), &token);
        prop_assert!(found != Verdict::Valid);
    }
}

const HS256: &str = "\
eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLCJuIjo1fQ.1LXDEwi7QFtF1_2ROdwb38MrDUw_brEdPVLQxTdnyy\
g";
const RS256: &str = "\
eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLCJuIjo1fQ.rHIJ7qj8s2nteIki99LCfCVzQGsjLFCyt0PZ1Ettn4\
Lzuwno95UyaY8LNjaZd9-URuWzuThfhL2EyMUaHi--HpCmvNBZIRJSL17XkEE1w6_Be9eGj37z0w6HkSd6sUzfQqjo\
q38x6bcwtut3-eozR-bOWcpIuqioVa5JFK2dEOxycj44Ao2RgLEPCgakpg-V9nxvNxnU4x9D6Ck_LnzYUG6aTs3ghb\
jKysIGII5CxYbArBJg1A9DLYxmQEhRvFoSEwtE6kb5vhK6oZOhDFgkeyw5w7zO5bedwvAq3elJFLwMcuVEqiwjcoCe\
H2DTFAU2YJkBUvyMOAp86HlV6llviQ";
const PS512: &str = "\
eyJhbGciOiJQUzUxMiJ9.eyJpc3MiOiJqb2UiLCJuIjo1fQ.Doa8PFDFpPaMYLdRC-yWxbBlj0MXnwTrZymwXV8UNl\
GhOqf-gR-8sAEAyTXM_qfgMFJNKLtqJJtywHCjcP34jShE3hPhE6aiMt3RFvDAcPKWecKHDEw93Y4pyYAx0Q2FCNXm\
M1QR49wEeXFVN0uuClayl_C0CLup_ymQA1kxWENk1ALWHZ_z98igmGX5WuDp5veRKFQSGmyfNt8KBIHFkNQDZOsnSz\
kH05Vskuru53gdYEqzvBUhO9aLgmzL-PEuqE0gENwDVUVZxrf3pIZgHOz5xh1h-XcSLw1HYcC5w9iwIhjjFekbsSpL\
Y55ZgEklrSfij-3HgvIRCO2x7QGP1w";
const ES256: &str = "\
eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLCJuIjo1fQ.TAwrIF-eK17PNUroPzCj7DYj1jllw-P2ggVy1kUjOW\
71eKhM535T9YvGzKl7eXRxpfkHDW30WrY3ybSGjFlHgg";
const ES384: &str = "\
eyJhbGciOiJFUzM4NCJ9.eyJpc3MiOiJqb2UiLCJuIjo1fQ.tn9tUNf8i9PwDgFawOCIGZT4Mi7wQB3fJuD_eBuw31\
NjUWG-3ZFP5CrUvYuRSa76oCZ8ImsFljKYpzMOKEsrTRjDS1fUqpzSXFASJOSiDp2W9zWIhEcPng4RzPLlp8W8";
const RSA: &str = "-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAw6+rPhWzV4wDpWV1hlqr\n\
/5gnQMPDY3tWiOf4CGGzMvT7h0QUgJOSspi8rWMqM0bou2mOGvAFFY3+ncDEI9tj\n\
4eK5ooa9FcLqVfGLXxTYgE+wfVSV36uAP0yv/2IGhz1j7MRF0hDrV8bVu6AUlgnI\n\
cByNMfJlDQhIev4S0BOFQo9bvmyJ1pMLuou/38W+D1Galdlcszfn4C2mly0L9JeW\n\
MsYeP8KjUCdcFhzXgkoQVKKAZBH+PewzFtI0s+kU+wMxJ4VP3IWaqiaLc2lpMEGX\n\
w9KB3PNAR3nWqaWIZtLSqoy9C4uR5TIRobhBM4vMqa3D9nR4rNJdT4J/GHT8sCAv\n\
GQIDAQAB\n\
-----END PUBLIC KEY-----";
const P256: &str = "-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEumitiAy4esxi6kUZ3Nf3H7Lz0z2x\n\
/oqtDGf4MJI1daw0mBUwkUHZQgPjbuSO45LfexiBJtZP05QNFX2q423fIQ==\n\
-----END PUBLIC KEY-----";
const P384: &str = "-----BEGIN PUBLIC KEY-----\n\
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEVoA46FSk+8rqS5DoBW96qfaFJL/Ec9hY\n\
521mR9iMFbAJwEY//PXQe/qWecTaQp/LNwQv8MZUTDZjY4V+UbeYCTSqYPVV7NgE\n\
Bw7V9na8gqpIRPYRaTBOixKZR+O6gOp8\n\
-----END PUBLIC KEY-----";
const P256_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\n\
MIIBFDCBu6ADAgECAgEHMAoGCCqGSM49BAMCMBQxEjAQBgNVBAMMCXdlaXIudGVz\n\
dDAeFw0yNDAxMDEwMDAwMDBaFw00NDAxMDEwMDAwMDBaMBQxEjAQBgNVBAMMCXdl\n\
aXIudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLporYgMuHrMYupFGdzX\n\
9x+y89M9sf6KrQxn+DCSNXWsNJgVMJFB2UID427kjuOS33sYgSbWT9OUDRV9quNt\n\
3yEwCgYIKoZIzj0EAwIDSAAwRQIgYegdl5t7eohlnZbjyiMEFVEIyGLR6HAnFhlR\n\
2wkzLnICIQCidM2Gfjr6UKbf5aQuUDQdN5AlZGBtj6XJ78iL6qFpgQ==\n\
-----END CERTIFICATE-----";

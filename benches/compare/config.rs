//! Configurations of the contestants: what one measurement needs, written for each of them.
//!
//! Owns the texts; `lab` writes them to files. weir and haproxy read the same file, byte for byte.
//! Invariant: the files of one plan ask the same of each proxy (one process, keep-alive to the
//! origin or not, the same log fields), so that the figures beside each other are comparable.

use std::path::{Path, PathBuf};

use crate::process::Outcome;

/// What one measurement asks of a proxy.
pub(crate) struct Plan {
    pub(crate) mode: Mode,
    pub(crate) origin_port: u16,
    pub(crate) log: Option<LogTarget>,
    pub(crate) rules: bool,
}

impl Plan {
    /// A plan without access log and without rules.
    pub(crate) fn new(mode: Mode, origin_port: u16) -> Self {
        Self {
            mode,
            origin_port,
            log: None,
            rules: false,
        }
    }
}

/// How the proxy treats its two connections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `mode tcp`.
    Tcp,
    /// HTTP, connections kept on both sides, server connections shared by all clients.
    KeepAlive,
    /// HTTP, the server connection closed after each response.
    ServerClose,
    /// HTTP keep-alive, response bodies through `splice(2)`.
    Spliced,
}

/// Where the access log goes.
pub(crate) enum LogTarget {
    Udp(u16),
    Unix(PathBuf),
    /// Standard output for weir and haproxy, a file for nginx; both are files in the end.
    File(PathBuf),
}

/// The file of weir and haproxy for `plan`.
pub(crate) fn haproxy(plan: &Plan, port: u16, dir: &Path) -> String {
    let mode: &[&str] = match plan.mode {
        Mode::Tcp => &["mode tcp"],
        Mode::KeepAlive => &["mode http", "option http-keep-alive", "http-reuse always"],
        Mode::ServerClose => &["mode http", "option http-server-close"],
        Mode::Spliced => &[
            "mode http",
            "option http-keep-alive",
            "http-reuse always",
            "option splice-response",
        ],
    };
    let mode = mode.join("\n    ");
    let target = match &plan.log {
        None => String::new(),
        Some(LogTarget::Udp(port)) => format!("    log 127.0.0.1:{port} local0\n"),
        Some(LogTarget::Unix(path)) => format!("    log {} local0\n", path.display()),
        Some(LogTarget::File(_)) => String::from("    log stdout format raw local0\n"),
    };
    let log = if plan.log.is_some() {
        "    log global\n    option httplog\n"
    } else {
        ""
    };
    let rules = if plan.rules {
        typical_rules(dir)
    } else {
        String::new()
    };
    let origin_port = plan.origin_port;
    format!(
        "global\n    maxconn {MAXCONN}\n    nbthread 1\n{target}\n\
         defaults\n    {mode}\n    timeout connect 10s\n    timeout client 60s\n    \
         timeout server 60s\n{log}\n\
         listen bench\n    bind 127.0.0.1:{port}\n{rules}    \
         server origin 127.0.0.1:{origin_port}\n"
    )
}

/// The file of nginx as a proxy for `plan`.
///
/// # Errors
/// nginx cannot do it: it never splices, and relays TCP only with a module that it may lack.
pub(crate) fn nginx(plan: &Plan, port: u16, dir: &Path) -> Outcome<String> {
    let proxy = match plan.mode {
        Mode::Tcp => return Err(String::from("no stream module")),
        Mode::Spliced => return Err(String::from("never splices")),
        Mode::KeepAlive => "proxy_http_version 1.1; proxy_set_header Connection \"\";",
        Mode::ServerClose => "",
    };
    let keepalive = match plan.mode {
        Mode::KeepAlive => "keepalive 64; keepalive_requests 1000000000; keepalive_timeout 60s;",
        Mode::Tcp | Mode::Spliced | Mode::ServerClose => "",
    };
    let log = match &plan.log {
        None => String::from("off"),
        Some(LogTarget::Udp(port)) => {
            format!("syslog:server=127.0.0.1:{port},facility=local0 like_httplog")
        }
        Some(LogTarget::Unix(path)) => {
            format!(
                "syslog:server=unix:{},facility=local0 like_httplog",
                path.display()
            )
        }
        Some(LogTarget::File(path)) => format!("{} like_httplog", path.display()),
    };
    let origin_port = plan.origin_port;
    let http = format!(
        "{LOG_FORMAT}\n    access_log {log};\n    \
         upstream origin {{ server 127.0.0.1:{origin_port}; {keepalive} }}\n    \
         server {{\n        listen 127.0.0.1:{port};\n        location / {{\n            \
         proxy_pass http://origin; proxy_max_temp_file_size 0; {proxy}\n        }}\n    }}"
    );
    Ok(nginx_file(&http, port, dir))
}

/// The file of nginx as the origin: it serves what lies in `dir/www`, and the small object from its
/// configuration. An origin that opens, corks and sends a file for 128 bytes shares its core with
/// the load generator and falls behind the proxy, which is then measured half asleep.
pub(crate) fn origin(port: u16, dir: &Path) -> String {
    let root = dir.join("www");
    let small = "x".repeat(SMALL_BYTES);
    let http = format!(
        "access_log off; sendfile on; tcp_nopush on;\n    \
         open_file_cache max=16 inactive=1h; open_file_cache_valid 1h;\n    \
         server {{ listen 127.0.0.1:{port} backlog=4096; root {};\n        \
         location = /small {{ default_type text/plain; return 200 {small}; }}\n    }}",
        root.display()
    );
    nginx_file(&http, port, dir)
}

/// The frame of both nginx files. Temporary paths lie in `dir`: the built-in ones need root.
fn nginx_file(http: &str, port: u16, dir: &Path) -> String {
    let user = if nix::unistd::geteuid().is_root() {
        "user root root;\n"
    } else {
        ""
    };
    let dir = dir.display();
    let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|part| format!("{part}_temp_path {dir}/nginx_{part};\n    "))
        .concat();
    format!(
        "{user}worker_processes 1;\ndaemon off;\npid {dir}/nginx-{port}.pid;\n\
         error_log stderr error;\nevents {{ worker_connections 10000; }}\nhttp {{\n    {paths}\
         keepalive_timeout 60s; keepalive_requests 1000000000;\n    {http}\n}}\n"
    )
}

/// Twenty-odd rules as busy sites have them: nine ACLs, ten header actions and rewrites, a map
/// lookup and a redirect. None of them answers or changes the path that the load asks for.
fn typical_rules(dir: &Path) -> String {
    RULES.replace("MAP", &dir.join("pools.map").display().to_string())
}

/// The map that `typical_rules` names, one pool per host name.
pub(crate) fn pools_map() -> String {
    (0..200)
        .map(|index| format!("shop-{index}.example.com pool-{}\n", index % 7))
        .collect()
}

const RULES: &str = "    acl is_static path_beg /static /images /css /js
    acl is_api path_beg /api/
    acl is_upload method POST PUT
    acl is_inside src 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16
    acl has_session req.cook(session) -m found
    acl is_admin hdr(host) -i admin.example.com
    acl is_script path_end .php .asp .cgi
    acl is_scanner hdr_sub(user-agent) -i sqlmap nikto masscan
    acl is_numbered path_reg ^/item/[0-9]+/view$
    http-request del-header X-Internal
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Real-IP %[src]
    http-request add-header X-Via bench
    http-request set-header X-Static 1 if is_static or is_script
    http-request set-header X-Api 1 if is_api !is_inside
    http-request replace-header Accept-Language (.*)en-GB(.*) \\1en\\2
    http-request set-path /item/view if is_numbered is_upload
    http-response set-header X-Frame-Options SAMEORIGIN
    http-response del-header Server
    http-request set-header X-Pool %[req.hdr(host),lower,map_str(MAP,main)]
    http-request redirect location https://admin.example.com/ if is_admin !has_session is_scanner
";

/// Size of the object that all rows but the bulk ones ask for.
const SMALL_BYTES: usize = 128;
/// The fields of `option httplog`, as far as nginx has them.
const LOG_FORMAT: &str = "log_format like_httplog '$remote_addr:$remote_port [$time_local] bench \
                          origin $request_time/$upstream_response_time $status $bytes_sent - - \
                          ---- $connections_active \"$request\"';";
/// Room for the 4,000 connections of the memory rows, below the usual limits of open files.
const MAXCONN: u32 = 6_000;

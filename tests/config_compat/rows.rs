//! The table: small files with a verdict. `@D`, `@T`, `@L` and `@DIR/` are short for what
//! `expand` in `main.rs` says. A table, so longer than other files.

use super::Verdict::{Alert, Fine, Warning};
use super::{Row, but, same};

const STRICT: &str = "a number with garbage behind it is an error, not silently zero";
const OLD: &str = "files of before 2.0 use it, and it still has a meaning";
const LATER: &str = "not supported yet, and said so rather than ignored";

/// One entry per behaviour, grouped by keyword.
pub(crate) const ROWS: &[Row] = &[
    same(
        "a whole web site",
        "
@D
frontend f
 bind :8080
 default_backend b
backend b
 balance roundrobin
 server one 127.0.0.1:8081
 server two 127.0.0.1:8082 backup
",
        Fine,
        "",
    ),
    same(
        "frontend without bind",
        "
@D
frontend f
 default_backend b
backend b
 server s 127.0.0.1:80
",
        Warning,
        "frontend 'f' has no 'bind' directive.",
    ),
    same(
        "listen without bind",
        "
@D
listen l
 server s 127.0.0.1:80
",
        Warning,
        "proxy 'l' has no 'bind' directive.",
    ),
    same(
        "nothing at all",
        "
global
 maxconn 10
",
        Fine,
        "",
    ),
    same(
        "default_backend unknown",
        "
@D
frontend f
 bind :8080
 default_backend webb
backend web
",
        Alert,
        "Proxy 'f': unable to find required default_backend: 'webb'.",
    ),
    same(
        "default_backend unknown in a disabled proxy",
        "
@D
@L
frontend f
 disabled
 bind :8081
 default_backend nope
",
        Fine,
        "",
    ),
    same(
        "default_backend of itself",
        "
@D
@L
 default_backend l
",
        Alert,
        "Proxy 'l': loop detected for default_backend: 'l'.",
    ),
    same(
        "default_backend without name",
        "
@D
@L
 default_backend
",
        Alert,
        "'default_backend'",
    ),
    same(
        "default_backend with more",
        "
@D
@L
 default_backend a b
",
        Alert,
        "'default_backend' cannot handle unexpected argument 'b'.",
    ),
    but(
        same(
            "default_backend in a backend",
            "
@D
@L
backend b
 default_backend b
",
            Warning,
            "'default_backend' ignored because backend 'b' has no frontend capability.",
        ),
        Alert,
        "2.6 ignores the line and then finds a loop in it",
    ),
    same(
        "default_backend before own servers",
        "
@D
@L
 default_backend b
 server a 127.0.0.1:4
backend b
",
        Warning,
        "the 'default_backend' rule always has precedence over the servers",
    ),
    same(
        "default_backend names a frontend",
        "
@D
@L
 default_backend f
frontend f
 bind :8081
",
        Alert,
        "Proxy 'l': unable to find required default_backend: 'f'.",
    ),
    same(
        "two listens that refer to each other",
        "
@D
listen f
 bind :8080
 default_backend b
listen b
 bind :8090
 default_backend f
",
        Fine,
        "",
    ),
    same(
        "two frontends of one name",
        "
@D
frontend f
 bind :8080
frontend f
 bind :8081
",
        Alert,
        "frontend 'f' has the same name as frontend 'f'",
    ),
    same(
        "a listen and a backend of one name",
        "
@D
listen f
 bind :8080
backend f
",
        Alert,
        "backend 'f' has the same name as proxy 'f'",
    ),
    same(
        "a frontend and a backend of one name",
        "
@D
frontend f
 bind :8080
 default_backend f
backend f
 server s 127.0.0.1:80
",
        Fine,
        "",
    ),
    same(
        "proxy id twice",
        "
@D
frontend f
 id 5
 bind :8080
backend g
 id 5
",
        Alert,
        "id",
    ),
    same(
        "proxy id zero",
        "
@D
@L
 id 0
",
        Alert,
        "id",
    ),
    same(
        "proxy id missing",
        "
@D
@L
 id
",
        Alert,
        "'id'",
    ),
    but(
        same(
            "proxy id with garbage",
            "
@D
@L
 id 4x
",
            Alert,
            "'id' expects an integer argument (got '4x').",
        ),
        Fine,
        STRICT,
    ),
    same(
        "proxy id in defaults",
        "
defaults
 id 3
",
        Alert,
        "'id' not allowed in 'defaults' section.",
    ),
    same(
        "bind id twice",
        "
@D
frontend f
 bind :8080 id 4
 bind :8081 id 4
",
        Alert,
        "custom id 4 already used",
    ),
    same(
        "bind id on a range",
        "
@D
frontend f
 bind :8080-8081 id 4
",
        Alert,
        "'id' can only be used with a single socket",
    ),
    same(
        "bind id missing",
        "
@D
frontend f
 bind :80 id
",
        Alert,
        "'id'",
    ),
    same(
        "server id twice",
        "
@D
@L
 server a 127.0.0.1:80 id 3
 server b 127.0.0.1:80 id 3
",
        Alert,
        "custom id 3 already used",
    ),
    same(
        "server id zero",
        "
@D
@L
 server a 127.0.0.1:80 id 0
",
        Alert,
        "'server l/a' : 'id' :",
    ),
    same(
        "server name twice",
        "
@D
@L
 server a 127.0.0.1:80
 server a 127.0.0.1:80
",
        Alert,
        "proxy 'l', another server named 'a' was already defined",
    ),
    same(
        "a tcp frontend may use an http backend",
        "
@D
frontend f
 mode tcp
 bind :8080
 default_backend b
backend b
 server s 127.0.0.1:80
",
        Fine,
        "",
    ),
    same(
        "an http frontend may not use a tcp backend",
        "
@D
frontend f
 bind :8080
 default_backend b
backend b
 mode tcp
 server s 127.0.0.1:80
",
        Alert,
        "tries to use incompatible tcp backend 'b'",
    ),
    same(
        "timeouts missing in a listen",
        "
listen f
 bind :8080
 server s 127.0.0.1:80
",
        Warning,
        "missing timeouts for proxy 'f'.",
    ),
    same(
        "timeouts missing in a frontend",
        "
frontend f
 bind :8080
 default_backend b
backend b
",
        Warning,
        "missing timeouts for frontend 'f'.",
    ),
    same(
        "timeouts missing in a backend",
        "
frontend f
 timeout client 1s
 bind :8080
 default_backend b
backend b
 server s 127.0.0.1:80
",
        Warning,
        "missing timeouts for backend 'b'.",
    ),
    same(
        "server in a frontend",
        "
@D
frontend f
 bind :8080
 server s 127.0.0.1:80
",
        Alert,
        "'server' not allowed because frontend 'f' has no backend capability.",
    ),
    same(
        "server in defaults",
        "
defaults
 server s 127.0.0.1:80
",
        Alert,
        "'server' not allowed in 'defaults' section.",
    ),
    same(
        "bind in defaults",
        "
defaults
 bind :8000
",
        Alert,
        "'bind' not allowed in 'defaults' section.",
    ),
    same(
        "bind in a backend",
        "
@D
@L
backend b
 bind :8000
",
        Warning,
        "'bind' ignored because backend 'b' has no frontend capability.",
    ),
    same(
        "balance in a frontend",
        "
@D
frontend f
 bind :8080
 balance roundrobin
",
        Warning,
        "'balance' ignored because frontend 'f' has no backend capability.",
    ),
    same(
        "maxconn in a backend",
        "
@D
@L
backend b
 maxconn 10
",
        Warning,
        "'maxconn' ignored because backend 'b' has no frontend capability.",
    ),
    same(
        "fullconn in a frontend",
        "
@D
frontend f
 bind :8080
 fullconn 3
",
        Warning,
        "'fullconn' ignored because frontend 'f' has no backend capability.",
    ),
    same(
        "timeout of the other side",
        "
@D
@L
backend b
 timeout client 1s
",
        Warning,
        "'timeout client'",
    ),
    same(
        "option of the other side",
        "
@D
@L
backend b
 option contstats
",
        Warning,
        "contstats' ignored because backend 'b' has no frontend capability.",
    ),
    same(
        "option httplog in a backend",
        "
@D
@L
backend b
 option httplog
",
        Warning,
        "'option httplog'",
    ),
    same(
        "unknown keyword",
        "
@D
@L
 blance roundrobin
",
        Alert,
        "unknown keyword 'blance' in 'listen' section",
    ),
    same(
        "unknown option",
        "
@D
@L
 option dontlognul
",
        Alert,
        "unknown",
    ),
    same(
        "option without name",
        "
@D
@L
 option
",
        Alert,
        "'option'",
    ),
    same(
        "option with more",
        "
@D
@L
 option dontlognull foo
",
        Alert,
        "'option dontlognull' cannot handle unexpected argument 'foo'.",
    ),
    same(
        "section without name",
        "
@D
listen
",
        Alert,
        "'listen' expects an <id> argument",
    ),
    same(
        "section name with a slash",
        "
@D
listen a/b
 bind :8080
",
        Alert,
        "character '/' is not permitted in 'listen' name 'a/b'.",
    ),
    but(
        same(
            "listen with an address",
            "
@D
listen a 127.0.0.1:8080
 server s 127.0.0.1:80
",
            Warning,
            "addresses on the section's line are deprecated",
        ),
        Alert,
        OLD,
    ),
    same(
        "frontend with more words",
        "
@D
frontend a :80 c
 bind :8080
",
        Alert,
        "",
    ),
    same(
        "defaults not found",
        "
@D
listen a from nope
 bind :8080
",
        Alert,
        "defaults section 'nope' not found for proxy 'a'.",
    ),
    same(
        "defaults of defaults not found",
        "
defaults a from b
 mode http
",
        Alert,
        "defaults section 'b' not found for defaults 'a'.",
    ),
    same(
        "defaults by name",
        "
defaults x
 mode http
@T
defaults y
 mode tcp
listen a from x
 bind :8080
 http-request return status 200
",
        Fine,
        "",
    ),
    same(
        "defaults from defaults",
        "
defaults x
 mode http
@T
defaults y from x
 maxconn 10
listen a
 bind :8080
 http-request return status 200
",
        Fine,
        "",
    ),
    same(
        "defaults reset",
        "
@D
defaults
 mode http
@L
 server a 127.0.0.1:4
",
        Warning,
        "missing timeouts for proxy 'l'.",
    ),
    same(
        "defaults named twice and used",
        "
defaults x
 mode http
@T
defaults x
 mode tcp
@T
listen a from x
 bind :8080
",
        Alert,
        "ambiguous defaults section name 'x' referenced by proxy 'a'",
    ),
    same(
        "defaults named twice and not used",
        "
defaults x
 mode http
@T
defaults x
 mode tcp
@T
listen a
 bind :8080
",
        Fine,
        "",
    ),
    same(
        "mode unknown",
        "
@L
 mode foo
",
        Alert,
        "unknown proxy mode 'foo'.",
    ),
    same(
        "mode with more",
        "
@D
@L
 mode http extra
",
        Alert,
        "'mode' cannot handle unexpected argument 'extra'.",
    ),
    but(
        same(
            "mode health",
            "
defaults
@T
@L
 mode health
",
            Warning,
            "'mode health' is deprecated",
        ),
        Alert,
        OLD,
    ),
    same(
        "no before a keyword",
        "
@D
@L
 no mode http
",
        Alert,
        "",
    ),
    same(
        "no before an option",
        "
@D
@L
 option dontlognull
 no option dontlognull
 no option httpclose
 no option redispatch
 default option redispatch
",
        Fine,
        "",
    ),
    same(
        "no before an option without opposite",
        "
@D
@L
 no option httplog
",
        Alert,
        "httplog'",
    ),
    same(
        "no log",
        "
@D
@L
 log 127.0.0.1 local0
 no log
 log global
",
        Fine,
        "",
    ),
    same(
        "no log with more",
        "
@D
@L
 no log global
",
        Alert,
        "log : 'no log' does not expect arguments",
    ),
    same(
        "maxconn missing",
        "
@D
@L
 maxconn
",
        Alert,
        "'maxconn'",
    ),
    same(
        "maxconn with more",
        "
@D
@L
 maxconn 5 5
",
        Alert,
        "'maxconn' cannot handle unexpected argument '5'.",
    ),
    but(
        same(
            "maxconn with garbage",
            "
@D
@L
 maxconn 12x
",
            Alert,
            "'maxconn' expects an integer argument (got '12x').",
        ),
        Fine,
        STRICT,
    ),
    same(
        "rate-limit",
        "
@D
@L
 rate-limit sessions 10
",
        Fine,
        "",
    ),
    same(
        "rate-limit of something else",
        "
@D
@L
 rate-limit bytes 10
",
        Alert,
        "rate-limit",
    ),
    same(
        "balance unknown",
        "
@D
@L
 balance foo
",
        Alert,
        "balance",
    ),
    same(
        "balance bare",
        "
@D
@L
 balance
",
        Fine,
        "",
    ),
    same(
        "timeout unknown",
        "
@D
@L
 timeout clientt 1s
",
        Alert,
        "timeout",
    ),
    same(
        "timeout missing",
        "
@D
@L
 timeout client
",
        Alert,
        "'timeout client'",
    ),
    same(
        "timeout with garbage",
        "
@D
@L
 timeout client 1x
",
        Alert,
        "in 'timeout client'",
    ),
    same(
        "timeout with more",
        "
@D
@L
 timeout client 1s 2s
",
        Alert,
        "'timeout client'",
    ),
    same(
        "timeout too long",
        "
@D
@L
 timeout client 100d
",
        Alert,
        "timer overflow in argument '100d' to 'timeout client'",
    ),
    same(
        "timeout twice",
        "
@D
@L
 timeout client 2s
 timeout client 3s
",
        Warning,
        "overwriting 'timeout client' which was already specified",
    ),
    same(
        "timeout once more than in defaults",
        "
@D
@L
 timeout client 2s
",
        Fine,
        "",
    ),
    but(
        same(
            "timeouts of before 1.3.14",
            "
listen l
 bind :8080
 clitimeout 1000
 srvtimeout 1000
 contimeout 1000
",
            Warning,
            "the 'clitimeout' directive is deprecated, please use 'timeout client'.",
        ),
        Alert,
        OLD,
    ),
    but(
        same(
            "option words of dev7",
            "
@D
@L
 option forceclose
 option http-tunnel
 option independant-streams
",
            Fine,
            "",
        ),
        Alert,
        OLD,
    ),
    same(
        "options of all kinds",
        "
@D
@L
 option abortonclose
 option allbackups
 option http-pretend-keepalive
 option independent-streams
 option log-separate-errors
 option nolinger
 option persist
 option prefer-last-server
 option redispatch 3
 option socket-stats
 option splice-auto
 option tcp-smart-accept
 option tcp-smart-connect
 option tcpka
 option transparent
",
        Fine,
        "",
    ),
    but(
        same(
            "redispatch alone",
            "
@D
@L
 redispatch
",
            Warning,
            "'redispatch' is deprecated",
        ),
        Alert,
        OLD,
    ),
    same(
        "compression",
        "
@D
@L
 compression algo identity gzip deflate raw-deflate
 compression type text/html text/
 compression offload
",
        Fine,
        "",
    ),
    same(
        "compression alone",
        "
@D
@L
 compression
",
        Alert,
        "'compression' expects 'algo', 'type' or 'offload'",
    ),
    same(
        "compression without an algorithm",
        "
@D
@L
 compression algo
",
        Alert,
        "'compression' expects <algorithm>.",
    ),
    same(
        "compression with an unknown algorithm",
        "
@D
@L
 compression algo gzip brotli
",
        Alert,
        "'compression' : 'brotli' is not a supported algorithm.",
    ),
    same(
        "compression without a type",
        "
@D
@L
 compression type
",
        Alert,
        "'compression' expects <type>.",
    ),
    same(
        "compression with an unknown word",
        "
@D
@L
 compression level 3
",
        Alert,
        "'compression' expects 'algo', 'type' or 'offload'",
    ),
    but(
        same(
            "compression offload with more",
            "
@D
@L
 compression offload now
",
            Alert,
            "compression",
        ),
        Fine,
        "2.6 does not look at what follows",
    ),
    but(
        same(
            "compression direction",
            "
@D
@L
 compression direction response
",
            Fine,
            "",
        ),
        Alert,
        "since 2.8",
    ),
    same(
        "limits of compression",
        "
global
 maxcomprate 100
 maxcompcpuusage 90
 maxzlibmem 10
 tune.comp.maxlevel 9
@D
@L
",
        Fine,
        "",
    ),
    same(
        "tune.comp.maxlevel too high",
        "
global
 tune.comp.maxlevel 10
@D
@L
",
        Alert,
        "'tune.comp.maxlevel' expects a numeric value between 1 and 9",
    ),
    same(
        "maxcompcpuusage too high",
        "
global
 maxcompcpuusage 101
@D
@L
",
        Alert,
        "'maxcompcpuusage' expects an integer argument between 0 and 100.",
    ),
    same(
        "maxcomprate missing",
        "
global
 maxcomprate
@D
@L
",
        Alert,
        "'maxcomprate' expects an integer argument in kb/s.",
    ),
    same(
        "maxzlibmem missing",
        "
global
 maxzlibmem
@D
@L
",
        Alert,
        "'maxzlibmem' expects an integer argument.",
    ),
    same(
        "compression offload in defaults",
        "
defaults
 mode http
@T
 compression algo gzip
 compression offload
@L
",
        Warning,
        "'compression' : 'offload' ignored in 'defaults' section.",
    ),
    same(
        "forwardfor",
        "
@D
@L
 option forwardfor except 10.0.0.0/8 header X-Client if-none
 option originalto except ::1/128
",
        Fine,
        "",
    ),
    same(
        "forwardfor except missing",
        "
@D
@L
 option forwardfor except
",
        Alert,
        "'option forwardfor except' expects <address>[/mask] as argument.",
    ),
    same(
        "forwardfor header missing",
        "
@D
@L
 option forwardfor header
",
        Alert,
        "'option forwardfor header' expects <header_name> as argument.",
    ),
    same(
        "forwardfor with more",
        "
@D
@L
 option forwardfor foo
",
        Alert,
        "'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'.",
    ),
    same(
        "originalto if-none",
        "
@D
@L
 option originalto if-none
",
        Alert,
        "'option originalto' only supports optional values: 'except' and 'header'.",
    ),
    same(
        "httplog in tcp mode",
        "
global
 log 127.0.0.1 local0
defaults
@T
@L
 log global
 option httplog
",
        Warning,
        "'option httplog' not usable with proxy 'l' (needs 'mode http'). Falling back",
    ),
    same(
        "httplog with more",
        "
@D
@L
 option httplog foo
",
        Alert,
        "only supports option 'clf'.",
    ),
    same(
        "log format without log",
        "
@D
@L
 option httplog
",
        Warning,
        "log format ignored for proxy 'l' since it has no log address.",
    ),
    same(
        "http-request in tcp mode",
        "
defaults
@T
@L
 http-request return status 200
",
        Warning,
        "'http-request' rules ignored for proxy 'l' as they require HTTP mode.",
    ),
    same(
        "forwardfor in tcp mode",
        "
defaults
@T
 option forwardfor
@L
",
        Warning,
        "'option forwardfor' ignored for proxy 'l' as it requires HTTP mode.",
    ),
    same(
        "http options in tcp mode",
        "
defaults
@T
 option accept-invalid-http-request
@L
",
        Warning,
        "'option accept-invalid-http-request' ignored for proxy 'l' as it requires HTTP mode.",
    ),
    same(
        "server cookie in tcp mode",
        "
defaults
@T
@L
backend b
 server x 127.0.0.1:1 cookie foo
",
        Warning,
        "backend 'b' : ignoring cookie for server 'x' as HTTP mode is disabled.",
    ),
    same(
        "disabled with more",
        "
@D
@L
 disabled foo
",
        Alert,
        "'disabled' cannot handle unexpected argument 'foo'.",
    ),
    but(
        same(
            "grace",
            "
@D
@L
 grace 5s
",
            Fine,
            "",
        ),
        Alert,
        OLD,
    ),
    but(
        same(
            "bind-process",
            "
@D
@L
 bind-process 1
",
            Fine,
            "",
        ),
        Warning,
        "weir runs several processes, so it has an effect",
    ),
    same(
        "http-reuse unknown",
        "
@D
@L
 http-reuse sometimes
",
        Alert,
        "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'",
    ),
    same(
        "dispatch",
        "
@D
@L
 dispatch 127.0.0.1:5
",
        Fine,
        "",
    ),
    same(
        "dispatch without port",
        "
@D
@L
 dispatch 127.0.0.1
",
        Alert,
        "missing port specification in '127.0.0.1'",
    ),
    same(
        "dispatch beside balance",
        "
@D
@L
 dispatch 127.0.0.1:1
 balance roundrobin
 server a 127.0.0.1:4
",
        Warning,
        "dispatch address of proxy 'l' will be ignored in balance mode.",
    ),
    same(
        "source",
        "
@D
@L
 source 127.0.0.1 interface lo
 server a 127.0.0.1:1 source 127.0.0.1:5000-5008 usesrc client
",
        Fine,
        "",
    ),
    same(
        "source missing",
        "
@D
@L
 source
",
        Alert,
        "'source'",
    ),
    same(
        "source with a range",
        "
@D
@L
 source 127.0.0.1:5-6
",
        Alert,
        "port range not permitted here in '127.0.0.1:5-6'",
    ),
    same(
        "bind missing",
        "
@D
listen l
 bind
",
        Alert,
        "'bind'",
    ),
    same(
        "bind without port",
        "
@D
listen l
 bind 127.0.0.1
",
        Alert,
        "'bind' : missing port specification in '127.0.0.1'",
    ),
    same(
        "bind on port 0",
        "
@D
listen l
 bind 127.0.0.1:0
",
        Alert,
        "'bind' : invalid port '0'",
    ),
    same(
        "bind on a port too high",
        "
@D
listen l
 bind 127.0.0.1:70000
",
        Alert,
        "'bind' : invalid port '70000'",
    ),
    same(
        "bind on a range that runs backwards",
        "
@D
listen l
 bind 127.0.0.1:80-70
",
        Alert,
        "'bind' : invalid port range '80-70'",
    ),
    same(
        "bind on several addresses",
        "
@D
listen l
 bind 127.0.0.1:8000-8010,:8100-8102,::1:8044,/tmp/x
 bind abns@foo mode 600
 bind ipv6@:8045 v6only
",
        Fine,
        "",
    ),
    same(
        "bind with all parameters",
        "
@D
listen l
 bind :80 tfo v4v6 defer-accept transparent accept-proxy interface lo nice -5
 bind :81 backlog 3 maxconn 5 name x mss -100
",
        Fine,
        "",
    ),
    same(
        "bind parameter unknown",
        "
@D
listen l
 bind :80 acept-proxy
",
        Alert,
        "unknown keyword 'acept-proxy'",
    ),
    same(
        "bind mss zero",
        "
@D
listen l
 bind :80 mss 0
",
        Alert,
        "'mss'",
    ),
    same(
        "bind nice out of range",
        "
@D
listen l
 bind :80 nice 3000
",
        Alert,
        "'nice'",
    ),
    same(
        "bind user unknown",
        "
@D
listen l
 bind /tmp/x user nosuchuser
",
        Alert,
        "'user' : unknown user name 'nosuchuser'",
    ),
    same(
        "bind mode not octal",
        "
@D
listen l
 bind /tmp/x mode zz
",
        Alert,
        "'mode' : missing or invalid mode",
    ),
    same(
        "bind host unknown",
        "
@D
listen l
 bind no.such.host.invalid:80
",
        Alert,
        "'bind' : invalid address: 'no.such.host.invalid'",
    ),
    same(
        "server without address",
        "
@D
@L
 server a
",
        Alert,
        "'server'",
    ),
    same(
        "server name with a slash",
        "
@D
@L
 server a/b 127.0.0.1:1
",
        Alert,
        "character '/' is not permitted in server name 'a/b'.",
    ),
    same(
        "server parameter unknown",
        "
@D
@L
 server a 127.0.0.1:1 wieght 3
",
        Alert,
        "'server l/a' : unknown keyword 'wieght'",
    ),
    same(
        "server weight too large",
        "
@D
@L
 server a 127.0.0.1:1 weight 257
",
        Alert,
        "weight",
    ),
    but(
        same(
            "server maxconn with garbage",
            "
@D
@L
 server a 127.0.0.1:1 maxconn foo
",
            Alert,
            "'server l/a' : 'maxconn' expects an integer argument (got 'foo').",
        ),
        Fine,
        STRICT,
    ),
    same(
        "server cookie without value",
        "
@D
@L
 server a 127.0.0.1:1 cookie
",
        Alert,
        "'server l/a' : 'cookie'",
    ),
    same(
        "server parameters",
        "
@D
@L
 server a 127.0.0.1:1 weight 0 backup maxconn 5 minconn 2 maxqueue 9 check disabled id 7
 server b 127.0.0.1:1 send-proxy-v2 pool-max-conn -1 pool-purge-delay 3s pool-low-conn 2 cookie x
",
        Fine,
        "",
    ),
    same(
        "server addresses",
        "
@D
@L
 server a 127.0.0.1
 server c :80
 server d *:80
 server e 127.0.0.1:+5
 server f 127.0.0.1:-5
 server h /tmp/x
 server i unix@/run/x
 server j abns@x
 server k ipv4@127.0.0.1:80
 server l [::1]:80
",
        Fine,
        "",
    ),
    same(
        "server on a range",
        "
@D
@L
 server a 127.0.0.1:80-81
",
        Alert,
        "'server l/a' : port range not permitted here in '127.0.0.1:80-81'",
    ),
    same(
        "server on a descriptor",
        "
@D
@L
 server c fd@4
",
        Alert,
        "'server l/c' : a file descriptor is not acceptable here in 'fd@4'",
    ),
    same(
        "server host unknown",
        "
@D
@L
 server c no.such.host.invalid:80
",
        Alert,
        "'server l/c' :",
    ),
    same(
        "default-server",
        "
@D
@L
 default-server disabled backup check send-proxy weight 3
 server c 127.0.0.1:80 enabled no-backup no-check no-send-proxy
",
        Fine,
        "",
    ),
    but(
        same(
            "default-server id",
            "
@D
@L
 default-server id 3
",
            Alert,
            "'id' option is not accepted in default-server sections",
        ),
        Fine,
        "2.6 prints the alert and accepts the file",
    ),
    same(
        "default-server parameter unknown",
        "
@D
@L
 default-server wieght 3
",
        Alert,
        "unknown keyword 'wieght'",
    ),
    same(
        "errorfile",
        "
@D
@L
 errorfile 503 @DIR/good.http
 errorfile 408 @DIR/empty.http
",
        Fine,
        "",
    ),
    same(
        "errorfile without file",
        "
@D
@L
 errorfile 503
",
        Alert,
        "errorfile",
    ),
    same(
        "errorfile for another status",
        "
@D
@L
 errorfile 999 @DIR/good.http
",
        Alert,
        "errorfile : status code '999' not handled.",
    ),
    same(
        "errorfile not there",
        "
@D
@L
 errorfile 503 /nonexistent
",
        Alert,
        "errorfile :",
    ),
    same(
        "errorfile that is no answer",
        "
@D
@L
 errorfile 503 @DIR/text.http
",
        Alert,
        "text.http': unable to parse headers",
    ),
    same(
        "errorfile of another length",
        "
@D
@L
 errorfile 503 @DIR/short.http
",
        Alert,
        "payload size does not match the announced content-length (3 != 10)",
    ),
    same(
        "errorfile with chunks",
        "
@D
@L
 errorfile 503 @DIR/chunked.http
",
        Alert,
        "chunked.http':",
    ),
    same(
        "errorfiles",
        "
http-errors group
 errorfile 503 @DIR/good.http
@D
@L
 errorfiles group
 errorfiles group 503
",
        Fine,
        "",
    ),
    same(
        "errorfiles before their section",
        "
@D
@L
 errorfiles group
http-errors group
 errorfile 503 @DIR/good.http
",
        Fine,
        "",
    ),
    same(
        "errorfiles of nobody",
        "
http-errors group
 errorfile 503 @DIR/good.http
@D
@L
 errorfiles grop
",
        Alert,
        "unknown http-errors section 'grop'",
    ),
    same(
        "errorfiles without name",
        "
@D
@L
 errorfiles
",
        Alert,
        "errorfiles : expects <name> as argument.",
    ),
    same(
        "errorfiles with a status that the section lacks",
        "
http-errors group
 errorfile 503 @DIR/good.http
@D
@L
 errorfiles group 404
",
        Warning,
        "status '404' not declared in http-errors section 'group'",
    ),
    same(
        "errorfiles with another status",
        "
http-errors group
 errorfile 503 @DIR/good.http
@D
@L
 errorfiles group 999
",
        Alert,
        "errorfiles : status code '999' not handled.",
    ),
    same(
        "http-errors twice",
        "
http-errors group
 errorfile 503 @DIR/good.http
http-errors group
@D
@L
",
        Alert,
        "http-errors section 'group' already exists",
    ),
    same(
        "http-errors with a foreign keyword",
        "
http-errors group
 bogus x
@D
@L
",
        Alert,
        "unknown keyword 'bogus' in 'http-errors' section",
    ),
    same(
        "http-error",
        "
@D
@L
 http-error status 503
 http-error status 404 hdr a b
 http-error status 403 content-type text/plain string x
 http-error status 500 default-errorfiles
",
        Fine,
        "",
    ),
    same(
        "http-error without status",
        "
@D
@L
 http-error content-type text/plain string x
",
        Alert,
        "http-error : expects at least a <status> as arguments.",
    ),
    same(
        "http-error with another status",
        "
@D
@L
 http-error status 999
",
        Alert,
        "http-error : Unexpected status code '999'",
    ),
    same(
        "http-error without type",
        "
@D
@L
 http-error status 503 string x
",
        Alert,
        "http-error : a content type must be defined when non-empty payload is configured",
    ),
    same(
        "http-error with half a header",
        "
@D
@L
 http-error status 503 hdr a
",
        Alert,
        "http-error : 'hdr' expects <name> and <value> as arguments",
    ),
    same(
        "http-error with a type it ignores",
        "
@D
@L
 http-error status 503 content-type text/plain errorfile @DIR/good.http
",
        Warning,
        "ignored by the http reply when used with an",
    ),
    same(
        "monitor-uri without uri",
        "
@D
@L
 monitor-uri
",
        Alert,
        "'monitor-uri' expects an URI.",
    ),
    same(
        "monitor-uri in a backend",
        "
@D
backend b
 monitor-uri /x
",
        Warning,
        "'monitor-uri' ignored because backend 'b' has no frontend capability.",
    ),
    same(
        "monitor-uri in tcp mode",
        "
@D
@L
 mode tcp
 monitor-uri /x
",
        Warning,
        "(needs 'mode http').",
    ),
    but(
        same(
            "monitor-net",
            "
@D
@L
 monitor-net 192.0.2.0/24
",
            Fine,
            "",
        ),
        Alert,
        OLD,
    ),
    same(
        "monitor-net without network",
        "
@D
@L
 monitor-net nowhere
",
        Alert,
        "'monitor-net'",
    ),
    same(
        "header names without policy",
        "
@D
@L
 option http-restrict-req-hdr-names
",
        Alert,
        "option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option.",
    ),
    same(
        "header names with another policy",
        "
@D
@L
 option http-restrict-req-hdr-names drop
",
        Alert,
        "invalid parameter 'drop'. option 'http-restrict-req-hdr-names' expects",
    ),
    same(
        "checkcache in tcp mode",
        "
@D
@L
 mode tcp
 option checkcache
",
        Warning,
        "'option checkcache' ignored for proxy 'l' as it requires HTTP mode.",
    ),
    same(
        "h1-case-adjust",
        "
global
 h1-case-adjust x-name X-NAME
@D
@L
 option h1-case-adjust-bogus-client
 option h1-case-adjust-bogus-server
",
        Fine,
        "",
    ),
    same(
        "h1-case-adjust with two names",
        "
global
 h1-case-adjust x-name X-Nam
@D
@L
",
        Alert,
        "<from> and <to> must not differ",
    ),
    same(
        "h1-case-adjust twice",
        "
global
 h1-case-adjust x-name X-NAME
 h1-case-adjust x-name X-Name
@D
@L
",
        Alert,
        "duplicate entry 'x-name'",
    ),
    same(
        "h1-case-adjust with one name",
        "
global
 h1-case-adjust x-name
@D
@L
",
        Alert,
        "'h1-case-adjust' expects <from> and <to> as argument.",
    ),
    same(
        "return bare",
        "
@D
@L
 http-request return
",
        Fine,
        "",
    ),
    same(
        "return with everything",
        r#"
@D
@L
 http-request return status 404 content-type text/plain string "a b" hdr X-One y hdr x-two "100%%"
"#,
        Fine,
        "",
    ),
    same(
        "return status too low",
        "
@D
@L
 http-request return status 199
",
        Alert,
        "Unexpected status code '199'.",
    ),
    same(
        "return status too high",
        "
@D
@L
 http-request return status 600
",
        Alert,
        "Unexpected status code '600'.",
    ),
    same(
        "return status missing",
        "
@D
@L
 http-request return status
",
        Alert,
        "'status' expects <status_code> as argument.",
    ),
    same(
        "return string without type",
        "
@D
@L
 http-request return string foo
",
        Alert,
        "a content type must be defined when non-empty payload is configured.",
    ),
    same(
        "return type without body",
        "
@D
@L
 http-request return content-type text/plain
",
        Warning,
        "ignored by the http reply because",
    ),
    same(
        "return two bodies",
        "
@D
@L
 http-request return content-type text/plain string a string b
",
        Alert,
        "unexpected 'string' argument",
    ),
    same(
        "return file not there",
        "
@D
@L
 http-request return content-type text/plain file /nonexistent
",
        Alert,
        "while parsing 'http-request return' rule",
    ),
    same(
        "return file",
        "
@D
@L
 http-request return content-type text/plain file @DIR/text.http
",
        Fine,
        "",
    ),
    same(
        "return header without value",
        "
@D
@L
 http-request return hdr x
",
        Alert,
        "'hdr' expects <name> and <value> as arguments.",
    ),
    same(
        "return header of its own",
        "
@D
@L
 http-request return hdr Content-Length 4
",
        Warning,
        "header 'Content-Length' always ignored by the http reply.",
    ),
    same(
        "return body for 204",
        "
@D
@L
 http-request return status 204 content-type text/html string a
",
        Alert,
        "No body expected for 204 responses.",
    ),
    same(
        "return something else",
        "
@D
@L
 http-request return status 200 foo
",
        Alert,
        "'foo' is no word of an answer",
    ),
    same(
        "return header with a format",
        r#"
@D
@L
 http-request return hdr x "%[src]"
"#,
        Fine,
        "",
    ),
    same(
        "return with a condition",
        "
@D
@L
 http-request return status 200 if TRUE
",
        Fine,
        "",
    ),
    same(
        "http-request in anonymous defaults",
        "
defaults
 http-request return
",
        Alert,
        "'http-request' not allowed in anonymous 'defaults' section.",
    ),
    same(
        "http-request in named defaults",
        "
defaults x
 mode http
@T
 http-request return status 200
frontend f
 bind :8080
",
        Fine,
        "",
    ),
    same(
        "description in defaults",
        "
defaults
 description foo bar
",
        Alert,
        "'description' not allowed in 'defaults' section.",
    ),
    same(
        "sizes that exceed each other",
        "
global
 tune.bufsize 4096
 tune.maxrewrite 8192
@D
@L
",
        Fine,
        "",
    ),
    same(
        "cookie with everything",
        "
@D
@L
 cookie S insert indirect nocache postonly preserve dynamic maxidle 30m maxlife 8h
 cookie S insert httponly secure domain .a.b attr A=b
  dynamic-cookie-key k
",
        Fine,
        "",
    ),
    same(
        "cookie without name",
        "
@D
@L
 cookie
",
        Alert,
        "'cookie' expects <cookie_name> as argument.",
    ),
    same(
        "cookie option unknown",
        "
@D
@L
 cookie S foo
",
        Alert,
        "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly',",
    ),
    same(
        "cookie modes together",
        "
@D
@L
 cookie S insert prefix
",
        Alert,
        "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.",
    ),
    same(
        "cookie rewrite indirect",
        "
@D
@L
 cookie S rewrite indirect
",
        Alert,
        "cookie 'rewrite' and 'indirect' modes are incompatible.",
    ),
    same(
        "cookie preserve alone",
        "
@D
@L
 cookie S preserve
",
        Alert,
        "cookie 'preserve' requires at least 'insert' or 'indirect'.",
    ),
    same(
        "cookie domain without dot",
        "
@D
@L
 cookie S insert domain abc
",
        Warning,
        "domain 'abc' contains no embedded dot, this configuration may not work properly",
    ),
    same(
        "cookie domain with a separator",
        "
@D
@L
 cookie S insert domain \"a.b;c\"
",
        Alert,
        "character ';' is not permitted in domain name 'a.b;c'.",
    ),
    same(
        "cookie maxidle wrong",
        "
@D
@L
 cookie S insert maxidle 5x
",
        Alert,
        "unexpected character 'x' in argument to <maxidle>.",
    ),
    same(
        "cookie maxlife overflow",
        "
@D
@L
 cookie S insert maxlife 99999999d
",
        Alert,
        "timer overflow in argument <99999999d> to <maxlife>, maximum value is 2147483647 s",
    ),
    same(
        "cookie maxlife missing",
        "
@D
@L
 cookie S insert maxlife
",
        Alert,
        "'maxlife' expects <lifetime> in seconds as argument.",
    ),
    same(
        "cookie attr with a separator",
        "
@D
@L
 cookie S insert attr \"a;b\"
",
        Alert,
        "character '%x3B' is not permitted in attribute value.",
    ),
    but(
        same(
            "cookie name that is none",
            "
@D
@L
 cookie \"a b\" insert
",
            Alert,
            "cannot be part of a name",
        ),
        Fine,
        "such a cookie could never be found, and would break the header line",
    ),
    same(
        "cookie in tcp mode",
        "
defaults
@T
@L
 cookie S insert
",
        Warning,
        "cookie will be ignored for proxy 'l' (needs 'mode http').",
    ),
    same(
        "cookie in a frontend",
        "
@D
frontend f
 bind 127.0.0.1:8080
 cookie S insert
",
        Warning,
        "'cookie' ignored because frontend 'f' has no backend capability.",
    ),
    same(
        "dynamic-cookie-key without key",
        "
@D
@L
 dynamic-cookie-key
",
        Alert,
        "'dynamic-cookie-key' expects <secret_key> as argument.",
    ),
    same(
        "capture cookie",
        "
@D
@L
 capture cookie a len 5
",
        Fine,
        "",
    ),
    same(
        "capture cookie incomplete",
        "
@D
@L
 capture cookie a 5
",
        Alert,
        "'capture' expects 'cookie' <cookie_name> 'len' <len>.",
    ),
    same(
        "capture cookie too long",
        "
@D
@L
 capture cookie a len 64
",
        Warning,
        "truncating capture length to 63 bytes for proxy 'l'.",
    ),
    same(
        "capture cookie with a longer limit",
        "
global
 tune.http.cookielen 100
@D
@L
 capture cookie a len 64
",
        Fine,
        "",
    ),
    but(
        same(
            "capture cookie length wrong",
            "
@D
@L
 capture cookie a len x
",
            Alert,
            "expects an integer argument (got 'x').",
        ),
        Fine,
        STRICT,
    ),
    same(
        "capture cookie in tcp mode",
        "
defaults
@T
@L
 capture cookie a len 5
",
        Warning,
        "'capture' statement ignored for proxy 'l' as it requires HTTP mode.",
    ),
    same(
        "persist rdp-cookie",
        "
defaults
@T
@L
 persist rdp-cookie
 persist rdp-cookie(x)
",
        Fine,
        "",
    ),
    same(
        "persist without method",
        "
defaults
@T
@L
 persist
",
        Alert,
        "missing persist method.",
    ),
    same(
        "persist method unknown",
        "
defaults
@T
@L
 persist foo
",
        Alert,
        "unknown persist method.",
    ),
    same(
        "persist rdp-cookie without name",
        "
defaults
@T
@L
 persist rdp-cookie()
",
        Alert,
        "persist rdp-cookie(name)' requires an rdp cookie name.",
    ),
    but(
        same(
            "appsession",
            "
@D
@L
 appsession J len 52 timeout 3h request-learn prefix mode query-string
",
            Fine,
            "",
        ),
        Alert,
        OLD,
    ),
    same(
        "appsession incomplete",
        "
@D
@L
 appsession J len 52
",
        Alert,
        "'appsession'",
    ),
    same(
        "balance rdp-cookie",
        "
defaults
@T
@L
 balance rdp-cookie
 balance rdp-cookie(msts)
",
        Fine,
        "",
    ),
    same(
        "balance rdp-cookie without name",
        "
defaults
@T
@L
 balance rdp-cookie()
",
        Alert,
        "balance rdp-cookie : missing cookie name.",
    ),
    same(
        "tcp-request rules of every kind",
        "
@D
@L
 tcp-request inspect-delay 5s
 tcp-request connection accept if { always_true }
 tcp-request session accept
 tcp-request content accept
 tcp-response inspect-delay 5s
 tcp-response content accept
 server s 127.0.0.1:80
",
        Fine,
        "",
    ),
    same(
        "tcp-request with an unknown action",
        "
@D
@L
 tcp-request content none
",
        Alert,
        "'tcp-request content' expects 'accept'",
    ),
    same(
        "tcp-request session in a backend",
        "
@D
backend b
 tcp-request session accept
 server s 127.0.0.1:80
",
        Alert,
        "tcp-request session is not allowed because backend b is not a frontend",
    ),
    same(
        "tcp-response in a frontend",
        "
@D
frontend f
 bind :8080
 tcp-response content accept
",
        Alert,
        "tcp-response content is not allowed because frontend f is not a backend",
    ),
    same(
        "tcp-request in anonymous defaults",
        "
defaults
@T
 tcp-request content accept
",
        Alert,
        "tcp-request content is not allowed in anonymous 'defaults' sections",
    ),
    same(
        "tcp-request in named defaults",
        "
defaults d
 mode http
@T
 tcp-request content accept
 tcp-request inspect-delay 1s
listen l from d
 bind :8080
 server s 127.0.0.1:80
",
        Fine,
        "",
    ),
    but(
        same(
            "switch-mode",
            "
@D
@L
 mode tcp
 tcp-request content switch-mode http
 server s 127.0.0.1:80
",
            Alert,
            "'tcp-request content switch-mode' is not supported",
        ),
        Fine,
        LATER,
    ),
    but(
        same(
            "expect-netscaler-cip",
            "
@D
@L
 tcp-request connection expect-netscaler-cip layer4
 server s 127.0.0.1:80
",
            Alert,
            "'tcp-request connection expect-netscaler-cip' is not supported",
        ),
        Fine,
        LATER,
    ),
    but(
        same(
            "use_backend in a backend",
            "
@D
backend b
 use_backend b if { always_true }
 server s 127.0.0.1:80
frontend f
 bind :8080
 default_backend b
",
            Warning,
            "'use_backend' ignored because backend 'b' has no frontend capability.",
        ),
        Alert,
        "2.6 ignores the line and then finds a loop in it",
    ),
    same(
        "use_backend to itself",
        "
@D
@L
 use_backend l if { always_true }
 server s 127.0.0.1:80
",
        Alert,
        "loop detected for use_backend: 'l'.",
    ),
    same(
        "use-server that is not there",
        "
@D
@L
 use-server n if { always_true }
 server s 127.0.0.1:80
",
        Alert,
        "unable to find server 'n' referenced in a 'use-server' rule.",
    ),
    same(
        "monitor fail",
        "
@D
@L
 monitor fail if { always_true }
 server s 127.0.0.1:80
",
        Fine,
        "",
    ),
    same(
        "redirect without a place",
        "
@D
@L
 redirect code 301
 server s 127.0.0.1:80
",
        Alert,
        "redirection type expected ('prefix', 'location', or 'scheme').",
    ),
    same(
        "redirect behind use_backend",
        "
@D
@L
 use_backend b if { always_true }
 redirect location /
 server s 127.0.0.1:80
backend b
 server s 127.0.0.1:80
",
        Warning,
        "a 'redirect' rule placed after a 'use_backend' rule will still be processed before.",
    ),
    but(
        same(
            "the filters of before 2.1",
            "
@D
@L
 reqadd X-A:\\ b
 reqrep ^(.*)\\ x(.*) \\1\\ y\\2 if { always_true }
 rspidel ^Server:
 server s 127.0.0.1:80
",
            Warning,
            "The 'reqadd' directive is deprecated.",
        ),
        Alert,
        OLD,
    ),
    but(
        same(
            "block",
            "
@D
@L
 block if { always_true }
 server s 127.0.0.1:80
",
            Warning,
            "The 'block' directive is deprecated.",
        ),
        Alert,
        OLD,
    ),
];

# What a developer does with weir; `make` alone lists it. SCENARIOS='^log_' runs some of them.
CARGO   ?= cargo
PREFIX  ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
WEIR    := target/release/weir
HAPROXY ?= /usr/sbin/haproxy

.PHONY: help build run test check bench perf compat install clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 10

build: ## the release binary
	$(CARGO) build --release

run: build ## weir in the foreground with conf/demo.cfg
	$(WEIR) -db -f conf/demo.cfg

test: ## unit and style tests, then the acceptance scenarios
	tests/setup
	$(CARGO) test
	$(CARGO) build --release
	tests/vtc/run $(WEIR) $(if $(SCENARIOS),'$(SCENARIOS)')

check: ## format, lints, documentation and the configurations in conf/
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --document-private-items
	$(CARGO) build --release
	set -e; for file in conf/*.cfg; do echo "$$file"; $(WEIR) -c -f "$$file"; done

bench: ## weir beside its peers, in one run
	$(CARGO) bench --bench compare

perf: build ## where the time of a request goes
	benches/perf $(WEIR)

compat: ## the acceptance scenarios on the reference
	tests/setup
	tests/vtc/run $(HAPROXY) $(if $(SCENARIOS),'$(SCENARIOS)')

install: ## into DESTDIR and PREFIX; ALIAS=haproxy adds that name
	install -d $(DESTDIR)$(SBINDIR)
	install -m 755 $(WEIR) $(DESTDIR)$(SBINDIR)/weir
	$(if $(ALIAS),ln -sf weir $(DESTDIR)$(SBINDIR)/$(ALIAS))

clean: ## what cargo built
	$(CARGO) clean

# Everything a clone needs: Rust from https://rustup.rs, and make. PostgreSQL is found or installed by
# scripts/with-postgres, which makes a throw-away database unless DATABASE_URL names one.

WITH_POSTGRES := scripts/with-postgres
FUZZ_SECONDS ?= 60
CI_STEPS := fmt-check node lint doc test-ci

.DEFAULT_GOAL := help
.NOTPARALLEL:
PREFIX ?= /usr/local
BUILT := $(or $(CARGO_TARGET_DIR),target)/release/datebin
.PHONY: help demo build install deb check-deb screenshots test test-ci test-versions ci nightly fmt fmt-check lint deny doc book node fuzz bench clean-pg

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# A throw-away database: DATABASE_URL names somebody's, and only DEMO_DATABASE_URL says to write there.
demo: export DATABASE_URL := $(DEMO_DATABASE_URL)
demo: export DATABASE_URL_FILE :=
demo: ## load sample metrics into a throw-away database, serve them, say what to try (Ctrl-C ends it)
	$(WITH_POSTGRES) cargo run --locked --no-default-features -- demo

build: ## build the program for use: target/release/datebin
	cargo build --release --locked --bin datebin

install: ## install what `make build` built, its manual pages and completions below PREFIX (/usr/local)
	@[ -x $(BUILT) ] || { echo "$(BUILT) is not there: run make build first, as the user who has Rust" >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d
	install -d $(DESTDIR)$(PREFIX)/share/zsh/site-functions
	install -m 755 $(BUILT) $(DESTDIR)$(PREFIX)/bin/datebin
	$(BUILT) man --dir $(DESTDIR)$(PREFIX)/share/man/man1
	$(BUILT) completions bash >$(DESTDIR)$(PREFIX)/share/bash-completion/completions/datebin
	$(BUILT) completions zsh >$(DESTDIR)$(PREFIX)/share/zsh/site-functions/_datebin
	$(BUILT) completions fish >$(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/datebin.fish

deb: ## build a Debian package with a systemd unit, into target/debian
	scripts/deb

check-deb: ## unpack that package, look at its files and its unit, and start its server
	$(WITH_POSTGRES) scripts/check-deb

screenshots: export DATEBIN_SCREENSHOTS := docs/images
screenshots: ## take the pictures of the explorer anew, into docs/images
	$(WITH_POSTGRES) scripts/with-chromium cargo test --locked --test integration -- --exact explorer::pictures::screenshots --nocapture

test test-ci test-versions nightly: export DATEBIN_TEST_MEMORY := 1
test: ## run all tests against a real PostgreSQL
	$(WITH_POSTGRES) scripts/with-pgbouncer scripts/with-chromium scripts/test

test-versions: ## run the tests on PostgreSQL 14 to 18, whose programs npm gives
	scripts/test-versions

test-ci: ## run all tests on PostgreSQL 18, and on 14 those that a version may change
	scripts/test-versions --ci

# The random tests are short here and long in `nightly`.
ci: export DATEBIN_REQUIRE_NODE := 1
ci: export DATEBIN_REQUIRE_STATEMENTS := 1
ci: export DATEBIN_FUZZ_SECONDS := 20
ci: ## everything that must pass before a change is merged
	scripts/ci $(CI_STEPS)

nightly: export DATEBIN_REQUIRE_NODE := 1
nightly: export DATEBIN_REQUIRE_STATEMENTS := 1
nightly: export DATEBIN_FUZZ_SECONDS := 1800
nightly: export DATEBIN_ORACLE_REQUESTS := 600
nightly: export DATEBIN_TEST_CACHE_ROUNDS := 600
nightly: export DATEBIN_ORACLE_SEED := $(or $(DATEBIN_ORACLE_SEED),$(shell date +%s))
nightly: export NEXTEST_PROFILE := nightly
nightly: export DATEBIN_REQUIRE_PROMETHEUS := 1
nightly: export DATEBIN_REQUIRE_PGBOUNCER := 1
nightly: export DATEBIN_REQUIRE_CHROMIUM := 1
nightly: export DATEBIN_REQUIRE_VERSIONS := 1
nightly: export DATEBIN_PROMQL_EXPRESSIONS := 5000
nightly: ## the tests with many more random questions and texts, beside a real Prometheus; what fails prints its seed
	$(WITH_POSTGRES) scripts/with-prometheus scripts/with-pgbouncer scripts/with-chromium scripts/test
	scripts/test-versions

fmt: ## format the code
	cargo fmt --all

fmt-check: ## fail if the code is not formatted
	cargo fmt --all -- --check

# Nothing is linked here, so an empty archive stands in for the allocator, whose C code takes a minute to compile.
lint: export JEMALLOC_OVERRIDE := $(abspath $(or $(CARGO_TARGET_DIR),target)/lint/libjemalloc.a)
lint: ## clippy on all targets, with the allocator of the released program; warnings are errors
	@mkdir -p $(dir $(JEMALLOC_OVERRIDE)) && printf '!<arch>\n' >$(JEMALLOC_OVERRIDE)
	cargo clippy --locked --all-targets -- -D warnings

deny: ## audit the dependencies: licences, sources, bans, advisories
	scripts/deny

doc: ## build the documentation; warnings are errors
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked --no-default-features

book: ## build the book of docs/ into target/book, with mdBook
	scripts/book

node: ## find Node and npm for the tests of the clients, or install them
	scripts/node

fuzz: ## try texts that nobody wrote on the parser, for FUZZ_SECONDS
	DATEBIN_FUZZ_SECONDS=$(FUZZ_SECONDS) cargo test --locked --no-default-features --test fuzz

bench: ## measure against a real PostgreSQL
	$(WITH_POSTGRES) scripts/with-prometheus scripts/with-patterns cargo bench --locked --no-fail-fast

clean-pg: ## remove databases that a killed run left in the temporary directory
	scripts/clean-pg

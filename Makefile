# Everything a clone needs: Rust from https://rustup.rs, and make. PostgreSQL is found or installed by
# scripts/with-postgres, which makes a throw-away database unless DATABASE_URL names one.

WITH_POSTGRES := scripts/with-postgres
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test ci fmt fmt-check lint deny doc node fuzz bench clean-pg

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## load sample metrics into a database, serve them, say what to try (Ctrl-C ends it)
	$(WITH_POSTGRES) cargo run --locked -- demo

test: ## run all tests against a real PostgreSQL
	$(WITH_POSTGRES) cargo test --locked

ci: export DATEBIN_REQUIRE_NODE := 1
ci: fmt-check lint deny doc node test fuzz ## everything that must pass before a change is merged
	@echo "ci: all passed"

fmt: ## format the code
	cargo fmt --all

fmt-check: ## fail if the code is not formatted
	cargo fmt --all -- --check

lint: ## clippy on all targets; warnings are errors
	cargo clippy --locked --all-targets -- -D warnings

deny: ## audit the dependencies: licences, sources, bans, advisories
	scripts/deny

doc: ## build the documentation; warnings are errors
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --locked

node: ## find Node and npm for the tests of the clients, or install them
	scripts/node

fuzz: ## try texts that nobody wrote on the parser, for FUZZ_SECONDS
	DATEBIN_FUZZ_SECONDS=$(FUZZ_SECONDS) cargo test --locked --test fuzz

bench: ## measure against a real PostgreSQL
	$(WITH_POSTGRES) cargo bench --locked

clean-pg: ## remove databases that a killed run left in the temporary directory
	scripts/clean-pg

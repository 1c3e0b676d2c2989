# What people type. Everything works on a fresh Debian with Rust and a package registry; the scripts say what else is missing.

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help run test naive-campaign sim fuzz lint

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

run: ## Build, start RabbitMQ where none answers, run the daemon with live demo traffic, and say where the wallboard is
	@scripts/run

test: ## All tests, with a RabbitMQ of their own; the engine also without anything else in its tree
	@scripts/ensure-rabbitmq
	$(CARGO) check --locked --lib --no-default-features
	scripts/cargo-test --locked --lib --no-default-features
	scripts/cargo-test --locked --no-default-features --features naive --test routing
	scripts/with-rabbitmq scripts/cargo-test --locked
	$(CARGO) test --locked --doc

naive-campaign: ## The engine against the obvious one over 100,000 random lives of up to 200 commands
	ROLECALL_NAIVE_SEQUENCES=$${ROLECALL_NAIVE_SEQUENCES:-100000} \
		$(CARGO) test --release --locked --no-default-features --features naive --test routing naive::

sim: ## Simulate the whole daemon: SEEDS seeds (1,000), from FROM (1) on; what fails is shrunk, and says how to play it again
	ROLECALL_SIM_SEEDS=$(or $(SEEDS),1000) ROLECALL_SIM_FROM=$(or $(FROM),1) \
		$(CARGO) test --release --locked --test simulation campaign::seeds -- --nocapture

fuzz: ## Fuzz whatever reads what others wrote: messages, configurations, conditions, entries; FUZZ_SECONDS each
	scripts/fuzz

lint: ## Formatting, clippy, documentation, and the dependencies' licences, sources and advisories
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	$(CARGO) deny --locked check bans licenses sources
	@scripts/check-advisories

# What people type. Everything works on a fresh Debian with Rust and a package registry; the scripts say what else is missing.

CARGO ?= cargo

.DEFAULT_GOAL := help
.PHONY: help run test naive-campaign sim theory fuzz lint kill-campaign storage-campaign upgrade small-disk slow-disk overload soak dashboards browser api-check clients from-outside deb sbom reproducible book recovery bench instructions

help: ## Show this
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

run: ## Build, start RabbitMQ where none answers, run the daemon with live demo traffic, and say where the wallboard is
	@scripts/run

test: ## All tests, with a RabbitMQ of their own; and that the engine builds without anything else in its tree
	@scripts/ensure-rabbitmq
	$(CARGO) check --locked --lib --no-default-features
	$(CARGO) check --locked --no-default-features --features daemon
	$(CARGO) check --locked --no-default-features --features naive --test routing
	scripts/with-rabbitmq scripts/cargo-test --locked
	$(CARGO) test --locked --doc

naive-campaign: ## The engine against the obvious one over 100,000 random lives of up to 200 commands
	ROLECALL_NAIVE_SEQUENCES=$${ROLECALL_NAIVE_SEQUENCES:-100000} \
		$(CARGO) test --release --locked --no-default-features --features naive --test routing naive::

sim: ## Simulate the whole daemon: SEEDS seeds (1,000), from FROM (1) on; what fails is shrunk, and says how to play it again
	ROLECALL_SIM_SEEDS=$(or $(SEEDS),1000) ROLECALL_SIM_FROM=$(or $(FROM),1) \
		$(CARGO) test --release --locked --test simulation campaign::seeds -- --nocapture

theory: ## Queueing theory against the engine, at length: the table of docs/simulation.md
	@ROLECALL_THEORY_LONG=1 $(CARGO) test --release --locked --test theory -- --nocapture --test-threads=1

fuzz: ## Fuzz whatever reads what others wrote: messages, configurations, conditions, entries; FUZZ_SECONDS each
	scripts/fuzz

kill-campaign: ## kill -9 at every named point of the pipeline, ROLECALL_KILL_ROUNDS times each (40: more than 1,000 kills)
	@scripts/ensure-rabbitmq
	ROLECALL_KILL_ROUNDS=$${ROLECALL_KILL_ROUNDS:-40} scripts/with-rabbitmq \
		$(CARGO) test --release --locked --features kill-points --test daemon kill_points:: -- --nocapture

storage-campaign: ## A bit flipped at every byte of a journal and of a snapshot, and what else a disk can do
	ROLECALL_FLIP_STRIDE=1 $(CARGO) test --release --locked --test journal -- --nocapture

upgrade: ## An older program gives way to this one under load, drained and killed: BEFORE=path of the older program
	@scripts/ensure-rabbitmq
	ROLECALL_BEFORE=$(abspath $(BEFORE)) scripts/with-rabbitmq \
		$(CARGO) test --release --locked --features campaigns --test daemon upgrades:: -- --nocapture --test-threads=1

small-disk: ## The daemon on a tmpfs that fills up (needs root, to mount it)
	@scripts/ensure-rabbitmq
	scripts/with-small-disk scripts/with-rabbitmq \
		$(CARGO) test --release --locked --features campaigns --test daemon small_disk:: -- --nocapture

slow-disk: ## The daemon on a file system that is frozen for 5 s and for 30 s (needs root, to mount it)
	@scripts/ensure-rabbitmq
	scripts/with-slow-disk scripts/with-rabbitmq \
		$(CARGO) test --release --locked --features campaigns --test daemon slow_disk:: -- --nocapture

overload: ## A backlog of 1 M, 100,000 agents at once, one who flaps, messages of 16 MiB: as one test after the other
	@scripts/ensure-rabbitmq
	ROLECALL_BACKLOG=$${ROLECALL_BACKLOG:-1000000} ROLECALL_AGENTS=$${ROLECALL_AGENTS:-100000} \
		ROLECALL_FLAPS=$${ROLECALL_FLAPS:-60000} ROLECALL_LARGE=$${ROLECALL_LARGE:-20} ROLECALL_HUGE=$${ROLECALL_HUGE:-80} scripts/with-rabbitmq \
		$(CARGO) test --release --locked --features campaigns --test daemon overload:: -- --nocapture --test-threads=1

soak: ## Load for ROLECALL_SOAK_S (1,200) seconds at ROLECALL_RATE (300) events/s, with a look at the memory
	@scripts/ensure-rabbitmq
	ROLECALL_SOAK_S=$${ROLECALL_SOAK_S:-1200} scripts/with-rabbitmq \
		$(CARGO) test --release --locked --features campaigns --test daemon soak:: -- --nocapture

dashboards: ## The rules' own tests, and Debian's Prometheus asked every expression of rules and dashboard
	@scripts/ensure-prometheus
	promtool check rules deploy/prometheus/rolecall.rules.yml
	promtool test rules deploy/prometheus/rolecall.rules.test.yml
	scripts/with-rabbitmq $(CARGO) test --locked --features campaigns --test daemon dashboards:: -- --nocapture

browser: ## The pages in a real Chromium against a running daemon; FILE=tickets.test.mjs for one of the files
	$(CARGO) build --locked
	scripts/browser-tests $(FILE)

api-check: ## schemathesis against a demo that runs, API_CHECK_CASES (10) of each address; it installs itself under target/
	$(CARGO) build --locked
	scripts/api-check

clients: ## The clients of clients/, in Python, TypeScript and Go, against a daemon; a language that is not here is skipped
	@scripts/ensure-rabbitmq
	$(CARGO) build --locked
	scripts/with-rabbitmq scripts/clients-check

from-outside: ## Pages, API and clients in short, with the binary that the tests have built; what can't be had is skipped
	scripts/from-outside

deb: ## The Debian package: target/debian/rolecall_VERSION_ARCH.deb
	scripts/deb

sbom: ## What the program is made of, as CycloneDX: target/rolecall.cdx.json
	@mkdir -p target
	scripts/sbom >target/rolecall.cdx.json

reproducible: ## The release binary built twice, in two directories: equal byte by byte
	scripts/reproducible

book: ## The documentation as a site: target/book
	scripts/book


recovery: ## How long a start takes: 10 M events replayed, 1 M waiting tickets from a snapshot; memory; snapshots meanwhile
	$(CARGO) bench --locked --bench recovery

bench: ## Figures, the short form of all: through a broker, the engine, and beside what else one might take; a page in target/bench
	@scripts/ensure-rabbitmq
	$(CARGO) build --release --locked
	@mkdir -p target/bench
	target/release/rolecall bench --own-broker --short --html target/bench/bench.html --json target/bench/bench.json
	ROLECALL_BENCH_STEADY=light/10k_100k/60000 $(CARGO) bench --locked --no-default-features --bench engine
	ROLECALL_BENCH_STEADY=saturated/10k_100k/60000 $(CARGO) bench --locked --no-default-features --bench engine
	ROLECALL_COMPARE_ROUNDS=2 ROLECALL_COMPARE_MS=1000 \
		$(CARGO) bench --locked --no-default-features --features naive --bench compare

instructions: ## How many instructions a decision takes; fails where it is a fifth more than before (UPDATE=1: take the new figures)
	scripts/instructions $(if $(UPDATE),--update)

lint: ## Formatting, clippy, documentation, and the dependencies' licences, sources and advisories
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps
	@command -v cargo-deny >/dev/null || $(CARGO) install --locked cargo-deny
	$(CARGO) deny --locked check bans licenses sources
	@scripts/check-advisories

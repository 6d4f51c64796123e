# Everything runs from the project folder, with Python 3.11+ and the package index; nothing is installed outside it.
# uv is bootstrapped into .csp/tool, the dependencies of uv.lock into .venv, each checked by its hash; what the two steps
# fetch and execute is in docs/dependencies.md.
PYTHON ?= python3
UV := .csp/tool/bin/uv
BIN := .venv/bin
READY := .venv/.ready
# These compare the engines that there are: with a CLI on PATH, as in test-cli, both.
COMPARED := $(addprefix engine/tests/,test_scenarios.py test_runs.py test_flags.py test_walk.py)
CLI_TESTS := tests/e2e $(COMPARED)

export UV_PYTHON := $(PYTHON)
export UV_PYTHON_DOWNLOADS := never
# A run is three to five Python processes. Where caching of bytecode is off, each of them compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: coverage wheels test-estate test-runner test-ahead up people down setup test check cli test-cli sbom format schemas bench numbers bench-sandbox bench-load bench-engine faults drills clean

up: export CSP_STARTED := $(shell date +%s)
up: $(READY)          ## Start the sandbox, bring both example estates up, show who can order
	@$(BIN)/python -m csp.first_run up

people: $(READY)      ## Let the people of the reseller estate act, then run `up` again
	@$(BIN)/python -m csp.first_run people

down: $(READY)        ## Stop the sandbox
	@$(BIN)/python -m csp.first_run down

setup: $(READY)

$(UV):
	@echo "Setting up: fetching uv into .csp/tool"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) tools/bootstrap.py .csp/tool

$(READY): pyproject.toml engine/pyproject.toml sandbox/pyproject.toml uv.lock | $(UV)
	@echo "Setting up: installing the packages of uv.lock into .venv"
	@$(UV) sync --frozen --quiet --compile-bytecode --no-install-workspace --no-build
	@$(UV) sync --frozen --quiet --compile-bytecode --no-build-isolation --offline
	@touch $@

WORKERS ?= 3
test: $(READY)        ## The whole suite; ends with its slowest tests
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --durations=15 $(if $(COMPARED_LATER),$(addprefix --ignore=,$(COMPARED)))

# The clock a year ahead, in every process that a test starts: what is right today must be right then. Only the folders
# whose tests compare dates; end-to-end tests clear the environment of what they start, where nothing would be ahead.
AHEAD_TESTS ?= tests/schemas tests/onboarding tests/csp tests/clients sandbox/tests
FAKETIME_LIBRARY = $(wildcard .venv/lib/python3*/site-packages/libfaketime/vendor/libfaketime/src/libfaketime.so.1)
AHEAD = LD_PRELOAD=$(CURDIR)/$(FAKETIME_LIBRARY) FAKETIME=+366d FAKETIME_DONT_FAKE_MONOTONIC=1
test-ahead: $(READY)  ## The tests that compare dates, with the clock a year ahead
	@$(AHEAD) $(BIN)/python -c 'import sys, time; sys.exit(time.time() - float(sys.argv[1]) < 365 * 86400 and "test-ahead: the clock is not ahead (libfaketime does not work here)")' $$(date +%s)
	$(AHEAD) $(BIN)/python -m pytest -n 2 --dist loadgroup -p no:cacheprovider $(AHEAD_TESTS)

cli: $(READY)         ## Build the Pulumi CLI from its Go module into .csp/cli; says so where there is no Go
	@nice $(BIN)/python tools/cli/build.py

# The CLI of `make cli`, else the one on PATH. Each comparison of the engine suite runs both engines.
test-cli: $(READY)    ## Every test that an engine takes part in, on the Pulumi CLI
	@PATH="$(CURDIR)/.csp/cli/bin:$$PATH"; export PATH; \
	if command -v pulumi >/dev/null; then echo "test-cli: $$(command -v pulumi) $$(pulumi version)"; \
	CSP_TEST_ENGINES=pulumi $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(CLI_TESTS); \
	else echo "test-cli: there is no Pulumi CLI, nothing was tested on one (make cli builds it, where Go is)"; fi

check: $(READY)       ## Style, types, imports, generated files, links, complexity, dead code, and that every test can be collected
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m csp_sandbox behaviours --check
	$(BIN)/python tools/engine_table.py --check
	$(BIN)/python -m drills
	$(BIN)/python tools/check_links.py
	$(BIN)/python tools/check_dependencies.py
	$(BIN)/python tools/complexity.py
	$(BIN)/python tools/dead_code.py
	@told=$$($(BIN)/python -m pytest --collect-only -qq 2>&1) || { printf '%s\n' "$$told" | tail -40; exit 1; }

# What runs in other processes is not counted, so these are the tests that stay in their own.
COVERED_TESTS ?= tests/schemas tests/clients tests/onboarding tests/providers tests/csp tests/hostile sandbox/tests engine/tests
coverage: $(READY)    ## The share of lines and branches that tests in one process reach, a line a package
	$(BIN)/coverage run -m pytest -q $(COVERED_TESTS)
	@for one in clients csp onboarding providers schemas engine sandbox; do \
	printf 'coverage of %-10s %s %%\n' $$one "$$($(BIN)/coverage report --include="$$one/*" --format=total)"; done

wheels: $(READY)      ## The wheels of product, sandbox and engine, in dist/ (docs/estate-repository.md)
	@for folder in . engine sandbox; do (cd $$folder && $(CURDIR)/$(BIN)/python -m hatchling build -t wheel -d $(CURDIR)/dist) || exit 1; done

test-estate: $(READY) ## An estate's repository with all its packages from the index, each checked by its hash
	CSP_TEST_INDEX=1 $(BIN)/python -m pytest tests/estate/test_repository.py

test-runner: $(READY) ## GitLab's pipeline files by gitlab-ci-local, from the npm index; needs Node.js
	CSP_TEST_RUNNER=1 $(BIN)/python -m pytest tests/review/test_gitlab_runner.py

sbom: $(READY)        ## The software bill of materials of what is shipped (CycloneDX), from uv.lock
	@$(UV) export --frozen --quiet --all-packages --no-dev --format cyclonedx1.5 --output-file .csp/sbom.json >/dev/null
	@echo "wrote .csp/sbom.json"

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(READY)     ## Write the generated schema files, rule tables and the sandbox's ledger again
	$(BIN)/python -m schemas.generate
	$(BIN)/python -m csp_sandbox behaviours
	$(BIN)/python tools/engine_table.py
	$(BIN)/python -m drills --write

bench-sandbox: $(READY)  ## Reads of a 10,000-customer estate against an empty route, as a ratio
	$(BIN)/python benchmarks/sandbox_reads.py

bench-load: $(READY)     ## Loading 1,000 customers against the bare YAML parse, as a ratio
	$(BIN)/python benchmarks/load_estate.py

bench-engine: $(READY)   ## The embedded engine against the CLI of make cli (or the one on PATH), as ratios of one run
	@PATH="$(CURDIR)/.csp/cli/bin:$$PATH" $(BIN)/python benchmarks/engine.py

bench-start: $(READY)    ## Start of the commands and of a plugin, and validate of 5,000 customers, as ratios
	$(BIN)/python benchmarks/start_up.py

SIZES ?= 100 1000 5000
bench: $(READY)          ## The product on seeded estates beside its floors; goes on where it stopped (CELLS: --only, --latency)
	$(BIN)/python -m benchmarks.scale --sizes $(SIZES) $(CELLS)

numbers: $(READY)        ## Write docs/numbers.md from what make bench measured
	$(BIN)/python -m benchmarks.scale --page

faults: $(READY)      ## Every fault at every call, long lists, 1,000 races for one refresh token; ends with the count
	$(BIN)/python -m drills faults

drills: $(READY)      ## Drift, adoption, readiness, kills, disks, order and two pipelines on seeded estates
	$(BIN)/python -m drills drills

clean: down
	rm -rf .csp .venv

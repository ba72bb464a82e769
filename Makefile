# Everything sets itself up in .venv; all that is needed beforehand is make and Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PLUGINS := $(sort $(wildcard plugins/jobtracker-*))
WORKERS ?= 2
ARGS ?=

.PHONY: help setup demo run test test-all test-rest faults coverage check format bench openapi constraints assets assets-check screenshots clean
help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt $(PLUGINS:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=/path/to/python3")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt \
		--group dev --editable . $(PLUGINS:%=--editable ./%)
	@touch $@

setup: $(READY) ## Make the environment in .venv

demo: $(READY) ## Collect from a practice site three times, show what is stored, and open the portal
	@test -t 0 || once=--once; $(BIN)/jobtracker demo $$once $(ARGS)

run: $(READY) ## Open the portal on your own database, or run another command: make run ARGS="jobs list"
	@$(BIN)/jobtracker $(or $(ARGS),serve)

test: $(READY) ## Run the tests, on SQLite and PostgreSQL
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not full" $(ARGS)

test-all: test test-rest ## Run all tests, the slow ones too

test-rest: $(READY)
	@$(BIN)/python -m pytest -n $(WORKERS) -m full $(ARGS)

coverage: $(READY) ## Run the tests with branch coverage
	@$(BIN)/python -m pytest -n $(WORKERS) -m "not full" --cov --cov-report=term --cov-fail-under=92 $(ARGS)

faults: $(READY) ## Run the fault tests, the slow ones too, and write docs/reference/faults.md
	@JOBTRACKER_FAULT_REPORT=docs/reference/faults.md $(BIN)/python -m pytest -n $(WORKERS) -m fault $(ARGS)

check: $(READY) ## Lint, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@for plugin in $(PLUGINS); do $(BIN)/mypy $$plugin/tests || exit; done # each has its own conftest
	@$(BIN)/python -m pytest -q tests/test_layers.py

format: $(READY) ## Format the code and mend what the linter can
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: $(READY) ## Measure, as ratios within one run
	@PYTHONPATH=.:tests/support $(BIN)/python -m tests.benchmarks $(ARGS)

openapi: $(READY) ## Write the document that describes the API
	@$(BIN)/jobtracker openapi > docs/reference/openapi.json

constraints: $(READY) ## Write the set of versions that is installed and tested
	@$(BIN)/python -m pip freeze --exclude-editable | LC_ALL=C sort -f > constraints.txt

assets: ## Build the portal's style sheet, scripts and icons again (needs Node 20 or newer)
	@cd web && npm ci --silent && node build.mjs

assets-check: assets ## Build them, and fail if they differ from what is committed
	@git diff --exit-code --stat -- jobtracker_core/web/static
	@test -z "$$(git status --porcelain -- jobtracker_core/web/static)"

screenshots: $(READY) ## Take the pictures of the documentation (needs Chromium)
	@PYTHONPATH=.:tests/support $(BIN)/python tests/browser/screenshots.py $(ARGS)

clean: ## Remove the environment and caches
	rm -rf $(VENV) web/node_modules dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

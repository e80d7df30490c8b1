# make demo   set everything up, then run the main job     make serve  set everything up, then serve the site
# make test   set everything up, then lint and test        make soak   long fault and load runs, every example
# make docs   the documentation as a site, in var/docs   make screenshots  the pictures in it, from the demo
# make lint   the style and type checks alone              make lock   compile the locked requirements anew
# make clean  remove what set-up made; data, secrets and backups in var/ stay

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := setup
.PHONY: setup dev demo serve test soak docs screenshots lint lock clean
.DELETE_ON_ERROR:

# What the caller's shell has set for other projects must not change what is installed or tested here.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE VIRTUAL_ENV DJANGO_SETTINGS_MODULE PYTEST_ADDOPTS
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYTHONUTF8 := 1
export NODE_USE_SYSTEM_CA := 1

BIN := .venv/bin
DONE := .venv/.done
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm

setup: $(DONE)-project $(DONE)-assets
dev: $(DONE)-dev setup

demo: setup
	$(BIN)/tillit demo

serve: setup
	$(BIN)/tillit serve

test: dev lint
	. scripts/browser.sh && $(BIN)/pytest -n 2

soak: dev
	. scripts/browser.sh && TILLIT_EXAMPLES=all $(BIN)/pytest -m 'soak or hypothesis'

docs: dev
	$(BIN)/sphinx-build -q -W --keep-going -b html -d var/docs-doctrees docs var/docs

screenshots: dev
	. scripts/browser.sh && $(BIN)/python scripts/screenshots.py

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy tillit

# The locks hold versions and hashes, and no addresses to download from.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links
lock: $(DONE)-dev
	$(LOCK) --extra setup --extra demo -o requirements.lock
	$(LOCK) --extra dev --constraint requirements.lock -o requirements-dev.lock
	$(NPM) install --package-lock-only --ignore-scripts --no-audit --no-fund
	$(BIN)/python -c "import json; p = 'package-lock.json'; d = json.load(open(p)); \
	[m.pop('funding', None) for m in d['packages'].values()]; open(p, 'w').write(json.dumps(d, indent=2) + '\n')"

clean:
	-for one in var/test/*/; do [ ! -x $(BIN)/tillit ] || TILLIT_VAR="$$one" $(BIN)/tillit db stop; done
	-[ ! -x $(BIN)/tillit ] || $(BIN)/tillit db stop
	[ ! -L var/test ] || rm -rf "$$(readlink var/test)"
	rm -rf .venv node_modules var/test var/assets var/assets-test build *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: each step runs again only when what it depends on has changed.
$(DONE)-venv: scripts/venv.sh
	@bash scripts/venv.sh
	@touch $@

# Wheels only, so that nothing unlocked is fetched to build with; one yardstick of the benchmarks has no wheel and is
# built with the locked setuptools.
PIP := $(BIN)/python -m pip install --quiet --no-input --require-hashes --only-binary :all:
SDIST := --no-binary django-hordak --no-build-isolation --use-pep517
$(DONE)-runtime: $(DONE)-venv requirements.lock
	@echo "Installing the locked packages (a minute or two the first time) …"
	@$(PIP) -r requirements.lock
	@touch $@

$(DONE)-dev: $(DONE)-runtime requirements-dev.lock
	@$(PIP) $(SDIST) -r requirements-dev.lock
	@touch $@

$(DONE)-project: $(DONE)-runtime pyproject.toml
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --no-input --no-deps --no-index --no-build-isolation --editable .
	@touch $@

$(DONE)-assets: $(DONE)-runtime package-lock.json scripts/assets.py
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@$(BIN)/python scripts/assets.py
	@touch $@

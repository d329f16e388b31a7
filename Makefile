.DEFAULT_GOAL := help
PYTHON ?= python3
SUDO ?= $(if $(filter 0,$(shell id -u)),,sudo)
VENV := .venv
BIN := $(VENV)/bin
TESTS := $(BIN)/pytest -q -n 2 --dist worksteal
STAMP := $(VENV)/.installed
WEB := api/mdm_api/web
ASSETS := $(WEB)/static/vendor/manifest.json
PAGES := $(shell find $(WEB)/templates -name '*.html') $(WEB)/static/app.js $(WEB)/static/app.css
FETCHED := api/assets/node_modules/.package-lock.json
CHROMIUM ?= /usr/bin/chromium
SPARK := $(VENV)/.spark
JAVA := $(or $(shell command -v java),/usr/bin/java)
CURL := $(or $(shell command -v curl),/usr/bin/curl)

.PHONY: help setup browser spark demo demo-stop check fix test test-all bench bench-accuracy bench-year golden mutants samples clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP) $(ASSETS)  ## Create .venv, install everything from constraints.txt, build the assets

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev --constraint constraints.txt
	@touch $(STAMP)

# The third-party assets of the pages: fetched once, purged anew when a page changes (offline).
$(FETCHED): api/assets/package-lock.json | $(STAMP)
	$(BIN)/python api/assets/build.py

$(ASSETS): $(FETCHED) api/assets/build.py api/assets/purge.cjs $(PAGES)
	$(BIN)/python api/assets/build.py --purge

browser: $(CHROMIUM) $(CURL)  ## Install Debian's Chromium and curl, where missing, for the extended tests

spark: $(SPARK) $(JAVA)  ## Install PySpark (460 MB) and, where missing, Java, for the extended tests

$(SPARK): $(STAMP)
	$(BIN)/python -m pip install --quiet --group spark --constraint constraints.txt
	@touch $(SPARK)

$(JAVA):
	$(SUDO) apt-get update -qq
	$(SUDO) apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless

$(CURL):
	$(SUDO) apt-get update -qq
	$(SUDO) apt-get install -y -qq --no-install-recommends curl

$(CHROMIUM):
	$(SUDO) apt-get update -qq
	$(SUDO) apt-get install -y -qq --no-install-recommends chromium

demo: setup  ## Load, link and apply the sample city, then serve it (DEMO_SERVE=0: do not serve)
	$(BIN)/mdm demo $(if $(filter 0,$(DEMO_SERVE)),,--serve)

demo-stop:  ## End the service that `make demo` left running
	$(BIN)/mdm --home demo serve --stop

check: setup  ## Format, lint, types, import contracts, unit tests (2 minutes)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(TESTS) -m "not slow and not extended"

fix: setup  ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: check  ## Everything but the extended tier (14 minutes)
	$(TESTS) -m "slow and not extended"

test-all: test browser spark  ## The whole suite, as CI runs it (30 minutes)
	$(TESTS) -m "extended"

bench: setup  ## Speed, size and accuracy against plain Splink, one table
	$(BIN)/python -m bench.city

bench-accuracy: setup  ## Accuracy against plain Splink and a supervised bound, by subgroup
	$(BIN)/python -m pip install --quiet --group bench --constraint constraints.txt
	$(BIN)/python -m bench.accuracy --card linkage_models/person/v6/MODEL_CARD.md

bench-year: setup  ## A year of deliveries: IDs that hold, golden values, questions, deltas
	$(BIN)/python -m bench.year $(if $(PEOPLE),--people $(PEOPLE))

mutants: setup  ## Seeded bugs, one at a time: which of them the tests find (not in CI)
	$(BIN)/python tests/mutants/run.py

golden: setup  ## Write the golden files that follow from the program anew; look at the difference
	$(BIN)/python -m mdm_api.description

samples: setup  ## Write data/samples/ anew from the generator
	$(BIN)/mdm synth city data/samples --people 5000 --seed 2026

clean:  ## Remove everything that can be made again
	rm -rf $(VENV) registry demo .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  api/assets/node_modules $(WEB)/static/vendor

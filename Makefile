.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup demo demo-stop check fix test test-all bench golden samples clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP)  ## Create .venv and install everything from constraints.txt

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev --constraint constraints.txt
	@touch $(STAMP)

demo: setup  ## Load, link, apply and show the sample city; leaves a report to look at
	$(BIN)/mdm demo

check: setup  ## Format, lint, types, import contracts, unit tests (2 minutes)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 -m "not slow and not extended"

fix: setup  ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: check  ## Everything but the extended tier (12 minutes)
	$(BIN)/pytest -q -n 2 -m "slow and not extended"

test-all: test  ## The whole suite, as CI runs it (40 minutes)
	$(BIN)/pytest -q -n 2 -m "extended"

bench: setup  ## Speed, size and accuracy against plain Splink, one table
	$(BIN)/python -m bench.city

samples: setup  ## Write data/samples/ anew from the generator
	$(BIN)/mdm synth city data/samples --people 5000 --seed 2026

clean:  ## Remove everything that can be made again
	rm -rf $(VENV) registry demo .mypy_cache .ruff_cache .pytest_cache .hypothesis

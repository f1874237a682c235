# Everything lives in .venv; nothing else on the machine is changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo lab test chromium check format lint types notebooks binder benchmarks clean

help:  ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "pronounce_kit needs Python 3.10 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python's venv module does not work here (on Debian: apt-get install python3-venv)."; exit 1; }

# One stamp a set of extras; made again when pyproject.toml changes.
$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local]'
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local,notebook,train,server,export,postgresql,distributed,dev]'
	@touch $@ $(VENV)/.demo

install: $(VENV)/.dev  ## Create .venv with everything that work on the project needs

demo: $(VENV)/.demo  ## Score two sentences with the embedded engine and show which words and sounds went wrong
	$(BIN)/pronounce-kit demo --out demo-output

lab: $(VENV)/.dev  ## Open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

test: $(VENV)/.dev chromium  ## Run all tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# Only the browser tests need it; where it cannot be installed they are skipped with a message.
chromium:
	@command -v chromium >/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null \
		|| { echo "installing Debian's chromium for the browser tests"; \
		     apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
		|| echo "chromium could not be installed: the browser tests will be skipped"

format: $(VENV)/.dev  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/ruff check --preview --select PLW1514 .  # text files without an encoding are read otherwise on Windows

types: $(VENV)/.dev
	$(BIN)/mypy

notebooks: $(VENV)/.dev  ## Run the notebooks from top to bottom
	$(BIN)/python -m pytest tests/test_notebooks.py

check: lint types test  ## All that CI checks: format, lint, types, tests (the notebooks are among them)

binder: $(VENV)/.dev chromium  ## Run notebooks and browser tests with the versions that Binder has (needs python3.11)
	$(BIN)/python -m tests.binder --check .cache/binder

benchmarks: $(VENV)/.dev  ## Measure speed and memory, side by side
	$(BIN)/python -m tests.benchmarks

clean:  ## Remove the environment and all that was written
	rm -rf $(VENV) demo-output screenshots

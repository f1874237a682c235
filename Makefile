# Everything lives in .venv; nothing else on the machine is changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# The versions that the tests have passed with. With the newest instead: make clean, make VERSIONS= ...
VERSIONS := tests/constraints.txt
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(VERSIONS:%=--constraint %)

.DEFAULT_GOAL := help
.PHONY: help install demo lab test chromium check format lint types notebooks docs binder constraints gate benchmarks clean

help:  ## Show the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

NEW_ENOUGH = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	|| { echo "pronounce_kit needs Python 3.10 or newer: make PYTHON=python3.12 ..."; exit 1; }

$(BIN)/python:
	@$(NEW_ENOUGH)
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo "Python's venv module does not work here (on Debian: apt-get install python3-venv)."; exit 1; }

# One stamp a set of packages; made again when what is asked for changes.
$(VENV)/.demo: pyproject.toml $(VERSIONS) | $(BIN)/python
	$(PIP_INSTALL) -e '.[local]'
	@touch $@

# First pip: the one that comes with Python may be too old for dependency groups.
$(VENV)/.dev: pyproject.toml $(VERSIONS) | $(BIN)/python
	$(PIP_INSTALL) pip
	$(PIP_INSTALL) --group dev -e '.[local,notebook,train,server,export,postgresql,distributed]'
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

check: lint types test  ## Format, lint, types, tests (the notebooks are among them)

gate:  ## All that CI checks: every Python here, newest and lowest versions, the wheel, and `make check`
	@$(NEW_ENOUGH)
	$(PYTHON) -m tests.gate

# Not after .dev, which cannot be installed when the versions are out of step.
constraints: | $(BIN)/python  ## Bring tests/constraints.txt in step with pyproject.toml (UPGRADE=1: newest versions)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check packaging tomli uv
	$(BIN)/python -m tests.constraints $(if $(UPGRADE),--upgrade)

docs: $(VENV)/.dev  ## Build the reference of the Python names and the commands, in .cache/docs/html
	$(BIN)/python -m tests.docs

binder: $(VENV)/.dev chromium  ## Run notebooks and browser tests with the versions that Binder has (needs python3.11)
	$(BIN)/python -m tests.binder --check .cache/binder

benchmarks: $(VENV)/.dev  ## Measure speed and memory, side by side
	$(BIN)/python -m tests.benchmarks

clean:  ## Remove the environment and all that was written
	rm -rf $(VENV) .cache/gate demo-output screenshots

# Everything runs in .venv, which the first target makes: a fresh clone needs Python 3.11 or newer, make and git.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Options for pytest: make test ARGS="-k docker -x"
ARGS ?=
# The tests of one file share what is slow to make (an image, an engine), so they stay on one worker. (Groups would
# say it better, but pytest 9.2 does not show pytest-xdist 3.8's to the scheduler.)
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help venv demo test check bench golden clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

venv: $(READY) ## Make the virtual environment

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "imgscan needs Python 3.11 or newer: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -qq --editable . --group dev
	@touch $@

demo: $(READY) ## Build an image with keys in it, scan it, write demo.json and demo.sarif
	$(BIN)/python -m tests.demo

test: $(READY) ## Run the whole test suite; what needs a tool that is not here says so
	$(PYTEST) $(ARGS)

check: $(READY) ## Lint, format, types, and what must not stand in the repository
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_repository.py

bench: $(READY) ## Measure against the budget, on images built here
	$(BIN)/python -m benchmarks $(ARGS)

golden: $(READY) ## Write the golden reports anew; review the difference as code
	IMGSCAN_GOLDEN=1 $(BIN)/python -m pytest tests/report -k golden $(ARGS)

clean: ## Remove the environment and everything made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov build dist benchmarks/.work
	rm -f demo.json demo.sarif demo.tar
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

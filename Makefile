# Everything runs in .venv, which the first target makes: a fresh clone needs Python 3.11 or newer, make and git.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Options for pytest: make test ARGS="-k docker -x"
ARGS ?=
# The tests of one file share what is slow to make (an image, an engine), so they stay on one worker. (Groups would
# say it better, but pytest 9.2 does not show pytest-xdist 3.8's to the scheduler.) The files that take longest come
# first (tests/conftest.py), so pytest-xdist must not sort them by how many tests they have.
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder --durations=15 --durations-min=1

.DEFAULT_GOAL := help
.PHONY: help venv demo test check bench accuracy mutants fuzz docs golden clean
# For make accuracy: the first seed, how many, and other scanners to compare with, if they are installed.
SEED ?= 1
SEEDS ?= 4
SCANNERS ?= gitleaks trufflehog trivy kingfisher detect-secrets
MINUTES ?= 5

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

test: $(READY) ## Run the whole test suite; what needs a tool that is not here says so, and what was slow
	$(PYTEST) $(ARGS)

check: $(READY) ## Lint, format, types, and what must not stand in the repository
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_repository.py

bench: $(READY) ## Measure against the budget, on images built here
	$(BIN)/python -m benchmarks $(ARGS)

accuracy: $(READY) ## Measure recall and false alarms on a corpus made here, and write docs/accuracy.md
	$(BIN)/python -m accuracy.real.compiled --record accuracy/real/compiled.json
	$(BIN)/python -m accuracy.real --record accuracy/real/real.json
	$(BIN)/python -m accuracy --seed $(SEED) --seeds $(SEEDS) --scanner $(SCANNERS) --write docs/accuracy.md $(ARGS)

mutants: $(READY) ## Change the detector in every small way, and see whether the tests notice (an hour)
	$(BIN)/python -m pip install -qq 'mutmut>=3.8'
	$(BIN)/python -m accuracy.mutants --record accuracy/mutants/mutants.json $(ARGS)

fuzz: $(READY) ## Feed the parsers damaged input for MINUTES
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES) $(ARGS)

docs: $(READY) ## Write the reference of commands and flags, that of diagnostics, and the schema of settings anew
	$(BIN)/python -m tests.reference
	$(BIN)/python -m tests.diagnostics
	IMGSCAN_GOLDEN=1 $(BIN)/python -m pytest --quiet tests/cli/test_settings.py -k schema

golden: $(READY) ## Write the golden reports anew; review the difference as code
	IMGSCAN_GOLDEN=1 $(BIN)/python -m pytest tests/report -k golden $(ARGS)

clean: ## Remove the environment and everything made
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage htmlcov build dist benchmarks/.work
	rm -f demo.json demo.sarif demo.tar
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

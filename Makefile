# `make audit` and `make test` set up what they need; everything else is for those who change the code.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: audit test lint types floors docs docs-check check fix fuzz soak bench bench-record clean accept screenshots

audit: $(READY)            ## audit the reference deployment through the embedded stand-in
	@mkdir -p out
	$(BIN)/auditor demo --out out

test: $(READY)             ## all tests, with line and branch coverage
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report= -q -m "not fuzz and not slow"
	$(BIN)/python -m coverage report --fail-under=95
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "slow and not fuzz"

lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(READY)
	$(BIN)/mypy

floors: $(READY)
	$(BIN)/lint-imports

docs: $(READY)             ## write the generated pages again
	$(BIN)/python docs/build.py

accept: $(READY)           ## write the example reports again; look at the difference before you commit it
	$(BIN)/python -m tests.goldens

screenshots: $(READY)      ## draw the pictures of the README again (needs chromium and chromedriver)
	$(BIN)/python -m docs.screenshots

docs-check: $(READY)
	$(BIN)/python docs/build.py --check

check: lint types floors docs-check test

fix: $(READY)
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

fuzz: $(READY)             ## the long searches, for ten minutes or MINUTES
	MINUTES=$(if $(filter file,$(origin MINUTES)),10,$(MINUTES)) nice -n 10 $(BIN)/python -m pytest -q -m fuzz

MINUTES ?= 30
soak: $(READY)             ## collect among faults drawn at random, for half an hour or MINUTES
	$(BIN)/python -m tests.soak --minutes $(MINUTES)

bench: $(READY)            ## measure; prints one JSON object a line
	$(BIN)/python benchmarks/run.py

bench-record: $(READY)     ## measure all sizes and write the tables of docs/benchmarks.md; ONLY="scale start" for some
	$(BIN)/python benchmarks/run.py --record $(ONLY)

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

clean:
	rm -rf $(VENV) out dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache

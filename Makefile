# `make audit` and `make test` set up what they need; everything else is for those who change the code.
# Everything is installed from requirements/*.txt, which fix each version and the hash of each file. The environment is
# made in two stages: what an audit needs, and, for the other targets, what a change needs beside it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
USABLE := $(VENV)/.usable
READY  := $(VENV)/.ready
LOCKS  := requirements

.PHONY: audit test test-whole coverage test-oldest test-newest lint types floors docs docs-check site check fix fuzz proof-check soak bench bench-record release-dry-run \
  clean accept screenshots lock lock-newest

audit: $(USABLE)           ## audit both reference deployments through the embedded stand-in
	@mkdir -p out
	$(BIN)/auditor demo --out out
	$(BIN)/auditor demo foundry-chat --out out/foundry-chat

test: $(READY)             ## all tests; of those with hundreds of like cases a fixed sample
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not fuzz"

test-whole: $(READY)       ## all tests with all their cases: before a release, and every night
	$(BIN)/python -m pytest -n 2 --dist worksteal -q -m "not fuzz" --whole

coverage: $(READY)         ## the fast tests once more, tracing lines and branches: three times as slow
	$(BIN)/python -m coverage erase
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report= -q -m "not fuzz and not slow"
	$(BIN)/python -m coverage report --fail-under=95

lint: $(READY)
	$(BIN)/ruff format --check
	$(BIN)/ruff check

types: $(READY)
	$(BIN)/mypy

floors: $(READY)
	$(BIN)/lint-imports

docs: $(READY)             ## write the generated pages again
	$(BIN)/python docs/build.py

site: $(READY)             ## the documentation as a site that needs no network, in out/site; every link is checked
	$(BIN)/python docs/build_site.py

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

proof-check: $(READY)      ## certify the worlds, and let the checker, which shares nothing with the program, check them
	$(BIN)/python -m tests.proofs --mutants $(MUTANTS)

MUTANTS ?= 400
MINUTES ?= 30
soak: $(READY)             ## collect among faults drawn at random, for half an hour or MINUTES
	$(BIN)/python -m tests.soak --minutes $(MINUTES)

bench: $(READY)            ## measure; prints one JSON object a line
	$(BIN)/python benchmarks/run.py

bench-record: $(READY)     ## measure all sizes and write the tables of docs/benchmarks.md; ONLY="scale start" for some
	$(BIN)/python benchmarks/run.py --record $(ONLY)

$(USABLE): pyproject.toml $(LOCKS)/runtime.txt $(LOCKS)/build.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCKS)/runtime.txt -r $(LOCKS)/build.txt
	$(BIN)/python -m pip install --quiet --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(READY): $(USABLE) $(LOCKS)/dev.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCKS)/dev.txt
	@touch $@

# The locks are made by `uv pip compile`, not kept in a uv.lock: that one names the registry that it was written with,
# which may be a mirror, and pip cannot read it. They hold for every platform and every Python that pyproject allows.
# A release must be a week old to be taken: most that are withdrawn, or hijacked, are found by then.
UV      := $(VENV)/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --exclude-newer "1 week" --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-header --no-annotate

$(UV): | $(USABLE)
	$(BIN)/python -m pip install --quiet --require-hashes -r $(LOCKS)/lock.txt

lock: $(UV)                ## bring the locks in line with pyproject.toml; a version that still fits is kept
	$(COMPILE) $(NEWEST) pyproject.toml --output-file $(LOCKS)/runtime.txt
	$(COMPILE) $(NEWEST) --group build --output-file $(LOCKS)/build.txt --constraints $(LOCKS)/runtime.txt
	$(COMPILE) $(NEWEST) --group lock --output-file $(LOCKS)/lock.txt
	$(COMPILE) $(NEWEST) pyproject.toml --group dev --output-file $(LOCKS)/dev.txt \
	  --constraints $(LOCKS)/runtime.txt --constraints $(LOCKS)/build.txt

lock-newest: NEWEST := --upgrade
lock-newest: lock          ## the same with the newest version of everything

# Are the ranges of pyproject.toml true? The tools of the gate stay as they are: some want a newer click than the auditor,
# so the forms of the pipeline examples, which only they look at, are not asked.
test-oldest: $(UV)         ## the fast tests with the oldest version of everything that the auditor names
	$(call tested-with,$(VENV)-oldest,lowest-direct)

test-newest: $(UV)         ## the fast tests with the newest of everything, as on the day
	$(call tested-with,$(VENV)-newest,highest --group dev)

define tested-with
	$(UV) venv --quiet --clear --python $(PYTHON) $(1)
	$(UV) pip install --quiet --python $(1) --compile-bytecode --requirements $(LOCKS)/dev.txt
	$(UV) pip install --quiet --python $(1) --compile-bytecode --upgrade --editable . --resolution $(2)
	$(1)/bin/python -m pytest -n 2 --dist worksteal -q -m "not fuzz and not slow" --ignore tests/house/test_pipelines.py
endef

release-dry-run: $(READY)  ## build a release as the workflow does: twice, compared, with hashes and an SBOM, into dist/
	$(BIN)/python -I release/dry_run.py --out dist

clean:
	rm -rf $(VENV) $(VENV)-oldest $(VENV)-newest out dist .mypy_cache .ruff_cache .hypothesis .import_linter_cache

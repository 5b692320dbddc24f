# Every target sets up what it needs; nothing is done twice.
# PYTHON=… names an interpreter; without it the newest supported one that runs is taken.
PYTHON ?=
VENV := .venv
SEED ?= 0
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed$(subst /,-,$(PYTHON))
# Files in the order of tests/conftest.py: a file's fixtures are made once. Commands wait as long as they
# compute, so there are two workers for each core, up to eight.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder
# Some containers set it; hundreds of processes would then compile the same modules.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-pythons test-faults nightly lint format docs constraints hashes sbom audit bench contact-sheet pictures clean setup

demo: $(STAMP)
	$(BIN)/vividly demo

test: $(STAMP)
	$(PYTEST) $(ARGS)

# Demo and unit tests on each other supported Python of this machine.
test-pythons: $(STAMP)
	.ci/test_pythons $(ARGS)

# The long form, an hour; `make test` runs a short one. Each part runs even if one before it fails.
test-faults: $(STAMP)
	failed=; \
	$(BIN)/python -m tests.faults --requests 600 --kills 200 || failed=1; \
	$(BIN)/python -m tests.faults --requests 150 --kills 50 --store local --pooler || failed=1; \
	$(BIN)/python -m tests.faults.ordinary || failed=1; \
	test -z "$$failed"

# What is too slow for every change, some hours: do the tests fail when the code is broken? Each
# part runs even if one before it fails. SEED=N changes the code in other places.
nightly: $(STAMP)
	failed=; \
	$(PYTEST) -m "" --hypothesis-profile new || failed=1; \
	FUZZ_SECONDS=100 $(PYTEST) tests/fuzz || failed=1; \
	$(PYTEST) -m "" tests/runners --offline-engines || failed=1; \
	$(BIN)/python -m tests.mutation || failed=1; \
	$(BIN)/python -m tests.mutation.nightly --seed $(SEED) || failed=1; \
	$(MAKE) test-faults || failed=1; \
	test -z "$$failed"

SCRIPTS := run_dataflow.sh deploy/common.sh deploy/cloud_run.sh deploy/first_hour.sh \
	deploy/base_images.sh .ci/run .ci/venv .ci/audit .ci/image .ci/test_pythons

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/shellcheck --external-sources $(SCRIPTS)
	$(BIN)/shfmt --diff $(SCRIPTS)
	$(BIN)/hadolint deploy/Dockerfile

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/shfmt --write $(SCRIPTS)

docs: $(STAMP)
	$(BIN)/python -m pipeline.reference
	$(BIN)/python -m pipeline.reference.flex_template
	$(BIN)/python -m deploy.dry_runs

bench: $(STAMP)
	$(BIN)/python -m benchmarks.render
	$(BIN)/python -m benchmarks.pipeline
	$(BIN)/python -m benchmarks.run_cost
	$(BIN)/python -m benchmarks.streaming
	$(BIN)/python -m benchmarks.ledger
	$(BIN)/python -m benchmarks.capacity
	$(BIN)/python -m benchmarks.quota

# Every layout in both themes on one picture, build/contact-sheet.png.
contact-sheet: $(STAMP)
	$(BIN)/python -m benchmarks.contact_sheet

# The README's pictures, from a demo of their own. Needs Chromium.
pictures: $(STAMP)
	$(BIN)/vividly demo --state build/pictures --artifacts build/pictures/artifacts
	$(BIN)/python -m benchmarks.readme_pictures build/pictures

setup: $(STAMP)

# What is in an image: build/sbom.json (CycloneDX) and build/licences.md. GROUPS="core local" adds an
# extra's packages.
sbom: $(STAMP)
	.ci/audit sbom $(GROUPS)

# Known vulnerabilities of all pinned packages, where the database of advisories can be reached.
audit: $(STAMP)
	.ci/audit advisories

# New versions on purpose: what setup.py allows, resolved anew for every supported Python.
constraints: $(STAMP)
	$(BIN)/python -m deploy.supply_chain.pins --upgrade

# After a change of setup.py: the same versions, and those of new requirements.
hashes: $(STAMP)
	$(BIN)/python -m deploy.supply_chain.pins

clean:
	rm -rf $(VENV) var build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMP): setup.py pyproject.toml $(wildcard constraints/*/*.txt) .ci/venv
	PYTHON='$(PYTHON)' .ci/venv $(VENV)
	touch $@

# Every target sets up what it needs; nothing is done twice.
PYTHON ?= python3.11
VENV := .venv
SEED ?= 0
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test test-faults nightly lint format docs constraints bench contact-sheet clean setup

demo: $(STAMP)
	$(BIN)/vividly demo

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 $(ARGS)

# The long form, some twenty minutes; `make test` runs a short one.
test-faults: $(STAMP)
	$(BIN)/python -m tests.faults --requests 600 --kills 200

# What is too slow for every change, some hours: do the tests fail when the code is broken? Each
# part runs even if one before it fails. SEED=N changes the code in other places.
nightly: $(STAMP)
	failed=; \
	$(BIN)/python -m tests.mutation || failed=1; \
	$(BIN)/python -m tests.mutation.nightly --seed $(SEED) || failed=1; \
	$(MAKE) test-faults || failed=1; \
	test -z "$$failed"

SCRIPTS := run_dataflow.sh deploy/common.sh deploy/cloud_run.sh

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/shellcheck --external-sources $(SCRIPTS)
	$(BIN)/shfmt --diff $(SCRIPTS)
	$(BIN)/hadolint deploy/Dockerfile

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/shfmt --write $(SCRIPTS)

docs: $(STAMP)
	$(BIN)/python -m pipeline.reference
	$(BIN)/python -m pipeline.flex_template
	$(BIN)/python -m deploy.dry_runs

bench: $(STAMP)
	$(BIN)/python -m benchmarks.render
	$(BIN)/python -m benchmarks.pipeline

# Every layout in both themes on one picture, build/contact-sheet.png.
contact-sheet: $(STAMP)
	$(BIN)/python -m benchmarks.contact_sheet

setup: $(STAMP)

# New versions on purpose: what setup.py allows, resolved anew.
constraints:
	rm -rf build/constraints && $(PYTHON) -m venv build/constraints
	build/constraints/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	build/constraints/bin/python -m pip install --quiet --disable-pip-version-check --no-deps 'moviepy>=2.2,<3'
	{ head -n 1 constraints.txt; build/constraints/bin/python -m pip freeze --exclude vividly-pipeline; } > build/constraints.txt
	mv build/constraints.txt constraints.txt

clean:
	rm -rf $(VENV) var build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(STAMP): setup.py constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "Python 3.11 is needed; set PYTHON=…")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps moviepy
	touch $@

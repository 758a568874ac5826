# Everything a person or a CI machine does here. Needs make and Python 3.11 or newer, nothing else.
#
#   make demo       a small campaign on this machine, about two minutes, ending in an HTML report
#   make test       linter, types and the quick suite
#   make test-all   the rest: documentation, slow tests, the built wheel, the oldest numpy and scipy, Ax
#   make docs       HTML documentation in docs/_build/html
#   make bench      measurements, written to benchmarks/results
#   make bench-peers, make bench-regret, make bench-segments
#                   other optimizers, each in its own environment under .bench, and the comparisons with them (hours)
#   make clean      remove everything that these commands made

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Errors are shown, nothing else.
PIP := -m pip --quiet --quiet --disable-pip-version-check install
# A process for each core; the tests of a file stay together.
PYTEST := -m pytest -q -n auto --dist loadfile

# The lower bounds of the dependencies, as pins.
OLDEST := $(shell sed -nE '/^dependencies = /,/^\]/s/^  "([a-z]+)>=([0-9.]+),.*/\1==\2/p' pyproject.toml)
# Tests that start many processes and meet no array; the other runs have done them.
SAME := docs crash unit/cli unit/report unit/backends unit/worker

.DELETE_ON_ERROR:
.PHONY: help demo test test-all lint types docs bench bench-peers bench-regret bench-segments wheel test-wheel test-oldest test-ax clean

help:
	@sed -n 's/^#   //p' Makefile

# ---- environments; a stamp is younger than what it was made from, so a second call installs nothing -----------------

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "askntell needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) --version 2>/dev/null || echo not there)." >&2; \
	  echo "Name another one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python $(PIP) --upgrade pip
	@touch $@

$(VENV)/.demo: pyproject.toml $(VENV)/.made
	@echo "installing askntell with the extra demo"
	@$(BIN)/python $(PIP) --editable '.[demo]'
	@touch $@

$(VENV)/.test: pyproject.toml tests/constraints.txt $(VENV)/.made
	@echo "installing askntell with the extra test"
	@$(BIN)/python $(PIP) --editable '.[test]' --constraint tests/constraints.txt
	@touch $@

$(VENV)/.docs: pyproject.toml tests/constraints.txt $(VENV)/.made
	@echo "installing askntell with the extra docs"
	@$(BIN)/python $(PIP) --editable '.[docs]' --constraint tests/constraints.txt
	@touch $@

# ---- what people want ------------------------------------------------------------------------------------------------

demo: $(VENV)/.demo
	@$(BIN)/askntell quickstart runs/quickstart

test: lint types
	$(BIN)/python $(PYTEST) -m "not slow"

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy

test-all: docs test-wheel test-oldest test-ax

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html

bench: $(VENV)/.test
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/ask_tell.py

# The libraries with which benchmarks/regret.py compares. HEBO pins old ones: its requirements are listed in full, because
# pip's resolver does not find them in reasonable time, and its pymoo is compiled against this old numpy (needs gcc).
PEERS := optuna nevergrad pycma smac hebo ax
FIRST_hebo := numpy==1.24.4 Cython==0.29.37 setuptools==69.5.1 wheel==0.45.1
FLAGS_hebo := --no-deps --no-build-isolation --no-cache-dir

bench-peers: $(PEERS:%=.bench/%/.made)

.bench/%/.made: benchmarks/peers/requirements/%.txt
	@echo "making .bench/$*"
	@rm -rf .bench/$*
	@mkdir -p .bench
	@$(PYTHON) -m venv .bench/$*
	@$(if $(FIRST_$*),.bench/$*/bin/python $(PIP) $(FIRST_$*))
	@.bench/$*/bin/python $(PIP) $(FLAGS_$*) --requirement $<
	@touch $@

$(VENV)/.bench: benchmarks/requirements.txt $(VENV)/.demo
	@$(BIN)/python $(PIP) --requirement $<
	@touch $@

bench-regret: $(VENV)/.bench bench-peers
	$(BIN)/python benchmarks/regret.py
	$(BIN)/python benchmarks/regret.py --table

bench-segments: $(VENV)/.bench .bench/optuna/.made
	$(BIN)/python benchmarks/segments.py --sizes 15,100 --modes once,late --seeds 3
	$(BIN)/python benchmarks/segments.py --sizes 15,100 --modes once,late --seeds 3 --table
	$(BIN)/python benchmarks/segments.py --latency

# ---- the wheel: installed alone, tested in a folder that does not hold the package's source ---------------------------

wheel: $(VENV)/.made
	@rm -rf build/wheel
	@$(BIN)/python -m pip --quiet --quiet --disable-pip-version-check wheel --no-deps --wheel-dir build/wheel .
	@ls build/wheel

# $(1): a folder under build; $(2): the interpreter. Makes a fresh environment and, beside it, the tests without the source.
define away
	@rm -rf build/$(1)
	@mkdir -p build/$(1)/tree
	@cp -R tests docs benchmarks $(wildcard examples) README.md CHANGELOG.md CONTRIBUTING.md LICENSE Makefile pyproject.toml build/$(1)/tree
	@rm -rf build/$(1)/tree/docs/_build
	@$(2) -m venv build/$(1)/venv
	@build/$(1)/venv/bin/python $(PIP) --upgrade pip
endef

test-wheel: wheel
	$(call away,away,$(BIN)/python)
	@build/away/venv/bin/python $(PIP) "$$(echo build/wheel/*.whl)[test,demo,report]" --constraint tests/constraints.txt
	cd build/away/tree && "$(CURDIR)/build/away/venv/bin/python" $(PYTEST)

test-oldest: wheel
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || { \
	  echo "$(OLDEST) need Python 3.11 or 3.12; name one: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(call away,oldest,$(BIN)/python)
	@build/oldest/venv/bin/python $(PIP) "$$(echo build/wheel/*.whl)" $(OLDEST) pytest pytest-timeout pytest-xdist hypothesis jsonschema
	cd build/oldest/tree && "$(CURDIR)/build/oldest/venv/bin/python" $(PYTEST) -m "not slow" $(addprefix --ignore=tests/,$(SAME))

# ---- the extra ax: torch comes first and by its pin, so that the CPU build stays; the tests that need Ax alone ----------

build/ax/.made: pyproject.toml tests/constraints.txt $(VENV)/.made
	@echo "installing torch and ax-platform in build/ax"
	@$(BIN)/python -m venv build/ax
	@build/ax/bin/python $(PIP) --upgrade pip
	@build/ax/bin/python $(PIP) "$$(grep '^torch==' tests/constraints.txt)"
	@build/ax/bin/python $(PIP) --editable '.[test,ax]' --constraint tests/constraints.txt
	@touch $@

test-ax: build/ax/.made
	build/ax/bin/python $(PYTEST) --timeout 600 tests/unit/optimizers/test_ax.py tests/laws/test_algorithms.py::TestAx

clean:
	rm -rf $(VENV) build dist docs/_build .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A machine with Python 3.11 or newer (and its venv), g++ and make needs nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh

VENV := .venv
BIN := $(VENV)/bin
# Two stamps, so that using slipstick does not wait for the tools that develop it.
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed
# PYTHON=... and JOBS=... on the command line override these.
PYTHON :=
JOBS := auto
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

.PHONY: setup
setup: $(INSTALLED) ## install slipstick into .venv

.PHONY: demo
demo: $(INSTALLED) ## an FP8 and an INT8 dot product: generated, verified on real data, priced
	@$(BIN)/python examples/digits/demo.py

.PHONY: test
test: $(DEVELOPED) ## the whole test suite
	$(BIN)/pytest -n $(JOBS)

.PHONY: test-fast
test-fast: $(DEVELOPED) ## the test suite without what takes long
	$(BIN)/pytest -n $(JOBS) -m "not slow"

.PHONY: regress
regress: $(DEVELOPED) ## every mix of formats, all operands of FP8 units: hours
	$(BIN)/pytest -n $(JOBS) --junitxml=build/regress.xml tests/regress/long.py

.PHONY: bench
bench: $(DEVELOPED) ## how fast formats are encoded and 2^24 operands of FP8 units are checked
	$(BIN)/python benchmarks/bench_formats.py
	$(BIN)/python benchmarks/bench_cosim.py

.PHONY: bench-hw
bench-hw: $(DEVELOPED) ## area and delay of units beside plain RTL and the limits, into docs/cost.md
	$(BIN)/python -m benchmarks.bench_hw

.PHONY: bench-cost
bench-cost: $(DEVELOPED) ## energies and areas beside what others have published
	$(BIN)/python benchmarks/bench_energy.py
	$(BIN)/python benchmarks/bench_formats_area.py

.PHONY: study
study: $(DEVELOPED) ## number formats compared, into build/study and docs/study.md: 20 minutes
	$(BIN)/slipstick study -o build/study
	$(BIN)/python -m benchmarks.bench_study build/study

.PHONY: lint
lint: $(DEVELOPED) ## style, types and layering
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo

.PHONY: docs
docs: $(DEVELOPED) ## the documentation, in docs/_build
	$(BIN)/sphinx-build -q -W --keep-going docs docs/_build

.PHONY: lock
lock: ## try the newest versions and pin them in constraints.txt
	rm -rf build/lock
	@$(call make_venv,build/lock)
	build/lock/bin/python -m pip install -q hatchling editables
	build/lock/bin/python -m pip install -q --no-build-isolation '.[dev,docs,examples]'
	{ sed -n '/^#/p' constraints.txt; build/lock/bin/python -m pip freeze --exclude slipstick; } \
	    > build/constraints.txt
	mv build/constraints.txt constraints.txt
	rm -rf build/lock

.PHONY: clean
clean: ## remove .venv and everything that can be made again
	rm -rf $(VENV) build dist docs/_build .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

define make_venv
for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
    if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	    2> /dev/null; then \
	exec "$$python" -m venv --clear $(1); \
    fi; \
done; \
echo "make: Python 3.11 or newer with its venv module is needed" \
    "(Debian, Ubuntu: apt install python3-venv)" >&2; \
exit 1
endef

$(BIN)/python:
	@$(call make_venv,$(VENV))

# What builds the package is installed first and pinned too: no isolated, unpinned copy of it.
define install
@echo "Installing $(1) into $(VENV), which takes a minute"
@$(PIP) install -q -c constraints.txt hatchling editables
@$(PIP) install -q -c constraints.txt --no-build-isolation -e '$(1)'
endef

# The simulator loads Python as a shared library. Debian's python3 leaves it out; the package that has
# it needs no root to be unpacked.
define add_libpython
@$(BIN)/python -c 'import find_libpython, sys; sys.exit(not find_libpython.find_libpython())' || { \
    echo "Fetching the shared library of Python, which this python3 comes without"; \
    name=libpython$$($(BIN)/python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
    rm -rf build/libpython; mkdir -p build/libpython; cd build/libpython; \
    { apt-get -qq download $$name || apt-get -qq download $${name}t64; } 2> apt.log \
	&& dpkg -x *.deb . && cp -P usr/lib/*/libpython* $(abspath $(VENV))/lib/ \
	|| echo "make: no libpython (Debian, Ubuntu: apt install $$name); nothing can be simulated" >&2; \
}
endef

$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.)
	$(add_libpython)
	@touch $@

$(DEVELOPED): pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.[dev$(comma)docs$(comma)examples])
	$(add_libpython)
	@touch $(INSTALLED) $@

comma := ,

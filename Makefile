# `make demo` and `make test` need Python >= 3.11, make and git, and nothing else.
# Everything is installed into .venv, with the versions of constraints.txt; the
# project itself as a wheel, which is built anew when a source file changed.

PYTHON ?= python3
ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check
ROOMS := pointgroup vibration identifiability ml cli
# Folders are listed too: their time changes when a file is removed.
SOURCES := $(shell find $(ROOMS) -name __pycache__ -prune -o -print)

.PHONY: help demo demo-ml test slow lint types bench docs clean
.NOTPARALLEL:
.DELETE_ON_ERROR:
unexport PYTHONPATH PYTHONHOME

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-7s  %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/dft.stamp $(VENV)/wheel.stamp ## the demonstrations: symmetry, a DFT spectrum, a report
	@$(PY) examples/demo.py
	@$(PY) examples/demo_spectrum.py
	@$(VENV)/bin/spektron report docs/data/benzene.json --out benzene.html

demo-ml: $(VENV)/ml.stamp $(VENV)/wheel.stamp ## train a small model on spectra, and draw what it knows
	@$(PY) examples/demo_ml.py

test: $(VENV)/test.stamp $(VENV)/wheel.stamp ## run the tests on the installed wheel
	@OMP_NUM_THREADS=1 $(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

slow: $(VENV)/test.stamp $(VENV)/wheel.stamp ## run the slow tests
	@$(PY) -m pytest -m slow $(ARGS)

lint: $(VENV)/test.stamp ## ruff
	@$(PY) -m ruff check . $(ARGS)

types: $(VENV)/test.stamp $(VENV)/wheel.stamp ## mypy on the installed package
	@$(PY) -m mypy $(ROOMS:%=-p spektron.%) $(ARGS)

bench: $(VENV)/bench.stamp $(VENV)/wheel.stamp ## run the benchmarks against other programs
	@$(PY) -m pytest benchmarks --benchmarks -s $(ARGS)

docs: $(VENV)/docs.stamp $(VENV)/wheel.stamp ## build the site into build/site; warnings are errors
	@rm -rf build/site build/site-cache
	@$(PY) -m sphinx -q -W --keep-going -b html -d build/site-cache/doctrees docs build/site $(ARGS)
	@echo "the site: build/site/index.html"

clean: ## remove .venv and all caches
	@rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	@find . -name .git -prune -o -name __pycache__ -prune -exec rm -rf {} +

# The wheel is built from a fresh copy, so that neither the tree gets build/ and
# *.egg-info, nor the wheel files that were removed since the last build.
define build-wheel
	@rm -rf $(VENV)/src && mkdir $(VENV)/src
	@cp -R $(ROOMS) setup.cfg setup.py pyproject.toml LICENSE $(wildcard README.md) $(VENV)/src
	@$(PIP) wheel --no-deps --no-build-isolation --wheel-dir $(VENV)/src/dist ./$(VENV)/src
endef

# Stamps are written last. A set-up that was interrupted has no base.stamp, and
# starts from an empty environment.
$(VENV)/base.stamp: setup.cfg setup.py pyproject.toml constraints.txt
	@test -e $@ || { \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	    { echo "Spektron needs Python 3.11 or newer; choose one: make PYTHON=/path/to/python3" >&2; exit 1; }; \
	  echo "Setting up $(VENV); this takes a minute or two, once." && \
	  $(PYTHON) -m venv --clear $(VENV); }
	@rm -f $(VENV)/*.stamp
	@$(PIP) install --constraint constraints.txt setuptools
	$(build-wheel)
	@$(PIP) install --constraint constraints.txt --force-reinstall --no-deps $(VENV)/src/dist/*.whl
	@$(PIP) install --constraint constraints.txt $(VENV)/src/dist/*.whl
	@touch $(VENV)/wheel.stamp $@

$(VENV)/dft.stamp: EXTRAS = dft
$(VENV)/ml.stamp: EXTRAS = ml
$(VENV)/test.stamp: EXTRAS = test,lint
$(VENV)/bench.stamp: EXTRAS = test,bench
$(VENV)/docs.stamp: EXTRAS = docs
$(VENV)/dft.stamp $(VENV)/ml.stamp $(VENV)/test.stamp $(VENV)/bench.stamp $(VENV)/docs.stamp: $(VENV)/base.stamp
	@echo "Installing what [$(EXTRAS)] needs."
	@mv $(VENV)/base.stamp $(VENV)/base.hidden
	@$(PIP) install --constraint constraints.txt "$$(echo $(VENV)/src/dist/*.whl)[$(EXTRAS)]"
	@mv $(VENV)/base.hidden $(VENV)/base.stamp
	@touch $@

$(VENV)/wheel.stamp: $(SOURCES) | $(VENV)/base.stamp
	$(build-wheel)
	@$(PIP) install --no-deps --force-reinstall $(VENV)/src/dist/*.whl
	@touch $@

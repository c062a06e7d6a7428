# The same commands here and in CI. `make check` is all of them.
PYTHON ?= python
FILES := tfcold tests $(wildcard benchmarks)

.PHONY: check quick install format lint types test clean

check: lint types test

quick: lint types
	$(PYTHON) -m pytest -m "not slow and not notebook and not asset"

install:
	rm -rf build
	$(PYTHON) -m pip install --editable '.[dev]'

format:
	$(PYTHON) -m ruff check --fix $(FILES)
	$(PYTHON) -m ruff format $(FILES)

lint:
	$(PYTHON) -m ruff check $(FILES)
	$(PYTHON) -m ruff format --check $(FILES)

types:
	$(PYTHON) -m mypy

# unit tests, laws, architecture, docstring examples and notebooks
test:
	$(PYTHON) -m pytest

clean:
	rm -rf build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

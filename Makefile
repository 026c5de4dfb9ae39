# make run: start Kimi Docs. make test: everything that proves it. make check: format, lint, types, imports.
PYTHON ?= python3
PORT ?= 8501
BIN := .venv/bin
MARK := .venv/.made

.PHONY: run setup setup-test test check bench messages clean

run: $(MARK)-run
	PORT=$(PORT) $(BIN)/kimi-docs serve

setup: $(MARK)-run

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3 …"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv || true

$(MARK)-run: requirements.txt pyproject.toml scripts/install | $(BIN)/python
	sh scripts/install requirements.txt
	@touch $@

setup-test: $(MARK)-test

$(MARK)-test: requirements.txt requirements-test.txt pyproject.toml scripts/install scripts/install-system | $(BIN)/python
	sh scripts/install requirements.txt requirements-test.txt
	sh scripts/install-system
	@touch $@ $(MARK)-run

test: $(MARK)-test
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: $(MARK)-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/messages.py --check

bench: $(MARK)-test
	$(BIN)/python -m tests.bench

messages: $(MARK)-test
	$(BIN)/python scripts/messages.py

clean:
	rm -rf .venv build dist *.egg-info

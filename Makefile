# `make run` starts the studio, `make test` checks all of it. Both install what they need into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDIO_PORT ?= 8501

.PHONY: run setup test bench check screenshots clean

run: setup
	STUDIO_PORT=$(STUDIO_PORT) $(BIN)/python -m streamlit run app.py --server.port $(STUDIO_PORT)

setup: $(VENV)/.ready

test: $(VENV)/.ready-for-tests
	CI=$(CI) PYTHON=$(BIN)/python bash .ci/test

bench: $(VENV)/.ready-for-tests
	$(BIN)/python -m tests.benchmarks

screenshots: $(VENV)/.ready-for-tests
	$(BIN)/python -m tests.screenshots

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.ready: requirements.txt $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.ready-for-tests: tests/requirements.txt $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

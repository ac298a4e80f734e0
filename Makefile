# `make run` starts the studio, `make test` checks all of it. Both install what they need into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STUDIO_PORT ?= 8501
DATASETTE := .venv-datasette
DATASETTE_PORT ?= 8502

.PHONY: run setup test test-long bench check screenshots datasette clean

run: setup
	STUDIO_PORT=$(STUDIO_PORT) $(BIN)/python -m streamlit run app.py --server.port $(STUDIO_PORT)

setup: $(VENV)/.ready

test: $(VENV)/.ready-for-tests
	CI=$(CI) PYTHON=$(BIN)/python bash .ci/test

test-long: $(VENV)/.ready-for-tests
	$(BIN)/python -m pytest -m long

bench: $(VENV)/.ready-for-tests
	$(BIN)/python -m tests.benchmarks

screenshots: $(VENV)/.ready-for-tests
	$(BIN)/python -m tests.screenshots

datasette: $(DATASETTE)/.ready $(VENV)/.ready
	$(DATASETTE)/bin/datasette serve "$$($(BIN)/python -c 'from pipeline.settings import load; from pipeline.studio.place import Place; print(Place(load()).database.path)')" \
		--metadata data/datasette.yaml --host 127.0.0.1 --port $(DATASETTE_PORT) \
		--setting sql_time_limit_ms 20000 --setting max_returned_rows 10000 --setting facet_time_limit_ms 1000 --setting allow_download off

$(VENV)/.made:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.ready: requirements.txt $(VENV)/.made
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.ready-for-tests: tests/requirements.txt $(VENV)/.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

$(DATASETTE)/.ready: data/datasette.txt
	$(PYTHON) -m venv $(DATASETTE)
	$(DATASETTE)/bin/python -m pip install --quiet --disable-pip-version-check -r data/datasette.txt
	@touch $@

clean:
	rm -rf $(VENV) $(DATASETTE) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# noclone: every task that people and CI share. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup run test lint format type imports unit bench evidence docs clean

help:  ## list the tasks
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/base: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: Python 3.11 or newer is needed; try make PYTHON=python3.11"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

.venv/dev: .venv/base
	@# The small build of torch without CUDA, where its index can be reached; else PyPI's.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --retries 0 \
		--extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@# An oracle of the tests: its pinned numpy<2 is for parts that we do not import.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps qosst-core==0.10.1 qosst-skr==0.10.0
	@touch $@

setup: .venv/dev  ## create .venv with everything that development needs

run: .venv/base  ## the main job: the Micius satellite pass, from photons to a secret key
	@$(BIN)/noclone run micius-2017 --workers 2 --out out

test: lint type imports unit  ## all checks and tests

lint: .venv/dev  ## style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: .venv/dev  ## rewrite files in the common style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

type: .venv/dev  ## static types
	@$(BIN)/mypy

imports: .venv/dev  ## imports point down only
	@$(BIN)/lint-imports

unit: .venv/dev  ## tests and documented examples
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile src tests

.venv/bench: .venv/dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[bench]"
	@touch $@

bench: .venv/bench  ## our speed beside the peers', ratios printed
	@$(BIN)/python benchmarks/all.py

evidence: .venv/dev  ## heavy tables that are committed as results; resumable
	@$(BIN)/python evidence/all.py

docs: .venv/dev  ## pages of the protocols, agreement table, experiments, pictures
	@$(BIN)/python docs/build.py

clean:  ## remove what the tasks have made
	rm -rf .venv out build

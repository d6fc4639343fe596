# `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv

# A tool that installs quickly, then exactly what the lock names, hashes checked.
# $(1): the lock; the stamp is remade when the lock or the project file changes.
define install
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	test -x $(UV) || $(BIN)/python -m pip install --quiet --require-hashes -r locks/uv.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1)
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	touch $@
endef

.venv/run.stamp: locks/run.txt locks/uv.txt pyproject.toml
	$(call install,locks/run.txt)

.venv/test.stamp: locks/test.txt locks/uv.txt pyproject.toml .venv/run.stamp
	$(call install,locks/test.txt)

.PHONY: lock
lock: ## Resolve all dependencies anew, into locks/
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--upgrade --all-extras --group build --group dev pyproject.toml -o locks/test.txt
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--upgrade --extra samples --extra heic --group build --constraint locks/test.txt \
		pyproject.toml -o locks/run.txt
	echo uv | $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header \
		--quiet --upgrade - -o locks/uv.txt

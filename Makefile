# `make help` lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
PICTURES ?= pictures
FUZZ_SECONDS ?= 300
# Or hundreds of processes of the tests would each compile all that they import.
unexport PYTHONDONTWRITEBYTECODE

# A tool that installs quickly, then exactly what the lock names, hashes checked.
# $(1): the lock. The stamp is remade when the lock or the project file changes.
define install
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --require-hashes -r locks/uv.txt
	@echo "Installing $(1) (some gigabytes the first time: PyTorch brings CUDA along)"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1)
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
endef

.PHONY: help
help: ## Show this
	@awk -F ':.*## ' '/^[a-z.-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: up
up: .venv/run.stamp ## Index and serve PICTURES (default: sample pictures)
ifeq ($(PICTURES),pictures)
	@$(BIN)/seenit samples pictures
endif
	@exec $(BIN)/seenit up "$(PICTURES)"

.PHONY: test
test: .venv/test.stamp ## Run all tests; starts the real services they need
	@tests/browser/ensure-chromium
	@echo "Having the services' programs (some minutes the first time)"
	@$(BIN)/python -m stack fetch
	$(BIN)/pytest -m "not soak" -n 2 --dist loadfile --no-loadscope-reorder --durations 40

.PHONY: soak
soak: .venv/test.stamp ## Run the long tests: all faults, more kills, more pictures
	@$(BIN)/python -m stack fetch
	$(BIN)/pytest -m "soak or fault" --timeout 3600

.PHONY: fuzz
fuzz: .venv/test.stamp ## Fuzz pictures and requests, FUZZ_SECONDS (300) each
	@mkdir -p .fuzz
	$(BIN)/python -m tests.fuzz.pictures -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=8192 -artifact_prefix=.fuzz/
	$(BIN)/python -m tests.fuzz.requests -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.fuzz/
	$(BIN)/pytest -m soak tests/http/test_conformance.py --timeout 3600

.PHONY: lint
lint: .venv/test.stamp ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: format
format: .venv/test.stamp ## Put the code into the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: bench
bench: .venv/run.stamp ## Measure ingest and search against the bare loop
	$(BIN)/seenit bench ingest $(if $(filter-out pictures,$(PICTURES)),"$(PICTURES)")
	$(BIN)/seenit bench search $(if $(filter-out pictures,$(PICTURES)),"$(PICTURES)")

.PHONY: audit
audit: .venv/test.stamp ## Ask the vulnerability database about every locked package
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r locks/test.txt

.PHONY: sbom
sbom: .venv/test.stamp ## Write the bills of materials: dist/run.cdx.json, and those of the images
	@mkdir -p dist
	@for lock in run image gpu; do \
		$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
			--output-file dist/$$lock.cdx.json locks/$$lock.txt || exit; \
	done

.PHONY: docs
docs: .venv/run.stamp ## Generate what is made of settings and panels
	$(BIN)/python -m seenit.documentation
	$(BIN)/python -m monitoring.dashboard

.PHONY: licences
licences: .venv/test.stamp ## List the licences of what Seenit runs with, in docs/licences.md
	$(BIN)/python -m locks.licences

.PHONY: site
site: .venv/test.stamp ## Build the documentation as a site, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: images
images: .venv/test.stamp ## Build the container images with buildah and try them (gigabytes the first time)
	@$(BIN)/python -m stack fetch
	$(BIN)/pytest -m soak tests/deployment

.PHONY: manifests
manifests: .venv/test.stamp ## Write the rules of monitoring/ into k8s/
	$(BIN)/python -m k8s.rules

.PHONY: stack
stack: .venv/test.stamp ## Start the real services for working by hand
	@echo "Starting the services (some minutes the first time: MinIO is built, Kafka and Milvus are fetched)"
	@$(BIN)/python -m stack start

.PHONY: stack-stop
stack-stop: .venv/test.stamp ## Stop them
	$(BIN)/python -m stack stop

.PHONY: lock
lock: .venv/run.stamp ## Resolve all dependencies anew, into locks/
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--upgrade --all-extras --group build --group dev pyproject.toml -o locks/test.txt
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--upgrade --extra samples --extra heic --group build --constraint locks/test.txt \
		pyproject.toml -o locks/run.txt
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--upgrade --extra distributed --extra heic --constraint locks/test.txt \
		pyproject.toml -o locks/gpu.txt
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet \
		--upgrade --extra distributed --extra heic --constraint locks/test.txt \
		--override locks/without-torch.txt pyproject.toml -o locks/image.txt
	echo uv | $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header \
		--quiet --upgrade - -o locks/uv.txt

.env: ## Write the secrets of `docker compose up`, where there are none yet
	@umask 077 && while IFS= read -r line; do \
		echo "$${line/=GENERATED/=$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}"; \
	done < .env.example > $@.part && mv $@.part $@

.PHONY: clean
clean: ## Remove the environment and all caches of this checkout
	rm -rf .venv .stack .mypy_cache .pytest_cache .ruff_cache .hypothesis

.venv/run.stamp: locks/run.txt locks/uv.txt pyproject.toml
	$(call install,locks/run.txt)

.venv/test.stamp: locks/test.txt .venv/run.stamp
	$(call install,locks/test.txt)

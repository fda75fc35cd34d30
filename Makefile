# Two commands matter: `make serve` runs Gatehouse on this machine, `make test` checks everything that CI checks.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
ENV_FILE := $(or $(DATA_DIR),.local)/gatehouse.env

CHECKOV := $(VENV)-checkov
STAGE ?=
PACKAGE := .local/package/$(or $(STAGE),prod)

.PHONY: help serve example admin deploy rollback destroy health new-access stage package test lint types layers template tests browser format bench \
	dynamodb-local clean

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

serve: $(READY)  ## Run the local stack: http://localhost:8000 and https://localhost:8443
	@exec $(BIN)/python -m infra.local

example: $(READY)  ## Run the example shop on a started local stack: http://localhost:3001
	@[ -f "$(ENV_FILE)" ] || { echo "There is no $(ENV_FILE) yet. Start the local stack first: make serve"; exit 1; }
	@set -a && . "$(ENV_FILE)" && set +a && \
		exec $(BIN)/python -m flask --app examples/shop/shop run --port "$${GATEHOUSE_SHOP_URL##*:}"

admin: $(READY)  ## Have an owner of a deployed tenant: make admin EMAIL=... [TENANT=...]
	@[ -n "$(EMAIL)" ] || { echo "Say whose address it is: make admin EMAIL=ann@example.com"; exit 1; }
	@$(BIN)/python -m infra.admin "$(EMAIL)" $(if $(TENANT),"$(TENANT)")

deploy: stage $(READY)  ## Deploy to AWS, showing first what will change: make deploy STAGE=prod
	@$(BIN)/python -m infra.deployment deploy $(STAGE) $(if $(YES),--yes)

rollback: stage $(READY)  ## Go back to a version before: make rollback STAGE=prod VERSION=...
	@$(BIN)/python -m infra.deployment rollback $(STAGE) --version "$(VERSION)" $(if $(YES),--yes)

destroy: stage $(READY)  ## Take a deployment away: make destroy STAGE=dev
	@$(BIN)/python -m infra.deployment destroy $(STAGE) $(if $(YES),--yes)

health: stage $(READY)  ## Ask a deployment how it is: make health STAGE=prod
	@$(BIN)/python -m infra.deployment health $(STAGE)

new-access: stage $(READY)  ## Give a tenant's own client a new secret: make new-access STAGE=prod TENANT=system
	@$(BIN)/python -m infra.deployment new-access $(STAGE) --tenant $(or $(TENANT),main)

stage:
	@[ -n "$(STAGE)" ] || { echo "Say which stage: STAGE=prod or STAGE=dev"; exit 1; }

package: $(READY)  ## Make the package of a stage, prod unless it is said: make package STAGE=dev
	@$(BIN)/python -m infra.package $(or $(STAGE),prod) $(PACKAGE)

test: lint types layers template tests  ## Run everything that CI runs

lint: $(READY)  ## Check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)  ## Check types, strictly
	$(BIN)/mypy

layers: $(READY)  ## Check that arrows between packages point one way
	$(BIN)/lint-imports --no-cache

template: package $(CHECKOV)/ready  ## Check the CloudFormation template of a stage
	$(BIN)/cfn-lint $(PACKAGE)/template.json
	$(CHECKOV)/bin/checkov --file $(PACKAGE)/template.json --framework cloudformation --compact --quiet --skip-download

tests: $(READY) browser  ## Run all tests with coverage
	$(BIN)/python -m pytest --cov --cov-report=term

# Only in CI: nobody's own machine gets a browser for running the tests.
browser:
	@[ -z "$$CI" ] || command -v chromium >/dev/null || \
		{ apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium >/dev/null; }

format: $(READY)  ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## Print figures: start-up, CPU per request, capacity per operation
	$(BIN)/python -m tests.bench

dynamodb-local: $(READY)  ## Run DynamoDB Local (needs Java 17), for exact capacity figures
	@exec $(BIN)/python -m infra.dynamodb_local

clean:  ## Remove the environment and caches; the data in .local stays
	rm -rf $(VENV) $(CHECKOV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage

$(READY): requirements.txt requirements-dev.txt examples/shop/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Gatehouse needs Python 3.11 or newer.")'
	@echo "Installing into $(VENV) (about a minute, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(CHECKOV)/ready: requirements-checkov.txt
	@echo "Installing checkov into $(CHECKOV) (half a minute, once) ..."
	@$(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-checkov.txt
	@touch $@

# Everything runs in .venv, which the first target sets up from the hash-locked requirements.
# Settings are environment variables (orchestration/settings.py); the short names below set them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin/python -m

ifdef LANDING
export UTFALL_LANDING := $(LANDING)
endif
ifdef HOME_DIR
export UTFALL_HOME := $(HOME_DIR)
endif
ifdef TARGET
export UTFALL_TARGET := $(TARGET)
endif

.PHONY: help setup nightly test dev serve status clean-up backup restore docs benchmark benchmark-planning benchmark-scoring type types

help: ## What the targets do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

$(READY): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3."; exit 1; }
	@echo "Setting up $(VENV) from requirements.lock (once, about two minutes)"
	@test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $(READY)

setup: $(READY) ## Set up .venv from requirements.lock

nightly: $(READY) ## The main job for one S: AS_OF= LANDING= HOME_DIR= TARGET=
	@$(RUN) orchestration.nightly $(if $(AS_OF),--as-of $(AS_OF))

test: $(READY) ## All checks and tests, with the minutes each group took: GROUPS="unit graph"
	@$(VENV)/bin/python tests/run_all.py $(GROUPS)

dev: $(READY) ## Dagster's web UI with the nightly schedule
	@$(RUN) orchestration.serve dev

serve: $(READY) ## Dagster daemon and webserver as they run in production
	@$(RUN) orchestration.serve all

status: $(READY) ## One screen: publication, last run, lock, next run, disk
	@$(RUN) orchestration.status

clean-up: $(READY) ## Apply retention and say what it freed
	@$(RUN) orchestration.clean_up

backup: $(READY) ## Keep raw, history, ledger, audit and the publication in one file: TO=
	@$(RUN) orchestration.backup backup $(if $(TO),--file "$(TO)")

restore: $(READY) ## Bring a backup back into an empty folder: FROM= HOME_DIR=
	@$(RUN) orchestration.backup restore $(if $(FROM),--file "$(FROM)")

docs: $(READY) ## dbt docs, served locally
	@$(VENV)/bin/dbt docs generate --static --empty-catalog
	@echo "Open http://localhost:8081/static_index.html"
	@cd target && ../$(VENV)/bin/python -m http.server 8081 --bind 127.0.0.1

benchmark: $(READY) ## Nights at a size, and waits on the demo company: SCALE=<invoice lines>
	@$(RUN) orchestration.benchmark $(if $(SCALE),--lines $(SCALE)) $(OPTIONS)
	@$(RUN) orchestration.benchmark_planning
	@$(RUN) orchestration.benchmark_scoring

benchmark-planning: $(READY) ## The plan of 5,000 reps and 60 budgets, divided down to the month
	@$(RUN) orchestration.benchmark_planning

benchmark-scoring: $(READY) ## Planning and scores of an ordinary night: 2,000 reps, a year of nights
	@$(RUN) orchestration.benchmark_scoring $(OPTIONS)

type: $(READY) ## An author's loop: unit tests, rows and figures of one type beside the oracle's: T=bt_<id>
	@$(RUN) tests.oracle.author $(or $(T),$(error Name a type: make type T=bt_signed_volume))

types: $(READY) ## Write the registry seed and the union model from the types' YAML
	@$(RUN) orchestration.registry

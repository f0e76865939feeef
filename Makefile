# Thin on purpose: everything is in scripts/sentinel_env, which needs nothing but Python 3.10-3.13.
PYTHON ?= python3
SENTINEL = @$(PYTHON) scripts/sentinel.py

.DEFAULT_GOAL := help
.PHONY: help setup up down demo test test-docker torture bench lint clean distclean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1  \2/p' Makefile | awk '{printf "  %s %-12s", $$1, $$2; $$1=$$2=""; print $$0}'

demo: ## set up all of it, then watch old quotations found, planned, cancelled and audited
	$(SENTINEL) demo

up: ## start PostgreSQL and Odoo with the addon; writes .sentinel/env
	$(SENTINEL) up

down: ## stop both
	$(SENTINEL) down

test: ## run all tests; PART=addon|outside|e2e for one part, ARGS="-k word" for pytest
	$(SENTINEL) test $(addprefix --part=,$(PART)) -- $(ARGS)

test-docker: ## build the images, start the demo in containers, test it; ARGS="-k word"
	$(SENTINEL) test-docker -- $(ARGS)

torture: ## kill -9 Odoo and PostgreSQL in live runs, and count; ARGS="--rounds 1000 --seed 7"
	$(SENTINEL) torture -- $(ARGS)

bench: ## measure the engine next to other ways; ARGS="--only plans" and others, see benchmarks/
	$(SENTINEL) bench -- $(ARGS)

lint: ## ruff, mypy --strict, shellcheck, pylint-odoo, hadolint
	$(SENTINEL) lint

setup: ## fetch and build everything, start no Odoo
	$(SENTINEL) setup

clean: ## remove what was made for this clone (databases, .sentinel)
	$(SENTINEL) clean

distclean: ## remove the shared cache, too
	$(SENTINEL) distclean

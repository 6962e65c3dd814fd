# Everything a newcomer types. `make` alone prints the commands.
.DEFAULT_GOAL := help
SHELL := bash
BUS ?= postgresql
ARGS ?=
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --no-sync
# The distribution's own Python is compiled with profiles, others often are not and take half as long
# again. Where there is none, uv finds or fetches one.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11))
# Containers often forbid Python to keep what it has compiled; then each process of a hub, and of the
# tests, compiles everything anew, and takes twice as long to start.
unexport PYTHONDONTWRITEBYTECODE
# The workspace's members, as pyproject.toml lists them.
SRC := $(shell sed -n '/^members = \[/,/^]/s|^ *"\(.*\)",|\1/src|p' pyproject.toml)

help:  ## print these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready  ## set up, then play the story: mails in, one timeline, an answer out (BUS=kafka, ARGS=--check)
	$(RUN) faden demo --bus $(BUS) $(ARGS)

test: .venv/ready parts check  ## set up, then check and test with real parts: all, or what ARGS=… names to pytest
	$(RUN) python -m tests.run $(ARGS)

test-quick: .venv/ready  ## the tests of the members that differ from main, without real parts: two minutes at most
	$(RUN) python -m tests.run --changed $(ARGS)

test-long: .venv/ready  ## property tests at random, and twenty times as many; what they find becomes an example beside the test
	$(RUN) python -m pytest -n auto -m hypothesis --hypothesis-profile long $(ARGS)

check: .venv/ready  ## formatting, lint, types, architecture: under a minute
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy $(SRC)
	$(RUN) lint-imports --no-cache
	$(RUN) python -m tests.lists
	$(RUN) python -m tests.seam

bench: .venv/ready parts  ## measure, beside the floors of this machine
	$(RUN) python -m tests.bench $(ARGS)

chaos: .venv/ready  ## kill and freeze a hub's processes while mails come in (ARGS="--kills 30 --bus kafka")
	$(RUN) python -m tests.chaos $(ARGS)

attack: .venv/ready  ## one client holds what it can: what do other people feel? two minutes; ARGS=… names attacks
	$(RUN) python -m tests.attack $(ARGS)

kafka: .venv/ready  ## run a real Apache Kafka on this machine until Ctrl-C
	$(RUN) python -m local_hub.kafka $(ARGS)

keycloak: .venv/ready  ## run a real Keycloak on this machine until Ctrl-C, for a log-in with passwords
	$(RUN) python -m local_hub.keycloak $(ARGS)

fax-line: .venv/ready parts  ## run a real fax line on this machine until Ctrl-C: HylaFAX on two soft modems; as root
	$(RUN) python -m local_hub.fax_line

clean:  ## remove what was set up; kept letters lie in .faden/, which only you may remove
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

parts:
	@bash deploy/parts.sh

.venv/ready: $(UV) uv.lock pyproject.toml $(wildcard */pyproject.toml */*/pyproject.toml)
	$(UV) sync --frozen --quiet $(if $(PYTHON),--python $(PYTHON))
	@touch $@

.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<0.14'

.PHONY: help demo test test-quick test-long check bench chaos attack kafka keycloak fax-line clean parts

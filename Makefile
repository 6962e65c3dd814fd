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
# The workspace's members, as pyproject.toml lists them.
SRC := $(shell sed -n '/^members = \[/,/^]/s|^ *"\(.*\)",|\1/src|p' pyproject.toml)

help:  ## print these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready  ## set up, then play the story: mails in, one timeline, an answer out (BUS=kafka, ARGS=--check)
	$(RUN) faden demo --bus $(BUS) $(ARGS)

test: .venv/ready parts check  ## set up, then check and test everything with real parts
	$(RUN) python tests/run.py

check: .venv/ready  ## formatting, lint, types, architecture: under a minute
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy $(SRC)
	$(RUN) lint-imports --no-cache
	$(RUN) python -m tests.lists
	$(RUN) python -m tests.seam

bench: .venv/ready parts  ## measure, beside the floors of this machine
	$(RUN) python -m tests.bench $(ARGS)

kafka: .venv/ready  ## run a real Apache Kafka on this machine until Ctrl-C
	$(RUN) python -m local_hub.kafka $(ARGS)

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

.PHONY: help demo test check bench kafka clean parts

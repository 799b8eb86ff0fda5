# Two commands on a fresh machine: `make test` and `make demo`. Every target makes .venv first if it is not there.
# Arguments: make demo ARGS=--exit, make test ARGS="-k departure". The database is chosen by TAIZHANG_DATABASE_URL,
# the day that the tests run on by TAIZHANG_TEST_TODAY=2028-02-29.

WORKERS ?= 2
ARGS ?=
PYTHONS = domain projections service migrations tests
RUN = .venv/bin
export PYTHONUNBUFFERED = 1

.PHONY: help demo run test check installed clients provider wheel bench mutants soak format lock openapi clauses doctor environment
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' Makefile | awk -F '\t' '{ printf "  make %-9s %s\n", $$1, $$2 }'

demo: environment ## the service with sample data, and a walk through it (ARGS=--exit to leave afterwards)
	@$(RUN)/taizhang demo $(ARGS)

run: environment ## the service
	@$(RUN)/taizhang serve $(ARGS)

test: environment ## the test suite, on a real PostgreSQL
	@$(RUN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: environment ## format, lint, types, layers; OpenAPI, migrations and clauses in step
	$(RUN)/ruff format --check $(PYTHONS)
	$(RUN)/ruff check $(PYTHONS)
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/taizhang openapi --check
	$(RUN)/taizhang migrations check --code
	$(RUN)/python -m tests.clauses.table --check --complete

installed: environment ## the demonstration as it is delivered: wheel and requirements.lock, outside the checkout
	@bin/installed $(ARGS)

clients: environment ## clients generated from openapi/http-api.json, and an asset's life by one of them
	@bin/clients

provider: environment ## sign-ins at a strict identity provider (in Node), and access tokens of systems
	@bin/strict-provider

wheel: environment ## build the wheel into dist/
	@bin/wheel dist

bench: environment ## benchmarks; figures on stdout
	@$(RUN)/python -m tests.benchmarks $(ARGS)

mutants: environment ## planted bugs of a kept list, one at a time in a copy: which of them the tests see (ARGS="-k rights")
	@$(RUN)/python -m tests.mutants $(ARGS)

soak: environment ## the long forms of the tests: a service killed 50 times, frozen, without room, with wrong clocks; long fuzzing
	@$(RUN)/python -m pytest -m soak $(ARGS)

format: environment ## format the code
	@$(RUN)/ruff format $(PYTHONS)
	@$(RUN)/ruff check --fix-only --quiet $(PYTHONS)

lock: environment ## resolve the dependencies anew into the two lock files
	@bin/lock

openapi: environment ## write openapi/*.json from the code, the verifier's words, and docs about it
	@$(RUN)/taizhang openapi
	@$(RUN)/python -m tests.audit.words
	@$(RUN)/taizhang audit verifier --digest > docs/verifier.sha256
	@$(RUN)/python -m tests.audit.pack_format

clauses: environment ## write docs/clauses.md from the tests
	@$(RUN)/python -m tests.clauses.table $(ARGS)

doctor: environment ## check database, settings and migrations
	@$(RUN)/taizhang doctor $(ARGS)

environment:
	@bin/environment

# A bare machine needs make and Python 3.11 or newer; every target sets up the rest.
PYTHON ?= python3
BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet install

# What a server would set, with keys and a folder made for this one check.
PRODUCTION = env ALLOWED_HOSTS=panel.example USE_HTTPS=on DEBUG=off \
  DATA_FOLDER=$(CURDIR)/.venv/check DATABASE_URL=sqlite:///db.sqlite3 QUEUE_URL=sqlite:///queue.sqlite3 \
  SECRET_KEY=$(shell head -c 48 /dev/urandom | base64 | tr -d '\n') \
  CREDENTIALS_KEY=$(shell head -c 32 /dev/urandom | base64 | tr '+/' '-_')

# A test run starts hundreds of Pythons: compile the code once, even where the environment says not to.
export PYTHONDONTWRITEBYTECODE :=

# Three at once on two processors: many a test waits for a browser or a process. Who is done takes from the others.
PYTEST = $(BIN)/python -m $(MEASURED) pytest -rs -n 3 --dist worksteal
ON_SQLITE = env -u DATABASE_URL -u QUEUE_URL $(PYTEST)
ON_POSTGRESQL = $(BIN)/python -m tests.support.servers -- $(PYTEST)
ELSEWHERE = "not browser and not once and (slow or not both)"
# Processes, browsers and outages beside others can be late: what failed is tried once more by itself. A fault fails again.
AGAIN = --last-failed --last-failed-no-failures none

.PHONY: help run test test-rest test-all coverage chaos check bench screenshots docs fmt
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run.stamp ## the panel and its worker on http://127.0.0.1:8000 (another port: PORT=8001 make run)
	@$(BIN)/python -m remoteit_admin

test: .venv/dev.stamp ## a proof of every behaviour in some minutes: on SQLite, in a browser, on PostgreSQL and Redis
	@began=$$(date +%s) && .ci/setup && \
	  $(ON_SQLITE) -m "not slow" && \
	  $(ON_POSTGRESQL) -m "both and not slow" && \
	  echo "make test took $$(($$(date +%s) - began)) seconds."

test-rest: .venv/dev.stamp ## what `make test` leaves out: whole processes, outages, every screen, all on PostgreSQL
	@.ci/setup
	@$(ON_SQLITE) -m slow || $(ON_SQLITE) -m slow $(AGAIN)
	@$(ON_POSTGRESQL) -m $(ELSEWHERE) || $(ON_POSTGRESQL) -m $(ELSEWHERE) $(AGAIN)
	@$(BIN)/python -m tests.mutations

test-all: test test-rest ## every test

coverage: .venv/dev.stamp ## how many of the lines of connections/ that all tests execute `make test` executes
	@rm -rf .venv/coverage
	@for part in test test-rest; do \
	  COVERAGE_FILE=$(CURDIR)/.venv/coverage/$$part/part $(MAKE) --no-print-directory $$part MEASURED="coverage run -m" || exit 1; \
	done
	@$(BIN)/python -m tests.covered .venv/coverage

chaos: .venv/dev.stamp ## workers killed 200 times while remote.it misbehaves, on both databases (CHAOS_KILLS, CHAOS_SEED)
	@.ci/setup
	@export CHAOS_KILLS=$${CHAOS_KILLS:-200}; \
	  env -u DATABASE_URL -u QUEUE_URL $(BIN)/python -m pytest -s tests/stops/test_chaos.py && \
	  $(BIN)/python -m tests.support.servers -- $(BIN)/python -m pytest -s tests/stops/test_chaos.py

check: .venv/dev.stamp ## formatting, lint, types, settings fit for a server, no migration missing
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/djangofmt --check --quiet templates
	@$(BIN)/djangofmt check --quiet templates
	@$(BIN)/mypy
	@mkdir -p .venv/check && $(PRODUCTION) $(BIN)/python manage.py collectstatic --noinput --verbosity 0
	@$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	@$(PRODUCTION) $(BIN)/python manage.py makemigrations --check --dry-run
	@$(BIN)/python -m tests.known_faults

bench: .venv/dev.stamp ## how fast, how cheap: each beside a baseline of the same run (some minutes; .venv/bench/*.json)
	@$(BIN)/python -m tests.benchmarks

screenshots: .venv/dev.stamp ## the pictures of README and docs, into docs/screenshots
	@.ci/setup
	@env -u DATABASE_URL -u QUEUE_URL $(BIN)/python -m tests.browser.screenshots

docs: .venv/dev.stamp ## the documentation as a site to read anywhere, also from a file: .venv/docs/site
	@mkdir -p .venv/check && $(PRODUCTION) $(BIN)/python docs/site/generate.py .venv/docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --config-file .venv/docs/mkdocs.yml
	@echo "The site is in .venv/docs/site; index.html is its first page."

fmt: .venv/dev.stamp ## put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/djangofmt check --fix --quiet templates
	@$(BIN)/djangofmt templates

.venv/run.stamp: requirements.txt | $(BIN)/python
	@echo "Installing requirements.txt ..."
	@$(PIP) -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements.txt requirements-dev.txt | $(BIN)/python
	@echo "Installing requirements-dev.txt ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/run.stamp

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed: there is no $(PYTHON) here."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, and $(PYTHON) is older. Have another? Name it: PYTHON=python3.12 make"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) comes without venv. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv .venv

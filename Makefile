# The commands that the README, the workflows and .ci/run use. `make help` lists them.
# PYTHON names the interpreter that the environment in .venv is made with: make book PYTHON=python3.12

PYTHON ?= python3
WORKERS ?= 2
CONSTRAINTS ?= constraints.txt
COLAB_IMAGE ?= us-docker.pkg.dev/colab-images/public/runtime:latest

VENV := .venv
RUN := $(VENV)/bin/python
REPORTS := build/reports
HTML := book/_build/html

# One thread for each worker: two threads on two busy cores are slower, not faster.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export KERAS_BACKEND := torch
export PIP_DISABLE_PIP_VERSION_CHECK := 1

INSTALL = $(1) -m pip install --quiet --constraint $(CONSTRAINTS)
PYTEST = $(RUN) -m pytest --quiet -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help book test lint unit pages notebooks labs core wheel site colab bench budget mutants \
	speed witnesses pyodide faults cover coverage constraints system clean distclean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1@\2/p' Makefile | awk -F@ '{ printf "%-18s%s\n", $$1, $$2 }'

# --- the two commands ---------------------------------------------------------------------------

book: $(VENV)/.book ## set up what the book needs, build it, and say where to open it
	$(RUN) tools/book.py

test: $(VENV)/.test ## set up everything and run every check, the cheap ones first
	@rm -rf $(REPORTS)
	-@$(MAKE) --no-print-directory pyodide
	@$(MAKE) --no-print-directory system lint mutants unit book pages labs notebooks
	@$(RUN) tools/summary.py $(REPORTS)

# --- the parts of `make test` -------------------------------------------------------------------

lint: $(VENV)/.test ## format, lint and types; notebooks and addresses in the form their tools write
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(RUN) tools/notebooks.py --check
	$(RUN) -m labkit.grading release --check
	$(RUN) tools/address.py --check

unit: $(VENV)/.test ## the tests of labkit and of the repository
	$(PYTEST) --ignore tests/book --ignore tests/labs --junitxml $(REPORTS)/unit.xml

mutants: $(VENV)/.test ## plant an error of 0.1 % in every gradient rule and count those found
	$(RUN) tools/mutate.py rules

pages: $(VENV)/.test ## the built book: its links, its figures, its live parts in a browser
	$(PYTEST) tests/book --junitxml $(REPORTS)/pages.xml

labs: $(VENV)/.test ## the labs: released copies fresh, solutions pass, wrong answers fail
	$(PYTEST) tests/labs --junitxml $(REPORTS)/labs.xml

notebooks: $(VENV)/.test ## run every notebook and compare each output with the committed one
	$(PYTEST) --dist loadfile --nbval book/*.ipynb labs/source/*.ipynb --junitxml $(REPORTS)/notebooks.xml

# --- more commands ------------------------------------------------------------------------------

core: $(VENV)-core/.core ## the tests that need numpy alone, in an environment that has nothing else
	$(VENV)-core/bin/python -m pytest --quiet -n $(WORKERS) --doctest-ignore-import-errors \
		--ignore tests/book --ignore tests/labs

wheel: $(VENV)/.book ## build labkit's wheel and lay it beside the book
	@rm -rf $(HTML)/wheels
	$(RUN) -m pip wheel --quiet --no-deps --wheel-dir $(HTML)/wheels .

site: book wheel ## what is published: the book, the wheel, the notebooks with their outputs
	mkdir -p $(HTML)/notebooks/book $(HTML)/notebooks/labs
	cp book/*.ipynb $(HTML)/notebooks/book
	cp labs/release/*.ipynb $(HTML)/notebooks/labs
	touch $(HTML)/.nojekyll

colab: ## run the setup cell, a chapter and the lab inside Colab's own image (needs Docker)
	docker run --rm --volume "$(CURDIR):/course:ro" --entrypoint jupyter $(COLAB_IMAGE) \
		nbconvert --execute --to notebook --output-dir /tmp/executed \
		/course/book/convolution.ipynb /course/labs/source/convolution.ipynb

budget: $(VENV)/.test ## measure what each page takes on this machine, and record it
	$(RUN) tools/budget.py

bench: speed ## all that the book quotes: the speeds, and the trainings that are not recorded yet
	$(RUN) benchmarks/digits_full.py

# What else a reader could have picked lies apart; without it, the file says that it was missing.
speed: $(VENV)/.test ## measure labkit beside PyTorch and others, and record it (5 minutes)
	-$(RUN) -m pip install --quiet --upgrade --no-deps --target build/peers autograd micrograd numpy-ml
	$(RUN) -m benchmarks.speed --json

witnesses: $(VENV)/.test ## who else says so: function by witness, and how far ours is from both frameworks
	$(RUN) tests/witnesses.py
	$(RUN) tests/catalog.py

faults: $(VENV)/.test ## plant small faults in the sources that have changed, count those found
	$(RUN) tools/mutate.py sources
	$(RUN) tools/mutate.py report

cover: $(VENV)/.test ## photograph the built book for the README
	$(RUN) tools/cover.py

coverage: $(VENV)/.test ## which lines and branches of labkit the tests reach
	$(PYTEST) --ignore tests/book --ignore tests/labs --cov labkit --cov-branch \
		--cov-report term-missing:skip-covered

constraints: ## write constraints.txt from the environment of `make test`
	@{ sed -n '/^#/p' constraints.txt; $(RUN) -m pip freeze --exclude-editable | sed '/^#/d; s/+cpu$$//'; } \
		> constraints.new && mv constraints.new constraints.txt

pyodide: $(VENV)/.book ## fetch the browser's Python, in which a test runs what of labkit needs no NumPy
	@$(RUN) tools/browser_python.py

system: ## install Chromium, bubblewrap and libatomic where that is allowed (Debian, as root)
	@sh tools/system.sh chromium=chromium bwrap=bubblewrap libatomic.so.1=libatomic1

clean: ## remove what was built
	rm -rf build dist book/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean ## remove the environments too
	rm -rf $(VENV) $(VENV)-core book/node_modules tests/pyodide/node_modules book/_assets/vendor

# --- the environment: each stamp is newer than what it was made from -----------------------------

$(VENV)/.made:
	@$(PYTHON) tools/environment.py $(VENV)
	@touch $@

$(VENV)/.book: pyproject.toml constraints.txt | $(VENV)/.made
	@echo "Installing labkit and what the book needs (the first time: a minute or two) ..."
	@$(call INSTALL,$(RUN)) --editable ".[book]"
	@touch $@

$(VENV)-core/.core: pyproject.toml constraints.txt
	@$(PYTHON) tools/environment.py $(VENV)-core
	@$(call INSTALL,$(VENV)-core/bin/python) --editable . hypothesis pytest pytest-xdist
	@touch $@

# torch first and alone, so that nothing after it asks for another one.
$(VENV)/.test: $(VENV)/.book
	@echo "Installing what the checks need, PyTorch among it (the first time: some minutes) ..."
	@$(call INSTALL,$(RUN)) torch
	@$(call INSTALL,$(RUN)) --editable ".[all]"
	@touch $@

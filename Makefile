# Two commands do everything on a machine with Python 3.11: make demo, make test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
# Files of tests that run at once; each worker starts a Label Studio of its own.
WORKERS ?= 2

.PHONY: demo test lab install lint audit long clean

install: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lsal needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[all,dev]'
	touch $(STAMP)

demo: install
	LSAL_ROOT=$(CURDIR)/.lsal $(BIN)/lsal demo --notebook notebooks/01_bootstrap.ipynb --out demo

lab: install
	LSAL_ROOT=$(CURDIR)/.lsal $(BIN)/jupyter lab --ip=127.0.0.1 --LabApp.news_url=None \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.extension_manager=readonly \
		notebooks/01_bootstrap.ipynb

test: install
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --again 3 --durations 40 --durations-min 5

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/bandit --quiet --recursive lsal --configfile pyproject.toml

# Known faults of what is installed here; asks the advisory database over the network.
audit: install
	$(BIN)/pip-audit --skip-editable

long: install
	cd tests && ../$(BIN)/python -m faults --faults 200 --seed 1
	cd tests && ../$(BIN)/python -m faults.wire_run --faults 75
	$(BIN)/python -m tests.fuzz --requests 100000 --seed 1
	$(BIN)/python benchmarks/soak.py

clean:
	rm -rf $(VENV) demo build dist

# Every target sets up what it needs in $(VENV); nothing has to be installed before but Python 3.11+ and make.
PYTHON ?= python3
VENV ?= .venv
BEAM_VENV ?= .venv-beam
DOCS_VENV ?= .venv-docs
TPU_VENV ?= .venv-tpu
LOWEST_VENV ?= .venv-lowest
SEQIO_VENV ?= .venv-seqio
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt

# Tests run in as many processes as there are cores; each takes tests from the others once its own are done.
PYTEST := -m pytest -n auto --maxprocesses 8 --dist worksteal
# Hundreds of them start processes, each of which would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo quick test torture lint types parity seqio beam tpu lowest bench docs clean

# The whole job, offline once installed: train a tiny T5, evaluate it, write and check every kind of submission.
demo: $(VENV)/.keras
	$(BIN)/t5eval demo --out demo-run

# The inner loop: every test that needs no TensorFlow.
quick: $(VENV)/.dev
	$(BIN)/python $(PYTEST) --quick

test: $(VENV)/.dev
	$(BIN)/python $(PYTEST)

# Two hundred kills: of each of eight commands, 13 while it writes anew and 13 while it replaces; and 200,000 mutated
# files.
torture: $(VENV)/.dev
	T5EVAL_TEST_KILLS=13 $(BIN)/python $(PYTEST) tests/commands/test_kills.py tests/commands/test_kills_of_models.py
	T5EVAL_TORTURE=200000 $(BIN)/python -m pytest tests/fuzz

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.dev
	$(BIN)/mypy

# Live comparisons with transformers and KerasHub.
parity: $(VENV)/.parity
	$(BIN)/python $(PYTEST) -m parity tests/parity

# Objectives against t5's own preprocessors, run live, in an environment of its own: what they made is kept in
# tests/keras_model/references, and this shows that they still make it. It takes minutes to install.
seqio: $(SEQIO_VENV)/.seqio
	$(SEQIO_VENV)/bin/python -m pytest -m parity -W ignore tests/tools/test_objective_goldens.py

# Preparation, evaluation and cleaning on Apache Beam, by its direct runner and on Dask's workers, in an environment of its
# own: Beam asks for older libraries than the newest that the rest accepts, and none of this needs TensorFlow.
beam: $(BEAM_VENV)/.beam
	$(BEAM_VENV)/bin/python -m pytest -k beam tests/t5eval/preparation/test_preparation.py tests/commands/test_beam.py \
		tests/commands/test_prepare_command.py tests/t5eval/preparation/cleaning/test_cleaning.py

# TensorFlow's build for TPUs, in an environment of its own: a training step and a generation on its CPU. It would ask
# Google Cloud's metadata server what machine this is.
tpu: $(TPU_VENV)/.tpu
	TPU_SKIP_MDS_QUERY=1 $(TPU_VENV)/bin/python -m pytest tests/keras_model/distribution/test_tpu_build.py

# The core with the lowest versions that setup.py accepts, in an environment of its own. Part of CI.
lowest: $(LOWEST_VENV)/.lowest
	$(LOWEST_VENV)/bin/python -m pytest tests/task_specs tests/leaderboards tests/t5eval/metrics tests/t5eval/scoring

# Every benchmark: make bench DATA=folder; without DATA, those that need none.
bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks $(DATA)

# The documentation as a site, in site/; a link that leads nowhere fails. Its tools have an environment of their own.
docs: $(DOCS_VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --quiet --clean

clean:
	rm -rf $(VENV) $(BEAM_VENV) $(DOCS_VENV) $(LOWEST_VENV) $(SEQIO_VENV) $(TPU_VENV) site build dist *.egg-info demo-run

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "t5eval needs Python 3.11 or newer: make PYTHON=python3.12 ..." >&2; exit 1; }
	@# Debian keeps venv in a package of its own.
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); [ "$$(id -u)" = 0 ] && apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); } \
		|| { rm -rf $(VENV); echo "no virtual environment could be made: install Debian's package python3-venv" >&2; exit 1; }

# pip takes 64 s of processor time, much of it for compiling what nothing imports; uv takes 13. It does not know pip's own
# settings, such as an index of yours: where it fails, pip goes on.
$(VENV)/.keras: setup.py constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip --disable-pip-version-check install --quiet uv \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[keras]' \
		|| $(PIP) --editable '.[keras]'
	@touch $@

$(VENV)/.dev: setup.py constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[keras,tfds,convert,dev]' datasets
	@touch $@ $(VENV)/.keras

$(VENV)/.parity: $(VENV)/.dev
	$(PIP) torch "transformers[serving]" peft "sacrebleu[ja,ko]"
	@touch $@

$(BEAM_VENV)/.beam: setup.py constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m venv $(BEAM_VENV)
	$(BEAM_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt \
		--editable '.[dask,text,serve]' pytest
	@touch $@

$(SEQIO_VENV)/.seqio: setup.py | $(VENV)/bin/python
	$(BIN)/python -m venv $(SEQIO_VENV)
	$(SEQIO_VENV)/bin/python -m pip --disable-pip-version-check install --quiet t5==0.9.4 pytest hypothesis
	@touch $@

# What constraints.txt says of TensorFlow and its parts is another version's.
$(TPU_VENV)/.tpu: setup.py constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m venv $(TPU_VENV)
	grep -v -e '^tensor' -e '^h5py' constraints.txt > $(TPU_VENV)/constraints.txt
	$(TPU_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --constraint $(TPU_VENV)/constraints.txt \
		--editable '.[tpu]' pytest
	@touch $@

# pip has no such choice; uv has.
$(LOWEST_VENV)/.lowest: setup.py | $(VENV)/bin/python
	$(BIN)/python -m venv $(LOWEST_VENV)
	$(LOWEST_VENV)/bin/python -m pip --disable-pip-version-check install --quiet uv
	$(LOWEST_VENV)/bin/uv pip install --quiet --python $(LOWEST_VENV)/bin/python --resolution lowest-direct --editable .
	$(LOWEST_VENV)/bin/uv pip install --quiet --python $(LOWEST_VENV)/bin/python 'pytest>=8' 'hypothesis>=6.100'
	@touch $@

$(DOCS_VENV)/.docs: setup.py constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt \
		--editable . mkdocs-material "mkdocstrings-python>=2"
	@touch $@

$(VENV)/.bench: $(VENV)/.parity
	$(PIP) ctranslate2
	@touch $@

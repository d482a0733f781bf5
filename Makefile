# Each target is a thin line over a command. demo and test need nothing but Python 3.11 and git: they make .venv themselves.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MODEL ?= models/fazhi-small
OUT ?= out
SHARED ?= ../shared
EXTRAS := train,annotation,web,documents,tables,frames,ray,evaluate,bench,dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
export HF_HUB_OFFLINE := 1
export TOKENIZERS_PARALLELISM := false

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-all lint format data train evaluate baselines export bench clean serve label-studio

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1@\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F@ '{ printf "%-16s%s\n", $$1, $$2 }'

demo: $(VENV)/.runtime  ## install the runtime, extract the sample reports, show the table, write the files
	$(BIN)/fazhi extract data/samples --format table
	$(BIN)/fazhi extract data/samples --out $(OUT)/demo.jsonl
	$(BIN)/fazhi extract data/samples --out $(OUT)/demo.csv
	@echo "written: $(OUT)/demo.jsonl $(OUT)/demo.csv"

test: $(VENV)/.all  ## the fast tests, offline, under 10 minutes on 2 cores
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist loadgroup

test-slow: $(VENV)/.all  ## the tests that need minutes, a server or a browser
	$(BIN)/python -m annotation.server install
	$(BIN)/python -m pytest -m slow --timeout 1800

test-all: test test-slow  ## both

lint: $(VENV)/.all  ## ruff, mypy, import contracts, the checks of the corpus
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m data.check

format: $(VENV)/.all  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

data: $(VENV)/.all  ## check the corpus and build the data set
	$(BIN)/python -m data.check
	$(BIN)/python -m data.build

train: $(VENV)/.all  ## the shipped model from its base on: some ten hours; begun anew it goes on where it was
	test -f models/runs/base/tokenizer.json || $(BIN)/python -m train.prepare
	$(BIN)/python -m train.finetune --config configs/finetune.yaml
	$(BIN)/python -m train.distill --config configs/distill.yaml
	$(BIN)/python -m train.finetune --config configs/continue.yaml
	test -f models/runs/base-like/tokenizer.json || \
	  $(BIN)/python -m train.prepare --like models/runs/student/best --out models/runs/base-like
	for n in 2 3 4; do \
	  $(BIN)/python -m train.finetune --config configs/teachers.yaml --seed $$n --out models/runs/teacher-$$n || exit; done
	$(BIN)/python -m train.distill --config configs/ensemble.yaml

evaluate: $(VENV)/.all data  ## score the shipped model on the test split and, where they are, on the real reports
	$(BIN)/python -m evaluate.run --model $(MODEL) --gold data/built/test.jsonl --train data/built/train.jsonl \
	  --dev-gold data/built/validation.jsonl --out $(OUT)/evaluate/corpus
	if [ -d $(SHARED)/gold ]; then \
	  $(BIN)/python -m evaluate.run --model $(MODEL) --gold $(SHARED)/gold/spans.jsonl --records $(SHARED)/gold/records.json \
	    --train $(SHARED)/train/spans.jsonl --dev-gold data/built/validation.jsonl --robustness --out $(OUT)/evaluate/gold; \
	else echo "no $(SHARED)/gold here: the real reports are not scored"; fi

baselines: $(VENV)/.all data  ## train every baseline on our model's documents, score all alike
	test -f models/runs/base/tokenizer.json || $(BIN)/python -m train.prepare
	$(BIN)/python -m evaluate.baselines.table data/built/train.jsonl $(wildcard $(SHARED)/train/spans.jsonl) \
	  --gold data/built/test.jsonl $(addprefix --gold ,$(wildcard $(SHARED)/gold/spans.jsonl)) \
	  --model $(MODEL) --out $(OUT)/baselines

export: $(VENV)/.all  ## the trained student as the shipped model directory
	$(BIN)/python -m models.export --out $(MODEL)

bench: $(VENV)/.all  ## speed against other ways of doing it
	$(BIN)/python -m evaluate.bench

serve: $(VENV)/.all  ## the web page and the ML backend on http://127.0.0.1:8090
	$(BIN)/fazhi serve

label-studio: $(VENV)/.all  ## a Label Studio server on loopback, in a virtual environment of its own
	$(BIN)/python -m annotation.server install
	$(BIN)/python -m annotation.server start

clean:  ## remove what was built, not .venv
	rm -rf $(OUT) build dist data/built .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fazhi needs Python 3.11 or newer; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e .
	touch $@

$(VENV)/.all: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -e ".[$(EXTRAS)]"
	touch $@ $(VENV)/.runtime

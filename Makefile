# Every target installs what it needs. PYTHON names another interpreter (3.11 or later).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
COMPILED := $(VENV)/.compiled
# Without compiled files, every start of pa and every check in a test would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test runners slow stack agents local-model check record bench honest kinds packages pictures dist lock clean help

help:
	@echo "make demo    set everything up, and run one supervised task"
	@echo "make test    the tests (offline, takes minutes)"
	@echo "make slow    slow tests: environments, repositories, runners, ownership, contexts, kill -9"
	@echo "make stack   the configuration of examples/otel-stack, by its programs that are installed"
	@echo "make agents  tests with real coding agents, at pinned versions in .agents/"
	@echo "make check   lint, types, layers, dependencies, dead code, file sizes"
	@echo "make local-model  tests with a small real model on this machine"
	@echo "make bench   measurements, as ratios"
	@echo "make honest  pairs of an honest and a lazy worker: how many are proven, how many caught"
	@echo "make kinds   six kinds of project, from pip install to the first verified run, with seconds"
	@echo "make packages  five tasks on each of some real packages, and what pa says of them"
	@echo "make pictures  draw the pictures of the documentation from their sources (graphviz)"
	@echo "make record  record runs for tests/replay again: make record NAMES=two_parts"
	@echo "make lock    update the pinned dependencies in requirements/, with hashes"
	@echo "make dist    build the wheel, and install it in a new environment with every extra"

$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 2; }
	@command -v git >/dev/null || { echo "git is needed: apt-get install git"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "venv is needed: apt-get install python3-venv"; exit 2; }
	@echo "setting up $(VENV) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

# Each worker of the tests would compile all of it, so two processes compile a half each before.
$(COMPILED): $(READY)
	@echo "compiling the tests ..."
	@$(BIN)/python -m compileall -q -j 2 src
	@$(BIN)/pytest -qq --collect-only tests/unit >/dev/null & \
	  $(BIN)/pytest -qq --collect-only --ignore tests/unit >/dev/null; wait
	@touch $@

demo: $(READY)
	@$(BIN)/python examples/demo/demo.py

# The tests write many small files. In memory, where there is room, that takes less time.
# make test MEMORY=/tmp has them on the disk.
MEMORY := $(shell test "$$(df -Pk /dev/shm 2>/dev/null | awk 'END {print $$4 + 0}')" -gt 4000000 && echo /dev/shm || echo /tmp)

test: $(COMPILED)
	@folder=$$(mktemp -d $(MEMORY)/ap.XXXXXX) && trap 'rm -rf "$$folder"' EXIT && trap 'exit 130' INT TERM && \
	  TMPDIR=$$folder \
	  $(BIN)/pytest -n 4 --dist worksteal -m "not slow and not agents and not local_model"

runners: $(READY)
	@$(BIN)/python scripts/install_runners.py

slow: runners
	$(BIN)/pytest -n 3 --dist worksteal -m slow

stack: $(READY)
	$(BIN)/pytest -n 0 tests/telemetry/test_stack.py

agents: $(READY)
	@$(BIN)/python scripts/install_agents.py
	$(BIN)/pytest -m agents tests/agents

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/vulture
	$(BIN)/loq check

local-model: $(READY)
	@$(BIN)/python scripts/local_model.py install
	$(BIN)/pytest -m local_model tests/local

record: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/replay/record.py $(NAMES)

bench: $(READY)
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/journal.py
	$(BIN)/python bench/list.py
	$(BIN)/python bench/due.py
	$(BIN)/python bench/parked.py
	$(BIN)/python bench/supervised.py
	$(BIN)/python bench/turn.py
	$(BIN)/python bench/claude_events.py
	$(BIN)/python bench/claude_run.py
	$(BIN)/python bench/server.py
	$(BIN)/python bench/telemetry.py

honest: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/honest/run.py --only $(PAIRS)

kinds: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/kinds/run.py --only $(KINDS)

packages: $(READY)
	@PYTHONPATH=tests $(BIN)/python tests/packages/run.py --only $(NAMES)

pictures:
	@$(PYTHON) scripts/draw_pictures.py

dist: $(READY)
	$(BIN)/python scripts/check_wheel.py

# The wheel of Claude Code's SDK carries a program of 378 MB; its source package carries none.
lock: $(READY)
	@$(BIN)/python -m pip install -q --disable-pip-version-check uv
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  --group dev --all-extras --no-binary claude-agent-sdk --emit-build-options pyproject.toml \
	  -o requirements/dev.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  requirements/agents/mini-swe-agent.in -o requirements/agents/mini-swe-agent.txt
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --python-version 3.11 \
	  requirements/packages.in -o requirements/packages.txt

clean:
	rm -rf $(VENV) dist build .pytest_cache .ruff_cache .import_linter_cache

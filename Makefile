# Each target makes its own environment: uv where it is installed, otherwise venv and pip.
# `make demo` and `make test` are all that a newcomer needs.

.PHONY: demo test sdks vscode vscode-host vsix test-vscode fuzzer fuzz check docs bench soak clean
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
RUN := .venv/bin/
ROUNDS ?= 500
SIZE_MIB ?= 1024
SECONDS ?= 300

# Every test and every worker starts Pythons: without their cached bytecode each start takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

SOURCES := $(shell find core transports adapters -name '*.py' -o -path '*/page/*' 2>/dev/null)

# The editable install is a tree of links, file by file: it is made again when a file comes or goes.
.venv/installed: pyproject.toml $(SOURCES)
ifdef UV
	@test -x .venv/bin/python || uv venv -q --python $(PYTHON) .venv
	@uv pip install -q --python .venv/bin/python -e . --group dev
else
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install -q --upgrade 'pip>=25.1'
	@.venv/bin/python -m pip install -q -e . --group dev --config-settings editable_mode=strict
endif
	@touch $@

demo: .venv/installed
	@$(RUN)python -P -m reprieve.adapters.cli.demo

test: .venv/installed
	@$(RUN)python -m pytest -q -m 'not soak' -n auto --dist worksteal

# The Pieces SDKs, in environments of their own (PyPI, npm): their tests are left out where these are not.
sdks: .venv/installed
	@$(RUN)python -m tests.sdks.environments

# A coverage-guided fuzzer of what reads the bytes of the bridge's clients. `make test` has 30 seconds of it.
fuzzer: .venv/installed
ifdef UV
	@uv pip install -q --python .venv/bin/python --group fuzz
else
	@.venv/bin/python -m pip install -q --group fuzz
endif

fuzz: fuzzer
	@$(RUN)python -m tests.adapters.jsonrpc.fuzz -max_total_time=$(SECONDS)

# What the VS Code extension is built with (Node from PyPI; npm): its tests are left out where that is not.
vscode: .venv/installed
	@$(RUN)python -m tests.editors.vscode_tools

# The extension, packed: dist/reprieve-vscode.vsix.
vsix: vscode
	@$(RUN)python -m tests.editors.vscode_tools --pack dist/reprieve-vscode.vsix

# A real VS Code (800 MiB from npm, in .vscode-host) that runs in a browser; and what is tried in it.
vscode-host: .venv/installed
	@$(RUN)python -m tests.editors.vscode_tools --host

test-vscode: vscode-host
	@REPRIEVE_ALL=1 $(RUN)python -m pytest -q tests/editors/test_vscode_host.py

# The long loops: ROUNDS kills of restorations and of backups each, in a run that SEED repeats.
soak: .venv/installed
	@ROUNDS=$(ROUNDS) $(RUN)python -m pytest -q -m soak -n auto --dist worksteal --timeout 0

check: .venv/installed
	@$(RUN)ruff check .
	@$(RUN)ruff format --check .
	@$(RUN)mypy
	@$(RUN)mypy tests
	@$(RUN)pyright
	@$(RUN)lint-imports
	@$(RUN)python docs/generate.py --check

docs: .venv/installed
	@$(RUN)python docs/generate.py

bench: ROUNDS = 3
bench: .venv/installed
	@$(RUN)python -m tests.bench --size $(SIZE_MIB) --rounds $(ROUNDS) $(if $(WRITE),--write $(WRITE))

clean:
	rm -rf .venv .sdks .vscode-host adapters/editors/vscode/node_modules build *.egg-info .hypothesis .pytest_cache .mypy_cache .ruff_cache

"""What every suite shares: no test is ever skipped; what a machine lacks is left out by name.

A test that needs more than Python says so: `@pytest.mark.needs("tmpfs")`. Where that part is missing it
is not collected, and the run ends by naming it and how to get it. With REPRIEVE_ALL=1 (CI) a run that left
anything out fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import pytest

from tests.editors.vscode_tools import host_is_here, tools_are_here
from tests.sdks.environments import (
    AXIOS_CLIENT,
    CURL_CLIENT,
    EVENTSOURCE_CLIENT,
    NODE_FOLDER,
    PYTHON_CLIENTS,
    TYPESCRIPT_CLIENT,
    VSCODE_JSONRPC_PEER,
)
from tests.support.proxies import NGINX

PARTS: dict[str, tuple[Callable[[], bool], str]] = {
    "tmpfs": (
        lambda: sys.platform == "linux" and os.geteuid() == 0,
        "run as root on Linux (a small file system is mounted, and filled)",
    ),
    "root": (
        lambda: sys.platform == "linux" and os.geteuid() == 0,
        "run as root on Linux (who owns what root writes)",
    ),
    "pty": (lambda: sys.platform != "win32", "run where there are pseudo-terminals"),
    "posix": (lambda: sys.platform != "win32", "run on Linux or macOS"),
    "other user": (
        lambda: sys.platform == "linux" and os.geteuid() == 0 and shutil.which("curl") is not None,
        "run as root on Linux, and install curl (another user calls)",
    ),
    "linux": (lambda: sys.platform == "linux", "run on Linux"),
    "systemd": (lambda: shutil.which("systemd-analyze") is not None, "install systemd"),
    "curl": (lambda: CURL_CLIENT.here, "install curl"),
    "nginx": (lambda: NGINX is not None, "install nginx (`apt-get install nginx-light`)"),
    "wget": (lambda: shutil.which("wget") is not None, "install wget"),
    "perl": (
        lambda: shutil.which("perl") is not None and not subprocess.call(["perl", "-MHTTP::Tiny", "-e1"]),
        "install perl (whole, with HTTP::Tiny)",
    ),
    "axios": (lambda: AXIOS_CLIENT.here, "run `make sdks` (from PyPI and npm)"),
    "node": (lambda: NODE_FOLDER.exists(), "run `make sdks` (Node comes from PyPI)"),
    "vscode": (tools_are_here, "run `make vscode` (from PyPI and npm)"),
    "vscode host": (host_is_here, "run `make vscode-host` (800 MiB from npm)"),
    "bash": (lambda: shutil.which("bash") is not None, "install bash"),
    "chromium": (
        lambda: any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        "install chromium (`apt-get install chromium`)",
    ),
    "fuzzer": (
        lambda: find_spec("atheris") is not None,
        "run `make fuzzer` (atheris comes from PyPI; there is none for Windows)",
    ),
    "faketime": (
        lambda: shutil.which("faketime") is not None,
        "install faketime (`apt-get install faketime`)",
    ),
    "neovim": (lambda: shutil.which("nvim") is not None, "install neovim (`apt-get install neovim`)"),
    "emacs": (lambda: shutil.which("emacs") is not None, "install Emacs (`apt-get install emacs-nox`)"),
    "sdks": (lambda: all(client.here for client in PYTHON_CLIENTS), "run `make sdks` (from PyPI)"),
    "vscode-jsonrpc": (lambda: VSCODE_JSONRPC_PEER.here, "run `make sdks` (from PyPI and npm)"),
    "eventsource": (lambda: EVENTSOURCE_CLIENT.here, "run `make sdks` (from PyPI and npm)"),
    "node sdk": (lambda: TYPESCRIPT_CLIENT.here, "run `make sdks` (from PyPI and npm)"),
}
"""What a test can need: whether it is here, and how to get it."""

_left_out = pytest.StashKey[Counter[str]]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    left_out = config.stash[_left_out]
    kept = []
    for item in items:
        missing = [part for mark in item.iter_markers("needs") for part in mark.args if not PARTS[part][0]()]
        left_out.update(missing)
        if not missing:
            kept.append(item)
    items[:] = kept


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_left_out] = Counter()
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_FromWorkers(config))


class _FromWorkers:
    """Under pytest-xdist the workers collect; each tells the process that reports what it left out."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._config.stash[_left_out] |= Counter(getattr(node, "workeroutput", {}).get("left out", {}))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    left_out = session.config.stash[_left_out]
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left out"] = dict(left_out)
    elif left_out and os.environ.get("REPRIEVE_ALL"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for part, count in config.stash[_left_out].items():
        terminalreporter.write_line(
            f"left out: {count} tests that need {part}; to run them, {PARTS[part][1]}"
        )

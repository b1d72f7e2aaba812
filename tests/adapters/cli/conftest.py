"""What the tests of the command line share: a home of their own, real databases, `reprieve` as a process."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

COMMAND = (sys.executable, "-P", "-m", "reprieve.adapters.cli")
DEADLINE = 60.0


@attrs.frozen
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it said with --json."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def result(self) -> dict[str, Any]:
        """Its last line, which is the result."""
        last = self.lines[-1]
        assert "result" == last["type"], last
        return last


@attrs.frozen
class Reprieve:
    """The command line, as other processes, in a folder with a home and a store of its own."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *words: str, typed: str = "", **environment: str) -> Ran:
        """Run a command to its end, with no terminal; `typed` is its standard input."""
        done = subprocess.run(
            [*COMMAND, *words],
            cwd=self.folder,
            env={**self.environment, **environment},
            input=typed,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command, and do not wait."""
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def home(self) -> Path:
        """What REPRIEVE_HOME says."""
        return Path(self.environment["REPRIEVE_HOME"])


@pytest.fixture
def reprieve(tmp_path: Path) -> Reprieve:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("REPRIEVE_")}
    own = {"REPRIEVE_HOME": str(tmp_path / "home"), "REPRIEVE_STORE": str(tmp_path / "store")}
    return Reprieve(tmp_path, {**inherited, **own, "COLUMNS": "80"})


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "snippets.db"
    write(path, "CREATE TABLE t (x)", "INSERT INTO t VALUES ('first')")
    return path


@pytest.fixture
def write_lock() -> Iterator[Callable[[Path], sqlite3.Connection]]:
    """Takes a database's write lock: a restoration waits for it, and can be met while it does."""
    held: list[sqlite3.Connection] = []

    def take(path: Path) -> sqlite3.Connection:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        held.append(connection)
        return connection

    yield take
    for connection in held:
        connection.close()


def write(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def content(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    found = [row[0] for row in connection.execute("SELECT x FROM t")]
    connection.close()
    return found


def until(process: subprocess.Popen[str], holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first JSON line of a process for which this holds."""
    assert process.stdout
    for line in process.stdout:
        said: dict[str, Any] = json.loads(line)
        if holds(said):
            return said
    raise AssertionError(f"It never came: {process.stderr and process.stderr.read()}")

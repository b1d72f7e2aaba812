"""kill -9 of the reader in the middle of reading harms nobody: the writer goes on, the database is whole."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from reprieve.transports.local.snapshot.take import Method

from . import victim, writer
from .live import Live

ROUNDS = int(os.environ.get("ROUNDS", "50"))


def kill_at(path: Path, method: Method, span: int) -> None:
    """Start a snapshot and end it with SIGKILL when it has sent `span` spans."""
    command = [sys.executable, victim.__file__, str(path), method, str(path.with_suffix(".copy"))]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    with process:
        for _ in range(span):
            assert process.stdout.readline() == "span\n"
            process.stdin.write("\n")
            process.stdin.flush()
        process.kill()


def loop(folder: Path, journal: str, method: Method, rounds: int) -> None:
    path = folder / "live.db"
    writer.create(path, journal=journal, page_size=4096, auto_vacuum=0, size=5 << 20)
    with Live(path, seed=rounds) as live:
        for number in range(rounds):
            kill_at(path, method, span=1 + number % 3)
            assert live.wait_for_commit(after=live.done)

    with closing(sqlite3.connect(path)) as connection:
        (digest,) = connection.execute("SELECT digest FROM state").fetchone()
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        assert int(digest) == writer.digest_of(connection)


CASES = [
    ("WAL", Method.PAGES),
    ("WAL", Method.BACKUP),
    ("DELETE", Method.PAGES),
    ("DELETE", Method.COPY),
]


@pytest.mark.parametrize(("journal", "method"), CASES)
def test_a_killed_reader_harms_nobody(tmp_path: Path, journal: str, method: Method) -> None:
    loop(tmp_path, journal, method, rounds=3)


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize(("journal", "method"), CASES)
def test_many_killed_readers_harm_nobody(tmp_path: Path, journal: str, method: Method) -> None:
    loop(tmp_path, journal, method, ROUNDS)

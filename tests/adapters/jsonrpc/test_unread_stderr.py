"""A client that gives the bridge a pipe for stderr and never reads it, as Node's `spawn` does by default."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.adapters.jsonrpc.conftest import Start
from tests.support.pipes import FullPipe, full_pipe

pytestmark = pytest.mark.needs("posix")

SOON = 10.0
"""Five times the two seconds in which a bridge should end."""


@pytest.fixture
def pipe() -> Iterator[FullPipe]:
    with full_pipe() as pipe:
        yield pipe


@pytest.fixture
def database(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "notes.db")) as notes:
        notes.execute("CREATE TABLE t (x)")
        notes.commit()
    return tmp_path / "notes.db"


def _damage_a_record(folder: Path) -> None:
    """From now on every list of the backups warns."""
    record = min((folder / "store" / "backups").iterdir())
    record.chmod(0o600)
    record.write_bytes(bytes(200))


def test_it_answers_on_and_its_worker_works_on(
    start: Start, tmp_path: Path, database: Path, pipe: FullPipe
) -> None:
    bridge = start(str(database), stderr=pipe.writing)
    bridge.call("backups/create")
    _damage_a_record(tmp_path)

    for _ in range(3):
        assert {"items": []} == bridge.call("backups/list")
    with closing(sqlite3.connect(database)) as notes:
        notes.execute("INSERT INTO t VALUES (1)")
        notes.commit()
    made = bridge.call("backups/create")

    assert [made["id"]] == [backup["id"] for backup in bridge.call("backups/list")["items"]]
    assert 0 == bridge.leave()


def test_l09_sigterm_ends_it(start: Start, tmp_path: Path, database: Path, pipe: FullPipe) -> None:
    bridge = start(str(database), stderr=pipe.writing)
    bridge.call("backups/create")
    _damage_a_record(tmp_path)
    bridge.call("backups/list")

    bridge.process.send_signal(signal.SIGTERM)

    assert 0 == bridge.ended(SOON)


def test_what_was_said_arrives_once_it_is_read(
    start: Start, tmp_path: Path, database: Path, pipe: FullPipe
) -> None:
    bridge = start(str(database), stderr=pipe.writing)
    bridge.call("backups/create")
    _damage_a_record(tmp_path)

    bridge.call("backups/list")

    assert "WARNING" in pipe.read_until(b"is left out").decode()


def test_l07_a_reader_of_stderr_that_leaves_ends_nothing(start: Start, database: Path) -> None:
    reading, writing = os.pipe()
    bridge = start(str(database), stderr=writing)
    os.close(writing)
    os.close(reading)

    bridge.call("backups/create")

    assert 0 == bridge.leave()

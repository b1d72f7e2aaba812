"""A worker that was started before there was a task: it does the job, or ends with its transport."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

import reprieve
from reprieve.transports.local.home import Home
from reprieve.transports.local.place import Place
from reprieve.transports.local.transport import LocalTransport
from reprieve.transports.local.worker.process import Worker


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Worker]:
    """Every worker that is started from now on."""
    workers: list[Worker] = []
    start = Worker.start

    async def recorded() -> Worker:
        workers.append(await start())
        return workers[-1]

    monkeypatch.setattr(Worker, "start", recorded)
    return workers


async def test_it_does_the_job(tmp_path: Path, started: list[Worker]) -> None:
    database, home = tmp_path / "snippets.db", Home(tmp_path / "home", tmp_path / "home")
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE snippet (body TEXT)")
    connection.close()

    async with reprieve.connect(database, store=tmp_path / "store", home=home, expects_job=True) as library:
        before = len(started)
        backup = await (await library.create_backup())

    assert (1, 1) == (before, len(started))
    assert database.stat().st_size == backup.bytes


async def test_without_a_task_it_ends_with_its_transport(tmp_path: Path, started: list[Worker]) -> None:
    home = Home(tmp_path / "home", tmp_path / "home")
    transport = LocalTransport(str(tmp_path / "any.db"), Place(str(tmp_path), home), expects_job=True)

    await transport.open()
    await transport.close()

    (worker,) = started
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)

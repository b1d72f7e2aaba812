"""The journal in SQLite, whose commit fails before or after it was made: the core records nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import attrs
import pytest

from reprieve.core import runner, takeover
from reprieve.core.errors import StorageError
from reprieve.core.job import Job, JobKind
from reprieve.core.journal import replay
from reprieve.core.messages import Completed, Noted
from reprieve.core.orchestrator import Orchestrator
from reprieve.core.ports import Events
from reprieve.core.request import Request
from reprieve.transports.clock import RealClock
from reprieve.transports.local import failpoints
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal
from tests.core.doubles import ScriptedTransport, a_backup

DEADLINE = 60


async def notes(transport: ScriptedTransport, job: Job) -> Events:
    yield Noted("begun")
    yield Completed(a_backup())


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (runner, takeover):
        monkeypatch.setattr(module, "SETTLE_AFTER", 0.01)


@pytest.fixture
def fail_at() -> Iterator[Callable[[str, int], None]]:
    """Lets the disk fail where the journal's thread passes a point for the nth time from then on."""

    def arm(point: str, nth: int) -> None:
        passed = 0

        def reached(name: str) -> None:
            nonlocal passed
            passed += name == point
            if name == point and passed == nth:
                raise OSError(5, "Input/output error")

        failpoints.install(reached)

    yield arm
    failpoints.install(None)


# The commits of a job: 1 create, 2 activate, 3 start, 4 note, 5 completed.
@pytest.mark.parametrize("point", ["journal.commit.before", "journal.commit.after"])
@pytest.mark.parametrize("nth", range(1, 6))
async def test_a_commit_that_fails(
    tmp_path: Path, fail_at: Callable[[str, int], None], nth: int, point: str
) -> None:
    journal, transport = SqliteJournal(Home(tmp_path, tmp_path)), ScriptedTransport(notes)

    async def transport_of(job: Job) -> ScriptedTransport:
        return transport

    orchestrator = Orchestrator(journal, RealClock(), transport_of)
    await orchestrator.open()
    try:
        fail_at(point, nth)
        async with asyncio.timeout(DEADLINE):
            with pytest.raises(StorageError, match="Input/output error"):
                job = await orchestrator.submit(Request(JobKind.CREATION), transport)
                await orchestrator.wait(job.id)
            behind = await orchestrator.submit(Request(JobKind.CREATION), transport)
            await orchestrator.wait(behind.id)
            while not all(job.final for job in await orchestrator.jobs()):
                await asyncio.sleep(0.005)
            lines = await journal.entries()
    finally:
        await orchestrator.close()

    by_job = [[line for line in lines if line.job.id == job_id] for job_id in {line.job.id for line in lines}]
    was_recorded = nth > 1 or point == "journal.commit.after"
    assert (2 if was_recorded else 1) == len(by_job)
    for own in by_job:
        assert list(range(len(own))) == [line.job.version for line in own]
        assert own[-1].job == attrs.evolve(replay(own), progress=own[-1].job.progress)
